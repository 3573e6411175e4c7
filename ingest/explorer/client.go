package explorer

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"spoor/graph"
	"spoor/ingest"
)

// Options tell how an API is asked.
type Options struct {
	URL   string      // of the API, without query
	Chain graph.Chain // an account chain
	Key   string      // never written anywhere; may be empty
	// Rate is how many calls a second the plan allows. Default 3.
	Rate float64
	// Window is how many rows the API shows of one request. Default 1000, what
	// the free plans of Etherscan show.
	Window int
	// MaxRows ends a list: an address with more rows of one kind is a service.
	// What is left out is a gap. Default 50,000.
	MaxRows int
	// Confirmations are how many blocks below the head are left out, as they
	// may yet be replaced. Default 12; negative for none.
	Confirmations int
	// MaxAge is how old an archived answer about the head of the chain may be.
	// Default an hour.
	MaxAge time.Duration
	// Timeout ends one call. Default 30 seconds.
	Timeout time.Duration
	// Attempts are how often a call is tried. Default 6.
	Attempts int
	// Archive keeps the answers; nil keeps none.
	Archive *Archive
	// Meter counts rows; default one that stops at the first problem.
	Meter *ingest.Meter
	// Now and Sleep are the clock. Default the real one.
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
}

// client makes the calls of one API: politely, with retries, through the
// archive.
type client struct {
	Options
	http *http.Client

	mu    sync.Mutex
	next  time.Time // when the next call may be made
	calls int
	used  []Answer // answers that made sense, archived or not
}

var (
	// ErrKey is returned where the API does not accept the key.
	ErrKey = errors.New("the API does not accept the key")
	// ErrUnavailable is returned where the API does not answer, or not sensibly,
	// however often it is asked.
	ErrUnavailable = errors.New("the API does not answer")
	// ErrAlien is returned where what answers is not the API: a web page, a path
	// that is not there.
	ErrAlien = errors.New("what answers is not the API")
	// errMissing is an action or page that the API does not have.
	errMissing = errors.New("the API does not have it")
	// errWindow is a request for rows past the window.
	errWindow = errors.New("beyond the window of the API")
)

// retryable is a failure that may pass.
type retryable struct {
	error
	after time.Duration // what the API asks for, 0 if it does not say
}

func (r retryable) Unwrap() error { return r.error }

