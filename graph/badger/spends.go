package badger

import (
	"errors"
	"slices"

	"spoor/graph"
)

// An input names what it spends by transaction hash; the ledger keeps where
// that is. The rule is: the latest output of that name and to the input's
// address which lies before the input's transaction. So reverting blocks never changes what remains, and
// only blocks that come late, below what is stored, can change what stored
// inputs spend. Those inputs are found and their blocks written again.

// addSpenders adds to the call the stored blocks whose inputs may spend
// something else after it: nothing, when every block lies above the tip.
func (c *call) addSpenders() error {
	if c.append || c.chain.Family != graph.UTXOFamily {
		return nil
	}
	heights := make(map[uint32]bool)
	for _, ch := range c.changes {
		for i := range ch.new.Txs {
			if err := c.spendersOf(&ch.new.Txs[i], ch.new.Height, heights); err != nil {
				return err
			}
		}
		for i := range ch.gone {
			if err := c.spendersAt(ch.new.Height, &ch.gone[i], heights); err != nil {
				return err
			}
		}
	}
	for _, ch := range c.changes {
		delete(heights, ch.new.Height)
	}
	for height := range heights {
		h, err := c.snap.header(height)
		if err != nil {
			return missing(err)
		}
		b, err := c.before.stored(&h)
		if err != nil {
			return err
		}
		if err := c.replace(&h, b); err != nil {
			return err
		}
	}
	slices.SortFunc(c.changes, func(a, b *change) int { return int(int64(a.new.Height) - int64(b.new.Height)) })
	return nil
}

// spendersOf finds stored inputs that name a transaction of the call: those
// that wait for it, and those that spend an earlier one of the same hash.
func (c *call) spendersOf(tx *graph.Tx, height uint32, heights map[uint32]bool) error {
	if tx.Hash.IsZero() {
		return nil
	}
	if c.state.waiting > 0 {
		prefix := waitingPrefix(tx.Hash)
		for cur := c.snap.seek(prefix); cur.has(prefix); cur.next() {
			if at := positionOfWaitingKey(cur.key()); at.Block >= height {
				heights[at.Block] = true
			}
		}
	}
	namesakes, err := c.snap.findTx(tx.Hash)
	if err != nil {
		return err
	}
	for _, at := range namesakes {
		var stored txRow
		if err := c.snap.tx(at.Block, at.Tx, &stored); err != nil {
			return missing(err)
		}
		if err := c.spendersAt(at.Block, &stored, heights); err != nil {
			return err
		}
	}
	return nil
}

// spendersAt finds the stored inputs that spend a stored transaction: they
// stand in the histories of those it paid.
func (c *call) spendersAt(height uint32, tx *txRow, heights map[uint32]bool) error {
	var entries []graph.Entry
	for i := range tx.Moves {
		m := &tx.Moves[i]
		if m.Kind != graph.KindOutput {
			continue
		}
		at := graph.Position{Block: height, Tx: tx.Index, Seq: m.Seq}
		prefix := chunkPrefix(m.To)
		for cur := c.snap.seek(chunkKey(m.To, at)); cur.has(prefix); cur.next() {
			err := cur.value(func(key, value []byte) (err error) {
				entries, err = decodeChunk(key, value, entries[:0])
				return err
			})
			if err != nil {
				return err
			}
			for _, e := range entries {
				if e.Spends == at {
					heights[e.At.Block] = true
				}
			}
		}
	}
	return nil
}

// resolve gives every input of the call the place of the output it spends.
func (c *call) resolve() error {
	if c.chain.Family != graph.UTXOFamily {
		return nil
	}
	for _, ch := range c.changes {
		for i := range ch.txs {
			tx := &ch.txs[i]
			for j := range tx.Moves {
				if m := &tx.Moves[j]; m.isWaiting() {
					if err := c.resolveInput(m, graph.Position{Block: ch.new.Height, Tx: tx.Index}); err != nil {
						return err
					}
				}
			}
			if !tx.Hash.IsZero() {
				c.byHash[tx.Hash] = append(c.byHash[tx.Hash], &placedTx{ch.new.Height, tx})
			}
		}
	}
	return nil
}

// pays reports whether a transaction has an output at a place that goes to an
// address. An input of another address is not linked: one of the two is wrong.
func (tx *txRow) pays(seq graph.Seq, to graph.ID) bool {
	m := tx.output(seq)
	return m != nil && m.To == to
}

// resolveInput looks among the transactions of the call that lie before the
// input, and in what is stored and stays.
func (c *call) resolveInput(m *moveRow, before graph.Position) error {
	seq, err := graph.OutputSeq(int(m.Prev.Index))
	if err != nil {
		return nil // no output has such an index
	}
	var found graph.Position
	for _, p := range slices.Backward(c.byHash[m.Prev.Tx]) {
		if p.tx.pays(seq, m.From) {
			found = graph.Position{Block: p.height, Tx: p.tx.Index, Seq: seq}
			break
		}
	}
	stored, err := c.storedOutput(m, seq, before)
	if err != nil {
		return err
	}
	if stored.Compare(found) > 0 {
		found = stored
	}
	if found != (graph.Position{}) {
		m.Spends, m.Prev = found, graph.OutPoint{}
	}
	return nil
}

func (c *call) storedOutput(m *moveRow, seq graph.Seq, before graph.Position) (graph.Position, error) {
	places, err := c.snap.findTx(m.Prev.Tx)
	if err != nil {
		return graph.Position{}, err
	}
	var tx txRow
	for _, at := range slices.Backward(places) {
		if c.rewritten[at.Block] || at.Compare(before) >= 0 {
			continue // the call has its own copy of a block it rewrites
		}
		if err := c.snap.tx(at.Block, at.Tx, &tx); err != nil && !errors.Is(err, graph.ErrNotFound) {
			return graph.Position{}, err
		}
		if tx.pays(seq, m.From) {
			at.Seq = seq
			return at, nil
		}
	}
	return graph.Position{}, nil
}
