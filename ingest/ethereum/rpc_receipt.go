package ethereum

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/holiman/uint256"

	"spoor/graph"
)

// rpcReceipt is a receipt as a node tells it.
type rpcReceipt struct {
	Type              hexutil.Uint64  `json:"type"`
	Root              hexutil.Bytes   `json:"root"`
	Status            *hexutil.Uint64 `json:"status"`
	CumulativeGasUsed hexutil.Uint64  `json:"cumulativeGasUsed"`
	GasUsed           hexutil.Uint64  `json:"gasUsed"`
	EffectiveGasPrice *hexutil.Big    `json:"effectiveGasPrice"`
	BlobGasUsed       hexutil.Uint64  `json:"blobGasUsed"`
	BlobGasPrice      *hexutil.Big    `json:"blobGasPrice"`
	L1Fee             *hexutil.Big    `json:"l1Fee"`
	OperatorScalar    hexutil.Uint64  `json:"operatorFeeScalar"`
	OperatorConstant  hexutil.Uint64  `json:"operatorFeeConstant"`
	Created           *common.Address `json:"contractAddress"`
	Block             *common.Hash    `json:"blockHash"`
	Tx                *common.Hash    `json:"transactionHash"`
	Index             *hexutil.Uint64 `json:"transactionIndex"`
	Logs              []rpcLog        `json:"logs"`
}

type rpcLog struct {
	Address *common.Address `json:"address"`
	Topics  []common.Hash   `json:"topics"`
	Data    hexutil.Bytes   `json:"data"`
	Index   *hexutil.Uint64 `json:"logIndex"`
	Block   *common.Hash    `json:"blockHash"`
	Tx      *common.Hash    `json:"transactionHash"`
	Removed bool            `json:"removed"`
}

// setReceipts takes the receipts of all transactions. Every receipt and log
// must name this block and its transaction.
func (b *rpcBlock) setReceipts(raws []json.RawMessage) error {
	if len(raws) != len(b.txs) {
		return fmt.Errorf("%w: %d receipts for %d transactions", ErrRoot, len(raws), len(b.txs))
	}
	receipts := make([]rpcReceipt, len(raws))
	next := uint64(0)
	for i, raw := range raws {
		r := &receipts[i]
		if err := json.Unmarshal(raw, r); err != nil {
			return fmt.Errorf("receipt %d: %w", i, err)
		}
		if err := b.own(i, r.Block, r.Tx); err != nil {
			return fmt.Errorf("receipt %d: %w", i, err)
		}
		if r.Index != nil && uint64(*r.Index) != uint64(i) {
			return fmt.Errorf("%w: receipt %d says it is number %d", ErrRoot, i, *r.Index)
		}
		if r.Status != nil && *r.Status > 1 {
			return fmt.Errorf("receipt %d: status %d is none", i, *r.Status)
		}
		for j := range r.Logs {
			l := &r.Logs[j]
			if err := b.own(i, l.Block, l.Tx); err != nil {
				return fmt.Errorf("receipt %d, log %d: %w", i, j, err)
			}
			switch {
			case l.Address == nil || l.Index == nil:
				return fmt.Errorf("receipt %d, log %d: no address or logIndex", i, j)
			case l.Removed:
				return fmt.Errorf("%w: receipt %d, log %d: removed by a reorganisation", ErrRoot, i, j)
			case uint64(*l.Index) < next || uint64(*l.Index) > 1<<31:
				return fmt.Errorf("%w: receipt %d, log %d: logIndex %d after %d", ErrRoot, i, j, *l.Index, next)
			case b.exact && uint64(*l.Index) != next:
				return fmt.Errorf("%w: receipt %d, log %d: logIndex %d, want %d", ErrRoot, i, j, *l.Index, next)
			}
			next = uint64(*l.Index) + 1
		}
	}
	b.receipts = receipts
	return nil
}

// own checks that something names the block and its i-th transaction.
func (b *rpcBlock) own(i int, block, tx *common.Hash) error {
	switch {
	case block == nil || tx == nil:
		return errors.New("no blockHash or transactionHash")
	case *block != *b.Hash:
		return fmt.Errorf("%w: it is of block %s, not of %s", ErrRoot, block, b.Hash)
	case *tx != *b.txs[i].Hash:
		return fmt.Errorf("%w: it is of transaction %s, not of %s", ErrRoot, tx, b.txs[i].Hash)
	}
	return nil
}

// consensus is the receipt as the receipts root holds it.
func (r *rpcReceipt) consensus() *types.Receipt {
	out := &types.Receipt{Type: uint8(r.Type), PostState: r.Root, CumulativeGasUsed: uint64(r.CumulativeGasUsed)}
	if r.Status != nil && len(r.Root) == 0 {
		out.Status = uint64(*r.Status)
	}
	for i := range r.Logs {
		out.Logs = append(out.Logs, &types.Log{Address: *r.Logs[i].Address, Topics: r.Logs[i].Topics, Data: r.Logs[i].Data})
	}
	return out
}

func (r *rpcReceipt) logs() (logs []Log) {
	for i := range r.Logs {
		l := &r.Logs[i]
		logs = append(logs, Log{Index: int(*l.Index), Address: *l.Address, Topics: l.Topics, Data: l.Data})
	}
	return logs
}

// blobFee is what was paid for blobs; nil if there were none or the node does
// not tell.
func (r *rpcReceipt) blobFee() (*graph.Amount, error) {
	price, err := amountOf(r.BlobGasPrice)
	if err != nil || price == nil || r.BlobGasUsed == 0 {
		return nil, err
	}
	fee, over := new(uint256.Int).MulOverflow(price, uint256.NewInt(uint64(r.BlobGasUsed)))
	if over {
		return nil, errors.New("blob fee of 2^256 or more")
	}
	return fee, nil
}
