package main

import (
	"bytes"
	"context"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"spoor/ingest/ethereum/gethtest"
)

// lines is what a program writes to standard output, while it runs.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// following is spoor follow at work on a geth, in a goroutine of its own.
type following struct {
	node  *gethtest.Node
	db    string
	theft string
	url   string // of the metrics
	said  *messages
	out   *lines
	stop  func() int
}

// followTheft starts a geth with a theft in its first block and 70 more, and
// follows it with the theft's case. after is given to follow as it is.
func followTheft(t testing.TB, after ...string) *following {
	t.Helper()
	f := &following{said: &messages{}, out: &lines{}}
	f.node = gethtest.Start(t, map[string]*big.Int{"thief": gethtest.Ether(1_000_000), "payer": gethtest.Ether(1_000_000), "bystander": gethtest.Ether(1_000_000)})
	f.theft = f.pay(t, "payer", "thief", 100_000)
	for range 70 {
		f.pay(t, "bystander", "somebody", 1)
	}
	dir := t.TempDir()
	f.db = filepath.Join(dir, "db")
	genesis, file := filepath.Join(dir, "genesis.json"), filepath.Join(dir, "case.yaml")
	for path, data := range map[string][]byte{genesis: f.node.Genesis, file: []byte("method: lifo\nseeds: [\"eip155:1337:" + f.theft + "\"]\n")} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, interrupt := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	p := &program{out: f.out, err: f.said, env: func(string) string { return "" }}
	args := []string{"--db", f.db, "follow", "--rpc", f.node.URL, "--chain", "eip155:1337", "--genesis", genesis, "--from", "0", "--poll", "5ms",
		"--case", file, "--metrics", "127.0.0.1:0"}
	go func() { ended <- p.run(ctx, append(args, after...)) }()
	f.stop = func() int {
		interrupt()
		return <-ended
	}
	f.until(t, func() bool { return f.said.has("case: ") })
	f.said.mu.Lock()
	defer f.said.mu.Unlock()
	f.url = regexp.MustCompile(`http://127\.0\.0\.1:\d+/metrics`).FindString(f.said.text.String())
	return f
}

// pay mines a block with a payment.
func (f *following) pay(t testing.TB, from, to string, thousandths int64) string {
	t.Helper()
	receiver := gethtest.Account(to)
	hash := f.node.SendGas(t, from, &receiver, gethtest.Ether(thousandths), nil, 21_000)
	f.node.Mine(t)
	return hash.Hex()
}

func (f *following) until(t testing.TB, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(200 * time.Microsecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it does not come:\n%s\n%s", f.said.text.String(), f.out)
		}
	}
}

// scrape reads the metrics, by name with labels.
func (f *following) scrape(t testing.TB) map[string]float64 {
	t.Helper()
	response, err := http.Get(f.url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v\n%s", response.Status, err, body)
	}
	values := map[string]float64{}
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		at := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(strings.TrimSpace(line[at+1:]), 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		name := strings.NewReplacer(`{chain="eip155-1337"}`, "", `chain="eip155-1337",`, "").Replace(line[:at])
		values[strings.TrimPrefix(name, metricPrefix)] = value
	}
	return values
}

// TestFollowMetrics follows a real node with a case, through new blocks, a
// reorganisation and the loss of the node, and reads the metrics meanwhile.
func TestFollowMetrics(t *testing.T) {
	f := followTheft(t)
	check := func(what string, want map[string]float64) {
		t.Helper()
		got := f.scrape(t)
		for name, value := range want {
			if is, ok := got[name]; !ok || is != value {
				t.Errorf("%s: %s is %v, want %v", what, name, is, value)
			}
		}
	}
	at := func(height float64) func() bool {
		return func() bool { return f.scrape(t)["case_height"] == height }
	}
	f.until(t, at(71))
	check("first", map[string]float64{"height": 71, "node_height": 71, "final_height": 7, "lag_blocks": 0, "lag_seconds": 0, "blocks_total": 72,
		"reorganisations_total": 0, "reverted_blocks_total": 0, "node_lost_total": 0, "last_error_time_seconds": 0,
		"case_extensions_total": 1, "case_anew_total": 1, "case_transactions_total": 1, "tip_time_seconds": float64(f.node.Head().Time)})
	first := f.scrape(t)
	if requests, calls := first["rpc_requests_total"], first["rpc_calls_total"]; requests < 1 || calls < 72 || requests > calls/4 || first["transfers_total"] < 72 {
		t.Errorf("%v requests with %v calls after 72 blocks with %v transfers", requests, calls, first["transfers_total"])
	}
	f.pay(t, "thief", "friend", 30_000)
	f.until(t, at(72))
	f.pay(t, "bystander", "somebody", 1)
	f.until(t, at(73))
	check("new blocks", map[string]float64{"blocks_total": 74, "case_extensions_total": 3, "case_anew_total": 1, "case_transactions_total": 2})
	f.node.Fork(t, 70)
	last := f.pay(t, "thief", "other", 20_000)
	f.until(t, at(71))
	check("reorganised", map[string]float64{"reorganisations_total": 1, "reverted_blocks_total": 3, "reorganisation_depth_max": 3,
		"blocks_total": 75, "case_anew_total": 1, "case_transactions_total": 3})
	for _, want := range []string{"moved 30 ETH from ", "rolled back 30 ETH from ", "moved 20 ETH from "} {
		f.until(t, func() bool { return strings.Contains(f.out.String(), want) }) // written after the metrics are set
	}
	if second := f.scrape(t); second["rpc_calls_total"] <= first["rpc_calls_total"] {
		t.Errorf("%v calls after %v", second["rpc_calls_total"], first["rpc_calls_total"])
	}
	began := float64(time.Now().UnixMilli()) / 1000
	f.node.Stop(t)
	f.until(t, func() bool { return f.scrape(t)["node_lost_total"] == 1 })
	lost := f.scrape(t)
	if lost[`rpc_faults_total{kind="transient"}`] < 1 || lost["rpc_retries_total"] < 1 || lost["last_error_time_seconds"] < began {
		t.Errorf("the node is lost: %v", lost)
	}
	if code := f.stop(); code != exitOK {
		t.Fatalf("exit code %d\n%s", code, f.said.text.String())
	}
	if _, err := http.Get(f.url); err == nil {
		t.Error("the metrics are served after the end")
	}
	// What may still be replaced is marked, and what is final is not.
	for _, look := range []struct{ command, of, want, not string }{
		{"show", "eip155:1337:" + last, "provisional: the store goes on for 0 of the 64 blocks that make it final", "nothing else"},
		{"show", "eip155:1337:" + f.theft, "known: transfers full", "provisional"},
		{"show", "eip155:1337:" + gethtest.Account("other").Hex(), "provisional: 1 of the transfers are in blocks above 7,", "nothing else"},
		{"trace --method lifo --seed", "eip155:1337:" + f.theft, "Provisional: 3 movements in blocks of eip155-1337 above 7, which may still be replaced", "nothing else"},
		{"stats -o", "csv", "tip_time,final_block,ranges", "nothing else"},
	} {
		out, _ := spoor(t, exitOK, append([]string{"--db", f.db}, append(strings.Fields(look.command), look.of)...)...)
		if !strings.Contains(out, look.want) || strings.Contains(out, look.not) {
			t.Errorf("%s %s:\n%s", look.command, look.of, out)
		}
	}
}

