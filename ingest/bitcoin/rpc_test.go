package bitcoin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"spoor/graph"
	"spoor/ingest"
	"spoor/ingest/bitcoin"
)

// fakeCore answers as Bitcoin Core does, from blocks of a test, unless the
// test has it answer otherwise.
type fakeCore struct {
	t      testing.TB
	blocks []*wire.MsgBlock
	index  bool // of transactions
	tells  bool // what inputs spend, at verbosity 3
	// says, if it returns true, is the answer to one call.
	says func(method string, params []json.RawMessage) (result any, code int, message string, ok bool)
	// whole, if it returns true, has answered the whole request.
	whole func(w http.ResponseWriter, n int) bool
	asked atomic.Int32
}

func (c *fakeCore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if n := c.asked.Add(1); c.whole != nil && c.whole(w, int(n)) {
		return
	}
	if user, password, _ := r.BasicAuth(); user != nodeUser || password != nodePassword {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var calls []struct {
		ID     int
		Method string
		Params []json.RawMessage
	}
	if err := json.NewDecoder(r.Body).Decode(&calls); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	type fault struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	type reply struct {
		Result any    `json:"result"`
		Error  *fault `json:"error"`
		ID     int    `json:"id"`
	}
	var replies []reply
	for _, call := range calls {
		result, code, message, ok := any(nil), 0, "", false
		if c.says != nil {
			result, code, message, ok = c.says(call.Method, call.Params)
		}
		if !ok {
			result, code, message = c.answer(call.Method, call.Params)
		}
		rep := reply{Result: result, ID: call.ID}
		if code != 0 {
			rep.Error = &fault{code, message}
		}
		replies = append(replies, rep)
	}
	slices.Reverse(replies) // the order is not promised
	_ = json.NewEncoder(w).Encode(replies)
}

func (c *fakeCore) answer(method string, params []json.RawMessage) (any, int, string) {
	text := func(i int) (s string) {
		if json.Unmarshal(params[i], &s) != nil {
			return string(params[i])
		}
		return s
	}
	find := func() *wire.MsgBlock {
		for _, b := range c.blocks {
			if hashOf(b.BlockHash()) == text(0) {
				return b
			}
		}
		return nil
	}
	switch method {
	case "getblockcount":
		return len(c.blocks) - 1, 0, ""
	case "getblockhash":
		var height int
		if err := json.Unmarshal(params[0], &height); err != nil || height >= len(c.blocks) {
			return nil, -8, "Block height out of range"
		}
		return hashOf(c.blocks[height].BlockHash()), 0, ""
	case "getblockheader":
		if b := find(); b != nil {
			var raw bytes.Buffer
			if err := b.Header.Serialize(&raw); err != nil {
				return nil, -1, err.Error()
			}
			return fmt.Sprintf("%x", raw.Bytes()), 0, ""
		}
	case "getblock":
		b := find()
		if b != nil && text(1) == "3" {
			return c.tell(b), 0, ""
		}
		if b != nil {
			return fmt.Sprintf("%x", serialize(c.t, b)), 0, ""
		}
	case "getrawtransaction":
		if !c.index {
			return nil, -5, "No such mempool transaction. Use -txindex or provide a block hash to enable blockchain transaction queries."
		}
		for _, b := range c.blocks {
			for _, tx := range b.Transactions {
				if hashOf(tx.TxHash()) == text(0) {
					var raw bytes.Buffer
					if err := tx.Serialize(&raw); err != nil {
						return nil, -1, err.Error()
					}
					return fmt.Sprintf("%x", raw.Bytes()), 0, ""
				}
			}
		}
		return nil, -5, "No such mempool or blockchain transaction."
	default:
		return nil, -32601, "Method not found"
	}
	return nil, -5, "Block not found"
}

// tell is a block at verbosity 3; only what concerns inputs.
func (c *fakeCore) tell(b *wire.MsgBlock) any {
	var txs []any
	for _, tx := range b.Transactions {
		var ins []any
		for _, in := range tx.TxIn {
			told := map[string]any{"txid": in.PreviousOutPoint.Hash.String(), "vout": in.PreviousOutPoint.Index}
			for _, from := range c.blocks {
				for _, made := range from.Transactions {
					if c.tells && made.TxHash() == in.PreviousOutPoint.Hash {
						out := made.TxOut[in.PreviousOutPoint.Index]
						told["prevout"] = map[string]any{"generated": false, "value": json.Number(fmt.Sprintf("%d.%08d", out.Value/btc, out.Value%btc)),
							"scriptPubKey": map[string]any{"hex": fmt.Sprintf("%x", out.PkScript)}}
					}
				}
			}
			ins = append(ins, told)
		}
		txs = append(txs, map[string]any{"vin": ins})
	}
	return map[string]any{"tx": txs}
}

// someBlocks are a chain of six blocks whose fourth and sixth spend outputs.
func someBlocks(t testing.TB) []*wire.MsgBlock {
	t.Helper()
	blocks := []*wire.MsgBlock{regtest.GenesisBlock}
	add := func(txs ...*wire.MsgTx) {
		height := int32(len(blocks))
		blocks = append(blocks, mine(t, blocks[height-1], append([]*wire.MsgTx{coinbase(t, height, 30*btc, 20*btc)}, txs...)...))
	}
	add()
	add()
	first := pay(blocks[1].Transactions[0], 0, 10*btc, 20*btc-1500)
	add(first)
	add()
	add(pay(first, 1, btc), pay(blocks[2].Transactions[0], 1, 20*btc))
	return blocks
}

func readRPC(t testing.TB, core *fakeCore, policy ingest.Policy, o bitcoin.RPCOptions, auth bitcoin.Auth) ([]graph.Block, ingest.Reading, error) {
	t.Helper()
	core.t = t
	server := httptest.NewServer(core)
	defer server.Close()
	meter := ingest.NewMeter(policy)
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	o.Attempts, o.Pause = 3, time.Millisecond
	rpc, err := bitcoin.NewRPC(chain(t, "bitcoin-regtest"), server.URL, auth, nil, meter, o)
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := read(t, rpc)
	return blocks, meter.Reading(), err
}

var rightPassword = bitcoin.Password(nodeUser, nodePassword)

func upTo(height uint32) bitcoin.RPCOptions {
	return bitcoin.RPCOptions{Options: bitcoin.Options{To: height}}
}

// TestRPCGivesWhatFilesGive reads the same blocks from a node and from a file.
func TestRPCGivesWhatFilesGive(t *testing.T) {
	mined := someBlocks(t)
	got, _, err := readRPC(t, &fakeCore{blocks: mined}, ingest.Stop, upTo(5), rightPassword)
	if err != nil {
		t.Fatal(err)
	}
	var file []byte
	for _, b := range mined {
		file = append(file, frame(t, regtest.Net, b)...)
	}
	want, _, err := readFiles(t, "bitcoin-regtest", writeFile(t, file, t.TempDir(), "blk00000.dat"), ingest.Stop, bitcoin.Options{})
	if err != nil || len(want) != 6 {
		t.Fatal(len(want), err)
	}
	for i := range want {
		want[i].Source = "rpc"
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("from the node\n%v\nfrom the file\n%v", got, want)
	}
}

// TestRPCFinds is where inputs come from that nobody else knows.
func TestRPCFinds(t *testing.T) {
	mined := someBlocks(t)
	whole, _, err := readRPC(t, &fakeCore{blocks: mined}, ingest.Stop, upTo(5), rightPassword)
	if err != nil {
		t.Fatal(err)
	}
	o := upTo(5)
	o.From = 5
	for name, test := range map[string]struct {
		core   *fakeCore
		source string
	}{
		"an index of transactions": {&fakeCore{blocks: mined, index: true}, "rpc"},
		"the node's word":          {&fakeCore{blocks: mined, tells: true}, "rpc, inputs as the node tells"},
	} {
		got, _, err := readRPC(t, test.core, ingest.Stop, o, rightPassword)
		want := whole[5]
		want.Source = test.source
		if err != nil || fmt.Sprint(got) != fmt.Sprint([]graph.Block{want}) {
			t.Errorf("%s: %v\n%v\nwant\n%v", name, err, got, want)
		}
	}
	_, _, err = readRPC(t, &fakeCore{blocks: mined}, ingest.Stop, o, rightPassword)
	wantError(t, err, "block 5", "input 0", "prevout not in the store")
	got, reading, err := readRPC(t, &fakeCore{blocks: mined}, ingest.Skip, o, rightPassword)
	if err != nil || len(got) != 1 || got[0].Whole() || reading.Skipped["prevout not in the store"] != 2 {
		t.Errorf("%v, %+v, %v", got, reading, err)
	}
}

// TestRPCRefuses is what a node must not be believed, and what is said then.
func TestRPCRefuses(t *testing.T) {
	mined := someBlocks(t)
	hash := func(i int) string { return hashOf(mined[i].BlockHash()) }
	hex := func(b *wire.MsgBlock) string { return fmt.Sprintf("%x", serialize(t, b)) }
	changed := *mined[3]
	changed.Transactions = slices.Clone(changed.Transactions)
	changed.Transactions[1] = changed.Transactions[1].Copy()
	changed.Transactions[1].TxOut[0].Value++
	orphan := mine(t, mined[1], coinbase(t, 3, 50*btc))
	on := func(method, param string, result any, code int, message string) func(string, []json.RawMessage) (any, int, string, bool) {
		return func(m string, p []json.RawMessage) (any, int, string, bool) {
			return result, code, message, m == method && (param == "" || len(p) > 0 && strings.Trim(string(p[0]), `"`) == param)
		}
	}
	whole := func(status int, body string) func(http.ResponseWriter, int) bool {
		return func(w http.ResponseWriter, _ int) bool {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
			return true
		}
	}
	for name, test := range map[string]struct {
		core *fakeCore
		auth bitcoin.Auth
		kind error
		says []string
		hint string
	}{
		"no password":       {&fakeCore{}, nil, bitcoin.ErrCredentials, []string{"refuses the user name or password"}, "SPOOR_RPC_USER"},
		"wrong password":    {&fakeCore{}, bitcoin.Password(nodeUser, "x"), bitcoin.ErrCredentials, []string{"refuses"}, "--rpc-cookie-file"},
		"no cookie":         {&fakeCore{}, bitcoin.CookieFile(filepath.Join(t.TempDir(), "none")), bitcoin.ErrCredentials, []string{"none"}, ".cookie"},
		"not allowed":       {&fakeCore{whole: whole(403, "")}, nil, bitcoin.ErrCredentials, []string{"403"}, "rpcallowip"},
		"busy":              {&fakeCore{whole: whole(503, "Work queue depth exceeded")}, nil, ingest.ErrUnavailable, []string{"503"}, "later"},
		"a web page":        {&fakeCore{whole: whole(200, "<html>hello")}, nil, nil, []string{"makes no sense", "<html>"}, "RPC port"},
		"no such page":      {&fakeCore{whole: whole(404, `{"message":"not here"}`)}, nil, nil, []string{"http://", "makes no sense", "not here"}, "RPC port"},
		"a redirect":        {&fakeCore{whole: whole(301, "")}, nil, nil, []string{"makes no sense", "301"}, "RPC port"},
		"a geth":            {&fakeCore{says: on("getblockhash", "0", nil, -32601, "the method getblockhash does not exist/is not available")}, nil, nil, []string{"does not exist"}, "a Bitcoin node"},
		"too many requests": {&fakeCore{whole: whole(429, "slow down")}, nil, ingest.ErrUnavailable, []string{"429"}, "later"},
		"nothing":           {&fakeCore{whole: whole(200, "")}, nil, ingest.ErrUnavailable, nil, ""},
		"cut off":           {&fakeCore{whole: whole(200, `[{"id":0,"result":"00`)}, nil, nil, []string{"http://", "makes no sense"}, "RPC port"},
		"no answers":        {&fakeCore{whole: whole(200, `[]`)}, nil, nil, []string{"0 answers to 1 questions"}, ""},
		"answers twice":     {&fakeCore{whole: whole(200, `[{"id":0,"result":"a"},{"id":0,"result":"b"}]`)}, nil, nil, []string{"not one answer for each"}, ""},
		"an answer to none": {&fakeCore{whole: whole(200, `[{"id":7,"result":"a"}]`)}, nil, nil, []string{"not one answer for each"}, ""},
		"starting":          {&fakeCore{whole: whole(500, `{"result":null,"error":{"code":-28,"message":"Loading block index…"},"id":null}`)}, nil, ingest.ErrUnavailable, []string{"still starting", "Loading block index"}, "when the node is up"},
		"starting, batch":   {&fakeCore{says: on("getblockhash", "", nil, -28, "Verifying blocks…")}, nil, ingest.ErrUnavailable, []string{"Verifying"}, ""},
		"another network":   {&fakeCore{says: on("getblockhash", "0", "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f", 0, "")}, nil, bitcoin.ErrNetwork, []string{"mainnet", "bitcoin-regtest begins with"}, "--chain"},
		"unknown network":   {&fakeCore{says: on("getblockhash", "0", strings.Repeat("ab", 32), 0, "")}, nil, bitcoin.ErrNetwork, []string{"none that is known"}, ""},
		"no hash":           {&fakeCore{says: on("getblockhash", "4", "zz", 0, "")}, nil, nil, []string{"block 4", "not a hash"}, ""},
		"pruned, Core":      {&fakeCore{says: on("getblock", hash(2), nil, -1, "Block not available (pruned data)")}, nil, bitcoin.ErrPruned, []string{"block 2", "pruned data"}, "--from"},
		"pruned, btcd":      {&fakeCore{says: on("getblock", hash(2), nil, -5, "Block not found")}, nil, bitcoin.ErrPruned, []string{"block 2"}, "prune=0"},
		"another block":     {&fakeCore{says: on("getblock", hash(3), hex(mined[4]), 0, "")}, nil, nil, []string{"block 3", "asked for " + hash(3)}, "another node"},
		"a changed amount":  {&fakeCore{says: on("getblock", hash(3), hex(&changed), 0, "")}, nil, nil, []string{"block 3", "merkle root"}, "another node"},
		"half a block":      {&fakeCore{says: on("getblock", hash(3), hex(mined[3])[:200], 0, "")}, nil, nil, []string{"block 3"}, "another node"},
		"bytes after it":    {&fakeCore{says: on("getblock", hash(3), hex(mined[3])+"00", 0, "")}, nil, nil, []string{"block 3"}, "another node"},
		"no hex":            {&fakeCore{says: on("getblock", hash(3), "xy", 0, "")}, nil, nil, []string{"block 3"}, ""},
		"another branch":    {&fakeCore{says: on("getblockhash", "3", hashOf(orphan.BlockHash()), 0, "")}, nil, nil, []string{"block"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			test.core.blocks = mined
			if test.auth == nil && name != "no password" {
				test.auth = rightPassword
			}
			blocks, _, err := readRPC(t, test.core, ingest.Stop, upTo(5), test.auth)
			wantError(t, err, test.says...)
			if test.kind != nil && !errors.Is(err, test.kind) {
				t.Errorf("%v is not %q", err, test.kind)
			}
			var advised interface{ Hint() string }
			if test.hint != "" && (!errors.As(err, &advised) || !strings.Contains(advised.Hint(), test.hint)) {
				t.Errorf("%v: the hint does not say %q", err, test.hint)
			}
			if strings.Contains(err.Error(), nodePassword) {
				t.Error("the message shows the password")
			}
			for i, b := range blocks { // what came before is right
				if b.Hash.Text(graph.UTXOFamily) != hash(i) {
					t.Errorf("block %d is %s", i, b.Hash)
				}
			}
		})
	}
}

// TestRPCTriesAgain meets troubles that pass.
func TestRPCTriesAgain(t *testing.T) {
	for name, trouble := range map[string]func(w http.ResponseWriter, n int){
		"busy":    func(w http.ResponseWriter, _ int) { w.WriteHeader(503) },
		"garbage": func(w http.ResponseWriter, _ int) { _, _ = w.Write([]byte("<html>")) },
		"hangs":   func(http.ResponseWriter, int) { time.Sleep(300 * time.Millisecond) },
		"drops": func(w http.ResponseWriter, _ int) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte(`[{"id"`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			core := &fakeCore{blocks: someBlocks(t)}
			core.whole = func(w http.ResponseWriter, n int) bool {
				if n%2 == 0 {
					return false
				}
				trouble(w, n)
				return true
			}
			o := upTo(5)
			o.Timeout, o.Workers = 150*time.Millisecond, 1
			blocks, _, err := readRPC(t, core, ingest.Stop, o, rightPassword)
			if err != nil || len(blocks) != 6 {
				t.Errorf("%d blocks, %v", len(blocks), err)
			}
		})
	}
}

