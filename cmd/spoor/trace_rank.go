package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"spoor/cluster"
	"spoor/graph"
	"spoor/graph/badger"
	"spoor/trace"
)

// rank prints the ranking of a case: what --method rank asks for.
func (o *traceOptions) rank(ctx context.Context, p *program, c trace.Case) error {
	switch {
	case o.out != "":
		return advice{usagef("--out with --method rank: a ranking follows no amounts and is no evidence of them"), "write it with -o csv, and trace the addresses it finds by another method"}
	case o.fetch.api != "":
		return usagef("--fetch with --method rank: want one of them")
	}
	labels, err := openLabelBook(o.labels)
	if err != nil {
		return err
	}
	var found *trace.Ranking
	err = p.with(func(store *badger.Store) error {
		known, err := labels.in(ctx, store)
		if err != nil {
			return err
		}
		entities, err := o.entityBook(ctx, store, labels)
		if err != nil {
			return err
		}
		owners, done, err := entities.open(ctx)
		if err != nil {
			return errors.Join(err, done())
		}
		err = withViews(ctx, store, func(views map[graph.ChainID]graph.View) (err error) {
			found, err = trace.Rank(ctx, views, c, trace.Known{Labels: known, Entities: owners}, trace.RankOptions{})
			return err
		})
		err = errors.Join(err, done())
		return cmp.Or(labels.failed, err)
	})
	if err != nil {
		return fmt.Errorf("rank: %w", err)
	}
	if err := printRows(p.out, o.output, rankColumns(o.output), o.rankRows(found)); err != nil {
		return err
	}
	for _, rule := range found.Heuristics() {
		p.warn("ends by the rule %s: %s", rule, cluster.ErrorRate(rule))
	}
	p.warn("measured of the rule %s: %s", trace.RankRule, cluster.ErrorRate(trace.RankRule))
	p.say("%d addresses kept of %d reached; %d histories with %d movements looked at; %s of the relevance was not spread",
		found.Kept, len(found.Nodes), found.Visited, found.Entries, strconv.FormatFloat(found.Left, 'g', 3, 64))
	return nil
}

// rankRow is a ranked address as printed.
type rankRow struct {
	Rank    int    `json:"rank"`
	Chain   string `json:"chain"`
	Address string `json:"address"`
	Score   string `json:"score"`
	Kept    string `json:"kept"`
	Hop     int    `json:"hop"`
	Source  string `json:"source"`
	Ends    string `json:"ends"`
	Rule    string `json:"rule"`
	Labels  string `json:"labels"`
}

// rankRows are those that are kept, and for programs all others behind them.
func (o *traceOptions) rankRows(found *trace.Ranking) iter.Seq2[rankRow, error] {
	yes := map[bool]string{true: "yes", false: "no"}
	return func(yield func(rankRow, error) bool) {
		for i := range found.Nodes {
			n := &found.Nodes[i]
			if i >= found.Kept && o.output == asTable {
				return
			}
			var names []string
			for _, l := range n.Labels {
				names = append(names, fmt.Sprintf("%s (%s; %s; %d)", l.Name, l.Category, l.Source, l.Confidence))
			}
			if !yield(rankRow{Rank: i + 1, Chain: string(n.Address.Chain), Address: n.Address.String(), Score: strconv.FormatFloat(n.Score, 'f', 12, 64),
				Kept: yes[i < found.Kept], Hop: n.Hop, Source: yes[n.Source], Ends: string(n.Ends), Rule: n.Rule, Labels: strings.Join(names, " | ")}, nil) {
				return
			}
		}
	}
}

func rankColumns(f format) []column[rankRow] {
	all := []column[rankRow]{
		{"rank", true, func(r *rankRow) string { return strconv.Itoa(r.Rank) }},
		{"chain", false, func(r *rankRow) string { return r.Chain }},
		{"address", false, func(r *rankRow) string { return r.Address }},
		{"score", true, func(r *rankRow) string { return r.Score }},
		{"kept", false, func(r *rankRow) string { return r.Kept }},
		{"hop", true, func(r *rankRow) string { return strconv.Itoa(r.Hop) }},
		{"source", false, func(r *rankRow) string { return r.Source }},
		{"ends", false, func(r *rankRow) string { return r.Ends }},
		{"rule", false, func(r *rankRow) string { return r.Rule }},
		{"labels", false, func(r *rankRow) string { return r.Labels }},
	}
	if f == asTable {
		return append(all[:4:4], all[5:]...)
	}
	return all
}
