package cluster

import "fmt"

// Wasabi 1 gives each participant an output of one denomination, about 0.1 BTC,
// and change. Version 1.1 has levels: further denominations, each twice the one
// below. All scripts are P2WPKH.
//
// Two detectors of Dumplings (nopara73): a round that pays the coordinator's
// fixed address needs more than two equal outputs; later the fee went to fresh
// addresses, and it takes ten of 0.08 to 0.12 BTC (in 2018 also 0.05) and no fewer inputs. Confidence
// 70 is graphsense-lib's, 95 ours where the coordinator is paid.
const (
	wasabi1Least = 10
	wasabi1Slack = 50_000 // satoshi by which a level differs from twice the one below
)

func wasabi1(p *Payment, e *equals) (Finding, string, error) {
	switch {
	case p.Time < wasabi1Start:
		return none("before Wasabi began")
	case e.n < 3:
		return none("fewer than three equal outputs")
	case len(p.Inputs) < e.n:
		return none("more equal outputs than inputs")
	case distinct(p.Outputs) != len(p.Outputs):
		return none("an address is paid twice")
	}
	if err := p.Resolve(); err != nil {
		return Finding{}, "", err
	}
	paid, err := paysWasabi1(p)
	if err != nil {
		return Finding{}, "", err
	}
	f := Finding{Protocol: Wasabi10, Confidence: 70, AnonymitySet: e.n, Denominations: []uint64{e.value}}
	switch {
	case !all(p.Inputs, P2WPKH) || !all(p.Outputs, P2WPKH):
		return none("not all scripts are P2WPKH")
	case paid:
		f.Confidence, f.Coordinator = 95, "zkSNACKs"
	case e.n < wasabi1Least:
		return none("fewer than ten equal outputs and no coordinator paid")
	case !isWasabi1Value(e.value, p.Time):
		return none("equal outputs are of no denomination and no coordinator paid")
	case e.singles < 2:
		return none("fewer than two unique outputs")
	case !crowd(p.Inputs):
		return none("an address gives more than a tenth of the inputs")
	}
	f.Tied = p.Tied(e.value)
	for _, v := range e.repeated {
		if isLevel(v, e.value) {
			f.Protocol, f.Denominations = Wasabi11, append(f.Denominations, v)
		}
	}
	return f, "", nil
}

// isLevel reports whether a value is twice the base, or four times, and so on.
func isLevel(v, base uint64) bool {
	for level := 2 * base; level <= v+wasabi1Slack; level *= 2 {
		if v <= level+wasabi1Slack {
			return true
		}
	}
	return false
}

// paysWasabi1 reports whether an output pays the coordinator's fixed address.
func paysWasabi1(p *Payment) (bool, error) {
	if p.lookup.Address == nil {
		return false, nil
	}
	for i := range p.Outputs {
		if p.Outputs[i].Script != P2WPKH {
			continue
		}
		a, err := p.lookup.Address(p.Outputs[i].ID)
		if err != nil {
			return false, fmt.Errorf("%s: output %d: %w", p.At, i, err)
		}
		if isWasabi1Coordinator(a) {
			return true, nil
		}
	}
	return false, nil
}

// crowd reports whether no address gives more than a tenth of the inputs, or
// two of them (graphsense-lib: a top input script of at most 10 %).
func crowd(inputs []Coin) bool {
	ids := make(map[uint64]int, len(inputs))
	most := 0
	for i := range inputs {
		ids[uint64(inputs[i].ID)]++
		most = max(most, ids[uint64(inputs[i].ID)])
	}
	return most <= max(2, len(inputs)/10)
}
