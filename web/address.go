package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/big"
	"slices"
	"strings"
	"time"

	"spoor/graph"
)

// AddressInput asks for an address and a part of its history. Heights are wider
// than they may be, so that one that is too large is refused and not cut.
type AddressInput struct {
	Asked
	Chain     string `path:"chain" doc:"Alias or CAIP-2 id"`
	Address   string `path:"address"`
	Cursor    string `query:"cursor" doc:"Where to go on, from next of the answer before"`
	Limit     int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"Transfers of one answer"`
	Direction string `query:"direction" enum:"in,out"`
	Asset     string `query:"asset" doc:"native, a contract address or a CAIP-19 id"`
	Kind      string `query:"kind" doc:"Kind of transfer, such as token"`
	MinRaw    string `query:"min_raw" doc:"Smallest amount, in base units"`
	FromBlock uint64 `query:"from_block" maximum:"4294967295"`
	ToBlock   uint64 `query:"to_block" maximum:"4294967295" doc:"0 for no bound"`
	Since     string `query:"since" doc:"Date, or time such as 2024-07-16T12:00:00Z"`
	Until     string `query:"until"`
	Top       int    `query:"top" minimum:"1" maximum:"100" default:"10" doc:"Counterparties"`
}

// addressBody is what is known of an address.
type addressBody struct {
	Chain      string         `json:"chain"`
	ChainName  string         `json:"chain_name"`
	Address    string         `json:"address"`
	Labels     []labelRow     `json:"labels"`
	Entity     *entityRef     `json:"entity" doc:"null if it is alone, or entities are not known"`
	NoEntity   string         `json:"entities_missing" doc:"Why entities are not told"`
	Entries    entryCount     `json:"entries"`
	Sums       *addressSums   `json:"sums" doc:"null where the part of the history that was asked for is larger than one request may read; ask for a range of blocks"`
	Transfers  []*transferRow `json:"transfers"`
	Scanned    int            `json:"scanned" doc:"Entries of the history read for these transfers"`
	Next       string         `json:"next" doc:"Cursor of what follows, empty at the end"`
	Events     []*eventRow    `json:"events" doc:"The first 50"`
	MoreEvents bool           `json:"more_events"`
	Coverage   []coverageRow  `json:"coverage"`
	MoreRanges int            `json:"more_ranges"`

	In      *AddressInput `json:"-"`
	NextURL string        `json:"-"`
	CSVURL  string        `json:"-"`
	JSONURL string        `json:"-"`
	Budget  int           `json:"-"`
}

// entryCount is the size of a history; a transfer to itself counts twice.
type entryCount struct {
	Count   int  `json:"count"`
	AtLeast bool `json:"at_least" doc:"There are more: they were not counted"`
}

// addressSums is what came and went, over the blocks and times that were asked for.
type addressSums struct {
	Balances       []*balanceRow      `json:"balances"`
	Counterparties []*counterpartyRow `json:"counterparties" doc:"Those with most transfers, first"`
	Peers          int                `json:"peers" doc:"Counterparties in all"`
	WithoutPeer    int                `json:"without_peer" doc:"Transfers with nobody at the other end: inputs and outputs, mints, burns"`
	First          string             `json:"first_time"`
	Last           string             `json:"last_time"`
}

// balanceRow sums one asset. Sums are exact and may pass 2^256.
type balanceRow struct {
	Asset    string  `json:"asset"`
	Symbol   Claim   `json:"symbol"`
	Decimals *int    `json:"decimals"`
	In       int     `json:"transfers_in"`
	Out      int     `json:"transfers_out"`
	InRaw    string  `json:"in_raw"`
	OutRaw   string  `json:"out_raw"`
	NetRaw   string  `json:"net_raw" doc:"In less out; below zero if not all was read"`
	Net      *string `json:"net"`

	in, out big.Int
	info    graph.AssetInfo
}

// counterpartyRow is who an address has dealt with.
type counterpartyRow struct {
	Party *party `json:"party"`
	In    int    `json:"transfers_in"`
	Out   int    `json:"transfers_out"`
}

func (*addressBody) template() string { return "address" }

func (b *addressBody) rows() ([]string, iter.Seq[[]string]) {
	return transferColumns, transferCells(b.Transfers)
}

// filter is a part of a history.
type filter struct {
	from, to     graph.Position
	direction    string
	asset        graph.AssetID // 0: any
	kind         graph.Kind    // 0: any
	min          graph.Amount
	since, until int64 // 0: no bound
}

func (in *AddressInput) filter(l *ledger) (f filter, err error) {
	f = filter{direction: in.Direction, from: graph.Position{Block: uint32(in.FromBlock)}, to: graph.MaxPosition}
	if in.ToBlock > 0 {
		f.to.Block = uint32(in.ToBlock)
	}
	cursor, err := parseCursor(in.Cursor)
	if err != nil {
		return f, err
	}
	if cursor.Compare(f.from) > 0 {
		f.from = cursor
	}
	if in.Kind != "" {
		if f.kind, err = graph.ParseKind(in.Kind); err != nil {
			return f, asked("%w", err)
		}
	}
	if in.MinRaw != "" {
		if f.min, err = graph.ParseAmount(in.MinRaw); err != nil {
			return f, asked("min_raw: %w", err)
		}
	}
	if f.since, err = parseTime(in.Since, false); err != nil {
		return f, err
	}
	if f.until, err = parseTime(in.Until, true); err != nil {
		return f, err
	}
	if in.Asset != "" {
		a, err := graph.ParseAsset(l.chain, in.Asset)
		if err != nil {
			return f, asked("%w", err)
		}
		if f.asset, err = l.view.AssetID(a); err != nil {
			return f, err
		}
	}
	return f, nil
}

// parseTime reads a time, or a date: of an end all of its day.
func parseTime(text string, end bool) (int64, error) {
	if text == "" {
		return 0, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.Unix(), nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return 0, asked("%.40q is no time: want a date such as 2024-07-16, or 2024-07-16T12:00:00Z", text)
	}
	if end {
		day = day.AddDate(0, 0, 1).Add(-time.Second)
	}
	return day.Unix(), nil
}

// admits reports whether an entry is in the part, by all that the entry says.
func (f *filter) admits(l *ledger, e *graph.Entry) (bool, error) {
	switch {
	case f.direction != "" && f.direction != directionOf(e), f.asset != 0 && f.asset != e.Asset, f.kind != 0 && f.kind != e.Kind, e.Amount.Lt(&f.min):
		return false, nil
	case f.since == 0 && f.until == 0:
		return true, nil
	}
	h, err := l.header(e.At.Block)
	return err == nil && (f.since == 0 || h.Time >= f.since) && (f.until == 0 || h.Time <= f.until), err
}

// countCap bounds the counting of a history.
const countCap = 1_000_000

// maxEvents bounds the events of one answer.
const maxEvents = 50

func (s *Server) getAddress(ctx context.Context, in *AddressInput) (*output[*addressBody], error) {
	b := &addressBody{In: in, Transfers: []*transferRow{}, Events: []*eventRow{}, Budget: s.c.Limits.Scan}
	err := s.view(ctx, in.Chain, func(l *ledger) error {
		address, err := graph.ParseAddress(l.chain, in.Address)
		if err != nil {
			return asked("%w", err)
		}
		b.Chain, b.ChainName, b.Address, b.Labels = string(l.chain.ID), l.chain.Name, address.String(), labelRows(l.labels(address))
		f, err := in.filter(l)
		if err != nil {
			return err
		}
		id, err := l.view.ID(address)
		switch {
		case errors.Is(err, graph.ErrNotFound): // it may be in events, or labelled
		case err != nil:
			return err
		default:
			if err := b.read(ctx, l, id, f, in); err != nil {
				return err
			}
			owners, missing, err := l.ownersOf(ctx, address)
			if err != nil {
				return err
			}
			b.Entity, b.NoEntity = owners[address], missing
		}
		for e, err := range l.view.Events(ctx, address, graph.Position{}) {
			if err != nil {
				return err
			}
			if b.MoreEvents = len(b.Events) == maxEvents; b.MoreEvents {
				break
			}
			b.Events = append(b.Events, l.event(&e))
		}
		if b.Entries.Count == 0 && len(b.Events) == 0 && len(b.Labels) == 0 {
			return fmt.Errorf("%s on %s: %w", address, l.chain.Alias, graph.ErrNotFound)
		}
		b.Coverage, b.MoreRanges, err = l.coverage(func(c *graph.Coverage) bool { return c.Address.IsZero() || c.Address == address })
		return err
	})
	if b.Next != "" {
		b.NextURL = in.with("cursor", b.Next)
	}
	b.CSVURL, b.JSONURL = in.with("format", "csv"), in.with("format", "json")
	return &output[*addressBody]{Body: b}, err
}

// read fills in the history: counts first, sums if the history is small enough
// to be read whole, and the page that was asked for.
func (b *addressBody) read(ctx context.Context, l *ledger, id graph.ID, f filter, in *AddressInput) (err error) {
	n, err := l.view.Entries(id, countCap)
	if err != nil {
		return err
	}
	b.Entries = entryCount{n, n >= countCap}
	// A cursor moves the page, not the sums.
	whole := f
	whole.from = graph.Position{Block: uint32(in.FromBlock)}
	if in.kind == asHTML || in.kind == asJSON {
		if b.Sums, err = b.sum(ctx, l, id, whole, in.Top); err != nil {
			return err
		}
	}
	before := graph.MaxPosition
	for e, err := range l.view.History(ctx, id, f.from) {
		if err != nil {
			return err
		}
		if e.At.Compare(f.to) > 0 {
			return nil
		}
		// Both entries of a transfer to itself are at one position: a page does
		// not end between them, as a cursor could not tell them apart.
		if (b.Scanned >= b.Budget || len(b.Transfers) >= in.Limit) && e.At != before {
			b.Next = cursorText(e.At)
			return nil
		}
		before = e.At
		b.Scanned++
		if admitted, err := f.admits(l, &e); err != nil {
			return err
		} else if !admitted {
			continue
		}
		row, err := l.entry(&e)
		if err != nil {
			return err
		}
		b.Transfers = append(b.Transfers, row)
	}
	return nil
}

// sum adds up the part of a history that blocks and times bound, nil if it is
// larger than one request may read.
func (b *addressBody) sum(ctx context.Context, l *ledger, id graph.ID, f filter, top int) (*addressSums, error) {
	f.direction, f.asset, f.kind, f.min = "", 0, 0, graph.Amount{}
	if f.from == (graph.Position{}) && f.to == graph.MaxPosition && b.Entries.Count > b.Budget {
		return nil, nil
	}
	sums := &addressSums{}
	byAsset, byPeer := map[graph.AssetID]*balanceRow{}, map[graph.ID]*counterpartyRow{}
	var first, last graph.Position
	scanned := 0
	for e, err := range l.view.History(ctx, id, f.from) {
		if err != nil {
			return nil, err
		}
		if e.At.Compare(f.to) > 0 {
			break
		}
		if scanned++; scanned > b.Budget {
			return nil, nil
		}
		if admitted, err := f.admits(l, &e); err != nil {
			return nil, err
		} else if !admitted {
			continue
		}
		if first == (graph.Position{}) {
			first = e.At
		}
		last = e.At
		row := byAsset[e.Asset]
		if row == nil {
			row = &balanceRow{}
			byAsset[e.Asset] = row
		}
		peer := byPeer[e.Peer]
		if peer == nil && e.Peer != 0 {
			peer = &counterpartyRow{}
			byPeer[e.Peer] = peer
		}
		in, out, sum := &row.In, &row.Out, &row.in
		if e.Out {
			in, sum = out, &row.out
		}
		*in++
		sum.Add(sum, e.Amount.ToBig())
		switch {
		case peer == nil:
			sums.WithoutPeer++
		case e.Out:
			peer.Out++
		default:
			peer.In++
		}
	}
	if last != (graph.Position{}) {
		from, err := l.header(first.Block)
		if err != nil {
			return nil, err
		}
		to, err := l.header(last.Block)
		if err != nil {
			return nil, err
		}
		sums.First, sums.Last = instant(from.Time), instant(to.Time)
	}
	var err error
	if sums.Balances, err = balances(l, byAsset); err != nil {
		return nil, err
	}
	sums.Peers = len(byPeer)
	sums.Counterparties, err = largestPeers(l, byPeer, top)
	return sums, err
}

// balances lists the sums, the native coin first and the others by contract.
func balances(l *ledger, byAsset map[graph.AssetID]*balanceRow) ([]*balanceRow, error) {
	rows := make([]*balanceRow, 0, len(byAsset))
	for id, r := range byAsset {
		info, err := l.asset(id)
		if err != nil {
			return nil, err
		}
		net := new(big.Int).Sub(&r.in, &r.out)
		r.info, r.Asset, r.Symbol = info, info.Asset.Text(), Claim(info.Symbol)
		r.InRaw, r.OutRaw, r.NetRaw, r.Net = r.in.String(), r.out.String(), net.String(), signedUnits(net, info.Decimals)
		if info.Decimals >= 0 {
			r.Decimals = &info.Decimals
		}
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b *balanceRow) int {
		return cmp.Or(cmp.Compare(a.info.Asset.Standard, b.info.Asset.Standard), strings.Compare(a.Asset, b.Asset))
	})
	return rows, nil
}

func largestPeers(l *ledger, byPeer map[graph.ID]*counterpartyRow, top int) ([]*counterpartyRow, error) {
	ids := make([]graph.ID, 0, len(byPeer))
	for id := range byPeer {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b graph.ID) int {
		x, y := byPeer[a], byPeer[b]
		return cmp.Or(cmp.Compare(y.In+y.Out, x.In+x.Out), cmp.Compare(a, b))
	})
	rows := []*counterpartyRow{}
	for _, id := range ids[:min(top, len(ids))] {
		a, err := l.address(id)
		if err != nil {
			return nil, err
		}
		byPeer[id].Party = l.party(a)
		rows = append(rows, byPeer[id])
	}
	return rows, nil
}
