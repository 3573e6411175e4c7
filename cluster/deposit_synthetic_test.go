package cluster_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"spoor/cluster"
	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest/synthetic"
)

// In an incident whose truth is known every deposit address of the exchange is
// found, in coin and in tokens, with who paid into it, although a gas station
// pays for the sweeps and histories are poisoned; and nobody else is taken for
// one or for a customer.
func TestDepositsOfAnIncident(t *testing.T) {
	incident, err := synthetic.Script{Seed: 3, Hops: 40, Background: 1_000}.Ethereum()
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	ledger, err := graphtest.NewModel().Ledger(ctx, incident.Chain())
	if err != nil {
		t.Fatal(err)
	}
	if err := ledger.Load(ctx, incident.Blocks(ctx)); err != nil {
		t.Fatal(err)
	}
	if err := ledger.Describe(ctx, incident.Infos()...); err != nil {
		t.Fatal(err)
	}
	view, err := ledger.View(ctx)
	if err != nil {
		t.Fatal(err)
	}
	roles := map[graph.Address]string{}
	for _, r := range incident.Truth.Roles {
		roles[r.Address] = strings.TrimPrefix(r.Name, "0: ") // of the first incident
	}
	role := func(id graph.ID) string {
		a, err := view.Address(id)
		if err != nil {
			t.Fatal(err)
		}
		return roles[a]
	}
	exchange := func(id graph.ID) string {
		if role(id) == "exchange hot wallet" {
			return "Demo Exchange"
		}
		return ""
	}
	hot := func(_ context.Context, id graph.ID, _ graph.Position) (bool, error) { return exchange(id) != "", nil }
	f, err := cluster.NewDepositFinder(view, hot, cluster.DefaultDepositParams())
	if err != nil {
		t.Fatal(err)
	}
	var evidence []cluster.Evidence
	for tx, err := range view.Txs(ctx, 0) {
		if err == nil {
			evidence, err = f.Find(ctx, &tx, evidence)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]bool{}
	for _, name := range roles {
		if strings.HasPrefix(name, "deposit ") || strings.HasPrefix(name, "coin deposit ") {
			want[name] = true
		}
	}
	n := len(want)
	for _, d := range cluster.DepositsOf(evidence, cluster.DepositRoles{Exchange: exchange}).Deposits {
		name := role(d.Address)
		if !want[name] {
			t.Errorf("%q is taken for a deposit address", name)
		}
		delete(want, name)
		for _, u := range d.Users {
			if user := role(u); !strings.HasPrefix(user, "peel ") && !strings.HasPrefix(user, "walker ") {
				t.Errorf("%q is taken for a customer, of %q", user, name)
			}
		}
	}
	if n < 60 || len(want) > 0 {
		t.Errorf("of %d deposit addresses, not found: %v", n, want)
	}

	// What the script put into a victim's history is told from payments.
	victim, err := view.ID(incident.Truth.Address("0: peel 1"))
	if err != nil {
		t.Fatal(err)
	}
	params := cluster.DefaultPoisonParams()
	params.Head = 4 // the script's look-alikes share two bytes at each end
	poison, err := cluster.Poisoned(ctx, view, victim, graph.MaxPosition, params)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d deposit addresses; poison in the history of %q: %v", n, "peel 1", poison)
	if !slices.ContainsFunc(poison, func(p cluster.Poison) bool {
		return p.Kind == cluster.PoisonNothing && strings.HasPrefix(role(p.Peer), "look-alike of ")
	}) {
		t.Errorf("the transfer of nothing was not told: %v", poison)
	}
}
