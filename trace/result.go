package trace

import (
	"spoor/cluster/amm"
	"spoor/cluster/passage"
	"spoor/graph"
)

// Trace is what became of a case's value, at stated tips. It is sorted and
// deterministic: the same case on the same ledgers gives the same trace.
type Trace struct {
	Case         Case // with every default written out
	Method       Method
	Tips         []Tip
	Seeds        []Seeded
	Steps        []Step    // in ledger order across chains
	Passages     []Passage // in order of departure
	Stops        []Stop
	Holders      []Holder
	Balances     []Balance
	Unknowns     []Unknown
	Coverage     []graph.Coverage
	Owners       map[graph.Address]graph.Address // the entity of each address that shares an owner with others
	Members      []Member                        // evidence that joins addresses of the trace to their entities
	Clusterings  []Clustering                    // what entities were computed from, by chain
	Exits        *Exits                          // where value could have come out of mixers; nil: not asked
	Pools        map[graph.Address]amm.Proof     // addresses proven to be pools, of those traded with or ended at
	Transactions int                             // evaluated
	Notes        []string                        // what the reader must know besides
}

// Backward reports whether the trace looks for sources. Its seeds are then value
// where it came to lie, taint is value that ended in them, and its stops are
// where that came from.
func (t *Trace) Backward() bool { return t.Case.Direction == Backward }

// Tip is the last block of a chain that the trace could see.
type Tip struct {
	Chain graph.Chain
	graph.Header
}

// Seeded is value that the case declares stolen, where it was first seen.
type Seeded struct {
	Seed    string // the reference in the case
	Address graph.Address
	Asset   graph.AssetInfo
	Amount  graph.Amount
	At      graph.Position
	Opening bool // it left the address without the ledger showing its arrival
}

// Step is taint moving from one position to the next. Account ledgers give one
// row for a net payment, with both ends; UTXO ledgers one for each input and
// output that carries taint.
type Step struct {
	Chain      graph.ChainID
	At         graph.Position // of the first movement it is made of
	Block      graph.Hash
	Tx         graph.Hash
	Time       int64
	Kind       graph.Kind
	From, To   graph.Address
	Asset      graph.AssetInfo
	Amount     graph.Amount // what moved
	Tainted    graph.Amount // of it, from the seeds
	Hop        int
	Rule       string
	Claimed    bool        // it was reached over a link that is only attributed
	Confidence int         // 100, or the least of such links
	Legs       []graph.Seq // every movement of the transaction it is made of

	Spends          graph.Position // of an input: where the output is that it spends
	Inputs, Outputs int            // of a UTXO transaction, those of nothing left out
}

// Rules of steps.
const (
	RuleSeed      = "seed"     // declared stolen by the case
	RuleTransfer  = "transfer" // one movement
	RuleNet       = "net"      // several movements, netted: the parties between keep nothing
	RuleGiven     = "swap_given"
	RuleReceived  = "swap_received"
	RuleFee       = "fee"
	RuleUTXO      = "utxo"       // inputs shared out to outputs by the method
	RuleBridgeOut = "bridge_out" // into a bridge
	RuleBridgeIn  = "bridge_in"  // out of a bridge, on another chain
	RuleLinkOut   = "link_out"   // along a link of the case
	RuleLinkIn    = "link_in"
	RuleMixerIn   = "mixer_in"  // into a mixer, from which the depositor took it back
	RuleMixerOut  = "mixer_out" // taken back
)

// Reason says why a branch ended.
type Reason string

// The reasons.
const (
	StopService   Reason = "service"
	StopMixer     Reason = "mixer"
	StopBridge    Reason = "bridge_unmatched"
	StopContract  Reason = "contract_unknown"
	StopBurn      Reason = "burn"
	StopFrozen    Reason = "frozen"
	StopFee       Reason = "fee"
	StopDust      Reason = "dust"
	StopBudget    Reason = "budget"
	StopUncovered Reason = "not_covered"
	StopAtRest    Reason = "at_rest"

	// Of sources alone, where value is traced backward.
	StopMint    Reason = "mint"    // issued by the contract of its asset
	StopReward  Reason = "reward"  // paid by the ledger itself, or earned as fees
	StopUnknown Reason = "unknown" // spent although its arrival was not read
)

