package report

import (
	"iter"

	"spoor/trace"
)

// member is an address that is known to share an owner with others.
type member struct{ entity, chain, address, rule, tx, confidence string }

// entities is entities.csv. This version does not cluster, so that the file
// has its header only and says so by it.
func entities() table {
	return newTable("entities.csv", func(*trace.Trace) iter.Seq[member] { return func(func(member) bool) {} },
		[]column[member]{
			attributed("entity", address, "smallest address of the owner", func(m member) string { return m.entity }),
			fact("chain", caip2, "ledger of the address", func(m member) string { return m.chain }),
			fact("address", address, "an address of the owner", func(m member) string { return m.address }),
			attributed("rule", word, "heuristic that joined it", func(m member) string { return m.rule }),
			fact("tx_hash", hexText, "transaction that the heuristic saw", func(m member) string { return m.tx }),
			attributed("confidence", level, "how sure the heuristic is", func(m member) string { return m.confidence }),
		})
}
