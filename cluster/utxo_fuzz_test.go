package cluster_test

import (
	"reflect"
	"slices"
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

// FuzzSettled builds a small ledger from bytes, four for each transaction:
// which coins are spent, whom two outputs pay, and how it is written. Whatever
// it is, a payment is settled once at most, when all that it paid is spent; the
// evidence names an input and an output of it and stands at the last spender;
// and a longer ledger says the same of the shorter.
func FuzzSettled(f *testing.F) {
	f.Add([]byte{0, 0x12, 1, 0xff, 0, 0x34, 0, 1, 1, 0x56, 2, 3, 1, 0x78, 0, 0})
	f.Add([]byte{0, 0x11, 1, 1, 0, 0x12, 1, 1, 3, 0x34, 1, 1, 0, 0x33, 2, 7, 1, 0x12, 1, 1})
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 4*40 {
			t.Skip()
		}
		var before []cluster.Evidence
		for n := 1; n <= len(raw)/4; n++ {
			all := settledLedger(t, raw[:4*n])
			if len(all) < len(before) || !slices.Equal(all[:len(before)], before) {
				t.Fatalf("%d transactions show %v, one less %v", n, all, before)
			}
			before = all
		}
	})
}

// settledLedger is the evidence of rules that look at who spends.
func settledLedger(t *testing.T, raw []byte) (all []cluster.Evidence) {
	type unspent struct {
		at    graph.Position
		to    graph.ID
		value uint64
	}
	coins := []unspent{}
	txs, spent, left := map[graph.Position]graph.TxMoves{}, map[graph.Position]graph.Position{}, map[graph.Position]int{}
	settled := map[graph.Position]bool{}
	address := graph.ScriptAddress(graph.Bitcoin, append([]byte{0x00, 0x14}, make([]byte, 20)...))
	look := cluster.Lookup{
		Address: func(graph.ID) (graph.Address, error) { return address, nil },
		Tx:      func(at graph.Position) (graph.TxMoves, error) { return txs[at.StartOf()], nil },
		Spender: func(output graph.Position, _ graph.ID) (graph.Position, error) { return spent[output], nil },
	}
	for block := uint32(1); len(raw) >= 4; block, raw = block+1, raw[4:] {
		at := graph.Position{Block: block}
		tx := graph.TxMoves{At: at, Time: jan2024, Know: graph.Knowledge{Transfers: graph.Full},
			Form: graph.Form{Known: raw[3] < 0xf0, Version: uint32(raw[2] & 1), LockTime: uint32(raw[2] >> 1 & 1), Size: uint32(raw[3])}}
		if !tx.Form.Known {
			tx.Form = graph.Form{}
		}
		add := func(m graph.Move, value uint64) {
			m.Asset = graph.NativeID
			m.Amount.SetUint64(value)
			tx.Moves = append(tx.Moves, m)
		}
		value := uint64(1000)
		for i := 0; i <= int(raw[0]>>6) && len(coins) > 0; i++ {
			c := coins[int(raw[0])%len(coins)]
			coins = slices.DeleteFunc(coins, func(o unspent) bool { return o == c })
			seq, _ := graph.InputSeq(i)
			add(graph.Move{Seq: seq, Kind: graph.KindInput, From: c.to, Spends: c.at}, c.value)
			value += c.value
			spent[c.at] = at
			left[c.at.StartOf()]--
		}
		for i, to := range []byte{raw[1] >> 4, raw[1] & 15} {
			seq, _ := graph.OutputSeq(i)
			out := unspent{graph.Position{Block: block, Seq: seq}, graph.ID(to) + 1, value / 3}
			add(graph.Move{Seq: seq, Kind: graph.KindOutput, To: out.to}, out.value)
			coins = append(coins, out)
		}
		left[at] = 2
		var p cluster.Payment
		if err := p.Read(&tx, look); err != nil {
			t.Fatal(err)
		}
		for q, err := range p.Settled() {
			if err != nil || settled[q.At] || left[q.At] > 0 {
				t.Fatalf("%s settles %s, of which %d outputs are left; again: %v; %v", at, q.At, left[q.At], settled[q.At], err)
			}
			settled[q.At] = true
			found, err := q.Evidence(nil, cluster.Finding{}, cluster.SettledRules().Has, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range found {
				if e.At != at || e.A != q.Inputs[0].ID || e.B != q.Outputs[0].ID && e.B != q.Outputs[1].ID || e.A == e.B || !cluster.SettledRules().Has(e.Rule) {
					t.Fatalf("%+v of %+v", e, q)
				}
			}
			all = append(all, found...)
		}
		txs[at] = tx
	}
	return all
}
