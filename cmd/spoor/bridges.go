package main

import (
	"context"

	"github.com/spf13/cobra"

	"spoor/cluster/passage"
	"spoor/graph"
	"spoor/graph/badger"
	"spoor/report"
)

type bridgesOptions struct {
	chain     string
	anomalies bool
	unmatched bool
	output    format
}

func (p *program) bridgesCommand() *cobra.Command {
	var o bridgesOptions
	cmd := &cobra.Command{
		Use:   "bridges",
		Short: "Passages over bridges: what left, where it came out, and what is wrong",
		Long: `List the passages over bridges that the ledgers in the store state. A departure and
an arrival with the bridge's own key in common are linked, one to one; that is
derived, and a trace follows it by itself. Sides without a key, or whose partner
carries none, are matched by recipient, asset, amount and delay, with what the
keyed passages of the same bridge teach. That is attributed, has a score, and is
never followed by itself: a link in a case file (links: from, to, rule,
confidence) accepts it.

Standard error tells how often the same rule links decoys: arrivals given to
other recipients, and arrivals moved a week back.

--anomalies lists releases that no lock explains: without one, for more than was
to be delivered, a second time, or before it. A missing lock counts only where
the ledger it should be on was read for eight days before. --unmatched lists the
sides without a partner.`,
		Example: `  spoor bridges --chain ethereum
  spoor bridges --anomalies -o csv`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.anomalies && o.unmatched {
				return usagef("--anomalies and --unmatched: want one of them")
			}
			return o.run(cmd.Context(), p)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.chain, "chain", "", "only passages from or to this chain: a CAIP-2 id or an alias")
	flags.BoolVar(&o.anomalies, "anomalies", false, "releases that no lock explains, instead of passages")
	flags.BoolVar(&o.unmatched, "unmatched", false, "sides without a partner, instead of passages")
	o.output.addFlag(cmd)
	return cmd
}

func (o *bridgesOptions) run(ctx context.Context, p *program) error {
	var only graph.ChainID
	if o.chain != "" {
		chain, err := graph.ParseChain(o.chain)
		if err != nil {
			return usagef("--chain: %w", err)
		}
		only = chain.ID
	}
	var sides []passage.Side
	seen := make(map[graph.ChainID]passage.Span)
	err := p.with(func(store *badger.Store) error {
		chains, err := store.Chains(ctx)
		if err != nil {
			return err
		}
		for _, chain := range chains {
			err := viewing(ctx, store, chain, func(view graph.View) error {
				stated, span, read, err := passage.Read(ctx, chain, view, 0)
				sides = append(sides, stated...)
				if read {
					seen[chain.ID] = span
				}
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	rows := o.rows(p, passage.Look(sides, seen))
	if only != "" {
		var kept []report.PassageRow
		for _, r := range rows {
			if r.SrcChain == string(only) || r.DstChain == string(only) {
				kept = append(kept, r)
			}
		}
		rows = kept
	}
	return printRows(p.out, o.output, fieldColumns(report.PassageFields()), each(rows))
}

// rows are what is asked for of what was found.
func (o *bridgesOptions) rows(p *program, found *passage.Survey) (rows []report.PassageRow) {
	if o.anomalies {
		for i := range found.Anomalies {
			rows = append(rows, report.OddPassage(&found.Anomalies[i]))
		}
		p.say("%d anomalies; %d passages linked by key", len(found.Anomalies), len(found.Links))
		return rows
	}
	p.say("%d passages linked by key, %d matched without; %d departures and %d arrivals alone", len(found.Links), len(found.Matches),
		len(found.Departures)-len(found.Matches), len(found.Arrivals)-len(found.Matches))
	if len(found.Matches) > 0 {
		placebo := found.Placebo()
		byRecipient, byTime := placebo.Rates()
		p.warn("placebo of the match: of %d departures %d are linked to arrivals given to other recipients (taken for %.2f %%), %d to arrivals moved a week back (%.2f %%)",
			placebo.Departures, placebo.Recipients, 100*byRecipient, placebo.Earlier, 100*byTime)
	}
	if o.unmatched {
		alone := found.Alone()
		for i := range alone {
			rows = append(rows, report.LonePassage(&alone[i]))
		}
		return rows
	}
	for _, list := range [][]passage.Link{found.Links, found.Matches} {
		for i := range list {
			rows = append(rows, report.LinkedPassage(&list[i]))
		}
	}
	return rows
}
