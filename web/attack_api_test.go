package web_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"spoor/graph"
	"spoor/web"
)

// operation is what the description of the API says of one endpoint.
type operation struct {
	path, method string
	Parameters   []parameter
	RequestBody  *struct {
		Content map[string]any
	}
}

type parameter struct {
	Name, In string
	Required bool
	Schema   struct {
		Type             any
		Maximum, Minimum *float64
		MaxLength        *int
		Enum             []any
	}
}

// siege is a server with something behind every endpoint, and all endpoints that
// its own description has: one that is added is attacked without more ado, unless
// its path has a part that nothing is known of.
type siege struct {
	*client
	parts      map[string]string // of paths, by name
	operations []operation
}

func besiege(t *testing.T, change func(*web.Config)) *siege {
	t.Helper()
	w := newWorld(t)
	bridged(t, w.store)
	c := w.serve(t, change)
	id := strings.TrimPrefix(c.start(string(w.yaml)).URL, "/traces/")
	c.holds("save", c.ask("PUT", "/cases/theft", string(w.yaml)), 200)
	seed := w.ethereum.Truth.Seeds[0]
	s := &siege{client: c, parts: map[string]string{"chain": "ethereum", "address": seed.To.String(), "other": w.end("exchange").String(), "hash": seed.Tx.Text(graph.AccountFamily), "height": "1", "id": id, "table": "trace", "slug": "theft"}}
	spec := read[struct {
		Paths map[string]map[string]operation
	}](c, "/openapi.json")
	for path, methods := range spec.Paths {
		for method, op := range methods {
			op.path, op.method = path, strings.ToUpper(method)
			s.operations = append(s.operations, op)
		}
	}
	slices.SortFunc(s.operations, func(a, b operation) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	if len(s.operations) < 28 {
		t.Fatalf("the description has %d operations", len(s.operations))
	}
	return s
}

var partOfPath = regexp.MustCompile(`\{([a-z]+)\}`)

// at is the address of an operation, with one part of its path exchanged.
func (s *siege) at(op operation, name, value string) string {
	return partOfPath.ReplaceAllStringFunc(op.path, func(part string) string {
		part = part[1 : len(part)-1]
		if part == name {
			return value
		}
		if s.parts[part] == "" {
			s.t.Fatalf("%s has a part that is not known here: add one that is there", op.path)
		}
		return url.PathEscape(s.parts[part])
	})
}

// body is something for an operation that takes a body.
func (op operation) body(size int) (text, kind string) {
	if op.RequestBody == nil {
		return "", "X-None: 1"
	}
	for kind := range op.RequestBody.Content {
		return `{"a":"` + strings.Repeat("a", size) + `"}`, "Content-Type: " + kind
	}
	return "", "X-None: 1"
}

func (op operation) changes() bool { return op.method != "GET" }

// Nothing is answered to who calls the server by another name, or has no token,
// and nothing is changed for a page of another site.
func TestEveryEndpointAsksWho(t *testing.T) {
	s := besiege(t, nil)
	locked := (&world{}).serve(t, func(config *web.Config) { config.Access.Token = "correct horse battery" })
	changing := 0
	for _, op := range s.operations {
		at := s.at(op, "", "")
		text, kind := op.body(10)
		if r := s.ask(op.method, at, text, kind, "Host: evil.example"); r.status != http.StatusMisdirectedRequest {
			t.Errorf("%s %s by another name: %d", op.method, at, r.status)
		}
		if r := locked.ask(op.method, at, text, kind); r.status != http.StatusUnauthorized {
			t.Errorf("%s %s without a token: %d", op.method, at, r.status)
		}
		if !op.changes() {
			continue
		}
		changing++
		for _, header := range []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site", "Origin: https://evil.example", "Origin: null", "Origin: http://127.0.0.1:9999"} {
			for _, kind := range []string{kind, form, "Content-Type: text/plain"} {
				if r := s.ask(op.method, at, text, kind, header); r.status != http.StatusForbidden {
					t.Errorf("%s %s, %s: %d", op.method, at, header, r.status)
				}
			}
		}
	}
	if changing < 5 {
		t.Errorf("only %d operations change something", changing)
	}
}

