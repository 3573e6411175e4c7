package trace

import (
	"container/heap"
	"maps"
	"slices"

	"spoor/cluster/amm"
	"spoor/graph"
)

// clone is a copy of a run that goes its own way from here. What was found and
// never changes again (steps, unknown value) is shared. The lookups of its
// ledgers are shared too, so that both must read the same snapshots; a copy
// that is to read others calls forget. A run with value between two ledgers is
// never cloned: it looks ahead.
func (r *run) clone() *run {
	c := *r
	c.notes, c.hearsay, c.linked = slices.Clone(r.notes), slices.Clone(r.hearsay), maps.Clone(r.linked)
	c.book = r.book.clone()
	seeds := make(map[*seeding]*seeding, len(r.seeds))
	c.seeds = make([]*seeding, len(r.seeds))
	for i, s := range r.seeds {
		own := *s
		c.seeds[i], seeds[s] = &own, &own
	}
	c.ledgers = make(map[graph.ChainID]*ledger, len(r.ledgers))
	for id, l := range r.ledgers {
		c.ledgers[id] = l.clone(seeds)
	}
	return &c
}

// size is about what a clone costs, in pools, outputs and rows of the book.
func (r *run) size() int {
	n := len(r.book.seeds) + len(r.book.stops) + len(r.book.holders) + len(r.book.balances)
	for _, l := range r.ledgers {
		n += len(l.accounts) + len(l.outputs) + len(l.balances)
	}
	return n
}

func (b *book) clone() *book {
	c := &book{seeds: slices.Clone(b.seeds), seedAt: maps.Clone(b.seedAt),
		steps: slices.Clip(b.steps), passages: slices.Clone(b.passages), unknowns: slices.Clip(b.unknowns),
		stops: make(map[stopKey]*Stop, len(b.stops)), holders: make(map[holderKey]*Holder, len(b.holders)), balances: make(map[assetKey]*Balance, len(b.balances))}
	for k, v := range b.stops {
		own := *v
		c.stops[k] = &own
	}
	for k, v := range b.holders {
		own := *v
		c.holders[k] = &own
	}
	for k, v := range b.balances {
		own := *v
		c.balances[k] = &own
	}
	return c
}

// clone copies a ledger with its queue; seeds tells the copies of the seeds.
func (l *ledger) clone(seeds map[*seeding]*seeding) *ledger {
	c := *l
	c.poison = make(map[graph.ID]poisoned)
	c.balances, c.skipped, c.vouched = maps.Clone(l.balances), maps.Clone(l.skipped), maps.Clone(l.vouched)
	c.accounts = make(map[graph.ID]*account, len(l.accounts))
	for id, a := range l.accounts {
		own := *a
		own.l, own.queued = &c, nil
		own.ahead, own.seeds = slices.Clone(a.ahead), make([]*seeding, len(a.seeds))
		for i, s := range a.seeds {
			own.seeds[i] = seeds[s]
		}
		own.pools = make(map[graph.AssetID]*pool, len(a.pools))
		for asset, p := range a.pools {
			own.pools[asset] = &pool{lots: slices.Clone(p.lots), mark: p.mark}
		}
		c.accounts[id] = &own
	}
	c.outputs = make(map[graph.Position]*output, len(l.outputs))
	for at, o := range l.outputs {
		c.outputs[at] = &output{id: o.id, lots: slices.Clone(o.lots), hop: o.hop}
	}
	c.queue = make(queue, 0, len(l.queue))
	for _, it := range l.queue {
		if it.stale() {
			continue
		}
		own := *it
		own.l = &c
		if it.account != nil {
			own.account = c.accounts[it.account.id]
			own.account.queued = &own
		} else {
			own.seed = seeds[it.seed]
		}
		c.queue = append(c.queue, &own)
	}
	heap.Init(&c.queue)
	return &c
}

// forget makes the ledger read another snapshot, whose blocks up to a height
// are the same: what was read ahead is read again, and nothing waits in the
// queue any more.
func (l *ledger) forget(view graph.View, height uint32) {
	l.view, l.read, l.looked, l.queue, l.caseIDs = view, false, false, nil, nil
	l.pools = make(map[graph.ID]amm.Proof)
	l.poison = make(map[graph.ID]poisoned)
	l.names, l.stated = make(map[graph.ID]graph.Address), make(map[graph.Address][]graph.Stated)
	above := graph.Position{Block: height + 1}
	for _, a := range l.accounts {
		next := a.next
		if len(a.ahead) > 0 {
			next = a.ahead[0].At
		}
		if height != ^uint32(0) && above.Compare(next) < 0 {
			next = above
		}
		a.queued = nil
		a.rewind(next)
	}
}
