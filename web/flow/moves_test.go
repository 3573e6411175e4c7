package flow_test

import (
	"fmt"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest/synthetic"
	"spoor/trace"
	"spoor/web/flow"
)

// Whatever is opened, expanded, hidden, collapsed, filtered and moved, in
// whatever order: what was placed stays where it is, no two boxes overlap, and
// every address of the trace is in exactly one box, or hidden and counted.
func TestNothingPlacedEverMoves(t *testing.T) {
	found := demo(t, synthetic.Script{Seed: 3, Incidents: 2}, "fifo", trace.Forward)
	m := flow.NewModel(found)
	all := []graph.Address{}
	for i := range found.Holders {
		all = append(all, found.Holders[i].Address)
	}
	rapid.Check(t, func(rt *rapid.T) {
		ask := flow.Ask{Placed: map[string]flow.Point{}, Time: rapid.Bool().Draw(rt, "time")}
		p := flow.Draw(m, ask)
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			box := rapid.SampledFrom(p.Boxes).Draw(rt, "box")
			grows := true // what was drawn is drawn still, but for what is hidden
			switch rapid.IntRange(0, 7).Draw(rt, "what") {
			case 0: // the client keeps where everything is
				for _, b := range p.Boxes {
					ask.Placed[b.Key] = flow.Point{X: b.X, Y: b.Y}
				}
			case 1: // somebody moves a box to where there is room
				ask.Placed[box.Key] = flow.Point{X: rapid.IntRange(-2000, 2000).Draw(rt, "x"), Y: p.Top + p.Height + 300 + 400*len(ask.Placed)}
			case 2:
				if box.Kind == flow.FoldBox {
					ask.Open = append(ask.Open, box.Key)
				}
			case 3:
				ask.Hide = append(ask.Hide, box.Key)
			case 4:
				ask.Hide = nil
				if len(ask.Open) > 0 { // what was opened is closed
					ask.Open, grows = ask.Open[:len(ask.Open)-1], false
				}
			case 5:
				grows = false
				if len(ask.Collapse) > 0 {
					ask.Collapse = nil
				} else {
					ask.Collapse = []string{"all"}
				}
			case 6:
				near := rapid.SampledFrom(all).Draw(rt, "near")
				for i := range rapid.IntRange(1, 6).Draw(rt, "expanded") {
					a := graphtest.Account(graphtest.Ethereum(), 5000+len(ask.Known)+i)
					if rapid.Bool().Draw(rt, "known") {
						a = rapid.SampledFrom(all).Draw(rt, "peer")
					}
					ask.Known = append(ask.Known, flow.Known{Address: near}, flow.Known{Address: a, Near: near, Side: 2*rapid.IntRange(0, 1).Draw(rt, "side") - 1})
					ask.Relations = append(ask.Relations, flow.Relation{From: near, To: a, Steps: 1, First: found.Steps[0].Time, Last: found.Steps[0].Time, Sums: []flow.Sum{{Info: found.Steps[0].Asset, Amount: big.NewInt(7)}}})
				}
			case 7:
				grows, ask.Asset = false, ""
				if rapid.Bool().Draw(rt, "filtered") {
					ask.Asset = rapid.SampledFrom(found.Balances).Draw(rt, "asset").Asset.Asset.String()
				}
			}
			next := flow.Draw(m, ask)
			if len(next.Boxes) == 0 {
				return // all was hidden
			}
			here := map[string]*flow.Box{}
			for _, b := range next.Boxes {
				here[b.Key] = b
				if at, placed := ask.Placed[b.Key]; placed && (b.X != at.X || b.Y != at.Y) {
					rt.Fatalf("%s was placed at %v and is at %d %d", b.Key, at, b.X, b.Y)
				}
			}
			for _, b := range p.Boxes {
				if grows && b.Kind != flow.FoldBox && here[b.Key] == nil && !slices.Contains(ask.Hide, b.Key) {
					rt.Fatalf("%s is gone", b.Key)
				}
			}
			if next.Elements <= flow.MaxElements {
				sound(t, found, next, ask.Asset == "" && len(ask.Hide) == 0)
			}
			if t.Failed() {
				rt.Fatalf("ask %+v", ask)
			}
			p = next
		}
		if again := flow.Draw(m, ask); plain(again) != plain(p) {
			rt.Fatal("drawn again it differs")
		}
	})
}