// No part of any path leads out of where it belongs, and none breaks the server.
func TestEveryPathStaysInside(t *testing.T) {
	dir := t.TempDir()
	cases := filepath.Join(dir, "cases")
	s := besiege(t, func(config *web.Config) { config.Cases = cases })
	const secret = "name: top secret\nmethod: fifo\nseeds: [\"ethereum:0x1111111111111111111111111111111111111111\"]\n"
	for _, name := range []string{"secret.yaml", "secret.log", "secret.board.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(dir, name), filepath.Join(cases, strings.Replace(name, "secret", "link", 1))); err != nil {
			t.Fatal(err)
		}
	}
	for _, op := range s.operations {
		for _, p := range op.Parameters {
			if p.In != "path" {
				continue
			}
			for _, value := range []string{"..%2fsecret", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e%2fsecret", "..%5csecret", "%2fetc%2fpasswd", "link", "secret%00", ".", "..", "%c0%ae%c0%ae%2fsecret", ".lock", "theft.log.yaml", "theft.board.json", strings.Repeat("a", 3000), "-1", "%ff%fe", "%e2%80%ae", "0"} {
				at := s.at(op, p.Name, value)
				text, kind := op.body(10)
				for _, accept := range []string{html, "Accept: application/json", "Accept: text/csv"} {
					r := s.ask(op.method, at, text, kind, accept)
					if r.status >= 500 && (p.Name != "slug" || value != "link") || strings.Contains(r.body, "top secret") || strings.Contains(r.body, "root:") {
						t.Errorf("%s %s: %d %.200s", op.method, at, r.status, r.body)
					}
					if p.Name == "slug" && r.status == 200 && value != "0" {
						t.Errorf("%s %s is a case", op.method, at)
					}
				}
			}
		}
	}
	for _, e := range must(os.ReadDir(dir)) {
		if data, err := os.ReadFile(filepath.Join(dir, e.Name())); err == nil && string(data) != secret {
			t.Errorf("%s was changed", e.Name())
		}
	}
	if n := len(must(os.ReadDir(dir))); n != 4 {
		t.Errorf("%d files beside the folder", n)
	}
}

// Numbers of rows have bounds that the description tells and the server keeps;
// what nobody knows is refused; texts come back as text.
func TestEveryParameterIsBounded(t *testing.T) {
	s := besiege(t, nil)
	element := regexp.MustCompile(`(?i)<script|<img|<svg onload`)
	numbers, texts := 0, 0
	ask := func(op operation, query url.Values, accept string) reply {
		text, kind := op.body(10)
		return s.ask(op.method, s.at(op, "", "")+"?"+query.Encode(), text, kind, accept)
	}
	for _, op := range s.operations {
		if strings.HasSuffix(op.path, "/evidence") || strings.HasSuffix(op.path, "/progress") || strings.HasSuffix(op.path, ".yaml") || strings.HasSuffix(op.path, ".log") || op.changes() {
			continue // these give something whole, and take no parameters
		}
		if r := ask(op, url.Values{"nonsense": {"1"}}, "Accept: application/json"); r.status != http.StatusUnprocessableEntity {
			t.Errorf("%s takes what it does not know: %d", op.path, r.status)
		}
		for _, p := range op.Parameters {
			switch {
			case p.In != "query":
			case p.Schema.Type == "integer":
				numbers++
				counts := slices.Contains([]string{"limit", "top", "k", "bins", "max_entries"}, p.Name)
				if counts && (p.Schema.Maximum == nil || p.Schema.Minimum == nil || *p.Schema.Minimum < 1) {
					t.Errorf("%s: %s has no bounds", op.path, p.Name)
				}
				wrong := []string{"many", "1e400", "99999999999999999999999", "-99999999999999999999999"}
				if p.Schema.Maximum != nil {
					wrong = append(wrong, fmt.Sprintf("%.0f", *p.Schema.Maximum+1))
				}
				if p.Schema.Minimum != nil {
					wrong = append(wrong, fmt.Sprintf("%.0f", *p.Schema.Minimum-1))
				}
				for _, value := range wrong {
					if r := ask(op, url.Values{p.Name: {value}}, "Accept: application/json"); r.status != http.StatusUnprocessableEntity {
						t.Errorf("%s?%s=%s: %d", op.path, p.Name, value, r.status)
					}
				}
			default:
				texts++
				for _, value := range []string{hostile, `"><svg onload=alert(1)>`, "{{.}}", "javascript:alert(1)", strings.Repeat("9", 5000), "\x00", "%00", "-"} {
					for _, accept := range []string{html, "Accept: application/json", "Accept: text/csv"} {
						r := ask(op, url.Values{p.Name: {value}}, accept)
						if r.status >= 500 {
							t.Errorf("%s?%s=%.20q: %d %s", op.path, p.Name, value, r.status, r.body)
						}
						if kind := r.header.Get("Content-Type"); strings.HasPrefix(kind, "text/html") && element.MatchString(r.body) {
							t.Errorf("%s?%s=%.20q comes back as markup", op.path, p.Name, value)
						}
						if r.header.Get("Content-Security-Policy") == "" || r.header.Get("X-Content-Type-Options") != "nosniff" {
							t.Errorf("%s: headers %v", op.path, r.header)
						}
					}
				}
			}
		}
	}
	if numbers < 12 || texts < 30 {
		t.Errorf("%d numbers and %d texts", numbers, texts)
	}
}

// manyMistakes is a body of which every member is wrong.
var manyMistakes = "{" + strings.TrimSuffix(strings.Repeat(`"nobody knows this":[[[1]]],`, 500), ",") + "}"

