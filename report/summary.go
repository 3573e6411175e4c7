package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"

	pretty "github.com/jedib0t/go-pretty/v6/table"
	style "github.com/jedib0t/go-pretty/v6/text"

	"spoor/graph"
	"spoor/trace"
)

// SummaryOptions say how a summary looks.
type SummaryOptions struct {
	Top   int  // rows of a list before the rest is summed up; 10
	Color bool // bold headings; the caller knows whether w is a terminal and NO_COLOR is unset
}

// Summary writes a trace for people: what was stolen, where it is, where it
// ended and why, whether the books balance and what was not looked at. What a
// list leaves out is summed, and every total is complete. A trace whose books
// do not balance is refused with ErrConservation.
func Summary(w io.Writer, t *trace.Trace, o SummaryOptions) error {
	s, err := compose(t, o)
	if err != nil {
		return err
	}
	_, err = w.Write(s.text.Bytes())
	return err
}

// compose writes the summary of a trace whose books balance.
func compose(t *trace.Trace, o SummaryOptions) (*summary, error) {
	if err := Check(t); err != nil {
		return nil, err
	}
	if o.Top <= 0 {
		o.Top = 10
	}
	s := &summary{t: t, o: o, names: assetNames(t), sections: make([]Section, 1)}
	s.head()
	s.stolen()
	s.held()
	s.ended()
	s.chokes()
	s.peels()
	s.exits()
	s.converted()
	s.crossed()
	s.fees()
	s.books()
	s.rates()
	s.limits()
	s.legend()
	return s, nil
}

// summary is a summary being written.
type summary struct {
	text     bytes.Buffer
	t        *trace.Trace
	o        SummaryOptions
	names    map[graph.Asset]string
	sections []Section // the same, for other ways of showing it
}

func (s *summary) printf(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.text.WriteString(text)
	s.section().say(text)
}

func (s *summary) title(title string) {
	s.sections = append(s.sections, Section{Title: title})
	if s.o.Color {
		title = style.Bold.EscapeSeq() + title + style.Reset.EscapeSeq()
	}
	fmt.Fprintf(&s.text, "\n%s\n", title)
}

// grid prints rows under a header, amounts to the right.
func (s *summary) grid(header pretty.Row, rows []pretty.Row, rightAligned ...int) {
	g := pretty.NewWriter()
	look := pretty.StyleLight
	look.Format.Header = style.FormatDefault
	look.Options = pretty.OptionsNoBordersAndSeparators
	look.Box.PaddingLeft, look.Box.PaddingRight = "  ", ""
	g.SetStyle(look)
	g.SuppressTrailingSpaces()
	configs := make([]pretty.ColumnConfig, len(rightAligned))
	for i, n := range rightAligned {
		configs[i] = pretty.ColumnConfig{Number: n, Align: style.AlignRight, AlignHeader: style.AlignRight}
	}
	g.SetColumnConfigs(configs)
	g.AppendHeader(header)
	g.AppendRows(rows)
	fmt.Fprintf(&s.text, "%s\n", g.Render())
	s.section().tabulate(header, rows, rightAligned)
}

func (s *summary) head() {
	t := s.t
	if t.Case.Name != "" {
		s.printf("Case: %s\n", claim(t.Case.Name))
	}
	if t.Backward() {
		s.printf("Direction: backward, source of funds: where the value came from\n")
	}
	s.printf("Method: %s, %s\n", t.Method.Name, t.Method.Sentence)
	for _, tip := range t.Tips {
		s.printf("Ledger: %s up to block %d (%s)\n", tip.Chain.Alias, tip.Height, instant(tip.Time))
	}
	for _, tip := range t.Tips {
		if n, final := provisional(t, tip); n > 0 {
			s.printf("Provisional: %s in blocks of %s above %d, which may still be replaced\n", count(n, "movement"), tip.Chain.Alias, final)
		}
	}
	s.printf("%s evaluated, %s found.\n", count(t.Transactions, "transaction"), count(len(t.Steps), s.word("tainted movement", "movement")))
	if !t.Method.Conserves {
		s.printf("Note: %s.\n", poisonNote)
	}
}

// word is how something is called in a trace forward, or backward.
func (s *summary) word(forward, backward string) string {
	if s.t.Backward() {
		return backward
	}
	return forward
}

// provisional counts the movements above the final blocks of a ledger, as far
// as the blocks read tell: there may be more by now.
func provisional(t *trace.Trace, tip trace.Tip) (n int, final uint32) {
	if tip.Hash.IsZero() {
		return 0, tip.Height // read from a file: nobody can tell
	}
	final = tip.Chain.FinalHeight(tip.Height)
	for i := range t.Steps {
		if s := &t.Steps[i]; s.Chain == tip.Chain.ID && s.At.Block > final {
			n++
		}
	}
	return n, final
}

