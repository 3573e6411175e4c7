package eval_test

import (
	"context"
	"math/big"
	"testing"

	"spoor/ingest/synthetic"
	"spoor/trace/eval"
)

// rounded reports whether two values differ by more than what swaps round away:
// less than a base unit of the dollar each.
func rounded(a, b *big.Int) bool {
	d := new(big.Int).Sub(a, b)
	return d.CmpAbs(big.NewInt(20*synthetic.WeiPerUnit)) > 0
}

// TestOutcomes holds that fifo keeps the books of every typology to the base
// unit, that a method which conserves puts elsewhere exactly what it misses, and
// that methods differ at all where clean money is mixed in.
func TestOutcomes(t *testing.T) {
	list, err := eval.Outcomes(context.Background(), opener(t), synthetic.Script{Seed: 1, Background: 2_000})
	if err != nil {
		t.Fatal(err)
	}
	if want := (len(synthetic.Typologies()) + 2) * len(eval.OutcomeMethods()); len(list) != want {
		t.Fatalf("%d outcomes, want %d", len(list), want)
	}
	differs := map[string]bool{}
	for _, o := range list {
		share := func(n *big.Int) float64 {
			f, _ := new(big.Rat).SetFrac(n, o.Seeded).Float64()
			return 100 * f
		}
		t.Logf("%-20s %-8s %d of %d ends exact, missed %.4f %%, beyond %.4f %%", o.Typology, o.Method, o.Exact, o.Ends, share(o.Missed), share(o.Beyond))
		switch {
		case o.Method == "fifo" && (o.Exact != o.Ends || o.Missed.Sign() != 0 || o.Beyond.Sign() != 0):
			t.Errorf("%s: fifo is wrong: %+v", o.Typology, o)
		case o.Method != "poison" && o.Typology != "bridge hops" && rounded(o.Missed, o.Beyond): // what a bridge charges depends on what crosses
			t.Errorf("%s: %s loses value: missed %s, beyond %s", o.Typology, o.Method, o.Missed, o.Beyond)
		case o.Missed.Sign() > 0:
			differs[o.Method] = true
		}
	}
	for _, method := range []string{"lifo", "haircut", "tiho"} {
		if !differs[method] {
			t.Errorf("%s is right everywhere: the incidents mix nothing", method)
		}
	}
}
