package cluster_test

import (
	"reflect"
	"testing"

	"spoor/cluster"
	"spoor/graph"
)

// FuzzRecognise builds a transaction from bytes, three for each coin: side and
// address, value, unit. Rules must agree with each other whatever it is: they say
// the same twice, joint inputs prove nothing, and evidence joins an input's
// address with another of the transaction.
func FuzzRecognise(f *testing.F) {
	f.Add([]byte{1, 5, 3, 2, 5, 3, 3, 5, 3, 0x81, 4, 3, 0x82, 4, 3, 0x83, 4, 3, 0x84, 1, 1}, int64(jan2024))
	f.Add([]byte{1, 1, 6, 2, 1, 6, 3, 1, 6, 4, 1, 6, 5, 1, 6, 0x81, 1, 6, 0x82, 1, 6, 0x83, 1, 6, 0x84, 1, 6, 0x85, 1, 6}, int64(jan2024))
	f.Add([]byte{1, 9, 4, 0x82, 8, 4, 0x83, 9, 3}, int64(0))
	f.Fuzz(func(t *testing.T, raw []byte, at int64) {
		tx := graph.TxMoves{At: graph.Position{Block: 7}, Time: at}
		for ; len(raw) >= 3; raw = raw[3:] {
			m := graph.Move{Kind: graph.KindInput, Asset: graph.NativeID, From: graph.ID(raw[0]&0x7f) + 1}
			if raw[0] > 0x7f {
				m.Kind, m.From, m.To = graph.KindOutput, 0, m.From
			}
			value := uint64(raw[1])
			for range raw[2] % 12 {
				value *= 10
			}
			m.Amount.SetUint64(value)
			tx.Moves = append(tx.Moves, m)
		}
		addresses := map[graph.ID]graph.Address{}
		look := cluster.Lookup{
			Address: func(id graph.ID) (graph.Address, error) {
				script := append([]byte{0x00, 0x14}, make([]byte, 20)...)
				script[10] = byte(id)
				if id%5 == 0 {
					script = []byte{0x6a, byte(id)}
				}
				addresses[id] = graph.ScriptAddress(graph.Bitcoin, script)
				return addresses[id], nil
			},
			Seen: func(id graph.ID) bool { return id%3 == 0 },
		}
		say := func() (cluster.Finding, []cluster.Evidence) {
			var p cluster.Payment
			if err := p.Read(&tx, look); err != nil {
				t.Skip()
			}
			found, err := cluster.Recognise(&p)
			if err != nil {
				t.Fatal(err)
			}
			if found.Confidence > 100 || (found.Protocol == cluster.NoProtocol) != (found.Confidence == 0) || found.AnonymitySet > len(p.Outputs) {
				t.Fatalf("%+v", found)
			}
			list, err := p.Evidence(nil, found, all, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range list {
				if found.Shared() || e.A == e.B || e.A != p.Inputs[0].ID || e.Confidence == 0 || e.Rule != cluster.CoSpend && found.Protocol != cluster.NoProtocol {
					t.Fatalf("%s: %+v", found, e)
				}
			}
			return found, list
		}
		f1, e1 := say()
		f2, e2 := say()
		if !reflect.DeepEqual(f1, f2) || !reflect.DeepEqual(e1, e2) {
			t.Fatalf("%s and %s", f1, f2)
		}
	})
}
