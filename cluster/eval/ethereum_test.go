package eval_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/holiman/uint256"

	"spoor/cluster"
	"spoor/cluster/eval"
	"spoor/graph"
	"spoor/graph/badger"
	"spoor/graph/graphtest"
	"spoor/ingest/synthetic"
)

func tokenHistory(t *testing.T) (*eval.TokenHistory, graph.View) {
	t.Helper()
	h, err := eval.ReadTokenHistory(graphtest.Data(t, "etherclust-bionic"))
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	store, err := badger.Open(t.TempDir(), badger.Options{Memory: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	ledger, err := store.Ledger(ctx, h.Chain)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Fill(ctx, ledger); err != nil {
		t.Fatal(err)
	}
	v, err := ledger.View(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return h, v
}

// The plain rule's figures are those of the data's description; the deposit
// addresses with the parameters of Tutela and of etherclust were counted apart
// from this code.
func TestTokenHistoryDeposits(t *testing.T) {
	h, v := tokenHistory(t)
	if len(h.Transfers) != 20913 || len(h.Exchanges) != 243 {
		t.Fatalf("%d transfers, %d wallets", len(h.Transfers), len(h.Exchanges))
	}
	ctx := context.Background()
	taus := []uint32{3200, 10_000}
	if !testing.Short() {
		taus = []uint32{100, 1000, 3200, 10_000, 50_000, 1_000_000}
	}
	alphas := []*uint256.Int{uint256.NewInt(0), uint256.NewInt(1e15), uint256.NewInt(1e16), uint256.NewInt(1e17)}
	for _, wallets := range []struct {
		name string
		of   map[graph.Address]eval.Wallet
	}{{"all", h.Exchanges}, {"without contracts", h.WithoutContracts()}} {
		for _, tau := range taus {
			if wallets.name != "all" && tau != 3200 && tau != 10_000 {
				continue
			}
			var first eval.DepositResult
			for _, alpha := range alphas {
				if tau != 3200 && alpha != alphas[0] {
					continue
				}
				params := cluster.DefaultDepositParams()
				params.Tau, params.Alpha = tau, *alpha
				r, err := h.Deposits(ctx, v, wallets.of, params)
				if err != nil {
					t.Fatal(err)
				}
				if r.ExchangeParty != 0 {
					t.Errorf("%s, %s: %d exchanges are users or deposit addresses", wallets.name, params, r.ExchangeParty)
				}
				if alpha == alphas[0] {
					t.Logf("%s, %s: %d pieces of evidence, %d deposit addresses %v, %d with the plain rule and %d without, %d users, %d shared addresses, %d users merged, largest owner %d, pruned %v",
						wallets.name, params, r.Evidence, r.Deposits, r.By, r.Agreed, r.Only, r.Users, r.Shared, r.Merged, r.Largest, r.Pruned)
					first = r
				}
				// A token is forwarded exactly: what coin may cost says nothing.
				r.Params, first.Params = params, params
				if !reflect.DeepEqual(r, first) {
					t.Errorf("%s, %s: alpha changes what is found of a token: %+v", wallets.name, params, r)
				}
			}
			if wallets.name != "all" {
				continue
			}
			p := first.Plain
			if p.Deposits != 901 || p.By["Hotbit 1"] != 478 || p.By["IDEX_1"] != 308 || p.By["etherdelta_2"] != 137 || p.Several != 22 || p.Shared != 187 {
				t.Errorf("plain rule %+v", p)
			}
			if tau == 3200 && (first.Deposits < 280 || first.Agreed < first.Deposits*9/10) {
				t.Errorf("only %d deposit addresses, %d agreed", first.Deposits, first.Agreed)
			}
			if tau == 10_000 && (first.Deposits < 450 || first.Agreed < first.Deposits*9/10) {
				t.Errorf("only %d deposit addresses, %d agreed", first.Deposits, first.Agreed)
			}
		}
	}
}

func TestTokenHistoryPlacebo(t *testing.T) {
	h, v := tokenHistory(t)
	ctx := context.Background()
	rounds := 3
	if testing.Short() {
		rounds = 1
	}
	for _, wallets := range []struct {
		name string
		of   map[graph.Address]eval.Wallet
		// The placebo must find less, or the rule says nothing.
		less float64
	}{{"all", h.Exchanges, 0.1}, {"without contracts", h.WithoutContracts(), 0.1}} {
		p, err := h.Placebo(ctx, v, wallets.of, cluster.DefaultDepositParams(), 1, rounds)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: real %+v, rate %.3f", wallets.name, p.Real, p.RealRate)
		for _, r := range p.Rounds {
			t.Logf("%s: decoys %+v", wallets.name, r)
		}
		t.Logf("%s: decoys' rate %.3f", wallets.name, p.Rate)
		if p.Rate > wallets.less*p.RealRate {
			t.Errorf("%s: decoys give evidence at a rate of %.3f, real wallets of %.3f", wallets.name, p.Rate, p.RealRate)
		}
		again, err := h.Placebo(ctx, v, wallets.of, cluster.DefaultDepositParams(), 1, 1)
		if err != nil || !reflect.DeepEqual(p.Rounds[:1], again.Rounds) || p.Every != again.Every {
			t.Errorf("the same seed gives another result: %v", err)
		}
		t.Logf("%s: every address of %d payers or more a decoy %+v, rate %.4f", wallets.name, eval.DecoyPayers, p.Every, p.EveryRate)
		if p.Every.Wallets < 100 || p.EveryRate > p.RealRate/10 {
			t.Errorf("%s: %+v, rate %.3f", wallets.name, p.Every, p.EveryRate)
		}
	}
}

// TestIncidentDeposits: of generated incidents every deposit address is found,
// with who paid into it, and nothing else.
func TestIncidentDeposits(t *testing.T) {
	ctx := context.Background()
	store, err := badger.Open(t.TempDir(), badger.Options{Memory: 32 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	ledger, err := store.Ledger(ctx, graph.ChainOf(graph.Ethereum))
	if err != nil {
		t.Fatal(err)
	}
	m, err := eval.MeasureIncidentDeposits(ctx, ledger, synthetic.Script{Seed: 3, Hops: 40, Incidents: 2, Background: 2_000}, cluster.DefaultDepositParams())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", *m)
	if m.Deposits < 120 || m.Found != m.Deposits || m.Mistaken != 0 || m.PayersFound != m.Payers || m.Strangers != 0 {
		t.Errorf("%+v", *m)
	}
}

// TestAirdrops: who pools quickly is found, and what is wrong are sellers to a
// buyer whom nobody labelled; dealt anew, next to nothing is right.
func TestAirdrops(t *testing.T) {
	ctx := context.Background()
	store, err := badger.Open(t.TempDir(), badger.Options{Memory: 32 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	ledger, err := store.Ledger(ctx, graph.ChainOf(graph.Ethereum))
	if err != nil {
		t.Fatal(err)
	}
	m, err := eval.MeasureAirdrops(ctx, ledger, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", *m)
	if m.QuickFound*10 < m.Quick*9 || m.Quick < 100 || m.Right == m.Joined || m.Right <= 10*m.PlaceboRight {
		t.Errorf("%+v", *m)
	}
}
