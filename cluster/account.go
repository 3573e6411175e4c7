package cluster

import (
	"context"

	"spoor/graph"
)

// Nature is what a ledger proves about an address of an EVM chain: whether a
// key or code owns it. It decides what a rule may say: a key is one owner's on
// every chain, and what code does is the will of whoever calls it.
type Nature uint8

// What can be proven. Unknown is an answer: each rule says what it makes of it.
const (
	NatureUnknown  Nature = iota
	NatureAccount         // a key: it has paid for a transaction
	NatureContract        // code: the chain created it
)

// String is "unknown", "account" or "contract".
func (n Nature) String() string { return [...]string{"unknown", "account", "contract"}[n] }

// natureScan bounds how many movements are looked at for a fee. A key pays one
// with the first thing it does; only histories that never do are long.
const natureScan = 512

// payersCode are chains on which code may pay for transactions itself, so that
// paying proves no key: zkSync Era.
var payersCode = map[graph.ChainID]bool{"eip155:324": true}

// NatureOf is what the ledger proves about an address before a position:
//
//   - It has paid the fee of a transaction: an account. EIP-7702 gives an account
//     code to run, but its key stays; running code therefore proves nothing.
//   - The chain has created it (graph.Created without an emitter, or coin given
//     in a creation): a contract. What a factory logs proves nothing.
//   - Neither, or both, which cannot be: unknown.
//
// What is true of an address is true for ever, but the answer depends only on
// what lies before the position, so that it is the same when the ledger grows.
func NatureOf(ctx context.Context, view graph.View, id graph.ID, before graph.Position) (Nature, error) {
	a, err := view.Address(id)
	if err != nil {
		return NatureUnknown, err
	}
	code := false
	for s, err := range view.Events(ctx, a, graph.Position{}) {
		if err != nil {
			return NatureUnknown, err
		}
		if s.At.Compare(before) >= 0 {
			break
		}
		if code = s.Kind == graph.Created && s.Emitter.IsZero() && s.Subject == a; code {
			break
		}
	}
	key, read := false, 0
	for e, err := range view.History(ctx, id, graph.Position{}) {
		if err != nil {
			return NatureUnknown, err
		}
		if read++; read > natureScan || e.At.Compare(before) >= 0 {
			break
		}
		key = key || e.Out && e.Kind.IsFee() && !payersCode[a.Chain]
		code = code || !e.Out && e.Kind == graph.KindCreate
		if key {
			break
		}
	}
	switch {
	case key && !code:
		return NatureAccount, nil
	case code && !key:
		return NatureContract, nil
	}
	return NatureUnknown, nil
}

// Contracts are those addresses of evidence that the ledger, as it is now,
// proves to be contracts: for judging evidence, which was found when less was
// known.
func Contracts(ctx context.Context, view graph.View, evidence []Evidence) (map[graph.ID]bool, error) {
	contracts, asked := map[graph.ID]bool{}, map[graph.ID]bool{0: true}
	for i := range evidence {
		for _, id := range [...]graph.ID{evidence[i].A, evidence[i].B, evidence[i].C} {
			if asked[id] {
				continue
			}
			asked[id] = true
			a, err := view.Address(id)
			if err != nil {
				return nil, err
			}
			nature, err := natureAt(ctx, view, a)
			if err != nil {
				return nil, err
			}
			if nature == NatureContract {
				contracts[id] = true
			}
		}
	}
	return contracts, nil
}

// IsToken reports whether an address is the contract of a token of the ledger,
// which is proof of code. It is a fact of the ledger as it is now: for use on
// results, not as evidence.
func IsToken(view graph.View, a graph.Address) (bool, error) {
	_, err := view.AssetID(graph.Asset{Chain: a.Chain, Standard: graph.ERC20, Contract: a})
	if isAbsent(err) {
		return false, nil
	}
	return err == nil, err
}
