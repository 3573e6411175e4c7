package report

import (
	"iter"
	"strconv"
	"strings"

	"spoor/graph"
	"spoor/trace"
)

// movements is trace.csv: every movement that carries taint, in ledger order
// across chains.
func movements() table {
	type row = numbered[trace.Step]
	info := func(r row) *graph.AssetInfo { return &r.v.Asset }
	family := func(r row) graph.Family { return graph.ChainOf(r.v.Chain).Family }
	return newTable("trace.csv", func(t *trace.Trace) iter.Seq[row] { return number(t.Steps) },
		[]column[row]{
			numberColumn[trace.Step]("number of the movement, by which a report cites it"),
			fact("chain", caip2, "ledger of the movement", func(r row) string { return string(r.v.Chain) }),
			fact("block", height, "block of the movement", func(r row) string { return strconv.FormatUint(uint64(r.v.At.Block), 10) }),
			fact("block_hash", hexText, "hash of the block; empty where the source did not tell it", func(r row) string { return r.v.Block.Text(family(r)) }),
			fact("time", utc, "time of the block", func(r row) string { return instant(r.v.Time) }),
			fact("tx_hash", hexText, "hash of the transaction; empty for what a block itself pays", func(r row) string { return r.v.Tx.Text(family(r)) }),
			fact("tx_index", integer, "index of the transaction in its block; empty for what a block itself pays", func(r row) string {
				if r.v.At.Tx == graph.BlockTx {
					return ""
				}
				return strconv.FormatUint(uint64(r.v.At.Tx), 10)
			}),
			fact("position", word+":index",
				"place of the first movement the row is made of: log:N (log index in the block; .M the item of a batch), call:N (N-th message call of the transaction in execution order, 0 the transaction itself), in:N and out:N (input or output index), fee:N, reward:N; row:N is only the order of an imported file",
				func(r row) string { return r.v.At.Seq.String() }),
			fact("kind", word, "how the value moved: native, internal, token, wrap, input, output, fee …", func(r row) string { return r.v.Kind.String() }),
			stated("from", address, "where the value came from; empty for a UTXO output and for a mint", func(r row) string { return r.v.From.String() }),
			stated("to", address, "where the value went; empty for a UTXO input and for a burn", func(r row) string { return r.v.To.String() }),
		},
		assetColumns(info),
		amountColumns("amount", varies, "what moved in all", info, func(r row) *graph.Amount { return &r.v.Amount }),
		amountColumns("tainted", graph.Derived, "the part of it that comes from the seeds, by the method; backward, the part that ended in the seeds", info, func(r row) *graph.Amount { return &r.v.Tainted }),
		[]column[row]{
			derived("hop", integer, "number of movements since the theft; backward, until what is asked for", func(r row) string { return strconv.Itoa(r.v.Hop) }),
			derived("statement", word, "what the row's movement is: fact (one movement, as the ledger has it) or derived (several movements of a transaction, netted), or attributed (value got there over a link of the case); the tainted part is always derived",
				func(r row) string { return string(statement(r.v)) }),
			derived("rule", word, "why value is said to go on here: seed, transfer, net, swap_given, swap_received, fee, utxo, bridge_out, bridge_in, link_out, link_in, mixer_in and mixer_out (a deposit that its depositor took back, as the mixer states)", func(r row) string { return claim(r.v.Rule) }),
			derived("confidence", level, "100: the movement was read, and the tainted part follows from it by the method; less: what the case says of the link over which it follows", func(r row) string { return strconv.Itoa(r.v.Confidence) }),
			fact("legs", "positions, separated by blanks", "every movement of the transaction that the row is made of", func(r row) string {
				legs := make([]string, len(r.v.Legs))
				for i, leg := range r.v.Legs {
					legs[i] = leg.String()
				}
				return strings.Join(legs, " ")
			}),
		})
}

// statement tells a movement as the ledger has it from one that was summed
// over several. An input or output of a UTXO transaction is a fact as well.
func statement(s *trace.Step) graph.Statement {
	if s.Claimed {
		return graph.Attributed
	}
	if len(s.Legs) > 1 {
		return graph.Derived
	}
	return graph.Fact
}
