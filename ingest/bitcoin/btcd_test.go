package bitcoin_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"
)

// buildBtcd builds btcd from its own module, once for all tests of a run.
var buildBtcd = sync.OnceValues(func() (string, error) {
	version, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", "github.com/btcsuite/btcd").Output()
	if err != nil {
		return "", fmt.Errorf("find btcd's version: %w", err)
	}
	dir, err := os.MkdirTemp("", "btcd")
	if err != nil {
		return "", err
	}
	btcdBuilt = dir
	cmd := exec.Command("go", "install", "github.com/btcsuite/btcd@"+strings.TrimSpace(string(version)))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go install btcd: %w\n%s", err, out)
	}
	return filepath.Join(dir, "btcd"), nil
})

// btcdBuilt is the folder to remove at the end; buildBtcd sets it.
var btcdBuilt string

func TestMain(m *testing.M) {
	code := m.Run()
	if btcdBuilt != "" {
		_ = os.RemoveAll(btcdBuilt)
	}
	os.Exit(code)
}

// A btcd is a running node of the regression test network.
type btcd struct {
	t       testing.TB
	binary  string
	dir     string
	address string // of RPC
	args    []string
	cmd     *exec.Cmd
	ended   chan struct{} // closed when it has
}

const nodeUser, nodePassword = "spoor", "a secret"

// startBtcd starts a node with an empty chain, whose blocks pay to an address.
// It skips the test where btcd cannot be built, which needs its modules.
func startBtcd(t testing.TB, pay string, args ...string) *btcd {
	t.Helper()
	if testing.Short() {
		t.Skip("runs a real node")
	}
	binary, err := buildBtcd()
	if err != nil {
		t.Skipf("no btcd to test with: %v", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	n := &btcd{t: t, binary: binary, dir: t.TempDir(), address: address, args: append(args, "--miningaddr="+pay)}
	n.start()
	t.Cleanup(n.kill)
	return n
}

func (n *btcd) url() string { return "http://" + n.address }

func (n *btcd) start() {
	n.t.Helper()
	args := append([]string{"--regtest", "--notls", "--nolisten", "--nodnsseed", "--configfile=" + filepath.Join(n.dir, "none.conf"),
		"--datadir=" + filepath.Join(n.dir, "data"), "--logdir=" + filepath.Join(n.dir, "logs"),
		"--rpcuser=" + nodeUser, "--rpcpass=" + nodePassword, "--rpclisten=" + n.address}, n.args...)
	n.cmd = exec.Command(n.binary, args...)
	if err := os.WriteFile(filepath.Join(n.dir, "none.conf"), nil, 0o600); err != nil {
		n.t.Fatal(err)
	}
	var log bytes.Buffer
	n.cmd.Stdout, n.cmd.Stderr = &log, &log
	if err := n.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	cmd, ended := n.cmd, make(chan struct{})
	n.ended = ended
	go func() {
		_ = cmd.Wait() // it is killed
		close(ended)
	}()
	for deadline := time.Now().Add(20 * time.Second); ; {
		if _, err := n.try("getblockcount"); err == nil {
			return
		}
		select {
		case <-ended:
			n.t.Fatalf("btcd ended\n%s", log.String())
		case <-time.After(30 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			n.t.Fatalf("btcd does not answer\n%s", log.String())
		}
	}
}

// kill ends the node as a power cut would.
func (n *btcd) kill() {
	if n.cmd == nil {
		return
	}
	_ = n.cmd.Process.Kill() // it may have ended
	<-n.ended
	n.cmd = nil
}

// stop ends the node as its owner would.
func (n *btcd) stop() {
	n.t.Helper()
	n.call("stop")
	<-n.ended
	n.cmd = nil
}

// branch is the node's best branch as bytes in hex, without block 0.
func (n *btcd) branch() []string {
	n.t.Helper()
	var blocks []string
	for height := uint32(1); height <= n.height(); height++ {
		blocks = append(blocks, ask[string](n, "getblock", ask[string](n, "getblockhash", height), 0))
	}
	return blocks
}

// restore gives the node blocks: on the regression test network btcd begins
// with an empty chain at every start.
func (n *btcd) restore(blocks []string) {
	n.t.Helper()
	for _, b := range blocks {
		n.call("submitblock", b)
	}
}

func (n *btcd) try(method string, params ...any) (json.RawMessage, error) {
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "1.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(http.MethodPost, n.url(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.SetBasicAuth(nodeUser, nodePassword)
	res, err := (&http.Client{Timeout: 20 * time.Second}).Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	var reply struct {
		Result json.RawMessage
		Error  *struct{ Message string }
	}
	if err := json.NewDecoder(res.Body).Decode(&reply); err != nil {
		return nil, err
	}
	if reply.Error != nil {
		return nil, fmt.Errorf("%s: %s", method, reply.Error.Message)
	}
	return reply.Result, nil
}

func (n *btcd) call(method string, params ...any) json.RawMessage {
	n.t.Helper()
	result, err := n.try(method, params...)
	if err != nil {
		n.t.Fatal(err)
	}
	return result
}

func ask[T any](n *btcd, method string, params ...any) (out T) {
	n.t.Helper()
	if err := json.Unmarshal(n.call(method, params...), &out); err != nil {
		n.t.Fatal(err)
	}
	return out
}

func (n *btcd) height() uint32 { n.t.Helper(); return ask[uint32](n, "getblockcount") }

// generate mines blocks and returns their hashes.
func (n *btcd) generate(blocks int) []string {
	n.t.Helper()
	return ask[[]string](n, "generate", blocks)
}

// send puts a transaction into the node's pool.
func (n *btcd) send(tx *wire.MsgTx) {
	n.t.Helper()
	var raw bytes.Buffer
	if err := tx.Serialize(&raw); err != nil {
		n.t.Fatal(err)
	}
	n.call("sendrawtransaction", fmt.Sprintf("%x", raw.Bytes()))
}

// reorganise drops the newest blocks and mines others instead.
func (n *btcd) reorganise(depth, blocks int) {
	n.t.Helper()
	n.call("invalidateblock", ask[string](n, "getblockhash", n.height()-uint32(depth)+1))
	n.generate(blocks)
}
