package ethereum

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
)

// open finds the last block to read and compares the nodes. Nodes that do not
// answer now are tried again when they are needed.
func (r *RPC) open(ctx context.Context) error {
	if err := r.attempt(ctx, r.o.Retries, nil, func(ctx context.Context, e *endpoint) error { return r.setAnchor(ctx, e) }); err != nil {
		return err
	}
	if r.o.From > r.anchor.height {
		return &Fault{Kind: FaultMissing, Endpoint: r.anchor.node, What: fmt.Sprintf("blocks from %d", r.o.From),
			Text: fmt.Sprintf("the last block to be read is %d", r.anchor.height)}
	}
	for _, e := range r.nodes {
		fault := (*Fault)(nil)
		switch err := r.check(ctx, e); {
		case err == nil:
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.As(err, &fault) || fault.Kind == FaultForeign:
			return err
		default:
			e.failed(time.Now(), fault.Wait, r.o.Backoff, rand.Float64())
			r.meter.Pass("node that does not answer or is behind: set aside", 1)
		}
	}
	return nil
}

// setAnchor asks a node for the last block to be read.
func (r *RPC) setAnchor(ctx context.Context, e *endpoint) error {
	if err := r.checkChain(ctx, e); err != nil {
		return err
	}
	place, what := hexutil.EncodeUint64(uint64(r.o.To)), fmt.Sprintf("block %d", r.o.To)
	finality := uint64(0)
	if r.o.To == 0 {
		place, what = r.o.Tag, "last block"
		if place == "" {
			place = "finalized"
		}
	}
	head, err := r.header(ctx, e, what, place)
	if fault := (*Fault)(nil); r.o.To == 0 && r.o.Tag == "" && (errors.As(err, &fault) && fault.Kind != FaultDenied && fault.Kind != FaultLimited || err == nil && head == nil) {
		if head, err = r.header(ctx, e, what, "latest"); err == nil && head != nil {
			finality = uint64(r.chain.Finality)
		}
	}
	if err != nil {
		return err
	}
	if head != nil && finality > 0 {
		n := uint64(*head.Number)
		head, err = r.header(ctx, e, what, hexutil.EncodeUint64(n-min(n, finality)))
		if err != nil {
			return err
		}
	}
	if head == nil {
		return &Fault{Kind: FaultMissing, Endpoint: e.name, What: what, Text: "the node does not have it"}
	}
	if uint64(*head.Number) > 1<<32-1 {
		return e.wrong(what, "height %d is beyond %d", *head.Number, uint32(1<<32-1))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.anchor == nil {
		r.anchor = &anchor{uint32(*head.Number), *head.Hash, e.name}
	}
	return nil
}

type rpcHead struct {
	Number *hexutil.Uint64 `json:"number"`
	Hash   *common.Hash    `json:"hash"`
}

// header asks for number and hash of a block; nil if the node has none.
func (r *RPC) header(ctx context.Context, e *endpoint, what, place string) (*rpcHead, error) {
	var head *rpcHead
	if err := e.call(ctx, what, &head, "eth_getBlockByNumber", place, false); err != nil {
		return nil, err
	}
	if head != nil && (head.Number == nil || head.Hash == nil) {
		return nil, e.wrong(what, "a block without number or hash")
	}
	return head, nil
}

// check compares a node with our chain, once: its chain id, and the last block
// to be read.
func (r *RPC) check(ctx context.Context, e *endpoint) error {
	e.mu.Lock()
	checked := e.checked
	e.mu.Unlock()
	if checked {
		return nil
	}
	if err := r.checkChain(ctx, e); err != nil {
		return err
	}
	what := fmt.Sprintf("block %d", r.anchor.height)
	head, err := r.header(ctx, e, what, hexutil.EncodeUint64(uint64(r.anchor.height)))
	switch {
	case err != nil:
		return err
	case head == nil:
		return &Fault{Kind: FaultMissing, Endpoint: e.name, What: what, Text: "the node does not have it"}
	case *head.Hash != r.anchor.hash:
		return &Fault{Kind: FaultForeign, Endpoint: e.name, What: what, cause: ErrParent,
			Text: fmt.Sprintf("it is %s here and %s on %s: the nodes follow different branches", head.Hash, r.anchor.hash, r.anchor.node)}
	}
	e.mu.Lock()
	e.checked = true
	e.mu.Unlock()
	return nil
}

func (r *RPC) checkChain(ctx context.Context, e *endpoint) error {
	id, err := e.chainID(ctx)
	if err != nil {
		return err
	}
	if got := fmt.Sprintf("eip155:%d", id); got != string(r.chain.ID) {
		return &Fault{Kind: FaultForeign, Endpoint: e.name, What: "chain id", Text: fmt.Sprintf("the node follows %s, not %s", got, r.chain.ID)}
	}
	return nil
}

// attempt does something with a node, again and with other nodes as long as
// there is hope. With tries 0 it is done once. A node to avoid is asked only if there is no other.
func (r *RPC) attempt(ctx context.Context, tries int, avoid *endpoint, do func(context.Context, *endpoint) error) error {
	hopeless := map[*endpoint]bool{}
	for try := 0; ; try++ {
		e, wait := r.pick(hopeless, avoid)
		if err := pause(ctx, wait); err != nil {
			return err
		}
		err := error(nil)
		if r.anchored() {
			err = r.check(ctx, e)
		}
		if err == nil {
			err = do(ctx, e)
		}
		if err == nil {
			e.answered()
			return nil
		}
		fault := (*Fault)(nil)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !errors.As(err, &fault) {
			return err
		}
		r.meter.Faulted(fault.Kind.String())
		left := tries
		switch fault.Kind {
		case FaultForeign, FaultTooLarge:
			return err
		case FaultUnsupported, FaultPruned, FaultDenied:
			if hopeless[e] = true; len(hopeless) == len(r.nodes) {
				return err
			}
			r.meter.Retried()
			continue
		case FaultWrong, FaultMissing:
			left = min(left, 4) // it is not likely to change its mind
		case FaultLimited:
			left *= 4 // it does answer
		default:
			if !r.anchored() { // no node has answered yet: more likely the address is wrong than the node away
				left = min(left, 2+len(r.nodes))
			}
		}
		e.failed(time.Now(), fault.Wait, r.o.Backoff, rand.Float64())
		if try >= left {
			return tired{err, try + 1}
		}
		r.meter.Retried()
	}
}

// tired is the last error of many.
type tired struct {
	error
	attempts int
}

func (t tired) Error() string {
	if t.attempts < 2 {
		return t.error.Error()
	}
	return fmt.Sprintf("%v (asked %d times)", t.error, t.attempts)
}

func (t tired) Unwrap() error { return t.error }

func (r *RPC) anchored() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.anchor != nil
}

// pick is the first node that may be asked now, else the one that may be asked
// soonest.
func (r *RPC) pick(hopeless map[*endpoint]bool, avoid *endpoint) (*endpoint, time.Duration) {
	now := time.Now()
	var best *endpoint
	var wait time.Duration
	nodes := slices.DeleteFunc(slices.Clone(r.nodes), func(e *endpoint) bool { return hopeless[e] || e == avoid })
	if len(nodes) == 0 {
		nodes = slices.DeleteFunc(slices.Clone(r.nodes), func(e *endpoint) bool { return hopeless[e] })
	}
	for _, e := range nodes {
		rest := max(0, e.rest(now))
		if best == nil || rest < wait {
			best, wait = e, rest
		}
	}
	return best, wait
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