// TestRPCPrevoutsAreChecked is a node that gives other transactions than those
// asked for, or amounts that cannot be.
func TestRPCPrevoutsAreChecked(t *testing.T) {
	mined := someBlocks(t)
	var other bytes.Buffer
	if err := mined[1].Transactions[0].Serialize(&other); err != nil {
		t.Fatal(err)
	}
	o := upTo(5)
	o.From = 5
	for name, answer := range map[string]any{
		"another transaction": fmt.Sprintf("%x", other.Bytes()),
		"no transaction":      "00",
		"no hex":              "xy",
		"no text":             7,
	} {
		core := &fakeCore{blocks: mined, says: func(m string, _ []json.RawMessage) (any, int, string, bool) {
			return answer, 0, "", m == "getrawtransaction"
		}}
		_, _, err := readRPC(t, core, ingest.Skip, o, rightPassword)
		if err == nil || !strings.Contains(err.Error(), "makes no sense") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, value := range []string{"-1", "1e3", "0.123456789", "21000001", "1.", "x"} {
		core := &fakeCore{blocks: mined, says: func(m string, p []json.RawMessage) (any, int, string, bool) {
			if m != "getblock" || string(p[1]) != "3" {
				return nil, 0, "", false
			}
			in := mined[5].Transactions[1].TxIn[0].PreviousOutPoint
			return json.RawMessage(fmt.Sprintf(`{"tx":[{"vin":[{"txid":%q,"vout":%d,"prevout":{"value":%s,"scriptPubKey":{"hex":"51"}}}]}]}`, in.Hash, in.Index, value)), 0, "", value != "1." && value != "x"
		}}
		_, _, err := readRPC(t, core, ingest.Stop, o, rightPassword)
		if err == nil {
			t.Errorf("value %s: no error", value)
		}
	}
}

// TestRPCCookie reads the cookie anew for every request, as it changes when
// the node starts again.
func TestRPCCookie(t *testing.T) {
	dir := t.TempDir()
	path := writeFile(t, []byte(nodeUser+":"+nodePassword+"\n"), dir, ".cookie")
	if blocks, _, err := readRPC(t, &fakeCore{blocks: someBlocks(t)}, ingest.Stop, upTo(5), bitcoin.CookieFile(path)); err != nil || len(blocks) != 6 {
		t.Fatalf("%d blocks, %v", len(blocks), err)
	}
	for _, content := range []string{"", "nothing", ":password", "\n"} {
		writeFile(t, []byte(content), dir, ".cookie")
		if _, _, err := readRPC(t, &fakeCore{blocks: someBlocks(t)}, ingest.Stop, upTo(5), bitcoin.CookieFile(path)); !errors.Is(err, bitcoin.ErrCredentials) {
			t.Errorf("cookie %q: %v", content, err)
		}
	}
}

func TestRPCAddresses(t *testing.T) {
	for url, want := range map[string]string{
		"127.0.0.1:8332": "want one such as", "ftp://x": "want one such as", "http://": "want one such as", "": "want one such as",
		"http://user:secret@127.0.0.1:8332": "password in the URL",
	} {
		_, err := bitcoin.NewRPC(chain(t, "bitcoin"), url, nil, nil, ingest.NewMeter(ingest.Stop), bitcoin.RPCOptions{})
		wantError(t, err, want)
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%v shows the password", err)
		}
	}
	if _, err := bitcoin.NewRPC(chain(t, "ethereum"), "http://x", nil, nil, ingest.NewMeter(ingest.Stop), bitcoin.RPCOptions{}); err == nil {
		t.Error("a Bitcoin node of Ethereum")
	}
}

