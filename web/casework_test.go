package web_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"spoor/graph"
	"spoor/web"
)

type logJSON struct {
	Entries []struct {
		N                                    int
		At, Op, Before, Hash, Problem, Extra string
		Args                                 json.RawMessage
	}
	Size, Problems, Next int
	Head                 string
}

// desk is a server with one saved case, and the folder it is in.
func desk(t *testing.T) (c *client, dir string) {
	t.Helper()
	w := newWorld(t)
	at := time.Date(2026, 11, 21, 0, 39, 2, 123e6, time.UTC)
	c = w.serve(t, func(config *web.Config) {
		dir = config.Cases
		config.Now = func() time.Time { at = at.Add(time.Second); return at }
	})
	c.holds("save", c.ask("PUT", "/cases/theft", string(w.yaml)), 200)
	return c, dir
}

func commands(list ...string) string {
	return `{"commands":[` + strings.Join(list, ",") + `]}`
}

func TestLogOfACase(t *testing.T) {
	c, dir := desk(t)
	pin := `{"op":"pin","args":{"key":"a","at":[1, 2]}}`
	added := c.ask("POST", "/cases/theft/log", commands(pin, `{"op":"hide"}`))
	c.holds("add", added, http.StatusCreated, `"op":"pin"`)
	got := read[logJSON](c, "/cases/theft/log")
	if got.Size != 3 || got.Problems != 0 || len(got.Entries) != 3 || got.Head != got.Entries[2].Hash {
		t.Fatalf("%+v", got)
	}
	first, second := got.Entries[0], got.Entries[1]
	if first.Op != "case_saved" || first.Before != "" || first.At != "2026-11-21T00:39:03.123Z" || second.Before != first.Hash || !bytes.Contains(second.Args, []byte(`"key":"a"`)) {
		t.Errorf("%+v %+v", first, second)
	}
	file := must(os.ReadFile(filepath.Join(dir, "theft.log")))
	if lines := strings.Split(string(file), "\n"); len(lines) != 4 || lines[1] != `{"n":2,"at":"2026-11-21T00:39:04.123Z","op":"pin","args":{"key":"a","at":[1,2]},"before":"`+first.Hash+`"}` {
		t.Errorf("the file: %s", file)
	}
	page := read[logJSON](c, "/cases/theft/log?after=1&limit=1")
	if len(page.Entries) != 1 || page.Entries[0].N != 2 || page.Next != 2 || page.Head != got.Head {
		t.Errorf("a page: %+v", page)
	}
	rows := c.expect("/cases/theft/log.csv?limit=1", 200, "n,at,op,args,before,hash,problem", got.Head)
	if strings.Count(rows.body, "\r\n") != 4 {
		t.Errorf("the table: %s", rows.body)
	}
	if html := c.page("/cases/theft/log"); !strings.Contains(html, "case_saved") || !strings.Contains(html, got.Head) {
		t.Error("the page does not have the log")
	}
	if html := c.page("/cases/theft"); !strings.Contains(html, "What was done to it") || !strings.Contains(html, got.Head) {
		t.Error("the page of the case does not have its log")
	}
	// Whoever has the file can check it without us.
	before := ""
	for _, line := range strings.SplitAfter(c.expect("/cases/theft.log", 200).body, "\n")[:3] {
		var l struct{ Before string }
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Before != before {
			t.Errorf("%s: bound to %s, want %s: %v", line, l.Before, before, err)
		}
		before = fmt.Sprintf("%x", sha256.Sum256([]byte(strings.TrimSuffix(line, "\n"))))
	}
	if before != got.Head {
		t.Errorf("the file ends with %s, the log says %s", before, got.Head)
	}
	saved := c.expect("/cases/theft.yaml", 200, "name: the demo")
	if saved.header.Get("Content-Type") != "application/yaml" {
		t.Error("the file is no YAML")
	}
	for _, wrong := range []string{`{}`, commands(), commands(`{"op":""}`), commands(`{"op":"Pin"}`), commands(`{"op":"case_saved"}`), commands(`{"op":"log_mended"}`), commands(`{"args":1}`), commands(`{"op":"a","nonsense":1}`), `[`,
		commands(`{"op":"a","args":"` + strings.Repeat("x", 17<<10) + `"}`), commands(strings.Repeat(`{"op":"a"},`, 200) + `{"op":"a"}`)} {
		if r := c.ask("POST", "/cases/theft/log", wrong); r.status != http.StatusUnprocessableEntity && r.status != http.StatusBadRequest {
			t.Errorf("%.60s: %d %s", wrong, r.status, r.body)
		}
	}
	c.holds("no case", c.ask("POST", "/cases/other/log", commands(pin)), 404)
	c.expect("/cases/other/log", 404)
	c.expect("/cases/other/board", 404)
	c.expect("/cases/other.yaml", 404)
	c.expect("/cases/other.log", 404)
	if read[logJSON](c, "/cases/theft/log").Size != 3 {
		t.Error("what was refused was written down")
	}
}

