package badger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"spoor/graph"
)

// Ledger is what is known of one chain.
type Ledger struct {
	chain   graph.Chain
	dir     string
	options Options

	write  sync.Mutex // held by the one writer
	failed bool       // a call ended midway and must be put back first; under write
	names  nameCache  // under write

	mu     sync.Mutex // guards what follows
	gen    *generation
	number int // of gen
	closed bool
}

var _ graph.Ledger = (*Ledger)(nil)

// errReadOnly is returned by everything that writes to a store opened for
// reading.
var errReadOnly = errors.New("the store is open for reading only")

func openLedger(dir string, chain graph.Chain, o Options) (*Ledger, error) {
	l := &Ledger{chain: chain, dir: dir, options: o, names: newNameCache(o.cachedAddresses())}
	c, err := readCurrent(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if c, err = l.create(); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	case c.chain != chain.ID:
		return nil, fmt.Errorf("%w: %s holds %s", graph.ErrDamaged, dir, c.chain)
	}
	if !o.ReadOnly {
		if err := l.removeOthers(c); err != nil {
			return nil, err
		}
	}
	l.number = c.generation
	if _, err := os.Stat(l.generationDir(l.number)); err != nil {
		return nil, fmt.Errorf("%w: %w", graph.ErrDamaged, err)
	}
	if l.gen, err = openGeneration(l.generationDir(l.number), o); err != nil {
		return nil, err
	}
	return l, nil
}

// create makes an empty ledger. If generations are there without a CURRENT,
// somebody lost the file: starting anew would hide them.
func (l *Ledger) create() (current, error) {
	c := current{l.chain.ID, 1}
	if l.options.ReadOnly {
		return c, graph.ErrNotFound
	}
	entries, err := os.ReadDir(l.dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return c, err
	}
	for _, e := range entries {
		// A crash right here leaves an empty folder, nothing more.
		made, err := os.ReadDir(filepath.Join(l.dir, e.Name()))
		if strings.HasPrefix(e.Name(), "gen-") && (err != nil || len(made) > 0) {
			return c, fmt.Errorf("%w: %s has generations and no %s", graph.ErrDamaged, l.dir, currentName)
		}
	}
	if err := os.MkdirAll(l.generationDir(1), 0o755); err != nil {
		return c, err
	}
	return c, writeCurrent(l.dir, c)
}

func (l *Ledger) generationDir(n int) string {
	return filepath.Join(l.dir, current{l.chain.ID, n}.folder())
}

// removeOthers deletes generations that were replaced, or never finished.
func (l *Ledger) removeOthers(c current) error {
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		base, _, _ := strings.Cut(e.Name(), ".")
		if strings.HasPrefix(base, "gen-") && base != c.folder() {
			if err := removeGeneration(filepath.Join(l.dir, base)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Chain is the chain of the ledger.
func (l *Ledger) Chain() graph.Chain { return l.chain }

// View opens a snapshot.
func (l *Ledger) View(context.Context) (graph.View, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, errClosed
	}
	return newView(l.gen, l.chain), nil
}

func (l *Ledger) state() state {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gen.lastState()
}

func (g *generation) lastState() state {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state
}

// begin takes the ledger for writing. A call that failed midway is put back
// first.
func (l *Ledger) begin() (*generation, func(), error) {
	if l.options.ReadOnly {
		return nil, nil, errReadOnly
	}
	l.write.Lock()
	l.mu.Lock()
	g, closed := l.gen, l.closed
	l.mu.Unlock()
	if closed {
		l.write.Unlock()
		return nil, nil, errClosed
	}
	if l.failed {
		l.names.clear()
		if err := g.recover(); err != nil {
			l.write.Unlock()
			return nil, nil, fmt.Errorf("after a call that failed: %w", err)
		}
		l.failed = false
	}
	return g, l.write.Unlock, nil
}

// swap makes another generation the ledger's own.
func (l *Ledger) swap(g *generation, number int) error {
	if err := writeCurrent(l.dir, current{l.chain.ID, number}); err != nil {
		return err
	}
	l.mu.Lock()
	old := l.gen
	l.gen, l.number = g, number
	l.mu.Unlock()
	return old.retire()
}

func (l *Ledger) close() error {
	l.write.Lock()
	defer l.write.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	return l.gen.close()
}

// Describe stores claims about assets; the first about an asset stays.
func (l *Ledger) Describe(ctx context.Context, infos ...graph.AssetInfo) error {
	g, done, err := l.begin()
	if err != nil {
		return fmt.Errorf("describe: %w", err)
	}
	defer done()
	snap := g.snapshot(g.version)
	defer snap.close()
	w := g.writer()
	defer w.discard()
	said := make(map[graph.Asset]bool)
	for _, info := range infos {
		if err := ctx.Err(); err != nil {
			return err
		}
		if info.Asset.Chain != l.chain.ID {
			return fmt.Errorf("describe %s: belongs to another chain than %s", info.Asset, l.chain.ID)
		}
		if info.Asset.IsNative() || said[info.Asset] {
			continue
		}
		said[info.Asset] = true
		switch _, err := snap.get(claimKey(info.Asset)); {
		case err == nil:
			delete(said, info.Asset)
			continue
		case !errors.Is(err, graph.ErrNotFound):
			return fmt.Errorf("describe: %w", err)
		}
		r := encodeClaim(info)
		if err := w.set(r.key, r.value); err != nil {
			l.failed = true
			return fmt.Errorf("describe: %w", err)
		}
	}
	if w.rows == 0 {
		return nil
	}
	if err := w.finish(g.state); err != nil {
		l.failed = true
		return fmt.Errorf("describe: %w", err)
	}
	return nil
}
