package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestProcesses runs the built program as processes of their own.
func TestProcesses(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	program := build(t)
	t.Run("killed", func(t *testing.T) { testKilled(t, program) })
	t.Run("killed while clustering", func(t *testing.T) { testKilledCluster(t, program) })
	t.Run("interrupted", func(t *testing.T) { testInterrupted(t, program) })
}

// testKilled starts every kind of ingest, kills it at random moments, runs it
// again until it ends, and compares the export with that of a run nobody
// disturbed: byte for byte. After every kill the store must answer, with a
// beginning of the same export.
func testKilled(t *testing.T, program binary) {
	most := 3 // SPOOR_KILLS sets how often each ingest is killed at most
	if text := os.Getenv("SPOOR_KILLS"); text != "" {
		var err error
		if most, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	transfers, payments := writeTransfers(t, 800, 50), writeRLP(t, 1000, 30)
	for _, test := range []struct {
		name string
		args []string
	}{
		{"transfers", []string{"transfers", "--bulk", "off", transfers}},
		{"transfers in bulk", []string{"transfers", "--bulk", "on", transfers}},
		{"etl", []string{"ethereum", "--bulk", "off", "--etl", writeETL(t, 600, 30)}},
		{"etl in bulk", []string{"ethereum", "--bulk", "on", "--etl", writeETL(t, 600, 30)}},
		{"rlp", []string{"ethereum", "--bulk", "off", "--rlp", payments}},
		{"rlp in bulk", []string{"ethereum", "--bulk", "on", "--rlp", payments}},
		{"bitcoin etl", []string{"bitcoin", "--bulk", "off", "--etl", writeBitcoinETL(t, 1000, 12)}},
		{"block files", []string{"bitcoin", "--to", "5000", "--blocks", mainnetBlocks(t)}},
	} {
		if test.args[len(test.args)-1] == "" {
			t.Logf("%s: btcd's block file is not in the module cache; left out", test.name)
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			clean := filepath.Join(t.TempDir(), "clean")
			began := time.Now()
			program.run(t, clean, append([]string{"ingest"}, test.args...)...)
			took := time.Since(began)
			want := program.run(t, clean, "export", "transfers")
			if lines := strings.Count(want, "\n"); lines < 2000 {
				t.Fatalf("the clean run has only %d rows", lines)
			}
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d; the clean run took %s", seed, took)
			random := rand.New(rand.NewPCG(seed, 0))
			killed := filepath.Join(t.TempDir(), "killed")
			kills, between := 0, 0
			if slices.Contains(test.args, "off") { // in bulk nothing is there before all is
				program.killInTheMiddle(t, killed, took, want, append([]string{"ingest"}, test.args...)...)
				kills, between = 1, 1
			}
			for ended := false; !ended; {
				after := time.Duration(random.Int64N(int64(took)))
				if kills >= most {
					after = time.Hour
				}
				ended = program.runAndKill(t, killed, after, append([]string{"ingest"}, test.args...)...)
				if !ended {
					kills++
				}
				if _, err := os.Stat(killed); err != nil {
					continue // killed before there was a store
				}
				got := program.run(t, killed, "export", "transfers")
				if !strings.HasPrefix(unnamed(want), unnamed(got)) {
					t.Fatalf("after %d kills the export is no beginning of the clean one", kills)
				}
				if rows := strings.Count(got, "\n"); rows > 1 && len(got) < len(want) {
					between++
				}
			}
			if got := program.run(t, killed, "export", "transfers"); got != want {
				t.Fatalf("after %d kills the export differs from the clean run's", kills)
			}
			t.Logf("%d kills, after %d of which the store held a part", kills, between)
		})
	}
}

// killInTheMiddle kills a command at a moment at which the store holds a part
// of what it will hold: a search between a moment that was too early and one
// that was too late, which the speed of the machine does not matter to.
func (b binary) killInTheMiddle(t *testing.T, db string, took time.Duration, want string, args ...string) {
	t.Helper()
	early, late := time.Duration(0), 2*took
	for range 40 {
		if late-early < 5*time.Millisecond { // the machine changed its speed meanwhile
			early, late = early/2, 2*late
		}
		after := (early + late) / 2
		ended := b.runAndKill(t, db, after, args...)
		got := ""
		if _, err := os.Stat(db); err == nil {
			got = b.run(t, db, "export", "transfers")
		}
		switch {
		case ended || got == want:
			late = after
			if err := os.RemoveAll(db); err != nil {
				t.Fatal(err)
			}
		case !strings.HasPrefix(unnamed(want), unnamed(got)):
			t.Fatal("after a kill the export is no beginning of the clean one")
		case strings.Count(got, "\n") < 2:
			early = after
		default:
			t.Logf("killed after %s with %d of %d rows", after, strings.Count(got, "\n"), strings.Count(want, "\n"))
			return
		}
	}
	t.Fatal("no kill met a store with a part")
}

