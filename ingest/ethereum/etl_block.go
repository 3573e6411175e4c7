package ethereum

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"spoor/graph"
)

// First blocks of rules of Ethereum that old exports have no columns for.
const (
	byzantiumHeight = 4_370_000
	londonHeight    = 12_965_000
	mergeHeight     = 15_537_394
	shanghaiHeight  = 17_034_870
)

// extract is what an export says about one block.
type extract struct {
	etl    *ETL
	height uint64
	rows   map[*table][]*row
	known  map[*table]bool // the table covers the height

	out   Block
	index map[graph.Hash]int // transactions in out.Txs
}

// block joins the rows of the tables.
func (x *extract) block() (Block, error) {
	x.index = map[graph.Hash]int{}
	steps := []func() error{x.header, x.transactions, x.counted, x.receipts, x.logs, x.traces, x.hashes}
	for _, step := range steps {
		if err := step(); err != nil {
			return Block{}, err
		}
	}
	if x.out.Time == 0 && x.height > 0 {
		return Block{}, fmt.Errorf("no table tells the block's time; export its blocks or transactions too")
	}
	slices.SortStableFunc(x.out.Txs, func(a, b Tx) int { return int(a.Index) - int(b.Index) })
	for i := 1; i < len(x.out.Txs); i++ {
		if x.out.Txs[i-1].Index == x.out.Txs[i].Index {
			return Block{}, fmt.Errorf("transactions %s and %s have the same index %d", x.out.Txs[i-1].Hash, x.out.Txs[i].Hash, x.out.Txs[i].Index)
		}
	}
	x.headerComplete()
	return x.out, nil
}

func (x *extract) header() error {
	x.out.Height = uint32(x.height)
	rows := x.rows[&blocksTable]
	switch {
	case len(rows) > 1:
		return fmt.Errorf("%s: a second row of block %d; the first is %s", rows[1].where(), x.height, rows[0].where())
	case len(rows) == 0 && x.known[&blocksTable]:
		return fmt.Errorf("it has rows in other tables, none in blocks")
	case len(rows) == 0:
		return nil
	}
	c := cells{row: rows[0]}
	x.out.Hash, x.out.Parent, x.out.Time = c.hash("hash"), c.maybeHash("parent_hash"), int64(c.uint("timestamp", 62))
	x.out.Miner, x.out.BaseFee = c.maybeAddress("miner"), c.maybe("base_fee_per_gas")
	mainnet := x.etl.chain.ID == graph.Ethereum
	if d := c.maybe("difficulty"); d != nil {
		x.out.ProofOfWork = !d.IsZero()
	} else {
		x.out.ProofOfWork = mainnet && x.height < mergeHeight
	}
	x.out.HasUncles = x.out.ProofOfWork && c.maybeHash("sha3_uncles") != graph.Hash(types.EmptyUncleHash)
	x.out.UnclesKnown = !x.out.HasUncles
	x.out.HeaderKnown = x.out.Miner != nil
	if err := x.withdrawals(&c); err != nil {
		return err
	}
	return c.err
}

// headerComplete decides whether a missing base fee means that there was none.
func (x *extract) headerComplete() {
	if x.out.BaseFee != nil {
		return
	}
	london := x.etl.chain.ID == graph.Ethereum && x.height >= londonHeight || !x.out.ProofOfWork && x.height > 0 ||
		slices.ContainsFunc(x.out.Txs, func(tx Tx) bool { return tx.Type >= types.DynamicFeeTxType && tx.Type <= types.SetCodeTxType })
	if london {
		x.out.HeaderKnown = false
	}
}

func (x *extract) withdrawals(c *cells) error {
	text := c.text("withdrawals")
	if text == "" || text == "[]" {
		root := c.maybeHash("withdrawals_root")
		none := root == graph.Hash(types.EmptyWithdrawalsHash) ||
			root.IsZero() && (x.etl.chain.ID != graph.Ethereum || x.height < shanghaiHeight)
		x.out.NoWithdrawal = !none
		return nil
	}
	var list []struct {
		Address string
		Amount  json.Number
	}
	// The CSV exporter writes Python's form of the list, which differs in quotes.
	if err := json.Unmarshal([]byte(strings.ReplaceAll(text, "'", `"`)), &list); err != nil {
		return fmt.Errorf("%s: withdrawals: %w", c.where(), err)
	}
	for _, w := range list {
		a, err := parseAccount(w.Address)
		if err != nil {
			return fmt.Errorf("%s: withdrawals: %w", c.where(), err)
		}
		gwei, err := graph.ParseAmount(w.Amount.String())
		if err != nil || !gwei.IsUint64() {
			return fmt.Errorf("%s: withdrawals: amount %.40q is no number of Gwei", c.where(), w.Amount)
		}
		x.out.Withdrawals = append(x.out.Withdrawals, Withdrawal{a, gwei.Uint64()})
	}
	return nil
}

