package graphtest

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"spoor/graph"
)

// random does the same random things to an engine and to the model.
func (s suite) random(t *testing.T, chain graph.Chain) {
	rapid.Check(t, func(r *rapid.T) {
		dir := t.TempDir()
		store := s.open(t, dir)
		defer func() { must(t, store.Close()) }()
		l, err := store.Ledger(t.Context(), chain)
		must(t, err)
		m := model(t, chain)
		known := map[uint32]graph.Block{}
		for range rapid.IntRange(1, 12).Draw(r, "steps") {
			switch rapid.IntRange(0, 9).Draw(r, "step") {
			default:
				blocks := randomBlocks(r, chain, known)
				errL, errM := l.Apply(t.Context(), blocks...), m.Apply(t.Context(), blocks...)
				if (errL == nil) != (errM == nil) {
					r.Fatalf("apply: %v, model %v", errL, errM)
				}
			case 0:
				from := uint32(rapid.IntRange(0, 12).Draw(r, "from"))
				must(t, l.Revert(t.Context(), from))
				must(t, m.Revert(t.Context(), from))
			case 1:
				must(t, store.Close())
				store = s.open(t, dir)
				l, err = store.Ledger(t.Context(), chain)
				must(t, err)
			case 2:
				info := graph.AssetInfo{Asset: Token(chain, 1), Symbol: rapid.StringN(0, 4, 8).Draw(r, "symbol"), Decimals: 2, Source: "random"}
				must(t, l.Describe(t.Context(), info))
				must(t, m.Describe(t.Context(), info))
			case 3:
				blocks := randomBlocks(r, chain, known)
				errL, errM := l.Load(t.Context(), sequence(blocks, nil)), m.Load(t.Context(), sequence(blocks, nil))
				if (errL == nil) != (errM == nil) {
					r.Fatalf("load: %v, model %v", errL, errM)
				}
			}
			compare(t, r, l, m)
		}
	})
}

func compare(t *testing.T, r *rapid.T, l, m graph.Ledger) {
	v, err := l.View(t.Context())
	must(t, err)
	defer func() { must(t, v.Close()) }()
	got, err := DumpText(t.Context(), v)
	if err != nil {
		r.Fatal(err)
	}
	if want := Dump(t, view(t, m)); got != want {
		g, w := splitLines(got), splitLines(want)
		for i := range max(len(g), len(w)) {
			if line(g, i) != line(w, i) {
				r.Fatalf("line %d\n got %s\nwant %s", i+1, line(g, i), line(w, i))
			}
		}
	}
}

// randomBlocks are one to three ascending blocks at low heights. A height has
// one whole block for ever, and parts of it may come before and after.
func randomBlocks(r *rapid.T, chain graph.Chain, known map[uint32]graph.Block) []graph.Block {
	heights := map[uint32]bool{}
	for range rapid.IntRange(1, 3).Draw(r, "blocks") {
		heights[uint32(rapid.IntRange(0, 12).Draw(r, "height"))] = true
	}
	var blocks []graph.Block
	for height := range uint32(13) {
		if !heights[height] {
			continue
		}
		whole, ok := known[height]
		if !ok {
			whole = randomBlock(r, chain, height)
			known[height] = whole
		}
		if rapid.IntRange(0, 3).Draw(r, "part") == 0 {
			blocks = append(blocks, part(r, whole))
		} else {
			blocks = append(blocks, whole)
		}
	}
	return blocks
}

func part(r *rapid.T, whole graph.Block) graph.Block {
	p := whole
	p.Know, p.Source = graph.Knowledge{Transfers: graph.Partial}, "part"
	p.Txs = nil
	for _, tx := range whole.Txs {
		if !rapid.Bool().Draw(r, "keep") {
			continue
		}
		tx.Transfers = slices.Clone(tx.Transfers)
		if n := len(tx.Transfers); n > 0 {
			tx.Transfers = tx.Transfers[:rapid.IntRange(0, n).Draw(r, "transfers")]
		}
		tx.Events = slices.Clone(tx.Events)
		if n := len(tx.Events); n > 0 {
			tx.Events = tx.Events[rapid.IntRange(0, n).Draw(r, "events"):]
		}
		tx.Form = lessOf(r, tx.Form)
		p.Txs = append(p.Txs, tx)
	}
	return p
}

