package web_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/web"
)

// Whoever makes a name of his own point here (DNS rebinding) gets nothing.
func TestHosts(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, func(config *web.Config) {
		config.Access = web.Access{Token: "0123456789abcdef", Hosts: []string{"spoor.example", "10.0.0.5"}}
	})
	const token = "Authorization: Bearer 0123456789abcdef"
	for host, want := range map[string]int{
		"127.0.0.1:8477": 200, "localhost:8477": 200, "localhost": 200, "[::1]:8477": 200, "[::1]": 200, "127.8.8.8": 200, "LOCALHOST:1": 200, "localhost.": 200,
		"spoor.example": 200, "spoor.example:443": 200, "10.0.0.5:8477": 200,
		"evil.example": 421, "evil.example:8477": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example": 421, "10.0.0.6": 421, "": 421, "[::2]": 421, "0.0.0.0:8477": 421, "spoor.example.evil": 421,
	} {
		if r := c.ask("GET", "/coverage", "", "Host: "+host, token); r.status != want {
			t.Errorf("host %q: %d, want %d", host, r.status, want)
		}
	}
}

func TestToken(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, func(config *web.Config) { config.Access.Token = "correct horse battery" })
	basic := func(user, password string) string {
		r := httptest.NewRequest("GET", "/", nil)
		r.SetBasicAuth(user, password)
		return "Authorization: " + r.Header.Get("Authorization")
	}
	for _, test := range []struct {
		header string
		want   int
	}{
		{"X-None: 1", 401}, {"Authorization: Bearer ", 401}, {"Authorization: Bearer correct horse batterz", 401}, {"Authorization: Bearer correct horse battery ", 401},
		{"Authorization: correct horse battery", 401}, {basic("anybody", ""), 401}, {basic("correct horse battery", "x"), 401},
		{"Authorization: Bearer correct horse battery", 200}, {basic("anybody", "correct horse battery"), 200}, {basic("", "correct horse battery"), 200},
	} {
		for _, path := range []string{"/coverage", "/assets/spoor.css", "/openapi.json"} {
			r := c.ask("GET", path, "", test.header)
			if r.status != test.want {
				t.Errorf("%s with %q: %d, want %d", path, test.header, r.status, test.want)
			}
			if test.want == 401 && !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Basic ") {
				t.Errorf("%s: browsers are not asked", path)
			}
		}
	}
	if _, err := web.New(web.Config{Open: w.config(t).Open, Access: web.Access{Token: "short"}}); err == nil {
		t.Error("a token that can be guessed is taken")
	}
}

// A page of another site can send nothing that changes anything.
func TestCrossSite(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	id := c.start(string(w.yaml)).URL
	seed := url.Values{"yaml": {string(w.yaml)}}.Encode()
	for _, post := range []struct{ method, path, body string }{
		{"POST", "/traces", seed}, {"POST", "/cases", "slug=a&" + seed}, {"PUT", "/cases/a", string(w.yaml)}, {"POST", id + "/cancel", ""},
	} {
		for _, headers := range [][]string{
			{"Sec-Fetch-Site: cross-site", "Origin: https://evil.example"}, {"Sec-Fetch-Site: same-site"}, {"Origin: https://evil.example"}, {"Origin: null"},
			{"Origin: http://127.0.0.1:9999"}, {"Sec-Fetch-Site: cross-site"},
		} {
			if r := c.ask(post.method, post.path, post.body, append(headers, form)...); r.status != http.StatusForbidden {
				t.Errorf("%s %s with %v: %d", post.method, post.path, headers, r.status)
			}
		}
	}
	if list := c.ask("GET", "/cases.csv", ""); strings.Count(list.body, "\n") != 1 {
		t.Errorf("a case was saved: %s", list.body)
	}
	c.holds("our own form", c.ask("POST", "/traces", seed, form, "Sec-Fetch-Site: same-origin", "Origin: http://127.0.0.1:8477"), http.StatusAccepted)
	c.holds("our own form, old browser", c.ask("POST", "/traces", seed, form, "Origin: http://127.0.0.1:8477"), http.StatusAccepted)
	c.holds("a program", c.ask("POST", "/traces", seed, form), http.StatusAccepted)
}

