package web_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/web"
	"spoor/web/flow"
)

const asJSON = "Content-Type: application/json"

// board asks for a picture that must be there.
func (c *client) board(ask string) *flow.Board {
	c.t.Helper()
	r := c.ask("POST", "/board", ask, asJSON)
	if r.status != http.StatusOK {
		c.t.Fatalf("board %s: %d %s", ask, r.status, r.body)
	}
	var p flow.Board
	if err := json.Unmarshal([]byte(r.body), &p); err != nil {
		c.t.Fatal(err)
	}
	return &p
}

func ask(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func boxOf(p *flow.Board, key string) *flow.Box {
	for _, b := range p.Boxes {
		if b.Key == key {
			return b
		}
	}
	return nil
}

// The page of a trace shows the picture that an empty ask gives, and both say
// what an address is, how it ended and what can be asked.
func TestBoardOfTrace(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	got := c.start(string(w.yaml))
	body := `{"trace":"` + got.ID + `"}`
	p := c.board(body)
	page := c.page(got.URL)
	for _, a := range p.Arrows {
		if !strings.Contains(page, `d="`+a.Path+`"`) {
			t.Errorf("the page has not the arrow %s", a.Key)
		}
	}
	for _, b := range p.Boxes {
		if !strings.Contains(page, fmt.Sprintf(`x="%d" y="%d" width="%d" height="%d"`, b.X, b.Y, b.Width, b.Height)) {
			t.Errorf("the page has not the box %s", b.Key)
		}
	}
	if !strings.Contains(page, "/workspace?trace="+got.ID) || strings.Count(page, "<svg") != 1 {
		t.Error("the page does not lead to the workspace")
	}
	exchange := boxOf(p, w.end("exchange").CAIP10())
	if exchange == nil || exchange.Ends[0].Reason != "service" || !strings.Contains(exchange.Ends[0].Says, "ask it whose account") || !slices.Contains(exchange.Role, "exchange") ||
		exchange.Choke == nil || exchange.Choke.Rank == 0 || len(exchange.Choke.Amounts) == 0 || exchange.Labels[0].Name != "Demo Exchange hot wallet" || len(exchange.Held)+len(exchange.Arrived) == 0 ||
		exchange.Permille < 1 || exchange.URL != addressPath(w.end("exchange")) {
		t.Errorf("the exchange is told as %+v", exchange)
	}
	if once := c.ask("POST", "/board", body, asJSON).body; once != c.ask("POST", "/board", body, asJSON).body {
		t.Error("asked again it differs")
	}
	kinds := map[string]bool{}
	for _, a := range p.Arrows {
		kinds[a.Kind] = true
	}
	if !kinds["transfer"] || !kinds["joint"] || !kinds["swap"] {
		t.Errorf("kinds of arrows %v", kinds)
	}
	// The whole view by what a workspace sends.
	var pill *flow.Box
	for _, b := range p.Boxes {
		if b.Kind == flow.FoldBox {
			pill = b
		}
	}
	placed := map[string][2]int{}
	for _, b := range p.Boxes {
		placed[b.Key] = [2]int{b.X, b.Y}
	}
	opened := c.board(ask(map[string]any{"trace": got.ID, "open": []string{pill.Key}, "placed": placed, "hide": []string{exchange.Key}, "highlight": []string{p.Boxes[0].Key, p.Boxes[1].Key}}))
	if len(opened.Boxes) <= len(p.Boxes)-1 || boxOf(opened, exchange.Key) != nil || opened.Hidden != 1 {
		t.Errorf("opened and hidden: %d boxes of %d, %d hidden", len(opened.Boxes), len(p.Boxes), opened.Hidden)
	}
	for _, b := range opened.Boxes {
		if at, was := placed[b.Key]; was && at != [2]int{b.X, b.Y} {
			t.Errorf("%s moved", b.Key)
		}
	}
	byTime := c.board(`{"trace":"` + got.ID + `","mode":"time","since":"2026-01-01","until":"2027-01-01T00:00:00Z"}`)
	if len(byTime.Columns) < 3 || !strings.HasPrefix(byTime.Columns[1].Text, "2026-01-01 ") {
		t.Errorf("ticks %v", byTime.Columns)
	}
	none := c.board(`{"trace":"` + got.ID + `","since":"2030-01-01"}`)
	if len(none.Boxes) != 0 || none.Outside == 0 {
		t.Errorf("a time without movements: %+v", none)
	}
}

// The rows behind an arrow are lines of trace.csv.
func TestArrowRows(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	got := c.start(string(w.yaml))
	all := must(csv.NewReader(strings.NewReader(c.expect(got.URL+"/evidence/trace.csv", 200).body)).ReadAll())
	lines := map[string]bool{}
	for _, row := range all {
		lines[strings.Join(row, "\x00")] = true
	}
	for _, a := range c.board(`{"trace":"` + got.ID + `"}`).Arrows {
		if !strings.HasPrefix(a.RowsURL, got.URL+"/arrow?") {
			t.Fatalf("rows at %s", a.RowsURL)
		}
		rows := must(csv.NewReader(strings.NewReader(c.expect(a.RowsURL+"&format=csv", 200).body)).ReadAll())
		if len(rows) < 2 {
			t.Errorf("%s has no rows", a.Key)
		}
		for _, row := range rows {
			if !lines[strings.Join(row, "\x00")] {
				t.Errorf("%s: %v is no line of trace.csv", a.Key, row)
			}
		}
		page := read[struct {
			Size    int
			Next    int
			Rows    [][]string
			Columns []struct{ Name string }
		}](c, a.RowsURL+"&limit=1")
		if page.Size != len(rows)-1 || len(page.Rows) != 1 || len(page.Columns) != len(all[0]) || (page.Next == 0) != (page.Size == 1) {
			t.Errorf("%s: a page of one: %+v, %d rows in all", a.Key, page, len(rows)-1)
		}
		if len(rows) == 2 {
			if text := c.page(a.RowsURL); !strings.Contains(text, "rows 1 to 1 of 1") || !strings.Contains(text, rows[1][5]) {
				t.Errorf("%s has no page of its rows", a.Key)
			}
		}
	}
	c.expect(got.URL+"/arrow?from=a&to=b", 404, "no such arrow")
	c.expect(got.URL+"/arrow?from=a", 422)
	c.expect(got.URL+"/arrow?from=a&to=b&view=x", 422, "no view")
	c.expect(got.URL+"/arrow?from=a&to=b&limit=1001", 422)
	c.expect("/traces/unknown/arrow?from=a&to=b", 404)
}

func TestHistogram(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	got := c.start(string(w.yaml))
	h := read[flow.Histogram](c, got.URL+"/histogram?bins=4")
	if len(h.Bins) != 4 || h.Asset == "" || h.Bins[0].Steps == 0 {
		t.Errorf("%+v", h)
	}
	c.expect(got.URL+"/histogram.csv?bins=3", 200, "since,until,tainted_raw")
	c.expect(got.URL+"/histogram?asset=eip155:1/slip44:60", 200, "ETH")
	c.expect(got.URL+"/histogram?asset=nonsense", 422, "nothing in")
	c.expect(got.URL+"/histogram?bins=201", 422)
	c.expect("/traces/unknown/histogram", 404)
}

// What is asked for wrongly is refused, and said why.
func TestBoardRefuses(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	got := c.start(string(w.yaml))
	many := func(n int) []string { return slices.Repeat([]string{"fold:1"}, n) }
	places := map[string][2]int{}
	for i := range 2001 {
		places[fmt.Sprint(i)] = [2]int{i, i}
	}
	long := strings.Repeat("x", 201)
	for want, bodies := range map[int][]any{
		http.StatusUnprocessableEntity: {
			map[string]any{"trace": got.ID, "mode": "sideways"}, map[string]any{"trace": got.ID, "since": "yesterday"}, map[string]any{"nonsense": 1}, []int{1},
			map[string]any{"open": many(1001)}, map[string]any{"hide": many(1001)}, map[string]any{"collapse": many(1001)}, map[string]any{"keep": many(1001)}, map[string]any{"placed": places},
			map[string]any{"placed": map[string]any{"a": []int{1}}}, map[string]any{"placed": map[string]any{"a": []int{1 << 30, 0}}}, map[string]any{"placed": map[string]any{"a": []float64{0.5, 1}}},
			map[string]any{"highlight": []string{"a"}}, map[string]any{"highlight": []string{"a", "b", "c"}}, map[string]any{"open": []string{long}}, map[string]any{"hide": []string{"a\u0000"}},
			map[string]any{"start": []string{"nonsense"}}, map[string]any{"start": []string{"ethereum:0x00"}}, map[string]any{"start": many(21)}, map[string]any{"start": []string{"nochain:0x00"}},
			map[string]any{"expand": []any{map[string]any{"address": w.end("exchange").CAIP10(), "direction": "up"}}},
			map[string]any{"expand": []any{map[string]any{"address": w.end("exchange").CAIP10(), "direction": "in", "top": 51}}},
			map[string]any{"expand": []any{map[string]any{"address": w.end("exchange").CAIP10(), "direction": "in", "min_raw": "-1"}}},
			map[string]any{"expand": []any{map[string]any{"address": "ethereum:" + w.ethereum.Truth.Seeds[0].Tx.Text(graph.AccountFamily), "direction": "in"}}},
			map[string]any{"expand": slices.Repeat([]any{map[string]any{"address": "a", "direction": "in"}}, 41)},
		},
		http.StatusNotFound: {
			map[string]any{"trace": "unknown"}, map[string]any{"start": []string{"ethereum:" + strings.Repeat("ab", 32)}}, map[string]any{"start": []string{"base:0x0000000000000000000000000000000000000001"}},
		},
	} {
		for _, body := range bodies {
			if r := c.ask("POST", "/board", ask(body), asJSON); r.status != want {
				t.Errorf("%.200s: %d, want %d: %.200s", ask(body), r.status, want, r.body)
			}
		}
	}
	if r := c.ask("POST", "/board", `{"open":["`+strings.Repeat("x", 300<<10)+`"]}`, asJSON); r.status != http.StatusRequestEntityTooLarge {
		t.Errorf("a body of 300 KiB: %d", r.status)
	}
	if r := c.ask("POST", "/board", `{"trace":"`+got.ID+`"}`, asJSON, html); r.status != http.StatusNotAcceptable {
		t.Errorf("as HTML: %d", r.status)
	}
	if r := c.ask("POST", "/board", `{`, asJSON); r.status/100 != 4 {
		t.Errorf("half a body: %d", r.status)
	}
}

// While a trace runs there is no picture of it.
func TestBoardOfRunningTrace(t *testing.T) {
	w := newWorld(t)
	c, open := gated(t, w, nil)
	defer open()
	r := c.ask("POST", "/traces", string(w.yaml))
	at := r.header.Get("Location")
	c.holds("board", c.ask("POST", "/board", `{"trace":"`+strings.TrimPrefix(at, "/traces/")+`"}`, asJSON), http.StatusServiceUnavailable, "still runs")
	c.expect(at+"/histogram", http.StatusServiceUnavailable)
	c.expect(at+"/arrow?from=a&to=b", http.StatusServiceUnavailable)
}

// Without a trace the ledger is drawn: an address and with whom it dealt, a
// transaction and its parties. Amounts are those of the history.
func TestBoardOfLedger(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	exchange := w.end("exchange")
	p := c.board(ask(map[string]any{"expand": []any{map[string]any{"address": exchange.CAIP10(), "direction": "in", "top": 3}, map[string]any{"address": exchange.CAIP10(), "direction": "out", "top": 50, "order": "newest"}}}))
	center := boxOf(p, exchange.CAIP10())
	if center == nil || center.Column != 0 || center.Labels[0].Name == "" || center.Members != 0 {
		t.Fatalf("%+v", center)
	}
	ins, outs := 0, 0
	for _, a := range p.Arrows {
		from, to := boxOf(p, a.From), boxOf(p, a.To)
		if a.Kind != flow.RelationArrow || a.Statement != graph.Fact || len(a.Amounts) == 0 || a.RowsURL == "" || a.Steps < 1 || from == nil || to == nil {
			t.Errorf("arrow %+v", a)
			continue
		}
		if to == center {
			ins++
			if from.X >= center.X {
				t.Errorf("%s stands at %d, whom it paid at %d", from.Key, from.X, center.X)
			}
		} else {
			outs++
		}
	}
	rows := must(csv.NewReader(strings.NewReader(c.expect(addressPath(exchange)+"?format=csv&limit=500&direction=out", 200).body)).ReadAll())
	payees := map[string]bool{}
	for _, row := range rows[1:] {
		if kind, to := row[8], row[10]; to != "" && to != exchange.String() && !strings.Contains(kind, "fee") {
			payees[to] = true
		}
	}
	if ins != 3 || outs != min(50, len(payees)) || outs == 0 {
		t.Errorf("%d in, %d out of %d", ins, outs, len(payees))
	}
	if !strings.Contains(fmt.Sprint(p.Notes), "more senders were read and are not drawn") {
		t.Errorf("notes %v", p.Notes)
	}
	theft := c.board(ask(map[string]any{"start": []string{"ethereum:" + w.ethereum.Truth.Seeds[0].Tx.Text(graph.AccountFamily), "bitcoin:" + w.bitcoin.Truth.Seeds[0].Tx.Text(graph.UTXOFamily)}}))
	kinds := map[string]int{}
	for _, a := range theft.Arrows {
		kinds[a.Kind]++
	}
	if kinds["relation"] < 2 || kinds["joint"] < 2 {
		t.Errorf("the parties of two transactions: %v", kinds)
	}
	if unknown := c.board(ask(map[string]any{"expand": []any{map[string]any{"address": "ethereum:0x00000000000000000000000000000000000000ff", "direction": "in"}}})); len(unknown.Boxes) != 1 || !strings.Contains(fmt.Sprint(unknown.Notes), "no transfer of it") {
		t.Errorf("%+v", unknown)
	}
	// What strangers wrote is shown as text, escaped.
	evil := c.board(ask(map[string]any{"start": []string{w.victim.CAIP10(), "optimism:" + w.attack.Text(graph.AccountFamily)}}))
	text := ask(evil)
	if strings.ContainsAny(text, "\u202e\u200b") || !strings.Contains(text, `\\u202e`) {
		t.Errorf("hostile text as it is: %.600s", text)
	}
	if empty := c.board(`{}`); len(empty.Boxes) != 0 || empty.Elements > 10 {
		t.Errorf("%+v", empty)
	}
}

// An address of very many transfers is never read whole; what was left out is
// said.
func TestExpandIsBounded(t *testing.T) {
	chain := graphtest.Ethereum()
	store := graphtest.NewModel()
	hub := graphtest.Account(chain, 1)
	const n = 3000
	var blocks []graph.Block
	for i := range n {
		blocks = append(blocks, graph.Block{Header: graph.Header{Height: uint32(i + 1), Time: int64(i) * 3600}, Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}, Source: "hub",
			Txs: []graph.Tx{{Hash: graphtest.Hash(fmt.Sprint(i)), Transfers: []graph.Transfer{{Kind: graph.KindNative, Seq: must(graph.CallSeq(0)), From: graphtest.Account(chain, 10+i%700), To: hub, Asset: chain.Native(), Amount: graph.Amount{uint64(i + 1)}}}}}})
	}
	if err := must(store.Ledger(t.Context(), chain)).Apply(t.Context(), blocks...); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	counted := &countingStore{Store: store}
	c := w.serve(t, func(config *web.Config) {
		config.Limits.Scan = 1000
		config.Open = counted.open
	})
	body := ask(map[string]any{"expand": []any{map[string]any{"address": hub.CAIP10(), "direction": "in", "top": 5, "order": "newest"}}})
	p := c.board(body)
	if len(p.Boxes) != 6 || !strings.Contains(fmt.Sprint(p.Notes), "has 3000 transfers; the newest were read, back to block") {
		t.Fatalf("%d boxes, %v", len(p.Boxes), p.Notes)
	}
	newest := graphtest.Account(chain, 10+(n-1)%700)
	if boxOf(p, newest.CAIP10()) == nil {
		t.Errorf("the newest payer %s is not there", newest)
	}
	if counted.entries > 500 {
		t.Errorf("%d entries were read, 100 of a part may be, four times for the search", counted.entries)
	}
	if once := c.ask("POST", "/board", body, asJSON).body; once != c.ask("POST", "/board", body, asJSON).body {
		t.Error("asked again it differs")
	}
	early := c.board(ask(map[string]any{"expand": []any{map[string]any{"address": hub.CAIP10(), "direction": "in", "top": 5, "until": "1970-01-05"}}}))
	for _, a := range early.Arrows {
		if a.Last > "1970-01-05T23:59:59Z" {
			t.Errorf("until is passed by %+v", a)
		}
	}
	if same := c.board(ask(map[string]any{"until": "1970-01-05", "asset": chain.Native().String(), "expand": []any{map[string]any{"address": hub.CAIP10(), "direction": "in", "top": 5}}})); len(same.Arrows) != 5 || same.Arrows[0].Last != early.Arrows[0].Last {
		t.Errorf("the times of the picture are not those of its expansions: %+v", same.Arrows)
	}
	if none := c.board(ask(map[string]any{"expand": []any{map[string]any{"address": hub.CAIP10(), "direction": "in", "asset": graphtest.Token(chain, 9).String()}}})); len(none.Arrows) != 0 || !strings.Contains(fmt.Sprint(none.Notes), "no transfer in") {
		t.Errorf("an asset that the ledger has not: %+v", none)
	}
	// A picture that nobody could look at is refused, not cut.
	windows := []any{}
	for i := range 40 {
		day := time.Unix(0, 0).UTC().AddDate(0, 0, 3*i)
		windows = append(windows, map[string]any{"address": hub.CAIP10(), "direction": "in", "top": 50, "since": day.Format(time.DateOnly), "until": day.AddDate(0, 0, 2).Format(time.DateOnly)})
	}
	c.holds("40 expansions", c.ask("POST", "/board", ask(map[string]any{"expand": windows}), asJSON), http.StatusUnprocessableEntity, "at most 3000 can be looked at")
	if len(early.Arrows) != 5 {
		t.Errorf("%d arrows until then", len(early.Arrows))
	}
}

