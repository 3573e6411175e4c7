package ethereum

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"spoor/graph"
	"spoor/ingest"
)

// Node is one or more nodes of an EVM chain as ingest.Follow uses them.
type Node struct {
	endpoints []string
	meter     *ingest.Meter
	heads     *RPC // for headers only
}

var _ ingest.Node = (*Node)(nil)

// NewNode follows a chain on nodes, given as for NewRPC. Of the options those
// that bound the blocks are not used.
func NewNode(chain graph.Chain, endpoints []string, meter *ingest.Meter, o RPCOptions) (*Node, error) {
	o.Retries = min(o.withDefaults().Retries, 3) // Follow is patient itself
	heads, err := NewRPC(chain, endpoints, meter, o)
	if err != nil {
		return nil, err
	}
	return &Node{endpoints: endpoints, meter: meter, heads: heads}, nil
}

// Close gives the connections free.
func (n *Node) Close() {
	for _, e := range n.heads.nodes {
		e.close()
	}
}

// Traffic is what went between this machine and the nodes, of all that uses the
// meter.
func (n *Node) Traffic() ingest.Traffic { return n.meter.Traffic() }

// Source is what the blocks are said to be read from.
func (n *Node) Source() string { return "rpc" }

// Head is the newest block of the nodes that is as sure as asked for. Where a
// node does not know safe and finalized blocks, it is the one that is deep
// enough below the newest.
func (n *Node) Head(ctx context.Context, sure ingest.Finality) (graph.Header, error) {
	header, err := n.header(ctx, sure.String())
	if err == nil || sure == ingest.Latest || errors.Is(err, ingest.ErrUnavailable) {
		return header, err
	}
	fault := (*Fault)(nil)
	if errors.As(err, &fault) && (fault.Kind == FaultDenied || fault.Kind == FaultForeign) {
		return header, err
	}
	newest, err := n.header(ctx, "latest")
	if err != nil {
		return graph.Header{}, err
	}
	depth := sure.Depth(n.heads.chain)
	if depth > newest.Height {
		return graph.Header{}, fmt.Errorf("a %s block: %w", sure, graph.ErrNotFound)
	}
	return n.HeaderAt(ctx, newest.Height-depth)
}

// HeaderAt is the header of the best branch at a height.
func (n *Node) HeaderAt(ctx context.Context, height uint32) (graph.Header, error) {
	return n.header(ctx, hexutil.EncodeUint64(uint64(height)))
}

func (n *Node) header(ctx context.Context, place string) (header graph.Header, err error) {
	r := n.heads
	err = r.attempt(ctx, r.o.Retries, nil, func(ctx context.Context, e *endpoint) error {
		if err := n.sameChain(ctx, e); err != nil {
			return err
		}
		var head *struct {
			Number *hexutil.Uint64 `json:"number"`
			Hash   *common.Hash    `json:"hash"`
			Parent common.Hash     `json:"parentHash"`
			Time   hexutil.Uint64  `json:"timestamp"`
		}
		what := "block " + place
		if err := e.call(ctx, what, &head, "eth_getBlockByNumber", place, false); err != nil {
			return err
		}
		switch {
		case head == nil:
			return fmt.Errorf("%s: %w", what, graph.ErrNotFound)
		case head.Number == nil || head.Hash == nil:
			return e.wrong(what, "a block without number or hash")
		case uint64(*head.Number) > math.MaxUint32 || uint64(head.Time) > math.MaxInt64:
			return e.wrong(what, "height %d and time %d are beyond what can be stored", *head.Number, head.Time)
		}
		header = graph.Header{Height: uint32(*head.Number), Hash: graph.Hash(*head.Hash), Parent: graph.Hash(head.Parent), Time: int64(head.Time)}
		return nil
	})
	return header, followable(err)
}

// sameChain compares a node's chain with ours, once.
func (n *Node) sameChain(ctx context.Context, e *endpoint) error {
	e.mu.Lock()
	checked := e.checked
	e.mu.Unlock()
	if checked {
		return nil
	}
	if err := n.heads.checkChain(ctx, e); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.checked = true
	return nil
}

// Range reads the blocks of the best branch between two heights.
func (n *Node) Range(from, to uint32) ingest.Source {
	o := n.heads.o
	o.From, o.To = from, to
	if to == 0 {
		o.Tag = "latest" // 0 is no bound there; nodeRange has it
	}
	r, err := NewRPC(n.heads.chain, n.endpoints, n.meter, o)
	if err != nil {
		panic(err) // NewNode has made one of the same
	}
	return nodeRange{r, to}
}

// nodeRange is an RPC whose errors Follow understands.
type nodeRange struct {
	*RPC
	to uint32
}

// Blocks yields the blocks.
func (r nodeRange) Blocks(ctx context.Context) iter.Seq2[graph.Block, error] {
	return func(yield func(graph.Block, error) bool) {
		for b, err := range r.RPC.Blocks(ctx) {
			if !yield(b, followable(err)) || err != nil || b.Height >= r.to {
				return
			}
		}
	}
}

// followable tells what Follow can wait out from what it cannot.
func followable(err error) error {
	fault := (*Fault)(nil)
	if !errors.As(err, &fault) {
		return err
	}
	switch {
	case fault.Kind == FaultTransient, fault.Kind == FaultLimited:
		return fmt.Errorf("%w: %w", ingest.ErrUnavailable, err)
	case fault.Kind == FaultMissing, errors.Is(err, ErrParent):
		return fmt.Errorf("%w: %w", ingest.ErrMoved, err)
	}
	return err
}
