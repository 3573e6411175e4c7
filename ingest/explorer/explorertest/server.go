// Package explorertest is a block explorer made of blocks we know: a server
// that speaks as Etherscan V2 and as Blockscout do, with their windows,
// refusals and moods. Tests of whatever asks an explorer ask it.
package explorertest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"spoor/graph"
)

// Moods are how a server treats its clients. The zero Moods are friendly.
type Moods struct {
	Key string // that must be given; "" wants none
	// Window bounds page × offset, past which a request is refused. Default
	// 10,000.
	Window int
	// Most is how many rows one answer has at most, whatever was asked for;
	// what is more is left out without a word. 0 is no bound.
	Most int
	// LimitEvery refuses every n-th call: with text in turn, or as HTTP 429.
	LimitEvery int
	// Missing are Etherscan actions, or last parts of Blockscout paths, that the
	// server does not have.
	Missing []string
	// Break makes an answer of each call, given the right one; nil is honest.
	Break func(call int, body []byte) []byte
	// Hang keeps the calls for which it is true waiting until the client goes.
	Hang func(call int) bool
	// Page is the length of a page of Blockscout. Default 50.
	Page int
	// Confirmed is how many blocks the head is above the last block. Default 12.
	Confirmed uint32
}

// Server is an explorer of one chain.
type Server struct {
	*httptest.Server
	chain graph.Chain
	book  book
	head  uint32

	mu    sync.Mutex
	moods Moods
	calls []string // every request as it came, in order
}

// New starts a server that knows blocks, and stops it with the test. infos are
// what its tokens say of themselves.
func New(t testing.TB, chain graph.Chain, blocks []graph.Block, infos []graph.AssetInfo, m Moods) *Server {
	t.Helper()
	s := &Server{chain: chain, book: newBook(chain, blocks, infos), head: blocks[len(blocks)-1].Height}
	s.Set(m)
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

// Set changes the moods.
func (s *Server) Set(m Moods) {
	if m.Window == 0 {
		m.Window = 10_000
	}
	if m.Page == 0 {
		m.Page = 50
	}
	if m.Confirmed == 0 {
		m.Confirmed = 12
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moods = m
}

// Calls are the requests so far.
func (s *Server) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.calls = append(s.calls, r.URL.String())
	n, m := len(s.calls), s.moods
	s.mu.Unlock()
	if m.Hang != nil && m.Hang(n) {
		select {
		case <-r.Context().Done():
		case <-time.After(time.Minute):
		}
		return
	}
	rest := strings.HasPrefix(r.URL.Path, "/api/v2")
	status, answer := http.StatusOK, any(nil)
	switch {
	case m.LimitEvery > 0 && n%m.LimitEvery == 0 && (rest || n/m.LimitEvery%2 == 0):
		w.Header().Set("Retry-After", "1")
		status, answer = http.StatusTooManyRequests, map[string]string{"message": "Too many requests"}
	case m.LimitEvery > 0 && n%m.LimitEvery == 0:
		answer = notOK("Max calls per sec rate limit reached (3/sec)")
	case m.Key != "" && r.URL.Query().Get("apikey") != m.Key && rest:
		status, answer = http.StatusUnauthorized, map[string]string{"message": "Invalid API key " + r.URL.Query().Get("apikey")}
	case m.Key != "" && r.URL.Query().Get("apikey") != m.Key:
		answer = notOK("Invalid API Key (#err2)|" + r.URL.Query().Get("apikey"))
	case rest:
		status, answer = s.blockscout(strings.TrimPrefix(r.URL.Path, "/api/v2"), r.URL.Query(), m)
	default:
		answer = s.etherscan(r.URL.Query(), m)
	}
	body, err := json.Marshal(answer)
	if err != nil {
		panic(err) // of our own making
	}
	if m.Break != nil {
		body = m.Break(n, body)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may have gone
}

func notOK(text string) map[string]any {
	return map[string]any{"status": "0", "message": "NOTOK", "result": text}
}

// heightText is a height as nodes write it.
func heightText(height uint32) string { return fmt.Sprintf("0x%x", height) }
