package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"spoor/trace"
)

// CSV writes the movements of a trace: the bytes of trace.csv. A trace whose
// books do not balance is refused with ErrConservation.
func CSV(w io.Writer, t *trace.Trace) error {
	if err := Check(t); err != nil {
		return err
	}
	_, err := movements().writeCSV(w, t)
	return err
}

// NDJSON writes the movements of a trace, one JSON object a line, with the
// columns of trace.csv as keys. Amounts are text, empty cells null.
func NDJSON(w io.Writer, t *trace.Trace) error {
	if err := Check(t); err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	if err := movements().writeJSON(out, t, false); err != nil {
		return err
	}
	return out.Flush()
}

// ErrTable is returned for the name of a file that is no table.
var ErrTable = errors.New("no table of the evidence")

// find is the table of a file, such as "exits.csv".
func find(file string) (table, error) {
	for _, tb := range tables() {
		if tb.file == file {
			return tb, nil
		}
	}
	return table{}, fmt.Errorf("%.40q: %w", file, ErrTable)
}

// TableCSV writes one table of a trace: the bytes of its file in the evidence
// folder.
func TableCSV(w io.Writer, t *trace.Trace, file string) error {
	tb, err := find(file)
	if err == nil {
		_, err = tb.writeCSV(w, t)
	}
	return err
}

// TableJSON writes one table of a trace, as NDJSON or as a list.
func TableJSON(w io.Writer, t *trace.Trace, file string, list bool) error {
	tb, err := find(file)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	if list {
		_, _ = out.WriteString("[") // Flush tells
	}
	if err := tb.writeJSON(out, t, list); err != nil {
		return err
	}
	if list {
		_, _ = out.WriteString("\n]\n")
	}
	return out.Flush()
}

// TableCells are some columns of one table of a trace.
func TableCells(t *trace.Trace, file string, columns ...string) (rows [][]string, err error) {
	tb, err := find(file)
	if err != nil {
		return nil, err
	}
	at := make([]int, len(columns))
	for i, name := range columns {
		at[i] = slices.IndexFunc(tb.headings, func(h heading) bool { return h.name == name })
		if at[i] < 0 {
			return nil, fmt.Errorf("column %q of %s: %w", name, file, ErrTable)
		}
	}
	for cells := range tb.rows(t) {
		row := make([]string, len(columns))
		for i, c := range at {
			row[i] = cells[c]
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// JSON writes a trace as one object: the manifest's account of what it was
// computed from, and every table by the name of its file. Amounts are text.
func JSON(w io.Writer, t *trace.Trace, m Manifest) error {
	if err := Check(t); err != nil {
		return err
	}
	head, err := json.Marshal(m.complete(t, []File{}))
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	if _, err := fmt.Fprintf(out, "{\n\"manifest\": %s", head); err != nil {
		return err
	}
	for _, tb := range tables() {
		if _, err := fmt.Fprintf(out, ",\n%q: [", strings.TrimSuffix(tb.file, ".csv")); err != nil {
			return err
		}
		if err := tb.writeJSON(out, t, true); err != nil {
			return err
		}
		if _, err := out.WriteString("]"); err != nil {
			return err
		}
	}
	if _, err := out.WriteString("\n}\n"); err != nil {
		return err
	}
	return out.Flush()
}

// writeJSON writes the rows of a table as objects: one a line, or the elements
// of a list.
func (tb table) writeJSON(w io.Writer, t *trace.Trace, list bool) error {
	var b []byte
	first := true
	for cells := range tb.rows(t) {
		b = b[:0]
		if list && !first {
			b = append(b, ',')
		}
		if list {
			b = append(b, "\n  "...)
		}
		b = tb.appendObject(b, cells)
		if !list {
			b = append(b, '\n')
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		first = false
	}
	return nil
}

// appendObject appends a row as an object with its columns as keys, in their
// order.
func (tb table) appendObject(b []byte, cells []string) []byte {
	b = append(b, '{')
	for i, cell := range cells {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(appendString(b, tb.headings[i].name), ": "...)
		unit := tb.headings[i].unit
		switch {
		case cell == "":
			b = append(b, "null"...)
		case unit == integer || unit == height || unit == level || unit == boolean:
			b = append(b, cell...)
		default:
			b = appendString(b, cell)
		}
	}
	return append(b, '}')
}

func appendString(b []byte, s string) []byte {
	data, err := json.Marshal(s)
	if err != nil {
		panic(err) // no string fails
	}
	return append(b, data...)
}
