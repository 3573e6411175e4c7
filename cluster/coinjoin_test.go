package cluster_test

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"testing"

	"spoor/cluster"
	"spoor/graph"
	"spoor/graph/graphtest"
)

// tx builds a transaction of input owners and outputs "owner, satoshi".
func tx(inputs []graph.ID, outputs ...uint64) graph.TxMoves {
	var t graph.TxMoves
	for _, id := range inputs {
		t.Moves = append(t.Moves, graph.Move{Kind: graph.KindInput, From: id})
	}
	for i := 0; i < len(outputs); i += 2 {
		m := graph.Move{Kind: graph.KindOutput, To: graph.ID(outputs[i])}
		m.Amount.SetUint64(outputs[i+1])
		t.Moves = append(t.Moves, m)
	}
	return t
}

func TestCoinJoin(t *testing.T) {
	abc := []graph.ID{1, 2, 3}
	for name, c := range map[string]struct {
		tx           graph.TxMoves
		participants int
		ok           bool
	}{
		"three mix, two have change":          {tx(abc, 10, 5000, 11, 5000, 12, 5000, 13, 700, 14, 800), 3, true},
		"data output does not count":          {tx(abc, 10, 5000, 11, 5000, 12, 5000, 13, 700, 14, 0), 3, true},
		"payment with change":                 {tx(abc, 10, 5000, 11, 700), 0, false},
		"two equal outputs prove little":      {tx(abc, 10, 5000, 11, 5000, 12, 700), 2, false},
		"one payer's batch of equal payments": {tx([]graph.ID{1, 1, 1}, 10, 5000, 11, 5000, 12, 5000, 13, 700), 3, false},
		"an address is paid twice":            {tx(abc, 10, 5000, 10, 5000, 12, 5000, 13, 700), 0, false},
		"equal dust markers":                  {tx(abc, 10, 546, 11, 546, 12, 546, 13, 9000), 0, false},
		"equal outputs are few among many":    {tx(abc, 10, 5000, 11, 5000, 12, 5000, 13, 1, 14, 2, 15, 3, 16, 4), 3, false},
		"Whirlpool mix":                       {tx([]graph.ID{1, 2, 3, 4, 5}, 10, 5000, 11, 5000, 12, 5000, 13, 5000, 14, 5000), 5, true},
		"coinbase":                            {tx(nil, 10, 5000, 11, 5000, 12, 5000, 13, 1), 3, false},
	} {
		t.Run(name, func(t *testing.T) {
			participants, ok := cluster.CoinJoin(c.tx)
			if ok != c.ok || ok && participants != c.participants {
				t.Fatalf("got %d, %v; want %d, %v", participants, ok, c.participants, c.ok)
			}
		})
	}
}

// TestLabelledRounds counts what the rule finds among transactions labelled by
// others. It is a floor below which the rule must not fall, not a verdict: the
// labels of "other" are a heuristic themselves.
func TestLabelledRounds(t *testing.T) {
	for file, want := range map[string]struct{ least, most float64 }{
		"whirlpool_coinjoin": {0.99, 1}, "wasabi1_coinjoin": {0.6, 1}, "other_coinjoin": {0.1, 1},
		"whirlpool_postmix": {0, 0.1}, "other_postmix": {0, 0.1}, "wasabi1_postmix": {0, 0.15},
	} {
		found, all := 0, 0
		for _, round := range rounds(t, graphtest.Data(t, "btc-coinjoins", file+".jsonl.gz")) {
			if _, ok := cluster.CoinJoin(round); ok {
				found++
			}
			all++
		}
		t.Logf("%s: %d of %d", file, found, all)
		if share := float64(found) / float64(all); share < want.least || share > want.most {
			t.Errorf("%s: %d of %d found, want a share of %g to %g", file, found, all, want.least, want.most)
		}
	}
}

// rounds reads transactions whose inputs and outputs are JSON arrays.
func rounds(t *testing.T, path string) []graph.TxMoves {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]graph.ID{}
	id := func(script string) graph.ID {
		if ids[script] == 0 {
			ids[script] = graph.ID(len(ids) + 1)
		}
		return ids[script]
	}
	var all []graph.TxMoves
	decoder := json.NewDecoder(z)
	for decoder.More() {
		var row struct {
			Inputs, Outputs [][]json.RawMessage
		}
		if err := decoder.Decode(&row); err != nil {
			t.Fatal(err)
		}
		var tx graph.TxMoves
		for _, in := range row.Inputs {
			tx.Moves = append(tx.Moves, graph.Move{Kind: graph.KindInput, From: id(string(in[3]))})
		}
		for _, out := range row.Outputs {
			amount, err := graph.ParseAmount(string(out[0]))
			if err != nil {
				t.Fatal(err)
			}
			tx.Moves = append(tx.Moves, graph.Move{Kind: graph.KindOutput, To: id(string(out[1])), Amount: amount})
		}
		all = append(all, tx)
	}
	return all
}
