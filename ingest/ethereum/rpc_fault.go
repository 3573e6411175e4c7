package ethereum

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/rpc"
)

// FaultKind is what kind of thing a node did instead of answering.
type FaultKind uint8

// The kinds. Each has its own cure.
const (
	FaultTransient   FaultKind = iota // broken connection, timeout, garbage: ask again
	FaultLimited                      // rate limit: ask later
	FaultTooLarge                     // ask for less at once
	FaultUnsupported                  // the node does not offer the method
	FaultPruned                       // the node no longer has what was asked for
	FaultMissing                      // the node does not have it yet
	FaultDenied                       // key refused
	FaultWrong                        // the answer contradicts itself or the chain
	FaultForeign                      // the node is of another chain or branch: nothing of it is used
)

var faultNames = [...]string{"transient", "limited", "too_large", "unsupported", "pruned", "missing", "denied", "wrong", "foreign"}

// String is the kind's name, as metrics have it.
func (k FaultKind) String() string { return faultNames[k] }

// Fault is a node's failure to answer. Its text never holds the secrets of an
// endpoint's URL.
type Fault struct {
	Kind     FaultKind
	Endpoint string // without secrets
	What     string // what was asked for
	Text     string
	Wait     time.Duration // how long the node asks to wait; 0: it does not say
	Fewer    int           // how many items the node suggests; 0: it does not say
	Code     int           // of JSON-RPC; 0: the answer was no JSON-RPC error
	alien    bool          // the answer was not JSON-RPC at all
	cause    error         // sentinel for errors.Is
}

func (f *Fault) Error() string {
	return fmt.Sprintf("node %s: %s: %s", f.Endpoint, f.What, f.Text)
}

func (f *Fault) Unwrap() error { return f.cause }

// Hint is what the user can do about the fault.
func (f *Fault) Hint() string {
	switch f.Kind {
	case FaultLimited:
		return "the provider limits the rate: run the same command again later (it goes on where it stopped), use --workers 1, or name more endpoints in --rpc"
	case FaultTooLarge:
		return "the node does not answer one block whole: use a node with higher limits, or leave the traces out with --traces off"
	case FaultUnsupported:
		return "use a node that offers the method (for traces: geth with --http.api eth,debug, or one with trace_block), or --traces off"
	case FaultPruned:
		return "the node has pruned this part of the history: use an archive node, raise --from, or leave traces out with --traces off if only state is pruned"
	case FaultMissing:
		return "the node is not fully synced, or still indexing: wait until it is, or choose an earlier --to"
	case FaultDenied:
		return "is the key right, and does the plan cover this chain? Give it with --rpc env:NAME or --rpc file:PATH"
	case FaultWrong:
		return "the node's answer cannot be trusted: nothing of it was stored; try another node"
	case FaultForeign:
		return "all endpoints must follow the same branch of the same chain: leave out the one that does not, or choose the chain with --chain"
	}
	if f.alien {
		return "is this the address of a JSON-RPC node, with its path and key? If it is, run the same command again: it goes on where it stopped"
	}
	return "is the node running and reachable? Run the same command again: it goes on where it stopped"
}

// faultOf classifies an error of a call. clean takes secrets out of text.
func faultOf(endpoint, what string, err error, clean func(string) string) *Fault {
	f := &Fault{Endpoint: endpoint, What: what}
	known := (*Fault)(nil)
	var (
		link   *url.Error
		status rpc.HTTPError
		coded  rpc.Error
		data   rpc.DataError
		after  *retryAfter
		syntax *json.SyntaxError
		typed  *json.UnmarshalTypeError
	)
	if errors.As(err, &known) {
		return known
	}
	if errors.As(err, &link) {
		err = link.Err // its text holds the URL
	}
	f.Text = clean(err.Error())
	code := 0
	if errors.As(err, &coded) {
		code = coded.ErrorCode()
	}
	if errors.As(err, &data) && data.ErrorData() != nil {
		if raw, err := json.Marshal(data.ErrorData()); err == nil {
			f.Text += " " + clean(string(raw))
		}
	}
	if errors.As(err, &after) {
		f.Wait = after.wait
	}
	httpCode := 0
	switch {
	case errors.As(err, &status):
		httpCode = status.StatusCode
	case after != nil:
		httpCode = after.status
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		f.Text = "no answer in time"
	case errors.As(err, &syntax), errors.As(err, &typed):
		f.alien = true
		f.Text = "the answer is not the JSON that was asked for: " + f.Text
	}
	if httpCode == http.StatusNotFound || httpCode == http.StatusMethodNotAllowed {
		f.alien = true
	}
	f.Text = shorten(f.Text)
	f.Code = code
	f.Kind = faultKind(httpCode, code, f.Text)
	switch f.Kind {
	case FaultLimited:
		if f.Wait == 0 {
			f.Wait = suggestedWait(f.Text)
		}
	case FaultTooLarge:
		f.Fewer = suggestedCount(f.Text)
	}
	return f
}

