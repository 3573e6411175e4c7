package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"spoor/cluster/passage"
	"spoor/graph"
	"spoor/graph/badger"
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
				stated, err := passages(ctx, chain, view)
				if err != nil {
					return err
				}
				sides = append(sides, stated...)
				span, read, err := readSpan(chain, view)
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
	rows := o.rows(p, passage.ByKey(sides, seen))
	if only != "" {
		var kept []bridgeRow
		for _, r := range rows {
			if r.SrcChain == string(only) || r.DstChain == string(only) {
				kept = append(kept, r)
			}
		}
		rows = kept
	}
	return printRows(p.out, o.output, bridgeColumns, each(rows))
}

// rows are what is asked for of what was found.
func (o *bridgesOptions) rows(p *program, found passage.Found) (rows []bridgeRow) {
	if o.anomalies {
		for i := range found.Anomalies {
			rows = append(rows, oddBridgeRow(&found.Anomalies[i]))
		}
		p.say("%d anomalies; %d passages linked by key", len(found.Anomalies), len(found.Links))
		return rows
	}
	model := passage.Learn(append(passage.Lone(found.Departures, found.Arrivals), found.Links...))
	matches := model.Match(found.Departures, found.Arrivals)
	p.say("%d passages linked by key, %d matched without; %d departures and %d arrivals alone", len(found.Links), len(matches),
		len(found.Departures)-len(matches), len(found.Arrivals)-len(matches))
	if len(matches) > 0 {
		placebo := model.Placebo(found.Departures, found.Arrivals)
		byRecipient, byTime := placebo.Rates()
		p.warn("placebo of the match: of %d departures %d are linked to arrivals given to other recipients (taken for %.2f %%), %d to arrivals moved a week back (%.2f %%)",
			placebo.Departures, placebo.Recipients, 100*byRecipient, placebo.Earlier, 100*byTime)
	}
	if !o.unmatched {
		for i := range found.Links {
			rows = append(rows, linkedBridgeRow(&found.Links[i]))
		}
		for i := range matches {
			rows = append(rows, linkedBridgeRow(&matches[i]))
		}
		return rows
	}
	matched := make(map[sideID]bool)
	for i := range matches {
		matched[idOfSide(&matches[i].Departure)], matched[idOfSide(&matches[i].Arrival)] = true, true
	}
	for _, list := range [][]passage.Side{found.Departures, found.Arrivals} {
		for i := range list {
			if !matched[idOfSide(&list[i])] {
				rows = append(rows, loneBridgeRow(&list[i]))
			}
		}
	}
	return rows
}

// sideID tells sides apart: one log may state several.
type sideID struct {
	chain graph.ChainID
	at    graph.Position
	kind  graph.EventKind
	key   string
}

func idOfSide(s *passage.Side) sideID { return sideID{s.Chain, s.At, s.Kind, s.Key} }

// passages are the departures and arrivals that a ledger states.
func passages(ctx context.Context, chain graph.Chain, view graph.View) (sides []passage.Side, err error) {
	for _, kind := range []graph.EventKind{graph.Departure, graph.Arrival} {
		for stated, err := range view.EventsOf(ctx, kind, graph.Position{}) {
			if err != nil {
				return nil, err
			}
			sides = append(sides, passage.Side{Chain: chain.ID, Stated: stated})
		}
	}
	return sides, nil
}

// readSpan is the longest time without a gap of which a ledger was read with its
// logs.
func readSpan(chain graph.Chain, view graph.View) (longest passage.Span, read bool, err error) {
	rows, err := view.Coverage()
	if err != nil {
		return longest, false, err
	}
	var run passage.Span
	var to uint32
	for i := range rows {
		c := &rows[i]
		if !c.Address.IsZero() || c.Know.Transfers != graph.Full || chain.Family == graph.AccountFamily && c.Know.Logs != graph.Full {
			continue
		}
		first, err := view.Header(c.From)
		if err == nil && (!read || c.From != to+1) {
			run.From = first.Time
		}
		last, failed := view.Header(c.To)
		if err := errors.Join(err, failed); err != nil {
			return longest, false, err
		}
		to, run.To, read = c.To, last.Time, true
		if run.To-run.From >= longest.To-longest.From {
			longest = run
		}
	}
	return longest, read, nil
}
