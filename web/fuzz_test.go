package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"spoor/graph"
)

// Whatever is asked for, the answer is one: never an error of the server, never
// half a page, never what was asked for as markup.
func FuzzRequest(f *testing.F) {
	w := newWorld(f)
	c := w.serve(f, nil)
	for _, path := range []string{
		"/", "/search?q=1,2 ethereum:0x00", addressPath(w.victim) + "?cursor=1-2-3&limit=1&min_raw=7&since=2024-01-01", "/tx/optimism/" + w.attack.Text(graph.AccountFamily), "/block/ethereum/99000001?after=3",
		"/cases/a", "/traces/0123", "/traces/new?seed=<script>", "/assets/spoor.css", "/openapi.json", "/coverage.csv?format=html", "/address/eip155:10/%3Cscript%3E", "/search?q=%ff%00\u202e", "/traces/a/evidence/b.csv",
		"/workspace?trace=a&case=b&start=<script>", "/workspace?start=optimism:" + w.victim.String(), "/traces/a/arrow?from=a&to=b&view=A", "/traces/a/histogram?bins=3",
	} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.ParseRequestURI(path)
		if err != nil || u.Host != "" {
			return
		}
		r := httptest.NewRequest("GET", "http://localhost/", nil)
		r.URL.Path, r.URL.RawPath, r.URL.RawQuery = u.Path, u.RawPath, u.RawQuery
		r.Header.Set("Accept", "text/html")
		rec := httptest.NewRecorder()
		c.s.ServeHTTP(rec, r)
		if rec.Code >= 500 || rec.Code < 200 {
			t.Fatalf("%q: %d %s", path, rec.Code, rec.Body)
		}
		body := strings.Replace(rec.Body.String(), workspaceScript, "", 1)
		if strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") && (!strings.HasSuffix(body, "</html>\n") || strings.Contains(body, "<script")) {
			t.Fatalf("%q: %s", path, body)
		}
	})
}

// workspaceScript is the only script that a page of ours has.
const workspaceScript = `<script type="module" src="/assets/workspace.js"></script>`

// A case that anybody sends is refused or traced; it never breaks the server.
func FuzzCase(f *testing.F) {
	w := newWorld(f)
	c := w.serve(f, nil)
	f.Add(string(w.yaml))
	f.Add("seeds: [\"ethereum:0x00\"]")
	f.Add("a: &a [*a]")
	f.Add("{\"seeds\": []}")
	f.Add("seeds: &x [*x]\nname: \"\\u202e\"")
	f.Fuzz(func(t *testing.T, body string) {
		c := &client{t, c.s}
		if r := c.ask("PUT", "/cases/fuzz", body); r.status >= 500 {
			t.Fatalf("%q: %d %s", body, r.status, r.body)
		}
		if r := c.ask("POST", "/cases", url.Values{"slug": {"fuzz"}, "yaml": {body}}.Encode(), form, html); r.status >= 500 || r.status == http.StatusOK {
			t.Fatalf("%q: %d", body, r.status)
		}
	})
}
