package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"spoor/graph"
	"spoor/report"
	"spoor/trace"
)

type exitsOptions struct {
	traceOptions
}

func (p *program) exitsCommand() *cobra.Command {
	var o exitsOptions
	cmd := &cobra.Command{
		Use:   "exits CASE.yaml | --seed REF...",
		Short: "List where stolen value could have left the mixers it went into",
		Long: `Trace a case, take every deposit of stolen value into a pool of a mixer, and list
the withdrawals that could be its exit, each by one rule:

  taken_back           the mixer itself states that the depositor took this deposit
                       back: no hypothesis, and a trace follows it
  address_match        the recipient is the depositor
  shared_owner         clustering holds recipient and depositor for one owner
  denomination_counts  in a day each, the recipient took as many of at least two
                       denominations as the depositor gave, three or more in all
  amount_match         where any amount is taken: as much left, with the fee, as
                       the deposit brought in, or up to 5 thousandths less
  linked_address       at least three movements between recipient and depositor

Any other exit is a hypothesis, never a fact, and a trace follows none by itself. Its row
tells how many other withdrawals the rule cannot tell from it, how many other
deposits of the same depositor it could be the exit of (rivals), among how many
deposits it hides if nothing else is known, and at how many deposits the rule is
met by chance (withdrawals from before the deposit, which cannot be its exits).
The score is what chance leaves, shared among the candidates or the rivals. A
deposit without a candidate has a row of its own. Standard error tells what could
not be looked at. CoinJoins have no candidates: their outputs are alike.

spoor case link CASE.yaml FROM TO --rule TEXT accepts one; FROM and TO are in the
row. Counts are compared over all labelled pools that the store holds.`,
		Example: `  spoor exits case.yaml
  spoor exits --seed ethereum:0xTXHASH -o csv`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.file = args[0]
			}
			c, err := o.asked(cmd)
			if err != nil {
				return err
			}
			if m, err := trace.ParseMethod(cmp.Or(c.Method, "fifo")); err == nil && m.Ranks {
				return usagef("--method %s gives no amounts, and so no deposits", m.Name)
			}
			if c.Direction == trace.Backward {
				return usagef("direction %s asks where value came from; exits are where it went", c.Direction)
			}
			return o.run(cmd.Context(), p, c)
		},
	}
	o.addCase(cmd)
	o.output.addFlag(cmd)
	return cmd
}

func (o *exitsOptions) run(ctx context.Context, p *program, c trace.Case) error {
	labels, err := openLabelBook(o.labels)
	if err != nil {
		return err
	}
	t, err := o.stored(ctx, p, c, labels)
	if err != nil {
		return fmt.Errorf("exits: %w", err)
	}
	if err := o.print(p, t); err != nil {
		return err
	}
	o.comment(p, t)
	return cutShort(t)
}

const exitsFile = "exits.csv" // of the evidence folder, which has the same rows

// exitsShown are the columns that people get.
var exitsShown = []string{"symbol", "deposit_time", "deposit", "deposit_raw", "rule", "score", "others", "rivals", "anonymity_set", "placebo_met", "placebo_of", "withdrawal_time", "recipient", "why", "from", "to"}

func (o *exitsOptions) print(p *program, t *trace.Trace) error {
	switch o.output {
	case asCSV:
		return report.TableCSV(p.out, t, exitsFile)
	case asJSON, asNDJSON:
		return report.TableJSON(p.out, t, exitsFile, o.output == asJSON)
	}
	cells, err := report.TableCells(t, exitsFile, exitsShown...)
	if err != nil {
		return err
	}
	var columns []column[[]string]
	for i, name := range exitsShown {
		numeric := slices.Contains([]string{"deposit", "score", "others", "rivals", "anonymity_set", "placebo_met", "placebo_of"}, name)
		switch name {
		case "deposit":
			columns = append(columns, column[[]string]{name, numeric, func(r *[]string) string { return cmp.Or((*r)[i], (*r)[i+1]+" base units") }})
		case "deposit_raw": // beside it
		default:
			columns = append(columns, column[[]string]{name, numeric, func(r *[]string) string { return (*r)[i] }})
		}
	}
	return printRows(p.out, asTable, columns, each(cells))
}

// comment tells on standard error what the rows rest on.
func (o *exitsOptions) comment(p *program, t *trace.Trace) {
	found := t.Exits
	for _, note := range found.Notes {
		p.warn("note: %s", note)
	}
	for _, placebo := range found.Placebos {
		p.warn("placebo on %s: %s", graph.ChainOf(placebo.Chain).Alias, placebo.String())
	}
	candidates := 0
	for i := range found.Deposits {
		candidates += len(found.Deposits[i].Candidates) + found.Deposits[i].Unlisted
	}
	mixed := slices.ContainsFunc(t.Stops, func(s trace.Stop) bool { return s.Reason == trace.StopMixer })
	switch {
	case !mixed:
		p.warn("nothing stolen went into a mixer that labels or rules know")
	case len(found.Deposits) == 0:
		p.warn("stolen value went into mixers, but into no pool that could be read")
	default:
		p.say("%d deposits of stolen value, %d candidate exits; none is followed by itself", len(found.Deposits), candidates)
	}
}
