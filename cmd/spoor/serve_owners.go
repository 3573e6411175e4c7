package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"spoor/cluster"
	"spoor/graph"
	"spoor/graph/badger"
	"spoor/web"
)

// ownerShelf keeps the entities of a store that is open, each ledger's computed
// when it is first asked for: that takes long on a large one, and they stay the
// same as long as nobody writes.
type ownerShelf struct {
	mu      sync.Mutex // guards what follows
	byChain map[graph.ChainID]*shelved
}

// shelved is the entities of one ledger.
type shelved struct {
	ready chan struct{} // closed when what follows is there
	c     *clustered
	err   error
	turn  chan struct{} // holds the one token of who uses c
}

func newOwnerShelf() *ownerShelf {
	return &ownerShelf{byChain: map[graph.ChainID]*shelved{}}
}

// use gives the entities of a chain to one user at a time, and has them computed
// first if nobody has. That goes on for the next who asks if the context ends
// before.
//
// life ends when the server does.
func (s *ownerShelf) use(ctx, life context.Context, store *sharedStore, chain graph.Chain, labels *labelBook, use func(web.Owners) error) error {
	b, err := s.take(life, store, chain, labels)
	if err != nil {
		return err
	}
	select {
	case <-b.ready:
	case <-ctx.Done():
		return fmt.Errorf("the entities of %s are being computed: %w", chain.Alias, ctx.Err())
	}
	if b.err != nil {
		return b.err
	}
	select {
	case <-b.turn:
	case <-ctx.Done():
		return fmt.Errorf("the entities of %s are in use: %w", chain.Alias, ctx.Err())
	}
	defer func() { b.turn <- struct{}{} }()
	return use(web.Owners{Entities: b.c.Entities, View: b.c.view, Behind: b.c.behind})
}

// take is the entities of a chain, ready or being computed.
func (s *ownerShelf) take(life context.Context, store *sharedStore, chain graph.Chain, labels *labelBook) (*shelved, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.byChain[chain.ID]; b != nil {
		return b, nil
	}
	b := &shelved{ready: make(chan struct{}), turn: make(chan struct{}, 1)}
	b.turn <- struct{}{}
	err := store.work(func(opened *badger.Store) {
		defer close(b.ready)
		kept, err := clusterLabels(life, opened)
		if err == nil {
			b.c, err = openEntities(life, opened, chain, kept, cluster.Choice{Labels: labels.lists.All()})
		}
		b.err = withoutEntities(err)
	})
	if err == nil {
		s.byChain[chain.ID] = b
	}
	return b, err
}

// withoutEntities tells the web which failures mean that nothing is known.
func withoutEntities(err error) error {
	var stale errStale
	switch {
	case errors.Is(err, cluster.ErrNoLog):
		return fmt.Errorf("%w: no evidence was looked for; spoor cluster finds it", web.ErrNoEntities)
	case errors.As(err, &stale):
		return fmt.Errorf("%w: %w; spoor cluster brings it up to date", web.ErrNoEntities, err)
	}
	return err
}

// close gives free what the entities hold open. Nobody uses them any more.
func (s *ownerShelf) close() (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.byChain {
		if <-b.ready; b.c != nil {
			err = errors.Join(err, b.c.close())
		}
	}
	return err
}
