package badger

import (
	"context"
	"fmt"
	"slices"

	badgerdb "github.com/dgraph-io/badger/v4"

	"spoor/graph"
)

// Revert removes every block from a height on, with all that was computed from
// them, and takes back the highest numbers that nothing mentions any more. A
// ledger whose blocks were applied in order is then row for row one that never
// had the removed ones.
func (l *Ledger) Revert(ctx context.Context, from uint32) error {
	g, done, err := l.begin()
	if err != nil {
		return fmt.Errorf("revert to below %d: %w", from, err)
	}
	defer done()
	if err := l.revert(ctx, g, from); err != nil {
		return fmt.Errorf("revert to below %d: %w", from, err)
	}
	return nil
}

func (l *Ledger) revert(ctx context.Context, g *generation, from uint32) error {
	c := l.newCall(g)
	defer c.close()
	if err := c.cutCovered(from); err != nil {
		return err
	}
	if c.state.blocks == 0 || c.state.tip < from {
		if len(c.rows) == 0 {
			return nil
		}
		return l.commit(ctx, g, c)
	}
	if err := c.removeFrom(ctx, from); err != nil {
		return err
	}
	l.names.clear()
	return l.commit(ctx, g, c)
}

func (c *call) removeFrom(ctx context.Context, from uint32) error {
	c.append = false
	var gone []header
	for cur := c.snap.seek(headerKey(from)); cur.valid(); cur.next() {
		err := cur.value(func(key, value []byte) error {
			h, err := decodeHeader(key, value)
			gone = append(gone, h)
			return err
		})
		if err != nil {
			return err
		}
	}
	for i := range gone {
		if err := ctx.Err(); err != nil {
			return err
		}
		txs, err := c.snap.txs(&gone[i])
		if err != nil {
			return err
		}
		if err := c.removeBlock(&gone[i], txs); err != nil {
			return err
		}
	}
	for id := range c.touched {
		if err := c.cutHistory(id, from); err != nil {
			return err
		}
	}
	steps := []func(uint32) error{c.cutCoverage, c.cutAddresses, c.cutAssets, c.cutTip}
	for _, step := range steps {
		if err := step(from); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) cutHistory(id graph.ID, from uint32) error {
	entries, err := c.takeChunks(id, graph.Position{Block: from}, graph.MaxPosition)
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(entries, func(e graph.Entry) bool { return e.At.Block >= from })
	return c.putChunks(id, entries)
}

func (c *call) cutCoverage(from uint32) error {
	rows, err := c.snap.coverageRows(c.chain.ID, from, ^uint32(0))
	if err != nil {
		return err
	}
	for _, r := range rows {
		c.drop(coverageKey(r.To))
		if r.From < from {
			c.put(encodeCoverage(cut(r, r.From, from-1)))
		}
	}
	return nil
}

// cutAddresses takes back the highest ids whose histories are gone.
func (c *call) cutAddresses(from uint32) error {
	was := graph.ID(c.state.addresses)
	keep := was
	for ; keep > 0; keep-- {
		lives := false
		prefix := chunkPrefix(keep)
		if cur := c.snap.seek(prefix); cur.has(prefix) {
			err := cur.value(func(_, value []byte) error {
				r := reader{b: value}
				lives = r.chunkHead().first.Block < from
				return r.err
			})
			if err != nil {
				return damaged(err)
			}
		}
		if lives {
			break
		}
	}
	for id := keep + 1; id <= was; {
		n, err := c.snap.names(id)
		if err != nil {
			return missing(err)
		}
		last := n.first + graph.ID(len(n.raw)) - 1
		c.drop(namesKey(last))
		for i := id; i <= last; i++ {
			c.drop(append([]byte{prefixAddress}, n.raw[i-n.first]...))
		}
		if n.first < id {
			c.put(encodeNames(names{n.first, n.raw[:id-n.first]}))
		}
		id = last + 1
	}
	c.state.addresses = uint64(keep)
	return nil
}

// cutAssets takes back the highest numbers that no remaining block mentions.
func (c *call) cutAssets(from uint32) error {
	for n := graph.AssetID(c.state.assets); n > graph.NativeID; n-- {
		t, err := c.snap.token(c.chain.ID, n)
		if err != nil {
			return missing(err)
		}
		if t.lowest < from {
			break
		}
		c.drop(tokenKey(n))
		c.drop(assetKey(t.asset))
		c.state.assets--
	}
	return nil
}

// cutTip finds the highest block that stays.
func (c *call) cutTip(from uint32) error {
	c.state.tip = 0
	if c.state.blocks == 0 {
		return nil
	}
	it := c.snap.txn.NewIterator(badgerdb.IteratorOptions{Reverse: true, Prefix: []byte{prefixHeader}})
	defer it.Close()
	it.Seek(headerKey(from - 1)) // there is a block below from, so it is not 0
	if !it.Valid() {
		return fmt.Errorf("%w: %d blocks should remain, none is there", graph.ErrDamaged, c.state.blocks)
	}
	c.state.tip = heightOfHeaderKey(it.Item().Key())
	return nil
}
