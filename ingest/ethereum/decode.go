package ethereum

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
	"spoor/ingest"
)

// Decoded is what Decode found.
type Decoded struct {
	Block graph.Block
	// Incomplete are accounts whose native balance may have changed in ways the
	// source does not show, in byte order: contracts that ran without their call
	// frames being known, payers of unknown fees. Whom such a contract paid
	// cannot be named: where Know.Traces is not Full, the list is no limit.
	Incomplete []graph.Address
	Read       map[string]uint64 // what was used, by kind
	Passed     map[string]uint64 // what carries no value we store, by reason
	Problems   []ingest.Problem  // what contradicts itself; the block is stored without it
}

// Report tells a meter what was found. With policy Stop the first problem is
// the error.
func (d *Decoded) Report(m *ingest.Meter) error {
	for _, p := range d.Problems {
		if err := m.Problem(p); err != nil {
			return err
		}
	}
	for _, what := range slices.Sorted(maps.Keys(d.Read)) {
		m.Count(what, d.Read[what])
	}
	for _, reason := range slices.Sorted(maps.Keys(d.Passed)) {
		m.Pass(reason, d.Passed[reason])
	}
	if n := len(d.Incomplete); n > 0 {
		m.Count("native incomplete accounts", uint64(n))
	}
	return nil
}

// Decode turns a block into its transfers and what its transactions state
// besides. Transactions must ascend by index.
func Decode(chain graph.Chain, in *Block) Decoded {
	d := decoder{
		chain: chain, in: in, fork: in.Fork, fees: feesOf(chain.ID),
		out: Decoded{
			Block: graph.Block{Header: in.Header, Source: in.Source, Know: graph.Knowledge{Transfers: graph.Full, Logs: in.Logs, Traces: in.Traces}},
			Read:  map[string]uint64{}, Passed: map[string]uint64{},
		},
		incomplete: map[common.Address]bool{},
	}
	if d.fork == ForkUnknown {
		d.fork = ForkAt(chain.ID, in.Time)
	}
	if !in.HeaderKnown || in.Absent {
		d.partial()
	}
	for i := range in.Txs {
		d.transaction(&in.Txs[i])
	}
	d.protocol()
	d.out.Read["blocks"]++
	for _, a := range slices.SortedFunc(maps.Keys(d.incomplete), func(a, b common.Address) int { return bytes.Compare(a[:], b[:]) }) {
		d.out.Incomplete = append(d.out.Incomplete, graph.EVMAddress(chain.ID, a))
	}
	if err := d.out.Block.Validate(chain.ID); err != nil {
		d.out.Problems = append(d.out.Problems, ingest.Problem{Where: fmt.Sprintf("block %d", in.Height), Reason: "block contradicts itself", Err: err})
	}
	return d.out
}

type decoder struct {
	chain      graph.Chain
	in         *Block
	fork       Fork
	fees       feeRule
	out        Decoded
	moves      []graph.Transfer // of the transaction at hand
	events     []graph.Event    // likewise
	incomplete map[common.Address]bool
}

func (d *decoder) transaction(tx *Tx) {
	d.moves, d.events = nil, nil
	if tx.Nameless {
		d.nameless(tx)
		return
	}
	d.root(tx)
	status := d.status(tx)
	d.fee(tx)
	d.delegations(tx, status)
	switch status {
	case StatusOK:
		d.value(tx)
		d.calls(tx)
		d.createdUntraced(tx)
		d.logs(tx)
		d.untraced(tx)
	case StatusUnknown:
		d.pass("value of a transaction whose success the source does not tell", 1)
		d.partial()
		d.concerned(tx.From)
		d.concerned(tx.recipient())
	case StatusFailed:
		if len(tx.Logs) > 0 {
			d.problem(tx, "failed transaction with logs", fmt.Errorf("%d logs in a failed transaction; its events cannot have happened", len(tx.Logs)))
		}
	}
	d.mint(tx)
	if status == StatusOK {
		d.passages(tx)
	}
	d.close(tx, status)
}

// nameless takes the logs of a transaction of which nothing else is known.
func (d *decoder) nameless(tx *Tx) {
	d.pass("transaction of which only logs are known", 1)
	d.partial()
	d.logs(tx)
	for i := range tx.Logs {
		d.concerned(tx.Logs[i].Address)
	}
	d.passages(tx)
	d.close(tx, StatusOK)
}

func (d *decoder) close(tx *Tx, status Status) {
	slices.SortStableFunc(d.moves, func(a, b graph.Transfer) int { return int(int64(a.Seq) - int64(b.Seq)) })
	slices.SortStableFunc(d.events, func(a, b graph.Event) int { return cmp.Compare(a.Seq, b.Seq) })
	d.out.Block.Txs = append(d.out.Block.Txs, graph.Tx{Index: tx.Index, Hash: tx.Hash, Failed: status == StatusFailed, Transfers: d.moves, Events: d.events})
	d.out.Read["transactions"]++
}

// move adds a native movement; nil is nowhere. Nothing moves with amount zero.
func (d *decoder) move(seq graph.Seq, kind graph.Kind, from, to *common.Address, amount graph.Amount) {
	if amount.IsZero() {
		return
	}
	d.moves = append(d.moves, graph.Transfer{Seq: seq, Kind: kind, From: d.address(from), To: d.address(to), Asset: d.chain.Native(), Amount: amount})
	d.out.Read["native transfers"]++
}

func (d *decoder) address(a *common.Address) graph.Address {
	if a == nil {
		return graph.Address{}
	}
	return graph.EVMAddress(d.chain.ID, *a)
}

// partial notes that transfers of the block are missing.
func (d *decoder) partial() { d.out.Block.Know.Transfers = graph.Partial }

// untold notes that call frames of the block are missing.
func (d *decoder) untold() {
	d.out.Block.Know.Traces = min(d.out.Block.Know.Traces, graph.Partial)
}

func (d *decoder) pass(reason string, n uint64) { d.out.Passed[reason] += n }

func (d *decoder) concerned(a common.Address) { d.incomplete[a] = true }

func (d *decoder) problem(tx *Tx, reason string, err error) {
	d.out.Problems = append(d.out.Problems, ingest.Problem{
		Where: fmt.Sprintf("block %d, transaction %d (%s)", d.in.Height, tx.Index, tx.Hash.Text(graph.AccountFamily)), Reason: reason, Err: err})
}
