package explorer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strings"

	"spoor/graph"
	"spoor/ingest"
)

// Blockscout reads Blockscout's REST API, version 2. The URL is that of the
// site, such as https://eth.blockscout.com, or ends in /api/v2.
func Blockscout(o Options) (*Client, error) {
	c, err := newClient(o)
	if err != nil {
		return nil, err
	}
	if !strings.HasSuffix(c.URL, "/api/v2") {
		c.URL += "/api/v2"
	}
	return &Client{client: c, api: &blockscout{c}}, nil
}

type blockscout struct{ *client }

var blockscoutLists = []struct{ name, path string }{
	{listTxs, "transactions"},
	{listInner, "internal-transactions"},
	{listERC20, "token-transfers"}, // of all standards
	{listWithdrawals, "withdrawals"},
}

// blockscoutPage is one page of a list, newest first. Next is what the next
// request must repeat, null on the last page.
type blockscoutPage struct {
	Items []blockscoutRow `json:"items"`
	Next  json.RawMessage `json:"next_page_params"`
}

func readBlockscoutPage(body []byte) (blockscoutPage, error) {
	var p blockscoutPage
	if err := json.Unmarshal(body, &p); err != nil {
		return p, notJSON(err, body)
	}
	if p.Items == nil {
		return p, retryable{error: fmt.Errorf("the answer has no items: %.120q", body)}
	}
	return p, nil
}

// nextQuery is the query of the page that follows; nil after the last one.
func nextQuery(raw json.RawMessage) (url.Values, error) {
	if len(raw) == 0 || string(bytes.TrimSpace(raw)) == "null" {
		return nil, nil
	}
	var params map[string]cell
	if err := json.Unmarshal(raw, &params); err != nil {
		return nil, fmt.Errorf("next_page_params: %w", err)
	}
	query := url.Values{}
	for name, value := range params {
		query.Set(name, value.text)
	}
	return query, nil
}

func (b *blockscout) head(ctx context.Context) (height uint32, err error) {
	err = b.get(ctx, "/blocks", url.Values{"type": {"block"}}, "", b.MaxAge, func(body []byte) error {
		var p struct {
			Items []struct {
				Height, Number cell
			} `json:"items"`
		}
		if err := json.Unmarshal(body, &p); err != nil {
			return notJSON(err, body)
		}
		if len(p.Items) == 0 {
			return retryable{error: errors.New("the API lists no blocks")}
		}
		c := cells{chain: b.Chain}
		top := p.Items[0].Height
		if !top.set {
			top = p.Items[0].Number
		}
		height = c.height("height", top)
		return c.err
	})
	return height, err
}

func (b *blockscout) list(ctx context.Context, a graph.Address, from, to uint32) (rows, []Gap, error) {
	var all rows
	var gaps []Gap
	for _, list := range blockscoutLists {
		if list.name == listWithdrawals && !beacon(b.Chain) {
			continue
		}
		more, err := b.read(ctx, &all, list.name, "/addresses/"+a.String()+"/"+list.path, from, to)
		gaps = append(gaps, more...)
		if errors.Is(err, errMissing) {
			// An address that nothing ever touched has no page at all.
			if list.name == listTxs {
				known, err := b.exists(ctx)
				if err == nil && known {
					b.Meter.Pass("address that the API has not seen", 1)
					return rows{}, nil, nil
				}
				return all, nil, fmt.Errorf("%s of %s: %w", list.name, a, errors.Join(err, errMissing))
			}
			gaps = append(gaps, b.missing(list.name, from, to)...)
			continue
		}
		if err != nil {
			return all, nil, fmt.Errorf("%s of %s: %w", list.name, a, err)
		}
	}
	return all, gaps, nil
}

// exists reports whether the API is there at all: that it lists blocks.
func (b *blockscout) exists(ctx context.Context) (bool, error) {
	_, err := b.head(ctx)
	return err == nil, err
}

// missing are the gaps of a list that is not there; one list tells all tokens.
func (b *blockscout) missing(list string, from, to uint32) []Gap {
	lists := []string{list}
	if list == listERC20 {
		lists = []string{listERC20, listERC721, listERC1155}
	}
	var gaps []Gap
	for _, l := range lists {
		gaps = append(gaps, Gap{List: l, From: from, To: to, Why: "the API does not have them", All: true})
	}
	return gaps
}

