package eval_test

import (
	"testing"

	"spoor/cluster/eval"
	"spoor/graph/graphtest"
)

// TestNomadBridge holds what is promised of linking, on all passages of a
// bridge and through its theft.
func TestNomadBridge(t *testing.T) {
	n, err := eval.NomadBridge(graphtest.Data(t, "nomad-bridge"))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("by key: %d of %d right, %d wrong, %d beyond (%d burnt); anomalies %d %v; exploit %d of %d",
		n.Right, n.Pairs, n.Wrong, n.Beyond, n.Burnt, n.Flagged, n.FlaggedOn, n.ExploitFlagged, n.Exploit)
	for name, h := range map[string]eval.Hidden{"deposits": n.Deposits, "withdrawals": n.Withdrawals} {
		byRecipient, byTime := h.Placebo.Rates()
		t.Logf("%s without keys: %d pairs, right %d (%.2f %%), wrong %d (%.2f %%), missed %d; strong %d, %d wrong; placebo %.2f %% and %.2f %%",
			name, h.Pairs, h.Right, 100*h.Share(h.Right), h.Wrong, 100*h.Share(h.Wrong), h.Missed, h.Strong, h.StrongX, 100*byRecipient, 100*byTime)
	}
	if n.Pairs != 15736 || n.Right != n.Pairs || n.Wrong != 0 {
		t.Errorf("by key %d of %d right and %d wrong; want all 15736 and none", n.Right, n.Pairs, n.Wrong)
	}
	// The truth lists what was locked. 154 times WGLMR, a token of Moonbeam, went
	// home by being burnt, and one lock is not listed; of each the number is on one
	// departure and one arrival alone, which agree in recipient, token and amount.
	if n.Beyond != 155 || n.Burnt != 154 || n.Sole != n.Beyond {
		t.Errorf("%d links beyond the truth, %d of them burnt, %d beyond doubt; want 155, 154 and 155", n.Beyond, n.Burnt, n.Sole)
	}
	if n.Exploit != 382 || n.ExploitFlagged != n.Exploit {
		t.Errorf("%d of %d releases of the theft flagged; want all 382", n.ExploitFlagged, n.Exploit)
	}
	// 5 releases have no burn that was read either (387 in the folder's list),
	// 7 mints no deposit, and one mint pays another than its deposit says.
	if n.Flagged != 382+5+7+1 {
		t.Errorf("%d anomalies in all, want 395", n.Flagged)
	}
	d := n.Deposits
	if d.Pairs != 11254 || d.Share(d.Right) < 0.99 || d.Share(d.Wrong) > 0.005 {
		t.Errorf("of %d deposits %d right and %d wrong; want 99 %% and at most 0.5 %%", d.Pairs, d.Right, d.Wrong)
	}
	if byRecipient, _ := d.Placebo.Rates(); byRecipient > 0.02 {
		t.Errorf("decoys with other recipients are linked to %.2f %% of the deposits", 100*byRecipient)
	}
}
