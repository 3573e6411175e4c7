package web

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/sse"

	"spoor/report"
	"spoor/trace"
	"spoor/web/flow"
)

// traceRow is a trace that runs or has run.
type traceRow struct {
	ID     string `json:"id"`
	Case   Claim  `json:"case"`
	Method string `json:"method"`
	State  string `json:"state" enum:"running,finished,failed,cancelled"`
	Error  Claim  `json:"error"`
	Read   int64  `json:"transactions_read" doc:"So far"`
	Height uint32 `json:"block" doc:"Looked at last"`
	Millis int64  `json:"milliseconds"`
	URL    string `json:"url"`
}

func (b *job) row() traceRow {
	r := traceRow{ID: b.id, Case: Claim(b.asked.Name), Method: b.asked.Method, State: string(b.outcome()), Read: b.read.Load(), Height: b.height.Load(), URL: "/traces/" + b.id}
	if b.outcome() == running {
		r.Millis = time.Since(b.began).Milliseconds()
		return r
	}
	r.Millis = b.took.Milliseconds()
	if b.err != nil {
		r.Error = Claim(b.err.Error())
	}
	return r
}

// traceListBody is the list of traces.
type traceListBody struct {
	Traces []traceRow `json:"traces"`
}

func (*traceListBody) template() string { return "traces" }

func (b *traceListBody) rows() ([]string, iter.Seq[[]string]) {
	return []string{"id", "case", "method", "state", "error", "url"}, func(yield func([]string) bool) {
		for _, t := range b.Traces {
			if !yield([]string{t.ID, t.Case.String(), t.Method, t.State, t.Error.String(), t.URL}) {
				return
			}
		}
	}
}

// traceBody is a trace and, when it is finished, what it found.
type traceBody struct {
	traceRow
	Sections []report.Section `json:"sections" doc:"What spoor trace prints"`
	Steps    []report.Advice  `json:"next_steps"`
	Tables   []tableRow       `json:"tables"`
	SoFar    *soFar           `json:"so_far" doc:"What it has found while it runs, else null"`
	YAML     string           `json:"yaml" doc:"The case, every default written out"`

	Methods []trace.Method `json:"-"`
	Picture *flow.Board    `json:"-"`
	Back    bool           `json:"-"` // it looks for sources
}

func (*traceBody) template() string { return "trace" }

// TraceInput asks for a trace.
type TraceInput struct {
	Asked
	ID string `path:"id"`
}

// TraceStartInput starts a trace.
type TraceStartInput struct {
	Asked
	ContentType string `header:"Content-Type"`
	RawBody     []byte `contentType:"application/yaml"`
}

// newTraceBody is the form of a trace, filled in as far as the address says.
type newTraceBody struct {
	Seed    string         `json:"seed"`
	Methods []trace.Method `json:"-"`
}

func (*newTraceBody) template() string { return "newtrace" }

// NewTraceInput asks for the form.
type NewTraceInput struct {
	Asked
	Seed string `query:"seed" maxLength:"2048"`
}

func (s *Server) routeTraces(api huma.API) {
	register(s, api, get("traces", "/traces", "Traces that run or are kept"), func(context.Context, *ListInput) (*output[*traceListBody], error) {
		return &output[*traceListBody]{Body: &traceListBody{s.jobs.list()}}, nil
	})
	register(s, api, get("trace-form", "/traces/new", "The form of a trace"), func(_ context.Context, in *NewTraceInput) (*output[*newTraceBody], error) {
		return &output[*newTraceBody]{Body: &newTraceBody{in.Seed, followers()}}, nil
	})
	start := post("trace-start", "/traces", "Trace a case: its YAML or JSON. The trace runs on; its address is in Location")
	register(s, api, start, s.startTrace)
	register(s, api, get("trace", "/traces/{id}", "A trace, and what it found"), s.getTrace)
	register(s, api, post("trace-cancel", "/traces/{id}/cancel", "End a trace that runs"), func(_ context.Context, in *TraceInput) (*output[*traceBody], error) {
		job, err := s.jobs.find(in.ID)
		if err != nil {
			return nil, err
		}
		job.cancel(errCancelled)
		return s.answerTrace(&in.Asked, job, http.StatusAccepted), nil
	})
	s.routeEvidence(api)
	s.routeBoard(api)
	progress := get("trace-progress", "/traces/{id}/progress", "How far a trace is, as server-sent events until it has ended")
	progress.Middlewares = huma.Middlewares{s.admitStream(api)}
	sse.Register(api, progress, map[string]any{"progress": progressRow{}, "end": traceEnd{}}, s.stream)
}

