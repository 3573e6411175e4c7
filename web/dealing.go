package web

import (
	"cmp"
	"context"
	"errors"
	"math/big"
	"math/bits"
	"slices"

	"spoor/graph"
)

// dealing is what went one way between an address and a counterparty.
type dealing struct {
	peer        graph.ID
	out         bool
	transfers   int
	sums        map[graph.AssetID]*big.Int
	first, last graph.Position
	score       uint64 // by which the largest come first
}

// dealings is what an address had to do with others, as far as it was read:
// the newest part of what was asked for, back to a position.
type dealings struct {
	list  []*dealing
	peers int // of all
	reach reach

	transfers   int // counted
	fees        int // for transactions
	self        int // from the address to itself, or its change
	withoutPeer int // inputs and outputs whose other ends are not known, issues, destructions
}

// reach is how far a history was read.
type reach struct {
	whole bool           // all that was asked for
	from  graph.Position // where reading ended; what lies before was not read
	read  int            // entries, and movements of their transactions
}

// dealings reads the part of a history that a filter admits, newest first, and
// no more than a few times a budget of it.
func (l *ledger) dealings(ctx context.Context, id graph.ID, f filter, budget int) (*dealings, error) {
	entries, r, err := l.newest(ctx, id, f, budget)
	if err != nil {
		return nil, err
	}
	g := &gathering{l: l, id: id, met: map[dealt]*dealing{}}
	d := &g.found
	d.reach = r
	utxo := l.chain.Family == graph.UTXOFamily
	var tx graph.Position
	for i := len(entries) - 1; i >= 0; i-- {
		e := &entries[i]
		if utxo && e.At.StartOf() != tx && g.moves > 4*budget {
			// What is left was not looked at.
			d.reach.whole, d.reach.from = false, tx
			break
		}
		admitted, err := f.admits(l, e)
		if err != nil {
			return nil, err
		}
		if !admitted {
			continue
		}
		if utxo {
			tx = e.At.StartOf()
			err = g.join(e)
		} else {
			g.move(e)
		}
		if err != nil {
			return nil, err
		}
	}
	d.reach.read += g.moves
	peers := map[graph.ID]bool{}
	for _, one := range g.met {
		d.list = append(d.list, one)
		peers[one.peer] = true
	}
	d.peers = len(peers)
	return d, nil
}

// dealt tells dealings apart.
type dealt struct {
	peer graph.ID
	out  bool
}

// gathering is dealings being added up.
type gathering struct {
	l      *ledger
	id     graph.ID
	met    map[dealt]*dealing
	joined map[dealtIn]bool // transactions that were looked at
	moves  int              // of them
	found  dealings
}

type dealtIn struct {
	tx  graph.Position
	out bool
}

// move is a movement on an account ledger.
func (g *gathering) move(e *graph.Entry) {
	switch {
	case e.Kind.IsFee():
		g.found.fees++
	case e.Peer == 0:
		g.found.withoutPeer++
	case e.Peer == g.id:
		g.found.self++
	default:
		g.found.transfers++
		g.add(e.Peer, e.Out, e.At, 1, e.Asset, e.Amount)
	}
}

// join is a transaction on a UTXO ledger. Who of those that signed it paid whom
// is not recorded: what it gave its receivers counts once for each of them.
func (g *gathering) join(e *graph.Entry) error {
	at := e.At.StartOf()
	if g.joined == nil {
		g.joined = map[dealtIn]bool{}
	}
	if g.joined[dealtIn{at, e.Out}] {
		return nil
	}
	g.joined[dealtIn{at, e.Out}] = true
	tx, err := g.l.view.Tx(at)
	if err != nil {
		return err
	}
	g.moves += len(tx.Moves)
	var mine graph.Amount
	signs, known := false, false
	for i := range tx.Moves {
		m := &tx.Moves[i]
		switch {
		case m.Kind == graph.KindInput && m.From == g.id:
			signs = true
		case m.Kind == graph.KindInput && m.From != 0:
			known = true
		case m.Kind == graph.KindOutput && m.To == g.id:
			mine.Add(&mine, &m.Amount)
		}
	}
	switch {
	case !e.Out && signs:
		g.found.self++ // change
		return nil
	case !e.Out && !known:
		g.found.withoutPeer++
		return nil
	}
	g.found.transfers++
	counted := map[graph.ID]bool{}
	for i := range tx.Moves {
		m := &tx.Moves[i]
		peer, amount := m.To, m.Amount
		if !e.Out {
			peer, amount = m.From, mine
		}
		switch {
		case peer == 0 || peer == g.id, e.Out && m.Kind != graph.KindOutput, !e.Out && m.Kind != graph.KindInput:
		case !counted[peer]:
			counted[peer] = true
			g.add(peer, e.Out, at, 1, m.Asset, amount)
		case e.Out: // another output of the same
			g.add(peer, e.Out, at, 0, m.Asset, amount)
		}
	}
	return nil
}

