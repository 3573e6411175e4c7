package ethereum

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
	"spoor/ingest"
)

// RPCOptions tell what is read from a node, and how.
type RPCOptions struct {
	// From is the first block read. Default 0.
	From uint32
	// Resume is the last block that is stored already: of the blocks from From
	// on, those below it are not read again. Default none.
	Resume uint32
	// To is the last block read. Default the one that Tag names.
	To uint32
	// Tag is the last block read where To is 0: "latest", "safe" or
	// "finalized". Default "finalized"; where the node does not know it, as many
	// blocks below the latest as the chain needs to be final.
	Tag string
	// Traces says whether calls inside transactions are read. Default if the
	// node tells them.
	Traces TraceMode
	// Workers is how many requests are under way at once. Default 4.
	Workers int
	// Batch is how many blocks are asked for at once at most; fewer if the
	// node does not bear it. Default 32.
	Batch int
	// Timeout bounds one request. Default 60 seconds.
	Timeout time.Duration
	// Retries is how often a block is asked for again before giving up.
	// Default 8; negative never.
	Retries int
	// Backoff is the pause after the first failure; it doubles with each
	// further one. Default 250 ms.
	Backoff time.Duration
	// Balances is how many accounts are sampled in each traced block to compare
	// what they gained with the node's balances before and after. Default 1 in
	// every 8th block; negative none.
	Balances int
	// Genesis, if set, adds the first block's allocations, which no node tells,
	// and gives the rules of a private chain.
	Genesis *Genesis
}

func (o RPCOptions) withDefaults() RPCOptions {
	set := func(v *int, value int) {
		if *v == 0 {
			*v = value
		}
	}
	set(&o.Workers, 4)
	set(&o.Batch, 32)
	set(&o.Retries, 8)
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	if o.Backoff == 0 {
		o.Backoff = 250 * time.Millisecond
	}
	return o
}

// maxBackoff bounds the pause between two attempts.
const maxBackoff = 30 * time.Second

// RPC reads blocks from nodes that speak JSON-RPC, over HTTP, WebSocket or an
// IPC socket. Requests run in parallel and blocks are yielded in order.
//
// A block is taken only if it holds together: the header hashes to what it says, the
// roots of transactions, receipts, withdrawals and uncles are those of the
// header, every receipt and log names the block, and the block names the one before it as its
// parent. Where a chain has headers or transactions whose hashes we cannot
// compute, that is counted. Call frames are in no root; the balances of sampled
// accounts before and after a block are compared with what its transfers say.
//
// Several nodes stand in for one another. They must follow the same chain: the
// hash of the last block is compared before anything is read, and the chain of
// parents throughout.
type RPC struct {
	chain graph.Chain
	meter *ingest.Meter
	o     RPCOptions
	nodes []*endpoint
	size  batchSize

	mu     sync.Mutex // guards anchor
	anchor *anchor
}

// anchor is the last block to be read; every node must have it.
type anchor struct {
	height uint32
	hash   common.Hash
	node   string
}

var _ ingest.Source = (*RPC)(nil)

// NewRPC is a source that reads a chain from one or more nodes, given by their
// URLs or paths of IPC sockets. Nothing is asked before Blocks.
func NewRPC(chain graph.Chain, endpoints []string, meter *ingest.Meter, o RPCOptions) (*RPC, error) {
	if chain.Family != graph.AccountFamily {
		return nil, fmt.Errorf("%s is no EVM chain", chain.Alias)
	}
	switch o.Tag {
	case "", "latest", "safe", "finalized":
	default:
		return nil, fmt.Errorf("last block %q: want a height, latest, safe or finalized", o.Tag)
	}
	r := &RPC{chain: chain, meter: meter, o: o.withDefaults()}
	r.size.now, r.size.most = min(8, r.o.Batch), r.o.Batch
	for _, address := range endpoints {
		e, err := newEndpoint(strings.TrimSpace(address), r.o.Timeout)
		if err != nil {
			return nil, err
		}
		e.meter = meter
		r.nodes = append(r.nodes, e)
	}
	if len(r.nodes) == 0 {
		return nil, errors.New("no node to read from")
	}
	return r, nil
}

// RPCChain asks a node which chain it follows.
func RPCChain(ctx context.Context, endpoints []string, o RPCOptions) (graph.Chain, error) {
	o = o.withDefaults()
	var all error
	for _, address := range endpoints {
		e, err := newEndpoint(strings.TrimSpace(address), o.Timeout)
		if err != nil {
			return graph.Chain{}, err
		}
		id, err := e.chainID(ctx)
		e.close()
		if err == nil {
			return graph.ParseChain(fmt.Sprintf("eip155:%d", id))
		}
		all = errors.Join(all, err)
	}
	return graph.Chain{}, all
}

// Chain is the chain read.
func (r *RPC) Chain() graph.Chain { return r.chain }

// Infos is empty: blocks claim nothing about assets.
func (r *RPC) Infos() []graph.AssetInfo { return nil }

