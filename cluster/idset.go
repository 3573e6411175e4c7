package cluster

import "spoor/graph"

// idSet is a set of dense ids, a bit each up to the highest.
type idSet []uint64

func (s idSet) has(id graph.ID) bool {
	i := int(id / 64)
	return i < len(s) && s[i]>>(id%64)&1 == 1
}

func (s *idSet) add(id graph.ID) {
	for int(id/64) >= len(*s) {
		*s = append(*s, make([]uint64, max(16, len(*s)))...)
	}
	(*s)[id/64] |= 1 << (id % 64)
}
