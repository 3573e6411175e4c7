package trace

import (
	"slices"

	"spoor/cluster/passage"
	"spoor/graph"
)

// onward is the departure to which an arrival hands over, nil if there is none.
func (ev *event) onward(a *passage.Side) *passage.Side {
	for i := range ev.tx.Events {
		d := &ev.tx.Events[i]
		if _, proven := d.Proven(); proven && d.Kind == graph.Departure && d.Seq == a.At.Seq {
			s := ev.side(*d)
			return &s
		}
	}
	return nil
}

// land lays what crossed bridges on the flows that deliver it.
func (ev *event) land(flows []flow) error {
	for _, c := range ev.crossings {
		if err := ev.landOne(flows, c); err != nil {
			return err
		}
	}
	return nil
}

func (ev *event) landOne(flows []flow, c *crossing) error {
	p := &ev.run.book.passages[c.passage]
	if d := ev.onward(&c.arrival); d != nil {
		return ev.handOver(c, d)
	}
	list := ev.delivery(flows, &c.arrival)
	left := c.arrival.Amount
	if untold(&c.arrival) {
		left.SetAllOne() // whatever came
	}
	parts := make([]graph.Amount, len(list))
	var delivered, gained graph.Amount
	for i, at := range list {
		parts[i] = flows[at].amount
		if left.Lt(&parts[i]) {
			parts[i] = left
		}
		left.Sub(&left, &parts[i])
		delivered.Add(&delivered, &parts[i])
	}
	if delivered.IsZero() {
		p.Why = "its arrival moves nothing that was read to its recipient"
		reason := StopBridge
		if p.Departure.Kind == graph.Mixed {
			reason = StopMixer
		}
		return ev.run.stranded(c, derivedEnding(reason, ev.run.told(&p.Departure)+": "+p.Why))
	}
	paint := scale(ev.run.claimed(c.lots, p), delivered)
	for i, at := range list {
		f := &flows[at]
		base := f.lots
		if base == nil {
			base = []Lot{{Amount: f.amount}}
		}
		before := tainted(base)
		var mine []Lot
		mine, paint = cut(paint, parts[i])
		rest := f.amount
		rest.Sub(&rest, &parts[i])
		f.lots = overlay(base, add(mine, Lot{Amount: rest}))
		after := tainted(f.lots)
		if after.Gt(&before) {
			after.Sub(&after, &before)
			gained.Add(&gained, &after)
			f.landed = inRule(&p.Departure)
			if f.hop == 0 || c.hop+1 < f.hop {
				f.hop = c.hop + 1
			}
		}
	}
	t := tainted(c.lots)
	out, err := ev.run.book.balance(c.from, c.asset)
	if err != nil {
		return err
	}
	out.BridgedOut.Add(&out.BridgedOut, &t)
	asset := flows[list[0]].asset
	in, err := ev.run.book.balance(ev.l, asset)
	if err != nil {
		return err
	}
	in.BridgedIn.Add(&in.BridgedIn, &gained)
	p.ToAsset, p.Delivered, p.TaintedIn, p.Crossed = in.Asset, delivered, gained, true
	return nil
}

// handOver sends a crossing on its next way, without it having come out.
func (ev *event) handOver(c *crossing, d *passage.Side) error {
	p := &ev.run.book.passages[c.passage]
	p.Why = "handed over to " + d.Protocol + " at once"
	lots := ev.run.claimed(c.lots, p)
	ways, why, err := ev.run.ways(d)
	if err != nil {
		return err
	}
	next := *c
	next.lots = lots
	if len(ways) == 0 {
		if err := ev.run.stranded(&next, derivedEnding(StopBridge, ev.run.told(d)+": "+why)); err != nil {
			return err
		}
	}
	return ev.run.send(d, ways, why, &next)
}

// delivery lists the flows that bring an arrival to its recipient: to him; by
// a movement to him, who passes it on at once; or of exactly what is stated.
func (ev *event) delivery(flows []flow, a *passage.Side) (list []int) {
	recipient, emitter := ev.idOf(a.Subject), ev.idOf(a.Emitter)
	if a.Asset == (graph.Asset{}) {
		exact := false
		for i := range flows {
			if f := &flows[i]; recipient != 0 && f.to == recipient {
				list = append(list, i)
				if f.amount == a.Amount && !exact {
					exact = true
					list[0], list[len(list)-1] = list[len(list)-1], list[0]
				}
			}
		}
		return oneAsset(flows, list, exact)
	}
	asset, err := ev.l.view.AssetID(a.Asset)
	if err != nil {
		ev.missed(err)
		return nil
	}
	var legs []graph.Seq
	for i := range ev.tx.Moves {
		if m := &ev.tx.Moves[i]; m.To == recipient && recipient != 0 && m.Asset == asset {
			legs = append(legs, m.Seq)
		}
	}
	rank := func(f *flow) int {
		switch {
		case f.asset != asset:
			return 0
		case recipient != 0 && f.to == recipient && f.amount == a.Amount:
			return 1
		case recipient != 0 && f.to == recipient:
			return 2
		case slices.ContainsFunc(f.legs, func(s graph.Seq) bool { return slices.Contains(legs, s) }):
			return 3
		case f.amount == a.Amount, f.minted(), emitter != 0 && f.from == emitter:
			return 4
		}
		return 0
	}
	best := 5
	for i := range flows {
		if r := rank(&flows[i]); r > 0 {
			best = min(best, r)
		}
	}
	for i := range flows {
		if rank(&flows[i]) == best {
			list = append(list, i)
		}
	}
	if best == 1 || best == 4 {
		list = list[:1]
	}
	return list
}

// stranded ends value that had left and does not arrive.
func (r *run) stranded(c *crossing, e ending) error {
	return r.stop(c.from, c.custody, c.asset, e, c.lots, max(c.hop, 0), c.time)
}

// strand ends what is on its way when a bound ends the trace.
func (r *run) strand(cutBy string) error {
	for _, c := range r.onTheWay() {
		r.book.passages[c.passage].Why = "the bound " + cutBy + " came first"
		if err := r.stranded(c, derivedEnding(StopBudget, cutBy+" "+r.bound(cutBy))); err != nil {
			return err
		}
	}
	return nil
}

// onTheWay lists what has left a ledger and was not evaluated at the other, in
// order of departure.
func (r *run) onTheWay() (list []*crossing) {
	for _, l := range r.ledgers {
		for _, it := range l.queue {
			if it.crossing != nil {
				list = append(list, it.crossing)
			}
		}
	}
	slices.SortFunc(list, func(a, b *crossing) int { return a.passage - b.passage })
	return list
}
