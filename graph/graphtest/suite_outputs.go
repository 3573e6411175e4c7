package graphtest

import (
	"slices"
	"testing"

	"spoor/graph"
)

func input(chain graph.Chain, index, from int, units uint64, prev string, prevIndex uint32) graph.Transfer {
	seq, err := graph.InputSeq(index)
	if err != nil {
		panic(err)
	}
	return graph.Transfer{Seq: seq, Kind: graph.KindInput, From: Account(chain, from), Asset: chain.Native(), Amount: graph.Amount{units},
		Prev: graph.OutPoint{Tx: Hash(prev), Index: prevIndex}}
}

func utxoBlock(height uint32, txs ...graph.Tx) graph.Block {
	return graph.Block{Header: graph.Header{Height: height}, Know: graph.Knowledge{Transfers: graph.Full}, Source: "outputs", Txs: txs}
}

func tx(index uint32, name string, transfers ...graph.Transfer) graph.Tx {
	return graph.Tx{Index: index, Hash: Hash(name), Transfers: transfers}
}

// outputLedger repeats a coinbase hash, as Bitcoin does twice, spends both,
// spends inside one block, and has an input whose output nobody has seen.
func outputLedger(c graph.Chain) []graph.Block {
	return []graph.Block{
		utxoBlock(10, tx(0, "twin", output(c, 0, 1, 50), output(c, 1, 2, 7))),
		utxoBlock(11, tx(0, "a", output(c, 0, 3, 50)), tx(1, "b", input(c, 0, 1, 50, "twin", 0), output(c, 0, 4, 50))),
		utxoBlock(12, tx(0, "twin", output(c, 0, 1, 50))),
		utxoBlock(13,
			tx(0, "d", input(c, 0, 1, 50, "twin", 0), input(c, 1, 2, 7, "twin", 1), output(c, 0, 5, 57)),
			tx(1, "e", input(c, 0, 5, 57, "d", 0), input(c, 1, 6, 1, "unseen", 3), output(c, 0, 1, 58))),
		utxoBlock(14, tx(0, "f", input(c, 0, 99, 50, "a", 0), output(c, 0, 6, 50))), // names somebody else's output
	}
}

func (s suite) outputs(t *testing.T) {
	chain := Bitcoin()
	blocks := outputLedger(chain)
	l := s.fresh(t, chain)
	apply(t, l, blocks...)
	v := view(t, l)
	out := func(height, tx uint32, index int) graph.Position {
		seq, err := graph.OutputSeq(index)
		must(t, err)
		return graph.Position{Block: height, Tx: tx, Seq: seq}
	}
	if m, at, err := v.Output(graph.OutPoint{Tx: Hash("twin")}); err != nil || at != out(12, 0, 0) || m.Amount != (graph.Amount{50}) || m.Kind != graph.KindOutput {
		t.Fatalf("latest twin is %+v at %s, %v", m, at, err)
	}
	if _, at, err := v.Output(graph.OutPoint{Tx: Hash("twin"), Index: 1}); err != nil || at != out(10, 0, 1) {
		t.Fatalf("the only output with index 1 is at %s, %v", at, err)
	}
	_, _, err := v.Output(graph.OutPoint{Tx: Hash("twin"), Index: 2})
	wantErr(t, err, graph.ErrNotFound)
	spends := func(height, tx uint32) (at []graph.Position) {
		moves, err := v.Tx(graph.Position{Block: height, Tx: tx})
		must(t, err)
		for _, m := range moves.Moves {
			if m.Kind == graph.KindInput {
				at = append(at, m.Spends)
			}
		}
		return at
	}
	for _, c := range []struct {
		height, tx uint32
		want       []graph.Position
	}{
		{11, 1, []graph.Position{out(10, 0, 0)}},
		{13, 0, []graph.Position{out(12, 0, 0), out(10, 0, 1)}},
		{13, 1, []graph.Position{out(13, 0, 0), {}}},
		{14, 0, []graph.Position{{}}},
	} {
		if got := spends(c.height, c.tx); !slices.Equal(got, c.want) {
			t.Fatalf("%d/%d spends %v, want %v", c.height, c.tx, got, c.want)
		}
	}
	same(t, l, model(t, chain, blocks...))
}

// lateOutputs stores spenders before what they spend.
func (s suite) lateOutputs(t *testing.T) {
	chain := Bitcoin()
	blocks := outputLedger(chain)
	want := model(t, chain, blocks...)
	for _, order := range [][]int{{4, 3, 2, 1, 0}, {3, 0, 4, 2, 1}, {0, 1, 3, 4, 2}, {3, 1, 2, 0, 4}} {
		l, m := s.fresh(t, chain), model(t, chain)
		for _, i := range order {
			apply(t, l, blocks[i])
			apply(t, m, blocks[i])
			same(t, l, m)
		}
		same(t, l, want)
	}
	// A part whose rows lie elsewhere is replaced under its spenders.
	part := blocks[0]
	part.Know.Transfers = graph.Partial
	part.Txs = []graph.Tx{blocks[0].Txs[0]}
	part.Txs[0].Index = 5
	l := s.fresh(t, chain)
	apply(t, l, part)
	apply(t, l, blocks[1:]...)
	same(t, l, model(t, chain, append([]graph.Block{part}, blocks[1:]...)...))
	apply(t, l, blocks[0])
	same(t, l, want)
}
