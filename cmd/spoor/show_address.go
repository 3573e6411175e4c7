package main

import (
	"context"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"spoor/graph"
)

// An addressSighting is an address of one chain: what came and went by asset,
// the blocks that were looked at, and its transfers.
type addressSighting struct {
	Chain     string        `json:"chain"`
	Address   string        `json:"address"`
	First     string        `json:"first_time"`
	Last      string        `json:"last_time"`
	Entries   int           `json:"entries"` // a transfer to itself counts twice
	Assets    []assetRow    `json:"assets"`
	Coverage  []coverageRow `json:"coverage"`
	Transfers []transferRow `json:"transfers"`
	More      int           `json:"not_shown"` // entries beyond the limit
}

// An assetRow sums what is known of one asset at an address. Sums are exact,
// and may pass 2^256: contracts may claim to move what they like.
type assetRow struct {
	Asset    string  `json:"asset"`
	Symbol   string  `json:"symbol"`
	Decimals *int    `json:"decimals"`
	In       int     `json:"transfers_in"`
	Out      int     `json:"transfers_out"`
	InRaw    string  `json:"in_raw"`
	OutRaw   string  `json:"out_raw"`
	NetRaw   string  `json:"net_raw"` // in less out; below zero if not all was read
	Net      *string `json:"net"`
}

var assetColumns = []column[assetRow]{
	{"asset", false, func(r *assetRow) string { return r.Asset }},
	{"symbol", false, func(r *assetRow) string { return r.Symbol }},
	{"in", true, func(r *assetRow) string { return strconv.Itoa(r.In) }},
	{"out", true, func(r *assetRow) string { return strconv.Itoa(r.Out) }},
	{"in_raw", true, func(r *assetRow) string { return r.InRaw }},
	{"out_raw", true, func(r *assetRow) string { return r.OutRaw }},
	{"net", true, func(r *assetRow) string {
		if r.Net == nil {
			return r.NetRaw + " base units"
		}
		return *r.Net
	}},
}

// sums add up one asset.
type sums struct {
	in, out       int
	inRaw, outRaw big.Int
}

func lookAddress(ctx context.Context, chain graph.Chain, view graph.View, address graph.Address, limit int) (sighting, error) {
	id, err := view.ID(address)
	if err != nil {
		return nil, err
	}
	s := &addressSighting{Chain: string(chain.ID), Address: address.String(), Assets: []assetRow{}, Coverage: []coverageRow{}, Transfers: []transferRow{}}
	texts := newTranslator(chain, view)
	byAsset := map[graph.AssetID]*sums{}
	var first, last graph.Position
	for e, err := range view.History(ctx, id, graph.Position{}) {
		if err != nil {
			return nil, err
		}
		if s.Entries == 0 {
			first = e.At
		}
		last = e.At
		s.Entries++
		addEntry(byAsset, &e)
		if limit > 0 && s.Entries > limit {
			s.More++
			continue
		}
		row, err := entryRow(texts, &e)
		if err != nil {
			return nil, err
		}
		s.Transfers = append(s.Transfers, row)
	}
	if s.Entries == 0 {
		return nil, fmt.Errorf("%s: %w", address, graph.ErrNotFound)
	}
	for _, end := range []struct {
		at   graph.Position
		text *string
	}{{first, &s.First}, {last, &s.Last}} {
		header, err := view.Header(end.at.Block)
		if err != nil {
			return nil, err
		}
		*end.text = timeText(header.Time)
	}
	if s.Assets, err = assetRows(texts, byAsset); err != nil {
		return nil, err
	}
	ranges, err := view.Coverage()
	for i := range ranges {
		if a := ranges[i].Address; a.IsZero() || a == address {
			s.Coverage = append(s.Coverage, newCoverageRow(&ranges[i]))
		}
	}
	return s, err
}

