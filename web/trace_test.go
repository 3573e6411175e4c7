package web_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spoor/graph"
	"spoor/report"
	"spoor/trace"
	"spoor/web"
)

type traceJSON struct {
	ID, State, Error, URL string
	Sections              []struct{ Title string }
	Steps                 []struct{ Text, Statement string } `json:"next_steps"`
	Tables                []struct{ Name, URL, CSV string }
}

// start traces a case and waits for its end.
func (c *client) start(yaml string) traceJSON {
	c.t.Helper()
	r := c.ask("POST", "/traces", yaml, "Content-Type: application/yaml")
	if r.status != http.StatusAccepted {
		c.t.Fatalf("start: %d %s", r.status, r.body)
	}
	at := r.header.Get("Location")
	for range 3000 {
		if got := read[traceJSON](c, at); got.State != "running" {
			return got
		}
		time.Sleep(20 * time.Millisecond)
	}
	c.t.Fatal("the trace does not end")
	return traceJSON{}
}

// folder is the evidence as the command line writes it.
func (w *world) folder(t *testing.T, yaml string) string {
	t.Helper()
	views := map[graph.ChainID]graph.View{}
	for _, chain := range must(w.store.Chains(t.Context())) {
		views[chain.ID] = must(must(w.store.Ledger(t.Context(), chain)).View(t.Context()))
	}
	reading := must(w.config(t).Open(t.Context()))
	found, err := trace.Run(t.Context(), views, must(trace.ParseCase([]byte(yaml))), trace.Known{Labels: reading.Labels})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "evidence")
	if err := report.Write(dir, found, reading.Manifest); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Every table is, byte for byte, the file that the command line writes; so is
// every file of the archive.
func TestEvidenceIsThatOfTheCommandLine(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	got := c.start(string(w.yaml))
	if got.State != "finished" || len(got.Tables) != len(report.Tables()) {
		t.Fatalf("%s, %d tables", got.State, len(got.Tables))
	}
	dir := w.folder(t, string(w.yaml))
	for _, table := range got.Tables {
		r := c.expect(table.CSV, 200)
		want := must(os.ReadFile(filepath.Join(dir, table.Name+".csv")))
		if r.body != string(want) {
			t.Errorf("%s differs from the file", table.Name)
		}
		c.expect(table.URL, 200, `"columns"`)
		if page := c.page(table.URL); !strings.Contains(page, "What the columns mean") {
			t.Errorf("%s has no page", table.Name)
		}
	}
	archive := c.expect(got.URL+"/evidence", 200)
	again := c.expect(got.URL+"/evidence", 200)
	if archive.body != again.body {
		t.Error("two archives of one trace differ")
	}
	z, err := zip.NewReader(strings.NewReader(archive.body), int64(len(archive.body)))
	if err != nil {
		t.Fatal(err)
	}
	files := must(os.ReadDir(dir))
	if len(z.File) != len(files) {
		t.Errorf("%d files in the archive, %d in the folder", len(z.File), len(files))
	}
	for _, f := range z.File {
		data := must(io.ReadAll(must(f.Open())))
		if want := must(os.ReadFile(filepath.Join(filepath.Dir(dir), f.Name))); !bytes.Equal(data, want) {
			t.Errorf("%s differs", f.Name)
		}
	}
}

func TestTracePage(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	got := c.start(string(w.yaml))
	page := c.page(got.URL)
	for _, want := range []string{"What to do next", "Demo Exchange hot wallet to freeze it", "Still held", "Choke points", "Books", "difference 0", "Not looked at", "trace.csv", w.end("exchange").String()} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	var titles []string
	for _, s := range got.Sections {
		titles = append(titles, s.Title)
	}
	if all := strings.Join(titles, "|"); !strings.Contains(all, "Stolen|Still held|Ended|") {
		t.Errorf("sections %s", all)
	}
	// The same case on the same ledgers is the same trace; by another method it
	// is another.
	if again := c.start(string(w.yaml)); again.ID != got.ID {
		t.Error("the same case gives another trace")
	}
	other := c.ask("POST", "/traces", url.Values{"yaml": {strings.ReplaceAll(string(w.yaml), "\n", "\r\n")}, "method": {"haircut"}}.Encode(), form, html)
	if other.status != http.StatusSeeOther || other.header.Get("Location") == got.URL {
		t.Errorf("by haircut: %d %s", other.status, other.header.Get("Location"))
	}
	if list := c.page("/traces"); !strings.Contains(list, got.ID) {
		t.Error("the list does not have the trace")
	}
	c.expect("/traces.csv", 200, got.ID)
	c.expect("/traces/new", 200)
	c.expect("/traces/unknown", 404, "trace the case again")
	c.expect(got.URL+"/evidence/passwords", 404)
	c.expect(got.URL+"/evidence/passwords.csv", 404)
	c.expect(got.URL+".csv", 406, "no rows")
}

