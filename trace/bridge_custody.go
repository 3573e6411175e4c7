package trace

import (
	"cmp"
	"errors"
	"slices"

	"spoor/cluster/passage"
	"spoor/graph"
)

// piece is the part of a flow that a departure takes.
type piece struct {
	flow   int
	amount graph.Amount
	lots   []Lot
}

// taken finds the flows by which each departure was paid, and shares out what
// they carry, as of simultaneous payments; rest is what no departure states.
func (ev *event) taken(flows []flow, departures []passage.Side) (pieces [][]piece, rest [][]Lot) {
	free := make([]graph.Amount, len(flows))
	for i := range flows {
		free[i] = flows[i].amount
	}
	pieces, rest = make([][]piece, len(departures)), make([][]Lot, len(flows))
	asked := make([][]graph.Amount, len(flows))
	for i := range departures {
		left := departures[i].Amount
		if untold(&departures[i]) {
			left.SetAllOne() // whatever went in
		}
		for _, at := range ev.custody(flows, free, &departures[i]) {
			part := free[at]
			if left.Lt(&part) {
				part = left
			}
			if part.IsZero() {
				continue
			}
			left.Sub(&left, &part)
			free[at].Sub(&free[at], &part)
			asked[at] = append(asked[at], part)
			pieces[i] = append(pieces[i], piece{flow: at, amount: part})
		}
	}
	for at := range flows {
		if len(asked[at]) == 0 {
			continue
		}
		lots := flows[at].lots
		if lots == nil {
			lots = []Lot{{Amount: flows[at].amount}}
		}
		var parts [][]Lot
		parts, rest[at] = ev.run.plan.method.deal(lots, asked[at])
		for i := range pieces {
			for j := range pieces[i] {
				if p := &pieces[i][j]; p.flow == at {
					p.lots, parts = parts[0], parts[1:]
				}
			}
		}
	}
	return pieces, rest
}

// untold reports whether a side tells neither asset nor amount.
func untold(s *passage.Side) bool { return s.Asset == (graph.Asset{}) && s.Amount.IsZero() }

// custody lists the flows that go into a bridge, likeliest first: to the
// contract that states the departure or destroyed; of exactly what it states,
// rather from who is said to send; from that one, more than stated.
func (ev *event) custody(flows []flow, free []graph.Amount, d *passage.Side) []int {
	asset := graph.AssetID(0)
	if d.Asset != (graph.Asset{}) {
		id, err := ev.l.view.AssetID(d.Asset)
		if err != nil {
			ev.missed(err)
			return nil // it moves nothing of it
		}
		asset = id
	}
	emitter, sender := ev.idOf(d.Emitter), ev.idOf(d.Subject)
	rank := func(i int) int {
		f := &flows[i]
		into := emitter != 0 && f.to == emitter || f.burnt()
		exact := f.amount == d.Amount
		switch {
		case free[i].IsZero(), asset != 0 && f.asset != asset, asset == 0 && (!into || f.from != sender):
			return 0
		case into && exact:
			return 1
		case into:
			return 2
		case exact && f.from == sender:
			return 3
		case exact:
			return 4
		case f.from == sender && sender != 0 && f.amount.Gt(&d.Amount):
			return 5
		}
		return 0
	}
	var list []int
	best := 6
	for i := range flows {
		if r := rank(i); r > 0 {
			list = append(list, i)
			best = min(best, r)
		}
	}
	list = slices.DeleteFunc(list, func(i int) bool { return best <= 2 && rank(i) > 2 })
	slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(rank(a), rank(b)) })
	if asset == 0 {
		return oneAsset(flows, list, best == 1)
	}
	if best >= 3 && len(list) > 1 {
		list = list[:1]
	}
	return list
}

// oneAsset keeps of flows, where it is not told which asset is meant, those of
// the first if that is certain, and else those of all if they are of one.
func oneAsset(flows []flow, list []int, certain bool) []int {
	for _, at := range list {
		if flows[at].asset != flows[list[0]].asset && !certain {
			return nil
		}
	}
	return slices.DeleteFunc(list, func(at int) bool { return flows[at].asset != flows[list[0]].asset })
}

// idOf is the number of an address, 0 if the ledger has none.
func (ev *event) idOf(a graph.Address) graph.ID {
	if a.IsZero() {
		return 0
	}
	id, err := ev.l.view.ID(a)
	ev.missed(err)
	return id
}

// missed keeps an error of a lookup, unless it says that there is nothing.
func (ev *event) missed(err error) {
	if err != nil && !errors.Is(err, graph.ErrNotFound) && ev.l.err == nil {
		ev.l.err = err
	}
}
