package trace

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"

	"spoor/cluster/passage"
	"spoor/graph"
)

// A trace backward asks where value came from. Its seeds name value where it
// came to lie: what a transaction paid, one movement, or what an address held.
// The transactions about which something is asked are taken latest first, each
// once and as a whole (account ledgers: origin.go; UTXO ledgers: spent.go).
// What is wanted of its movements is put on the pools that paid them, whose
// histories (past.go) tell which earlier movements that came from.

// backtrace is a trace backward being made.
type backtrace struct {
	*run
	reverse  reverse
	backlogs map[graph.ChainID]*backlog
}

// backlog is what is still asked of one ledger.
type backlog struct {
	l     *ledger
	due   map[graph.Position]*due // by where the transaction begins
	order latestFirst
	pasts map[poolKey]*past
	named map[graph.ID]bool // addresses of seeds
}

// due is what is asked of one transaction.
type due struct {
	time      int64
	seeds     []*seeding
	incomes   []income                 // of account ledgers
	outputs   map[graph.Seq]*outputDue // of UTXO ledgers
	comebacks []*comeback              // of what left here through bridges
}

// income is a turn of a pool at which something came in that is wanted.
type income struct {
	*past
	turn int
}

// outputDue is what is wanted of an output.
type outputDue struct {
	want
	hop   int
	said  int32        // what it rests on
	fresh graph.Amount // of it, seeded
}

// latestFirst is a heap of positions.
type latestFirst []graph.Position

func (q latestFirst) Len() int           { return len(q) }
func (q latestFirst) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q latestFirst) Less(i, j int) bool { return q[i].Compare(q[j]) > 0 }
func (q *latestFirst) Push(x any)        { *q = append(*q, x.(graph.Position)) }
func (q *latestFirst) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// backward traces the case of a run that has not begun.
func (r *run) backward(ctx context.Context) (*Trace, error) {
	b := &backtrace{run: r, reverse: r.plan.method.reverse, backlogs: make(map[graph.ChainID]*backlog)}
	for id, l := range r.ledgers {
		b.backlogs[id] = &backlog{l: l, due: make(map[graph.Position]*due), pasts: make(map[poolKey]*past), named: make(map[graph.ID]bool)}
	}
	for i := range r.plan.seeds {
		s := &seeding{Seed: &r.plan.seeds[i], number: int32(i + 1), left: r.plan.seeds[i].Limit}
		if err := b.plant(ctx, s); err != nil {
			return nil, fmt.Errorf("seed %s: %w", s, err)
		}
	}
	if err := b.loop(ctx); err != nil {
		return nil, err
	}
	b.inOrder()
	return r.finish(ctx)
}

// plant finds where value that a seed names came to lie. What an address holds
// is asked at its last movement up to then.
func (b *backtrace) plant(ctx context.Context, s *seeding) error {
	q := b.backlogs[s.Chain.ID]
	if q == nil {
		return fmt.Errorf("%s: %w; ingest that chain first", s.Chain.Alias, graph.ErrNotFound)
	}
	if s.byTx() {
		positions, err := q.l.view.FindTx(s.Tx)
		if err != nil {
			return err
		}
		for _, at := range positions {
			if err := q.sow(at.StartOf(), s); err != nil {
				return err
			}
		}
		return nil
	}
	var err error
	if s.where, err = q.l.view.ID(s.Address); err != nil {
		return err
	}
	if s.Asset.Standard != 0 {
		if s.asset, err = q.l.view.AssetID(s.Asset); err != nil {
			return err
		}
	}
	q.named[s.where] = true
	var last graph.Position
	found := false
	for e, err := range q.l.view.History(ctx, s.where, graph.Position{}) {
		if err != nil {
			return err
		}
		if s.HasBlock && e.At.Block > s.Block {
			break
		}
		if s.HasTime {
			header, err := q.l.headerAt(e.At.Block)
			if err != nil {
				return err
			}
			if header.Time > s.After {
				break
			}
		}
		last, found = e.At.StartOf(), true
	}
	if !found {
		return nil // it held nothing yet: barren tells
	}
	return q.sow(last, s)
}

func (q *backlog) sow(at graph.Position, s *seeding) error {
	d, err := q.at(at)
	if err == nil {
		d.seeds = append(d.seeds, s)
	}
	return err
}

