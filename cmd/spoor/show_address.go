package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"spoor/cluster"
	"spoor/cluster/amm"
	"spoor/graph"
)

// An addressSighting is an address of one chain: what came and went by asset,
// the blocks that were looked at, its transfers, and what was stated about it.
type addressSighting struct {
	Chain      string        `json:"chain"`
	Address    string        `json:"address"`
	First      string        `json:"first_time"`
	Last       string        `json:"last_time"`
	Proven     string        `json:"proven"`  // what the address is proven to be, such as a pool of a factory, or to do, such as keeping nothing; "" if nothing
	Entries    int           `json:"entries"` // a transfer to itself counts twice
	Labels     []labelRow    `json:"labels"`
	Assets     []assetRow    `json:"assets"`
	Coverage   []coverageRow `json:"coverage"`
	Transfers  []transferRow `json:"transfers"`
	More       int           `json:"not_shown"` // entries beyond the limit
	Events     []eventRow    `json:"events"`
	MoreEvents int           `json:"events_not_shown"` // beyond the limit
	Poison     []poisonRow   `json:"poison"`           // transfers that are no dealings
	MorePoison int           `json:"poison_not_shown"` // beyond the limit

	poisoned map[string]bool // their positions

	Final       uint32 `json:"final_block"`
	Provisional int    `json:"provisional"` // entries above it, which may still be replaced
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

func lookAddress(ctx context.Context, chain graph.Chain, view graph.View, address graph.Address, limit int) (*addressSighting, error) {
	s := &addressSighting{Chain: string(chain.ID), Address: address.String(), Assets: []assetRow{}, Coverage: []coverageRow{}, Transfers: []transferRow{}, Events: []eventRow{}, Poison: []poisonRow{}}
	texts := newTranslator(chain, view)
	tip, err := view.Tip()
	if err != nil {
		return nil, err
	}
	s.Final = finalBlock(chain, tip)
	byAsset := map[graph.AssetID]*sums{}
	var first, last graph.Position
	id, err := view.ID(address)
	switch {
	case errors.Is(err, graph.ErrNotFound): // it may be in events only
	case err != nil:
		return nil, err
	default:
		if first, last, err = s.lookHistory(ctx, texts, id, byAsset, limit); err != nil {
			return nil, err
		}
		if err := s.lookPoison(ctx, texts, id, limit); err != nil {
			return nil, err
		}
	}
	if err := s.lookEvents(ctx, chain, view, address, limit); err != nil {
		return nil, err
	}
	if s.Entries == 0 && len(s.Events) == 0 {
		return nil, fmt.Errorf("%s: %w", address, graph.ErrNotFound)
	}
	if s.Entries > 0 {
		if s.First, err = blockTime(view, first); err == nil {
			s.Last, err = blockTime(view, last)
		}
		if err != nil {
			return nil, err
		}
	}
	if s.Entries > 0 && chain.Family == graph.AccountFamily {
		p, proven, err := amm.New(chain.ID).Of(ctx, view, id)
		if err != nil {
			return nil, err
		}
		if proven {
			s.Proven = p.Rule()
		} else if c, passes, err := cluster.PassesOn(ctx, view, id); err != nil {
			return nil, err
		} else if passes {
			s.Proven = c.Rule()
		}
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

// lookHistory reads the entries of the address, and tells the first and the last.
func (s *addressSighting) lookHistory(ctx context.Context, texts *translator, id graph.ID, byAsset map[graph.AssetID]*sums, limit int) (first, last graph.Position, err error) {
	for e, err := range texts.view.History(ctx, id, graph.Position{}) {
		if err != nil {
			return first, last, err
		}
		if s.Entries == 0 {
			first = e.At
		}
		last = e.At
		s.Entries++
		if e.At.Block > s.Final {
			s.Provisional++
		}
		addEntry(byAsset, &e)
		if limit > 0 && s.Entries > limit {
			s.More++
			continue
		}
		row, err := entryRow(texts, &e)
		if err != nil {
			return first, last, err
		}
		s.Transfers = append(s.Transfers, row)
	}
	return first, last, nil
}

// lookEvents reads what was stated about the address.
func (s *addressSighting) lookEvents(ctx context.Context, chain graph.Chain, view graph.View, address graph.Address, limit int) error {
	for e, err := range view.Events(ctx, address, graph.Position{}) {
		if err != nil {
			return err
		}
		if limit > 0 && len(s.Events) == limit {
			s.MoreEvents++
			continue
		}
		s.Events = append(s.Events, newEventRow(chain, &e))
	}
	return nil
}

func blockTime(view graph.View, at graph.Position) (string, error) {
	header, err := view.Header(at.Block)
	return timeText(header.Time), err
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
	if err := s.printAssets(w); err != nil {
		return err
	}
	if s.Provisional > 0 {
		if _, err := fmt.Fprintf(w, "\nprovisional: %d of the transfers are in blocks above %d, which may still be replaced\n", s.Provisional, s.Final); err != nil {
			return err
		}
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
	if s.Entries > 0 {
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
		if err := printRows(w, f, transferColumns(f, true), each(s.dealings())); err != nil {
			return err
		}
	}
	if s.More > 0 {
		if _, err := fmt.Fprintf(w, "and %d more: --limit 0 shows all\n", s.More); err != nil {
			return err
		}
	}
	if err := s.printPoison(w); err != nil {
		return err
	}
	return printEvents(w, s.Events, s.MoreEvents)
}

// printAssets writes what came and went.
func (s *addressSighting) printAssets(w io.Writer) error {
	if s.Entries == 0 {
		if _, err := fmt.Fprintf(w, "address %s on %s\nin no transfer that was read\n", s.Address, s.Chain); err != nil || len(s.Labels) == 0 {
			return err
		}
		_, err := fmt.Fprintln(w)
		return errors.Join(err, s.printLabels(w))
	}
	if _, err := fmt.Fprintf(w, "address %s on %s\nfirst %s, last %s, %d transfers in or out\n\n", s.Address, s.Chain, s.First, s.Last, s.Entries); err != nil {
		return err
	}
	if s.Proven != "" {
		if _, err := fmt.Fprintf(w, "proven to be: %s\n\n", s.Proven); err != nil {
			return err
		}
	}
	if len(s.Labels) > 0 {
		if err := s.printLabels(w); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	return printRows(w, asTable, assetColumns, each(s.Assets))
}

// printLabels writes what others claim.
func (s *addressSighting) printLabels(w io.Writer) error {
	if _, err := fmt.Fprint(w, "what others claim\n"); err != nil {
		return err
	}
	return printRows(w, asTable, labelColumns(asTable), each(s.Labels))
}