func (g *gathering) add(peer graph.ID, out bool, at graph.Position, transfers int, asset graph.AssetID, amount graph.Amount) {
	d := g.met[dealt{peer, out}]
	if d == nil {
		d = &dealing{peer: peer, out: out, sums: map[graph.AssetID]*big.Int{}, first: at, last: at}
		g.met[dealt{peer, out}] = d
	}
	d.transfers += transfers
	if d.sums[asset] == nil {
		d.sums[asset] = new(big.Int)
	}
	d.sums[asset].Add(d.sums[asset], amount.ToBig())
	if at.Compare(d.first) < 0 {
		d.first = at
	}
	if at.Compare(d.last) > 0 {
		d.last = at
	}
}

// order sorts dealings: the newest first, or the largest. There is no price on a
// ledger: the part of each asset that went this way counts, and an asset as much
// as it has dealings, so that worthless tokens, which are in one each, weigh
// little.
func (d *dealings) order(newest bool) {
	if !newest {
		d.score()
	}
	slices.SortFunc(d.list, func(a, b *dealing) int {
		if !newest {
			if c := cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.transfers, a.transfers)); c != 0 {
				return c
			}
		}
		c := cmp.Or(b.last.Compare(a.last), cmp.Compare(a.peer, b.peer))
		if c == 0 && a.out != b.out {
			c = 1
			if a.out {
				c = -1
			}
		}
		return c
	})
}

func (d *dealings) score() {
	total, count := map[graph.AssetID]*big.Int{}, map[graph.AssetID]uint64{}
	for _, one := range d.list {
		for asset, sum := range one.sums {
			if total[asset] == nil {
				total[asset] = new(big.Int)
			}
			total[asset].Add(total[asset], sum)
			count[asset]++
		}
	}
	part := new(big.Int)
	for _, one := range d.list {
		for asset, sum := range one.sums {
			if total[asset].Sign() == 0 {
				continue
			}
			part.Lsh(sum, 32)
			weight, share := bits.Mul64(part.Quo(part, total[asset]).Uint64(), count[asset])
			if one.score += share; weight != 0 || one.score < share {
				one.score = ^uint64(0)
			}
		}
	}
}

