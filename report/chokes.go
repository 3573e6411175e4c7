package report

import (
	"iter"
	"math/big"
	"slices"
	"strconv"

	pretty "github.com/jedib0t/go-pretty/v6/table"

	"spoor/graph"
	"spoor/trace"
)

// choked is a choke point, and whether it is in the smallest cut.
type choked struct {
	trace.Choke
	inCut bool
}

// chokes is chokepoints.csv: the addresses that value had to pass.
func chokes() table {
	type row = *choked
	info := func(r row) *graph.AssetInfo { return &r.Asset }
	return newTable("chokepoints.csv", chokePoints,
		[]column[row]{
			derived("rank", integer, "1 is the address that the greatest part of what ended had to pass, summed over assets; one row per asset", func(r row) string { return strconv.Itoa(r.Rank) }),
			fact("chain", caip2, "ledger of the address", func(r row) string { return string(r.Address.Chain) }),
			fact("address", address, "the address", func(r row) string { return r.Address.String() }),
			attributed("labels", "name (category; source; confidence), separated by |", "every claim about the address that was known", func(r row) string { return labelList(r.Labels) }),
		},
		assetColumns(info),
		amountColumns("passed", graph.Derived, "value from the seeds that ended at the address or behind it and had no other way there (backward: that came from it or through it and had no other way); never too much, as the order of movements is left out", info, func(r row) *graph.Amount { return &r.Passed }),
		[]column[row]{
			rawColumn("ended_raw", "value from the seeds in this asset that ended anywhere, fees left out", func(r row) *graph.Amount { return &r.Ended }),
			derived("ends", integer, "ends of branches that passed is the sum of", func(r row) string { return strconv.Itoa(r.Ends) }),
			rawColumn("here_raw", "what of it ended at the address itself, at rest or otherwise", func(r row) *graph.Amount { return &r.Here }),
			derived("in_cut", "yes or no", "whether it is in the smallest set of addresses, those of the seeds left out, that together stand on every way to an end", func(r row) string {
				if r.inCut {
					return "yes"
				}
				return "no"
			}),
		})
}

// chokePoints are none for a method that shows reach only.
func chokePoints(t *trace.Trace) iter.Seq[*choked] {
	return func(yield func(*choked) bool) {
		found, err := t.Chokes()
		if err != nil {
			return
		}
		for _, c := range found.Points {
			if !yield(&choked{c, slices.Contains(found.Cut, c.Address)}) {
				return
			}
		}
	}
}

// chokes tells where freezing stops the most.
func (s *summary) chokes() {
	found, err := s.t.Chokes()
	if err != nil || len(found.Points) == 0 {
		return
	}
	title := "Choke points (what ended had to pass them)"
	if s.t.Backward() {
		title = "Choke points (what was asked for had to pass them)"
	}
	s.title(title)
	var rows []pretty.Row
	shown := 0
	for _, c := range found.Points {
		if shown = c.Rank; c.Rank > s.o.Top {
			break
		}
		rows = append(rows, pretty.Row{c.Rank, s.units(c.Asset, c.Passed.ToBig()), s.name(c.Asset), percent(&c.Passed, &c.Ended), s.units(c.Asset, c.Here.ToBig()), c.Address.String() + s.known(c.Address)})
	}
	s.grid(pretty.Row{"", "passed", "asset", "of what ended", "of it here", "address"}, rows, 1, 2, 4, 5)
	if shown > s.o.Top {
		s.printf("  %d more in chokepoints.csv\n", found.Points[len(found.Points)-1].Rank-s.o.Top)
	}
	if n := len(found.Cut); n > 0 {
		s.printf("  Besides the seeds' own, no fewer than %d stand on every way to an end.\n", n)
	}
}

// percent is a part in hundredths with one digit, rounded down.
func percent(part, whole *graph.Amount) string {
	permille := new(big.Int).Mul(part.ToBig(), big.NewInt(1000))
	permille.Div(permille, whole.ToBig())
	return new(big.Rat).SetFrac(permille, big.NewInt(10)).FloatString(1) + " %"
}
