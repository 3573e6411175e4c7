package explorer

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/params"
	"github.com/holiman/uint256"

	"spoor/graph"
)

// etherscanRow has the fields of all lists. Names match whatever their case.
type etherscanRow struct {
	BlockNumber, TimeStamp, Hash, BlockHash, TransactionIndex cell
	From, To, Value, ContractAddress, Input, MethodId         cell
	GasUsed, GasPrice, L1FeesPaid                             cell
	IsError                                                   cell
	Receipt                                                   cell `json:"txreceipt_status"`
	Type                                                      cell
	TokenSymbol, TokenDecimal, TokenID, TokenValue            cell
	Address, Amount                                           cell // withdrawals
	WithdrawalIndex                                           cell
	TransactionHash                                           cell // Blockscout's name for hash in its likeness of this API

	height uint32
}

// gap is where the knowledge of a list has a hole if the row cannot be used.
func (r *etherscanRow) gap(list string, from, to uint32) Gap {
	return Gap{List: list, From: max(from, r.height), To: min(to, r.height), Why: "a row could not be read"}
}

// take adds a row to those of its list.
func (e *etherscan) take(all *rows, list string, r *etherscanRow) error {
	c := cells{chain: e.Chain}
	if !r.Hash.set {
		r.Hash = r.TransactionHash
	}
	switch list {
	case listTxs:
		if strings.HasPrefix(r.Hash.text, "GENESIS") {
			g := genesisRow{place: place{height: r.height, time: c.time("timeStamp", r.TimeStamp)}, to: c.address("to", r.To), amount: c.amount("value", r.Value)}
			if c.err == nil {
				all.genesis = append(all.genesis, g)
			}
			break
		}
		if tx := e.tx(&c, r); c.err == nil {
			all.txs = append(all.txs, tx)
		}
	case listInner:
		if row, moved := e.inner(&c, r); c.err == nil && moved {
			all.inner = append(all.inner, row)
		}
	case listWithdrawals:
		w := withdrawalRow{place: place{height: r.height, time: c.time("timestamp", r.TimeStamp)}, to: c.address("address", r.Address), amount: c.amount("amount", r.Amount)}
		if _, over := w.amount.MulOverflow(&w.amount, uint256.NewInt(params.GWei)); over {
			c.fail("amount", errors.New("beyond 256 bits"))
		}
		if c.err == nil {
			all.withdrawals = append(all.withdrawals, w)
		}
	default:
		if t := e.token(&c, list, r); c.err == nil {
			all.tokens = append(all.tokens, t)
		}
	}
	if c.err == nil {
		e.Meter.Count(list, 1)
	}
	return c.err
}

func (e *etherscan) place(c *cells, r *etherscanRow) place {
	return place{height: r.height, time: c.time("timeStamp", r.TimeStamp), block: c.maybeHash("blockHash", r.BlockHash),
		tx: c.hash("hash", r.Hash), index: c.index("transactionIndex", r.TransactionIndex)}
}

func (e *etherscan) tx(c *cells, r *etherscanRow) txRow {
	tx := txRow{place: e.place(c, r), from: c.address("from", r.From), to: c.maybeAddress("to", r.To), value: c.amount("value", r.Value), input: r.Input.text}
	if tx.to.IsZero() {
		tx.creates, tx.to = true, c.maybeAddress("contractAddress", r.ContractAddress)
	}
	if tx.input == "" || tx.input == "deprecated" { // some servers have no call data any more
		tx.input = r.MethodId.text
	}
	if used, price := c.maybeAmount("gasUsed", r.GasUsed), c.maybeAmount("gasPrice", r.GasPrice); used != nil && price != nil {
		var fee graph.Amount
		if _, over := fee.MulOverflow(used, price); over {
			c.fail("gasPrice", errors.New("the fee is beyond 256 bits"))
		}
		if l1 := c.maybeAmount("L1FeesPaid", r.L1FeesPaid); l1 != nil {
			if _, over := fee.AddOverflow(&fee, l1); over {
				c.fail("L1FeesPaid", errors.New("the fee is beyond 256 bits"))
			}
		}
		tx.fee = &fee
		tx.bare = used.IsUint64() && used.Uint64() == params.TxGas && !tx.creates
	}
	failed, receipt := c.flag("isError", r.IsError), c.flag("txreceipt_status", r.Receipt)
	if receipt != nil && (failed == nil || !*receipt) {
		no := !*receipt
		failed = &no
	}
	tx.failed = failed
	return tx
}

// inner reads a call; moved is false for one that moved nothing.
func (e *etherscan) inner(c *cells, r *etherscanRow) (row innerRow, moved bool) {
	row = innerRow{place: e.place(c, r), from: c.address("from", r.From), value: c.amount("value", r.Value), input: r.Input.text}
	row.to = c.maybeAddress("to", r.To)
	if row.to.IsZero() {
		row.to = c.maybeAddress("contractAddress", r.ContractAddress)
	}
	failed := c.flag("isError", r.IsError)
	kind, known := innerKinds[strings.ToLower(r.Type.text)]
	switch {
	case !known:
		c.fail("type", fmt.Errorf("%.40q is no kind of call we know", r.Type.text))
	case failed != nil && *failed:
		e.Meter.Pass("failed call", 1)
		return row, false
	case kind == 0:
		e.Meter.Pass("call that moves nothing to another account", 1)
		return row, false
	case row.value.IsZero():
		e.Meter.Pass("call without value", 1)
		return row, false
	case row.to.IsZero():
		c.fail("to", errEmpty)
	}
	row.kind = kind
	return row, true
}

// innerKinds are the types of internal transactions; 0 moves nothing to
// another account. "" is a call where the API does not say.
var innerKinds = map[string]graph.Kind{"": graph.KindInternal, "call": graph.KindInternal, "create": graph.KindCreate, "create2": graph.KindCreate, "create_0": graph.KindCreate, "create2_0": graph.KindCreate,
	"suicide": graph.KindSelfdestruct, "selfdestruct": graph.KindSelfdestruct, "delegatecall": 0, "staticcall": 0, "callcode": 0}

func (e *etherscan) token(c *cells, list string, r *etherscanRow) tokenRow {
	t := tokenRow{place: e.place(c, r), symbol: r.TokenSymbol.text, decimals: r.TokenDecimal.decimals(),
		asset: graph.Asset{Chain: e.Chain.ID, Standard: graph.ERC20, Contract: c.address("contractAddress", r.ContractAddress)}}
	t.from, t.to = tokenEnd(c, "from", r.From), tokenEnd(c, "to", r.To)
	switch {
	case list == listERC1155:
		t.asset.Standard, t.asset.TokenID = graph.ERC1155, c.amount("tokenID", r.TokenID)
		t.amount = c.amount("tokenValue", r.TokenValue)
	case list == listERC721, r.TokenID.set:
		t.asset.Standard, t.asset.TokenID = graph.ERC721, c.amount("tokenID", r.TokenID)
		t.amount.SetOne()
		t.repeated = list == listERC20
	default:
		t.amount = c.amount("value", r.Value)
	}
	return t
}

// tokenEnd is one end of a token transfer; the zero address is nowhere.
func tokenEnd(c *cells, name string, text cell) graph.Address {
	a := c.address(name, text)
	if a == graph.EVMAddress(c.chain.ID, common.Address{}) {
		return graph.Address{}
	}
	return a
}
