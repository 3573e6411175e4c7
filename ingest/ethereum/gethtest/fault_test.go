package gethtest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest/ethereum"
)

// hangup closes the connection instead of answering.
func hangup(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// nth troubles every n-th request from the 4th on, after nodes were compared.
func nth(every int, do func(w http.ResponseWriter)) trouble {
	return trouble{request: func(n int, w http.ResponseWriter, _ []call, _ []byte) bool {
		if n < 4 || n%every != 0 {
			return false
		}
		do(w)
		return true
	}}
}

// TestTroubleOvercome: the node is troublesome, and in the end all is read.
func TestTroubleOvercome(t *testing.T) {
	i := incident(t)
	want := clean(t, options(t, i.Node), i.URL)
	var foreign, busy atomic.Int32
	var large sync.Map // parameters that were asked for
	for name, test := range map[string]trouble{
		"connections die": nth(3, hangup),
		"garbage":         nth(3, func(w http.ResponseWriter) { _, _ = w.Write([]byte("<html>502</html>")) }),
		"cut off": nth(3, func(w http.ResponseWriter) {
			_, _ = w.Write([]byte(`[{"jsonrpc":"2.0","id":1,"result":{"number":"0x1","hash":`))
		}),
		"empty answers":    nth(3, func(http.ResponseWriter) {}),
		"other JSON":       nth(3, func(w http.ResponseWriter) { _, _ = w.Write([]byte(`"hello"`)) }),
		"missing answers":  nth(3, func(w http.ResponseWriter) { _, _ = w.Write([]byte(`[]`)) }),
		"server errors":    nth(3, func(w http.ResponseWriter) { http.Error(w, "bad gateway", http.StatusBadGateway) }),
		"too many at once": nth(3, func(w http.ResponseWriter) { http.Error(w, "slow down", http.StatusTooManyRequests) }),
		"rate limit in JSON": {change: func(c call, a *answer) {
			if busy.Add(1)%7 == 0 {
				a.Result, a.Error = nil, &failure{Code: -32005, Message: "project ID request rate exceeded", Data: map[string]any{"rate": map[string]any{"backoff_seconds": 0.01}}}
			}
		}},
		"hangs": nth(9, func(http.ResponseWriter) { time.Sleep(700 * time.Millisecond) }),
		"no eth_getBlockReceipts": {ask: func(c *call) *failure {
			if c.Method == "eth_getBlockReceipts" {
				return &failure{Code: -32601, Message: "the method eth_getBlockReceipts does not exist/is not available"}
			}
			return nil
		}},
		"trace_block only": {ask: func(c *call) *failure {
			switch c.Method {
			case "debug_traceBlockByHash":
				return &failure{Code: -32601, Message: "Method not found"}
			case "trace_block":
				c.Method = "debug_traceBlockByNumber"
				c.Params = append(bytes.TrimSuffix(c.Params, []byte("]")), `,{"tracer":"flatCallTracer","tracerConfig":{"convertParityErrors":true}}]`...)
			}
			return nil
		}, change: flatten},
		"no batches": {request: func(_ int, w http.ResponseWriter, _ []call, raw []byte) bool {
			if !bytes.HasPrefix(raw, []byte("[")) {
				return false
			}
			_, _ = w.Write([]byte(`{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"batch requests are not here"}}`))
			return true
		}},
		"small batches": {request: func(_ int, w http.ResponseWriter, calls []call, _ []byte) bool {
			if len(calls) <= 2 {
				return false
			}
			http.Error(w, "batch size too large", http.StatusRequestEntityTooLarge)
			return true
		}},
		"large answers": {change: func(c call, a *answer) {
			// Of every block the first answer, however few others it comes with.
			if _, again := large.LoadOrStore(string(c.Params), true); c.Method == "debug_traceBlockByHash" && !again {
				a.Result, a.Error = nil, &failure{Code: -32003, Message: "response too large"}
			}
		}},
		"a foreign receipt once": {change: func(c call, a *answer) {
			if c.Method == "eth_getBlockReceipts" && len(a.Result) > 10 && foreign.Add(1) == 2 {
				a.Result = replaceHex(a.Result, "blockHash")
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(t, i.Node)
			if o.Balances = 1; name == "hangs" {
				o.Timeout = 400 * time.Millisecond
			}
			if name == "large answers" {
				o.Retries = 12
			}
			store := graphtest.NewModel()
			if _, err := ingestInto(t, store, o, proxy(t, func() string { return i.URL }, test)); err != nil {
				t.Fatal(err)
			}
			if got := dump(t, store); got != want {
				t.Error("the store differs from that of a clean run")
			}
		})
	}
}

// flatten turns geth's rows by transaction into those of trace_block.
func flatten(c call, a *answer) {
	var rows []struct {
		Result []json.RawMessage `json:"result"`
	}
	if c.Method != "trace_block" || json.Unmarshal(a.Result, &rows) != nil {
		return
	}
	all := []json.RawMessage{}
	for _, row := range rows {
		all = append(all, row.Result...)
	}
	a.Result, _ = json.Marshal(all)
}

// replaceHex flips the last digit of the first value of a key.
func replaceHex(raw []byte, key string) []byte {
	at := bytes.Index(raw, []byte(`"`+key+`":"0x`))
	if at < 0 {
		return raw
	}
	out := bytes.Clone(raw)
	end := at + len(key) + 6 + bytes.IndexByte(raw[at+len(key)+6:], '"') - 1
	if out[end] == '1' {
		out[end] = '2'
	} else {
		out[end] = '1'
	}
	return out
}

// TestTroubleRefused: the node is wrong and stays so. The error says what to
// do, what was stored before is right, and another run with a sound node
// completes the store.
func TestTroubleRefused(t *testing.T) {
	i := incident(t)
	o := options(t, i.Node)
	want := clean(t, o, i.URL)
	const at = 14 // the block with the trouble: swaps
	part := o
	part.To = at - 1
	before := clean(t, part, i.URL)
	block := fmt.Sprintf(`"0x%x"`, at)
	hash := i.Block(at).Hash().String()
	of := func(c call) bool {
		return bytes.Contains(c.Params, []byte(block)) || bytes.Contains(c.Params, []byte(hash))
	}
	flip := func(method, key string) trouble {
		return trouble{change: func(c call, a *answer) {
			if c.Method == method && of(c) {
				a.Result = replaceHex(a.Result, key)
			}
		}}
	}
	refuse := func(method string, code int, message string) trouble {
		return trouble{change: func(c call, a *answer) {
			if c.Method == method && of(c) {
				a.Result, a.Error = nil, &failure{Code: code, Message: message}
			}
		}}
	}
	for name, test := range map[string]struct {
		trouble
		traces ethereum.TraceMode
		kind   ethereum.FaultKind
		is     error
		says   string
		hint   string
		stored bool // something was, before the trouble
	}{
		"null receipts": {trouble: trouble{change: func(c call, a *answer) {
			if c.Method == "eth_getBlockReceipts" && of(c) {
				a.Result = json.RawMessage("null")
			}
		}}, kind: ethereum.FaultMissing, says: "receipts of block 14", hint: "synced", stored: true},
		"receipt of another block":   {trouble: flip("eth_getBlockReceipts", "blockHash"), kind: ethereum.FaultWrong, is: ethereum.ErrRoot, says: "of block", hint: "another node", stored: true},
		"receipt of another payment": {trouble: flip("eth_getBlockReceipts", "transactionHash"), kind: ethereum.FaultWrong, is: ethereum.ErrRoot, says: "of transaction", stored: true},
		"flipped log amount":         {trouble: flip("eth_getBlockReceipts", "data"), kind: ethereum.FaultWrong, is: ethereum.ErrRoot, says: "receipts root", stored: true},
		"flipped gas":                {trouble: flip("eth_getBlockReceipts", "cumulativeGasUsed"), kind: ethereum.FaultWrong, is: ethereum.ErrRoot, says: "receipts root", stored: true},
		"flipped value":              {trouble: flip("eth_getBlockByNumber", "value"), kind: ethereum.FaultWrong, is: ethereum.ErrRoot, says: "hashes to", stored: true},
		"flipped sender":             {trouble: flip("eth_getBlockByNumber", "from"), kind: ethereum.FaultWrong, is: ethereum.ErrRoot, says: "signed by", stored: true},
		"flipped miner":              {trouble: flip("eth_getBlockByNumber", "miner"), kind: ethereum.FaultWrong, is: ethereum.ErrRoot, says: "header hashes to", stored: true},
		"flipped height":             {trouble: flip("eth_getBlockByNumber", "number"), kind: ethereum.FaultWrong, is: ethereum.ErrRoot, stored: true},
		"flipped inner value": {trouble: trouble{change: func(c call, a *answer) {
			if c.Method == "debug_traceBlockByHash" && of(c) { // below the root frame, which must agree with the transaction
				if at := bytes.Index(a.Result, []byte(`"calls":`)); at > 0 {
					a.Result = append(bytes.Clone(a.Result[:at]), replaceHex(a.Result[at:], "value")...)
				}
			}
		}}, kind: ethereum.FaultWrong, is: ethereum.ErrBalance, says: "gained", stored: true},
		"frames of another payment": {trouble: flip("debug_traceBlockByHash", "txHash"), kind: ethereum.FaultWrong, is: ethereum.ErrRoot, stored: true},
		"tracing fails": {trouble: trouble{change: func(c call, a *answer) {
			if c.Method == "debug_traceBlockByHash" && of(c) {
				a.Result = json.RawMessage(strings.Replace(string(a.Result), `"result":`, `"error":"execution timeout","was":`, 1))
			}
		}}, kind: ethereum.FaultTransient, says: "execution timeout", stored: true},
		"pruned block":    {trouble: refuse("eth_getBlockByNumber", 4444, "pruned history unavailable"), kind: ethereum.FaultPruned, says: "block 14", hint: "archive", stored: true},
		"pruned receipts": {trouble: refuse("eth_getBlockReceipts", 4444, "pruned history unavailable"), kind: ethereum.FaultPruned, says: "block 14", hint: "archive", stored: true},
		"pruned state": {trouble: refuse("debug_traceBlockByHash", -32000, "required historical state unavailable (reexec=128)"), traces: ethereum.TracesOn,
			kind: ethereum.FaultPruned, says: "block 14", hint: "archive", stored: true},
		"no debug namespace": {trouble: trouble{ask: func(c *call) *failure {
			if strings.HasPrefix(c.Method, "debug_") {
				return &failure{Code: -32601, Message: "the method " + c.Method + " does not exist/is not available"}
			}
			return nil
		}}, traces: ethereum.TracesOn, kind: ethereum.FaultUnsupported, hint: "--traces off"},
		"another chain": {trouble: trouble{change: func(c call, a *answer) {
			if c.Method == "eth_chainId" {
				a.Result = json.RawMessage(`"0x1"`)
			}
		}}, kind: ethereum.FaultForeign, says: "eip155:1,", hint: "--chain"},
		"always busy": {trouble: nth(1, func(w http.ResponseWriter) { http.Error(w, "slow down", http.StatusTooManyRequests) }),
			kind: ethereum.FaultLimited, hint: "later"},
		"key refused": {trouble: nth(1, func(w http.ResponseWriter) { http.Error(w, "who are you", http.StatusUnauthorized) }),
			kind: ethereum.FaultDenied, hint: "key"},
		"dead":         {trouble: nth(1, hangup), kind: ethereum.FaultTransient, hint: "running"},
		"garbage":      {trouble: nth(1, func(w http.ResponseWriter) { _, _ = w.Write([]byte("<html>")) }), kind: ethereum.FaultTransient, says: "not the JSON", hint: "address of a JSON-RPC node"},
		"no such page": {trouble: nth(1, func(w http.ResponseWriter) { http.NotFound(w, nil) }), kind: ethereum.FaultTransient, says: "404", hint: "address of a JSON-RPC node"},
		"silent": {trouble: nth(1, func(http.ResponseWriter) { time.Sleep(500 * time.Millisecond) }),
			kind: ethereum.FaultTransient, says: "no answer in time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := o
			o.Traces, o.Retries, o.Batch, o.Balances = test.traces, 1, 2, -1
			if name == "flipped inner value" {
				o.Balances = 100
			}
			if name == "silent" {
				o.Timeout = 200 * time.Millisecond
			}
			store := graphtest.NewModel()
			_, err := ingestInto(t, store, o, proxy(t, func() string { return i.URL }, test.trouble))
			if err == nil {
				t.Fatal("no error")
			}
			fault := (*ethereum.Fault)(nil)
			if !errors.As(err, &fault) || fault.Kind != test.kind {
				t.Fatalf("%v; want a fault of kind %d", err, test.kind)
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("%v is not %v", err, test.is)
			}
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("%q does not say %q", err, test.says)
			}
			if !strings.Contains(fault.Hint(), test.hint) {
				t.Errorf("hint %q does not say %q", fault.Hint(), test.hint)
			}
			o = options(t, i.Node)
			o.Balances = -1
			tip, err := view(t, store).Tip()
			if stored := err == nil; stored != test.stored {
				t.Errorf("something was stored: %v, want %v", stored, test.stored)
			} else if stored {
				if tip.Height != at-1 {
					t.Errorf("stored up to %d, want %d", tip.Height, at-1)
				}
				if dump(t, store) != before {
					t.Error("what was stored differs from a clean run")
				}
				o.From = tip.Height // resume
			}
			if _, err := ingestInto(t, store, o, i.URL); err != nil {
				t.Fatal(err)
			}
			if dump(t, store) != want {
				t.Error("after the resume the store differs from a clean run")
			}
		})
	}
}

