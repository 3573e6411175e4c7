package passage_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"spoor/cluster/passage"
	"spoor/graph"
)

const (
	here  = graph.Ethereum
	there = graph.ChainID("eip155:137")
)

func person(chain graph.ChainID, n byte) graph.Address {
	return graph.EVMAddress(chain, [20]byte{19: n})
}

func token(chain graph.ChainID, n byte) graph.Asset {
	return graph.Asset{Chain: chain, Standard: graph.ERC20, Contract: person(chain, n)}
}

// out is a departure of an amount of token 200 for somebody, and in an arrival
// of token 201.
func out(at int64, key string, who byte, n uint64) passage.Side {
	s := passage.Side{Chain: here}
	s.Time, s.At.Block = at, uint32(at)
	s.Kind, s.Protocol, s.Key = graph.Departure, "test", key
	s.Subject, s.Asset = person(here, who), token(here, 200)
	s.Amount.SetUint64(n)
	s.Far = graph.Far{Chain: string(there), Recipient: string(person(there, who).Bytes())}
	return s
}

func in(at int64, key string, who byte, n uint64) passage.Side {
	s := passage.Side{Chain: there}
	s.Time, s.At.Block = at, uint32(at)
	s.Kind, s.Protocol, s.Key = graph.Arrival, "test", key
	s.Subject, s.Asset = person(there, who), token(there, 201)
	s.Amount.SetUint64(n)
	s.Far.Chain = string(here)
	return s
}

// to states how much is to arrive.
func to(s passage.Side, n uint64) passage.Side {
	s.Far.Amount.SetUint64(n)
	return s
}

func with(s passage.Side, change func(*passage.Side)) passage.Side {
	change(&s)
	return s
}

func across2(s *passage.Side) { s.Protocol = "across-v2" }

func times(links []passage.Link) (pairs []string) {
	for i := range links {
		pairs = append(pairs, fmt.Sprintf("%d-%d", links[i].Departure.Time, links[i].Arrival.Time))
	}
	return pairs
}

