package trace

import (
	"fmt"
	"slices"

	"spoor/cluster/passage"
	"spoor/graph"
)

// Value that goes into a bridge leaves one ledger and comes out on another.
// What a transaction moves into the custody of a bridge (or lets it destroy), up
// to what the bridge states to have taken, waits as a crossing until its arrival
// is evaluated on the other ledger; there it lies on what is delivered, each lot
// in proportion. Both sides must be stated, and one must name the other by the
// bridge's own key, or the case must hold a link between them.

// crossing is value between two ledgers.
type crossing struct {
	from    *ledger
	asset   graph.AssetID
	custody graph.ID
	lots    []Lot // what left, in units of the asset
	hop     int
	time    int64
	passage int          // place in the book's passages
	arrival passage.Side // where it comes out
}

// depart takes out of the flows what goes into bridges.
func (ev *event) depart(flows []flow) error {
	departures, err := ev.departures()
	if err != nil || len(departures) == 0 {
		return err
	}
	taken, rest := ev.taken(flows, departures)
	into, mixers := make(map[int]string), make(map[int]bool)
	for i := range departures {
		for _, p := range taken[i] {
			if t := tainted(flows[p.flow].lots); !t.IsZero() {
				into[p.flow] = departures[i].Protocol
				mixers[p.flow] = departures[i].Kind == graph.Mixed
			}
		}
	}
	for i := range departures {
		if err := ev.cross(flows, &departures[i], taken[i]); err != nil {
			return err
		}
	}
	for i := range flows {
		protocol, crossed := into[i]
		if !crossed {
			continue
		}
		if mixers[i] {
			flows[i].keep(rest[i])
			continue
		}
		if err := ev.overpaid(&flows[i], rest[i], protocol); err != nil {
			return err
		}
		flows[i].lots = nil // what the bridge has is clean
	}
	return nil
}

// departures are what the transaction states to have left through bridges, and
// what the case says has.
func (ev *event) departures() ([]passage.Side, error) {
	var found []passage.Side
	for i := range ev.tx.Events {
		e := &ev.tx.Events[i]
		if _, proven := e.Proven(); proven && e.Kind == graph.Departure && !ev.handsOver(e) {
			found = append(found, ev.side(*e))
		}
	}
	back, err := ev.putBack()
	if err != nil {
		return nil, err
	}
	found = append(found, back...)
	for i := range ev.run.plan.links {
		from := &ev.run.plan.links[i].from
		if from.Chain.ID != ev.l.chain.ID || from.Tx != ev.tx.Hash || slices.ContainsFunc(found, func(d passage.Side) bool { return d.At.Seq == from.Seq }) {
			continue
		}
		e, err := ev.named(from)
		if err != nil {
			return nil, err
		}
		if !ev.handsOver(&e) {
			found = append(found, ev.side(e))
		}
	}
	return found, nil
}

// named is the departure that a link of the case names, also one of a stranger,
// or the movement, as if it were one.
func (ev *event) named(from *Seed) (graph.Event, error) {
	if at := slices.IndexFunc(ev.tx.Events, func(e graph.Event) bool { return e.Kind == graph.Departure && e.Seq == from.Seq }); at >= 0 {
		return ev.tx.Events[at], nil
	}
	at := slices.IndexFunc(ev.tx.Moves, func(m graph.Move) bool { return m.Seq == from.Seq })
	if at < 0 {
		return graph.Event{}, fmt.Errorf("%w: link from %s: %w", ErrCase, from, noSuchMove(&seeding{Seed: from}, ev.tx.Moves))
	}
	return moved(ev.l, graph.Departure, &ev.tx.Moves[at])
}

// handsOver reports whether a departure only takes on what an arrival at the
// same place brings: a bus that leaves, a ticket that is redeemed.
func (ev *event) handsOver(d *graph.Event) bool {
	return slices.ContainsFunc(ev.tx.Events, func(a graph.Event) bool { return a.Kind == graph.Arrival && a.Seq == d.Seq })
}

// moved states a movement as a departure or an arrival.
func moved(l *ledger, kind graph.EventKind, m *graph.Move) (graph.Event, error) {
	info, err := l.asset(m.Asset)
	if err != nil {
		return graph.Event{}, err
	}
	to, err := l.address(m.To)
	if err != nil {
		return graph.Event{}, err
	}
	return graph.Event{Seq: m.Seq, Kind: kind, Protocol: caseProtocol, Emitter: to, Subject: to, Asset: info.Asset, Amount: m.Amount}, nil
}

// caseProtocol stands for a bridge that only the case knows.
const caseProtocol = "case"

func (ev *event) side(e graph.Event) passage.Side {
	at := ev.at
	at.Seq = e.Seq
	return passage.Side{Chain: ev.l.chain.ID, Stated: graph.Stated{At: at, Tx: ev.tx.Hash, Time: ev.header.Time, Event: e}}
}

// leave marks the flows that pay for a departure: they buy nothing, whatever the
// bridge gives in return.
func (ev *event) leave(flows []flow) error {
	departures, err := ev.departures()
	if err != nil || len(departures) == 0 {
		return err
	}
	taken, _ := ev.taken(flows, departures)
	for _, pieces := range taken {
		for _, p := range pieces {
			flows[p.flow].leaves = true
		}
	}
	return nil
}

