package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"spoor/graph"
	"spoor/graph/graphtest"
)

func knows(t, l, c graph.Extent) graph.Knowledge {
	return graph.Knowledge{Transfers: t, Logs: l, Traces: c}
}

func TestCover(t *testing.T) {
	full, part := knows(graph.Full, graph.Full, graph.Full), knows(graph.Full, graph.Partial, graph.None)
	row := func(from, to uint32, know graph.Knowledge, source string) graph.Coverage {
		return graph.Coverage{From: from, To: to, Know: know, Source: source}
	}
	for _, test := range []struct {
		name string
		read []graph.Coverage
		want string
	}{
		{"one", []graph.Coverage{row(0, 9, full, "a")}, "0-9a"},
		{"touching", []graph.Coverage{row(0, 9, full, "a"), row(10, 19, full, "a")}, "0-19a"},
		{"other source", []graph.Coverage{row(0, 9, full, "a"), row(10, 19, full, "b")}, "0-9a 10-19b"},
		{"apart", []graph.Coverage{row(10, 19, full, "a"), row(0, 5, full, "a")}, "0-5a 10-19a"},
		{"less over more", []graph.Coverage{row(0, 19, full, "a"), row(5, 9, part, "b")}, "0-19a"},
		{"more over less", []graph.Coverage{row(0, 19, part, "a"), row(5, 9, full, "b")}, "0-4a 5-9b 10-19a"},
		{"bridging", []graph.Coverage{row(0, 3, full, "a"), row(7, 9, full, "a"), row(2, 8, full, "a")}, "0-9a"},
		{"to the last height", []graph.Coverage{row(5, ^uint32(0), full, "a"), row(0, ^uint32(0), full, "a")}, "0-4294967295a"},
	} {
		var rows []graph.Coverage
		for _, r := range test.read {
			rows = graph.Cover(rows, r)
		}
		var got []string
		for _, r := range rows {
			got = append(got, fmt.Sprintf("%d-%d%s", r.From, r.To, r.Source))
		}
		if text := strings.Join(got, " "); text != test.want {
			t.Errorf("%s: %s, want %s", test.name, text, test.want)
		}
	}
}

// TestCoverHeightByHeight compares with the same rule for each height alone.
func TestCoverHeightByHeight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rows []graph.Coverage
		var want [30]graph.Knowledge
		for range rapid.IntRange(1, 12).Draw(t, "reads") {
			extent := rapid.IntRange(0, 2)
			r := graph.Coverage{From: rapid.Uint32Range(0, 29).Draw(t, "from"), Source: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "source"),
				Know: knows(graph.Extent(extent.Draw(t, "transfers")), graph.Extent(extent.Draw(t, "logs")), graph.Full)}
			r.To = rapid.Uint32Range(r.From, 29).Draw(t, "to")
			rows = graph.Cover(rows, r)
			for h := r.From; h <= r.To; h++ {
				want[h] = knows(max(want[h].Transfers, r.Know.Transfers), max(want[h].Logs, r.Know.Logs), max(want[h].Traces, r.Know.Traces))
			}
		}
		var got [30]graph.Knowledge
		next := uint32(0)
		for i, r := range rows {
			if r.From < next && i > 0 || r.From > r.To {
				t.Fatalf("rows overlap or go back: %+v", rows)
			}
			next = r.To + 1
			for h := r.From; h <= r.To; h++ {
				got[h] = r.Know
			}
		}
		if got != want {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

func TestCovers(t *testing.T) {
	a, b := graphtest.Account(graphtest.Ethereum(), 1), graphtest.Account(graphtest.Ethereum(), 2)
	full := knows(graph.Full, graph.Full, graph.Full)
	rows := []graph.Coverage{
		{Chain: graph.Ethereum, From: 0, To: 9, Know: full},
		{Chain: graph.Ethereum, From: 10, To: 19, Know: knows(graph.Full, graph.Full, graph.None)},
		{Chain: graph.Ethereum, Address: a, From: 5, To: 29, Know: full},
	}
	for _, test := range []struct {
		address  graph.Address
		from, to uint32
		want     bool
	}{{a, 0, 29, true}, {a, 0, 30, false}, {a, 12, 15, true}, {b, 0, 9, true}, {b, 0, 10, false}, {b, 10, 10, false}} {
		if got := graph.Covers(rows, test.address, test.from, test.to); got != test.want {
			t.Errorf("%s from %d to %d: %v", test.address, test.from, test.to, got)
		}
	}
}
