package trace

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"spoor/cluster/amm"
	"spoor/graph"
)

// Live is a trace that is kept going while its ledgers grow: its pools, queue
// and books stay at the tips, and new blocks wake only the accounts in which
// taint lies and that move. Its Trace is the one that Run makes of the same
// snapshots, byte for byte.
//
// A reorganisation takes it back to a copy of the run from below the fork (see
// checkpoint.go). Some of what a trace decides depends on what comes later;
// where new blocks change such a decision, and where a ledger changes below its
// tip, the case is traced anew, and Extension tells why. A Live is for one
// goroutine.
type Live struct {
	plan  *plan
	known Known
	run   *run   // nil: to be traced anew
	ended *Trace // of a run that looks ahead, which is not kept
	seen  map[graph.ChainID]seen
	kept  []checkpoint // by height, ascending
	since int          // transactions evaluated since the last of them
}

// Extension tells what bringing a trace to new tips took.
type Extension struct {
	Transactions int    // evaluated for it
	Steps        int    // of the trace before, from its beginning, that stand
	RolledBack   bool   // a reorganisation took it back to an earlier state
	Anew         string // why the whole case was traced, "" if it was not
	Changed      bool   // more than tips and coverage may differ from before
}

// NewLive is a trace of a case that has not begun.
func NewLive(c Case) (*Live, error) {
	p, err := c.plan()
	if err != nil {
		return nil, err
	}
	if p.Direction == Backward {
		return nil, fmt.Errorf("%w: a trace backward is not kept going: new blocks change nothing of where value came from", ErrCase)
	}
	return &Live{plan: p}, nil
}

// anew is the reason for which a trace cannot be extended.
type anew string

func (a anew) Error() string { return string(a) }

// looksAhead is why what was evaluated may not stand when the ledgers grow, ""
// if it does or unchanged finds out. What decides by blocks that are yet to come
// belongs here.
func (r *run) looksAhead() string {
	if r.plan.moving != nil {
		return "the bound share depends on what comes later"
	}
	if len(r.book.passages) > 0 || len(r.plan.links) > 0 {
		return "value that left over a bridge may arrive in any block"
	}
	for _, l := range r.ledgers {
		if l.entities != nil {
			return "who shares an owner is seen anew with every block"
		}
	}
	return ""
}

// Extend brings the trace to the tips of snapshots, which must stay open until
// Trace was called. known is as in Run; about an address that the trace has met
// it must say what it said before. Its errors are those of Run; the next call
// then traces anew.
func (v *Live) Extend(ctx context.Context, views map[graph.ChainID]graph.View, known Known) (Extension, error) {
	v.known = known
	if v.run == nil {
		return v.restart(ctx, views, "nothing was traced before")
	}
	steps := len(v.run.book.steps)
	x, err := v.extend(ctx, views)
	var why anew
	if errors.As(err, &why) {
		return v.restart(ctx, views, string(why))
	}
	if err != nil {
		v.run = nil
		return x, err
	}
	if !x.RolledBack {
		x.Steps = steps
	}
	for _, l := range v.run.ledgers {
		if len(l.skipped) > 0 {
			x.Steps = 0 // some of them are left out of the result
		}
	}
	return x, nil
}

// Trace is the trace at the tips it was extended to last.
func (v *Live) Trace(ctx context.Context) (*Trace, error) {
	if v.run == nil {
		return nil, errors.New("nothing was traced yet")
	}
	if v.ended != nil {
		return v.ended, nil
	}
	ahead := v.run.looksAhead() != ""
	r := v.run
	if !ahead {
		r = r.clone()
	}
	var t *Trace
	err := r.loop(ctx, nil) // seeds that wait behind the tips
	if err == nil {
		t, err = r.finish(ctx)
	}
	if v.ended = nil; ahead {
		v.ended = t
	}
	if err != nil {
		v.run = nil
	}
	return t, err
}

