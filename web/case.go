package web

import (
	"context"
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
	register(s, api, get("case", "/cases/{slug}", "A saved case"), func(_ context.Context, in *CaseInput) (*output[*caseBody], error) {
		return s.readCase(in.Slug)
	})
	save := huma.Operation{OperationID: "case-save", Method: http.MethodPut, Path: "/cases/{slug}", Summary: "Save a case: its YAML or JSON, in place of the version in If-Match", DefaultStatus: http.StatusOK}
	register(s, api, save, func(_ context.Context, in *CaseSaveInput) (*output[*caseBody], error) {
		return s.saveCase(&in.Asked, in.Slug, in.RawBody, strings.Trim(in.IfMatch, `"`))
	})
	register(s, api, post("case-form", "/cases", "Save a case from a form: slug, yaml, version"), func(_ context.Context, in *CaseFormInput) (*output[*caseBody], error) {
		form, err := url.ParseQuery(string(in.RawBody))
		if err != nil {
			return nil, asked("the form: %w", err)
		}
		return s.saveCase(&in.Asked, form.Get("slug"), []byte(plainLines(form.Get("yaml"))), form.Get("version"))
	})
}

func (s *Server) readCase(slug string) (*output[*caseBody], error) {
	data, err := s.cases.read(slug)
	if err != nil {
		return nil, err
	}
	b := &caseBody{caseRow: rowOf(slug, data), YAML: string(data), Traces: []traceRow{}}
	if c, err := trace.ParseCase(data); err == nil {
		b.Traces = s.jobs.of(c)
	}
	return &output[*caseBody]{Body: b, ETag: `"` + b.Version + `"`}, nil
}

func (s *Server) saveCase(in *Asked, slug string, data []byte, version string) (*output[*caseBody], error) {
	if _, err := s.cases.save(slug, data, version); err != nil {
		return nil, err
	}
	out, err := s.readCase(slug)
	if err == nil && in.kind == asHTML {
		out.Status, out.Location = http.StatusSeeOther, "/cases/"+slug
	}
	return out, err
}

// plainLines undoes what browsers make of line ends.
func plainLines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }
