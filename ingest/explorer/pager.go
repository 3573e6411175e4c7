package explorer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"spoor/graph"
)

// A pager reads one list of an address past the window of the API.
//
// A request shows at most a window of rows, oldest first. When it is full, the
// rows of its last block may be cut, so they are dropped and the next request
// begins at that block: equal rows of one transaction, which the API does not
// number, so stay as many as they are. Only a block that fills a window alone
// is paged by number; what the API does not show of it is a gap.
type pager struct {
	*etherscan
	address      graph.Address
	list, action string
	to           uint32
	gaps         []Gap
}

// all are the rows from a height on.
func (p *pager) all(ctx context.Context, from uint32) ([]etherscanRow, error) {
	var found []etherscanRow
	for {
		page, _, err := p.page(ctx, from, p.to, 1)
		if err != nil {
			return nil, err
		}
		if !p.full(len(page)) {
			return append(found, page...), nil
		}
		last := page[len(page)-1].height
		if page[0].height == last {
			if page, err = p.block(ctx, last); err != nil {
				return nil, err
			}
			found = append(found, page...)
			if last >= p.to {
				return found, nil
			}
			from = last + 1
		} else {
			for len(page) > 0 && page[len(page)-1].height == last {
				page = page[:len(page)-1]
			}
			found = append(found, page...)
			from = last
		}
		if len(found) >= p.MaxRows && from <= p.to {
			p.gaps = append(p.gaps, Gap{List: p.list, From: from, To: p.to, Why: fmt.Sprintf("there are more than %d, the bound on rows", p.MaxRows)})
			return found, nil
		}
	}
}

// full reports whether a page may have been cut: at the window asked for, or
// at a smaller one of the server's own, which are round numbers.
func (p *pager) full(n int) bool { return n >= p.Window || n > 0 && n%100 == 0 }

// block reads the further pages of a block whose first page is full.
func (p *pager) block(ctx context.Context, height uint32) ([]etherscanRow, error) {
	first, before, err := p.page(ctx, height, height, 1)
	if err != nil || !p.full(len(first)) {
		return first, err
	}
	rows := first
	for number := 2; ; number++ {
		page, raw, err := p.page(ctx, height, height, number)
		switch {
		case errors.Is(err, errWindow), err == nil && bytes.Equal(raw, before):
			p.gaps = append(p.gaps, Gap{List: p.list, From: height, To: height, Why: fmt.Sprintf("block %d has more than the %d that the API shows", height, len(rows))})
			return rows, nil
		case err != nil:
			return nil, err
		}
		rows, before = append(rows, page...), raw
		if len(page) < len(first) {
			return rows, nil
		}
		if len(rows) >= p.MaxRows {
			p.gaps = append(p.gaps, Gap{List: p.list, From: height, To: height, Why: fmt.Sprintf("there are more than %d, the bound on rows", p.MaxRows)})
			return rows, nil
		}
	}
}

// page is one request, its rows checked to lie where they were asked for and
// to ascend.
func (p *pager) page(ctx context.Context, from, to uint32, number int) (page []etherscanRow, raw json.RawMessage, err error) {
	q := p.query("account", p.action)
	q.Set("address", p.address.String())
	q.Set("startblock", strconv.FormatUint(uint64(from), 10))
	q.Set("endblock", strconv.FormatUint(uint64(to), 10))
	q.Set("page", strconv.Itoa(number))
	q.Set("offset", strconv.Itoa(p.Window))
	q.Set("sort", "asc")
	err = p.ask(ctx, q, false, func(result json.RawMessage) error {
		page, err = readPage(result, from, to)
		raw = bytes.Clone(result)
		return err
	})
	return page, raw, err
}

// readPage reads a list of rows.
func readPage(result json.RawMessage, from, to uint32) ([]etherscanRow, error) {
	if len(result) == 0 {
		return nil, nil
	}
	var page []etherscanRow
	if err := json.Unmarshal(result, &page); err != nil {
		return nil, retryable{error: fmt.Errorf("the result is no list of rows: %w", err)}
	}
	before := from
	for i := range page {
		n, err := strconv.ParseUint(page[i].BlockNumber.text, 10, 64)
		switch {
		case err != nil || n > math.MaxUint32:
			return nil, fmt.Errorf("row %d: block number %.40q cannot be read", i, page[i].BlockNumber.text)
		case uint32(n) < from || uint32(n) > to:
			return nil, fmt.Errorf("row %d: block %d is outside %d to %d, which were asked for", i, n, from, to)
		case uint32(n) < before:
			return nil, fmt.Errorf("row %d: block %d after block %d; the rows should ascend", i, n, before)
		}
		page[i].height, before = uint32(n), uint32(n)
	}
	return page, nil
}
