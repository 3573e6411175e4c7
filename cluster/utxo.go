package cluster

import (
	"errors"
	"fmt"

	"spoor/graph"
)

// Payment is a transaction of a UTXO ledger as rules see it. Rules read it and
// change nothing.
type Payment struct {
	At      graph.Position // Seq is 0
	Time    int64          // of its block, unix seconds
	Inputs  []Coin         // in their order; none: a coinbase
	Outputs []Coin         // in their order, also those of value zero
	Form    graph.Form     // how it was written
	Whole   bool           // all that it moved is known

	lookup Lookup
	by     *Payment // of one that Settled yields: who spent its last output
	last   *habit   // of that one
	habits []habit  // its own, and by output those of who spends them; none until they are asked for
}

// Coin is an output of this transaction, or one that it spends.
type Coin struct {
	ID     graph.ID
	Value  uint64 // satoshi
	Script Script // ScriptUnknown until Resolve
	Fresh  bool   // of an output: its address was never seen before this transaction
	Spends graph.Position
	Spent  graph.Position // of an output of a payment that Settled yields: the transaction that spends it
}

// Lookup is what rules may ask of the ledger beside the transaction itself: only
// what lies before it, so that a rule says the same when the ledger has grown.
// A rule whose question is nil has nothing to say.
type Lookup struct {
	// Address is the address with a number, which tells the form of a script.
	Address func(graph.ID) (graph.Address, error)
	// Seen reports whether an address occurs in an earlier transaction.
	Seen func(graph.ID) bool
	// Tx is an earlier transaction. What it returns is not kept.
	Tx func(graph.Position) (graph.TxMoves, error)
	// Spender is the earlier transaction that spends an output paid to an
	// address; zero if none does, or it takes too long to find.
	Spender func(output graph.Position, to graph.ID) (graph.Position, error)
}

// ErrPayment is returned for a transaction that moves what cannot be bitcoin:
// another asset, or more than there will ever be.
var ErrPayment = errors.New("no payment in bitcoin")

// maxMoney is all bitcoin there will ever be, in satoshi. Sums of a
// transaction's values cannot overflow below it.
const maxMoney = 21_000_000 * 100_000_000

// Script is the form of an output script.
type Script uint8

// The forms that wallets use.
const (
	ScriptUnknown Script = iota // not asked yet
	ScriptOther                 // data, bare keys, bare multisig, what is not standard
	P2PKH
	P2SH
	P2WPKH
	P2WSH
	P2TR
	scriptEnd
)

// String is the form as Bitcoin Core writes it.
func (s Script) String() string {
	if s >= scriptEnd {
		return fmt.Sprintf("script-%d", uint8(s))
	}
	return [scriptEnd]string{"unknown", "other", "pubkeyhash", "scripthash", "witness_v0_keyhash", "witness_v0_scripthash", "witness_v1_taproot"}[s]
}

// ScriptOf is the form of the script that an address stands for: the first of
// its canonical bytes is the form, of a witness the second is its version.
func ScriptOf(a graph.Address) Script {
	raw := a.Bytes()
	if len(raw) == 0 {
		return ScriptUnknown
	}
	switch {
	case raw[0] == 1:
		return P2PKH
	case raw[0] == 2:
		return P2SH
	case raw[0] != 3:
		return ScriptOther
	case raw[1] == 0 && len(raw) == 22:
		return P2WPKH
	case raw[1] == 0:
		return P2WSH
	case raw[1] == 1 && len(raw) == 34:
		return P2TR
	}
	return ScriptOther
}

