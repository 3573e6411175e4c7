package badger

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"sync"

	"github.com/cespare/xxhash/v2"
	badgerdb "github.com/dgraph-io/badger/v4"

	"spoor/graph"
)

// generation is one Badger directory of a ledger. A ledger has one; while it
// is rebuilt, a second one grows beside it. A generation that was replaced
// stays open until its last view is closed.
//
// Two small files stand beside it, because Badger forgives what must not be
// forgiven here (a torn log or manifest is cut off in silence):
//
//	gen-N.mark   the version of the last complete call: at least that much must be there
//	gen-N.clean  a hash of Badger's manifest when the ledger was last closed
type generation struct {
	dir      string
	readOnly bool
	db       *badgerdb.DB
	mark     *os.File

	mu      sync.Mutex
	version uint64 // of the last complete call
	state   state
	readers map[uint64]int // open views by version
	retired bool
	closed  bool
}

func openGeneration(dir string, o Options) (_ *generation, err error) {
	g := &generation{dir: dir, readOnly: o.ReadOnly, readers: make(map[uint64]int)}
	if err := g.checkClean(); err != nil {
		return nil, err
	}
	if !o.ReadOnly {
		if err := removeUnmade(dir); err != nil {
			return nil, err
		}
	}
	if err := checkTables(dir, o.Verify); err != nil {
		return nil, err
	}
	if g.db, err = openDB(o.tuned(dir)); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.db.Close())
		}
	}()
	if err := g.readState(); err != nil {
		return nil, err
	}
	if err := g.checkMark(); err != nil {
		return nil, err
	}
	if !o.ReadOnly {
		if err := g.recover(); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// openDB opens Badger. Damage can make it panic; that is an error here.
func openDB(o badgerdb.Options) (db *badgerdb.DB, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", graph.ErrDamaged, r)
		}
	}()
	if err := os.MkdirAll(o.Dir, 0o755); err != nil && !o.ReadOnly {
		return nil, err
	}
	db, err = badgerdb.OpenManaged(o)
	var path *os.PathError
	switch {
	case err == nil:
		return db, nil
	case errors.As(err, &path) && !errors.Is(err, os.ErrNotExist):
		return nil, err // permissions, a full disk: not damage
	}
	return nil, fmt.Errorf("%w: %w", graph.ErrDamaged, err)
}

// verify checks every block of every table.
func (g *generation) verify() error { return checkTables(g.dir, math.MaxInt64) }

// readState finds the last complete call: the newest row of the state.
func (g *generation) readState() error {
	txn := g.db.NewTransactionAt(math.MaxUint64, false)
	defer txn.Discard()
	item, err := txn.Get(stateKey())
	if errors.Is(err, badgerdb.ErrKeyNotFound) {
		g.version, g.state = 0, state{assets: 1}
		return nil
	}
	if err != nil {
		return damaged(err)
	}
	return item.Value(func(sealed []byte) error {
		value, err := unseal(stateKey(), sealed)
		if err != nil {
			return err
		}
		if g.state, err = decodeState(value); err != nil {
			return err
		}
		g.version = item.Version()
		return nil
	})
}

// recover puts back what an unfinished call changed: every key with a row
// above the last complete call gets the value it had then. If it is itself
// interrupted, it is done again.
func (g *generation) recover() error {
	if g.db.MaxVersion() <= g.version {
		return nil
	}
	newest := g.db.NewTransactionAt(math.MaxUint64, false)
	defer newest.Discard()
	complete := g.db.NewTransactionAt(g.version, false)
	defer complete.Discard()
	it := newest.NewIterator(badgerdb.IteratorOptions{SinceTs: g.version, AllVersions: true})
	defer it.Close()
	w := g.writer()
	defer w.discard()
	var last []byte
	for it.Rewind(); it.Valid(); it.Next() {
		key := it.Item().KeyCopy(nil)
		if string(key) == string(last) {
			continue
		}
		last = key
		item, err := complete.Get(key)
		switch {
		case errors.Is(err, badgerdb.ErrKeyNotFound):
			err = w.del(key)
		case err == nil:
			var value []byte
			if value, err = item.ValueCopy(nil); err == nil {
				err = w.set(key, value)
			}
		}
		if err != nil {
			return fmt.Errorf("put back an unfinished call: %w", err)
		}
	}
	if last == nil {
		return nil
	}
	return w.finish(g.state)
}

