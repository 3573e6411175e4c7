package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"spoor/graph"
	"spoor/graph/badger"
)

// defaultMemory is what the store uses unless told otherwise.
const defaultMemory size = 1 << 30

func (p *program) memoryLimit() size {
	if p.memory == 0 {
		return defaultMemory
	}
	return p.memory
}

// create opens the store for writing, and makes it if there is none.
func (p *program) create() (*badger.Store, error) {
	return badger.Open(p.db, badger.Options{Memory: int64(p.memoryLimit())})
}

// open opens a store that is there.
func (p *program) open(o badger.Options) (*badger.Store, error) {
	info, err := os.Stat(p.db)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noStore{fmt.Errorf("no store in %s", p.db)}
	} else if err != nil {
		return nil, err
	} else if !info.IsDir() {
		return nil, noStore{fmt.Errorf("%s is a file, not the folder of a store", p.db)}
	}
	store, err := badger.Open(p.db, o)
	if errors.Is(err, graph.ErrNotFound) {
		return nil, noStore{fmt.Errorf("no store in %s", p.db)}
	}
	return store, err
}

type noStore struct{ error }

func (noStore) Hint() string {
	return "spoor ingest makes a store; --db or SPOOR_DB tells where it is"
}

// with runs a function that only reads on a store that is there, beside other
// readers. A store whose writer was killed must be put right first, which takes
// the store alone.
func (p *program) with(f func(*badger.Store) error) error {
	store, err := p.open(badger.Options{Memory: int64(p.memoryLimit()), ReadOnly: true})
	if err != nil {
		return err
	}
	ctx := context.Background() // nothing to wait for
	_, err = store.Chains(ctx)  // opens the ledgers
	if err == nil {
		_, err = store.Labels(ctx)
	}
	if err != nil {
		if err := store.Close(); err != nil {
			return err
		}
		return p.alone(badger.Options{}, f)
	}
	return errors.Join(f(store), store.Close())
}

// alone runs a function on a store that is there, and that nobody else may use
// meanwhile.
func (p *program) alone(o badger.Options, f func(*badger.Store) error) error {
	o.Memory = int64(p.memoryLimit())
	store, err := p.open(o)
	if err != nil {
		return err
	}
	return errors.Join(f(store), store.Close())
}

// chainsNamed are the chains of a store, or the one of them that is named.
func chainsNamed(ctx context.Context, store graph.Store, name string) ([]graph.Chain, error) {
	chains, err := store.Chains(ctx)
	if err != nil || name == "" {
		return chains, err
	}
	wanted, err := graph.ParseChain(name)
	if err != nil {
		return nil, usagef("--chain: %w", err)
	}
	for _, c := range chains {
		if c.ID == wanted.ID {
			return []graph.Chain{c}, nil
		}
	}
	return nil, fmt.Errorf("chain %s: %w", wanted.Alias, graph.ErrNotFound)
}

// viewing runs a function on a snapshot of a chain's ledger.
func viewing(ctx context.Context, store graph.Store, chain graph.Chain, f func(graph.View) error) error {
	ledger, err := store.Ledger(ctx, chain)
	if err != nil {
		return err
	}
	view, err := ledger.View(ctx)
	if err != nil {
		return err
	}
	return errors.Join(f(view), view.Close())
}
