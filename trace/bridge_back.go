package trace

import (
	"fmt"
	"slices"

	"spoor/cluster/passage"
	"spoor/graph"
)

// Backward, value that an arrival delivered came from its departure on another
// ledger. What is wanted of it waits until the departure's transaction is looked
// at there, and is then wanted of what paid for the departure, in proportion.
// The same statements take and deliver the same units as forward.

// comeback is value of a bridge's arrival whose departure was not looked at yet.
type comeback struct {
	l     *ledger // where it arrived
	payer graph.ID
	asset graph.AssetID
	want  want // of what was delivered
	came  graph.Amount
	hop   int
	time  int64
	said  int32
	ways  []passage.Link // hand-overs included; the first is of the departure that was paid for
}

// departure is what was paid for.
func (c *comeback) departure() *passage.Side { return &c.ways[0].Departure }

// arrival is what delivered it.
func (c *comeback) arrival() *passage.Side { return &c.ways[len(c.ways)-1].Arrival }

// lift takes what arrivals delivered out of what is wanted of some flows. It
// returns it for each landing, in units of what that delivered.
func (o *origin) lift(landings []landing, wanted []want, of func(flow int) bool, lifted []want) {
	for i := range o.flows {
		if len(wanted[i]) == 0 || !of(i) {
			continue
		}
		rest := o.flows[i].amount
		type place struct{ landing, part int }
		var places []place
		var amounts []graph.Amount
		for n := range landings {
			for m, part := range landings[n].parts {
				if part.flow == i {
					places, amounts, rest = append(places, place{n, m}), append(amounts, part.amount), minus(rest, part.amount)
				}
			}
		}
		if len(places) == 0 {
			continue
		}
		amounts = append(amounts, rest)
		parts := o.reverse.split(wanted[i], amounts)
		for at, p := range places {
			if len(parts[at]) == 0 {
				continue
			}
			l := &landings[p.landing]
			all, wants := make([]graph.Amount, len(l.parts)), make([]want, len(l.parts))
			for m := range l.parts {
				all[m] = l.parts[m].amount
			}
			wants[p.part] = parts[at]
			one := o.reverse.join(all, wants)
			if o.reverse == mixed {
				one = whole(plus(one.total(), lifted[p.landing].total()))
			}
			lifted[p.landing] = lifted[p.landing].union(one)
			l.hop, l.said = nearest(l.hop, o.hops[i]), o.run.weaker(l.said, o.said[i])
			if o.rules[i] == "" {
				o.rules[i] = inRule(&l.arrival)
			}
			parts[at] = nil
		}
		wanted[i] = o.reverse.join(amounts, parts)
	}
}

// nearest is the smaller of two hops, of which -1 is none.
func nearest(a, b int) int {
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
}

// crossBack asks the departures of what was lifted, or ends it where they are
// not known.
func (o *origin) crossBack(landings []landing, lifted []want) error {
	for n := range landings {
		l := &landings[n]
		if len(lifted[n]) == 0 {
			continue
		}
		first := &o.flows[l.parts[0].flow]
		c := &comeback{l: o.l, payer: o.payerOf(first), asset: first.asset, want: lifted[n], hop: l.hop, time: o.header.Time, said: l.said}
		for _, part := range l.parts {
			c.came = plus(c.came, part.amount)
		}
		if l.link == nil {
			if err := o.run.endBack(c, &l.arrival, derivedEnding(StopBridge, o.run.told(&l.arrival)+": "+l.why), l.why); err != nil {
				return err
			}
			continue
		}
		why, err := o.wayBack(c, l.link)
		if err != nil {
			return err
		}
		if why != "" {
			if err := o.run.endBack(c, &l.arrival, derivedEnding(StopBridge, o.run.told(&l.arrival)+": "+why), why); err != nil {
				return err
			}
			continue
		}
		d, err := o.backlogs[c.departure().Chain].at(c.departure().At.StartOf())
		if err != nil {
			return err
		}
		d.comebacks = append(d.comebacks, c)
	}
	return nil
}

// payerOf is who pays a flow; an output of a UTXO transaction, its first input.
func (o *origin) payerOf(f *flow) graph.ID {
	for i := range o.tx.Moves {
		if m := &o.tx.Moves[i]; f.from == 0 && m.Kind == graph.KindInput {
			return m.From
		}
	}
	return f.from
}

