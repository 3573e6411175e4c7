package badger

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"spoor/graph"
)

// Apply stores blocks, joined by Union with what is stored at their heights.
func (l *Ledger) Apply(ctx context.Context, blocks ...graph.Block) error {
	g, done, err := l.begin()
	if err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	defer done()
	if err := l.apply(ctx, g, blocks); err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	return nil
}

func (l *Ledger) apply(ctx context.Context, g *generation, blocks []graph.Block) error {
	c := l.newCall(g)
	defer c.close()
	for i := range blocks {
		if err := ctx.Err(); err != nil {
			return err
		}
		if i > 0 && blocks[i-1].Height >= blocks[i].Height {
			return fmt.Errorf("block %d after %d: blocks of a call must ascend", blocks[i].Height, blocks[i-1].Height)
		}
		if err := c.read(&blocks[i]); err != nil {
			return err
		}
	}
	if len(c.changes) == 0 {
		return nil
	}
	if err := c.plan(); err != nil {
		// Numbers given in a call that is not written are not kept.
		l.names.clear()
		return err
	}
	return l.commit(ctx, g, c)
}

// commit writes the rows of a call.
func (l *Ledger) commit(ctx context.Context, g *generation, c *call) error {
	if err := ctx.Err(); err != nil {
		l.names.clear()
		return err
	}
	l.failed = true
	w := g.writer()
	defer w.discard()
	for _, r := range lastOfEach(c.rows) {
		var err error
		if r.value == nil {
			err = w.del(r.key)
		} else {
			err = w.set(r.key, r.value)
		}
		if err != nil {
			return err
		}
	}
	if err := w.finish(c.state); err != nil {
		return err
	}
	l.failed = false
	return nil
}

// call works out the rows that applying some blocks writes. It reads the last
// complete call and writes nothing.
type call struct {
	l       *Ledger
	chain   graph.Chain
	before  *view
	snap    *snapshot
	state   state // becomes what it is after the call
	changes []*change
	append  bool // every block lies above what is stored

	rows      []row // a nil value deletes
	newNames  []graph.Address
	tokens    map[graph.AssetID]token    // assets whose row is written
	byHash    map[graph.Hash][]*placedTx // transactions of the call that have outputs
	entries   []placedEntry
	rewritten map[uint32]bool // heights whose old entries go
	touched   map[graph.ID]heightRange
}

// change is one block that a call writes.
type change struct {
	new  graph.Block
	old  *header // the block that is replaced, nil if there is none
	gone []txRow // its transactions
	txs  []txRow
}

type placedTx struct {
	height uint32
	tx     *txRow
}

type placedEntry struct {
	id    graph.ID
	entry graph.Entry
}

type heightRange struct{ from, to uint32 }

func (l *Ledger) newCall(g *generation) *call {
	before := newView(g, l.chain)
	return &call{l: l, chain: l.chain, before: before, snap: before.snap, state: before.state, append: true,
		tokens: make(map[graph.AssetID]token), byHash: make(map[graph.Hash][]*placedTx),
		rewritten: make(map[uint32]bool), touched: make(map[graph.ID]heightRange)}
}

func (c *call) close() {
	// Closing a view of a generation that is in use cannot fail.
	_ = c.before.Close()
}

// read checks a block and joins it with what is stored at its height.
func (c *call) read(b *graph.Block) error {
	if err := b.Validate(c.chain.ID); err != nil {
		return err
	}
	if c.before.state.blocks == 0 || b.Height > c.before.state.tip {
		c.changes = append(c.changes, &change{new: *b})
		return nil
	}
	c.append = false
	h, err := c.snap.header(b.Height)
	if errors.Is(err, graph.ErrNotFound) {
		c.changes = append(c.changes, &change{new: *b})
		return nil
	}
	if err != nil {
		return err
	}
	old, err := c.before.stored(&h)
	if err != nil {
		return err
	}
	union, changed, err := graph.Union(old, *b)
	if err != nil || !changed {
		return err
	}
	if err := union.Validate(c.chain.ID); err != nil {
		return fmt.Errorf("joined with what is stored: %w", err)
	}
	return c.replace(&h, union)
}

