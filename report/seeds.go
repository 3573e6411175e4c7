package report

import (
	"iter"
	"strconv"

	"spoor/graph"
	"spoor/trace"
)

// seeds is seeds.csv: what the case declares stolen, where it was first seen.
func seeds() table {
	type row = numbered[trace.Seeded]
	info := func(r row) *graph.AssetInfo { return &r.v.Asset }
	return newTable("seeds.csv", func(t *trace.Trace) iter.Seq[row] { return number(t.Seeds) },
		[]column[row]{
			numberColumn[trace.Seeded]("number of the seeded value"),
			attributed("seed", text, "the reference as the case writes it", func(r row) string { return claim(r.v.Seed) }),
			fact("chain", caip2, "ledger of the address", func(r row) string { return string(r.v.Asset.Asset.Chain) }),
			fact("address", address, "where the value was", func(r row) string { return r.v.Address.String() }),
		},
		assetColumns(info),
		amountColumns("amount", graph.Derived, "the value that the seed declares stolen; backward, whose source is asked for and no seed at a later movement asked for already", info, func(r row) *graph.Amount { return &r.v.Amount }),
		placeColumns(func(r row) graph.Position { return r.v.At }),
		[]column[row]{
			derived("opening", "true or false", "true: the address spent it although the ledger does not show its arrival", func(r row) string { return strconv.FormatBool(r.v.Opening) }),
		})
}

// unknowns is unknowns.csv: value that was spent although its arrival was not
// read. It lies in the pools as unknown, neither clean nor stolen.
func unknowns() table {
	type row = *trace.Unknown
	info := func(r row) *graph.AssetInfo { return &r.Asset }
	return newTable("unknowns.csv", func(t *trace.Trace) iter.Seq[row] { return each(t.Unknowns) },
		[]column[row]{
			fact("chain", caip2, "ledger of the address", func(r row) string { return string(r.Asset.Asset.Chain) }),
			fact("address", address, "who spent it", func(r row) string { return r.Address.String() }),
		},
		assetColumns(info),
		amountColumns("amount", graph.Derived, "the largest shortfall of the known history", info, func(r row) *graph.Amount { return &r.Amount }),
		placeColumns(func(r row) graph.Position { return r.At }),
		[]column[row]{
			derived("opening", "true or false", "true: before stolen value reached the pool, so that it lay in front of it; false: the history has a gap later; backward, true: nothing had come in before", func(r row) string { return strconv.FormatBool(r.Opening) }),
		})
}

// placeColumns name the transaction in which something was seen.
func placeColumns[R any](at func(R) graph.Position) []column[R] {
	return []column[R]{
		fact("block", height, "block in which it was seen", func(r R) string { return strconv.FormatUint(uint64(at(r).Block), 10) }),
		fact("tx_index", integer, "index of the transaction in its block; empty for what a block itself pays", func(r R) string {
			if at(r).Tx == graph.BlockTx {
				return ""
			}
			return strconv.FormatUint(uint64(at(r).Tx), 10)
		}),
	}
}
