package ethereum_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"spoor/graph"
	"spoor/ingest"
	"spoor/ingest/ethereum"
)

// rpcNode answers JSON-RPC from a table of methods; a function gets the
// parameters. What is missing is no method of the node.
func rpcNode(t testing.TB, methods map[string]func(params []json.RawMessage) any) string {
	t.Helper()
	type request struct {
		ID     json.RawMessage   `json:"id"`
		Method string            `json:"method"`
		Params []json.RawMessage `json:"params"`
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var raw json.RawMessage
		if json.NewDecoder(r.Body).Decode(&raw) != nil {
			return
		}
		one := func(q request) map[string]any {
			out := map[string]any{"jsonrpc": "2.0", "id": q.ID}
			method, ok := methods[q.Method]
			if !ok {
				out["error"] = map[string]any{"code": -32601, "message": "Method not found"}
				return out
			}
			result := method(q.Params)
			if err, failed := result.(error); failed {
				out["error"] = map[string]any{"code": -32000, "message": err.Error()}
				return out
			}
			out["result"] = result
			return out
		}
		var many []request
		if json.Unmarshal(raw, &many) == nil {
			answers := []any{}
			for _, q := range many {
				answers = append(answers, one(q))
			}
			_ = json.NewEncoder(w).Encode(answers)
			return
		}
		var q request
		if json.Unmarshal(raw, &q) != nil {
			return
		}
		_ = json.NewEncoder(w).Encode(one(q))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func hexHash(n int) string { return fmt.Sprintf("0x%064x", n) }

func hexAccount(n int) string { return fmt.Sprintf("0x%040x", n) }

// rollup is a block of an OP Stack chain, whose deposit transactions
// go-ethereum does not know.
func rollup(change func(block, receipt map[string]any)) map[string]func([]json.RawMessage) any {
	zero := "0x" + strings.Repeat("0", 512)
	block := map[string]any{"number": "0x5", "hash": hexHash(5), "parentHash": hexHash(4), "timestamp": "0x65000000", "miner": hexAccount(7),
		"sha3Uncles": hexHash(0), "stateRoot": hexHash(0), "transactionsRoot": hexHash(0), "receiptsRoot": hexHash(0), "logsBloom": zero,
		"difficulty": "0x0", "gasLimit": "0x1", "gasUsed": "0x1", "extraData": "0x", "mixHash": hexHash(0), "nonce": "0x0000000000000000",
		"baseFeePerGas": "0x1", "uncles": []any{}, "someNewField": "0x1",
		"transactions": []any{map[string]any{"hash": hexHash(51), "type": "0x7e", "from": hexAccount(1), "to": hexAccount(2), "nonce": "0x0",
			"value": "0x64", "mint": "0x64", "gas": "0x5208", "gasPrice": "0x0", "input": "0x", "blockHash": hexHash(5), "transactionIndex": "0x0", "sourceHash": hexHash(9)}}}
	receipt := map[string]any{"type": "0x7e", "status": "0x1", "cumulativeGasUsed": "0x5208", "gasUsed": "0x5208", "blockHash": hexHash(5),
		"transactionHash": hexHash(51), "transactionIndex": "0x0", "logs": []any{}, "l1Fee": "0x3"}
	if change != nil {
		change(block, receipt)
	}
	return map[string]func([]json.RawMessage) any{
		"eth_chainId":          func([]json.RawMessage) any { return "0xa" },
		"eth_getBlockByNumber": func([]json.RawMessage) any { return block },
		"eth_getBlockReceipts": func([]json.RawMessage) any { return []any{receipt} },
	}
}

func readRPC(t testing.TB, chain string, o ethereum.RPCOptions, nodes ...string) ([]graph.Block, ingest.Reading, error) {
	t.Helper()
	meter := ingest.NewMeter(ingest.Stop)
	o.Backoff, o.Retries = time.Millisecond, 1
	src, err := ethereum.NewRPC(mustChain(t, chain), nodes, meter, o)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []graph.Block
	for b, err := range src.Blocks(context.Background()) {
		if err != nil {
			return blocks, meter.Reading(), err
		}
		blocks = append(blocks, b)
	}
	return blocks, meter.Reading(), nil
}

// TestRPCRollup: deposits of a rollup are read field by field, and the roots
// that cannot be verified are counted.
func TestRPCRollup(t *testing.T) {
	url := rpcNode(t, rollup(nil))
	blocks, reading, err := readRPC(t, "optimism", ethereum.RPCOptions{From: 5, To: 5}, url)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range blocks[0].Txs[0].Transfers {
		got = append(got, fmt.Sprintf("%s %s>%s %s", m.Kind, m.From, m.To, m.Amount.Dec()))
	}
	want := "native 0x0000000000000000000000000000000000000001>0x0000000000000000000000000000000000000002 100"
	if text := strings.Join(got, "\n"); !strings.Contains(text, want) || !strings.Contains(text, "mint >0x0000000000000000000000000000000000000001 100") || len(got) != 2 {
		t.Errorf("got\n%s", text)
	}
	if blocks[0].Know != (graph.Knowledge{Transfers: graph.Full, Logs: graph.Full}) {
		t.Errorf("know %+v", blocks[0].Know)
	}
	unverified := false
	for reason := range reading.Skipped {
		unverified = unverified || strings.Contains(reason, "roots not verified")
	}
	if !unverified {
		t.Errorf("passed over: %v", reading.Skipped)
	}
}

// TestRPCRefused: what contradicts itself is refused, also where no root can
// be verified.
func TestRPCRefused(t *testing.T) {
	tx := func(block map[string]any) map[string]any { return block["transactions"].([]any)[0].(map[string]any) }
	log := func(fields map[string]any) []any {
		l := map[string]any{"address": hexAccount(3), "topics": []any{}, "data": "0x", "logIndex": "0x0", "blockHash": hexHash(5), "transactionHash": hexHash(51)}
		for k, v := range fields {
			l[k] = v
		}
		return []any{l}
	}
	for name, test := range map[string]struct {
		chain  string
		change func(block, receipt map[string]any)
		says   string
	}{
		"header on Ethereum":      {"ethereum", func(block, _ map[string]any) {}, "the header hashes to"},
		"no hash":                 {"", func(block, _ map[string]any) { delete(block, "hash") }, "without number or hash"},
		"no transactions":         {"", func(block, _ map[string]any) { delete(block, "transactions") }, "without its transactions"},
		"another height":          {"", func(block, _ map[string]any) { block["number"] = "0x6" }, "it is block 6"},
		"height beyond":           {"", func(block, _ map[string]any) { block["number"] = "0x100000000" }, "beyond"},
		"hashes only":             {"", func(block, _ map[string]any) { block["transactions"] = []any{hexHash(51)} }, "transaction 0"},
		"null transaction":        {"", func(block, _ map[string]any) { block["transactions"] = []any{nil} }, "no hash, from or value"},
		"transaction elsewhere":   {"", func(block, _ map[string]any) { tx(block)["blockHash"] = hexHash(6) }, "of block"},
		"transaction index":       {"", func(block, _ map[string]any) { tx(block)["transactionIndex"] = "0x1" }, "says it is number 1"},
		"no value":                {"", func(block, _ map[string]any) { delete(tx(block), "value") }, "no hash, from or value"},
		"decimal value":           {"", func(block, _ map[string]any) { tx(block)["value"] = "100" }, "hex"},
		"null withdrawal":         {"", func(block, _ map[string]any) { block["withdrawals"] = []any{nil} }, "withdrawal that is null"},
		"receipt elsewhere":       {"", func(_, r map[string]any) { r["blockHash"] = hexHash(6) }, "of block"},
		"receipt without block":   {"", func(_, r map[string]any) { delete(r, "blockHash") }, "no blockHash"},
		"receipt of another":      {"", func(_, r map[string]any) { r["transactionHash"] = hexHash(52) }, "of transaction"},
		"receipt index":           {"", func(_, r map[string]any) { r["transactionIndex"] = "0x1" }, "says it is number 1"},
		"status":                  {"", func(_, r map[string]any) { r["status"] = "0x2" }, "status 2"},
		"log elsewhere":           {"", func(_, r map[string]any) { r["logs"] = log(map[string]any{"blockHash": hexHash(6)}) }, "of block"},
		"log of another":          {"", func(_, r map[string]any) { r["logs"] = log(map[string]any{"transactionHash": hexHash(6)}) }, "of transaction"},
		"removed log":             {"", func(_, r map[string]any) { r["logs"] = log(map[string]any{"removed": true}) }, "removed"},
		"log without index":       {"", func(_, r map[string]any) { r["logs"] = log(map[string]any{"logIndex": nil}) }, "logIndex"},
		"failed, yet with a log":  {"", func(_, r map[string]any) { r["status"], r["logs"] = "0x0", log(nil) }, "failed transaction with logs"},
		"value of 2^256 and more": {"", func(block, _ map[string]any) { tx(block)["value"] = "0x1" + strings.Repeat("0", 64) }, "transaction 0"},
	} {
		t.Run(name, func(t *testing.T) {
			methods := rollup(test.change)
			chain := "optimism"
			if test.chain != "" {
				chain = test.chain
				methods["eth_chainId"] = func([]json.RawMessage) any { return "0x1" }
			}
			blocks, _, err := readRPC(t, chain, ethereum.RPCOptions{From: 5, To: 5}, rpcNode(t, methods))
			if err == nil || len(blocks) > 0 {
				t.Fatalf("%d blocks, %v", len(blocks), err)
			}
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("%q does not say %q", err, test.says)
			}
		})
	}
}

// TestFaults: what nodes and providers say, and what we make of it.
func TestFaults(t *testing.T) {
	for _, test := range []struct {
		status int
		header string // Retry-After
		body   string
		kind   ethereum.FaultKind
		wait   time.Duration
		fewer  int
	}{
		{429, "7", "slow", ethereum.FaultLimited, 7 * time.Second, 0},
		{429, "", "slow", ethereum.FaultLimited, 0, 0},
		{503, "2", "later", ethereum.FaultTransient, 2 * time.Second, 0},
		{502, "", "<html>Bad Gateway</html>", ethereum.FaultTransient, 0, 0},
		{401, "", "who?", ethereum.FaultDenied, 0, 0},
		{403, "", "no", ethereum.FaultDenied, 0, 0},
		{413, "", "", ethereum.FaultTooLarge, 0, 0},
		{200, "", `{"code":-32005,"message":"daily request count exceeded, request rate limited"}`, ethereum.FaultLimited, 0, 0},
		{200, "", `{"code":-32005,"message":"project ID request rate exceeded","data":{"rate":{"backoff_seconds":30}}}`, ethereum.FaultLimited, 30 * time.Second, 0},
		{200, "", `{"code":-32005,"message":"query returned more than 10000 results. Try with this block range [0x10, 0x1f]."}`, ethereum.FaultTooLarge, 0, 16},
		{200, "", `{"code":-32600,"message":"batch size too large, maximum batch size is 20"}`, ethereum.FaultTooLarge, 0, 20},
		{200, "", `{"code":-32003,"message":"response too large"}`, ethereum.FaultTooLarge, 0, 0},
		{200, "", `{"code":-32600,"message":"batch too large"}`, ethereum.FaultTooLarge, 0, 0},
		{200, "", `{"code":-32602,"message":"Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the response size, or you can request any block range with a cap of 10K logs in the response. Based on your parameters and the response size limit, this block range should work: [0x1, 0x64]"}`, ethereum.FaultTooLarge, 0, 100},
		{200, "", `{"code":-32602,"message":"You can make eth_getLogs requests with up to a 2K block range"}`, ethereum.FaultTooLarge, 0, 2000},
		{200, "", `{"code":-32614,"message":"eth_getLogs is limited to a 10,000 range"}`, ethereum.FaultTooLarge, 0, 10_000},
		{200, "", `{"code":-32615,"message":"eth_getLogs is limited to a 5 range"}`, ethereum.FaultTooLarge, 0, 5},
		{200, "", `{"code":-32602,"message":"exceed maximum block range: 5000"}`, ethereum.FaultTooLarge, 0, 5000},
		{200, "", `{"code":429,"message":"Your app has exceeded its compute units per second capacity. Retry in 250 ms"}`, ethereum.FaultLimited, 250 * time.Millisecond, 0},
		{200, "", `{"code":-32601,"message":"the method eth_chainId does not exist/is not available"}`, ethereum.FaultUnsupported, 0, 0},
		{200, "", `{"code":-32000,"message":"missing trie node 00 (path )"}`, ethereum.FaultPruned, 0, 0},
		{200, "", `{"code":4444,"message":"pruned history unavailable"}`, ethereum.FaultPruned, 0, 0},
		{200, "", `{"code":-32000,"message":"required historical state unavailable (reexec=128)"}`, ethereum.FaultPruned, 0, 0},
		{200, "", `{"code":-32000,"message":"transaction indexing is in progress"}`, ethereum.FaultMissing, 0, 0},
		{200, "", `{"code":-32000,"message":"strange things happened"}`, ethereum.FaultTransient, 0, 0},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if test.header != "" {
				w.Header().Set("Retry-After", test.header)
			}
			if test.status != 200 {
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
				return
			}
			var q struct {
				ID json.RawMessage `json:"id"`
			}
			_ = json.NewDecoder(r.Body).Decode(&q)
			_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":%s}`, q.ID, test.body)
		}))
		_, err := ethereum.RPCChain(context.Background(), []string{server.URL}, ethereum.RPCOptions{})
		server.Close()
		fault := (*ethereum.Fault)(nil)
		if !errors.As(err, &fault) {
			t.Errorf("%s: %v", test.body, err)
			continue
		}
		if fault.Kind != test.kind || fault.Wait != test.wait || fault.Fewer != test.fewer {
			t.Errorf("%d %s: kind %d, wait %s, fewer %d; want %d, %s, %d", test.status, test.body, fault.Kind, fault.Wait, fault.Fewer, test.kind, test.wait, test.fewer)
		}
		if fault.Hint() == "" {
			t.Errorf("%s: no hint", test.body)
		}
	}
}

