package badger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"spoor/graph"
)

// Store is a directory of ledgers.
type Store struct {
	dir     string
	options Options
	lock    *os.File

	mu      sync.Mutex
	closed  bool
	ledgers map[graph.ChainID]*Ledger
	labels  *Labels // nil until asked for
}

var _ graph.Store = (*Store)(nil)

var errClosed = errors.New("the store is closed")

// Open opens the store in a directory and creates it if there is none. While
// it is open for writing nobody else can open it: graph.ErrInUse.
func Open(dir string, o Options) (*Store, error) {
	o = o.withDefaults()
	if !o.ReadOnly {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("open store: %w", err)
		}
	}
	lock, err := lockDir(dir, o.ReadOnly)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	return &Store{dir: dir, options: o, lock: lock, ledgers: make(map[graph.ChainID]*Ledger)}, nil
}

// Chains lists the chains that hold anything, in id order.
func (s *Store) Chains(ctx context.Context) ([]graph.Chain, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("list chains: %w", err)
	}
	var chains []graph.Chain
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		current, err := readCurrent(filepath.Join(s.dir, e.Name()))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list chains: %w", err)
		}
		chain, err := graph.ParseChain(string(current.chain))
		if err != nil {
			return nil, fmt.Errorf("list chains: %s: %w", e.Name(), err)
		}
		l, err := s.ledger(chain)
		if err != nil {
			return nil, err
		}
		if l.state().blocks > 0 {
			chains = append(chains, chain)
		}
	}
	slices.SortFunc(chains, func(a, b graph.Chain) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return chains, nil
}

// Ledger opens the ledger of a chain, creating it if there is none.
func (s *Store) Ledger(_ context.Context, chain graph.Chain) (graph.Ledger, error) {
	return s.ledger(chain)
}

// ledger is Ledger with the engine's own type, for what only this engine does.
func (s *Store) ledger(chain graph.Chain) (*Ledger, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	if l := s.ledgers[chain.ID]; l != nil {
		return l, nil
	}
	l, err := openLedger(filepath.Join(s.dir, folderOf(chain.ID)), chain, s.options)
	if err != nil {
		return nil, fmt.Errorf("open ledger of %s: %w", chain.Alias, err)
	}
	s.ledgers[chain.ID] = l
	return l, nil
}

// Labels opens the packs of labels.
func (s *Store) Labels(context.Context) (graph.Labels, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	if s.labels == nil {
		l, err := openLabels(filepath.Join(s.dir, labelsFolder), s.options)
		if err != nil {
			return nil, fmt.Errorf("open labels: %w", err)
		}
		s.labels = l
	}
	return s.labels, nil
}

// Close ends all work and gives the store free for others. Views still open
// end with it.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	var errs []error
	for _, l := range s.ledgers {
		errs = append(errs, l.close())
	}
	if s.labels != nil {
		errs = append(errs, s.labels.close())
	}
	errs = append(errs, s.lock.Close())
	return errors.Join(errs...)
}

// folderOf is the folder name of a chain: its id with what a file system may
// not take replaced. Ids are "namespace:reference" of letters, digits, - and _,
// so only the colon is.
func folderOf(id graph.ChainID) string { return strings.ReplaceAll(string(id), ":", "-") }

// Folder is where files about the ledger of a chain may lie beside it. They go
// when it goes.
func (s *Store) Folder(chain graph.Chain) string { return filepath.Join(s.dir, folderOf(chain.ID)) }
