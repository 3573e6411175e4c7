package web

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"spoor/graph"
	"spoor/web/flow"
)

// Bounds of what one picture may be asked for, beside those in the schema.
const (
	maxBoardPlaces = 2000
	maxBoardPlace  = 1 << 20 // units of SVG from where the picture begins
	maxBoardKey    = 200     // characters
)

// BoardInput asks for a picture.
type BoardInput struct {
	Asked
	Body BoardAsk
}

// BoardAsk says what is drawn and how.
type BoardAsk struct {
	Trace     string            `json:"trace,omitempty" maxLength:"64" doc:"Name of a finished trace; none for a picture of the ledger alone"`
	Start     []string          `json:"start,omitempty" maxItems:"20" doc:"CHAIN:ADDRESS or CHAIN:TXHASH, drawn from the ledger"`
	Mode      string            `json:"mode,omitempty" enum:"hops,time" default:"hops"`
	Asset     string            `json:"asset,omitempty" maxLength:"300" doc:"CAIP-19; only what moved in it"`
	Since     string            `json:"since,omitempty" maxLength:"40" doc:"RFC 3339, or a date"`
	Until     string            `json:"until,omitempty" maxLength:"40"`
	Open      []string          `json:"open,omitempty" maxItems:"1000" doc:"Keys of pills to show more of"`
	Expand    []BoardExpansion  `json:"expand,omitempty" maxItems:"40"`
	Collapse  []string          `json:"collapse,omitempty" maxItems:"1000" doc:"Entities shown as one box, or all"`
	Hide      []string          `json:"hide,omitempty" maxItems:"1000" doc:"Keys of boxes that are not drawn"`
	Keep      []string          `json:"keep,omitempty" maxItems:"1000" doc:"Keys of boxes that are never folded"`
	Placed    map[string][2]int `json:"placed,omitempty" doc:"Where boxes stand if they are drawn, by key; at most 2000. Nothing else is put there"`
	Single    bool              `json:"single,omitempty" doc:"An arrow for every movement, not for all of two boxes"`
	Highlight []string          `json:"highlight,omitempty" maxItems:"2" doc:"Keys of two boxes: the widest way of taint between them is shown"`
}

// BoardExpansion draws whom the ledger says an address dealt with.
type BoardExpansion struct {
	Address   string `json:"address" maxLength:"200" doc:"CHAIN:ADDRESS"`
	Direction string `json:"direction" enum:"in,out"`
	Top       int    `json:"top,omitempty" minimum:"1" maximum:"50" default:"10"`
	Order     string `json:"order,omitempty" enum:"amount,newest" default:"amount"`
	Asset     string `json:"asset,omitempty" maxLength:"300"`
	MinRaw    string `json:"min_raw,omitempty" maxLength:"80"`
	Since     string `json:"since,omitempty" maxLength:"40"`
	Until     string `json:"until,omitempty" maxLength:"40"`
}

func (s *Server) routeBoard(api huma.API) {
	draw := post("board", "/board", "Draw a trace, or a part of a ledger. It only reads")
	draw.Middlewares = huma.Middlewares{onlyData(api)}
	register(s, api, draw, s.drawBoard)
	histogram := get("trace-histogram", "/traces/{id}/histogram", "Tainted value that moved, by time")
	histogram.Middlewares = huma.Middlewares{onlyData(api)}
	register(s, api, histogram, s.getHistogram)
	register(s, api, get("trace-arrow", "/traces/{id}/arrow", "The rows of trace.csv behind an arrow of a picture; as CSV all of them"), s.getArrow)
	register(s, api, get("workspace", "/workspace", "The page of the workspace"), s.getWorkspace)
}

// onlyData refuses what has no page.
func onlyData(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if ctx.Header("Accept") == asHTML {
			_ = huma.WriteErr(api, ctx, http.StatusNotAcceptable, "this has no page; ask for it as JSON") // huma logs it
			return
		}
		next(ctx)
	}
}

func (s *Server) drawBoard(ctx context.Context, in *BoardInput) (*output[*flow.Board], error) {
	ask, err := in.Body.ask()
	if err != nil {
		return nil, err
	}
	model := &flow.Model{}
	if in.Body.Trace != "" {
		job, err := s.done(in.Body.Trace)
		if err != nil {
			return nil, err
		}
		model, ask.Trace = job.model, "/traces/"+job.id
	}
	var notes []string
	if len(in.Body.Start)+len(in.Body.Expand) > 0 {
		if notes, err = s.fromLedger(ctx, &in.Body, &ask); err != nil {
			return nil, err
		}
	}
	board := flow.Draw(model, ask)
	if board.Elements > flow.MaxElements {
		return nil, asked("the picture would have %d elements, at most %d can be looked at: hide boxes, or expand and keep less", board.Elements, flow.MaxElements)
	}
	board.Notes = append(board.Notes, notes...)
	return &output[*flow.Board]{Body: board}, nil
}