// Bodies that are too large are refused, and those that are nonsense break nothing
// and do not come back larger than they came: 20 kB of brackets were once answered
// by 162 MB, which quoted them with every level indented.
func TestEveryBodyIsBounded(t *testing.T) {
	s := besiege(t, func(config *web.Config) { config.Limits.Body = 20_000 })
	bodies := 0
	for _, op := range s.operations {
		if !op.changes() || op.RequestBody == nil {
			continue
		}
		bodies++
		at := s.at(op, "", "")
		text, kind := op.body(30_000)
		if r := s.ask(op.method, at, text, kind); r.status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s %s with 30 kB: %d %.200s", op.method, at, r.status, r.body)
		}
		for _, nonsense := range []string{"", "null", "[]", "{", strings.Repeat("[", 19_000), strings.Repeat("- ", 9000), strings.Repeat(`{"a":`, 3000), manyMistakes, "\xff\xfe", "a: &a [*a]", `{"commands":[{"op":"a","args":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}]}`, hostile} {
			for _, kind := range []string{kind, form, "Content-Type: text/plain", "Content-Type: image/png"} {
				if r := s.ask(op.method, at, nonsense, kind); r.status >= 500 || r.status >= 400 && len(r.body) > 8<<10 {
					t.Errorf("%s %s %.20q as %s: %d, %d bytes of answer: %.300s", op.method, at, nonsense, kind, r.status, len(r.body), r.body)
				}
			}
		}
	}
	if bodies < 5 {
		t.Errorf("only %d operations take a body", bodies)
	}
}

// Who sends a body letter by letter is cut off, whatever it is for.
func TestSlowBodies(t *testing.T) {
	s := besiege(t, func(config *web.Config) { config.Limits.BodyTime = 200 * time.Millisecond })
	to := listen(t, s.s)
	for _, op := range s.operations {
		if op.RequestBody == nil {
			continue
		}
		_, kind := op.body(1)
		conn := must(net.Dial("tcp", to))
		if _, err := fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\nContent-Length: 1000\r\n\r\n", op.method, s.at(op, "", ""), kind); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			for range 200 {
				if _, err := conn.Write([]byte(" ")); err != nil {
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
		}()
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if took := time.Since(began); took > 30*time.Second || err == nil && response.StatusCode < 400 {
			t.Errorf("%s %s: served for %s, %v", op.method, op.path, took, err)
		}
		_ = conn.Close() // it is cut off
		<-gone
	}
}

// Names of tokens, labels, cases, notes of a board and commands of a log are
// shown as text on every page.
func TestHostileTextsOnEveryPage(t *testing.T) {
	w := newWorld(t)
	bridged(t, w.store)
	c := w.serve(t, nil)
	hostilePages(t, w, c) // saves the case that is called that, and traces it
	word := string(must(json.Marshal(strings.ToValidUTF8(hostile, "\ufffd"))))
	c.holds("log", c.ask("POST", "/cases/hostile/log", commands(`{"op":"note","args":`+word+`}`)), 201)
	c.holds("board", c.ask("PUT", "/cases/hostile/board", `{"notes":{"a":`+word+`}}`), 200)
	element := regexp.MustCompile(`(?i)<script>|<img|<b>`)
	fields := regexp.MustCompile(`(?s)<textarea.*?</textarea>|<input[^>]*>`)
	for path, want := range map[string]bool{
		"/cases/hostile": true, "/cases/hostile/log": true, relationsPath(w.victim, ""): true, entityPath(w.victim, ""): true, "/bridges?show=unmatched": true,
		"/relations/optimism/" + w.victim.String() + "/0xac0000000000000000000000000000000000005b": true, "/path?" + url.Values{"from": {hostile}, "to": {hostile}}.Encode(): false,
		"/path?" + url.Values{"from": {"optimism:0xac0000000000000000000000000000000000005b"}, "to": {"optimism:" + w.victim.String()}}.Encode(): true,
	} {
		r := c.ask("GET", path, "", html)
		text := fields.ReplaceAllString(r.body, "")
		if want && (r.status != 200 || !strings.Contains(text, `\u202e`)) {
			t.Errorf("%s does not show the text: %d", path, r.status)
		}
		for _, hidden := range []string{"\u202e", "\u200b"} {
			if strings.Contains(text, hidden) {
				t.Errorf("%s shows what cannot be seen", path)
			}
		}
		if at := element.FindString(r.body); at != "" {
			t.Errorf("%s has %s", path, at)
		}
		if !want {
			continue
		}
		for _, line := range strings.Split(c.ask("GET", path, "", "Accept: text/csv").body, "\r\n") {
			if strings.HasPrefix(line, "=") || strings.Contains(line, ",=") || strings.Contains(line, "\u202e") {
				t.Errorf("%s as CSV: %s", path, line)
			}
		}
	}
}
