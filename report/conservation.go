package report

import (
	"iter"

	"spoor/graph"
	"spoor/trace"
)

// conservation is conservation.csv: the books of each asset.
func conservation() table {
	type row struct {
		*trace.Balance
		conserves bool
	}
	rows := func(t *trace.Trace) iter.Seq[row] {
		return func(yield func(row) bool) {
			for i := range t.Balances {
				if !yield(row{&t.Balances[i], t.Method.Conserves}) {
					return
				}
			}
		}
	}
	sum := func(name, meaning string, amount func(row) *graph.Amount) column[row] {
		return rawColumn(name, meaning, amount)
	}
	return newTable("conservation.csv", rows,
		[]column[row]{fact("chain", caip2, "ledger of the asset", func(r row) string { return string(r.Asset.Asset.Chain) })},
		assetColumns(func(r row) *graph.AssetInfo { return &r.Asset }),
		[]column[row]{
			sum("seeded_raw", "declared stolen by the case; backward, asked for by it", func(r row) *graph.Amount { return &r.Seeded }),
			sum("converted_in_raw", "received for stolen value of another asset; backward, given for value of another asset that is asked for", func(r row) *graph.Amount { return &r.ConvertedIn }),
			sum("bridged_in_raw", "delivered by a bridge for stolen value on another chain; backward, given to a bridge for value on another chain that is asked for", func(r row) *graph.Amount { return &r.BridgedIn }),
			sum("at_rest_raw", "still held: the sum of stops.csv with reason at_rest", func(r row) *graph.Amount { return &r.AtRest }),
			sum("stopped_raw", "ended, backward at sources: the sum of stops.csv with any reason but at_rest and fee", func(r row) *graph.Amount { return &r.Stopped }),
			sum("fees_raw", "paid for transactions: the sum of stops.csv with reason fee", func(r row) *graph.Amount { return &r.Fees }),
			sum("converted_out_raw", "given for another asset; backward, received for it, so that its source is sought there", func(r row) *graph.Amount { return &r.ConvertedOut }),
			sum("bridged_out_raw", "given to a bridge that delivered on another chain; backward, delivered by a bridge, so that its source is sought on the other chain", func(r row) *graph.Amount { return &r.BridgedOut }),
			derived("difference_raw", baseUnits, "seeded + converted in + bridged in - at rest - stopped - fees - converted out - bridged out; 0, or nothing would have been written; empty for poison",
				func(r row) string {
					if !r.conserves {
						return ""
					}
					return r.Difference().String()
				}),
			derived("note", text, "what the row is not", func(r row) string {
				if r.conserves {
					return ""
				}
				return poisonNote
			}),
		})
}

const poisonNote = "poison measures reach; amounts are not conserved"
