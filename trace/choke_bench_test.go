package trace_test

import (
	"fmt"
	"testing"

	"spoor/graph"
	"spoor/trace"
)

// BenchmarkChokes ranks a trace of 20,000 addresses, half of which the thief
// pays himself: the smallest cut is large.
func BenchmarkChokes(b *testing.B) {
	chain := graph.ChainOf(graph.Ethereum)
	info := graph.NativeInfo(chain)
	who := func(i int) graph.Address {
		return graph.EVMAddress(chain.ID, [20]byte{byte(i >> 16), byte(i >> 8), byte(i), 1})
	}
	var t trace.Trace
	t.Method.Conserves = true
	t.Seeds = []trace.Seeded{{Address: who(0), Asset: info, Amount: amountOf(1)}}
	const addresses = 20_000
	for i := 1; i < addresses; i++ {
		for j, from := range []int{max(0, i-addresses/2), i - 1 - i%7} { // half of them are paid by the thief
			if from >= 0 && from != i && (j == 0 || i%3 == 0) {
				t.Steps = append(t.Steps, trace.Step{Chain: chain.ID, At: graph.Position{Block: uint32(i), Tx: uint32(j)}, From: who(from), To: who(i), Asset: info, Rule: trace.RuleTransfer})
			}
		}
		if i%2 == 0 {
			t.Stops = append(t.Stops, trace.Stop{Reason: trace.StopAtRest, Address: who(i), Asset: info, Tainted: amountOf(uint64(i))})
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		c, err := t.Chokes()
		if err != nil || len(c.Points) == 0 {
			b.Fatal(fmt.Errorf("%d points: %w", len(c.Points), err))
		}
	}
}
