package ingest_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"sync"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest"
)

// fakeNode is a node whose chain a test grows and reorganises.
type fakeNode struct {
	chain graph.Chain

	mu     sync.Mutex
	blocks []graph.Block // the best branch, by height
	salt   uint64        // makes every block another one
	fail   error         // answer to everything
	mute   bool          // it claims nothing about assets

	// meanwhile is called once, before the n-th block that is read.
	meanwhile func()
	after     int
	short     bool // the next reading ends early, without saying why
}

var _ ingest.Node = (*fakeNode)(nil)

func newFakeNode(chain graph.Chain) *fakeNode {
	n := &fakeNode{chain: chain}
	n.mine(1)
	return n
}

// mine adds blocks.
func (n *fakeNode) mine(count int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for range count {
		n.salt++
		var digits [8]byte
		binary.BigEndian.PutUint64(digits[:], n.salt)
		b := graph.Block{
			Header: graph.Header{Height: uint32(len(n.blocks)), Hash: graphtest.Hash("block" + string(digits[:])), Time: int64(1_700_000_000 + n.salt)},
			Know:   graph.Knowledge{Transfers: graph.Full, Logs: graph.Full}, Source: n.Source(),
		}
		if len(n.blocks) > 0 {
			b.Parent = n.blocks[len(n.blocks)-1].Hash
		}
		for i := range n.salt % 4 {
			log, err := graph.LogSeq(int(i), 0)
			if err != nil {
				panic(err)
			}
			from, to := graphtest.Account(n.chain, int(n.salt%7)), graphtest.Account(n.chain, int(n.salt*31%1000))
			b.Txs = append(b.Txs, graph.Tx{Index: uint32(i), Hash: graphtest.Hash(fmt.Sprint("tx", n.salt, i)), Transfers: []graph.Transfer{
				{Seq: graph.FeeSeq(0), Kind: graph.KindFee, From: from, To: graphtest.Account(n.chain, 50), Asset: n.chain.Native(), Amount: graph.Amount{n.salt}},
				{Seq: log, Kind: graph.KindToken, From: from, To: to, Asset: graphtest.Token(n.chain, int(n.salt%13)), Amount: graph.Amount{i, n.salt}},
			}, Events: []graph.Event{
				{Seq: log, Kind: graph.Created, Protocol: "test", Subject: to, Object: from, Amount: graph.Amount{n.salt}},
			}})
		}
		n.blocks = append(n.blocks, b)
	}
}

// reorganise drops the newest blocks and adds others.
func (n *fakeNode) reorganise(depth, length int) {
	n.drop(depth)
	n.mine(length)
}

// drop takes the newest blocks away.
func (n *fakeNode) drop(depth int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.blocks = n.blocks[:len(n.blocks)-depth]
}

// failWith makes the node fail from now on; nil repairs it.
func (n *fakeNode) failWith(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fail = err
}

// branch is a copy of the best branch.
func (n *fakeNode) branch() []graph.Block {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]graph.Block(nil), n.blocks...)
}

func (n *fakeNode) tip() uint32 { return uint32(len(n.branch()) - 1) }

func (n *fakeNode) Source() string { return "fake node" }

func (n *fakeNode) Head(_ context.Context, sure ingest.Finality) (graph.Header, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	depth := int(sure.Depth(n.chain))
	if n.fail != nil {
		return graph.Header{}, n.fail
	}
	if depth >= len(n.blocks) {
		return graph.Header{}, graph.ErrNotFound
	}
	return n.blocks[len(n.blocks)-1-depth].Header, nil
}

func (n *fakeNode) HeaderAt(_ context.Context, height uint32) (graph.Header, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.fail != nil {
		return graph.Header{}, n.fail
	}
	if int(height) >= len(n.blocks) {
		return graph.Header{}, graph.ErrNotFound
	}
	return n.blocks[height].Header, nil
}

func (n *fakeNode) Range(from, to uint32) ingest.Source { return &fakeRange{n, from, to} }

// fakeRange reads blocks one by one, whatever branch they are then of: what a
// node does that is asked by height.
type fakeRange struct {
	n        *fakeNode
	from, to uint32
}

func (r *fakeRange) Chain() graph.Chain { return r.n.chain }

func (r *fakeRange) Infos() []graph.AssetInfo {
	if r.n.mute {
		return nil
	}
	return []graph.AssetInfo{{Asset: graphtest.Token(r.n.chain, 1), Symbol: "ONE", Decimals: 2, Source: "fake node"}}
}

func (r *fakeRange) Blocks(context.Context) iter.Seq2[graph.Block, error] {
	return func(yield func(graph.Block, error) bool) {
		for h := r.from; h <= r.to; h++ {
			b, err := r.block(h)
			if errors.Is(err, errShort) {
				return
			}
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

var errShort = errors.New("no more")

func (r *fakeRange) block(h uint32) (graph.Block, error) {
	n := r.n
	n.mu.Lock()
	do := n.meanwhile
	if n.after--; n.after > 0 {
		do = nil
	}
	if do != nil {
		n.meanwhile = nil
	}
	n.mu.Unlock()
	if do != nil {
		do()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.fail != nil:
		return graph.Block{}, n.fail
	case n.short:
		n.short = false
		return graph.Block{}, errShort
	case int(h) >= len(n.blocks):
		return graph.Block{}, fmt.Errorf("block %d: %w", h, ingest.ErrMoved)
	}
	return n.blocks[h], nil
}

// errCrash is the end of a process, as far as Follow can tell.
var errCrash = errors.New("crash")

// fragile is a ledger that crashes before or after some of its writes, and
// looks after every write whether readers would see one branch.
type fragile struct {
	graph.Ledger
	crash func() (before, after bool)
	check func() error
}

func (l fragile) Apply(ctx context.Context, blocks ...graph.Block) error {
	return l.write(func() error { return l.Ledger.Apply(ctx, blocks...) })
}

func (l fragile) Revert(ctx context.Context, from uint32) error {
	return l.write(func() error { return l.Ledger.Revert(ctx, from) })
}

func (l fragile) write(do func() error) error {
	before, after := l.crash()
	if before {
		return errCrash
	}
	if err := do(); err != nil {
		return err
	}
	if err := l.check(); err != nil {
		return err
	}
	if after {
		return errCrash
	}
	return nil
}
