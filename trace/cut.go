package trace

import (
	"math"
	"slices"

	"spoor/graph"
)

// A network is the flow graph with every node split in two: value enters a node
// and leaves it, and an address that is no seed's lets one unit through between
// the two. So the greatest flow from the root to the ends is the smallest number
// of addresses on all ways (Menger), and what can still reach an end is behind
// that cut. The flow is found in phases (Dinic 1970), which on networks of unit
// nodes are few.
type network struct {
	first []int32 // of each half, the first of its arcs; -1: none
	arcs  []arc   // an arc and its reverse are neighbours
	level []int32 // distance from the source in this phase, -1: not reached
	next  []int32 // the arc to try next in this phase
}

type arc struct {
	to   int32
	next int32 // of the same half, -1: the last
	room int32
}

const unlimited = math.MaxInt32 / 2

// cut is the smallest set of addresses between the root and all ends, nearest
// to the ends. What ends where a seed began needs no other address.
func (f *flowGraph) cut() []graph.Address {
	nodes := sortedIDs(f.g.Nodes())
	place := make(map[int64]int32, len(nodes))
	for i, id := range nodes {
		place[id] = int32(2 * i)
	}
	sink := int32(2 * len(nodes))
	n := &network{first: slices.Repeat([]int32{-1}, int(sink)+1)}
	for i, id := range nodes {
		enter, leave := int32(2*i), int32(2*i+1)
		room := int32(unlimited)
		if _, isAddress := f.name[id]; isAddress && !f.sources[id] {
			room = 1
		}
		n.add(enter, leave, room)
		if f.ends[id] != nil {
			n.add(leave, sink, unlimited)
		}
		for _, to := range sortedIDs(f.g.From(id)) {
			if !f.sources[id] || f.ends[to] == nil {
				n.add(leave, place[to], unlimited)
			}
		}
	}
	n.fill(place[root]+1, sink)
	behind := n.behind(sink)
	var cut []graph.Address
	for i, id := range nodes {
		if a, isAddress := f.name[id]; isAddress && behind[2*i+1] && !behind[2*i] {
			cut = append(cut, a)
		}
	}
	slices.SortFunc(cut, graph.Address.Compare)
	return cut
}

func (n *network) add(from, to, room int32) {
	n.arcs = append(n.arcs, arc{to, n.first[from], room}, arc{from, n.first[to], 0})
	n.first[from], n.first[to] = int32(len(n.arcs)-2), int32(len(n.arcs)-1)
}

// fill sends as much as can go from the source to the sink.
func (n *network) fill(source, sink int32) {
	for n.rank(source, sink) {
		n.next = slices.Clone(n.first)
		for n.send(source, sink) {
		}
	}
}

// rank measures distances, and reports whether the sink can be reached.
func (n *network) rank(source, sink int32) bool {
	n.level = slices.Repeat([]int32{-1}, len(n.first))
	n.level[source] = 0
	for queue := []int32{source}; len(queue) > 0; queue = queue[1:] {
		for a := n.first[queue[0]]; a >= 0; a = n.arcs[a].next {
			if to := n.arcs[a].to; n.arcs[a].room > 0 && n.level[to] < 0 {
				n.level[to] = n.level[queue[0]] + 1
				queue = append(queue, to)
			}
		}
	}
	return n.level[sink] >= 0
}

// send moves one unit along a way on which every arc leads one step away from
// the source, and reports whether there was one.
func (n *network) send(source, sink int32) bool {
	var way []int32 // arcs
	for at := source; at != sink; {
		a := n.next[at]
		switch {
		case a < 0 && at == source:
			return false
		case a < 0: // a dead end: go back, and do not come here again
			n.level[at] = -1
			last := way[len(way)-1]
			way = way[:len(way)-1]
			at = n.arcs[last^1].to
			n.next[at] = n.arcs[n.next[at]].next
		case n.arcs[a].room > 0 && n.level[n.arcs[a].to] == n.level[at]+1:
			way = append(way, a)
			at = n.arcs[a].to
		default:
			n.next[at] = n.arcs[a].next
		}
	}
	for _, a := range way {
		n.arcs[a].room--
		n.arcs[a^1].room++
	}
	return true
}

// behind are the halves from which more could still reach the sink.
func (n *network) behind(sink int32) []bool {
	seen := make([]bool, len(n.first))
	seen[sink] = true
	for queue := []int32{sink}; len(queue) > 0; queue = queue[1:] {
		for a := n.first[queue[0]]; a >= 0; a = n.arcs[a].next {
			if from := n.arcs[a].to; n.arcs[a^1].room > 0 && !seen[from] {
				seen[from] = true
				queue = append(queue, from)
			}
		}
	}
	return seen
}