// newest reads the end of a part of a history, ascending. A history is read
// forward only, so it is read in windows of blocks, from the end of the part
// backwards, each twice as wide as the one before; one with more than is left of
// the budget is halved, and where nothing was for long the end is looked for. No
// more than four times the budget is read.
func (l *ledger) newest(ctx context.Context, id graph.ID, f filter, budget int) (entries []graph.Entry, r reach, err error) {
	from, to := f.from, f.to // to is not in the part
	n, err := l.view.Entries(id, budget+1)
	if err != nil {
		return nil, r, err
	}
	window := func(from, to graph.Position, most int) (part []graph.Entry, whole bool, err error) {
		for e, err := range l.view.History(ctx, id, from) {
			switch {
			case err != nil:
				return nil, false, err
			case e.At.Compare(to) >= 0:
				return part, true, nil
			case len(part) == most:
				return part, false, nil
			}
			r.read++
			part = append(part, e)
		}
		return part, true, nil
	}
	if n <= budget {
		entries, _, err = window(from, to, budget)
		return entries, reach{true, from, r.read}, err
	}
	if from, to, err = l.within(ctx, f); err != nil {
		return nil, r, err
	}
	var parts [][]graph.Entry
	have, width, grows := 0, uint64(1), true
	for end, silent := to, false; ; {
		if silent {
			last, any, err := l.lastBefore(ctx, id, from, end)
			if err != nil {
				return nil, r, err
			}
			if !any {
				r.whole, r.from = true, from
				break
			}
			if next := startOf(uint64(last) + 1); next.Compare(end) < 0 {
				end, width, grows = next, 1, true
			}
		}
		start := from
		if uint64(end.Block) > uint64(from.Block)+width {
			start = graph.Position{Block: uint32(uint64(end.Block) - width)}
		}
		part, whole, err := window(start, end, budget-have)
		if err != nil {
			return nil, r, err
		}
		switch {
		case whole:
			parts, have, end, silent = append(parts, part), have+len(part), start, len(part) == 0
			if grows {
				width *= 2
			}
			if start != from {
				continue
			}
			r.whole = true
		case width > 1 && have < budget/2 && r.read < 3*budget:
			width, grows = width/2, false
			continue
		case have == 0: // more in one block than may be read
			parts, end = append(parts, part), start
		}
		r.from = end
		break
	}
	slices.Reverse(parts)
	return slices.Concat(parts...), r, nil
}

// lastBefore is the last block of a part of a history that has an entry. Halving
// the part reads one entry each time.
func (l *ledger) lastBefore(ctx context.Context, id graph.ID, from, to graph.Position) (block uint32, any bool, err error) {
	has := func(at graph.Position) (bool, error) {
		for e, err := range l.view.History(ctx, id, at) {
			return err == nil && e.At.Compare(to) < 0, err
		}
		return false, nil
	}
	if any, err = has(from); err != nil || !any {
		return 0, false, err
	}
	low, high := uint64(from.Block), uint64(to.Block)+1 // there is an entry from low on, and none from high on
	for high-low > 1 {
		middle := (low + high) / 2
		found, err := has(startOf(middle))
		if err != nil {
			return 0, false, err
		}
		if found {
			low = middle
		} else {
			high = middle
		}
	}
	return uint32(low), true, nil
}

// disorder is how far the times of blocks may be out of order: two hours on
// Bitcoin, not at all elsewhere; a day is safe.
const disorder = 24 * 60 * 60

// within bounds a part of a long history by position as the filter does by time,
// a day wider.
func (l *ledger) within(ctx context.Context, f filter) (from, to graph.Position, err error) {
	tip, err := l.view.Tip()
	if err != nil {
		return from, to, err
	}
	from, to = f.from, f.to
	if end := startOf(uint64(tip.Height) + 1); to.Compare(end) > 0 {
		to = end
	}
	if f.since != 0 {
		at, err := l.blockAt(ctx, tip.Height, f.since-disorder)
		if err != nil {
			return from, to, err
		}
		if at.Compare(from) > 0 {
			from = at
		}
	}
	if f.until != 0 {
		at, err := l.blockAt(ctx, tip.Height, f.until+disorder)
		if err != nil {
			return from, to, err
		}
		if at.Compare(to) < 0 {
			to = at
		}
	}
	if from.Compare(to) > 0 {
		from = to
	}
	return from, to, nil
}

// blockAt is the start of the first block with transactions at a time or later,
// or of the one above the tip.
func (l *ledger) blockAt(ctx context.Context, tip uint32, at int64) (graph.Position, error) {
	var failed error
	earlier := func(block uint32) bool {
		for tx, err := range l.view.Txs(ctx, block) {
			if err != nil {
				failed = errors.Join(failed, err)
			}
			return tx.Time < at
		}
		return false
	}
	low, high := uint64(0), uint64(tip)+1 // the first that is not earlier is in here
	for low < high && failed == nil {
		middle := (low + high) / 2
		if earlier(uint32(middle)) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return startOf(low), failed
}

// startOf is the position at which a block begins.
func startOf(height uint64) graph.Position {
	if height > uint64(^uint32(0)) {
		return graph.MaxPosition
	}
	return graph.Position{Block: uint32(height)}
}
