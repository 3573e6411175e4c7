package bitcoin

import (
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/btcutil/v2"

	"spoor/graph"
)

// Lookup finds the output that an outpoint names, with its To and Amount; of
// several with the same transaction hash (two early coinbases repeat one) the
// latest. It returns graph.ErrNotFound where the output is not known.
type Lookup func(graph.OutPoint) (graph.Transfer, error)

// Missing is an input whose output is not known.
type Missing struct {
	Tx    graph.Hash
	Index uint32 // of the transaction in its block
	Input int
	Prev  graph.OutPoint
}

// ErrValue is returned for a block whose amounts cannot be.
var ErrValue = errors.New("impossible amount")

// Decode is what moved in a block: of each transaction an input per spent
// output and an output per paid script, also of amount zero. A coinbase has
// outputs only. Fees are what the inputs hold more than the outputs, and no
// transfers. The block must be sane (see checkBlock).
//
// How each transaction was written is its Form.
//
// Inputs that find does not know are left out and returned, and the block is
// known in part.
func Decode(chain graph.Chain, height uint32, block *btcutil.Block, find Lookup) (graph.Block, []Missing, error) {
	header := &block.MsgBlock().Header
	drafts := make([]draft, len(block.Transactions()))
	for i, tx := range block.Transactions() {
		d := draft{index: uint32(i), hash: display(*tx.Hash()), form: formOf(tx)}
		if !blockchain.IsCoinBase(tx) {
			d.spends = make([]spend, len(tx.MsgTx().TxIn))
			for j, in := range tx.MsgTx().TxIn {
				d.spends[j].prev = graph.OutPoint{Tx: display(in.PreviousOutPoint.Hash), Index: in.PreviousOutPoint.Index}
			}
		}
		d.pays = make([]payment, len(tx.MsgTx().TxOut))
		for j, out := range tx.MsgTx().TxOut {
			if out.Value < 0 || out.Value > btcutil.MaxSatoshi {
				return graph.Block{}, nil, fmt.Errorf("%w: output %d of transaction %s pays %d satoshi", ErrValue, j, d.hash, out.Value)
			}
			d.pays[j] = payment{graph.ScriptAddress(chain.ID, out.PkScript), uint64(out.Value)}
			d.note(j, out.PkScript)
		}
		drafts[i] = d
	}
	return assemble(chain, graph.Header{
		Height: height,
		Hash:   display(*block.Hash()),
		Parent: display(header.PrevBlock),
		Time:   header.Timestamp.Unix(),
	}, drafts, find)
}

// draft is a transaction whose inputs are not resolved.
type draft struct {
	index  uint32
	hash   graph.Hash
	spends []spend // none: a coinbase
	pays   []payment
	memos  []memo
	form   graph.Form // zero where the source does not tell
}

// spend is an input, with what its source claims about the output spent.
type spend struct {
	prev    graph.OutPoint
	claimed bool
	amount  uint64        // if claimed
	address graph.Address // zero where the source does not tell it exactly
}

type payment struct {
	address graph.Address
	satoshi uint64
}

// assemble resolves the inputs of a block's transactions, which may spend
// outputs of earlier ones of the same block.
func assemble(chain graph.Chain, header graph.Header, drafts []draft, find Lookup) (graph.Block, []Missing, error) {
	block := graph.Block{
		Header: header,
		Txs:    make([]graph.Tx, 0, len(drafts)),
		// A UTXO ledger has neither logs nor calls, so all of them are known.
		Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full},
	}
	made := make(map[graph.Hash][]graph.Transfer) // outputs of this block
	var missing []Missing
	for i := range drafts {
		d := &drafts[i]
		transfers := make([]graph.Transfer, 0, len(d.spends)+len(d.pays))
		transfers, unknown, err := resolve(chain, transfers, d, made, find)
		if err != nil {
			return graph.Block{}, nil, fmt.Errorf("transaction %s: %w", d.hash, err)
		}
		if len(unknown) > 0 {
			missing = append(missing, unknown...)
			block.Know.Transfers = graph.Partial
		}
		inputs := len(transfers)
		var in, out graph.Amount
		for _, t := range transfers {
			in.Add(&in, &t.Amount)
		}
		for j, p := range d.pays {
			seq, err := graph.OutputSeq(j)
			if err != nil {
				return graph.Block{}, nil, fmt.Errorf("transaction %s: %w", d.hash, err)
			}
			t := graph.Transfer{Seq: seq, Kind: graph.KindOutput, To: p.address, Asset: chain.Native()}
			t.Amount.SetUint64(p.satoshi)
			out.Add(&out, &t.Amount)
			transfers = append(transfers, t)
		}
		if inputs > 0 && len(unknown) == 0 && in.Lt(&out) {
			return graph.Block{}, nil, fmt.Errorf("transaction %s: %w: pays %s satoshi and has %s", d.hash, ErrValue, out.Dec(), in.Dec())
		}
		if len(drafts) > 1 {
			made[d.hash] = transfers[inputs:]
		}
		events, err := d.passages(chain, transfers)
		if err != nil {
			return graph.Block{}, nil, fmt.Errorf("transaction %s: %w", d.hash, err)
		}
		block.Txs = append(block.Txs, graph.Tx{Index: d.index, Hash: d.hash, Transfers: transfers, Events: events, Form: d.form})
	}
	return block, missing, nil
}

func resolve(chain graph.Chain, transfers []graph.Transfer, d *draft, made map[graph.Hash][]graph.Transfer, find Lookup) ([]graph.Transfer, []Missing, error) {
	var unknown []Missing
	for i, s := range d.spends {
		seq, err := graph.InputSeq(i)
		if err != nil {
			return nil, nil, err
		}
		spent, err := spentBy(s, made, find)
		if errors.Is(err, graph.ErrNotFound) {
			unknown = append(unknown, Missing{Tx: d.hash, Index: d.index, Input: i, Prev: s.prev})
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("input %d: %w", i, err)
		}
		transfers = append(transfers, graph.Transfer{Seq: seq, Kind: graph.KindInput, From: spent.To, Asset: chain.Native(), Amount: spent.Amount, Prev: s.prev})
	}
	return transfers, unknown, nil
}

// spentBy is the output an input spends: of this block, as known before, or as
// the source claims. A claim must agree with what is known.
func spentBy(s spend, made map[graph.Hash][]graph.Transfer, find Lookup) (graph.Transfer, error) {
	var known graph.Transfer
	if outputs, here := made[s.prev.Tx]; here {
		if uint64(s.prev.Index) >= uint64(len(outputs)) {
			return graph.Transfer{}, fmt.Errorf("spends output %d of transaction %s, which has %d", s.prev.Index, s.prev.Tx, len(outputs))
		}
		known = outputs[s.prev.Index]
	} else {
		var err error
		known, err = find(s.prev)
		if errors.Is(err, graph.ErrNotFound) && s.claimed && !s.address.IsZero() {
			known = graph.Transfer{To: s.address}
			known.Amount.SetUint64(s.amount)
			return known, nil
		}
		if err != nil {
			return graph.Transfer{}, err
		}
	}
	var claim graph.Amount
	if s.claimed && !known.Amount.Eq(claim.SetUint64(s.amount)) {
		return graph.Transfer{}, fmt.Errorf("%w: the file says %d satoshi, output %d of %s has %s",
			ErrValue, s.amount, s.prev.Index, s.prev.Tx, known.Amount.Dec())
	}
	return known, nil
}