// countingStore counts the entries of histories that are read.
type countingStore struct {
	graph.Store
	entries int
}

func (s *countingStore) open(context.Context) (*web.Reading, error) {
	return &web.Reading{Store: s, Release: func() error { return nil }}, nil
}

func (s *countingStore) Ledger(ctx context.Context, chain graph.Chain) (graph.Ledger, error) {
	l, err := s.Store.Ledger(ctx, chain)
	return &countingLedger{l, s}, err
}

type countingLedger struct {
	graph.Ledger
	s *countingStore
}

func (l *countingLedger) View(ctx context.Context) (graph.View, error) {
	v, err := l.Ledger.View(ctx)
	return &countingView{v, l.s}, err
}

type countingView struct {
	graph.View
	s *countingStore
}

func (v *countingView) History(ctx context.Context, id graph.ID, from graph.Position) iter.Seq2[graph.Entry, error] {
	return func(yield func(graph.Entry, error) bool) {
		for e, err := range v.View.History(ctx, id, from) {
			v.s.entries++
			if !yield(e, err) {
				return
			}
		}
	}
}

func TestWorkspacePage(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	got := c.start(string(w.yaml))
	c.holds("save", c.ask("PUT", "/cases/demo", string(w.yaml)), 200)
	tx := "ethereum:" + w.ethereum.Truth.Seeds[0].Tx.Text(graph.AccountFamily)
	page := c.page("/workspace?trace=" + got.ID + "&case=demo&start=" + tx)
	for _, want := range []string{`<div id="workspace">`, got.URL, "/cases/demo", "/tx/ethereum/0x", "<noscript>"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	script := strings.Contains(page, `<script type="module" src="/assets/workspace.js"></script>`)
	if r := c.ask("GET", "/assets/workspace.js", ""); (r.status == 200) != script {
		t.Errorf("the script: %d, the page has it: %v", r.status, script)
	}
	for path, want := range map[string]string{
		"/workspace": `id="workspace"`, addressPath(w.victim): "/workspace?start=optimism%3A0x", "/tx/ethereum/" + strings.TrimPrefix(tx, "ethereum:"): "/workspace?start=ethereum%3A0x", "/cases/demo": "/workspace?case=demo",
	} {
		if !strings.Contains(c.page(path), want) {
			t.Errorf("%s has no %q", path, want)
		}
	}
	c.expect("/openapi.json", 200, `"/board"`, `"/traces/{id}/arrow"`, `"/traces/{id}/histogram"`, `"/workspace"`)
	c.expect("/workspace?trace=unknown", 404)
	c.expect("/workspace?case=unknown", 404)
	c.expect("/workspace?case=../../etc", 422)
	c.expect("/workspace?start=nonsense", 422)
}

// The first picture of a trace of 20,000 addresses is small and soon there.
func TestFirstPaint(t *testing.T) {
	if testing.Short() || raced() {
		t.Skip("it traces 20,000 addresses and measures time")
	}
	c, page, _ := serveFan(t, 20_000)
	body := `{"trace":"` + strings.TrimPrefix(page, "/traces/") + `"}`
	p := c.board(body)
	if p.Elements > 500 || len(p.Boxes) < 8 || p.Folded < 19_000 {
		t.Errorf("%d elements, %d boxes, %d folded", p.Elements, len(p.Boxes), p.Folded)
	}
	best := time.Hour
	for range 5 {
		began := time.Now()
		c.ask("POST", "/board", body, asJSON)
		best = min(best, time.Since(began))
	}
	if limit := 300 * time.Millisecond; best > limit {
		t.Errorf("it took %v, at most %v were promised", best, limit)
	}
	t.Logf("%d boxes, %d arrows, %d elements in %v", len(p.Boxes), len(p.Arrows), p.Elements, best)
}

// raced tells whether the race detector, which makes all slow, is on.
func raced() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// Whatever is sent, it is drawn or refused.
func FuzzBoard(f *testing.F) {
	w := newWorld(f)
	c := w.serve(f, nil)
	got := c.start(string(w.yaml))
	a := w.end("exchange").CAIP10()
	for _, body := range []string{
		`{}`, `{"trace":"` + got.ID + `"}`, `{"trace":"` + got.ID + `","mode":"time","open":["fold:1","fold:t1"],"collapse":["all"],"hide":["` + a + `"],"single":true,"highlight":["` + a + `","fold:1"]}`,
		`{"start":["` + a + `"],"placed":{"` + a + `":[1,-5]},"expand":[{"address":"` + a + `","direction":"in","asset":"native","since":"2020-01-01"}]}`,
		`{"since":"9999-12-31T23:59:59Z","until":"0001-01-01"}`, `[]`, `null`, `{"placed":{"":[9,9]}}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r := (&client{t, c.s}).ask("POST", "/board", body, asJSON)
		if r.status >= 500 || r.status < 200 || !json.Valid([]byte(r.body)) {
			t.Fatalf("%q: %d %s", body, r.status, r.body)
		}
	})
}