// No name of a case, and no other part of an address, leads out of its folder.
func TestTraversal(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret.yaml")
	if err := os.WriteFile(secret, []byte("name: top secret\n"+string(w.yaml)[strings.Index(string(w.yaml), "method"):]), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := filepath.Join(dir, "cases")
	if err := os.Mkdir(cases, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(cases, "link.yaml")); err != nil {
		t.Fatal(err)
	}
	c := w.serve(t, func(config *web.Config) { config.Cases = cases })
	for _, name := range []string{"..%2fsecret", "../secret", "%2e%2e%2fsecret", "..%5csecret", "%2fetc%2fpasswd", "link", "secret%00", ".", "..", "Secret", strings.Repeat("a", 65), "a/../../secret", "%c0%ae%c0%ae%2fsecret", "-a", ".secret", "secret.yaml"} {
		for _, method := range []string{"GET", "PUT"} {
			body := ""
			if method == "PUT" {
				body = string(w.yaml)
			}
			r := c.ask(method, "/cases/"+name, body)
			if r.status < 300 || strings.Contains(r.body, "top secret") {
				t.Errorf("%s %s: %d %.200s", method, name, r.status, r.body)
			}
		}
		if r := c.ask("POST", "/traces", url.Values{"case": {name}}.Encode(), form); r.status < 400 {
			t.Errorf("trace %s: %d", name, r.status)
		}
	}
	if list := c.ask("GET", "/cases", ""); strings.Contains(list.body, "secret") {
		t.Errorf("the list: %s", list.body)
	}
	entries := must(os.ReadDir(dir))
	if len(entries) != 2 {
		t.Errorf("files beside the folder: %v", entries)
	}
	for _, path := range []string{"/assets/..%2fserver.go", "/assets/%2e%2e/server.go", "/assets/", "/assets/spoor.css%00", "/assets/../pages/layout.html"} {
		if r := c.ask("GET", path, ""); r.status != 404 && r.status != 301 {
			t.Errorf("%s: %d", path, r.status)
		}
	}
}

// hostilePages are all pages on which texts of strangers stand.
func hostilePages(t *testing.T, w *world, c *client) map[string]string {
	t.Helper()
	seed := "optimism:" + w.attack.Text(graph.AccountFamily)
	yaml := "name: " + fmt.Sprintf("%q", hostile[:len(hostile)-6]) + "\nnote: \"<script>\"\nmethod: fifo\nseeds: [\"" + seed + "\"]\nlabels:\n" +
		"  - {chain: optimism, address: \"" + w.victim.String() + "\", name: " + fmt.Sprintf("%q", "<script>alert(2)</script>\u202e") + ", category: exchange, source: \"<b>\", confidence: 5}\n"
	yaml = strings.ReplaceAll(yaml, `\u200b`, "\u200b")
	got := c.start(yaml)
	if got.State != "finished" {
		t.Fatalf("trace: %+v", got)
	}
	c.holds("save", c.ask("PUT", "/cases/hostile", yaml), 200)
	paths := []string{"/", "/coverage", "/cases", "/cases/hostile", "/traces", got.URL, addressPath(w.victim), "/tx/optimism/" + w.attack.Text(graph.AccountFamily), "/block/optimism/1",
		"/search?" + url.Values{"q": {hostile}}.Encode(), "/search?q=%3Cscript%3E", "/traces/new?" + url.Values{"seed": {hostile}}.Encode(), "/address/optimism/%3Cscript%3E", "/tx/optimism/%3Cscript%3E", "/cases/%3Cscript%3E", "/%3Cscript%3E",
		addressPath(w.victim) + "?" + url.Values{"kind": {hostile}}.Encode(), addressPath(w.victim) + "?asset=%3Cscript%3E", addressPath(w.victim) + "?limit=%3Cscript%3E", "/traces/%3Cscript%3E"}
	for _, table := range got.Tables {
		paths = append(paths, table.URL)
	}
	pages := map[string]string{}
	for _, path := range paths {
		pages[path] = c.ask("GET", path, "", html).body
	}
	return pages
}

// What strangers call things is shown as text, and every letter of it is seen.
func TestHostileTexts(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	element := regexp.MustCompile(`(?i)<script|<img|<b>|onerror=alert\(1\)>`)
	inline := regexp.MustCompile(`(?i)<[^>]*\s(?:style|on[a-z]+)\s*=|javascript:|<style`)
	quoted := regexp.MustCompile(`"[^"]*"`)
	fields := regexp.MustCompile(`(?s)<textarea.*?</textarea>|<input[^>]*>`)
	shown := 0
	for path, page := range hostilePages(t, w, c) {
		if !strings.HasPrefix(page, "<!doctype html>") || !strings.HasSuffix(page, "</html>\n") {
			t.Errorf("%s is no whole page: %.200s", path, page)
		}
		if at := element.FindStringIndex(page); at != nil {
			t.Errorf("%s: %q", path, page[max(0, at[0]-60):at[1]+20])
		}
		bare := quoted.ReplaceAllString(page, `""`)
		if at := inline.FindStringIndex(bare); at != nil {
			t.Errorf("%s has inline style or script: %q", path, bare[at[0]:at[1]])
		}
		// Fields of forms hold what is sent again as it is written.
		text := fields.ReplaceAllString(page, "")
		for _, r := range []string{"\u202e", "\u200b", "\xff", "\ufffd"} {
			if at := strings.Index(text, r); at >= 0 {
				t.Errorf("%s shows what cannot be seen: %q", path, text[max(0, at-60):at+10])
			}
		}
		if strings.Contains(text, `\u202e`) {
			shown++
		}
	}
	if shown < 8 {
		t.Errorf("the texts are on %d pages", shown)
	}
	page := c.page("/tx/optimism/" + w.attack.Text(graph.AccountFamily))
	golden(t, "hostile_tx.html", page)
	// As CSV they are no formulas, and as JSON they are what they are.
	for _, line := range strings.Split(c.ask("GET", addressPath(w.victim)+".csv", "").body, "\r\n") {
		if strings.HasPrefix(line, "=") || strings.Contains(line, ",=") {
			t.Errorf("a formula: %s", line)
		}
	}
	raw := read[addressJSON](c, addressPath(w.victim))
	if want := strings.ToValidUTF8(hostile, "\ufffd"); raw.Sums.Balances[0].Symbol != want {
		t.Errorf("JSON has %q", raw.Sums.Balances[0].Symbol)
	}
}

// Every answer forbids the browser what a page of ours never does.
func TestHeaders(t *testing.T) {
	c := newWorld(t).serve(t, nil)
	for _, r := range []reply{c.ask("GET", "/", "", html), c.ask("GET", "/nothing", "", html), c.ask("GET", "/", "", "Host: evil.example"), c.ask("GET", "/assets/spoor.css", ""), c.ask("GET", "/coverage.csv", ""), c.ask("DELETE", "/", "")} {
		policy := r.header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") ||
			r.header.Get("X-Content-Type-Options") != "nosniff" || r.header.Get("Referrer-Policy") != "same-origin" || r.header.Get("Access-Control-Allow-Origin") != "" || r.header.Get("Content-Type") == "" {
			t.Errorf("%d: %v", r.status, r.header)
		}
	}
	again := c.ask("GET", "/assets/spoor.css", "", "If-None-Match: "+c.ask("GET", "/assets/spoor.css", "").header.Get("ETag"))
	c.holds("style sheet again", again, http.StatusNotModified)
}

func TestOversize(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, func(config *web.Config) { config.Limits.Body = 10_000 })
	big := strings.Repeat("a", 20_000)
	for _, path := range []string{"/traces", "/cases"} {
		if r := c.ask("POST", path, "yaml="+big, form); r.status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
	if r := c.ask("PUT", "/cases/big", big); r.status != http.StatusRequestEntityTooLarge {
		t.Errorf("PUT: %d", r.status)
	}
	// Few bytes that would be many: aliases of aliases.
	bomb := "name: x\nseeds: &a [x,x,x,x,x,x,x,x,x,x]\nlabels:\n"
	for i := range 9 {
		bomb += fmt.Sprintf("b%d: &b%d [*a,*a,*a,*a,*a,*a,*a,*a]\n", i, i)
	}
	began := time.Now()
	if r := c.ask("POST", "/traces", bomb); r.status != http.StatusUnprocessableEntity || time.Since(began) > 30*time.Second {
		t.Errorf("aliases: %d after %s", r.status, time.Since(began))
	}
	for _, query := range []string{"limit=501", "limit=0", "limit=-1", "limit=1000000000", "limit=many", "top=101", "cursor=x", "cursor=1-2", "cursor=1-99999999-0", "min_raw=-1", "min_raw=1e9", "kind=x", "asset=x", "direction=up", "since=yesterday", "from_block=4294967296", "nonsense=1"} {
		if r := c.ask("GET", addressPath(w.victim)+"?"+query, ""); r.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", query, r.status)
		}
	}
	if r := c.ask("GET", c.start(string(w.yaml)).URL+"/evidence/trace?limit=1001", ""); r.status != http.StatusUnprocessableEntity {
		t.Errorf("a page of 1001 rows: %d", r.status)
	}
}