func TestByKey(t *testing.T) {
	const day = 24 * 3600
	long := map[graph.ChainID]passage.Span{here: {From: 0, To: 100 * day}}
	at := int64(50 * day)
	for name, c := range map[string]struct {
		sides      []passage.Side
		seen       map[graph.ChainID]passage.Span
		links      string
		anomalies  string
		confidence int
	}{
		"a pair":                       {[]passage.Side{out(at, "a", 1, 10), in(at+9, "a", 1, 9)}, long, "[4320000-4320009]", "[]", 100},
		"in any order":                 {[]passage.Side{in(at+9, "a", 1, 9), out(at, "a", 1, 10)}, long, "[4320000-4320009]", "[]", 100},
		"clocks differ a little":       {[]passage.Side{out(at, "a", 1, 10), in(at-60, "a", 1, 10)}, long, "[4320000-4319940]", "[]", 100},
		"another key":                  {[]passage.Side{out(at, "a", 1, 10), in(at+9, "b", 1, 10)}, long, "[]", "[release_without_lock]", 0},
		"no key":                       {[]passage.Side{out(at, "", 1, 10), in(at+9, "", 1, 10)}, long, "[]", "[]", 0},
		"the far ledger was not read":  {[]passage.Side{in(at, "a", 1, 10)}, nil, "[]", "[]", 0},
		"too little of it was read":    {[]passage.Side{in(at, "a", 1, 10)}, map[graph.ChainID]passage.Span{here: {From: at - 7*day, To: at}}, "[]", "[]", 0},
		"for another recipient":        {[]passage.Side{out(at, "a", 1, 10), in(at+9, "a", 2, 10)}, nil, "[]", "[release_without_lock]", 0},
		"more than stated":             {[]passage.Side{to(out(at, "a", 1, 10), 9), in(at+9, "a", 1, 10)}, nil, "[]", "[amount_mismatch]", 0},
		"released twice":               {[]passage.Side{out(at, "a", 1, 10), in(at+9, "a", 1, 10), in(at+19, "a", 1, 10)}, nil, "[4320000-4320009]", "[double_release]", 100},
		"long before it left":          {[]passage.Side{out(at, "a", 1, 10), in(at-7200, "a", 1, 10)}, nil, "[]", "[release_before_lock]", 0},
		"equal ones share a key":       {[]passage.Side{out(at, "a", 1, 10), out(at+5, "a", 1, 10), in(at+9, "a", 1, 10), in(at+19, "a", 1, 10)}, nil, "[4320000-4320009 4320005-4320019]", "[]", passage.SharedKey},
		"the exploit is no second one": {[]passage.Side{out(at, "a", 1, 10), in(at+1, "a", 2, 10), in(at+9, "a", 1, 10)}, nil, "[4320000-4320009]", "[release_without_lock]", 100},
		"to a third ledger": {[]passage.Side{out(at, "a", 1, 10), with(in(at+9, "a", 1, 10), func(s *passage.Side) { s.Chain = "eip155:10" })}, nil,
			"[]", "[release_without_lock]", 0},
		"strangers prove nothing": {[]passage.Side{with(out(at, "a", 1, 10), func(s *passage.Side) { s.Protocol += graph.Unproven }),
			with(in(at+9, "a", 1, 10), func(s *passage.Side) { s.Protocol += graph.Unproven })}, nil, "[4320000-4320009]", "[]", passage.UnprovenKey},
		"in parts, as far as it goes": {[]passage.Side{with(out(at, "a", 1, 10), across2), with(in(at+9, "a", 1, 4), across2), with(in(at+19, "a", 1, 6), across2), with(in(at+29, "a", 1, 1), across2)}, nil,
			"[4320000-4320009 4320000-4320019]", "[double_release]", 100},
		"a stranger's arrival": {[]passage.Side{out(at, "a", 1, 10), with(in(at+9, "a", 1, 10), func(s *passage.Side) { s.Protocol += graph.Unproven })}, nil, "[]", "[]", 0},
	} {
		t.Run(name, func(t *testing.T) {
			found := passage.ByKey(c.sides, c.seen)
			var kinds []passage.AnomalyKind
			for _, a := range found.Anomalies {
				kinds = append(kinds, a.Kind)
			}
			if got := fmt.Sprint(times(found.Links)); got != c.links {
				t.Errorf("links %s, want %s", got, c.links)
			}
			if got := fmt.Sprint(kinds); got != c.anomalies {
				t.Errorf("anomalies %s, want %s", got, c.anomalies)
			}
			for _, l := range found.Links {
				if l.Confidence != c.confidence || (l.Statement == graph.Derived) != (c.confidence > passage.UnprovenKey) {
					t.Errorf("confidence %d %s, want %d", l.Confidence, l.Statement, c.confidence)
				}
			}
			departures, arrivals := passage.Split(c.sides)
			linked := map[int64]bool{}
			for _, l := range found.Links {
				linked[l.Departure.Time] = true
			}
			if len(linked)+len(found.Departures) != len(departures) || len(found.Links)+len(found.Arrivals) != len(arrivals) {
				t.Errorf("%d links, %d and %d left of %d and %d", len(found.Links), len(found.Departures), len(found.Arrivals), len(departures), len(arrivals))
			}
		})
	}
}

// lessons are thirty keyed pairs: a tenth of a per cent stays with the bridge,
// and it takes 100 to 129 seconds.
func lessons() (links []passage.Link) {
	for i := range int64(30) {
		links = append(links, passage.Link{Departure: out(i*1000, "k", 1, 100_000), Arrival: in(i*1000+100+i, "k", 1, 99_900)})
	}
	return links
}