// ask checks what the schema does not.
func (b *BoardAsk) ask() (a flow.Ask, err error) {
	a = flow.Ask{Time: b.Mode == "time", Asset: b.Asset, Open: b.Open, Collapse: b.Collapse, Hide: b.Hide, Keep: b.Keep, Single: b.Single}
	if a.Since, err = parseTime(b.Since, false); err != nil {
		return a, err
	}
	if a.Until, err = parseTime(b.Until, true); err != nil {
		return a, err
	}
	if len(b.Placed) > maxBoardPlaces {
		return a, asked("placed has %d boxes; at most %d", len(b.Placed), maxBoardPlaces)
	}
	for _, keys := range [][]string{b.Open, b.Collapse, b.Hide, b.Keep, b.Highlight, slices.Collect(maps.Keys(b.Placed))} {
		for _, key := range keys {
			if len(key) > maxBoardKey || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' }) {
				return a, asked("%.40q is no key of a box", key)
			}
		}
	}
	if len(b.Highlight) == 1 {
		return a, asked("highlight names one box; it takes two, or none")
	}
	copy(a.Highlight[:], b.Highlight)
	a.Placed = make(map[string]flow.Point, len(b.Placed))
	for key, at := range b.Placed {
		if at[0] < -maxBoardPlace || at[0] > maxBoardPlace || at[1] < -maxBoardPlace || at[1] > maxBoardPlace {
			return a, asked("the place of %.100q is beyond %d", key, maxBoardPlace)
		}
		a.Placed[key] = flow.Point{X: at[0], Y: at[1]}
	}
	return a, nil
}

// WorkspaceInput asks for the page of the workspace; its script reads the same.
type WorkspaceInput struct {
	Asked
	Trace string `query:"trace" maxLength:"64"`
	Case  string `query:"case" maxLength:"64"`
	Start string `query:"start" maxLength:"200" doc:"CHAIN:ADDRESS or CHAIN:TXHASH"`
}

// workspaceBody is the page without its script: where else to look.
type workspaceBody struct {
	Trace    string     `json:"trace"`
	Case     string     `json:"case"`
	Start    Claim      `json:"start"`
	StartURL string     `json:"start_url"`
	Traces   []traceRow `json:"traces"`
	Script   bool       `json:"script" doc:"The workspace itself is in this server"`
}

func (*workspaceBody) template() string { return "workspace" }

func (s *Server) getWorkspace(_ context.Context, in *WorkspaceInput) (*output[*workspaceBody], error) {
	b := &workspaceBody{Start: Claim(in.Start), Traces: s.jobs.list(), Script: hasAsset("workspace.js")}
	if in.Trace != "" {
		job, err := s.jobs.find(in.Trace)
		if err != nil {
			return nil, err
		}
		b.Trace = job.id
	}
	if in.Case != "" {
		if _, err := s.cases.read(in.Case); err != nil {
			return nil, err
		}
		b.Case = in.Case
	}
	if in.Start != "" {
		chain, ref, err := parseRef(in.Start)
		if err != nil {
			return nil, err
		}
		kind, name := "address", ref.address.String()
		if ref.address.IsZero() {
			kind, name = "tx", ref.hash.Text(chain.Family)
		}
		b.StartURL = "/" + kind + "/" + chain.Alias + "/" + name
	}
	return &output[*workspaceBody]{Body: b}, nil
}

// boardRef is an address or a transaction of a chain.
type boardRef struct {
	address graph.Address
	hash    graph.Hash
}

// parseRef reads CHAIN:ADDRESS or CHAIN:TXHASH. A CAIP-2 id of a chain has a
// colon itself.
func parseRef(text string) (chain graph.Chain, ref boardRef, err error) {
	at := strings.LastIndexByte(text, ':')
	if at < 0 {
		return chain, ref, asked("%.80q: want CHAIN:ADDRESS or CHAIN:TXHASH, such as ethereum:0x…", text)
	}
	if chain, err = graph.ParseChain(text[:at]); err != nil {
		return chain, ref, asked("%.80q: %w", text, err)
	}
	if ref.hash, err = graph.ParseHash(text[at+1:]); err == nil {
		return chain, ref, nil
	}
	ref.hash = graph.Hash{}
	if ref.address, err = graph.ParseAddress(chain, text[at+1:]); err != nil {
		return chain, ref, asked("%.80q: %w", text, err)
	}
	return chain, ref, nil
}
