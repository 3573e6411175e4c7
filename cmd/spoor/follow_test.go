package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/btcsuite/btcd/chaincfg/v2"
)

// genesisNode is a Bitcoin node of the regression test network with nothing
// but block 0, and a cookie.
type genesisNode struct {
	*httptest.Server
	down atomic.Bool
}

const cookie = "__cookie__:0123"

func startGenesisNode(t *testing.T) *genesisNode {
	t.Helper()
	block := chaincfg.RegressionNetParams.GenesisBlock
	var whole, header bytes.Buffer
	if err := block.Serialize(&whole); err != nil {
		t.Fatal(err)
	}
	if err := block.Header.Serialize(&header); err != nil {
		t.Fatal(err)
	}
	answers := map[string]any{"getblockcount": 0, "getblockhash": block.BlockHash().String(),
		"getblockheader": hex.EncodeToString(header.Bytes()), "getblock": hex.EncodeToString(whole.Bytes())}
	n := &genesisNode{}
	n.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if user, password, _ := r.BasicAuth(); user+":"+password != cookie {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var calls []struct {
			ID     int
			Method string
		}
		if err := json.NewDecoder(r.Body).Decode(&calls); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		var replies []map[string]any
		for _, c := range calls {
			replies = append(replies, map[string]any{"id": c.ID, "result": answers[c.Method], "error": nil})
		}
		_ = json.NewEncoder(w).Encode(replies)
	}))
	t.Cleanup(n.Close)
	return n
}

// messages collects what a program says, while it runs.
type messages struct {
	mu   sync.Mutex
	text strings.Builder
}

func (m *messages) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.text.Write(p)
}

func (m *messages) has(part string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Contains(m.text.String(), part)
}

func (m *messages) wait(t *testing.T, part string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !m.has(part); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("nothing says %q:\n%s", part, m.text.String())
		}
	}
}

// TestFollowUntilInterrupted follows, loses the node, finds it again, and ends
// with exit code 0 when it is interrupted. The store then knows the block.
func TestFollowUntilInterrupted(t *testing.T) {
	n := startGenesisNode(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "cookie"), []byte(cookie), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(ctx context.Context, args ...string) (code int, out string, said *messages, done chan int) {
		var data bytes.Buffer
		said = &messages{}
		p := &program{out: &data, err: said, env: func(string) string { return "" }}
		args = append([]string{"--db", filepath.Join(dir, "db")}, args...)
		if ctx == nil {
			code = p.run(context.Background(), args)
			return code, data.String(), said, nil
		}
		done = make(chan int, 1)
		go func() { done <- p.run(ctx, args) }()
		return 0, "", said, done
	}
	node := []string{"--rpc", n.URL, "--chain", "bitcoin-regtest", "--rpc-cookie-file", filepath.Join(dir, "cookie")}

	code, _, said, _ := run(nil, append([]string{"follow", "--once"}, node...)...)
	if code != exitFailed || !said.has("nothing is stored of the chain yet") || !said.has("--from 0") {
		t.Fatalf("no start: code %d\n%s", code, said.text.String())
	}
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	_, _, said, done := run(ctx, append([]string{"follow", "--watch", "--from", "0", "--poll", "5ms"}, node...)...)
	said.wait(t, "block 0  lag 0")
	n.down.Store(true)
	said.wait(t, "503 Service Unavailable; trying again")
	n.down.Store(false)
	said.wait(t, "the node answers again")
	interrupt()
	if code := <-done; code != exitOK || !said.has("at block 0, 1 blocks and 1 transfers stored; the node was away 1 times") {
		t.Fatalf("interrupted: code %d\n%s", code, said.text.String())
	}
	code, out, said, _ := run(nil, "show", "bitcoin-regtest:0")
	if code != exitOK || !strings.Contains(out, "known: transfers full, logs full, traces full (rpc)") || strings.Contains(out, "provisional") {
		t.Fatalf("show: code %d\n%s%s", code, out, said.text.String())
	}
	// The chain of the store is the default.
	code, _, said, _ = run(nil, "follow", "--once", "--rpc", n.URL, "--rpc-cookie-file", filepath.Join(dir, "cookie"))
	if code != exitOK || !said.has("bitcoin-regtest: at block 0, 0 blocks") {
		t.Fatalf("again: code %d\n%s", code, said.text.String())
	}
	code, _, said, _ = run(nil, append([]string{"ingest", "bitcoin"}, node...)...)
	if code != exitOK || !said.has("1 block stored before") {
		t.Fatalf("ingest: code %d\n%s", code, said.text.String())
	}
	code, _, said, _ = run(nil, "ingest", "bitcoin", "--rpc", n.URL, "--chain", "bitcoin-regtest")
	if code != exitFailed || !said.has("refuses the user name or password") {
		t.Fatalf("no credentials: code %d\n%s", code, said.text.String())
	}
}
