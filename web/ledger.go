package web

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"spoor/graph"
)

// reading gives the store to a function.
func (s *Server) reading(ctx context.Context, f func(*Reading) error) (err error) {
	r, err := s.c.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Release()) }()
	return f(r)
}

// view looks at a snapshot of the ledger of a chain.
func (s *Server) view(ctx context.Context, chainText string, look func(*ledger) error) error {
	chain, err := graph.ParseChain(chainText)
	if err != nil {
		return asked("%w", err)
	}
	return s.reading(ctx, func(r *Reading) error {
		chains, err := r.Store.Chains(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(chains, func(c graph.Chain) bool { return c.ID == chain.ID }) {
			return fmt.Errorf("chain %s: %w", chain.Alias, graph.ErrNotFound)
		}
		return r.view(ctx, chain, look)
	})
}

func (r *Reading) view(ctx context.Context, chain graph.Chain, look func(*ledger) error) error {
	l, err := r.Store.Ledger(ctx, chain)
	if err != nil {
		return err
	}
	view, err := l.View(ctx)
	if err != nil {
		return err
	}
	return errors.Join(look(&ledger{chain: chain, view: view, labels: r.labels, reading: r, names: map[graph.ID]graph.Address{},
		assets: map[graph.AssetID]graph.AssetInfo{}, headers: map[uint32]graph.Header{}}), view.Close())
}

// ledger is a snapshot of a chain, and what was looked up in it for one request.
type ledger struct {
	chain   graph.Chain
	view    graph.View
	labels  func(graph.Address) []graph.Label
	reading *Reading
	names   map[graph.ID]graph.Address
	assets  map[graph.AssetID]graph.AssetInfo
	headers map[uint32]graph.Header
}

func (l *ledger) address(id graph.ID) (graph.Address, error) {
	if id == 0 {
		return graph.Address{}, nil
	}
	if a, known := l.names[id]; known {
		return a, nil
	}
	a, err := l.view.Address(id)
	if err == nil {
		l.names[id] = a
	}
	return a, err
}

func (l *ledger) asset(id graph.AssetID) (graph.AssetInfo, error) {
	if info, known := l.assets[id]; known {
		return info, nil
	}
	info, err := l.view.Asset(id)
	if err == nil {
		l.assets[id] = info
	}
	return info, err
}

// maxHeaders bounds the headers remembered for one request.
const maxHeaders = 1 << 16

func (l *ledger) header(height uint32) (graph.Header, error) {
	if h, known := l.headers[height]; known {
		return h, nil
	}
	h, err := l.view.Header(height)
	if err == nil {
		if len(l.headers) == maxHeaders {
			clear(l.headers)
		}
		l.headers[height] = h
	}
	return h, err
}

// coverage lists what was read that matters for a block, or for an address.
func (l *ledger) coverage(keep func(*graph.Coverage) bool) (rows []coverageRow, more int, err error) {
	all, err := l.view.Coverage()
	if err != nil {
		return nil, 0, err
	}
	rows = []coverageRow{}
	for i := range all {
		if !keep(&all[i]) {
			continue
		}
		if len(rows) == maxRanges {
			more++
			continue
		}
		rows = append(rows, newCoverageRow(&all[i]))
	}
	return rows, more, nil
}

// maxRanges bounds the ranges of coverage of one answer; the others are counted.
const maxRanges = 200

// cursorText is a position as it stands in addresses of pages: block-transaction-place.
func cursorText(p graph.Position) string {
	return fmt.Sprintf("%d-%d-%d", p.Block, p.Tx, uint32(p.Seq))
}

func parseCursor(text string) (p graph.Position, err error) {
	if text == "" {
		return p, nil
	}
	parts := strings.Split(text, "-")
	numbers := make([]uint32, 3)
	for i := range numbers {
		if len(parts) != 3 {
			break
		}
		n, err := strconv.ParseUint(parts[i], 10, 32)
		if err != nil {
			return p, asked("cursor %.40q", text)
		}
		numbers[i] = uint32(n)
	}
	if len(parts) != 3 || numbers[1] > graph.BlockTx {
		return p, asked("cursor %.40q", text)
	}
	return graph.Position{Block: numbers[0], Tx: numbers[1], Seq: graph.Seq(numbers[2])}, nil
}

// signedUnits writes a sum in whole units, exactly; sums may be negative or
// pass 2^256. It is nil where nobody has said how many decimals there are.
func signedUnits(n *big.Int, decimals int) *string {
	if decimals < 0 {
		return nil
	}
	digits := new(big.Int).Abs(n).String()
	if missing := decimals + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	text, fraction := digits[:len(digits)-decimals], strings.TrimRight(digits[len(digits)-decimals:], "0")
	if fraction != "" {
		text += "." + fraction
	}
	if n.Sign() < 0 {
		text = "-" + text
	}
	return &text
}
