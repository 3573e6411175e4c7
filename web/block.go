package web

import (
	"context"
	"iter"
	"strconv"

	"spoor/graph"
)

// BlockInput asks for a block and a part of its transactions.
type BlockInput struct {
	Asked
	Chain  string `path:"chain" doc:"Alias or CAIP-2 id"`
	Height uint64 `path:"height" maximum:"4294967295"`
	After  int    `query:"after" minimum:"0" doc:"Where to go on, from next of the answer before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

// blockBody is a block and a page of its transactions.
type blockBody struct {
	Chain        string        `json:"chain"`
	ChainAlias   string        `json:"chain_alias"`
	ChainName    string        `json:"chain_name"`
	Block        uint32        `json:"block"`
	Hash         string        `json:"block_hash"`
	Parent       string        `json:"parent_hash"`
	Time         string        `json:"time"`
	Tip          uint32        `json:"tip" doc:"The highest block of the ledger in the store"`
	Coverage     []coverageRow `json:"coverage"`
	Size         int           `json:"size" doc:"Transactions in all"`
	Transactions []blockTx     `json:"transactions"`
	Next         int           `json:"next" doc:"Value of after for the next page, 0 at the end"`

	NextURL string `json:"-"`
	CSVURL  string `json:"-"`
	JSONURL string `json:"-"`
}

// blockTx is a transaction of a block, by its size.
type blockTx struct {
	TxIndex   string `json:"tx_index"`
	TxHash    string `json:"tx_hash"`
	Failed    bool   `json:"failed"`
	Transfers int    `json:"transfers"`
	Events    int    `json:"events"`
}

func (*blockBody) template() string { return "block" }

func (b *blockBody) rows() ([]string, iter.Seq[[]string]) {
	return []string{"chain", "block", "time", "tx_index", "tx_hash", "failed", "transfers", "events"}, func(yield func([]string) bool) {
		for _, tx := range b.Transactions {
			if !yield([]string{b.Chain, strconv.FormatUint(uint64(b.Block), 10), b.Time, tx.TxIndex, tx.TxHash, strconv.FormatBool(tx.Failed), strconv.Itoa(tx.Transfers), strconv.Itoa(tx.Events)}) {
				return
			}
		}
	}
}

func (s *Server) getBlock(ctx context.Context, in *BlockInput) (*output[*blockBody], error) {
	height := uint32(in.Height) // its maximum fits
	b := &blockBody{Block: height, Transactions: []blockTx{}, CSVURL: in.with("format", "csv"), JSONURL: in.with("format", "json")}
	err := s.view(ctx, in.Chain, func(l *ledger) error {
		block, err := l.view.Block(height)
		if err != nil {
			return err
		}
		tip, err := l.view.Tip()
		if err != nil {
			return err
		}
		b.Chain, b.ChainAlias, b.ChainName, b.Tip = string(l.chain.ID), l.chain.Alias, l.chain.Name, tip.Height
		b.Hash, b.Parent, b.Time, b.Size = block.Hash.Text(l.chain.Family), block.Parent.Text(l.chain.Family), instant(block.Time), len(block.Txs)
		for i := min(in.After, len(block.Txs)); i < len(block.Txs); i++ {
			if len(b.Transactions) == in.Limit {
				b.Next = i
				b.NextURL = in.with("after", strconv.Itoa(i))
				break
			}
			tx := &block.Txs[i]
			b.Transactions = append(b.Transactions, blockTx{txIndexText(tx.Index), tx.Hash.Text(l.chain.Family), tx.Failed, len(tx.Transfers), len(tx.Events)})
		}
		b.Coverage, _, err = l.coverage(func(c *graph.Coverage) bool {
			return c.Address.IsZero() && c.From <= height && height <= c.To
		})
		return err
	})
	return &output[*blockBody]{Body: b}, err
}
