package explorer_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spoor/graph/graphtest"
	"spoor/ingest/explorer"
	"spoor/ingest/explorer/explorertest"
	"spoor/ingest/synthetic"
)

// TestMoods: whatever an API does to its client for a while, the history is
// the same in the end.
func TestMoods(t *testing.T) {
	incident, blocks := heist(t, synthetic.Script{Seed: 5, Hops: 3})
	thief := incident.Truth.Address("0: thief")
	server := explorertest.New(t, incident.Chain(), blocks, incident.Infos(), explorertest.Moods{})
	some := func(what func(body []byte) []byte) func(int, []byte) []byte {
		return func(call int, body []byte) []byte {
			if call%3 == 1 {
				return what(body)
			}
			return body
		}
	}
	for _, api := range apis {
		server.Set(explorertest.Moods{})
		want := content(blocksOf(t, history(t, client(t, api, server, nil), thief)))
		for name, m := range map[string]explorertest.Moods{
			"rate limits":     {LimitEvery: 2},
			"cut answers":     {Break: some(func(body []byte) []byte { return body[:len(body)/2] })},
			"empty answers":   {Break: some(func([]byte) []byte { return nil })},
			"pages of errors": {Break: some(func([]byte) []byte { return []byte("<html>Bad gateway</html>") })},
			"hanging":         {Hang: func(call int) bool { return call%4 == 1 }},
		} {
			server.Set(m)
			c := client(t, api, server, func(o *explorer.Options) {
				if m.Hang != nil {
					o.Timeout = 100 * time.Millisecond
				}
			})
			h, err := c.History(t.Context(), thief)
			if err != nil {
				t.Errorf("%s, %s: %v", api, name, err)
				continue
			}
			got := content(blocksOf(t, h))
			for text, n := range want {
				if got[text] != n {
					t.Errorf("%s, %s: %d times, want %d: %s", api, name, got[text], n, text)
				}
			}
			if len(got) != len(want) || len(h.Gaps) != 0 {
				t.Errorf("%s, %s: %d movements, want %d; gaps %v", api, name, len(got), len(want), h.Gaps)
			}
		}
	}
}

// TestGivesUp: an API that never answers in earnest is left in the end, with
// an error that says so, and nothing is made of what it said.
func TestGivesUp(t *testing.T) {
	incident, blocks := heist(t, synthetic.Script{Seed: 5, Hops: 3})
	thief := incident.Truth.Address("0: thief")
	server := explorertest.New(t, incident.Chain(), blocks, nil, explorertest.Moods{})
	for _, api := range apis {
		for name, m := range map[string]explorertest.Moods{
			"rate limits": {LimitEvery: 1},
			"cut answers": {Break: func(_ int, body []byte) []byte { return body[:len(body)-1] }},
			"hanging":     {Hang: func(int) bool { return true }},
		} {
			server.Set(m)
			before := len(server.Calls())
			_, err := client(t, api, server, func(o *explorer.Options) { o.Timeout, o.Attempts = 50*time.Millisecond, 4 }).History(t.Context(), thief)
			if !errors.Is(err, explorer.ErrUnavailable) || !strings.Contains(err.Error(), "4 attempts") {
				t.Errorf("%s, %s: %v", api, name, err)
			}
			if n := len(server.Calls()) - before; n != 4 {
				t.Errorf("%s, %s: %d calls, want 4", api, name, n)
			}
		}
	}
	server.Close()
	if _, err := client(t, "etherscan", server, nil).History(t.Context(), thief); !errors.Is(err, explorer.ErrUnavailable) {
		t.Errorf("nobody there: %v", err)
	}
}

// says is a server that says one thing, whatever it is asked after the head.
func says(t testing.TB, body string) *explorertest.Server {
	t.Helper()
	s := &explorertest.Server{Server: httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Query().Get("action") == "eth_blockNumber":
			_, _ = w.Write([]byte(`{"jsonrpc":"2.0","id":1,"result":"0x1000"}`))
		case r.URL.Path == "/api/v2/blocks":
			_, _ = w.Write([]byte(`{"items":[{"height":4096}]}`))
		default:
			_, _ = w.Write([]byte(body))
		}
	}))}
	t.Cleanup(s.Close)
	return s
}

