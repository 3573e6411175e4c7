package trace

import (
	"fmt"
	"slices"
	"strings"

	"spoor/graph"
)

// Method is a rule that shares a pool's lots among what leaves it. The same
// rule serves a balance, from which payments leave one after the other, and a
// UTXO transaction, whose inputs are the pool and whose outputs leave it; what
// is left there is the fee. Sources: Möser, Böhme, Breuker 2014 (poison,
// haircut); Anderson, Shumailov, Ahmed, Rietmann 2018 (fifo, after Clayton's
// case, 1816); Tironsakkul et al. 2019 (lifo, tiho).
type Method struct {
	Name     string
	Sentence string // what the rule says, for reports

	// put adds lots to a pool; take removes an amount that the pool covers.
	put  func(pool, lots []Lot) []Lot
	take func(pool []Lot, amount graph.Amount) (taken, rest []Lot)
	// reverse is how the method reads backwards.
	reverse reverse
	// largestFirst serves the largest of several simultaneous outflows first.
	largestFirst bool
	// Conserves is false for a measure of reach, whose amounts do not add up.
	Conserves bool
	// Ranks is true for the method that scores addresses and follows no
	// amounts: see Rank.
	Ranks bool
}

// methods lists every method. A new one is a line here and its put and take.
var methods = []Method{
	{Name: "fifo", Sentence: "what came in first goes out first", put: addAll, take: cut, reverse: ordered, Conserves: true},
	{Name: "lifo", Sentence: "what came in last goes out first", put: addAll, take: takeLast, Conserves: true},
	{Name: "haircut", Sentence: "every payment carries the pool's share of taint", put: putMixed, take: takeMixed, reverse: mixed, Conserves: true},
	{Name: "poison", Sentence: "one tainted unit taints everything that leaves; a measure of reach, not of amounts", put: putPoison, take: cut, reverse: reach},
	{Name: "tiho", Sentence: "tainted value goes out first, to the largest recipient first", put: addAll, take: takeTainted, largestFirst: true, Conserves: true},
	{Name: "rank", Sentence: "relevance spreads along later movements; scores of addresses, no amounts", Ranks: true},
}

// ParseMethod finds a method by name.
func ParseMethod(name string) (Method, error) {
	names := make([]string, len(methods))
	for i, m := range methods {
		if m.Name == name {
			return m, nil
		}
		names[i] = m.Name
	}
	return Method{}, fmt.Errorf("unknown method %.40q; want one of %s", name, strings.Join(names, ", "))
}

// Methods lists the methods, the default first.
func Methods() []Method { return slices.Clone(methods) }

// deal shares lots among simultaneous outflows, in the order given (or largest
// first, ties in order). The parts come back in the order given; rest is what
// no outflow took.
func (m Method) deal(lots []Lot, outflows []graph.Amount) (parts [][]Lot, rest []Lot) {
	order := make([]int, len(outflows))
	for i := range order {
		order[i] = i
	}
	if m.largestFirst {
		slices.SortStableFunc(order, func(a, b int) int { return outflows[b].Cmp(&outflows[a]) })
	}
	rest = m.put(nil, lots)
	parts = make([][]Lot, len(outflows))
	for _, i := range order {
		parts[i], rest = m.take(rest, outflows[i])
	}
	return parts, rest
}

func takeLast(pool []Lot, amount graph.Amount) (taken, rest []Lot) {
	keep := total(pool)
	keep.Sub(&keep, &amount)
	rest, taken = cut(pool, keep)
	slices.Reverse(taken)
	return taken, rest
}

// putMixed keeps one lot for each origin: in a mixed pool order means nothing.
func putMixed(pool, lots []Lot) []Lot {
	pool = slices.Clone(pool)
	for _, l := range lots {
		if l.Amount.IsZero() {
			continue
		}
		at, found := slices.BinarySearchFunc(pool, l.Seed, func(p Lot, seed int32) int { return int(p.Seed - seed) })
		if found {
			pool[at].Amount.Add(&pool[at].Amount, &l.Amount)
		} else {
			pool = slices.Insert(pool, at, l)
		}
	}
	return pool
}

func takeMixed(pool []Lot, amount graph.Amount) (taken, rest []Lot) {
	weights := make([]graph.Amount, len(pool))
	for i := range pool {
		weights[i] = pool[i].Amount
	}
	for i, part := range share(amount, weights) {
		left := pool[i]
		left.Amount.Sub(&left.Amount, &part)
		taken = add(taken, Lot{part, pool[i].Seed})
		rest = add(rest, left)
	}
	return taken, rest
}

// putPoison paints the whole pool with its first seed as soon as it has one.
func putPoison(pool, lots []Lot) []Lot {
	all := addAll(slices.Clone(pool), lots)
	for _, l := range all {
		if l.tainted() {
			return add(nil, Lot{total(all), l.Seed})
		}
	}
	return all
}

func takeTainted(pool []Lot, amount graph.Amount) (taken, rest []Lot) {
	for _, wanted := range []bool{true, false} {
		for _, l := range pool {
			if l.tainted() != wanted {
				continue
			}
			part := l.Amount
			if amount.Lt(&part) {
				part = amount
			}
			amount.Sub(&amount, &part)
			taken = add(taken, Lot{part, l.Seed})
		}
	}
	return taken, subtract(pool, taken)
}

// subtract removes from a pool what was taken from it, earliest lots first.
func subtract(pool, taken []Lot) (rest []Lot) {
	left := slices.Clone(taken)
	for _, l := range pool {
		for i := range left {
			if left[i].Seed != l.Seed {
				continue
			}
			part := l.Amount
			if left[i].Amount.Lt(&part) {
				part = left[i].Amount
			}
			left[i].Amount.Sub(&left[i].Amount, &part)
			l.Amount.Sub(&l.Amount, &part)
		}
		rest = add(rest, l)
	}
	return rest
}