// cross sends on its way what a departure takes, or ends it where the way is not
// known. A clean departure is no concern of the trace.
func (ev *event) cross(flows []flow, d *passage.Side, pieces []piece) error {
	var lots []Lot
	for _, p := range pieces {
		lots = addAll(lots, p.lots)
	}
	if t := tainted(lots); t.IsZero() {
		return nil
	}
	ways, why, err := ev.run.ways(d)
	if err != nil {
		return err
	}
	hop := -1
	for _, p := range pieces {
		f := &flows[p.flow]
		part := tainted(p.lots)
		if part.IsZero() {
			continue
		}
		fresh := f.fresh
		if part.Lt(&fresh) {
			fresh = part
		}
		f.fresh.Sub(&f.fresh, &fresh)
		if hop < 0 || f.hop < hop {
			hop = f.hop
		}
		if err := ev.record(Step{Amount: f.amount, Tainted: part, Hop: f.hop, Rule: outRule(d), Legs: f.legs}, p.lots, f.from, f.to, f.asset); err != nil {
			return err
		}
		if len(ways) == 0 {
			e, err := ev.inBridge(f, ev.run.told(d)+": "+why)
			if err != nil {
				return err
			}
			err = ev.ends(f.to, f.asset, e, p.lots, fresh, f.hop)
			if err != nil {
				return err
			}
		} else if err := ev.passedOn(f, fresh); err != nil {
			return err
		}
	}
	return ev.run.send(d, ways, why, &crossing{from: ev.l, asset: flows[pieces[0].flow].asset, custody: flows[pieces[0].flow].to, lots: lots, hop: hop, time: ev.header.Time})
}

// send books a passage for each way that a departure takes, or one without, and
// queues what goes along. What is delivered in parts is shared out by them.
func (r *run) send(d *passage.Side, ways []passage.Link, why string, all *crossing) error {
	info, err := all.from.asset(all.asset)
	if err != nil {
		return err
	}
	p := Passage{Bridge: d.Protocol, Departure: *d, Asset: info, Statement: graph.Derived, Rule: RuleNoArrival, Confidence: 100, Why: why}
	if len(ways) == 0 {
		p.Sent, p.TaintedOut = total(all.lots), tainted(all.lots)
		r.book.passages = append(r.book.passages, p)
		return nil
	}
	weights := make([]graph.Amount, len(ways))
	for i := range ways {
		weights[i] = ways[i].Arrival.Amount
	}
	if total := sumOf(weights); total.IsZero() {
		ways = ways[:1] // arrivals that state nothing: the first fails to deliver it
	}
	parts := [][]Lot{all.lots}
	if len(ways) > 1 {
		parts, _ = r.plan.method.deal(all.lots, share(total(all.lots), weights))
	}
	for i := range ways {
		way := &ways[i]
		p.Sent, p.TaintedOut = total(parts[i]), tainted(parts[i])
		if p.TaintedOut.IsZero() {
			continue
		}
		p.Statement, p.Rule, p.Confidence, p.Arrival = way.Statement, way.Rule, way.Confidence, &way.Arrival
		c := *all
		c.lots, c.arrival, c.passage = parts[i], way.Arrival, len(r.book.passages)
		r.book.passages = append(r.book.passages, p)
		push(&item{time: c.arrival.Time, l: r.ledgers[c.arrival.Chain], tx: c.arrival.At.StartOf(), crossing: &c})
	}
	return nil
}

func sumOf(amounts []graph.Amount) (sum graph.Amount) {
	for i := range amounts {
		sum.Add(&sum, &amounts[i])
	}
	return sum
}

// inBridge is why value ends in the custody of a bridge, with the label of that.
func (ev *event) inBridge(f *flow, rule string) (ending, error) {
	e := derivedEnding(StopBridge, rule)
	if f.to == 0 || f.burnt() {
		return e, nil
	}
	address, err := ev.l.address(f.to)
	if err != nil {
		return e, err
	}
	for _, label := range ev.run.labels(address) {
		if categoryReasons[label.Category] == StopBridge && label.Confidence > e.label.Confidence {
			e.label = label
		}
	}
	return e, nil
}

// outRule and inRule are the rules of the two steps of a crossing.
func outRule(d *passage.Side) string {
	switch {
	case d.Kind == graph.Mixed:
		return RuleMixerIn
	case d.Protocol == caseProtocol:
		return RuleLinkOut
	}
	return RuleBridgeOut
}

func inRule(d *passage.Side) string {
	switch {
	case d.Kind == graph.Mixed:
		return RuleMixerOut
	case d.Protocol == caseProtocol:
		return RuleLinkIn
	}
	return RuleBridgeIn
}

// passedOn books the bridge as a party that keeps nothing of the taint, also
// of what was stolen into it at once.
func (ev *event) passedOn(f *flow, fresh graph.Amount) error {
	h, err := ev.counterparty(f.to, f.asset, f.hop)
	if err != nil || h == nil {
		return err
	}
	h.Out.Add(&h.Out, &fresh)
	return nil
}

// overpaid ends what a bridge was paid beyond what it states.
func (ev *event) overpaid(f *flow, rest []Lot, protocol string) error {
	t := tainted(rest)
	if t.IsZero() {
		return nil
	}
	if err := ev.record(Step{Amount: f.amount, Tainted: t, Hop: f.hop, Rule: RuleBridgeOut, Legs: f.legs}, rest, f.from, f.to, f.asset); err != nil {
		return err
	}
	fresh := f.fresh
	if t.Lt(&fresh) {
		fresh = t
	}
	f.fresh.Sub(&f.fresh, &fresh)
	e, err := ev.inBridge(f, protocol+": paid beyond what the departure states")
	if err != nil {
		return err
	}
	return ev.ends(f.to, f.asset, e, rest, fresh, f.hop)
}
