package main

import (
	"encoding/hex"
	"fmt"
	"io"
	"strconv"

	"spoor/graph"
)

// An eventRow is what a transaction states besides moving value, as printed.
type eventRow struct {
	Chain        string `json:"chain"`
	Block        uint32 `json:"block"`
	Time         string `json:"time"`
	TxHash       string `json:"tx_hash"`
	TxIndex      string `json:"tx_index"`
	Seq          string `json:"seq"`
	Position     string `json:"position"`
	Statement    string `json:"statement"` // that it was stated is a fact
	Kind         string `json:"kind"`
	Protocol     string `json:"protocol"`
	Emitter      string `json:"emitter"`
	Subject      string `json:"subject"`
	Object       string `json:"object"`
	Asset        string `json:"asset"`
	Amount       string `json:"amount"` // base units; "" where the kind has none
	Key          string `json:"key"`
	FarChain     string `json:"far_chain"`
	FarRecipient string `json:"far_recipient"`
	FarAsset     string `json:"far_asset"`
	FarAmount    string `json:"far_amount"` // "" if not told
}

func newEventRow(chain graph.Chain, s *graph.Stated) eventRow {
	r := eventRow{
		Chain: string(chain.ID), Block: s.At.Block, Time: timeText(s.Time), TxHash: s.Tx.Text(chain.Family), TxIndex: txIndexText(s.At.Tx),
		Seq: s.Seq.String(), Position: s.At.String(), Statement: string(graph.Fact), Kind: s.Kind.String(), Protocol: s.Protocol,
		Emitter: s.Emitter.String(), Subject: s.Subject.String(), Object: s.Object.String(), Key: hexText(s.Key),
		FarChain: s.Far.Chain, FarRecipient: hexText(s.Far.Recipient), FarAsset: hexText(s.Far.Asset),
	}
	if s.Asset != (graph.Asset{}) {
		r.Asset = s.Asset.Text()
	}
	if s.Kind == graph.Departure || s.Kind == graph.Arrival || !s.Amount.IsZero() {
		r.Amount = s.Amount.Dec()
	}
	if !s.Far.Amount.IsZero() {
		r.FarAmount = s.Far.Amount.Dec()
	}
	return r
}

// hexText writes bytes that mean something on another chain, or nowhere.
func hexText(raw string) string {
	if raw == "" {
		return ""
	}
	return "0x" + hex.EncodeToString([]byte(raw))
}

var eventColumns = []column[eventRow]{
	{"chain", false, func(r *eventRow) string { return r.Chain }},
	{"block", true, func(r *eventRow) string { return strconv.FormatUint(uint64(r.Block), 10) }},
	{"time", false, func(r *eventRow) string { return r.Time }},
	{"tx_hash", false, func(r *eventRow) string { return r.TxHash }},
	{"tx_index", true, func(r *eventRow) string { return r.TxIndex }},
	{"seq", false, func(r *eventRow) string { return r.Seq }},
	{"kind", false, func(r *eventRow) string { return r.Kind }},
	{"protocol", false, func(r *eventRow) string { return r.Protocol }},
	{"emitter", false, func(r *eventRow) string { return r.Emitter }},
	{"subject", false, func(r *eventRow) string { return r.Subject }},
	{"object", false, func(r *eventRow) string { return r.Object }},
	{"asset", false, func(r *eventRow) string { return r.Asset }},
	{"amount", true, func(r *eventRow) string { return r.Amount }},
	{"key", false, func(r *eventRow) string { return r.Key }},
	{"far_chain", false, func(r *eventRow) string { return r.FarChain }},
	{"far_recipient", false, func(r *eventRow) string { return r.FarRecipient }},
	{"far_asset", false, func(r *eventRow) string { return r.FarAsset }},
	{"far_amount", true, func(r *eventRow) string { return r.FarAmount }},
}

// printEvents writes a table of events, and how many more there are, under what
// else is shown.
func printEvents(w io.Writer, events []eventRow, more int) error {
	if len(events) == 0 {
		return nil
	}
	if _, err := fmt.Fprint(w, "\nstated\n"); err != nil {
		return err
	}
	if err := printRows(w, asTable, seenEventColumns(), each(events)); err != nil {
		return err
	}
	if more > 0 {
		_, err := fmt.Fprintf(w, "and %d more: --limit 0 shows all\n", more)
		return err
	}
	return nil
}

// seenEventColumns are the columns of a table of events beside transfers.
func seenEventColumns() []column[eventRow] {
	columns := []column[eventRow]{
		{"position", false, func(r *eventRow) string { return r.Position }},
		{"statement", false, func(r *eventRow) string { return r.Statement }},
	}
	for _, c := range eventColumns {
		switch c.name {
		case "time", "kind", "protocol", "subject", "object", "asset", "amount", "far_chain", "far_recipient":
			columns = append(columns, c)
		}
	}
	return columns
}
