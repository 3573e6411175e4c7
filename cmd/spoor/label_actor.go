package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"spoor/graph"
)

// An actorRow is what a pack says of a person or organisation.
type actorRow struct {
	ID            string `json:"id"`
	Label         string `json:"label"`
	Categories    string `json:"categories"`
	Jurisdictions string `json:"jurisdictions"`
	Aliases       string `json:"aliases"`
	URI           string `json:"uri"`
	Context       string `json:"context"`
	Date          string `json:"date"`
	Pack          string `json:"pack"`
	Statement     string `json:"statement"`
}

func newActorRow(a *graph.Actor) actorRow {
	join := func(list []string) string { return strings.Join(list, "|") }
	return actorRow{a.ID, a.Label, join(a.Categories), join(a.Jurisdictions), join(a.Aliases), a.URI, a.Context, dateText(a.Date), a.Pack.String(), string(graph.Attributed)}
}

var actorColumns = []column[actorRow]{
	{"id", false, func(r *actorRow) string { return r.ID }},
	{"label", false, func(r *actorRow) string { return r.Label }},
	{"categories", false, func(r *actorRow) string { return r.Categories }},
	{"jurisdictions", false, func(r *actorRow) string { return r.Jurisdictions }},
	{"aliases", false, func(r *actorRow) string { return r.Aliases }},
	{"uri", false, func(r *actorRow) string { return r.URI }},
	{"context", false, func(r *actorRow) string { return r.Context }},
	{"date", false, func(r *actorRow) string { return r.Date }},
	{"pack", false, func(r *actorRow) string { return r.Pack }},
	{"statement", false, func(r *actorRow) string { return r.Statement }},
}

func (p *program) labelActorCommand() *cobra.Command {
	output := format("")
	cmd := &cobra.Command{
		Use:   "actor ID",
		Short: "Show what ActorPacks say of a person or organisation",
		Long: `Show what the ActorPacks in the store say of the person or organisation that
labels name as their actor, all they say and side by side. Labels of one actor
are one owner's when entities are computed, whatever they call it, and labels of
two actors two owners'.`,
		Example: "  spoor label actor binance\n  spoor label actor binance -o json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("label actor: want one actor's id, got %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var rows []actorRow
			err := p.withLabels(cmd.Context(), func(kept graph.Labels) (err error) {
				rows, err = actorRows(cmd.Context(), kept, args[0])
				return err
			})
			if err != nil {
				return err
			}
			if len(rows) == 0 {
				return advice{fmt.Errorf("actor %.100q: %w", args[0], graph.ErrNotFound), "spoor label show ADDRESS -o json tells the actor of a label; spoor label list which packs have actors"}
			}
			return printRows(p.out, output, actorColumns, each(rows))
		},
	}
	output.addFlag(cmd)
	return cmd
}

// actorRows are what packs say of some actors; kept may be nil.
func actorRows(ctx context.Context, kept graph.Labels, ids ...string) (rows []actorRow, err error) {
	if kept == nil {
		return nil, nil
	}
	for _, id := range ids {
		found, err := kept.Actor(ctx, id)
		if err != nil {
			return nil, err
		}
		for i := range found {
			rows = append(rows, newActorRow(&found[i]))
		}
	}
	return rows, nil
}
