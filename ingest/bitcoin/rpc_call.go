package bitcoin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"spoor/ingest"
)

// maxAnswer is the longest answer that is read, in bytes: a few of the largest
// blocks in hex.
const maxAnswer = 128 << 20

// A caller speaks JSON-RPC with one node, in batches. Bitcoin Core and btcd
// understand the same requests; only details of their answers differ.
type caller struct {
	url      string
	auth     Auth // nil: none
	http     *http.Client
	attempts int
	pause    time.Duration // after the first failure; doubles
	meter    *ingest.Meter // counts the traffic
}

type request struct {
	method string
	params []any
}

// answer is what a node says to one request: either a result or an error.
type answer struct {
	result json.RawMessage
	err    *nodeError
}

// nodeError is an error that the node answers with.
type nodeError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *nodeError) Error() string {
	return fmt.Sprintf("the node answers: %.300s (%d)", e.Message, e.Code)
}

// Codes of nodeError, of Bitcoin Core and btcd alike.
const (
	codeMisc     = -1
	codeNotFound = -5
	codeRange    = -8 // of Bitcoin Core; btcd says codeMisc
	codeWarmUp   = -28
	codeUnknown  = -32601 // no such method
)

func newCaller(address string, auth Auth, meter *ingest.Meter, o RPCOptions) (*caller, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("%.100q is not the URL of a node; want one such as http://127.0.0.1:8332", address)
	}
	if u.User != nil {
		return nil, errors.New("a password in the URL can be seen by everybody on this machine; give it by environment or file")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = o.Workers + 1
	return &caller{url: address, auth: auth, attempts: o.Attempts, pause: o.Pause, meter: meter,
		http: &http.Client{Transport: transport, Timeout: o.Timeout,
			// A redirect makes a GET of a request: no node answers with one.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

// call asks one thing, and reads the result into out.
func (c *caller) call(ctx context.Context, out any, method string, params ...any) error {
	answers, err := c.batch(ctx, c.attempts, request{method, params})
	if err != nil {
		return err
	}
	if answers[0].err != nil {
		return fmt.Errorf("%s: %w", method, answers[0].err)
	}
	if err := json.Unmarshal(answers[0].result, out); err != nil {
		return fmt.Errorf("%s: %w: %w", method, errGarbage, err)
	}
	return nil
}

// errGarbage is an answer that is not what the protocol says.
var errGarbage = errors.New("the node's answer makes no sense")

// batch asks several things at once and returns the answers in the same order.
// It tries again what may pass: no connection, no answer in time, an overloaded
// or a starting node, an answer that was cut off.
func (c *caller) batch(ctx context.Context, attempts int, requests ...request) ([]answer, error) {
	pause := c.pause
	for attempt := 1; ; attempt++ {
		answers, err := c.once(ctx, requests)
		c.count(err)
		if err == nil || ctx.Err() != nil || attempt >= attempts || !errors.Is(err, ingest.ErrUnavailable) && !errors.Is(err, errGarbage) {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return answers, err
		}
		timer := time.NewTimer(pause/2 + rand.N(pause/2+1))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		case <-timer.C:
		}
		pause = min(2*pause, 8*time.Second)
		c.meter.Retried()
	}
}

// count counts what came instead of an answer, by kind.
func (c *caller) count(err error) {
	switch {
	case err == nil, errors.Is(err, context.Canceled):
	case errors.Is(err, ingest.ErrUnavailable):
		c.meter.Faulted("transient")
	case errors.Is(err, errGarbage):
		c.meter.Faulted("wrong")
	case errors.Is(err, ErrCredentials):
		c.meter.Faulted("denied")
	default:
		c.meter.Faulted("other")
	}
}

func (c *caller) once(ctx context.Context, requests []request) ([]answer, error) {
	type call struct {
		Version string `json:"jsonrpc"`
		ID      int    `json:"id"`
		Method  string `json:"method"`
		Params  []any  `json:"params"`
	}
	calls := make([]call, len(requests))
	for i, r := range requests {
		if calls[i] = (call{"2.0", i, r.method, r.params}); r.params == nil {
			calls[i].Params = []any{}
		}
	}
	body, err := json.Marshal(calls)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.auth != nil {
		user, password, err := c.auth()
		if err != nil {
			return nil, err
		}
		req.SetBasicAuth(user, password)
	}
	c.meter.Sent(len(requests))
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreached(err)
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return nil, c.unreached(err)
	}
	if len(text) > maxAnswer {
		return nil, fmt.Errorf("%w: it is longer than %d bytes", errGarbage, maxAnswer)
	}
	if err := c.status(res, text); err != nil {
		return nil, err
	}
	answers, err := understand(text, len(requests))
	if errors.Is(err, errGarbage) {
		err = c.garbage(err)
	}
	return answers, err
}

// unreached is why there was no whole answer.
func (c *caller) unreached(err error) error {
	if failed := (*url.Error)(nil); errors.As(err, &failed) {
		err = failed.Err // the rest repeats the URL
	}
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		err = fmt.Errorf("no answer within %s", c.http.Timeout)
	}
	return ingest.Advise(fmt.Errorf("%w: %s: %w", ingest.ErrUnavailable, c.url, err),
		"is the node running, and does --rpc name its RPC port (8332 of Bitcoin Core, 8334 of btcd)? For btcd's own certificate set SSL_CERT_FILE to its rpc.cert")
}