// at is what is asked of a transaction, which is looked at in its turn.
func (q *backlog) at(tx graph.Position) (*due, error) {
	if d := q.due[tx]; d != nil {
		return d, nil
	}
	header, err := q.l.headerAt(tx.Block)
	if err != nil {
		return nil, err
	}
	q.due[tx] = &due{time: header.Time, outputs: make(map[graph.Seq]*outputDue)}
	heap.Push(&q.order, tx)
	return q.due[tx], nil
}

// ask puts the turns of a pool at which something is wanted in their places.
func (q *backlog) ask(p *past, turns []int) error {
	for _, turn := range turns {
		d, err := q.at(p.turns[turn].at)
		if err != nil {
			return err
		}
		d.incomes = append(d.incomes, income{p, turn})
	}
	return nil
}

// past is the history of a pool through a transaction or a later one.
func (q *backlog) past(ctx context.Context, id graph.ID, asset graph.AssetID, through graph.Position) (*past, error) {
	key := poolKey{id, asset}
	if q.pasts[key] == nil {
		p, err := q.l.readPast(ctx, id, asset, through)
		if err != nil {
			return nil, err
		}
		q.pasts[key] = p
	}
	return q.pasts[key], nil
}

// latest is the ledger whose next transaction is the latest of all by block
// time, then by chain; nil if nothing is asked any more.
func (b *backtrace) latest() (latest *backlog) {
	for _, id := range slices.Sorted(maps.Keys(b.backlogs)) {
		q := b.backlogs[id]
		if len(q.order) > 0 && (latest == nil || q.due[q.order[0]].time > latest.due[latest.order[0]].time) {
			latest = q
		}
	}
	return latest
}

func (b *backtrace) loop(ctx context.Context) error {
	for q := b.latest(); q != nil; q = b.latest() {
		if err := ctx.Err(); err != nil {
			return err
		}
		at := q.order[0]
		waiting := 0
		for _, other := range b.backlogs {
			waiting += len(other.order)
		}
		switch {
		case b.plan.until != 0 && q.due[at].time < b.plan.until:
			return b.cut("until")
		case b.plan.MaxTransactions > 0 && b.done >= b.plan.MaxTransactions:
			return b.cut("max_transactions")
		case b.plan.moving != nil && b.done%(1+waiting/64) == 0 && b.found():
			return b.cut("share")
		}
		b.known.Watch.show(b.run)
		if err := b.step(ctx, q, at); err != nil {
			return fmt.Errorf("%s, transaction %d of block %d: %w", q.l.chain.Alias, at.Tx, at.Block, err)
		}
	}
	return nil
}

// step looks at the latest transaction about which something is asked.
func (b *backtrace) step(ctx context.Context, q *backlog, at graph.Position) error {
	header, err := q.l.headerAt(at.Block)
	if err != nil {
		return err
	}
	o := &origin{event: event{run: b.run, l: q.l, at: at, header: header, touched: make(map[graph.ID]*account)}, backlog: q, backlogs: b.backlogs, reverse: b.reverse}
	d := q.due[at]
	var paid []*seeding
	for _, s := range d.seeds {
		if s.byTx() {
			paid = append(paid, s)
			continue
		}
		if err := o.held(ctx, s); err != nil { // asks more, of this transaction and earlier ones
			return err
		}
	}
	heap.Pop(&q.order)
	delete(q.due, at)
	if len(paid)+len(d.incomes)+len(d.outputs)+len(d.comebacks) == 0 {
		return nil
	}
	b.done++
	q.l.done++
	q.l.last = at
	if err := o.load(); err != nil {
		return err
	}
	if q.l.chain.Family == graph.UTXOFamily {
		err = o.spent(ctx, d, paid)
	} else {
		slices.SortFunc(d.incomes, func(a, b income) int { return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.asset, b.asset)) })
		err = o.accounts(ctx, d, paid)
	}
	return errors.Join(err, q.l.err)
}

