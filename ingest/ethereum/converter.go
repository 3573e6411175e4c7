package ethereum

import (
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/consensus/misc/eip4844"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/params"
	"github.com/holiman/uint256"

	"spoor/graph"
)

// Converter turns go-ethereum's blocks into the form Decode takes.
type Converter struct {
	chain  graph.Chain
	signer types.Signer
	config *params.ChainConfig // of the blob fee; nil if unknown
}

// NewConverter makes the converter of a chain. The genesis file, which may be
// nil, gives the blob schedule of a chain that go-ethereum does not know.
func NewConverter(chain graph.Chain, genesis *Genesis) (Converter, error) {
	id, ok := new(big.Int).SetString(string(chain.ID)[len("eip155:"):], 10)
	if !ok {
		return Converter{}, fmt.Errorf("%s is no EVM chain", chain.ID)
	}
	c := Converter{chain: chain, signer: types.LatestSignerForChainID(id)}
	switch {
	case genesis != nil && genesis.Config != nil:
		c.config = genesis.Config
	case chain.ID == graph.Ethereum:
		c.config = params.MainnetChainConfig
	case chain.ID == "eip155:11155111":
		c.config = params.SepoliaChainConfig
	}
	return c, nil
}

// Block converts a block that was verified before, with its receipts, or nil
// where they are unknown. Call frames may be set afterwards.
func (c Converter) Block(b *types.Block, receipts types.Receipts) (Block, error) {
	return c.block(&rawBlock{header: b.Header(), body: *b.Body(), receipts: receipts})
}

func (c Converter) block(raw *rawBlock) (Block, error) {
	h := raw.header
	header, err := headerOf(h)
	if err != nil {
		return Block{}, err
	}
	b := Block{Header: header, Miner: &h.Coinbase, HeaderKnown: true, ProofOfWork: h.Difficulty.Sign() > 0, UnclesKnown: true, HasUncles: len(raw.body.Uncles) > 0}
	switch {
	case h.BlockAccessListHash != nil:
		b.Fork = Amsterdam
	case h.ExcessBlobGas != nil:
		b.Fork = Cancun
	}
	if h.BaseFee != nil {
		fee, over := uint256.FromBig(h.BaseFee)
		if over {
			return Block{}, fmt.Errorf("base fee of 2^256 or more")
		}
		b.BaseFee = fee
	}
	for _, u := range raw.body.Uncles {
		if u.Number == nil || !u.Number.IsUint64() {
			return Block{}, fmt.Errorf("uncle of height %s", u.Number)
		}
		b.Uncles = append(b.Uncles, Uncle{u.Number.Uint64(), u.Coinbase})
	}
	for _, w := range raw.body.Withdrawals {
		b.Withdrawals = append(b.Withdrawals, Withdrawal{w.Address, w.Amount})
	}
	if raw.receipts != nil || h.Bloom == (types.Bloom{}) {
		b.Logs = graph.Full
	}
	logIndex, gas := 0, uint64(0)
	for i, tx := range raw.body.Transactions {
		t, err := c.transaction(h, tx, i)
		if err != nil {
			return Block{}, fmt.Errorf("transaction %d (%s): %w", i, tx.Hash(), err)
		}
		if raw.receipts != nil {
			r := raw.receipts[i]
			if r.CumulativeGasUsed < gas {
				return Block{}, fmt.Errorf("transaction %d (%s): cumulative gas decreases", i, tx.Hash())
			}
			used := r.CumulativeGasUsed - gas
			gas, t.GasUsed = r.CumulativeGasUsed, &used
			receipt(&t, r, &logIndex)
		}
		b.Txs = append(b.Txs, t)
	}
	if raw.receipts == nil {
		gasFromHeader(&b, h)
	}
	return b, nil
}

func receipt(t *Tx, r *types.Receipt, logIndex *int) {
	switch {
	case len(r.PostState) > 0:
		t.StateRoot = true
	case r.Status == types.ReceiptStatusSuccessful:
		t.Status = StatusOK
	default:
		t.Status = StatusFailed
	}
	for _, l := range r.Logs {
		t.Logs = append(t.Logs, Log{Index: *logIndex, Address: l.Address, Topics: l.Topics, Data: l.Data})
		*logIndex++
	}
}

// gasFromHeader gives transactions without receipts what follows from the gas
// of their block: of a single transaction it is the gas used; and where it is
// exactly 21000 each, each used 21000, for none can use less. Amsterdam counts
// gas of blocks otherwise.
func gasFromHeader(b *Block, h *types.Header) {
	n := uint64(len(b.Txs))
	if n == 0 || b.Fork == Amsterdam {
		return
	}
	if n != 1 && h.GasUsed != n*params.TxGas {
		return
	}
	for i := range b.Txs {
		used := h.GasUsed / n
		b.Txs[i].GasUsed = &used
	}
}

func (c Converter) transaction(h *types.Header, tx *types.Transaction, index int) (Tx, error) {
	from, err := c.sender(tx)
	if err != nil {
		return Tx{}, err
	}
	t := Tx{Index: uint32(index), Hash: graph.Hash(tx.Hash()), Type: tx.Type(), From: from, To: tx.To(), Nonce: tx.Nonce(), Gas: tx.Gas(), Input: len(tx.Data()) > 0,
		Authorizations: tx.SetCodeAuthorizations()}
	if t.Value.SetFromBig(tx.Value()) {
		return Tx{}, fmt.Errorf("value of 2^256 or more")
	}
	price := tx.GasPrice()
	if h.BaseFee != nil { // EIP-1559
		price = new(big.Int).Add(h.BaseFee, tx.GasTipCap())
		if price.Cmp(tx.GasFeeCap()) > 0 {
			price = tx.GasFeeCap()
		}
	}
	effective, over := uint256.FromBig(price)
	if over {
		return Tx{}, fmt.Errorf("gas price of 2^256 or more")
	}
	t.GasPrice = effective
	t.Data = tx.Data()
	if tx.Type() == types.BlobTxType {
		t.BlobFee = c.blobFee(h, tx)
	}
	return t, nil
}

// maxExcessBlobGas bounds the work of computing a blob price; the real one is
// far below.
const maxExcessBlobGas = 1 << 36

// blobFee needs the chain's blob schedule; nil without it.
func (c Converter) blobFee(h *types.Header, tx *types.Transaction) *graph.Amount {
	if c.config == nil || h.ExcessBlobGas == nil || *h.ExcessBlobGas > maxExcessBlobGas || eip4844.MaxBlobsPerBlock(c.config, h.Time) == 0 {
		return nil
	}
	price := eip4844.CalcBlobFee(c.config, h)
	fee, over := uint256.FromBig(price.Mul(price, new(big.Int).SetUint64(tx.BlobGas())))
	if over {
		return nil
	}
	return fee
}

// sender recovers who signed. Before Homestead signatures with a high s were
// valid; the transaction's hash is in a verified root, so trying that rule last
// accepts nothing that the chain did not.
func (c Converter) sender(tx *types.Transaction) (common.Address, error) {
	from, err := types.Sender(c.signer, tx)
	if err != nil && tx.Type() == types.LegacyTxType && !tx.Protected() {
		if old, oldErr := types.Sender(types.FrontierSigner{}, tx); oldErr == nil {
			return old, nil
		}
	}
	if err != nil {
		return from, fmt.Errorf("sender: %w; is it a block of another chain? choose it with --chain", err)
	}
	return from, nil
}