// The form gives what the file of it would.
func TestTraceForm(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	seed := "ethereum:" + w.ethereum.Truth.Seeds[0].Tx.Text(graph.AccountFamily)
	if page := c.page("/traces/new?" + url.Values{"seed": {seed}}.Encode()); !strings.Contains(page, seed+"</textarea>") || strings.Contains(page, "value=\"rank\"") {
		t.Error("the form does not have the seed, or offers what it cannot do")
	}
	sent := url.Values{"name": {"by form"}, "seeds": {seed + "\r\n"}, "method": {"lifo"}, "max_hops": {"3"}, "coinjoin": {"stop"}, "share": {""}}
	r := c.ask("POST", "/traces", sent.Encode(), form, html)
	if r.status != http.StatusSeeOther {
		t.Fatalf("%d %s", r.status, r.body)
	}
	byFile := c.start("name: by form\nmethod: lifo\nmax_hops: 3\nseeds: [\"" + seed + "\"]\n")
	if r.header.Get("Location") != byFile.URL || byFile.State != "finished" {
		t.Errorf("the form gives %s, the file %s %s", r.header.Get("Location"), byFile.URL, byFile.State)
	}
	if r := c.ask("POST", "/traces", "name: by form\nmethod: lifo\nmax_hops: 3\nseeds: [\""+seed+"\"]\n", form); r.header.Get("Location") != byFile.URL {
		t.Errorf("a file that curl calls a form: %d %s", r.status, r.body)
	}
	byJSON := c.ask("POST", "/traces", `{"name": "by form", "method": "lifo", "max_hops": 3, "seeds": ["`+seed+`"]}`, "Content-Type: application/json")
	if byJSON.header.Get("Location") != byFile.URL {
		t.Error("JSON gives another trace")
	}
	for _, wrong := range []url.Values{
		{"seeds": {""}}, {"seeds": {"nonsense"}}, {"seeds": {seed}, "max_hops": {"many"}}, {"seeds": {seed}, "max_hops": {"-1"}}, {"seeds": {seed}, "method": {"rank"}},
		{"seeds": {seed}, "share": {"2"}}, {"seeds": {seed}, "direction": {"sideways"}}, {"yaml": {"seeds: [" + seed + "]\nnonsense: 1"}}, {"case": {"../../etc/passwd"}},
	} {
		if r := c.ask("POST", "/traces", wrong.Encode(), form, html); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `class="error"`) {
			t.Errorf("%v: %d", wrong, r.status)
		}
	}
}

// gated is a server whose traces wait at a gate.
func gated(t *testing.T, w *world, change func(*web.Config)) (c *client, open func()) {
	gate := make(chan struct{})
	c = w.serve(t, func(config *web.Config) {
		open := config.Open
		config.Open = func(ctx context.Context) (*web.Reading, error) {
			r, err := open(ctx)
			if err == nil {
				labels := r.Labels
				r.Labels = func(a graph.Address) []graph.Label { <-gate; return labels(a) }
			}
			return r, err
		}
		if change != nil {
			change(config)
		}
	})
	closed := false
	open = func() {
		if !closed {
			close(gate)
		}
		closed = true
	}
	t.Cleanup(open)
	return c, open
}

func TestTraceRunsOnAndIsCancelled(t *testing.T) {
	w := newWorld(t)
	c, open := gated(t, w, func(config *web.Config) { config.Limits.Traces = 1 })
	r := c.ask("POST", "/traces", string(w.yaml))
	at := r.header.Get("Location")
	c.holds("start", r, http.StatusAccepted, `"state":"running"`)
	page := c.page(at)
	if !strings.Contains(page, "Running for") || !strings.Contains(page, at+"/cancel") {
		t.Error("the page does not say that the trace runs")
	}
	busy := c.ask("POST", "/traces", strings.Replace(string(w.yaml), "fifo", "lifo", 1))
	c.holds("a second trace", busy, http.StatusServiceUnavailable, "as many traces run")
	if busy.header.Get("Retry-After") == "" {
		t.Error("it does not say when to try again")
	}
	c.expect(at+"/evidence/trace.csv", http.StatusServiceUnavailable, "still runs")
	c.holds("cancel", c.ask("POST", at+"/cancel", ""), http.StatusAccepted)
	open()
	var got traceJSON
	for range 200 {
		if got = read[traceJSON](c, at); got.State != "running" {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if got.State != "cancelled" {
		t.Errorf("state %s", got.State)
	}
	c.expect(at+"/evidence/trace.csv", http.StatusNotFound, "cancelled")
	// It can be traced again, and then is there.
	if again := c.start(string(w.yaml)); again.State != "finished" {
		t.Errorf("again: %+v", again)
	}
}

// A trace backward asks where value came from: nothing is to be frozen there.
func TestTraceBackward(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	got := c.start(strings.Replace(string(w.yaml), "method: fifo", "method: fifo\ndirection: backward", 1))
	if got.State != "finished" || len(got.Steps) != 0 {
		t.Fatalf("%s %s, steps %+v", got.State, got.Error, got.Steps)
	}
	if page := c.page(got.URL); strings.Contains(page, "since the theft") || strings.Contains(page, "What to do next") {
		t.Error("the page tells of a theft that went on")
	}
}

func TestTraceDeadline(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, func(config *web.Config) { config.Limits.TraceTime = time.Nanosecond })
	if got := c.start(string(w.yaml)); got.State != "failed" || !strings.Contains(got.Error, "longer than a trace may") {
		t.Errorf("got %+v", got)
	}
}

// Only so many traces are kept; the oldest are forgotten.
func TestTracesAreForgotten(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, func(config *web.Config) { config.Limits.Kept = 2 })
	var ids []string
	for _, method := range []string{"fifo", "lifo", "haircut"} {
		ids = append(ids, c.start(strings.Replace(string(w.yaml), "method: fifo", "method: "+method, 1)).URL)
	}
	c.expect(ids[0], http.StatusNotFound)
	c.expect(ids[1], http.StatusOK)
	c.expect(ids[2], http.StatusOK)
}

