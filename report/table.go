package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"

	"spoor/graph"
	"spoor/trace"
)

// column is one column of a table of R: what it is called and means, and how a
// row fills it. The dictionary is made from the same value as the file, so the
// two cannot drift.
type column[R any] struct {
	heading
	cell func(R) string
}

type heading struct {
	name      string
	unit      string
	statement graph.Statement // varies: the row says it in its column "statement"
	meaning   string
}

const varies graph.Statement = "see statement"

// Units of columns. Integers are numbers in JSON, what is true or false a boolean,
// everything else text.
const (
	integer   = "integer"
	height    = "block height"
	baseUnits = "base units, integer as text"
	units     = "whole units, decimal as text"
	hexText   = "hexadecimal"
	utc       = "RFC 3339, UTC, block time"
	caip2     = "CAIP-2"
	word      = "word"
	boolean   = "true or false"
	text      = "text"
	level     = "0 to 100, GraphSense confidence"
	address   = "address in its chain's own writing; EIP-55 on EVM chains"
)

func fact[R any](name, unit, meaning string, cell func(R) string) column[R] {
	return column[R]{heading{name, unit, graph.Fact, meaning}, cell}
}

func derived[R any](name, unit, meaning string, cell func(R) string) column[R] {
	return column[R]{heading{name, unit, graph.Derived, meaning}, cell}
}

func attributed[R any](name, unit, meaning string, cell func(R) string) column[R] {
	return column[R]{heading{name, unit, graph.Attributed, meaning}, cell}
}

func stated[R any](name, unit, meaning string, cell func(R) string) column[R] {
	return column[R]{heading{name, unit, varies, meaning}, cell}
}

// table is one CSV file.
type table struct {
	file     string
	headings []heading
	rows     func(t *trace.Trace) iter.Seq[[]string] // the yielded slice is used again
}

// newTable is the table of some rows of a trace.
func newTable[R any](file string, rows func(t *trace.Trace) iter.Seq[R], groups ...[]column[R]) table {
	columns := slices.Concat(groups...)
	headings := make([]heading, len(columns))
	for i := range columns {
		headings[i] = columns[i].heading
	}
	return table{file: file, headings: headings, rows: func(t *trace.Trace) iter.Seq[[]string] {
		return func(yield func([]string) bool) {
			cells := make([]string, len(columns))
			for row := range rows(t) {
				for i := range columns {
					cells[i] = columns[i].cell(row)
				}
				if !yield(cells) {
					return
				}
			}
		}
	}}
}

// tables lists every table but the dictionary, in the order of reading. A new
// table is one file and one line here.
func tables() []table {
	return []table{
		movements(), stops(), addresses(), chokes(), peels(), exits(), conservation(), bridges(), coverage(), entities(), seeds(), unknowns(),
	}
}

// writeCSV writes a table with its header as RFC 4180 with CRLF, and returns
// the number of rows.
func (tb table) writeCSV(w io.Writer, t *trace.Trace) (rows int, err error) {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	record := make([]string, len(tb.headings))
	for i := range tb.headings {
		record[i] = tb.headings[i].name
	}
	if err := out.Write(record); err != nil {
		return 0, fmt.Errorf("%s: %w", tb.file, err)
	}
	for cells := range tb.rows(t) {
		for i := range cells {
			record[i] = inert(cells[i])
		}
		if err := out.Write(record); err != nil {
			return rows, fmt.Errorf("%s: %w", tb.file, err)
		}
		rows++
	}
	out.Flush()
	return rows, out.Error()
}

// numbered pairs what is in a list with its number from 1, by which a report
// cites it.
type numbered[T any] struct {
	n int
	v *T
}

func number[T any](list []T) iter.Seq[numbered[T]] {
	return func(yield func(numbered[T]) bool) {
		for i := range list {
			if !yield(numbered[T]{i + 1, &list[i]}) {
				return
			}
		}
	}
}

func each[T any](list []T) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for i := range list {
			if !yield(&list[i]) {
				return
			}
		}
	}
}

func numberColumn[T any](meaning string) column[numbered[T]] {
	return derived("seq", integer, meaning, func(r numbered[T]) string { return strconv.Itoa(r.n) })
}

// assetColumns name what is moved. The symbol and the decimals are what
// somebody says about it.
func assetColumns[R any](of func(R) *graph.AssetInfo) []column[R] {
	return []column[R]{
		fact("asset", "native, contract address, or standard:contract/id", "what the amounts count; with the chain, its identity",
			func(r R) string { return of(r).Asset.Text() }),
		attributed("symbol", text, "what the asset calls itself; never its identity, anybody may deploy a contract of this name",
			func(r R) string { return claim(of(r).Symbol) }),
		attributed("decimals", integer, "decimal places of a whole unit; empty where nobody has said",
			func(r R) string {
				if d := of(r).Decimals; d >= 0 {
					return strconv.Itoa(d)
				}
				return ""
			}),
	}
}

// amountColumns are one amount in base units and in whole units.
func amountColumns[R any](name string, statement graph.Statement, meaning string, asset func(R) *graph.AssetInfo, amount func(R) *graph.Amount) []column[R] {
	return []column[R]{
		{heading{name + "_raw", baseUnits, statement, meaning}, func(r R) string { return amount(r).Dec() }},
		{heading{name, units, graph.Derived, meaning + "; empty where the decimals are unknown"}, func(r R) string { return asset(r).Units(*amount(r)) }},
	}
}

func rawColumn[R any](name, meaning string, amount func(R) *graph.Amount) column[R] {
	return derived(name, baseUnits, meaning, func(r R) string { return amount(r).Dec() })
}
