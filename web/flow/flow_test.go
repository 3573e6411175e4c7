package flow_test

import (
	"fmt"
	"math/big"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"spoor/cluster/passage"
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
func demo(t testing.TB, s synthetic.Script, method, direction string) *trace.Trace {
	t.Helper()
	store := graphtest.NewModel()
	legs := []*synthetic.Incident{must(s.Ethereum()), must(s.Bitcoin())}
	views := map[graph.ChainID]graph.View{}
	labels := map[graph.Address][]graph.Label{}
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
		for _, label := range leg.Truth.Labels {
			labels[label.Address] = append(labels[label.Address], label)
		}
	}
	c := must(trace.ParseCase(must(synthetic.Case("demo", legs...))))
	c.Method, c.Direction = method, direction
	found := must(trace.Run(t.Context(), views, c, trace.Known{Labels: func(a graph.Address) []graph.Label { return labels[a] }}))
	own(found)
	return found
}

// own says of some addresses of a trace that they share an owner, as a store
// with clusters would.
func own(found *trace.Trace) {
	found.Owners = map[graph.Address]graph.Address{}
	var name graph.Address
	for i := range found.Holders {
		if i%7 == 0 {
			name = found.Holders[i].Address
		}
		if a := found.Holders[i].Address; i%7 < 3 && a.Chain == name.Chain {
			found.Owners[a] = name
			found.Members = append(found.Members, trace.Member{Entity: name, Address: a, Rule: "co-spend"})
		}
	}
}

// addresses are those that the tables of a trace name.
func addresses(found *trace.Trace) map[graph.Address]bool {
	all := map[graph.Address]bool{}
	for i := range found.Holders {
		all[found.Holders[i].Address] = true
	}
	for i := range found.Steps {
		all[found.Steps[i].From], all[found.Steps[i].To] = true, true
	}
	for i := range found.Stops {
		all[found.Stops[i].Address] = true
	}
	delete(all, graph.Address{})
	return all
}

// arrived is what reached an address by asset: what its holding says or, of one
// that keeps none of it, what was brought.
func arrived(found *trace.Trace) map[graph.Address]map[string]*big.Int {
	sums := map[graph.Address]map[string]*big.Int{}
	add := func(a graph.Address, asset graph.AssetInfo, amount *graph.Amount) {
		if sums[a] == nil {
			sums[a] = map[string]*big.Int{}
		}
		name := asset.Asset.String()
		if sums[a][name] == nil {
			sums[a][name] = new(big.Int)
		}
		sums[a][name].Add(sums[a][name], amount.ToBig())
	}
	held := map[graph.Address]map[graph.Asset]bool{}
	for i := range found.Holders {
		h := &found.Holders[i]
		if h.In.IsZero() {
			continue
		}
		if held[h.Address] == nil {
			held[h.Address] = map[graph.Asset]bool{}
		}
		held[h.Address][h.Asset.Asset] = true
		add(h.Address, h.Asset, &h.In)
	}
	for i := range found.Steps {
		if s := &found.Steps[i]; s.Rule != trace.RuleFee && !s.To.IsZero() && !held[s.To][s.Asset.Asset] {
			add(s.To, s.Asset, &s.Tainted)
		}
	}
	return sums
}