// each yields what is asked of the ledgers and not answered, with where it is.
func (b *backtrace) each(yield func(l *ledger, id graph.ID, asset graph.AssetID, lots []Lot, hop int, time int64) error) error {
	for _, chain := range slices.Sorted(maps.Keys(b.backlogs)) {
		q := b.backlogs[chain]
		for _, at := range slices.SortedFunc(maps.Keys(q.due), graph.Position.Compare) {
			d := q.due[at]
			for _, in := range d.incomes {
				if q.l.skipped[in.asset] {
					continue
				}
				if err := yield(q.l, in.id, in.asset, asLots(in.outstanding(b.reverse, in.turn), in.said), in.hop, d.time); err != nil {
					return err
				}
			}
			for _, c := range d.comebacks {
				if err := yield(c.l, c.payer, c.asset, asLots(c.want.total(), c.said), c.hop, c.time); err != nil {
					return err
				}
			}
			if len(d.outputs) == 0 {
				continue
			}
			tx, err := q.l.view.Tx(at)
			if err != nil {
				return err
			}
			for i := range tx.Moves {
				if o := d.outputs[tx.Moves[i].Seq]; o != nil {
					if err := yield(q.l, tx.Moves[i].To, graph.NativeID, asLots(o.total(), o.said), o.hop, d.time); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// cut ends what is still asked because of a bound.
func (b *backtrace) cut(by string) error {
	e := derivedEnding(StopBudget, by+" "+b.bound(by))
	for _, chain := range slices.Sorted(maps.Keys(b.backlogs)) {
		q := b.backlogs[chain]
		for _, at := range slices.SortedFunc(maps.Keys(q.due), graph.Position.Compare) {
			for _, s := range q.due[at].seeds {
				b.note("seed %s was not reached: the bound %s %s came first", s, by, b.bound(by))
			}
			for _, c := range q.due[at].comebacks {
				if err := b.endBack(c, c.arrival(), e, "the bound "+by+" came first"); err != nil {
					return err
				}
			}
			q.due[at].comebacks = nil
		}
	}
	return b.each(func(l *ledger, id graph.ID, asset graph.AssetID, lots []Lot, hop int, time int64) error {
		return b.stop(l, id, asset, e, lots, hop, time)
	})
}

// found reports whether no more than the allowed part of any asset is still
// asked for.
func (b *backtrace) found() bool {
	asked := make(map[assetKey]*big.Int)
	for _, q := range b.backlogs {
		for _, d := range q.due {
			if len(d.seeds) > 0 {
				return false
			}
		}
	}
	err := b.each(func(l *ledger, _ graph.ID, asset graph.AssetID, lots []Lot, _ int, _ int64) error {
		key := assetKey{l.chain.ID, asset}
		if asked[key] == nil {
			asked[key] = new(big.Int)
		}
		amount := total(lots)
		asked[key].Add(asked[key], amount.ToBig())
		return nil
	})
	if err != nil {
		return false // the next step meets it too
	}
	for key, balance := range b.book.balances {
		all := new(big.Int).Add(balance.Seeded.ToBig(), balance.ConvertedIn.ToBig())
		all.Sub(all, balance.ConvertedOut.ToBig())
		all.Add(all, balance.BridgedIn.ToBig())
		all.Sub(all, balance.BridgedOut.ToBig())
		if m := asked[key]; m != nil && m.Sign() > 0 && all.Sign() > 0 && new(big.Rat).SetFrac(m, all).Cmp(b.plan.moving) > 0 {
			return false
		}
	}
	return b.done > 0
}

// inOrder turns what was found latest first into ledger order; what is about one
// transaction is in order already.
func (b *backtrace) inOrder() {
	slices.SortStableFunc(b.book.passages, func(a, c Passage) int {
		return cmp.Or(passage.Compare(a.Told(), c.Told()), passage.Compare(a.Arrival, c.Arrival))
	})
	b.book.steps = latestLast(b.book.steps, func(a, c *Step) bool { return a.Chain == c.Chain && a.At.StartOf() == c.At.StartOf() })
	b.book.seeds = latestLast(b.book.seeds, func(a, c *Seeded) bool { return a.Asset.Asset.Chain == c.Asset.Asset.Chain && a.At == c.At })
	b.book.unknowns = latestLast(b.book.unknowns, func(a, c *Unknown) bool { return a.Asset.Asset.Chain == c.Asset.Asset.Chain && a.At == c.At })
}

// latestLast reverses the order of groups, not that inside them.
func latestLast[T any](list []T, together func(a, b *T) bool) (turned []T) {
	for end := len(list); end > 0; {
		from := end - 1
		for from > 0 && together(&list[from-1], &list[end-1]) {
			from--
		}
		turned = append(turned, list[from:end]...)
		end = from
	}
	return turned
}