func addEntry(byAsset map[graph.AssetID]*sums, e *graph.Entry) {
	sum := byAsset[e.Asset]
	if sum == nil {
		sum = &sums{}
		byAsset[e.Asset] = sum
	}
	amount := e.Amount.ToBig()
	if e.Out {
		sum.out++
		sum.outRaw.Add(&sum.outRaw, amount)
	} else {
		sum.in++
		sum.inRaw.Add(&sum.inRaw, amount)
	}
}

func entryRow(texts *translator, e *graph.Entry) (transferRow, error) {
	tx, err := texts.view.Tx(e.At)
	if err != nil {
		return transferRow{}, err
	}
	at := slices.IndexFunc(tx.Moves, func(m graph.Move) bool { return m.Seq == e.At.Seq })
	if at < 0 {
		return transferRow{}, fmt.Errorf("%w: an address names a transfer at %s, its transaction does not", graph.ErrDamaged, e.At)
	}
	header, err := texts.view.Header(e.At.Block)
	if err != nil {
		return transferRow{}, err
	}
	row, err := texts.row(header, &tx, &tx.Moves[at])
	row.Direction = "in"
	if e.Out {
		row.Direction = "out"
	}
	return row, err
}

// assetRows lists the sums, the native coin first and the others by contract.
func assetRows(texts *translator, byAsset map[graph.AssetID]*sums) ([]assetRow, error) {
	rows := []assetRow{}
	for id, sum := range byAsset {
		info, err := texts.asset(id)
		if err != nil {
			return nil, err
		}
		var net big.Int
		net.Sub(&sum.inRaw, &sum.outRaw)
		r := assetRow{Asset: info.Asset.Text(), Symbol: info.Symbol, In: sum.in, Out: sum.out,
			InRaw: sum.inRaw.String(), OutRaw: sum.outRaw.String(), NetRaw: net.String()}
		if info.Decimals >= 0 {
			text := bigUnits(&net, info.Decimals)
			r.Decimals, r.Net = &info.Decimals, &text
		}
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b assetRow) int {
		if native := (graph.Asset{Standard: graph.NativeCoin}).Text(); (a.Asset == native) != (b.Asset == native) {
			if a.Asset == native {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Asset, b.Asset)
	})
	return rows, nil
}

// bigUnits is graph.FormatUnits for sums, which may be negative or very large.
func bigUnits(n *big.Int, decimals int) string {
	digits := new(big.Int).Abs(n).String()
	if missing := decimals + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	whole, fraction := digits[:len(digits)-decimals], strings.TrimRight(digits[len(digits)-decimals:], "0")
	if fraction != "" {
		whole += "." + fraction
	}
	if n.Sign() < 0 {
		return "-" + whole
	}
	return whole
}

// shownRanges is how many ranges of coverage a table lists.
const shownRanges = 10

func (s *addressSighting) print(w io.Writer, f format) error {
	switch f {
	case asJSON:
		return writeJSON(w, []*addressSighting{s})
	case asTable:
	default:
		return printRows(w, f, transferColumns(f, true), each(s.Transfers))
	}
	if _, err := fmt.Fprintf(w, "address %s on %s\nfirst %s, last %s, %d transfers in or out\n\n", s.Address, s.Chain, s.First, s.Last, s.Entries); err != nil {
		return err
	}
	if err := printRows(w, f, assetColumns, each(s.Assets)); err != nil {
		return err
	}
	if _, err := fmt.Fprint(w, "\nblocks that were read\n"); err != nil {
		return err
	}
	ranges := s.Coverage[:min(len(s.Coverage), shownRanges)]
	if err := printRows(w, f, coverageColumns, each(ranges)); err != nil {
		return err
	}
	if more := len(s.Coverage) - len(ranges); more > 0 {
		if _, err := fmt.Fprintf(w, "and %d more ranges: -o json shows all\n", more); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	if err := printRows(w, f, transferColumns(f, true), each(s.Transfers)); err != nil {
		return err
	}
	if s.More > 0 {
		_, err := fmt.Fprintf(w, "and %d more: --limit 0 shows all\n", s.More)
		return err
	}
	return nil
}
