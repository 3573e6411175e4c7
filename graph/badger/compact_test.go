package badger_test

import (
	"errors"
	"slices"
	"testing"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/graph/graphtest"
)

func openLedger(t *testing.T, dir string, chain graph.Chain) (*badger.Store, *badger.Ledger) {
	t.Helper()
	s, err := badger.Open(dir, small)
	must(t, err)
	l, err := s.Ledger(t.Context(), chain)
	must(t, err)
	return s, l.(*badger.Ledger)
}

// Compacting changes nothing that can be read, and views that are open go on.
func TestCompact(t *testing.T) {
	t.Parallel()
	for _, chain := range []graph.Chain{graphtest.Ethereum(), graphtest.Bitcoin()} {
		dir := t.TempDir()
		s, l := openLedger(t, dir, chain)
		must(t, l.Compact(t.Context())) // of nothing
		blocks := crashLedger(chain)[:20]
		for _, b := range blocks[:15] {
			must(t, l.Apply(t.Context(), b))
		}
		must(t, l.Describe(t.Context(), graph.AssetInfo{Asset: graphtest.Token(chain, 1), Symbol: "T", Source: "test"}))
		before := dump(t, l)
		old, err := l.View(t.Context())
		must(t, err)
		must(t, l.Compact(t.Context()))
		if dump(t, l) != before || graphtest.Dump(t, old) != before {
			t.Fatal("compacting changed the ledger")
		}
		clean(t, l)
		must(t, l.Apply(t.Context(), blocks[15:]...))
		must(t, l.Compact(t.Context()))
		must(t, l.Revert(t.Context(), blocks[18].Height))
		sameAs(t, l, chain, blocks[:18])
		must(t, old.Close())
		must(t, s.Close())
		s, l = openLedger(t, dir, chain)
		sameAs(t, l, chain, blocks[:18])
		clean(t, l)
		must(t, s.Close())
	}
}

func TestInUse(t *testing.T) {
	dir := t.TempDir()
	s, l := openLedger(t, dir, graphtest.Ethereum())
	must(t, l.Apply(t.Context(), graphtest.Payments(graphtest.Ethereum(), 3)...))
	for _, o := range []badger.Options{{}, {ReadOnly: true}} {
		if _, err := badger.Open(dir, o); !errors.Is(err, graph.ErrInUse) {
			t.Fatalf("opened twice: %v", err)
		}
	}
	must(t, s.Close())
	if _, err := l.View(t.Context()); err == nil {
		t.Fatal("a view of a closed store")
	}
	if err := l.Apply(t.Context()); err == nil {
		t.Fatal("a closed store applied")
	}
}

func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	if _, err := badger.Open(dir+"/none", badger.Options{ReadOnly: true}); !errors.Is(err, graph.ErrNotFound) {
		t.Fatalf("opened what is not there: %v", err)
	}
	chain := graphtest.Ethereum()
	blocks := graphtest.Payments(chain, 5)
	s, l := openLedger(t, dir, chain)
	must(t, l.Apply(t.Context(), blocks...))
	must(t, s.Close())
	var readers []*badger.Store
	for range 2 {
		s, err := badger.Open(dir, badger.Options{ReadOnly: true, Memory: 64 << 20})
		must(t, err)
		readers = append(readers, s)
		l, err := s.Ledger(t.Context(), chain)
		must(t, err)
		sameAs(t, l, chain, blocks)
		for name, err := range map[string]error{"apply": l.Apply(t.Context(), blocks...), "revert": l.Revert(t.Context(), 0),
			"describe": l.Describe(t.Context()), "load": l.Load(t.Context(), from(blocks, 0, false))} {
			if err == nil {
				t.Fatalf("%s on a store that is open for reading", name)
			}
		}
		if _, err := s.Ledger(t.Context(), graphtest.Bitcoin()); !errors.Is(err, graph.ErrNotFound) {
			t.Fatalf("a ledger that is not there: %v", err)
		}
		chains, err := s.Chains(t.Context())
		must(t, err)
		if !slices.EqualFunc(chains, []graph.Chain{chain}, func(a, b graph.Chain) bool { return a.ID == b.ID }) {
			t.Fatalf("chains %v", chains)
		}
	}
	if _, err := badger.Open(dir, small); !errors.Is(err, graph.ErrInUse) {
		t.Fatalf("opened for writing beside readers: %v", err)
	}
	for _, s := range readers {
		must(t, s.Close())
	}
}
