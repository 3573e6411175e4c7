package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/ingest/label"
)

// A packRow is a pack as it is listed.
type packRow struct {
	Pack        string `json:"pack"` // digest
	Name        string `json:"name"`
	Format      string `json:"format"`
	Title       string `json:"title"`
	Creator     string `json:"creator"`
	Description string `json:"description"`
	Licence     string `json:"licence"`
	URI         string `json:"uri"`
	Date        string `json:"date"`
	Options     string `json:"options"`
	Rows        int    `json:"rows"`
	Labels      int    `json:"labels"`
	Actors      int    `json:"actors"`
	Refused     int    `json:"refused"`
}

func newPackRow(p *graph.Pack) packRow {
	return packRow{Pack: p.Digest.String(), Name: p.Name, Format: p.Format, Title: p.Title, Creator: p.Creator, Description: p.Description, Licence: p.Licence,
		URI: p.URI, Date: dateText(p.Date), Options: p.Options, Rows: p.Rows, Labels: p.Labels, Actors: p.Actors, Refused: p.Refused}
}

var packColumns = []column[packRow]{
	{"pack", false, func(r *packRow) string { return r.Pack }},
	{"name", false, func(r *packRow) string { return r.Name }},
	{"format", false, func(r *packRow) string { return r.Format }},
	{"title", false, func(r *packRow) string { return r.Title }},
	{"licence", false, func(r *packRow) string { return r.Licence }},
	{"date", false, func(r *packRow) string { return r.Date }},
	{"options", false, func(r *packRow) string { return r.Options }},
	{"rows", true, func(r *packRow) string { return strconv.Itoa(r.Rows) }},
	{"labels", true, func(r *packRow) string { return strconv.Itoa(r.Labels) }},
	{"actors", true, func(r *packRow) string { return strconv.Itoa(r.Actors) }},
	{"refused", true, func(r *packRow) string { return strconv.Itoa(r.Refused) }},
}

// dateText is a time that a label tells; not known is "".
func dateText(seconds int64) string {
	if seconds == 0 {
		return ""
	}
	return timeText(seconds)
}

// withLabels runs a function on the labels of the store, or on those of an
// empty one where there is no store: the built-in pack is always there.
func (p *program) withLabels(ctx context.Context, f func(labels graph.Labels) error) error {
	err := p.with(func(store *badger.Store) error {
		labels, err := store.Labels(ctx)
		if err != nil {
			return err
		}
		return f(labels)
	})
	if missing := (noStore{}); errors.As(err, &missing) {
		return f(nil)
	}
	return err
}

// packsOf lists the built-in pack and those of a store, nil for none.
func packsOf(ctx context.Context, labels graph.Labels) ([]graph.Pack, error) {
	builtin, err := label.Builtin()
	if err != nil || labels == nil {
		return []graph.Pack{builtin.Pack}, err
	}
	kept, err := labels.Packs(ctx)
	return append([]graph.Pack{builtin.Pack}, kept...), err
}

func (p *program) labelListCommand() *cobra.Command {
	output := format("")
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the packs of labels",
		Long: `List the packs of labels that a trace asks: the built-in one and those in the
store, each with its digest, licence and counts.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withLabels(cmd.Context(), func(labels graph.Labels) error {
				packs, err := packsOf(cmd.Context(), labels)
				if err != nil {
					return err
				}
				rows := make([]packRow, len(packs))
				for i := range packs {
					rows[i] = newPackRow(&packs[i])
				}
				return printRows(p.out, output, packColumns, each(rows))
			})
		},
	}
	output.addFlag(cmd)
	return cmd
}

func (p *program) labelRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remove PACK",
		Short: "Remove a pack of labels from the store",
		Long: `Remove a pack of labels and all it says. A pack is named by its digest, the first
digits of it, or the name of its file if no other pack has it.`,
		Example: "  spoor label remove 5f1c02ab",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("label remove: want one pack, got %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return p.removePack(cmd.Context(), args[0]) },
	}
}

func (p *program) removePack(ctx context.Context, name string) error {
	return p.alone(badger.Options{}, func(store *badger.Store) error {
		labels, err := store.Labels(ctx)
		if err != nil {
			return err
		}
		packs, err := packsOf(ctx, labels)
		if err != nil {
			return err
		}
		pack, err := packNamed(packs, name)
		if err != nil {
			return err
		}
		if pack.Name == builtinLabels {
			return usagef("%s comes with spoor and cannot be removed", pack.Name)
		}
		if err := labels.Remove(ctx, pack.Digest); err != nil {
			return err
		}
		p.say("removed %s: %s, %s", pack.Digest, printable(pack.Name), countOf(pack.Labels, "label"))
		return nil
	})
}

// shortestDigest is how many digits of a digest name a pack at least.
const shortestDigest = 6

// packNamed finds a pack by its digest, the beginning of it, or its name.
func packNamed(packs []graph.Pack, name string) (graph.Pack, error) {
	var found []graph.Pack
	for _, p := range packs {
		if p.Name == name || len(name) >= shortestDigest && strings.HasPrefix(p.Digest.String(), strings.ToLower(name)) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return graph.Pack{}, advice{fmt.Errorf("pack %.80q: %w", name, graph.ErrNotFound), "spoor label list tells the packs"}
	case 1:
		return found[0], nil
	}
	return graph.Pack{}, advice{usagef("%d packs are called %.80q", len(found), name), "name it by its digest, as spoor label list tells it"}
}
