package trace

import "spoor/graph"

// reverse is how a method reads backwards: which units of a whole are asked for
// when units of its parts are, and the other way round.
type reverse uint8

// The ways. Methods without one cannot be reversed: lifo and tiho serve what
// comes later or what is tainted first, which is not known before the source is.
const (
	forwardOnly reverse = iota
	ordered             // units keep their order, and each has one source: fifo
	mixed               // every unit has its part of every source: haircut
	reach               // whatever may have had a part in it, whole: poison
)

// split shares what is wanted of a whole among the parts that it consists of,
// in their order.
func (r reverse) split(w want, parts []graph.Amount) []want {
	wants := make([]want, len(parts))
	if len(w) == 0 {
		return wants
	}
	switch r {
	case mixed:
		for i, part := range share(w.total(), parts) {
			wants[i] = whole(part)
		}
	case reach:
		for i := range parts {
			wants[i] = whole(parts[i])
		}
	default:
		var at graph.Amount
		for i := range parts {
			wants[i] = w.within(span{at, parts[i]})
			at = plus(at, parts[i])
		}
	}
	return wants
}

// join is what is wanted of a whole when so much is of its parts.
func (r reverse) join(parts []graph.Amount, wants []want) (w want) {
	var at, sum graph.Amount
	for i := range parts {
		w = w.union(wants[i].behind(at))
		at, sum = plus(at, parts[i]), plus(sum, wants[i].total())
	}
	switch {
	case r == mixed:
		return whole(sum)
	case r == reach && len(w) > 0:
		return whole(at)
	}
	return w
}

// restate turns a want for what was received into one for what was given.
func (r reverse) restate(w want, received, given graph.Amount) want {
	if r == reach && len(w) > 0 {
		return whole(given)
	}
	return w.restate(received, given)
}

// claim adds to what is wanted of the first part units of a whole, as far as
// nobody wants them yet: most at most. It returns what is wanted then, and how
// much of it is new.
func (r reverse) claim(have want, part, all, most graph.Amount) (now want, fresh graph.Amount) {
	switch r {
	case mixed:
		fresh = smaller(smaller(part, most), minus(all, have.total()))
		return whole(plus(have.total(), fresh)), fresh
	case reach:
		return whole(all), minus(all, have.total())
	}
	added := whole(part).without(have).first(most)
	return have.union(added), added.total()
}

// merge is what is wanted of a whole by either of two.
func (r reverse) merge(a, b want, all graph.Amount) want {
	switch r {
	case mixed:
		return whole(smaller(plus(a.total(), b.total()), all))
	case reach:
		if len(a)+len(b) > 0 {
			return whole(all)
		}
		return nil
	}
	return a.union(b)
}
