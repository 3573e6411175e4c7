package ethereum

import (
	"errors"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
)

// Components of a fee have fixed places, so that two sources agree.
const (
	feeBase      = iota // burnt part (EIP-1559)
	feeTip              // priority fee, or the whole fee before EIP-1559
	feeBlob             // EIP-4844
	feeL1               // rollups: for data on the chain they settle on
	feeUndivided        // where the header is unknown: base and tip together
)

// feeRule is who gets the fees of a chain.
type feeRule struct {
	opStack bool
	base    *common.Address // nil: burnt
	tip     *common.Address // nil: the header's miner, unless lost
	lost    bool            // collected outside of what a block tells; no recipient is named
	l1      *common.Address
}

func account(text string) *common.Address {
	a := common.HexToAddress(text)
	return &a
}

// feesOf is the fee rule of a chain; Ethereum's for those not listed. OP Stack
// chains credit all parts to vault predeploys (ethereum-optimism/specs).
// Gnosis credits the base fee to a collector. On BNB, Polygon and Arbitrum the
// protocol collects fees where header and receipts do not show it.
func feesOf(chain graph.ChainID) feeRule {
	switch chain {
	case "eip155:10", "eip155:8453":
		return feeRule{opStack: true,
			base: account("0x4200000000000000000000000000000000000019"),
			tip:  account("0x4200000000000000000000000000000000000011"),
			l1:   account("0x420000000000000000000000000000000000001A")}
	case "eip155:100":
		return feeRule{base: account("0x6BBe78ee9e474842Dbd4AB4987b3CeFE88426A92")}
	case "eip155:43114": // all of it goes to the header's coinbase, which nobody owns
		return feeRule{base: account("0x0100000000000000000000000000000000000000"), tip: account("0x0100000000000000000000000000000000000000")}
	case "eip155:56", "eip155:137", "eip155:42161":
		return feeRule{lost: true}
	}
	return feeRule{}
}

// fee adds what the sender paid for a transaction, failed or not.
func (d *decoder) fee(tx *Tx) {
	if tx.Type == opDeposit && d.fees.opStack {
		return // paid for on the chain it came from
	}
	d.blobFee(tx)
	if tx.L1Fee != nil {
		d.move(graph.FeeSeq(feeL1), graph.KindFee, &tx.From, d.fees.l1, *tx.L1Fee)
	}
	if tx.Operator {
		// How the parameters make a fee has changed from one upgrade of the OP
		// Stack to the next, and a receipt does not tell which holds.
		d.pass("operator fee of which the receipt tells only the parameters", 1)
		d.partial()
		d.concerned(tx.From)
	}
	if tx.GasUsed == nil || tx.GasPrice == nil {
		d.pass("fee of a transaction without receipt", 1)
		d.partial()
		d.concerned(tx.From)
		return
	}
	gas := new(graph.Amount).SetUint64(*tx.GasUsed)
	var total, burnt, tip graph.Amount
	_, overflow := total.MulOverflow(gas, tx.GasPrice)
	if d.in.BaseFee != nil {
		_, more := burnt.MulOverflow(gas, d.in.BaseFee)
		overflow = overflow || more
	}
	switch {
	case overflow:
		d.problem(tx, "fee beyond 256 bits", errors.New("gas used times gas price is 2^256 or more"))
		d.partial()
	case !d.in.HeaderKnown:
		d.move(graph.FeeSeq(feeUndivided), graph.KindFee, &tx.From, nil, total)
	case total.Lt(&burnt) && total.IsZero():
		// System transactions of some chains pay nothing, not even the base fee.
	case total.Lt(&burnt):
		d.problem(tx, "gas price below the base fee", errors.New("price "+tx.GasPrice.Dec()+", base fee "+d.in.BaseFee.Dec()))
		d.partial()
	default:
		tip.Sub(&total, &burnt)
		kind := graph.KindBaseFee
		if d.fees.base != nil {
			kind = graph.KindFee
		}
		d.move(graph.FeeSeq(feeBase), kind, &tx.From, d.fees.base, burnt)
		d.move(graph.FeeSeq(feeTip), graph.KindFee, &tx.From, d.tipTo(), tip)
	}
}

func (d *decoder) tipTo() *common.Address {
	switch {
	case d.fees.lost:
		return nil
	case d.fees.tip != nil:
		return d.fees.tip
	}
	return d.in.Miner
}

func (d *decoder) blobFee(tx *Tx) {
	switch {
	case tx.BlobFee != nil:
		d.move(graph.FeeSeq(feeBlob), graph.KindBlobFee, &tx.From, nil, *tx.BlobFee)
	case tx.Type == 3:
		d.pass("blob fee that the source does not tell", 1)
		d.concerned(tx.From)
	}
}
