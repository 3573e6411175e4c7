package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	"spoor/graph/badger"
	"spoor/web"
)

// shownStore is a store that is written, and may be shown in a browser meanwhile. One
// process alone may write a store, so it is that one who shows it: everybody who
// looks has a snapshot.
type shownStore struct {
	*badger.Store
	stop func() error
}

// Close ends the showing before the store.
func (s *shownStore) Close() error { return errors.Join(s.stop(), s.Store.Close()) }

// create opens the store for writing, and shows it meanwhile if --serve asks for
// that.
func (f *ingestFlags) create(ctx context.Context, p *program) (*shownStore, error) {
	if f.serve == "" {
		store, err := p.create()
		return &shownStore{store, func() error { return nil }}, err
	}
	o := serveOptions{listen: f.serve}
	config, err := o.config(p)
	if err != nil {
		return nil, err
	}
	store, err := p.create()
	if err != nil {
		return nil, err
	}
	stop, err := o.showBeside(ctx, p, store, config)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return &shownStore{store, stop}, nil
}

// showBeside serves a store that somebody else of this process writes, until
// stop is called.
func (o *serveOptions) showBeside(ctx context.Context, p *program, store *badger.Store, config web.Config) (stop func() error, err error) {
	lists, err := openLabelBook(nil)
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithCancel(ctx)
	shared := &sharedStore{p: p, written: store}
	config.Open = func(asked context.Context) (*web.Reading, error) { return o.reading(asked, ctx, shared, lists) }
	server, err := web.New(config)
	if err != nil {
		end()
		return nil, usagef("--serve: %w", err)
	}
	pages, err := net.Listen("tcp", o.listen)
	if err != nil {
		end()
		server.Close()
		return nil, fmt.Errorf("--serve: %w", err)
	}
	p.warn("serving %s at http://%s/ while it is written", p.db, pages.Addr())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, pages) }()
	return func() error {
		end()
		err := <-ended
		server.Close()
		return errors.Join(err, shared.close())
	}, nil
}
