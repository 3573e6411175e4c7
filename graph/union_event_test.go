package graph_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"spoor/graph"
)

// stating gives a block events, "TX SEQ KEY" each: a departure of a passage.
func stating(t testing.TB, b graph.Block, events ...string) graph.Block {
	t.Helper()
	b.Txs = slices.Clone(b.Txs)
	for _, text := range events {
		f := strings.Fields(text)
		seq, err := graph.ParseSeq(f[1])
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(b.Txs, func(tx graph.Tx) bool { return tx.Index == uint32(f[0][0]-'0') })
		b.Txs[at].Events = append(b.Txs[at].Events, graph.Event{Seq: seq, Kind: graph.Departure, Protocol: "test", Key: f[2]})
	}
	return b
}

// states writes events as stating reads them.
func states(b graph.Block) string {
	var s []string
	for i := range b.Txs {
		for _, e := range b.Txs[i].Events {
			s = append(s, string(rune('0'+b.Txs[i].Index))+" "+e.Seq.String()+" "+e.Key)
		}
	}
	return strings.Join(s, ", ")
}

func TestUnionOfEvents(t *testing.T) {
	const two = "0 call:0 7"
	for _, tt := range []struct {
		name     string
		old, new graph.Block
		want     string
		changed  bool
	}{
		{"a whole replaces a part, whose events stay", stating(t, block(t, part, two), "0 log:1 a", "0 log:2 b"), stating(t, block(t, whole, two), "0 log:2 b", "0 log:3 c"), "0 log:1 a, 0 log:2 b, 0 log:3 c", true},
		{"a part adds events to a whole", stating(t, block(t, whole, two), "0 log:2 b", "0 log:3 c"), stating(t, block(t, part, two), "0 log:1 a", "0 log:2 b"), "0 log:1 a, 0 log:2 b, 0 log:3 c", true},
		{"a part with nothing new", stating(t, block(t, whole, two), "0 log:2 b"), stating(t, block(t, part, two), "0 log:2 b"), "0 log:2 b", false},
		{"the places of a whole win", stating(t, block(t, whole, two), "0 log:2 b"), stating(t, block(t, part, two), "0 row:0 b"), "0 log:2 b", false},
		{"as often as the part has it", stating(t, block(t, whole, two), "0 log:2 b"), stating(t, block(t, part, two), "0 log:2 b", "0 log:4 b"), "0 log:2 b, 0 log:4 b", true},
		{"a transaction the whole does not have", block(t, whole, two), stating(t, block(t, part, "3 call:0 7"), "3 log:2 b"), "", false},
		{"parts", stating(t, block(t, part, two), "0 log:1 a", "0 log:2 b"), stating(t, block(t, part, two), "0 log:1 c", "0 log:2 b"), "0 log:1 a, 0 log:1 c, 0 log:2 b", true},
		{"parts, rows in other places", stating(t, block(t, part, two), "0 row:0 a", "0 row:1 b"), stating(t, block(t, part, two), "0 row:0 b", "0 row:1 b"), "0 row:0 a, 0 row:0 b, 0 row:1 b", true},
		{"wholes", stating(t, block(t, whole, two), "0 log:1 a"), stating(t, block(t, logs, two), "0 log:1 a", "0 log:1 b"), "0 log:1 a, 0 log:1 b", true},
		{"wholes, the same again", stating(t, block(t, logs, two), "0 log:1 a", "0 log:1 b"), stating(t, block(t, logs, two), "0 log:1 a"), "0 log:1 a, 0 log:1 b", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before, read := states(tt.old), states(tt.new)
			got, changed, err := graph.Union(tt.old, tt.new)
			if err != nil || states(got) != tt.want || changed != tt.changed {
				t.Errorf("got %s, changed %v, %v\nwant %s, changed %v", states(got), changed, err, tt.want, tt.changed)
			}
			if states(tt.old) != before || states(tt.new) != read {
				t.Errorf("the blocks became %s and %s", states(tt.old), states(tt.new))
			}
			if err := got.Validate(graph.Ethereum); err != nil {
				t.Error(err)
			}
			for _, again := range []graph.Block{tt.old, tt.new} {
				if twice, changed, err := graph.Union(got, again); err != nil || changed || !reflect.DeepEqual(twice, got) {
					t.Errorf("a second time: %s, changed %v, %v", states(twice), changed, err)
				}
			}
		})
	}
}

// Which of two readings came first does not matter, and reading one again adds
// nothing, whatever each of them saw.
func TestUnionOfEventsEitherWay(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		random := func(label string) graph.Block {
			know := rapid.SampledFrom([]graph.Knowledge{part, whole, logs}).Draw(r, label)
			places := []string{"log:1", "log:2"}
			var events []string
			for range rapid.IntRange(0, 4).Draw(r, label+" events") {
				events = append(events, "0 "+rapid.SampledFrom(places).Draw(r, "place")+" "+rapid.SampledFrom([]string{"a", "b"}).Draw(r, "key"))
			}
			slices.Sort(events)
			return stating(t, block(t, know, "0 call:0 7"), events...)
		}
		a, b := random("a"), random("b")
		ab, _, err := graph.Union(a, b)
		if err != nil {
			r.Fatal(err)
		}
		ba, _, err := graph.Union(b, a)
		if err != nil {
			r.Fatal(err)
		}
		set := func(b graph.Block) []string {
			s := strings.Split(states(b), ", ")
			slices.Sort(s)
			return s
		}
		if !slices.Equal(set(ab), set(ba)) {
			r.Fatalf("%s and %s: %s, the other way %s", states(a), states(b), states(ab), states(ba))
		}
		for _, again := range []graph.Block{a, b} {
			if twice, changed, err := graph.Union(ab, again); err != nil || changed || !reflect.DeepEqual(twice, ab) {
				r.Fatalf("%s again: %s, %v, %v", states(again), states(twice), changed, err)
			}
		}
	})
}