// TestRefusals: the words of refusals, as servers of this kind use them.
func TestRefusals(t *testing.T) {
	a := graphtest.Account(graphtest.Ethereum(), 1)
	for body, want := range map[string]struct {
		err  error
		text string
	}{
		`{"status":"0","message":"NOTOK","result":"Max calls per sec rate limit reached (5/sec)"}`:                              {explorer.ErrUnavailable, "rate limit"},
		`{"status":"0","message":"NOTOK","result":"Max rate limit reached, please use API Key for higher rate limit"}`:          {explorer.ErrUnavailable, "rate limit"},
		`{"status":"0","message":"Query Timeout. Please select a smaller result dataset","result":null}`:                        {explorer.ErrUnavailable, "Timeout"},
		`{"status":"0","message":"NOTOK","result":"Invalid API Key (#err2)|KEY-THAT-NOBODY-SEES"}`:                              {explorer.ErrKey, "Invalid API Key"},
		`{"status":"0","message":"NOTOK","result":"Missing/Invalid API Key"}`:                                                   {explorer.ErrKey, "Missing"},
		`{"status":"0","message":"NOTOK","result":"Free API access is not supported for this chain. Please upgrade your plan"}`: {explorer.ErrKey, "Free API access"},
		`{"status":"0","message":"NOTOK","result":"Error! Missing Or invalid Action name"}`:                                     {nil, "does not have it"},
		`{"message":"Unknown action","result":null,"status":"0"}`:                                                               {nil, "does not have it"},
		`{"status":"0","message":"NOTOK","result":"Error! Invalid address format"}`:                                             {nil, "Invalid address format"},
		`{"status":"0","message":"NOTOK","result":"something new"}`:                                                             {nil, "something new"},
		`{"error":{"code":-32000,"message":"header not found"}}`:                                                                {nil, "header not found"},
		`{"status":"1","message":"OK","result":"0"}`:                                                                            {explorer.ErrUnavailable, "no list of rows"},
		`{"status":"1","message":"OK","result":[{"blockNumber":"7"},{"blockNumber":"6"}]}`:                                      {nil, "should ascend"},
		`{"status":"1","message":"OK","result":[{"blockNumber":"999999999"}]}`:                                                  {nil, "outside 0 to 4084"},
		`{"status":"1","message":"OK","result":[{"blockNumber":""}]}`:                                                           {nil, "cannot be read"},
		`[]`: {explorer.ErrUnavailable, "no JSON of the API"},
		``:   {explorer.ErrUnavailable, "no JSON of the API"},
	} {
		c := client(t, "etherscan", says(t, body), func(o *explorer.Options) { o.Key, o.Attempts = "KEY-THAT-NOBODY-SEES", 2 })
		_, err := c.History(t.Context(), a)
		switch {
		case err == nil, want.err != nil && !errors.Is(err, want.err), !strings.Contains(err.Error(), want.text):
			t.Errorf("%s\n gave %v\n want %v and %q", body, err, want.err, want.text)
		case strings.Contains(err.Error(), "KEY-THAT"):
			t.Errorf("the key is in the error: %v", err)
		}
	}
	for body, want := range map[string]string{
		`{"items":[{"block_number":7,"timestamp":"2024-01-01T00:00:00Z","hash":"0x1"}]}`: "is not a hash",
		`{"items":[{"hash":"0x1"}]}`:                        "block_number: missing",
		`{"items":[{"block_number":5},{"block_number":7}]}`: "should descend",
		`{"items":[],"next_page_params":{"a":1}}`:           "in a circle",
		`{"items":[],"next_page_params":[1]}`:               "next_page_params",
		`{"next_page_params":null}`:                         "no items",
		`{"items":{}}`:                                      "no JSON of the API",
	} {
		_, err := client(t, "blockscout", says(t, body), func(o *explorer.Options) { o.Attempts = 2 }).History(t.Context(), a)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n gave %v\n want %q", body, err, want)
		}
	}
	for _, empty := range []string{`{"status":"0","message":"No transactions found","result":[]}`, `{"status":"0","message":"No records found","result":[]}`,
		`{"status":"0","message":"No token transfers found","result":null}`, `{"status":"1","message":"OK","result":[]}`} {
		h, err := client(t, "etherscan", says(t, empty), nil).History(t.Context(), a)
		if err != nil || len(blocksOf(t, h)) != 0 || len(h.Gaps) != 0 {
			t.Errorf("%s gave %v", empty, err)
		}
	}
}

