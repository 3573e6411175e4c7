package trace

import (
	"container/heap"
	"context"
	"fmt"
	"math/big"
	"slices"

	"spoor/graph"
)

// Run traces a case through the given snapshots. known says what is held about
// addresses besides the case's own labels.
//
// It fails with ErrCase or ErrSeed for a case that makes no sense,
// graph.ErrNotFound for a seed that the ledgers do not hold, and
// ErrConservation if the books do not balance, in which case nothing is
// returned.
func Run(ctx context.Context, views map[graph.ChainID]graph.View, c Case, known Known) (*Trace, error) {
	p, err := c.plan()
	if err != nil {
		return nil, err
	}
	if p.Direction == Backward {
		return newRun(views, p, known).backward(ctx)
	}
	r, err := begin(ctx, views, p, known)
	if err != nil {
		return nil, err
	}
	if err := r.loop(ctx, nil); err != nil {
		return nil, err
	}
	t, err := r.finish(ctx)
	if err != nil || known.Pools == nil {
		return t, err
	}
	exits, err := t.findExits(ctx, views, known)
	t.Exits = &exits
	return t, err
}

// run is a trace being made. What is added to it must be copied by clone.
type run struct {
	plan    *plan
	known   Known
	book    *book
	ledgers map[graph.ChainID]*ledger
	seeds   []*seeding
	done    int    // transactions evaluated
	cutBy   string // the bound that was met
	notes   []string
	hearsay []claim      // origins that are no seeds
	linked  map[int]bool // links of the case that were followed
}

// begin is a run whose seeds are planted.
func begin(ctx context.Context, views map[graph.ChainID]graph.View, p *plan, known Known) (*run, error) {
	if p.method.Ranks {
		return nil, fmt.Errorf("%w: %s gives a ranking, no trace", ErrCase, p.method.Name)
	}
	r := newRun(views, p, known)
	for i := range p.seeds {
		s := &seeding{Seed: &p.seeds[i], number: int32(i + 1), left: p.seeds[i].Limit}
		r.seeds = append(r.seeds, s)
		if err := r.plant(ctx, s); err != nil {
			return nil, fmt.Errorf("seed %s: %w", s, err)
		}
	}
	return r, nil
}

// newRun is a run that has not begun.
func newRun(views map[graph.ChainID]graph.View, p *plan, known Known) *run {
	r := &run{plan: p, known: known, book: newBook(), ledgers: make(map[graph.ChainID]*ledger), linked: make(map[int]bool)}
	for id, view := range views {
		r.ledgers[id] = newLedger(graph.ChainOf(id), view)
		r.ledgers[id].entities = known.Entities[id]
	}
	return r
}

// item is an event waiting: the transaction at which an account or a seed has
// something to do.
type item struct {
	time     int64
	l        *ledger
	tx       graph.Position
	account  *account
	seed     *seeding
	crossing *crossing
	last     bool // nothing happens at the seed's address: it waits behind the tip
}

// queue orders the events of one ledger by position. Block times are no help
// there: on Bitcoin they do not have to ascend.
type queue []*item

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q queue) Less(i, j int) bool {
	return q[i].tx.Compare(q[j].tx) < 0
}
func (q *queue) Push(x any) { *q = append(*q, x.(*item)) }
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return last
}

func (i *item) stale() bool { return i.account != nil && i.account.queued != i }

// push adds an event to the queue of its ledger.
func push(it *item) { heap.Push(&it.l.queue, it) }

// first is the event to evaluate next, nil if there is none: of the ledgers'
// next events the earliest by block time, then by chain. Transactions on
// different chains in the same second have no order that matters, but they need
// a fixed one.
func (r *run) first() *item {
	var first *item
	for _, l := range r.ledgers {
		next := l.head()
		if next == nil {
			continue
		}
		if first == nil || next.time < first.time || next.time == first.time && next.l.chain.ID < first.l.chain.ID {
			first = next
		}
	}
	return first
}

// head is the next event of the ledger, nil if there is none.
func (l *ledger) head() *item {
	for len(l.queue) > 0 && l.queue[0].stale() {
		heap.Pop(&l.queue)
	}
	if len(l.queue) == 0 {
		return nil
	}
	return l.queue[0]
}

// waiting counts the events in all queues.
func (r *run) waiting() (n int) {
	for _, l := range r.ledgers {
		n += len(l.queue)
	}
	return n
}

// enqueue puts an account at its next event, or forgets it if it has none.
func (r *run) enqueue(ctx context.Context, a *account) error {
	a.queued = nil
	e, err := a.peek(ctx)
	if err != nil || e == nil {
		return err
	}
	header, err := a.l.headerAt(e.At.Block)
	if err != nil {
		return err
	}
	a.queued = &item{time: header.Time, l: a.l, tx: e.At.StartOf(), account: a}
	push(a.queued)
	return nil
}

