package trace

import (
	"slices"

	"spoor/graph"
)

// span is a run of units of a movement or a balance: size units behind the
// first at ones.
type span struct{ at, size graph.Amount }

func (s span) end() graph.Amount { return plus(s.at, s.size) }

// want is the part of a movement whose source is asked for: spans that ascend
// and do not touch. Where a method mixes value only its total means anything,
// and it is one span from the first unit on.
type want []span

// whole is the want for the first amount units.
func whole(amount graph.Amount) want {
	if amount.IsZero() {
		return nil
	}
	return want{{size: amount}}
}

func (w want) total() (sum graph.Amount) {
	for i := range w {
		sum.Add(&sum, &w[i].size)
	}
	return sum
}

// union is what is in either want.
func (w want) union(other want) want {
	all := append(slices.Clone(w), other...)
	slices.SortFunc(all, func(a, b span) int { return a.at.Cmp(&b.at) })
	var joined want
	for _, s := range all {
		if s.size.IsZero() {
			continue
		}
		if n := len(joined); n > 0 {
			last := &joined[n-1]
			if reached := last.end(); !s.at.Gt(&reached) {
				if end := s.end(); end.Gt(&reached) {
					last.size = minus(end, last.at)
				}
				continue
			}
		}
		joined = append(joined, s)
	}
	return joined
}

// within is the part of the want that lies in a span, counted from there.
func (w want) within(part span) (inside want) {
	end := part.end()
	for _, s := range w {
		from, to := larger(s.at, part.at), smaller(s.end(), end)
		if from.Lt(&to) {
			inside = append(inside, span{minus(from, part.at), minus(to, from)})
		}
	}
	return inside
}

// behind is the want moved behind so many units.
func (w want) behind(units graph.Amount) want {
	moved := slices.Clone(w)
	for i := range moved {
		moved[i].at.Add(&moved[i].at, &units)
	}
	return moved
}

// without is what is in the want and not in other.
func (w want) without(other want) (rest want) {
	for _, s := range w {
		for _, o := range other {
			if end := o.end(); !end.Gt(&s.at) {
				continue
			}
			if s.size.IsZero() || !o.at.Lt(ptr(s.end())) {
				break
			}
			if o.at.Gt(&s.at) {
				rest = append(rest, span{s.at, minus(o.at, s.at)})
			}
			end, from := s.end(), o.end()
			if !from.Lt(&end) {
				s.size.Clear()
				break
			}
			s = span{from, minus(end, from)}
		}
		if !s.size.IsZero() {
			rest = append(rest, s)
		}
	}
	return rest
}

// first is the first units of the want, at most so many.
func (w want) first(units graph.Amount) (head want) {
	for _, s := range w {
		size := smaller(s.size, units)
		if size.IsZero() {
			break
		}
		head = append(head, span{s.at, size})
		units = minus(units, size)
	}
	return head
}

// restate is the want in the units of what was given for a whole: the edge of a
// span goes to the same part of the other amount, rounded down, so that spans
// that do not overlap go to such, and all of the one is all of the other.
func (w want) restate(from, to graph.Amount) want {
	if from.IsZero() {
		return nil
	}
	edge := func(at graph.Amount) (there graph.Amount) {
		there.MulDivOverflow(&at, &to, &from) // at is no more than from
		return there
	}
	var stated want
	for _, s := range w {
		at, end := edge(s.at), edge(s.end())
		stated = append(stated, span{at, minus(end, at)})
	}
	return stated.union(nil)
}

func plus(a, b graph.Amount) graph.Amount  { return *a.Add(&a, &b) }
func minus(a, b graph.Amount) graph.Amount { return *a.Sub(&a, &b) }
func ptr(a graph.Amount) *graph.Amount     { return &a }

func smaller(a, b graph.Amount) graph.Amount {
	if b.Lt(&a) {
		return b
	}
	return a
}

func larger(a, b graph.Amount) graph.Amount {
	if a.Lt(&b) {
		return b
	}
	return a
}
