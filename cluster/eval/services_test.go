package eval_test

import (
	"context"
	"testing"

	"spoor/cluster"
	"spoor/cluster/eval"
	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest"
	"spoor/ingest/synthetic"
)

// TestServicesPlacebo counts who is taken for a service in generated traffic of
// a week: four exchanges and everybody else. Popularity follows a power law, so
// some persons are paid by hundreds.
func TestServicesPlacebo(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3} {
		traffic := synthetic.Traffic{Seed: seed, Transfers: 40_000, Interval: 7 * 86400 / 200}
		ctx := context.Background()
		ledger, err := graphtest.NewModel().Ledger(ctx, traffic.Chain())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ingest.Run(ctx, ledger, traffic, ingest.Options{Meter: ingest.NewMeter(ingest.Stop)}); err != nil {
			t.Fatal(err)
		}
		view, err := ledger.View(ctx)
		if err != nil {
			t.Fatal(err)
		}
		known := map[graph.Address]bool{}
		for i := range synthetic.Hubs {
			known[traffic.Hub(i)] = true
		}
		r, err := eval.Services(ctx, view, cluster.DefaultServiceShape(), known)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("seed %d: %d of %d exchanges found; %d of %d others taken for services, %d of them busy; signs %v", seed, r.Found, r.Services, r.False, r.Others, r.Busy, r.Signs)
		// The one is who pays the fees of those without coins: thousands a week.
		if r.Services != synthetic.Hubs || r.Found != r.Services || r.False != 1 || r.Signs["transfers"] != 1 {
			t.Errorf("seed %d: %+v", seed, r)
		}
		if err := view.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestServicesOfAToken asks about every address in the real history of one
// token, where exchanges are known by name.
func TestServicesOfAToken(t *testing.T) {
	h, v := tokenHistory(t)
	known := map[graph.Address]bool{}
	for a := range h.Exchanges {
		known[a] = true
	}
	r, err := eval.Services(context.Background(), v, cluster.DefaultServiceShape(), known)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d exchanges found; %d of %d others taken for services, %d of them busy; signs %v", r.Found, r.Services, r.False, r.Others, r.Busy, r.Signs)
	if r.Services == 0 || r.False*1000 > r.Others {
		t.Errorf("%+v", r)
	}
}
