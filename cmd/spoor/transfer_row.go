package main

import (
	"strconv"
	"time"

	"spoor/graph"
)

// A transferRow is a transfer as printed: the names and the writing are those
// of the evidence files.
type transferRow struct {
	Chain     string  `json:"chain"`
	Block     uint32  `json:"block"`
	BlockHash string  `json:"block_hash"`
	Time      string  `json:"time"`
	TxHash    string  `json:"tx_hash"`
	TxIndex   string  `json:"tx_index"`
	Position  string  `json:"position"`
	Direction string  `json:"direction,omitempty"` // seen from an address: in or out
	Kind      string  `json:"kind"`
	From      string  `json:"from"`
	To        string  `json:"to"`
	Asset     string  `json:"asset"`
	Symbol    string  `json:"symbol"`
	Decimals  *int    `json:"decimals"`
	AmountRaw string  `json:"amount_raw"`
	Amount    *string `json:"amount"` // in whole units, null where the decimals are not known
}

// transferColumns are the columns of transfers; a table leaves out what repeats
// or is read off the position.
func transferColumns(f format, direction bool) []column[transferRow] {
	all := []column[transferRow]{
		{"chain", false, func(r *transferRow) string { return r.Chain }},
		{"block", true, func(r *transferRow) string { return strconv.FormatUint(uint64(r.Block), 10) }},
		{"block_hash", false, func(r *transferRow) string { return r.BlockHash }},
		{"time", false, func(r *transferRow) string { return r.Time }},
		{"tx_hash", false, func(r *transferRow) string { return r.TxHash }},
		{"tx_index", true, func(r *transferRow) string { return r.TxIndex }},
		{"position", false, func(r *transferRow) string { return r.Position }},
		{"direction", false, func(r *transferRow) string { return r.Direction }},
		{"kind", false, func(r *transferRow) string { return r.Kind }},
		{"from", false, func(r *transferRow) string { return r.From }},
		{"to", false, func(r *transferRow) string { return r.To }},
		{"asset", false, func(r *transferRow) string { return r.Asset }},
		{"symbol", false, func(r *transferRow) string { return r.Symbol }},
		{"decimals", true, func(r *transferRow) string { return optional(r.Decimals) }},
		{"amount_raw", true, func(r *transferRow) string { return r.AmountRaw }},
		{"amount", true, (*transferRow).units},
	}
	left := map[string]bool{"direction": !direction}
	if f == asTable {
		for _, name := range []string{"chain", "block", "block_hash", "tx_index", "decimals", "amount_raw"} {
			left[name] = true
		}
	}
	var columns []column[transferRow]
	for _, c := range all {
		if !left[c.name] {
			if c.name == "amount" && f == asTable {
				c.value = (*transferRow).unitsOrRaw
			}
			columns = append(columns, c)
		}
	}
	return columns
}

func (r *transferRow) units() string {
	if r.Amount == nil {
		return ""
	}
	return *r.Amount
}

// unitsOrRaw is the amount for a table, whose reader must see when it is not in
// whole units.
func (r *transferRow) unitsOrRaw() string {
	if r.Amount == nil {
		return r.AmountRaw + " base units"
	}
	return *r.Amount
}

func optional(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func timeText(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }

// A translator turns the numbers of a view into text, and remembers them.
type translator struct {
	chain     graph.Chain
	view      graph.View
	addresses map[graph.ID]string
	assets    map[graph.AssetID]graph.AssetInfo
}

func newTranslator(chain graph.Chain, view graph.View) *translator {
	return &translator{chain, view, map[graph.ID]string{}, map[graph.AssetID]graph.AssetInfo{}}
}

func (t *translator) address(id graph.ID) (string, error) {
	if id == 0 {
		return "", nil
	}
	text, known := t.addresses[id]
	if !known {
		a, err := t.view.Address(id)
		if err != nil {
			return "", err
		}
		text = a.String()
		t.addresses[id] = text
	}
	return text, nil
}

func (t *translator) asset(id graph.AssetID) (graph.AssetInfo, error) {
	info, known := t.assets[id]
	if !known {
		var err error
		if info, err = t.view.Asset(id); err != nil {
			return info, err
		}
		t.assets[id] = info
	}
	return info, nil
}

// row is a move of a transaction.
func (t *translator) row(header graph.Header, tx *graph.TxMoves, m *graph.Move) (transferRow, error) {
	at := tx.At
	at.Seq = m.Seq
	r := transferRow{
		Chain: string(t.chain.ID), Block: at.Block, BlockHash: header.Hash.Text(t.chain.Family), Time: timeText(tx.Time),
		TxHash: tx.Hash.Text(t.chain.Family), TxIndex: txIndexText(at.Tx), Position: at.String(), Kind: m.Kind.String(), AmountRaw: m.Amount.Dec(),
	}
	var err error
	if r.From, err = t.address(m.From); err != nil {
		return r, err
	}
	if r.To, err = t.address(m.To); err != nil {
		return r, err
	}
	info, err := t.asset(m.Asset)
	if err != nil {
		return r, err
	}
	r.Asset, r.Symbol = info.Asset.Text(), info.Symbol
	if info.Decimals >= 0 {
		units := info.Units(m.Amount)
		r.Decimals, r.Amount = &info.Decimals, &units
	}
	return r, nil
}

func txIndexText(index uint32) string {
	if index == graph.BlockTx {
		return "block"
	}
	return strconv.FormatUint(uint64(index), 10)
}