// listen serves on a real listener, with short times.
func listen(t *testing.T, s *web.Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- web.ServeWithin(ctx, l, s, 300*time.Millisecond) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// Clients that send their headers letter by letter are cut off, and keep nobody
// else from being served.
func TestSlowClients(t *testing.T) {
	c := newWorld(t).serve(t, nil)
	at := listen(t, c.s)
	var slow sync.WaitGroup
	began := time.Now()
	for range 50 {
		slow.Go(func() {
			conn, err := net.Dial("tcp", at)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close() //nolint:errcheck // the server has closed it
			for i := 0; time.Since(began) < 10*time.Second; i++ {
				if _, err := fmt.Fprintf(conn, "%c", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"[i%60]); err != nil {
					return
				}
				time.Sleep(50 * time.Millisecond)
			}
			t.Error("a slow client is served for ten seconds")
		})
	}
	response, err := http.Get("http://" + at + "/coverage")
	if err != nil || response.StatusCode != 200 {
		t.Errorf("others are not served: %v", err)
	} else {
		_, err = io.Copy(io.Discard, response.Body)
		if err := errorsJoin(err, response.Body.Close()); err != nil {
			t.Error(err)
		}
	}
	slow.Wait()
	conn := must(net.Dial("tcp", at))
	defer conn.Close()                                                                                           //nolint:errcheck // read to its end
	go fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: %s\r\n\r\n", strings.Repeat("a", 64<<10)) //nolint:errcheck // may be cut
	answer, _ := io.ReadAll(conn)
	if !bytes.HasPrefix(answer, []byte("HTTP/1.1 431")) {
		t.Errorf("headers of 64 KiB: %.60q", answer)
	}
}

func errorsJoin(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Of many listeners to a trace some are admitted and the others refused; when
// the server stops, all end.
func TestTooManyListeners(t *testing.T) {
	w := newWorld(t)
	c, _ := gated(t, w, func(config *web.Config) { config.Limits.Streams = 8 })
	at := listen(t, c.s)
	path := c.ask("POST", "/traces", string(w.yaml)).header.Get("Location") + "/progress"
	const listeners = 200
	admitted := make(chan *http.Response, listeners)
	refused := make(chan struct{}, listeners)
	var all sync.WaitGroup
	for range listeners {
		all.Go(func() {
			response, err := http.Get("http://" + at + path)
			if err != nil {
				t.Error(err)
				return
			}
			if response.StatusCode == http.StatusServiceUnavailable && response.Header.Get("Retry-After") != "" {
				refused <- struct{}{}
				_ = response.Body.Close() // nothing is wanted of it
				return
			}
			admitted <- response
		})
	}
	all.Wait()
	if len(admitted) != 8 || len(refused) != listeners-8 {
		t.Errorf("%d admitted, %d refused", len(admitted), len(refused))
	}
	// Pages are served beside them.
	c.expect("/coverage", 200)
	for range len(admitted) {
		_ = (<-admitted).Body.Close() // hangs up
	}
	for range 100 {
		response, err := http.Get("http://" + at + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close() // hangs up
		if response.StatusCode == 200 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("the places of those who hung up are not given free")
}

// More requests at the same time than the server takes are refused at once.
func TestTooManyRequests(t *testing.T) {
	w := newWorld(t)
	gate := make(chan struct{})
	entered := make(chan struct{}, 10)
	c := w.serve(t, func(config *web.Config) {
		open := config.Open
		config.Limits.Requests = 2
		config.Open = func(ctx context.Context) (*web.Reading, error) {
			entered <- struct{}{}
			<-gate
			return open(ctx)
		}
	})
	var two sync.WaitGroup
	for range 2 {
		two.Go(func() { c.ask("GET", "/coverage", "") })
	}
	<-entered
	<-entered
	r := c.ask("GET", "/coverage", "")
	c.holds("a third", r, http.StatusServiceUnavailable, "too many requests")
	close(gate)
	two.Wait()
	c.expect("/coverage", 200)
}

// A request that takes too long ends with an answer that says so.
func TestDeadline(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, func(config *web.Config) {
		config.Limits.RequestTime = time.Nanosecond
		config.Open = func(ctx context.Context) (*web.Reading, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
	})
	c.expect("/coverage", http.StatusServiceUnavailable, "longer than one request may")
}

// The log has a line for each request, and nothing of what was asked for.
func TestLogHasNoSecrets(t *testing.T) {
	w := newWorld(t)
	var log bytes.Buffer
	c := w.serve(t, func(config *web.Config) {
		config.Log = slog.New(slog.NewTextHandler(&log, nil))
		config.Access.Token = "correct horse battery"
	})
	const token = "Authorization: Bearer correct horse battery"
	c.ask("GET", addressPath(w.victim)+"?cursor=1-2-3", "", token)
	c.ask("GET", "/search?q=secret-suspect", "", token)
	c.ask("GET", "/secret-suspect", "", token)
	c.ask("GET", "/coverage", "", "Authorization: Bearer wrong-token-of-somebody")
	if lines := strings.Count(log.String(), "msg=request"); lines != 4 {
		t.Errorf("%d lines", lines)
	}
	for _, secret := range []string{"horse", "wrong-token", "secret-suspect", w.victim.String(), "1-2-3"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log has %q: %s", secret, log.String())
		}
	}
	if !strings.Contains(log.String(), "route=/address/{chain}/{address}") {
		t.Error("the log does not say what was asked")
	}
}

// When the server stops, requests under way get their answer, and listeners to
// a trace that runs on do not keep it.
func TestStop(t *testing.T) {
	w := newWorld(t)
	gate, entered := make(chan struct{}), make(chan struct{}, 1)
	c, _ := gated(t, w, func(config *web.Config) {
		open := config.Open
		config.Open = func(ctx context.Context) (*web.Reading, error) {
			if ctx.Value(http.ServerContextKey) != nil { // of a request over the listener
				entered <- struct{}{}
				<-gate
			}
			return open(ctx)
		}
	})
	path := c.ask("POST", "/traces", string(w.yaml)).header.Get("Location") + "/progress"
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.s.Serve(ctx, l) }()
	listener := must(http.Get("http://" + l.Addr().String() + path))
	status := make(chan int, 1)
	go func() {
		response, err := http.Get("http://" + l.Addr().String() + "/coverage")
		if err != nil {
			t.Error(err)
			status <- 0
			return
		}
		_ = response.Body.Close() // the status is all
		status <- response.StatusCode
	}()
	<-entered
	began := time.Now()
	stop()
	if _, err := io.Copy(io.Discard, listener.Body); err != nil {
		t.Errorf("the stream does not end properly: %v", err)
	}
	_ = listener.Body.Close() // read to its end
	close(gate)
	if got := <-status; got != 200 {
		t.Errorf("the request under way got %d", got)
	}
	if err := <-ended; err != nil || time.Since(began) > time.Minute {
		t.Errorf("stopped after %s: %v", time.Since(began), err)
	}
}

func TestMetrics(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	c.start(string(w.yaml))
	for range 3 {
		c.ask(fmt.Sprintf("M%d", len(graphtest.Hash("x"))), "/nothing", "")
	}
	ask := func(host string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.Host = host
		rec := httptest.NewRecorder()
		c.s.Metrics().ServeHTTP(rec, r)
		return rec
	}
	text := ask("127.0.0.1:9477").Body.String()
	for _, want := range []string{`spoor_http_requests_total{method="POST",route="/traces",status="2xx"} 1`, `spoor_traces_total{state="finished"} 1`, `spoor_http_requests_total{method="any",route="none",status="4xx"} 3`, "go_goroutines"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	if got := ask("evil.example").Code; got != http.StatusMisdirectedRequest {
		t.Errorf("by another name: %d", got)
	}
	if r := c.ask("GET", "/metrics", ""); r.status != 404 {
		t.Errorf("metrics are on the pages' listener: %d", r.status)
	}
}
