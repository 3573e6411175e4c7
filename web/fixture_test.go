package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest/label"
	"spoor/ingest/synthetic"
	"spoor/report"
	"spoor/web"
)

// hostile is what a stranger may call a token, a label or a case: markup, a
// formula, a line break, an override of the direction of writing, nothing that
// can be seen, broken UTF-8.
const hostile = "=\"><script>alert(1)</script><img src=x onerror=alert(1)>\r\n\u202eTDSU\u200b\\\xff{{.}}"

// world is a store with the incidents of a script and a chain of hostile texts,
// and what is true of it.
type world struct {
	store    *graphtest.Model
	ethereum *synthetic.Incident
	bitcoin  *synthetic.Incident
	yaml     []byte
	labels   []graph.Label
	victim   graph.Address // on optimism, whose tokens and labels are hostile
	attack   graph.Hash
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newWorld(t testing.TB) *world {
	t.Helper()
	script := synthetic.Script{Seed: 7, Background: 400}
	w := &world{store: graphtest.NewModel(), ethereum: must(script.Ethereum()), bitcoin: must(script.Bitcoin())}
	for _, leg := range []*synthetic.Incident{w.ethereum, w.bitcoin} {
		l := must(w.store.Ledger(t.Context(), leg.Chain()))
		var blocks []graph.Block
		for b, err := range leg.Blocks(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			blocks = append(blocks, b)
		}
		if err := l.Apply(t.Context(), blocks...); err != nil {
			t.Fatal(err)
		}
		if err := l.Describe(t.Context(), leg.Infos()...); err != nil {
			t.Fatal(err)
		}
	}
	w.yaml = must(synthetic.Case("the demo", w.ethereum, w.bitcoin))
	w.hostility(t)
	return w
}

// hostility adds a chain on which every text is hostile.
func (w *world) hostility(t testing.TB) {
	t.Helper()
	chain := graph.ChainOf("eip155:10")
	blocks := graphtest.Statements(chain, 2)
	token := graphtest.Token(chain, 1)
	w.victim, w.attack = graphtest.Account(chain, 90), graphtest.Hash("attack")
	last := blocks[len(blocks)-1]
	blocks = append(blocks, graph.Block{
		Header: graph.Header{Height: last.Height + 1, Hash: graphtest.Hash("hostile"), Time: last.Time + 2}, Source: hostile,
		Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full},
		Txs: []graph.Tx{{Hash: w.attack, Transfers: []graph.Transfer{
			{Seq: must(graph.LogSeq(0, 0)), Kind: graph.KindToken, From: graphtest.Account(chain, 91), To: w.victim, Asset: token, Amount: graph.Amount{12345}},
			{Seq: must(graph.LogSeq(1, 0)), Kind: graph.KindToken, From: w.victim, To: w.victim, Asset: token, Amount: graph.Amount{5}},
		}}},
	})
	l := must(w.store.Ledger(t.Context(), chain))
	if err := l.Apply(t.Context(), blocks...); err != nil {
		t.Fatal(err)
	}
	if err := l.Describe(t.Context(), graph.AssetInfo{Asset: token, Symbol: hostile, Decimals: 2, Source: hostile}); err != nil {
		t.Fatal(err)
	}
	w.labels = append(w.labels, graph.Label{Address: w.victim, Name: hostile, Category: hostile, Source: hostile, Confidence: 50})
	for _, leg := range []*synthetic.Incident{w.ethereum, w.bitcoin} {
		w.labels = append(w.labels, leg.Truth.Labels...)
	}
}

// config is a server of the world; a test changes what it is about.
func (w *world) config(t testing.TB) web.Config {
	set := label.NewSet(w.labels)
	return web.Config{
		Open: func(context.Context) (*web.Reading, error) {
			return &web.Reading{Store: w.store, Labels: set.Of, Manifest: report.Manifest{Version: "test"}, Release: func() error { return nil },
				Find: func(_ context.Context, text string, limit int) (found []graph.Label, err error) {
					for _, l := range set.All() {
						if strings.Contains(strings.ToLower(l.Name), strings.ToLower(text)) && len(found) < limit {
							found = append(found, l)
						}
					}
					return found, nil
				}}, nil
		},
		Cases: filepath.Join(t.TempDir(), "cases"),
	}
}

// client asks a server.
type client struct {
	t testing.TB
	s *web.Server
}

func (w *world) serve(t testing.TB, change func(*web.Config)) *client {
	t.Helper()
	c := w.config(t)
	if change != nil {
		change(&c)
	}
	s, err := web.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return &client{t, s}
}

// reply is an answer.
type reply struct {
	status int
	header http.Header
	body   string
}

// ask sends a request as a browser on this machine would: headers are "Name: value".
func (c *client) ask(method, path, body string, headers ...string) reply {
	c.t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, path, content)
	r.Host = "127.0.0.1:8477"
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
		} else {
			r.Header.Set(name, value)
		}
	}
	w := httptest.NewRecorder()
	c.s.ServeHTTP(w, r)
	return reply{w.Code, w.Header(), w.Body.String()}
}

const (
	html = "Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"
	form = "Content-Type: application/x-www-form-urlencoded"
)

// page is a page that must be there.
func (c *client) page(path string) string {
	c.t.Helper()
	r := c.ask("GET", path, "", html)
	if r.status != http.StatusOK {
		c.t.Fatalf("GET %s: %d %s", path, r.status, r.body)
	}
	return r.body
}

// read is an answer in JSON that must be there.
func read[T any](c *client, path string) (v T) {
	c.t.Helper()
	r := c.ask("GET", path, "")
	if r.status != http.StatusOK {
		c.t.Fatalf("GET %s: %d %s", path, r.status, r.body)
	}
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		c.t.Fatalf("GET %s: %v in %s", path, err, r.body)
	}
	return v
}

func (c *client) expect(path string, status int, words ...string) reply {
	c.t.Helper()
	r := c.ask("GET", path, "")
	c.holds(path, r, status, words...)
	return r
}

func (c *client) holds(what string, r reply, status int, words ...string) {
	c.t.Helper()
	if r.status != status {
		c.t.Errorf("%s: status %d, want %d: %.300s", what, r.status, status, r.body)
	}
	for _, word := range words {
		if !strings.Contains(r.body, word) {
			c.t.Errorf("%s: no %q in %.1500s", what, word, r.body)
		}
	}
}

// golden compares a text with a file of testdata, which UPDATE_GOLDEN rewrites.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, []byte(got)) {
		t.Errorf("%s differs; UPDATE_GOLDEN=1 rewrites it:\n%s", name, got)
	}
}

func addressPath(a graph.Address) string {
	return "/address/" + graph.ChainOf(a.Chain).Alias + "/" + url.PathEscape(a.String())
}
