package badger

import (
	"context"
	"errors"
	"fmt"

	"spoor/graph"
)

// Compact copies the ledger of every chain into a fresh generation.
func (s *Store) Compact(ctx context.Context) error {
	chains, err := s.Chains(ctx)
	if err != nil {
		return fmt.Errorf("compact: %w", err)
	}
	for _, chain := range chains {
		l, err := s.ledger(chain)
		if err != nil {
			return err
		}
		if err := l.Compact(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Compact copies the ledger, in key order, into a fresh generation that takes
// the old one's place. The small chunks that calls at the tip leave become full
// ones, so that histories are read with fewer seeks, and old versions are left
// behind. Views that are open keep reading the old generation; writers wait.
func (l *Ledger) Compact(ctx context.Context) error {
	g, done, err := l.begin()
	if err != nil {
		return fmt.Errorf("compact: %w", err)
	}
	defer done()
	if err := l.compact(ctx, g); err != nil {
		return fmt.Errorf("compact: %w", err)
	}
	return nil
}

func (l *Ledger) compact(ctx context.Context, g *generation) error {
	// A block that fails its checksum ends Badger's iterators in silence; what
	// lies behind it would be left out of the copy.
	if err := g.verify(); err != nil {
		return err
	}
	if free, err := freeBytes(l.dir); err != nil {
		return err
	} else if size, _ := g.db.Size(); free < 2*size+64<<20 {
		return fmt.Errorf("%w: %s has %d MB left, compacting needs about %d MB", errFull, l.dir, free>>20, 2*size>>20+64)
	}
	number := l.number + 1
	dir := l.generationDir(number)
	next, err := l.copyTo(ctx, g, dir)
	if err != nil {
		return errors.Join(err, removeGeneration(dir))
	}
	return l.swap(next, number)
}

func (l *Ledger) copyTo(ctx context.Context, g *generation, dir string) (*generation, error) {
	if err := removeGeneration(dir); err != nil {
		return nil, err
	}
	b, err := newBulk(dir, l.options)
	if err != nil {
		return nil, err
	}
	c := copier{ctx: ctx, snap: g.snapshot(g.version), to: b}
	err = c.run(g.state)
	c.snap.close()
	if err != nil {
		return nil, errors.Join(err, b.abandon())
	}
	if err := b.finish(); err != nil {
		return nil, err
	}
	return openFresh(dir, l.options, g.state)
}

type copier struct {
	ctx  context.Context
	snap *snapshot
	to   *bulk
}

func (c *copier) run(want state) error {
	if err := c.chunks(); err != nil {
		return err
	}
	if err := c.names(); err != nil {
		return err
	}
	for _, prefix := range []byte{prefixAddress, prefixPage, prefixCoverage, prefixClaim, prefixHeader, prefixToken, prefixAsset, prefixTx, prefixWaiting, prefixAbout, prefixKind, prefixPassage, prefixCovered} {
		rows, err := c.rows(prefix)
		if err != nil {
			return err
		}
		expected := map[byte]uint64{prefixAddress: want.addresses, prefixHeader: want.blocks, prefixAsset: want.assets - 1, prefixToken: want.assets - 1, prefixWaiting: want.waiting}
		if n, ok := expected[prefix]; ok && n != rows {
			return fmt.Errorf("%w: %d rows with prefix %c, want %d", graph.ErrDamaged, rows, prefix, n)
		}
	}
	return c.to.write(row{stateKey(), seal(stateKey(), want.encode())})
}

// rows copies the rows of a prefix as they are.
func (c *copier) rows(prefix byte) (n uint64, err error) {
	for cur := c.snap.seek([]byte{prefix}); cur.valid(); cur.next() {
		if n++; n%4096 == 0 && c.ctx.Err() != nil {
			return n, c.ctx.Err()
		}
		value, err := cur.it.Item().ValueCopy(nil)
		if err != nil {
			return n, damaged(err)
		}
		if len(value) > 0 { // rows whose key says all have no checksum
			if _, err := unseal(cur.key(), value); err != nil {
				return n, err
			}
		}
		if err := c.to.write(row{cur.key(), value}); err != nil {
			return n, err
		}
	}
	return n, c.to.done(prefix)
}

// chunks copies histories, making full chunks of what lies together.
func (c *copier) chunks() error {
	var id graph.ID
	var entries []graph.Entry
	n := 0
	for cur := c.snap.seek([]byte{prefixChunk}); cur.valid(); cur.next() {
		if n++; n%4096 == 0 && c.ctx.Err() != nil {
			return c.ctx.Err()
		}
		err := cur.value(func(key, value []byte) error {
			owner, _ := splitChunkKey(key)
			if owner != id {
				if err := takeChunks(id, entries, c.to.write); err != nil {
					return err
				}
				id, entries = owner, entries[:0]
			}
			var err error
			if entries, err = decodeChunk(key, value, entries); err == nil && len(entries) > 4*chunkEntries {
				entries, err = takeFull(id, entries, c.to.write)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	if err := takeChunks(id, entries, c.to.write); err != nil {
		return err
	}
	return c.to.done(prefixChunk)
}

// names copies addresses by id, as many to a row as fit.
func (c *copier) names() error {
	pending := names{first: 1}
	for cur := c.snap.seek([]byte{prefixNames}); cur.valid(); cur.next() {
		err := cur.value(func(key, value []byte) error {
			n, err := decodeNames(key, value)
			if err == nil && n.first != pending.first+graph.ID(len(pending.raw)) {
				err = fmt.Errorf("%w: addresses %d to %d follow %d", graph.ErrDamaged, n.first, lastOfNamesKey(key), pending.first+graph.ID(len(pending.raw))-1)
			}
			pending.raw = append(pending.raw, n.raw...)
			return err
		})
		if err != nil {
			return err
		}
		for len(pending.raw) >= maxNames {
			if err := c.to.write(encodeNames(names{pending.first, pending.raw[:maxNames]})); err != nil {
				return err
			}
			pending = names{pending.first + maxNames, pending.raw[maxNames:]}
		}
	}
	if len(pending.raw) > 0 {
		if err := c.to.write(encodeNames(pending)); err != nil {
			return err
		}
	}
	return c.to.done(prefixNames)
}
