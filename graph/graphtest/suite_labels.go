package graphtest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"spoor/graph"
)

// freshLabels are the labels of a new store.
func (s suite) freshLabels(t testing.TB) graph.Labels {
	t.Helper()
	store := s.open(t, t.TempDir())
	t.Cleanup(func() { must(t, store.Close()) })
	return labelsOf(t, store)
}

func labelsOf(t testing.TB, store graph.Store) graph.Labels {
	t.Helper()
	labels, err := store.Labels(t.Context())
	must(t, err)
	return labels
}

// LabelPack is a pack named after a text, with what it says.
func LabelPack(name string, actors []graph.Actor, labels ...graph.Label) (graph.Pack, []graph.Actor, []graph.Label) {
	p := graph.Pack{Digest: graph.DigestOf([]byte(name)), Name: name, Format: "test", Title: "pack " + name, Creator: "tests", Description: "a\nb",
		Licence: "MIT", URI: "https://example.org/" + name, Date: 1_600_000_000, Size: int64(len(name)), Rows: len(labels) + 2, Refused: 2,
		Labels: len(labels), Actors: len(actors)}
	return p, actors, labels
}

func importPack(t testing.TB, labels graph.Labels, p graph.Pack, actors []graph.Actor, list []graph.Label) bool {
	t.Helper()
	added, err := labels.Import(t.Context(), p, actors, listed(list, nil))
	must(t, err)
	return added
}

// listed yields a list, and then an error if there is one.
func listed(list []graph.Label, err error) iter.Seq2[graph.Label, error] {
	return func(yield func(graph.Label, error) bool) {
		for _, l := range list {
			if !yield(l, nil) {
				return
			}
		}
		if err != nil {
			yield(graph.Label{}, err)
		}
	}
}

// fullLabel has something in every field.
func fullLabel(a graph.Address) graph.Label {
	return graph.Label{Address: a, Name: "Some\u202eName\x00", Category: "exchange", Behaviour: "hot_wallet", Source: "who", Confidence: 100, Grade: "ownership",
		Abuse: "scam", Concepts: "hot_wallet|defi", Actor: "somebody", Kind: "actor", Currency: "USDT", Definer: true, Note: "{\"a\": 1}", URI: "https://example.org",
		Licence: "MIT", Date: -5, From: 1, Until: 1 << 40}
}

// DumpLabels writes down all that labels tell.
func DumpLabels(t testing.TB, labels graph.Labels) string {
	t.Helper()
	var b strings.Builder
	packs, err := labels.Packs(t.Context())
	must(t, err)
	for _, p := range packs {
		fmt.Fprintf(&b, "pack %+v\n", p)
	}
	for l, err := range labels.All(t.Context(), graph.LabelFilter{}) {
		must(t, err)
		fmt.Fprintf(&b, "label %+v\n", l)
	}
	return b.String()
}

