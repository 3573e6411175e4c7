package main

import (
	"testing"

	"spoor/graph"
	"spoor/graph/graphtest"
)

// TestStoredBlocks: a node is not asked for blocks that are stored whole, unless
// they were stored before forms were kept.
func TestStoredBlocks(t *testing.T) {
	chain := graphtest.Bitcoin()
	ledger, err := graphtest.NewModel().Ledger(t.Context(), chain)
	if err != nil {
		t.Fatal(err)
	}
	blocks := graphtest.Payments(chain, 4)
	for i := range blocks[2:] {
		for j := range blocks[2+i].Txs {
			blocks[2+i].Txs[j].Form.Known = true
		}
	}
	blocks[3].Know.Transfers = graph.Partial
	if err := ledger.Apply(t.Context(), blocks...); err != nil {
		t.Fatal(err)
	}
	s := &storedBlocks{ledger: ledger}
	for i, want := range []bool{false, false, true, false} {
		if _, whole, err := s.hash(blocks[i].Height); err != nil || whole != want {
			t.Errorf("block %d: stored %v, %v; want %v", i, whole, err, want)
		}
	}
	if _, whole, err := s.hash(7); err != nil || whole {
		t.Errorf("a block that is not there: stored %v, %v", whole, err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
}
