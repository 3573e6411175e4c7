package web

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"spoor/graph"
	"spoor/report"
)

// tableRow is a table of the evidence.
type tableRow struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	CSV  string `json:"csv"`
}

func tableRows(job *job) (rows []tableRow) {
	for _, t := range report.Tables() {
		name := strings.TrimSuffix(t.File, ".csv")
		at := "/traces/" + job.id + "/evidence/" + name
		rows = append(rows, tableRow{name, at, at + ".csv"})
	}
	return rows
}

// EvidenceInput asks for a table of a finished trace.
type EvidenceInput struct {
	TraceInput
	Table string `path:"table"`
	After int    `query:"after" minimum:"0" doc:"Rows to pass over; CSV has all rows always"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}

// evidenceBody is a page of a table.
type evidenceBody struct {
	ID      string           `json:"id"`
	Table   string           `json:"table"`
	Columns []evidenceColumn `json:"columns"`
	Rows    [][]string       `json:"rows"`
	Size    int              `json:"size" doc:"Rows in all"`
	After   int              `json:"after"`
	Next    int              `json:"next" doc:"Value of after for the next page, 0 at the end"`

	NextURL string `json:"-"`
	First   int    `json:"-"`
	Last    int    `json:"-"`
}

// evidenceColumn says what a column means.
type evidenceColumn struct {
	Name      string `json:"name"`
	Unit      string `json:"unit"`
	Statement string `json:"statement"`
	Meaning   string `json:"meaning"`
}

func (*evidenceBody) template() string { return "evidence" }

func (s *Server) routeEvidence(api huma.API) {
	table := get("evidence", "/traces/{id}/evidence/{table}", "A table of a finished trace; as CSV the bytes of the evidence file")
	table.Middlewares = huma.Middlewares{s.wholeTable(api)}
	register(s, api, table, s.getEvidence)
	archive := get("evidence-folder", "/traces/{id}/evidence", "The evidence folder of a finished trace, as a ZIP archive")
	archive.Middlewares = huma.Middlewares{s.folder(api)}
	archive.Responses = map[string]*huma.Response{"200": {Description: "ZIP", Content: map[string]*huma.MediaType{"application/zip": {}}}}
	huma.Register(api, archive, func(context.Context, *TraceInput) (*struct{}, error) { return nil, nil }) // answered by folder
}

// done is a job that has found something.
func (s *Server) done(id string) (*job, error) {
	job, err := s.jobs.find(id)
	switch {
	case err != nil:
		return nil, err
	case job.outcome() == running:
		return nil, retry("the trace still runs", "1")
	case job.state != finished:
		return nil, fmt.Errorf("trace %s %s and has found nothing: %w", id, job.state, graph.ErrNotFound)
	}
	return job, nil
}

// open opens a table of a job's evidence, by its name without suffix.
func (s *Server) open(id, name string) (*os.File, report.Table, *job, error) {
	job, err := s.done(id)
	if err != nil {
		return nil, report.Table{}, nil, err
	}
	for _, t := range report.Tables() {
		if t.File == name+".csv" {
			f, err := os.Open(filepath.Join(job.dir, t.File))
			if errors.Is(err, fs.ErrNotExist) { // forgotten since it was found
				err = fmt.Errorf("trace %s: %w", id, graph.ErrNotFound)
			}
			return f, t, job, err
		}
	}
	return nil, report.Table{}, nil, fmt.Errorf("table %.40q: %w", name, graph.ErrNotFound)
}

func (s *Server) getEvidence(_ context.Context, in *EvidenceInput) (*output[*evidenceBody], error) {
	f, t, job, err := s.open(in.ID, in.Table)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	b := newEvidenceBody(in.ID, in.Table, t, in.After, job.rows[t.File])
	if b.Rows, err = report.ReadTable(f, in.After, in.Limit); err != nil {
		return nil, err
	}
	b.turn(&in.Asked)
	return &output[*evidenceBody]{Body: &b}, nil
}

// newEvidenceBody is a page of a table, its rows left out.
func newEvidenceBody(id, name string, t report.Table, after, size int) evidenceBody {
	b := evidenceBody{ID: id, Table: name, After: after, First: after + 1, Size: size}
	for _, c := range t.Columns {
		b.Columns = append(b.Columns, evidenceColumn{c.Name, c.Unit, string(c.Statement), c.Meaning})
	}
	return b
}

// turn finds the next page, when the rows of this one are there.
func (b *evidenceBody) turn(in *Asked) {
	b.Last = b.After + len(b.Rows)
	if b.Last < b.Size && len(b.Rows) > 0 {
		b.Next = b.Last
		b.NextURL = in.with("after", strconv.Itoa(b.Next))
	}
}

// wholeTable answers with a file of the evidence: every row, not a page.
func (s *Server) wholeTable(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if ctx.Header("Accept") != asCSV {
			next(ctx)
			return
		}
		f, t, _, err := s.open(ctx.Param("id"), ctx.Param("table"))
		if err != nil {
			s.fail(api, ctx, err)
			return
		}
		defer f.Close() //nolint:errcheck // nothing was written
		_, w := humachi.Unwrap(ctx)
		w.Header().Set("Content-Type", asCSV)
		w.Header().Set("Content-Disposition", `attachment; filename="`+t.File+`"`)
		if _, err := io.Copy(w, f); err != nil {
			s.c.Log.Debug("evidence", "table", t.File, "error", err) // who asked is gone
		}
	}
}

// folder answers with the evidence folder. Archives of equal traces are equal:
// no file has a time.
func (s *Server) folder(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, _ func(huma.Context)) {
		job, err := s.done(ctx.Param("id"))
		if err != nil {
			s.fail(api, ctx, err)
			return
		}
		_, w := humachi.Unwrap(ctx)
		w.Header().Set("Content-Type", "application/zip")
		w.Header().Set("Content-Disposition", `attachment; filename="evidence-`+job.id+`.zip"`)
		if err := pack(w, job.dir); err != nil {
			s.c.Log.Error("evidence", "error", err)
			panic(http.ErrAbortHandler) // what was sent is no archive
		}
	}
}

// pack writes the files of a folder as an archive.
func pack(w io.Writer, dir string) error {
	out := zip.NewWriter(w)
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		in, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		file, err := out.CreateHeader(&zip.FileHeader{Name: "evidence/" + name, Method: zip.Deflate})
		if err == nil {
			_, err = io.Copy(file, in)
		}
		return errors.Join(err, in.Close())
	})
	if err != nil {
		return err
	}
	return out.Close()
}

// fail answers with an error from a middleware.
func (s *Server) fail(api huma.API, ctx huma.Context, err error) {
	told := huma.StatusError(nil)
	if !errors.As(s.problem(err), &told) {
		told = huma.NewError(http.StatusInternalServerError, "an error of the server")
	}
	_ = huma.WriteErr(api, ctx, told.GetStatus(), told.Error()) // huma logs it
}
