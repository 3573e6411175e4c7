package trace

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"spoor/graph"
)

// seeding is a seed at work.
type seeding struct {
	*Seed
	number int32
	left   graph.Amount  // of the limit
	asset  graph.AssetID // of an address seed; 0: every asset
	where  graph.ID      // of an address seed
	opened bool          // an address seed has marked what lay at its address
}

// takes reports whether the seed is about an asset at its address.
func (s *seeding) takes(asset graph.AssetID) bool { return s.asset == 0 || s.asset == asset }

// paint marks as stolen what is not marked yet, up to the seed's limit, and
// returns how much that was.
func (s *seeding) paint(lots []Lot) (painted []Lot, fresh graph.Amount) {
	for _, l := range lots {
		if l.tainted() {
			painted = add(painted, l)
			continue
		}
		part := l.Amount
		if s.HasLimit && s.left.Lt(&part) {
			part = s.left
		}
		if s.HasLimit {
			s.left.Sub(&s.left, &part)
		}
		fresh.Add(&fresh, &part)
		painted = add(painted, Lot{part, s.number})
		l.Amount.Sub(&l.Amount, &part)
		painted = add(painted, l)
	}
	return painted, fresh
}

// plant finds where a seed begins and queues it.
func (r *run) plant(ctx context.Context, s *seeding) error {
	l := r.ledgers[s.Chain.ID]
	if l == nil {
		return fmt.Errorf("%s: %w; ingest that chain first", s.Chain.Alias, graph.ErrNotFound)
	}
	if s.byTx() {
		positions, err := l.view.FindTx(s.Tx)
		if err != nil {
			return err
		}
		for _, at := range positions {
			if l.done > 0 && at.StartOf().Compare(l.last) <= 0 {
				continue // evaluated already, see Live
			}
			if err := r.sow(l, s, at.StartOf()); err != nil {
				return err
			}
		}
		return nil
	}
	where, asset, err := s.find(l)
	if err != nil || s.opened {
		return err
	}
	s.where, s.asset = where, asset
	tip, err := l.view.Tip()
	if err != nil {
		return err
	}
	var from graph.Position
	if s.HasBlock && s.Block != ^uint32(0) {
		from.Block = s.Block + 1
	}
	for e, err := range l.view.History(ctx, s.where, from) {
		if err != nil {
			return err
		}
		if s.HasTime {
			header, err := l.headerAt(e.At.Block)
			if err != nil {
				return err
			}
			if header.Time <= s.After {
				continue
			}
		}
		return r.sow(l, s, e.At.StartOf())
	}
	// Nothing happens later: what is held now is held for good.
	push(&item{time: tip.Time, l: l, tx: graph.Position{Block: tip.Height, Tx: graph.BlockTx, Seq: ^graph.Seq(0)}, seed: s, last: true})
	return nil
}

// find looks up what an address seed names.
func (s *seeding) find(l *ledger) (where graph.ID, asset graph.AssetID, err error) {
	if where, err = l.view.ID(s.Address); err == nil && s.Asset.Standard != 0 {
		asset, err = l.view.AssetID(s.Asset)
	}
	return where, asset, err
}

func (r *run) sow(l *ledger, s *seeding, tx graph.Position) error {
	header, err := l.headerAt(tx.Block)
	if err != nil {
		return err
	}
	push(&item{time: header.Time, l: l, tx: tx, seed: s})
	return nil
}

// open seeds an address: everything it holds before a transaction, and from
// then on everything that reaches it.
func (r *run) open(ctx context.Context, l *ledger, s *seeding, tx graph.Position) error {
	ev := &event{run: r, l: l, at: tx, touched: make(map[graph.ID]*account)}
	var err error
	if ev.header, err = l.headerAt(tx.Block); err != nil {
		return err
	}
	a := ev.account(s.where, 0)
	a.seeds = append(a.seeds, s)
	s.opened = true
	if l.chain.Family == graph.UTXOFamily {
		err = ev.seedOutputs(ctx, s)
	} else {
		err = ev.seedPools(ctx, a, s)
	}
	if err != nil {
		return err
	}
	a.rewind(tx) // the transaction itself is the first to be gone through
	for _, id := range slices.Sorted(maps.Keys(ev.touched)) {
		if err := r.enqueue(ctx, ev.touched[id]); err != nil {
			return err
		}
	}
	return nil
}

// seedPools seeds the balances of an account.
func (ev *event) seedPools(ctx context.Context, a *account, s *seeding) error {
	assets, err := ev.l.assetsHeld(ctx, a.id, ev.at)
	if err != nil {
		return err
	}
	for _, asset := range assets {
		if !s.takes(asset) {
			continue
		}
		if s.asset == 0 {
			poison, err := ev.onlyPoison(ctx, a.id, asset)
			if err != nil {
				return err
			}
			if poison {
				ev.run.notePoison(s)
				continue
			}
		}
		p := a.pools[asset]
		if p == nil {
			if p, _, err = ev.openPool(ctx, a, asset); err != nil {
				if err = ev.refuse(err, asset); err != nil {
					return err
				}
				continue
			}
		}
		lots, fresh := s.paint(p.lots)
		p.lots = nil
		p.put(ev.run.plan.method, lots)
		if err := ev.seeded(s, a.id, asset, fresh, false); err != nil {
			return err
		}
	}
	return nil
}

// seedOutputs seeds the outputs of an address that are unspent before a
// transaction.
func (ev *event) seedOutputs(ctx context.Context, s *seeding) error {
	type unspent struct {
		at     graph.Position
		amount graph.Amount
	}
	var held []unspent
	for e, err := range ev.l.view.History(ctx, s.where, graph.Position{}) {
		if err != nil {
			return err
		}
		if e.At.Compare(ev.at) >= 0 {
			break
		}
		if !e.Out {
			held = append(held, unspent{e.At, e.Amount})
			continue
		}
		for i := range held {
			if held[i].at == e.Spends {
				held = slices.Delete(held, i, i+1)
				break
			}
		}
	}
	for _, u := range held {
		var lots []Lot
		if known := ev.l.outputs[u.at]; known != nil {
			lots = known.lots
		} else {
			lots = add(nil, Lot{Amount: u.amount})
		}
		lots, fresh := s.paint(lots)
		if t := tainted(lots); !t.IsZero() {
			ev.keep(u.at, &output{id: s.where, lots: ev.run.plan.method.put(nil, lots)})
		}
		if err := ev.seeded(s, s.where, graph.NativeID, fresh, false); err != nil {
			return err
		}
	}
	return nil
}