// TestNoTraces: a node without tracers, or without old state, is read, and the
// coverage says so.
func TestNoTraces(t *testing.T) {
	i := incident(t)
	for name, message := range map[string]failure{
		"no tracers": {Code: -32601, Message: "method not found"},
		"no state":   {Code: -32000, Message: "missing trie node 0x12 (path ) state 0x12 is not available"},
	} {
		t.Run(name, func(t *testing.T) {
			store := graphtest.NewModel()
			url := proxy(t, func() string { return i.URL }, trouble{ask: func(c *call) *failure {
				if strings.HasPrefix(c.Method, "debug_") || strings.HasPrefix(c.Method, "trace_") || c.Method == "eth_getBalance" {
					return &message
				}
				return nil
			}})
			reading, err := ingestInto(t, store, options(t, i.Node), url)
			if err != nil {
				t.Fatal(err)
			}
			coverage, err := view(t, store).Coverage()
			if err != nil {
				t.Fatal(err)
			}
			untraced := 0
			for _, c := range coverage {
				if c.Know.Transfers != graph.Full || c.Know.Logs != graph.Full {
					t.Errorf("coverage %+v", c)
				}
				for height := c.From; height <= c.To; height++ {
					if len(i.Block(uint64(height)).Transactions()) == 0 {
						continue
					}
					if c.Know.Traces != graph.None {
						t.Errorf("block %d is said to be traced", height)
					}
					untraced++
				}
			}
			passed := uint64(0)
			for reason, n := range reading.Skipped {
				if strings.Contains(reason, "no traces") {
					passed += n
				}
			}
			if untraced == 0 || passed != uint64(untraced) {
				t.Errorf("%d blocks counted as untraced, %d are", passed, untraced)
			}
			// Read again from a node that traces, the store is complete.
			if _, err := ingestInto(t, store, options(t, i.Node), i.URL); err != nil {
				t.Fatal(err)
			}
			want := clean(t, options(t, i.Node), i.URL)
			if dump(t, store) != want {
				t.Error("after reading with traces the store differs from a clean run")
			}
		})
	}
}

