package badger

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	badgerdb "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/dgraph-io/ristretto/v2/z"

	"spoor/graph"
)

// bulk streams rows into a fresh Badger directory, past its log and its
// compactions. Each prefix is a stream; rows of one must come in key order.
type bulk struct {
	db     *badgerdb.DB
	sw     *badgerdb.StreamWriter
	buffer *z.Buffer // being filled
	spare  *z.Buffer
	busy   chan error      // holds the result of writing the other buffer
	last   map[byte][]byte // of each stream, to refuse what Badger would panic on
}

// bulkVersion is the version of every row of a fresh generation.
const bulkVersion = 1

const bulkBuffer = 4 << 20

func newBulk(dir string, o Options) (*bulk, error) {
	// Badger multiplies the table size by 32 for the lowest level and keeps a
	// buffer of that size for each stream.
	db, err := openDB(o.tuned(dir).WithBaseTableSize(1 << 20).WithNumCompactors(0))
	if err != nil {
		return nil, err
	}
	b := &bulk{db: db, sw: db.NewStreamWriter(), last: make(map[byte][]byte), busy: make(chan error, 1),
		buffer: z.NewBuffer(bulkBuffer+1<<20, "bulk"), spare: z.NewBuffer(bulkBuffer+1<<20, "bulk")}
	b.busy <- nil
	if err := b.sw.Prepare(); err != nil {
		return nil, errors.Join(err, b.abandon())
	}
	return b, nil
}

func (b *bulk) write(r row) error {
	prefix := r.key[0]
	if last := b.last[prefix]; slices.Compare(last, r.key) >= 0 {
		return fmt.Errorf("rows out of order: key %x after %x", r.key, last)
	}
	b.last[prefix] = append(b.last[prefix][:0], r.key...)
	badgerdb.KVToBuffer(&pb.KV{Key: r.key, Value: r.value, Version: bulkVersion, StreamId: uint32(prefix)}, b.buffer)
	if b.buffer.LenNoPadding() < bulkBuffer {
		return nil
	}
	return b.flush()
}

// flush hands the buffer to Badger, which unpacks it while the next is filled.
func (b *bulk) flush() error {
	if err := b.wait(); err != nil {
		return err
	}
	b.buffer, b.spare = b.spare, b.buffer
	full := b.spare
	go func() {
		err := b.sw.Write(full)
		full.Reset()
		b.busy <- err
	}()
	return nil
}

// wait ends when Badger has taken what flush gave it. An error stays.
func (b *bulk) wait() error {
	err := <-b.busy
	if err != nil {
		b.busy <- err
	}
	return err
}

// done says that a prefix has all its rows, and frees what its stream holds.
func (b *bulk) done(prefix byte) error {
	if b.last[prefix] == nil {
		return nil
	}
	badgerdb.KVToBuffer(&pb.KV{StreamId: uint32(prefix), StreamDone: true}, b.buffer)
	return b.flush()
}

func (b *bulk) finish() error {
	err := b.flush()
	if err == nil {
		err = b.wait()
	}
	if err != nil {
		return errors.Join(err, b.abandon())
	}
	err = b.sw.Flush()
	return errors.Join(err, b.release(), b.db.Close())
}

func (b *bulk) release() error { return errors.Join(b.buffer.Release(), b.spare.Release()) }

// abandon gives up; the directory is of no use afterwards.
func (b *bulk) abandon() error {
	<-b.busy //nolint:errcheck // whoever gives up has the error already
	b.sw.Cancel()
	return errors.Join(b.release(), b.db.Close())
}

// build makes a generation of staged blocks, and of the claims and the coverage
// of addresses that the empty generation before it already had.
func (l *Ledger) build(ctx context.Context, s *stage, before *generation, dir string) (*generation, error) {
	if err := removeGeneration(dir); err != nil {
		return nil, err
	}
	if free, err := freeBytes(l.dir); err != nil {
		return nil, err
	} else if need := 4*(s.blocks.size+s.addresses.size) + 64<<20; free < need {
		return nil, fmt.Errorf("%w: %s has %d MB left, the load needs about %d MB; it goes on from what is staged", errFull, l.dir, free>>20, need>>20)
	}
	b, err := newBulk(dir, l.options)
	if err != nil {
		return nil, err
	}
	w := builder{ctx: ctx, s: s, b: b, o: l.options}
	if err := w.run(before); err != nil {
		return nil, errors.Join(err, b.abandon())
	}
	if err := b.finish(); err != nil {
		return nil, err
	}
	return openFresh(dir, l.options, s.state)
}

// openFresh opens a generation that was just built and expects what was put
// into it.
func openFresh(dir string, o Options, want state) (*generation, error) {
	g, err := openGeneration(dir, o)
	if err != nil {
		return nil, err
	}
	if g.state != want {
		return nil, errors.Join(fmt.Errorf("%w: built %+v, found %+v", graph.ErrDamaged, want, g.state), g.close())
	}
	return g, g.writeMark(g.version)
}

type builder struct {
	ctx context.Context
	s   *stage
	b   *bulk
	o   Options
}