// Stop is the end of branches at an address, for one asset and reason.
type Stop struct {
	Reason     Reason
	Address    graph.Address // zero for fees that nobody earns
	Label      graph.Label   // zero unless a label is the reason
	Owner      graph.Address // its entity; zero if nothing joins it with others
	Asset      graph.AssetInfo
	Tainted    graph.Amount
	Hop        int // smallest
	First      int64
	Last       int64
	Statement  graph.Statement
	Rule       string
	Heuristic  string      // the rule of chance that decided it, by its name in cluster.ErrorRate; "" if none did
	Confidence int         // 100 for what is derived
	Freezable  graph.Label // of the asset's contract, if somebody says that its issuer can freeze it
}

// Passage is stolen value that left a ledger through a bridge, and where it came
// out, as far as that is known. Backward it is value that is asked for, and where
// it came from.
type Passage struct {
	Bridge     string          // protocol
	Departure  passage.Side    // zero if it is not known, backward
	Arrival    *passage.Side   // nil if it is not known, forward
	Asset      graph.AssetInfo // zero if its departure was not looked at, backward
	Sent       graph.Amount    // what went in
	TaintedOut graph.Amount    // of it, from the seeds
	ToAsset    graph.AssetInfo // zero if it was not followed there, forward
	Delivered  graph.Amount    // what came out
	TaintedIn  graph.Amount    // of it, from the seeds
	Crossed    bool            // it was followed; if not, Why
	Why        string
	Statement  graph.Statement // derived by key, attributed by a link of the case
	Rule       string
	Confidence int
}

// Rules of passages whose other side is not known.
const (
	RuleNoArrival   = "no arrival"
	RuleNoDeparture = "no departure"
)

// Told is the side from which a passage was followed: its departure, or
// backward, where that is not known, its arrival.
func (p *Passage) Told() *passage.Side {
	if p.Departure.Chain == "" {
		return p.Arrival
	}
	return &p.Departure
}

// Holder is what a trace says about one address and asset.
type Holder struct {
	Address graph.Address
	Role    string // source, intermediate, terminal or holder
	Labels  []graph.Label
	Proven  string        // what it is proven to be, by what rule; "" if nothing
	Owner   graph.Address // its entity; zero if nothing joins it with others
	Asset   graph.AssetInfo
	In      graph.Amount // taint that arrived, seeds and swaps included
	Out     graph.Amount // taint that left, swaps and fees included
	Held    graph.Amount // what of it is still there at the end of the trace
	Fresh   bool         // of an account: it had never had the asset when taint first came
	Hop     int
	First   int64
	Last    int64
	Frozen  graph.Stated // the event by which the issuer keeps the address from moving it at the tip, if any does
}

// Balance is the conservation law of one asset: seeded + converted in + bridged
// in = at rest + stopped + fees + converted out + bridged out.
type Balance struct {
	Asset        graph.AssetInfo
	Seeded       graph.Amount
	ConvertedIn  graph.Amount
	BridgedIn    graph.Amount
	AtRest       graph.Amount
	Stopped      graph.Amount
	Fees         graph.Amount
	ConvertedOut graph.Amount
	BridgedOut   graph.Amount
}

// Unknown is value an address spent although its arrival was not read: it had
// it before the known history, or the history has a gap.
type Unknown struct {
	Address graph.Address
	Asset   graph.AssetInfo
	Amount  graph.Amount
	At      graph.Position // where it was missing
	Opening bool           // before taint first reached the pool; it lay in front of the taint
}
