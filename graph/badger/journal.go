package badger

import (
	"context"
	"errors"
	"fmt"
	"iter"

	badgerdb "github.com/dgraph-io/badger/v4"

	"spoor/graph"
)

// walk reads the journal in order: headers and pages side by side, each by an
// iterator of its own, so that nothing is sought twice and the caller may use
// the view in between. What it decodes into is used again for the next block.
type walk struct {
	headers, pages *cursor
	header         header
	txs            []txRow
}

// walk begins at the first block from a height on. Close it.
func (s *snapshot) walk(from uint32) *walk {
	w := &walk{}
	for _, c := range []struct {
		cursor **cursor
		key    []byte
	}{{&w.headers, headerKey(from)}, {&w.pages, pageKey(from, 0)}} {
		it := s.txn.NewIterator(badgerdb.IteratorOptions{Prefix: c.key[:1]})
		it.Seek(c.key)
		*c.cursor = &cursor{it: it}
	}
	return w
}

func (w *walk) close() {
	w.headers.it.Close()
	w.pages.it.Close()
}

// next decodes the next block; ok is false after the last.
func (w *walk) next() (ok bool, err error) {
	w.txs = w.txs[:0]
	if !w.headers.valid() {
		if w.pages.valid() {
			return false, fmt.Errorf("%w: a page without a header, key %x", graph.ErrDamaged, w.pages.key())
		}
		return false, nil
	}
	err = w.headers.value(func(key, value []byte) (err error) {
		w.header, err = decodeHeader(key, value)
		return err
	})
	if err != nil {
		return false, err
	}
	w.headers.next()
	w.txs, err = readPages(w.pages, &w.header, w.txs)
	return err == nil, err
}

// readPages appends the transactions of the block whose pages a cursor is at,
// and moves it behind them.
func readPages(c *cursor, h *header, txs []txRow) ([]txRow, error) {
	prefix := pageKey(h.Height, 0)[:5]
	for ; c.has(prefix); c.next() {
		err := c.value(func(key, value []byte) (err error) {
			txs, err = decodePage(key, value, h.Height, txs)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if uint64(len(txs)) != h.txs {
		return nil, fmt.Errorf("%w: block %d has %d transactions, its header says %d", graph.ErrDamaged, h.Height, len(txs), h.txs)
	}
	return txs, nil
}

var errStopped = errors.New("stopped")

// eachBlock walks the journal from a height on until take fails.
func (v *view) eachBlock(ctx context.Context, from uint32, take func(*header, []txRow) error) error {
	w := v.snap.walk(from)
	defer w.close()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if ok, err := w.next(); !ok || err != nil {
			return err
		}
		if err := take(&w.header, w.txs); err != nil {
			return err
		}
	}
}

// Blocks yields the stored blocks from a height on.
func (v *view) Blocks(ctx context.Context, from uint32) iter.Seq2[graph.Block, error] {
	return func(yield func(graph.Block, error) bool) {
		err := v.eachBlock(ctx, from, func(h *header, txs []txRow) error {
			b, err := v.block(h, txs)
			if err == nil && !yield(b, nil) {
				err = errStopped
			}
			return err
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(graph.Block{}, err)
		}
	}
}

// Txs yields the stored transactions from a height on.
func (v *view) Txs(ctx context.Context, from uint32) iter.Seq2[graph.TxMoves, error] {
	return func(yield func(graph.TxMoves, error) bool) {
		var b buffer
		err := v.eachBlock(ctx, from, func(h *header, txs []txRow) error {
			for i := range txs {
				tx, err := b.txMoves(v.chain.ID, h, &txs[i])
				if err != nil {
					return err
				}
				if !yield(tx, nil) {
					return errStopped
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(graph.TxMoves{}, err)
		}
	}
}

// buffer holds what a transaction that was handed out consists of, until the
// next.
type buffer struct {
	moves  []graph.Move
	events []graph.Event
}

// txMoves is a row of the journal as a view tells it.
func (b *buffer) txMoves(chain graph.ChainID, h *header, tx *txRow) (graph.TxMoves, error) {
	b.moves = b.moves[:0]
	for i := range tx.Moves {
		b.moves = append(b.moves, tx.Moves[i].Move)
	}
	at := graph.Position{Block: h.Height, Tx: tx.Index}
	var err error
	if b.events, err = decodeEvents(chain, tx.stated, b.events[:0]); err != nil {
		return graph.TxMoves{}, fmt.Errorf("transaction at %s: %w", at, err)
	}
	return graph.TxMoves{At: at, Hash: tx.Hash, Time: h.Time, Failed: tx.Failed, Know: h.know, Moves: b.moves, Events: b.events, Form: tx.Form}, nil
}
