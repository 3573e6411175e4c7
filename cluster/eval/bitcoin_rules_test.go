package eval_test

import (
	"path/filepath"
	"reflect"
	"testing"

	"spoor/cluster"
	"spoor/cluster/eval"
	"spoor/graph/graphtest"
)

func TestEmulated(t *testing.T) {
	wallets, funded, err := eval.MeasureEmulated(filepath.Dir(graphtest.Data(t, "btc-emulated-wasabi2", "blocks.jsonl.gz")))
	if err != nil {
		t.Fatal(err)
	}
	logOwners(t, wallets)
	logOwners(t, funded)
	if wallets.Rounds != 6 || wallets.Missed != 0 || wallets.Mistaken != 0 {
		t.Errorf("%d rounds, %d missed, %d mistaken; want 6, 0, 0", wallets.Rounds, wallets.Missed, wallets.Mistaken)
	}
	for _, o := range []*eval.Owners{wallets, funded} {
		bare, veto := o.Sets[0], o.Sets[1]
		if veto.Precision() < 99.9 {
			t.Errorf("%s: common input is right in %.3f %% of pairs, want 99.9", o.Ledger, veto.Precision())
		}
		if bare.Precision() > 50 {
			t.Errorf("%s: without the veto %.1f %% of pairs are right; it should collapse", o.Ledger, bare.Precision())
		}
		for _, s := range o.Sets[3:] {
			if s.Precision() < 99 || s.Recall() < veto.Recall() {
				t.Errorf("%s, %s: precision %.3f %%, recall %.3f %% after %.3f %%", o.Ledger, s.Name, s.Precision(), s.Recall(), veto.Recall())
			}
		}
	}
	if change, veto := funded.Sets[4], funded.Sets[1]; change.Recall() <= veto.Recall() {
		t.Errorf("change rules find %.3f %% of pairs and common input %.3f %%; want more", change.Recall(), veto.Recall())
	}
}

func logOwners(t *testing.T, o *eval.Owners) {
	t.Helper()
	t.Logf("%s: %d transactions, %d rounds, %d missed, %d mistaken; %d addresses, %d pairs", o.Ledger, o.Txs, o.Rounds, o.Missed, o.Mistaken, o.Addresses, o.Pairs)
	t.Logf("  payout batches: %+v", o.Payouts)
	for _, s := range o.Sets {
		t.Logf("  %-24s precision %.4f recall %.4f joined %d largest %d of %d", s.Name, s.Precision(), s.Recall(), s.Joined, s.Largest, s.All)
	}
	for _, r := range o.Rules {
		t.Logf("  rule %2d: %5d claims, %.2f %% right, unknown %d; placebo %d claims, %.2f %% right", r.Rule, r.Claims, r.Precision(), r.Unknown, r.Placebo, r.Chance())
	}
}

// TestTown holds what must be true of any ledger of honest habits: the veto
// misses no round and takes nothing else for one; what a rule claims is right far
// more often than its placebo; agreeing signs are right nearly always, single
// ones are not, and all of them together collapse.
func TestTown(t *testing.T) {
	for seed := range uint64(2) {
		o, err := eval.MeasureTown(4000, seed+1)
		if err != nil {
			t.Fatal(err)
		}
		logOwners(t, o)
		if o.Rounds < 100 || o.Missed > 0 || o.Mistaken > 0 {
			t.Errorf("%d rounds, %d missed, %d mistaken; want none", o.Rounds, o.Missed, o.Mistaken)
		}
		if b := o.Payouts; b.Batches < 20 || b.Found*10 < b.Batches*5 || b.Mistaken > 0 {
			t.Errorf("%s: payout batches %+v", o.Ledger, b)
		}
		for _, r := range o.Rules {
			least := map[cluster.Rule]float64{cluster.CoSpend: 90, cluster.ChangeDirect: 100, cluster.ChangeAgreed: 99}[r.Rule]
			if r.Rule != cluster.ChangeDirect && r.Claims < 50 || r.Precision() < max(least, 75) {
				t.Errorf("%s: rule %d: %d claims, %.2f %% right", o.Ledger, r.Rule, r.Claims, r.Precision())
			}
			if r.Rule != cluster.ChangeDirect && (r.Placebo < 50 || r.Chance() > 60) {
				t.Errorf("%s: rule %d: placebo %d claims, %.2f %% right; its chance should be a coin's", o.Ledger, r.Rule, r.Placebo, r.Chance())
			}
		}
		by := map[string]eval.RuleSetScore{}
		for _, s := range o.Sets {
			by[s.Name] = s
		}
		bare, veto, agreed, any := by["common input, no veto"], by["common input"], by["and agreed change"], by["and any change rule"]
		if bare.Precision() > veto.Precision()-10 || veto.Precision() < 99.5 || agreed.Precision() < 99 || agreed.Recall() <= veto.Recall() || any.Precision() > agreed.Precision()-10 {
			t.Errorf("%s: precision %.2f, %.2f, %.2f, %.2f %%", o.Ledger, bare.Precision(), veto.Precision(), agreed.Precision(), any.Precision())
		}
	}
}

// TestTownIsFixed: the same seed measures the same.
func TestTownIsFixed(t *testing.T) {
	a, err := eval.MeasureTown(700, 7)
	if err != nil {
		t.Fatal(err)
	}
	b, err := eval.MeasureTown(700, 7)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a, b) {
		t.Error("two runs of one seed differ")
	}
}
