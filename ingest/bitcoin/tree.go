package bitcoin

import (
	"cmp"
	"slices"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"
	"github.com/holiman/uint256"
)

// tree is the headers of all blocks found, of which one branch is the chain.
// It takes about 200 bytes a block.
type tree struct {
	nodes []node // in order of arrival
	index map[chainhash.Hash]int32
}

type node struct {
	stored
	hash, prev chainhash.Hash
	work       uint256.Int // from the root of its part on, once linked
	parent     int32       // noParent if it is not among the nodes
	root       int32
	depth      uint32 // blocks between it and its root
}

const (
	noParent = -1
	unlinked = -2
)

func newTree() *tree { return &tree{index: map[chainhash.Hash]int32{}} }

// add reports whether the block was not there yet.
func (t *tree) add(at stored, header *wire.BlockHeader) bool {
	hash := header.BlockHash()
	if _, known := t.index[hash]; known {
		return false
	}
	n := node{stored: at, hash: hash, prev: header.PrevBlock, parent: unlinked}
	n.work.SetFromBig(blockchain.CalcWork(header.Bits))
	t.index[hash] = int32(len(t.nodes))
	t.nodes = append(t.nodes, n)
	return true
}

// link finds every node's parent and adds up work. A block may stand before
// its parent in the files.
func (t *tree) link() {
	var path []int32
	for i := range t.nodes {
		path = path[:0]
		at := int32(i)
		for at != noParent && t.nodes[at].parent == unlinked {
			path = append(path, at)
			parent, known := t.index[t.nodes[at].prev]
			if !known {
				parent = noParent
			}
			at = parent
		}
		for _, j := range slices.Backward(path) {
			n := &t.nodes[j]
			if n.parent = at; at == noParent {
				n.root = j
			} else {
				parent := &t.nodes[at]
				n.root, n.depth = parent.root, parent.depth+1
				n.work.Add(&n.work, &parent.work)
			}
			at = j
		}
	}
}

// branch is a line of blocks from a root, each the parent of the next.
type branch struct {
	height uint32 // of the first
	nodes  []int32
}

func (b *branch) last() uint32 { return b.height + uint32(len(b.nodes)) - 1 }

// branches are the best of each part of the tree (blocks without a common
// root lie in different parts), most work first; of equal work the one that
// arrived first.
func (t *tree) branches() []branch {
	best := map[int32]int32{} // root to tip
	for i := range t.nodes {
		tip, known := best[t.nodes[i].root]
		if !known || t.nodes[i].work.Gt(&t.nodes[tip].work) {
			best[t.nodes[i].root] = int32(i)
		}
	}
	tips := make([]int32, 0, len(best))
	for _, tip := range best {
		tips = append(tips, tip)
	}
	slices.SortFunc(tips, func(a, b int32) int {
		if c := t.nodes[b].work.Cmp(&t.nodes[a].work); c != 0 {
			return c
		}
		return cmp.Compare(a, b)
	})
	lines := make([]branch, len(tips))
	for i, tip := range tips {
		nodes := make([]int32, t.nodes[tip].depth+1)
		for at := tip; at != noParent; at = t.nodes[at].parent {
			nodes[t.nodes[at].depth] = at
		}
		lines[i].nodes = nodes
	}
	return lines
}
