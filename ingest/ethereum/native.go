package ethereum

import (
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/params"

	"spoor/graph"
)

// Transaction types of rollups whose coin comes from another chain.
const (
	opDeposit       = 0x7e
	arbitrumDeposit = 0x64 // 0x64 to 0x6a: deposits, retryables, internal
	arbitrumLast    = 0x6a
)

// recipient is where the transaction's value goes. A created contract's
// address follows from the sender and its nonce.
func (tx *Tx) recipient() common.Address {
	switch {
	case tx.To != nil:
		return *tx.To
	case tx.Created != nil:
		return *tx.Created
	case tx.Root != nil && tx.Root.To != nil:
		return *tx.Root.To
	}
	return crypto.CreateAddress(tx.From, tx.Nonce)
}

// status is what the receipt says or, where receipts do not tell, what follows
// for certain:
//
//   - the root call frame tells;
//   - a transaction with logs succeeded;
//   - before Byzantium a failure cost all gas (there was no REVERT), so a
//     transaction with gas left succeeded;
//   - a transaction that used exactly the 21000 of a bare payment, with gas left,
//     has run no instruction that could fail.
func (d *decoder) status(tx *Tx) Status {
	if tx.Status != StatusUnknown {
		return tx.Status
	}
	switch {
	case tx.Root != nil && tx.Root.Failed:
		return StatusFailed
	case tx.Root != nil, len(tx.Logs) > 0:
		return StatusOK
	case tx.GasUsed == nil || *tx.GasUsed >= tx.Gas:
		return StatusUnknown
	case tx.StateRoot, *tx.GasUsed == params.TxGas && d.fork != Amsterdam:
		return StatusOK
	}
	return StatusUnknown
}

// value is the transaction's own value, which moves if it succeeds.
func (d *decoder) value(tx *Tx) {
	kind, to := graph.KindNative, tx.recipient()
	if tx.To == nil {
		kind = graph.KindCreate
	}
	first, _ := graph.CallSeq(0)
	d.move(first, kind, &tx.From, &to, tx.Value)
}

// mint is what a rollup credits for coin locked on the chain it settles on.
func (d *decoder) mint(tx *Tx) {
	switch {
	case tx.Mint != nil:
		seq, _ := graph.RewardSeq(0)
		d.move(seq, graph.KindMint, nil, &tx.From, *tx.Mint)
	case tx.Type == opDeposit && d.fees.opStack && !tx.Value.IsZero(),
		d.chain.ID == "eip155:42161" && tx.Type >= arbitrumDeposit && tx.Type <= arbitrumLast:
		d.pass("deposit from another chain whose minted amount the source does not tell", 1)
		d.concerned(tx.From)
	}
}

// root drops call frames that contradict their transaction.
func (d *decoder) root(tx *Tx) {
	if d.in.Traces == graph.None {
		tx.Root = nil
	}
	f := tx.Root
	if f == nil {
		if d.in.Traces != graph.None {
			d.pass("transaction without call frames in a traced block", 1)
			d.untold()
		}
		return
	}
	var err error
	switch {
	case f.From != tx.From:
		err = fmt.Errorf("frame from %s, transaction from %s", f.From, tx.From)
	case f.Type != Call && f.Type != Create:
		err = errors.New("the first frame is neither a call nor a create")
	case (f.Type == Create) != (tx.To == nil):
		err = errors.New("one creates a contract, the other calls one")
	case tx.To != nil && (f.To == nil || *f.To != *tx.To):
		err = fmt.Errorf("the frame does not call %s", tx.To)
	case f.Value == nil || *f.Value != tx.Value:
		err = fmt.Errorf("the values differ; the transaction's is %s", tx.Value.Dec())
	case tx.Status != StatusUnknown && f.Failed != (tx.Status == StatusFailed):
		err = errors.New("one failed, the other did not")
	default:
		return
	}
	d.problem(tx, "call frames contradict the transaction", err)
	tx.Root = nil
	d.untold()
}
