package report

import (
	"fmt"
	"iter"
	"slices"
	"strconv"

	pretty "github.com/jedib0t/go-pretty/v6/table"

	"spoor/cluster"
	"spoor/cluster/mixer"
	"spoor/graph"
	"spoor/trace"
)

// exit is a candidate exit of a deposit into a mixer, or a deposit without any.
type exit struct {
	*trace.MixedDeposit
	*mixer.Candidate // nil: no rule names a withdrawal
	chain            graph.Chain
	stop             int // number of the end in stops.csv; 0 if it is none
	placebo          mixer.Placebo
}

func (x *exit) deposit() *mixer.Deposit {
	return &x.MixedDeposit.Pool.Deposits[x.MixedDeposit.Deposit]
}

func (x *exit) withdrawal() *mixer.Withdrawal {
	return &x.Candidate.Pool.Withdrawals[x.Withdrawal]
}

// movement is how links of a case name one.
func (x *exit) movement(tx graph.Hash, at graph.Position) string {
	return x.chain.Alias + ":" + tx.Text(x.chain.Family) + ":" + at.Seq.String()
}

// noExit stands for the rule where none names a withdrawal.
const noExit = "none"

// exits is exits.csv: where value that ended in mixers could have come out.
func exits() table {
	type row = *exit
	info := func(r row) *graph.AssetInfo { return &r.MixedDeposit.Pool.Asset }
	named := func(cell func(row) string) func(row) string {
		return func(r row) string {
			if r.Candidate == nil {
				return ""
			}
			return cell(r)
		}
	}
	count := func(of func(row) int) func(row) string {
		return named(func(r row) string { return strconv.Itoa(of(r)) })
	}
	return newTable("exits.csv", exitsOf,
		[]column[row]{
			fact("chain", caip2, "ledger of the pool", func(r row) string { return string(r.chain.ID) }),
			fact("pool", address, "pool that value went into", func(r row) string { return r.MixedDeposit.Pool.Address.String() }),
		},
		assetColumns(info),
		[]column[row]{
			derived("denomination_raw", baseUnits, "the amount of every deposit; empty of pools of any amount", func(r row) string {
				if r.MixedDeposit.Pool.Variable() {
					return ""
				}
				return r.MixedDeposit.Pool.Denomination.Dec()
			}),
			fact("deposit_tx", hexText, "transaction of the deposit", func(r row) string { return r.deposit().Tx.Text(r.chain.Family) }),
			fact("deposit_position", word+":index", "movement into the pool", func(r row) string { return r.deposit().At.Seq.String() }),
			fact("deposit_time", utc, "when it was", func(r row) string { return instant(r.deposit().Time) }),
		},
		amountColumns("deposit", graph.Fact, "what was deposited", info, func(r row) *graph.Amount { return &r.deposit().Amount }),
		[]column[row]{
			derived("depositor", address, "who the transaction left poorer by it; empty if several were", func(r row) string { return r.deposit().Depositor.String() }),
			derived("tainted_raw", baseUnits, "value from the seeds in the movement that the deposit is part of", func(r row) string { return r.Step.Tainted.Dec() }),
			derived("statement", word, "what the row is: attributed (an exit that a rule names, a hypothesis), derived (the depositor took it back, as the pool itself states) or fact (a deposit that no rule names an exit of)", func(r row) string { return string(exitStatement(r)) }),
			attributed("rule", word, "rule that names the withdrawal: "+ruleList(), func(r row) string {
				if r.Candidate == nil {
					return noExit
				}
				return r.Rule
			}),
			attributed("score", level, "what chance leaves of 100, shared among the candidates or the rivals, whichever are more; no probability that was measured on known owners", count(func(r row) int { return r.Score })),
			attributed("others", integer, "withdrawals that the rule names for this deposit besides", count(func(r row) int { return r.Others })),
			attributed("rivals", integer, "other deposits of the same depositor that the withdrawal could be of", count(func(r row) int { return r.Rivals })),
			derived("anonymity_set", integer, "deposits that the withdrawal could belong to if nothing else were known", count(func(r row) int { return r.Anonymity })),
			derived("anonymity_is_lower_bound", boolean, "whether the pool's history was not read from its beginning to the tip", func(r row) string { return strconv.FormatBool(r.LowerBound) }),
			derived("placebo_met", integer, "deposits of these pools for which the rule named a withdrawal from before the deposit, where every one is wrong", count(func(r row) int { return r.placebo.Met })),
			derived("placebo_of", integer, "deposits that were asked about", count(func(r row) int { return r.placebo.Deposits })),
			fact("withdrawal_tx", hexText, "transaction of the withdrawal", named(func(r row) string { return r.withdrawal().Tx.Text(r.chain.Family) })),
			fact("withdrawal_position", word+":index", "movement to the recipient", named(func(r row) string { return r.withdrawal().At.Seq.String() })),
			fact("withdrawal_time", utc, "when it was", named(func(r row) string { return instant(r.withdrawal().Time) })),
			fact("withdrawal_raw", baseUnits, "what left the pool, with the fee", named(func(r row) string { return r.withdrawal().Amount.Dec() })),
			fact("recipient", address, "who was paid, behind an adapter that only unwraps coins", named(func(r row) string { return r.withdrawal().Recipient.String() })),
			fact("relayer", address, "who was paid for sending it; empty if nobody was", named(func(r row) string { return r.withdrawal().Relayer.String() })),
			fact("fee_raw", baseUnits, "what the relayer was paid", named(func(r row) string { return r.withdrawal().Fee.Dec() })),
			attributed("why", text, "what was seen", func(r row) string {
				if r.Candidate == nil {
					return "no rule names a withdrawal"
				}
				return prose(r.Why)
			}),
			fact("from", "CHAIN:TXHASH:SEQ", "the deposit, as a link of a case names it (spoor case link)", func(r row) string { return r.movement(r.deposit().Tx, r.deposit().At) }),
			fact("to", "CHAIN:TXHASH:SEQ", "the withdrawal, in the same way", named(func(r row) string { return r.movement(r.withdrawal().Tx, r.withdrawal().At) })),
			derived("placebo_permille", integer, "how often the rule is met by chance in these pools, in parts of a thousand, rounded up: (placebo_met+1)/(placebo_of+1), as few draws that were not met do not say never", func(r row) string {
				if r.Candidate == nil || !r.Chance() {
					return ""
				}
				return strconv.Itoa(r.placebo.Rate())
			}),
			attributed("confidence", level, "how sure the rule is: the level of a heuristic (10) whatever the score, or 100 of what the pool states", count(func(r row) int { return r.Confidence() })),
			derived("stop", integer, "number in stops.csv of the end that the deposit is part of", func(r row) string {
				if r.stop == 0 {
					return ""
				}
				return strconv.Itoa(r.stop)
			}),
			rateColumn(named(func(r row) string { return r.Rule })),
		})
}

