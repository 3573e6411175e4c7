package trace

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"spoor/graph"
)

// origin is one transaction of which it is asked where value came from.
type origin struct {
	event
	backlog  *backlog
	backlogs map[graph.ChainID]*backlog
	reverse  reverse

	flows []flow
	wants []want         // of each flow, where it arrives
	asked []want         // of wants, what did not come out of a bridge
	gives []want         // of each flow, where it leaves
	hops  []int          // of each flow
	fresh []graph.Amount // of each flow, seeded
	left  []graph.Amount // of each flow, wanted because it left through a bridge
	said  []int32        // of each flow: the weakest link over which it is asked
	rules []string       // of each flow that arrives
}

// over sets out the flows of the transaction.
func (o *origin) over(flows []flow) {
	n := len(flows)
	o.flows, o.wants, o.gives, o.hops = flows, make([]want, n), make([]want, n), make([]int, n)
	o.fresh, o.left, o.said, o.rules = make([]graph.Amount, n), make([]graph.Amount, n), make([]int32, n), make([]string, n)
}

// lacking ends what was spent although its arrival was not read.
func (o *origin) lacking(p *past, lacks []lack) error {
	if len(lacks) == 0 {
		return nil
	}
	address, err := o.l.address(p.id)
	if err != nil {
		return err
	}
	info, err := o.l.asset(p.asset)
	if err != nil {
		return err
	}
	coverage, err := o.l.view.Coverage()
	if err != nil {
		return err
	}
	for _, k := range lacks {
		at := p.turns[k.turn].at
		e := derivedEnding(StopUnknown, "spent although its arrival was not read")
		if !graph.Covers(coverage, address, 0, at.Block) {
			e = derivedEnding(StopUncovered, "its history was not read whole up to there")
		}
		header, err := o.l.headerAt(at.Block)
		if err != nil {
			return err
		}
		if err := o.run.stop(o.l, p.id, p.asset, e, asLots(k.amount, p.said), p.hop, header.Time); err != nil {
			return err
		}
		h, err := o.run.book.holder(o.l, p.id, p.asset, p.hop, header.Time)
		if err != nil {
			return err
		}
		h.Role = roleSource
		opening := !slices.ContainsFunc(p.turns[:k.turn], func(t turn) bool { income := t.income(); return !income.IsZero() })
		o.run.book.unknowns = append(o.run.book.unknowns, Unknown{Address: address, Asset: info, Amount: k.amount, At: at, Opening: opening})
	}
	return nil
}

// accounts looks at a transaction of an account ledger.
func (o *origin) accounts(ctx context.Context, d *due, seeds []*seeding) error {
	flows, refused := net(o.tx.Moves, o.l.skipped)
	for _, asset := range refused {
		o.skip(asset)
	}
	o.over(flows)
	for _, in := range d.incomes {
		if o.l.skipped[in.asset] {
			continue
		}
		if err := o.income(in); err != nil {
			return err
		}
	}
	if err := o.reserves(); err != nil {
		return err
	}
	if err := o.leave(flows); err != nil {
		return err
	}
	x := newExchange(flows, o.whole(), o.l.contractOf)
	x.vault = func(id graph.ID) bool { return o.run.isVault(o.l, id, o.header.Time) }
	for _, s := range seeds {
		if err := o.paid(s, x); err != nil {
			return err
		}
	}
	if err := o.comeBack(d.comebacks); err != nil {
		return err
	}
	landings, err := o.landings(flows)
	if err != nil {
		return err
	}
	payments := x.payments()
	pays := func(flow int) bool {
		return slices.ContainsFunc(payments, func(p payment) bool { return slices.Contains(p.flows, flow) })
	}
	lifted := make([]want, len(landings))
	o.asked = slices.Clone(o.wants)
	o.lift(landings, o.asked, func(flow int) bool { return !pays(flow) }, lifted)
	traded, err := o.trade(x, payments)
	if err != nil {
		return err
	}
	if err := o.steps(traded); err != nil {
		return err
	}
	o.lift(landings, o.gives, pays, lifted)
	if err := o.crossBack(landings, lifted); err != nil {
		return err
	}
	for i := range o.flows {
		if len(o.gives[i]) > 0 {
			if err := o.from(ctx, i); err != nil {
				return err
			}
		}
	}
	return o.payers(ctx)
}

