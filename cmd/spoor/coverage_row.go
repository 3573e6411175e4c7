package main

import (
	"fmt"
	"slices"
	"strconv"

	"spoor/graph"
)

// A coverageRow is a range of blocks and how completely it was read; the names
// are those of coverage.csv.
type coverageRow struct {
	Chain     string `json:"chain"`
	Address   string `json:"address"`
	From      uint32 `json:"from_block"`
	To        uint32 `json:"to_block"`
	Transfers string `json:"transfers"`
	Logs      string `json:"logs"`
	Traces    string `json:"traces"`
	Source    string `json:"source"`
}

var coverageColumns = []column[coverageRow]{
	{"chain", false, func(r *coverageRow) string { return r.Chain }},
	{"address", false, func(r *coverageRow) string { return r.Address }},
	{"from_block", true, func(r *coverageRow) string { return strconv.FormatUint(uint64(r.From), 10) }},
	{"to_block", true, func(r *coverageRow) string { return strconv.FormatUint(uint64(r.To), 10) }},
	{"transfers", false, func(r *coverageRow) string { return r.Transfers }},
	{"logs", false, func(r *coverageRow) string { return r.Logs }},
	{"traces", false, func(r *coverageRow) string { return r.Traces }},
	{"source", false, func(r *coverageRow) string { return r.Source }},
}

func newCoverageRow(c *graph.Coverage) coverageRow {
	return coverageRow{Chain: string(c.Chain), Address: c.Address.String(), From: c.From, To: c.To,
		Transfers: c.Know.Transfers.String(), Logs: c.Know.Logs.String(), Traces: c.Know.Traces.String(), Source: c.Source}
}

// text is the coverage of one block as a sentence.
func (r *coverageRow) text() string {
	if r == nil {
		return "not covered"
	}
	return fmt.Sprintf("transfers %s, logs %s, traces %s (%s)", r.Transfers, r.Logs, r.Traces, r.Source)
}

// coverageAt is what covers a block, nil if nothing does.
func coverageAt(view graph.View, height uint32) (*coverageRow, error) {
	ranges, err := view.Coverage()
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(ranges, func(c graph.Coverage) bool { return c.Address.IsZero() && c.From <= height && height <= c.To })
	if at < 0 {
		return nil, nil
	}
	row := newCoverageRow(&ranges[at])
	return &row, nil
}
