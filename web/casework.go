package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"spoor/graph"
)

// boardBody is what the workspace shows of a case: the workspace's own document.
type boardBody struct {
	Slug    string          `json:"slug"`
	Version string          `json:"version" doc:"To be given in If-Match when it is saved again; empty if none was saved yet"`
	Board   json.RawMessage `json:"board" doc:"As it was saved; null if none was"`
}

// BoardSaveInput saves a board.
type BoardSaveInput struct {
	CaseInput
	IfMatch string `header:"If-Match" doc:"The version that was read; leave it out for the first"`
	RawBody []byte `contentType:"application/json"`
}

// LogInput asks for the log of a case.
type LogInput struct {
	CaseInput
	After int `query:"after" minimum:"0" doc:"Lines to pass over; CSV has all lines always"`
	Limit int `query:"limit" minimum:"1" maximum:"500" default:"200"`
}

// LogAddInput adds to the log of a case.
type LogAddInput struct {
	CaseInput
	Body struct {
		Commands []command `json:"commands" minItems:"1" maxItems:"200"`
	}
}

// logBody is a part of the log of a case.
type logBody struct {
	Slug     string   `json:"slug"`
	Entries  []logRow `json:"entries"`
	Size     int      `json:"size" doc:"Lines in all"`
	Head     string   `json:"head" doc:"SHA-256 of the last line: written down elsewhere it vouches for the whole log"`
	Problems int      `json:"problems" doc:"Lines, of all, that are not to be relied on"`
	After    int      `json:"after"`
	Next     int      `json:"next" doc:"Value of after for the next page, 0 at the end"`

	NextURL string `json:"-"`
	CSVURL  string `json:"-"`
	JSONURL string `json:"-"`
}

func (*logBody) template() string { return "caselog" }

func (b *logBody) rows() ([]string, iter.Seq[[]string]) {
	return []string{"n", "at", "op", "args", "before", "hash", "problem"}, func(yield func([]string) bool) {
		for _, r := range b.Entries {
			if !yield([]string{strconv.Itoa(r.N), Claim(r.At).String(), Claim(r.Op).String(), shownJSON(r.Args), Claim(r.Before).String(), r.Hash, r.Problem}) {
				return
			}
		}
	}
}

// caseFile is a file as it is.
type caseFile struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	ETag        string `header:"ETag"`
	Body        []byte
}

// routeCaseFiles adds what lies beside a case.
func (s *Server) routeCaseFiles(api huma.API) {
	s.routeFile(api, get("case-file", "/cases/{slug}.yaml", "The file of a saved case"), "application/yaml", ".yaml", s.cases.read)
	s.routeFile(api, get("case-log-file", "/cases/{slug}.log", "The log of a case as it is written: a line of JSON for each thing done"), "application/x-ndjson", ".log", s.cases.readLog)
	register(s, api, get("case-board", "/cases/{slug}/board", "What the workspace shows of a case"), func(_ context.Context, in *CaseInput) (*output[*boardBody], error) {
		data, err := s.cases.board(in.Slug)
		return answerBoard(in.Slug, data), err
	})
	save := huma.Operation{OperationID: "case-board-save", Method: http.MethodPut, Path: "/cases/{slug}/board", Summary: "Save what the workspace shows of a case, in place of the version in If-Match", DefaultStatus: http.StatusOK,
		SkipValidateBody: true, RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: huma.TypeObject}}}}}
	register(s, api, save, func(_ context.Context, in *BoardSaveInput) (*output[*boardBody], error) {
		if err := s.cases.saveBoard(in.Slug, in.RawBody, strings.Trim(in.IfMatch, `"`)); err != nil {
			return nil, err
		}
		out := answerBoard(in.Slug, in.RawBody)
		out.Body.Board = nil // who sent it has it
		return out, nil
	})
	register(s, api, get("case-log", "/cases/{slug}/log", "What was done to a case, in order"), func(_ context.Context, in *LogInput) (*output[*logBody], error) {
		limit := in.Limit
		if in.kind == asCSV {
			in.After, limit = 0, maxLog
		}
		b, err := s.logOf(in.Slug, in.After, limit)
		if err != nil {
			return nil, err
		}
		if b.Next > 0 {
			b.NextURL = in.with("after", strconv.Itoa(b.Next))
		}
		return &output[*logBody]{Body: b}, nil
	})
	register(s, api, post("case-log-add", "/cases/{slug}/log", "Write down what was done to a case; it stays"), func(_ context.Context, in *LogAddInput) (*output[*logBody], error) {
		return s.addToLog(in)
	})
}