// faultWords are how nodes and providers say what is wrong, in the order in
// which they are tried: what is specific comes first. Sources: go-ethereum
// rpc/errors.go and eth/, and the error pages of Infura, Alchemy, QuickNode.
var faultWords = []struct {
	kind  FaultKind
	words []string
}{
	{FaultPruned, []string{"pruned", "missing trie node", "historical state", "state is not available", "state not available", "no state available",
		"history expiry", "archive", "block is too old", "state recreation"}},
	{FaultTooLarge, []string{"response too large", "response size", "too large", "batch size", "maximum batch", "batch limit", "too many results",
		"query returned more than", "block range", "getlogs is limited", "payload too big", "items in batch", "message too big", "read limit exceeded"}},
	{FaultLimited, []string{"rate limit", "ratelimit", "too many requests", "request limit", "requests per second", "compute units", "throughput",
		"capacity", "quota", "credits", "daily request count"}},
	{FaultUnsupported, []string{"does not exist/is not available", "method not found", "method not supported", "not supported", "unsupported method",
		"unknown method", "not whitelisted", "is not enabled", "method disabled", "not allowed", "is not available on", "upgrade"}},
	{FaultDenied, []string{"unauthorized", "invalid api key", "invalid project id", "forbidden", "authentication"}},
	{FaultMissing, []string{"not indexed yet", "indexing is in progress", "header not found", "unknown block", "block not found", "is syncing"}},
}

func faultKind(httpCode, code int, text string) FaultKind {
	switch {
	case httpCode == http.StatusTooManyRequests:
		return FaultLimited
	case httpCode == http.StatusRequestEntityTooLarge:
		return FaultTooLarge
	case httpCode == http.StatusUnauthorized:
		return FaultDenied
	case code == -32601, code == -32004:
		return FaultUnsupported
	case code == 4444: // EIP-4444: history expired
		return FaultPruned
	}
	lower := strings.ToLower(text)
	for _, f := range faultWords {
		for _, word := range f.words {
			if strings.Contains(lower, word) {
				return f.kind
			}
		}
	}
	switch {
	case code == -32005:
		return FaultLimited
	case code == -32003:
		return FaultTooLarge
	case httpCode == http.StatusForbidden:
		return FaultDenied
	}
	return FaultTransient
}

var (
	waitPattern  = regexp.MustCompile(`(?i)(?:retry|again|backoff_seconds|wait)\D{0,16}(\d+(?:\.\d+)?)\s*(ms|m\b|min)?`)
	rangePattern = regexp.MustCompile(`\[\s*(0x[0-9a-fA-F]{1,16})\s*,\s*(0x[0-9a-fA-F]{1,16})\s*\]`)
	countPattern = regexp.MustCompile(`(?i)(?:up to|limit(?:ed)? (?:of|to|is)|max(?:imum)?(?: batch| block)?(?: size| range)?(?: of| is|:)?)\s*(?:a |an )?(\d{1,3}(?:,\d{3}){1,2}|\d{1,7})(k\b)?`)
)

// maxWait bounds how long a node can make us wait.
const maxWait = 5 * time.Minute

// suggestedWait is the time after which a node's message asks to come again.
func suggestedWait(text string) time.Duration {
	m := waitPattern.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil || n < 0 || n > 1e6 {
		return 0
	}
	unit := time.Second
	switch strings.ToLower(m[2]) {
	case "ms":
		unit = time.Millisecond
	case "m", "min":
		unit = time.Minute
	}
	return min(time.Duration(n*float64(unit)), maxWait)
}

// suggestedCount is how many items a node's message suggests to ask for: a
// block range in brackets, or a limit in words.
func suggestedCount(text string) int {
	if m := rangePattern.FindStringSubmatch(text); m != nil {
		from, err1 := strconv.ParseUint(m[1], 0, 64)
		to, err2 := strconv.ParseUint(m[2], 0, 64)
		if err1 == nil && err2 == nil && to >= from && to-from < 1<<20 {
			return int(to - from + 1)
		}
	}
	if m := countPattern.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(strings.ReplaceAll(m[1], ",", "")) // at most 9 digits
		if m[2] != "" {
			n *= 1000
		}
		return n
	}
	return 0
}

// retryAfter is a refused request, with the time the node asks to wait.
type retryAfter struct {
	status int
	wait   time.Duration
	text   string
}

func (r *retryAfter) Error() string { return r.text }

// parseRetryAfter reads the header, which holds seconds or a date.
func parseRetryAfter(header string, now time.Time) time.Duration {
	if header == "" {
		return 0
	}
	if n, err := strconv.ParseUint(strings.TrimSpace(header), 10, 31); err == nil {
		return min(time.Duration(n)*time.Second, maxWait)
	}
	if at, err := http.ParseTime(header); err == nil && at.After(now) {
		return min(at.Sub(now), maxWait)
	}
	return 0
}

// shorten keeps messages (some nodes answer with a web page) readable: one
// line without control characters, and the count of what was left out.
func shorten(text string) string {
	const most = 300
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r < 0x20 || r == 0x7f }), " ")
	text = strings.ToValidUTF8(text, "?")
	if runes := []rune(text); len(runes) > most {
		return fmt.Sprintf("%s … (%d more characters)", string(runes[:most]), len(runes)-most)
	}
	return text
}