func TestProgress(t *testing.T) {
	w := newWorld(t)
	c, open := gated(t, w, nil)
	server := httptest.NewServer(c.s)
	defer server.Close()
	at := c.ask("POST", "/traces", string(w.yaml)).header.Get("Location")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r := must(http.NewRequestWithContext(ctx, "GET", server.URL+at+"/progress", nil))
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // read to its end
	if kind := response.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Errorf("type %s", kind)
	}
	var events []string
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if name, isEvent := strings.CutPrefix(lines.Text(), "event: "); isEvent {
			events = append(events, name)
			open()
		}
		if data, isData := strings.CutPrefix(lines.Text(), "data: "); isData && !json.Valid([]byte(data)) {
			t.Errorf("data %q", data)
		}
	}
	if len(events) < 2 || events[0] != "progress" || events[len(events)-1] != "end" {
		t.Errorf("events %v", events)
	}
	c.expect("/traces/unknown/progress", http.StatusNotFound)
}

// On the way it is told what was found so far.
func TestPartialResults(t *testing.T) {
	w := newWorld(t)
	pass := make(chan struct{})
	c := w.serve(t, func(config *web.Config) {
		open := config.Open
		config.Open = func(ctx context.Context) (*web.Reading, error) {
			r, err := open(ctx)
			labels := r.Labels
			r.Labels = func(a graph.Address) []graph.Label { <-pass; return labels(a) }
			return r, err
		}
	})
	at := c.ask("POST", "/traces", string(w.yaml)).header.Get("Location")
	type told struct {
		State string
		SoFar *struct {
			Reached, Hop int
			Ended        []struct {
				Reason  string
				Amounts []struct{ Asset, Raw, Text string }
			}
		} `json:"so_far"`
	}
	reached := 0
	for {
		got := read[told](c, at)
		if got.State != "running" || got.SoFar == nil {
			t.Fatalf("it ended, and nothing was told on the way: %+v", got)
		}
		if got.SoFar.Reached < reached {
			t.Fatalf("%d addresses after %d", got.SoFar.Reached, reached)
		}
		if reached = got.SoFar.Reached; len(got.SoFar.Ended) > 0 && got.SoFar.Hop > 0 {
			if end := got.SoFar.Ended[0]; end.Reason == "" || len(end.Amounts) == 0 || end.Amounts[0].Raw == "0" || end.Amounts[0].Asset == "" {
				t.Errorf("%+v", end)
			}
			break
		}
		pass <- struct{}{} // a step on
	}
	if page := c.page(at); !strings.Contains(page, "So far") {
		t.Error("the page does not tell it")
	}
	server := httptest.NewServer(c.s)
	defer server.Close()
	response, err := http.Get(server.URL + at + "/progress")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // read as far as it is wanted
	lines := bufio.NewReader(response.Body)
	event, data := must(lines.ReadString('\n')), must(lines.ReadString('\n'))
	if event != "event: progress\n" || !strings.Contains(data, `"ended":[{"reason":`) || strings.Contains(data, `"reached":0`) {
		t.Errorf("%s%s", event, data)
	}
	close(pass)
	if got := read[told](c, c.start(string(w.yaml)).URL); got.SoFar != nil {
		t.Error("a finished trace tells what it had found before")
	}
}

