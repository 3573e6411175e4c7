//go:build linux

package badger_test

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"testing"

	"spoor/graph/graphtest"
)

// TestGraphCSV writes the benchmarks' graph to the file that SPOOR_BENCH_CSV
// names, for measuring other databases on the same transfers: block,
// transaction, place, sender, receiver, asset, amount, transaction hash.
func TestGraphCSV(t *testing.T) {
	path := os.Getenv("SPOOR_BENCH_CSV")
	if path == "" {
		t.Skip("SPOOR_BENCH_CSV is not set")
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	g := newPowerLaw(benchSize())
	edge := 0
	for b, err := range g.blocks(graphtest.Ethereum()) {
		if err != nil {
			t.Fatal(err)
		}
		for _, tx := range b.Txs {
			for _, m := range tx.Transfers {
				e := g.edges[edge]
				edge++
				if _, err := fmt.Fprintf(w, "%d,%d,%d,%d,%d,%s,%s,\\x%s\n", b.Height, tx.Index, m.Seq.Index(), e.from, e.to, m.Asset.Text(), m.Amount.Dec(), hex.EncodeToString(tx.Hash[:])); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
