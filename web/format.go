package web

import (
	"bytes"
	"embed"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"spoor/report"
)

// The formats of an answer.
const (
	asHTML = "text/html"
	asJSON = "application/json"
	asCSV  = "text/csv"
)

var suffixes = map[string]string{"html": asHTML, "json": asJSON, "csv": asCSV}

// withFormat settles the format of the answer, and writes it into Accept: by
// ?format=, by the suffix of the address, which is taken off, or by what the
// client accepts; programs that do not say get JSON.
func withFormat(r *http.Request) *http.Request {
	r = r.Clone(r.Context())
	format := asJSON
	switch accept := r.Header.Get("Accept"); {
	case strings.Contains(accept, asHTML):
		format = asHTML
	case strings.Contains(accept, asCSV):
		format = asCSV
	}
	if dot := strings.LastIndexByte(r.URL.Path, '.'); dot >= 0 {
		if kind, known := suffixes[r.URL.Path[dot+1:]]; known {
			format, r.URL.Path = kind, r.URL.Path[:dot]
			if raw := strings.LastIndexByte(r.URL.RawPath, '.'); raw >= 0 {
				r.URL.RawPath = r.URL.RawPath[:raw]
			}
		}
	}
	if kind, known := suffixes[r.URL.Query().Get("format")]; known {
		format = kind
	}
	r.Header.Set("Accept", format)
	return r
}

// Asked is what every request may say.
type Asked struct {
	Format string `query:"format" enum:"html,json,csv" doc:"Instead of the Accept header or a suffix of the path"`

	url  url.URL
	kind string // asHTML, asJSON or asCSV
}

// Resolve notes the address and the format of a request.
func (a *Asked) Resolve(ctx huma.Context) []error {
	a.url, a.kind = ctx.URL(), ctx.Header("Accept")
	return nil
}

// with is the address of the request with one parameter changed.
func (a *Asked) with(name, value string) string {
	q := a.url.Query()
	q.Set(name, value)
	return a.url.Path + "?" + q.Encode()
}

// page is an answer that has a template.
type page interface{ template() string }

// tabular is an answer that has rows.
type tabular interface {
	rows() (columns []string, cells iter.Seq[[]string])
}

//go:embed pages/*.html
var pageFiles embed.FS

func parsePages() (*template.Template, error) {
	t, err := template.New("").Funcs(pageFuncs).ParseFS(pageFiles, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	return t, nil
}

func (s *Server) formats() map[string]huma.Format {
	unread := func([]byte, any) error { return fmt.Errorf("%w", huma.ErrUnknownContentType) }
	asText := huma.Format{Unmarshal: json.Unmarshal, Marshal: func(w io.Writer, v any) error {
		if problem, ok := v.(*huma.ErrorModel); ok {
			v = brief(problem)
		}
		return json.NewEncoder(w).Encode(v) // not indented: what is nested deep would grow with the square of it
	}}
	return map[string]huma.Format{
		asJSON: asText,
		"json": asText, // application/problem+json
		asHTML: {Unmarshal: unread, Marshal: s.writeHTML},
		asCSV:  {Unmarshal: unread, Marshal: writeCSV},
	}
}

// writeHTML writes a page whole or not at all.
func (s *Server) writeHTML(w io.Writer, v any) error {
	name := ""
	switch v := v.(type) {
	case page:
		name = v.template()
	case *huma.ErrorModel:
		name = "error"
	default:
		return fmt.Errorf("%T has no page", v)
	}
	var b bytes.Buffer
	if err := s.pages.ExecuteTemplate(&b, name, v); err != nil {
		s.c.Log.Error("page", "name", name, "error", err)
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// writeCSV writes rows as the evidence has them: RFC 4180, with nothing that a
// spreadsheet takes for a formula.
func writeCSV(w io.Writer, v any) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if e, failed := v.(*huma.ErrorModel); failed {
		_ = out.Write([]string{"error"}) // kept by out
		_ = out.Write([]string{report.Inert(report.Visible(e.Detail))})
		out.Flush()
		return out.Error()
	}
	t, ok := v.(tabular)
	if !ok {
		return fmt.Errorf("%T has no rows", v)
	}
	columns, rows := t.rows()
	if err := out.Write(columns); err != nil {
		return err
	}
	record := make([]string, len(columns))
	for cells := range rows {
		for i := range cells {
			record[i] = report.Inert(cells[i])
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// refuse answers a request that reaches no handler.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, status int, why string) {
	e := &huma.ErrorModel{Status: status, Title: http.StatusText(status), Detail: why}
	kind := r.Header.Get("Accept")
	write := writeCSV
	switch kind {
	case asHTML:
		write = s.writeHTML
	case asCSV:
	default:
		kind = "application/problem+json"
		write = func(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) }
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	if err := write(w, e); err != nil {
		s.c.Log.Debug("answer", "error", err) // who asked is gone
	}
}
