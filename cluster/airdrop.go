package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"spoor/graph"
)

// AirdropParams are the thresholds of airdrop multi-participation, as the code
// that accompanies Victor (FC 2020) has them.
type AirdropParams struct {
	Recipients int    // different addresses that a distribution of a token reaches, at least; default 1000
	Pooled     int    // of them that send it on to one address, at least; default 2
	Gap        uint32 // blocks between one of these and the next, in the median at most; default 2
	Busy       int    // movements of a recipient looked at; default 128
}

// DefaultAirdropParams are those of the paper.
func DefaultAirdropParams() AirdropParams {
	return AirdropParams{Recipients: 1000, Pooled: 2, Gap: 2, Busy: 128}
}

// String is how a report names the parameters.
func (p AirdropParams) String() string {
	return fmt.Sprintf("recipients=%d pooled=%d gap=%d busy=%d", p.Recipients, p.Pooled, p.Gap, p.Busy)
}

// airdropConfidence is that of a rule which holds for who farms airdrops and
// errs where recipients sell to one buyer who is not known to be an exchange.
const airdropConfidence = 40

// AirdropFinder finds recipients of an airdrop who pass on exactly what they
// got: whoever takes part several times pools the gains.
//
//	distributor --token--> recipient --all of it--> pool
//
// Evidence is of the recipient (A), the pool (B) and the distributor (C). It
// proves nothing alone: see AirdropsOf. Contracts do not farm: a recipient or a
// pool that is one is passed over; an unknown one is taken for an account, for
// recipients often do nothing else and another may pay their fees.
type AirdropFinder struct {
	view   graph.View
	params AirdropParams
	drops  map[drop]*dropped
	Busy   uint64 // transfers passed over because their sender is busy
}

// drop is the distribution of a token by an address.
type drop struct {
	by    graph.ID
	asset graph.AssetID
}

// dropped is how far a distribution was read.
type dropped struct {
	to    map[graph.ID]struct{}
	next  graph.Position
	since graph.Position // from when on it has reached enough
	large bool
}

// NewAirdropFinder makes the finder for a view of an EVM ledger.
func NewAirdropFinder(view graph.View, params AirdropParams) (*AirdropFinder, error) {
	if params.Recipients <= 0 || params.Pooled < 2 || params.Busy <= 0 {
		return nil, errors.New("airdrop: want at least 1 recipient, 2 pooled and 1 movement (" + params.String() + ")")
	}
	return &AirdropFinder{view: view, params: params, drops: map[drop]*dropped{}}, nil
}

// Find appends the evidence that a transaction shows. It asks only for what
// lies before the transaction.
func (f *AirdropFinder) Find(ctx context.Context, tx *graph.TxMoves, evidence []Evidence) ([]Evidence, error) {
	at := tx.At.StartOf()
	moves := slices.Clone(tx.Moves)
	first := len(evidence)
	for i := range moves {
		m := &moves[i]
		if m.Asset == graph.NativeID || !forwards(m) {
			continue
		}
		from, err := f.given(ctx, at, m)
		if err != nil {
			return evidence, err
		}
		if from == 0 || from == m.To {
			continue
		}
		large, err := f.large(ctx, drop{from, m.Asset}, at)
		if err != nil {
			return evidence, err
		}
		if !large {
			continue
		}
		people, err := f.accounts(ctx, at, m.From, m.To)
		if err != nil {
			return evidence, err
		}
		e := Evidence{At: at, Rule: Airdrop, Confidence: airdropConfidence, A: m.From, B: m.To, C: from}
		if people && indexPair(evidence[first:], e) < 0 {
			evidence = append(evidence, e)
		}
	}
	return evidence, nil
}

func (f *AirdropFinder) accounts(ctx context.Context, at graph.Position, ids ...graph.ID) (bool, error) {
	for _, id := range ids {
		if nature, err := NatureOf(ctx, f.view, id, at); err != nil || nature == NatureContract {
			return false, err
		}
	}
	return true, nil
}

