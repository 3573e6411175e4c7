package graph_test

import (
	"slices"
	"strings"
	"testing"

	"spoor/graph"
)

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// Places order as value moves: rows of a file, fees, calls, logs, inputs,
// outputs, rewards; within each by number.
func TestSeqOrder(t *testing.T) {
	seq := must[graph.Seq](t)
	const last = 1<<28 - 1
	ordered := []struct {
		seq  graph.Seq
		text string
	}{
		{seq(graph.RowSeq(0)), "row:0"}, {seq(graph.RowSeq(last)), "row:268435455"},
		{graph.FeeSeq(0), "fee:0"}, {graph.FeeSeq(2), "fee:2"},
		{seq(graph.CallSeq(0)), "call:0"}, {seq(graph.CallSeq(17)), "call:17"},
		{seq(graph.LogSeq(0, 0)), "log:0"}, {seq(graph.LogSeq(0, 1)), "log:0.1"}, {seq(graph.LogSeq(0, 2047)), "log:0.2047"}, {seq(graph.LogSeq(1, 0)), "log:1"}, {seq(graph.LogSeq(131071, 2047)), "log:131071.2047"},
		{seq(graph.InputSeq(0)), "in:0"}, {seq(graph.InputSeq(1)), "in:1"}, {seq(graph.InputSeq(last)), "in:268435455"},
		{seq(graph.OutputSeq(0)), "out:0"}, {seq(graph.OutputSeq(7)), "out:7"},
		{seq(graph.RewardSeq(0)), "reward:0"}, {seq(graph.RewardSeq(3)), "reward:3"},
		{graph.Seq(7 << 28), "seq:1879048192"}, {^graph.Seq(0), "seq:4294967295"},
	}
	for i, o := range ordered {
		if i > 0 && o.seq <= ordered[i-1].seq {
			t.Errorf("%s does not follow %s", o.text, ordered[i-1].text)
		}
		if o.seq.String() != o.text {
			t.Errorf("%d is written %s, want %s", uint32(o.seq), o.seq, o.text)
		}
		if back, err := graph.ParseSeq(o.text); err != nil || back != o.seq {
			t.Errorf("%s is read as %s, %v", o.text, back, err)
		}
		if o.seq.IsRow() != strings.HasPrefix(o.text, "row:") {
			t.Errorf("%s: IsRow is %v", o.text, o.seq.IsRow())
		}
	}
	if i := seq(graph.LogSeq(391, 5)).Index(); i != 391 {
		t.Errorf("log index %d", i)
	}
	if i := seq(graph.OutputSeq(7)).Index(); i != 7 {
		t.Errorf("output index %d", i)
	}
}

func TestSeqOutOfRange(t *testing.T) {
	for name, make := range map[string]func() (graph.Seq, error){
		"row -1":        func() (graph.Seq, error) { return graph.RowSeq(-1) },
		"call 2^28":     func() (graph.Seq, error) { return graph.CallSeq(1 << 28) },
		"input 2^28":    func() (graph.Seq, error) { return graph.InputSeq(1 << 28) },
		"output 2^32":   func() (graph.Seq, error) { return graph.OutputSeq(1 << 32) },
		"reward -5":     func() (graph.Seq, error) { return graph.RewardSeq(-5) },
		"log 2^17":      func() (graph.Seq, error) { return graph.LogSeq(1<<17, 0) },
		"log item 2^11": func() (graph.Seq, error) { return graph.LogSeq(0, 1<<11) },
		"log -1":        func() (graph.Seq, error) { return graph.LogSeq(-1, 0) },
	} {
		if seq, err := make(); err == nil {
			t.Errorf("%s became %s", name, seq)
		}
	}
	for _, text := range []string{"", "x", "log", "log:", "log:x", "log:-1", "log:1.", "log:1.2048", "log:131072", "out:1.2", "out:268435456", "call:99999999999", "nothing:1", "4294967296", "-1", "seq:"} {
		if seq, err := graph.ParseSeq(text); err == nil {
			t.Errorf("%q is read as %s", text, seq)
		}
	}
}

