package cluster

import (
	"cmp"
	"context"
	"slices"

	"spoor/graph"
)

// Held is evidence between two entities that was not allowed to join them. All
// evidence between the same two for the same reason is one.
type Held struct {
	Reason         string // ObstacleVeto, ObstacleOwners or ObstacleSize
	A, B           graph.ID
	First          Evidence
	Count          uint64
	SizeA, SizeB   int    // addresses of the two entities
	OwnerA, OwnerB string // as labels name them, "" if none does
}

// Held lists what was held back, by the first evidence of each.
func (e *Entities) Held(ctx context.Context) ([]Held, error) {
	type key struct {
		a, b   uint32
		reason string
	}
	at := make(map[key]int)
	var list []Held
	err := e.evidence(ctx, Rule.known, func(v *Evidence) error {
		x, y := e.ends(v)
		a, b := e.forest.root(x), e.forest.root(y)
		if a == b {
			return nil
		}
		k := key{min(a, b), max(a, b), e.obstacle(v.Rule, a, b)}
		if i, met := at[k]; met {
			list[i].Count++
			return nil
		}
		at[k] = len(list)
		list = append(list, Held{Reason: k.reason, A: graph.ID(x), B: graph.ID(y), First: *v, Count: 1,
			SizeA: e.forest.size(a), SizeB: e.forest.size(b), OwnerA: e.owner[a], OwnerB: e.owner[b]})
		return nil
	})
	slices.SortStableFunc(list, func(a, b Held) int { return a.First.At.Compare(b.First.At) })
	return list, err
}

// Between are the pieces of evidence that were held back on the shortest way
// from one entity to another, nil if there is none.
func (e *Entities) Between(ctx context.Context, a, b graph.ID) ([]Held, error) {
	if !e.forest.has(a) || !e.forest.has(b) || e.Same(a, b) {
		return nil, nil
	}
	held, err := e.Held(ctx)
	if err != nil {
		return nil, err
	}
	from, to := e.forest.root(uint32(a)), e.forest.root(uint32(b))
	by := make(map[uint32][]int)
	for i := range held {
		x, y := e.forest.root(uint32(held[i].A)), e.forest.root(uint32(held[i].B))
		by[x], by[y] = append(by[x], i), append(by[y], i)
	}
	parent := map[uint32]int{from: -1}
	for queue := []uint32{from}; len(queue) > 0; queue = queue[1:] {
		if queue[0] == to {
			break
		}
		for _, i := range by[queue[0]] {
			x, y := e.forest.root(uint32(held[i].A)), e.forest.root(uint32(held[i].B))
			next := x ^ y ^ queue[0]
			if _, met := parent[next]; !met {
				parent[next] = i
				queue = append(queue, next)
			}
		}
	}
	if _, met := parent[to]; !met {
		return nil, nil
	}
	var way []Held
	for at := to; at != from; {
		h := held[parent[at]]
		way = append(way, h)
		at ^= e.forest.root(uint32(h.A)) ^ e.forest.root(uint32(h.B))
	}
	slices.Reverse(way)
	return way, nil
}

// Counts is how much evidence of each rule holds the entity of an address
// together.
type Counts struct {
	Rule       Rule
	Evidence   uint64
	Confidence uint8 // the least of it
}

// RulesOf counts the evidence inside the entity of an address by rule, in the
// order of the table.
func (e *Entities) RulesOf(ctx context.Context, id graph.ID) ([]Counts, error) {
	if e.Alone(id) {
		return nil, nil
	}
	root := e.forest.root(uint32(id))
	var by [ruleEnd]Counts
	err := e.evidence(ctx, Rule.known, func(v *Evidence) error {
		a, b := e.ends(v)
		if e.forest.root(a) != root || e.forest.root(b) != root {
			return nil
		}
		c := &by[v.Rule]
		if c.Evidence == 0 || v.Confidence < c.Confidence {
			c.Confidence = v.Confidence
		}
		c.Rule = v.Rule
		c.Evidence++
		return nil
	})
	list := slices.DeleteFunc(by[:], func(c Counts) bool { return c.Evidence == 0 })
	slices.SortFunc(list, func(a, b Counts) int { return cmp.Compare(a.Rule, b.Rule) })
	return list, err
}
