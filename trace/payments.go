package trace

import (
	"context"
	"slices"

	"spoor/graph"
)

// accounts evaluates a transaction of an account ledger.
func (ev *event) accounts(ctx context.Context, accounts []*account, seeds []*seeding) error {
	quiet := len(seeds) == 0 && len(ev.crossings) == 0
	credits := make([][]credit, len(accounts))
	for i, a := range accounts {
		entries, err := a.pass(ctx, ev.at)
		if err != nil {
			return err
		}
		var paid bool
		if credits[i], paid = onlyCredits(entries); paid || len(a.seeds) > 0 {
			quiet = false
		}
	}
	if quiet { // nobody who holds taint pays: clean value comes in, and the rest does not matter
		for i, a := range accounts {
			for _, c := range credits[i] {
				if p := a.pools[c.asset]; p != nil {
					p.put(ev.run.plan.method, []Lot{{Amount: c.amount}})
				}
			}
		}
		return nil
	}
	if err := ev.load(); err != nil {
		return err
	}
	for _, a := range accounts {
		if err := ev.seedPoison(ctx, a); err != nil {
			return err
		}
	}
	if err := ev.fees(); err != nil {
		return err
	}
	flows, overflow := net(ev.tx.Moves, ev.l.skipped)
	for _, asset := range overflow {
		ev.skip(asset)
	}
	if err := ev.pay(flows); err != nil {
		return err
	}
	if err := ev.land(flows); err != nil {
		return err
	}
	if err := ev.leave(flows); err != nil {
		return err
	}
	x := newExchange(flows, ev.whole(), ev.l.contractOf)
	x.vault = func(id graph.ID) bool { return ev.run.isVault(ev.l, id, ev.header.Time) }
	if err := ev.trade(x); err != nil {
		return err
	}
	for _, s := range seeds {
		if err := ev.steal(s, x); err != nil {
			return err
		}
	}
	if err := ev.depart(x.flows); err != nil {
		return err
	}
	for i := range x.flows {
		if err := ev.receive(ctx, x, &x.flows[i]); err != nil {
			return err
		}
	}
	return ev.earn(ctx, x)
}

// earn credits fees to those who earn them, as clean value: taint that pays a
// fee has ended.
func (ev *event) earn(ctx context.Context, x *exchange) error {
	for i := range ev.tx.Moves {
		m := &ev.tx.Moves[i]
		if !m.Kind.IsFee() || m.To == 0 || m.To == m.From || m.Amount.IsZero() {
			continue
		}
		f := flow{asset: m.Asset, from: m.From, to: m.To, amount: m.Amount, legs: []graph.Seq{m.Seq}, direct: true}
		if err := ev.receive(ctx, x, &f); err != nil {
			return err
		}
	}
	return nil
}

// whole reports whether every movement of the transaction is known.
func (ev *event) whole() bool {
	know := ev.tx.Know
	return know.Transfers == graph.Full && know.Logs == graph.Full && know.Traces == graph.Full
}

type credit struct {
	asset  graph.AssetID
	amount graph.Amount
}

// onlyCredits nets an account's own entries of one transaction. It reports
// paid if any asset leaves the account, or cannot be summed.
func onlyCredits(entries []graph.Entry) (credits []credit, paid bool) {
	var outs []credit
	for i := range entries {
		e := &entries[i]
		if e.Out && e.Kind.IsFee() || hostile(&e.Amount) {
			return nil, true
		}
		sums := &credits
		if e.Out {
			sums = &outs
		}
		at := slices.IndexFunc(*sums, func(c credit) bool { return c.asset == e.Asset })
		if at < 0 {
			*sums = append(*sums, credit{e.Asset, e.Amount})
		} else if _, over := (*sums)[at].amount.AddOverflow(&(*sums)[at].amount, &e.Amount); over {
			return nil, true
		}
	}
	for _, out := range outs {
		at := slices.IndexFunc(credits, func(c credit) bool { return c.asset == out.asset })
		if at < 0 || out.amount.Gt(&credits[at].amount) {
			return nil, true
		}
		credits[at].amount.Sub(&credits[at].amount, &out.amount)
	}
	return credits, false
}

