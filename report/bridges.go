package report

import (
	"encoding/hex"
	"iter"
	"strconv"

	"spoor/graph"
	"spoor/trace"
)

// bridges is bridges.csv: every passage that stolen value took, or should have;
// backward, by which value that is asked for came.
func bridges() table {
	type row = *trace.Passage
	arrived := func(cell func(row) string) func(row) string {
		return func(r row) string {
			if r.Arrival == nil {
				return ""
			}
			return cell(r)
		}
	}
	left := func(cell func(row) string) func(row) string {
		return func(r row) string {
			if r.Departure.Chain == "" {
				return ""
			}
			return cell(r)
		}
	}
	sent := func(cell func(row) string) func(row) string {
		return func(r row) string {
			if r.Asset.Asset == (graph.Asset{}) {
				return ""
			}
			return cell(r)
		}
	}
	delivered := func(cell func(row) string) func(row) string {
		return func(r row) string {
			if r.ToAsset.Asset == (graph.Asset{}) {
				return ""
			}
			return cell(r)
		}
	}
	both := func(cell func(row) string) func(row) string { return left(arrived(cell)) }
	hexOf := func(raw string) string {
		if raw == "" {
			return ""
		}
		return "0x" + hex.EncodeToString([]byte(raw))
	}
	return newTable("bridges.csv", func(t *trace.Trace) iter.Seq[row] { return each(t.Passages) },
		[]column[row]{
			fact("bridge", word, "protocol whose contract states the departure (the arrival, where no departure is known), or of the mixer out of which a deposit was taken back; case: only a link of the case says so", func(r row) string { return claim(r.Bridge) }),
			stated("src_chain", text, "ledger that value left; backward, where no departure is known, what the arrival tells, as in dst_chain",
				func(r row) string {
					if r.Departure.Chain == "" {
						return claim(r.Arrival.Far.Chain)
					}
					return string(r.Departure.Chain)
				}),
			stated("src_tx", hexText, "transaction by which it left; empty if no departure is known", left(func(r row) string { return r.Departure.Tx.Text(graph.ChainOf(r.Departure.Chain).Family) })),
			stated("src_position", word+":index", "place of the statement in the transaction", left(func(r row) string { return r.Departure.At.Seq.String() })),
			stated("dst_chain", text, "ledger on which it came out; where no arrival is known, what the departure tells: CAIP-2, or the protocol's own number of a chain that is in no table; empty if it does not tell",
				func(r row) string {
					if r.Arrival == nil {
						return claim(r.Departure.Far.Chain)
					}
					return string(r.Arrival.Chain)
				}),
			stated("dst_tx", hexText, "transaction by which it came out; empty if no arrival is known", arrived(func(r row) string { return r.Arrival.Tx.Text(graph.ChainOf(r.Arrival.Chain).Family) })),
			stated("dst_position", word+":index", "place of the statement in that transaction", arrived(func(r row) string { return r.Arrival.At.Seq.String() })),
			fact("key", hexText, "what both sides of the passage share; empty if the protocol has none", func(r row) string { return hexOf(r.Told().Key) }),
			stated("src_asset", "native, contract address, or standard:contract/id", "what left; empty where the departure was not looked at", sent(func(r row) string { return r.Asset.Asset.Text() })),
			stated("src_amount_raw", baseUnits, "how much of it moved into the bridge, up to what the departure states", sent(func(r row) string { return r.Sent.Dec() })),
			stated("dst_asset", "native, contract address, or standard:contract/id", "what came out", delivered(func(r row) string { return r.ToAsset.Asset.Text() })),
			stated("dst_amount_raw", baseUnits, "how much of it moved to the recipient, up to what the arrival states", delivered(func(r row) string { return r.Delivered.Dec() })),
			derived("delay_s", integer, "seconds from departure to arrival by the clocks of the two ledgers, which need not agree", both(func(r row) string { return strconv.FormatInt(r.Arrival.Time-r.Departure.Time, 10) })),
			derived("statement", word, "what the passage is: derived (both sides carry the key, or the mixer states that the deposit was taken back) or attributed (the case links them)", func(r row) string { return string(r.Statement) }),
			derived("rule", text, "key; taken_back; what the link of the case says; or that no arrival, or backward no departure, is known", func(r row) string { return prose(r.Rule) }),
			attributed("confidence", level, "100 for a key of one departure; less where several share it; what the case says of its link", func(r row) string { return strconv.Itoa(r.Confidence) }),
			derived("tainted_out_raw", baseUnits, "stolen value that left; backward, value that was asked for where it arrived, in what left", sent(func(r row) string { return r.TaintedOut.Dec() })),
			derived("tainted_in_raw", baseUnits, "stolen value that came out: the same part of what was delivered; backward, value that was asked for", delivered(func(r row) string { return r.TaintedIn.Dec() })),
			attributed("fee_raw", baseUnits, "what left less what came out; empty unless the two assets call themselves the same and have the same decimals", sent(delivered(fee))),
			fact("recipient", hexText, "who is to receive it on the other ledger, as the departure tells; raw bytes, on EVM chains the address", func(r row) string { return hexOf(r.Departure.Far.Recipient) }),
			derived("note", text, "why it was not followed; empty if it was", func(r row) string { return prose(r.Why) }),
			rateColumn(keyed),
		})
}

// fee is what a bridge kept of a passage, "" where the two sides are not said to
// be the same thing.
func fee(p *trace.Passage) string {
	if p.Asset.Symbol == "" || p.Asset.Symbol != p.ToAsset.Symbol || p.Asset.Decimals < 0 || p.Asset.Decimals != p.ToAsset.Decimals || p.Delivered.Gt(&p.Sent) {
		return ""
	}
	kept := p.Sent
	kept.Sub(&kept, &p.Delivered)
	return kept.Dec()
}