func newClient(o Options) (*client, error) {
	if o.Chain.Family != graph.AccountFamily {
		return nil, fmt.Errorf("explorer: %s is no EVM chain", o.Chain.Alias)
	}
	u, err := url.Parse(o.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("explorer: %q is no URL; want one such as https://api.etherscan.io/v2/api", redact(o.URL, o.Key))
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("explorer: the URL has a user or a query; want it bare, and the key in the environment or a file")
	}
	o.URL = strings.TrimRight(o.URL, "/")
	o.Rate = cmp.Or(o.Rate, 3)
	o.Window = cmp.Or(o.Window, 1000)
	o.MaxRows = cmp.Or(o.MaxRows, 50_000)
	o.Confirmations = max(0, cmp.Or(o.Confirmations, 12))
	o.MaxAge = cmp.Or(o.MaxAge, time.Hour)
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	o.Attempts = cmp.Or(o.Attempts, 6)
	if o.Rate < 0 || o.Window < 1 || o.MaxRows < 1 || o.Attempts < 1 {
		return nil, errors.New("explorer: rate, window, rows and attempts must be above 0")
	}
	if o.Meter == nil {
		o.Meter = ingest.NewMeter(ingest.Stop)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	return &client{Options: o, http: &http.Client{
		// A redirect would carry the key to somebody else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Source names the API in what is stored.
func (c *client) source() string {
	u, _ := url.Parse(c.URL) // was parsed before
	return "explorer " + u.Host
}

// host says who made a claim.
func (c *client) host() string {
	u, _ := url.Parse(c.URL)
	return u.Host
}

// Calls is how many calls were made, and what was answered, archived or not,
// in order of asking.
func (c *client) asked() (calls int, answers []Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls, append([]Answer(nil), c.used...)
}

// get asks for a path and query. asOf tells requests apart whose answer grows
// with the chain. check reads the answer and says what is wrong with it; only
// an answer it accepts is archived. Answers older than maxAge are asked again;
// 0 is never too old.
func (c *client) get(ctx context.Context, path string, query url.Values, asOf string, maxAge time.Duration, check func([]byte) error) error {
	request := "GET " + c.URL + path
	if q := query.Encode(); q != "" {
		request += "?" + q
	}
	if asOf != "" {
		request += " as of " + asOf
	}
	if c.Archive != nil {
		body, answer, found, err := c.Archive.Find(request)
		if err != nil {
			return err
		}
		if found && (maxAge == 0 || c.Now().Sub(answer.Retrieved) < maxAge) {
			if err := check(body); err != nil {
				return fmt.Errorf("%s, archived as %s: %w", request, answer.SHA256, err)
			}
			c.note(answer)
			return nil
		}
	}
	body, err := c.retry(ctx, path, query, check)
	if err != nil {
		return fmt.Errorf("%s: %w", request, err)
	}
	answer := Answer{Chain: c.Chain.ID, Request: request, SHA256: digestOf(body), Size: len(body), Retrieved: c.Now().UTC().Truncate(time.Second)}
	if c.Archive != nil && c.Key != "" && strings.Contains(string(body), c.Key) {
		c.Meter.Pass("answer that repeats the key: used and not kept, so that no evidence cites it", 1)
	} else if c.Archive != nil {
		if answer, err = c.Archive.Keep(answer, body); err != nil {
			return err
		}
	}
	c.note(answer)
	return nil
}

func (c *client) note(a Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used = append(c.used, a)
}

// notJSON is the error of an answer that cannot be read as JSON: cut off, which
// may pass, or a page for people, which no API sends.
func notJSON(err error, body []byte) error {
	err = fmt.Errorf("the answer is no JSON of the API: %w: %.120q", err, body)
	if first := bytes.TrimSpace(body); len(first) > 0 && first[0] != '{' && first[0] != '[' {
		err = fmt.Errorf("%w: %w", ErrAlien, err)
	}
	return retryable{error: err}
}

// answered reports whether anything was understood yet.
func (c *client) answered() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.used) > 0
}

// retry asks until there is an answer, or no sense in asking.
func (c *client) retry(ctx context.Context, path string, query url.Values, check func([]byte) error) ([]byte, error) {
	var last error
	for attempt := range c.Attempts {
		if attempt > 0 {
			wait := time.Second << min(attempt-1, 6)
			wait = wait/2 + rand.N(wait) // jitter, so that many clients do not come back at once
			var r retryable
			if errors.As(last, &r) && r.after > wait {
				wait = r.after
			}
			if err := c.Sleep(ctx, wait); err != nil {
				return nil, err
			}
		}
		body, err := c.call(ctx, path, query)
		if err == nil {
			if err = check(body); err == nil {
				return body, nil
			}
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var r retryable
		if !errors.As(err, &r) {
			return nil, err
		}
		if last = err; attempt == 2 && errors.Is(err, ErrAlien) && !c.answered() {
			return nil, err // more likely the URL is wrong than the API troubled
		}
	}
	return nil, fmt.Errorf("%w: %d attempts, the last: %w", ErrUnavailable, c.Attempts, last)
}

// longest is what one answer may have: 10,000 rows with long call data.
const longest = 256 << 20

// call makes one call, when it may.
func (c *client) call(ctx context.Context, path string, query url.Values) ([]byte, error) {
	if err := c.wait(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	sent := url.Values{}
	for name, values := range query {
		sent[name] = values
	}
	if c.Key != "" {
		sent.Set("apikey", c.Key)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+path+"?"+sent.Encode(), nil)
	if err != nil {
		return nil, errors.New(redact(err.Error(), c.Key))
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "spoor")
	resp, err := c.http.Do(req)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // its text has the key in it
		}
		return nil, retryable{error: err}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, longest+1))
	_ = resp.Body.Close() // only read from
	switch {
	case err != nil:
		return nil, retryable{error: fmt.Errorf("the answer broke off: %w", err)}
	case len(body) > longest:
		return nil, fmt.Errorf("the answer is longer than %d MB", longest>>20)
	}
	return body, c.status(resp, body)
}

func (c *client) status(resp *http.Response, body []byte) error {
	text := resp.Status
	if excerpt := strings.TrimSpace(string(body)); excerpt != "" {
		text += ": " + redact(fmt.Sprintf("%.200q", excerpt), c.Key)
	}
	switch code := resp.StatusCode; {
	case code == http.StatusOK:
		return nil
	case code == http.StatusTooManyRequests || code >= 500:
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After")) // absent or a date: our own wait
		return retryable{errors.New(text), time.Duration(min(max(seconds, 0), 300)) * time.Second}
	case code == http.StatusUnauthorized || code == http.StatusForbidden || code == http.StatusPaymentRequired:
		return fmt.Errorf("%w: %s", ErrKey, text)
	case code >= 300 && code < 400:
		return fmt.Errorf("%s: the API has moved to %s; name that with the URL", resp.Status, redact(location(resp), c.Key))
	case code == http.StatusNotFound || code == http.StatusBadRequest || code == http.StatusUnprocessableEntity:
		return fmt.Errorf("%w: %s", errMissing, text)
	}
	return errors.New(text)
}

// location is where a redirect leads, without its query.
func location(resp *http.Response) string {
	u, err := resp.Location()
	if err != nil {
		return "nowhere"
	}
	u.RawQuery, u.User = "", nil
	return u.String()
}

// wait lets calls through one at a time at the rate of the plan.
func (c *client) wait(ctx context.Context) error {
	c.mu.Lock()
	now := c.Now()
	at := c.next
	if at.Before(now) {
		at = now
	}
	c.next = at.Add(time.Duration(float64(time.Second) / c.Rate))
	c.calls++
	c.mu.Unlock()
	if d := at.Sub(now); d > 0 {
		return c.Sleep(ctx, d)
	}
	return ctx.Err()
}

// redact takes the key out of a text.
func redact(text, key string) string {
	if key == "" {
		return text
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, key, "[key]"), url.QueryEscape(key), "[key]")
}