// Wherever the program is killed while it writes, every line before stays, the
// rest is told of, and what comes after is bound to it.
func TestLogTorn(t *testing.T) {
	c, dir := desk(t)
	for i := range 3 {
		c.holds("add", c.ask("POST", "/cases/theft/log", commands(fmt.Sprintf(`{"op":"note","args":"%d"}`, i))), 201)
	}
	path := filepath.Join(dir, "theft.log")
	whole := must(os.ReadFile(path))
	from := bytes.LastIndexByte(whole[:len(whole)-1], '\n') + 1
	for at := from + 1; at < len(whole); at++ {
		if err := os.WriteFile(path, whole[:at], 0o600); err != nil {
			t.Fatal(err)
		}
		torn := read[logJSON](c, "/cases/theft/log")
		if torn.Size != 4 || torn.Problems != 1 || torn.Entries[3].Problem == "" || torn.Entries[2].Problem != "" {
			t.Fatalf("cut at %d: %+v", at, torn)
		}
		c.holds("go on", c.ask("POST", "/cases/theft/log", commands(`{"op":"after"}`)), 201)
		got := read[logJSON](c, "/cases/theft/log")
		wantProblems := 1
		if at == len(whole)-1 {
			wantProblems = 0 // all but the end of the line had been written
		}
		if got.Size != 6 || got.Problems != wantProblems || got.Entries[4].Op != "log_mended" || got.Entries[5].Op != "after" || got.Entries[4].Before != got.Entries[3].Hash ||
			!strings.Contains(string(got.Entries[4].Args), fmt.Sprint(at-from)) {
			t.Fatalf("cut at %d: %+v", at, got)
		}
		if !bytes.HasPrefix(must(os.ReadFile(path)), whole[:at]) {
			t.Fatalf("cut at %d: what was written is gone", at)
		}
	}
	if html := c.page("/cases/theft"); strings.Contains(html, "not to be relied on") {
		t.Error("a whole log is doubted")
	}
}

// Whoever changes the file of a log is found out.
func TestLogChanged(t *testing.T) {
	c, dir := desk(t)
	c.ask("POST", "/cases/theft/log", commands(`{"op":"a","args":1}`, `{"op":"b","args":2}`, `{"op":"c","args":3}`))
	path := filepath.Join(dir, "theft.log")
	whole := string(must(os.ReadFile(path)))
	lines := strings.SplitAfter(whole, "\n")
	for name, changed := range map[string]string{
		"a word":         strings.Replace(whole, `"op":"b"`, `"op":"x"`, 1),
		"a line is gone": lines[0] + lines[1] + lines[3],
		"two swapped":    lines[0] + lines[2] + lines[1] + lines[3],
		"one put in":     lines[0] + lines[1] + lines[1] + lines[2] + lines[3],
		"zeros":          lines[0] + lines[1] + strings.Repeat("\x00", 40) + "\n" + lines[2] + lines[3],
		"the first gone": strings.Join(lines[1:], ""),
	} {
		if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := read[logJSON](c, "/cases/theft/log"); got.Problems == 0 {
			t.Errorf("%s: %+v", name, got)
		}
		if html := c.page("/cases/theft/log"); !strings.Contains(html, "not to be relied on") {
			t.Errorf("%s: the page does not say so", name)
		}
	}
}

