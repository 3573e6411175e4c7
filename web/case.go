package web

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"spoor/trace"
)

// caseListBody is the list of cases.
type caseListBody struct {
	Cases  []caseRow `json:"cases"`
	Folder bool      `json:"folder" doc:"Whether cases can be saved at all"`
}

func (*caseListBody) template() string { return "cases" }

func (b *caseListBody) rows() ([]string, iter.Seq[[]string]) {
	return []string{"slug", "name", "method", "seeds", "version", "problem"}, func(yield func([]string) bool) {
		for _, c := range b.Cases {
			if !yield([]string{c.Slug, c.Name.String(), c.Method, strconv.Itoa(c.Seeds), c.Version, c.Problem.String()}) {
				return
			}
		}
	}
}

// caseBody is a case with its file.
type caseBody struct {
	caseRow
	YAML   string     `json:"yaml"`
	Traces []traceRow `json:"traces" doc:"Of this case as it is saved, in memory"`
	Trace  caseTrace  `json:"trace" doc:"The trace of the case as it is saved, on the ledgers as they are"`
	Log    *logBody   `json:"log" doc:"The last lines of what was done to it"`
}

// caseTrace names the trace of a case before it is made: the same case on the same
// ledgers has the same name, also after the server was started anew.
type caseTrace struct {
	ID      string `json:"id" doc:"Empty if it cannot be told"`
	State   string `json:"state" enum:"none,running,finished,failed,cancelled" doc:"none: POST /traces with case=SLUG makes it"`
	URL     string `json:"url"`
	Missing string `json:"missing" doc:"Why the name cannot be told"`
}

func (*caseBody) template() string { return "case" }

// CaseInput asks for a case.
type CaseInput struct {
	Asked
	Slug string `path:"slug"`
}

// CaseSaveInput saves a case.
type CaseSaveInput struct {
	CaseInput
	ContentType string `header:"Content-Type"`
	IfMatch     string `header:"If-Match" doc:"The version that was read; leave it out for a new case"`
	RawBody     []byte `contentType:"application/yaml"`
}

// CaseFormInput saves a case under the name that a form has.
type CaseFormInput struct {
	Asked
	RawBody []byte `contentType:"application/x-www-form-urlencoded"`
}

const asForm = "application/x-www-form-urlencoded"

func (s *Server) routeCases(api huma.API) {
	register(s, api, get("cases", "/cases", "Saved cases"), func(context.Context, *ListInput) (*output[*caseListBody], error) {
		rows, err := s.cases.list()
		return &output[*caseListBody]{Body: &caseListBody{rows, s.c.Cases != ""}}, err
	})
	register(s, api, get("case", "/cases/{slug}", "A saved case"), func(ctx context.Context, in *CaseInput) (*output[*caseBody], error) {
		return s.readCase(ctx, in.Slug)
	})
	save := huma.Operation{OperationID: "case-save", Method: http.MethodPut, Path: "/cases/{slug}", Summary: "Save a case: its YAML or JSON, in place of the version in If-Match", DefaultStatus: http.StatusOK}
	register(s, api, save, func(ctx context.Context, in *CaseSaveInput) (*output[*caseBody], error) {
		return s.saveCase(ctx, &in.Asked, in.Slug, in.RawBody, strings.Trim(in.IfMatch, `"`))
	})
	register(s, api, post("case-form", "/cases", "Save a case from a form: slug, yaml, version"), func(ctx context.Context, in *CaseFormInput) (*output[*caseBody], error) {
		form, err := url.ParseQuery(string(in.RawBody))
		if err != nil {
			return nil, asked("the form: %w", err)
		}
		return s.saveCase(ctx, &in.Asked, form.Get("slug"), []byte(plainLines(form.Get("yaml"))), form.Get("version"))
	})
	s.routeCaseFiles(api)
}

// lastLines are the lines of its log that the page of a case has.
const lastLines = 20

func (s *Server) readCase(ctx context.Context, slug string) (*output[*caseBody], error) {
	data, err := s.cases.read(slug)
	if err != nil {
		return nil, err
	}
	b := &caseBody{caseRow: rowOf(slug, data), YAML: string(data), Traces: []traceRow{}}
	if b.Log, err = s.logOf(slug, -lastLines, lastLines); err != nil {
		return nil, err
	}
	b.Trace.State = "none"
	if c, err := trace.ParseCase(data); err == nil {
		b.Traces = s.jobs.of(c)
		b.Trace = s.traceOf(ctx, c)
	}
	return &output[*caseBody]{Body: b, ETag: `"` + b.Version + `"`}, nil
}

// traceOf names the trace of a case, and tells how far it is.
func (s *Server) traceOf(ctx context.Context, c trace.Case) caseTrace {
	name := caseTrace{State: "none"}
	names, err := s.jobs.names(ctx, c)
	if err != nil {
		told := huma.StatusError(nil)
		if name.Missing = "an error of the server; its log has it"; errors.As(s.problem(err), &told) {
			name.Missing = told.Error()
		}
		return name
	}
	name.ID, name.URL = names[0], "/traces/"+names[0]
	if job, err := s.jobs.find(name.ID); err == nil {
		name.State = string(job.outcome())
	}
	return name
}

func (s *Server) saveCase(ctx context.Context, in *Asked, slug string, data []byte, version string) (*output[*caseBody], error) {
	if err := s.cases.save(slug, data, version); err != nil {
		return nil, err
	}
	out, err := s.readCase(ctx, slug)
	if err == nil && in.kind == asHTML {
		out.Status, out.Location = http.StatusSeeOther, "/cases/"+slug
	}
	return out, err
}

// plainLines undoes what browsers make of line ends.
func plainLines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }
