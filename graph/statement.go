package graph

// Statement says what kind of sentence a row is, so that a reader never takes
// an inference for a fact.
type Statement string

// The three kinds of statement.
const (
	Fact       Statement = "fact"       // read from a ledger
	Derived    Statement = "derived"    // computed deterministically from facts
	Attributed Statement = "attributed" // claimed by a heuristic or a label, with its source and confidence
)