// loop evaluates transactions in order until none is left, a bound is met, or
// pause (which may be nil) says so of the next.
func (r *run) loop(ctx context.Context, pause func(*item) bool) error {
	for first := r.first(); first != nil && r.cutBy == ""; first = r.first() {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch {
		case pause != nil && pause(first):
			return nil
		case r.plan.until != 0 && first.time > r.plan.until:
			r.cutBy = "until"
			return nil
		case r.plan.MaxTransactions > 0 && r.done >= r.plan.MaxTransactions:
			r.cutBy = "max_transactions"
			return nil
		case r.plan.moving != nil && r.done%(1+r.waiting()/64) == 0 && r.enough():
			r.cutBy = "share"
			return nil
		}
		r.known.Watch.show(r)
		if err := r.step(ctx, first); err != nil {
			return fmt.Errorf("%s, transaction %d of block %d: %w", first.l.chain.Alias, first.tx.Tx, first.tx.Block, err)
		}
	}
	return nil
}

// step takes all events of the earliest transaction and evaluates it.
func (r *run) step(ctx context.Context, first *item) error {
	l, tx := first.l, first.tx
	l.comes(first.time)
	var accounts []*account
	var seeds []*seeding
	var crossings []*crossing
	for len(l.queue) > 0 && l.queue[0].tx == tx {
		it := heap.Pop(&l.queue).(*item)
		switch {
		case it.stale():
		case it.account != nil:
			accounts = append(accounts, it.account)
		case it.crossing != nil:
			crossings = append(crossings, it.crossing)
		default:
			seeds = append(seeds, it.seed)
		}
	}
	slices.SortFunc(accounts, func(a, b *account) int { return int(int64(a.id) - int64(b.id)) })
	slices.SortFunc(seeds, func(a, b *seeding) int { return int(a.number - b.number) })
	var moves []*seeding
	for _, s := range seeds {
		if s.byTx() {
			moves = append(moves, s)
			continue
		}
		// An address is seeded before anything happens at its first event,
		// which then comes up again with the account in it.
		if err := r.open(ctx, l, s, tx); err != nil {
			return err
		}
	}
	if len(moves) < len(seeds) {
		for _, s := range moves {
			push(&item{time: first.time, l: l, tx: tx, seed: s})
		}
		for _, c := range crossings {
			push(&item{time: first.time, l: l, tx: tx, crossing: c})
		}
		for _, a := range accounts {
			if err := r.enqueue(ctx, a); err != nil {
				return err
			}
		}
		return nil
	}
	header, err := l.headerAt(tx.Block)
	if err != nil {
		return err
	}
	r.done++
	l.done++
	l.last = tx
	slices.SortFunc(crossings, func(a, b *crossing) int { return a.passage - b.passage })
	ev := &event{run: r, l: l, at: tx, header: header, touched: make(map[graph.ID]*account), crossings: crossings}
	for _, a := range accounts {
		ev.touched[a.id] = a
	}
	if l.chain.Family == graph.UTXOFamily {
		err = ev.utxo(ctx, accounts, moves)
	} else {
		err = ev.accounts(ctx, accounts, moves)
	}
	if err == nil {
		err = l.err
	}
	if err != nil {
		return err
	}
	return ev.settle(ctx)
}

// unreached lists the seeds that are still waiting.
func (r *run) unreached() (seeds []*seeding) {
	for _, l := range r.ledgers {
		for _, it := range l.queue {
			if it.seed != nil {
				seeds = append(seeds, it.seed)
			}
		}
	}
	slices.SortFunc(seeds, func(a, b *seeding) int { return int(a.number - b.number) })
	return seeds
}

// enough looks at every pool, so loop asks the less often the more there are.
// It reports whether, in every asset, no more than the allowed part of all
// taint that ever was in it is still moving.
func (r *run) enough() bool {
	if len(r.unreached()) > 0 || len(r.onTheWay()) > 0 {
		return false // value that is not stolen yet, or between ledgers, cannot have ended
	}
	moving := make(map[assetKey]*big.Int)
	count := func(l *ledger, asset graph.AssetID, lots []Lot) {
		key := assetKey{l.chain.ID, asset}
		if moving[key] == nil {
			moving[key] = new(big.Int)
		}
		t := tainted(lots)
		moving[key].Add(moving[key], t.ToBig())
	}
	for _, l := range r.ledgers {
		for _, a := range l.accounts {
			if a.queued == nil {
				continue
			}
			for asset, p := range a.pools {
				count(l, asset, p.lots)
			}
		}
		for _, o := range l.outputs {
			if a := l.accounts[o.id]; a != nil && a.queued != nil {
				count(l, graph.NativeID, o.lots)
			}
		}
	}
	for key, b := range r.book.balances {
		part := new(big.Rat)
		if m := moving[key]; m != nil {
			all := new(big.Int).Add(b.Seeded.ToBig(), b.ConvertedIn.ToBig())
			all.Sub(all, b.ConvertedOut.ToBig())
			all.Add(all, b.BridgedIn.ToBig())
			all.Sub(all, b.BridgedOut.ToBig())
			if m.Sign() > 0 && all.Sign() > 0 {
				part.SetFrac(m, all)
			}
		}
		if part.Cmp(r.plan.moving) > 0 {
			return false
		}
	}
	return r.done > 0
}
