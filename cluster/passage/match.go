package passage

import (
	"cmp"
	"math"
	"slices"

	"spoor/graph"
)

// Thresholds of the match. The weights follow bridges.md of the reference, the
// scale of the fee and the two levels with it.
const (
	// Strong is the score from which a link without rivals is strong.
	Strong = 0.8
	// Candidate is the score from which a link is shown at all.
	Candidate = 0.5

	sameAsset    = 1.0 // the two assets are each other's most frequent counterpart
	knownAsset   = 0.9 // seen together before
	unknownAsset = 0.3 // never seen together: too little for a candidate
	votes        = 2   // pairs that must have been seen: one may be chance

	feeScale = 20  // basis points off the usual fee that cost a factor e
	lateHalf = 0.5 // what the worst delay costs: a stuck message is still the same value
)

// Confidence that the best match gets: GraphSense's level of a service's own
// data is 100, and no heuristic comes close.
const bestConfidence = 80

// candidate is a departure and an arrival that may belong together.
type candidate struct {
	d, a  int // places in departures and arrivals
	score float64
}

// Match links departures and arrivals without looking at keys, one to one:
// same protocol, to the recipient that is told (or who sent), of an asset that
// comes out for the one that went in, as much as the usual fee leaves, after a
// delay as usual. The best scores are given first. Where several departures and
// arrivals are alike, they are taken to come out in the order in which they went
// in. Links below [Candidate] are not returned.
//
// What it gets wrong: equal amounts of one person that overtake each other, and
// whoever sends the same amount to the same place by two ways at once.
func (m *Model) Match(departures, arrivals []Side) []Link {
	received := receipts(arrivals)
	var all []candidate
	for i := range departures {
		d := &departures[i]
		for _, r := range received[receiver{d.Protocol, recipient(d)}] {
			for _, j := range r.near(expected(d), m.usualFee(trade{d.Protocol, d.Asset, r.asset})) {
				if s := m.score(d, &arrivals[j]); s >= Candidate {
					all = append(all, candidate{i, j, s})
				}
			}
		}
	}
	slices.SortStableFunc(all, func(x, y candidate) int {
		return cmp.Or(cmp.Compare(y.score, x.score), Compare(&departures[x.d], &departures[y.d]), Compare(&arrivals[x.a], &arrivals[y.a]))
	})
	chosen := assign(all, departures, arrivals)
	rivals := countRivals(all, chosen)
	links := make([]Link, len(chosen))
	for i, c := range chosen {
		links[i] = Link{Departure: departures[c.d], Arrival: arrivals[c.a], Rule: RuleMatch, Statement: graph.Attributed,
			Score: c.score, Rivals: rivals[i], Confidence: int(math.Round(bestConfidence * c.score / float64(1+rivals[i])))}
	}
	slices.SortStableFunc(links, func(x, y Link) int { return Compare(&x.Departure, &y.Departure) })
	return links
}

// Strong reports whether a match is as good as one without a key can be.
func (l *Link) Strong() bool { return l.Score >= Strong && l.Rivals == 0 }

// assign gives the best candidates first, each side once, and then takes back
// what crosses among those that are alike.
func assign(sorted []candidate, departures, arrivals []Side) []candidate {
	out, in := make(map[int]bool), make(map[int]bool)
	type alike struct {
		way      trade
		to       string
		in, out  graph.Amount
		from, at graph.ChainID
	}
	groups := make(map[alike][]int)
	var chosen []candidate
	for _, c := range sorted {
		if out[c.d] || in[c.a] {
			continue
		}
		out[c.d], in[c.a] = true, true
		d, a := &departures[c.d], &arrivals[c.a]
		k := alike{tradeOf(d, a), recipient(d), stated(d), a.Amount, d.Chain, a.Chain}
		groups[k] = append(groups[k], len(chosen))
		chosen = append(chosen, c)
	}
	for _, group := range groups {
		if len(group) > 1 {
			uncross(chosen, group, departures, arrivals)
		}
	}
	return chosen
}

// uncross pairs the departures and arrivals of alike links in order, unless that
// would let one arrive before it left.
func uncross(chosen []candidate, group []int, departures, arrivals []Side) {
	ds, as := make([]int, len(group)), make([]int, len(group))
	for i, at := range group {
		ds[i], as[i] = chosen[at].d, chosen[at].a
	}
	slices.SortFunc(ds, func(x, y int) int { return Compare(&departures[x], &departures[y]) })
	slices.SortFunc(as, func(x, y int) int { return Compare(&arrivals[x], &arrivals[y]) })
	for i := range ds {
		if disagree(&departures[ds[i]], &arrivals[as[i]]) != agrees {
			return
		}
	}
	score := chosen[group[0]].score
	for _, at := range group {
		score = min(score, chosen[at].score)
	}
	for i, at := range group {
		chosen[at] = candidate{ds[i], as[i], score}
	}
}

// countRivals counts for each chosen pair the other arrivals that agree with its
// departure more than half as well as the best, or the other departures that
// agree with its arrival, whichever are more.
func countRivals(all, chosen []candidate) []int {
	bestOut, bestIn := make(map[int]float64), make(map[int]float64)
	for _, c := range all {
		bestOut[c.d], bestIn[c.a] = max(bestOut[c.d], c.score), max(bestIn[c.a], c.score)
	}
	outs, ins := make(map[int]int), make(map[int]int)
	for _, c := range all {
		if c.score > bestOut[c.d]/2 {
			outs[c.d]++
		}
		if c.score > bestIn[c.a]/2 {
			ins[c.a]++
		}
	}
	rivals := make([]int, len(chosen))
	for i, c := range chosen {
		rivals[i] = max(outs[c.d], ins[c.a], 1) - 1
	}
	return rivals
}

// score is how well two sides agree, 0 to 1.
func (m *Model) score(d, a *Side) float64 {
	if d.Chain == a.Chain || disagree(d, a) != agrees {
		return 0
	}
	return m.assetScore(d, a) * m.amountScore(d, a) * m.delayScore(d, a)
}

func (m *Model) assetScore(d, a *Side) float64 {
	if d.Far.Asset != "" && d.Far.Asset == string(a.Asset.Contract.Bytes()) {
		return sameAsset
	}
	t := tradeOf(d, a)
	n := m.assets[t]
	halves := t.halves()
	switch {
	case n < votes:
		return unknownAsset
	case n == m.best[halves[0]] && n == m.best[halves[1]]:
		return sameAsset
	}
	return knownAsset
}

func (m *Model) amountScore(d, a *Side) float64 {
	in, out := expected(d), float(&a.Amount)
	if in <= 0 || out <= 0 {
		return 0
	}
	usual := m.usualFee(tradeOf(d, a))
	gap := math.Min(math.Abs(out/(in*usual.ratio)-1), math.Abs((out+usual.flat)/in-1)) * 1e4
	return math.Exp(-gap / feeScale)
}

func (m *Model) usualFee(t trade) fee {
	if usual, learned := m.fees[t]; learned {
		return usual
	}
	return fee{ratio: 1}
}

func (m *Model) delayScore(d, a *Side) float64 {
	low, high, _ := m.Delays(d.Protocol, d.Chain, a.Chain)
	delay := float64(a.Time - d.Time)
	switch {
	case delay < low:
		return lateHalf
	case delay > high:
		return math.Max(lateHalf, 1/(1+math.Log(delay/math.Max(high, 1))))
	}
	return 1
}
