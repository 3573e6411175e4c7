package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"spoor/graph"
	"spoor/ingest/label"
)

type labelExportOptions struct {
	pack   string
	format string
}

func (p *program) labelExportCommand() *cobra.Command {
	var o labelExportOptions
	cmd := &cobra.Command{
		Use:   "export [--pack PACK] --format tagpack|csv",
		Short: "Write labels as a TagPack or CSV",
		Long: `Write the labels of the store, or of one pack, as a GraphSense TagPack or as our
own CSV. Either can be imported again and gives the same labels, under the digest
of the new file. What a TagPack has no field for (validity, licence, behaviour) is
in the context of its tags. The licences of the packs still hold: mind them
before you pass the file on.`,
		Example: "  spoor label export --pack sdn.xml --format tagpack > sdn.yaml",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), p) },
	}
	cmd.Flags().StringVar(&o.pack, "pack", "", "one pack only, by digest or name (default: all in the store)")
	cmd.Flags().StringVar(&o.format, "format", "", "tagpack or csv")
	return cmd
}

func (o *labelExportOptions) run(ctx context.Context, p *program) error {
	if o.format != "tagpack" && o.format != "csv" {
		return usagef("--format %q: want tagpack or csv", o.format)
	}
	return p.withLabels(ctx, func(labels graph.Labels) error {
		pack, list, err := o.choose(ctx, labels)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return advice{fmt.Errorf("export labels: %w", graph.ErrNotFound), "spoor label list tells the packs; the built-in one must be named with --pack"}
		}
		out := bufio.NewWriter(p.out)
		write := func(w io.Writer) error { return label.WriteCSV(w, list) }
		if o.format == "tagpack" {
			write = func(w io.Writer) error { return label.WriteTagPack(w, pack, list) }
		}
		if err := write(out); err != nil {
			return err
		}
		return out.Flush()
	})
}

// choose takes the labels to write, and what the file says about itself.
func (o *labelExportOptions) choose(ctx context.Context, kept graph.Labels) (graph.Pack, []graph.Label, error) {
	pack := graph.Pack{Title: "labels kept by spoor", Creator: "spoor"}
	var filter graph.LabelFilter
	if o.pack != "" {
		packs, err := packsOf(ctx, kept)
		if err != nil {
			return pack, nil, err
		}
		if pack, err = packNamed(packs, o.pack); err != nil {
			return pack, nil, err
		}
		if pack.Name == builtinLabels {
			builtin, err := label.Builtin()
			return pack, slices.Clone(builtin.Labels), err
		}
		filter.Pack = pack.Digest
		if pack.Title == "" || pack.Creator == "" {
			pack.Title, pack.Creator = pack.Name, "spoor"
		}
	}
	if kept == nil {
		return pack, nil, nil
	}
	var list []graph.Label
	for l, err := range kept.All(ctx, filter) {
		if err != nil {
			return pack, nil, err
		}
		list = append(list, l)
	}
	return pack, list, nil
}
