package bitcoin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"golang.org/x/sync/errgroup"

	"spoor/graph"
	"spoor/ingest"
)

// RPCOptions bound what is read from a node, and how hard it is tried.
type RPCOptions struct {
	// Options are those of every source; To is by default the newest block
	// that counts as final.
	Options
	// Stored is the hash of a block that the ledger has whole: it is compared
	// with the node's, and the block not read again. Default nothing stored.
	// It is called from one goroutine.
	Stored func(height uint32) (hash graph.Hash, whole bool, err error)
	// Workers is how many requests are made at once. Default 4.
	Workers int
	// Timeout bounds one request. Default a minute.
	Timeout time.Duration
	// Attempts is how often a request is made that gets no answer. Default 6.
	Attempts int
	// Pause is that after the first failure; it doubles. Default 250ms.
	Pause time.Duration
}

func (o RPCOptions) withDefaults() RPCOptions {
	o.Workers = cmp.Or(o.Workers, 4)
	o.Timeout = cmp.Or(o.Timeout, time.Minute)
	o.Attempts = cmp.Or(o.Attempts, 6)
	o.Pause = cmp.Or(o.Pause, 250*time.Millisecond)
	if o.Stored == nil {
		o.Stored = func(uint32) (graph.Hash, bool, error) { return graph.Hash{}, false, nil }
	}
	return o
}

// What blocks of an RPC are said to be read from. Where what inputs spend is
// known neither from blocks nor from transactions, but only from the node's
// word, the source says so.
const (
	rpcSource     = "rpc"
	rpcToldSource = "rpc, inputs as the node tells"
)

// RPC reads blocks from a node, Bitcoin Core or btcd, over JSON-RPC. Blocks are
// asked for as bytes and checked like those of files, so that the node's view
// of them does not matter. What inputs spend comes from the blocks read before,
// from the ledger, and where neither knows it from the node: the transaction
// that made the output, whose hash proves it, or, of a node without an index of
// transactions, what Bitcoin Core tells with the block, which nothing proves.
type RPC struct {
	node     *peer
	older    Lookup
	meter    *ingest.Meter
	options  RPCOptions
	outputs  *outputs
	from, to uint32
	open     bool // to is not given: up to the last final block
}

var _ interface {
	ingest.Source
	ingest.Node
} = rpcNode{}

// rpcNode is what RPC must be, to be read and to be followed.
type rpcNode struct{ *RPC }

// NewRPC reads from the node at a URL. older finds the outputs that blocks
// before those read made; it may be nil. Nothing is asked of the node before
// it is read.
func NewRPC(chain graph.Chain, url string, auth Auth, older Lookup, meter *ingest.Meter, options RPCOptions) (*RPC, error) {
	params, err := paramsOf(chain)
	if err != nil {
		return nil, err
	}
	options = options.withDefaults()
	caller, err := newCaller(url, auth, meter, options)
	if err != nil {
		return nil, err
	}
	n := &peer{chain: chain, params: params, caller: caller}
	n.batch.Store(8)
	return &RPC{node: n, older: older, meter: meter, options: options, outputs: newOutputs(chain, older, options.MaxOutputs),
		from: options.From, to: options.To, open: options.To == 0}, nil
}

// Chain is the chain read.
func (r *RPC) Chain() graph.Chain { return r.node.chain }

// Infos is nil: Bitcoin has only its coin.
func (r *RPC) Infos() []graph.AssetInfo { return nil }

// Source is what the blocks are said to be read from.
func (r *RPC) Source() string { return rpcSource }

// Flushed tells that the ledger now answers for every block up to a height.
func (r *RPC) Flushed(height uint32) { r.outputs.flushed(height) }

// Range reads the blocks between two heights, both included.
func (r *RPC) Range(from, to uint32) ingest.Source {
	part := *r
	part.outputs = newOutputs(r.node.chain, r.older, r.options.MaxOutputs)
	part.from, part.to, part.open = from, to, false
	return &part
}

// Head is the newest block of the node, or the one that is deep enough below.
func (r *RPC) Head(ctx context.Context, sure ingest.Finality) (graph.Header, error) {
	if err := r.node.ready(ctx); err != nil {
		return graph.Header{}, err
	}
	newest, err := r.node.height(ctx)
	if err != nil {
		return graph.Header{}, err
	}
	depth := sure.Depth(r.node.chain)
	if depth > newest {
		return graph.Header{}, fmt.Errorf("a %s block: %w", sure, graph.ErrNotFound)
	}
	header, err := r.node.header(ctx, newest-depth)
	if errors.Is(err, graph.ErrNotFound) {
		err = fmt.Errorf("%w: %w", ingest.ErrMoved, err)
	}
	return header, err
}

// HeaderAt is the header that the best branch has at a height.
func (r *RPC) HeaderAt(ctx context.Context, height uint32) (graph.Header, error) {
	if err := r.node.ready(ctx); err != nil {
		return graph.Header{}, err
	}
	return r.node.header(ctx, height)
}

// Blocks yields the blocks of the best branch. It may be called once.
func (r *RPC) Blocks(ctx context.Context) iter.Seq2[graph.Block, error] {
	return func(yield func(graph.Block, error) bool) {
		enough := false
		err := r.read(ctx, func(block graph.Block) bool {
			enough = !yield(block, nil)
			return !enough
		})
		if err != nil && !enough {
			yield(graph.Block{}, err)
		}
	}
}

