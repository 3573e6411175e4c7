package bitcoin

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"spoor/graph"
	"spoor/ingest"
)

// A peer is the node: it answers in terms of blocks, and everything it says of them is
// checked: only hashes at heights are taken on its word, and each block must
// be the child of the one before.
type peer struct {
	chain  graph.Chain
	params *chaincfg.Params
	caller *caller

	checked  atomic.Bool  // the network was compared
	batch    atomic.Int32 // blocks asked for at once
	noIndex  atomic.Bool  // it has no index of transactions
	noInputs atomic.Bool  // it does not tell what inputs spend
}

// Errors of a node that is of no use for what is asked.
var (
	ErrNetwork = errors.New("the node is of another network")
	ErrPruned  = errors.New("the node does not keep this block")
)

// ready compares the node's network with the chain, once.
func (p *peer) ready(ctx context.Context) error {
	if p.checked.Load() {
		return nil
	}
	hashes, err := p.hashes(ctx, 0, 0)
	if says := (*nodeError)(nil); errors.As(err, &says) && says.Code == codeUnknown {
		return ingest.Advise(err, notBitcoin)
	} else if err != nil {
		return err
	}
	if genesis := *p.params.GenesisHash; hashes[0] != genesis {
		what := "none that is known here"
		for _, p := range networks() {
			if *p.GenesisHash == hashes[0] {
				what = p.Name
			}
		}
		return ingest.Advise(fmt.Errorf("%w: its block 0 is %s (%s), %s begins with %s", ErrNetwork, hashes[0], what, p.chain.Alias, genesis),
			"give the node of the right network, or its chain with --chain")
	}
	p.checked.Store(true)
	return nil
}

// height is that of the newest block.
func (p *peer) height(ctx context.Context) (uint32, error) {
	var height uint32
	err := p.caller.call(ctx, &height, "getblockcount")
	return height, err
}

// hashes are those of the best branch between two heights, both included. It
// is ErrNotFound if they go above the newest.
func (p *peer) hashes(ctx context.Context, from, to uint32) ([]chainhash.Hash, error) {
	var requests []request
	for h := from; ; h++ {
		requests = append(requests, request{"getblockhash", []any{h}})
		if h == to {
			break
		}
	}
	answers, err := p.caller.batch(ctx, p.caller.attempts, requests...)
	if err != nil {
		return nil, err
	}
	hashes := make([]chainhash.Hash, len(answers))
	for i, a := range answers {
		height := from + uint32(i)
		if a.err != nil && (a.err.Code == codeRange || a.err.Code == codeMisc && strings.Contains(a.err.Message, "out of range")) {
			return nil, fmt.Errorf("block %d: %w of the node", height, graph.ErrNotFound)
		}
		if a.err != nil {
			return nil, fmt.Errorf("hash of block %d: %w", height, a.err)
		}
		var text string
		err := json.Unmarshal(a.result, &text)
		if err == nil && len(text) != chainhash.MaxHashStringSize {
			err = fmt.Errorf("%.80q is not a hash", text)
		}
		if err == nil {
			err = chainhash.Decode(&hashes[i], text)
		}
		if err != nil {
			return nil, fmt.Errorf("hash of block %d: %w: %w", height, errGarbage, err)
		}
	}
	return hashes, nil
}

// header is the header of the best branch at a height, with its proof of work
// checked.
func (p *peer) header(ctx context.Context, height uint32) (graph.Header, error) {
	hashes, err := p.hashes(ctx, height, height)
	if err != nil {
		return graph.Header{}, err
	}
	var text string
	if err := p.caller.call(ctx, &text, "getblockheader", hashes[0].String(), false); err != nil {
		return graph.Header{}, fmt.Errorf("block %d: %w", height, err)
	}
	var header wire.BlockHeader
	raw, err := hex.DecodeString(text)
	if err == nil {
		err = header.Deserialize(bytes.NewReader(raw))
	}
	if err == nil && header.BlockHash() != hashes[0] {
		err = fmt.Errorf("asked for %s, got the header of %s", hashes[0], header.BlockHash())
	}
	if err == nil {
		err = checkHeader(&header, p.params)
	}
	if err != nil {
		return graph.Header{}, fmt.Errorf("header of block %d: %w: %w", height, errGarbage, err)
	}
	return graph.Header{Height: height, Hash: display(hashes[0]), Parent: display(header.PrevBlock), Time: header.Timestamp.Unix()}, nil
}

