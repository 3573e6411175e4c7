package cluster

import "slices"

// equals is which values of a transaction's outputs repeat. Data outputs, of
// value zero, are left out.
type equals struct {
	value    uint64   // the most frequent value; of equally frequent ones the largest
	n        int      // how often it occurs
	repeated []uint64 // the values that occur more than once, ascending
	singles  int      // outputs whose value occurs once
	rest     uint64   // the largest other value
	data     int      // outputs of value zero
}

// equalOutputs counts.
func equalOutputs(outputs []Coin) (e equals) {
	values := make([]uint64, 0, len(outputs))
	for i := range outputs {
		if outputs[i].Value == 0 {
			e.data++
			continue
		}
		values = append(values, outputs[i].Value)
	}
	slices.Sort(values)
	for i := 0; i < len(values); {
		j := i + 1
		for j < len(values) && values[j] == values[i] {
			j++
		}
		if n := j - i; n == 1 {
			e.singles++
		} else {
			e.repeated = append(e.repeated, values[i])
		}
		if j-i >= e.n {
			e.value, e.n = values[i], j-i
		}
		i = j
	}
	for _, v := range values {
		if v != e.value {
			e.rest = v // ascending: the last is the largest
		}
	}
	return e
}

// A JoinMarket transaction gives each of its participants an output of one
// value, and change to all but perhaps one.
//
//	in   any of n or more owners      out  v … v (n times)  c1 … cn or c1 … cn-1
//
// The bounds are graphsense-lib's (2026), which gives it 49: equal outputs are
// at least half of all, above the dust of other protocols, and no more than the
// input addresses; many inputs must not dwarf them. Added is what a CoinJoin
// wallet never does: pay an address twice, pay an input's address back, or write
// data; and Dumplings' bound: nobody puts in a coin that his two outputs cannot
// hold, with room for the fees. Where two or more changes fit an input it is 80,
// and many inputs do not matter.
const (
	joinLeast      = 3
	joinDust       = 2_730 // satoshi; marker outputs of other protocols
	joinManyInputs = 50
	joinFees       = 100_000 // satoshi, beside a hundredth of the value
	joinConfidence = 49
	tiedConfidence = 80
	tiedLeast      = 2      // changes that fit
	tiedFees       = 10_000 // satoshi, beside a thousandth of the value
)

func joinMarket(p *Payment, e *equals) (Finding, string, error) {
	if e.n < 2 {
		return none("no equal outputs")
	}
	paid := len(p.Outputs) - e.data
	payers := p.Payers()
	f := Finding{Protocol: JoinMarket, Confidence: joinConfidence, AnonymitySet: e.n, Denominations: []uint64{e.value}}
	if p.Time < joinMarketStart || e.n == paid {
		f.Protocol = EqualOutput
	}
	switch {
	case e.data > 0:
		return none("a data output")
	case e.value <= joinDust:
		return none("equal outputs are dust, as token protocols use")
	case distinct(p.Outputs) != len(p.Outputs):
		return none("an address is paid twice")
	case paysBack(p):
		return none("an address of the inputs is paid back")
	case e.n < joinLeast:
		return none("two equal outputs")
	case 2*e.n < paid:
		return none("equal outputs are fewer than half")
	case e.n > payers:
		return none("more equal outputs than input addresses")
	case e.n == paid && (paid < whirlpoolLeast || len(p.Inputs) != paid || payers != paid):
		return none("nothing but equal outputs, and not one for each of five or more inputs")
	case e.n == paid:
		return f, "", nil // like a Whirlpool mix, of no pool we know
	case largest(p.Inputs) > e.value+e.rest+e.value/100+joinFees:
		return none("an input is larger than what any owner gets back")
	}
	f.Tied = p.Tied(e.value)
	switch {
	case f.Tied >= tiedLeast:
		f.Confidence = tiedConfidence
	case len(p.Inputs) >= joinManyInputs && (len(p.Inputs) > 20*e.n || 10*paid < 17*e.n):
		return none("many inputs for so few equal outputs")
	}
	return f, "", nil
}

