package explorer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/params"
	"github.com/holiman/uint256"

	"spoor/graph"
)

// party is an address as this API writes it: an object, or only the text.
type party struct{ hash cell }

func (p *party) UnmarshalJSON(raw []byte) error {
	*p = party{}
	if raw[0] != '{' {
		return p.hash.UnmarshalJSON(raw)
	}
	var o struct{ Hash cell }
	if err := json.Unmarshal(raw, &o); err != nil {
		return err
	}
	p.hash = o.Hash
	return nil
}

func (p *party) cell() cell { return p.hash }

// tokenInfo is what a row says about its token.
type tokenInfo struct {
	Address     cell `json:"address"`
	AddressHash cell `json:"address_hash"`
	Symbol      cell `json:"symbol"`
	Decimals    cell `json:"decimals"`
	Type        cell `json:"type"`
}

// total is the amount of a token transfer.
type total struct {
	Value   cell `json:"value"`
	TokenID cell `json:"token_id"`
}

// fee is what a transaction cost.
type fee struct {
	Value cell `json:"value"`
}

// blockscoutRow has the fields of all lists; older versions have other names
// for some.
type blockscoutRow struct {
	BlockNumber     cell       `json:"block_number"`
	Block           cell       `json:"block"`
	BlockIndex      cell       `json:"block_index"`
	BlockHash       cell       `json:"block_hash"`
	Timestamp       cell       `json:"timestamp"`
	Hash            cell       `json:"hash"`
	TransactionHash cell       `json:"transaction_hash"`
	TxHash          cell       `json:"tx_hash"`
	Position        cell       `json:"position"`
	From            party      `json:"from"`
	To              party      `json:"to"`
	Created         party      `json:"created_contract"`
	Value           cell       `json:"value"`
	Fee             *fee       `json:"fee"`
	GasUsed         cell       `json:"gas_used"`
	Status          cell       `json:"status"`
	RawInput        cell       `json:"raw_input"`
	Type            rawText    `json:"type"` // of calls; a number in transactions
	Success         cell       `json:"success"`
	Index           cell       `json:"index"`
	TransactionIdx  cell       `json:"transaction_index"`
	Token           *tokenInfo `json:"token"`
	Total           *total     `json:"total"`
	Amount          cell       `json:"amount"`
	Receiver        party      `json:"receiver"`
}

// rawText is a cell of which only a text is used.
type rawText struct{ text string }

func (t *rawText) UnmarshalJSON(raw []byte) error {
	*t = rawText{}
	var c cell
	if err := c.UnmarshalJSON(raw); err != nil {
		return err
	}
	t.text = strings.ToLower(c.text)
	return nil
}

func (r *blockscoutRow) hash() cell {
	for _, c := range []cell{r.Hash, r.TransactionHash, r.TxHash} {
		if c.set {
			return c
		}
	}
	return cell{}
}

// at is the height of the row.
func (r *blockscoutRow) at(chain graph.Chain) (uint32, error) {
	c := cells{chain: chain}
	height := r.BlockNumber
	if !height.set {
		height = r.Block
	}
	return c.height("block_number", height), c.err
}

func (b *blockscout) place(c *cells, r *blockscoutRow) place {
	height, err := r.at(b.Chain)
	if err != nil {
		c.fail("block_number", err)
	}
	index := r.Position
	if !index.set {
		index = r.TransactionIdx
	}
	return place{height: height, time: c.time("timestamp", r.Timestamp), block: c.maybeHash("block_hash", r.BlockHash), tx: c.hash("hash", r.hash()), index: c.index("position", index)}
}

// take adds a row to those of its list.
func (b *blockscout) take(all *rows, list string, r *blockscoutRow) error {
	c := cells{chain: b.Chain}
	switch list {
	case listTxs:
		if tx := b.tx(&c, r); c.err == nil {
			all.txs = append(all.txs, tx)
		}
	case listInner:
		if row, moved := b.inner(&c, r); c.err == nil && moved {
			all.inner = append(all.inner, row)
		}
	case listWithdrawals: // in wei here
		w := withdrawalRow{to: c.address("receiver", r.Receiver.cell()), amount: c.amount("amount", r.Amount)}
		w.time = c.time("timestamp", r.Timestamp)
		var err error
		if w.height, err = r.at(b.Chain); err != nil {
			return err
		}
		if c.err == nil {
			all.withdrawals = append(all.withdrawals, w)
		}
	default:
		if t := b.token(&c, r); c.err == nil {
			all.tokens = append(all.tokens, t)
			list = t.list()
		}
	}
	if c.err == nil {
		b.Meter.Count(list, 1)
	}
	return c.err
}