// income finds the flows that brought what is wanted of a pool.
func (o *origin) income(in income) error {
	got, earned, turns := in.settle(o.reverse, in.turn)
	if err := o.backlog.ask(in.past, turns); err != nil {
		return err
	}
	var brought []int
	var amounts []graph.Amount
	var sum graph.Amount
	for i := range o.flows {
		if f := &o.flows[i]; f.to == in.id && f.asset == in.asset {
			brought, amounts, sum = append(brought, i), append(amounts, f.amount), plus(sum, f.amount)
		}
	}
	if sum != in.turns[in.turn].in {
		return fmt.Errorf("%w: the history of an address does not agree with its transaction", graph.ErrDamaged)
	}
	for i, w := range o.reverse.split(got, amounts) {
		o.wants[brought[i]], o.hops[brought[i]], o.said[brought[i]] = w, in.hop+1, in.said
	}
	return o.earned(in, earned)
}

// earned ends what was earned as fees of others.
func (o *origin) earned(in income, w want) error {
	if len(w) == 0 {
		return nil
	}
	var fees []*graph.Move
	var amounts []graph.Amount
	for i := range o.tx.Moves {
		if m := &o.tx.Moves[i]; m.Kind.IsFee() && m.To == in.id && m.From != in.id && m.Asset == in.asset && !m.Amount.IsZero() {
			fees, amounts = append(fees, m), append(amounts, m.Amount)
		}
	}
	for i, part := range o.reverse.split(w, amounts) {
		t := part.total()
		if t.IsZero() {
			continue
		}
		m := fees[i]
		if err := o.record(Step{Amount: m.Amount, Tainted: t, Hop: in.hop + 1, Rule: RuleFee, Legs: []graph.Seq{m.Seq}}, asLots(t, in.said), m.From, m.To, m.Asset); err != nil {
			return err
		}
		if err := o.arrived(m.To, m.Asset, t, in.hop+1); err != nil {
			return err
		}
		if err := o.run.stop(o.l, m.To, m.Asset, derivedEnding(StopReward, "earned as fees"), asLots(t, in.said), in.hop+1, o.header.Time); err != nil {
			return err
		}
	}
	return nil
}

// arrived books what was wanted and came to an address.
func (o *origin) arrived(id graph.ID, asset graph.AssetID, amount graph.Amount, hop int) error {
	h, err := o.run.book.holder(o.l, id, asset, hop, o.header.Time)
	if err == nil {
		h.In.Add(&h.In, &amount)
	}
	return err
}

// steps records the movements: what was given in trades, then what arrived.
func (o *origin) steps(traded []bool) error {
	for i := range o.flows {
		f := &o.flows[i]
		if t := o.gives[i].total(); traded[i] && !t.IsZero() {
			if err := o.record(Step{Amount: f.amount, Tainted: t, Hop: o.hops[i], Rule: RuleGiven, Legs: f.legs}, asLots(t, o.said[i]), f.from, f.to, f.asset); err != nil {
				return err
			}
		}
	}
	for i := range o.flows {
		f := &o.flows[i]
		t := o.wants[i].total()
		if t.IsZero() {
			continue
		}
		rule := o.rules[i]
		switch {
		case !o.fresh[i].IsZero():
			rule = RuleSeed
		case rule != "":
		case f.direct:
			rule = RuleTransfer
		default:
			rule = RuleNet
		}
		if err := o.record(Step{Amount: f.amount, Tainted: t, Hop: o.hops[i], Rule: rule, Legs: f.legs}, asLots(t, o.said[i]), f.from, f.to, f.asset); err != nil {
			return err
		}
		if o.left[i] == t {
			continue // the bridge keeps nothing of it
		}
		if err := o.arrived(f.to, f.asset, minus(t, o.left[i]), o.hops[i]); err != nil {
			return err
		}
	}
	return nil
}