func (w *builder) run(before *generation) error {
	histories, err := newHistorySort(filepath.Join(w.s.dir, "histories"), w.s.entries, w.o.loadBuffer())
	if err != nil {
		return err
	}
	txs, err := newKeySort(filepath.Join(w.s.dir, "txs"), len(txKey(graph.Hash{}, 0, 0)), w.s.state.txs, w.o.loadBuffer())
	if err != nil {
		return err
	}
	waiting, err := newKeySort(filepath.Join(w.s.dir, "waiting"), len(waitingKey(graph.Hash{}, graph.Position{})), w.s.state.waiting, w.o.loadBuffer())
	if err != nil {
		return err
	}
	events, err := newEventSort(filepath.Join(w.s.dir, "events"), &w.s.kinds, w.o.loadBuffer())
	if err != nil {
		return err
	}
	steps := []func() error{
		func() error { return w.journal(histories, txs, waiting, events) },
		w.addresses,
		w.assets,
		func() error { return w.kept(before, prefixClaim) },
		func() error { return w.kept(before, prefixCovered) },
		func() error { return txs.each(w.ctx, w.b.write) },
		func() error { return waiting.each(w.ctx, w.b.write) },
		func() error { return events.each(w.ctx, w.b) },
		func() error { return histories.each(w.ctx, w.b.write) },
		func() error { return w.b.done(prefixChunk) },
		func() error { return w.b.write(row{stateKey(), seal(stateKey(), w.s.state.encode())}) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return errors.Join(err, histories.close(), txs.close(), waiting.close(), events.close())
		}
	}
	return errors.Join(histories.close(), txs.close(), waiting.close(), events.close())
}

// journal copies the blocks and hands out what else they tell.
func (w *builder) journal(histories *historySort, txs, waiting *keySort, events *eventSort) error {
	var covered []graph.Coverage
	err := w.s.eachBlock(func(b *stagedBlock) error {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		for _, r := range b.rows {
			if err := w.b.write(r); err != nil {
				return err
			}
		}
		h := &b.header
		covered = graph.Extend(covered, w.s.chain.ID, &graph.Block{Header: h.Header, Know: h.know, Source: h.source})
		return b.eachTx(func(tx *txRow) error {
			if !tx.Hash.IsZero() {
				if err := txs.add(txKey(tx.Hash, h.Height, tx.Index)); err != nil {
					return err
				}
			}
			if err := events.add(w.s.chain.ID, graph.Position{Block: h.Height, Tx: tx.Index}, tx); err != nil {
				return err
			}
			for i := range tx.Moves {
				m := &tx.Moves[i]
				at := graph.Position{Block: h.Height, Tx: tx.Index, Seq: m.Seq}
				if m.isWaiting() {
					if err := waiting.add(waitingKey(m.Prev.Tx, at)); err != nil {
						return err
					}
				}
				if err := histories.add(at, &m.Move); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	for _, r := range covered {
		if err := w.b.write(encodeCoverage(r)); err != nil {
			return err
		}
	}
	return errors.Join(w.b.done(prefixHeader), w.b.done(prefixPage), w.b.done(prefixCoverage))
}

// addresses writes the names in order of their ids, and the ids in order of
// the addresses.
func (w *builder) addresses() error {
	ids := w.s.ids
	for first := uint64(1); first <= ids.count; first += maxNames {
		n := names{first: graph.ID(first)}
		for i := first; i < first+maxNames && i <= ids.count; i++ {
			n.raw = append(n.raw, ids.at(i))
		}
		if err := w.b.write(encodeNames(n)); err != nil {
			return err
		}
	}
	if err := w.b.done(prefixNames); err != nil {
		return err
	}
	for _, n := range ids.sorted() {
		key := append([]byte{prefixAddress}, ids.at(n)...)
		if err := w.b.write(row{key, seal(key, appendID(nil, graph.ID(n)))}); err != nil {
			return err
		}
	}
	return w.b.done(prefixAddress)
}

func (w *builder) assets() error {
	var numbers []row
	for i, a := range w.s.tokens {
		n := graph.AssetID(i + 2) // 1 is the native coin, which has no rows
		if err := w.b.write(encodeToken(n, token{a, w.s.lowest[i]})); err != nil {
			return err
		}
		key := assetKey(a)
		numbers = append(numbers, row{key, seal(key, bigEndian32(uint32(n)))})
	}
	for _, r := range lastOfEach(numbers) {
		if err := w.b.write(r); err != nil {
			return err
		}
	}
	return nil
}

// kept copies the rows of a prefix that are not computed from blocks.
func (w *builder) kept(before *generation, prefix byte) error {
	snap := before.snapshot(before.version)
	defer snap.close()
	for c := snap.seek([]byte{prefix}); c.valid(); c.next() {
		value, err := c.it.Item().ValueCopy(nil)
		if err != nil {
			return damaged(err)
		}
		if err := w.b.write(row{slices.Clone(c.key()), value}); err != nil {
			return err
		}
	}
	return nil
}
