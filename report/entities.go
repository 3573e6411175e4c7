package report

import (
	"iter"
	"strconv"

	"spoor/graph"
	"spoor/trace"
)

const entityMeaning = "owner, named by the smallest of his addresses, where rules of clustering join the address with others (entities.csv); empty if they do not, or the chain was not clustered"

// entities is entities.csv: the evidence on which the trace says that addresses
// share an owner. It joins every address of the trace that has an entity, and
// every address whose label was used for another, to the address that names
// the entity, by the shortest chain; members that the trace does not meet are
// not in it.
func entities() table {
	type row = *trace.Member
	family := func(r row) graph.Family { return graph.ChainOf(r.Address.Chain).Family }
	return newTable("entities.csv", func(t *trace.Trace) iter.Seq[row] { return each(t.Members) },
		[]column[row]{
			attributed("entity", address, "the owner, named by the smallest of his addresses", func(r row) string { return r.Entity.String() }),
			fact("chain", caip2, "ledger of the address", func(r row) string { return string(r.Address.Chain) }),
			fact("address", address, "an address of the owner, or the deposit address that two of his paid into", func(r row) string { return r.Address.String() }),
			attributed("rule", word, "heuristic that joins it with the other address of the same transaction and rule (spoor cluster rules)", func(r row) string { return claim(r.Rule) }),
			fact("tx_hash", hexText, "transaction that the heuristic looked at", func(r row) string { return r.Tx.Text(family(r)) }),
			attributed("confidence", level, "how sure the heuristic is", func(r row) string { return strconv.Itoa(r.Confidence) }),
			rateColumn(func(r row) string { return r.Rule }),
		})
}