// sound checks what must hold of every picture of a trace; whole, that nothing
// was hidden or filtered.
func sound(t testing.TB, found *trace.Trace, p *flow.Board, whole bool) {
	t.Helper()
	counted, keys := p.Hidden+p.Outside, map[string]bool{}
	elements := 4 + len(p.Columns) // as the workspace draws it
	for _, a := range p.Arrows {
		if elements += 2; a.Kind != flow.TransferArrow {
			elements += 2
		}
	}
	want := arrived(found)
	total, told := map[string]*big.Int{}, map[string]*big.Int{}
	for _, byAsset := range want {
		for asset, sum := range byAsset {
			total[asset] = new(big.Int).Add(sum, plus(total[asset]))
		}
	}
	for i, b := range p.Boxes {
		counted += b.Members
		if keys[b.Key] {
			t.Errorf("two boxes %s", b.Key)
		}
		keys[b.Key] = true
		if elements += 4 + len(b.Lines); b.Permille > 0 {
			elements++
		}
		if len(b.Lines) != len(b.Classes) {
			t.Errorf("%s: %d lines, %d classes", b.Key, len(b.Lines), len(b.Classes))
		}
		for _, a := range b.Arrived {
			told[a.Asset] = new(big.Int).Add(plus(told[a.Asset]), must2(a.Raw))
		}
		if b.Kind == flow.AddressBox {
			text := ""
			for k, line := range b.Lines {
				if b.Classes[k] == "id" {
					text += line
				}
			}
			if text != b.Address {
				t.Errorf("%s is written %s", b.Address, text)
			}
			if a := must(graph.ParseAddress(graph.ChainOf(graph.ChainID(b.Chain)), b.Address)); whole && b.Members > 0 && len(b.Arrived) != len(positive(want[a])) {
				t.Errorf("%s: arrived %v, want %v", b.Key, b.Arrived, want[a])
			}
		}
		if b.X < p.Left || b.Y < p.Top || b.X+b.Width > p.Left+p.Width || b.Y+b.Height > p.Top+p.Height {
			t.Errorf("box %d is not in the picture: %+v", i, b)
		}
		for _, line := range b.Texts() {
			if line.Y < b.Y || line.Y > b.Y+b.Height {
				t.Errorf("%s: the line %q is outside of it", b.Key, line.Text)
			}
		}
		for _, other := range p.Boxes[:i] {
			if b.X < other.X+other.Width && other.X < b.X+b.Width && b.Y < other.Y+other.Height && other.Y < b.Y+b.Height {
				t.Errorf("boxes overlap: %s at %d %d and %s at %d %d", b.Key, b.X, b.Y, other.Key, other.X, other.Y)
			}
		}
	}
	if whole {
		for asset, sum := range total {
			if sum.Cmp(plus(told[asset])) != 0 {
				t.Errorf("%s: %s arrived, the boxes say %s", asset, sum, told[asset])
			}
		}
	}
	if all := len(addresses(found)); counted != all {
		t.Errorf("%d addresses are drawn or counted, the trace has %d", counted, all)
	}
	if p.Elements != elements || p.Elements > flow.MaxElements {
		t.Errorf("it says %d elements, %d are drawn", p.Elements, elements)
	}
	arrows := map[string]bool{}
	for _, a := range p.Arrows {
		if arrows[a.Key] {
			t.Errorf("two arrows %s", a.Key)
		}
		arrows[a.Key] = true
		if !keys[a.From] || !keys[a.To] || a.From == a.To || !strings.HasPrefix(a.Path, "M") {
			t.Errorf("arrow %+v", a)
		}
	}
}

func plus(n *big.Int) *big.Int {
	if n == nil {
		return new(big.Int)
	}
	return n
}

func positive(sums map[string]*big.Int) (assets []string) {
	for asset, sum := range sums {
		if sum.Sign() > 0 {
			assets = append(assets, asset)
		}
	}
	return assets
}

func must2(raw string) *big.Int {
	n, ok := new(big.Int).SetString(raw, 10)
	if !ok {
		panic(raw)
	}
	return n
}

