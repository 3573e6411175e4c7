package cluster_test

import (
	"slices"
	"testing"

	"spoor/cluster"
	"spoor/graph"
	"spoor/graph/badger"
	"spoor/graph/graphtest"
	"spoor/ingest/synthetic"
)

// TestFindInPieces finds the evidence of all rules in generated ledgers block
// by block, in a few pieces, and at once: it is the same, though the pieces
// must ask the ledger what came before them.
func TestFindInPieces(t *testing.T) {
	var all cluster.RuleSet
	for _, info := range cluster.Rules() {
		all = all.With(info.Rule)
	}
	for _, traffic := range []synthetic.Traffic{
		{Ledger: graph.ChainOf(graph.Bitcoin), Seed: 3, Transfers: 4000, PerBlock: 50},
		{Ledger: graph.ChainOf(graph.Ethereum), Seed: 4, Transfers: 16_000, PerBlock: 4, Assets: 2, Wallets: 300},
	} {
		t.Run(traffic.Ledger.Alias, func(t *testing.T) {
			store, err := badger.Open(t.TempDir(), badger.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = store.Close() })
			ledger, err := store.Ledger(t.Context(), traffic.Chain())
			if err != nil {
				t.Fatal(err)
			}
			search := cluster.Search{Chain: traffic.Chain(), Rules: all}
			for i := range synthetic.Hubs {
				search.Labels = append(search.Labels, graph.Label{Address: traffic.Hub(i), Name: "Hub " + string(rune('A'+i)), Category: "exchange", Source: "test", Confidence: 100})
			}
			var batch []graph.Block
			pieces, once := t.TempDir(), t.TempDir()
			for b, err := range traffic.Blocks(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				batch = append(batch, b)
				if len(batch) == 7 || len(batch) > 500 {
					if b.Height%1000 > 20 && b.Height > 100 {
						continue // a long piece after short ones
					}
					apply(t, ledger, batch)
					find(t, ledger, search, pieces)
					batch = nil
				}
			}
			apply(t, ledger, batch)
			got, want := find(t, ledger, search, pieces), find(t, ledger, search, once)
			rules := map[cluster.Rule]int{}
			for _, e := range want {
				rules[e.Rule]++
			}
			t.Log(rules)
			if len(want) == 0 || !slices.Equal(got, want) {
				i := 0
				for i < min(len(got), len(want)) && got[i] == want[i] {
					i++
				}
				t.Fatalf("in pieces %d pieces of evidence, at once %d; the first that differs: %v, want %v", len(got), len(want), at(got, i), at(want, i))
			}
		})
	}
}

func at(list []cluster.Evidence, i int) any {
	if i < len(list) {
		return list[i]
	}
	return "none"
}

func apply(t *testing.T, ledger graph.Ledger, blocks []graph.Block) {
	t.Helper()
	if err := ledger.Apply(t.Context(), blocks...); err != nil {
		t.Fatal(err)
	}
}

// find brings the log in a folder up to date and returns all its evidence.
func find(t *testing.T, ledger graph.Ledger, search cluster.Search, dir string) (all []cluster.Evidence) {
	t.Helper()
	view, err := ledger.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = view.Close() }()
	log, _, err := cluster.EditLog(dir, search.Chain, search.Basis())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	u, err := log.Update(t.Context(), view, search.Finder(t.Context(), view))
	if err != nil {
		t.Fatal(err)
	}
	if u.Rebuilt {
		t.Fatalf("it was found anew: %+v", u)
	}
	for e, err := range log.Evidence(^uint32(0)) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// TestFormsLearnedLater: evidence of a ledger whose forms were not known is
// found anew when its blocks are read again, and is that of one which always
// knew them.
func TestFormsLearnedLater(t *testing.T) {
	chain := graph.ChainOf(graph.Bitcoin)
	search := cluster.Search{Chain: chain, Rules: cluster.SettledRules()}
	var formed, bare []graph.Block
	for b, err := range (synthetic.Traffic{Ledger: chain, Seed: 5, Transfers: 4000, PerBlock: 50}).Blocks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		formed = append(formed, b)
		b.Txs = slices.Clone(b.Txs)
		for i := range b.Txs {
			b.Txs[i].Form = graph.Form{}
		}
		bare = append(bare, b)
	}
	ledger := func(blocks []graph.Block) graph.Ledger {
		l, err := graphtest.NewModel().Ledger(t.Context(), chain)
		if err != nil {
			t.Fatal(err)
		}
		apply(t, l, blocks)
		return l
	}
	want := find(t, ledger(formed), search, t.TempDir())
	dir, later := t.TempDir(), ledger(bare)
	if got := find(t, later, search, dir); len(got) > 0 || len(want) < 100 {
		t.Fatalf("%d pieces of evidence without forms, %d with", len(got), len(want))
	}
	apply(t, later, formed)
	view, err := later.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	log, _, err := cluster.EditLog(dir, chain, search.Basis())
	if err != nil {
		t.Fatal(err)
	}
	if state, _, err := log.State(t.Context(), view); err != nil || state != cluster.Stale {
		t.Errorf("the log is %v, %v; want stale", state, err)
	}
	if u, err := log.Update(t.Context(), view, search.Finder(t.Context(), view)); err != nil || !u.Rebuilt {
		t.Fatalf("%+v, %v; want it found anew", u, err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if got := find(t, later, search, dir); !slices.Equal(got, want) {
		t.Errorf("%d pieces of evidence, want %d", len(got), len(want))
	}
}
