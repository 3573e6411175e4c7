package cluster

import "spoor/graph"

// Evidence is one reason to hold that addresses of a ledger share an owner. It
// names the transaction that shows it, so that it can be looked up, explained
// and taken back. Evidence is appended in ledger order and never changed: who
// shares an owner is computed from it, again whenever a rule is left out, a
// label changes or a block is rolled back.
type Evidence struct {
	At         graph.Position // Seq is 0: the transaction as a whole; of rules in SettledRules the one that spends the last output
	Rule       Rule
	Confidence uint8    // 0 to 100
	A, B       graph.ID // the two addresses; of a deposit the user, then the deposit address; of an airdrop the recipient, then the pool
	C          graph.ID // of a deposit: the exchange's wallet it was forwarded to; of an airdrop: who gave it; else 0
}

// Rule is the number of a heuristic.
type Rule uint8

// The rules that produce evidence; the numbers are stored and never reused.
const (
	CoSpend           Rule = iota + 1 // inputs of one transaction
	ChangeDirect                      // an output pays an address of the inputs back
	ChangeType                        // the only output of the inputs' script type
	ChangeOneTime                     // the only output to an address never seen before
	ChangeReuse                       // the others were seen before
	ChangeOptimal                     // the only output smaller than the smallest input
	ChangeRound                       // the payment is a multiple of a power of ten
	ChangeThousand                    // graphsense-lib: value mod 1000
	ChangePeel                        // a link of a peel chain
	ChangeLegacy                      // Meiklejohn
	ChangeGraphSense                  // graphsense-lib's one-time change: several signs at once
	DepositReuse                      // users of one exchange deposit address
	Airdrop                           // recipients of an airdrop who pool it at one address
	ChangeAgreed                      // change rules of two different signs agree, and none disagrees
	ChangeLockTime                    // spent with a lock time if this has one
	ChangeFixedFee                    // spent at the same fee rate
	ChangeFingerprint                 // spent by a transaction that the same wallet can have written
	ruleEnd
)
