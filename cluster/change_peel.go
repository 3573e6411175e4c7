package cluster

import "fmt"

// A peel chain spends one coin in each transaction, pays a small part of it away
// and goes on with the rest.
//
//	… ──▶ 100 ──▶ 97 ──▶ 95 ──▶ …      one input, two outputs each
//	        └▶ 3    └▶ 2
//
// changePeel: where this transaction and the two before it have that form, and
// each was made by spending the larger output of the one before, the larger
// output is the rest again. BlockSci looks at the transaction that spends the
// output instead; that is the future, and would change what was said before.
// Pieces below 1,000 satoshi prove nothing: one step in five is exact dust
// (forensicworks/hopline).
const (
	peelLinks = 2     // transactions before this one
	peelLeast = 1_000 // satoshi
)

func changePeel(p *Payment, all Candidates) (Candidates, error) {
	rest, ok := peelStep(p)
	if !ok || p.lookup.Tx == nil {
		return all, nil
	}
	spends := p.Inputs[0].Spends
	var before Payment
	for range peelLinks {
		if spends.Seq == 0 { // the output is not in the store
			return all, nil
		}
		tx, err := p.lookup.Tx(spends)
		if err != nil {
			return 0, fmt.Errorf("%s: transaction %s that it spends: %w", p.At, spends, err)
		}
		if before.Read(&tx, Lookup{}) != nil {
			return all, nil // moves what is no bitcoin
		}
		head, ok := peelStep(&before)
		if !ok || spends.Seq.Index() != head {
			return all, nil
		}
		spends = before.Inputs[0].Spends
	}
	return all & (1 << rest), nil
}

// peelStep is the larger of two outputs of a transaction of one input.
func peelStep(p *Payment) (rest int, ok bool) {
	if len(p.Inputs) != 1 || len(p.Outputs) != 2 {
		return 0, false
	}
	a, b := p.Outputs[0].Value, p.Outputs[1].Value
	if a == b || min(a, b) < peelLeast {
		return 0, false
	}
	if b > a {
		rest = 1
	}
	return rest, true
}
