package ethereum

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"

	"spoor/graph"
)

// otherForms are chains of a known family whose blocks hold what go-ethereum
// cannot hash: headers with more fields, or transactions that are in no root.
var otherForms = map[graph.ChainID]bool{
	"eip155:100":   true, // Gnosis: headers of proof of authority
	"eip155:137":   true, // Polygon: state-sync transactions
	"eip155:80002": true, // its test network
	"eip155:324":   true, // zkSync Era
	"eip155:42161": true, // Arbitrum
	"eip155:42220": true, // Celo
	"eip155:43114": true, // Avalanche
}

// headerFields are what a node tells of a header whose hash go-ethereum can
// compute, and of its block.
var headerFields = []string{"author", "baseFeePerGas", "blobGasUsed", "blockAccessList", "blockAccessListHash", "difficulty", "excessBlobGas", "extraData",
	"gasLimit", "gasUsed", "hash", "logsBloom", "miner", "mixHash", "nonce", "number", "parentBeaconBlockRoot", "parentHash", "receiptsRoot",
	"requestsHash", "sha3Uncles", "size", "slotNumber", "stateRoot", "timestamp", "totalDifficulty", "transactions", "transactionsRoot", "uncles",
	"withdrawals", "withdrawalsRoot"}

// rpcBlock is a block as a node tells it. Blocks of chains with transactions
// of their own are read field by field.
type rpcBlock struct {
	Number         *hexutil.Uint64   `json:"number"`
	Hash           *common.Hash      `json:"hash"`
	Parent         *common.Hash      `json:"parentHash"`
	Time           *hexutil.Uint64   `json:"timestamp"`
	Miner          *common.Address   `json:"miner"`
	BaseFee        *hexutil.Big      `json:"baseFeePerGas"`
	ExcessBlobGas  *hexutil.Uint64   `json:"excessBlobGas"`
	AccessListHash *common.Hash      `json:"blockAccessListHash"`
	UncleHashes    []common.Hash     `json:"uncles"`
	Withdrawals    types.Withdrawals `json:"withdrawals"`
	Transactions   []json.RawMessage `json:"transactions"`

	header   *types.Header      // if go-ethereum can read it
	exact    bool               // header and transactions are of forms whose hashes go-ethereum computes
	odd      string             // why not exact
	txs      []rpcTx            // in order
	known    types.Transactions // in order; if exact
	uncles   []*types.Header    // of UncleHashes, once fetched
	receipts []rpcReceipt
	frames   []*Frame
	rewards  []Payment // from trace_block
	traced   graph.Extent
}

// rpcTx is what every chain's transactions have.
type rpcTx struct {
	Hash     *common.Hash    `json:"hash"`
	Type     hexutil.Uint64  `json:"type"`
	From     *common.Address `json:"from"`
	To       *common.Address `json:"to"`
	Nonce    hexutil.Uint64  `json:"nonce"`
	Value    *hexutil.Big    `json:"value"`
	Gas      hexutil.Uint64  `json:"gas"`
	GasPrice *hexutil.Big    `json:"gasPrice"`
	Input    hexutil.Bytes   `json:"input"`
	Mint     *hexutil.Big    `json:"mint"`
	AuthList json.RawMessage `json:"authorizationList"`
	Block    *common.Hash    `json:"blockHash"`
	Index    *hexutil.Uint64 `json:"transactionIndex"`
}

// parseRPCBlock reads the answer to eth_getBlockBy… with full transactions and
// checks what does not need receipts.
func parseRPCBlock(chain graph.ChainID, raw json.RawMessage) (*rpcBlock, error) {
	var b rpcBlock
	if err := json.Unmarshal(raw, &b); err != nil {
		return nil, err
	}
	switch {
	case b.Number == nil || b.Hash == nil || b.Parent == nil || b.Time == nil:
		return nil, errors.New("a block without number, hash, parentHash or timestamp")
	case uint64(*b.Number) > 1<<32-1:
		return nil, fmt.Errorf("height %d is beyond %d", *b.Number, uint32(1<<32-1))
	case uint64(*b.Time) > 1<<62:
		return nil, fmt.Errorf("time %d is beyond time", *b.Time)
	case b.Transactions == nil:
		return nil, errors.New("a block without its transactions")
	case slices.Contains(b.Withdrawals, nil):
		return nil, errors.New("a withdrawal that is null")
	}
	if err := b.readHeader(chain, raw); err != nil {
		return nil, err
	}
	return &b, b.readTransactions(chain)
}

