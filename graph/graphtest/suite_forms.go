package graphtest

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"spoor/graph"
)

// forms checks that how transactions were written comes back as it was told,
// however it was learned, and goes with its block.
func (s suite) forms(t *testing.T) {
	chain := Bitcoin()
	height := uint32(812_345)
	locks := []uint32{0, 1, height - 1, height, height + 1, graph.LockTimes, ^uint32(0)}
	formed := graph.Block{Header: graph.Header{Height: height, Hash: Hash("formed")}, Know: graph.Knowledge{Transfers: graph.Full}, Source: "forms"}
	for i, lock := range locks {
		f := graph.Form{Known: true, Version: []uint32{0, 1, 2, ^uint32(0)}[i%4], LockTime: lock, Size: []uint32{0, 141, ^uint32(0)}[i%3]}
		must(t, f.SetAnswers([]byte{0, 0b10_01_10_01, 0b01_10_00_10}[i%3]))
		formed.Txs = append(formed.Txs, graph.Tx{Index: uint32(i), Hash: Hash(string(rune('a' + i))), Form: f, Transfers: []graph.Transfer{output(chain, 0, 1, uint64(i))}})
	}
	formed.Txs = append(formed.Txs, graph.Tx{Index: 20, Hash: Hash("formless")})
	bare := formed
	bare.Txs = slices.Clone(formed.Txs)
	for i := range bare.Txs {
		bare.Txs[i].Form = graph.Form{}
	}
	half := formed // tells what the other half does not
	half.Txs = slices.Clone(formed.Txs)
	for i := range half.Txs {
		if i%2 == 0 {
			half.Txs[i].Form = graph.Form{}
		} else {
			half.Txs[i].Form.Size, half.Txs[i].Form.LowR = 0, graph.NotTold
		}
	}
	part := formed
	part.Know.Transfers = graph.Partial
	early := utxoBlock(0, tx(0, "early", output(chain, 0, 1, 5)))
	early.Txs[0].Form = graph.Form{Known: true, LockTime: 3}

	want := model(t, chain, early, formed)
	for name, order := range map[string][]graph.Block{
		"once":            {early, formed},
		"twice":           {formed, early, formed},
		"learned later":   {early, bare, formed},
		"by halves":       {half, early, formed, half, bare},
		"part, then bare": {early, part, bare},
		"bare, then part": {bare, part, early},
	} {
		l := s.fresh(t, chain)
		for _, b := range order {
			apply(t, l, b)
		}
		got, err := view(t, l).Block(height)
		must(t, err)
		if !slices.EqualFunc(got.Txs, formed.Txs, func(a, b graph.Tx) bool { return a.Form == b.Form }) {
			t.Fatalf("%s: got %+v\nwant %+v", name, got.Txs, formed.Txs)
		}
		same(t, l, want)
	}

	l := s.fresh(t, chain)
	must(t, l.Load(t.Context(), sequence([]graph.Block{early, formed}, nil)))
	same(t, l, want)
	other := formed
	other.Txs = slices.Clone(formed.Txs)
	other.Txs[3].Form.LockTime++
	wantErr(t, l.Apply(t.Context(), other), graph.ErrFork)
	same(t, l, want)
	nameless := utxoBlock(5, graph.Tx{Form: graph.Form{Known: true}, Transfers: []graph.Transfer{output(chain, 0, 1, 1)}})
	unknown := utxoBlock(5, graph.Tx{Hash: Hash("u"), Form: graph.Form{Size: 1}})
	for _, bad := range []graph.Block{nameless, unknown} {
		if err := l.Apply(t.Context(), bad); err == nil {
			t.Fatalf("%+v was stored", bad)
		}
	}
	must(t, l.Revert(t.Context(), height))
	same(t, l, model(t, chain, early))
	apply(t, l, formed)
	same(t, l, want)
}

// randomForm is how a random transaction was written; of account ledgers there
// is nothing to tell.
func randomForm(r *rapid.T, chain graph.Chain) (f graph.Form) {
	if chain.Family != graph.UTXOFamily || rapid.IntRange(0, 3).Draw(r, "formed") == 0 {
		return f
	}
	f = graph.Form{Known: true, Version: rapid.Uint32Range(1, 2).Draw(r, "version"),
		LockTime: rapid.SampledFrom([]uint32{0, 3, 12, graph.LockTimes}).Draw(r, "lock"), Size: rapid.Uint32Range(0, 300).Draw(r, "size")}
	if err := f.SetAnswers(rapid.SampledFrom([]byte{0, 0b10, 0b01_10_00_01, 0b10_01_10_01}).Draw(r, "answers")); err != nil {
		r.Fatal(err)
	}
	return f
}

// lessOf tells of a form no more than it does.
func lessOf(r *rapid.T, f graph.Form) graph.Form {
	switch rapid.IntRange(0, 3).Draw(r, "form") {
	case 0:
		return graph.Form{}
	case 1:
		f.Size, f.LowR, f.Replaceable = 0, graph.NotTold, graph.NotTold
	}
	return f
}