func (b *blockscout) tx(c *cells, r *blockscoutRow) txRow {
	tx := txRow{place: b.place(c, r), from: c.address("from", r.From.cell()), to: c.maybeAddress("to", r.To.cell()), value: c.amount("value", r.Value), input: r.RawInput.text}
	if tx.to.IsZero() {
		tx.creates, tx.to = true, c.maybeAddress("created_contract", r.Created.cell())
	}
	if r.Fee != nil {
		tx.fee = c.maybeAmount("fee", r.Fee.Value)
	}
	if used := c.maybeAmount("gas_used", r.GasUsed); used != nil {
		tx.bare = *used == *uint256.NewInt(params.TxGas) && !tx.creates
	}
	switch r.Status.text {
	case "ok", "error":
		failed := r.Status.text == "error"
		tx.failed = &failed
	case "":
	default:
		c.fail("status", fmt.Errorf("%.40q is neither ok nor error", r.Status.text))
	}
	return tx
}

func (b *blockscout) inner(c *cells, r *blockscoutRow) (row innerRow, moved bool) {
	row = innerRow{place: b.place(c, r), from: c.address("from", r.From.cell()), value: c.amount("value", r.Value), to: c.maybeAddress("to", r.To.cell())}
	if row.to.IsZero() {
		row.to = c.maybeAddress("created_contract", r.Created.cell())
	}
	success := c.flag("success", r.Success)
	kind, known := innerKinds[r.Type.text]
	switch {
	case !known:
		c.fail("type", fmt.Errorf("%.40q is no kind of call we know", r.Type.text))
	case r.Index.text == "0":
		b.Meter.Pass("call that repeats its transaction", 1)
		return row, false
	case success != nil && !*success:
		b.Meter.Pass("failed call", 1)
		return row, false
	case kind == 0:
		b.Meter.Pass("call that moves nothing to another account", 1)
		return row, false
	case row.value.IsZero():
		b.Meter.Pass("call without value", 1)
		return row, false
	case row.to.IsZero():
		c.fail("to", errEmpty)
	}
	row.kind = kind
	return row, true
}

func (b *blockscout) token(c *cells, r *blockscoutRow) tokenRow {
	if r.Token == nil || r.Total == nil {
		c.fail("token", errors.New("a token transfer needs token and total"))
		return tokenRow{}
	}
	contract := r.Token.AddressHash
	if !contract.set {
		contract = r.Token.Address
	}
	t := tokenRow{place: b.place(c, r), symbol: r.Token.Symbol.text, decimals: r.Token.Decimals.decimals(),
		asset: graph.Asset{Chain: b.Chain.ID, Standard: graph.ERC20, Contract: c.address("token", contract)}}
	t.from, t.to = tokenEnd(c, "from", r.From.cell()), tokenEnd(c, "to", r.To.cell())
	switch r.Token.Type.text {
	case "ERC-20", "":
		t.amount = c.amount("total", r.Total.Value)
	case "ERC-721":
		t.asset.Standard, t.asset.TokenID = graph.ERC721, c.amount("token_id", r.Total.TokenID)
		t.amount.SetOne()
	case "ERC-1155":
		t.asset.Standard, t.asset.TokenID = graph.ERC1155, c.amount("token_id", r.Total.TokenID)
		t.amount = c.amount("total", r.Total.Value)
	default: // ERC-404, ERC-7984 …
		c.fail("token", fmt.Errorf("%.40q is no standard we know", r.Token.Type.text))
	}
	return t
}

// list is the list that a token's transfers would have in the other API.
func (t *tokenRow) list() string {
	switch t.asset.Standard {
	case graph.ERC721:
		return listERC721
	case graph.ERC1155:
		return listERC1155
	}
	return listERC20
}