// TestMetricsAddress refuses addresses that others can reach.
func TestMetricsAddress(t *testing.T) {
	db := filepath.Join(t.TempDir(), "db")
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:9477", "9477", "127.0.0.1"} {
		_, stderr := spoor(t, exitUsage, "--db", db, "follow", "--chain", "ethereum", "--rpc", "http://127.0.0.1:1", "--from", "0", "--metrics", address)
		if !strings.Contains(stderr, "--metrics") {
			t.Errorf("%s: %s", address, stderr)
		}
	}
	// Asked for, it is tried: the node then is what fails.
	_, stderr := spoor(t, exitFailed, "--db", db, "follow", "--chain", "ethereum", "--rpc", "http://127.0.0.1:1", "--from", "0", "--metrics", "0.0.0.0:0", "--metrics-public")
	if !strings.Contains(stderr, "metrics: http://[::]:") && !strings.Contains(stderr, "metrics: http://0.0.0.0:") {
		t.Error(stderr)
	}
	spoor(t, exitUsage, "--db", db, "follow", "--chain", "ethereum", "--rpc", "http://127.0.0.1:1", "--metrics-public")
}

// BenchmarkHead measures the lag at the head: from the moment at which a real
// node has a new block until the store has it, and until the case is traced to
// it. Looks at the node are 5 ms apart.
func BenchmarkHead(b *testing.B) {
	f := followTheft(b)
	var stored, traced []time.Duration
	for b.Loop() {
		b.StopTimer()
		height := float64(f.node.Head().Number.Uint64() + 1)
		receiver := gethtest.Account("friend")
		for range 20 {
			f.node.SendGas(b, "bystander", &receiver, big.NewInt(1), nil, 21_000)
		}
		f.node.SendGas(b, "thief", &receiver, big.NewInt(1e15), nil, 21_000)
		f.node.Mine(b)
		began := time.Now() // Mine returns once the node has it
		b.StartTimer()
		f.until(b, func() bool { return f.scrape(b)["height"] == height })
		stored = append(stored, time.Since(began))
		f.until(b, func() bool { return f.scrape(b)["case_height"] == height })
		traced = append(traced, time.Since(began))
	}
	b.StopTimer()
	median := func(all []time.Duration) float64 {
		slices.Sort(all)
		return float64(all[len(all)/2].Microseconds()) / 1000
	}
	b.ReportMetric(median(stored), "ms-to-store")
	b.ReportMetric(median(traced), "ms-to-case")
	if code := f.stop(); code != exitOK {
		b.Fatalf("exit code %d\n%s", code, f.said.text.String())
	}
}

// TestFollowLabels: labels hold for addresses and not for blocks, so what they
// end follows the branch: it ends there, is undone, and ends there again.
func TestFollowLabels(t *testing.T) {
	file := filepath.Join(t.TempDir(), "labels.csv")
	text := "chain,address,name,category,confidence\neip155:1337," + gethtest.Account("exchange").Hex() + ",Some Exchange,exchange,90\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f := followTheft(t, "--labels", file, "--watch")
	says := func(want ...string) func() bool {
		return func() bool {
			out := f.out.String()
			for _, w := range want {
				if !strings.Contains(out, w) {
					return false
				}
			}
			return true
		}
	}
	at := gethtest.Account("exchange").Hex()
	f.pay(t, "thief", "exchange", 30_000)
	f.until(t, says("now 30 ETH service at "+at+" (Some Exchange)"))
	f.node.Fork(t, 71)
	f.pay(t, "thief", "other", 1_000)
	f.until(t, says("rolled back 30 ETH from ", "moved 1 ETH from "))
	f.pay(t, "thief", "exchange", 20_000)
	f.until(t, says("now 20 ETH service at "+at+" (Some Exchange)"))
	f.until(t, func() bool { return f.said.has("taint moved ") })
	if code := f.stop(); code != exitOK {
		t.Fatalf("exit code %d\n%s", code, f.said.text.String())
	}
	spoor(t, exitOK, "--db", f.db, "check")
}