func TestDraw(t *testing.T) {
	for _, s := range []synthetic.Script{{Seed: 1}, {Seed: 2, Hops: 30}, {Seed: 3, Incidents: 5, Background: 100}} {
		for _, method := range []string{"fifo", "haircut", "poison"} {
			t.Run(fmt.Sprint(s, method), func(t *testing.T) {
				found := demo(t, s, method, trace.Forward)
				m := flow.NewModel(found)
				for _, ask := range []flow.Ask{{}, {Time: true}, {Collapse: []string{"all"}}} {
					p := flow.Draw(m, ask)
					sound(t, found, p, true)
					if p.Elements > 500 {
						t.Errorf("%d elements", p.Elements)
					}
					if again := flow.Draw(flow.NewModel(found), ask); !reflect.DeepEqual(plain(p), plain(again)) {
						t.Error("drawn again it differs")
					}
					if len(p.Boxes) < 10 || len(p.Arrows) < 10 {
						t.Errorf("%d boxes, %d arrows", len(p.Boxes), len(p.Arrows))
					}
				}
				// The theft is left of all but who was robbed.
				for _, b := range flow.Draw(m, flow.Ask{}).Boxes {
					if slices.Contains(b.Role, "source") && b.Column > 1 || slices.Contains(b.Role, "victim") && b.Kind == flow.AddressBox && b.Column > 0 {
						t.Errorf("%s %v is in column %d", b.Key, b.Role, b.Column)
					}
				}
			})
		}
	}
	empty := flow.Draw(flow.NewModel(&trace.Trace{}), flow.Ask{})
	sound(t, &trace.Trace{}, empty, true)
}

// plain is a picture without what only its package sees.
func plain(p *flow.Board) string {
	var b strings.Builder
	for _, box := range p.Boxes {
		fmt.Fprintln(&b, box.Key, box.Members, box.Arrived, box.Held, box.Passed, box.Ends, box.Role, box.Lines, box.X, box.Y, box.Height, box.Permille, box.Choke, box.Partial)
	}
	for _, a := range p.Arrows {
		fmt.Fprintln(&b, a.Key, a.Amounts, a.Path, a.Steps, a.First, a.Last, a.Wide, a.Statement, a.Highlighted, a.RowsURL)
	}
	return b.String() + fmt.Sprint(p.Columns, p.Notes, p.Elements, p.Folded, p.Hidden, p.Outside, p.HiddenArrows, p.Left, p.Top, p.Width, p.Height)
}

// Backward, sources stand on the left, what is asked for on the right.
func TestDrawBackward(t *testing.T) {
	found := demo(t, synthetic.Script{Seed: 4}, "fifo", trace.Backward)
	p := flow.Draw(flow.NewModel(found), flow.Ask{})
	sound(t, found, p, true)
	if !slices.ContainsFunc(p.Arrows, func(a *flow.Arrow) bool { return a.Kind == flow.JointArrow }) {
		t.Error("inputs are not joined with what they paid")
	}
	last := p.Columns[len(p.Columns)-1]
	if last.Text != "what is asked for" {
		t.Errorf("columns %v", p.Columns)
	}
	for _, b := range p.Boxes {
		if slices.Contains(b.Role, "seed") && b.Kind == flow.AddressBox && b.X != last.X {
			t.Errorf("%s is at %d, the last column at %d", b.Key, b.X, last.X)
		}
	}
}

