package report

import (
	"iter"
	"strconv"
	"strings"

	pretty "github.com/jedib0t/go-pretty/v6/table"

	"spoor/graph"
	"spoor/trace"
)

// peeled is a peel chain with the movements of its trace.
type peeled struct {
	*trace.PeelChain
	steps []trace.Step
}

func (p *peeled) first() *trace.Step { return &p.steps[p.Hops[0].On] }
func (p *peeled) last() *trace.Step  { return &p.steps[p.Hops[len(p.Hops)-1].On] }

// peels is peels.csv: chains in which value is passed on and on, each time less
// a part that is paid away.
func peels() table {
	type row = numbered[peeled]
	info := func(r row) *graph.AssetInfo { return &r.v.Asset }
	hash := func(s *trace.Step) string { return s.Tx.Text(graph.ChainOf(s.Chain).Family) }
	movements := func(of func(trace.PeelHop) int) func(row) string {
		return func(r row) string {
			numbers := make([]string, len(r.v.Hops))
			for i, h := range r.v.Hops {
				numbers[i] = strconv.Itoa(of(h) + 1)
			}
			return strings.Join(numbers, " ")
		}
	}
	const numbers = "numbers in trace.csv, separated by blanks"
	return newTable("peels.csv", peelChains,
		[]column[row]{
			numberColumn[peeled]("number of the peel chain, by which a report cites it; the longest first"),
			attributed("rule", word, "what a chain is taken for one by: peel_outputs (transactions of one input and two outputs, the larger spent by the next) or peel_accounts (fresh addresses that pay twice within a day); three hops or more, and less than a half paid away at each", func(r row) string { return claim(r.v.Rule) }),
			attributed("confidence", level, "how sure it is that all hops have one owner: 0.895 for each, the part of change outputs that is told right by one sign", func(r row) string { return strconv.Itoa(r.v.Confidence) }),
			fact("chain", caip2, "ledger of the chain", func(r row) string { return string(r.v.Asset.Asset.Chain) }),
			attributed("hops", integer, "number of payments", func(r row) string { return strconv.Itoa(len(r.v.Hops)) }),
			attributed("start", address, "whose value is peeled first", func(r row) string { return r.v.Start.String() }),
			attributed("head", address, "where what is left came to lie", func(r row) string { return r.v.Head.String() }),
		},
		assetColumns(info),
		amountColumns("peeled", graph.Derived, "what was paid away on the way, clean value included", info, func(r row) *graph.Amount { return &r.v.Peeled }),
		amountColumns("tainted", graph.Derived, "of that, value from the seeds", info, func(r row) *graph.Amount { return &r.v.Tainted }),
		amountColumns("left", graph.Derived, "what the last hop passed on to the head", info, func(r row) *graph.Amount { return &r.v.Left }),
		[]column[row]{
			fact("first_tx", hexText, "transaction of the first hop", func(r row) string { return hash(r.v.first()) }),
			fact("first_time", utc, "when it was", func(r row) string { return instant(r.v.first().Time) }),
			fact("last_tx", hexText, "transaction of the last hop", func(r row) string { return hash(r.v.last()) }),
			fact("last_time", utc, "when it was", func(r row) string { return instant(r.v.last().Time) }),
			attributed("passed_on", numbers, "movements that go on, one for each hop", movements(func(h trace.PeelHop) int { return h.On })),
			attributed("paid", numbers, "movements that are peeled off, one for each hop", movements(func(h trace.PeelHop) int { return h.Paid })),
			rateColumn(func(r row) string { return r.v.Rule }),
		})
}

func peelChains(t *trace.Trace) iter.Seq[numbered[peeled]] {
	chains := t.PeelChains()
	list := make([]peeled, len(chains))
	for i := range chains {
		list[i] = peeled{&chains[i], t.Steps}
	}
	return number(list)
}

// peels folds each peel chain into a line.
func (s *summary) peels() {
	chains := s.t.PeelChains()
	if len(chains) == 0 {
		return
	}
	s.title("Peel chains (by their shape; a wallet that pays from its change has it too)")
	var rows []pretty.Row
	for i := range chains {
		if i == s.o.Top {
			break
		}
		c := &chains[i]
		rows = append(rows, pretty.Row{len(c.Hops), s.units(c.Asset, c.Peeled.ToBig()), s.name(c.Asset), s.units(c.Asset, c.Left.ToBig()), c.Head.String() + s.known(c.Head), c.Confidence})
	}
	s.grid(pretty.Row{"hops", "peeled off", "asset", "left", "head", "confidence"}, rows, 1, 2, 4, 6)
	if more := len(chains) - s.o.Top; more > 0 {
		s.printf("  %d more in peels.csv\n", more)
	}
}