func (c *call) replace(h *header, b graph.Block) error {
	gone, err := c.snap.txs(h)
	if err != nil {
		return err
	}
	c.changes = append(c.changes, &change{new: b, old: h, gone: gone})
	c.rewritten[b.Height] = true
	return nil
}

// plan makes all rows of the call.
func (c *call) plan() error {
	steps := []func() error{c.addSpenders, c.number, c.resolve, c.journal, c.histories, c.coverage, c.writeNames}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// lastOfEach sorts rows by key and keeps the last one of each key.
func lastOfEach(rows []row) []row {
	slices.SortStableFunc(rows, func(a, b row) int { return bytes.Compare(a.key, b.key) })
	kept := rows[:0]
	for i := range rows {
		if i+1 < len(rows) && bytes.Equal(rows[i].key, rows[i+1].key) {
			continue
		}
		kept = append(kept, rows[i])
	}
	return kept
}

func (c *call) put(r row) { c.rows = append(c.rows, r) }

func (c *call) drop(key []byte) { c.rows = append(c.rows, row{key: key}) }

// number turns addresses and assets into numbers, giving new ones in order of
// first appearance.
func (c *call) number() error {
	for _, ch := range c.changes {
		ch.txs = make([]txRow, len(ch.new.Txs))
		for i := range ch.new.Txs {
			tx := &ch.new.Txs[i]
			moves := make([]moveRow, len(tx.Transfers))
			for j := range tx.Transfers {
				t := &tx.Transfers[j]
				m := &moves[j]
				m.Move = graph.Move{Seq: t.Seq, Kind: t.Kind, Amount: t.Amount}
				m.Prev = t.Prev
				var err error
				if m.From, err = c.id(t.From); err == nil {
					m.To, err = c.id(t.To)
				}
				if err == nil {
					m.Asset, err = c.asset(t.Asset, ch.new.Height)
				}
				if err != nil {
					return fmt.Errorf("%s: %w", graph.Position{Block: ch.new.Height, Tx: tx.Index, Seq: t.Seq}, err)
				}
			}
			ch.txs[i] = txRow{Index: tx.Index, Hash: tx.Hash, Failed: tx.Failed, Form: tx.Form, Moves: moves, stated: encodeEvents(tx.Events)}
		}
	}
	return nil
}

func (c *call) id(a graph.Address) (graph.ID, error) {
	if a.IsZero() {
		return 0, nil
	}
	if id, ok := c.l.names.id(a); ok {
		return id, nil
	}
	id, err := c.snap.id(a)
	if errors.Is(err, graph.ErrNotFound) {
		if c.state.addresses >= maxID {
			return 0, errors.New("the ledger has no number left for an address")
		}
		c.state.addresses++
		id, err = graph.ID(c.state.addresses), nil
		c.newNames = append(c.newNames, a)
	}
	if err == nil {
		c.l.names.keep(a, id)
	}
	return id, err
}

func (c *call) asset(a graph.Asset, height uint32) (graph.AssetID, error) {
	if a == c.chain.Native() {
		return graph.NativeID, nil
	}
	n, ok := c.l.names.assets[a]
	if !ok {
		var err error
		n, err = c.snap.assetID(a)
		if errors.Is(err, graph.ErrNotFound) {
			c.state.assets++
			n, err = graph.AssetID(c.state.assets), nil
			c.tokens[n] = token{a, height}
			key := assetKey(a)
			c.put(row{key, seal(key, bigEndian32(uint32(n)))})
		}
		if err != nil {
			return 0, err
		}
		c.l.names.keepAsset(a, n)
	}
	if c.append {
		return n, nil // nothing stored or given in this call lies higher
	}
	known, ok := c.tokens[n]
	if !ok {
		var err error
		if known, err = c.snap.token(c.chain.ID, n); err != nil {
			return 0, missing(err)
		}
	}
	if height < known.lowest {
		c.tokens[n] = token{a, height}
	}
	return n, nil
}

// journal writes headers, pages and the transaction index, and takes those of
// replaced blocks away.
func (c *call) journal() error {
	for _, ch := range c.changes {
		if err := c.writeBlock(ch); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) writeBlock(ch *change) error {
	height := ch.new.Height
	if ch.old != nil {
		if err := c.removeBlock(ch.old, ch.gone); err != nil {
			return err
		}
	}
	h := header{Header: ch.new.Header, know: ch.new.Know, source: ch.new.Source, txs: uint64(len(ch.txs)), transfers: uint64(ch.new.Transfers())}
	c.put(encodeHeader(&h))
	pages, err := encodePages(height, ch.txs)
	if err != nil {
		return err
	}
	c.rows = append(c.rows, pages...)
	for i := range ch.txs {
		tx := &ch.txs[i]
		for _, key := range eventKeys(graph.Position{Block: height, Tx: tx.Index}, ch.new.Txs[i].Events) {
			c.put(row{key, []byte{}})
		}
		if !tx.Hash.IsZero() {
			c.put(row{txKey(tx.Hash, height, tx.Index), []byte{}})
		}
		for j := range tx.Moves {
			m := &tx.Moves[j]
			at := graph.Position{Block: height, Tx: tx.Index, Seq: m.Seq}
			if m.isWaiting() {
				c.put(row{waitingKey(m.Prev.Tx, at), []byte{}})
				c.state.waiting++
			}
			c.addEntries(at, &m.Move)
		}
	}
	if c.state.blocks == 0 || height > c.state.tip {
		c.state.tip = height
	}
	c.state.blocks++
	c.state.txs += h.txs
	c.state.transfers += h.transfers
	c.state.forms += uint64(ch.new.Forms())
	return nil
}

// isWaiting tells an input whose output is not in the store.
func (m *moveRow) isWaiting() bool { return m.Kind == graph.KindInput && !m.Prev.Tx.IsZero() }

// removeBlock takes away what is stored of a block beside its histories.
func (c *call) removeBlock(h *header, txs []txRow) error {
	c.drop(headerKey(h.Height))
	prefix := pageKey(h.Height, 0)[:5]
	for cur := c.snap.seek(prefix); cur.has(prefix); cur.next() {
		c.drop(slices.Clone(cur.key()))
	}
	for i := range txs {
		if txs[i].Form.Known {
			c.state.forms--
		}
		if !txs[i].Hash.IsZero() {
			c.drop(txKey(txs[i].Hash, h.Height, txs[i].Index))
		}
		events, err := decodeEvents(c.chain.ID, txs[i].stated, nil)
		if err != nil {
			return fmt.Errorf("transaction at %d/%d: %w", h.Height, txs[i].Index, err)
		}
		for _, key := range eventKeys(graph.Position{Block: h.Height, Tx: txs[i].Index}, events) {
			c.drop(key)
		}
		for j := range txs[i].Moves {
			m := &txs[i].Moves[j]
			if m.isWaiting() {
				c.drop(waitingKey(m.Prev.Tx, graph.Position{Block: h.Height, Tx: txs[i].Index, Seq: m.Seq}))
				c.state.waiting--
			}
			c.touch(m.From, h.Height)
			c.touch(m.To, h.Height)
		}
	}
	c.state.blocks--
	c.state.txs -= h.txs
	c.state.transfers -= h.transfers
	return nil
}

// touch notes that an address's history changes at a height.
func (c *call) touch(id graph.ID, height uint32) {
	if id == 0 {
		return
	}
	r, ok := c.touched[id]
	if !ok {
		r = heightRange{height, height}
	}
	c.touched[id] = heightRange{min(r.from, height), max(r.to, height)}
}

// addEntries notes both ends of a move, out before in.
func (c *call) addEntries(at graph.Position, m *graph.Move) {
	e := graph.Entry{At: at, Kind: m.Kind, Asset: m.Asset, Amount: m.Amount, Spends: m.Spends}
	if m.From != 0 {
		e.Out, e.Peer = true, m.To
		c.entries = append(c.entries, placedEntry{m.From, e})
	}
	if m.To != 0 {
		e.Out, e.Peer = false, m.From
		c.entries = append(c.entries, placedEntry{m.To, e})
	}
}

// writeNames gives the new numbers their rows.
func (c *call) writeNames() error {
	first := graph.ID(c.state.addresses) - graph.ID(len(c.newNames)) + 1
	for i, a := range c.newNames {
		key := addressKey(a)
		c.put(row{key, seal(key, appendID(nil, first+graph.ID(i)))})
	}
	for run := range slices.Chunk(c.newNames, maxNames) {
		n := names{first: first}
		for _, a := range run {
			n.raw = append(n.raw, a.Bytes())
		}
		c.put(encodeNames(n))
		first += graph.ID(len(run))
	}
	for n, t := range c.tokens {
		c.put(encodeToken(n, t))
	}
	return nil
}

// histories makes the chunks of every address that the call touches.
func (c *call) histories() error {
	order := make([]uint32, len(c.entries))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int {
		if d := cmp.Compare(c.entries[a].id, c.entries[b].id); d != 0 {
			return d
		}
		return cmp.Compare(a, b) // the journal's order
	})
	var added []graph.Entry
	for len(order) > 0 {
		id := c.entries[order[0]].id
		added = added[:0]
		for len(order) > 0 && c.entries[order[0]].id == id {
			added = append(added, c.entries[order[0]].entry)
			order = order[1:]
		}
		if err := c.history(id, added); err != nil {
			return err
		}
		delete(c.touched, id)
	}
	for id := range c.touched { // only lost entries
		if err := c.history(id, nil); err != nil {
			return err
		}
	}
	return nil
}

// history joins new entries of an address with the chunks they fall among, so
// that its chunks never overlap. Above all that is stored there is nothing to
// read.
func (c *call) history(id graph.ID, added []graph.Entry) error {
	if c.append {
		return c.putChunks(id, added)
	}
	low, high := graph.MaxPosition, graph.Position{}
	if len(added) > 0 {
		low, high = added[0].At, added[len(added)-1].At
	}
	if r, ok := c.touched[id]; ok {
		if from := (graph.Position{Block: r.from}); from.Compare(low) < 0 {
			low = from
		}
		if to := (graph.Position{Block: r.to, Tx: graph.BlockTx, Seq: ^graph.Seq(0)}); to.Compare(high) > 0 {
			high = to
		}
	}
	kept, err := c.takeChunks(id, low, high)
	if err != nil {
		return err
	}
	kept = slices.DeleteFunc(kept, func(e graph.Entry) bool { return c.rewritten[e.At.Block] })
	kept = append(kept, added...)
	slices.SortStableFunc(kept, func(a, b graph.Entry) int {
		if d := a.At.Compare(b.At); d != 0 {
			return d
		}
		return cmp.Compare(outFirst(a), outFirst(b))
	})
	return c.putChunks(id, kept)
}

func outFirst(e graph.Entry) int {
	if e.Out {
		return 0
	}
	return 1
}

// takeChunks reads and drops the chunks of an address that reach into a range.
func (c *call) takeChunks(id graph.ID, low, high graph.Position) ([]graph.Entry, error) {
	var entries []graph.Entry
	prefix := chunkPrefix(id)
	for cur := c.snap.seek(chunkKey(id, low)); cur.has(prefix); cur.next() {
		above := false
		err := cur.value(func(key, value []byte) (err error) {
			r := reader{b: value}
			if first := r.chunkHead().first; r.err == nil && first.Compare(high) > 0 {
				above = true
				return nil
			}
			entries, err = decodeChunk(key, value, entries)
			return err
		})
		if err != nil {
			return nil, err
		}
		if above {
			break
		}
		c.drop(slices.Clone(cur.key()))
	}
	return entries, nil
}

func (c *call) putChunks(id graph.ID, entries []graph.Entry) error {
	for _, run := range splitEntries(entries) {
		r, err := encodeChunk(id, run)
		if err != nil {
			return err
		}
		c.put(r)
	}
	return nil
}
