package ethereum

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/rpc"

	"spoor/ingest"
)

// maxAnswer bounds one answer of a node; a block's call frames can take tens
// of megabytes.
const maxAnswer = 1 << 30

// endpoint is one node. Its address may hold a key, so that only name is ever
// shown.
type endpoint struct {
	address string
	name    string
	secrets []string
	timeout time.Duration
	meter   *ingest.Meter // counts the traffic; nil: nobody asks

	requests, calls atomic.Uint64

	mu        sync.Mutex // guards what follows
	client    *rpc.Client
	idle      func()    // closes the connections of an HTTP client
	checked   bool      // it follows our chain
	notBefore time.Time // it asked, or deserves, to be left alone until then
	failures  int       // in a row
	single    bool      // it takes no batches
	perTx     bool      // it has no eth_getBlockReceipts
	most      int       // calls in one batch
	traces    tracer
}

func newEndpoint(address string, timeout time.Duration) (*endpoint, error) {
	name, secrets := redact(address)
	if strings.Contains(address, "://") {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("node %s: not a URL; want http://, https://, ws://, wss:// or the path of an IPC socket", name)
		}
		switch u.Scheme {
		case "http", "https", "ws", "wss":
		default:
			return nil, fmt.Errorf("node %s: no way to reach %s://; want http, https, ws, wss or the path of an IPC socket", name, u.Scheme)
		}
	} else if address == "" {
		return nil, errors.New("node without an address")
	}
	return &endpoint{address: address, name: name, secrets: secrets, timeout: timeout, most: maxCalls}, nil
}

// maxShown is the longest path segment of a URL that is shown: longer ones are
// keys.
const maxShown = 12

// redact is the address of a node without what could be secret in it: user,
// password, query and long path segments.
func redact(address string) (shown string, secrets []string) {
	u, err := url.Parse(address)
	if err != nil {
		return "(unreadable address)", []string{address}
	}
	if u.Scheme == "" || u.Host == "" {
		return address, nil // a path
	}
	shown = u.Scheme + "://" + u.Host
	if u.User != nil {
		if password, ok := u.User.Password(); ok && password != "" {
			secrets = append(secrets, password)
		}
		if name := u.User.Username(); name != "" {
			secrets = append(secrets, name)
		}
		secrets = append(secrets, u.User.String())
	}
	for segment := range strings.SplitSeq(strings.Trim(u.EscapedPath(), "/"), "/") {
		switch {
		case segment == "":
			continue
		case len(segment) > maxShown:
			secrets = append(secrets, segment)
			segment = "…"
		}
		shown += "/" + segment
	}
	for _, values := range u.Query() {
		secrets = append(secrets, values...)
	}
	if u.RawQuery != "" {
		secrets = append(secrets, u.RawQuery)
	}
	if u.Fragment != "" {
		secrets = append(secrets, u.Fragment)
	}
	return shown, secrets
}

// clean takes the secrets out of a message, for a node may repeat them.
func (e *endpoint) clean(text string) string {
	text = strings.ReplaceAll(text, e.address, e.name)
	for _, s := range e.secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "…")
		}
	}
	return text
}

func (e *endpoint) fault(what string, err error) *Fault { return faultOf(e.name, what, err, e.clean) }

func (e *endpoint) wrong(what, format string, args ...any) *Fault {
	return &Fault{Kind: FaultWrong, Endpoint: e.name, What: what, Text: e.clean(fmt.Sprintf(format, args...)), cause: ErrRoot}
}

// dial connects once; an HTTP connection is only an address.
func (e *endpoint) dial(ctx context.Context) (*rpc.Client, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.client != nil {
		return e.client, nil
	}
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	client, err := rpc.DialOptions(ctx, e.address,
		rpc.WithHTTPClient(&http.Client{Transport: polite{e.transport()}}), rpc.WithWebsocketMessageSizeLimit(maxAnswer))
	if err != nil {
		return nil, e.fault("connect", err)
	}
	e.client = client
	return client, nil
}

// transport keeps a connection for each worker.
func (e *endpoint) transport() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 32
	e.idle = t.CloseIdleConnections
	return t
}

func (e *endpoint) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.client != nil {
		e.client.Close()
		e.client = nil
		if e.idle != nil {
			e.idle()
		}
	}
}

