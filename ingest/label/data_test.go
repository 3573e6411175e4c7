package label_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/graph/graphtest"
	"spoor/ingest/label"
)

// TestRealLists reads the public lists: every row is a label or refused, and
// for which reason. They are kept in a store, and written and read again.
func TestRealLists(t *testing.T) {
	var lists []*label.List
	for _, c := range []struct {
		path                  string
		format                string
		rows, labels, refused int
		reasons               map[string]int // of some
	}{
		{"labels-graphsense/tags.csv.gz", "graphsense-csv", 76363, 76096, 267,
			map[string]int{"no chain for TRX": 36, "no chain for LTC": 30, "no chain for USDT": 19, "not an address of bitcoin": 4, "not an address of ethereum": 2, "not an address of avalanche": 1}},
		{"labels-ofac/sanctioned.csv", "ofac-csv", 654, 606, 48, map[string]int{"no chain for USDT": 11, "no chain for LTC": 10, "no chain for BCH": 7, "not an address of bitcoin": 1}},
		{"labels-spellbook/labels.csv", "spellbook", 739, 739, 0, nil},
		{"labels-spellbook/tornado_pools.csv", "spellbook-pools", 50, 50, 0, nil},
		{"labels-etherscan/labels.csv.gz", "etherscan", 45198, 45188, 10,
			map[string]int{"no address": 6, "not an address of bnb": 2, "not an address of optimism": 1, "not an address of polygon": 1}},
	} {
		t.Run(c.path, func(t *testing.T) {
			l := readData(t, c.path)
			lists = append(lists, l)
			if p := l.Pack; p.Format != c.format || p.Rows != c.rows || p.Labels != c.labels || p.Refused != c.refused || p.Rows != p.Labels+p.Refused {
				t.Errorf("%s: %d rows, %d labels, %d refused; want %s: %d, %d, %d", p.Format, p.Rows, p.Labels, p.Refused, c.format, c.rows, c.labels, c.refused)
			}
			sum, no := 0, 0
			got := map[string]int{}
			for _, r := range l.Reasons() {
				sum += r.Rows
				got[r.Reason] = r.Rows
				if strings.HasPrefix(r.Reason, "no chain for ") {
					no += r.Rows
				}
				if r.First.Line < 2 || r.First.Err == nil {
					t.Errorf("%s: %+v", r.Reason, r.First)
				}
			}
			if sum != c.refused {
				t.Errorf("reasons of %d rows, %d are refused", sum, c.refused)
			}
			for reason, rows := range c.reasons {
				if got[reason] != rows {
					t.Errorf("%s: %d rows, want %d", reason, got[reason], rows)
				}
			}
			for i := range l.Labels {
				if err := l.Labels[i].Check(); err != nil {
					t.Fatal(err)
				}
			}
			t.Logf("%d rows of chains that spoor does not know", no)
		})
	}
	if len(lists) != 5 {
		return // not all data is here
	}
	keepAll(t, lists[1:])
	var some []graph.Label // each fortieth of GraphSense's
	for i := 0; i < len(lists[0].Labels); i += 40 {
		some = append(some, lists[0].Labels[i])
	}
	roundTrip(t, some)
}

// keepAll keeps lists in a store: all labels of all packs are there, beside
// each other.
func keepAll(t *testing.T, lists []*label.List) {
	t.Helper()
	store, err := badger.Open(t.TempDir(), badger.Options{Memory: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	labels, err := store.Labels(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	for _, l := range lists {
		added, err := labels.Import(t.Context(), l.Pack, l.Actors, func(yield func(graph.Label, error) bool) {
			for _, x := range l.Labels {
				if !yield(x, nil) {
					return
				}
			}
		})
		if err != nil || !added {
			t.Fatalf("%s: %v, %v", l.Pack.Name, added, err)
		}
		want += l.Pack.Labels
	}
	got := 0
	for _, err := range labels.All(t.Context(), graph.LabelFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		got++
	}
	if got != want {
		t.Errorf("%d labels, want %d", got, want)
	}
	sources := map[graph.Digest]bool{}
	of, err := labels.Of(t.Context(), address(t, "ethereum", tornado100))
	for _, l := range of {
		sources[l.Pack] = true
	}
	if err != nil || len(sources) != len(lists) { // all know the pool of 100 ETH
		t.Errorf("%d packs know the pool: %+v, %v", len(sources), of, err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

// readData reads a list of the real data.
func readData(t *testing.T, name string) *label.List {
	t.Helper()
	path := graphtest.Data(t, filepath.FromSlash(name))
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	l, err := label.Read(file, label.Options{Name: filepath.Base(path)})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("read in %s", time.Since(began).Round(time.Millisecond))
	return l
}
