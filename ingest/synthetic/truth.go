package synthetic

import (
	"slices"
	"strings"

	"spoor/graph"
)

// Truth is what became of the stolen value of a script, first in first out:
// what a trace of the ledger must find to the base unit. It is booked while the
// script is written, and never computed by following the ledger.
type Truth struct {
	Chain  graph.Chain
	Seeds  []Seed        // in ledger order
	Sums   []Sum         // by asset
	Ends   []End         // by asset, reason, address
	Roles  []Role        // who the addresses of the script are, in order of appearance
	Labels []graph.Label // what the case tells about services
}

// Seed is stolen value as it reached the thief.
type Seed struct {
	Tx     graph.Hash
	To     graph.Address
	Asset  graph.Asset
	Amount graph.Amount
}

// Reason says how stolen value ended.
type Reason string

// How stolen value ends in the scripts.
const (
	AtRest   Reason = "at_rest"  // still there
	Exchange Reason = "exchange" // at an exchange's hot wallet
	Mixer    Reason = "mixer"    // in a mixer's pool
	CoinJoin Reason = "coinjoin" // in outputs of a CoinJoin; unspent, so at rest for a trace that goes through it
	Burn     Reason = "burn"     // destroyed, or at an address nobody can spend from
	Fee      Reason = "fee"      // paid for transactions
)

// End is stolen value that ended at one address: of a fee who paid it, of
// destroyed value nowhere.
type End struct {
	Reason  Reason
	Role    string // of the address
	Address graph.Address
	Asset   graph.Asset
	Amount  graph.Amount
}

// Sum is the balance of one asset: Seeded + ConvertedIn + BridgedIn = AtRest +
// Ended + Fees + ConvertedOut + BridgedOut. CoinJoins count as Ended.
type Sum struct {
	Asset                          graph.Asset
	Seeded, ConvertedIn, BridgedIn graph.Amount
	AtRest, Ended, Fees            graph.Amount
	ConvertedOut, BridgedOut       graph.Amount
}

// Role is what an address is in a script.
type Role struct {
	Address graph.Address
	Name    string
}

// Ended is how much of an asset ended for a reason, wherever.
func (t *Truth) Ended(asset graph.Asset, reason Reason) graph.Amount {
	var sum graph.Amount
	for i := range t.Ends {
		if t.Ends[i].Asset == asset && t.Ends[i].Reason == reason {
			sum.Add(&sum, &t.Ends[i].Amount)
		}
	}
	return sum
}

// At is how much of an asset ended at an address, for whatever reason but fees.
func (t *Truth) At(address graph.Address, asset graph.Asset) graph.Amount {
	var sum graph.Amount
	for i := range t.Ends {
		if e := &t.Ends[i]; e.Asset == asset && e.Address == address && e.Reason != Fee {
			sum.Add(&sum, &e.Amount)
		}
	}
	return sum
}

// Address is who has a role, such as "0: thief"; zero if nobody has.
func (t *Truth) Address(role string) graph.Address {
	for _, r := range t.Roles {
		if r.Name == role {
			return r.Address
		}
	}
	return graph.Address{}
}

// compareAssets orders the native coin before tokens.
func compareAssets(a, b graph.Asset) int {
	if a.IsNative() != b.IsNative() {
		if a.IsNative() {
			return -1
		}
		return 1
	}
	return a.Contract.Compare(b.Contract)
}

func compareEnds(a, b End) int {
	if c := compareAssets(a.Asset, b.Asset); c != 0 {
		return c
	}
	if c := strings.Compare(string(a.Reason), string(b.Reason)); c != 0 {
		return c
	}
	return a.Address.Compare(b.Address)
}

// sort puts ends and sums in their order, one end for each address and reason.
func (t *Truth) sort() {
	slices.SortStableFunc(t.Ends, compareEnds)
	joined := t.Ends[:0]
	for _, e := range t.Ends {
		if n := len(joined); n > 0 && compareEnds(joined[n-1], e) == 0 {
			joined[n-1].Amount.Add(&joined[n-1].Amount, &e.Amount)
			continue
		}
		joined = append(joined, e)
	}
	t.Ends = joined
	slices.SortFunc(t.Sums, func(a, b Sum) int { return compareAssets(a.Asset, b.Asset) })
}

// sortSeeds puts seeds in ledger order, given the script's transactions in it.
func (t *Truth) sortSeeds(txs []scripted) {
	at := make(map[graph.Hash]int, len(txs))
	for i := range txs {
		at[txs[i].tx.Hash] = i
	}
	slices.SortStableFunc(t.Seeds, func(a, b Seed) int { return at[a.Tx] - at[b.Tx] })
}
