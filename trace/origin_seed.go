package trace

import (
	"context"
	"errors"

	"spoor/graph"
)

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