// Many at the same time, from two servers of one folder: no line is lost, none
// stands twice, all are bound.
func TestLogTogether(t *testing.T) {
	w := newWorld(t)
	dir := filepath.Join(t.TempDir(), "cases")
	two := func(config *web.Config) { config.Cases = dir }
	c, d := w.serve(t, two), w.serve(t, two)
	c.ask("PUT", "/cases/theft", string(w.yaml))
	var all sync.WaitGroup
	for i := range 20 {
		for _, c := range []*client{c, d} {
			all.Go(func() {
				if r := c.ask("POST", "/cases/theft/log", commands(fmt.Sprintf(`{"op":"n%d"}`, i), `{"op":"m"}`)); r.status != 201 {
					t.Errorf("%d %s", r.status, r.body)
				}
			})
		}
	}
	all.Wait()
	if got := read[logJSON](d, "/cases/theft/log"); got.Size != 81 || got.Problems != 0 {
		t.Errorf("%d lines, %d problems", got.Size, got.Problems)
	}
}

// full is a disk with room for so many bytes.
type full struct {
	bytes.Buffer
	room, cut int
}

var errNoSpace = errors.New("no space left on device")

func (f *full) Write(p []byte) (int, error) {
	n := min(len(p), f.room-f.Len())
	f.Buffer.Write(p[:n])
	if n < len(p) {
		return n, errNoSpace
	}
	return n, nil
}

func (f *full) Sync() error { return nil }

func (f *full) Truncate(size int64) error {
	f.cut++
	f.Buffer.Truncate(int(size))
	return nil
}

// On a full disk nothing stays of what was refused, and the next goes on.
func TestLogFullDisk(t *testing.T) {
	for room := range 300 {
		disk := &full{room: room}
		lines, err := web.AddToLog(disk, "a", "b")
		if err == nil {
			if lines != 2 || disk.cut != 0 {
				t.Errorf("room for %d: %d lines", room, lines)
			}
			continue
		}
		if !errors.Is(err, errNoSpace) || disk.Len() != 0 || disk.cut != 1 {
			t.Fatalf("room for %d: %v, %d bytes stay", room, err, disk.Len())
		}
	}
}

