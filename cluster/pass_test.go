package cluster_test

import (
	"strings"
	"testing"

	"spoor/cluster"
	"spoor/graph"
	"spoor/graph/graphtest"
)

// TestPassesOn lets an address take part in swaps. It is a conduit while nothing
// of any asset stays with it, everything is known and it pays no fee.
func TestPassesOn(t *testing.T) {
	chain := graph.ChainOf(graph.Ethereum)
	router, user, pool := graph.EVMAddress(chain.ID, [20]byte{1}), graph.EVMAddress(chain.ID, [20]byte{2}), graph.EVMAddress(chain.ID, [20]byte{3})
	token := graph.Asset{Chain: chain.ID, Standard: graph.ERC20, Contract: graph.EVMAddress(chain.ID, [20]byte{4})}
	full := graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}
	move := func(from, to graph.Address, asset graph.Asset, n uint64, kind graph.Kind) graph.Transfer {
		tr := graph.Transfer{From: from, To: to, Asset: asset, Kind: kind}
		tr.Amount.SetUint64(n)
		return tr
	}
	swap := []graph.Transfer{move(user, router, chain.Native(), 5, graph.KindNative), move(router, pool, chain.Native(), 5, graph.KindInternal),
		move(pool, router, token, 9, graph.KindToken), move(router, user, token, 9, graph.KindToken)}
	for name, test := range map[string]struct {
		last []graph.Transfer
		know graph.Knowledge
		want string
	}{
		"passes on":           {swap, full, "a conduit that passes everything on (net zero in all 4 transactions read)"},
		"keeps a unit":        {append(swap[:3:3], move(router, user, token, 8, graph.KindToken)), full, ""},
		"gives what it had":   {append(swap[:3:3], move(router, user, token, 10, graph.KindToken)), full, ""},
		"pays a fee":          {append([]graph.Transfer{move(router, graph.Address{}, chain.Native(), 1, graph.KindFee)}, swap...), full, ""},
		"known in part":       {swap, graph.Knowledge{Transfers: graph.Full, Logs: graph.Full}, ""},
		"is sent nothing":     {[]graph.Transfer{move(user, router, token, 0, graph.KindToken)}, full, "a conduit that passes everything on (net zero in all 3 transactions read)"},
		"is left with a coin": {[]graph.Transfer{move(user, router, chain.Native(), 1, graph.KindNative)}, full, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var blocks []graph.Block
			for n := range byte(4) {
				moves, know := swap, full
				if n == 3 {
					moves, know = test.last, test.know
				}
				moves = append([]graph.Transfer(nil), moves...)
				for i := range moves {
					moves[i].Seq = graph.Seq(i)
				}
				blocks = append(blocks, graph.Block{Header: graph.Header{Height: uint32(n) + 1, Time: int64(n)}, Know: know, Txs: []graph.Tx{{Hash: graph.Hash{n + 1}, Transfers: moves}}})
			}
			l, err := graphtest.NewModel().Ledger(t.Context(), chain)
			if err == nil {
				err = l.Apply(t.Context(), blocks...)
			}
			if err != nil {
				t.Fatal(err)
			}
			view, err := l.View(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			id, err := view.ID(router)
			if err != nil {
				t.Fatal(err)
			}
			c, passes, err := cluster.PassesOn(t.Context(), view, id)
			if err != nil || passes != (test.want != "") || passes && c.Rule() != test.want {
				t.Errorf("%v %q, %v; want %q", passes, c.Rule(), err, test.want)
			}
			if id, err = view.ID(pool); err != nil {
				t.Fatal(err)
			}
			if c, passes, _ = cluster.PassesOn(t.Context(), view, id); passes || strings.Contains(c.Rule(), " 2 ") {
				t.Errorf("the pool passes on: %+v", c)
			}
		})
	}
}