// Every arrow is the sum of the rows that its address names, to the base unit,
// whatever is folded, collapsed or filtered; between two addresses these are all
// rows of the table that name the two.
func TestArrowsAreTheirRows(t *testing.T) {
	for _, s := range []synthetic.Script{{Seed: 1}, {Seed: 5, Incidents: 2}} {
		found := demo(t, s, "haircut", trace.Forward)
		m := flow.NewModel(found)
		first := flow.Draw(m, flow.Ask{})
		middle := found.Steps[len(found.Steps)/2].Time
		asset := found.Steps[1].Asset.Asset.String()
		var pill string
		for _, b := range first.Boxes {
			if b.Kind == flow.FoldBox {
				pill = b.Key
			}
		}
		for name, ask := range map[string]flow.Ask{"whole": {}, "time": {Time: true}, "single": {Single: true}, "collapsed": {Collapse: []string{"all"}}, "asset": {Asset: asset},
			"since": {Since: middle}, "until": {Until: middle, Collapse: []string{"all"}}, "open": {Open: []string{pill}, Hide: []string{first.Boxes[3].Key}}} {
			ask.Trace = "/traces/x"
			checked := 0
			for _, a := range flow.Draw(m, ask).Arrows {
				u := must(url.Parse(a.RowsURL))
				row, _ := strconv.Atoi(u.Query().Get("row"))
				rows, err := m.Rows(u.Query().Get("from"), u.Query().Get("to"), u.Query().Get("kind"), row, u.Query().Get("view"))
				if err != nil || len(rows) == 0 {
					t.Fatalf("%s: %s: %v", name, a.Key, err)
				}
				sums := map[string]*big.Int{}
				crossed := false
				for _, n := range rows {
					step := &found.Steps[n-1]
					crossed = crossed || strings.HasPrefix(step.Rule, "bridge") || strings.HasPrefix(step.Rule, "link")
					if a.Kind == flow.JointArrow && step.To.IsZero() || a.Kind == flow.SwapArrow && step.From.IsZero() != step.To.IsZero() {
						continue // what was joined
					}
					name := step.Asset.Asset.String()
					sums[name] = new(big.Int).Add(plus(sums[name]), step.Tainted.ToBig())
				}
				if len(a.Amounts) == 0 || crossed || a.Kind == flow.SwapArrow {
					continue
				}
				checked++
				for _, amount := range a.Amounts {
					if must2(amount.Raw).Cmp(plus(sums[amount.Asset])) != 0 {
						t.Errorf("%s: %s says %s of %s, its rows %s", name, a.Key, amount.Raw, amount.Symbol, sums[amount.Asset])
					}
				}
				if name == "whole" && a.Kind == flow.TransferArrow && !strings.Contains(a.Key, "fold:") {
					n := 0
					for i := range found.Steps {
						if step := &found.Steps[i]; step.From.CAIP10() == a.From && step.To.CAIP10() == a.To && !strings.Contains(step.Rule, "swap") && step.Rule != trace.RuleFee && !strings.Contains(step.Rule, "bridge") {
							n++
						}
					}
					if n != len(rows) || a.Steps != n {
						t.Errorf("%s: %d rows, %d steps, the table has %d", a.Key, len(rows), a.Steps, n)
					}
				}
			}
			if checked < 5 && name != "asset" {
				t.Errorf("%s: %d arrows were checked", name, checked)
			}
		}
	}
	m := flow.NewModel(demo(t, synthetic.Script{Seed: 1}, "fifo", trace.Forward))
	for _, view := range []string{"", "x", "____", strings.Repeat("A", 7000)} {
		if rows, err := m.Rows("fold:1", "nobody", "", 0, view); err == nil {
			t.Errorf("view %.10q: %v", view, rows)
		}
	}
}

// What a pill opens to, and the smaller pill, are to the base unit what it was.
func TestOpenedPills(t *testing.T) {
	found := demo(t, synthetic.Script{Seed: 3, Incidents: 8}, "fifo", trace.Forward)
	m := flow.NewModel(found)
	var open []string
	for range 40 {
		before := flow.Draw(m, flow.Ask{Open: open})
		at := slices.IndexFunc(before.Boxes, func(b *flow.Box) bool { return b.Kind == flow.FoldBox })
		if at < 0 || strings.Contains(fmt.Sprint(before.Notes), "No more boxes are opened") {
			break
		}
		pill := before.Boxes[at]
		old := map[string]bool{}
		for _, b := range before.Boxes {
			old[b.Key] = true
		}
		open = append(open, pill.Key)
		after := flow.Draw(m, flow.Ask{Open: open})
		sound(t, found, after, true)
		members, sums := 0, map[string]*big.Int{}
		for _, b := range after.Boxes {
			if old[b.Key] {
				continue
			}
			members += b.Members
			for _, a := range b.Arrived {
				sums[a.Asset] = new(big.Int).Add(plus(sums[a.Asset]), must2(a.Raw))
			}
		}
		if strings.Contains(fmt.Sprint(after.Notes), "No more boxes are opened") {
			break
		}
		if members != pill.Members {
			t.Errorf("%s: %d members, opened %d", pill.Key, pill.Members, members)
		}
		for _, a := range pill.Arrived {
			if must2(a.Raw).Cmp(plus(sums[a.Asset])) != 0 {
				t.Errorf("%s: %s of %s, opened %s", pill.Key, a.Raw, a.Symbol, sums[a.Asset])
			}
		}
	}
	if len(open) < 3 {
		t.Errorf("opened %v", open)
	}
}

