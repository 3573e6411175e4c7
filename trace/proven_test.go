package trace_test

import (
	"context"
	"strings"
	"testing"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/trace"
)

// TestProvenPool gives stolen dollars to a pool for nothing. The genuine pool
// ends them, as derived; a counterfeit, one digit off, holds them like anybody
// else. What is swapped in the pool ends nowhere and goes on as the other token.
func TestProvenPool(t *testing.T) {
	const (
		genuine     = "0xb4e16d0168e52d35cacd2c6185b44281ec28c9dc"
		counterfeit = "0xb4e16d0168e52d35cacd2c6185b44281ec28c9dd"
	)
	chain := graph.ChainOf("eip155:1")
	address := func(text string) graph.Address {
		a, err := graph.ParseAddress(chain, text)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	token := func(text string) graph.Asset {
		return graph.Asset{Chain: chain.ID, Standard: graph.ERC20, Contract: address(text)}
	}
	usdc, weth := token("0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"), token("0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2")
	thief, victim := graph.EVMAddress(chain.ID, [20]byte{1}), graph.EVMAddress(chain.ID, [20]byte{2})
	for _, pool := range []string{genuine, counterfeit} {
		at := address(pool)
		var blocks []graph.Block
		tx := func(moves ...graph.Transfer) {
			n := len(blocks) + 1
			for i := range moves {
				moves[i].Seq, moves[i].Kind = graph.Seq(i+1), graph.KindToken
			}
			blocks = append(blocks, graph.Block{Header: graph.Header{Height: uint32(n), Hash: graph.Hash{byte(n)}, Time: int64(n)},
				Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full},
				Txs:  []graph.Tx{{Hash: graph.Hash{byte(n), 1}, Transfers: moves}}})
		}
		move := func(from, to graph.Address, asset graph.Asset, amount uint64) graph.Transfer {
			m := graph.Transfer{From: from, To: to, Asset: asset}
			m.Amount.SetUint64(amount)
			return m
		}
		tx(move(victim, thief, usdc, 100))
		tx(move(thief, at, usdc, 60), move(at, thief, weth, 6))
		tx(move(thief, at, usdc, 40))
		store := graphtest.NewModel()
		ledger, err := store.Ledger(context.Background(), chain)
		if err == nil {
			err = ledger.Apply(context.Background(), blocks...)
		}
		if err != nil {
			t.Fatal(err)
		}
		view, err := ledger.View(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		got, err := trace.Run(context.Background(), map[graph.ChainID]graph.View{chain.ID: view},
			trace.Case{Method: "fifo", Seeds: []string{"ethereum:" + graph.Hash{1, 1}.Text(graph.AccountFamily)}}, trace.Known{})
		if err != nil {
			t.Fatal(err)
		}
		ended := map[trace.Reason]uint64{}
		for _, s := range got.Stops {
			if s.Asset.Asset != usdc {
				if s.Address != thief || s.Reason != trace.StopAtRest || s.Tainted.Uint64() != 6 {
					t.Errorf("%s: stop %+v", pool, s)
				}
				continue
			}
			ended[s.Reason] += s.Tainted.Uint64()
			if s.Reason == trace.StopService && (s.Statement != graph.Derived || s.Confidence != 100 || s.Address != at ||
				!strings.HasPrefix(s.Rule, "Uniswap v2 pair USDC/WETH (derived from its factory 0x")) {
				t.Errorf("%s: stop %+v", pool, s)
			}
		}
		_, proven := got.Pools[at]
		want := map[trace.Reason]uint64{trace.StopService: 40}
		if pool == counterfeit {
			want = map[trace.Reason]uint64{trace.StopAtRest: 40}
		}
		if proven != (pool == genuine) || len(got.Pools) > 1 || len(ended) != 1 || ended[trace.StopService] != want[trace.StopService] || ended[trace.StopAtRest] != want[trace.StopAtRest] {
			t.Errorf("%s: proven %t, ended %v, want %v", pool, proven, ended, want)
		}
		for _, h := range got.Holders {
			if (h.Proven != "") != (h.Address == at && pool == genuine) {
				t.Errorf("%s: %s is proven to be %q", pool, h.Address, h.Proven)
			}
		}
		if err := view.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
