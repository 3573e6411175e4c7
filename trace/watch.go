package trace

import (
	"cmp"
	"maps"
	"math/big"
	"slices"
	"sync/atomic"

	"spoor/graph"
)

// Watch lets others see how far a trace is, without waiting for it or making it
// wait: the trace looks at a flag at each transaction, and takes a glimpse at
// itself when it was asked for one. The zero value is ready, for one trace.
type Watch struct {
	asked atomic.Bool
	last  atomic.Pointer[Glimpse]
	due   int // transactions before which no more is taken; the trace's own
}

// Glimpse is what a trace has found up to some transaction.
type Glimpse struct {
	Transactions int        // evaluated
	Reached      int        // addresses that taint came to
	Hop          int        // the farthest of them
	Ended        []EndSoFar // by reason and asset; what still lies somewhere has not ended yet
}

// EndSoFar is the taint that ended for one reason.
type EndSoFar struct {
	Reason Reason
	Asset  graph.AssetInfo
	Amount *big.Int
}

// Glimpse is the last that was taken, nil before the first, and asks for
// another. It may be called from anywhere, as often as one likes: each costs the
// trace a look at everything it has found, so it takes few.
func (w *Watch) Glimpse() *Glimpse {
	w.asked.Store(true)
	return w.last.Load()
}

// show takes a glimpse of a run if it was asked for. Looking at much, it does so
// seldom.
func (w *Watch) show(r *run) {
	if w == nil || !w.asked.Load() || r.done < w.due {
		return
	}
	w.asked.Store(false)
	g := &Glimpse{Transactions: r.done}
	addresses := make(map[graph.Address]bool, len(r.book.holders))
	for _, h := range r.book.holders {
		addresses[h.Address] = true
		g.Hop = max(g.Hop, h.Hop)
	}
	g.Reached = len(addresses)
	type end struct {
		reason Reason
		assetKey
	}
	ends := make(map[end]*EndSoFar)
	for key, s := range r.book.stops {
		e := end{s.Reason, key.assetKey}
		if ends[e] == nil {
			ends[e] = &EndSoFar{s.Reason, s.Asset, new(big.Int)}
		}
		ends[e].Amount.Add(ends[e].Amount, s.Tainted.ToBig())
	}
	for e := range maps.Values(ends) {
		g.Ended = append(g.Ended, *e)
	}
	slices.SortFunc(g.Ended, func(a, b EndSoFar) int {
		return cmp.Or(cmp.Compare(reasonOrder(a.Reason), reasonOrder(b.Reason)), compareAssets(a.Asset.Asset, b.Asset.Asset))
	})
	w.due = r.done + (len(r.book.holders)+len(r.book.stops))/64
	w.last.Store(g)
}
