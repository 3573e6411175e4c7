package trace

import "spoor/graph"

// trade turns what pays for trades into what the trades deliver.
func (ev *event) trade(x *exchange) error {
	purchases, spent := x.convert()
	for asset, amount := range spent {
		balance, err := ev.run.book.balance(ev.l, asset)
		if err != nil {
			return err
		}
		balance.ConvertedOut.Add(&balance.ConvertedOut, &amount)
	}
	for i := range x.flows {
		f := &x.flows[i]
		t := tainted(f.given)
		if t.IsZero() {
			continue
		}
		if _, err := ev.counterparty(f.to, f.asset, f.hop); err != nil {
			return err
		}
		if err := ev.record(Step{Amount: f.amount, Tainted: t, Hop: f.hop, Rule: RuleGiven, Legs: f.legs}, f.given, f.from, f.to, f.asset); err != nil {
			return err
		}
	}
	for _, p := range purchases {
		f := &x.flows[p.delivery]
		base := f.lots
		if base == nil {
			base = []Lot{{Amount: f.amount}}
		}
		before := tainted(base)
		f.lots = overlay(base, p.paint(f.amount))
		gained := tainted(f.lots)
		if gained.IsZero() && ev.claims(p) {
			ev.run.note("transaction %s: stolen value bought part of something indivisible and is counted as given only", ev.tx.Hash)
		}
		if gained.Gt(&before) {
			gained.Sub(&gained, &before)
			balance, err := ev.run.book.balance(ev.l, f.asset)
			if err != nil {
				return err
			}
			balance.ConvertedIn.Add(&balance.ConvertedIn, &gained)
			f.bought = true
			if f.hop == 0 || p.hop < f.hop {
				f.hop = p.hop
			}
			if _, err := ev.counterparty(f.from, f.asset, f.hop); err != nil {
				return err
			}
		}
	}
	return nil
}

// claims reports whether tainted lots are among what paid for a delivery.
func (ev *event) claims(p purchase) bool {
	for _, lots := range p.paid {
		if t := tainted(lots); !t.IsZero() {
			return true
		}
	}
	return false
}

// counterparty books the other side of a trade, which keeps clean value.
func (ev *event) counterparty(id graph.ID, asset graph.AssetID, hop int) (*Holder, error) {
	if id&issuer != 0 {
		return nil, nil
	}
	h, err := ev.run.book.holder(ev.l, id, asset, hop, ev.header.Time)
	if err == nil && h.Role == roleIntermediate && h.In.IsZero() {
		h.Role = roleCounterparty
	}
	return h, err
}
