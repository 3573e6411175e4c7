package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"spoor/graph/badger"
)

// sharedStore is a store that is open for reading as long as somebody uses it,
// and a little longer. A store can be read by many or written by one: in
// between, ingests can run, and what they have written is seen afterwards.
type sharedStore struct {
	p *program

	// written is the store where this process writes it, and closes it; else nil.
	written *badger.Store

	mu     sync.Mutex // guards what follows
	store  *badger.Store
	owners *ownerShelf // of the store as it is open
	users  int
	linger *time.Timer // closes the store when nobody has used it for a while
	opened bool        // once: its tables have been checked
	closed bool

	working sync.WaitGroup // what works on the store for nobody in particular
}

// lingering is how long a store stays open that nobody uses.
const lingering = 2 * time.Second

// open gives the store to one user, and the entities that were computed of it.
func (s *sharedStore) open() (*badger.Store, *ownerShelf, func() error, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.take()
}

// work does something with the store, which stays open until it is done; close
// waits for it.
func (s *sharedStore) work(do func(*badger.Store)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	store, _, release, err := s.take()
	if err != nil {
		return err
	}
	s.working.Go(func() {
		do(store)
		_ = release() // closing may fail later, and warns then
	})
	return nil
}

// take is open; s.mu is held.
func (s *sharedStore) take() (*badger.Store, *ownerShelf, func() error, error) {
	if s.closed {
		return nil, nil, nil, fmt.Errorf("the server has ended: %w", context.Canceled)
	}
	if s.linger != nil {
		s.linger.Stop()
		s.linger = nil
	}
	if s.store == nil {
		if err := s.reopen(); err != nil {
			return nil, nil, nil, err
		}
	}
	s.users++
	return s.store, s.owners, sync.OnceValue(s.release), nil
}

// reopen opens the store for reading. One whose writer was killed is put right
// first, which takes it alone for a moment.
func (s *sharedStore) reopen() error {
	if s.written != nil {
		s.store, s.owners = s.written, newOwnerShelf()
		return nil
	}
	o := badger.Options{Memory: int64(s.p.memoryLimit()), ReadOnly: true}
	if s.opened {
		o.Verify = -1
	}
	for repaired := false; ; repaired = true {
		store, err := s.p.open(o)
		if err != nil {
			return err
		}
		_, err = store.Chains(context.Background()) // opens the ledgers; nothing to wait for
		if err == nil {
			s.store, s.owners, s.opened = store, newOwnerShelf(), true
			return nil
		}
		if err := errors.Join(err, store.Close()); repaired {
			return err
		}
		if err := s.p.alone(badger.Options{}, func(store *badger.Store) error {
			_, err := store.Chains(context.Background()) // as above
			return err
		}); err != nil {
			return err
		}
	}
}

// release takes the store back from one user.
func (s *sharedStore) release() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users--
	if s.users > 0 || s.store == nil {
		return nil
	}
	var mine *time.Timer
	mine = time.AfterFunc(lingering, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.linger != mine || s.users > 0 || s.store == nil {
			return // used again since
		}
		if err := s.shut(); err != nil {
			s.p.warn("spoor: close the store: %s", oneLine(err.Error()))
		}
	})
	s.linger = mine
	return nil
}

// close ends the sharing; nobody uses the store any more, and what works on it
// was told to end.
func (s *sharedStore) close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.working.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.linger != nil {
		s.linger.Stop()
		s.linger = nil
	}
	if s.store == nil {
		return nil
	}
	return s.shut()
}

// shut closes what is open; s.mu is held.
func (s *sharedStore) shut() error {
	err := s.owners.close()
	if s.written == nil {
		err = errors.Join(err, s.store.Close())
	}
	s.store, s.owners = nil, nil
	return err
}