// TestKeyStaysWithTheAPI: a redirect is not followed, for it would hand the key
// on, and the key is in no error.
func TestKeyStaysWithTheAPI(t *testing.T) {
	const key = "KEY-THAT-NOBODY-SEES"
	stranger := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stranger++ }))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/?"+r.URL.RawQuery, http.StatusMovedPermanently)
	}))
	defer server.Close()
	for _, api := range apis {
		for _, url := range []string{server.URL, "http://127.0.0.1:1"} {
			c, err := explorer.New(api, explorer.Options{URL: url, Chain: graphtest.Ethereum(), Key: key, Attempts: 1})
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Head(t.Context())
			if err == nil || strings.Contains(err.Error(), key) {
				t.Errorf("%s: %v", api, err)
			}
			if url == server.URL && !strings.Contains(err.Error(), "has moved to "+other.URL) {
				t.Errorf("%s: %v", api, err)
			}
		}
	}
	if stranger != 0 {
		t.Errorf("%d calls of somebody else", stranger)
	}
	for _, url := range []string{"", "ftp://x", "https://x/api?apikey=" + key, "https://user:" + key + "@x", "::"} {
		if _, err := explorer.New("etherscan", explorer.Options{URL: url, Chain: graphtest.Ethereum(), Key: key}); err == nil || strings.Contains(err.Error(), key) {
			t.Errorf("URL %q: %v", url, err)
		}
	}
	if _, err := explorer.New("etherscan", explorer.Options{URL: "https://x", Chain: graphtest.Bitcoin()}); err == nil {
		t.Error("an explorer of Bitcoin")
	}
}