func (s suite) labels(t *testing.T) {
	labels := s.freshLabels(t)
	a, b, c := Account(Ethereum(), 1), Account(Bitcoin(), 2), Account(graph.ChainOf("eip155:56"), 1)
	if got := DumpLabels(t, labels); got != "" {
		t.Fatalf("labels of a new store: %s", got)
	}
	if got, err := labels.Of(t.Context(), a); got != nil || err != nil {
		t.Fatalf("got %v, %v", got, err)
	}
	wantErr(t, labels.Remove(t.Context(), graph.DigestOf(nil)), graph.ErrNotFound)

	full, plain := fullLabel(a), graph.Label{Address: a, Name: "n", Source: "s"}
	actor := graph.Actor{ID: "somebody", Label: "Some body", URI: "u", Categories: []string{"exchange", "user"}, Jurisdictions: []string{"AT"}, Aliases: []string{"x"}, Context: "{}", Date: 9}
	one, oneActors, oneLabels := LabelPack("one", []graph.Actor{actor}, plain, full, graph.Label{Address: b, Name: "n", Source: "s", Category: "exchange"}, plain)
	two, _, twoLabels := LabelPack("two", nil, plain, graph.Label{Address: c, Name: "n", Source: "s", Category: "user"})
	three, _, _ := LabelPack("a pack of nothing", nil)
	for _, p := range []graph.Pack{one, two, three} {
		list := map[string][]graph.Label{"one": oneLabels, "two": twoLabels}[p.Name]
		actors := map[string][]graph.Actor{"one": oneActors}[p.Name]
		if !importPack(t, labels, p, actors, list) {
			t.Fatalf("%s was not new", p.Name)
		}
		before := DumpLabels(t, labels)
		again := p
		again.Name = "another name"
		if importPack(t, labels, again, actors, list) {
			t.Fatalf("%s was new twice", p.Name)
		}
		sameText(t, DumpLabels(t, labels), before)
	}
	packs, err := labels.Packs(t.Context())
	must(t, err)
	if !slices.Equal(packs, []graph.Pack{three, one, two}) {
		t.Fatalf("packs %+v", packs)
	}
	of := func(p graph.Pack, l graph.Label) graph.Label { l.Pack = p.Digest; return l }
	side := []graph.Label{of(one, plain), of(one, plain), of(two, plain)}
	slices.SortFunc(side, func(a, b graph.Label) int { return a.Compare(&b) })
	want := append([]graph.Label{of(one, full)}, side...)
	got, err := labels.Of(t.Context(), a)
	must(t, err)
	if !slices.Equal(got, want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
	who, err := labels.Actor(t.Context(), "somebody")
	must(t, err)
	actor.Pack = one.Digest
	if len(who) != 1 || !reflect.DeepEqual(who[0], actor) {
		t.Fatalf("actor %+v", who)
	}
	if who, err := labels.Actor(t.Context(), "some"); who != nil || err != nil {
		t.Fatalf("an actor of half a name: %v, %v", who, err)
	}
	s.labelFilters(t, labels, one.Digest)

	must(t, labels.Remove(t.Context(), one.Digest))
	wantErr(t, labels.Remove(t.Context(), one.Digest), graph.ErrNotFound)
	if got, err = labels.Of(t.Context(), a); err != nil || !slices.Equal(got, []graph.Label{of(two, plain)}) {
		t.Fatalf("after removal: %+v, %v", got, err)
	}
	if who, err := labels.Actor(t.Context(), "somebody"); who != nil || err != nil {
		t.Fatalf("the actor of a removed pack: %v, %v", who, err)
	}
	if !importPack(t, labels, one, oneActors, oneLabels) {
		t.Fatal("a removed pack is not new")
	}
	if got, err = labels.Of(t.Context(), a); err != nil || !slices.Equal(got, want) {
		t.Fatalf("after removal and import: %+v, %v", got, err)
	}
}

func (s suite) labelFilters(t *testing.T, labels graph.Labels, pack graph.Digest) {
	t.Helper()
	for _, c := range []struct {
		filter graph.LabelFilter
		want   int
	}{
		{graph.LabelFilter{}, 6},
		{graph.LabelFilter{Category: "exchange"}, 2},
		{graph.LabelFilter{Category: "exchange", Chain: graph.Bitcoin}, 1},
		{graph.LabelFilter{Chain: graph.Ethereum}, 4},
		{graph.LabelFilter{Chain: "eip155:5"}, 0},
		{graph.LabelFilter{Pack: pack}, 4},
		{graph.LabelFilter{Pack: graph.DigestOf([]byte("nobody's"))}, 0},
	} {
		n := 0
		for l, err := range labels.All(t.Context(), c.filter) {
			must(t, err)
			if n++; !c.filter.Takes(&l) {
				t.Errorf("%+v took %+v", c.filter, l)
			}
		}
		if n != c.want {
			t.Errorf("%+v took %d labels, want %d", c.filter, n, c.want)
		}
	}
	for _, err := range labels.All(t.Context(), graph.LabelFilter{}) {
		must(t, err)
		break // stopping early is fine
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range labels.All(ended, graph.LabelFilter{}) {
		wantErr(t, err, context.Canceled)
	}
}

func (s suite) labelsRefuse(t *testing.T) {
	labels := s.freshLabels(t)
	good := graph.Label{Address: Account(Ethereum(), 1), Name: "n", Source: "s", Category: "exchange"}
	kept, _, keptLabels := LabelPack("kept", nil, good)
	importPack(t, labels, kept, nil, keptLabels)
	before := DumpLabels(t, labels)
	many := make([]graph.Label, 9000) // more than an engine writes at once
	for i := range many {
		many[i] = good
		many[i].Address = Account(Ethereum(), 100+i)
	}
	bad := errors.New("a source that breaks")
	p, _, _ := LabelPack("bad", nil, many...)
	for name, c := range map[string]struct {
		pack  func(*graph.Pack)
		list  []graph.Label
		after error
		want  error
	}{
		"the source breaks": {nil, many, bad, bad},
		"too few":           {nil, many[:8999], nil, graph.ErrPack},
		"too many":          {nil, append(slices.Clone(many), good), nil, graph.ErrPack},
		"no address":        {nil, append(slices.Clone(many[1:]), graph.Label{Name: "n", Source: "s"}), nil, graph.ErrPack},
		"no name":           {nil, append(slices.Clone(many[1:]), graph.Label{Address: good.Address, Source: "s"}), nil, graph.ErrPack},
		"no source":         {nil, append(slices.Clone(many[1:]), graph.Label{Address: good.Address, Name: "n"}), nil, graph.ErrPack},
		"too sure":          {nil, append(slices.Clone(many[1:]), graph.Label{Address: good.Address, Name: "n", Source: "s", Confidence: 101}), nil, graph.ErrPack},
		"no digest":         {func(p *graph.Pack) { p.Digest = graph.Digest{} }, many, nil, graph.ErrPack},
		"other options":     {func(p *graph.Pack) { p.Digest, p.Options = kept.Digest, "x" }, many, nil, graph.ErrPack},
		"missing actors":    {func(p *graph.Pack) { p.Actors = 1 }, many, nil, graph.ErrPack},
	} {
		asked := p
		if c.pack != nil {
			c.pack(&asked)
		}
		added, err := labels.Import(t.Context(), asked, nil, listed(c.list, c.after))
		if added || !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, %v, want %v", name, added, err, c.want)
		}
		sameText(t, DumpLabels(t, labels), before)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := labels.Import(ended, p, nil, listed(many, nil))
	wantErr(t, err, context.Canceled)
	sameText(t, DumpLabels(t, labels), before)
	if !importPack(t, labels, p, nil, many) {
		t.Fatal("the pack is not new after all that")
	}
	must(t, labels.Remove(t.Context(), p.Digest))
	sameText(t, DumpLabels(t, labels), before)
}

func (s suite) labelsReopen(t *testing.T) {
	dir := t.TempDir()
	store := s.open(t, dir)
	p, actors, list := LabelPack("one", []graph.Actor{{ID: "x"}}, fullLabel(Account(Ethereum(), 1)), fullLabel(Account(Bitcoin(), 1)))
	importPack(t, labelsOf(t, store), p, actors, list)
	want := DumpLabels(t, labelsOf(t, store))
	must(t, store.Close())
	store = s.open(t, dir)
	sameText(t, DumpLabels(t, labelsOf(t, store)), want)
	if chains, err := store.Chains(t.Context()); err != nil || len(chains) != 0 {
		t.Fatalf("chains of a store of labels only: %v, %v", chains, err)
	}
	must(t, labelsOf(t, store).Remove(t.Context(), p.Digest))
	must(t, store.Close())
	store = s.open(t, dir)
	if got := DumpLabels(t, labelsOf(t, store)); got != "" {
		t.Fatalf("the removed pack came back: %s", got)
	}
	must(t, store.Close())
}

// labelsRandom imports and removes packs at random, in another order than the
// model, and compares all that is told.
func (s suite) labelsRandom(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	chains := []graph.Chain{Ethereum(), Bitcoin(), graph.ChainOf("eip155:56")}
	type content struct {
		pack   graph.Pack
		labels []graph.Label
	}
	var packs []content
	for i := range 6 {
		list := make([]graph.Label, random.IntN(40))
		for j := range list {
			list[j] = graph.Label{Address: Account(chains[random.IntN(3)], random.IntN(12)), Name: fmt.Sprint("n", random.IntN(3)), Source: "s",
				Category: []string{"exchange", "", "user"}[random.IntN(3)], Confidence: random.IntN(3) * 50}
		}
		p, _, _ := LabelPack(fmt.Sprint("pack ", i), nil, list...)
		packs = append(packs, content{p, list})
	}
	labels, m := s.freshLabels(t), labelsOf(t, NewModel())
	there := map[int]bool{}
	for range 60 {
		i := random.IntN(len(packs))
		if there[i] {
			must(t, labels.Remove(t.Context(), packs[i].pack.Digest))
		} else {
			importPack(t, labels, packs[i].pack, nil, packs[i].labels)
		}
		there[i] = !there[i]
	}
	for i, c := range packs { // in order, whatever the order was above
		if there[i] {
			importPack(t, m, c.pack, nil, c.labels)
		}
	}
	sameText(t, DumpLabels(t, labels), DumpLabels(t, m))
	for _, chain := range chains {
		for n := range 12 {
			a := Account(chain, n)
			got, err := labels.Of(t.Context(), a)
			must(t, err)
			want, err := m.Of(t.Context(), a)
			must(t, err)
			if !slices.Equal(got, want) {
				t.Fatalf("%s: got %+v\nwant %+v", a, got, want)
			}
		}
	}
}
