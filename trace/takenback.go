package trace

import (
	"context"
	"fmt"
	"slices"

	"spoor/cluster/mixer"
	"spoor/cluster/passage"
	"spoor/graph"
)

// Some mixers let a depositor take back his own deposit openly, and state that
// he did (Privacy Pools: ragequit). What went in then came out, by the mixer's
// own word and its own number for the deposit: value goes on there, derived, the
// same as over a bridge whose sides share a key. Only a mixer that labels know is
// believed, as anybody can log such a thing.

// putBack are the deposits of the transaction that were taken back later, each
// of as much as was.
func (ev *event) putBack() (found []passage.Side, err error) {
	for i := range ev.tx.Events {
		e := &ev.tx.Events[i]
		if _, proven := e.Proven(); !proven || e.Kind != graph.Mixed || !ev.run.mixes(e.Emitter, ev.header.Time) {
			continue
		}
		side := ev.side(*e)
		back, err := ev.run.takenBack(&side)
		if err != nil {
			return nil, err
		}
		if back == nil {
			continue
		}
		if back.Amount.Lt(&side.Amount) {
			side.Amount = back.Amount // the rest was taken out unseen
		}
		found = append(found, side)
	}
	return found, nil
}

// givesBack reports whether a mixer states that a deposit was taken back.
func (ev *event) givesBack(e *graph.Event) bool {
	return e.Kind == graph.TakenBack && ev.run.mixes(e.Emitter, ev.header.Time)
}

// mixes reports whether a label that holds says that an address is a mixer.
func (r *run) mixes(a graph.Address, time int64) bool {
	return slices.ContainsFunc(r.labels(a), func(l graph.Label) bool { return reasonOf(l) == StopMixer && l.HoldsAt(time) })
}

// takenBack is where a deposit was taken back, nil if it was not.
func (r *run) takenBack(d *passage.Side) (*passage.Side, error) {
	l := r.ledgers[d.Chain]
	for s, err := range l.view.Events(context.Background(), d.Subject, d.At) {
		if err != nil {
			return nil, fmt.Errorf("%s events: %w", l.chain.Alias, err)
		}
		if s.Kind == graph.TakenBack && s.Emitter == d.Emitter && s.Protocol == d.Protocol && s.Key == d.Key && s.At.StartOf().Compare(d.At.StartOf()) > 0 {
			return &passage.Side{Chain: d.Chain, Stated: s}, nil
		}
	}
	return nil, nil
}

// back is the way of a deposit that was taken back.
func (r *run) back(d *passage.Side) ([]passage.Link, string, error) {
	side, err := r.takenBack(d)
	if err != nil || side == nil {
		return nil, "it was not taken back", err
	}
	return []passage.Link{{Departure: *d, Arrival: *side, Rule: mixer.TakenBack, Statement: graph.Derived, Confidence: 100}}, "", nil
}

// putIn is the way back to the deposit that was taken back at a place.
func (r *run) putIn(back *passage.Side) (*passage.Link, string, error) {
	l := r.ledgers[back.Chain]
	for s, err := range l.view.Events(context.Background(), back.Subject, graph.Position{}) {
		if err != nil {
			return nil, "", fmt.Errorf("%s events: %w", l.chain.Alias, err)
		}
		if s.At.StartOf().Compare(back.At.StartOf()) >= 0 {
			break
		}
		if s.Kind == graph.Mixed && s.Emitter == back.Emitter && s.Protocol == back.Protocol && s.Key == back.Key {
			d := passage.Side{Chain: back.Chain, Stated: s}
			return &passage.Link{Departure: d, Arrival: *back, Rule: mixer.TakenBack, Statement: graph.Derived, Confidence: 100}, "", nil
		}
	}
	return nil, "the deposit that was taken back there was not read", nil
}

// keep leaves in a flow what goes into a mixer and was not taken back: it ends
// there as all else does.
func (f *flow) keep(rest []Lot) {
	if kept := tainted(rest); kept.IsZero() {
		f.lots = nil
		return
	}
	clean, left := f.amount, total(rest)
	clean.Sub(&clean, &left)
	f.lots = add(rest, Lot{Amount: clean})
}
