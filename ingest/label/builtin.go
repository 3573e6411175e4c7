package label

import (
	_ "embed"
	"strings"

	"spoor/graph"
)

// services lists contracts that many traces meet: mixers, bridges, exchanges
// of tokens, lenders, wrapped coins, stablecoins, and addresses nobody can
// spend from. The categories are GraphSense concepts, and "burn"; behaviours
// say what a trace must do there. Every row names who says so.
//
//go:embed services.csv
var services string

// Builtin is the table of well-known services that comes with spoor. Addresses
// that are the same contract on all EVM chains have a label on each chain of
// the chain table.
func Builtin() ([]graph.Label, error) {
	return ReadCSV(strings.NewReader(services), "services.csv")
}

// BuiltinCSV is the built-in table as the file it is read from, for its digest.
func BuiltinCSV() []byte { return []byte(services) }