// TestPolite: calls keep the rate of the plan, and back off longer each time,
// or as long as they are told to.
func TestPolite(t *testing.T) {
	incident, blocks := heist(t, synthetic.Script{Seed: 5, Hops: 3})
	server := explorertest.New(t, incident.Chain(), blocks, nil, explorertest.Moods{})
	at := newClock()
	begin := at.now
	c, err := explorer.Etherscan(explorer.Options{URL: server.URL, Chain: incident.Chain(), Rate: 4, Now: at.Now, Sleep: at.Sleep})
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range []string{"0: thief", "0: vault", "0: peel 1"} {
		history(t, c, incident.Truth.Address(role))
	}
	if took, want := at.now.Sub(begin), time.Duration(c.Calls()-1)*time.Second/4; took != want || c.Calls() < 18 {
		t.Errorf("%d calls took %s, want %s", c.Calls(), took, want)
	}

	server.Set(explorertest.Moods{LimitEvery: 1})
	at = newClock()
	c, err = explorer.Blockscout(explorer.Options{URL: server.URL, Chain: incident.Chain(), Rate: 1e6, Attempts: 5, Now: at.Now, Sleep: at.Sleep})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Head(t.Context()); !errors.Is(err, explorer.ErrUnavailable) {
		t.Fatal(err)
	}
	if len(at.slept) != 4 || at.slept[0] < time.Second { // Retry-After says 1
		t.Fatalf("waited %v", at.slept)
	}
	for i, d := range at.slept {
		if low := time.Second << i / 2; d < low || d > 3*low && d > time.Second {
			t.Errorf("wait %d was %s, want %s to %s", i, d, low, 3*low)
		}
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Head(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

// TestArchive: answers are kept with their digest and time, and not asked for
// again by another client; an answer that was changed is not believed.
func TestArchive(t *testing.T) {
	incident, blocks := heist(t, synthetic.Script{Seed: 5, Hops: 3})
	thief := incident.Truth.Address("0: thief")
	server := explorertest.New(t, incident.Chain(), blocks, nil, explorertest.Moods{Page: 4})
	for _, api := range apis {
		dir := t.TempDir()
		read := func(at *clock) (*explorer.Client, error) {
			archive, err := explorer.OpenArchive(dir)
			if err != nil {
				return nil, err
			}
			c := client(t, api, server, func(o *explorer.Options) { o.Archive, o.Now, o.Sleep = archive, at.Now, at.Sleep })
			_, err = c.History(t.Context(), thief)
			return c, err
		}
		at := newClock()
		first, err := read(at)
		if err != nil {
			t.Fatal(err)
		}
		at.now = at.now.Add(30 * time.Minute)
		second, err := read(at)
		if err != nil || second.Calls() != 0 || len(second.Answers()) != len(first.Answers()) || len(first.Answers()) < 5 {
			t.Fatalf("%s: %v, %d calls, %d answers, first %d", api, err, second.Calls(), len(second.Answers()), len(first.Answers()))
		}
		for i, a := range first.Answers() {
			if b := second.Answers()[i]; a.SHA256 != b.SHA256 || !a.Retrieved.Equal(b.Retrieved) || len(a.SHA256) != 64 || strings.Contains(a.Request, "apikey") {
				t.Errorf("%s: %+v, then %+v", api, a, b)
			}
		}
		at.now = at.now.Add(2 * time.Hour) // the head is too old to be believed
		if third, err := read(at); err != nil || third.Calls() != 1 {
			t.Errorf("%s: %v, %d calls for a new head that is the same", api, err, third.Calls())
		}

		index := filepath.Join(dir, "index.ndjson")
		whole, err := os.ReadFile(index)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(index, whole[:len(whole)-9], 0o600); err != nil { // as a crash leaves it
			t.Fatal(err)
		}
		if torn, err := read(at); err != nil || torn.Calls() != 1 {
			t.Errorf("%s: a torn line: %v, %d calls", api, err, torn.Calls())
		}
		if again, err := read(at); err != nil || again.Calls() != 0 {
			t.Errorf("%s: after a torn line: %v, %d calls", api, err, again.Calls())
		}
		if err := os.WriteFile(index, append([]byte("no line\n"), whole...), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := read(at); err == nil || !strings.Contains(err.Error(), "index.ndjson:1") {
			t.Errorf("%s: a line that is none: %v", api, err)
		}
		if err := os.WriteFile(index, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		victim := filepath.Join(dir, first.Answers()[2].SHA256+".json.gz")
		other, err := os.ReadFile(filepath.Join(dir, first.Answers()[0].SHA256+".json.gz"))
		if err != nil {
			t.Fatal(err)
		}
		for _, damage := range [][]byte{other, other[:10], nil, bytes.Repeat([]byte("x"), 50)} {
			if err := os.WriteFile(victim, damage, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := read(at); err == nil || !strings.Contains(err.Error(), "is not what was received") {
				t.Errorf("%s: a changed answer: %v", api, err)
			}
		}
	}
}

// TestReorganised: rows that name two hashes of one block are not joined.
func TestReorganised(t *testing.T) {
	a := graphtest.Account(graphtest.Ethereum(), 1).String()
	row := func(tx, block string) string {
		return `{"blockNumber":"7","timeStamp":"9","hash":"0x` + strings.Repeat(tx, 64) + `","blockHash":"0x` + strings.Repeat(block, 64) + `","transactionIndex":"` + tx + `","from":"` + a + `","to":"` + a + `","value":"1","gasUsed":"1","gasPrice":"1","isError":"0"}`
	}
	_, err := client(t, "etherscan", lists(t, map[string]string{"txlist": row("1", "a") + "," + row("2", "b")}), nil).History(t.Context(), graphtest.Account(graphtest.Ethereum(), 1))
	if err == nil || !strings.Contains(err.Error(), "reorganised") {
		t.Errorf("%v", err)
	}
}
