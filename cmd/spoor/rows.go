package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
	"iter"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"spoor/report"
)

// format is how rows are printed: the flag -o.
type format string

// The formats.
const (
	asTable  format = "table"
	asJSON   format = "json"
	asNDJSON format = "ndjson"
	asCSV    format = "csv"
)

var formats = []format{asTable, asJSON, asNDJSON, asCSV}

func (f *format) addFlag(cmd *cobra.Command) {
	*f = asTable
	cmd.Flags().VarP(f, "output", "o", "table, json, ndjson or csv")
	_ = cmd.RegisterFlagCompletionFunc("output", // fails only for a flag that is not there
		cobra.FixedCompletions([]string{"table", "json", "ndjson", "csv"}, cobra.ShellCompDirectiveNoFileComp))
}

// Set reads a format.
func (f *format) Set(text string) error {
	if !slices.Contains(formats, format(text)) {
		return usagef("%q is not a format; want table, json, ndjson or csv", text)
	}
	*f = format(text)
	return nil
}

func (f *format) String() string { return string(*f) }

// Type names the flag's value in help texts.
func (f *format) Type() string { return "FORMAT" }

// A column is one value of a row of type T, by the name it has in CSV.
type column[T any] struct {
	name   string
	number bool // aligned right in a table
	value  func(*T) string
}

// fieldColumns are the columns of rows that the report defines.
func fieldColumns[T any](fields []report.Field[T]) []column[T] {
	columns := make([]column[T], len(fields))
	for i, f := range fields {
		columns[i] = column[T]{f.Name, f.Number, f.Text}
	}
	return columns
}

// printRows writes rows in a format. T must have the JSON names of the columns.
func printRows[T any](w io.Writer, f format, columns []column[T], rows iter.Seq2[T, error]) error {
	buffered := bufio.NewWriter(w)
	var err error
	switch f {
	case asJSON:
		err = printJSON(buffered, rows)
	case asNDJSON:
		err = printNDJSON(buffered, rows)
	case asCSV:
		err = printCSV(buffered, columns, rows)
	default:
		err = printTable(buffered, columns, rows)
	}
	if err != nil {
		return err
	}
	return buffered.Flush()
}

func printJSON[T any](w io.Writer, rows iter.Seq2[T, error]) error {
	list := []T{}
	for row, err := range rows {
		if err != nil {
			return err
		}
		list = append(list, row)
	}
	return writeJSON(w, list)
}

// writeJSON writes one value, indented.
func writeJSON(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(value)
}

func printNDJSON[T any](w io.Writer, rows iter.Seq2[T, error]) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for row, err := range rows {
		if err != nil {
			return err
		}
		if err := e.Encode(row); err != nil {
			return err
		}
	}
	return nil
}

func printCSV[T any](w io.Writer, columns []column[T], rows iter.Seq2[T, error]) error {
	out := csv.NewWriter(w)
	record := make([]string, len(columns))
	for i, c := range columns {
		record[i] = c.name
	}
	if err := out.Write(record); err != nil {
		return err
	}
	for row, err := range rows {
		if err != nil {
			return err
		}
		for i, c := range columns {
			record[i] = c.value(&row)
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func printTable[T any](w io.Writer, columns []column[T], rows iter.Seq2[T, error]) error {
	t := table.NewWriter()
	t.SetStyle(plainTable())
	heading := make(table.Row, len(columns))
	var configs []table.ColumnConfig
	for i, c := range columns {
		heading[i] = c.name
		if c.number {
			configs = append(configs, table.ColumnConfig{Number: i + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
		}
	}
	t.SetColumnConfigs(configs)
	t.AppendHeader(heading)
	for row, err := range rows {
		if err != nil {
			return err
		}
		cells := make(table.Row, len(columns))
		for i, c := range columns {
			cells[i] = printable(c.value(&row))
		}
		t.AppendRow(cells)
	}
	_, err := io.WriteString(w, t.Render()+"\n")
	return err
}

// plainTable has no rules and no colours: columns by blanks.
func plainTable() table.Style {
	s := table.StyleDefault
	s.Options = table.OptionsNoBordersAndSeparators
	s.Format.Header = text.FormatDefault
	s.Box.PaddingLeft, s.Box.PaddingRight = "", "  "
	return s
}

// printable keeps what a stranger chose (a token's symbol) from driving the
// terminal.
func printable(s string) string {
	clean := []rune(s)
	for i, r := range clean {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			clean[i] = '�'
		}
	}
	return string(clean)
}

// each makes rows of a list.
func each[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, row := range list {
			if !yield(row, nil) {
				return
			}
		}
	}
}
