package explorer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"spoor/graph"
	"spoor/ingest"
)

// Client reads histories from one API, one after the other.
type Client struct {
	*client
	api   api
	top   uint32
	asked bool // top is known
}

// api is what differs between the APIs.
type api interface {
	// head is the highest block the API knows.
	head(ctx context.Context) (uint32, error)
	// list reads every list of an address.
	list(ctx context.Context, a graph.Address, from, to uint32) (rows, []Gap, error)
	// locate finds a transaction.
	locate(ctx context.Context, hash graph.Hash) (Sent, error)
	// parties are who had a part in a transaction, as far as that can be told;
	// nil where movements tells all of it.
	parties(ctx context.Context, hash graph.Hash) ([]graph.Address, error)
	// movements are those of a transaction: of one party, or all of them.
	movements(ctx context.Context, sent Sent, party graph.Address) (rows, []Gap, error)
	wholeTransactions() bool
}

// Sent is where a transaction is, and between whom.
type Sent struct {
	Hash     graph.Hash
	Block    uint32
	Index    uint32
	From, To graph.Address // To is zero if a contract was created
}

// Gap is a part of a history that the API did not tell.
type Gap struct {
	List     string // which list of the API
	From, To uint32 // heights, both included
	Why      string
	All      bool // nothing of the list is known there
}

// String is the gap as a sentence.
func (g Gap) String() string {
	if g.From == g.To {
		return fmt.Sprintf("%s, block %d: %s", g.List, g.From, g.Why)
	}
	return fmt.Sprintf("%s, blocks %d to %d: %s", g.List, g.From, g.To, g.Why)
}

// History is what an API tells of an address: an ingest.Source of blocks known
// in part, and how completely the heights were covered.
type History struct {
	Address  graph.Address
	From, To uint32
	Gaps     []Gap
	Coverage []graph.Coverage    // of the address; for Ledger.Cover once the blocks are stored
	Simple   map[graph.Hash]bool // transactions in which nothing moved but what is told here

	chain  graph.Chain
	blocks []graph.Block
	infos  []graph.AssetInfo
}

var _ ingest.Source = (*History)(nil)

// Chain is the chain of the history.
func (h *History) Chain() graph.Chain { return h.chain }

// Infos are symbols and decimals as the API tells them, in the name of its
// host.
func (h *History) Infos() []graph.AssetInfo { return h.infos }

// Blocks yields the parts of blocks in which the address has a part.
func (h *History) Blocks(ctx context.Context) iter.Seq2[graph.Block, error] {
	return func(yield func(graph.Block, error) bool) {
		for _, b := range h.blocks {
			if err := ctx.Err(); err != nil {
				yield(graph.Block{}, err)
				return
			}
			if !yield(b, nil) {
				return
			}
		}
	}
}

// Store writes a history into a ledger: its blocks, then the claims, then the
// coverage, so that nothing is called covered before it is there.
func (h *History) Store(ctx context.Context, ledger graph.Ledger, o ingest.Options) (ingest.Result, error) {
	o.Bulk = ingest.BulkOff
	result, err := ingest.Run(ctx, ledger, h, o)
	if err != nil || result.Interrupted {
		return result, err
	}
	return result, ledger.Cover(context.WithoutCancel(ctx), h.Coverage...)
}

// Head is the height up to which histories are read: some blocks below the
// highest that the API knows. It stays the same for the life of the client.
func (c *Client) Head(ctx context.Context) (uint32, error) {
	if c.asked {
		return c.top, nil
	}
	top, err := c.api.head(ctx)
	if errors.Is(err, errMissing) { // every API has a head
		err = fmt.Errorf("%w: %w", ErrAlien, err)
	}
	if err != nil {
		return 0, fmt.Errorf("the head of %s: %w", c.Chain.Alias, err)
	}
	c.top, c.asked = top-min(top, uint32(c.Confirmations)), true
	return c.top, nil
}

// Calls is how many calls were made so far.
func (c *Client) Calls() int {
	calls, _ := c.client.asked()
	return calls
}

// Answers are the answers used so far, archived or not, in order of asking.
func (c *Client) Answers() []Answer {
	_, answers := c.client.asked()
	return answers
}

// History reads all that the API tells of an address up to Head.
func (c *Client) History(ctx context.Context, a graph.Address) (*History, error) {
	if a.Chain != c.Chain.ID {
		return nil, fmt.Errorf("history of %s: it is an address of %s, the API's chain is %s", a, a.Chain, c.Chain.ID)
	}
	head, err := c.Head(ctx)
	if err != nil {
		return nil, err
	}
	in, gaps, err := c.api.list(ctx, a, 0, head)
	if err != nil {
		return nil, fmt.Errorf("history of %s: %w", a, err)
	}
	h, err := c.history(in, gaps, a, 0, head, false)
	if err != nil {
		return nil, fmt.Errorf("history of %s: %w", a, err)
	}
	return h, nil
}