// checkMark compares with the version noted outside Badger.
func (g *generation) checkMark() error {
	path := g.dir + ".mark"
	flags := os.O_RDWR | os.O_CREATE
	if g.readOnly {
		flags = os.O_RDONLY
	}
	f, err := os.OpenFile(path, flags, 0o644)
	if err != nil {
		return err
	}
	g.mark = f
	raw := make([]byte, 16)
	n, _ := f.ReadAt(raw, 0)
	if n == 0 {
		return nil // new, or not on the disk when the power went
	}
	version := binary.BigEndian.Uint64(raw)
	if n < 12 || binary.BigEndian.Uint32(raw[8:]) != crc32.Checksum(raw[:8], castagnoli) {
		return errors.Join(fmt.Errorf("%w: %s is not what was written there", graph.ErrDamaged, path), f.Close())
	}
	if version > g.version {
		return errors.Join(fmt.Errorf("%w: version %d was complete, only %d is there", graph.ErrDamaged, version, g.version), f.Close())
	}
	return nil
}

// writeMark notes a complete call. It need not reach the disk at once: a mark
// that is too low only checks less.
func (g *generation) writeMark(version uint64) error {
	raw := binary.BigEndian.AppendUint64(nil, version)
	raw = binary.BigEndian.AppendUint32(raw, crc32.Checksum(raw, castagnoli))
	_, err := g.mark.WriteAt(raw, 0)
	return err
}

func (g *generation) manifestHash() (string, error) {
	raw, err := os.ReadFile(filepath.Join(g.dir, badgerdb.ManifestFilename))
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(binary.BigEndian.AppendUint64(nil, xxhash.Sum64(raw))), nil
}

// checkClean compares Badger's manifest with its hash at the last close, and
// takes the hash away: from here on the manifest changes.
func (g *generation) checkClean() error {
	path := g.dir + ".clean"
	want, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil // new, or not closed
	}
	if err != nil {
		return err
	}
	got, err := g.manifestHash()
	if err != nil {
		return fmt.Errorf("%w: %w", graph.ErrDamaged, err)
	}
	if got != string(want) {
		return fmt.Errorf("%w: Badger's manifest in %s is not what was written there", graph.ErrDamaged, g.dir)
	}
	if g.readOnly {
		return nil
	}
	return os.Remove(path)
}

// acquire opens the last complete call for reading.
func (g *generation) acquire() (uint64, state) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.readers[g.version]++
	return g.version, g.state
}

func (g *generation) release(version uint64) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.readers[version]--; g.readers[version] == 0 {
		delete(g.readers, version)
	}
	g.discard()
	if g.retired && len(g.readers) == 0 {
		return g.remove()
	}
	return nil
}

// completed makes a call visible to new views.
func (g *generation) completed(version uint64, s state) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.version, g.state = version, s
	g.discard()
}

// discard lets Badger drop versions that no view can ask for. The caller
// holds mu.
func (g *generation) discard() {
	if g.closed || g.readOnly {
		return
	}
	oldest := g.version
	for version := range g.readers {
		oldest = min(oldest, version)
	}
	g.db.SetDiscardTs(oldest)
}

// retire closes and removes the generation once nobody reads it.
func (g *generation) retire() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.retired = true
	if len(g.readers) == 0 {
		return g.remove()
	}
	return nil
}

// remove deletes the generation's files. The caller holds mu.
func (g *generation) remove() error {
	if g.closed {
		return nil
	}
	g.closed = true
	return errors.Join(g.db.Close(), g.mark.Close(), removeGeneration(g.dir))
}

// removeGeneration deletes a generation that CURRENT does not name.
func removeGeneration(dir string) error {
	return errors.Join(os.RemoveAll(dir), os.RemoveAll(dir+".mark"), os.RemoveAll(dir+".clean"))
}

func (g *generation) close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil
	}
	g.closed = true
	err := errors.Join(g.db.Close(), g.mark.Close())
	if g.retired {
		return errors.Join(err, removeGeneration(g.dir))
	}
	if err != nil || g.readOnly {
		return err
	}
	hash, err := g.manifestHash()
	if err != nil {
		return err
	}
	return writeFile(g.dir+".clean", []byte(hash))
}
