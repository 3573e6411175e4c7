package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"spoor/ingest/synthetic"
)

// TestDemo holds the evidence of the demo against the truth that its script
// kept, to the base unit: everything stolen, every end, every address at rest.
func TestDemo(t *testing.T) {
	for name, script := range map[string]synthetic.Script{
		"default":       {Seed: 1, Incidents: 1, Hops: 8, Background: 2000},
		"other seed":    {Seed: 7, Incidents: 1, Hops: 3},
		"three, longer": {Seed: 42, Incidents: 3, Hops: 12, Background: 1000},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "demo")
			spoor(t, exitOK, "demo", "--out", out, "--seed", big.NewInt(int64(script.Seed)).String(), "--incidents", big.NewInt(int64(script.Incidents)).String(),
				"--hops", big.NewInt(int64(script.Hops)).String(), "--background", big.NewInt(int64(script.Background)).String())
			heist, err := script.Ethereum()
			if err != nil {
				t.Fatal(err)
			}
			theft, err := script.Bitcoin()
			if err != nil {
				t.Fatal(err)
			}
			for _, incident := range []*synthetic.Incident{heist, theft} {
				holds(t, filepath.Join(out, "evidence"), &incident.Truth)
			}
		})
	}
}

// TestJourney: a theft over three chains and two bridges is traced by one command
// to the base unit, and looks at little else than what carries taint.
func TestJourney(t *testing.T) {
	script := synthetic.Script{Seed: 5, Incidents: 2, Background: 9000}
	if testing.Short() {
		script.Background = 900
	}
	out := filepath.Join(t.TempDir(), "demo")
	spoor(t, exitOK, "demo", "--journey", "--out", out, "--seed", "5", "--incidents", "2", "--background", strconv.Itoa(script.Background))
	legs, err := script.Journey()
	if err != nil {
		t.Fatal(err)
	}
	evidence := filepath.Join(out, "evidence")
	for _, leg := range legs {
		holds(t, evidence, &leg.Truth)
	}
	passages := rows(t, filepath.Join(evidence, "bridges.csv"))
	for _, p := range passages {
		if p["statement"] != "derived" || p["rule"] != "key" || p["note"] != "" || p["tainted_in_raw"] == "" {
			t.Errorf("passage %v", p)
		}
	}
	if len(passages) != 4 {
		t.Errorf("%d passages, want 2 of each incident", len(passages))
	}
	carrying := map[string]bool{}
	for _, step := range rows(t, filepath.Join(evidence, "trace.csv")) {
		carrying[step["chain"]+step["tx_hash"]] = true
	}
	for _, step := range rows(t, filepath.Join(evidence, "trace.csv")) {
		if step["chain"] != "eip155:42161" || step["rule"] != "transfer" {
			continue
		}
		back := filepath.Join(t.TempDir(), "back") // and where that came from
		spoor(t, exitOK, "--db", filepath.Join(out, "db"), "trace", "--quiet", "--direction", "backward", "--seed", step["chain"]+":"+step["tx_hash"]+":"+step["position"], "--out", back)
		if rows := rows(t, filepath.Join(back, "bridges.csv")); len(rows) != 2 || rows[0]["note"]+rows[1]["note"] != "" || rows[0]["src_chain"] != "eip155:1" {
			t.Errorf("backward from %s: passages %v", step["tx_hash"], rows)
		}
		for _, r := range rows(t, filepath.Join(back, "conservation.csv")) {
			if r["difference_raw"] != "0" {
				t.Errorf("backward: %s %s is off by %s", r["chain"], r["asset"], r["difference_raw"])
			}
		}
	}
	text, _ := spoor(t, exitOK, "--db", filepath.Join(out, "db"), "trace", "--quiet", filepath.Join(out, "case.yaml"))
	match := regexp.MustCompile(`(?m)^([0-9]+) transactions evaluated`).FindStringSubmatch(text)
	if match == nil {
		t.Fatalf("no transactions in\n%s", text)
	}
	if n, _ := strconv.Atoi(match[1]); n > 3*len(carrying) || n == 0 {
		t.Errorf("%d transactions evaluated, %d carry taint", n, len(carrying))
	}
	t.Logf("%s transactions evaluated, %d carry taint", match[1], len(carrying))
}

