package badger_test

import (
	"testing"

	"spoor/graph"
	"spoor/graph/graphtest"
)

// Coverage of addresses is computed from nothing, so a copy must carry it over.
func TestCompactKeepsCovered(t *testing.T) {
	chain := graphtest.Ethereum()
	s, l := openLedger(t, t.TempDir(), chain)
	must(t, l.Apply(t.Context(), graphtest.Payments(chain, 3)...))
	for n := range 5 {
		must(t, l.Cover(t.Context(), graph.Coverage{Chain: chain.ID, Address: graphtest.Account(chain, n), To: 200, Source: "explorer"}))
	}
	view, err := l.View(t.Context())
	must(t, err)
	rows, err := view.Coverage()
	must(t, err)
	must(t, view.Close())
	if len(rows) != 6 {
		t.Fatalf("%d ranges, want 6", len(rows))
	}
	before := dump(t, l)
	must(t, l.Compact(t.Context()))
	if after := dump(t, l); after != before {
		t.Errorf("compacted:\n%s\nbefore:\n%s", after, before)
	}
	must(t, s.Close())
}
