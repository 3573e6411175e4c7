package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/graph/graphtest"
	"spoor/ingest/label"
	"spoor/trace"
)

// These tests run the program as a user would on real incidents, and hold it
// against what is known of them. They skip where the data is absent.

// spoor runs a command line and returns what it wrote.
func spoor(t *testing.T, want int, args ...string) (out, messages string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := &program{out: &stdout, err: &stderr, env: func(string) string { return "" }}
	if code := p.run(context.Background(), args); code != want {
		t.Fatalf("spoor %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), code, want, stdout.String(), stderr.String())
	}
	return stdout.String(), stderr.String()
}

// rows reads a CSV file as one map a row, by column.
func rows(t *testing.T, path string) []map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	var out []map[string]string
	for _, fields := range all[1:] {
		row := make(map[string]string)
		for i, name := range all[0] {
			row[name] = fields[i]
		}
		out = append(out, row)
	}
	return out
}

func integer(t *testing.T, text string) *big.Int {
	t.Helper()
	n, ok := new(big.Int).SetString(text, 10)
	if !ok {
		t.Fatalf("%q is not an integer", text)
	}
	return n
}

// sum adds a column of the rows that a condition picks.
func sum(t *testing.T, rows []map[string]string, column string, pick func(map[string]string) bool) *big.Int {
	t.Helper()
	total := new(big.Int)
	for _, row := range rows {
		if pick(row) {
			total.Add(total, integer(t, row[column]))
		}
	}
	return total
}

const transfersHeader = "chain,block,time,tx_hash,kind,from,to,asset,symbol,decimals,amount\n"

const (
	drainer = "0x26a76f4fe7a21160274d060acb209f515f35429c"
	weth    = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
	theft   = "ethereum:0xac9e668f48cb934de459ee4adc9bf8ec2ce2829ace6ffb8cf761746a6a8628f5"
)

