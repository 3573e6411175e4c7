package ethereum

import (
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/trie"

	"spoor/graph"
)

// ErrRoot is returned for a block whose content is not what its header says.
var ErrRoot = errors.New("the block does not match its header")

// ErrParent is returned for a block that does not follow the one before it.
var ErrParent = errors.New("the block does not follow its parent")

// rawBlock is a block in consensus form. Receipts are nil where unknown.
type rawBlock struct {
	header   *types.Header
	body     types.Body
	receipts types.Receipts
	where    string // file and place
}

// verify checks the content of a block against the hashes in its header.
func (b *rawBlock) verify() error {
	h := b.header
	if got := types.DeriveSha(types.Transactions(b.body.Transactions), trie.NewStackTrie(nil)); got != h.TxHash {
		return fmt.Errorf("%w: transactions root %s, header %s", ErrRoot, got, h.TxHash)
	}
	if got := types.CalcUncleHash(b.body.Uncles); got != h.UncleHash {
		return fmt.Errorf("%w: uncles hash %s, header %s", ErrRoot, got, h.UncleHash)
	}
	switch {
	case h.WithdrawalsHash == nil && len(b.body.Withdrawals) > 0:
		return fmt.Errorf("%w: withdrawals without a root in the header", ErrRoot)
	case h.WithdrawalsHash != nil:
		if got := types.DeriveSha(types.Withdrawals(b.body.Withdrawals), trie.NewStackTrie(nil)); got != *h.WithdrawalsHash {
			return fmt.Errorf("%w: withdrawals root %s, header %s", ErrRoot, got, *h.WithdrawalsHash)
		}
	}
	if b.receipts == nil {
		return nil
	}
	if len(b.receipts) != len(b.body.Transactions) {
		return fmt.Errorf("%w: %d receipts for %d transactions", ErrRoot, len(b.receipts), len(b.body.Transactions))
	}
	for i, r := range b.receipts {
		if r.Type != b.body.Transactions[i].Type() {
			return fmt.Errorf("%w: receipt %d is of type %d, its transaction of type %d", ErrRoot, i, r.Type, b.body.Transactions[i].Type())
		}
		r.Bloom = types.CreateBloom(r) // slim receipts have none; the root covers it
	}
	if got := types.DeriveSha(b.receipts, trie.NewStackTrie(nil)); got != h.ReceiptHash {
		return fmt.Errorf("%w: receipts root %s, header %s", ErrRoot, got, h.ReceiptHash)
	}
	return nil
}

// lineage checks that blocks of neighbouring heights follow one another.
type lineage struct {
	height uint64
	hash   common.Hash
	known  bool
}

func (l *lineage) check(h *types.Header) error {
	if !l.known {
		return nil
	}
	switch n := h.Number.Uint64(); {
	case n <= l.height:
		return fmt.Errorf("%w: height %d comes after %d; blocks must ascend", ErrParent, n, l.height)
	case n == l.height+1 && h.ParentHash != l.hash:
		return fmt.Errorf("%w: block %d names parent %s, block %d is %s", ErrParent, n, h.ParentHash, l.height, l.hash)
	}
	return nil
}

func (l *lineage) add(h *types.Header) { *l = lineage{h.Number.Uint64(), h.Hash(), true} }

// height is the header's height, if it fits a position.
func height(h *types.Header) (uint32, error) {
	if h.Number == nil || !h.Number.IsUint64() || h.Number.Uint64() > 1<<32-1 {
		return 0, fmt.Errorf("height %s is beyond %d", h.Number, uint32(1<<32-1))
	}
	if h.Time > 1<<62 {
		return 0, fmt.Errorf("time %d is beyond time", h.Time)
	}
	return uint32(h.Number.Uint64()), nil
}

func headerOf(h *types.Header) (graph.Header, error) {
	n, err := height(h)
	return graph.Header{Height: n, Hash: graph.Hash(h.Hash()), Parent: graph.Hash(h.ParentHash), Time: int64(h.Time)}, err
}