// restart traces the case from its beginning.
func (v *Live) restart(ctx context.Context, views map[graph.ChainID]graph.View, why string) (Extension, error) {
	x := Extension{Anew: why, Changed: true}
	v.run, v.ended, v.kept, v.since = nil, nil, nil, 0
	r, err := begin(ctx, views, v.plan, v.known)
	if err != nil {
		return x, err
	}
	if v.seen, err = lookAt(views); err != nil {
		return x, err
	}
	if r.looksAhead() == "" {
		if err := v.keepFinal(ctx, r); err != nil {
			return x, err
		}
	}
	final := r.done
	if err := r.loop(ctx, (*item).behind); err != nil {
		return x, err
	}
	v.run, v.since, x.Transactions = r, r.done-final, r.done
	return x, nil
}

// behind reports whether an event is that of a seed at which nothing happens:
// it waits behind the tip, and moves with it.
func (i *item) behind() bool { return i.last }

func (v *Live) extend(ctx context.Context, views map[graph.ChainID]graph.View) (Extension, error) {
	news, forked, err := v.compare(ctx, views)
	if err != nil {
		return Extension{}, err
	}
	now, err := lookAt(views)
	if err != nil {
		return Extension{}, err
	}
	var x Extension
	why := v.run.looksAhead()
	switch {
	case why != "" && !forked && maps.EqualFunc(v.seen, now, seen.equal):
		_, err := v.wake(ctx, views, news) // what is said about assets may have changed
		return x, err
	case why != "":
		return x, anew(why)
	case forked:
		x.RolledBack, x.Changed = true, true
		if err := v.rollBack(ctx, views); err != nil {
			return x, err
		}
		x.Steps = len(v.run.book.steps)
	default:
		if x.Changed, err = v.wake(ctx, views, news); err != nil {
			return x, err
		}
	}
	v.run.known = v.known
	if next := v.run.first(); next != nil && !next.last && !forked {
		v.keep()
	}
	v.seen = now
	before := v.run.done
	v.run.cutBy = ""
	if err := v.run.loop(ctx, (*item).behind); err != nil {
		return x, err
	}
	x.Transactions = v.run.done - before
	v.since += x.Transactions
	v.thin()
	return x, nil
}

// seen is a ledger as it was when the trace was brought to its tip.
type seen struct {
	tip      graph.Header
	empty    bool
	size     graph.Size
	coverage []graph.Coverage
}

func (s seen) equal(o seen) bool {
	return s.tip == o.tip && s.empty == o.empty && s.size == o.size && slices.Equal(s.coverage, o.coverage)
}

func lookAt(views map[graph.ChainID]graph.View) (map[graph.ChainID]seen, error) {
	all := make(map[graph.ChainID]seen, len(views))
	for id, view := range views {
		var s seen
		var err error
		s.tip, err = view.Tip()
		if s.empty = errors.Is(err, graph.ErrNotFound); s.empty {
			err = nil
		}
		if err == nil {
			s.size, err = view.Size()
		}
		if err == nil {
			s.coverage, err = view.Coverage()
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", graph.ChainOf(id).Alias, err)
		}
		all[id] = s
	}
	return all, nil
}

// news is what new blocks of a ledger have to do with the trace.
type news struct {
	l     *ledger
	moved []graph.ID       // accounts with taint and addresses that were judged, ascending
	seeds []graph.Position // transactions that seeds name
	named []*seeding       // beside them
	froze bool             // an issuer froze or freed somebody
	back  bool             // somebody took back what was put into a mixer
}