// readHeader recomputes the hash of the header. Where a header has fields that
// go-ethereum does not know, the hash it states cannot be checked.
func (b *rpcBlock) readHeader(chain graph.ChainID, raw json.RawMessage) error {
	b.exact = !otherForms[chain]
	if !b.exact {
		b.odd = "block of a chain whose roots we cannot compute"
	}
	var h types.Header
	if err := json.Unmarshal(raw, &h); err != nil {
		if b.exact {
			return fmt.Errorf("header: %w", err)
		}
		return nil
	}
	b.header = &h
	if h.Hash() == *b.Hash {
		return nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return err
	}
	for name := range fields {
		if !slices.Contains(headerFields, name) && b.exact && chain != graph.Ethereum {
			b.exact, b.odd = false, "block whose header has fields we do not know: roots not verified"
		}
	}
	if b.exact {
		return fmt.Errorf("%w: the header hashes to %s, the node says %s", ErrRoot, h.Hash(), b.Hash)
	}
	return nil
}

func (b *rpcBlock) readTransactions(chain graph.ChainID) error {
	for i, raw := range b.Transactions {
		var t rpcTx
		if err := json.Unmarshal(raw, &t); err != nil {
			return fmt.Errorf("transaction %d: %w", i, err)
		}
		switch {
		case t.Hash == nil || t.From == nil || t.Value == nil:
			return fmt.Errorf("transaction %d: no hash, from or value", i)
		case t.Block != nil && *t.Block != *b.Hash:
			return fmt.Errorf("%w: transaction %d is of block %s, not of %s", ErrRoot, i, t.Block, b.Hash)
		case t.Index != nil && uint64(*t.Index) != uint64(i):
			return fmt.Errorf("%w: transaction %d says it is number %d", ErrRoot, i, *t.Index)
		case t.Type > 0xff:
			return fmt.Errorf("transaction %d: type %d is none", i, t.Type)
		case i > graph.MaxTx:
			return fmt.Errorf("transaction %d: a block holds at most %d", i, graph.MaxTx)
		}
		b.txs = append(b.txs, t)
		if !b.exact {
			continue
		}
		tx := new(types.Transaction)
		switch err := tx.UnmarshalJSON(raw); {
		case errors.Is(err, types.ErrTxTypeNotSupported) && chain != graph.Ethereum:
			b.exact, b.odd, b.known = false, fmt.Sprintf("block with transactions of type 0x%x: roots not verified", t.Type), nil
		case err != nil:
			return fmt.Errorf("transaction %d: %w", i, err)
		case tx.Hash() != *t.Hash:
			return fmt.Errorf("%w: transaction %d hashes to %s, the node says %s", ErrRoot, i, tx.Hash(), t.Hash)
		default:
			b.known = append(b.known, tx)
		}
	}
	return nil
}

// finish checks the block against its receipts and turns it into what Decode
// takes.
func (b *rpcBlock) finish(c Converter) (Block, error) {
	if b.receipts == nil && len(b.txs) > 0 {
		return Block{}, errors.New("no receipts")
	}
	var in Block
	var err error
	if b.exact {
		in, err = b.verified(c)
	} else {
		in, err = b.plain()
	}
	if err != nil {
		return Block{}, err
	}
	in.Source, in.Traces, in.Payments = "rpc", b.traced, b.rewards
	if len(b.txs) == 0 && b.traced != graph.None {
		in.Traces = graph.Full
	}
	for i, f := range b.frames {
		in.Txs[i].Root = f
	}
	return in, nil
}