// routeFile adds a file of a case as it is.
func (s *Server) routeFile(api huma.API, op huma.Operation, kind, suffix string, read func(slug string) ([]byte, error)) {
	op.Responses = map[string]*huma.Response{"200": {Description: "The file as it is", Content: map[string]*huma.MediaType{kind: {}}}}
	huma.Register(api, op, func(_ context.Context, in *CaseInput) (*caseFile, error) {
		data, err := read(in.Slug)
		if err != nil {
			return nil, s.problem(err)
		}
		return &caseFile{kind, `attachment; filename="` + in.Slug + suffix + `"`, `"` + versionOf(data) + `"`, data}, nil
	})
}

func answerBoard(slug string, data []byte) *output[*boardBody] {
	b := &boardBody{Slug: slug, Board: json.RawMessage("null")}
	out := &output[*boardBody]{Body: b}
	if data != nil {
		b.Board, b.Version = data, versionOf(data)
		out.ETag = `"` + b.Version + `"`
	}
	return out
}

const boardSuffix = ".board.json"

// board is what was saved of the workspace of a case, nil if nothing was.
func (f *caseFolder) board(slug string) ([]byte, error) {
	if _, err := f.read(slug); err != nil { // a board is of a case
		return nil, err
	}
	root, err := f.root(false)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // nothing was written
	data, err := readFile(root, slug, boardSuffix)
	switch {
	case errors.Is(err, graph.ErrNotFound):
		return nil, nil
	case err == nil && !json.Valid(data):
		return nil, fmt.Errorf("the board of case %s is no JSON", slug)
	}
	return data, err
}

// saveBoard writes a board whole or not at all, in place of the version that
// the caller has read, "" for none.
func (f *caseFolder) saveBoard(slug string, data []byte, version string) error {
	var document map[string]json.RawMessage
	if err := json.Unmarshal(data, &document); err != nil || document == nil || !utf8.Valid(data) {
		return asked("a board is a JSON object")
	}
	return f.change(slug, func(root *os.Root) error {
		if _, err := readCase(root, slug); err != nil {
			return err
		}
		old, err := readFile(root, slug, boardSuffix)
		if err != nil && !errors.Is(err, graph.ErrNotFound) {
			return err
		}
		return f.replace(root, slug, slug+boardSuffix, opBoard, old, data, version)
	})
}

// logOf is a part of the log of a case: after so many lines, or the last so many
// if that is below zero.
func (s *Server) logOf(slug string, after, limit int) (*logBody, error) {
	b := &logBody{Slug: slug, Entries: []logRow{}, After: after, CSVURL: "/cases/" + slug + "/log.csv", JSONURL: "/cases/" + slug + "/log.json"}
	tail, err := s.cases.lines(slug, func(r logRow) {
		if r.Problem != "" {
			b.Problems++
		}
		switch {
		case after < 0:
			b.Entries = append(b.Entries, r)
			if len(b.Entries) > 2*limit { // seldom moved
				b.Entries = append(b.Entries[:0], b.Entries[len(b.Entries)-limit:]...)
			}
		case r.N > after && len(b.Entries) < limit:
			b.Entries = append(b.Entries, r)
		}
	})
	if err != nil {
		return nil, err
	}
	b.Size, b.Head = tail.lines, tail.hash
	if after < 0 {
		b.Entries = b.Entries[max(len(b.Entries)-limit, 0):]
		b.After = b.Size - len(b.Entries)
	}
	if last := after + len(b.Entries); after >= 0 && last < b.Size && len(b.Entries) > 0 {
		b.Next = last
	}
	return b, nil
}

func (s *Server) addToLog(in *LogAddInput) (*output[*logBody], error) {
	for _, c := range in.Body.Commands {
		switch {
		case !ops.MatchString(c.Op) || ours(c.Op):
			return nil, asked("op %.80q: want up to 64 of a-z, 0-9, _, . and -, a letter first, and none of the server's own", c.Op)
		case len(c.Args) > maxArgs:
			return nil, asked("the arguments of %s have %d bytes, more than %d", c.Op, len(c.Args), maxArgs)
		case !utf8.Valid(c.Args):
			return nil, asked("the arguments of %s are no UTF-8", c.Op)
		}
	}
	rows, err := s.cases.log(in.Slug, in.Body.Commands)
	if err != nil {
		return nil, err
	}
	last := rows[len(rows)-1]
	b := &logBody{Slug: in.Slug, Entries: rows, Size: last.N, Head: last.Hash, After: rows[0].N - 1}
	return &output[*logBody]{Status: http.StatusCreated, Location: "/cases/" + in.Slug + "/log", Body: b}, nil
}
