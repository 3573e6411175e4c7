package report

import (
	"iter"
	"strconv"

	"spoor/graph"
	"spoor/trace"
)

// stops is stops.csv: where value ended, at rest included.
func stops() table {
	type row = numbered[trace.Stop]
	info := func(r row) *graph.AssetInfo { return &r.v.Asset }
	return newTable("stops.csv", func(t *trace.Trace) iter.Seq[row] { return number(t.Stops) },
		[]column[row]{
			numberColumn[trace.Stop]("number of the end, by which a report cites it"),
			stated("reason", word, "why branches end here: at_rest (still held), service, mixer, bridge_unmatched, contract_unknown, burn, frozen (still held, and the issuer of the asset lets it not move), fee, dust, budget (a bound of the case), not_covered; backward, branches end at sources (bridge_unmatched: who paid out what came over a bridge, or the bridge's own reserves), and besides there are mint (issued by its contract; the address got it), reward (paid by the ledger, or earned as fees) and unknown (spent although its arrival was not read)",
				func(r row) string { return string(r.v.Reason) }),
			fact("chain", caip2, "ledger of the address", func(r row) string { return string(r.v.Asset.Asset.Chain) }),
			fact("address", address, "where value ended, backward where it came from; empty for fees that nobody earns", func(r row) string { return r.v.Address.String() }),
			attributed("entity", address, entityMeaning, func(r row) string { return r.v.Owner.String() }),
			attributed("label", text, "name that a source gives to the address, if that is the reason", func(r row) string { return claim(r.v.Label.Name) }),
			attributed("category", word, "what that source says it is", func(r row) string { return claim(r.v.Label.Category) }),
		},
		assetColumns(info),
		amountColumns("tainted", graph.Derived, "value from the seeds that ended here; backward, value of the seeds that came from here", info, func(r row) *graph.Amount { return &r.v.Tainted }),
		[]column[row]{
			derived("hop", integer, "smallest number of movements since the theft; backward, until what is asked for", func(r row) string { return strconv.Itoa(r.v.Hop) }),
			fact("first_time", utc, "when value first ended here", func(r row) string { return instant(r.v.First) }),
			fact("last_time", utc, "when value last ended here", func(r row) string { return instant(r.v.Last) }),
			derived("statement", word, "what the reason is: derived from the ledger, or attributed by a label or by behaviour", func(r row) string { return string(r.v.Statement) }),
			derived("rule", text, "what decided it: the label's source, the behaviour and its threshold, or the bound", func(r row) string { return prose(r.v.Rule) }),
			attributed("confidence", level, "how sure the source is; 100 for what is derived", func(r row) string { return strconv.Itoa(r.v.Confidence) }),
			attributed("label_source", text, "who says so", func(r row) string { return claim(r.v.Label.Source) }),
			attributed("freezable_by", "name (category; source; confidence)", "the issuer of the asset, where a source says that it can freeze it at an address", func(r row) string {
				if r.v.Freezable.Name == "" {
					return ""
				}
				return labelList([]graph.Label{r.v.Freezable})
			}),
			rateColumn(func(r row) string { return r.v.Heuristic }),
		})
}
