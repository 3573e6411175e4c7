package cluster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"spoor/cluster"
	"spoor/graph"
)

func TestAirdrop(t *testing.T) {
	give := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%d D>R%d 50 T\n", 10+i, i)
		}
		return b.String()
	}
	params := cluster.AirdropParams{Recipients: 4, Pooled: 2, Gap: 2, Busy: 20}
	names := []string{"R0", "R1", "R2", "R3", "P", "Q", "D"}
	for _, test := range []struct {
		name   string
		lines  string
		shared string
		want   []string // POOL RECIPIENTS GAP
	}{
		{"two who pool at once", give(4) + "30 R0>P 50 T\n31 R2>P 50 T", "", []string{"P R0,R2 1"}},
		{"three, one of them late: the median tells", give(4) + "30 R0>P 50 T\n31 R2>P 50 T\n33 R3>P 50 T", "", []string{"P R0,R2,R3 2"}},
		{"too slow", give(4) + "30 R0>P 50 T\n33 R2>P 50 T", "", nil},
		{"one alone", give(4) + "30 R0>P 50 T", "", nil},
		{"too few got it", give(3) + "30 R0>P 50 T\n31 R2>P 50 T", "", nil},
		{"too few had got it by then", give(3) + "13 R0>P 50 T\n13 R2>P 50 T\n14 D>R3 50 T", "", nil},
		{"not all of it", give(4) + "30 R0>P 49 T\n31 R2>P 50 T", "", nil},
		{"bought some more", give(4) + "20 X>R0 5 T\n30 R0>P 55 T\n31 R2>P 50 T", "", nil},
		{"to two pools", give(4) + "30 R0>P 50 T\n30 R1>Q 50 T", "", nil},
		{"back to who gave it", give(4) + "30 R0>D 50 T\n31 R2>D 50 T", "", nil},
		{"they sell to an exchange", give(4) + "30 R0>P 50 T\n31 R2>P 50 T", "P", nil},
		{"an exchange pays out", give(4) + "30 R0>P 50 T\n31 R2>P 50 T", "D", nil},
		{"they sell to a contract", "1 create X>P\n" + give(4) + "30 R0>P 50 T\n31 R2>P 50 T", "", nil},
		{"another pays the fee", give(4) + "30 R0>P 50 T by=X\n31 R2>P 50 T by=X", "", []string{"P R0,R2 1"}},
		{"poison is no airdrop", strings.ReplaceAll(give(4), " 50 ", " 0 ") + "30 R0>P 0 T by=X\n31 R2>P 0 T by=X", "", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, test.lines)
			f, err := cluster.NewAirdropFinder(w, params)
			if err != nil {
				t.Fatal(err)
			}
			var evidence []cluster.Evidence
			for tx, err := range w.Txs(w.ctx, 0) {
				if err == nil {
					evidence, err = f.Find(w.ctx, &tx, evidence)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			shared := func(id graph.ID) bool { return test.shared != "" && id == w.id(test.shared) }
			pools, kept := cluster.AirdropsOf(evidence, params, shared)
			var got []string
			n := 0
			for _, p := range pools {
				var who []string
				for _, r := range p.Recipients {
					who = append(who, w.name(r, names))
				}
				slices.Sort(who)
				got = append(got, fmt.Sprintf("%s %s %d", w.name(p.Pool, names), strings.Join(who, ","), p.Gap))
				n += len(p.Recipients)
			}
			if !slices.Equal(got, test.want) || len(kept) != n {
				t.Errorf("got %q resting on %d, want %q", got, len(kept), test.want)
			}
		})
	}
	if _, err := cluster.NewAirdropFinder(nil, cluster.AirdropParams{}); err == nil {
		t.Error("no parameters were accepted")
	}
}