func randomBlock(r *rapid.T, chain graph.Chain, height uint32) graph.Block {
	b := graph.Block{Header: graph.Header{Height: height, Hash: Hash(fmt.Sprint("random", height)), Time: int64(height) * 10},
		Know: graph.Knowledge{Transfers: graph.Full}, Source: rapid.SampledFrom([]string{"x", "y"}).Draw(r, "source")}
	index := uint32(0)
	for range rapid.IntRange(0, 4).Draw(r, "txs") {
		index += uint32(rapid.IntRange(1, 3).Draw(r, "index"))
		name := fmt.Sprint(height, "/", index)
		if rapid.IntRange(0, 7).Draw(r, "again") == 0 {
			name = "repeated" // a hash that several transactions have
		}
		if slices.ContainsFunc(b.Txs, func(tx graph.Tx) bool { return tx.Hash == Hash(name) }) {
			continue
		}
		tx := graph.Tx{Index: index, Hash: Hash(name), Failed: rapid.IntRange(0, 9).Draw(r, "failed") == 0}
		if chain.Family == graph.UTXOFamily {
			tx.Transfers = randomOutputs(r, chain, height)
		} else {
			tx.Transfers = randomPayments(r, chain)
		}
		tx.Events = randomEvents(r, chain)
		tx.Form = randomForm(r, chain)
		b.Txs = append(b.Txs, tx)
	}
	return b
}

func randomPayments(r *rapid.T, chain graph.Chain) []graph.Transfer {
	var transfers []graph.Transfer
	seq := graph.Seq(0)
	for range rapid.IntRange(0, 6).Draw(r, "transfers") {
		seq += graph.Seq(rapid.SampledFrom([]int{1, 2, 1 << 11, 1 << 28}).Draw(r, "seq"))
		t := graph.Transfer{Seq: seq, Kind: graph.KindToken, Asset: chain.Native()}
		t.From, t.To = Account(chain, rapid.IntRange(1, 9).Draw(r, "from")), Account(chain, rapid.IntRange(1, 9).Draw(r, "to"))
		switch rapid.IntRange(0, 5).Draw(r, "ends") {
		case 0:
			t.From = graph.Address{}
		case 1:
			t.To = graph.Address{}
		case 2:
			t.To = t.From
		}
		if n := rapid.IntRange(0, 5).Draw(r, "token"); n > 0 {
			t.Asset = Token(chain, n)
		}
		t.Amount = graph.Amount{rapid.Uint64().Draw(r, "low"), 0, 0, uint64(rapid.IntRange(0, 1).Draw(r, "high"))}
		transfers = append(transfers, t)
	}
	return transfers
}

// randomEvents are a few events, some at one place, about addresses that may be
// in no transfer.
func randomEvents(r *rapid.T, chain graph.Chain) []graph.Event {
	if rapid.IntRange(0, 2).Draw(r, "states") > 0 {
		return nil
	}
	var events []graph.Event
	account := func(label string) graph.Address {
		if n := rapid.IntRange(0, 12).Draw(r, label); n > 0 {
			return Account(chain, n)
		}
		return graph.Address{}
	}
	seq := graph.Seq(0)
	for range rapid.IntRange(1, 4).Draw(r, "events") {
		seq += graph.Seq(rapid.SampledFrom([]int{0, 1, 1 << 28}).Draw(r, "event seq"))
		e := graph.Event{Seq: seq, Kind: graph.EventKind(rapid.IntRange(int(graph.Departure), int(graph.TakenBack)).Draw(r, "event kind")),
			Protocol: rapid.SampledFrom([]string{"p", "q"}).Draw(r, "protocol"), Emitter: account("emitter"), Object: account("object")}
		if e.Subject = account("subject"); e.Subject.IsZero() && e.Object.IsZero() || rapid.Bool().Draw(r, "passage") {
			e.Key = rapid.SampledFrom([]string{"k", "\x00\xff"}).Draw(r, "key")
			e.Far = graph.Far{Chain: "eip155:10", Recipient: "r\x00", Asset: "", Amount: graph.Amount{0, 1}}
		}
		switch rapid.IntRange(0, 3).Draw(r, "event asset") {
		case 0:
			e.Asset, e.Amount = chain.Native(), graph.Amount{rapid.Uint64().Draw(r, "event amount")}
		case 1:
			e.Asset, e.Amount = Token(chain, 7), graph.Amount{0, 0, 0, 1 << 63}
		}
		events = append(events, e)
	}
	return events
}

func randomOutputs(r *rapid.T, chain graph.Chain, height uint32) []graph.Transfer {
	var transfers []graph.Transfer
	for i := range rapid.IntRange(0, 2).Draw(r, "inputs") {
		prev := fmt.Sprint(rapid.IntRange(0, 12).Draw(r, "spent height"), "/", rapid.IntRange(1, 4).Draw(r, "spent index"))
		if rapid.IntRange(0, 3).Draw(r, "spent again") == 0 {
			prev = "repeated"
		}
		transfers = append(transfers, input(chain, i, rapid.IntRange(1, 3).Draw(r, "spender"), uint64(height), prev, uint32(rapid.IntRange(0, 2).Draw(r, "spent output"))))
	}
	for i := range rapid.IntRange(0, 3).Draw(r, "outputs") {
		transfers = append(transfers, output(chain, i, rapid.IntRange(1, 3).Draw(r, "to"), uint64(height)))
	}
	return transfers
}