func (x *extract) transactions() error {
	for _, r := range x.rows[&transactionsTable] {
		c := cells{row: r}
		tx := Tx{Index: uint32(c.uint("transaction_index", 24)), Hash: c.hash("hash"), From: c.address("from_address"), To: c.maybeAddress("to_address"),
			Nonce: c.uint("nonce", 64), Value: c.amount("value"), Gas: c.uint("gas", 64), Input: c.has("input") && c.text("input") != "0x",
			GasPrice: c.maybe("gas_price"), L1Fee: c.maybe("receipt_l1_fee")}
		if c.has("transaction_type") {
			tx.Type = uint8(c.uint("transaction_type", 8))
		}
		if tx.Input {
			tx.Data = c.bytes("input")
		}
		if c.has("receipt_gas_used") {
			gas := c.uint("receipt_gas_used", 64)
			tx.GasUsed = &gas
			x.status(&c, &tx, "receipt_status", "receipt_root")
			x.price(&c, &tx, "receipt_effective_gas_price", "receipt_blob_gas_used", "receipt_blob_gas_price")
		}
		if tx.To == nil {
			tx.Created = c.maybeAddress("receipt_contract_address")
		}
		if c.has("block_timestamp") && x.out.Time == 0 {
			x.out.Time = int64(c.uint("block_timestamp", 62))
		}
		if c.err != nil {
			return c.err
		}
		if at, twice := x.index[tx.Hash]; twice {
			return fmt.Errorf("%s: transaction %s stands twice, at index %d and %d", r.where(), tx.Hash, x.out.Txs[at].Index, tx.Index)
		}
		x.index[tx.Hash] = len(x.out.Txs)
		x.out.Txs = append(x.out.Txs, tx)
	}
	return nil
}

// counted compares the transactions with the number the block says it has, so
// that an export cut short is noticed.
func (x *extract) counted() error {
	x.out.Absent = !x.known[&transactionsTable]
	for _, r := range x.rows[&blocksTable] {
		c := cells{row: r}
		if !c.has("transaction_count") {
			continue
		}
		n := c.uint("transaction_count", 31)
		if c.err == nil && x.known[&transactionsTable] && n != uint64(len(x.out.Txs)) {
			return fmt.Errorf("%s: transaction_count is %d, there are rows for %d; the export is incomplete", r.where(), n, len(x.out.Txs))
		}
		x.out.Absent = x.out.Absent && n > 0
		return c.err
	}
	return nil
}

func (x *extract) status(c *cells, tx *Tx, status, root string) {
	switch c.text(status) {
	case "1":
		tx.Status = StatusOK
	case "0":
		tx.Status = StatusFailed
	case "":
		tx.StateRoot = c.has(root) || x.etl.chain.ID == graph.Ethereum && x.height < byzantiumHeight
	default:
		c.fail(status, fmt.Errorf("%.40q; want 0, 1 or nothing", c.text(status)))
	}
}

// price takes the effective gas price of the receipt. Old exports have none;
// there, gas_price of a mined transaction is what nodes answer: the effective.
func (x *extract) price(c *cells, tx *Tx, effective, blobGas, blobPrice string) {
	if p := c.maybe(effective); p != nil {
		tx.GasPrice = p
	}
	if gas, price := c.maybe(blobGas), c.maybe(blobPrice); gas != nil && price != nil {
		fee := new(graph.Amount)
		if _, over := fee.MulOverflow(gas, price); over {
			c.fail(blobPrice, fmt.Errorf("blob fee of 2^256 or more"))
		}
		tx.BlobFee = fee
	}
}

func (x *extract) receipts() error {
	for _, r := range x.rows[&receiptsTable] {
		c := cells{row: r}
		hash := c.hash("transaction_hash")
		gas := c.uint("gas_used", 64)
		at, known := x.index[hash]
		switch {
		case c.err != nil:
			return c.err
		case !known && !x.known[&transactionsTable]:
			continue // a receipt alone tells neither payer nor value
		case !known:
			return fmt.Errorf("%s: receipt of transaction %s, which is not among the transactions of the block", r.where(), hash)
		}
		tx := &x.out.Txs[at]
		if index := c.uint("transaction_index", 24); index != uint64(tx.Index) {
			return fmt.Errorf("%s: transaction_index %d, the transaction has %d", r.where(), index, tx.Index)
		}
		tx.GasUsed = &gas
		x.status(&c, tx, "status", "root")
		x.price(&c, tx, "effective_gas_price", "blob_gas_used", "blob_gas_price")
		if tx.To == nil {
			tx.Created = c.maybeAddress("contract_address")
		}
		if fee := c.maybe("l1_fee"); fee != nil {
			tx.L1Fee = fee
		}
		if c.err != nil {
			return c.err
		}
	}
	return nil
}