// wayBack finds the departure that was paid for: where one only took on what an
// arrival at the same place brought, that one's. It tells why it cannot be asked.
func (o *origin) wayBack(c *comeback, link *passage.Link) (why string, err error) {
	for {
		o.run.follow(link)
		c.ways = slices.Insert(c.ways, 0, *link)
		if p := (&Passage{Statement: link.Statement, Rule: link.Rule, Confidence: link.Confidence}); p.Statement == graph.Attributed {
			c.said = o.run.claimed(asLots(graph.Amount{1}, c.said), p)[0].Seed
		}
		d := &link.Departure
		q := o.backlogs[d.Chain]
		if q == nil {
			return graph.ChainOf(d.Chain).Alias + " is not in the store", nil
		}
		if q.l.done > 0 && d.At.StartOf().Compare(q.l.last) >= 0 {
			return fmt.Sprintf("its departure at %s does not lie before what was asked there already, %d seconds after it arrived by the clocks of the ledgers",
				d.String(), d.Time-link.Arrival.Time), nil
		}
		tx, err := q.l.view.Tx(d.At.StartOf())
		if err != nil {
			return "", err
		}
		at := slices.IndexFunc(tx.Events, func(e graph.Event) bool { return e.Kind == graph.Arrival && e.Seq == d.At.Seq })
		if at < 0 {
			return "", nil
		}
		if len(c.ways) > mostHandOvers {
			return "it was handed over too often", nil
		}
		a := passage.Side{Chain: d.Chain, Stated: graph.Stated{At: d.At, Tx: tx.Hash, Time: tx.Time, Event: tx.Events[at]}}
		if link, why, err = o.run.linkTo(&a); err != nil || link == nil {
			return why, err
		}
	}
}

// mostHandOvers bounds how often value is handed over from bridge to bridge at
// once: twice on the longest way there is, from ticket to bus to packet.
const mostHandOvers = 8

// endBack ends, where it came out, value whose departure cannot be asked.
func (r *run) endBack(c *comeback, arrival *passage.Side, e ending, why string) error {
	t := c.want.total()
	info, err := c.l.asset(c.asset)
	if err != nil {
		return err
	}
	p := Passage{Bridge: arrival.Protocol, Arrival: arrival, ToAsset: info, Delivered: c.came, TaintedIn: t,
		Statement: graph.Derived, Rule: RuleNoDeparture, Confidence: 100, Why: why}
	if n := len(c.ways); n > 0 {
		way := &c.ways[n-1]
		p.Departure, p.Statement, p.Rule, p.Confidence = way.Departure, way.Statement, way.Rule, way.Confidence
	}
	r.book.passages = append(r.book.passages, p)
	if c.payer&issuer == 0 && c.payer != 0 {
		h, err := r.book.holder(c.l, c.payer, c.asset, c.hop, c.time)
		if err != nil {
			return err
		}
		h.Out.Add(&h.Out, &t)
		if h.Role != roleHolder {
			h.Role = roleSource
		}
	}
	return r.stop(c.l, c.payer, c.asset, e, asLots(t, c.said), c.hop, c.time)
}

// reserves ends what is wanted of a bridge's custody where a departure paid it
// in: that value went on to the other ledger, and is nobody's source on this one.
func (o *origin) reserves() error {
	departures, err := o.departures()
	if err != nil || len(departures) == 0 {
		return err
	}
	taken, _ := o.taken(o.flows, departures)
	for i := range o.flows {
		f := &o.flows[i]
		if len(o.wants[i]) == 0 || !o.fresh[i].IsZero() || o.backlog.named[f.to] {
			continue
		}
		amounts, of := dealt(f.amount, i, taken)
		parts := o.reverse.split(o.wants[i], amounts)
		for at, n := range of {
			t := parts[at].total()
			parts[at] = nil
			rule := fmt.Sprintf("%s: reserves of the bridge, paid in for what it delivers on another chain", departures[n].Protocol)
			if err := o.run.stop(o.l, f.to, f.asset, derivedEnding(StopBridge, rule), asLots(t, o.said[i]), o.hops[i], o.header.Time); err != nil {
				return err
			}
		}
		if len(of) > 0 {
			o.wants[i] = o.reverse.join(amounts, parts)
		}
	}
	return nil
}

// dealt are the parts of a flow that departures take, in order, and the rest;
// of tells the departure of each.
func dealt(amount graph.Amount, flow int, taken [][]piece) (amounts []graph.Amount, of []int) {
	rest := amount
	for n := range taken {
		for _, p := range taken[n] {
			if p.flow == flow {
				amounts, of, rest = append(amounts, p.amount), append(of, n), minus(rest, p.amount)
			}
		}
	}
	return append(amounts, rest), of
}

