package graphtest

import (
	"errors"
	"iter"
	"slices"
	"spoor/graph"
	"testing"
)

func (s suite) revert(t *testing.T) {
	for _, chain := range []graph.Chain{Ethereum(), Bitcoin()} {
		blocks := Payments(chain, 10)
		l := s.fresh(t, chain)
		apply(t, l, blocks[:5]...)
		apply(t, l, blocks[5:]...)
		for _, n := range []int{10, 8, 5, 3, 1, 0} {
			from := ^uint32(0)
			if n < len(blocks) {
				from = blocks[n].Height
			}
			must(t, l.Revert(t.Context(), from))
			want := model(t, chain, blocks[:n]...)
			same(t, l, want)
			got, err := view(t, l).Size()
			must(t, err)
			if size, _ := view(t, want).Size(); got != size {
				t.Fatalf("%d blocks left: size %+v, want %+v", n, got, size)
			}
		}
		apply(t, l, blocks...)
		same(t, l, model(t, chain, blocks...))
	}
}

func (s suite) describe(t *testing.T) {
	chain := Ethereum()
	l := s.fresh(t, chain)
	token := Token(chain, 1)
	first := graph.AssetInfo{Asset: token, Symbol: "USDT", Decimals: 6, Source: "first"}
	must(t, l.Describe(t.Context(), first,
		graph.AssetInfo{Asset: token, Symbol: "FAKE", Decimals: 18, Source: "same call"},
		graph.AssetInfo{Asset: chain.Native(), Symbol: "FAKE", Decimals: 1, Source: "nobody"}))
	must(t, l.Describe(t.Context(), graph.AssetInfo{Asset: token, Symbol: "FAKE", Decimals: 0, Source: "later"}))
	must(t, l.Describe(t.Context()))
	apply(t, l, Payments(chain, 4)...)
	check := func(asset graph.Asset, want graph.AssetInfo) {
		t.Helper()
		v := view(t, l)
		id, err := v.AssetID(asset)
		must(t, err)
		if got, err := v.Asset(id); err != nil || got != want {
			t.Fatalf("got %+v, %v; want %+v", got, err, want)
		}
	}
	check(token, first)
	check(Token(chain, 2), graph.AssetInfo{Asset: Token(chain, 2), Decimals: -1})
	check(chain.Native(), graph.NativeInfo(chain))
	must(t, l.Revert(t.Context(), 0))
	apply(t, l, Payments(chain, 4)...)
	check(token, first)
	if err := l.Describe(t.Context(), graph.AssetInfo{Asset: Token(graph.ChainOf("eip155:10"), 1)}); err == nil {
		t.Fatal("an asset of another chain")
	}
}

func sequence(blocks []graph.Block, then error) iter.Seq2[graph.Block, error] {
	return func(yield func(graph.Block, error) bool) {
		for _, b := range blocks {
			if !yield(b, nil) {
				return
			}
		}
		if then != nil {
			yield(graph.Block{}, then)
		}
	}
}

func (s suite) load(t *testing.T) {
	for _, chain := range []graph.Chain{Ethereum(), Bitcoin()} {
		blocks := Payments(chain, 30)
		l := s.fresh(t, chain)
		must(t, l.Describe(t.Context(), graph.AssetInfo{Asset: Token(chain, 1), Symbol: "T", Source: "before"})) // a claim is not a block
		must(t, l.Load(t.Context(), sequence(nil, nil)))
		must(t, l.Load(t.Context(), sequence(blocks[:20], nil)))
		same(t, l, model(t, chain, blocks[:20]...))
		must(t, l.Load(t.Context(), sequence(blocks[10:], nil))) // not empty: applies
		same(t, l, model(t, chain, blocks...))
		if err := l.Load(t.Context(), sequence([]graph.Block{blocks[2], blocks[1]}, nil)); err == nil {
			t.Fatal("descending blocks were loaded")
		}
	}
}

// interruptedLoad ends a load early, in every way it can end, and goes on from
// the height that Staged tells.
func (s suite) interruptedLoad(t *testing.T) {
	for _, chain := range []graph.Chain{Ethereum(), Bitcoin()} {
		blocks := Payments(chain, 30)
		dir := t.TempDir()
		store := s.open(t, dir)
		l, err := store.Ledger(t.Context(), chain)
		must(t, err)
		broken := errors.New("the source broke")
		for _, n := range []int{10, 20} {
			from := resumeAt(t, l, blocks)
			wantErr(t, l.Load(t.Context(), sequence(blocks[from:n], broken)), broken)
			if _, err := view(t, l).Tip(); !errors.Is(err, graph.ErrNotFound) {
				t.Fatalf("a load that broke is visible: %v", err)
			}
			must(t, store.Close())
			store = s.open(t, dir)
			l, err = store.Ledger(t.Context(), chain)
			must(t, err)
		}
		must(t, l.Load(t.Context(), sequence(blocks[resumeAt(t, l, blocks):], nil)))
		same(t, l, model(t, chain, blocks...))
		if _, ok, err := l.Staged(t.Context()); ok || err != nil {
			t.Fatalf("staged after a load: %v, %v", ok, err)
		}
		must(t, store.Close())
	}
}

// resumeAt is the index of the first block that is not staged.
func resumeAt(t testing.TB, l graph.Ledger, blocks []graph.Block) int {
	t.Helper()
	height, ok, err := l.Staged(t.Context())
	must(t, err)
	if !ok {
		return 0
	}
	return slices.IndexFunc(blocks, func(b graph.Block) bool { return b.Height == height }) + 1
}

func (s suite) reopen(t *testing.T) {
	dir := t.TempDir()
	chains := []graph.Chain{Bitcoin(), graph.ChainOf("eip155:10"), Ethereum()}
	store := s.open(t, dir)
	for i, chain := range chains {
		l, err := store.Ledger(t.Context(), chain)
		must(t, err)
		if l.Chain().ID != chain.ID {
			t.Fatalf("ledger of %s", l.Chain().ID)
		}
		apply(t, l, Payments(chain, 3+i)...)
	}
	_, err := store.Ledger(t.Context(), graph.ChainOf("eip155:137")) // stays empty
	must(t, err)
	for range 3 {
		listed, err := store.Chains(t.Context())
		must(t, err)
		if len(listed) != 3 || listed[0].ID != chains[0].ID || listed[1].ID != "eip155:1" || listed[2].ID != "eip155:10" {
			t.Fatalf("chains %v", listed)
		}
		for i, chain := range chains {
			l, err := store.Ledger(t.Context(), chain)
			must(t, err)
			v, err := l.View(t.Context())
			must(t, err)
			sameText(t, Dump(t, v), Dump(t, view(t, model(t, chain, Payments(chain, 3+i)...))))
			must(t, v.Close())
		}
		must(t, store.Close())
		store = s.open(t, dir)
	}
	must(t, store.Close())
}
