package cluster

import "slices"

// A WabiSabi round (Wasabi 2 and its successors) pays outputs of a set of fixed
// denominations, so that everybody finds equals. The coordinator orders inputs
// and outputs by value, the largest first; all are P2WPKH or P2TR.
//
// Dumplings (nopara73) asks for 50 inputs and 80 % of the outputs in the set;
// graphsense-lib, which gives it 60, for 20 inputs and three denominations seen
// twice. Coordinators have since run smaller rounds. Because the order, the set
// and the crowd of inputs are all asked for here, ten inputs are enough, with
// less confidence.
const (
	wabisabiLeast  = 10
	wabisabiLarge  = 20
	wabisabiLowest = 5_000 // satoshi of an output
	wabisabiLevels = 3
)

func wabisabi(p *Payment, e *equals) (Finding, string, error) {
	n := len(p.Outputs)
	switch {
	case p.Time < wabisabiStart:
		return none("before WabiSabi began")
	case len(p.Inputs) < wabisabiLeast:
		return none("fewer than ten inputs")
	case len(e.repeated) < wabisabiLevels:
		return none("fewer than three values repeat")
	case smallest(p.Outputs) < wabisabiLowest:
		return none("an output below 5,000 satoshi")
	case !descends(p.Inputs) || !descends(p.Outputs):
		return none("inputs or outputs are not in order of value")
	case 5*denominations(p.Outputs) < 4*n:
		return none("fewer than 80 % of the outputs are denominations")
	case 2*(n-e.singles) < n-1:
		return none("fewer than half of the outputs have an equal")
	case !crowd(p.Inputs):
		return none("an address gives more than a tenth of the inputs")
	}
	if err := p.Resolve(); err != nil {
		return Finding{}, "", err
	}
	if !all(p.Inputs, P2WPKH, P2TR) || !all(p.Outputs, P2WPKH, P2TR) {
		return none("not all scripts are P2WPKH or P2TR")
	}
	f := Finding{Protocol: WabiSabi, Confidence: 60, AnonymitySet: e.n, Denominations: e.repeated, Coordinator: onlyCoordinator(p.Time)}
	if len(p.Inputs) < wabisabiLarge {
		f.Confidence = 50
	}
	return f, "", nil
}

// denominations counts the outputs of a standard denomination.
func denominations(outputs []Coin) (n int) {
	for i := range outputs {
		if isDenomination(outputs[i].Value) {
			n++
		}
	}
	return n
}

// descends reports whether values never grow.
func descends(coins []Coin) bool {
	return slices.IsSortedFunc(coins, func(a, b Coin) int {
		switch {
		case a.Value > b.Value:
			return -1
		case a.Value < b.Value:
			return 1
		}
		return 0
	})
}

// wabisabiHighest is the largest standard denomination in satoshi.
const wabisabiHighest = 134_375_000_000

// isDenomination reports whether a value is a standard denomination: a power of
// two or of three, twice a power of three, or of the series 1, 2, 5 times a
// power of ten (Dumplings).
func isDenomination(v uint64) bool {
	if v < wabisabiLowest || v > wabisabiHighest {
		return false
	}
	if v&(v-1) == 0 {
		return true
	}
	ten := v
	for ten%10 == 0 {
		ten /= 10
	}
	if ten == 1 || ten == 2 || ten == 5 {
		return true
	}
	three := v
	for three%3 == 0 {
		three /= 3
	}
	return three == 1 || three == 2
}
