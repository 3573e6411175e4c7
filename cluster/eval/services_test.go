package eval_test

import (
	"context"
	"testing"

	"spoor/cluster"
	"spoor/cluster/eval"
	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest/synthetic"
)

// TestServicesPlacebo counts who is taken for a service in generated traffic of
// a week: four exchanges and everybody else.
func TestServicesPlacebo(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3} {
		ctx := context.Background()
		ledger, err := graphtest.NewModel().Ledger(ctx, graph.ChainOf(graph.Ethereum))
		if err != nil {
			t.Fatal(err)
		}
		r, err := eval.TrafficServices(ctx, ledger, seed)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("seed %d: %d of %d exchanges found; %d of %d others taken for services, %d of them busy; signs %v", seed, r.Found, r.Services, r.False, r.Others, r.Busy, r.Signs)
		// The one is who pays the fees of those without coins: thousands a week.
		if r.Services != synthetic.Hubs || r.Found != r.Services || r.False != 1 || r.Signs["transfers"] != 1 {
			t.Errorf("seed %d: %+v", seed, r)
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