// read follows a list from its newest row back to a height.
func (b *blockscout) read(ctx context.Context, all *rows, list, path string, from, to uint32) (gaps []Gap, err error) {
	query := url.Values{}
	seen := map[string]bool{}
	n := 0
	var found []blockscoutRow
	for oldest := to; query != nil; {
		if seen[query.Encode()] {
			return nil, fmt.Errorf("the API leads in a circle at page %d", len(seen)+1)
		}
		seen[query.Encode()] = true
		var page blockscoutPage
		var next url.Values
		err := b.get(ctx, path, query, fmt.Sprint("block ", to), 0, func(body []byte) (err error) {
			if page, err = readBlockscoutPage(body); err == nil {
				next, err = nextQuery(page.Next)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		query = next
		for i := range page.Items {
			r := &page.Items[i]
			height, err := r.at(b.Chain)
			switch {
			case err != nil:
				return nil, err
			case height > to: // newer than the head that was agreed on
				continue
			case height > oldest:
				return nil, fmt.Errorf("block %d after block %d; the rows should descend", height, oldest)
			}
			if oldest = height; height < from {
				query = nil
				break
			}
			n++
			found = append(found, *r)
		}
		if n >= b.MaxRows && query != nil {
			gaps = append(gaps, Gap{List: list, From: from, To: oldest, Why: fmt.Sprintf("there are more than %d, the bound on rows", b.MaxRows)})
			break
		}
	}
	for i := len(found) - 1; i >= 0; i-- { // oldest first, as they happened
		r := &found[i]
		if err := b.take(all, list, r); err != nil {
			height, _ := r.at(b.Chain) // was read above
			problem := ingest.Problem{Where: fmt.Sprintf("%s, block %d, transaction %s", path, height, r.hash().text), Reason: "row that cannot be read", Err: err}
			if err := b.Meter.Problem(problem); err != nil {
				return nil, err
			}
			gaps = append(gaps, Gap{List: list, From: height, To: height, Why: "a row could not be read"})
		}
	}
	return gaps, nil
}

func (b *blockscout) locate(ctx context.Context, hash graph.Hash) (sent Sent, err error) {
	var row blockscoutRow
	if row, err = b.transaction(ctx, hash); err != nil {
		return Sent{}, err
	}
	c := cells{chain: b.Chain}
	sent = Sent{Hash: hash, From: c.address("from", row.From.cell()), To: c.maybeAddress("to", row.To.cell()), Index: c.index("position", row.Position)}
	if sent.Block, err = row.at(b.Chain); err != nil {
		return sent, err
	}
	return sent, c.err
}

func (b *blockscout) transaction(ctx context.Context, hash graph.Hash) (row blockscoutRow, err error) {
	err = b.get(ctx, "/transactions/"+hash.Text(graph.AccountFamily), nil, "", 0, func(body []byte) error {
		row = blockscoutRow{}
		if err := json.Unmarshal(body, &row); err != nil {
			return retryable{error: fmt.Errorf("the answer is no transaction: %w: %.120q", err, body)}
		}
		c := cells{chain: b.Chain}
		if c.hash("hash", row.hash()) != hash && c.err == nil {
			return fmt.Errorf("asked for %s, got %s", hash, row.hash().text)
		}
		return c.err
	})
	if errors.Is(err, errMissing) {
		err = fmt.Errorf("transaction %s: %w", hash.Text(graph.AccountFamily), graph.ErrNotFound)
	}
	return row, err
}

// movements are all those of a transaction: it has lists of its own.
func (b *blockscout) movements(ctx context.Context, sent Sent, _ graph.Address) (rows, []Gap, error) {
	var all rows
	row, err := b.transaction(ctx, sent.Hash)
	if err == nil {
		err = b.take(&all, listTxs, &row)
	}
	if err != nil {
		return all, nil, err
	}
	var gaps []Gap
	for _, list := range blockscoutLists[1:3] {
		more, err := b.read(ctx, &all, list.name, "/transactions/"+sent.Hash.Text(graph.AccountFamily)+"/"+list.path, 0, math.MaxUint32)
		gaps = append(gaps, more...)
		if errors.Is(err, errMissing) {
			gaps = append(gaps, b.missing(list.name, sent.Block, sent.Block)...)
		} else if err != nil {
			return all, nil, err
		}
	}
	return all, gaps, nil
}

func (b *blockscout) parties(context.Context, graph.Hash) ([]graph.Address, error) { return nil, nil }

func (b *blockscout) wholeTransactions() bool { return true }