// comeBack wants of what paid for departures what is wanted of their arrivals.
func (o *origin) comeBack(list []*comeback) error {
	if len(list) == 0 {
		return nil
	}
	departures, err := o.departures()
	if err != nil {
		return err
	}
	taken, _ := o.taken(o.flows, departures)
	for _, c := range list {
		n := slices.IndexFunc(departures, func(d passage.Side) bool { return same(&d, c.departure()) })
		var sent graph.Amount
		var amounts []graph.Amount
		if n >= 0 {
			for _, p := range taken[n] {
				amounts, sent = append(amounts, p.amount), plus(sent, p.amount)
			}
		}
		if sent.IsZero() {
			if err := o.run.endBack(c, c.arrival(), derivedEnding(StopBridge, o.run.told(c.arrival())+": "+whyNothingLeft), whyNothingLeft); err != nil {
				return err
			}
			continue
		}
		mine, part, err := o.ofPart(c, sent)
		if err != nil {
			return err
		}
		var gained graph.Amount
		for at, w := range o.reverse.split(mine, amounts) {
			i := taken[n][at].flow
			f := &o.flows[i]
			flowParts, of := dealt(f.amount, i, taken)
			wants := make([]want, len(flowParts))
			wants[slices.Index(of, n)] = w
			before := o.wants[i].total()
			o.wants[i] = o.reverse.merge(o.wants[i], o.reverse.join(flowParts, wants), f.amount)
			added := minus(o.wants[i].total(), before)
			if added.IsZero() {
				continue
			}
			gained = plus(gained, added)
			if before.IsZero() || c.hop+1 < o.hops[i] {
				o.hops[i] = c.hop + 1
			}
			o.left[i], o.said[i] = plus(o.left[i], added), o.run.weaker(o.said[i], c.said)
			o.rules[i] = outRule(c.departure())
			if _, err := o.counterparty(f.to, f.asset, o.hops[i]); err != nil {
				return err
			}
		}
		if err := o.run.backOver(c, o.l, o.flows[taken[n][0].flow].asset, part, smaller(gained, part)); err != nil {
			return err
		}
	}
	return nil
}

// ofPart is what is wanted of everything that a departure sent, and how much of
// that was sent for this arrival: what is delivered in parts is shared out by
// them.
func (o *origin) ofPart(c *comeback, sent graph.Amount) (w want, part graph.Amount, err error) {
	links, _, err := o.run.linksFrom(c.departure())
	if err != nil {
		return nil, part, err
	}
	weights, mine := make([]graph.Amount, len(links)), 0
	for i := range links {
		weights[i] = links[i].Arrival.Amount
		if same(&links[i].Arrival, &c.ways[0].Arrival) {
			mine = i
		}
	}
	if total := sumOf(weights); len(links) < 2 || total.IsZero() {
		return o.reverse.restate(c.want, c.came, sent), sent, nil
	}
	parts := share(sent, weights)
	wants := make([]want, len(parts))
	wants[mine] = o.reverse.restate(c.want, c.came, parts[mine])
	return o.reverse.join(parts, wants), parts[mine], nil
}

// backOver books a passage backward: out of the asset that arrived, into the one
// that left.
func (r *run) backOver(c *comeback, from *ledger, asset graph.AssetID, sent, gained graph.Amount) error {
	t := c.want.total()
	out, err := r.book.balance(c.l, c.asset)
	if err != nil {
		return err
	}
	in, err := r.book.balance(from, asset)
	if err != nil {
		return err
	}
	out.BridgedOut.Add(&out.BridgedOut, &t)
	in.BridgedIn.Add(&in.BridgedIn, &gained)
	for i := range c.ways {
		way := &c.ways[i]
		p := Passage{Bridge: way.Departure.Protocol, Departure: way.Departure, Arrival: &way.Arrival, Asset: in.Asset, Sent: sent, TaintedOut: gained,
			Statement: way.Statement, Rule: way.Rule, Confidence: way.Confidence}
		if i == len(c.ways)-1 {
			p.ToAsset, p.Delivered, p.TaintedIn, p.Crossed = out.Asset, c.came, t, true
		} else {
			p.Why = "handed over to " + c.ways[i+1].Departure.Protocol + " at once"
		}
		r.book.passages = append(r.book.passages, p)
	}
	if gained.IsZero() {
		r.note("%s: what is asked for is less than a unit of what left, and no source is counted for it", r.told(c.arrival()))
	}
	return nil
}

// asLots is value that is wanted, as lots: of a seed, or of what was said of it.
func asLots(amount graph.Amount, said int32) []Lot { return []Lot{{amount, max(said, 1)}} }

// weaker is the less certain of two origins; 0 is proved.
func (r *run) weaker(a, b int32) int32 {
	switch x, y := r.claimOf(a), r.claimOf(b); {
	case x == nil:
		return b
	case y != nil && y.confidence < x.confidence:
		return b
	}
	return a
}
