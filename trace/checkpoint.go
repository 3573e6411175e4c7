package trace

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"spoor/graph"
)

// checkpoint is a copy of a run at some blocks, to go back to when blocks above
// them are replaced.
//
//	taken   at the final height when a case is first traced; later before new
//	        blocks are evaluated, once the transactions since the last copy cost
//	        as much as a copy does, so that copying never costs more than tracing
//	thinned all but the newest of those that are final
type checkpoint struct {
	run  *run
	seen map[graph.ChainID]seen // tip and size; of blocks up to it everything is evaluated
}

// copyCost is how many pools and rows are copied in the time in which a
// transaction is evaluated, at least.
const copyCost = 16

// keep takes a checkpoint if it is time for one.
func (v *Live) keep() {
	if len(v.kept) > 0 && v.since*copyCost < v.run.size() {
		return
	}
	v.push(v.run, v.seen)
}

func (v *Live) push(r *run, at map[graph.ChainID]seen) {
	v.kept, v.since = append(v.kept, checkpoint{r.apart(), at}), 0
}

// apart is a clone that shares no lookup which decided something with the run:
// what the run looks up later is not known to have been so by then.
func (r *run) apart() *run {
	c := r.clone()
	for _, l := range c.ledgers {
		l.endings, l.assets, l.issuers = maps.Clone(l.endings), maps.Clone(l.assets), maps.Clone(l.issuers)
		l.bounded = maps.Clone(l.bounded)
	}
	return c
}

// thin drops checkpoints that no reorganisation can go below.
func (v *Live) thin() {
	for len(v.kept) > 1 {
		for id, s := range v.kept[1].seen {
			if !s.empty && s.tip.Height > graph.ChainOf(id).FinalHeight(v.seen[id].tip.Height) {
				return
			}
		}
		v.kept = slices.Delete(v.kept, 0, 1)
	}
}

// keepFinal evaluates a new run up to the final blocks and takes a checkpoint
// there. Without hashes, or without blocks at that height, there is none.
func (v *Live) keepFinal(ctx context.Context, r *run) error {
	at := make(map[graph.ChainID]seen, len(v.seen))
	for id, s := range v.seen {
		if s.empty {
			at[id] = s
			continue
		}
		h, err := r.ledgers[id].view.Header(graph.ChainOf(id).FinalHeight(s.tip.Height))
		if errors.Is(err, graph.ErrNotFound) {
			return nil
		} else if err != nil {
			return err
		}
		size, err := sizeUpTo(ctx, r.ledgers[id].view, h.Height)
		if err != nil {
			return err
		}
		at[id] = seen{tip: h, size: size, coverage: s.coverage}
	}
	above := func(it *item) bool { return it.last || it.tx.Block > at[it.l.chain.ID].tip.Height }
	if err := r.loop(ctx, above); err != nil {
		return err
	}
	if r.cutBy == "" && r.looksAhead() == "" {
		v.push(r, at)
	}
	return nil
}

// sizeUpTo counts what a snapshot holds up to a height.
func sizeUpTo(ctx context.Context, view graph.View, height uint32) (graph.Size, error) {
	size, err := view.Size()
	if err != nil || height == ^uint32(0) {
		return size, err
	}
	for tx, err := range view.Txs(ctx, height+1) {
		if err != nil {
			return size, err
		}
		size.Txs--
		size.Transfers -= uint64(len(tx.Moves))
	}
	return size, nil
}

// rollBack goes back to the newest checkpoint whose blocks are all there, and
// makes ready to go on from it in other snapshots.
func (v *Live) rollBack(ctx context.Context, views map[graph.ChainID]graph.View) error {
	for ; len(v.kept) > 0; v.kept = v.kept[:len(v.kept)-1] {
		c := &v.kept[len(v.kept)-1]
		same, err := c.holds(ctx, views)
		if err != nil {
			return err
		}
		if same {
			v.run, v.since = c.run.apart(), 0
			return v.resume(ctx, views, c)
		}
	}
	return anew("the reorganisation goes below every state that was kept")
}

// holds reports whether the blocks of a checkpoint are in the snapshots, with
// nothing added to them.
func (c *checkpoint) holds(ctx context.Context, views map[graph.ChainID]graph.View) (bool, error) {
	for id, s := range c.seen {
		if same, err := s.among(views[id]); err != nil || !same {
			return false, err
		}
		if s.empty {
			continue
		}
		if s.tip.Hash.IsZero() {
			return false, nil
		}
		size, err := sizeUpTo(ctx, views[id], s.tip.Height)
		if err != nil {
			return false, err
		}
		coverage, err := views[id].Coverage()
		if err != nil {
			return false, err
		}
		if size.Txs != s.size.Txs || size.Transfers != s.size.Transfers || !slices.Equal(below(coverage, s.next()), below(s.coverage, s.next())) {
			return false, nil
		}
	}
	return true, nil
}

// resume looks everything up again in new snapshots, whose blocks up to the
// checkpoint are the same.
func (v *Live) resume(ctx context.Context, views map[graph.ChainID]graph.View, c *checkpoint) error {
	r := v.run
	for id, l := range r.ledgers {
		if l.began && c.seen[id].empty {
			return anew("a ledger was emptied")
		}
		l.forget(views[id], c.seen[id].tip.Height)
		if err := r.unchanged(ctx, l, slices.Sorted(maps.Keys(l.endings))); err != nil {
			return err
		}
	}
	for _, s := range r.seeds {
		if err := r.resow(ctx, s); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.ledgers)) {
		l := r.ledgers[id]
		for _, at := range slices.Sorted(maps.Keys(l.accounts)) {
			if err := r.enqueue(ctx, l.accounts[at]); err != nil {
				return err
			}
		}
	}
	for _, l := range r.ledgers {
		if next := l.head(); next != nil && !next.last {
			if err := inOrder(r.ledgers, l, next.time); err != nil {
				return err
			}
		}
	}
	return nil
}

// resow plants a seed again after a reorganisation, unless that is done.
func (r *run) resow(ctx context.Context, s *seeding) error {
	if s.opened {
		where, asset, err := s.find(r.ledgers[s.Chain.ID])
		if err != nil {
			return fmt.Errorf("seed %s: %w", s, err)
		}
		if where != s.where || asset != s.asset {
			return anew("what seed " + s.String() + " names has another number after the reorganisation")
		}
		return nil
	}
	if err := r.plant(ctx, s); err != nil {
		return fmt.Errorf("seed %s: %w", s, err)
	}
	return nil
}

// setQueue makes items the queue of the ledger.
func (l *ledger) setQueue(items []*item) {
	l.queue = items
	heap.Init(&l.queue)
}