// followers are the methods that follow amounts.
func followers() (list []trace.Method) {
	for _, m := range trace.Methods() {
		if !m.Ranks {
			list = append(list, m)
		}
	}
	return list
}

// patience is how long the start of a trace waits for its end: most are short,
// and spare their asker a second question.
const patience = 500 * time.Millisecond

func (s *Server) startTrace(ctx context.Context, in *TraceStartInput) (*output[*traceBody], error) {
	c, err := s.caseOf(in)
	if err != nil {
		return nil, err
	}
	job, err := s.jobs.start(ctx, c)
	if err != nil {
		return nil, err
	}
	select {
	case <-job.done:
	case <-time.After(patience):
	case <-ctx.Done():
	}
	return s.answerTrace(&in.Asked, job, http.StatusAccepted), nil
}

// answerTrace sends browsers to the page of a trace, and tells programs of it.
func (s *Server) answerTrace(in *Asked, job *job, status int) *output[*traceBody] {
	out := &output[*traceBody]{Status: status, Location: "/traces/" + job.id, Body: s.traceBody(job)}
	if in.kind == asHTML {
		out.Status = http.StatusSeeOther
	}
	return out
}

// caseOf reads the case that a request brings: as a file, or from a form.
func (s *Server) caseOf(in *TraceStartInput) (trace.Case, error) {
	if !strings.HasPrefix(in.ContentType, asForm) {
		return trace.ParseCase(in.RawBody) // JSON is YAML
	}
	form, err := url.ParseQuery(string(in.RawBody))
	if !form.Has("case") && !form.Has("yaml") && !form.Has("seeds") {
		return trace.ParseCase(in.RawBody) // a file: curl calls every body a form
	}
	if err != nil {
		return trace.Case{}, asked("the form: %w", err)
	}
	field := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	if slug := field("case"); slug != "" {
		data, err := s.cases.read(slug)
		if err != nil {
			return trace.Case{}, err
		}
		return s.withForm(data, field)
	}
	if text := plainLines(form.Get("yaml")); strings.TrimSpace(text) != "" {
		return s.withForm([]byte(text), field)
	}
	c := trace.Case{Name: field("name"), Method: field("method"), Seeds: strings.Fields(form.Get("seeds")), Share: field("share"), MinAmount: field("min_amount"),
		Until: field("until"), CoinJoin: field("coinjoin"), Direction: field("direction")}
	for name, to := range map[string]*int{"max_hops": &c.MaxHops, "max_transactions": &c.MaxTransactions, "service_transfers": &c.ServiceTransfers} {
		if text := field(name); text != "" {
			if *to, err = strconv.Atoi(text); err != nil {
				return c, asked("%s: %.40q is no number", name, text)
			}
		}
	}
	// Written and read again, it is what the file of it would be.
	data, err := c.YAML()
	if err != nil {
		return c, err
	}
	return trace.ParseCase(data)
}

// withForm is a case, by another method if the form names one.
func (s *Server) withForm(data []byte, field func(string) string) (trace.Case, error) {
	c, err := trace.ParseCase(data)
	if err == nil && field("method") != "" {
		c.Method = field("method")
		err = c.Check()
	}
	return c, err
}

func (s *Server) getTrace(ctx context.Context, in *TraceInput) (*output[*traceBody], error) {
	job, err := s.jobs.find(in.ID)
	if err != nil {
		return nil, s.jobs.forgotten(ctx, in.ID, err)
	}
	return &output[*traceBody]{Body: s.traceBody(job)}, nil
}

