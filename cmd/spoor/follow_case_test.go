package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest"
	"spoor/trace"
)

// TestCaseWatch tells what new blocks, and a reorganisation, change for a case.
func TestCaseWatch(t *testing.T) {
	chain := graph.ChainOf(graph.Ethereum)
	store := graphtest.NewModel()
	ledger, err := store.Ledger(t.Context(), chain)
	if err != nil {
		t.Fatal(err)
	}
	thief, friend, other := graphtest.Account(chain, 2), graphtest.Account(chain, 3), graphtest.Account(chain, 4)
	pay := func(height uint32, branch string, from, to graph.Address, ether uint64) {
		t.Helper()
		seq, err := graph.CallSeq(0)
		if err != nil {
			t.Fatal(err)
		}
		amount := graph.Amount{ether}
		amount.Mul(&amount, &graph.Amount{1e18})
		name := fmt.Sprint(height, branch)
		err = ledger.Apply(t.Context(), graph.Block{Header: graph.Header{Height: height, Hash: graphtest.Hash("block" + name), Time: int64(1_700_000_000 + height)},
			Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}, Source: "test",
			Txs: []graph.Tx{{Hash: graphtest.Hash("tx" + name), Transfers: []graph.Transfer{{Seq: seq, Kind: graph.KindNative, From: from, To: to, Asset: chain.Native(), Amount: amount}}}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "case.yaml")
	if err := os.WriteFile(file, []byte("seeds: [\"ethereum:"+graphtest.Hash("tx1").String()+"\"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, said bytes.Buffer
	p := &program{out: &out, err: &said, env: func(string) string { return "" }}
	w, err := p.newCaseWatch(t.Context(), store, file, nil)
	if err != nil {
		t.Fatal(err)
	}
	var took trace.Extension
	w.took = func(x trace.Extension, _ time.Duration) { took = x }
	// look is what is written after something happened.
	look := func(what ingest.What, final uint32) string {
		t.Helper()
		out.Reset()
		for _, n := range []ingest.What{what, ingest.Reached, ingest.Reached} {
			if err := w.notice(t.Context(), ingest.Notice{What: n, State: ingest.Followed{Final: final}}); err != nil {
				t.Fatal(err)
			}
		}
		return out.String()
	}
	if got := look(ingest.Advanced, 0); got != "" || !strings.Contains(said.String(), "waiting for it") {
		t.Fatalf("before the theft: %q, %s", got, said.String())
	}
	pay(1, "", graphtest.Account(chain, 1), thief, 10)
	if got := look(ingest.Advanced, 0); strings.Count(got, "\n") != 2 || !strings.HasPrefix(got, "moved 10 ETH from ") || !strings.Contains(got, "(provisional)") || !strings.Contains(got, "\nnow 10 ETH at_rest at "+thief.String()+"\n") {
		t.Fatalf("the theft:\n%s", got)
	}
	if got := look(ingest.Reached, 0); got != "" {
		t.Fatalf("nothing new:\n%s", got)
	}
	pay(2, "a", thief, friend, 4)
	if got := look(ingest.Advanced, 2); strings.Count(got, "\n") != 3 || !strings.Contains(got, "moved 4 ETH from "+thief.String()+" to "+friend.String()+", block 2, transaction ") ||
		!strings.Contains(got, "now 4 ETH at_rest at "+friend.String()) || !strings.Contains(got, "now 6 ETH at_rest at "+thief.String()) || strings.Contains(got, "provisional") {
		t.Fatalf("a payment:\n%s", got)
	}
	if took.Transactions != 1 || took.Anew != "" || took.RolledBack {
		t.Errorf("a payment took %+v, want one transaction", took)
	}
	pay(3, "a", graphtest.Account(chain, 5), other, 7)
	if got := look(ingest.Advanced, 2); got != "" || took.Transactions != 0 || took.Changed {
		t.Errorf("a block of others: %q, took %+v", got, took)
	}
	if err := ledger.Revert(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	pay(2, "b", thief, other, 1)
	if got := look(ingest.Reorganise, 0); strings.Count(got, "\n") != 4 || !strings.Contains(got, "rolled back 4 ETH from "+thief.String()+" to "+friend.String()) ||
		!strings.Contains(got, "moved 1 ETH from "+thief.String()+" to "+other.String()) {
		t.Fatalf("a reorganisation:\n%s", got)
	}
	if !took.RolledBack || took.Anew != "" || took.Transactions != 1 {
		t.Errorf("a reorganisation took %+v, want a state that was kept and one transaction", took)
	}
}