// sends counts a request.
func (e *endpoint) sends(calls int) {
	e.requests.Add(1)
	e.calls.Add(uint64(calls))
	if e.meter != nil {
		e.meter.Sent(calls)
	}
}

// call asks for one thing.
func (e *endpoint) call(ctx context.Context, what string, result any, method string, args ...any) error {
	client, err := e.dial(ctx)
	if err != nil {
		return err
	}
	e.sends(1)
	timed, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	if err := client.CallContext(timed, result, method, args...); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return e.fault(what+" ("+method+")", err)
	}
	return nil
}

// batch asks for many things in one request. Errors of single ones are in
// their elements.
func (e *endpoint) batch(ctx context.Context, what string, elems []rpc.BatchElem) error {
	e.mu.Lock()
	single := e.single
	e.mu.Unlock()
	if len(elems) == 0 {
		return nil
	}
	if single || len(elems) == 1 {
		return e.singly(ctx, elems)
	}
	client, err := e.dial(ctx)
	if err != nil {
		return err
	}
	e.sends(len(elems))
	timed, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	if err = client.BatchCallContext(timed, elems); err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	fault := e.fault(what+" ("+elems[0].Method+")", err)
	if !strings.Contains(fault.Text, "cannot unmarshal object") {
		return fault
	}
	// One object for a list: a refusal, or a node that knows no batches.
	if err := e.singly(ctx, elems[:1]); err != nil {
		return err
	}
	if elems[0].Error != nil {
		return e.fault(what+" ("+elems[0].Method+")", elems[0].Error)
	}
	e.mu.Lock()
	e.single = true
	e.mu.Unlock()
	return e.singly(ctx, elems[1:])
}

func (e *endpoint) singly(ctx context.Context, elems []rpc.BatchElem) error {
	client, err := e.dial(ctx)
	if err != nil {
		return err
	}
	for i := range elems {
		e.sends(1)
		timed, cancel := context.WithTimeout(ctx, e.timeout)
		elems[i].Error = client.CallContext(timed, elems[i].Result, elems[i].Method, elems[i].Args...)
		cancel()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// maxCalls bounds the calls of one batch; geth takes 1000, others 100.
const maxCalls = 100

func (e *endpoint) limit() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.most
}

// fewer halves the calls of a batch after one of n was too large, or takes
// what the node suggests.
func (e *endpoint) fewer(n, suggested int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.most = max(1, min(e.most, n/2)); suggested > 0 {
		e.most = min(e.most, suggested)
	}
}

// more lets batches grow again after one of n calls was answered.
func (e *endpoint) more(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n >= e.most {
		e.most = min(maxCalls, e.most+max(1, e.most/8))
	}
}

// rest is how long the endpoint is to be left alone.
func (e *endpoint) rest(now time.Time) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.notBefore.Sub(now)
}

// failed leaves the endpoint alone for a while, longer each time. Failures of
// requests that were under way together count once.
func (e *endpoint) failed(now time.Time, wait, backoff time.Duration, jitter float64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if now.Before(e.notBefore) && wait == 0 {
		return
	}
	e.failures++
	if wait == 0 {
		wait = min(backoff<<min(e.failures-1, 10), maxBackoff)
		wait = time.Duration(float64(wait) * (0.5 + jitter))
	} else {
		wait += time.Duration(float64(backoff) * jitter)
	}
	if until := now.Add(wait); until.After(e.notBefore) {
		e.notBefore = until
	}
}

func (e *endpoint) answered() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.failures = 0
}

// chainID asks a node which chain it follows.
func (e *endpoint) chainID(ctx context.Context) (uint64, error) {
	var id hexutil.Uint64
	err := e.call(ctx, "chain id", &id, "eth_chainId")
	return uint64(id), err
}

// polite is a transport that keeps what a refusal says about coming back, and
// bounds answers.
type polite struct{ http.RoundTripper }

func (p polite) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := p.RoundTripper.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if after := answer.Header.Get("Retry-After"); after != "" && answer.StatusCode >= 400 {
		body, _ := io.ReadAll(io.LimitReader(answer.Body, 4096)) // only for the message
		_ = answer.Body.Close()
		return nil, &retryAfter{answer.StatusCode, parseRetryAfter(after, time.Now()), answer.Status + ": " + string(body)}
	}
	answer.Body = &bounded{answer.Body, maxAnswer}
	return answer, nil
}

// bounded refuses a body that never ends.
type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errors.New("response too large: more than 1 GiB")
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