// compare reads the blocks above those that were seen. forked reports that a
// block that was seen is not there any more; the news are incomplete then.
func (v *Live) compare(ctx context.Context, views map[graph.ChainID]graph.View) (all []news, forked bool, err error) {
	if len(views) != len(v.seen) {
		return nil, false, anew("other chains are in the store than before")
	}
	for _, id := range slices.Sorted(maps.Keys(views)) {
		view, alias := views[id], graph.ChainOf(id).Alias
		old, known := v.seen[id]
		if !known {
			return nil, false, anew(alias + " was not in the store before")
		}
		l := v.run.ledgers[id]
		tip, err := view.Tip()
		if empty := errors.Is(err, graph.ErrNotFound); empty && old.empty {
			continue
		} else if empty {
			return nil, true, nil
		} else if err != nil {
			return nil, false, err
		}
		n := news{l: l}
		var added graph.Size
		switch same, err := old.among(view); {
		case err != nil:
			return nil, false, err
		case !same:
			return nil, true, nil
		case old.empty || tip.Height > old.tip.Height:
			if !old.empty && old.tip.Hash.IsZero() {
				return nil, false, anew("the blocks of " + alias + " have no hashes to tell them apart by")
			}
			if added, err = n.read(ctx, view, v.run.seeds, old.next()); err != nil {
				return nil, false, err
			}
		}
		size, err := view.Size()
		if err != nil {
			return nil, false, err
		}
		if size.Txs != old.size.Txs+added.Txs || size.Transfers != old.size.Transfers+added.Transfers {
			return nil, false, anew(fmt.Sprintf("more was read of %s below block %d", alias, old.next()))
		}
		coverage, err := view.Coverage()
		if err != nil {
			return nil, false, err
		}
		if !slices.Equal(below(coverage, old.next()), below(old.coverage, old.next())) {
			return nil, false, anew(fmt.Sprintf("what is known of %s below block %d is another", alias, old.next()))
		}
		all = append(all, n)
	}
	return all, false, nil
}

// among reports whether the snapshot has the block that was the tip.
func (s seen) among(view graph.View) (bool, error) {
	if s.empty {
		return true, nil
	}
	h, err := view.Header(s.tip.Height)
	if errors.Is(err, graph.ErrNotFound) {
		return false, nil
	}
	return h == s.tip, err
}

// next is the first height above what was seen.
func (s seen) next() uint32 {
	if s.empty {
		return 0
	}
	return s.tip.Height + 1
}

// below is coverage cut off at a height.
func below(rows []graph.Coverage, height uint32) (cut []graph.Coverage) {
	for _, row := range rows {
		if row.From >= height {
			continue
		}
		row.To = min(row.To, height-1)
		cut = append(cut, row)
	}
	return cut
}

// read goes through the transactions from a height on, and counts them.
func (n *news) read(ctx context.Context, view graph.View, seeds []*seeding, from uint32) (added graph.Size, err error) {
	byHash := make(map[graph.Hash][]*seeding)
	for _, s := range seeds {
		if s.byTx() && s.Chain.ID == n.l.chain.ID {
			byHash[s.Tx] = append(byHash[s.Tx], s)
		}
	}
	moved := make(map[graph.ID]bool)
	see := func(id graph.ID) {
		if id == 0 || moved[id] {
			return
		}
		if _, judged := n.l.endings[id]; judged || n.l.bounded[id] || n.l.accounts[id] != nil {
			moved[id] = true
		}
	}
	for tx, err := range view.Txs(ctx, from) {
		if err != nil {
			return added, err
		}
		added.Txs++
		added.Transfers += uint64(len(tx.Moves))
		for i := range tx.Events {
			n.back = n.back || tx.Events[i].Kind == graph.TakenBack && n.judged(tx.Events[i].Emitter)
			n.froze = n.froze || tx.Events[i].Kind == graph.Frozen || tx.Events[i].Kind == graph.Unfrozen
		}
		for i := range tx.Moves {
			see(tx.Moves[i].From)
			see(tx.Moves[i].To)
		}
		for _, s := range byHash[tx.Hash] {
			n.seeds, n.named = append(n.seeds, tx.At.StartOf()), append(n.named, s)
		}
	}
	n.moved = slices.Sorted(maps.Keys(moved))
	return added, nil
}

// judged reports whether value was told to end at an address, or not to.
func (n *news) judged(a graph.Address) bool {
	id, err := n.l.view.ID(a)
	if err != nil {
		return false // in no transfer that was seen
	}
	_, judged := n.l.endings[id]
	return judged || n.l.bounded[id]
}