func TestBoardOfACase(t *testing.T) {
	c, dir := desk(t)
	c.expect("/cases/theft/board", 200, `"board":null`, `"version":""`)
	first := c.ask("PUT", "/cases/theft/board", `{"hide":["a"], "notes":"<script>"}`)
	c.holds("save", first, 200)
	tag := first.header.Get("ETag")
	c.holds("as first again", c.ask("PUT", "/cases/theft/board", `{"hide":[]}`), http.StatusConflict)
	c.holds("of an old version", c.ask("PUT", "/cases/theft/board", `{}`, `If-Match: "0000"`), http.StatusConflict)
	c.holds("the same", c.ask("PUT", "/cases/theft/board", `{"hide":["a"], "notes":"<script>"}`, "If-Match: "+tag), 200)
	next := c.ask("PUT", "/cases/theft/board", `{"hide":[]}`, "If-Match: "+tag)
	c.holds("save", next, 200)
	c.holds("what was saved meanwhile", c.ask("PUT", "/cases/theft/board", `{}`, "If-Match: "+tag), http.StatusConflict)
	got := c.expect("/cases/theft/board", 200, `"hide":[]`)
	if got.header.Get("ETag") != next.header.Get("ETag") {
		t.Error("another version is read than was saved")
	}
	for _, wrong := range []string{"", "null", "[]", "1", "{", `{"a":"` + "\xff" + `"}`, `{} {}`} {
		if r := c.ask("PUT", "/cases/theft/board", wrong, "If-Match: "+next.header.Get("ETag")); r.status != 422 && r.status != 400 {
			t.Errorf("%q: %d %s", wrong, r.status, r.body)
		}
	}
	c.holds("of no case", c.ask("PUT", "/cases/other/board", `{}`), 404)
	if r := c.ask("GET", "/cases/theft/board", "", html); r.status != http.StatusNotAcceptable {
		t.Errorf("as a page: %d", r.status)
	}
	// Each is in the log, and where it cannot be written the log says so.
	ops := func() (list []string) {
		for _, e := range read[logJSON](c, "/cases/theft/log").Entries {
			list = append(list, e.Op)
		}
		return list
	}
	if got := strings.Join(ops(), " "); got != "case_saved board_saved board_saved" {
		t.Errorf("the log: %s", got)
	}
	if err := os.Mkdir(filepath.Join(dir, ".theft.board.json.draft"), 0o700); err != nil {
		t.Fatal(err)
	}
	c.holds("no room", c.ask("PUT", "/cases/theft/board", `{"hide":["b"]}`, "If-Match: "+next.header.Get("ETag")), http.StatusInsufficientStorage)
	if got := strings.Join(ops(), " "); got != "case_saved board_saved board_saved board_saved save_failed" {
		t.Errorf("the log: %s", got)
	}
	c.expect("/cases/theft/board", 200, `"hide":[]`)
	if list := read[struct{ Cases []struct{ Slug string } }](c, "/cases"); len(list.Cases) != 1 {
		t.Errorf("what lies beside a case is listed: %+v", list)
	}
}

// A trace that is forgotten has the same name when it is made again, and who asks
// for it is told by which case.
func TestForgottenTrace(t *testing.T) {
	w := newWorld(t)
	dir := filepath.Join(t.TempDir(), "cases")
	open := func() *client { return w.serve(t, func(config *web.Config) { config.Cases = dir }) }
	c := open()
	c.ask("PUT", "/cases/other", strings.Replace(string(w.yaml), "fifo", "lifo", 1))
	c.ask("PUT", "/cases/theft", string(w.yaml))
	type caseJSON struct {
		Trace struct{ ID, State, URL, Missing string }
	}
	before := read[caseJSON](c, "/cases/theft").Trace
	if before.State != "none" || before.ID == "" {
		t.Fatalf("%+v", before)
	}
	c.expect(before.URL, 404, "this saved case gives the same trace again", `"location":"/cases/theft"`)
	if page := c.ask("GET", before.URL, "", html); !strings.Contains(page.body, `<a href="/cases/theft">`) {
		t.Errorf("the page does not lead to the case: %s", page.body)
	}
	r := c.ask("POST", "/traces", "case=theft", form)
	if r.header.Get("Location") != before.URL {
		t.Errorf("made, it is %s, and was to be %s", r.header.Get("Location"), before.URL)
	}
	c.start(string(w.yaml))
	if after := read[caseJSON](c, "/cases/theft").Trace; after.ID != before.ID || after.State != "finished" {
		t.Errorf("%+v", after)
	}
	again := open() // after a restart
	again.expect(before.URL, 404, `"location":"/cases/theft"`)
	if got := again.ask("POST", "/traces", "case=theft", form); got.header.Get("Location") != before.URL {
		t.Error("another name after a restart")
	}
	if r := c.ask("GET", "/traces/0000000000000000", ""); r.status != 404 || strings.Contains(r.body, "/cases/") {
		t.Errorf("a trace of no case: %d %s", r.status, r.body)
	}
	busy := w.serve(t, func(config *web.Config) {
		config.Cases = dir
		config.Open = func(context.Context) (*web.Reading, error) { return nil, graph.ErrInUse }
	})
	if got := read[caseJSON](busy, "/cases/theft").Trace; got.ID != "" || !strings.Contains(got.Missing, "being written") {
		t.Errorf("while the store is written: %+v", got)
	}
}
