package passage

import (
	"fmt"
	"slices"

	"spoor/graph"
)

// AnomalyKind says what is wrong with a release.
type AnomalyKind string

// The kinds.
const (
	WithoutLock    AnomalyKind = "release_without_lock" // nothing that left pays for it
	AmountMismatch AnomalyKind = "amount_mismatch"      // more came out than was to be delivered
	DoubleRelease  AnomalyKind = "double_release"       // what left was released before
	BeforeLock     AnomalyKind = "release_before_lock"  // by more than clocks can differ
)

// Anomaly is an arrival that its departure does not explain.
type Anomaly struct {
	Kind    AnomalyKind
	Arrival Side
	Of      *Side // the departure with its key, nil if there is none
	Detail  string
}

// Span is a stretch of time of which a ledger was read completely, unix
// seconds.
type Span struct{ From, To int64 }

// LockWindow is how long before a release its lock is looked for: exits from
// optimistic rollups take seven days, and a day to be claimed. Where less was
// read, a release without a lock is none that counts.
const LockWindow = 8 * 24 * 3600

// mostUnproven is the number of departures from which a key of unlisted emitters
// says nothing: anybody can state as many as he pays for.
const mostUnproven = 1000

// Found is what sides say about each other.
type Found struct {
	Links      []Link
	Anomalies  []Anomaly
	Departures []Side // without an arrival
	Arrivals   []Side // without a departure
}

// ByKey links departures and arrivals that have a key in common, one to one
// (where a protocol delivers in parts, one to each part), and tells which arrivals no departure explains. seen says of which ledgers so much
// was read that a missing departure means something. Everything comes back in
// order of time, chain and position.
func ByKey(sides []Side, seen map[graph.ChainID]Span) Found {
	var f Found
	departures, arrivals := Split(sides)
	type name struct{ protocol, key string }
	groups := make(map[name][]int)
	for i := range departures {
		if d := &departures[i]; d.Key != "" {
			groups[name{d.Protocol, d.Key}] = append(groups[name{d.Protocol, d.Key}], i)
		}
	}
	used, delivered := make([]bool, len(departures)), make([]graph.Amount, len(departures))
	for i := range arrivals {
		a := &arrivals[i]
		if a.Key == "" {
			f.Arrivals = append(f.Arrivals, *a)
			continue
		}
		group := groups[name{a.Protocol, a.Key}]
		if _, proven := a.Proven(); !proven && len(group) > mostUnproven {
			f.Arrivals = append(f.Arrivals, *a)
			continue
		}
		at, shared := -1, 0
		for _, j := range group {
			d := &departures[j]
			if disagree(d, a) != agrees {
				continue
			}
			shared++
			if at < 0 && (!used[j] || furtherPart(d, a, delivered[j])) {
				at = j
			}
		}
		if at < 0 {
			f.Arrivals = append(f.Arrivals, *a)
			if wrong, ok := explain(a, departures, group, seen); ok {
				f.Anomalies = append(f.Anomalies, wrong)
			}
			continue
		}
		used[at] = true
		delivered[at].Add(&delivered[at], &a.Amount)
		f.Links = append(f.Links, keyed(departures[at], *a, shared))
	}
	for i := range departures {
		if !used[i] {
			f.Departures = append(f.Departures, departures[i])
		}
	}
	slices.SortStableFunc(f.Links, func(a, b Link) int { return Compare(&a.Departure, &b.Departure) })
	return f
}

// furtherPart reports whether an arrival may be one more part of a departure of
// which so much came out before.
func furtherPart(d, a *Side, before graph.Amount) bool {
	if !protocols[a.Protocol].parts {
		return false
	}
	whole := a.Far.Amount
	if whole.IsZero() {
		whole = stated(d)
	}
	sum, over := before.AddOverflow(&before, &a.Amount)
	return !over && !sum.Gt(&whole)
}

// keyed is the link of two sides whose key so many departures share.
func keyed(d, a Side, shared int) Link {
	l := Link{Departure: d, Arrival: a, Rule: RuleKey, Statement: graph.Derived, Confidence: KeyConfidence(d.Protocol)}
	if shared > 1 {
		l.Confidence = SharedKey
	}
	if _, proven := d.Proven(); !proven {
		l.Statement, l.Confidence = graph.Attributed, UnprovenKey
	}
	return l
}

// explain tells what is wrong with an arrival that was given no departure.
func explain(a *Side, departures []Side, group []int, seen map[graph.ChainID]Span) (Anomaly, bool) {
	wrong := Anomaly{Arrival: *a}
	worst := otherLedger
	for _, j := range group {
		d := &departures[j]
		how := disagree(d, a)
		if how == agrees { // all such are used
			return Anomaly{DoubleRelease, *a, d, "what left was released before"}, true
		}
		if how >= worst {
			worst, wrong.Of = how, d
		}
	}
	if wrong.Of == nil {
		return withoutLock(wrong, seen)
	}
	switch worst {
	case tooMuch:
		wrong.Kind, wrong.Detail = AmountMismatch, fmt.Sprintf("%s base units came out, %s were to", a.Amount.Dec(), wrong.Of.Far.Amount.Dec())
	case tooEarly:
		wrong.Kind, wrong.Detail = BeforeLock, fmt.Sprintf("%d seconds before it left", wrong.Of.Time-a.Time)
	case otherRecipient:
		wrong.Kind, wrong.Detail = WithoutLock, "its key belongs to a departure for another recipient"
	default:
		wrong.Kind, wrong.Detail = WithoutLock, "its key belongs to a departure for another ledger"
	}
	return wrong, true
}

// withoutLock is about a key that no departure carries. It means something only
// where the ledger it should have left was read.
func withoutLock(wrong Anomaly, seen map[graph.ChainID]Span) (Anomaly, bool) {
	a := &wrong.Arrival
	span, read := seen[graph.ChainID(a.Far.Chain)]
	if !read || span.From > a.Time-LockWindow || span.To < a.Time {
		return wrong, false
	}
	wrong.Kind, wrong.Detail = WithoutLock, "no departure carries its key"
	return wrong, true
}
