package flow_test

import (
	"fmt"
	"reflect"
	"testing"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest/synthetic"
	"spoor/trace"
	"spoor/web/flow"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// demo is the trace of the incidents of a script.
func demo(t testing.TB, s synthetic.Script, method string) *trace.Trace {
	t.Helper()
	store := graphtest.NewModel()
	legs := []*synthetic.Incident{must(s.Ethereum()), must(s.Bitcoin())}
	views := map[graph.ChainID]graph.View{}
	for _, leg := range legs {
		l := must(store.Ledger(t.Context(), leg.Chain()))
		var blocks []graph.Block
		for b, err := range leg.Blocks(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			blocks = append(blocks, b)
		}
		if err := l.Apply(t.Context(), blocks...); err != nil {
			t.Fatal(err)
		}
		if err := l.Describe(t.Context(), leg.Infos()...); err != nil {
			t.Fatal(err)
		}
		views[leg.Chain().ID] = must(l.View(t.Context()))
	}
	c := must(trace.ParseCase(must(synthetic.Case("demo", legs...))))
	c.Method = method
	return must(trace.Run(t.Context(), views, c, trace.Known{}))
}

// sound checks what must hold of every picture.
func sound(t *testing.T, found *trace.Trace, p *flow.Picture) {
	t.Helper()
	elements, addresses := 4+len(p.Columns)+2*len(p.Arrows), p.Folded
	drawn := map[graph.Address]bool{}
	for i, b := range p.Boxes {
		elements += 2 + len(b.Texts())
		if b.Folded == 0 {
			addresses++
			drawn[b.Address] = true
			text := ""
			for _, line := range b.Lines {
				text += line
			}
			if text != b.Address.String() {
				t.Errorf("%s is written %s", b.Address, text)
			}
		}
		if b.X < 0 || b.Y < 0 || b.X+b.Width > p.Width || b.Y+b.Height > p.Height {
			t.Errorf("box %d is not in the picture: %+v", i, b)
		}
		for _, line := range b.Texts() {
			if line.Y < b.Y || line.Y > b.Y+b.Height {
				t.Errorf("box %d: a line at %d is outside of it", i, line.Y)
			}
		}
		for _, other := range p.Boxes[:i] {
			if b.X < other.X+other.Width && other.X < b.X+b.Width && b.Y < other.Y+other.Height && other.Y < b.Y+b.Height {
				t.Errorf("boxes overlap: %v %v", b.Lines, other.Lines)
			}
		}
	}
	if elements > 500 {
		t.Errorf("%d elements", elements)
	}
	all := map[graph.Address]bool{}
	for i := range found.Holders {
		all[found.Holders[i].Address] = true
	}
	if addresses != len(all) {
		t.Errorf("%d addresses are drawn or counted, the trace has %d", addresses, len(all))
	}
	// The theft is at the left.
	for _, b := range p.Boxes {
		if b.Source && b.X != p.Columns[0].X {
			t.Errorf("a seed's own address is at %d", b.X)
		}
	}
	if len(p.Boxes) > 1 && len(p.Arrows) == 0 {
		t.Error("nothing is joined")
	}
}

func TestDraw(t *testing.T) {
	for _, s := range []synthetic.Script{{Seed: 1}, {Seed: 2, Hops: 30}, {Seed: 3, Incidents: 12, Background: 200}} {
		for _, method := range []string{"fifo", "haircut", "poison"} {
			t.Run(fmt.Sprint(s, method), func(t *testing.T) {
				found := demo(t, s, method)
				p := flow.Draw(found)
				sound(t, found, p)
				if again := flow.Draw(found); !reflect.DeepEqual(p, again) {
					t.Error("drawn again it differs")
				}
			})
		}
	}
	sound(t, &trace.Trace{}, flow.Draw(&trace.Trace{}))
}