// status tells what the HTTP status means where it says enough.
func (c *caller) status(res *http.Response, text []byte) error {
	switch {
	case res.StatusCode == http.StatusUnauthorized:
		return ingest.Advise(fmt.Errorf("%w: %s refuses the user name or password", ErrCredentials, c.url),
			"set SPOOR_RPC_USER and SPOOR_RPC_PASSWORD, or give the node's cookie file with --rpc-cookie-file")
	case res.StatusCode == http.StatusForbidden:
		return ingest.Advise(fmt.Errorf("%w: %s does not serve this machine (403)", ErrCredentials, c.url), "rpcallowip of the node must include it")
	case res.StatusCode == http.StatusTooManyRequests, res.StatusCode >= 502, res.StatusCode == http.StatusOK && len(text) == 0:
		return ingest.Advise(fmt.Errorf("%w: %s: %s", ingest.ErrUnavailable, c.url, res.Status), "it is overloaded or going down; run the same command again later")
	}
	if first := bytes.TrimSpace(text); len(first) > 0 && (first[0] == '[' || first[0] == '{') {
		return nil
	}
	return c.garbage(fmt.Errorf("%w: %s: %.80q", errGarbage, res.Status, text))
}

// garbage says which node it was that answered so.
func (c *caller) garbage(err error) error {
	return ingest.Advise(fmt.Errorf("%s: %w", c.url, err), notBitcoin)
}

const notBitcoin = "is this the RPC port of a Bitcoin node, and no proxy in between?"

// understand reads the answers to n requests.
func understand(text []byte, n int) ([]answer, error) {
	type reply struct {
		ID     *int            `json:"id"`
		Result json.RawMessage `json:"result"`
		Error  *nodeError      `json:"error"`
	}
	var replies []reply
	if text = bytes.TrimSpace(text); len(text) > 0 && text[0] == '{' { // one answer for all: an error
		var whole reply
		if err := json.Unmarshal(text, &whole); err != nil || whole.Error == nil {
			return nil, fmt.Errorf("%w: %.80q", errGarbage, text)
		}
		return nil, starting(whole.Error)
	}
	if err := json.Unmarshal(text, &replies); err != nil {
		return nil, fmt.Errorf("%w: %w", errGarbage, err)
	}
	answers := make([]answer, n)
	seen := 0
	for _, r := range replies {
		if r.ID == nil || *r.ID < 0 || *r.ID >= n || answers[*r.ID].result != nil || answers[*r.ID].err != nil {
			return nil, fmt.Errorf("%w: it is not one answer for each question", errGarbage)
		}
		if r.Error != nil {
			if r.Error.Code == codeWarmUp {
				return nil, starting(r.Error)
			}
			r.Result = nil
		} else if len(r.Result) == 0 || string(r.Result) == "null" {
			return nil, fmt.Errorf("%w: an answer has neither result nor error", errGarbage)
		}
		answers[*r.ID] = answer{r.Result, r.Error}
		seen++
	}
	if seen != n {
		return nil, fmt.Errorf("%w: %d answers to %d questions", errGarbage, seen, n)
	}
	return answers, nil
}

// starting tells a node that is not ready yet from one that says no.
func starting(err *nodeError) error {
	if err.Code != codeWarmUp {
		return err
	}
	return ingest.Advise(fmt.Errorf("%w: it is still starting: %s", ingest.ErrUnavailable, strings.TrimSpace(err.Message)), "run the same command again when the node is up")
}
