package web

import (
	"context"
	"errors"
	"iter"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"spoor/cluster/passage"
	"spoor/graph"
	"spoor/report"
)

// BridgesInput asks for passages over bridges.
type BridgesInput struct {
	Asked
	Chain string `query:"chain" maxLength:"64" doc:"Only passages from or to it: an alias or CAIP-2 id"`
	Show  string `query:"show" enum:"passages,anomalies,unmatched" default:"passages" doc:"Passages of which both sides are known, releases that no lock explains, or sides without a partner"`
	After int    `query:"after" minimum:"0" doc:"Rows to pass over; CSV has all rows always"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}

// bridgesBody is what the ledgers state of passages over bridges.
type bridgesBody struct {
	Linked     int                 `json:"linked" doc:"Passages that a key links, of all chains"`
	Matched    int                 `json:"matched" doc:"Linked without a key, by recipient, asset, amount and delay: opinions"`
	Departures int                 `json:"departures_alone"`
	Arrivals   int                 `json:"arrivals_alone"`
	Anomalies  int                 `json:"anomalies" doc:"Releases that no lock explains"`
	Placebo    *placeboRow         `json:"placebo" doc:"How often the rule of the matches links decoys; null if nothing was matched"`
	Passages   []report.PassageRow `json:"passages" doc:"Of what is shown"`
	Size       int                 `json:"size" doc:"Rows of what is shown, in all"`
	After      int                 `json:"after"`
	Next       int                 `json:"next" doc:"Value of after for the next page, 0 at the end"`

	In      *BridgesInput `json:"-"`
	NextURL string        `json:"-"`
	CSVURL  string        `json:"-"`
	JSONURL string        `json:"-"`
}

// placeboRow is how often a rule links what does not belong together.
type placeboRow struct {
	Departures  int    `json:"departures"`
	ByRecipient string `json:"by_recipient_percent" doc:"Linked to arrivals that were given to other recipients"`
	ByTime      string `json:"by_time_percent" doc:"Linked to arrivals that were moved a week back"`
}

func (*bridgesBody) template() string { return "bridges" }

func (b *bridgesBody) rows() ([]string, iter.Seq[[]string]) {
	return fieldCells(report.PassageFields(), b.Passages)
}

// sidesScan is how many sides of passages one request reads, as a multiple of
// the entries it may read of histories.
const sidesScan = 4

func (s *Server) routeBridges(api huma.API) {
	register(s, api, get("bridges", "/bridges", "Passages over bridges: what left, where it came out, and what is wrong"), s.getBridges)
}

func (s *Server) getBridges(ctx context.Context, in *BridgesInput) (*output[*bridgesBody], error) {
	only := graph.ChainID("")
	if in.Chain != "" {
		chain, err := graph.ParseChain(in.Chain)
		if err != nil {
			return nil, asked("%w", err)
		}
		only = chain.ID
	}
	b := &bridgesBody{In: in, Passages: []report.PassageRow{}, After: in.After, CSVURL: in.with("format", "csv"), JSONURL: in.with("format", "json")}
	err := s.place(ctx, func() error {
		sides, seen, err := s.sides(ctx)
		if err != nil {
			return err
		}
		b.survey(passage.Look(sides, seen), only)
		return nil
	})
	if b.Next > 0 {
		b.NextURL = in.with("after", strconv.Itoa(b.Next))
	}
	return &output[*bridgesBody]{Body: b}, err
}

// sides reads what all ledgers state of passages. What joins two sides may be
// anywhere, so more than a request may read is refused, not cut.
func (s *Server) sides(ctx context.Context) (sides []passage.Side, seen map[graph.ChainID]passage.Span, err error) {
	seen = map[graph.ChainID]passage.Span{}
	most := sidesScan * s.c.Limits.Scan
	err = s.reading(ctx, func(r *Reading) error {
		return r.eachLedger(ctx, func(l *ledger) error {
			stated, span, read, err := passage.Read(ctx, l.chain, l.view, max(most-len(sides), 1))
			if errors.Is(err, passage.ErrTooMany) {
				return asked("the ledgers state more than %d departures and arrivals, more than one request may read; spoor bridges lists all", most)
			}
			sides = append(sides, stated...)
			if read {
				seen[l.chain.ID] = span
			}
			return err
		})
	})
	return sides, seen, err
}

// survey fills in the page that is asked for.
func (b *bridgesBody) survey(found *passage.Survey, only graph.ChainID) {
	b.Linked, b.Matched, b.Anomalies = len(found.Links), len(found.Matches), len(found.Anomalies)
	b.Departures, b.Arrivals = len(found.Departures)-len(found.Matches), len(found.Arrivals)-len(found.Matches)
	if b.Matched > 0 {
		p := found.Placebo()
		recipient, time := p.Rates()
		percent := func(rate float64) string { return strconv.FormatFloat(100*rate, 'f', 2, 64) }
		b.Placebo = &placeboRow{p.Departures, percent(recipient), percent(time)}
	}
	add := func(r report.PassageRow) {
		if only != "" && r.SrcChain != string(only) && r.DstChain != string(only) {
			return
		}
		if b.Size++; b.In.kind == asCSV || b.Size > b.After && len(b.Passages) < b.In.Limit {
			b.Passages = append(b.Passages, r)
		}
	}
	switch b.In.Show {
	case "anomalies":
		for i := range found.Anomalies {
			add(report.OddPassage(&found.Anomalies[i]))
		}
	case "unmatched":
		alone := found.Alone()
		for i := range alone {
			add(report.LonePassage(&alone[i]))
		}
	default:
		for _, list := range [][]passage.Link{found.Links, found.Matches} {
			for i := range list {
				add(report.LinkedPassage(&list[i]))
			}
		}
	}
	if last := b.After + len(b.Passages); b.In.kind != asCSV && last < b.Size && len(b.Passages) > 0 {
		b.Next = last
	}
}