func (s *Server) traceBody(job *job) *traceBody {
	b := &traceBody{traceRow: job.row(), Sections: []report.Section{}, Steps: []report.Advice{}, Tables: []tableRow{}, YAML: string(job.yaml), Methods: followers()}
	if b.State == string(running) {
		found := job.soFar()
		b.SoFar = &found
	}
	if b.State == string(finished) {
		b.Sections, b.Steps, b.Tables = job.sections, job.advice, tableRows(job)
		b.Picture, b.Back = flow.Draw(job.model, flow.Ask{Trace: b.URL}), job.asked.Direction == trace.Backward
	}
	return b
}

// soFar is what a trace that runs has found.
type soFar struct {
	Reached int        `json:"reached" doc:"Addresses that tainted value came to, so far"`
	Hop     int        `json:"hop" doc:"The farthest of them"`
	Ended   []endedRow `json:"ended" doc:"Value that ended, so far, by reason; what still lies somewhere has not"`
}

// progressRow is how far a trace is.
type progressRow struct {
	traceRow
	soFar
}

// endedRow is value that ended for one reason.
type endedRow struct {
	Reason  string    `json:"reason"`
	Amounts []*sumRow `json:"amounts"`
}

// soFar is what a job has found. It asks the trace for a glimpse of itself; those
// that are taken serve everybody.
func (b *job) soFar() soFar {
	found := soFar{Ended: []endedRow{}}
	g := b.watch.Glimpse()
	if g == nil {
		return found
	}
	found.Reached, found.Hop = g.Reached, g.Hop
	for _, e := range g.Ended {
		if n := len(found.Ended); n == 0 || found.Ended[n-1].Reason != string(e.Reason) {
			found.Ended = append(found.Ended, endedRow{Reason: string(e.Reason)})
		}
		last := &found.Ended[len(found.Ended)-1]
		last.Amounts = append(last.Amounts, newSumRow(e.Asset, e.Amount))
	}
	return found
}

// traceEnd is the last word of a stream.
type traceEnd struct {
	State string `json:"state"`
	Error Claim  `json:"error"`
	URL   string `json:"url"`
}

// beat is the time between two words about a trace, where few listen: so many
// words a second are said in all.
const (
	beat         = 500 * time.Millisecond
	wordsASecond = 2000
)

// pace is the time between two words to one of so many listeners.
func pace(listeners int) time.Duration {
	return max(beat, time.Duration(listeners)*time.Second/wordsASecond)
}

// admitStream bounds the listeners before anything of a stream is written.
func (s *Server) admitStream(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		select {
		case s.streams <- struct{}{}:
		default:
			ctx.SetHeader("Retry-After", "5")
			_ = huma.WriteErr(api, ctx, http.StatusServiceUnavailable, "too many listen to traces already") // huma logs it
			return
		}
		s.metrics.streams.Inc()
		defer func() {
			s.metrics.streams.Dec()
			<-s.streams
		}()
		if _, err := s.jobs.find(ctx.Param("id")); err != nil {
			_ = huma.WriteErr(api, ctx, http.StatusNotFound, err.Error()) // huma logs it
			return
		}
		next(ctx)
	}
}

// stream tells how far a trace is until it ends, or who listens is gone.
func (s *Server) stream(ctx context.Context, in *TraceInput, send sse.Sender) {
	job, err := s.jobs.find(in.ID)
	if err != nil {
		return // forgotten since it was admitted
	}
	for job.outcome() == running {
		if err := send.Data(progressRow{job.row(), job.soFar()}); err != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-s.leaving:
			return
		case <-time.After(pace(len(s.streams))):
		case <-job.done:
		}
	}
	row := job.row()
	if err := send.Data(traceEnd{row.State, row.Error, row.URL}); err != nil {
		s.c.Log.Debug("stream", "error", err) // who listened is gone
	}
}
