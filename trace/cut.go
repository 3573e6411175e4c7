package trace

import (
	"slices"

	"spoor/graph"
)

// A half is one side of a node: value enters a node and leaves it, and an
// address lets one unit through between the two. So the greatest flow from the
// root to the ends is the smallest number of addresses on all ways (Menger).
type half struct {
	node  int64
	leave bool
}

// cutter finds the greatest flow by augmenting paths (Ford and Fulkerson): the
// flow is as large as the cut, which is small where it is of interest.
type cutter struct {
	f       *flowGraph
	next    map[half][]half
	forward map[[2]half]bool
	volume  map[[2]half]int // units on an arc
}

// cut is the smallest set of addresses between the root and all ends, nearest
// to the ends. What ends where a seed began needs no other address.
func (f *flowGraph) cut() []graph.Address {
	c := &cutter{f: f, next: make(map[half][]half), forward: make(map[[2]half]bool), volume: make(map[[2]half]int)}
	nodes := sortedIDs(f.g.Nodes())
	for _, n := range nodes {
		c.arc(half{n, false}, half{n, true})
		for _, m := range sortedIDs(f.g.From(n)) {
			if f.sources[n] && f.ends[m] != nil {
				continue
			}
			c.arc(half{n, true}, half{m, false})
		}
	}
	for {
		before := c.reach()
		sink, found := c.sink(before)
		if !found {
			break
		}
		for h := sink; h != (half{root, true}); h = before[h] {
			c.push(before[h], h)
		}
	}
	// What can still reach an end is behind the cut.
	behind := c.back()
	var cut []graph.Address
	for _, n := range nodes {
		if a, isAddress := f.name[n]; isAddress && behind[half{n, true}] && !behind[half{n, false}] {
			cut = append(cut, a)
		}
	}
	slices.SortFunc(cut, graph.Address.Compare)
	return cut
}

func (c *cutter) arc(a, b half) {
	c.next[a] = append(c.next[a], b)
	c.next[b] = append(c.next[b], a)
	c.forward[[2]half{a, b}] = true
}

// unit reports whether an arc lets one unit through: that inside an address
// which is nobody's seed.
func (c *cutter) unit(a, b half) bool {
	_, isAddress := c.f.name[a.node]
	return a.node == b.node && isAddress && !c.f.sources[a.node]
}

// open reports whether more can go from a to b: forward while there is room,
// backward while something goes the other way.
func (c *cutter) open(a, b half) bool {
	if c.volume[[2]half{b, a}] > 0 {
		return true
	}
	return c.forward[[2]half{a, b}] && (!c.unit(a, b) || c.volume[[2]half{a, b}] == 0)
}

func (c *cutter) push(a, b half) {
	if c.volume[[2]half{b, a}] > 0 {
		c.volume[[2]half{b, a}]--
		return
	}
	c.volume[[2]half{a, b}]++
}

// reach walks from the root along open arcs.
func (c *cutter) reach() map[half]half {
	start := half{root, true}
	before := map[half]half{start: start}
	for queue := []half{start}; len(queue) > 0; queue = queue[1:] {
		for _, h := range c.next[queue[0]] {
			if _, seen := before[h]; !seen && c.open(queue[0], h) {
				before[h] = queue[0]
				queue = append(queue, h)
			}
		}
	}
	return before
}

func (c *cutter) sink(before map[half]half) (half, bool) {
	first, found := half{}, false
	for end := range c.f.ends {
		h := half{end, false}
		if _, reached := before[h]; reached && (!found || end < first.node) {
			first, found = h, true
		}
	}
	return first, found
}

// back walks from the ends against open arcs.
func (c *cutter) back() map[half]bool {
	seen := make(map[half]bool)
	var queue []half
	for end := range c.f.ends {
		h := half{end, false}
		seen[h] = true
		queue = append(queue, h)
	}
	for ; len(queue) > 0; queue = queue[1:] {
		for _, h := range c.next[queue[0]] {
			if !seen[h] && c.open(h, queue[0]) {
				seen[h] = true
				queue = append(queue, h)
			}
		}
	}
	return seen
}