// stolen lists what each seed declares stolen, or asks for.
func (s *summary) stolen() {
	s.title(s.word("Stolen", "Asked for"))
	sums := newSums[string]()
	for i := range s.t.Seeds {
		seed := &s.t.Seeds[i]
		sums.add(seed.Seed, seed.Asset, seed.Amount.ToBig(), seed.Address)
	}
	if len(sums.list) == 0 {
		s.printf("  nothing: the seeds hold no value in these ledgers\n")
		return
	}
	s.grid(pretty.Row{"amount", "asset", "seed", "at"}, capped(s, sums.list, func(l *line[string]) []any {
		return []any{claim(l.key), l.places()}
	}), 1)
}

// held lists who still holds stolen value.
func (s *summary) held() {
	if s.t.Backward() {
		return
	}
	s.title("Still held")
	sums := newSums[graph.Address]()
	for i := range s.t.Stops {
		if stop := &s.t.Stops[i]; stop.Reason == trace.StopAtRest || stop.Reason == trace.StopFrozen {
			sums.add(stop.Address, stop.Asset, stop.Tainted.ToBig(), stop.Address)
		}
	}
	if len(sums.list) == 0 {
		s.printf("  nothing\n")
		return
	}
	s.grid(pretty.Row{"amount", "asset", "address", "who can freeze it"}, capped(s, sums.list, func(l *line[graph.Address]) []any {
		return []any{l.key.String() + s.known(l.key), s.freezer(l.key, l.info.Asset)}
	}), 1)
}

// freezer is who can still freeze what an address holds, or has.
func (s *summary) freezer(a graph.Address, asset graph.Asset) string {
	for i := range s.t.Stops {
		stop := &s.t.Stops[i]
		switch {
		case stop.Address != a || stop.Asset.Asset != asset:
		case stop.Reason == trace.StopFrozen:
			return claim(stop.Rule)
		case stop.Reason == trace.StopAtRest && stop.Freezable.Name != "":
			return fmt.Sprintf("the issuer of %s (says %s)", claim(stop.Freezable.Name), claim(stop.Freezable.Source))
		}
	}
	return ""
}

// end is how an ended branch is told: by what decided it.
type end struct {
	reason trace.Reason
	who    string
	rule   string
}

// ended lists where value stopped, or came from, and why, by reason and label. The stops of a
// trace are sorted by reason.
func (s *summary) ended() {
	s.title(s.word("Ended", "Sources"))
	sums := newSums[end]()
	for i := range s.t.Stops {
		stop := &s.t.Stops[i]
		if stop.Reason == trace.StopAtRest || stop.Reason == trace.StopFrozen || stop.Reason == trace.StopFee {
			continue
		}
		who := cmp.Or(claim(stop.Label.Name), stop.Address.String(), "no address")
		rule := prose(stop.Rule)
		if stop.Statement == graph.Attributed {
			rule += fmt.Sprintf(" (confidence %d)", stop.Confidence)
		}
		sums.add(end{stop.Reason, who, rule}, stop.Asset, stop.Tainted.ToBig(), stop.Address)
	}
	if len(sums.list) == 0 {
		s.printf("  %s\n", s.word("nothing has", "none"))
		return
	}
	// Each reason is capped by itself: a small sum in a mixer says more than
	// the eleventh exchange.
	var rows []pretty.Row
	for list := sums.list; len(list) > 0; {
		reason := list[0].key.reason
		n := slices.IndexFunc(list, func(l *line[end]) bool { return l.key.reason != reason })
		if n < 0 {
			n = len(list)
		}
		rows = append(rows, capped(s, list[:n], func(l *line[end]) []any {
			who := l.key.who
			if places := l.places(); places != who {
				who += " " + places
			}
			return []any{reason, who, l.key.rule}
		}, reason)...)
		list = list[n:]
	}
	s.grid(pretty.Row{"amount", "asset", "why", "where", "by"}, rows, 1)
}

func (s *summary) converted() {
	var rows []pretty.Row
	for i := range s.t.Balances {
		b := &s.t.Balances[i]
		for _, side := range []struct {
			amount *graph.Amount
			way    string
		}{{&b.ConvertedOut, s.word("given", "received")}, {&b.ConvertedIn, s.word("received", "given")}} {
			if !side.amount.IsZero() {
				rows = append(rows, pretty.Row{s.units(b.Asset, side.amount.ToBig()), s.name(b.Asset), side.way})
			}
		}
	}
	if len(rows) > 0 {
		s.title("Exchanged for other assets")
		s.grid(pretty.Row{"amount", "asset", ""}, rows, 1)
	}
}

