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
	backlog *backlog
	reverse reverse

	flows []flow
	wants []want         // of each flow, where it arrives
	gives []want         // of each flow, where it leaves
	hops  []int          // of each flow
	fresh []graph.Amount // of each flow, seeded
	rules []string       // of each flow that arrives
}

// held asks where a balance came from that an address had after the transaction.
func (o *origin) held(ctx context.Context, s *seeding) error {
	if o.l.chain.Family == graph.UTXOFamily {
		return o.unspent(ctx, s)
	}
	assets, err := o.l.assetsHeld(ctx, s.where, o.at.NextTx())
	if err != nil {
		return err
	}
	for _, asset := range assets {
		if !s.takes(asset) || o.l.skipped[asset] {
			continue
		}
		p, err := o.backlog.past(ctx, s.where, asset, o.at)
		if err != nil {
			if err = o.refuse(err, asset); err != nil {
				return err
			}
			continue
		}
		last := len(p.turns) - 1
		for last >= 0 && p.turns[last].at.Compare(o.at) > 0 {
			last--
		}
		if last < 0 {
			continue // nothing but empty movements
		}
		p.near(0)
		fresh, turns, lacks := p.keep(o.reverse, last, s.most())
		if err := o.named(s, s.where, asset, fresh); err != nil {
			return err
		}
		if err := errors.Join(o.backlog.ask(p, turns), o.lacking(p, lacks)); err != nil {
			return err
		}
	}
	return nil
}

// most is how much the seed may still name.
func (s *seeding) most() graph.Amount {
	if s.HasLimit {
		return s.left
	}
	return *new(graph.Amount).SetAllOne()
}

// near notes how far from the seeds the pool is.
func (p *past) near(hop int) {
	if p.hop < 0 || hop < p.hop {
		p.hop = hop
	}
}

// named books value that a seed names.
func (o *origin) named(s *seeding, id graph.ID, asset graph.AssetID, amount graph.Amount) error {
	if amount.IsZero() {
		return nil
	}
	if s.HasLimit {
		s.left = minus(s.left, amount)
	}
	b := o.run.book
	address, err := o.l.address(id)
	if err != nil {
		return err
	}
	balance, err := b.balance(o.l, asset)
	if err != nil {
		return err
	}
	h, err := b.holder(o.l, id, asset, 0, o.header.Time)
	if err != nil {
		return err
	}
	balance.Seeded.Add(&balance.Seeded, &amount)
	h.Held.Add(&h.Held, &amount)
	if h.Role != roleSource {
		h.Role = roleHolder
	}
	key := seedKey{holderKey{assetKey{o.l.chain.ID, asset}, id}, s.number, false}
	if at, known := b.seedAt[key]; known {
		b.seeds[at].Amount.Add(&b.seeds[at].Amount, &amount)
		return nil
	}
	b.seedAt[key] = len(b.seeds)
	b.seeds = append(b.seeds, Seeded{Seed: s.String(), Address: address, Asset: balance.Asset, Amount: amount, At: o.at})
	return nil
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
		if err := o.run.book.stop(o.l, p.id, p.asset, e, k.amount, p.hop, header.Time); err != nil {
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
	n := len(flows)
	o.flows, o.wants, o.gives, o.hops, o.fresh, o.rules = flows, make([]want, n), make([]want, n), make([]int, n), make([]graph.Amount, n), make([]string, n)
	for _, in := range d.incomes {
		if o.l.skipped[in.asset] {
			continue
		}
		if err := o.income(in); err != nil {
			return err
		}
	}
	x := newExchange(flows, o.whole(), o.l.contractOf)
	x.vault = func(id graph.ID) bool { return o.run.isVault(o.l, id, o.header.Time) }
	for _, s := range seeds {
		if err := o.paid(s, x); err != nil {
			return err
		}
	}
	traded, err := o.trade(x)
	if err != nil {
		return err
	}
	if err := o.steps(ctx, traded); err != nil {
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
		o.wants[brought[i]], o.hops[brought[i]] = w, in.hop+1
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
		if err := o.record(Step{Amount: m.Amount, Tainted: t, Hop: in.hop + 1, Rule: RuleFee, Legs: []graph.Seq{m.Seq}}, nil, m.From, m.To, m.Asset); err != nil {
			return err
		}
		if err := o.arrived(m.To, m.Asset, t, in.hop+1); err != nil {
			return err
		}
		if err := o.run.book.stop(o.l, m.To, m.Asset, derivedEnding(StopReward, "earned as fees"), t, in.hop+1, o.header.Time); err != nil {
			return err
		}
	}
	return nil
}

// paid asks where came from what a transaction paid, or one movement of it.
func (o *origin) paid(s *seeding, x *exchange) error {
	picks, err := o.picks(s, x)
	if err != nil {
		return err
	}
	for _, p := range picks {
		f := &o.flows[p.flow]
		now, fresh := o.reverse.claim(o.wants[p.flow], p.amount, f.amount, s.most())
		if fresh.IsZero() {
			continue
		}
		o.wants[p.flow], o.hops[p.flow], o.fresh[p.flow] = now, 0, plus(o.fresh[p.flow], fresh)
		if err := o.named(s, f.to, f.asset, fresh); err != nil {
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
func (o *origin) steps(ctx context.Context, traded []bool) error {
	for i := range o.flows {
		f := &o.flows[i]
		if t := o.gives[i].total(); traded[i] && !t.IsZero() {
			if err := o.record(Step{Amount: f.amount, Tainted: t, Hop: o.hops[i], Rule: RuleGiven, Legs: f.legs}, nil, f.from, f.to, f.asset); err != nil {
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
		if err := o.record(Step{Amount: f.amount, Tainted: t, Hop: o.hops[i], Rule: rule, Legs: f.legs}, nil, f.from, f.to, f.asset); err != nil {
			return err
		}
		if err := o.arrived(f.to, f.asset, t, o.hops[i]); err != nil {
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
		return o.run.book.stop(o.l, f.to, f.asset, e, t, o.hops[i], o.header.Time)
	}
	ended, err := o.ends(ctx, f.from, f.asset, t, o.hops[i])
	if ended {
		o.gives[i] = nil
	}
	return err
}

// ends ends what an address paid, and reports whether it did.
func (o *origin) ends(ctx context.Context, id graph.ID, asset graph.AssetID, amount graph.Amount, hop int) (bool, error) {
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
	return true, o.run.book.stop(o.l, id, asset, e, amount, hop, o.header.Time)
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
			}
		}
	}
	if sum != p.turns[turn].out {
		return fmt.Errorf("%w: the history of an address does not agree with its transaction", graph.ErrDamaged)
	}
	turns, lacks := p.ask(o.reverse, turn, o.reverse.join(amounts, gives))
	return errors.Join(o.backlog.ask(p, turns), o.lacking(p, lacks))
}
