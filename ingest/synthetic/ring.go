package synthetic

// ring remembers the last places of a table that something happened at. To
// choose one of it is to prefer what happened often: preferential attachment.
type ring struct {
	places []uint32
	size   int
	next   int
}

func newRing(size int) ring { return ring{size: size} }

func (r *ring) push(place int) {
	if len(r.places) < r.size {
		r.places = append(r.places, uint32(place))
		return
	}
	r.places[r.next] = uint32(place)
	r.next = (r.next + 1) % r.size
}

// any draws one of all that are remembered.
func (r *ring) any(d *draw) (place int, ok bool) {
	if len(r.places) == 0 {
		return 0, false
	}
	return int(r.places[d.below(uint64(len(r.places)))]), true
}

// late draws one of the last n.
func (r *ring) late(d *draw, n int) (place int, ok bool) {
	have := len(r.places)
	if have == 0 {
		return 0, false
	}
	back := 1 + int(d.below(uint64(min(n, have))))
	return int(r.places[(r.next+have-back)%have]), true
}