// habitat writes the drainer's explorer exports as a transfers file. Two
// movements are not in such exports and are read from the calls instead: the
// mixer's router pays the pool that its deposit names, and WETH that is
// withdrawn is destroyed.
func habitat(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(transfersHeader)
	dir := graphtest.Data(t, "habitat-drainer")
	tokens, internal := rows(t, filepath.Join(dir, "token_transfers.csv")), rows(t, filepath.Join(dir, "internal_transfers.csv"))
	for _, tx := range rows(t, filepath.Join(dir, "transactions.csv")) {
		row := func(kind, from, to, asset, symbol, decimals, amount string) {
			fmt.Fprintf(&b, "ethereum,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s\n", tx["block"], tx["timestamp"], tx["hash"], kind, from, to, asset, symbol, decimals, amount)
		}
		fee := new(big.Int).Mul(integer(t, tx["gas_price"]), integer(t, tx["gas_used"]))
		row("fee", tx["from"], "", "native", "", "", fee.String())
		if tx["value"] != "0" {
			row("native", tx["from"], tx["to"], "native", "", "", tx["value"])
		}
		if pool := tx["tornado_pool"]; pool != "" {
			row("internal", tx["to"], pool, "native", "", "", tx["value"])
		}
		for _, transfer := range tokens {
			if transfer["hash"] == tx["hash"] {
				row("token", transfer["from"], transfer["to"], transfer["token"], transfer["symbol"], transfer["decimals"], transfer["value"])
			}
		}
		for _, call := range internal {
			if call["hash"] != tx["hash"] {
				continue
			}
			row("internal", call["from"], call["to"], "native", "", "", call["value"])
			if tx["function"] == "withdraw" && tx["to"] == weth {
				row("unwrap", tx["from"], "", weth, "WETH", "18", call["value"])
			}
		}
	}
	path := filepath.Join(t.TempDir(), "habitat.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestHabitatDrainer traces the 0xHabitat theft of December 2021 from its one
// theft transaction.
func TestHabitatDrainer(t *testing.T) {
	file, db, out := habitat(t), filepath.Join(t.TempDir(), "db"), filepath.Join(t.TempDir(), "evidence")
	spoor(t, exitOK, "ingest", "transfers", file, "--db", db, "--quiet")
	spoor(t, exitOK, "trace", "--seed", theft, "--method", "fifo", "--out", out, "--db", db)

	stops := rows(t, filepath.Join(out, "stops.csv"))
	mixed := sum(t, stops, "tainted_raw", func(r map[string]string) bool { return r["reason"] == "mixer" })
	pools := map[string]bool{}
	for _, r := range stops {
		switch r["reason"] {
		case "mixer":
			pools[r["address"]] = true
		case "at_rest":
			if !strings.EqualFold(r["address"], drainer) {
				t.Errorf("value rests at %s: routers and pools must not be followed", r["address"])
			}
		case "fee":
		default:
			t.Errorf("unexpected end %s at %s", r["reason"], r["address"])
		}
	}
	if len(pools) != 3 {
		t.Errorf("%d mixer pools, want 3", len(pools))
	}
	moved := new(big.Int)
	for _, r := range rows(t, filepath.Join(out, "trace.csv")) {
		if pools[r["to"]] {
			moved.Add(moved, integer(t, r["amount_raw"]))
		}
	}
	if moved.String() != "56200000000000000000" {
		t.Errorf("%s wei reach the mixer, want 56.2 ETH", moved)
	}
	rest := sum(t, stops, "tainted_raw", func(r map[string]string) bool { return r["reason"] == "at_rest" && r["asset"] == "native" })
	if rest.String() != "180922688226764912" {
		t.Errorf("%s wei at rest, want 180922688226764912", rest)
	}
	// Everything that left or rests is tainted but for the clean gas money.
	fees := sum(t, stops, "tainted_raw", func(r map[string]string) bool { return r["reason"] == "fee" })
	tainted := new(big.Int).Add(mixed, new(big.Int).Add(rest, fees))
	gas := new(big.Int)
	for _, r := range rows(t, graphtest.Data(t, "habitat-drainer", "transactions.csv")) {
		if r["from"] == drainer {
			gas.Add(gas, new(big.Int).Mul(integer(t, r["gas_price"]), integer(t, r["gas_used"])))
		}
	}
	all := new(big.Int).Add(moved, new(big.Int).Add(rest, gas))
	if clean := new(big.Int).Sub(all, tainted); clean.String() != "844948018951172010" {
		t.Errorf("%s wei are clean, want the 844948018951172010 of gas money; mixed %s, fees %s", clean, mixed, fees)
	}
	provenPools(t, rows(t, filepath.Join(out, "addresses.csv")))
	shown, _ := spoor(t, exitOK, "show", "0xa023cca9de8486d867e8b2f7bfd133a96455f850", "--db", db)
	if !strings.Contains(shown, "proven to be: SushiSwap v2 pair") {
		t.Errorf("show does not tell that a pool is one:\n%s", shown)
	}
	for _, r := range rows(t, filepath.Join(out, "conservation.csv")) {
		if r["difference_raw"] != "0" {
			t.Errorf("%s %s: difference %s", r["chain"], r["asset"], r["difference_raw"])
		}
	}
}

// TestHabitatUnlisted traces the same theft without any label of a router, pool
// or wrapped coin, mixers alone being listed: not one movement, end or sum is
// another. That value passes a router is seen in what it keeps, which is nothing,
// and that a pool sells in what it gives.
func TestHabitatUnlisted(t *testing.T) {
	file, db := habitat(t), filepath.Join(t.TempDir(), "db")
	spoor(t, exitOK, "ingest", "transfers", file, "--db", db, "--quiet")
	list, err := label.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	store, err := badger.Open(db, badger.Options{ReadOnly: true, Memory: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	run := func(keep func(graph.Label) bool) (said string, met int) {
		labels := make(map[graph.Address][]graph.Label)
		for _, l := range list.Labels {
			if keep(l) {
				labels[l.Address] = append(labels[l.Address], l)
			}
		}
		err := withViews(t.Context(), store, func(views map[graph.ChainID]graph.View) error {
			result, err := trace.Run(t.Context(), views, trace.Case{Seeds: []string{theft}}, trace.Known{Labels: func(a graph.Address) []graph.Label { return labels[a] }})
			if err != nil {
				return err
			}
			for i := range result.Holders {
				for _, l := range result.Holders[i].Labels {
					if !strings.HasPrefix(l.Behaviour, "mixer") {
						met++
					}
				}
				result.Holders[i].Labels = nil
			}
			for i := range result.Stops {
				result.Stops[i].Freezable = graph.Label{}
			}
			said = fmt.Sprintf("%+v\n%+v\n%+v\n%+v\n%+v", result.Steps, result.Stops, result.Holders, result.Balances, result.Unknowns)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return said, met
	}
	listed, met := run(func(graph.Label) bool { return true })
	unlisted, none := run(func(l graph.Label) bool { return strings.HasPrefix(l.Behaviour, "mixer") })
	if listed != unlisted {
		t.Errorf("with the table\n%s\nwithout\n%s", listed, unlisted)
	}
	if met == 0 || none != 0 {
		t.Errorf("%d labels of other than mixers are met with the table and %d without", met, none)
	}
	t.Logf("%d labels are not needed", met)
}

// provenPools asserts what of those that the drainer traded with is proven and
// what is only listed: no built-in label names a pool here, and the wallet's own
// history shows one leg of each swap.
func provenPools(t *testing.T, addresses []map[string]string) {
	t.Helper()
	const habitatToken = "0x0aCe32f6E87Ac1457A5385f8eb0208F37263B415"
	want := map[string]string{
		"0xc7a1cb6edc22e94f17c80eb5b959f2ad28511d4e": "Uniswap v2 pair " + habitatToken + "/WETH (derived from its factory 0x5C69bEe701ef814a2B6a3EDD4B1652CB9cc5aA6f)",
		"0xa023cca9de8486d867e8b2f7bfd133a96455f850": "SushiSwap v2 pair " + habitatToken + "/WETH (derived from its factory 0xC0AEe478e3658e2610c5F7A4A2E1777cE9e4f2Ac)",
		"0xc3d03e4f041fd4cd388c549ee2a29a9e5075882f": "SushiSwap v2 pair DAI/WETH (derived from its factory 0xC0AEe478e3658e2610c5F7A4A2E1777cE9e4f2Ac)",
	}
	proven, listed, neither := map[string]string{}, map[string]bool{}, map[string]bool{}
	for _, r := range addresses {
		at := strings.ToLower(r["address"])
		switch {
		case r["proven"] != "":
			proven[at] = r["proven"]
			if r["labels"] != "" {
				t.Errorf("%s is listed: %s", at, r["labels"])
			}
		case at != drainer && r["labels"] != "":
			listed[at] = true
		case at != drainer:
			neither[at] = true
		}
	}
	t.Logf("%d pools proven, %d addresses listed, %d neither: %v", len(proven), len(listed), len(neither), slices.Sorted(maps.Keys(neither)))
	// Unproven stay the two routers, WETH and the three pools of the mixer, which
	// are listed, and the victim.
	if len(listed) != 6 || len(neither) != 1 {
		t.Errorf("%d listed and %d neither, want 6 and the victim", len(listed), len(neither))
	}
	if !maps.Equal(proven, want) {
		t.Errorf("proven %v\nwant %v", proven, want)
	}
}

// TestLaundering traces two expert-verified cases of MFTracer, with amounts as
// cents of one token, and counts the terminals reached.
func TestLaundering(t *testing.T) {
	for _, c := range []struct {
		name            string
		reached, listed int
	}{{"lifi", 33, 33}, {"xscam", 449, 465}} {
		t.Run(c.name, func(t *testing.T) {
			dir := graphtest.Data(t, "mftracer", c.name)
			file, db := laundering(t, dir), filepath.Join(t.TempDir(), "db")
			spoor(t, exitOK, "ingest", "transfers", file, "--db", db, "--quiet")
			args := []string{"--db", db, "--service-transfers", "-1"}
			for _, r := range rows(t, filepath.Join(dir, "sources.csv")) {
				args = append(args, "--seed", "ethereum:"+r["address"])
			}
			terminals := map[string]bool{}
			for _, r := range rows(t, filepath.Join(dir, "terminals.csv")) {
				terminals[strings.ToLower(r["address"])] = true
			}
			if len(terminals) != c.listed {
				t.Fatalf("%d terminals are listed, want %d", len(terminals), c.listed)
			}
			// Nobody in the case behaves like a service by these signs: signs that
			// take launderers for services would end their traces.
			out := filepath.Join(t.TempDir(), "signs")
			spoor(t, exitOK, slices.Concat([]string{"trace", "--method", "poison", "--out", out}, args, []string{"--service-transfers", "10000"})...)
			signs := map[string]string{}
			for _, r := range rows(t, filepath.Join(out, "stops.csv")) {
				if strings.HasPrefix(r["rule"], "behaviour: ") {
					signs[r["address"]] = r["rule"]
				}
			}
			if len(signs) > 0 {
				t.Errorf("taken for services by behaviour: %v", signs)
			}
			for _, method := range []string{"poison", "fifo", "haircut"} {
				out := filepath.Join(t.TempDir(), method)
				spoor(t, exitOK, slices.Concat([]string{"trace", "--method", method, "--out", out}, args)...)
				reached := map[string]bool{}
				for _, r := range rows(t, filepath.Join(out, "trace.csv")) {
					if to := strings.ToLower(r["to"]); terminals[to] {
						reached[to] = true
					}
				}
				t.Logf("%s reaches %d of %d terminals", method, len(reached), len(terminals))
				if method == "poison" {
					if len(reached) < c.reached {
						t.Errorf("poison reaches %d terminals, want %d", len(reached), c.reached)
					}
					continue
				}
				for _, r := range rows(t, filepath.Join(out, "conservation.csv")) {
					if r["difference_raw"] != "0" {
						t.Errorf("%s: %s is off by %s", method, r["asset"], r["difference_raw"])
					}
				}
			}
		})
	}
}

// laundering writes a case's flows as a transfers file: dollars and cents of
// one token. The flows are not in order, and neither is the file.
func laundering(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(transfersHeader)
	for _, r := range rows(t, filepath.Join(dir, "flows.csv")) {
		at, err := time.Parse("2006-01-02 15:04:05", r["Timestamp"])
		if err != nil {
			t.Fatal(err)
		}
		whole, cents, _ := strings.Cut(r["Value_in_USD"], ".")
		if len(cents) > 2 {
			t.Fatalf("%s has fractions of a cent", r["Value_in_USD"])
		}
		amount := strings.TrimLeft(whole+(cents + "00")[:2], "0")
		if amount == "" {
			amount = "0"
		}
		fmt.Fprintf(&b, "ethereum,%s,%d,%s,token,%s,%s,0xdac17f958d2ee523a2206206994597c13d831ec7,USD,2,%s\n",
			r["Block"], at.Unix(), r["Tx_hash"], r["From"], r["To"], amount)
	}
	path := filepath.Join(t.TempDir(), "flows.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
