package graphtest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"spoor/graph"
)

// covered notes histories of single addresses around blocks that are applied,
// loaded, reverted and opened again.
func (s suite) covered(t *testing.T) {
	full, part := graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}, graph.Knowledge{Transfers: graph.Full}
	for _, chain := range []graph.Chain{Ethereum(), Bitcoin()} {
		row := func(n int, from, to uint32, know graph.Knowledge) graph.Coverage {
			return graph.Coverage{Chain: chain.ID, Address: Account(chain, n), From: from, To: to, Know: know, Source: fmt.Sprint("explorer ", know.Logs)}
		}
		dir := t.TempDir()
		store := s.open(t, dir)
		l, err := store.Ledger(t.Context(), chain)
		must(t, err)
		m := model(t, chain)
		blocks := Payments(chain, 6)
		both := func(step string, call func(graph.Ledger) error) {
			t.Helper()
			must(t, call(l))
			must(t, call(m))
			v, err := l.View(t.Context())
			must(t, err)
			sameText(t, step+"\n"+Dump(t, v), step+"\n"+Dump(t, view(t, m)))
			clean(t, v)
			must(t, v.Close())
		}
		cover := func(rows ...graph.Coverage) func(graph.Ledger) error {
			return func(l graph.Ledger) error { return l.Cover(t.Context(), rows...) }
		}
		both("nothing", cover())
		both("before any block", cover(row(7, 0, 102, full), row(3, 0, 104, part)))
		both("load", func(l graph.Ledger) error { return l.Load(t.Context(), sequence(blocks[:3], nil)) })
		both("overlaps", cover(row(3, 50, 103, full), row(3, 101, 200, part), row(7, 103, 105, full)))
		both("again", cover(row(3, 50, 103, full)))
		both("apply", func(l graph.Ledger) error { return l.Apply(t.Context(), blocks[3:]...) })

		must(t, store.Close())
		store = s.open(t, dir)
		l, err = store.Ledger(t.Context(), chain)
		must(t, err)
		both("open again", cover())
		both("revert above the tip", func(l graph.Ledger) error { return l.Revert(t.Context(), 150) })
		both("revert", func(l graph.Ledger) error { return l.Revert(t.Context(), 102) })
		v, err := l.View(t.Context())
		must(t, err)
		rows, err := v.Coverage()
		must(t, err)
		must(t, v.Close())
		var last []uint32
		for _, r := range rows {
			last = append(last, r.To)
		}
		if want := []uint32{101, 49, 101, 101}; !slices.Equal(last, want) { // blocks, account 3 twice, account 7
			t.Fatalf("ranges end at %v, want %v", last, want)
		}

		blockRow := graph.Coverage{Chain: chain.ID, To: 5}
		backward := row(3, 9, 8, full)
		other := Ethereum()
		if chain.Family == graph.AccountFamily {
			other = Bitcoin()
		}
		foreign := graph.Coverage{Chain: other.ID, Address: Account(other, 1)}
		for name, bad := range map[string]graph.Coverage{"no address": blockRow, "backward": backward, "another chain": foreign} {
			if err := l.Cover(t.Context(), row(9, 0, 1, full), bad); err == nil {
				t.Fatalf("%s: no error", name)
			}
			both("refused "+name, cover())
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		wantErr(t, l.Cover(ended, row(9, 0, 1, full)), context.Canceled)
		both("refused ended", cover())
		both("revert all", func(l graph.Ledger) error { return l.Revert(t.Context(), 0) })
		must(t, store.Close())
	}
}

// clean checks a view with graph.Check.
func clean(t testing.TB, v graph.View) {
	t.Helper()
	_, err := graph.Check(t.Context(), v, func(f graph.Finding) { t.Errorf("%s: %s", f.At, f.What) })
	must(t, err)
}
