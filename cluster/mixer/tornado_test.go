package mixer_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"spoor/cluster/mixer"
	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest/label"
)

// TestTornadoOnEveryChain makes a ledger for each chain on which the built-in
// table has pools: a deposit to every pool directly and through every router and
// proxy, and a withdrawal with a relayer's fee.
func TestTornadoOnEveryChain(t *testing.T) {
	builtin, err := label.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	pools, routers := make(map[graph.ChainID][]graph.Address), make(map[graph.ChainID][]graph.Address)
	for _, l := range builtin.Labels {
		switch {
		case !strings.Contains(l.Name, "Tornado"):
		case l.Behaviour == "mixer_pool":
			pools[l.Address.Chain] = append(pools[l.Address.Chain], l.Address)
		case l.Behaviour == "mixer_router":
			routers[l.Address.Chain] = append(routers[l.Address.Chain], l.Address)
		}
	}
	if len(pools) < 7 || len(pools[chain.ID]) < 20 || len(routers[chain.ID]) < 3 {
		t.Fatalf("the table has pools on %d chains", len(pools))
	}
	for id, addresses := range pools {
		t.Run(graph.ChainOf(id).Alias, func(t *testing.T) {
			view := tornadoLedger(t, graph.ChainOf(id), addresses, routers[id])
			for i, a := range addresses {
				p, err := mixer.ReadPool(ctx, view, a)
				if err != nil {
					t.Fatal(err)
				}
				if p.Denomination.Uint64() != uint64(1000*(i+1)) || len(p.Deposits) != 1+len(routers[id]) || len(p.Withdrawals) != 1 || p.Other != 0 {
					t.Fatalf("%s: %d deposits of %s, %d withdrawals, %d others", a, len(p.Deposits), p.Denomination.Dec(), len(p.Withdrawals), p.Other)
				}
				for j, d := range p.Deposits {
					if want := someone(id, fmt.Sprint("depositor", i, j)); d.Depositor != want {
						t.Errorf("%s deposit %d: by %s, want %s", a, j, d.Depositor, want)
					}
				}
				w := p.Withdrawals[0]
				if w.Recipient != someone(id, "fresh") || w.Relayer != someone(id, "relayer") || w.Fee.Uint64() != uint64(i+1) {
					t.Errorf("%s: %+v", a, w)
				}
			}
		})
	}
}

func someone(id graph.ChainID, name string) graph.Address {
	sum := sha256.Sum256([]byte(name))
	return graph.EVMAddress(id, [20]byte(sum[:20]))
}

func tornadoLedger(t *testing.T, chain graph.Chain, pools, routers []graph.Address) graph.View {
	t.Helper()
	var blocks []graph.Block
	write := func(moves ...graph.Transfer) {
		height := uint32(len(blocks) + 1)
		for i := range moves {
			moves[i].Seq, moves[i].Kind, moves[i].Asset = graph.Seq(i), graph.KindNative, chain.Native()
		}
		blocks = append(blocks, graph.Block{Header: graph.Header{Height: height, Time: int64(height)}, Source: "tornado",
			Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full},
			Txs:  []graph.Tx{{Hash: sha256.Sum256(fmt.Append(nil, height)), Transfers: moves}}})
	}
	move := func(from, to graph.Address, amount int) (m graph.Transfer) {
		m.From, m.To = from, to
		m.Amount.SetUint64(uint64(amount))
		return m
	}
	for i, pool := range pools {
		amount := 1000 * (i + 1)
		write(move(someone(chain.ID, fmt.Sprint("depositor", i, 0)), pool, amount))
		for j, router := range routers {
			write(move(someone(chain.ID, fmt.Sprint("depositor", i, j+1)), router, amount), move(router, pool, amount))
		}
		write(move(pool, someone(chain.ID, "relayer"), i+1), move(pool, someone(chain.ID, "fresh"), amount-i-1))
	}
	l, err := graphtest.NewModel().Ledger(ctx, chain)
	if err == nil {
		err = l.Apply(ctx, blocks...)
	}
	if err != nil {
		t.Fatal(err)
	}
	view, err := l.View(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return view
}