// Find is where a transaction is; graph.ErrNotFound if the API has none.
func (c *Client) Find(ctx context.Context, hash graph.Hash) (Sent, error) {
	return c.api.locate(ctx, hash)
}

// Parties are who had a part in a transaction, as far as the API tells, in
// order: whoever is asked for by Movements then shows what moved there. It is
// nil where Movements tells all of the transaction whoever is asked for.
func (c *Client) Parties(ctx context.Context, hash graph.Hash) ([]graph.Address, error) {
	parties, err := c.api.parties(ctx, hash)
	if err != nil {
		return nil, fmt.Errorf("transaction %s: %w", hash, err)
	}
	slices.SortFunc(parties, graph.Address.Compare)
	return slices.Compact(parties), nil
}

// Movements reads what moved in one transaction beside the movements of those
// whose whole history is read: what the history of another party shows at its
// block or, where the API tells that, all of the transaction.
func (c *Client) Movements(ctx context.Context, sent Sent, party graph.Address) (*History, error) {
	in, gaps, err := c.api.movements(ctx, sent, party)
	if err != nil {
		return nil, fmt.Errorf("transaction %s: %w", sent.Hash, err)
	}
	whole := c.api.wholeTransactions()
	h, err := c.history(in, gaps, party, sent.Block, sent.Block, whole)
	if err != nil {
		return nil, fmt.Errorf("transaction %s: %w", sent.Hash, err)
	}
	if whole {
		h.Coverage = nil // of one transaction of the block only
	}
	return h, nil
}

// WholeTransactions reports whether Movements tells all of a transaction
// whoever is asked for.
func (c *Client) WholeTransactions() bool { return c.api.wholeTransactions() }

func (c *Client) history(in rows, gaps []Gap, a graph.Address, from, to uint32, allFees bool) (*History, error) {
	missing := map[string]bool{}
	for _, g := range gaps {
		missing[g.List] = missing[g.List] || g.All
	}
	d, err := c.decode(in, a, allFees, !missing[listInner], knowledge(missing, graph.Partial))
	if err != nil {
		return nil, err
	}
	h := &History{Address: a, From: from, To: to, Gaps: append(gaps, d.gaps...), Simple: d.simple, chain: c.Chain, blocks: d.blocks, infos: d.infos}
	h.Coverage = c.coverage(h)
	return h, nil
}

// knowledge is what is known where no list has a gap but those that are
// missing.
func knowledge(missing map[string]bool, most graph.Extent) graph.Knowledge {
	k := graph.Knowledge{Transfers: most, Logs: most, Traces: most}
	if missing[listInner] {
		k.Traces = graph.None
	}
	switch {
	case missing[listERC20] && missing[listERC721] && missing[listERC1155]:
		k.Logs = graph.None
	case missing[listERC20] || missing[listERC721] || missing[listERC1155]:
		k.Logs = graph.Partial
	}
	if missing[listWithdrawals] {
		k.Transfers = graph.Partial
	}
	return k
}

// coverage cuts the range of a history where its gaps begin and end.
func (c *client) coverage(h *History) []graph.Coverage {
	starts := []uint32{h.From}
	for _, g := range h.Gaps {
		starts = append(starts, g.From)
		if g.To < h.To {
			starts = append(starts, g.To+1)
		}
	}
	slices.Sort(starts)
	starts = slices.Compact(starts)
	var covered []graph.Coverage
	for i, from := range starts {
		to := h.To
		if i+1 < len(starts) {
			to = starts[i+1] - 1
		}
		missing := map[string]bool{}
		var holes []string
		for _, g := range h.Gaps {
			if g.From <= from && to <= g.To {
				if g.All {
					missing[g.List] = true
				} else {
					holes = append(holes, g.List)
				}
			}
		}
		k := knowledge(missing, graph.Full)
		for _, list := range holes {
			switch list {
			case listInner:
				k.Traces = min(k.Traces, graph.Partial)
			case listERC20, listERC721, listERC1155:
				k.Logs = min(k.Logs, graph.Partial)
			default:
				k.Transfers = min(k.Transfers, graph.Partial)
			}
		}
		// Neighbours that are alike become one.
		covered = graph.Cover(covered, graph.Coverage{Chain: c.Chain.ID, Address: h.Address, From: from, To: to, Know: k, Source: c.source()})
	}
	slices.SortFunc(covered, func(a, b graph.Coverage) int { return cmp.Compare(a.From, b.From) })
	return covered
}

// New is a client of an API by its name: etherscan or blockscout.
func New(name string, o Options) (*Client, error) {
	switch name {
	case "etherscan":
		return Etherscan(o)
	case "blockscout":
		return Blockscout(o)
	}
	return nil, fmt.Errorf("%.40q is no API we know; want etherscan or blockscout", name)
}
