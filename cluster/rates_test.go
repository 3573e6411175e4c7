package cluster_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spoor/cluster"
)

// TestErrorRatesAreThePage holds what is printed with rules against what make
// eval measured and docs/accuracy.md tells.
func TestErrorRatesAreThePage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "accuracy.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "\n## Rates that are printed with the rules\n")
	if !found {
		t.Fatal("the page has no table of rates")
	}
	rows := 0
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		rows++
		cells := strings.Split(strings.TrimSpace(line), " | ")
		rule, rate := strings.Trim(cells[0], "| `"), strings.TrimSuffix(strings.Join(cells[1:], " | "), " |")
		if printed := cluster.ErrorRate(rule); printed != rate {
			t.Errorf("%s: the page says %q, the program %q", rule, rate, printed)
		}
	}
	if rows < 15 {
		t.Errorf("only %d rates on the page", rows)
	}
	for _, info := range cluster.Rules() {
		if !cluster.Rated(info.Name) {
			t.Errorf("%s has no rate", info.Name)
		}
	}
	for _, rule := range []string{cluster.SameKey, cluster.ServiceRule, cluster.PoisonRule} {
		if !cluster.Rated(rule) {
			t.Errorf("%s has no rate", rule)
		}
	}
	for p := cluster.Wasabi10; p <= cluster.Stonewall; p++ {
		if f := (cluster.Finding{Protocol: p}); f.Mixes() && !cluster.Rated(p.String()) {
			t.Errorf("%s has no rate", p)
		}
	}
	if rate := cluster.ErrorRate("no rule"); rate != "not measured" || cluster.Rated("no rule") {
		t.Errorf("no rule has a rate: %q", rate)
	}
}
