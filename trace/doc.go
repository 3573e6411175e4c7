// Package trace follows value from a case through the ledgers.
//
// A trace is a discrete-event simulation of value in ledger order, not a
// breadth-first walk. Value that was stolen lies in pools: a balance of one
// asset at one account, or one unspent output. Pools hold [Lot]s, amounts with
// the seed they come from. The engine takes the earliest event at any tainted
// pool, evaluates its transaction once and as a whole, moves lots by a
// [Method], and goes on until no tainted pool has an event left or a bound is
// met. No money leaves before it arrives, and no path is counted twice.
//
//	case.go, seed.go    what is asked
//	lot.go, method.go   pools and the rules that share them out
//	net.go, exchange.go what a transaction did, net, and what was swapped for what
//	stop.go             where a branch ends
//	run.go              the queue
//	plant.go            where seeds begin
//	event.go            one transaction: payments.go, trade.go, steal.go and receive.go
//	                    on account ledgers, utxo.go on the others
//	bridge.go           value that goes into a bridge: what was paid (bridge_custody.go), where
//	                    it goes (bridge_way.go) and what comes out (bridge_landing.go);
//	                    bridge_back.go goes the other way
//	link.go, claim.go   links that the case accepts, and what rests on them
//	account.go          an address in which taint lies, and its history
//	book.go             what has been found so far
//	backward.go         the same asked backward, from what seeds name (origin_seed.go):
//	                    origin.go (untrade.go) on account ledgers,
//	                    spent.go on the others; past.go, want.go and reverse.go are what
//	                    a pool's history tells, and what is wanted of it
//	conserve.go         the conservation law
//	finish.go           what still lies in pools when the trace is over
//	result.go           the finished trace
//	live.go             a trace that is kept going: checkpoint.go and clone.go
//	                    take it back after a reorganisation
//	choke.go, peel.go   what is read off it
package trace
