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
	for _, rule := range []string{"cospend", "change_agreed", "deposit_reuse"} {
		if cluster.ErrorRate(rule) == "" {
			t.Errorf("%s has no rate", rule)
		}
	}
	if rate := cluster.ErrorRate("no rule"); rate != "" {
		t.Errorf("no rule has a rate: %q", rate)
	}
}
