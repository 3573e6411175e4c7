package cluster

import (
	"context"
	"slices"

	"spoor/graph"
)

// Step is one piece of evidence in a chain from one address to another. A
// deposit takes two: a user to the deposit address, and from there to another.
type Step struct {
	From, To graph.ID
	Evidence Evidence
}

// Chains are, for each group of addresses of one entity, the shortest chains
// of evidence that join the first of the group to the others, as a tree: every
// step once, in the order of the log. Of several shortest chains it is the one
// whose evidence comes first in the ledger. The log is read once for all.
func (e *Entities) Chains(ctx context.Context, groups ...[]graph.ID) ([][]Step, error) {
	nets := make(map[uint32]*net)
	for _, g := range groups {
		if len(g) > 1 && e.forest.has(g[0]) {
			nets[e.forest.root(uint32(g[0]))] = &net{at: map[uint32]int32{}}
		}
	}
	err := e.evidence(ctx, Rule.known, func(v *Evidence) error {
		a, b := e.ends(v)
		root := e.forest.root(a)
		if n := nets[root]; n != nil && root == e.forest.root(b) {
			n.add(v)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	trees := make([][]Step, len(groups))
	for i, g := range groups {
		if len(g) > 1 && e.forest.has(g[0]) {
			trees[i] = nets[e.forest.root(uint32(g[0]))].tree(g[0], g[1:])
		}
	}
	return trees, nil
}

// Why is the shortest chain of evidence from one address to another, nil if
// they do not share an owner.
func (e *Entities) Why(ctx context.Context, a, b graph.ID) ([]Step, error) {
	if a == b || !e.Same(a, b) {
		return nil, nil
	}
	trees, err := e.Chains(ctx, []graph.ID{a, b})
	if err != nil {
		return nil, err
	}
	return inOrder(trees[0], a), nil
}

// inOrder puts the steps of a chain one behind the other.
func inOrder(steps []Step, from graph.ID) []Step {
	var chain []Step
	for len(chain) < len(steps) {
		i := slices.IndexFunc(steps, func(s Step) bool { return s.From == from })
		if i < 0 {
			return steps // a tree, not a chain
		}
		chain = append(chain, steps[i])
		from = steps[i].To
	}
	return chain
}

// net is the evidence of one entity as a graph.
type net struct {
	at       map[uint32]int32 // place of an address
	ids      []uint32
	evidence []Evidence // in the order of the log; joins A and B
}

func (n *net) add(v *Evidence) {
	for _, id := range []uint32{uint32(v.A), uint32(v.B)} {
		if _, met := n.at[id]; !met {
			n.at[id] = int32(len(n.ids))
			n.ids = append(n.ids, id)
		}
	}
	n.evidence = append(n.evidence, *v)
}

// tree is a breadth-first search from an address, cut to what leads to others.
func (n *net) tree(from graph.ID, to []graph.ID) []Step {
	start, known := n.at[uint32(from)]
	if !known {
		return nil
	}
	first, edges := n.adjacency()
	parent := make([]int32, len(n.ids)) // the evidence by which an address was reached, plus one
	reached := make([]bool, len(n.ids))
	reached[start] = true
	wanted := make(map[int32]bool)
	for _, id := range to {
		if at, known := n.at[uint32(id)]; known && at != start {
			wanted[at] = true
		}
	}
	missing := len(wanted)
	for queue := []int32{start}; len(queue) > 0 && missing > 0; queue = queue[1:] {
		here := queue[0]
		for _, i := range edges[first[here]:first[here+1]] {
			next := n.other(i, here)
			if reached[next] {
				continue
			}
			reached[next], parent[next] = true, i+1
			queue = append(queue, next)
			if wanted[next] {
				missing--
			}
		}
	}
	var kept []int32
	toward := make(map[int32]int32) // evidence to the address it leads to
	for at := range wanted {
		for parent[at] != 0 {
			i := parent[at] - 1
			if _, there := toward[i]; there {
				break
			}
			toward[i] = at
			kept = append(kept, i)
			at = n.other(i, at)
		}
	}
	slices.Sort(kept)
	steps := make([]Step, len(kept))
	for j, i := range kept {
		at := toward[i]
		steps[j] = Step{From: graph.ID(n.ids[n.other(i, at)]), To: graph.ID(n.ids[at]), Evidence: n.evidence[i]}
	}
	return steps
}

// other is the end of evidence that is not here.
func (n *net) other(i, here int32) int32 {
	if a := n.at[uint32(n.evidence[i].A)]; a != here {
		return a
	}
	return n.at[uint32(n.evidence[i].B)]
}

// adjacency lists the evidence of each address, in the order of the log.
func (n *net) adjacency() (first, edges []int32) {
	first = make([]int32, len(n.ids)+1)
	count := func(f func(at, i int32)) {
		for i := range n.evidence {
			f(n.at[uint32(n.evidence[i].A)], int32(i))
			f(n.at[uint32(n.evidence[i].B)], int32(i))
		}
	}
	count(func(at, _ int32) { first[at+1]++ })
	for i := range n.ids {
		first[i+1] += first[i]
	}
	edges = make([]int32, first[len(n.ids)])
	next := slices.Clone(first)
	count(func(at, i int32) {
		edges[next[at]] = i
		next[at]++
	})
	return first, edges
}