// TestRetryAfterIsKept: a node that asks to be left alone for a second is.
func TestRetryAfterIsKept(t *testing.T) {
	methods := rollup(nil)
	inner := rpcNode(t, methods)
	var asked []time.Time
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, time.Now())
		if len(asked) == 3 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		answer, err := http.Post(inner, "application/json", r.Body)
		if err != nil {
			return
		}
		defer func() { _ = answer.Body.Close() }()
		_, _ = fmt.Fprint(w, readAll(answer))
	}))
	defer server.Close()
	blocks, _, err := readRPC(t, "optimism", ethereum.RPCOptions{From: 5, To: 5, Workers: 1, Traces: ethereum.TracesOff}, server.URL)
	if err != nil || len(blocks) != 1 {
		t.Fatalf("%d blocks, %v", len(blocks), err)
	}
	if pause := asked[3].Sub(asked[2]); pause < time.Second {
		t.Errorf("asked again after %s", pause)
	}
}

func readAll(r *http.Response) string {
	var raw json.RawMessage
	_ = json.NewDecoder(r.Body).Decode(&raw)
	return string(raw)
}

func TestNewRPCRefuses(t *testing.T) {
	eth := mustChain(t, "ethereum")
	for _, test := range []struct {
		chain graph.Chain
		nodes []string
		tag   string
		says  string
	}{
		{eth, nil, "", "no node"},
		{eth, []string{""}, "", "without an address"},
		{eth, []string{"ftp://user:hunter2@example.org/"}, "", "ftp://"},
		{eth, []string{"http://"}, "", "not a URL"},
		{eth, []string{"http://a b:hunter2@c"}, "", "unreadable"},
		{eth, []string{"http://localhost"}, "earliest", "latest, safe or finalized"},
		{mustChain(t, "bitcoin"), []string{"http://localhost"}, "", "no EVM chain"},
	} {
		_, err := ethereum.NewRPC(test.chain, test.nodes, nil, ethereum.RPCOptions{Tag: test.tag})
		if err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v: %v, want %q", test.nodes, err, test.says)
		}
	}
}

