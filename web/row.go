package web

import (
	"encoding/hex"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"time"

	"spoor/graph"
	"spoor/report"
)

// Claim is a text that a stranger chose: a symbol, the name of a label, a file.
// JSON has it as it is; pages and CSV have it as report.Visible writes it, with
// nothing in it that cannot be seen.
type Claim string

// String is the claim as it may be shown.
func (c Claim) String() string { return report.Visible(string(c)) }

// labelRow is what a source says about an address.
type labelRow struct {
	Name       Claim  `json:"name"`
	Category   Claim  `json:"category"`
	Source     Claim  `json:"source"`
	Confidence int    `json:"confidence"`
	Statement  string `json:"statement"`
}

func labelRows(labels []graph.Label) []labelRow {
	rows := make([]labelRow, len(labels))
	for i, l := range labels {
		rows[i] = labelRow{Claim(l.Name), Claim(l.Category), Claim(l.Source), l.Confidence, string(graph.Attributed)}
	}
	return rows
}

// party is one end of a transfer: its address, and what it is said to be.
type party struct {
	Chain   string     `json:"chain"`
	Address string     `json:"address"`
	Labels  []labelRow `json:"labels"`
}

func (l *ledger) party(a graph.Address) *party {
	if a.IsZero() {
		return nil
	}
	return &party{string(l.chain.ID), a.String(), labelRows(l.labels(a))}
}

// transferRow is a transfer; the names of its fields are those of the evidence.
type transferRow struct {
	Chain     string  `json:"chain"`
	Block     uint32  `json:"block"`
	BlockHash string  `json:"block_hash"`
	Time      string  `json:"time"`
	TxHash    string  `json:"tx_hash"`
	TxIndex   string  `json:"tx_index"`
	Position  string  `json:"position"`
	Direction string  `json:"direction,omitempty" doc:"Seen from an address: in or out"`
	Kind      string  `json:"kind"`
	From      *party  `json:"from"`
	To        *party  `json:"to"`
	Asset     string  `json:"asset"`
	Symbol    Claim   `json:"symbol"`
	Decimals  *int    `json:"decimals"`
	AmountRaw string  `json:"amount_raw" doc:"Base units"`
	Amount    *string `json:"amount" doc:"Whole units, null where the decimals are not known"`
	Statement string  `json:"statement"`
}

func (l *ledger) transfer(tx *graph.TxMoves, m *graph.Move) (*transferRow, error) {
	header, err := l.header(tx.At.Block)
	if err != nil {
		return nil, err
	}
	at := tx.At
	at.Seq = m.Seq
	r := &transferRow{Chain: string(l.chain.ID), Block: at.Block, BlockHash: header.Hash.Text(l.chain.Family), Time: instant(tx.Time),
		TxHash: tx.Hash.Text(l.chain.Family), TxIndex: txIndexText(at.Tx), Position: at.String(), Kind: m.Kind.String(), AmountRaw: m.Amount.Dec(), Statement: string(graph.Fact)}
	from, err := l.address(m.From)
	if err != nil {
		return nil, err
	}
	to, err := l.address(m.To)
	if err != nil {
		return nil, err
	}
	r.From, r.To = l.party(from), l.party(to)
	info, err := l.asset(m.Asset)
	if err != nil {
		return nil, err
	}
	r.Asset, r.Symbol = info.Asset.Text(), Claim(info.Symbol)
	if info.Decimals >= 0 {
		units := info.Units(m.Amount)
		r.Decimals, r.Amount = &info.Decimals, &units
	}
	return r, nil
}

// entry is the transfer that a line of a history stands for.
func (l *ledger) entry(e *graph.Entry) (*transferRow, error) {
	tx, err := l.view.Tx(e.At)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(tx.Moves, func(m graph.Move) bool { return m.Seq == e.At.Seq })
	if at < 0 {
		return nil, fmt.Errorf("%w: an address names a transfer at %s, its transaction does not", graph.ErrDamaged, e.At)
	}
	r, err := l.transfer(&tx, &tx.Moves[at])
	if err != nil {
		return nil, err
	}
	r.Direction = directionOf(e)
	return r, nil
}

