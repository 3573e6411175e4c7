package passage

import (
	"math"
	"math/big"
	"slices"

	"spoor/graph"
)

// Model is what was learned of bridges: which asset comes out for which, what is
// kept, and how long it takes. The zero Model knows nothing.
type Model struct {
	delays map[route]interval
	assets map[trade]int // links seen
	best   map[half]int  // of the most frequent asset on the other side
	fees   map[trade]fee
}

// route is a way over a bridge.
type route struct {
	protocol string
	from, to graph.ChainID
}

// trade is what goes in and what comes out.
type trade struct {
	protocol string
	in, out  graph.Asset
}

// half is one side of a trade.
type half struct {
	protocol string
	asset    graph.Asset
	to       graph.ChainID
}

// interval is where delays of a route lie, in seconds.
type interval struct{ low, high float64 }

// fee is what remains of an amount: a part, or all but a fixed sum. The ratio
// takes in that the two assets may count in other decimals.
type fee struct {
	ratio float64 // median of delivered to sent
	flat  float64 // median of sent less delivered, in units of what is delivered
}

// Which of the delays that were seen are taken for the usual ones, and what is
// taken for usual on a route of which fewer were seen than enough: an hour
// (l2beat's plugin for Avalanche's bridge, which has no key, uses the same).
const (
	lowDelay     = 0.005
	highDelay    = 0.99
	enough       = 20
	defaultDelay = 3600
)

// Learn learns from links, usually those by key of the same bridges, or [Lone]
// ones.
func Learn(links []Link) *Model {
	m := &Model{delays: make(map[route]interval), assets: make(map[trade]int), best: make(map[half]int), fees: make(map[trade]fee)}
	delays := make(map[route][]float64)
	ratios, flats := make(map[trade][]float64), make(map[trade][]float64)
	for i := range links {
		l := &links[i]
		way := routeOf(&l.Departure, &l.Arrival)
		delays[way] = append(delays[way], float64(l.Delay()))
		if t := tradeOf(&l.Departure, &l.Arrival); t.in != (graph.Asset{}) && t.out != (graph.Asset{}) {
			m.assets[t]++
			in, out := expected(&l.Departure), float(&l.Arrival.Amount)
			if in > 0 && out > 0 {
				ratios[t] = append(ratios[t], out/in)
				flats[t] = append(flats[t], in-out)
			}
		}
	}
	for way, seen := range delays {
		if len(seen) >= enough {
			slices.Sort(seen)
			m.delays[way] = interval{quantile(seen, lowDelay), quantile(seen, highDelay)}
		}
	}
	for t, seen := range ratios {
		slices.Sort(seen)
		slices.Sort(flats[t])
		m.fees[t] = fee{quantile(seen, 0.5), quantile(flats[t], 0.5)}
	}
	for t, n := range m.assets {
		for _, h := range t.halves() {
			m.best[h] = max(m.best[h], n)
		}
	}
	return m
}

// Delays are the bounds in seconds within which the middle of the delays of a
// route lies, and whether they were learned.
func (m *Model) Delays(protocol string, from, to graph.ChainID) (low, high float64, learned bool) {
	d, learned := m.delays[route{protocol, from, to}]
	if !learned {
		return 0, defaultDelay, false
	}
	return d.low, d.high, true
}

// Lone are pairs that cannot be mistaken for others: on both sides nobody else
// has this protocol, recipient and amount, and the arrival is the later. A model
// can be learned from them where no side has a key.
func Lone(departures, arrivals []Side) []Link {
	type name struct {
		protocol, recipient string
		to                  graph.ChainID
		amount              graph.Amount
	}
	const twice = -1
	outs, ins := make(map[name]int), make(map[name]int)
	note := func(at map[name]int, n name, i int) {
		if _, known := at[n]; known {
			i = twice
		}
		at[n] = i
	}
	for i := range arrivals {
		a := &arrivals[i]
		note(ins, name{a.Protocol, string(a.Subject.Bytes()), a.Chain, a.Amount}, i)
	}
	for i := range departures {
		d := &departures[i]
		note(outs, name{d.Protocol, recipient(d), graph.ChainID(d.Far.Chain), stated(d)}, i)
	}
	var links []Link
	for i := range departures {
		d := &departures[i]
		n := name{d.Protocol, recipient(d), graph.ChainID(d.Far.Chain), stated(d)}
		j, found := ins[n]
		if !found || j == twice || outs[n] == twice || n.recipient == "" {
			continue
		}
		if a := &arrivals[j]; disagree(d, a) == agrees && a.Time >= d.Time {
			links = append(links, Link{Departure: *d, Arrival: *a, Rule: RuleMatch, Statement: graph.Attributed})
		}
	}
	return links
}

func routeOf(d, a *Side) route { return route{d.Protocol, d.Chain, a.Chain} }
func tradeOf(d, a *Side) trade { return trade{d.Protocol, d.Asset, a.Asset} }

func (t trade) halves() [2]half {
	return [2]half{{t.protocol, t.in, t.out.Chain}, {t.protocol, t.out, t.in.Chain}}
}

// recipient is who is to receive what departs: as told, or else who sends it,
// raw bytes.
func recipient(d *Side) string {
	if d.Far.Recipient != "" {
		return d.Far.Recipient
	}
	return string(d.Subject.Bytes())
}

// stated is what is to arrive: as told, or else what departs.
func stated(d *Side) graph.Amount {
	if !d.Far.Amount.IsZero() {
		return d.Far.Amount
	}
	return d.Amount
}

func expected(d *Side) float64 {
	a := stated(d)
	return float(&a)
}

// float is an amount as an estimate, for scores only.
func float(a *graph.Amount) float64 {
	f, _ := new(big.Float).SetInt(a.ToBig()).Float64()
	return f
}

// quantile is the q-th part of sorted values.
func quantile(sorted []float64, q float64) float64 {
	return sorted[int(math.Round(q*float64(len(sorted)-1)))]
}