// crossed lists what went over bridges, by bridge, the two assets and the rule.
func (s *summary) crossed() {
	type way struct {
		bridge, rule string
		from, to     graph.Asset
	}
	type total struct {
		*trace.Passage
		n       int
		out, in big.Int
	}
	var order []*total
	at := make(map[way]*total)
	for i := range s.t.Passages {
		p := &s.t.Passages[i]
		if !p.Crossed {
			continue // it ended in the bridge, or at it, and is listed there
		}
		k := way{p.Bridge, p.Rule, p.Asset.Asset, p.ToAsset.Asset}
		if at[k] == nil {
			at[k] = &total{Passage: p}
			order = append(order, at[k])
		}
		sum := at[k]
		sum.n++
		sum.out.Add(&sum.out, p.TaintedOut.ToBig())
		sum.in.Add(&sum.in, p.TaintedIn.ToBig())
	}
	if len(order) == 0 {
		return
	}
	var rows []pretty.Row
	for _, sum := range order {
		rule := prose(sum.Rule)
		if sum.Statement == graph.Attributed {
			rule += fmt.Sprintf(" (confidence %d)", sum.Confidence)
		}
		rows = append(rows, pretty.Row{s.units(sum.Asset, &sum.out), s.name(sum.Asset), graph.ChainOf(sum.Departure.Chain).Alias,
			s.units(sum.ToAsset, &sum.in), s.name(sum.ToAsset), graph.ChainOf(sum.Arrival.Chain).Alias, claim(sum.Bridge), count(sum.n, "passage"), rule})
	}
	s.title("Crossed bridges")
	s.grid(pretty.Row{"left", "asset", "chain", "came out", "asset", "chain", "bridge", "", "by"}, rows, 1, 4)
}

func (s *summary) fees() {
	var rows []pretty.Row
	for i := range s.t.Balances {
		if b := &s.t.Balances[i]; !b.Fees.IsZero() {
			rows = append(rows, pretty.Row{s.units(b.Asset, b.Fees.ToBig()), s.name(b.Asset)})
		}
	}
	if len(rows) > 0 {
		s.title("Paid in fees")
		s.grid(pretty.Row{"amount", "asset"}, rows, 1)
	}
}

// books prints the conservation law of every asset.
func (s *summary) books() {
	s.title("Books")
	for i := range s.t.Balances {
		b := &s.t.Balances[i]
		side := func(parts ...any) string {
			var words []string
			for j := 0; j < len(parts); j += 2 {
				if amount := parts[j+1].(*graph.Amount); !amount.IsZero() {
					words = append(words, parts[j].(string)+" "+s.units(b.Asset, amount.ToBig()))
				}
			}
			if len(words) == 0 {
				return "0"
			}
			return strings.Join(words, " + ")
		}
		in := side(s.word("seeded", "asked for"), &b.Seeded, s.word("converted in", "given"), &b.ConvertedIn, s.word("bridged in", "left by bridge"), &b.BridgedIn)
		out := side("at rest", &b.AtRest, s.word("stopped", "from sources"), &b.Stopped, "fees", &b.Fees, s.word("converted out", "received"), &b.ConvertedOut, s.word("bridged out", "came by bridge"), &b.BridgedOut)
		if s.t.Method.Conserves {
			s.printf("  %s: %s = %s; difference %s\n", s.name(b.Asset), in, out, b.Difference())
		} else {
			s.printf("  %s: %s, reached: %s\n", s.name(b.Asset), in, out)
		}
	}
	if !s.t.Method.Conserves {
		s.printf("  %s\n", poisonNote)
	}
}

// legend says which contract stands behind each symbol, and who says so.
func (s *summary) legend() {
	var rows []pretty.Row
	for i := range s.t.Balances {
		a := s.t.Balances[i].Asset
		if a.Asset.IsNative() {
			continue
		}
		said := "its decimals are unknown: amounts are in base units"
		if a.Decimals >= 0 {
			said = fmt.Sprintf("%d decimals", a.Decimals)
		}
		if a.Symbol != "" || a.Decimals >= 0 {
			said += ", says " + claim(cmp.Or(a.Source, "an unnamed source"))
		}
		rows = append(rows, pretty.Row{cmp.Or(claim(a.Symbol), "(no symbol)"), a.Asset.String(), said})
	}
	if len(rows) > 0 {
		s.title("Tokens (a symbol is what somebody says, the contract is the identity)")
		s.grid(pretty.Row{"symbol", "identity", ""}, rows)
	}
}

// known is what labels call an address, in brackets.
func (s *summary) known(a graph.Address) string {
	for i := range s.t.Holders {
		if h := &s.t.Holders[i]; h.Address == a && len(h.Labels) > 0 {
			return " (" + labelList(h.Labels) + ")"
		}
	}
	if owner := s.t.Owners[a]; !owner.IsZero() && owner != a {
		return " (entity " + owner.String() + ")"
	}
	return ""
}

func (s *summary) name(a graph.AssetInfo) string { return s.names[a.Asset] }

func (s *summary) amount(l interface {
	of() (graph.AssetInfo, *big.Int)
}) string {
	info, sum := l.of()
	return s.units(info, sum)
}

// units writes a sum in whole units, or in base units where nobody has said
// how many there are. A sum of lots of one asset can pass 2^256 under poison.
func (s *summary) units(a graph.AssetInfo, sum *big.Int) string {
	if a.Decimals <= 0 {
		return sum.String()
	}
	digits := sum.String()
	if missing := a.Decimals + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - a.Decimals
	whole, fraction := digits[:point], strings.TrimRight(digits[point:], "0")
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