// debit takes amounts from a tainted pool, which leave it together. If the pool
// does not hold as much the ledger's history has a gap, and the difference is
// of unknown origin.
func (ev *event) debit(a *account, asset graph.AssetID, p *pool, amounts ...graph.Amount) (parts [][]Lot, err error) {
	var amount graph.Amount
	for i := range amounts {
		amount.Add(&amount, &amounts[i]) // net was able to sum them
	}
	held := total(p.lots)
	if amount.Gt(&held) {
		gap := amount
		gap.Sub(&gap, &held)
		lots := []Lot{{gap, unknown}}
		if err := ev.missing(a.id, asset, gap, false); err != nil {
			return nil, err
		}
		for _, s := range a.seeds {
			if !s.takes(asset) || s.asset == 0 && ev.poisonOut(a.id, asset) {
				continue
			}
			var fresh graph.Amount
			lots, fresh = s.paint(lots)
			if err := ev.seeded(s, a.id, asset, fresh, true); err != nil {
				return nil, err
			}
		}
		p.put(ev.run.plan.method, lots)
	}
	parts, p.lots = ev.run.plan.method.deal(p.lots, amounts)
	var t graph.Amount
	for _, lots := range parts {
		part := tainted(lots)
		t.Add(&t, &part)
	}
	if !t.IsZero() {
		h, err := ev.run.book.holder(ev.l, a.id, asset, a.hop, ev.header.Time)
		if err != nil {
			return nil, err
		}
		h.Out.Add(&h.Out, &t)
	}
	ev.touched[a.id] = a
	return parts, nil
}

// fees lets the payers of the transaction pay for it, before anything else: a
// ledger takes gas up front.
func (ev *event) fees() error {
	for i := range ev.tx.Moves {
		m := &ev.tx.Moves[i]
		a := ev.l.accounts[m.From]
		if !m.Kind.IsFee() || a == nil || m.Amount.IsZero() || m.From == m.To {
			continue // who earns his own fee has paid none
		}
		p := a.pools[m.Asset]
		if p == nil {
			if !a.seeded(m.Asset) {
				continue
			}
			p = ev.seedPool(a, m.Asset)
		}
		parts, err := ev.debit(a, m.Asset, p, m.Amount)
		if err != nil {
			return err
		}
		t := tainted(parts[0])
		if t.IsZero() {
			continue
		}
		if err := ev.run.stop(ev.l, 0, m.Asset, feeEnding, parts[0], a.hop+1, ev.header.Time); err != nil {
			return err
		}
		if err := ev.record(Step{Amount: m.Amount, Tainted: t, Hop: a.hop + 1, Rule: RuleFee, Legs: []graph.Seq{m.Seq}}, parts[0], m.From, m.To, m.Asset); err != nil {
			return err
		}
	}
	return nil
}

// seedPool starts an empty pool at a seeded address: what it held of the asset
// was seeded when the address was opened, so there was nothing.
func (ev *event) seedPool(a *account, asset graph.AssetID) *pool {
	p := &pool{}
	a.pools[asset] = p
	return p
}

// pay takes what tainted parties give from their pools and lays it on the
// flows.
func (ev *event) pay(flows []flow) error {
	for first := 0; first < len(flows); {
		asset, from := flows[first].asset, flows[first].from
		var mine []int
		for i := first; i < len(flows) && flows[i].asset == asset; i++ {
			if flows[i].from == from && !flows[i].paid {
				mine = append(mine, i)
				flows[i].paid = true
			}
		}
		a := ev.l.accounts[from]
		if a != nil && len(mine) > 0 {
			p := a.pools[asset]
			if p == nil && a.seeded(asset) {
				p = ev.seedPool(a, asset)
			}
			if p != nil {
				if err := ev.payFrom(a, p, asset, flows, mine); err != nil {
					return err
				}
			}
		}
		for first < len(flows) && flows[first].paid {
			first++
		}
	}
	return nil
}

func (ev *event) payFrom(a *account, p *pool, asset graph.AssetID, flows []flow, mine []int) error {
	amounts := make([]graph.Amount, len(mine))
	for i, at := range mine {
		amounts[i] = flows[at].amount
	}
	parts, err := ev.debit(a, asset, p, amounts...)
	if err != nil {
		return err
	}
	for i, at := range mine {
		flows[at].lots, flows[at].hop = parts[i], a.hop+1
	}
	return nil
}
