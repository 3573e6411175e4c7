package web

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"

	"spoor/graph"
	"spoor/report"
	"spoor/web/flow"
)

// HistogramInput asks for tainted value by time.
type HistogramInput struct {
	TraceInput
	Asset string `query:"asset" maxLength:"300" doc:"CAIP-19; default: the asset that moved most often"`
	Bins  int    `query:"bins" minimum:"1" maximum:"200" default:"50"`
}

// histogramBody is tainted value that moved, by time.
type histogramBody struct {
	flow.Histogram
}

func (b *histogramBody) rows() ([]string, iter.Seq[[]string]) {
	return []string{"since", "until", "tainted_raw", "tainted", "steps"}, func(yield func([]string) bool) {
		for _, bin := range b.Bins {
			if !yield([]string{bin.Since, bin.Until, bin.Raw, bin.Text, strconv.Itoa(bin.Steps)}) {
				return
			}
		}
	}
}

func (s *Server) getHistogram(_ context.Context, in *HistogramInput) (*output[*histogramBody], error) {
	job, err := s.done(in.ID)
	if err != nil {
		return nil, err
	}
	h, known := job.model.Histogram(in.Asset, in.Bins)
	if !known {
		return nil, asked("the trace has nothing in %.100q", in.Asset)
	}
	return &output[*histogramBody]{Body: &histogramBody{h}}, nil
}

// ArrowInput asks for the rows behind an arrow, as the picture has named it.
type ArrowInput struct {
	TraceInput
	From  string `query:"from" required:"true" maxLength:"200" doc:"Key of a box"`
	To    string `query:"to" required:"true" maxLength:"200"`
	Kind  string `query:"kind" enum:"transfer,joint,swap,bridge" doc:"Of the arrow; default: any"`
	Row   int    `query:"row" doc:"Of a single movement, as the picture has it"`
	View  string `query:"view" maxLength:"6144" doc:"What pills are made of, as the picture has it"`
	After int    `query:"after" minimum:"0" doc:"Rows to pass over; CSV has all rows always"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}

// arrowBody is a page of the rows behind an arrow; its columns are those of
// trace.csv.
type arrowBody struct {
	evidenceBody
	From   Claim  `json:"from"`
	To     Claim  `json:"to"`
	CSVURL string `json:"-"`
}

func (*arrowBody) template() string { return "arrow" }

func (b *arrowBody) rows() ([]string, iter.Seq[[]string]) {
	names := make([]string, len(b.Columns))
	for i := range b.Columns {
		names[i] = b.Columns[i].Name
	}
	return names, slices.Values(b.Rows)
}

func (s *Server) getArrow(_ context.Context, in *ArrowInput) (*output[*arrowBody], error) {
	f, t, job, err := s.open(in.ID, "trace")
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	rows, err := job.model.Rows(in.From, in.To, in.Kind, in.Row, in.View)
	if errors.Is(err, flow.ErrView) {
		return nil, asked("%w", err)
	}
	if err != nil {
		return nil, errors.Join(err, graph.ErrNotFound)
	}
	b := &arrowBody{evidenceBody: newEvidenceBody(in.ID, "trace", t, in.After, len(rows)), From: Claim(in.From), To: Claim(in.To), CSVURL: in.with("format", "csv")}
	page := rows
	if in.kind != asCSV {
		page = rows[min(in.After, len(rows)):]
		page = page[:min(in.Limit, len(page))]
	}
	if b.Rows, err = report.PickRows(f, page); err != nil {
		return nil, err
	}
	b.turn(&in.Asked)
	return &output[*arrowBody]{Body: b}, nil
}
