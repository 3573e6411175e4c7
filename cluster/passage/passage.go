package passage

import (
	"cmp"
	"fmt"
	"slices"

	"spoor/graph"
)

// Side is one side of a passage: a departure or an arrival, and the ledger that
// states it.
type Side struct {
	Chain graph.ChainID
	graph.Stated
}

// String names the side by chain and position.
func (s *Side) String() string { return fmt.Sprintf("%s %s", graph.ChainOf(s.Chain).Alias, s.At) }

// Compare orders sides by time, chain and position.
func Compare(a, b *Side) int {
	return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Chain, b.Chain), a.At.Compare(b.At), cmp.Compare(a.Kind, b.Kind))
}

// Split sorts sides into departures and arrivals, each by time, chain and
// position; other events are left out.
func Split(sides []Side) (departures, arrivals []Side) {
	for i := range sides {
		switch sides[i].Kind {
		case graph.Departure:
			departures = append(departures, sides[i])
		case graph.Arrival:
			arrivals = append(arrivals, sides[i])
		}
	}
	inOrder(departures)
	inOrder(arrivals)
	return departures, arrivals
}

func inOrder(sides []Side) {
	slices.SortStableFunc(sides, func(a, b Side) int { return Compare(&a, &b) })
}

// Rules of links.
const (
	RuleKey   = "key"                                // both sides carry it
	RuleMatch = "recipient, asset, amount and delay" // without a key
)

// Link says that an arrival continues a departure.
type Link struct {
	Departure, Arrival Side
	Rule               string
	Statement          graph.Statement // derived by key, attributed otherwise
	Confidence         int             // 0 to 100
	Score              float64         // of a match, 0 to 1: how well the two sides agree
	Rivals             int             // of a match: other arrivals, or departures, that agree at least half as well
}

// Delay is how many seconds the arrival lies behind the departure, by the clocks
// of their ledgers, which need not agree.
func (l *Link) Delay() int64 { return l.Arrival.Time - l.Departure.Time }

// Skew is how far apart the clocks of two ledgers may be, in seconds: Ethereum
// allows 15 s, but rollups and Bitcoin up to an hour or two (reference: l2beat's
// interop plugins use the hour).
const Skew = 3600

// disagreement is why two sides cannot be one passage although something else
// says so.
type disagreement uint8

const (
	agrees disagreement = iota
	otherLedger
	otherRecipient
	tooMuch
	tooEarly
)

// disagree checks what the sides tell about each other. What one does not
// tell agrees with everything.
func disagree(d, a *Side) disagreement {
	protocol, _ := d.Proven()
	is := protocols[protocol]
	switch {
	case is.relay && d.Chain == a.Chain:
		if a.At.Compare(d.At) <= 0 {
			return tooEarly
		}
		return agrees
	case is.relay && a.Time+Skew < d.Time:
		return tooEarly
	case is.relay:
		return agrees
	case d.Chain == a.Chain, elsewhere(d.Far.Chain, a.Chain), elsewhere(a.Far.Chain, d.Chain):
		return otherLedger
	case d.Far.Recipient != "" && !a.Subject.IsZero() && d.Far.Recipient != string(a.Subject.Bytes()):
		return otherRecipient
	case !is.ownUnits && !d.Far.Amount.IsZero() && a.Amount.Gt(&d.Far.Amount):
		return tooMuch
	case a.Time+Skew < d.Time:
		return tooEarly
	}
	return agrees
}

// elsewhere reports whether what a side tells about the far chain is another
// chain than the one given. A chain of no table is told by a protocol's number
// and may be any.
func elsewhere(told string, chain graph.ChainID) bool {
	if told == "" || told == string(chain) {
		return false
	}
	_, err := graph.ParseChain(told)
	return err == nil
}
