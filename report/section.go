package report

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	pretty "github.com/jedib0t/go-pretty/v6/table"

	"spoor/graph"
	"spoor/trace"
)

// Section is one part of a summary: a table, sentences, or both. Its texts are
// safe to show: what strangers chose is written as by Visible.
type Section struct {
	Title string // "" for what stands at the head
	Table *SectionTable
	Text  []string // sentences, below the table
}

// SectionTable is the table of a section.
type SectionTable struct {
	Columns []string
	Numbers []bool // by column: amounts and counts, aligned right
	Rows    [][]string
}

// Sections is what Summary writes, in parts. A trace whose books do not balance
// is refused with ErrConservation.
func Sections(t *trace.Trace, o SummaryOptions) ([]Section, error) {
	s, err := compose(t, o)
	if err != nil {
		return nil, err
	}
	return s.sections, nil
}

func (s *summary) section() *Section { return &s.sections[len(s.sections)-1] }

func (s *Section) say(text string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimPrefix(strings.TrimSpace(line), "- "); line != "" {
			s.Text = append(s.Text, line)
		}
	}
}

func (s *Section) tabulate(header pretty.Row, rows []pretty.Row, numbers []int) {
	t := &SectionTable{Columns: cellTexts(header), Numbers: make([]bool, len(header))}
	for _, n := range numbers {
		t.Numbers[n-1] = true
	}
	for _, row := range rows {
		cells := cellTexts(row)
		t.Rows = append(t.Rows, append(cells, make([]string, max(0, len(header)-len(cells)))...)) // sums have no last cells
	}
	s.Table = t
}

func cellTexts(row pretty.Row) []string {
	cells := make([]string, len(row))
	for i, cell := range row {
		cells[i] = fmt.Sprint(cell)
	}
	return cells
}

// Table is a table of an evidence folder.
type Table struct {
	File    string // such as "stops.csv"
	Columns []Column
}

// Column says what a column of a table means; the same sentences are in
// dictionary.csv.
type Column struct {
	Name, Unit string
	Statement  graph.Statement // "see statement" where each row says it
	Meaning    string
}

// Tables lists the tables of an evidence folder in the order of reading, the
// dictionary last.
func Tables() []Table {
	var all []Table
	for _, tb := range append(tables(), dictionary()) {
		t := Table{File: tb.file}
		for _, h := range tb.headings {
			t.Columns = append(t.Columns, Column{h.name, h.unit, h.statement, h.meaning})
		}
		all = append(all, t)
	}
	return all
}

// ReadTable reads up to limit rows of a file that Write wrote, after passing
// over some, as they were before CSV needed its apostrophes.
func ReadTable(r io.Reader, after, limit int) (rows [][]string, err error) {
	in := csv.NewReader(bufio.NewReader(r))
	in.ReuseRecord = true
	for n := -1; len(rows) < limit; n++ { // -1 is the header
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if n < after {
			continue
		}
		rows = append(rows, restored(cells))
	}
	return rows, nil
}

// PickRows reads some rows of a file that Write wrote, ascending and counted
// from 1, as ReadTable reads them.
func PickRows(r io.Reader, rows []int) (picked [][]string, err error) {
	in := csv.NewReader(bufio.NewReader(r))
	in.ReuseRecord = true
	for n := 0; len(picked) < len(rows); n++ { // 0 is the header
		cells, err := in.Read()
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", n, err)
		}
		if n == rows[len(picked)] {
			picked = append(picked, restored(cells))
		}
	}
	return picked, nil
}

// restored is a row as it was before CSV needed its apostrophes; see inert.
func restored(cells []string) []string {
	row := slices.Clone(cells)
	for i := range row {
		row[i] = strings.TrimPrefix(row[i], "'")
	}
	return row
}