// little makes a trace of a few movements between a few addresses.
func little(rt *rapid.T) *trace.Trace {
	chain := graphtest.Ethereum()
	info := graph.NativeInfo(chain)
	found := &trace.Trace{Balances: []trace.Balance{{Asset: info, Seeded: graph.Amount{1000}}}}
	for i := range rapid.IntRange(3, 12).Draw(rt, "steps") {
		from, to := rapid.IntRange(0, 5).Draw(rt, "from"), rapid.IntRange(0, 5).Draw(rt, "to")
		if from == to {
			continue
		}
		amount := graph.Amount{uint64(rapid.IntRange(1, 1000).Draw(rt, "amount"))}
		found.Steps = append(found.Steps, trace.Step{Chain: chain.ID, At: graph.Position{Block: uint32(i)}, Time: int64(i), From: graphtest.Account(chain, from), To: graphtest.Account(chain, to),
			Asset: info, Amount: amount, Tainted: amount, Hop: 1, Rule: trace.RuleTransfer, Legs: []graph.Seq{1}})
	}
	return found
}

// widest is the largest bottleneck of all ways in time order, tried one by one.
func widest(steps []trace.Step, at, to graph.Address, from int, width uint64) (best uint64) {
	if at == to {
		return width
	}
	for i := from; i < len(steps); i++ {
		if steps[i].From == at {
			best = max(best, widest(steps, steps[i].To, to, i+1, min(width, steps[i].Tainted.Uint64())))
		}
	}
	return best
}

// The way that is shown is one in time order, and none is wider.
func TestHighlightIsTheWidestWay(t *testing.T) {
	chain := graphtest.Ethereum()
	from, to := graphtest.Account(chain, 0), graphtest.Account(chain, 5)
	rapid.Check(t, func(rt *rapid.T) {
		found := little(rt)
		p := flow.Draw(flow.NewModel(found), flow.Ask{Single: true, Highlight: [2]string{from.CAIP10(), to.CAIP10()}})
		width := ^uint64(0)
		var way []*flow.Arrow
		for _, a := range p.Arrows {
			if a.Highlighted {
				way = append(way, a)
				width = min(width, must2(a.Amounts[0].Raw).Uint64())
			}
		}
		slices.SortFunc(way, func(a, b *flow.Arrow) int {
			return int(must(time.Parse(time.RFC3339, a.First)).Unix() - must(time.Parse(time.RFC3339, b.First)).Unix())
		})
		want := widest(found.Steps, from, to, 0, ^uint64(0))
		if want == 0 {
			if len(way) > 0 {
				rt.Fatalf("a way where there is none: %v", way)
			}
			return
		}
		if width != want {
			rt.Fatalf("the way is %d wide, the widest %d", width, want)
		}
		at := from.CAIP10()
		for _, a := range way {
			if a.From != at {
				rt.Fatalf("the way is broken at %s", a.From)
			}
			at = a.To
		}
		if at != to.CAIP10() {
			rt.Fatalf("the way ends at %s", at)
		}
	})
}

// Swaps and UTXO transactions do not break a way.
func TestHighlightThroughTheDemo(t *testing.T) {
	found := demo(t, synthetic.Script{Seed: 1}, "fifo", trace.Forward)
	m := flow.NewModel(found)
	ways := 0
	for i := range found.Stops {
		stop := &found.Stops[i]
		if stop.Reason != trace.StopService {
			continue
		}
		for k := range found.Seeds {
			if seed := &found.Seeds[k]; seed.Address.Chain == stop.Address.Chain {
				p := flow.Draw(m, flow.Ask{Highlight: [2]string{seed.Address.CAIP10(), stop.Address.CAIP10()}})
				sound(t, found, p, true)
				for _, a := range p.Arrows {
					if a.Highlighted {
						ways++
						break
					}
				}
			}
		}
	}
	if ways < 3 {
		t.Errorf("%d ways", ways)
	}
	for _, wrong := range [][2]string{{"fold:1", found.Holders[0].Address.CAIP10()}, {"x", "y"}} {
		if p := flow.Draw(m, flow.Ask{Highlight: wrong}); len(p.Notes) == 0 {
			t.Errorf("%v: nothing is said", wrong)
		}
	}
}