func TestCases(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	if list := c.page("/cases"); !strings.Contains(list, "New case") {
		t.Error("no way to make a case")
	}
	saved := c.ask("PUT", "/cases/bridge-2026", string(w.yaml))
	c.holds("save", saved, 200, "bridge-2026")
	tag := saved.header.Get("ETag")
	if tag == "" {
		t.Fatal("no version")
	}
	c.holds("save as new again", c.ask("PUT", "/cases/bridge-2026", string(w.yaml)), http.StatusConflict, "meanwhile")
	other := strings.Replace(string(w.yaml), "the demo", "another name", 1)
	c.holds("save with an old version", c.ask("PUT", "/cases/bridge-2026", other, `If-Match: "0000"`), http.StatusConflict)
	next := c.ask("PUT", "/cases/bridge-2026", other, "If-Match: "+tag)
	c.holds("save", next, 200, "another name")
	c.holds("save what was saved meanwhile", c.ask("PUT", "/cases/bridge-2026", string(w.yaml), "If-Match: "+tag), http.StatusConflict)
	version := strings.Trim(next.header.Get("ETag"), `"`)
	byForm := c.ask("POST", "/cases", url.Values{"slug": {"bridge-2026"}, "version": {version}, "yaml": {strings.ReplaceAll(string(w.yaml), "\n", "\r\n")}}.Encode(), form, html)
	c.holds("by form", byForm, http.StatusSeeOther)
	if page := c.page("/cases/bridge-2026"); !strings.Contains(page, "the demo") || !strings.Contains(page, "Trace it by fifo") {
		t.Error("the page does not have the case")
	}
	r := c.ask("POST", "/traces", "case=bridge-2026", form, html)
	c.holds("trace", r, http.StatusSeeOther)
	if page := c.page("/cases/bridge-2026"); !strings.Contains(page, r.header.Get("Location")) {
		t.Error("the page does not have the trace")
	}
	c.expect("/cases.csv", 200, "bridge-2026,the demo,fifo")
	c.expect("/cases/unknown", 404)
	c.expect("/search?q=bridge", 200, "/cases/bridge-2026")
	for _, wrong := range []string{"", "seeds: []", "seeds: [nonsense]", "a: &a [1]\nb: *a", "\xff\xfe"} {
		if r := c.ask("PUT", "/cases/wrong", wrong); r.status < 400 || r.status >= 500 {
			t.Errorf("%q: %d %s", wrong, r.status, r.body)
		}
	}
	c.expect("/cases/wrong", 404)
}

// While another process writes, every page says so, and none fails otherwise.
func TestStoreInUse(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, func(config *web.Config) {
		config.Open = func(context.Context) (*web.Reading, error) {
			return nil, fmt.Errorf("open store: %w", graph.ErrInUse)
		}
	})
	for _, path := range []string{"/", "/coverage", "/search?q=1", "/tx/ethereum/" + strings.Repeat("ab", 32), "/block/ethereum/1", addressPath(w.victim)} {
		r := c.ask("GET", path, "", html)
		c.holds(path, r, http.StatusServiceUnavailable, "being written by another process")
		if r.header.Get("Retry-After") == "" {
			t.Errorf("%s: when to try again?", path)
		}
	}
	c.holds("trace", c.ask("POST", "/traces", string(w.yaml)), http.StatusServiceUnavailable)
	c.page("/cases")
}

// A ledger that is written in this process is served meanwhile: every answer is
// of one snapshot.
func TestServesWhileWritten(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	chain := graph.ChainOf("eip155:137")
	l := must(w.store.Ledger(t.Context(), chain))
	done := make(chan error, 1)
	go func() {
		for i := range 200 {
			to := graph.EVMAddress(chain.ID, [20]byte{1})
			b := graph.Block{Header: graph.Header{Height: uint32(i + 1), Time: int64(i)}, Know: graph.Knowledge{Transfers: graph.Full}, Source: "test",
				Txs: []graph.Tx{{Hash: graph.Hash{byte(i), 1}, Transfers: []graph.Transfer{{Kind: graph.KindNative, From: graph.EVMAddress(chain.ID, [20]byte{2}), To: to, Asset: chain.Native(), Amount: graph.Amount{1}}}}}}
			if err := l.Apply(t.Context(), b); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	path := addressPath(graph.EVMAddress(chain.ID, [20]byte{1}))
	for running := true; running; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			running = false
		default:
		}
		r := c.ask("GET", path+"?limit=500", "")
		if r.status == http.StatusNotFound {
			continue
		}
		var got addressJSON
		if err := json.Unmarshal([]byte(r.body), &got); err != nil || got.Entries.Count != len(got.Transfers) || fmt.Sprint(got.Entries.Count) != got.Sums.Balances[0].NetRaw {
			t.Fatalf("%d: an answer of two snapshots: %+v %v", r.status, got.Entries, err)
		}
	}
	if got := read[addressJSON](c, path); got.Entries.Count != 200 {
		t.Errorf("%d entries in the end", got.Entries.Count)
	}
}
