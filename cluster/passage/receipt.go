package passage

import (
	"cmp"
	"math"
	"slices"

	"spoor/graph"
)

// receiver is somebody who receives over a bridge.
type receiver struct{ protocol, address string }

// receipt is what somebody received of an asset, by amount, so that a contract
// with a hundred thousand passages is not compared with each.
type receipt struct {
	asset   graph.Asset
	at      []int     // places in the arrivals, by amount
	amounts []float64 // of them
}

// receipts sorts arrivals by who received what.
func receipts(arrivals []Side) map[receiver][]receipt {
	received := make(map[receiver][]receipt)
	for i := range arrivals {
		a := &arrivals[i]
		if a.Subject.IsZero() {
			continue
		}
		who := receiver{a.Protocol, string(a.Subject.Bytes())}
		list := received[who]
		k := slices.IndexFunc(list, func(r receipt) bool { return r.asset == a.Asset })
		if k < 0 {
			k, list = len(list), append(list, receipt{asset: a.Asset})
		}
		list[k].at = append(list[k].at, i)
		received[who] = list
	}
	for _, list := range received {
		for i := range list {
			r := &list[i]
			slices.SortStableFunc(r.at, func(x, y int) int { return cmp.Compare(float(&arrivals[x].Amount), float(&arrivals[y].Amount)) })
			for _, at := range r.at {
				r.amounts = append(r.amounts, float(&arrivals[at].Amount))
			}
		}
	}
	return received
}

// near lists the arrivals whose amount alone does not rule them out for what
// was sent.
func (r *receipt) near(sent float64, usual fee) (at []int) {
	const slack = 1.01 // of rounding; the score decides
	gap := slack * feeScale * math.Log(1/Candidate) / 1e4
	from, to := r.between(sent*usual.ratio*(1-gap), sent*usual.ratio*(1+gap))
	at = append(at, r.at[from:to]...)
	first, last := r.between(sent*(1-gap)-usual.flat, sent*(1+gap)-usual.flat)
	for i := first; i < last; i++ {
		if i < from || i >= to {
			at = append(at, r.at[i])
		}
	}
	return at
}

func (r *receipt) between(low, high float64) (from, to int) {
	from, _ = slices.BinarySearch(r.amounts, low)
	to = from
	for to < len(r.amounts) && r.amounts[to] <= high {
		to++
	}
	return from, to
}
