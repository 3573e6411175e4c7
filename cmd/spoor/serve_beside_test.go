package main

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"spoor/ingest/ethereum/gethtest"
)

// TestServeBeside shows a store while follow writes it: new blocks are seen, what
// a reorganisation took back is gone, a trace begun meanwhile ends, many ask at
// the same time, and all of it ends with follow.
func TestServeBeside(t *testing.T) {
	f := followTheft(t, "--serve", "127.0.0.1:0")
	f.said.mu.Lock()
	found := regexp.MustCompile(`serving \S+ at (http://127\.0\.0\.1:\d+)/ while it is written`).FindStringSubmatch(f.said.text.String())
	f.said.mu.Unlock()
	if found == nil {
		t.Fatal("it does not tell where it serves")
	}
	ask := func(method, path, body string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), method, found[1]+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }() // only read
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(text)
	}
	at := func(height float64) func() bool {
		return func() bool { return f.scrape(t)["case_height"] == height }
	}
	f.until(t, at(71))
	paid := f.pay(t, "thief", "friend", 30_000)
	f.until(t, at(72))
	if code, text := ask("GET", "/tx/eip155:1337/"+paid, ""); code != http.StatusOK || !strings.Contains(text, `"block":72`) {
		t.Errorf("the new block: %d %s", code, text)
	}
	code, text := ask("POST", "/traces", "method: lifo\nseeds: [\"eip155:1337:"+f.theft+"\"]\n")
	if code != http.StatusAccepted || !strings.Contains(text, gethtest.Account("friend").Hex()) {
		t.Errorf("a trace: %d %s", code, text)
	}
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for range 20 {
				if code, text := ask("GET", "/address/eip155:1337/"+gethtest.Account("thief").Hex(), ""); code != http.StatusOK {
					t.Errorf("a reader got %d: %s", code, text)
				}
			}
		})
	}
	f.node.Fork(t, 70)
	f.pay(t, "thief", "other", 20_000)
	f.until(t, at(71))
	readers.Wait()
	if code, _ := ask("GET", "/tx/eip155:1337/"+paid, ""); code != http.StatusNotFound {
		t.Errorf("what was rolled back: %d", code)
	}
	if code := f.stop(); code != exitOK {
		t.Fatalf("exit code %d\n%s", code, f.said.text.String())
	}
	if _, err := http.Get(found[1]); err == nil {
		t.Error("it serves after the end")
	}
}

// TestServeBesideIngest: an address that cannot be had is told before anything
// is written, and an ingest that serves leaves the same store.
func TestServeBesideIngest(t *testing.T) {
	file := writeTransfers(t, 200, 10)
	var stores []string
	for _, how := range []string{"--bulk off", "--bulk off --serve 127.0.0.1:0", "--bulk on --serve 127.0.0.1:0"} {
		db := filepath.Join(t.TempDir(), "db")
		spoor(t, exitOK, append([]string{"--db", db, "ingest", "transfers", file}, strings.Fields(how)...)...)
		out, _ := spoor(t, exitOK, "--db", db, "export", "transfers")
		stores = append(stores, out)
	}
	if stores[0] != stores[1] || stores[0] != stores[2] || len(stores[0]) < 1000 {
		t.Error("a store that was shown while it was written is another")
	}
	for address, code := range map[string]int{"0.0.0.0:8477": exitUsage, "nonsense": exitUsage} {
		db := filepath.Join(t.TempDir(), "db")
		if _, said := spoor(t, code, "--db", db, "ingest", "transfers", file, "--serve", address); !strings.Contains(said, "listen") {
			t.Errorf("%s: %s", address, said)
		}
		if files, err := filepath.Glob(db + "/*"); err != nil || len(files) > 0 {
			t.Errorf("%s: %v was written", address, fmt.Sprint(files, err))
		}
	}
}