// FuzzRPCBlock: whatever a node answers, nothing panics and no block comes of
// what is not one.
func FuzzRPCBlock(f *testing.F) {
	for _, method := range []string{"eth_getBlockByNumber", "eth_getBlockReceipts"} {
		raw, err := json.Marshal(rollup(nil)[method](nil))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, raw, []byte(`[]`))
	}
	block, _ := json.Marshal(rollup(nil)["eth_getBlockByNumber"](nil))
	receipts, _ := json.Marshal(rollup(nil)["eth_getBlockReceipts"](nil))
	f.Add(block, receipts, []byte(`[{"txHash":"`+hexHash(51)+`","result":{"type":"CALL","from":"`+hexAccount(1)+`","to":"`+hexAccount(2)+`","value":"0x64"}}]`))
	f.Add(block, receipts, []byte(`[{"type":"call","action":{"callType":"call","from":"`+hexAccount(1)+`","to":"`+hexAccount(2)+`","value":"0x64"},"traceAddress":[]}]`))
	chain := mustChain(f, "optimism")
	f.Fuzz(func(t *testing.T, block, receipts, traces []byte) {
		b, err := ethereum.RPCBlock(chain, block, receipts, traces)
		if err != nil {
			return
		}
		d := ethereum.Decode(chain, &b)
		if len(d.Problems) == 0 && d.Block.Validate(chain.ID) != nil {
			t.Errorf("an invalid block: %+v", d.Block)
		}
	})
}
