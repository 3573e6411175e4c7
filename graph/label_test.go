package graph_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"spoor/graph"
)

func TestLabelHoldsAt(t *testing.T) {
	for _, c := range []struct {
		from, until, at int64
		want            bool
	}{
		{0, 0, 0, true}, {0, 0, 1 << 40, true},
		{10, 0, 9, false}, {10, 0, 10, true},
		{0, 20, 19, true}, {0, 20, 20, false}, {0, 20, -5, true},
		{10, 20, 9, false}, {10, 20, 10, true}, {10, 20, 20, false},
	} {
		l := graph.Label{From: c.from, Until: c.until}
		if l.HoldsAt(c.at) != c.want || l.Bounded() != (c.from != 0 || c.until != 0) {
			t.Errorf("from %d until %d at %d: %v", c.from, c.until, c.at, l.HoldsAt(c.at))
		}
	}
}

// Labels that differ in anything differ in order, the surest first.
func TestLabelCompare(t *testing.T) {
	base := graph.Label{Address: graph.EVMAddress(graph.Ethereum, [20]byte{1}), Name: "n", Source: "s", Confidence: 50}
	labels := []graph.Label{base}
	for _, change := range []func(*graph.Label){
		func(l *graph.Label) { l.Confidence = 60 }, func(l *graph.Label) { l.Source = "t" }, func(l *graph.Label) { l.Name = "m" },
		func(l *graph.Label) { l.Category = "c" }, func(l *graph.Label) { l.Behaviour = "b" }, func(l *graph.Label) { l.Abuse = "a" },
		func(l *graph.Label) { l.Concepts = "c" }, func(l *graph.Label) { l.Actor = "a" }, func(l *graph.Label) { l.Kind = "k" },
		func(l *graph.Label) { l.Currency = "c" }, func(l *graph.Label) { l.Grade = "g" }, func(l *graph.Label) { l.Definer = true },
		func(l *graph.Label) { l.Note = "n" }, func(l *graph.Label) { l.URI = "u" }, func(l *graph.Label) { l.Licence = "l" },
		func(l *graph.Label) { l.Date = 1 }, func(l *graph.Label) { l.From = 1 }, func(l *graph.Label) { l.Until = 1 },
		func(l *graph.Label) { l.Pack[31] = 1 }, func(l *graph.Label) { l.Address = graph.EVMAddress(graph.Ethereum, [20]byte{2}) },
	} {
		l := base
		change(&l)
		labels = append(labels, l)
	}
	for i := range labels {
		for j := range labels {
			a, b := labels[i].Compare(&labels[j]), labels[j].Compare(&labels[i])
			if (a == 0) != (i == j) || a != -b {
				t.Errorf("%d and %d compare %d and %d", i, j, a, b)
			}
		}
	}
	slices.SortFunc(labels, func(a, b graph.Label) int { return a.Compare(&b) })
	if labels[0].Confidence != 60 {
		t.Errorf("the first is not the surest: %+v", labels[0])
	}
}

func TestLabelCheck(t *testing.T) {
	good := graph.Label{Address: graph.EVMAddress(graph.Ethereum, [20]byte{1}), Name: "n", Source: "s", Confidence: 100}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*graph.Label){
		"no address": func(l *graph.Label) { l.Address = graph.Address{} }, "no name": func(l *graph.Label) { l.Name = "" },
		"no source": func(l *graph.Label) { l.Source = "" }, "too sure": func(l *graph.Label) { l.Confidence = 101 },
		"not sure": func(l *graph.Label) { l.Confidence = -1 }, "endless": func(l *graph.Label) { l.Note = strings.Repeat("x", 1<<16) },
	} {
		l := good
		change(&l)
		if err := l.Check(); !errors.Is(err, graph.ErrPack) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, a := range []graph.Actor{{}, {ID: strings.Repeat("x", 256)}} {
		if err := a.Check(); !errors.Is(err, graph.ErrPack) {
			t.Errorf("%+v: %v", a, err)
		}
	}
}
