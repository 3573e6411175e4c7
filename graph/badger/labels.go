package badger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"spoor/graph"
)

// labelsFolder is the folder of the labels in a store. No chain's folder has
// this name: those have a hyphen.
const labelsFolder = "labels"

// labelsMemory bounds what labels keep in memory: rows are few and small.
const labelsMemory = 64 << 20

// Labels keeps packs of labels in a Badger directory of their own. One call is
// one version, as in a ledger.
type Labels struct {
	dir     string // of the generation
	options Options

	write  sync.Mutex // held by the one writer
	failed bool       // a call ended midway and must be put back first; under write

	mu     sync.RWMutex // guards what follows
	gen    *generation  // nil while there is nothing
	packs  packTable    // of gen's last complete call
	closed bool
}

// packTable has packs by number. It is replaced, never changed.
type packTable map[uint32]graph.Pack

var _ graph.Labels = (*Labels)(nil)

// openLabels opens the labels in a folder. They are made with the first pack.
func openLabels(dir string, o Options) (*Labels, error) {
	o.Memory = labelsMemory
	l := &Labels{dir: filepath.Join(dir, "gen-1"), options: o}
	if _, err := os.Stat(l.dir); errors.Is(err, os.ErrNotExist) {
		return l, nil
	} else if err != nil {
		return nil, err
	}
	return l, l.openGeneration()
}

// openGeneration opens the Badger directory, and makes it if there is none.
func (l *Labels) openGeneration() error {
	g, err := openGeneration(l.dir, l.options)
	if err != nil {
		return err
	}
	packs, err := readPacks(g)
	if err != nil {
		return errors.Join(err, g.close())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gen, l.packs = g, packs
	return nil
}

func readPacks(g *generation) (packTable, error) {
	version, _ := g.acquire()
	snap := g.snapshot(version)
	packs := packTable{}
	for r, err := range snap.rows([]byte{prefixPack}) {
		if err != nil {
			return nil, errors.Join(err, snap.end(g, version))
		}
		p, err := decodePack(r.key, r.value)
		if err != nil {
			return nil, errors.Join(err, snap.end(g, version))
		}
		packs[numberOfPackKey(r.key)] = p
	}
	return packs, snap.end(g, version)
}

// begin takes the labels for writing, and makes them if there are none. A call
// that failed midway is put back first.
func (l *Labels) begin() (*generation, error) {
	if l.options.ReadOnly {
		return nil, errReadOnly
	}
	l.mu.RLock()
	g, closed := l.gen, l.closed
	l.mu.RUnlock()
	if closed {
		return nil, errClosed
	}
	if g == nil {
		if err := os.MkdirAll(filepath.Dir(l.dir), 0o755); err != nil {
			return nil, err
		}
		if err := l.openGeneration(); err != nil {
			return nil, err
		}
		return l.gen, nil
	}
	if l.failed {
		if err := g.recover(); err != nil {
			return nil, fmt.Errorf("after a call that failed: %w", err)
		}
		l.failed = false
	}
	return g, nil
}

// change runs one call that writes. What it says of packs is visible together
// with what it writes.
func (l *Labels) change(write func(*writer, packTable) error) error {
	g, err := l.begin()
	if err != nil {
		return err
	}
	packs := maps.Clone(l.packs)
	w := g.writer()
	defer w.discard()
	l.failed = true
	if err := write(w, packs); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := w.finish(g.lastState()); err != nil {
		return err
	}
	l.packs, l.failed = packs, false
	return nil
}

// Import keeps a pack with its actors and labels.
func (l *Labels) Import(ctx context.Context, p graph.Pack, actors []graph.Actor, labels iter.Seq2[graph.Label, error]) (bool, error) {
	l.write.Lock()
	defer l.write.Unlock()
	for _, there := range l.packs {
		if there.Digest == p.Digest {
			return false, there.Same(&p)
		}
	}
	err := l.change(func(w *writer, packs packTable) error {
		number := uint32(0)
		for n := range packs {
			number = max(number, n)
		}
		number++
		rows, err := writeLabels(ctx, w, number, labels)
		if err != nil {
			return err
		}
		for i := range actors {
			if err := actors[i].Check(); err != nil {
				return err
			}
			r := encodeActor(appendOfPack(actorPrefix(actors[i].ID), number, uint32(i)), &actors[i])
			if err := w.set(r.key, r.value); err != nil {
				return err
			}
		}
		if err := p.Check(rows, len(actors)); err != nil {
			return err
		}
		packs[number] = p
		r := encodePack(packKey(number), &p)
		return w.set(r.key, r.value)
	})
	if err != nil {
		return false, fmt.Errorf("import labels: %w", err)
	}
	return true, nil
}

func writeLabels(ctx context.Context, w *writer, number uint32, labels iter.Seq2[graph.Label, error]) (rows int, err error) {
	for label, err := range labels {
		if err == nil {
			err = label.Check()
		}
		if err == nil && rows%txnRows == 0 {
			err = ctx.Err()
		}
		if err != nil {
			return rows, err
		}
		r := encodeLabel(appendOfPack(labelPrefix(label.Address), number, uint32(rows)), &label)
		if err := w.set(r.key, r.value); err != nil {
			return rows, err
		}
		rows++
	}
	return rows, ctx.Err()
}

// Remove forgets a pack and all it says.
func (l *Labels) Remove(ctx context.Context, pack graph.Digest) error {
	l.write.Lock()
	defer l.write.Unlock()
	for number, p := range l.packs {
		if p.Digest == pack {
			if err := l.remove(ctx, number); err != nil {
				return fmt.Errorf("remove pack %s: %w", pack, err)
			}
			return nil
		}
	}
	return fmt.Errorf("pack %s: %w", pack, graph.ErrNotFound)
}

func (l *Labels) remove(ctx context.Context, number uint32) error {
	return l.change(func(w *writer, packs packTable) error {
		delete(packs, number)
		snap := w.g.snapshot(w.g.version)
		defer snap.close()
		for _, prefix := range []byte{prefixLabel, prefixActor} {
			for key := range snap.keys([]byte{prefix}) {
				if err := ctx.Err(); err != nil {
					return err
				}
				if packOfKey(key) != number {
					continue
				}
				if err := w.del(key); err != nil {
					return err
				}
			}
		}
		return w.del(packKey(number))
	})
}

// Packs lists the packs.
func (l *Labels) Packs(context.Context) ([]graph.Pack, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		return nil, errClosed
	}
	return slices.SortedFunc(maps.Values(l.packs), func(a, b graph.Pack) int { return a.Compare(&b) }), nil
}

func (l *Labels) close() error {
	l.write.Lock()
	defer l.write.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	if l.gen == nil {
		return nil
	}
	return l.gen.close()
}