func TestMatch(t *testing.T) {
	m := passage.Learn(lessons())
	if low, high, learned := m.Delays("test", here, there); low != 100 || high != 129 || !learned {
		t.Fatalf("delays %v to %v, %v", low, high, learned)
	}
	hidden := func(s passage.Side) passage.Side { s.Key = ""; return s }
	for name, c := range map[string]struct {
		departures, arrivals []passage.Side
		links                string
		strong               bool
	}{
		"as usual":                 {[]passage.Side{out(0, "", 3, 50_000)}, []passage.Side{in(110, "", 3, 49_950)}, "[0-110]", true},
		"another fee":              {[]passage.Side{out(0, "", 3, 50_000)}, []passage.Side{in(110, "", 3, 49_000)}, "[]", false},
		"before it left":           {[]passage.Side{out(9000, "", 3, 50_000)}, []passage.Side{in(10, "", 3, 49_950)}, "[]", false},
		"for another":              {[]passage.Side{out(0, "", 3, 50_000)}, []passage.Side{in(110, "", 4, 49_950)}, "[]", false},
		"late":                     {[]passage.Side{out(0, "", 3, 50_000)}, []passage.Side{in(90_000, "", 3, 49_950)}, "[0-90000]", false},
		"the usual one of two":     {[]passage.Side{out(0, "", 3, 50_000)}, []passage.Side{in(90_000, "", 3, 49_950), in(115, "", 3, 49_950)}, "[0-115]", true},
		"alike come out in order":  {[]passage.Side{out(0, "", 3, 50_000), out(10, "", 3, 50_000)}, []passage.Side{in(112, "", 3, 49_950), in(131, "", 3, 49_950)}, "[0-112 10-131]", false},
		"another token":            {[]passage.Side{out(0, "", 3, 50_000)}, []passage.Side{with(in(110, "", 3, 50_000), func(s *passage.Side) { s.Asset = token(there, 9) })}, "[]", false},
		"the token it tells":       {[]passage.Side{with(out(0, "", 3, 50_000), func(s *passage.Side) { s.Far.Asset = string(person(there, 9).Bytes()) })}, []passage.Side{with(in(110, "", 3, 50_000), func(s *passage.Side) { s.Asset = token(there, 9) })}, "[0-110]", true},
		"another bridge":           {[]passage.Side{out(0, "", 3, 50_000)}, []passage.Side{with(in(110, "", 3, 49_950), func(s *passage.Side) { s.Protocol = "other" })}, "[]", false},
		"each only once":           {[]passage.Side{out(0, "", 3, 50_000), out(5, "", 3, 50_000)}, []passage.Side{in(110, "", 3, 49_950)}, "[0-110]", false},
		"the other ledger is told": {[]passage.Side{with(out(0, "", 3, 50_000), func(s *passage.Side) { s.Far.Chain = "eip155:10" })}, []passage.Side{in(110, "", 3, 49_950)}, "[]", false},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range c.departures {
				c.departures[i] = hidden(c.departures[i])
			}
			links := m.Match(c.departures, c.arrivals)
			if got := fmt.Sprint(times(links)); got != c.links {
				t.Fatalf("links %s, want %s", got, c.links)
			}
			for i := range links {
				l := &links[i]
				if l.Statement != graph.Attributed || l.Confidence >= 100 || l.Score < passage.Candidate || l.Score > 1 || math.IsNaN(l.Score) {
					t.Errorf("%+v", l)
				}
				if l.Strong() != c.strong {
					t.Errorf("strong %v, score %v, %d rivals", l.Strong(), l.Score, l.Rivals)
				}
			}
		})
	}
}

// TestPlacebo: decoys of people who use a bridge once are not linked.
func TestPlacebo(t *testing.T) {
	m := passage.Learn(lessons())
	var departures, arrivals []passage.Side
	for i := range byte(40) {
		departures = append(departures, out(int64(i)*500, "", i, 10_000+uint64(i)))
		arrivals = append(arrivals, in(int64(i)*500+110, "", i, (10_000+uint64(i))*999/1000))
	}
	if p := m.Placebo(departures, arrivals); p.Links != 40 || p.Recipients != 0 || p.Earlier != 0 || p.Departures != 40 {
		t.Fatalf("%+v", p)
	}
}

// TestLone: pairs that cannot be mistaken teach what keys would.
func TestLone(t *testing.T) {
	departures := []passage.Side{out(0, "", 1, 10), out(5, "", 2, 10), out(6, "", 2, 10), out(7, "", 3, 30)}
	arrivals := []passage.Side{in(100, "", 1, 10), in(105, "", 2, 10), in(106, "", 2, 10), in(3, "", 3, 30)}
	if got := fmt.Sprint(times(passage.Lone(departures, arrivals))); got != "[0-100]" {
		t.Fatal(got)
	}
}

// TestManyPassages: a contract that receives very often, and a stranger who
// states very much under one key, cost no time that grows with their square.
func TestManyPassages(t *testing.T) {
	m := passage.Learn(lessons())
	var departures, arrivals, noise []passage.Side
	const n = 10_000
	for i := range int64(n) {
		departures = append(departures, out(i*100, "", 7, uint64(1_000_000+i*10_000)))
		arrivals = append(arrivals, in(i*100+115, "", 7, uint64(1_000_000+i*10_000)*999/1000))
		noise = append(noise, with(out(i, "k", 1, 5), stranger), with(in(i+1, "k", 1, 5), stranger))
	}
	started := time.Now()
	links := m.Match(departures, arrivals)
	wrong := 0
	for i := range links {
		if links[i].Delay() != 115 {
			wrong++
		}
	}
	if len(links) != n || wrong > 0 {
		t.Errorf("%d links, %d wrong; want %d", len(links), wrong, n)
	}
	if found := passage.ByKey(noise, nil); len(found.Links) > 0 || len(found.Departures) != n || len(found.Arrivals) != n {
		t.Errorf("%d links of a stranger", len(found.Links))
	}
	if took := time.Since(started); took > time.Minute {
		t.Errorf("took %s", took)
	}
}

func stranger(s *passage.Side) { s.Protocol += graph.Unproven }