// holds compares the stops and balances of an evidence folder with the truth.
func holds(t *testing.T, evidence string, truth *synthetic.Truth) {
	t.Helper()
	stops := rows(t, filepath.Join(evidence, "stops.csv"))
	chain := string(truth.Chain.ID)
	for _, sum := range truth.Sums {
		asset := sum.Asset.Text()
		found := false
		for _, r := range rows(t, filepath.Join(evidence, "conservation.csv")) {
			if r["chain"] != chain || r["asset"] != asset {
				continue
			}
			found = true
			for column, want := range map[string]string{"seeded_raw": sum.Seeded.Dec(), "converted_in_raw": sum.ConvertedIn.Dec(), "at_rest_raw": sum.AtRest.Dec(),
				"stopped_raw": sum.Ended.Dec(), "fees_raw": sum.Fees.Dec(), "converted_out_raw": sum.ConvertedOut.Dec(),
				"bridged_in_raw": sum.BridgedIn.Dec(), "bridged_out_raw": sum.BridgedOut.Dec(), "difference_raw": "0"} {
				if r[column] != want {
					t.Errorf("%s: %s is %s, want %s", asset, column, r[column], want)
				}
			}
		}
		if !found && !sum.Seeded.IsZero() {
			t.Errorf("conservation.csv has no %s", asset)
		}
		for reason, category := range map[synthetic.Reason]string{synthetic.Mixer: "mixer", synthetic.CoinJoin: "mixer", synthetic.Exchange: "service", synthetic.Burn: "burn", synthetic.Fee: "fee"} {
			want := truth.Ended(sum.Asset, reason)
			if reason == synthetic.Mixer || reason == synthetic.CoinJoin {
				mixer, joined := truth.Ended(sum.Asset, synthetic.Mixer), truth.Ended(sum.Asset, synthetic.CoinJoin)
				want.Add(&mixer, &joined)
			}
			got := total(stops, func(r map[string]string) bool {
				return r["chain"] == chain && r["asset"] == asset && r["reason"] == category
			})
			if got != want.Dec() {
				t.Errorf("%s: %s ends at %s, want %s", asset, got, category, want.Dec())
			}
		}
	}
	for _, end := range truth.Ends {
		if end.Reason != synthetic.AtRest {
			continue
		}
		got := total(stops, func(r map[string]string) bool {
			return r["chain"] == chain && r["asset"] == end.Asset.Text() && r["reason"] == "at_rest" && r["address"] == end.Address.String()
		})
		if got != end.Amount.Dec() {
			t.Errorf("%s (%s) holds %s of %s, want %s", end.Role, end.Address, got, end.Asset.Text(), end.Amount.Dec())
		}
	}
}

func total(rows []map[string]string, pick func(map[string]string) bool) string {
	sum := new(big.Int)
	for _, r := range rows {
		if pick(r) {
			n, _ := new(big.Int).SetString(r["tainted_raw"], 10)
			sum.Add(sum, n)
		}
	}
	return sum.String()
}

// filesOf reads all files of a folder and those below it.
func filesOf(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	if err := fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files[name], err = os.ReadFile(filepath.Join(dir, name))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return files
}

// TestDemoTwice: the same demo gives the same bytes, over a store that is there
// and in a new folder; another demo is refused over it.
func TestDemoTwice(t *testing.T) {
	first, second := filepath.Join(t.TempDir(), "first"), filepath.Join(t.TempDir(), "second")
	run := func(dir string) map[string][]byte {
		spoor(t, exitOK, "demo", "--out", dir, "--background", "500")
		return filesOf(t, filepath.Join(dir, "evidence"))
	}
	want := run(first)
	for _, dir := range []string{first, second} {
		got := run(dir)
		if len(got) != len(want) || len(want) < 9 {
			t.Fatalf("%d files, want %d and at least 9", len(got), len(want))
		}
		for name := range want {
			if !bytes.Equal(got[name], want[name]) {
				t.Errorf("%s differs between two runs", name)
			}
		}
	}
	if _, messages := spoor(t, exitFailed, "demo", "--out", first, "--background", "500", "--seed", "2"); !strings.Contains(messages, "another demo") {
		t.Errorf("another demo over the first: %s", messages)
	}
}

