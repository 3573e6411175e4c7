package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"spoor/cluster"
	"spoor/graph"
	"spoor/graph/badger"
	"spoor/report"
	"spoor/trace"
)

type pathOptions struct {
	query        trace.PathQuery
	assets       []string
	after, until string
	labels       []string
	output       format
}

func (p *program) pathCommand() *cobra.Command {
	var o pathOptions
	cmd := &cobra.Command{
		Use:   "path FROM TO",
		Short: "Show how value could have gone from one address to another",
		Long: `Show how value could have gone from one address to another of the same chain:
movements each of which is later than the one before and begins where that ended,
the widest path first. The width of a path is the smallest of what its legs can
carry besides the paths before it, so the widths of all paths of an asset together
could have passed. Whether it was the same value in between is not asked: that is
what spoor trace does.

A swap ends a path. Services, told by a label or by the number of their
transfers, are passed through within one transaction only, as their customers'
funds are one balance; standard error names those that were met. Address
poisoning is no leg.`,
		Example: "  spoor path ethereum:0xTHIEF ethereum:0xEXCHANGE\n  spoor path bitcoin:ADDRESS bitcoin:ADDRESS --most 3 -o csv",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return advice{usagef("path: want two addresses, got %d", len(args)), "spoor path ethereum:0xFROM ethereum:0xTO"}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), p, args[0], args[1]) },
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&o.assets, "asset", nil, "native or a token contract; may be repeated; default what one sent and the other received")
	flags.IntVar(&o.query.Most, "most", 1, "paths of each asset")
	flags.StringVar(&o.after, "after", "", "no leg before this time, such as 2024-07-16T12:00:00Z")
	flags.StringVar(&o.until, "until", "", "no leg after this time")
	flags.IntVar(&o.query.MaxEntries, "max-entries", 5_000_000, "movements looked at; 0 for no bound")
	flags.IntVar(&o.query.ServiceTransfers, "service-transfers", trace.DefaultServiceTransfers, "transfers from which an address is taken for a service; negative: none is by what it does")
	flags.StringArrayVar(&o.labels, "labels", nil, "CSV file of labels; may be repeated")
	o.output.addFlag(cmd)
	return cmd
}

func (o *pathOptions) run(ctx context.Context, p *program, from, to string) error {
	q := o.query
	var err error
	if q.From, err = chainAddress(from); err != nil {
		return err
	}
	if q.To, err = chainAddress(to); err != nil {
		return err
	}
	switch {
	case q.From.Chain != q.To.Chain:
		return advice{usagef("%s and %s are on two chains", from, to), "a path stays on one chain; spoor trace goes over bridges"}
	case q.Most < 1:
		return usagef("--most %d: want 1 or more", q.Most)
	case q.MaxEntries < 0:
		return usagef("--max-entries %d is negative", q.MaxEntries)
	case q.ServiceTransfers == 0:
		return usagef("--service-transfers 0: want 1 or more, or a negative number for never")
	}
	chain := graph.ChainOf(q.From.Chain)
	for _, text := range o.assets {
		asset, err := graph.ParseAsset(chain, text)
		if err != nil {
			return usagef("--asset: %w", err)
		}
		q.Assets = append(q.Assets, asset)
	}
	for _, bound := range []struct {
		flag, text string
		at         *int64
	}{{"after", o.after, &q.After}, {"until", o.until, &q.Until}} {
		if bound.text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, bound.text)
		if err != nil {
			return usagef("--%s %q: want a time such as 2024-07-16T12:00:00Z", bound.flag, bound.text)
		}
		*bound.at = at.Unix()
	}
	labels, err := openLabelBook(o.labels)
	if err != nil {
		return err
	}
	var found trace.Connection
	err = p.with(func(store *badger.Store) (err error) {
		if q.Labels, err = labels.in(ctx, store); err != nil {
			return err
		}
		err = viewing(ctx, store, chain, func(view graph.View) (err error) {
			found, err = trace.Paths(ctx, view, q)
			return err
		})
		return cmp.Or(labels.failed, err)
	})
	if errors.Is(err, trace.ErrPath) {
		return usagef("%w", err)
	}
	if err != nil {
		return fmt.Errorf("path: %w", err)
	}
	return o.print(p, chain, &found)
}

func (o *pathOptions) print(p *program, chain graph.Chain, found *trace.Connection) error {
	if err := printRows(p.out, o.output, pathColumns(o.output), each(report.LegRows(chain, found))); err != nil {
		return err
	}
	if found.Behaving > 0 {
		p.say("%d of the services are told by the rule %s: %s", found.Behaving, cluster.ServiceRule, cluster.ErrorRate(cluster.ServiceRule))
	}
	for _, a := range found.Services {
		p.say("not passed through, a service: %s", a)
	}
	if found.Poison > 0 {
		p.say("taken for no leg: %s of address poisoning; spoor show tells more", countOf(found.Poison, "movement"))
	}
	p.say("%d movements looked at", found.Entries)
	switch {
	case found.Cut:
		return advice{fmt.Errorf("%w: --max-entries %d was met; there may be more paths, or wider ones", errPartial, o.query.MaxEntries), "raise it, or name --asset, --after and --until"}
	case len(found.Paths) == 0:
		return fmt.Errorf("no path in the blocks read: %w", graph.ErrNotFound)
	}
	return nil
}

// chainAddress reads an address with its chain.
func chainAddress(text string) (graph.Address, error) {
	ref, err := parseReference(text)
	if err != nil {
		return graph.Address{}, err
	}
	if ref.chain.ID == "" || ref.isHeight || !ref.hash.IsZero() {
		return graph.Address{}, advice{usagef("%.120q: want an address with its chain", text), "such as ethereum:0x… or bitcoin:bc1…"}
	}
	return graph.ParseAddress(ref.chain, ref.text)
}

// pathColumns are the columns of legs; a table leaves out what repeats, and says
// which amounts are not in whole units.
func pathColumns(f format) []column[report.LegRow] {
	all := fieldColumns(report.LegFields())
	if f != asTable {
		return all
	}
	orRaw := func(text func(*report.LegRow) string, raw func(*report.LegRow) string) func(*report.LegRow) string {
		return func(r *report.LegRow) string {
			if units := text(r); units != "" {
				return units
			}
			return raw(r) + " base units"
		}
	}
	var columns []column[report.LegRow]
	for _, c := range all {
		switch c.name {
		case "chain", "decimals", "width_raw", "position", "amount_raw":
			continue
		case "width":
			c.value = orRaw(c.value, func(r *report.LegRow) string { return r.WidthRaw })
		case "amount":
			c.value = orRaw(c.value, func(r *report.LegRow) string { return r.Amount })
		}
		columns = append(columns, c)
	}
	return columns
}
