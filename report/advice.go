package report

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"

	"spoor/graph"
	"spoor/trace"
)

// Advice is a next step that a trace suggests, in plain language.
type Advice struct {
	Text      string
	Statement graph.Statement // of what it rests on
	Request   string          // the file of the evidence folder that asks for it, "" if nobody is to be asked
}

// advised is what steps are summed by: the kind of step and what it is about.
type advised struct {
	reason     trace.Reason
	name       string // of the service, or of the issuer who can freeze
	source     string
	confidence int
}

// maxAdvice bounds the steps of one kind; what is left out is counted.
const maxAdvice = 5

// NextSteps lists what can be done about what a trace found: what can be frozen
// first, by falling part of what ended in its asset. Nothing is claimed that
// stops.csv does not say. A trace backward, or by a measure of reach, suggests
// nothing.
func NextSteps(t *trace.Trace) ([]Advice, error) {
	if err := Check(t); err != nil || !t.Method.Conserves || t.Case.Direction == trace.Backward {
		return nil, err
	}
	s := &summary{t: t, names: assetNames(t)}
	sums, wanted := newSums[advised](), make(map[advised]string)
	files := make(map[int]string)
	for _, r := range requests(t) {
		for _, at := range r.stops {
			files[at] = r.file()
		}
	}
	for i := range t.Stops {
		stop := &t.Stops[i]
		key := advised{reason: stop.Reason}
		switch stop.Reason {
		case trace.StopFee, trace.StopDust, trace.StopBurn:
			continue
		case trace.StopAtRest:
			key.name, key.source, key.confidence = stop.Freezable.Name, stop.Freezable.Source, stop.Freezable.Confidence
		case trace.StopService, trace.StopMixer, trace.StopBridge:
			key.name, key.source, key.confidence = stop.Label.Name, cmp.Or(stop.Label.Source, stop.Rule), stop.Confidence
		case trace.StopFrozen, trace.StopBudget:
			key.source = stop.Rule
		}
		sums.add(key, stop.Asset, stop.Tainted.ToBig(), stop.Address)
		wanted[key] = files[i]
	}
	var advice []Advice
	for _, reason := range []trace.Reason{trace.StopService, trace.StopAtRest, trace.StopFrozen, trace.StopBridge, trace.StopMixer, trace.StopContract, trace.StopUncovered, trace.StopBudget} {
		lines := slices.DeleteFunc(slices.Clone(sums.list), func(l *line[advised]) bool { return l.key.reason != reason })
		slices.SortStableFunc(lines, func(a, b *line[advised]) int { return s.part(b).Cmp(s.part(a)) })
		for _, l := range lines[:min(len(lines), maxAdvice)] {
			step := s.advise(l)
			step.Request = wanted[l.key]
			advice = append(advice, step)
		}
		if more := len(lines) - maxAdvice; more > 0 {
			advice = append(advice, Advice{fmt.Sprintf("%d more like these (%s) are in stops.csv.", more, reason), graph.Derived, ""})
		}
	}
	return advice, nil
}

// part is what a line is of all that ended in its asset, fees left out.
func (s *summary) part(l *line[advised]) *big.Rat {
	all := s.endedIn(l.info.Asset)
	if all.Sign() == 0 {
		return new(big.Rat)
	}
	return new(big.Rat).SetFrac(&l.sum, all)
}

func (s *summary) endedIn(a graph.Asset) *big.Int {
	all := new(big.Int)
	for i := range s.t.Balances {
		if b := &s.t.Balances[i]; b.Asset.Asset == a {
			all.Add(b.AtRest.ToBig(), b.Stopped.ToBig())
		}
	}
	return all
}

// advise is the step for what ended in one way.
func (s *summary) advise(l *line[advised]) Advice {
	k := &l.key
	value := fmt.Sprintf("%s %s", s.amount(l), s.name(l.info))
	share := new(big.Rat).Mul(s.part(l), big.NewRat(100, 1))
	tenths := new(big.Int).Div(new(big.Int).Mul(share.Num(), big.NewInt(10)), share.Denom()) // rounded down
	value += fmt.Sprintf(" (%s %% of what ended in it)", new(big.Rat).SetFrac(tenths, big.NewInt(10)).FloatString(1))
	who, says := claim(k.name), fmt.Sprintf("%s, confidence %d", claim(k.source), k.confidence)
	where := fmt.Sprintf("%s: %s", addressCount(len(l.addresses)), l.places())
	switch {
	case k.reason == trace.StopService && k.name != "":
		return Advice{fmt.Sprintf("%s reached %s at %s. Ask %s to freeze it and to say whose account was credited (%s).", value, who, where, who, says), graph.Attributed, ""}
	case k.reason == trace.StopService:
		return Advice{fmt.Sprintf("%s reached what moves like a service, at %s. Find out who runs it before you write to anybody (%s).", value, where, says), graph.Attributed, ""}
	case k.reason == trace.StopAtRest && k.name != "":
		return Advice{fmt.Sprintf("%s still lies at %s. %s can freeze it where it lies: ask at once (%s).", value, where, who, says), graph.Attributed, ""}
	case k.reason == trace.StopAtRest:
		return Advice{fmt.Sprintf("%s still lies at %s. Nobody is known who could freeze it there: watch these addresses (spoor follow --case).", value, where), graph.Derived, ""}
	case k.reason == trace.StopFrozen:
		return Advice{fmt.Sprintf("%s is frozen at %s (%s). It is not recovered yet: ask the issuer what it needs to return it.", value, where, claim(k.source)), graph.Derived, ""}
	case k.reason == trace.StopBridge:
		return Advice{fmt.Sprintf("%s left through %s at %s, and its arrival was not found. Read the chain it went to and trace again (%s).", value, cmp.Or(who, "a bridge"), where, says), graph.Attributed, ""}
	case k.reason == trace.StopMixer:
		return Advice{fmt.Sprintf("%s went into %s at %s. What comes out is not followed: amounts and times of withdrawals are the next lead (%s).", value, cmp.Or(who, "a mixer"), where, says), graph.Attributed, ""}
	case k.reason == trace.StopBudget:
		return Advice{fmt.Sprintf("%s was not followed further from %s, as the bound %s of the case cut the trace. Raise it and trace again.", value, where, claim(k.source)), graph.Derived, ""}
	case k.reason == trace.StopUncovered:
		return Advice{fmt.Sprintf("%s went where nothing was read, at %s. Read these histories and trace again.", value, where), graph.Derived, ""}
	}
	return Advice{fmt.Sprintf("%s ended at %s: %s.", value, where, k.reason), graph.Derived, ""}
}
