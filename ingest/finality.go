package ingest

import (
	"fmt"

	"spoor/graph"
)

// Finality says how sure a block must be before it is followed.
type Finality uint8

// The choices of --finality, surest last.
const (
	Latest    Finality = iota // the newest block; it may still be replaced
	Safe                      // unlikely to be replaced: what the node calls safe, or six confirmations
	Finalized                 // what the node calls finalized, or the chain's finality depth below the newest
)

var finalityNames = [...]string{"latest", "safe", "finalized"}

// String is the name of the finality on the command line.
func (f Finality) String() string { return finalityNames[f] }

// ParseFinality reads "latest", "safe" or "finalized".
func ParseFinality(text string) (Finality, error) {
	for f, name := range finalityNames {
		if name == text {
			return Finality(f), nil
		}
	}
	return 0, fmt.Errorf("--finality %q: want finalized, safe or latest", text)
}

// safeDepth is how many blocks below the newest a block counts as safe on a
// chain whose nodes do not say: the newest and five on top of it make the six
// confirmations that merchants wait for on Bitcoin.
const safeDepth = 5

// Depth is how many blocks below the newest the finality holds on a chain
// whose nodes do not tell.
func (f Finality) Depth(chain graph.Chain) uint32 {
	switch f {
	case Finalized:
		return chain.Finality
	case Safe:
		return min(safeDepth, chain.Finality)
	}
	return 0
}
