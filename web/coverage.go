package web

import (
	"context"
	"errors"
	"iter"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"spoor/graph"
)

// coverageBody is what a store holds.
type coverageBody struct {
	Chains []*chainRow `json:"chains"`

	CSVURL  string `json:"-"`
	JSONURL string `json:"-"`
}

// chainRow is a ledger of the store, and how completely it was read.
type chainRow struct {
	Chain     string        `json:"chain"`
	Alias     string        `json:"alias"`
	Name      string        `json:"name"`
	Tip       uint32        `json:"tip"`
	TipHash   string        `json:"tip_hash"`
	TipTime   string        `json:"tip_time"`
	Blocks    uint64        `json:"blocks"`
	Txs       uint64        `json:"transactions"`
	Transfers uint64        `json:"transfers"`
	Addresses uint64        `json:"addresses"`
	Assets    uint64        `json:"assets"`
	Coverage  []coverageRow `json:"coverage"`
	More      int           `json:"more_ranges"`
}

func (*coverageBody) template() string { return "coverage" }

func (b *coverageBody) rows() ([]string, iter.Seq[[]string]) {
	return []string{"chain", "address", "from_block", "to_block", "transfers", "logs", "traces", "source"}, func(yield func([]string) bool) {
		for _, c := range b.Chains {
			for _, r := range c.Coverage {
				if !yield([]string{r.Chain, r.Address, strconv.FormatUint(uint64(r.From), 10), strconv.FormatUint(uint64(r.To), 10), r.Transfers, r.Logs, r.Traces, r.Source.String()}) {
					return
				}
			}
		}
	}
}

// ListInput asks for a list.
type ListInput struct{ Asked }

func (s *Server) getCoverage(ctx context.Context, in *ListInput) (*output[*coverageBody], error) {
	b := &coverageBody{Chains: []*chainRow{}, CSVURL: in.with("format", "csv"), JSONURL: in.with("format", "json")}
	err := s.reading(ctx, func(r *Reading) error {
		return r.eachLedger(ctx, func(l *ledger) error {
			row, err := l.about()
			if errors.Is(err, graph.ErrNotFound) {
				return nil // an empty ledger
			}
			b.Chains = append(b.Chains, row)
			return err
		})
	})
	return &output[*coverageBody]{Body: b}, err
}

func (l *ledger) about() (*chainRow, error) {
	tip, err := l.view.Tip()
	if err != nil {
		return nil, err
	}
	size, err := l.view.Size()
	if err != nil {
		return nil, err
	}
	r := &chainRow{Chain: string(l.chain.ID), Alias: l.chain.Alias, Name: l.chain.Name, Tip: tip.Height, TipHash: tip.Hash.Text(l.chain.Family), TipTime: instant(tip.Time),
		Blocks: size.Blocks, Txs: size.Txs, Transfers: size.Transfers, Addresses: size.Addresses, Assets: size.Assets}
	r.Coverage, r.More, err = l.coverage(func(*graph.Coverage) bool { return true })
	return r, err
}

// eachLedger looks at a snapshot of every ledger, one after the other.
func (r *Reading) eachLedger(ctx context.Context, look func(*ledger) error) error {
	chains, err := r.Store.Chains(ctx)
	if err != nil {
		return err
	}
	for _, chain := range chains {
		if err := r.view(ctx, chain, look); err != nil {
			return err
		}
	}
	return nil
}

// routeLedger adds what reads the ledgers.
func (s *Server) routeLedger(api huma.API) {
	register(s, api, get("home", "/", "What the store holds, and where to begin"), s.getHome)
	register(s, api, get("search", "/search", "Find addresses, transactions, blocks, labels and cases, several at once"), s.search)
	register(s, api, get("address", "/address/{chain}/{address}", "An address: sums, counterparties, history, labels, events"), s.getAddress)
	register(s, api, get("transaction", "/tx/{chain}/{hash}", "A transaction: movements, net view, events"), s.getTx)
	register(s, api, get("block", "/block/{chain}/{height}", "A block and its transactions"), s.getBlock)
	register(s, api, get("coverage", "/coverage", "What was read, and how completely"), s.getCoverage)
	s.routeRelations(api)
	s.routeEntity(api)
	s.routePath(api)
	s.routeBridges(api)
}