func FuzzParseSeq(f *testing.F) {
	for _, text := range []string{"log:391", "log:391.2", "in:2", "out:1", "fee:0", "seq:4294967295", "123", "row:268435456"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		seq, err := graph.ParseSeq(text)
		if err != nil {
			return
		}
		if back, err := graph.ParseSeq(seq.String()); err != nil || back != seq {
			t.Errorf("%q is read as %d, written %s, read as %d, %v", text, uint32(seq), seq, uint32(back), err)
		}
	})
}

func TestPositionOrder(t *testing.T) {
	const most = ^graph.Seq(0)
	ordered := []graph.Position{
		{}, {0, 0, 1}, {0, 0, most}, {0, 1, 0}, {0, graph.MaxTx, most}, {0, graph.BlockTx, 0}, {0, graph.BlockTx, most},
		{1, 0, 0}, {1, 0, 5}, {1, 2, 0}, {1 << 31, 0, 0}, {^uint32(0), 0, 0}, graph.MaxPosition,
	}
	for i, p := range ordered {
		for j, q := range ordered {
			if got, want := p.Compare(q), cmpInt(i, j); got != want {
				t.Errorf("%s compared with %s is %d, want %d", p, q, got, want)
			}
		}
	}
	shuffled := slices.Clone(ordered)
	slices.Reverse(shuffled)
	slices.SortFunc(shuffled, graph.Position.Compare)
	if !slices.Equal(shuffled, ordered) {
		t.Errorf("sorted: %v", shuffled)
	}

	for _, tt := range []struct{ at, next, nextTx graph.Position }{
		{graph.Position{5, 1, 2}, graph.Position{5, 1, 3}, graph.Position{5, 2, 0}},
		{graph.Position{5, 1, most}, graph.Position{5, 2, 0}, graph.Position{5, 2, 0}},
		{graph.Position{5, graph.MaxTx, 9}, graph.Position{5, graph.MaxTx, 10}, graph.Position{5, graph.BlockTx, 0}},
		{graph.Position{5, graph.BlockTx, most}, graph.Position{6, 0, 0}, graph.Position{6, 0, 0}},
	} {
		if got := tt.at.Next(); got != tt.next {
			t.Errorf("after %s comes %s, want %s", tt.at, got, tt.next)
		}
		if got := tt.at.NextTx(); got != tt.nextTx {
			t.Errorf("after the transaction of %s comes %s, want %s", tt.at, got, tt.nextTx)
		}
		if got := tt.at.StartOf(); got != (graph.Position{tt.at.Block, tt.at.Tx, 0}) {
			t.Errorf("the transaction of %s begins at %s", tt.at, got)
		}
	}
	seq := must[graph.Seq](t)
	if got := (graph.Position{170, 1, seq(graph.OutputSeq(0))}).String(); got != "170/1/out:0" {
		t.Errorf("written %s", got)
	}
	if got := (graph.Position{1, graph.BlockTx, seq(graph.RewardSeq(2))}).String(); got != "1/block/reward:2" {
		t.Errorf("written %s", got)
	}
}

func cmpInt(a, b int) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func TestParseHash(t *testing.T) {
	const text = "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16"
	for _, good := range []string{text, "0x" + text, "0X" + text, strings.ToUpper(text)} {
		h, err := graph.ParseHash(good)
		if err != nil || h.String() != text || h.Text(graph.UTXOFamily) != text || h.Text(graph.AccountFamily) != "0x"+text {
			t.Errorf("%s is read as %s, %v", good, h, err)
		}
	}
	for _, bad := range []string{"", "0x", text[1:], text + "0", "0x0X" + text, "g" + text[1:], " " + text[1:], "0x" + text[2:]} {
		if h, err := graph.ParseHash(bad); err == nil || !h.IsZero() {
			t.Errorf("%q is read as %s, %v", bad, h, err)
		}
	}
	if (graph.Hash{}).Text(graph.AccountFamily) != "" {
		t.Error("the unknown hash has no text")
	}
}