// verified takes nothing from the node that is not in a verified root, but
// blob prices, which are not in any.
func (b *rpcBlock) verified(c Converter) (Block, error) {
	body := types.Body{Transactions: b.known, Uncles: b.uncles, Withdrawals: b.Withdrawals}
	raw := rawBlock{header: b.header, body: body, receipts: types.Receipts{}}
	for i := range b.receipts {
		raw.receipts = append(raw.receipts, b.receipts[i].consensus())
	}
	if err := raw.verify(); err != nil {
		return Block{}, err
	}
	in, err := c.block(&raw)
	if err != nil {
		return Block{}, err
	}
	in.Logs = graph.Full
	for i := range in.Txs {
		if in.Txs[i].From != *b.txs[i].From {
			return Block{}, fmt.Errorf("%w: transaction %d is signed by %s, the node says %s", ErrRoot, i, in.Txs[i].From, b.txs[i].From)
		}
		if in.Txs[i].BlobFee == nil {
			if in.Txs[i].BlobFee, err = b.receipts[i].blobFee(); err != nil {
				return Block{}, fmt.Errorf("receipt %d: %w", i, err)
			}
		}
	}
	return in, nil
}

// plain takes the node's word, of blocks whose roots we cannot compute.
func (b *rpcBlock) plain() (Block, error) {
	in := Block{
		Header: graph.Header{Height: uint32(*b.Number), Hash: graph.Hash(*b.Hash), Parent: graph.Hash(*b.Parent), Time: int64(*b.Time)},
		Miner:  b.Miner, HeaderKnown: b.Miner != nil, UnclesKnown: len(b.UncleHashes) == 0, HasUncles: len(b.UncleHashes) > 0, Logs: graph.Full,
	}
	switch {
	case b.AccessListHash != nil:
		in.Fork = Amsterdam
	case b.ExcessBlobGas != nil:
		in.Fork = Cancun
	}
	var err error
	if in.BaseFee, err = amountOf(b.BaseFee); err != nil {
		return Block{}, fmt.Errorf("base fee: %w", err)
	}
	for _, w := range b.Withdrawals {
		in.Withdrawals = append(in.Withdrawals, Withdrawal{w.Address, w.Amount})
	}
	for i := range b.txs {
		t, err := b.plainTx(i)
		if err != nil {
			return Block{}, fmt.Errorf("transaction %d: %w", i, err)
		}
		in.Txs = append(in.Txs, t)
	}
	return in, nil
}

func (b *rpcBlock) plainTx(i int) (Tx, error) {
	t, r := &b.txs[i], &b.receipts[i]
	gas := uint64(r.GasUsed)
	tx := Tx{Index: uint32(i), Hash: graph.Hash(*t.Hash), Type: uint8(t.Type), From: *t.From, To: t.To, Nonce: uint64(t.Nonce), Created: r.Created,
		Gas: uint64(t.Gas), Input: len(t.Input) > 0, GasUsed: &gas, StateRoot: len(r.Root) > 0, Logs: r.logs(),
		Authorizations: t.authorizations(), Operator: r.OperatorScalar != 0 || r.OperatorConstant != 0}
	switch {
	case r.Status == nil:
	case *r.Status == 1:
		tx.Status = StatusOK
	default:
		tx.Status = StatusFailed
	}
	value, err := amountOf(t.Value)
	if err != nil {
		return Tx{}, err
	}
	tx.Value = *value
	tx.Data = t.Input
	price := r.EffectiveGasPrice
	if price == nil {
		price = t.GasPrice
	}
	for _, f := range []struct {
		to   **graph.Amount
		from *hexutil.Big
	}{{&tx.GasPrice, price}, {&tx.L1Fee, r.L1Fee}, {&tx.Mint, t.Mint}} {
		if *f.to, err = amountOf(f.from); err != nil {
			return Tx{}, err
		}
	}
	tx.BlobFee, err = r.blobFee()
	return tx, err
}

// authorizations are those of EIP-7702; nil if there are none or the node tells
// them in a form we do not know, which Decode counts.
func (t *rpcTx) authorizations() (list []types.SetCodeAuthorization) {
	if isNull(t.AuthList) || json.Unmarshal(t.AuthList, &list) != nil {
		return nil
	}
	return list
}

// amountOf is an amount that a node tells, nil if it does not.
func amountOf(v *hexutil.Big) (*graph.Amount, error) {
	if v == nil {
		return nil, nil
	}
	var a graph.Amount
	if n := v.ToInt(); n.Sign() < 0 || a.SetFromBig(n) {
		return nil, fmt.Errorf("%w: %.90s", graph.ErrAmount, v)
	}
	return &a, nil
}
