package label

import _ "embed"

// services lists contracts that many traces meet: mixers, bridges, exchanges
// of tokens, lenders, wrapped coins, stablecoins, and addresses nobody can
// spend from. The categories are GraphSense concepts, and "burn"; behaviours
// say what a trace must do there. Every row names who says so.
//
//go:embed services.csv
var services []byte

// BuiltinName is the name of the built-in pack.
const BuiltinName = "built-in services.csv"

// Builtin is the table of well-known services that comes with spoor, a pack
// like any other that is always there. Addresses that are the same contract on
// all EVM chains have a label on each chain of the chain table.
func Builtin() (*List, error) {
	l, err := Read(services, Options{Name: "services.csv", Format: formatCSV, Strict: true, Licence: "Apache-2.0"})
	if err != nil {
		return nil, err
	}
	l.Pack.Name, l.Pack.Title, l.Pack.Creator, l.Pack.Options = BuiltinName, "well-known services", "spoor", ""
	return l, nil
}