func exitStatement(x *exit) graph.Statement {
	switch {
	case x.Candidate == nil:
		return graph.Fact
	case x.Chance():
		return graph.Attributed
	}
	return graph.Derived
}

func ruleList() string {
	text := ""
	for i, rule := range mixer.Rules() {
		if i > 0 {
			text += ", "
		}
		text += rule
	}
	return text + "; " + noExit + " if none does"
}

func exitsOf(t *trace.Trace) iter.Seq[*exit] {
	return func(yield func(*exit) bool) {
		if t.Exits == nil {
			return
		}
		for i := range t.Exits.Deposits {
			d := &t.Exits.Deposits[i]
			x := exit{MixedDeposit: d, chain: graph.ChainOf(d.Step.Chain)}
			x.stop = 1 + slices.IndexFunc(t.Stops, func(s trace.Stop) bool {
				return s.Reason == trace.StopMixer && s.Address == d.Pool.Address && s.Asset.Asset == d.Pool.Asset.Asset
			})
			if len(d.Candidates) == 0 && !yield(&x) {
				return
			}
			for j := range d.Candidates {
				x.Candidate = &d.Candidates[j]
				x.placebo, _ = t.Exits.Placebo(x.chain.ID, x.Rule)
				if !yield(&x) {
					return
				}
			}
		}
	}
}

// candidates counts the exits of a trace that are listed, and all of them.
func candidates(x *trace.Exits) (listed, all int) {
	for i := range x.Deposits {
		listed += len(x.Deposits[i].Candidates)
		all += len(x.Deposits[i].Candidates) + x.Deposits[i].Unlisted
	}
	return listed, all
}

// exits tells what could have come out of mixers: by rule, with what chance does.
func (s *summary) exits() {
	x := s.t.Exits
	if x == nil || len(x.Deposits)+len(x.Notes) == 0 {
		return
	}
	s.title("Could have come out of mixers (hypotheses; none was followed by itself)")
	type line struct {
		chain      graph.ChainID
		rule       string
		candidates int
		deposits   int
		best       int
	}
	var lines []*line
	for i := range x.Deposits {
		d := &x.Deposits[i]
		met := make(map[*line]bool)
		for j := range d.Candidates {
			c := &d.Candidates[j]
			at := slices.IndexFunc(lines, func(l *line) bool { return l.chain == d.Step.Chain && l.rule == c.Rule })
			if at < 0 {
				at = len(lines)
				lines = append(lines, &line{chain: d.Step.Chain, rule: c.Rule})
			}
			l := lines[at]
			l.candidates++
			l.best = max(l.best, c.Score)
			if !met[l] {
				met[l] = true
				l.deposits++
			}
		}
	}
	var rows []pretty.Row
	for _, l := range lines {
		chance := cluster.ErrorRate(l.rule)
		if p, measured := x.Placebo(l.chain, l.rule); measured {
			chance = fmt.Sprintf("met by chance at %d of %d deposits of these pools; %s", p.Met, p.Deposits, chance)
		}
		rows = append(rows, pretty.Row{l.candidates, graph.ChainOf(l.chain).Alias, l.rule, fmt.Sprintf("%d of %d", l.deposits, len(x.Deposits)), l.best, chance})
	}
	if len(rows) > 0 {
		s.grid(pretty.Row{"withdrawals", "chain", "rule", "deposits", "best score", "how often the rule is wrong"}, rows, 1, 4, 5)
	}
	listed, all := candidates(x)
	s.printf("  %s of stolen value looked at, %s, %d of them in exits.csv\n", count(len(x.Deposits), "deposit"), count(all, "candidate exit"), listed)
	for _, note := range x.Notes {
		s.printf("  - %s\n", prose(note))
	}
}
