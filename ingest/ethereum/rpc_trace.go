package ethereum

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"spoor/graph"
)

// TraceMode says whether the calls inside transactions are read.
type TraceMode uint8

// The choices of --traces.
const (
	TracesAuto TraceMode = iota // if the node tells them
	TracesOn                    // a node that does not tell them is an error
	TracesOff
)

// ParseTraceMode reads "auto", "on" or "off".
func ParseTraceMode(text string) (TraceMode, error) {
	for m, name := range [...]string{"auto", "on", "off"} {
		if name == text {
			return TraceMode(m), nil
		}
	}
	return 0, fmt.Errorf("--traces %q: want auto, on or off", text)
}

// tracer is the way in which a node tells call frames.
type tracer uint8

const (
	callTracer  tracer = iota // debug_traceBlockByHash; tried first
	parityTrace               // trace_block
	noTracer
)

// setCallTracer takes geth's answer to debug_traceBlockByHash.
func (b *rpcBlock) setCallTracer(raw json.RawMessage) error {
	var rows []struct {
		Tx     *common.Hash    `json:"txHash"`
		Result json.RawMessage `json:"result"`
		Error  string          `json:"error"`
	}
	if err := json.Unmarshal(raw, &rows); err != nil {
		return fmt.Errorf("call frames: %w", err)
	}
	if len(rows) != len(b.txs) {
		return fmt.Errorf("%w: call frames of %d transactions for %d", ErrRoot, len(rows), len(b.txs))
	}
	frames := make([]*Frame, len(rows))
	for i, row := range rows {
		switch {
		case row.Tx != nil && *row.Tx != *b.txs[i].Hash:
			return fmt.Errorf("%w: call frames of transaction %s where %s is", ErrRoot, row.Tx, b.txs[i].Hash)
		case row.Error != "":
			return fmt.Errorf("call frames of transaction %d: %w", i, untraced(row.Error))
		case isNull(row.Result):
			return fmt.Errorf("call frames of transaction %d: null", i)
		}
		frame, err := CallTracerFrame(row.Result)
		if err != nil {
			return fmt.Errorf("transaction %d: %w", i, err)
		}
		frames[i] = frame
	}
	b.frames, b.traced = frames, graph.Full
	return nil
}

// untraced is what a tracer says instead of frames.
type untraced string

func (u untraced) Error() string { return string(u) }

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// parityRow is a row of trace_block.
type parityRow struct {
	Type   string `json:"type"`
	Action struct {
		CallType   string          `json:"callType"`
		From       *common.Address `json:"from"`
		To         *common.Address `json:"to"`
		Value      *hexutil.Big    `json:"value"`
		Address    *common.Address `json:"address"`
		Refund     *common.Address `json:"refundAddress"`
		Balance    *hexutil.Big    `json:"balance"`
		Author     *common.Address `json:"author"`
		RewardType string          `json:"rewardType"`
	} `json:"action"`
	Result *struct {
		Address *common.Address `json:"address"`
	} `json:"result"`
	Error string       `json:"error"`
	Block *common.Hash `json:"blockHash"`
	Tx    *common.Hash `json:"transactionHash"`
	Path  []int        `json:"traceAddress"`
}

// setParity takes the answer to trace_block, whose rows come in the order of
// execution, parents first.
func (b *rpcBlock) setParity(raw json.RawMessage) error {
	var rows []parityRow
	if err := json.Unmarshal(raw, &rows); err != nil {
		return fmt.Errorf("traces: %w", err)
	}
	frames := make([]*Frame, len(b.txs))
	var rewards, uncles []Payment
	at := -1
	var open []*Frame // from the root to the last frame
	for n := range rows {
		row := &rows[n]
		if row.Block != nil && *row.Block != *b.Hash {
			return fmt.Errorf("%w: trace %d is of block %s, not of %s", ErrRoot, n, row.Block, b.Hash)
		}
		if row.Type == "reward" {
			value, err := amountOf(row.Action.Value)
			if err != nil || value == nil || row.Action.Author == nil {
				return fmt.Errorf("trace %d: reward without author or value", n)
			}
			pay := Payment{Kind: graph.KindReward, To: *row.Action.Author, Amount: *value}
			if row.Action.RewardType == "uncle" {
				uncles = append(uncles, pay)
			} else {
				rewards = append(rewards, pay)
			}
			continue
		}
		frame, err := row.frame()
		if err != nil {
			return fmt.Errorf("trace %d: %w", n, err)
		}
		depth := len(row.Path)
		if depth == 0 {
			at++
			switch {
			case at >= len(b.txs):
				return fmt.Errorf("%w: traces of more than %d transactions", ErrRoot, len(b.txs))
			case row.Tx != nil && *row.Tx != *b.txs[at].Hash:
				return fmt.Errorf("%w: traces of transaction %s where %s is", ErrRoot, row.Tx, b.txs[at].Hash)
			}
			frames[at], open = frame, []*Frame{frame}
			continue
		}
		if at < 0 || depth > len(open) || depth > maxDepth || row.Tx != nil && *row.Tx != *b.txs[at].Hash {
			return fmt.Errorf("%w: trace %d (%v) has no parent", ErrRoot, n, row.Path)
		}
		parent := open[depth-1]
		if row.Path[depth-1] != len(parent.Calls) {
			return fmt.Errorf("%w: trace %d is call %d of its parent, want %d", ErrRoot, n, row.Path[depth-1], len(parent.Calls))
		}
		parent.Calls = append(parent.Calls, frame)
		open = append(open[:depth], frame)
	}
	if i := slices.Index(frames, nil); i >= 0 {
		return fmt.Errorf("%w: no traces of transaction %d", ErrRoot, i)
	}
	b.frames, b.rewards, b.traced = frames, append(rewards, uncles...), graph.Full
	return nil
}

func (row *parityRow) frame() (*Frame, error) {
	a := &row.Action
	f := &Frame{To: a.To, Failed: row.Error != ""}
	var err error
	switch row.Type + " " + a.CallType {
	case "call call":
		f.Type = Call
	case "call callcode":
		f.Type = CallCode
	case "call delegatecall":
		f.Type = DelegateCall
	case "call staticcall":
		f.Type = StaticCall
	case "create ", "create create", "create create2":
		f.Type, f.To = Create, nil
		if row.Result != nil {
			f.To = row.Result.Address
		}
	case "suicide ", "selfdestruct ":
		if a.Address == nil || a.Refund == nil {
			return nil, errors.New("suicide without address or refundAddress")
		}
		f.Type, f.From, f.To = Selfdestruct, *a.Address, a.Refund
		f.Value, err = amountOf(a.Balance)
		return f, err
	default:
		return nil, fmt.Errorf("%.40q with callType %.40q is none we know", row.Type, a.CallType)
	}
	if a.From == nil {
		return nil, errors.New("no from")
	}
	f.From = *a.From
	f.Value, err = amountOf(a.Value)
	return f, err
}
