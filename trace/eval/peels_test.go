package eval_test

import (
	"context"
	"testing"

	"spoor/graph"
	"spoor/trace/eval"
)

// TestBenignPeels holds what docs/accuracy.md says of peel chains in traffic in
// which nothing was stolen.
func TestBenignPeels(t *testing.T) {
	for _, chain := range []graph.Chain{graph.ChainOf(graph.Ethereum), graph.ChainOf(graph.Bitcoin)} {
		t.Run(chain.Alias, func(t *testing.T) {
			p, err := eval.BenignPeels(context.Background(), opener(t), chain)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d chains of %d hops in %d of %d traces of %d transactions", p.Chains, p.Hops, p.Touched, p.Traces, p.Transactions)
			if p.Traces < 250 {
				t.Errorf("%d traces are too few to tell", p.Traces)
			}
			if most := map[graph.Family]int{graph.UTXOFamily: 30, graph.AccountFamily: 0}[chain.Family]; p.Chains*100 > p.Traces*most {
				t.Errorf("%d chains in %d traces of benign traffic, want %d in 100 at most", p.Chains, p.Traces, most)
			}
		})
	}
}