// Value that crossed a bridge is drawn from who paid it in to who got it out,
// beside what went into the bridge and came out of it.
func TestCrossing(t *testing.T) {
	ethereum, optimism := graphtest.Ethereum(), graph.ChainOf("eip155:10")
	here, there := graph.NativeInfo(ethereum), graph.NativeInfo(optimism)
	thief, custody := graphtest.Account(ethereum, 1), graphtest.Account(ethereum, 2)
	release, mule := graphtest.Account(optimism, 3), graphtest.Account(optimism, 4)
	found := &trace.Trace{Balances: []trace.Balance{{Asset: here, Seeded: graph.Amount{100}}, {Asset: there, BridgedIn: graph.Amount{97}}},
		Seeds: []trace.Seeded{{Address: thief, Asset: here, Amount: graph.Amount{100}}},
		Steps: []trace.Step{
			{Chain: ethereum.ID, At: graph.Position{Block: 5, Seq: 1}, Time: 50, From: thief, To: custody, Asset: here, Amount: graph.Amount{100}, Tainted: graph.Amount{100}, Hop: 1, Rule: trace.RuleBridgeOut, Legs: []graph.Seq{1}},
			{Chain: optimism.ID, At: graph.Position{Block: 9, Seq: 1}, Time: 60, From: release, To: mule, Asset: there, Amount: graph.Amount{97}, Tainted: graph.Amount{97}, Hop: 2, Rule: trace.RuleBridgeIn, Legs: []graph.Seq{1}},
		},
		Passages: []trace.Passage{{Bridge: "test", Departure: passage.Side{Chain: ethereum.ID, Stated: graph.Stated{At: graph.Position{Block: 5, Seq: 2}}},
			Arrival: &passage.Side{Chain: optimism.ID, Stated: graph.Stated{At: graph.Position{Block: 9, Seq: 2}, Time: 60}}, Asset: here, ToAsset: there, TaintedOut: graph.Amount{100}, TaintedIn: graph.Amount{97}, Crossed: true, Statement: graph.Derived}},
	}
	m := flow.NewModel(found)
	p := flow.Draw(m, flow.Ask{Trace: "/traces/x", Highlight: [2]string{thief.CAIP10(), mule.CAIP10()}})
	sound(t, found, p, true)
	said := map[string]string{}
	for _, a := range p.Arrows {
		said[a.From+">"+a.To] = fmt.Sprint(a.Kind, " ", a.Amounts[0].Raw, " ", a.Statement, " ", a.Highlighted)
	}
	for way, want := range map[string]string{thief.CAIP10() + ">" + custody.CAIP10(): "bridge 100 fact false", thief.CAIP10() + ">" + mule.CAIP10(): "bridge 97 derived true", release.CAIP10() + ">" + mule.CAIP10(): "bridge 97 fact false"} {
		if said[way] != want {
			t.Errorf("%s: %q, want %q", way, said[way], want)
		}
	}
	if rows, err := m.Rows(thief.CAIP10(), mule.CAIP10(), "bridge", 0, ""); err != nil || !slices.Equal(rows, []int{1, 2}) {
		t.Errorf("rows of the crossing: %v %v", rows, err)
	}
}
