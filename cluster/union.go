package cluster

import (
	"errors"
	"fmt"
	"math"

	"spoor/graph"
)

// forest is a union-find over the dense ids of a ledger, four bytes each. A
// root holds the size of its set, below zero; another id holds one closer to
// its root. The smaller id becomes the root.
//
// Two partitions share the array. Sets are first joined by co-spends; settle
// then points every id at its root and notes the roots in a bit each. Sets that
// are joined later are joined between those roots only, so that who co-spent
// with whom can still be told.
type forest struct {
	next    []int32
	anchor  []uint64 // the roots of the first partition, a bit each; nil before settle
	settled bool
}

// errTooMany is returned for a ledger that numbers do not suffice for: a bit of
// 32 tells sizes from ids.
var errTooMany = errors.New("more than 2^31-2 addresses cannot be clustered in one piece")

func newForest(addresses uint64) (*forest, error) {
	if addresses >= math.MaxInt32 {
		return nil, fmt.Errorf("%w: the ledger has %d", errTooMany, addresses)
	}
	f := &forest{next: make([]int32, addresses+1)}
	for i := range f.next {
		f.next[i] = -1
	}
	return f, nil
}

// has reports whether an id is one of the ledger's.
func (f *forest) has(id graph.ID) bool { return id > 0 && id < graph.ID(len(f.next)) }

// root is the root of an id, by all that was joined.
func (f *forest) root(id uint32) uint32 {
	if f.settled {
		id = f.firstRoot(id)
	}
	for f.next[id] >= 0 {
		parent := uint32(f.next[id])
		if f.next[parent] >= 0 {
			f.next[id] = f.next[parent] // halve the path
		}
		id = parent
	}
	return id
}

// firstRoot is the root of an id by co-spends only.
func (f *forest) firstRoot(id uint32) uint32 {
	if f.next[id] < 0 || f.anchor[id/64]>>(id%64)&1 == 1 {
		return id
	}
	return uint32(f.next[id])
}

// size is the size of a root's set.
func (f *forest) size(root uint32) int { return int(-f.next[root]) }

// join joins the sets of two roots, and returns the root of both.
func (f *forest) join(a, b uint32) uint32 {
	if b < a {
		a, b = b, a
	}
	f.next[a] += f.next[b]
	f.next[b] = int32(a)
	return a
}

// settle ends the first partition.
func (f *forest) settle() {
	f.anchor = make([]uint64, len(f.next)/64+1)
	for i := range f.next {
		id := uint32(i)
		if root := f.root(id); root != id {
			f.next[id] = int32(root)
		} else {
			f.anchor[id/64] |= 1 << (id % 64)
		}
	}
	f.settled = true
}
