package badger

import (
	"fmt"
	"syscall"

	badgerdb "github.com/dgraph-io/badger/v4"
)

const (
	txnRows  = 3000
	txnBytes = 1 << 20
)

// writer writes one call: rows at one version, in as many Badger transactions
// as they need, which become visible together when finish writes the state.
type writer struct {
	g       *generation
	version uint64
	txn     *badgerdb.Txn
	rows    int
	bytes   int
}

func (g *generation) writer() *writer {
	version := max(g.version, g.db.MaxVersion()) + 1
	return &writer{g: g, version: version, txn: g.begin()}
}

// begin starts a transaction that only writes.
func (g *generation) begin() *badgerdb.Txn { return g.db.NewTransactionAt(0, true) }

func (w *writer) set(key, value []byte) error {
	return w.put(len(key)+len(value), func() error { return w.txn.Set(key, value) })
}

func (w *writer) del(key []byte) error {
	return w.put(len(key), func() error { return w.txn.Delete(key) })
}

func (w *writer) put(size int, write func() error) error {
	if w.rows >= txnRows || w.rows > 0 && w.bytes+size > txnBytes {
		if err := w.flush(); err != nil {
			return err
		}
	}
	w.rows++
	w.bytes += size
	return write()
}

func (w *writer) flush() error {
	if err := w.g.room(); err != nil {
		return err
	}
	if err := w.txn.CommitAt(w.version, nil); err != nil {
		return err
	}
	w.txn, w.rows, w.bytes = w.g.begin(), 0, 0
	return nil
}

// finish writes the state and so completes the call. Small calls are one
// transaction.
func (w *writer) finish(s state) error {
	key := stateKey()
	if err := w.set(key, seal(key, s.encode())); err != nil {
		return err
	}
	if err := w.flush(); err != nil {
		return err
	}
	if err := w.g.writeMark(w.version); err != nil {
		return err
	}
	w.g.completed(w.version, s)
	return nil
}

func (w *writer) discard() { w.txn.Discard() }

// room refuses to write where the disk is about to be full. Badger's log is a
// sparse mapped file: writing it on a full disk would kill the process.
func (g *generation) room() error {
	free, err := freeBytes(g.dir)
	if err != nil {
		return err
	}
	if need := 2 * g.db.Opts().MemTableSize; free < need {
		return fmt.Errorf("%w: %s has %d MB left, writing needs %d MB", errFull, g.dir, free>>20, need>>20)
	}
	return nil
}

var errFull = fmt.Errorf("the disk is full: %w", syscall.ENOSPC)
