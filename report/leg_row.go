package report

import (
	"strconv"

	"spoor/graph"
	"spoor/trace"
)

// LegRow is one leg of a path. A path has one asset and one width.
type LegRow struct {
	Path     int     `json:"path"`
	Leg      int     `json:"leg"`
	Chain    string  `json:"chain"`
	Asset    string  `json:"asset"`
	Symbol   string  `json:"symbol"`
	Decimals *int    `json:"decimals"`
	WidthRaw string  `json:"width_raw"`
	Width    *string `json:"width"`
	Time     string  `json:"time"`
	TxHash   string  `json:"tx_hash"`
	Position string  `json:"position"`
	From     string  `json:"from"`
	To       string  `json:"to"`
	Amount   string  `json:"amount_raw"`
	Units    *string `json:"amount"`
}

// LegRows lists the legs of the paths that were found.
func LegRows(chain graph.Chain, found *trace.Connection) []LegRow {
	rows := []LegRow{}
	for i, path := range found.Paths {
		info := path.Asset
		for j, leg := range path.Legs {
			r := LegRow{Path: i + 1, Leg: j + 1, Chain: string(chain.ID), Asset: info.Asset.Text(), Symbol: info.Symbol,
				WidthRaw: path.Width.Dec(), Time: Instant(leg.Time), TxHash: leg.Tx.Text(chain.Family), Position: leg.At.String(),
				From: leg.From.String(), To: leg.To.String(), Amount: leg.Amount.Dec()}
			if info.Decimals >= 0 {
				width, units := info.Units(path.Width), info.Units(leg.Amount)
				r.Decimals, r.Width, r.Units = &info.Decimals, &width, &units
			}
			rows = append(rows, r)
		}
	}
	return rows
}

// LegFields are the columns of legs.
func LegFields() []Field[LegRow] {
	text := func(units *string) string {
		if units == nil {
			return ""
		}
		return *units
	}
	return []Field[LegRow]{
		{"path", true, func(r *LegRow) string { return strconv.Itoa(r.Path) }},
		{"leg", true, func(r *LegRow) string { return strconv.Itoa(r.Leg) }},
		{"chain", false, func(r *LegRow) string { return r.Chain }},
		{"asset", false, func(r *LegRow) string { return r.Asset }},
		{"symbol", false, func(r *LegRow) string { return r.Symbol }},
		{"decimals", true, func(r *LegRow) string {
			if r.Decimals == nil {
				return ""
			}
			return strconv.Itoa(*r.Decimals)
		}},
		{"width_raw", true, func(r *LegRow) string { return r.WidthRaw }},
		{"width", true, func(r *LegRow) string { return text(r.Width) }},
		{"time", false, func(r *LegRow) string { return r.Time }},
		{"tx_hash", false, func(r *LegRow) string { return r.TxHash }},
		{"position", false, func(r *LegRow) string { return r.Position }},
		{"from", false, func(r *LegRow) string { return r.From }},
		{"to", false, func(r *LegRow) string { return r.To }},
		{"amount_raw", true, func(r *LegRow) string { return r.Amount }},
		{"amount", true, func(r *LegRow) string { return text(r.Units) }},
	}
}
