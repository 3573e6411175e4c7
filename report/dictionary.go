package report

import (
	"iter"

	"spoor/graph"
	"spoor/trace"
)

// dictionary is dictionary.csv: every column of every file, this one's
// included.
func dictionary() table {
	type row struct {
		file string
		heading
	}
	var rows []row
	list := func(file string, headings []heading) {
		for _, h := range headings {
			rows = append(rows, row{file, h})
		}
	}
	self := newTable("dictionary.csv", func(*trace.Trace) iter.Seq[row] {
		return func(yield func(row) bool) {
			for _, r := range rows {
				if !yield(r) {
					return
				}
			}
		}
	}, []column[row]{
		derived("file", text, "name of a file of this folder", func(r row) string { return r.file }),
		derived("column", word, "name of a column of the file", func(r row) string { return r.name }),
		derived("meaning", text, "what the column says. Texts that strangers chose (symbols, labels, sources, seeds, rules) are shown with control, bidirectional and invisible characters as escapes such as \\u202e and backslashes doubled, and beyond 200 characters only counted. In every CSV file a cell that a spreadsheet could take for a formula has an apostrophe before it; take one away to restore it.",
			func(r row) string { return r.meaning }),
		derived("unit", text, "what the column is written in", func(r row) string { return r.unit }),
		derived("statement", word, "kind of statement: "+string(graph.Fact)+" (read from a ledger), "+string(graph.Derived)+" (computed from facts), "+string(graph.Attributed)+" (claimed by somebody or by a heuristic), "+string(varies)+" (the row says it)",
			func(r row) string { return string(r.statement) }),
	})
	for _, tb := range append(tables(), self) {
		list(tb.file, tb.headings)
	}
	return self
}
