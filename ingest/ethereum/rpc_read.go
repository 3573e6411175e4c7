package ethereum

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rpc"

	"spoor/graph"
)

// fetched is a block that was read, checked and decoded.
type fetched struct {
	node    *endpoint
	decoded Decoded
	passed  []string // what could not be checked or read
	sampled int      // balances compared
}

func (f *fetched) height() uint32      { return f.decoded.Block.Height }
func (f *fetched) hash() common.Hash   { return common.Hash(f.decoded.Block.Hash) }
func (f *fetched) parent() common.Hash { return common.Hash(f.decoded.Block.Parent) }

// fetch reads n blocks, all from one node, or in halves if that fails.
func (r *RPC) fetch(ctx context.Context, convert Converter, from uint32, n int, avoid *endpoint) ([]fetched, error) {
	var blocks []fetched
	tries := r.o.Retries
	if n > 1 {
		tries = 0
	}
	err := r.attempt(ctx, tries, avoid, func(ctx context.Context, e *endpoint) (err error) {
		blocks, err = r.read(ctx, convert, e, from, n)
		return err
	})
	fault := (*Fault)(nil)
	switch {
	case err == nil:
		r.size.grow(n)
		return blocks, nil
	case n == 1 || ctx.Err() != nil || !errors.As(err, &fault):
		return nil, err
	}
	switch fault.Kind {
	case FaultForeign, FaultUnsupported, FaultPruned, FaultDenied:
		// Name the block that it is about.
	default:
		r.size.shrink(n, fault.Fewer)
	}
	first, err := r.fetch(ctx, convert, from, n/2, avoid)
	if err != nil {
		return nil, err
	}
	second, err := r.fetch(ctx, convert, from+uint32(n/2), n-n/2, avoid)
	if err != nil {
		return nil, err
	}
	return append(first, second...), nil
}

// question is one element of a batch, with what to do with its answer.
type question struct {
	what   string
	method string
	args   []any
	take   func(json.RawMessage) error
	// refused says what an error means; nil makes it the error.
	refused func(*Fault) error
	done    bool // it was answered
}

// ask sends questions, as many in one request as the node bears. An answer that
// is null or cannot be used is an error. Where no other node could answer, a
// request that was lost is sent again, so that not everything read before it
// for the same blocks is lost too.
func (r *RPC) ask(ctx context.Context, e *endpoint, what string, questions []question) error {
	again := 0
	for {
		if questions = slices.DeleteFunc(questions, func(q question) bool { return q.done }); len(questions) == 0 {
			return nil
		}
		n := min(len(questions), e.limit())
		err := r.askOnce(ctx, e, what, questions[:n])
		fault := (*Fault)(nil)
		switch {
		case err == nil:
			e.more(n)
			again = 0
		case !errors.As(err, &fault):
			return err
		case fault.Kind == FaultTooLarge && n > 1:
			e.fewer(n, fault.Fewer)
		case (fault.Kind == FaultTransient || fault.Kind == FaultLimited) && len(r.nodes) == 1 && again < min(2, r.o.Retries):
			again++
			e.failed(time.Now(), fault.Wait, r.o.Backoff, rand.Float64())
			if err := pause(ctx, e.rest(time.Now())); err != nil {
				return err
			}
		default:
			return err
		}
	}
}

// askOnce sends one request and marks the questions that were answered. The
// error is that of the first one that was not.
func (r *RPC) askOnce(ctx context.Context, e *endpoint, what string, questions []question) error {
	elems := make([]rpc.BatchElem, len(questions))
	answers := make([]json.RawMessage, len(questions))
	for i, q := range questions {
		elems[i] = rpc.BatchElem{Method: q.method, Args: q.args, Result: &answers[i]}
	}
	if err := e.batch(ctx, what, elems); err != nil {
		return err
	}
	var first error
	for i := range questions {
		q := &questions[i]
		err := elems[i].Error
		switch {
		case errors.Is(err, rpc.ErrNoResult), err == nil && isNull(answers[i]):
			err = &Fault{Kind: FaultMissing, Endpoint: e.name, What: q.what, Text: "the node answers null to " + q.method}
		case err != nil:
			err = e.fault(q.what+" ("+q.method+")", err)
		default:
			if err = q.take(answers[i]); err != nil {
				err = unusable(e, *q, err)
			}
		}
		fault := (*Fault)(nil)
		if q.refused != nil && errors.As(err, &fault) {
			err = q.refused(fault)
		}
		if q.done = err == nil; err != nil && first == nil {
			first = err
		}
	}
	return first
}

// unusable is the fault of an answer that was understood and cannot be right,
// or was not understood.
func unusable(e *endpoint, q question, err error) *Fault {
	if why := untraced(""); errors.As(err, &why) {
		fault := e.fault(q.what+" ("+q.method+")", why)
		return fault
	}
	fault := e.wrong(q.what+" ("+q.method+")", "%s", shorten(err.Error()))
	if !errors.Is(err, ErrRoot) {
		fault.cause = nil
	}
	return fault
}

