package flow

import (
	"math/big"

	"spoor/graph"
)

// Ask says what of a trace is drawn, and how. The zero Ask is the picture of
// the page of a trace.
type Ask struct {
	Time      bool             // places are by the time of the first arrival, not by movements since the theft
	Asset     string           // CAIP-19; only what moved in it, "" for everything
	Since     int64            // Unix seconds, included; 0 for no bound
	Until     int64            // likewise
	Open      []string         // keys of pills to show more of
	Collapse  []string         // keys of entities to show as one box, or "all"
	Hide      []string         // keys of boxes that are not drawn
	Placed    map[string]Point // where boxes stand, if they are drawn; nothing else stands there
	Keep      []string         // keys of boxes that are never folded
	Single    bool             // an arrow for every movement
	Highlight [2]string        // keys between which the widest way is shown
	Trace     string           // address of the page of the trace, "" if it has none

	Known     []Known    // addresses that are drawn besides
	Relations []Relation // of the ledger
}

// Point is the place of a box.
type Point struct{ X, Y int }

// Known is an address that is drawn although no trace has it, or whether or
// not one has it.
type Known struct {
	Address graph.Address
	Labels  []graph.Label
	Near    graph.Address // beside whom it stands; zero for the first column
	Side    int           // -1 before it, 1 after it
	Partial string
}

// Relation is what a ledger tells of two addresses.
type Relation struct {
	From, To    graph.Address
	Joint       bool // through transactions that join what comes in
	Sums        []Sum
	Steps       int
	First, Last int64
	URL         string
}

// Sum is a sum of one asset.
type Sum struct {
	Info   graph.AssetInfo
	Amount *big.Int
}
