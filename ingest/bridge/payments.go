package bridge

import (
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
)

// payments are departures without an event of the bridge: payments to an
// account that the Avalanche bridge controls.
func (in *input) payments() {
	tx := in.tx
	for _, m := range in.sentTo("avalanche-bridge", "account") {
		seq, err := graph.LogSeq(tx.Logs[m.at].Index, 0)
		if err == nil {
			err = in.add(graph.Event{Seq: seq, Kind: graph.Departure, Protocol: "avalanche-bridge", Emitter: in.address(m.token), Subject: in.address(m.from), Asset: in.erc20(m.token),
				Amount: m.amount, Key: string(tx.Hash[:]), Far: graph.Far{Chain: "eip155:43114", Recipient: string(m.from[:])}})
		}
		if err != nil {
			in.unread = append(in.unread, Unread{seq, "avalanche-bridge", err})
		}
	}
	if tx.To != nil && !tx.Value.IsZero() && in.table.lists("avalanche-bridge", "account", tx.Chain, *tx.To) {
		e := graph.Event{Seq: callSeq(), Kind: graph.Departure, Protocol: "avalanche-bridge", Subject: in.address(tx.From), Asset: in.native,
			Amount: tx.Value, Key: string(tx.Hash[:]), Far: graph.Far{Chain: "eip155:43114", Recipient: string(tx.From[:])}}
		if err := in.add(e); err != nil {
			in.unread = append(in.unread, Unread{e.Seq, e.Protocol, err})
		}
	}
}

// sentTo are the tokens that listed accounts receive.
func (in *input) sentTo(protocol, role string) []movement {
	if _, here := in.table.byName[protocol].Emitters[role][strings.TrimPrefix(string(in.tx.Chain), "eip155:")]; !here {
		return nil
	}
	listed := func(l Log) bool {
		return len(l.Topics) == 3 && l.Topics[0] == topicTransfer && in.table.lists(protocol, role, in.tx.Chain, common.BytesToAddress(l.Topics[2][12:]))
	}
	if !slices.ContainsFunc(in.tx.Logs, listed) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(in.movements()), func(m movement) bool {
		return m.amount.IsZero() || m.from == (common.Address{}) || !in.table.lists(protocol, role, in.tx.Chain, m.to)
	})
}