// Many draw from one model at the same time.
func TestDrawTogether(t *testing.T) {
	found := demo(t, synthetic.Script{Seed: 1}, "fifo", trace.Forward)
	m := flow.NewModel(found)
	asks := []flow.Ask{{}, {Time: true}, {Collapse: []string{"all"}}, {Since: found.Steps[9].Time, Single: true}, {Highlight: [2]string{found.Seeds[0].Address.CAIP10(), found.Steps[len(found.Steps)/2].To.CAIP10()}}}
	var work sync.WaitGroup
	for range 2 {
		for _, ask := range asks {
			want := plain(flow.Draw(flow.NewModel(found), ask))
			work.Go(func() {
				if got := plain(flow.Draw(m, ask)); got != want {
					t.Errorf("%+v gives another picture beside others", ask)
				}
			})
		}
	}
	work.Wait()
}

// The histogram has every movement of the asset once.
func TestHistogram(t *testing.T) {
	found := demo(t, synthetic.Script{Seed: 1}, "fifo", trace.Forward)
	m := flow.NewModel(found)
	for _, bins := range []int{1, 7, 50, 200} {
		for _, balance := range found.Balances {
			want, steps := new(big.Int), 0
			for i := range found.Steps {
				if s := &found.Steps[i]; s.Asset.Asset == balance.Asset.Asset && s.Rule != trace.RuleFee {
					want.Add(want, s.Tainted.ToBig())
					steps++
				}
			}
			h, known := m.Histogram(balance.Asset.Asset.String(), bins)
			if !known || len(h.Bins) != bins {
				t.Fatalf("%d bins of %d", len(h.Bins), bins)
			}
			sum, count, end := new(big.Int), 0, ""
			for _, bin := range h.Bins {
				sum.Add(sum, must2(bin.Raw))
				count += bin.Steps
				if bin.Since <= end || bin.Until < bin.Since {
					t.Errorf("a bin from %s to %s after %s", bin.Since, bin.Until, end)
				}
				end = bin.Until
			}
			if sum.Cmp(want) != 0 || count != steps {
				t.Errorf("%s: %s in %d steps, want %s in %d", balance.Asset.Symbol, sum, count, want, steps)
			}
		}
	}
	if h, known := m.Histogram("", 3); !known || h.Asset == "" {
		t.Error("no asset by itself")
	}
	if _, known := m.Histogram("nonsense", 3); known {
		t.Error("an asset that nobody has")
	}
}

// By time, who was reached later stands further right.
func TestByTime(t *testing.T) {
	found := demo(t, synthetic.Script{Seed: 1}, "fifo", trace.Forward)
	p := flow.Draw(flow.NewModel(found), flow.Ask{Time: true})
	first := map[string]int64{}
	for a := range addresses(found) {
		for i := range found.Steps {
			if s := &found.Steps[i]; s.From == a || s.To == a {
				first[a.CAIP10()] = s.Time
				break
			}
		}
	}
	for _, a := range p.Boxes {
		for _, b := range p.Boxes {
			if a.Kind == flow.AddressBox && b.Kind == flow.AddressBox && first[a.Key] < first[b.Key] && a.X > b.X {
				t.Errorf("%s at %d was reached before %s at %d", a.Key, a.X, b.Key, b.X)
			}
		}
	}
	if !slices.ContainsFunc(p.Boxes, func(b *flow.Box) bool { return b.Kind == flow.AddressBox && slices.Contains(b.Role, "victim") }) {
		t.Error("who was robbed is not there")
	}
	if len(p.Columns) < 3 || !slices.IsSortedFunc(p.Columns, func(a, b flow.Column) int { return a.X - b.X }) {
		t.Errorf("ticks %v", fmt.Sprint(p.Columns))
	}
}

// FuzzView: whatever a view says, rows are found or refused.
func FuzzView(f *testing.F) {
	found := demo(f, synthetic.Script{Seed: 1}, "fifo", trace.Forward)
	m := flow.NewModel(found)
	f.Add("fold:1", "fold:2", "transfer", 0, "qlYqUbIqKSpNrQUEAAD__w")
	f.Add("", "", "", -1, "A")
	f.Fuzz(func(t *testing.T, from, to, kind string, row int, view string) {
		rows, err := m.Rows(from, to, kind, row, view)
		if err == nil && (len(rows) == 0 || !slices.IsSorted(rows) || rows[0] < 1 || rows[len(rows)-1] > len(found.Steps)) {
			t.Fatalf("rows %v", rows)
		}
	})
}
