package eval_test

import (
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spoor/cluster/eval"
	"spoor/graph/graphtest"
)

// TestCoinJoins holds the floors. The labels of other_coinjoin are a rule of
// shape; see docs/accuracy for what they are.
func TestCoinJoins(t *testing.T) {
	dir := filepath.Dir(graphtest.Data(t, "btc-coinjoins", "other_coinjoin.jsonl.gz"))
	c, err := eval.MeasureCoinJoins(dir)
	if err != nil {
		t.Fatal(err)
	}
	floor := map[string]float64{"wasabi1_coinjoin": 99, "wasabi2_coinjoin": 99, "whirlpool_coinjoin": 99, "whirlpool_tx0": 98, "other_coinjoin": 90}
	for _, s := range c.Rounds {
		t.Logf("%-20s %d rows: found %d (%.2f %%), of all %.2f %%; withdrawn by the source %d, contradicted %d (%d by lineage)",
			s.Set, s.Rows, s.Found, s.Recall(), s.RawRecall(), s.Withdrawn, s.Contradicted, s.Lineage)
		logCounts(t, "as", s.As)
		logCounts(t, "missed", s.Misses)
		logCounts(t, "shape", s.ByShape)
		if s.Recall() < floor[s.Set] || s.Rows == 0 {
			t.Errorf("%s: recall %.2f %%, want %g %%", s.Set, s.Recall(), floor[s.Set])
		}
	}
	rows, wrong, shape, decoys, fit := 0, 0, 0, 0, 0
	for _, s := range c.Others {
		t.Logf("%-26s %d rows: wrong %d, shape %d (%.2f %%, of all %.2f %%); contradicted %d (%d by lineage, %d by arithmetic with %d of %d decoys)",
			s.Set, s.Rows, s.Wrong, s.Shape, s.FalsePositives(), s.RawFalsePositives(), s.Contradicted, s.Lineage, s.Arithmetic, s.DecoysFit, s.Decoys)
		logCounts(t, "as", s.As)
		logCounts(t, "wrong", s.Misses)
		rows, wrong, shape = rows+s.Rows-s.Contradicted, wrong+s.Wrong, shape+s.Shape
		decoys, fit = decoys+s.Decoys, fit+s.DecoysFit
	}
	t.Logf("false positives: %d wrong and %d shapes of %d", wrong, shape, rows)
	if 100*(wrong+shape) > rows || rows == 0 {
		t.Errorf("%d of %d taken for a CoinJoin or its shape, want at most 1 %%", wrong+shape, rows)
	}
	if fit*20 > decoys {
		t.Errorf("changes fit %d of %d decoy values: the arithmetic proves nothing", fit, decoys)
	}
	t.Logf("common input on rounds: %+v", c.Merges)
	if c.Merges.LinksVeto*100 > c.Merges.LinksBare {
		t.Errorf("rounds still merge %d of %d", c.Merges.LinksVeto, c.Merges.LinksBare)
	}
}

func logCounts(t *testing.T, what string, counts []eval.Count) {
	t.Helper()
	for _, c := range counts {
		t.Logf("    %s %5d  %s  (%.16s)", what, c.N, c.What, c.Example)
	}
}

// TestUnreadableSets: what cannot be read is named by file and row, and nothing
// is measured without it.
func TestUnreadableSets(t *testing.T) {
	const row = `{"txid":"f250e997dc1a2d68861e03689d1709973e1964a62f929ba5727fe8607dafb676","time":1,"index":1,"inputs":[["%s",0,7,"6a","x"]],"outputs":[[6,"6a","x"]]}` + "\n"
	hash := strings.Repeat("0", 64)
	for name, c := range map[string]struct{ rows, want string }{
		"no file":          {"", "wasabi1_postmix.jsonl.gz"},
		"no hash":          {fmt.Sprintf(row, hash) + fmt.Sprintf(row, "00"), "jmfixture_other_coinjoin.jsonl.gz:2:"},
		"no script":        {strings.Replace(fmt.Sprintf(row, hash), `"6a"`, `"6"`, 1), ":1:"},
		"negative amount":  {strings.Replace(fmt.Sprintf(row, hash), ",7,", ",-7,", 1), ":1:"},
		"a field too few":  {strings.Replace(fmt.Sprintf(row, hash), `,"x"]]}`, `]]}`, 1), "2 fields, want 3"},
		"a field too many": {strings.Replace(fmt.Sprintf(row, hash), `"x"]]}`, `"x",1]]}`, 1), "4 fields, want 3"},
		"no JSON":          {"{", ":1:"},
	} {
		dir := t.TempDir()
		for _, set := range []string{"jmfixture_other_coinjoin", "jmfixture_other_postmix"} {
			f, err := os.Create(filepath.Join(dir, set+".jsonl.gz"))
			if err != nil {
				t.Fatal(err)
			}
			z := gzip.NewWriter(f)
			_, err = z.Write([]byte(c.rows))
			if err := errors.Join(err, z.Close(), f.Close()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := eval.MeasureCoinJoins(dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want an error with %q", name, err, c.want)
		}
	}
}
