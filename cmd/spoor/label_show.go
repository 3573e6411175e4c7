package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/ingest/label"
)

// A labelRow is a label as it is shown.
type labelRow struct {
	Chain      string `json:"chain"`
	Address    string `json:"address"`
	Name       string `json:"name"`
	Category   string `json:"category"`
	Abuse      string `json:"abuse"`
	Behaviour  string `json:"behaviour"`
	Concepts   string `json:"concepts"`
	Actor      string `json:"actor"`
	Source     string `json:"source"`
	Confidence int    `json:"confidence"`
	Grade      string `json:"grade"`
	Date       string `json:"date"`
	From       string `json:"from"`
	Until      string `json:"until"`
	Licence    string `json:"licence"`
	URI        string `json:"uri"`
	Kind       string `json:"kind"`
	Currency   string `json:"currency"`
	Definer    bool   `json:"definer"`
	Note       string `json:"note"`
	Pack       string `json:"pack"`
	Statement  string `json:"statement"`
}

func newLabelRow(l *graph.Label) labelRow {
	return labelRow{string(l.Address.Chain), l.Address.String(), l.Name, l.Category, l.Abuse, l.Behaviour, l.Concepts, l.Actor, l.Source, l.Confidence, l.Grade,
		dateText(l.Date), dateText(l.From), dateText(l.Until), l.Licence, l.URI, l.Kind, l.Currency, l.Definer, l.Note, l.Pack.String(), string(graph.Attributed)}
}

// labelColumns are the columns of labels. A table has those that people read.
func labelColumns(f format) []column[labelRow] {
	all := []column[labelRow]{
		{"chain", false, func(r *labelRow) string { return r.Chain }},
		{"address", false, func(r *labelRow) string { return r.Address }},
		{"name", false, func(r *labelRow) string { return r.Name }},
		{"category", false, func(r *labelRow) string { return r.Category }},
		{"abuse", false, func(r *labelRow) string { return r.Abuse }},
		{"behaviour", false, func(r *labelRow) string { return r.Behaviour }},
		{"concepts", false, func(r *labelRow) string { return r.Concepts }},
		{"actor", false, func(r *labelRow) string { return r.Actor }},
		{"source", false, func(r *labelRow) string { return r.Source }},
		{"confidence", true, func(r *labelRow) string { return strconv.Itoa(r.Confidence) }},
		{"grade", false, func(r *labelRow) string { return r.Grade }},
		{"date", false, func(r *labelRow) string { return r.Date }},
		{"from", false, func(r *labelRow) string { return r.From }},
		{"until", false, func(r *labelRow) string { return r.Until }},
		{"licence", false, func(r *labelRow) string { return r.Licence }},
		{"uri", false, func(r *labelRow) string { return r.URI }},
		{"kind", false, func(r *labelRow) string { return r.Kind }},
		{"currency", false, func(r *labelRow) string { return r.Currency }},
		{"definer", false, func(r *labelRow) string { return strconv.FormatBool(r.Definer) }},
		{"note", false, func(r *labelRow) string { return r.Note }},
		{"pack", false, func(r *labelRow) string { return r.Pack }},
		{"statement", false, func(r *labelRow) string { return r.Statement }},
	}
	if f != asTable {
		return all
	}
	shown := []string{"chain", "name", "category", "abuse", "source", "confidence", "date", "from", "until", "licence", "pack"}
	return slices.DeleteFunc(all, func(c column[labelRow]) bool { return !slices.Contains(shown, c.name) })
}

func (p *program) labelShowCommand() *cobra.Command {
	output := format("")
	cmd := &cobra.Command{
		Use:   "show ADDRESS",
		Short: "Show what is claimed about an address",
		Long: `Show what the built-in pack and the packs in the store claim about an address, the
surest first and side by side, whether or not the store holds its ledger. A
chain may stand before the address; without one, every chain is asked. In a table,
what the packs say of the actors that the labels name stands below.`,
		Example: "  spoor label show 0xA160cdAB225685dA1d56aa342Ad8841c3b53f291\n  spoor label show bitcoin:1BoatSLRHtKNngkdXEeobR76b53LETtpyT -o json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("label show: want one address, got %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return p.showLabels(cmd.Context(), args[0], output) },
	}
	output.addFlag(cmd)
	return cmd
}

func (p *program) showLabels(ctx context.Context, what string, output format) error {
	addresses, err := addressesNamed(what)
	if err != nil {
		return err
	}
	var rows []labelRow
	var actors []actorRow
	err = p.withLabels(ctx, func(kept graph.Labels) error {
		builtin, err := label.Builtin()
		if err != nil {
			return err
		}
		set := label.NewSet(builtin.Labels)
		for _, a := range addresses {
			found := set.Of(a)
			if kept != nil {
				more, err := kept.Of(ctx, a)
				if err != nil {
					return err
				}
				found = append(found, more...)
			}
			slices.SortFunc(found, func(a, b graph.Label) int { return a.Compare(&b) })
			for i := range found {
				rows = append(rows, newLabelRow(&found[i]))
			}
		}
		actors, err = actorRows(ctx, kept, actorsOf(rows)...)
		return err
	})
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return advice{fmt.Errorf("labels of %s: %w", what, graph.ErrNotFound), "spoor label list tells which packs are asked"}
	}
	if output == asTable {
		if _, err := fmt.Fprintf(p.out, "%s of %s, as others claim\n", countOf(len(rows), "label"), rows[0].Address); err != nil {
			return err
		}
	}
	if err := printRows(p.out, output, labelColumns(output), each(rows)); err != nil || output != asTable || len(actors) == 0 {
		return err
	}
	if _, err := fmt.Fprintln(p.out, "\nactors that they name"); err != nil {
		return err
	}
	return printRows(p.out, output, actorColumns, each(actors))
}

// actorsOf are the actors that labels name, each once.
func actorsOf(rows []labelRow) (ids []string) {
	for i := range rows {
		if id := rows[i].Actor; id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// addressesNamed are the addresses that a text names: of the chain before it,
// or of each chain whose writing it is.
func addressesNamed(what string) ([]graph.Address, error) {
	ref, err := parseReference(what)
	if err != nil {
		return nil, err
	}
	if !ref.hash.IsZero() || ref.isHeight {
		return nil, usagef("%.100q is no address", what)
	}
	chains := label.Chains()
	if ref.chain.ID != "" {
		chains = []graph.Chain{ref.chain}
	}
	var addresses []graph.Address
	for _, chain := range chains {
		if a, err := graph.ParseAddress(chain, strings.TrimSpace(ref.text)); err == nil {
			addresses = append(addresses, a)
		}
	}
	return addresses, nil
}

// labelsIn are the labels of an address by the built-in pack and a store.
func labelsIn(ctx context.Context, store *badger.Store, a graph.Address) ([]labelRow, error) {
	book, err := openLabelBook(nil)
	if err != nil {
		return nil, err
	}
	known, err := book.in(ctx, store)
	if err != nil {
		return nil, err
	}
	rows := []labelRow{}
	for _, l := range known(a) {
		rows = append(rows, newLabelRow(&l))
	}
	return rows, book.failed
}