// Traffic is how many requests were sent so far, and how many calls they held.
func (r *RPC) Traffic() (requests, calls uint64) {
	for _, e := range r.nodes {
		requests += e.requests.Load()
		calls += e.calls.Load()
	}
	return requests, calls
}

// Blocks yields the blocks in order. The first thing that cannot be read ends
// the sequence; what was yielded before stands.
func (r *RPC) Blocks(ctx context.Context) iter.Seq2[graph.Block, error] {
	return func(yield func(graph.Block, error) bool) {
		defer func() {
			for _, e := range r.nodes {
				e.close()
			}
		}()
		if err := r.run(ctx, yield); err != nil && !errors.Is(err, errStopped) {
			yield(graph.Block{}, err)
		}
	}
}

func (r *RPC) run(ctx context.Context, yield func(graph.Block, error) bool) error {
	convert, err := NewConverter(r.chain, r.o.Genesis)
	if err != nil {
		return err
	}
	if err := r.open(ctx); err != nil {
		return err
	}
	to := r.anchor.height
	from := max(r.o.From, min(r.o.Resume, to))
	var before *fetched
	total := int64(to) - int64(from) + 1
	for group := range r.groups(ctx, convert, from, to) {
		blocks, err := group()
		if err != nil {
			return err
		}
		for i := range blocks {
			b := &blocks[i]
			if before != nil && b.parent() != before.hash() {
				if b, err = r.again(ctx, convert, before, b); err != nil {
					return err
				}
			}
			if b.height() == to && b.hash() != r.anchor.hash {
				return r.branched(b, r.anchor.hash, r.anchor.node)
			}
			if err := r.report(b); err != nil {
				return err
			}
			r.meter.Progress(int64(b.height())-int64(from)+1, total)
			if !yield(b.decoded.Block, nil) {
				return errStopped
			}
			before = b
		}
	}
	return ctx.Err()
}

// report counts what was found in a block; a contradiction in it is a problem.
func (r *RPC) report(b *fetched) error {
	for _, reason := range b.passed {
		r.meter.Pass(reason, 1)
	}
	if b.sampled > 0 {
		r.meter.Count("balances compared with the node's", uint64(b.sampled))
	}
	return b.decoded.Report(r.meter)
}

// again reads a block anew that does not follow the one before it: a node may
// have changed its mind, or another one answered.
func (r *RPC) again(ctx context.Context, convert Converter, before, b *fetched) (*fetched, error) {
	for range max(1, min(r.o.Retries, 3)) {
		anew, err := r.fetch(ctx, convert, b.height(), 1, b.node)
		if err != nil {
			return nil, err
		}
		if b = &anew[0]; b.parent() == before.hash() {
			return b, nil
		}
	}
	return nil, r.branched(b, before.hash(), before.node.name)
}

// branched is the error for a block that is not on the branch read before.
func (r *RPC) branched(b *fetched, want common.Hash, other string) error {
	return &Fault{Kind: FaultForeign, Endpoint: b.node.name, What: fmt.Sprintf("block %d", b.height()), cause: ErrParent,
		Text: fmt.Sprintf("%v: it is %s with parent %s, where %s had %s before; the chain was reorganised meanwhile (read up to finalized, then), or the nodes follow different branches",
			ErrParent, b.hash(), b.parent(), other, want)}
}

// groups reads neighbouring blocks together, several groups at once, and
// yields them in order. Calling an element waits for it. At most Workers
// groups are under way or waiting to be taken.
func (r *RPC) groups(ctx context.Context, convert Converter, from, to uint32) iter.Seq[func() ([]fetched, error)] {
	return func(yield func(func() ([]fetched, error)) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var running sync.WaitGroup
		defer running.Wait()
		defer cancel()
		type result struct {
			blocks []fetched
			err    error
		}
		var queue []chan result
		next := uint64(from)
		start := func() {
			n := min(uint64(r.size.get()), uint64(to)-next+1)
			out := make(chan result, 1)
			first := uint32(next)
			running.Go(func() {
				blocks, err := r.fetch(ctx, convert, first, int(n), nil)
				out <- result{blocks, err}
			})
			queue = append(queue, out)
			next += n
		}
		for {
			for len(queue) < r.o.Workers && next <= uint64(to) {
				start()
			}
			if len(queue) == 0 {
				return
			}
			head := queue[0]
			queue = queue[1:]
			if !yield(func() ([]fetched, error) { got := <-head; return got.blocks, got.err }) {
				return
			}
		}
	}
}

// batchSize is how many blocks are asked for at once: half as many after a
// failure, a quarter more after a success.
type batchSize struct {
	mu        sync.Mutex
	now, most int
}

func (s *batchSize) get() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *batchSize) shrink(failed, suggested int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = max(1, min(s.now, failed/2))
	if suggested > 0 {
		s.now = min(s.now, suggested)
	}
}

func (s *batchSize) grow(worked int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if worked >= s.now {
		s.now = min(s.most, s.now+max(1, s.now/4))
	}
}