// Read fills p with a transaction of a UTXO ledger; what p held before is gone,
// its memory is used again. The payment does not keep tx. It asks the ledger
// for nothing but Seen; the forms of scripts are looked up by Resolve.
func (p *Payment) Read(tx *graph.TxMoves, l Lookup) error {
	*p = Payment{At: tx.At.StartOf(), Time: tx.Time, Inputs: p.Inputs[:0], Outputs: p.Outputs[:0], Form: tx.Form, Whole: tx.Know.Transfers == graph.Full, lookup: l, habits: p.habits[:0]}
	for i := range tx.Moves {
		m := &tx.Moves[i]
		if m.Kind != graph.KindInput && m.Kind != graph.KindOutput {
			continue
		}
		if m.Asset != graph.NativeID || m.Amount.GtUint64(maxMoney) {
			return fmt.Errorf("%w: %s %s: %s of asset %d", ErrPayment, tx.At.StartOf(), m.Seq, m.Amount.Dec(), m.Asset)
		}
		if m.Kind == graph.KindInput {
			p.Inputs = append(p.Inputs, Coin{ID: m.From, Value: m.Amount.Uint64(), Spends: m.Spends})
			continue
		}
		p.Outputs = append(p.Outputs, Coin{ID: m.To, Value: m.Amount.Uint64(), Fresh: l.Seen != nil && !l.Seen(m.To)})
	}
	return nil
}

// Resolve looks up the forms of the scripts. It does so once.
func (p *Payment) Resolve() error {
	if p.lookup.Address == nil {
		return nil
	}
	for _, side := range [...][]Coin{p.Inputs, p.Outputs} {
		for i := range side {
			if side[i].Script != ScriptUnknown {
				continue
			}
			if side[i].ID == 0 {
				side[i].Script = ScriptOther
				continue
			}
			a, err := p.lookup.Address(side[i].ID)
			if err != nil {
				return fmt.Errorf("%s: address %d: %w", p.At, side[i].ID, err)
			}
			side[i].Script = ScriptOf(a)
		}
	}
	return nil
}

// Payees counts the outputs that carry value: data outputs carry none.
func (p *Payment) Payees() (n int) {
	for i := range p.Outputs {
		if p.Outputs[i].Value > 0 {
			n++
		}
	}
	return n
}

// Payers counts the different addresses that the inputs spend from.
func (p *Payment) Payers() int { return distinct(p.Inputs) }

// payers are the different addresses of the inputs, in their order.
func (p *Payment) payers() []graph.ID {
	ids := make([]graph.ID, 0, len(p.Inputs))
	each(p.Inputs, func(id graph.ID) { ids = append(ids, id) })
	return ids
}

// distinct counts the different addresses of coins.
func distinct(coins []Coin) (n int) {
	each(coins, func(graph.ID) { n++ })
	return n
}

// each calls a function with every address of coins once, in their order.
func each(coins []Coin, do func(graph.ID)) {
	if len(coins) <= 16 { // nearly all transactions; no memory needed
		for i := range coins {
			if !pays(coins[:i], coins[i].ID) {
				do(coins[i].ID)
			}
		}
		return
	}
	seen := make(map[graph.ID]struct{}, len(coins))
	for i := range coins {
		id := coins[i].ID
		if _, ok := seen[id]; !ok {
			seen[id] = struct{}{}
			do(id)
		}
	}
}

// pays reports whether an address is among the coins.
func pays(coins []Coin, id graph.ID) bool {
	for i := range coins {
		if coins[i].ID == id {
			return true
		}
	}
	return false
}

// all reports whether every coin has one of the forms.
func all(coins []Coin, forms ...Script) bool {
next:
	for i := range coins {
		for _, f := range forms {
			if coins[i].Script == f {
				continue next
			}
		}
		return false
	}
	return true
}

// total adds values up.
func total(coins []Coin) (sum uint64) {
	for i := range coins {
		sum += coins[i].Value
	}
	return sum
}

// largest is the highest value of the coins.
func largest(coins []Coin) (most uint64) {
	for i := range coins {
		most = max(most, coins[i].Value)
	}
	return most
}

// smallest is the lowest value of the coins, 0 if there are none.
func smallest(coins []Coin) uint64 {
	if len(coins) == 0 {
		return 0
	}
	least := coins[0].Value
	for i := range coins {
		least = min(least, coins[i].Value)
	}
	return least
}
