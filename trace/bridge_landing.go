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

// landing is what an arrival brings.
type landing struct {
	arrival passage.Side
	link    *passage.Link // by which it came; nil, and why, if that is not known
	why     string
	parts   []landed

	hop  int   // backward: of what is wanted of it, -1 if nothing is
	said int32 // backward: what it rests on
}

// landed is a part of a flow that an arrival delivers: amount units behind the
// first at ones.
type landed struct {
	flow       int
	at, amount graph.Amount
}

// landings finds what each arrival of the transaction delivers, no unit twice:
// those whose departure is known first, then in the order in which they are
// stated.
func (ev *event) landings(flows []flow) ([]landing, error) {
	arrivals, err := ev.arrivals()
	if err != nil {
		return nil, err
	}
	var known, others []landing
	for i := range arrivals {
		l := landing{arrival: arrivals[i], hop: -1}
		if l.link, l.why, err = ev.run.linkTo(&l.arrival); err != nil {
			return nil, err
		}
		if l.link != nil {
			known = append(known, l)
		} else {
			others = append(others, l)
		}
	}
	all := append(known, others...)
	used := make([]graph.Amount, len(flows))
	for i := range all {
		l := &all[i]
		left := l.arrival.Amount
		if untold(&l.arrival) {
			left.SetAllOne() // whatever came
		}
		for _, at := range ev.delivery(flows, used, &l.arrival) {
			part := smaller(minus(flows[at].amount, used[at]), left)
			if part.IsZero() {
				continue
			}
			l.parts = append(l.parts, landed{at, used[at], part})
			used[at], left = plus(used[at], part), minus(left, part)
		}
	}
	return all, nil
}

// arrivals are what the transaction states to have come out of bridges, or to
// have been taken back out of mixers, and what the case says has. What is handed over at once has not come out.
func (ev *event) arrivals() (found []passage.Side, err error) {
	for i := range ev.tx.Events {
		e := &ev.tx.Events[i]
		if _, proven := e.Proven(); !proven || e.Kind != graph.Arrival && !ev.givesBack(e) {
			continue
		}
		if s := ev.side(*e); ev.onward(&s) == nil {
			found = append(found, s)
		}
	}
	for i := range ev.run.plan.links {
		to := &ev.run.plan.links[i].to
		if to.Chain.ID != ev.l.chain.ID || to.Tx != ev.tx.Hash || slices.ContainsFunc(found, func(a passage.Side) bool { return a.At.Seq == to.Seq }) {
			continue
		}
		s, _, err := ev.run.sideAt(to, graph.Arrival)
		if err != nil {
			return nil, err
		}
		if ev.onward(&s) == nil {
			found = append(found, s)
		}
	}
	return found, nil
}

// land lays what crossed bridges on the flows that deliver it.
func (ev *event) land(flows []flow) error {
	if len(ev.crossings) == 0 {
		return nil
	}
	landings, err := ev.landings(flows)
	if err != nil {
		return err
	}
	for _, c := range ev.crossings {
		if d := ev.onward(&c.arrival); d != nil {
			err = ev.handOver(c, d)
		} else {
			err = ev.landOne(flows, c, landings)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (ev *event) landOne(flows []flow, c *crossing, landings []landing) error {
	p := &ev.run.book.passages[c.passage]
	var parts []landed
	if at := slices.IndexFunc(landings, func(l landing) bool { return same(&l.arrival, &c.arrival) }); at >= 0 {
		parts = landings[at].parts
	}
	var delivered, gained graph.Amount
	for _, part := range parts {
		delivered = plus(delivered, part.amount)
	}
	if delivered.IsZero() {
		p.Why = whyNothingCame
		reason := StopBridge
		if p.Departure.Kind == graph.Mixed {
			reason = StopMixer
		}
		return ev.run.stranded(c, derivedEnding(reason, ev.run.told(&p.Departure)+": "+p.Why))
	}
	paint := scale(ev.run.claimed(c.lots, p), delivered)
	for _, part := range parts {
		f := &flows[part.flow]
		base := f.lots
		if base == nil {
			base = []Lot{{Amount: f.amount}}
		}
		before := tainted(base)
		var mine []Lot
		mine, paint = cut(paint, part.amount)
		line := addAll(add(nil, Lot{Amount: part.at}), mine)
		f.lots = overlay(base, add(line, Lot{Amount: minus(minus(f.amount, part.at), part.amount)}))
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
	asset := flows[parts[0].flow].asset
	in, err := ev.run.book.balance(ev.l, asset)
	if err != nil {
		return err
	}
	in.BridgedIn.Add(&in.BridgedIn, &gained)
	p.ToAsset, p.Delivered, p.TaintedIn, p.Crossed = in.Asset, delivered, gained, true
	return nil
}

// Why a passage whose two sides are known is not followed.
const (
	whyNothingCame = "its arrival moves nothing that was read to its recipient"
	whyNothingLeft = "its departure moves nothing that was read into the bridge"
)

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
// a movement to him, who passes it on at once; or of exactly what is stated. Of
// each so many units are delivered by others already.
func (ev *event) delivery(flows []flow, used []graph.Amount, a *passage.Side) (list []int) {
	recipient, emitter := ev.idOf(a.Subject), ev.idOf(a.Emitter)
	if a.Asset == (graph.Asset{}) {
		exact := false
		for i := range flows {
			if f := &flows[i]; recipient != 0 && f.to == recipient && used[i].Lt(&f.amount) {
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
	rank := func(i int) int {
		f := &flows[i]
		switch {
		case f.asset != asset, !used[i].Lt(&f.amount):
			return 0
		case recipient != 0 && f.to == recipient && f.amount == a.Amount && used[i].IsZero():
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
		if r := rank(i); r > 0 {
			best = min(best, r)
		}
	}
	for i := range flows {
		if rank(i) == best {
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