// read reads n blocks from one node: headers and transactions in one request,
// receipts and call frames in a second, and what only some blocks need in a
// third.
func (r *RPC) read(ctx context.Context, convert Converter, e *endpoint, from uint32, n int) ([]fetched, error) {
	blocks := make([]*rpcBlock, n)
	passed := make([][]string, n)
	var questions []question
	for i := range blocks {
		height := from + uint32(i)
		questions = append(questions, question{what: fmt.Sprintf("block %d", height), method: "eth_getBlockByNumber",
			args: []any{hexutil.EncodeUint64(uint64(height)), true},
			take: func(raw json.RawMessage) (err error) {
				if blocks[i], err = parseRPCBlock(r.chain.ID, raw); err != nil {
					return err
				}
				if got := uint64(*blocks[i].Number); got != uint64(height) {
					return fmt.Errorf("%w: it is block %d", ErrRoot, got)
				}
				return nil
			}})
	}
	if err := r.ask(ctx, e, span("blocks", from, n), questions); err != nil {
		return nil, err
	}
	if err := r.readRest(ctx, e, blocks, passed); err != nil {
		return nil, err
	}
	out := make([]fetched, n)
	for i, b := range blocks {
		in, err := b.finish(convert)
		if err != nil {
			return nil, unusable(e, question{what: fmt.Sprintf("block %d", from+uint32(i)), method: "eth_getBlockByNumber and receipts"}, err)
		}
		if !b.exact {
			passed[i] = append(passed[i], b.odd)
		}
		if in.Height == 0 {
			in.Absent = r.o.Genesis == nil
			if in.Absent {
				passed[i] = append(passed[i], "allocations of the first block, which no node tells (give the genesis file with --genesis)")
			}
		}
		out[i] = fetched{node: e, decoded: Decode(r.chain, &in), passed: passed[i]}
		if in.Height == 0 && r.o.Genesis != nil {
			first := &out[i].decoded.Block
			first.Txs = append(first.Txs, r.o.Genesis.Block.Txs...)
		}
	}
	return out, r.compareBalances(ctx, e, out)
}

func span(what string, from uint32, n int) string {
	if n == 1 {
		return fmt.Sprintf("%s %d", what[:len(what)-1], from)
	}
	return fmt.Sprintf("%s %d to %d", what, from, from+uint32(n)-1)
}

// errLess says that a node offers less than was asked for; ask again.
var errLess = errors.New("the node offers less")

// readRest reads receipts, uncles and call frames. What a node turns out not
// to offer is asked for in another way.
func (r *RPC) readRest(ctx context.Context, e *endpoint, blocks []*rpcBlock, passed [][]string) error {
	for {
		e.mu.Lock()
		perTx, traces := e.perTx, e.traces
		e.mu.Unlock()
		if r.o.Traces == TracesOff {
			traces = noTracer
		}
		var questions []question
		for i, b := range blocks {
			passed[i] = nil
			if len(b.UncleHashes) > 0 && b.exact {
				questions = append(questions, b.askUncles()...)
			}
			if len(b.txs) > 0 {
				questions = append(questions, r.askReceipts(e, b, perTx)...)
			}
			switch {
			case traces == noTracer:
				if r.o.Traces == TracesAuto && len(b.txs) > 0 {
					passed[i] = append(passed[i], "block whose calls the node does not tell (no traces)")
				}
			case len(b.txs) > 0:
				questions = append(questions, r.askTraces(e, b, traces, &passed[i]))
			default:
				b.traced = graph.Full
			}
		}
		n := len(blocks)
		err := r.ask(ctx, e, span("receipts and traces of blocks", uint32(*blocks[0].Number), n), questions)
		if !errors.Is(err, errLess) {
			return err
		}
	}
}

func (r *RPC) askReceipts(e *endpoint, b *rpcBlock, perTx bool) []question {
	what := fmt.Sprintf("receipts of block %d", *b.Number)
	if !perTx {
		return []question{{what: what, method: "eth_getBlockReceipts", args: []any{b.Hash},
			take: func(raw json.RawMessage) error {
				var rows []json.RawMessage
				if err := json.Unmarshal(raw, &rows); err != nil {
					return err
				}
				return b.setReceipts(rows)
			},
			refused: func(f *Fault) error {
				if f.Kind != FaultUnsupported {
					return f
				}
				e.mu.Lock()
				defer e.mu.Unlock()
				e.perTx = true
				return errLess
			}}}
	}
	rows, left := make([]json.RawMessage, len(b.txs)), len(b.txs)
	var questions []question
	for i := range b.txs {
		questions = append(questions, question{what: what, method: "eth_getTransactionReceipt", args: []any{b.txs[i].Hash},
			take: func(raw json.RawMessage) error {
				rows[i] = raw
				if left--; left > 0 {
					return nil
				}
				return b.setReceipts(rows)
			}})
	}
	return questions
}

func (r *RPC) askTraces(e *endpoint, b *rpcBlock, way tracer, passed *[]string) question {
	q := question{what: fmt.Sprintf("call frames of block %d", *b.Number), method: "debug_traceBlockByHash",
		args: []any{b.Hash, map[string]any{"tracer": "callTracer", "timeout": "60s"}}, take: b.setCallTracer}
	if way == parityTrace {
		q.method, q.args, q.take = "trace_block", []any{hexutil.EncodeUint64(uint64(*b.Number))}, b.setParity
	}
	q.refused = func(f *Fault) error {
		switch {
		case f.Kind == FaultUnsupported && (way == callTracer || r.o.Traces == TracesAuto):
			e.mu.Lock()
			defer e.mu.Unlock()
			e.traces = max(e.traces, way+1)
			return errLess
		case f.Kind == FaultPruned && r.o.Traces == TracesAuto:
			b.frames, b.rewards, b.traced = nil, nil, graph.None
			*passed = append(*passed, "block whose state the node has pruned (no traces)")
			return nil
		}
		return f
	}
	return q
}

func (b *rpcBlock) askUncles() (questions []question) {
	b.uncles = make([]*types.Header, len(b.UncleHashes))
	for i := range b.UncleHashes {
		questions = append(questions, question{what: fmt.Sprintf("uncles of block %d", *b.Number), method: "eth_getUncleByBlockHashAndIndex",
			args: []any{b.Hash, hexutil.EncodeUint64(uint64(i))},
			take: func(raw json.RawMessage) error {
				b.uncles[i] = new(types.Header)
				return json.Unmarshal(raw, b.uncles[i])
			}})
	}
	return questions
}