// A sought is a block that is to be read.
type sought struct {
	height       uint32
	hash, parent chainhash.Hash
}

// answerTarget is how long an answer with several blocks should be, in bytes of
// blocks.
const answerTarget = 4 << 20

// blocks reads blocks and checks each: it is the one asked for, it is the child
// of its parent, and it is sane. A batch that gets no answer is asked for in
// halves, since a slow node may be able to answer those in time.
func (p *peer) blocks(ctx context.Context, want []sought) ([]*btcutil.Block, error) {
	attempts := p.caller.attempts
	if len(want) > 1 {
		attempts = min(attempts, 2)
	}
	blocks, err := p.ask(ctx, attempts, want)
	if (errors.Is(err, ingest.ErrUnavailable) || errors.Is(err, errGarbage)) && len(want) > 1 {
		half := len(want) / 2
		p.batch.Store(int32(half))
		if blocks, err = p.blocks(ctx, want[:half]); err != nil {
			return nil, err
		}
		rest, err := p.blocks(ctx, want[half:])
		return append(blocks, rest...), err
	}
	// Bytes may be damaged on the way: once more, and then it is the node.
	if errors.Is(err, errGarbage) {
		blocks, err = p.ask(ctx, attempts, want)
	}
	return blocks, err
}

func (p *peer) ask(ctx context.Context, attempts int, want []sought) ([]*btcutil.Block, error) {
	requests := make([]request, len(want))
	for i, w := range want {
		requests[i] = request{"getblock", []any{w.hash.String(), 0}}
	}
	answers, err := p.caller.batch(ctx, attempts, requests...)
	if err != nil {
		return nil, err
	}
	blocks := make([]*btcutil.Block, len(want))
	total := 0
	for i, w := range want {
		if e := answers[i].err; e != nil {
			return nil, p.refusal(w, e)
		}
		if blocks[i], err = p.verified(w, answers[i].result); err != nil {
			return nil, ingest.Advise(fmt.Errorf("block %d: %w: %w", w.height, errGarbage, err), "the node's data is damaged, or its answers are changed on the way; ask another node")
		}
		total += len(answers[i].result) / 2
	}
	p.batch.Store(int32(min(max(answerTarget/max(total/len(want), 1), 1), 100)))
	return blocks, nil
}

func (p *peer) verified(w sought, result json.RawMessage) (*btcutil.Block, error) {
	var text string
	if err := json.Unmarshal(result, &text); err != nil {
		return nil, err
	}
	raw, err := hex.DecodeString(text)
	if err != nil {
		return nil, err
	}
	block, err := decodeBlock(raw)
	if err != nil {
		return nil, err
	}
	if *block.Hash() != w.hash {
		return nil, fmt.Errorf("asked for %s, got %s", w.hash, block.Hash())
	}
	return block, checkBlock(block, w.height, p.params)
}

// refusal is why a node that knows a block's hash does not give the block.
func (p *peer) refusal(w sought, e *nodeError) error {
	if strings.Contains(e.Message, "pruned") || strings.Contains(e.Message, "not fully downloaded") || e.Code == codeNotFound {
		return ingest.Advise(fmt.Errorf("block %d: %w: %w", w.height, ErrPruned, e), "use a node that keeps all blocks (prune=0), or begin later with --from")
	}
	return fmt.Errorf("block %d: %w", w.height, e)
}