// TestRPCEnds stops where its context does, and where its reader does.
func TestRPCEnds(t *testing.T) {
	core := &fakeCore{t: t, blocks: someBlocks(t)}
	server := httptest.NewServer(core)
	defer server.Close()
	open := func() *bitcoin.RPC {
		rpc, err := bitcoin.NewRPC(chain(t, "bitcoin-regtest"), server.URL, rightPassword, nil, ingest.NewMeter(ingest.Stop), upTo(5))
		if err != nil {
			t.Fatal(err)
		}
		return rpc
	}
	for _, err := range open().Blocks(t.Context()) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for _, err := range open().Blocks(ctx) {
		if n++; err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			break
		}
		cancel()
	}
	if n != 2 {
		t.Errorf("%d blocks", n)
	}
	_, _, err := readRPC(t, &fakeCore{blocks: someBlocks(t)}, ingest.Stop, upTo(6), rightPassword)
	wantError(t, err, "the node's newest block is 5")
}

// FuzzRPCAnswer gives the reader whatever a node may say.
func FuzzRPCAnswer(f *testing.F) {
	f.Add([]byte(`[{"id":0,"result":"0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"}]`))
	f.Add([]byte(`[{"id":0,"result":1}]`))
	f.Add([]byte(`{"error":{"code":-28}}`))
	f.Add([]byte(`[{"id":0,"error":{"code":-5,"message":"pruned"}}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		core := &fakeCore{whole: func(w http.ResponseWriter, _ int) bool {
			_, _ = w.Write(body)
			return true
		}}
		if blocks, _, err := readRPC(t, core, ingest.Stop, upTo(3), rightPassword); err == nil || len(blocks) > 0 {
			t.Errorf("%d blocks of %q, %v", len(blocks), body, err)
		}
	})
}