// transactionOf finds the transaction that a log or a frame belongs to. Where
// the export has no transactions, it begins one of which nothing else is known;
// index -1 is unknown.
func (x *extract) transactionOf(r *row, hash graph.Hash, index int) (*Tx, error) {
	if at, ok := x.index[hash]; ok && !hash.IsZero() {
		return &x.out.Txs[at], nil
	}
	if at := slices.IndexFunc(x.out.Txs, func(tx Tx) bool { return int(tx.Index) == index }); at >= 0 {
		if tx := &x.out.Txs[at]; hash.IsZero() || tx.Hash.IsZero() {
			return tx, nil
		}
		return nil, fmt.Errorf("%s: transaction %s at index %d, where another one is", r.where(), hash, index)
	}
	if x.known[&transactionsTable] {
		return nil, fmt.Errorf("%s: transaction %s (index %d) is not among the transactions of the block", r.where(), hash, index)
	}
	if index < 0 {
		index = len(x.out.Txs)
	}
	x.index[hash] = len(x.out.Txs)
	x.out.Txs = append(x.out.Txs, Tx{Index: uint32(index), Hash: hash, Nameless: true})
	return &x.out.Txs[len(x.out.Txs)-1], nil
}

// hashes checks that all rows are of one block: an export that ran across a
// reorganisation mixes two. It also takes hash and time from rows where the
// blocks table does not have them.
func (x *extract) hashes() error {
	for _, t := range []*table{&transactionsTable, &receiptsTable, &logsTable, &tracesTable} {
		for _, r := range x.rows[t] {
			c := cells{row: r}
			hash := c.maybeHash("block_hash")
			if t != &receiptsTable && x.out.Time == 0 && c.has("block_timestamp") {
				x.out.Time = int64(c.uint("block_timestamp", 62))
			}
			switch {
			case c.err != nil:
				return c.err
			case hash.IsZero():
			case x.out.Hash.IsZero():
				x.out.Hash = hash
			case hash != x.out.Hash:
				return fmt.Errorf("%s: block_hash %s, other rows of the block have %s; was it replaced while the export ran?", r.where(), hash, x.out.Hash)
			}
		}
	}
	return nil
}

func (x *extract) logs() error {
	x.out.Logs = graph.None
	switch {
	case x.known[&logsTable]:
		x.out.Logs = graph.Full
	case x.known[&tokenTransfersTable]:
		x.out.Logs = graph.Partial
		return x.tokenTransfers()
	}
	for _, r := range x.rows[&logsTable] {
		c := cells{row: r}
		l := Log{Index: int(c.uint("log_index", 31)), Address: c.address("address"), Data: c.bytes("data")}
		if text := c.text("topics"); text != "" {
			for topic := range strings.SplitSeq(text, ",") {
				h, err := graph.ParseHash(strings.TrimSpace(topic))
				if err != nil {
					c.fail("topics", err)
				}
				l.Topics = append(l.Topics, common.Hash(h))
			}
		}
		hash, index := c.hash("transaction_hash"), c.uint("transaction_index", 24)
		if c.err != nil {
			return c.err
		}
		tx, err := x.transactionOf(r, hash, int(index))
		if err != nil {
			return err
		}
		tx.Logs = append(tx.Logs, l)
	}
	return nil
}

// tokenTransfers reads the extract of logs that ethereum-etl makes.
func (x *extract) tokenTransfers() error {
	for _, r := range x.rows[&tokenTransfersTable] {
		c := cells{row: r}
		contract, hash := c.address("token_address"), c.hash("transaction_hash")
		l := TransferLog(int(c.uint("log_index", 31)), contract, c.address("from_address"), c.address("to_address"), c.amount("value"), x.etl.nfts[contract])
		if c.err != nil {
			return c.err
		}
		tx, err := x.transactionOf(r, hash, -1)
		if err != nil {
			return err
		}
		if !x.etl.nfts[contract] {
			x.etl.meter.Count("token transfers read as ERC-20 without proof (no logs)", 1)
		}
		tx.Logs = append(tx.Logs, l)
	}
	return nil
}