// Tied counts the change outputs that fit an input: the input less the equal
// value, give or take fees, each input and each change once. In a CoinJoin every
// participant with a single input gives one; that two fit by chance is rare, and
// how rare is measured by asking the same of values that are not the equal one.
func (p *Payment) Tied(value uint64) (n int) {
	slack := value/1000 + tiedFees
	var left, change []uint64
	for i := range p.Inputs {
		if v := p.Inputs[i].Value; v > value {
			left = append(left, v-value)
		}
	}
	for i := range p.Outputs {
		if v := p.Outputs[i].Value; v != value && v > 0 {
			change = append(change, v)
		}
	}
	slices.Sort(left)
	slices.Sort(change)
	for i, j := 0, 0; i < len(left) && j < len(change); {
		switch {
		case left[i]+slack < change[j]:
			i++
		case change[j]+slack < left[i]:
			j++
		default:
			n, i, j = n+1, i+1, j+1
		}
	}
	return n
}

// paysBack reports whether an output pays an address of the inputs.
func paysBack(p *Payment) bool {
	for i := range p.Outputs {
		if pays(p.Inputs, p.Outputs[i].ID) {
			return true
		}
	}
	return false
}

// The shape alone: one value repeats, for half of the outputs, rounded up, and
// no more often than there are input addresses (BlockSci isCoinjoin, Dumplings
// "other"), and no input is larger than what its owner could get back. Two
// people make it; so do trades of inscriptions and runes, in which buyer and
// seller sign one transaction, and some batches of one payer. Inputs merge
// nothing; the trace goes on.
const (
	shapeSlack      = 10_000 // satoshi (Dumplings)
	shapeConfidence = 20
)

func equalShape(p *Payment, e *equals) (Finding, string, error) {
	switch {
	case e.n < 2 || len(e.repeated) != 1:
		return none("not exactly one value repeats")
	case e.n != (len(p.Outputs)+1)/2:
		return none("equal outputs are not half of all")
	case e.rest == 0:
		return none("no change")
	case e.n > p.Payers():
		return none("more equal outputs than input addresses")
	case largest(p.Inputs)+shapeSlack > e.value+e.rest:
		return none("an input is larger than what any owner gets back")
	}
	return Finding{Protocol: EqualOutputShape, Confidence: shapeConfidence, AnonymitySet: e.n, Denominations: []uint64{e.value}}, "", nil
}

// A Stonewall pays somebody and, with coins of the same wallet, a decoy of the
// same value; in a Stonewall x2 a second person does. On the ledger both are the
// smallest CoinJoin (graphsense-lib takes the shape as a veto).
//
//	in   any        out  v  v  change  [change]
//
// Wallets that make them spend coins of Whirlpool pools, which tells them from
// other pairs.
const (
	stonewallDust       = 5_000 // satoshi
	stonewallConfidence = 40
)

func stonewall(p *Payment, e *equals) (Finding, string, error) {
	if why := notStonewall(p, e); why != "" {
		return none(why)
	}
	for i := range p.Inputs {
		if pool := poolOf(p.Inputs[i].Value, p.Time); pool != nil {
			return Finding{Protocol: Stonewall, Confidence: stonewallConfidence, AnonymitySet: 2, Denominations: []uint64{e.value}, Pool: pool.name(p.Time)}, "", nil
		}
	}
	return none("no input of a pool's size")
}

// stonewallShape is a Stonewall without coins of a pool.
func stonewallShape(p *Payment, e *equals) (Finding, string, error) {
	if why := notStonewall(p, e); why != "" {
		return none(why)
	}
	return Finding{Protocol: Stonewall, Confidence: shapeConfidence, AnonymitySet: 2, Denominations: []uint64{e.value}}, "", nil
}

// notStonewall is why a transaction has not the shape, "" if it has.
func notStonewall(p *Payment, e *equals) string {
	paid := len(p.Outputs) - e.data
	switch {
	case e.n != 2 || len(e.repeated) != 1:
		return "not exactly one value occurs twice"
	case paid != 3 && paid != 4:
		return "not three or four outputs"
	case e.value <= stonewallDust:
		return "equal outputs of at most 5,000 satoshi"
	case p.Payers() < 2:
		return "one input address"
	case distinct(p.Outputs) != len(p.Outputs):
		return "an address is paid twice"
	case paysBack(p):
		return "an address of the inputs is paid back"
	}
	return ""
}