func (r *RPC) read(ctx context.Context, yield func(graph.Block) bool) error {
	if err := r.node.ready(ctx); err != nil {
		return err
	}
	newest, err := r.node.height(ctx)
	if err != nil {
		return err
	}
	to := r.to
	if r.open {
		to = r.node.chain.FinalHeight(newest)
	}
	if to > newest || to < r.from {
		return ingest.Advise(fmt.Errorf("blocks %d to %d: the node's newest block is %d, and the last that counts as final %d",
			r.from, to, newest, r.node.chain.FinalHeight(newest)), "wait, give --to for blocks that may still be replaced, or use spoor follow, which keeps up with them")
	}
	reading, stop := context.WithCancel(ctx)
	parts := make(chan *part, r.options.Workers)
	var group errgroup.Group
	group.Go(func() error {
		defer close(parts)
		return r.fetch(reading, to, parts)
	})
	err = r.decode(ctx, parts, yield)
	stop()
	for range parts { //nolint:revive // the fetcher ends when nobody holds it up
	}
	if fetched := group.Wait(); err == nil && ctx.Err() == nil {
		err = fetched
	}
	if err == errEnough {
		return nil
	}
	return cmp.Or(err, ctx.Err())
}

// errEnough ends a reading whose reader wants no more.
var errEnough = errors.New("enough")

// A part is some consecutive blocks that one request asks for.
type part struct {
	want   []sought
	known  int // blocks passed over before them
	blocks []*btcutil.Block
	err    error
	done   chan struct{} // closed when blocks or err is there
}

// hashBatch is how many hashes are asked for at once.
const hashBatch = 500

// fetch asks for blocks, several requests at once, and passes the parts on in
// order. No more than a few are under way or waiting.
func (r *RPC) fetch(ctx context.Context, to uint32, parts chan<- *part) error {
	var workers errgroup.Group
	workers.SetLimit(r.options.Workers)
	defer func() { _ = workers.Wait() }() // each tells its error in its part
	var parent chainhash.Hash
	for from := r.from; ; {
		last := min(to, from+min(hashBatch-1, to-from))
		first := from - min(from, 1) // its parent's hash, too
		hashes, err := r.node.hashes(ctx, first, last)
		if errors.Is(err, graph.ErrNotFound) {
			err = fmt.Errorf("%w: %w", ingest.ErrMoved, err)
		}
		if err != nil {
			return err
		}
		if from > r.from && hashes[0] != parent {
			return fmt.Errorf("block %d: %w", from, ingest.ErrMoved)
		}
		parent = hashes[len(hashes)-1]
		want, known, err := r.missing(first, from, hashes)
		if err != nil {
			return err
		}
		for len(want) > 0 || known > 0 {
			n := min(len(want), int(r.node.batch.Load()))
			p := &part{want: want[:n], known: known, done: make(chan struct{})}
			want, known = want[n:], 0
			workers.Go(func() error {
				defer close(p.done)
				if len(p.want) > 0 {
					p.blocks, p.err = r.node.blocks(ctx, p.want)
				}
				return nil
			})
			select {
			case parts <- p:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if last == to {
			return nil
		}
		from = last + 1
	}
}

// missing are the blocks that the ledger does not have; it must not have others.
func (r *RPC) missing(first, from uint32, hashes []chainhash.Hash) (want []sought, known int, err error) {
	for i := range hashes {
		height := first + uint32(i)
		if height < from {
			continue
		}
		stored, whole, err := r.options.Stored(height)
		if err != nil {
			return nil, 0, err
		}
		if whole && stored != display(hashes[i]) {
			return nil, 0, ingest.Advise(fmt.Errorf("block %d: %w: stored %s, the node has %s", height, graph.ErrFork, stored, hashes[i]),
				"spoor follow rolls the store back to the branch of the node, if that is within the chain's finality")
		}
		if whole {
			known++
			continue
		}
		w := sought{height: height, hash: hashes[i]}
		if i > 0 {
			w.parent = hashes[i-1]
		}
		want = append(want, w)
	}
	return want, known, nil
}

// decode makes transfers of the parts, in order.
func (r *RPC) decode(ctx context.Context, parts <-chan *part, yield func(graph.Block) bool) error {
	var done int64
	for p := range parts {
		select {
		case <-p.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if p.err != nil {
			return p.err
		}
		if done += int64(p.known); p.known > 0 {
			r.meter.Pass("block stored before", uint64(p.known))
		}
		for i, raw := range p.blocks {
			if err := ctx.Err(); err != nil {
				return err
			}
			w := p.want[i]
			if raw.MsgBlock().Header.PrevBlock != w.parent {
				return fmt.Errorf("block %d: %w", w.height, ingest.ErrMoved)
			}
			block, err := r.block(ctx, w, raw)
			if err != nil {
				return err
			}
			done++
			r.meter.Progress(done, 0)
			if !yield(block) {
				return errEnough
			}
		}
	}
	return nil
}

// block decodes one block, and asks the node for what its inputs spend where
// nobody else knows.
func (r *RPC) block(ctx context.Context, w sought, raw *btcutil.Block) (graph.Block, error) {
	source := rpcSource
	block, missing, err := Decode(r.node.chain, w.height, raw, r.outputs.find)
	if err == nil && len(missing) > 0 {
		var spent map[graph.OutPoint]payment
		var told bool
		if spent, told, err = r.node.spent(ctx, w, missing); err == nil && len(spent) > 0 {
			if told {
				source = rpcToldSource
			}
			block, missing, err = Decode(r.node.chain, w.height, raw, orElse(r.outputs.find, r.node.chain, spent))
		}
	}
	if err != nil {
		return graph.Block{}, fmt.Errorf("block %d: %w", w.height, err)
	}
	block.Source = source
	if err := reportMissing(r.meter, w.height, missing); err != nil {
		return graph.Block{}, err
	}
	count(r.meter, &block)
	return block, r.outputs.apply(&block)
}
