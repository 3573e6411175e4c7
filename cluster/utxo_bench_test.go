package cluster_test

import (
	"testing"

	"spoor/cluster"
	"spoor/graph"
)

// BenchmarkEvidence is what a transaction costs to be read, recognised and
// searched, with common input alone and with all rules.
func BenchmarkEvidence(b *testing.B) {
	tx := func(inputs, outputs int) *graph.TxMoves {
		t := &graph.TxMoves{At: graph.Position{Block: 5}, Time: jan2024}
		for i := range inputs + outputs {
			m := graph.Move{Kind: graph.KindInput, Asset: graph.NativeID, From: graph.ID(i + 1)}
			m.Amount.SetUint64(uint64(900_000 + i))
			if i >= inputs {
				m.Kind, m.From, m.To = graph.KindOutput, 0, m.From
				m.Amount.SetUint64(uint64((800_000*inputs + i*7919) / outputs))
			}
			t.Moves = append(t.Moves, m)
		}
		return t
	}
	address := graph.ScriptAddress(graph.Bitcoin, append([]byte{0x00, 0x14}, make([]byte, 20)...))
	look := cluster.Lookup{Address: func(graph.ID) (graph.Address, error) { return address, nil }, Seen: func(id graph.ID) bool { return id%2 == 0 }}
	for name, c := range map[string]struct {
		tx   *graph.TxMoves
		want func(cluster.Rule) bool
	}{
		"1in2out/cospend": {tx(1, 2), only(cluster.CoSpend)},
		"3in2out/cospend": {tx(3, 2), only(cluster.CoSpend)},
		"3in5out/cospend": {tx(3, 5), only(cluster.CoSpend)},
		"1in2out/all":     {tx(1, 2), all},
		"3in2out/all":     {tx(3, 2), all},
		"200in300out/all": {tx(200, 300), all},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var p cluster.Payment
			var list []cluster.Evidence
			for b.Loop() {
				if err := p.Read(c.tx, look); err != nil {
					b.Fatal(err)
				}
				f, err := cluster.Recognise(&p)
				if err == nil {
					list, err = p.Evidence(list[:0], f, c.want, nil)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