// from ends what is wanted of a flow at who paid it, if it is not followed
// further: by who that is, because it is too little, or too far away.
func (o *origin) from(ctx context.Context, i int) error {
	f := &o.flows[i]
	t := o.gives[i].total()
	if f.minted() {
		e := derivedEnding(StopMint, "issued by its contract")
		for _, m := range o.tx.Moves {
			if m.Seq == f.legs[0] && (m.Kind == graph.KindReward || m.Kind == graph.KindWithdrawal || m.Kind == graph.KindGenesis) {
				e = derivedEnding(StopReward, m.Kind.String())
			}
		}
		o.gives[i] = nil
		return o.run.stop(o.l, f.to, f.asset, e, asLots(t, o.said[i]), o.hops[i], o.header.Time)
	}
	ended, err := o.ends(ctx, f.from, f.asset, t, o.hops[i], o.said[i])
	if ended {
		o.gives[i] = nil
	}
	return err
}

// ends ends what an address paid, and reports whether it did.
func (o *origin) ends(ctx context.Context, id graph.ID, asset graph.AssetID, amount graph.Amount, hop int, said int32) (bool, error) {
	h, err := o.run.book.holder(o.l, id, asset, hop, o.header.Time)
	if err != nil {
		return false, err
	}
	h.Out.Add(&h.Out, &amount)
	if o.backlog.named[id] {
		return false, nil // the case asks for this address
	}
	e, err := o.run.endingAt(ctx, o.l, id, o.header.Time)
	if err != nil {
		return false, err
	}
	if e.reason == "" {
		info, err := o.l.asset(asset)
		if err != nil {
			return false, err
		}
		switch {
		case o.run.plan.tooLittle(info, amount):
			e = derivedEnding(StopDust, "min_amount "+o.run.plan.MinAmount)
		case o.run.plan.MaxHops > 0 && hop > o.run.plan.MaxHops:
			e = derivedEnding(StopBudget, fmt.Sprintf("max_hops %d", o.run.plan.MaxHops))
		default:
			return false, nil
		}
	}
	if h.Role != roleHolder {
		h.Role = roleSource
	}
	return true, o.run.stop(o.l, id, asset, e, asLots(amount, said), hop, o.header.Time)
}

// payers asks the pools from which flows were paid.
func (o *origin) payers(ctx context.Context) error {
	asked := make(map[poolKey]bool)
	for i := range o.flows {
		key := poolKey{o.flows[i].from, o.flows[i].asset}
		if len(o.gives[i]) == 0 || asked[key] {
			continue
		}
		asked[key] = true
		if err := o.payer(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

func (o *origin) payer(ctx context.Context, key poolKey) error {
	p, err := o.backlog.past(ctx, key.id, key.asset, o.at)
	if err != nil {
		return o.refuse(err, key.asset)
	}
	turn, err := p.find(o.at)
	if err != nil {
		return err
	}
	var amounts []graph.Amount
	var gives []want
	var sum graph.Amount
	for i := range o.flows {
		if f := &o.flows[i]; f.from == key.id && f.asset == key.asset {
			amounts, gives, sum = append(amounts, f.amount), append(gives, o.gives[i]), plus(sum, f.amount)
			if len(o.gives[i]) > 0 {
				p.near(o.hops[i])
				p.said = o.run.weaker(p.said, o.said[i])
			}
		}
	}
	if sum != p.turns[turn].out {
		return fmt.Errorf("%w: the history of an address does not agree with its transaction", graph.ErrDamaged)
	}
	turns, lacks := p.ask(o.reverse, turn, o.reverse.join(amounts, gives))
	return errors.Join(o.backlog.ask(p, turns), o.lacking(p, lacks))
}
