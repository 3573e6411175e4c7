package gethtest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"
)

// call is one JSON-RPC request.
type call struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
}

// answer is one JSON-RPC response.
type answer struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *failure        `json:"error,omitempty"`
}

type failure struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

// trouble is what stands between us and a node.
type trouble struct {
	// request may answer the n-th HTTP request itself; it reports whether it did.
	request func(n int, w http.ResponseWriter, calls []call, raw []byte) bool
	// ask may change a call before the node sees it, or refuse it.
	ask func(c *call) *failure
	// change may change an answer of the node.
	change func(c call, a *answer)
}

// proxy stands in front of a node and makes trouble. URL of the node is asked
// anew for each request.
func proxy(t testing.TB, node func() string, in trouble) string {
	t.Helper()
	var mu sync.Mutex
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost { // a WebSocket
			http.Error(w, "no", http.StatusBadRequest)
			return
		}
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		mu.Lock()
		requests++
		n := requests
		mu.Unlock()
		var calls []call
		batch := bytes.HasPrefix(bytes.TrimSpace(raw), []byte("["))
		if batch {
			err = json.Unmarshal(raw, &calls)
		} else {
			calls = make([]call, 1)
			err = json.Unmarshal(raw, &calls[0])
		}
		if err != nil {
			t.Errorf("the proxy was asked garbage: %v", err)
			return
		}
		if in.request != nil && in.request(n, w, calls, raw) {
			return
		}
		answers := make([]*answer, len(calls))
		for i := range calls {
			c := calls[i]
			if in.ask != nil {
				if refused := in.ask(&c); refused != nil {
					answers[i] = &answer{Version: "2.0", ID: c.ID, Error: refused}
					continue
				}
			}
			if answers[i], err = forward(node(), c); err != nil {
				return // the client is gone
			}
			if in.change != nil {
				in.change(calls[i], answers[i])
			}
		}
		w.Header().Set("Content-Type", "application/json")
		if batch {
			_ = json.NewEncoder(w).Encode(answers)
		} else {
			_ = json.NewEncoder(w).Encode(answers[0])
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func forward(node string, c call) (*answer, error) {
	body, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	response, err := http.Post(node, "application/json", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	var a answer
	return &a, json.NewDecoder(response.Body).Decode(&a)
}

// slow is a node that is some time away: bytes are passed on, later.
func slow(t testing.TB, node string, delay time.Duration) string {
	t.Helper()
	target, err := url.Parse(node)
	if err != nil {
		t.Fatal(err)
	}
	pass := httputil.NewSingleHostReverseProxy(target)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 32
	pass.Transport = transport
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(delay)
		pass.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}