func directionOf(e *graph.Entry) string {
	if e.Out {
		return "out"
	}
	return "in"
}

var transferColumns = []string{"chain", "block", "block_hash", "time", "tx_hash", "tx_index", "position", "direction", "kind", "from", "to", "asset", "symbol", "decimals", "amount_raw", "amount"}

func transferCells(rows []*transferRow) iter.Seq[[]string] {
	text := func(p *party) string {
		if p == nil {
			return ""
		}
		return p.Address
	}
	return func(yield func([]string) bool) {
		for _, r := range rows {
			decimals, amount := "", ""
			if r.Decimals != nil {
				decimals, amount = strconv.Itoa(*r.Decimals), *r.Amount
			}
			if !yield([]string{r.Chain, strconv.FormatUint(uint64(r.Block), 10), r.BlockHash, r.Time, r.TxHash, r.TxIndex, r.Position, r.Direction, r.Kind,
				text(r.From), text(r.To), r.Asset, r.Symbol.String(), decimals, r.AmountRaw, amount}) {
				return
			}
		}
	}
}

// eventRow is what a transaction states besides moving value.
type eventRow struct {
	Position     string `json:"position"`
	Block        uint32 `json:"block"`
	Time         string `json:"time"`
	TxHash       string `json:"tx_hash"`
	Kind         string `json:"kind"`
	Protocol     string `json:"protocol"`
	Emitter      *party `json:"emitter"`
	Subject      *party `json:"subject"`
	Object       *party `json:"object"`
	Asset        string `json:"asset"`
	AmountRaw    string `json:"amount_raw"`
	Key          string `json:"key"`
	FarChain     Claim  `json:"far_chain"`
	FarRecipient string `json:"far_recipient"`
	Statement    string `json:"statement" doc:"That it was stated is a fact"`
}

func (l *ledger) event(e *graph.Stated) *eventRow {
	r := &eventRow{Position: e.At.String(), Block: e.At.Block, Time: instant(e.Time), TxHash: e.Tx.Text(l.chain.Family), Kind: e.Kind.String(), Protocol: e.Protocol,
		Emitter: l.party(e.Emitter), Subject: l.party(e.Subject), Object: l.party(e.Object), Key: bytesText(e.Key),
		FarChain: Claim(e.Far.Chain), FarRecipient: bytesText(e.Far.Recipient), Statement: string(graph.Fact)}
	if e.Asset != (graph.Asset{}) {
		r.Asset = e.Asset.Text()
	}
	if e.Kind == graph.Departure || e.Kind == graph.Arrival || !e.Amount.IsZero() {
		r.AmountRaw = e.Amount.Dec()
	}
	return r
}

// coverageRow is a range of blocks, and how completely it was read.
type coverageRow struct {
	Chain     string `json:"chain"`
	Address   string `json:"address"`
	From      uint32 `json:"from_block"`
	To        uint32 `json:"to_block"`
	Transfers string `json:"transfers"`
	Logs      string `json:"logs"`
	Traces    string `json:"traces"`
	Source    Claim  `json:"source"`
}

func newCoverageRow(c *graph.Coverage) coverageRow {
	return coverageRow{string(c.Chain), c.Address.String(), c.From, c.To, c.Know.Transfers.String(), c.Know.Logs.String(), c.Know.Traces.String(), Claim(c.Source)}
}

func instant(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }

func txIndexText(index uint32) string {
	if index == graph.BlockTx {
		return "block"
	}
	return strconv.FormatUint(uint64(index), 10)
}

// bytesText writes bytes that mean something on another chain, or nowhere.
func bytesText(raw string) string {
	if raw == "" {
		return ""
	}
	return "0x" + hex.EncodeToString([]byte(raw))
}
