package ethereum

import (
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/params"

	"spoor/graph"
)

// untraced names the accounts a successful transaction may have changed where
// its call frames are unknown: the called or created contract if it ran, and
// every contract that logged. Since Amsterdam (EIP-7708) the logs tell exactly.
func (d *decoder) untraced(tx *Tx) {
	if tx.Root != nil {
		return
	}
	if d.fork == Amsterdam && d.in.Logs == graph.Full {
		d.loggedMovements(tx)
		return
	}
	bare := !tx.Input && tx.To != nil && tx.GasUsed != nil && *tx.GasUsed == params.TxGas
	if bare {
		return
	}
	d.concerned(tx.recipient())
	for i := range tx.Logs {
		d.concerned(tx.Logs[i].Address)
	}
}

// loggedMovements reads EIP-7708 logs: the first that equals the transaction's
// own value is it, the others are inner movements.
func (d *decoder) loggedMovements(tx *Tx) {
	own := !tx.Value.IsZero() && tx.From != tx.recipient()
	for i := range tx.Logs {
		l := &tx.Logs[i]
		if l.Address != params.SystemAddress || !isTransfer(l) || len(l.Topics) != 3 || len(l.Data) != 32 {
			continue
		}
		from, to := common.BytesToAddress(l.Topics[1][:]), common.BytesToAddress(l.Topics[2][:])
		var amount graph.Amount
		amount.SetBytes(l.Data)
		if own && from == tx.From && to == tx.recipient() && amount == tx.Value {
			own = false
			continue
		}
		d.concerned(from)
		d.concerned(to)
	}
}
