package trace

import (
	"context"
	"slices"

	"spoor/graph"
)

// receive credits a flow to its receiver.
func (ev *event) receive(ctx context.Context, x *exchange, f *flow) error {
	lots := f.lots
	if lots == nil {
		lots = []Lot{{Amount: f.amount}}
	}
	for i := range lots {
		if lots[i].Seed == unknown { // unknown to its payer, who is reported; to others it is clean
			lots = slices.Clone(lots)
			lots[i].Seed = clean
		}
	}
	a := ev.l.accounts[f.to]
	if a != nil && !f.burnt() {
		for _, s := range a.seeds {
			if !s.takes(f.asset) || s.asset == 0 && allPoison(ev.poison, f.legs) {
				continue
			}
			var fresh graph.Amount
			lots, fresh = s.paint(lots)
			f.fresh.Add(&f.fresh, &fresh)
			if err := ev.seeded(s, f.to, f.asset, fresh, false); err != nil {
				return err
			}
		}
	}
	t := tainted(lots)
	if !ev.run.plan.method.Conserves && !t.IsZero() {
		lots = putPoison(nil, lots)
		t = f.amount
	}
	if !t.IsZero() {
		rule := RuleNet
		switch {
		case !f.fresh.IsZero():
			rule = RuleSeed
		case f.landed != "":
			rule = f.landed
		case f.bought:
			rule = RuleReceived
		case f.direct:
			rule = RuleTransfer
		}
		if err := ev.record(Step{Amount: f.amount, Tainted: t, Hop: f.hop, Rule: rule, Legs: f.legs}, lots, f.from, f.to, f.asset); err != nil {
			return err
		}
	}
	return ev.credit(ctx, x, f, a, lots, t)
}

// credit puts a flow's lots where they belong: into a pool that is followed,
// or to an end.
func (ev *event) credit(ctx context.Context, x *exchange, f *flow, a *account, lots []Lot, t graph.Amount) error {
	var p *pool
	if a != nil {
		p = a.pools[f.asset]
	}
	if p == nil && t.IsZero() {
		return nil
	}
	if f.burnt() {
		return ev.ends(f.to, f.asset, derivedEnding(StopBurn, "destroyed by its contract"), lots, f.fresh, f.hop)
	}
	fresh := false
	if p == nil {
		if ended, err := ev.arrives(ctx, f.to, f.asset, lots, f.fresh, f.hop); ended || err != nil {
			return err
		}
		if a == nil {
			a = ev.account(f.to, f.hop)
		}
		var err error
		if p, fresh, err = ev.openPool(ctx, a, f.asset); err != nil {
			return ev.refuse(err, f.asset)
		}
		if err := ev.ownFee(a, p, f.asset); err != nil {
			return err
		}
		for i := range x.flows { // what the transaction brought before lies in front
			if g := &x.flows[i]; g == f {
				break
			} else if g.to == f.to && g.asset == f.asset {
				fresh = false
				p.put(ev.run.plan.method, []Lot{{Amount: g.amount}})
			}
		}
	}
	ev.touched[f.to] = a
	a.hop = min(a.hop, f.hop)
	if !t.IsZero() {
		h, err := ev.run.book.holder(ev.l, f.to, f.asset, f.hop, ev.header.Time)
		if err != nil {
			return err
		}
		if h.Role == roleCounterparty || h.Role == roleTerminal {
			h.Role = roleIntermediate
		}
		h.Fresh = h.Fresh || fresh
		if t.Gt(&f.fresh) { // what was seeded is booked already
			t.Sub(&t, &f.fresh)
			h.In.Add(&h.In, &t)
		}
	}
	p.put(ev.run.plan.method, lots)
	return nil
}

// ownFee takes from a pool just opened the fee its owner pays for this very
// transaction: it is older than what the transaction brings.
func (ev *event) ownFee(a *account, p *pool, asset graph.AssetID) error {
	for i := range ev.tx.Moves {
		m := &ev.tx.Moves[i]
		if !m.Kind.IsFee() || m.From != a.id || m.To == a.id || m.Asset != asset || m.Amount.IsZero() {
			continue
		}
		if _, err := ev.debit(a, asset, p, m.Amount); err != nil {
			return err
		}
	}
	return nil
}
