package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"

	"spoor/graph"
	"spoor/trace"
)

const pageFile = "report.html"

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New(pageFile).Funcs(template.FuncMap{"mark": mark}).Parse(pageText))

// pageRows bounds the rows of a table in the page; all are in the CSV file.
const pageRows = 50

// pageTables are the tables of the page, and the columns of each that fit on
// paper. The others are in the CSV files.
var pageTables = []struct {
	title, file string
	columns     []string
}{
	{"Where it ended", "stops.csv", []string{"seq", "reason", "address", "label", "tainted", "tainted_raw", "symbol", "last_time", "statement", "rule", "confidence", "error_rate"}},
	{"What was declared stolen, or asked for", "seeds.csv", nil},
	{"Movements", "trace.csv", []string{"seq", "time", "block", "tx_hash", "position", "from", "to", "amount", "amount_raw", "symbol", "tainted", "hop", "statement", "rule", "confidence"}},
	{"Over bridges", "bridges.csv", []string{"bridge", "src_chain", "src_tx", "dst_chain", "dst_tx", "src_amount_raw", "dst_amount_raw", "statement", "rule", "confidence", "note"}},
	{"Could have come out of mixers", "exits.csv", []string{"deposit_tx", "deposit_time", "deposit", "symbol", "recipient", "withdrawal_tx", "statement", "rule", "score", "others", "rivals", "anonymity_set", "placebo_permille", "confidence", "error_rate"}},
	{"Why addresses are taken for one owner's", "entities.csv", nil},
	{"Spent without its arrival having been read", "unknowns.csv", nil},
	{"What was read", "coverage.csv", nil},
}

// page is what the template shows.
type page struct {
	Case     string
	Tool     string
	Steps    []Advice
	Head     Section
	Sections []Section
	Tables   []pageTable
	Rules    []rateText
	Made     Manifest
	Wanted   []string // freeze requests
}

// pageTable is a table of the evidence, its first rows.
type pageTable struct {
	Title, File string
	Columns     []heading
	Rows        []pageRow
	All         int
}

type pageRow struct {
	Statement graph.Statement // of the row; "" if it has none of its own
	Cells     []string
}

// Name, Meaning and Statement are for the template.
func (h heading) Name() string               { return h.name }
func (h heading) Meaning() string            { return h.meaning }
func (h heading) Statement() graph.Statement { return h.statement }

// mark tells kinds of statements apart by shape, for those who see no colour and
// for paper.
func mark(s graph.Statement) string {
	switch s {
	case graph.Fact:
		return "●"
	case graph.Derived:
		return "◆"
	case graph.Attributed:
		return "▲"
	}
	return ""
}

// writePage writes the report for people: one file that loads nothing, runs
// nothing, and prints. Every text of strangers is made visible by the tables and
// sections, and escaped by the template.
func writePage(w io.Writer, t *trace.Trace, m Manifest) error {
	sections, err := Sections(t, SummaryOptions{})
	if err != nil {
		return err
	}
	steps, err := NextSteps(t)
	if err != nil {
		return err
	}
	m = m.complete(t, nil)
	p := page{Case: claim(t.Case.Name), Tool: fmt.Sprintf("%s %s", m.Tool, m.Version), Steps: steps, Head: sections[0], Sections: sections[1:], Rules: m.Heuristics, Made: m}
	for _, r := range requests(t) {
		p.Wanted = append(p.Wanted, r.file())
	}
	for _, shown := range pageTables {
		tb, err := find(shown.file)
		if err != nil {
			return err
		}
		table, err := tb.page(t, shown.columns)
		if err != nil {
			return err
		}
		table.Title = shown.title
		if table.All > 0 {
			p.Tables = append(p.Tables, table)
		}
	}
	return pageTemplate.Execute(w, &p)
}

// page takes the first rows of a table, with these columns or all.
func (tb table) page(t *trace.Trace, columns []string) (pageTable, error) {
	out := pageTable{File: tb.file}
	var at []int
	statement := -1
	for i, h := range tb.headings {
		if h.name == "statement" {
			statement = i
		}
		if columns == nil {
			at = append(at, i)
		}
	}
	for _, name := range columns {
		i := slices.IndexFunc(tb.headings, func(h heading) bool { return h.name == name })
		if i < 0 {
			return out, fmt.Errorf("column %q of %s: %w", name, tb.file, ErrTable)
		}
		at = append(at, i)
	}
	for _, i := range at {
		out.Columns = append(out.Columns, tb.headings[i])
	}
	for cells := range tb.rows(t) {
		if out.All++; out.All > pageRows {
			continue
		}
		var row pageRow
		if statement >= 0 {
			row.Statement = graph.Statement(cells[statement])
		}
		for _, i := range at {
			row.Cells = append(row.Cells, cells[i])
		}
		out.Rows = append(out.Rows, row)
	}
	return out, nil
}
