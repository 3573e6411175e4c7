package ethereum

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
	"spoor/ingest/bridge"
)

// passages adds what a transaction says about value that leaves the chain
// through a bridge, or comes out of one.
func (d *decoder) passages(tx *Tx) {
	in := bridge.Tx{Chain: d.chain.ID, Hash: common.Hash(tx.Hash), Block: common.Hash(d.in.Hash), Type: tx.Type, From: tx.From, To: tx.To,
		Input: tx.Data, Value: tx.Value, NoLogs: d.in.Logs == graph.None}
	if tx.Mint != nil {
		in.Mint = *tx.Mint
	}
	if len(tx.Logs) > 0 {
		in.Logs = make([]bridge.Log, len(tx.Logs))
	}
	for i := range tx.Logs {
		in.Logs[i] = bridge.Log(tx.Logs[i])
	}
	events, unread := bridge.Events(&in)
	for _, e := range events {
		d.event(e)
	}
	for _, u := range unread {
		d.pass(fmt.Sprintf("side of a %s passage that cannot be read", u.Protocol), 1)
	}
}
