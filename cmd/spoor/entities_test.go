package main

import (
	"testing"

	"spoor/cluster"
	"spoor/graph"
	"spoor/graph/badger"
	"spoor/graph/graphtest"
)

// TestEntitiesFollow brings entities up to date as follow does, over new blocks
// and a reorganisation, and leaves a chain alone that nobody clustered.
func TestEntitiesFollow(t *testing.T) {
	ctx, chain := t.Context(), graph.ChainOf(graph.Bitcoin)
	store, err := badger.Open(t.TempDir(), badger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	ledger, err := store.Ledger(ctx, chain)
	if err != nil {
		t.Fatal(err)
	}
	place := func(name string) graph.Address {
		hash := graphtest.Hash(name)
		return graph.ScriptAddress(chain.ID, append([]byte{0x00, 0x14}, hash[:20]...))
	}
	apply := func(height uint32, branch string, from ...string) {
		t.Helper()
		tx := graph.Tx{Hash: graphtest.Hash("tx" + branch + string(rune('a'+height)))}
		for i, name := range from {
			seq, err := graph.InputSeq(i)
			if err != nil {
				t.Fatal(err)
			}
			tx.Transfers = append(tx.Transfers, graph.Transfer{Seq: seq, Kind: graph.KindInput, From: place(name), Asset: chain.Native(), Amount: graph.Amount{1000}})
		}
		seq, err := graph.OutputSeq(0)
		if err != nil {
			t.Fatal(err)
		}
		tx.Transfers = append(tx.Transfers, graph.Transfer{Seq: seq, Kind: graph.KindOutput, To: place("shop"), Asset: chain.Native(), Amount: graph.Amount{900}})
		err = ledger.Apply(ctx, graph.Block{Header: graph.Header{Height: height, Hash: graphtest.Hash(branch + string(rune('a'+height))), Time: int64(height)},
			Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}, Source: "test", Txs: []graph.Tx{tx}})
		if err != nil {
			t.Fatal(err)
		}
	}
	labels, err := openLabelBook(nil)
	if err != nil {
		t.Fatal(err)
	}
	book, err := openEntityBook(ctx, store, labels)
	if err != nil {
		t.Fatal(err)
	}
	apply(1, "main", "a", "b")
	if err := book.updateChain(ctx, chain); err != nil {
		t.Fatal(err)
	}
	if isClustered(store, chain) {
		t.Fatal("a chain was clustered that nobody asked for")
	}
	if _, _, err := updateCluster(ctx, store, chain, book.kept, 0, true); err != nil {
		t.Fatal(err)
	}
	// same reports who shares an owner, after an update.
	same := func(first, second string) bool {
		t.Helper()
		if err := book.updateChain(ctx, chain); err != nil {
			t.Fatal(err)
		}
		c, err := openEntities(ctx, store, chain, book.kept, cluster.Choice{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.close() }()
		if c.behind != 0 {
			t.Errorf("%d blocks behind after an update", c.behind)
		}
		a, errA := c.view.ID(place(first))
		b, errB := c.view.ID(place(second))
		return errA == nil && errB == nil && c.Same(a, b)
	}
	apply(2, "main", "b", "c")
	apply(3, "main", "c", "d")
	if !same("a", "d") {
		t.Error("a new block joined nobody")
	}
	if err := ledger.Revert(ctx, 2); err != nil {
		t.Fatal(err)
	}
	apply(2, "other", "b", "e")
	if same("a", "c") || same("a", "d") || !same("a", "e") {
		t.Error("the entities are those of the branch that was rolled back")
	}
}
