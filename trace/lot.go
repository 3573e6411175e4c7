package trace

import "spoor/graph"

// Lot is a piece of a pool: an amount and where it comes from.
type Lot struct {
	Amount graph.Amount
	Seed   int32 // number of the seed, from 1; clean or unknown otherwise
}

// Origins that are no seed.
const (
	clean   int32 = 0  // history shows it, and no seed is in it
	unknown int32 = -1 // the ledger spent it but its arrival was not read
)

func (l Lot) tainted() bool { return l.Seed > 0 }

// total is the amount of all lots. Lots of a pool are parts of one amount, so
// the sum cannot overflow.
func total(lots []Lot) graph.Amount {
	var sum graph.Amount
	for i := range lots {
		sum.Add(&sum, &lots[i].Amount)
	}
	return sum
}

// tainted is the amount of the lots that come from a seed.
func tainted(lots []Lot) graph.Amount {
	var sum graph.Amount
	for i := range lots {
		if lots[i].tainted() {
			sum.Add(&sum, &lots[i].Amount)
		}
	}
	return sum
}

// add appends a lot, joined with its neighbour if both have one origin.
func add(lots []Lot, l Lot) []Lot {
	if l.Amount.IsZero() {
		return lots
	}
	if n := len(lots); n > 0 && lots[n-1].Seed == l.Seed {
		lots[n-1].Amount.Add(&lots[n-1].Amount, &l.Amount)
		return lots
	}
	return append(lots, l)
}

func addAll(lots []Lot, more []Lot) []Lot {
	for _, l := range more {
		lots = add(lots, l)
	}
	return lots
}

// cut splits lots after amount, which is at most their total.
func cut(lots []Lot, amount graph.Amount) (head, tail []Lot) {
	for i := range lots {
		if amount.Cmp(&lots[i].Amount) < 0 {
			head = add(head, Lot{amount, lots[i].Seed})
			rest := lots[i]
			rest.Amount.Sub(&rest.Amount, &amount)
			tail = append(tail, rest)
			return head, append(tail, lots[i+1:]...)
		}
		head = add(head, lots[i])
		amount.Sub(&amount, &lots[i].Amount)
	}
	return head, nil
}

// share splits amount over weights in proportion, in whole units that sum to
// amount: every share is rounded down, and the units left over go to the
// largest fractions, ties to the first (largest-remainder rounding). The
// weights' sum is not zero unless amount is.
func share(amount graph.Amount, weights []graph.Amount) []graph.Amount {
	shares := make([]graph.Amount, len(weights))
	var sum, left graph.Amount
	for i := range weights {
		sum.Add(&sum, &weights[i])
	}
	if sum.IsZero() || amount.IsZero() {
		return shares
	}
	left = amount
	fractions := make([]graph.Amount, len(weights))
	for i := range weights {
		shares[i].MulDivOverflow(&amount, &weights[i], &sum)
		fractions[i].MulMod(&amount, &weights[i], &sum)
		left.Sub(&left, &shares[i])
	}
	one := *new(graph.Amount).SetOne()
	for !left.IsZero() { // fewer units are left than there are weights
		best := -1
		for i := range fractions {
			if !fractions[i].IsZero() && (best < 0 || fractions[i].Gt(&fractions[best])) {
				best = i
			}
		}
		shares[best].Add(&shares[best], &one)
		fractions[best].Clear()
		left.Sub(&left, &one)
	}
	return shares
}

// scale restates lots in another amount, each in proportion: the lots of what
// was given, in units of what was received.
func scale(lots []Lot, amount graph.Amount) []Lot {
	weights := make([]graph.Amount, len(lots))
	for i := range lots {
		weights[i] = lots[i].Amount
	}
	var scaled []Lot
	for i, part := range share(amount, weights) {
		scaled = add(scaled, Lot{part, lots[i].Seed})
	}
	return scaled
}

// overlay paints the untainted parts of base with the lots of paint, place by
// place. Both have the same total; what is tainted already stays as it is.
func overlay(base, paint []Lot) []Lot {
	var out []Lot
	for len(base) > 0 && len(paint) > 0 {
		piece := base[0].Amount
		if paint[0].Amount.Lt(&piece) {
			piece = paint[0].Amount
		}
		seed := base[0].Seed
		if !base[0].tainted() && paint[0].Seed != clean {
			seed = paint[0].Seed
		}
		out = add(out, Lot{piece, seed})
		_, base = cut(base, piece)
		_, paint = cut(paint, piece)
	}
	return addAll(out, base)
}
