package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"spoor/ingest/ethereum/gethtest"
)

// TestTraceOfRealChain plays an incident on a real geth, reads it over RPC,
// traces it and compares with what was done, to the wei.
func TestTraceOfRealChain(t *testing.T) {
	i := gethtest.Play(t)
	dir := t.TempDir()
	genesis, evidence, key := filepath.Join(dir, "genesis.json"), filepath.Join(dir, "evidence"), filepath.Join(dir, "node")
	for path, data := range map[string][]byte{genesis: i.Genesis, key: []byte(i.URL + "\n")} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(want int, args ...string) (string, string) {
		t.Helper()
		var out, say bytes.Buffer
		p := &program{out: &out, err: &say, env: func(name string) string {
			if name == "NODE" {
				return i.URL
			}
			return ""
		}}
		if code := p.run(context.Background(), append([]string{"--db", filepath.Join(dir, "db")}, args...)); code != want {
			t.Fatalf("%v: exit code %d, want %d\n%s", args, code, want, say.String())
		}
		return out.String(), say.String()
	}
	run(0, "ingest", "ethereum", "--rpc", "file:"+key, "--genesis", genesis, "--to", "10", "--verify-balances", "3")
	_, said := run(0, "ingest", "ethereum", "--rpc", "env:NODE", "--genesis", genesis, "--to", "latest", "--traces", "on", "--verify-balances", "3")
	if !strings.Contains(said, "going on from there") {
		t.Errorf("the second run did not resume:\n%s", said)
	}
	_, said = run(0, "ingest", "ethereum", "--rpc", i.IPC, "--genesis", genesis, "--to", "latest")
	if !strings.Contains(said, "0 blocks, 0 transfers written; 1 blocks known before") {
		t.Errorf("the third run read what is known:\n%s", said)
	}
	// Without --to the last block is the finalized one, here the first: nothing new.
	run(0, "ingest", "ethereum", "--rpc", i.URL, "--genesis", genesis)
	for _, args := range [][]string{{"--rpc", "env:NONE"}, {"--rpc", i.URL, "--to", "never"}, {"--rpc", i.URL, "--traces", "maybe"}, {"--rpc", "gopher://x"}} {
		run(2, append([]string{"ingest", "ethereum", "--chain", "1337"}, args...)...)
	}
	if _, said := run(1, "ingest", "ethereum", "--rpc", i.URL, "--chain", "ethereum"); !strings.Contains(said, "eip155:1337") {
		t.Errorf("another chain: %s", said)
	}

	// Lifo, for the accounts had coin of their own before: what came last, the
	// stolen, leaves first and pays the fees.
	run(0, "trace", "--seed", "eip155:1337:"+i.Theft.Hex(), "--out", evidence, "--method", "lifo")
	stolenAt := i.Receipt(t, i.Theft).BlockNumber.Uint64()
	fees := new(big.Int)
	less := func(name string, wei *big.Int) string {
		paid := i.Fees(t, name, stolenAt)
		if paid.Sign() == 0 {
			t.Fatalf("%s paid no fees", name)
		}
		fees.Add(fees, paid)
		return new(big.Int).Sub(wei, paid).String()
	}
	coins := func(thousandths int64) string { return gethtest.Ether(thousandths).String() }
	at := func(reason string, account common.Address, asset, amount string) string {
		return strings.Join([]string{reason, account.Hex(), asset, amount}, " ")
	}
	want := []string{
		at("at_rest", gethtest.Account("thief"), "native", less("thief", gethtest.Ether(100_000-40_000-25_000-20_000))),
		at("at_rest", gethtest.Account("a"), "native", less("a", gethtest.Ether(40_000-30_000+15_000))),
		at("at_rest", gethtest.Account("a"), i.Token.Hex(), new(big.Int).Mul(gethtest.Ether(30_000-15_000), big.NewInt(2000)).String()),
		at("at_rest", gethtest.Account("b"), "native", less("b", gethtest.Ether(25_000-10_000+4_000))),
		at("at_rest", gethtest.Account("c"), "native", less("c", gethtest.Ether(20_000-3_000-15_000))),
		at("at_rest", gethtest.Account("c"), i.Wrapped.Hex(), coins(6_000)),
		at("at_rest", i.Mixer.Address, "native", coins(3_000-1_000)),
		at("at_rest", i.Bridge.Address, "native", coins(15_000-2_000)),
		at("at_rest", gethtest.Account("fresh"), "native", coins(1_000+2_000)),
	}
	want = append(want, "fee  native "+fees.String())
	var got []string
	for _, row := range rowsOf(t, filepath.Join(evidence, "stops.csv")) {
		got = append(got, strings.Join([]string{row["reason"], row["address"], row["asset"], row["tainted_raw"]}, " "))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("stops\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	conservation := rowsOf(t, filepath.Join(evidence, "conservation.csv"))
	if len(conservation) != 3 {
		t.Errorf("%d assets, want coin, token and wrapped coin", len(conservation))
	}
	for _, row := range conservation {
		if row["difference_raw"] != "0" {
			t.Errorf("%s: difference %s", row["asset"], row["difference_raw"])
		}
		if row["asset"] == "native" && (row["seeded_raw"] != i.Stolen.String() || row["converted_in_raw"] != coins(15_000+4_000) || row["converted_out_raw"] != coins(30_000+10_000)) {
			t.Errorf("conservation %v", row)
		}
	}
}

// rowsOf reads a CSV file with a header.
func rowsOf(t testing.TB, path string) (rows []map[string]string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, cell := range cells {
			row[all[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return rows
}
