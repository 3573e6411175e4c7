package cluster_test

import (
	"fmt"
	"slices"
	"testing"

	"spoor/cluster"
	"spoor/graph"
)

func TestPoisoned(t *testing.T) {
	const (
		genuine = "0xabc4567890123456789012345678901234561234"
		alike   = "0xabc9999999999999999999999999999999991234"
		short   = "0xabc9999999999999999999999999999999999234" // three digits at the end
	)
	for _, test := range []struct {
		name  string
		lines string
		want  []string // BLOCK KIND
	}{
		{"payments are none", `
			10 V>` + genuine + ` 1000 T
			11 B>V 1
			12 ` + genuine + `>V 1 T`, nil},
		{"nothing, in the name of the victim", `
			10 V>` + genuine + ` 1000 T
			11 V>` + alike + ` 0 T by=P`, []string{"11 zero_value imitates"}},
		{"nothing, imitating nobody", `
			11 V>B 0 T by=P`, []string{"11 zero_value"}},
		{"dust from a look-alike", `
			10 V>` + genuine + ` 1000 T
			11 ` + alike + `>V 10 T`, []string{"11 dust imitates"}},
		{"not dust", `
			10 V>` + genuine + ` 1000 T
			11 ` + alike + `>V 11 T`, nil},
		{"dust of coin", `
			10 V>` + genuine + ` 1000
			11 ` + alike + `>V 1`, []string{"11 dust imitates"}},
		{"dust from anybody is dust only in the eye", `
			10 V>` + genuine + ` 1000 T
			11 B>V 1 T`, nil},
		{"one digit less alike", `
			10 V>` + genuine + ` 1000 T
			11 ` + short + `>V 1 T`, nil},
		{"a counterfeit token in the name of the victim", `
			10 V>` + genuine + ` 1000 T
			11 V>` + alike + ` 1000 FAKE by=P`, []string{"11 counterfeit imitates"}},
		{"another token of another symbol", `
			10 V>` + genuine + ` 1000 T
			11 V>` + alike + ` 1000 S by=P`, nil},
		{"on the seventh day", `
			0 V>` + genuine + ` 1000 T
			50400 ` + alike + `>V 1 T`, []string{"50400 dust imitates"}},
		{"after the seventh day", `
			0 V>` + genuine + ` 1000 T
			50401 ` + alike + `>V 1 T`, nil},
		{"before the genuine one", `
			9 ` + alike + `>V 1 T
			10 V>` + genuine + ` 1000 T`, nil},
		{"the victim falls for it: that is a payment", `
			10 V>` + genuine + ` 1000 T
			11 ` + alike + `>V 10 T
			12 V>` + alike + ` 900 T`, []string{"11 dust imitates"}},
		{"poison is not imitated again", `
			10 V>` + genuine + ` 1000 T
			11 ` + alike + `>V 10 T
			12 V>` + genuine + ` 5 T`, []string{"11 dust imitates"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, test.lines)
			if err := w.ledger.Describe(w.ctx, graph.AssetInfo{Asset: w.token("T"), Symbol: "USDT"}, graph.AssetInfo{Asset: w.token("FAKE"), Symbol: "usdt"},
				graph.AssetInfo{Asset: w.token("S"), Symbol: "DAI"}); err != nil {
				t.Fatal(err)
			}
			w.look()
			found, err := cluster.Poisoned(w.ctx, w, w.id("V"), graph.MaxPosition, cluster.DefaultPoisonParams())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range found {
				line := fmt.Sprintf("%d %s", p.At.Block, p.Kind)
				if p.Imitates != 0 {
					line += " imitates"
					if p.Imitates != w.id(genuine) || p.Genuine.Compare(p.At) >= 0 {
						t.Errorf("got %+v", p)
					}
				}
				got = append(got, line)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	if n := cluster.DefaultPoisonParams().Chance(); n != 1<<28 {
		t.Errorf("one of %d by chance", n)
	}
}
