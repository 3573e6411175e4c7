package amm_test

import (
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"maps"
	"os"
	"strings"
	"testing"

	"spoor/cluster/amm"
	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest"
	"spoor/ingest/ethereum"
)

// TestRealBlocks proves the pools of seven mainnet blocks, which know nothing of
// pools: an address counts as trading if in one transaction it gave one token
// and took another. Who trades and is not proven is a router, a solver, a
// person, or a pool of a kind that has no derivation.
func TestRealBlocks(t *testing.T) {
	ctx := context.Background()
	dir := graphtest.Data(t, "eth-blocks", "portal")
	source, err := ethereum.NewRLP(graph.ChainOf(graph.Ethereum), dir, ingest.NewMeter(ingest.Stop))
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := graphtest.NewModel().Ledger(ctx, graph.ChainOf(graph.Ethereum))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ingest.Run(ctx, ledger, source, ingest.Options{Meter: ingest.NewMeter(ingest.Stop)}); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	view, err := ledger.View(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = view.Close() }()
	traders := map[graph.ID]bool{}
	for tx, err := range view.Txs(ctx, 0) {
		if err != nil {
			t.Fatal(err)
		}
		type side struct {
			party graph.ID
			out   bool
		}
		moved := map[side]graph.AssetID{}
		for _, m := range tx.Moves {
			if m.Asset == graph.NativeID {
				continue
			}
			moved[side{m.From, true}], moved[side{m.To, false}] = m.Asset, m.Asset
		}
		for s, gave := range moved {
			if took := moved[side{s.party, false}]; s.party != 0 && s.out && took != 0 && took != gave {
				traders[s.party] = true
			}
		}
	}
	proven, byFactory, others := 0, map[string]int{}, map[graph.Address]bool{}
	prover := amm.New(graph.Ethereum)
	for id := range traders {
		p, ok, err := prover.Of(ctx, view, id)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			proven++
			byFactory[p.Factory.Name]++
			continue
		}
		a, err := view.Address(id)
		if err != nil {
			t.Fatal(err)
		}
		others[a] = true
	}
	t.Logf("%d of %d traders are proven pools: %v", proven, len(traders), byFactory)
	want := map[string]int{"Uniswap v2": 46, "Uniswap v3": 31, "SushiSwap v2": 2, "PancakeSwap v3": 1}
	if len(traders) != 133 || !maps.Equal(byFactory, want) {
		t.Errorf("%d traders, proven %v; want 133 and %v", len(traders), byFactory, want)
	}
	// Of those that are not proven, none is known by name as a pair of theirs.
	f, err := os.Open(graphtest.Data(t, "labels-etherscan", "labels.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	names, err := csv.NewReader(unzipped).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, row := range names {
		if row[0] != "ethereum" {
			continue
		}
		a, err := graph.ParseAddress(graph.ChainOf(graph.Ethereum), row[1])
		if err != nil || !others[a] {
			continue
		}
		named++
		t.Logf("not proven: %s", row[2])
		for _, pair := range []string{"Uniswap V2: ", "SushiSwap: "} {
			if strings.HasPrefix(row[2], pair) && !strings.Contains(row[2], "Router") {
				t.Errorf("%s is not proven: %s", a, row[2])
			}
		}
	}
	t.Logf("%d of those that are not proven have names", named)
}
