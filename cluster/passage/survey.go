package passage

import (
	"context"
	"errors"

	"spoor/graph"
)

// Read is what a ledger states of passages, and the longest time without a gap
// of which it was read with its logs; not read if there is none. It fails with
// ErrTooMany where there are more than most sides; 0 is no bound.
func Read(ctx context.Context, chain graph.Chain, view graph.View, most int) (sides []Side, span Span, read bool, err error) {
	for _, kind := range []graph.EventKind{graph.Departure, graph.Arrival} {
		for stated, err := range view.EventsOf(ctx, kind, graph.Position{}) {
			if err != nil {
				return nil, span, false, err
			}
			if sides = append(sides, Side{Chain: chain.ID, Stated: stated}); most > 0 && len(sides) > most {
				return nil, span, false, ErrTooMany
			}
		}
	}
	span, read, err = readSpan(chain, view)
	return sides, span, read, err
}

// ErrTooMany is returned where a ledger states more than was to be read.
var ErrTooMany = errors.New("too many passages")

// readSpan is the longest time without a gap of which a ledger was read with its
// logs.
func readSpan(chain graph.Chain, view graph.View) (longest Span, read bool, err error) {
	rows, err := view.Coverage()
	if err != nil {
		return longest, false, err
	}
	var run Span
	var to uint32
	for i := range rows {
		c := &rows[i]
		if !c.Address.IsZero() || c.Know.Transfers != graph.Full || chain.Family == graph.AccountFamily && c.Know.Logs != graph.Full {
			continue
		}
		first, err := view.Header(c.From)
		if err == nil && (!read || c.From != to+1) {
			run.From = first.Time
		}
		last, failed := view.Header(c.To)
		if err := errors.Join(err, failed); err != nil {
			return longest, false, err
		}
		to, run.To, read = c.To, last.Time, true
		if run.To-run.From >= longest.To-longest.From {
			longest = run
		}
	}
	return longest, read, nil
}

// Survey is what can be said of the passages that ledgers state.
type Survey struct {
	Found          // by key
	Matches []Link // without
	model   *Model
}

// Look links sides by key, and those that are left by what the links teach.
func Look(sides []Side, seen map[graph.ChainID]Span) *Survey {
	s := &Survey{Found: ByKey(sides, seen)}
	s.model = Learn(append(Lone(s.Departures, s.Arrivals), s.Links...))
	s.Matches = s.model.Match(s.Departures, s.Arrivals)
	return s
}

// Placebo measures how often the same rule links decoys.
func (s *Survey) Placebo() Placebo { return s.model.Placebo(s.Departures, s.Arrivals) }

// Alone are the sides that neither a key nor a match gives a partner, departures
// first.
func (s *Survey) Alone() (alone []Side) {
	type id struct { // one log may state several
		chain graph.ChainID
		at    graph.Position
		kind  graph.EventKind
		key   string
	}
	idOf := func(s *Side) id { return id{s.Chain, s.At, s.Kind, s.Key} }
	matched := make(map[id]bool)
	for i := range s.Matches {
		matched[idOf(&s.Matches[i].Departure)], matched[idOf(&s.Matches[i].Arrival)] = true, true
	}
	for _, list := range [][]Side{s.Departures, s.Arrivals} {
		for i := range list {
			if !matched[idOf(&list[i])] {
				alone = append(alone, list[i])
			}
		}
	}
	return alone
}
