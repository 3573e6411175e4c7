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

func (p *program) labelCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "label",
		Short: "Keep lists of labels, and ask them",
		Long: `Keep lists of labels in the store, and ask them. A label is somebody's claim about
an address. Lists come in packs: a pack is one version of a file, named by the
SHA-256 of its bytes. What several packs say of an address stands side by side.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.labelImportCommand(), p.labelShowCommand(), p.labelActorCommand(), p.labelListCommand(), p.labelRemoveCommand(), p.labelExportCommand())
	return cmd
}

type labelImportOptions struct {
	output format
	list   label.Options
	date   string
	files  []string
}

func (p *program) labelImportCommand() *cobra.Command {
	var o labelImportOptions
	cmd := &cobra.Command{
		Use:   "import FILE...",
		Short: "Import lists of labels into the store",
		Long: `Import lists of labels into the store, each as a pack, whole or not at all. A file
that is there already changes nothing; a newer version of it is another pack,
and both are asked until one is removed.

Formats, recognised from the content, compressed with gzip or not:
  ` + strings.Join(label.Formats(), ", ") + `

Every row is a label or refused, for a reason that is told: an address that fails
its checksum, a currency whose chain spoor does not know. The others are
imported, and the exit code is 3. --chain, --source, --licence, --date and
--confidence fill in what rows leave open; they are kept with the pack.`,
		Example: `  spoor label import packs/*.yaml --licence MIT
  spoor label import sdn.xml
  spoor label import sanctioned_addresses_XBT.txt
  spoor label import tags.csv.gz --licence MIT --date 2024-05-01`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("label import: want at least one file")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.files = args
			return o.run(cmd.Context(), p)
		},
	}
	o.output.addFlag(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.list.Format, "format", "", "format of the files (default: recognised)")
	flags.StringVar(&o.list.Chain, "chain", "", "chain or currency of rows that name none")
	flags.StringVar(&o.list.Source, "source", "", "who says so, where the file does not tell")
	flags.StringVar(&o.list.Licence, "licence", "", "licence under which the files are published")
	flags.StringVar(&o.date, "date", "", "day of the last change of rows that name none")
	flags.StringVar(&o.list.Confidence, "confidence", "", "0 to 100 or a GraphSense word, of rows that name none")
	flags.BoolVar(&o.list.Strict, "strict", false, "refuse a file with any row that is no label")
	return cmd
}

// An importRow is what became of one file.
type importRow struct {
	packRow
	Status  string      `json:"status"` // imported, or already there
	Reasons []reasonRow `json:"reasons"`
	Foreign []string    `json:"foreign_concepts"` // kept; GraphSense's taxonomy does not have them
}

// A reasonRow is how many rows of a file were refused alike.
type reasonRow struct {
	Reason string `json:"reason"`
	Rows   int    `json:"rows"`
	Line   int    `json:"first_line"`
	What   string `json:"first"`
	Error  string `json:"first_error"`
}

var importColumns = append([]column[importRow]{{"status", false, func(r *importRow) string { return r.Status }}}, columnsOf(packColumns, func(r *importRow) *packRow { return &r.packRow })...)

// columnsOf makes the columns of a part those of the whole.
func columnsOf[T, U any](columns []column[U], part func(*T) *U) []column[T] {
	made := make([]column[T], len(columns))
	for i, c := range columns {
		made[i] = column[T]{c.name, c.number, func(r *T) string { return c.value(part(r)) }}
	}
	return made
}

func (o *labelImportOptions) check() (err error) {
	if o.list.Date, err = label.ParseDate(o.date); err != nil {
		return usagef("--date: %w", err)
	}
	if o.list.Confidence != "" {
		if _, err := label.ParseConfidence(o.list.Confidence); err != nil {
			return usagef("--confidence: %w", err)
		}
	}
	return nil
}

func (o *labelImportOptions) run(ctx context.Context, p *program) error {
	if err := o.check(); err != nil {
		return err
	}
	store, err := p.create()
	if err != nil {
		return err
	}
	rows, err := o.importFiles(ctx, store)
	if len(rows) > 0 || err == nil { // a table of nothing says nothing beside the error
		err = errors.Join(err, printRows(p.out, o.output, importColumns, each(rows)))
	}
	err = errors.Join(err, store.Close())
	refused, total := 0, 0
	for _, r := range rows {
		refused, total = refused+r.Refused, total+r.Rows
		p.tellReasons(r)
	}
	if err == nil && refused > 0 {
		err = advice{fmt.Errorf("%w: %d of %d rows are no labels", errPartial, refused, total), "the others are imported; -o json lists every reason, --strict refuses such files"}
	}
	return err
}

// importFiles imports the files until one fails, and tells what became of them.
func (o *labelImportOptions) importFiles(ctx context.Context, store *badger.Store) ([]importRow, error) {
	labels, err := store.Labels(ctx)
	if err != nil {
		return nil, err
	}
	var rows []importRow
	for _, path := range o.files {
		l, err := readLabelFile(path, o.list)
		if err != nil {
			return rows, err
		}
		added, err := labels.Import(ctx, l.Pack, l.Actors, each(l.Labels))
		if errors.Is(err, graph.ErrPack) {
			err = advice{err, "spoor label list tells the packs, spoor label remove takes one out"}
		}
		if err != nil {
			return rows, fmt.Errorf("%s: %w", path, err)
		}
		row := importRow{packRow: newPackRow(&l.Pack), Status: "already there", Reasons: []reasonRow{}}
		if added {
			row.Status = "imported"
		}
		for _, r := range l.Reasons() {
			row.Reasons = append(row.Reasons, reasonRow{r.Reason, r.Rows, r.First.Line, r.First.What, r.First.Err.Error()})
		}
		row.Foreign = append([]string{}, l.Foreign...)
		rows = append(rows, row)
	}
	return rows, nil
}

// shownReasons is how many reasons are told for people.
const shownReasons = 20

// tellReasons tells why rows of a file were refused.
func (p *program) tellReasons(r importRow) {
	if n := len(r.Foreign); n > 0 {
		p.say("%s: kept, though GraphSense's taxonomy has no concept %s", printable(r.Name), printable(someOf(r.Foreign)))
	}
	for i, reason := range r.Reasons {
		if i == shownReasons {
			more := 0
			for _, rest := range r.Reasons[i:] {
				more += rest.Rows
			}
			p.say("%s: and %d more rows for %d more reasons", printable(r.Name), more, len(r.Reasons)-i)
			return
		}
		p.say("%s: refused %s: %s; first in line %d: %s", printable(r.Name), countOf(reason.Rows, "row"), printable(reason.Reason), reason.Line, printable(reason.Error))
	}
}

// someOf lists the first of many words, and counts the others.
func someOf(words []string) string {
	if more := len(words) - shownReasons; more > 0 {
		return strings.Join(words[:shownReasons], ", ") + fmt.Sprintf(" and %d others", more)
	}
	return strings.Join(words, ", ")
}

func countOf(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