// unnamed drops the symbols and decimals of an export: what a source claims
// about assets is stored last.
func unnamed(export string) string {
	var b strings.Builder
	for line := range strings.Lines(export) {
		cells := strings.Split(line, ",")
		cells[10], cells[11] = "", ""
		b.WriteString(strings.Join(cells, ","))
	}
	return b.String()
}

// A binary is the built program.
type binary string

// build makes the program as users have it: without the race detector, which
// would make dozens of runs take minutes.
func build(t *testing.T) binary {
	t.Helper()
	path := filepath.Join(t.TempDir(), "spoor")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary(path)
}

func (b binary) command(db string, args ...string) *exec.Cmd {
	return exec.Command(string(b), append([]string{"--db", db}, args...)...)
}

// run is what a command that succeeds writes.
func (b binary) run(t *testing.T, db string, args ...string) string {
	t.Helper()
	cmd := b.command(db, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("spoor %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

// runAndKill runs a command and kills it after some time. It reports whether
// the command ended before.
func (b binary) runAndKill(t *testing.T, db string, after time.Duration, args ...string) bool {
	t.Helper()
	cmd := b.command(db, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Fatalf("spoor %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
		}
		return true
	case <-time.After(after):
		if err := cmd.Process.Kill(); err != nil {
			t.Log(err) // it has just ended
		}
		return <-ended == nil
	}
}

// writeTransfers writes a transfers file of whole blocks with many assets.
func writeTransfers(t *testing.T, blocks, each int) string {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString("chain,block,time,tx_hash,tx_index,seq,kind,from,to,asset,symbol,decimals,amount,block_hash\n")
	for height := range blocks {
		for i := range each {
			asset, symbol := "native", ""
			if token := random.IntN(50); token > 0 {
				asset, symbol = fmt.Sprintf("0x%040x", 0xe0000+token), fmt.Sprintf("T%d", token)
			}
			fmt.Fprintf(&b, "ethereum,%d,%d,0x%064x,%d,log:%d,token,0x%040x,0x%040x,%s,%s,,%d,0x%064x\n", height, 1_600_000_000+12*height,
				1+height*1000+i, i, i, 1+random.IntN(2000), 1+random.IntN(2000), asset, symbol, random.Uint64(), 0xb0000+height)
		}
	}
	path := filepath.Join(t.TempDir(), "transfers.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// writeETL writes an ethereum-etl export of plain payments before EIP-1559.
func writeETL(t *testing.T, blocks, each int) string {
	t.Helper()
	random := rand.New(rand.NewPCG(3, 4))
	var headers, txs, receipts strings.Builder
	headers.WriteString("number,hash,parent_hash,miner,gas_used,timestamp,transaction_count\n")
	txs.WriteString("hash,nonce,block_hash,block_number,transaction_index,from_address,to_address,value,gas,gas_price,input,block_timestamp\n")
	receipts.WriteString("transaction_hash,transaction_index,block_hash,block_number,cumulative_gas_used,gas_used,contract_address,status\n")
	const first = 6_000_000
	for i := range blocks {
		height, hash, at := first+i, fmt.Sprintf("0x%064x", 0xb0000+i), 1_530_000_000+12*i
		fmt.Fprintf(&headers, "%d,%s,0x%064x,0x%040x,%d,%d,%d\n", height, hash, 0xb0000+i-1, 0xa000+i%7, 21000*each, at, each)
		for j := range each {
			tx := fmt.Sprintf("0x%064x", 1+i*1000+j)
			fmt.Fprintf(&txs, "%s,0,%s,%d,%d,0x%040x,0x%040x,%d,21000,%d,0x,%d\n", tx, hash, height, j,
				1+random.IntN(2000), 1+random.IntN(2000), random.Uint64(), 1_000_000_000, at)
			fmt.Fprintf(&receipts, "%s,%d,%s,%d,%d,21000,,1\n", tx, j, hash, height, 21000*(j+1))
		}
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"blocks.csv": headers.String(), "transactions.csv": txs.String(), "receipts.csv": receipts.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// mainnetBlocks is the file of Bitcoin's first blocks that btcd tests with, ""
// if the module cache does not have it.
func mainnetBlocks(t *testing.T) string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/btcsuite/btcd").Output()
	if err != nil {
		return ""
	}
	path := filepath.Join(strings.TrimSpace(string(dir)), "blockchain", "testdata", "blk_0_to_14131.dat")
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}