// wake puts the accounts that move in new blocks back into the queue, and with
// them the seeds that those blocks hold. It reports whether there are any.
func (v *Live) wake(ctx context.Context, views map[graph.ChainID]graph.View, all []news) (awake bool, err error) {
	r := v.run
	for id, view := range views {
		l := r.ledgers[id]
		l.pools, l.poison = make(map[graph.ID]amm.Proof), make(map[graph.ID]poisoned)
		l.view, l.looked, l.stated = view, false, make(map[graph.Address][]graph.Stated)
	}
	for i := range all {
		if err := r.unchanged(ctx, all[i].l, all[i].moved); err != nil {
			return false, err
		}
	}
	for i := range all {
		n := &all[i]
		if n.back {
			return false, anew("a deposit into a mixer was taken back")
		}
		awake = awake || n.froze
		for _, id := range n.moved {
			a := n.l.accounts[id]
			if a == nil || a.queued != nil {
				continue
			}
			if err := r.enqueue(ctx, a); err != nil {
				return false, err
			}
			if a.queued == nil {
				continue
			}
			awake = true
			if err := inOrder(r.ledgers, n.l, a.queued.time); err != nil {
				return false, err
			}
		}
		for j, s := range n.named {
			if err := r.sow(n.l, s, n.seeds[j]); err != nil {
				return false, err
			}
			header, err := n.l.headerAt(n.seeds[j].Block)
			if err != nil {
				return false, err
			}
			awake = true
			if err := inOrder(r.ledgers, n.l, header.Time); err != nil {
				return false, err
			}
		}
	}
	return awake, v.replant(ctx, &awake)
}

// inOrder reports an error if what happens on a ledger at a time should have
// been evaluated before something on another ledger.
func inOrder(ledgers map[graph.ChainID]*ledger, l *ledger, time int64) error {
	for id, o := range ledgers {
		if o != l && o.began && (o.latest > time || o.latest == time && id > l.chain.ID) {
			return anew(fmt.Sprintf("a new block of %s is older than what was evaluated of another chain", l.chain.Alias))
		}
	}
	return nil
}

// replant plants the seeds again that wait behind the tips.
func (v *Live) replant(ctx context.Context, awake *bool) error {
	for _, l := range v.run.ledgers {
		var waiting []*seeding
		rest := l.queue[:0:0]
		for _, it := range l.queue {
			if it.last {
				waiting = append(waiting, it.seed)
			} else {
				rest = append(rest, it)
			}
		}
		if len(waiting) == 0 {
			continue
		}
		*awake = true // what they mark lies at the new tip
		slices.SortFunc(waiting, func(a, b *seeding) int { return int(a.number - b.number) })
		l.setQueue(rest)
		for _, s := range waiting {
			if err := v.run.plant(ctx, s); err != nil {
				return fmt.Errorf("seed %s: %w", s, err)
			}
		}
		for _, it := range l.queue {
			if it.seed != nil && !it.last && slices.Contains(waiting, it.seed) {
				if err := inOrder(v.run.ledgers, l, it.time); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// unchanged reports an error if the snapshot of a ledger changes what the trace
// has decided about blocks that it has evaluated: who is a service by what it does, or a pool, what is
// said about an asset, and which contract an asset is of. moved are the addresses that may have become
// services.
func (r *run) unchanged(ctx context.Context, l *ledger, moved []graph.ID) error {
	for _, id := range moved {
		address, err := l.address(id)
		if err != nil {
			return err
		}
		if l.bounded[id] {
			return anew(fmt.Sprintf("%s has labels that hold for a time", address))
		}
		was, judged := l.endings[id]
		if !judged {
			continue
		}
		is, _, err := r.judge(ctx, l, id, 0)
		if err != nil {
			return err
		}
		if is != was {
			return anew(fmt.Sprintf("%s is now taken for something else", address))
		}
	}
	for id, was := range l.assets {
		if was.Asset.IsNative() {
			continue
		}
		is, err := l.view.Asset(id)
		if err != nil {
			return err
		}
		if is != was {
			return anew("something else is said about the asset " + was.Asset.String())
		}
	}
	for _, asset := range slices.Sorted(maps.Keys(l.issuers)) {
		was := l.issuers[asset]
		info, err := l.asset(asset)
		if err != nil {
			return err
		}
		delete(l.issuers, asset)
		// The assets of one contract are told apart only until it is known.
		if is := l.contractOf(issuerOf(asset)); is != was && info.Asset.Standard != graph.ERC20 {
			return anew("the contract of " + info.Asset.String() + " is known or unknown now")
		}
	}
	return l.err
}