// TestWrongAddress: nothing that speaks JSON-RPC has answered yet, so a wrong
// address is told after seconds, by default settings.
func TestWrongAddress(t *testing.T) {
	page := proxy(t, nil, trouble{request: func(_ int, w http.ResponseWriter, _ []call, _ []byte) bool {
		_, _ = w.Write([]byte("<html>Welcome</html>"))
		return true
	}})
	for name, test := range map[string]struct{ address, says, hint string }{
		"a web page":  {page, "not the JSON", "address of a JSON-RPC node"},
		"a dead port": {"http://127.0.0.1:1", "refused", "running"},
		"no socket":   {filepath.Join(t.TempDir(), "none.ipc"), "no such file", "running"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			_, err := ingestInto(t, graphtest.NewModel(), ethereum.RPCOptions{}, test.address)
			if fault := (*ethereum.Fault)(nil); !errors.As(err, &fault) || !strings.Contains(err.Error(), test.says) || !strings.Contains(fault.Hint(), test.hint) {
				t.Errorf("%v", err)
			}
			if took := time.Since(began); took > time.Minute {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestSecretsStaySecret(t *testing.T) {
	i := incident(t)
	url := proxy(t, func() string { return i.URL }, trouble{request: func(_ int, w http.ResponseWriter, _ []call, _ []byte) bool {
		http.Error(w, "key 0123456789abcdef0123 of hunter2 with s3cr3t is not known to https://x/", http.StatusBadGateway)
		return true
	}})
	o := options(t, i.Node)
	o.Retries = 1
	secret := strings.Replace(url, "http://", "http://alice:hunter2@", 1) + "/v3/0123456789abcdef0123?apikey=s3cr3t"
	for _, address := range []string{secret, strings.Replace(secret, "http:", "ws:", 1)} {
		_, err := ingestInto(t, graphtest.NewModel(), o, address)
		if err == nil {
			t.Fatal("no error")
		}
		for _, word := range []string{"hunter2", "0123456789abcdef0123", "s3cr3t", "alice"} {
			if strings.Contains(err.Error(), word) {
				t.Errorf("%q tells %s", err, word)
			}
		}
	}
}
