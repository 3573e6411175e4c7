package ethereum

import (
	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
)

// ruleCreated names creations that the chain itself shows: a call frame, or a
// transaction without a callee that succeeded.
const ruleCreated = "evm-create"

// created adds the creation of a contract: by the transaction's sender (frame
// 0), or by the contract that ran CREATE or CREATE2. Of the sender's own it
// says the same whether frames are known or not, so that reading traces later
// adds only what is inside.
func (d *decoder) created(number int, creator, contract common.Address) {
	seq, err := graph.CallSeq(number)
	if err != nil {
		return // too many frames is a problem told where values are counted
	}
	if contract == (common.Address{}) {
		d.pass("creation of a contract whose address the source does not tell", 1)
		return
	}
	d.event(graph.Event{Seq: seq, Kind: graph.Created, Protocol: ruleCreated, Subject: d.address(&contract), Object: d.address(&creator)})
}

// createdUntraced adds what a transaction without call frames creates. What
// contracts create inside it stays unknown, as the block's Knowledge says.
func (d *decoder) createdUntraced(tx *Tx) {
	switch {
	case tx.Root != nil || tx.To != nil:
	case tx.Created == nil && d.chain.ID == "eip155:324":
		// zkSync Era computes addresses of contracts in another way.
		d.pass("creation of a contract whose address the source does not tell", 1)
	default:
		d.created(0, tx.From, tx.recipient())
	}
}
