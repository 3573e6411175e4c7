package eval_test

import (
	"context"
	"testing"

	"spoor/cluster/eval"
	"spoor/cluster/mixer"
	"spoor/graph"
	"spoor/graph/badger"
)

// TestMixers holds that every sign that was left is found, that the sure rule is
// never wrong, and that what chance meets is measured where it can happen.
func TestMixers(t *testing.T) {
	store, err := badger.Open(t.TempDir(), badger.Options{Memory: 32 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	ledger, err := store.Ledger(context.Background(), graph.ChainOf(graph.Ethereum))
	if err != nil {
		t.Fatal(err)
	}
	m, err := eval.MeasureMixers(context.Background(), ledger, 700, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d users, %d deposits, %d withdrawals", m.Users, m.Deposits, m.Withdrawals)
	for _, r := range m.Rules {
		t.Logf("%-20s signs %d found %d; named %d, wrong %d; %d candidates, %d right; %s", r.Rule, r.Signs, r.Found, r.Named, r.Wrong, r.Proposed, r.Right, r.Placebo)
		if r.Signs < 50 || r.Found*10 < r.Signs*9 {
			t.Errorf("%s: %d of %d found", r.Rule, r.Found, r.Signs)
		}
		sure := r.Rule == mixer.AddressMatch || r.Rule == mixer.SharedOwner
		if sure != (r.Right == r.Proposed) {
			t.Errorf("%s: %d of %d candidates right; the village has friends and equal counts, and nobody at another's address", r.Rule, r.Right, r.Proposed)
		}
		if met := r.Placebo.Met > 0; met != (r.Rule != mixer.SharedOwner) {
			t.Errorf("%s: regulars withdraw before they deposit, friends and others with equal counts may have", r.Placebo)
		}
	}
}
