package report

import (
	"iter"
	"slices"
	"strconv"
	"strings"

	"spoor/graph"
	"spoor/trace"
)

// addresses is addresses.csv: what the trace says about each address and asset.
func addresses() table {
	type row = *trace.Holder
	info := func(r row) *graph.AssetInfo { return &r.Asset }
	sum := func(name, meaning string, amount func(row) *graph.Amount) column[row] {
		return rawColumn(name, meaning, amount)
	}
	return newTable("addresses.csv", parties,
		[]column[row]{
			fact("chain", caip2, "ledger of the address", func(r row) string { return string(r.Asset.Asset.Chain) }),
			fact("address", address, "the address", func(r row) string { return r.Address.String() }),
			derived("role", word, "source (a seed; backward, where value came from), intermediate, terminal (branches end there), holder (still holds; backward, what is asked for lies there), counterparty (other end of a movement, holds nothing stolen)",
				func(r row) string { return claim(r.Role) }),
			derived("proven", text, "what the address is proven to be: a pool whose place follows from its factory and the tokens it trades", func(r row) string { return claim(r.Proven) }),
			attributed("entity", address, entityMeaning, func(r row) string { return r.Owner.String() }),
			attributed("labels", "name (category; source; confidence), separated by |", "every claim about the address that was known", func(r row) string { return labelList(r.Labels) }),
		},
		assetColumns(info),
		[]column[row]{
			sum("tainted_in_raw", "value from the seeds that arrived, seeds and swaps included; backward, value that arrived and ended in the seeds", func(r row) *graph.Amount { return &r.In }),
			sum("tainted_out_raw", "value from the seeds that left, swaps and fees included; backward, value that left and ended in the seeds", func(r row) *graph.Amount { return &r.Out }),
			sum("tainted_held_raw", "value from the seeds that did not leave: at rest, or ended there; backward, what is asked for and lies there", func(r row) *graph.Amount { return &r.Held }),
			derived("hop", integer, "smallest number of movements since the theft; backward, until what is asked for", func(r row) string { return strconv.Itoa(r.Hop) }),
			fact("first_time", utc, "first movement of the trace that names it", func(r row) string { return instant(r.First) }),
			fact("last_time", utc, "last movement of the trace that names it", func(r row) string { return instant(r.Last) }),
			fact("frozen_time", utc, "when the issuer of the asset froze it at the address, if it is frozen at the tip", func(r row) string {
				if r.Frozen.Kind == 0 {
					return ""
				}
				return instant(r.Frozen.Time)
			}),
			fact("frozen_tx", hexText, "the transaction that says so", func(r row) string { return r.Frozen.Tx.Text(graph.AccountFamily) }),
		})
}

// parties yields the holders of a trace and then, in the order in which they
// are met, the other ends of its movements: a pool that value was swapped in
// holds none of it, and still stands in trace.csv.
func parties(t *trace.Trace) iter.Seq[*trace.Holder] {
	type key struct {
		address graph.Address
		asset   graph.Asset
	}
	known := make(map[key]bool, len(t.Holders))
	for i := range t.Holders {
		known[key{t.Holders[i].Address, t.Holders[i].Asset.Asset}] = true
	}
	var others []trace.Holder
	at := make(map[key]int)
	meet := func(a graph.Address, asset graph.AssetInfo, hop int, first, last int64) {
		k := key{a, asset.Asset}
		if a.IsZero() || known[k] {
			return
		}
		i, met := at[k]
		if !met {
			at[k] = len(others)
			others = append(others, trace.Holder{Address: a, Owner: t.Owners[a], Proven: provenText(t, a), Asset: asset, Role: "counterparty", Hop: hop, First: first, Last: last})
			return
		}
		o := &others[i]
		o.Hop, o.First, o.Last = min(o.Hop, hop), min(o.First, first), max(o.Last, last)
	}
	for i := range t.Steps {
		s := &t.Steps[i]
		meet(s.From, s.Asset, s.Hop, s.Time, s.Time)
		meet(s.To, s.Asset, s.Hop, s.Time, s.Time)
	}
	for i := range t.Stops {
		s := &t.Stops[i]
		meet(s.Address, s.Asset, s.Hop, s.First, s.Last)
	}
	return func(yield func(*trace.Holder) bool) {
		for _, list := range [][]trace.Holder{t.Holders, others} {
			for i := range list {
				if !yield(&list[i]) {
					return
				}
			}
		}
	}
}

func provenText(t *trace.Trace, a graph.Address) string {
	if p, proven := t.Pools[a]; proven {
		return p.Rule()
	}
	return ""
}

func labelList(labels []graph.Label) string {
	list := make([]string, len(labels))
	bar := strings.NewReplacer("|", `\u007c`)
	for i, l := range labels {
		list[i] = bar.Replace(claim(l.Name) + " (" + claim(l.Category) + "; " + claim(l.Source) + "; " + strconv.Itoa(l.Confidence) + ")")
	}
	return strings.Join(slices.Compact(list), " | ")
}