// TestEveryRuleOfChanceHasARate walks all tables of the evidence: whatever a
// heuristic decided has the rate that was measured of it in the same row, and in
// the manifest.
func TestEveryRuleOfChanceHasARate(t *testing.T) {
	seen := map[string]int{}
	for name, args := range map[string][]string{"demo": nil, "journey": {"--journey"}} {
		out := filepath.Join(t.TempDir(), name)
		spoor(t, exitOK, append([]string{"demo", "--out", out, "--background", "2000"}, args...)...)
		spoor(t, exitOK, "--db", filepath.Join(out, "db"), "cluster", "--quiet")
		evidence := filepath.Join(out, "clustered")
		spoor(t, exitOK, "--db", filepath.Join(out, "db"), "trace", "--quiet", filepath.Join(out, "case.yaml"), "--out", evidence)
		files, err := filepath.Glob(filepath.Join(evidence, "*.csv"))
		if err != nil || len(files) < 10 {
			t.Fatal(files, err)
		}
		manifest, err := os.ReadFile(filepath.Join(evidence, "manifest.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			for _, row := range rows(t, file) {
				rule, ruled := row["rule"]
				if !ruled || !byChance(filepath.Base(file), row) {
					continue
				}
				seen[filepath.Base(file)]++
				rate, has := row["error_rate"]
				if !has || !strings.Contains(rate, " of ") && !strings.Contains(rate, "times in") && !strings.Contains(rate, "left to chance") {
					t.Errorf("%s, %s: rule %q has the rate %q", name, filepath.Base(file), rule, rate)
				}
				if encoded, err := json.Marshal(rate); err != nil || !bytes.Contains(manifest, encoded) {
					t.Errorf("%s: the manifest does not say %q, %v", name, rate, err)
				}
			}
		}
	}
	for _, file := range []string{"stops.csv", "peels.csv", "entities.csv", "bridges.csv"} { // the scripts exits and exits_owner have those of exits.csv
		if seen[file] == 0 {
			t.Errorf("no rule of chance in %s: the test shows nothing of it", file)
		}
	}
}

// byChance reports whether a heuristic decided a row. A fact, a computation, and
// the word of a label or of the case need no rate.
func byChance(file string, row map[string]string) bool {
	switch file {
	case "entities.csv", "peels.csv":
		return true
	case "exits.csv":
		return row["rule"] != "none"
	case "bridges.csv":
		return row["rule"] == "key"
	case "stops.csv":
		word := strings.HasPrefix(row["rule"], "label: ") && !strings.Contains(row["rule"], "; one owner by ")
		return row["statement"] == "attributed" && !word
	case "trace.csv":
		return false // what value does is the ledger's; a link of the case is somebody's word
	}
	return row["statement"] == "attributed"
}

// TestShowConduits: of the services of the demo the two routers, and no other,
// are told by their own transactions to pass everything on.
func TestShowConduits(t *testing.T) {
	out := filepath.Join(t.TempDir(), "demo")
	spoor(t, exitOK, "demo", "--out", out, "--background", "2000")
	heist, err := synthetic.Script{Seed: 1, Incidents: 1, Hops: 8, Background: 2000}.Ethereum()
	if err != nil {
		t.Fatal(err)
	}
	routers := 0
	for _, l := range heist.Truth.Labels {
		text, _ := spoor(t, exitOK, "--db", filepath.Join(out, "db"), "show", "ethereum:"+l.Address.String())
		router := strings.HasSuffix(l.Behaviour, "router")
		if conduit := strings.Contains(text, "proven to be: a conduit that passes everything on (net zero in all "); conduit != router {
			t.Errorf("%s (%s): told to be a conduit: %v", l.Name, l.Behaviour, conduit)
		}
		if router {
			routers++
		}
	}
	if routers != 2 {
		t.Errorf("%d routers, want 2", routers)
	}
}
