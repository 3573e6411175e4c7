// Package bridge reads what the transactions of one EVM chain say about value
// that leaves it through a bridge, or comes out of one: [Events] turns a
// transaction into departures and arrivals. What both sides of a passage share
// is the event's key; finding the other side is not the business of this
// package.
//
// A bridge is a row of bridges.yaml: which event states a side, who may emit
// it, which of its fields are what. How a key comes about is code where the row
// alone does not tell it, a file for each family:
//
//	stated.go     the event has all of it (deposit ids, transfer ids, source hashes)
//	across.go     deposit ids, with all that deposit and fill share
//	cctp.go       messages, by number or by hash
//	oft.go        LayerZero v2 packets and Stargate's taxi and bus
//	packet.go     LayerZero v1 packets
//	wormhole.go   sequences of published messages
//	nomad.go      hashes of messages
//	poly.go       indexes of transactions, and proofs in call data
//	polygon.go    state numbers
//	ids.go        ids in several logs, or of several tokens
//	arbitrum.go   message numbers, tickets and what redeems them
//	opstack.go    hashes of messages, withdrawals and deposits
//	memo.go       memos that name the other transaction, also on Bitcoin
//	payments.go   payments to an account of the bridge
//	requests.go   requests in call data, where no log tells
//
// # Who may state it
//
// Anybody can deploy a contract that emits the events of a bridge. An event of
// an emitter that is not listed for its chain, with a source, is still a fact
// (it was stated), and may be all that is known of a bridge on a young chain.
// So it is kept, but under another protocol: the name with [graph.Unproven]
// behind it, which never meets the key of a proven one. Events with signatures
// that many contracts share (rows with "strangers: ignored") are kept of listed
// emitters only.
//
// # What is not there
//
// An event with a listed emitter that cannot be read is returned as [Unread],
// with the reason. An asset that the transaction does not tell is left zero,
// with amount zero; a key that it does not tell is "".
package bridge
