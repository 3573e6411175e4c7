package report

import (
	"slices"

	pretty "github.com/jedib0t/go-pretty/v6/table"

	"spoor/cluster"
	"spoor/cluster/mixer"
	"spoor/cluster/passage"
	"spoor/trace"
)

// rateColumn is how often the rule of chance that decided a row was measured to
// be wrong; empty where a fact, a computation or somebody's word did.
func rateColumn[R any](rule func(R) string) column[R] {
	return derived("error_rate", text, "how often the rule that decided the row was measured to be wrong, on which data, and what chance would have done (docs/accuracy.md); empty where no heuristic decided it: it follows from the ledger, or a label or the case says so",
		func(r R) string {
			name := rule(r)
			if name == "" {
				return ""
			}
			return cluster.ErrorRate(name)
		})
}

// keyed is the rule of a passage that was followed by its key, or taken back out
// of a mixer; "" of others:
// no arrival, or what the case says.
func keyed(p *trace.Passage) string {
	if p.Rule == passage.RuleKey || p.Rule == mixer.TakenBack {
		return p.Rule
	}
	return ""
}

// heuristics are the rules of chance that a trace rests on anywhere, by name,
// in order.
func heuristics(t *trace.Trace) []string {
	var names []string
	for i := range t.Stops {
		names = append(names, t.Stops[i].Heuristic)
	}
	for i := range t.Members {
		names = append(names, t.Members[i].Rule)
	}
	for i := range t.Passages {
		names = append(names, keyed(&t.Passages[i]))
	}
	for x := range exitsOf(t) {
		if x.Candidate != nil {
			names = append(names, x.Rule)
		}
	}
	for _, c := range t.PeelChains() {
		names = append(names, c.Rule)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// rates tells how often the rules were measured to be wrong that the sections
// above name.
func (s *summary) rates() {
	var rows []pretty.Row
	for _, name := range heuristics(s.t) {
		rows = append(rows, pretty.Row{name, cluster.ErrorRate(name)})
	}
	if len(rows) > 0 {
		s.title("How often these rules are wrong (measured, docs/accuracy.md)")
		s.grid(pretty.Row{"rule", "rate"}, rows)
	}
}