// given is who gave the sender of m all that it now sends on, and nobody else
// any of it; 0 if there is no such address.
func (f *AirdropFinder) given(ctx context.Context, at graph.Position, m *graph.Move) (graph.ID, error) {
	var from graph.ID
	var sum graph.Amount
	read := 0
	for e, err := range f.view.History(ctx, m.From, graph.Position{}) {
		if err != nil {
			return 0, err
		}
		if e.At.Compare(at) >= 0 {
			break
		}
		if read++; read > f.params.Busy {
			f.Busy++
			return 0, nil
		}
		if e.Asset != m.Asset || e.Amount.IsZero() {
			continue
		}
		if e.Out || e.Peer == 0 || from != 0 && from != e.Peer {
			return 0, nil
		}
		from = e.Peer
		if _, over := sum.AddOverflow(&sum, &e.Amount); over {
			return 0, nil
		}
	}
	if sum != m.Amount {
		return 0, nil
	}
	return from, nil
}

// large reports whether a distribution had reached enough addresses before a
// position.
func (f *AirdropFinder) large(ctx context.Context, d drop, before graph.Position) (bool, error) {
	s := f.drops[d]
	if s == nil {
		if n, err := f.view.Entries(d.by, f.params.Recipients); err != nil || n < f.params.Recipients {
			return false, err
		}
		s = &dropped{to: map[graph.ID]struct{}{}}
		f.drops[d] = s
	}
	if !s.large && s.next.Compare(before) < 0 {
		for e, err := range f.view.History(ctx, d.by, s.next) {
			if err != nil {
				return false, err
			}
			if e.At.Compare(before) >= 0 {
				break
			}
			s.next = e.At.Next()
			if e.Out && e.Asset == d.asset && e.Peer != 0 && !e.Amount.IsZero() {
				s.to[e.Peer] = struct{}{}
			}
			if len(s.to) >= f.params.Recipients {
				s.large, s.since, s.to = true, s.next, nil
				break
			}
		}
		if !s.large {
			s.next = before
		}
	}
	return s.large && s.since.Compare(before) <= 0, nil
}

// AirdropPool is an owner who took part in an airdrop several times.
type AirdropPool struct {
	Pool, Distributor graph.ID
	Recipients        []graph.ID // ascending; they and the pool share an owner
	Gap               uint32     // median of the blocks between one transfer to the pool and the next
	Confidence        uint8
}

// AirdropsOf judges the evidence collected so far; it is a pure function.
// Evidence of other rules is passed over. shared reports addresses that many
// use: exchanges and their deposit addresses, services, contracts. They are
// neither recipient nor pool nor distributor. It also returns the evidence that
// the pools rest on.
func AirdropsOf(evidence []Evidence, params AirdropParams, shared func(graph.ID) bool) ([]AirdropPool, []Evidence) {
	type key struct{ pool, distributor graph.ID }
	groups := map[key][]Evidence{}
	var order []key
	for _, e := range evidence {
		if e.Rule != Airdrop || shared != nil && (shared(e.A) || shared(e.B) || shared(e.C)) {
			continue
		}
		k := key{e.B, e.C}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], e)
	}
	var pools []AirdropPool
	var kept []Evidence
	for _, k := range order {
		p := AirdropPool{Pool: k.pool, Distributor: k.distributor, Gap: medianGap(groups[k])}
		for _, e := range groups[k] {
			p.Confidence = max(p.Confidence, e.Confidence)
			if i, known := slices.BinarySearch(p.Recipients, e.A); !known {
				p.Recipients = slices.Insert(p.Recipients, i, e.A)
			}
		}
		if len(p.Recipients) >= params.Pooled && p.Gap <= params.Gap {
			pools = append(pools, p)
			kept = append(kept, groups[k]...)
		}
	}
	slices.SortStableFunc(kept, func(a, b Evidence) int { return a.At.Compare(b.At) })
	return pools, kept
}

// medianGap is the median of the blocks between one piece of evidence and the
// next; of two in the middle the greater.
func medianGap(list []Evidence) uint32 {
	var gaps []uint32
	for i := 1; i < len(list); i++ {
		gaps = append(gaps, list[i].At.Block-list[i-1].At.Block)
	}
	if len(gaps) == 0 {
		return ^uint32(0)
	}
	slices.Sort(gaps)
	return gaps[len(gaps)/2]
}
