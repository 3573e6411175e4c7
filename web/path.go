package web

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"spoor/graph"
	"spoor/report"
	"spoor/trace"
)

// PathInput asks how value could have gone from one address to another.
type PathInput struct {
	Asked
	From             string   `query:"from" maxLength:"256" doc:"Address with its chain, such as ethereum:0x…"`
	To               string   `query:"to" maxLength:"256"`
	Most             int      `query:"k" minimum:"1" maximum:"20" default:"1" doc:"Paths of each asset"`
	Assets           []string `query:"asset" maxItems:"20" doc:"native or a token contract, separated by commas; what one sent and the other received if left out"`
	After            string   `query:"after" doc:"No leg before this date or time"`
	Until            string   `query:"until" doc:"No leg after it"`
	MaxEntries       int      `query:"max_entries" minimum:"1" maximum:"5000000" default:"1000000" doc:"Movements looked at"`
	ServiceTransfers int      `query:"service_transfers" minimum:"-1" default:"0" doc:"Transfers from which an address is taken for a service; 0 as in a trace, -1 never"`
}

// pathBody is the paths that were found.
type pathBody struct {
	From     *party          `json:"from" doc:"null if nothing was asked yet"`
	To       *party          `json:"to"`
	Paths    int             `json:"paths"`
	Legs     []report.LegRow `json:"legs" doc:"Of the paths, each later than the one before and beginning where that ended; the width is the smallest of what the legs of a path can carry besides the paths before"`
	Services []*party        `json:"services" doc:"Not passed through: their customers' funds are one balance"`
	Poison   int             `json:"poison" doc:"Movements of address poisoning, taken for no legs"`
	Entries  int             `json:"entries" doc:"Movements looked at"`
	Cut      bool            `json:"cut" doc:"max_entries was met: there may be more paths, or wider ones"`

	In      *PathInput `json:"-"`
	CSVURL  string     `json:"-"`
	JSONURL string     `json:"-"`
}

func (*pathBody) template() string { return "path" }

func (b *pathBody) rows() ([]string, iter.Seq[[]string]) {
	return fieldCells(report.LegFields(), b.Legs)
}

// fieldCells are rows that the report defines, for CSV.
func fieldCells[T any](fields []report.Field[T], rows []T) ([]string, iter.Seq[[]string]) {
	columns := make([]string, len(fields))
	for i, f := range fields {
		columns[i] = f.Name
	}
	return columns, func(yield func([]string) bool) {
		cells := make([]string, len(fields))
		for i := range rows {
			for j, f := range fields {
				cells[j] = report.VisibleWhole(f.Text(&rows[i]))
			}
			if !yield(cells) {
				return
			}
		}
	}
}

// parseAddress reads an address with its chain.
func parseAddress(name, text string) (graph.Address, error) {
	for i := range text {
		if text[i] != ':' {
			continue
		}
		if chain, err := graph.ParseChain(text[:i]); err == nil {
			a, err := graph.ParseAddress(chain, text[i+1:])
			if err != nil {
				return a, asked("%s: %w", name, err)
			}
			return a, nil
		}
	}
	return graph.Address{}, asked("%s %.120q: want an address with its chain, such as ethereum:0x… or bitcoin:bc1…", name, text)
}

// place gives one of the few places for what looks at much at once.
func (s *Server) place(ctx context.Context, do func() error) error {
	select {
	case s.searches <- struct{}{}:
		defer func() { <-s.searches }()
		return do()
	case <-ctx.Done():
		return ctx.Err()
	default:
		return retry("others search already, and this looks at much; try again", "2")
	}
}

func (s *Server) routePath(api huma.API) {
	register(s, api, get("path", "/path", "How value could have gone from one address to another, the widest path first"), s.getPath)
}

func (s *Server) getPath(ctx context.Context, in *PathInput) (*output[*pathBody], error) {
	b := &pathBody{In: in, Legs: []report.LegRow{}, Services: []*party{}, CSVURL: in.with("format", "csv"), JSONURL: in.with("format", "json")}
	if in.From == "" && in.To == "" && in.kind == asHTML {
		return &output[*pathBody]{Body: b}, nil
	}
	q, err := in.query()
	if err != nil {
		return nil, err
	}
	err = s.view(ctx, string(q.From.Chain), func(l *ledger) error {
		return s.place(ctx, func() error {
			q.Labels = l.labels
			found, err := trace.Paths(ctx, l.view, q)
			if errors.Is(err, trace.ErrPath) {
				return asked("%w", err)
			}
			if err != nil {
				return err
			}
			b.From, b.To, b.Paths, b.Legs = l.party(q.From), l.party(q.To), len(found.Paths), report.LegRows(l.chain, &found)
			b.Poison, b.Entries, b.Cut = found.Poison, found.Entries, found.Cut
			for _, a := range found.Services {
				b.Services = append(b.Services, l.party(a))
			}
			return nil
		})
	})
	return &output[*pathBody]{Body: b}, err
}

// query is what is asked for.
func (in *PathInput) query() (q trace.PathQuery, err error) {
	q = trace.PathQuery{Most: in.Most, MaxEntries: in.MaxEntries, ServiceTransfers: in.ServiceTransfers}
	if q.From, err = parseAddress("from", strings.TrimSpace(in.From)); err != nil {
		return q, err
	}
	if q.To, err = parseAddress("to", strings.TrimSpace(in.To)); err != nil {
		return q, err
	}
	if q.From.Chain != q.To.Chain {
		return q, asked("%s and %s are on two chains: a path stays on one; a trace goes over bridges", in.From, in.To)
	}
	for _, text := range in.Assets {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		asset, err := graph.ParseAsset(graph.ChainOf(q.From.Chain), text)
		if err != nil {
			return q, asked("asset: %w", err)
		}
		q.Assets = append(q.Assets, asset)
	}
	if q.After, err = parseTime(in.After, false); err != nil {
		return q, fmt.Errorf("after: %w", err)
	}
	if q.Until, err = parseTime(in.Until, true); err != nil {
		return q, fmt.Errorf("until: %w", err)
	}
	return q, nil
}
