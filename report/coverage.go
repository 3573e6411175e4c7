package report

import (
	"iter"
	"strconv"

	"spoor/graph"
	"spoor/trace"
)

// coverage is coverage.csv: what was looked at, and how completely. What no
// row names was not looked at.
func coverage() table {
	type row = *graph.Coverage
	extent := func(name, meaning string, of func(row) graph.Extent) column[row] {
		return fact(name, "none, partial or full", meaning, func(r row) string { return of(r).String() })
	}
	return newTable("coverage.csv", func(t *trace.Trace) iter.Seq[row] { return each(t.Coverage) },
		[]column[row]{
			fact("chain", caip2, "ledger that was read", func(r row) string { return string(r.Chain) }),
			fact("address", address, "the only address whose history was read; empty: all of them", func(r row) string { return r.Address.String() }),
			fact("from_block", height, "first block read", func(r row) string { return strconv.FormatUint(uint64(r.From), 10) }),
			fact("to_block", height, "last block read", func(r row) string { return strconv.FormatUint(uint64(r.To), 10) }),
			extent("transfers", "values of transactions, and UTXO inputs and outputs", func(r row) graph.Extent { return r.Know.Transfers }),
			extent("logs", "token transfers", func(r row) graph.Extent { return r.Know.Logs }),
			extent("traces", "value moved by calls inside transactions", func(r row) graph.Extent { return r.Know.Traces }),
			fact("source", text, "what was read: a node, an export, a file", func(r row) string { return claim(r.Source) }),
		})
}
