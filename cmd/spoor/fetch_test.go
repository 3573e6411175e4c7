package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest/explorer/explorertest"
	"spoor/ingest/synthetic"
	"spoor/report"
)

// heistServer plays a heist, and starts an explorer that knows its chain.
func heistServer(t *testing.T, script synthetic.Script, m explorertest.Moods) (*synthetic.Incident, *explorertest.Server) {
	t.Helper()
	heist, err := script.Ethereum()
	if err != nil {
		t.Fatal(err)
	}
	var blocks []graph.Block
	for b, err := range heist.Blocks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, b)
	}
	return heist, explorertest.New(t, heist.Chain(), blocks, heist.Infos(), m)
}

// caseOf writes the case of a heist into a folder.
func caseOf(t *testing.T, dir string, heist *synthetic.Incident) string {
	t.Helper()
	text, err := synthetic.Case("on demand", heist)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "case.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFetch: with nothing but the case and an explorer, the trace comes to the
// truth of the script to the base unit, and so to what the whole ledger gives.
func TestFetch(t *testing.T) {
	for name, test := range map[string]struct {
		script synthetic.Script
		api    string
		moods  explorertest.Moods
	}{
		"etherscan":                {synthetic.Script{Seed: 1, Hops: 4, Background: 1500}, "etherscan", explorertest.Moods{LimitEvery: 151}},
		"blockscout":               {synthetic.Script{Seed: 1, Hops: 4, Background: 1500}, "blockscout", explorertest.Moods{LimitEvery: 97, Page: 7}},
		"three incidents, longer":  {synthetic.Script{Seed: 42, Incidents: 3, Hops: 9}, "etherscan", explorertest.Moods{}},
		"three incidents, by keys": {synthetic.Script{Seed: 7, Incidents: 3, Hops: 3}, "blockscout", explorertest.Moods{}},
	} {
		t.Run(name, func(t *testing.T) {
			heist, server := heistServer(t, test.script, test.moods)
			dir := t.TempDir()
			file, db, evidence := caseOf(t, dir, heist), filepath.Join(dir, "db"), filepath.Join(dir, "evidence")
			args := []string{"trace", file, "--db", db, "--fetch", test.api, "--url", server.URL, "--rate", "100000", "--fetch-limit", "1000", "--out", evidence}
			_, messages := spoor(t, exitOK, args...)
			t.Log(tail(messages))
			holds(t, evidence, &heist.Truth)

			calls := len(server.Calls())
			again := filepath.Join(dir, "again")
			spoor(t, exitOK, append(args[:len(args)-1:len(args)-1], again)...)
			if n := len(server.Calls()) - calls; n != 0 {
				t.Errorf("the same trace again made %d calls", n)
			}
			sameFolder(t, evidence, again)
			spoor(t, exitOK, "trace", file, "--db", db, "--out", filepath.Join(dir, "without"))
			sameFolder(t, evidence, filepath.Join(dir, "without"))
			cites(t, evidence, db, heist)
		})
	}
}

// cites checks that a manifest cites answers, by digests under which they are
// kept, of the thief among others, and none of addresses the trace never met.
func cites(t *testing.T, evidence, db string, heist *synthetic.Incident) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(evidence, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m report.Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	thief, ofThief := heist.Truth.Address("0: thief").String(), 0
	for i, a := range m.Answers {
		f, err := os.Open(filepath.Join(db, "raw", a.SHA256+".json.gz"))
		if err != nil {
			t.Fatal(err)
		}
		r, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		_ = f.Close()
		if sum := sha256.Sum256(body); err != nil || hex.EncodeToString(sum[:]) != a.SHA256 || len(body) != a.Size || a.Retrieved.IsZero() || a.Chain != graph.Ethereum {
			t.Errorf("%+v: %d bytes of digest %x, %v", a, len(body), sum, err)
		}
		if i > 0 && m.Answers[i-1].Request >= a.Request {
			t.Errorf("%s is out of order", a.Request)
		}
		if strings.Contains(strings.ToLower(a.Request), strings.ToLower(thief)) {
			ofThief++
		}
		if strings.Contains(a.Request, "eth_blockNumber") || strings.Contains(a.Request, "/blocks?") {
			t.Errorf("%s is about no address", a.Request)
		}
	}
	if ofThief < 4 || len(m.Answers) < 20 {
		t.Errorf("%d answers are cited, %d of the thief", len(m.Answers), ofThief)
	}
}

// TestCitedAnswerChanged: evidence does not cite what is not what was received.
func TestCitedAnswerChanged(t *testing.T) {
	heist, server := heistServer(t, synthetic.Script{Seed: 1, Hops: 3}, explorertest.Moods{})
	dir := t.TempDir()
	file, db, evidence := caseOf(t, dir, heist), filepath.Join(dir, "db"), filepath.Join(dir, "evidence")
	spoor(t, exitOK, "trace", file, "--db", db, "--fetch", "etherscan", "--url", server.URL, "--rate", "100000", "--out", evidence)
	var m report.Manifest
	data, err := os.ReadFile(filepath.Join(evidence, "manifest.json"))
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(db, "raw", m.Answers[3].SHA256+".json.gz"), []byte("changed"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, said := spoor(t, exitFailed, "trace", file, "--db", db); !strings.Contains(said, m.Answers[3].SHA256+".json.gz is not what was received") || !strings.Contains(said, "remove it and its line") {
		t.Error(said)
	}
	if err := os.RemoveAll(filepath.Join(db, "raw")); err != nil { // then nothing is cited
		t.Fatal(err)
	}
	without := filepath.Join(dir, "without")
	spoor(t, exitOK, "trace", file, "--db", db, "--out", without)
	if data, err = os.ReadFile(filepath.Join(without, "manifest.json")); err != nil || bytes.Contains(data, []byte(`"answers"`)) {
		t.Errorf("%s, %v", data, err)
	}
}

// tail is the sentence that counts addresses and calls.
func tail(messages string) string {
	for line := range strings.Lines(messages) {
		if strings.Contains(line, "calls of the API") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

func sameFolder(t *testing.T, a, b string) {
	t.Helper()
	these, those := filesOf(t, a), filesOf(t, b)
	if len(these) != len(those) || len(these) < 9 {
		t.Fatalf("%d and %d files", len(these), len(those))
	}
	for name := range these {
		if !bytes.Equal(these[name], those[name]) {
			t.Errorf("%s differs between %s and %s", name, a, b)
		}
	}
}

// TestFetchSaysWhatIsMissing: where coverage is not complete, the exit code,
// the messages and the evidence say so, and the books balance all the same.
func TestFetchSaysWhatIsMissing(t *testing.T) {
	script := synthetic.Script{Seed: 1, Hops: 4}
	for name, test := range map[string]struct {
		moods    explorertest.Moods
		args     []string
		messages []string
		stops    map[string]string // at least one row has these
	}{
		"limit": {args: []string{"--fetch-limit", "3"}, messages: []string{"not fetched: 0x", "the limit of 3 left", "raise --fetch-limit"},
			stops: map[string]string{"reason": "not_covered", "rule": "its history was not read up to the tip"}},
		"no internal transactions": {moods: explorertest.Moods{Missing: []string{"txlistinternal"}},
			messages: []string{"internal transactions, blocks 0 to 99", "the API does not have them", "is known in part"}},
		"a window of one row": {moods: explorertest.Moods{Window: 1}, args: []string{"--window", "1"}, messages: []string{"has more than the 1 that the API shows", "is known in part"}},
		"a bound on rows":     {args: []string{"--max-rows", "5", "--window", "5"}, messages: []string{"there are more than 5, the bound on rows", "is known in part"}},
	} {
		t.Run(name, func(t *testing.T) {
			heist, server := heistServer(t, script, test.moods)
			dir := t.TempDir()
			evidence := filepath.Join(dir, "evidence")
			args := append([]string{"trace", caseOf(t, dir, heist), "--db", filepath.Join(dir, "db"), "--fetch", "etherscan", "--url", server.URL, "--rate", "100000", "--out", evidence}, test.args...)
			_, messages := spoor(t, exitPartial, args...)
			for _, want := range test.messages {
				if !strings.Contains(messages, want) {
					t.Errorf("the messages do not say %q:\n%s", want, messages)
				}
			}
			for _, r := range rows(t, filepath.Join(evidence, "conservation.csv")) {
				if r["difference_raw"] != "0" {
					t.Errorf("%s: difference %s", r["asset"], r["difference_raw"])
				}
			}
			less := false
			for _, r := range rows(t, filepath.Join(evidence, "coverage.csv")) {
				less = less || r["address"] != "" && (r["transfers"] != "full" || r["logs"] != "full" || r["traces"] != "full")
			}
			if name != "limit" && !less {
				t.Error("coverage.csv calls every address fully known")
			}
			found := test.stops == nil
			for _, r := range rows(t, filepath.Join(evidence, "stops.csv")) {
				all := true
				for column, want := range test.stops {
					all = all && r[column] == want
				}
				found = found || all
			}
			if !found {
				t.Errorf("no row of stops.csv has %v", test.stops)
			}
		})
	}
}

// TestFetchGoesOn: a trace that met the limit goes on with a higher one from
// what was kept, to the same end.
func TestFetchGoesOn(t *testing.T) {
	heist, server := heistServer(t, synthetic.Script{Seed: 3, Hops: 3}, explorertest.Moods{})
	dir := t.TempDir()
	file, evidence := caseOf(t, dir, heist), filepath.Join(dir, "evidence")
	args := []string{"trace", file, "--db", filepath.Join(dir, "db"), "--fetch", "etherscan", "--url", server.URL, "--rate", "100000"}
	for range 3 {
		spoor(t, exitPartial, append(args[:len(args):len(args)], "--fetch-limit", "4")...)
	}
	spoor(t, exitOK, append(args[:len(args):len(args)], "--out", evidence)...)
	holds(t, evidence, &heist.Truth)
	asked := map[string]int{}
	for _, call := range server.Calls() {
		if asked[call]++; asked[call] > 1 {
			t.Errorf("asked twice: %s", call)
		}
	}
}

// TestIngestAddress: two ends of the same transfers, read one after the other,
// give every transfer once, and the key is nowhere to be found afterwards.
func TestIngestAddress(t *testing.T) {
	const key = "SECRETKEY0123456789"
	for _, api := range []string{"etherscan", "blockscout"} {
		t.Run(api, func(t *testing.T) {
			heist, server := heistServer(t, synthetic.Script{Seed: 1, Hops: 3}, explorertest.Moods{Key: key})
			dir := t.TempDir()
			db, keyFile := filepath.Join(dir, "db"), filepath.Join(dir, "key")
			if err := os.WriteFile(keyFile, []byte(key+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			thief, peeler := heist.Truth.Address("0: thief").String(), heist.Truth.Address("0: peel 1").String()
			args := []string{"ingest", "address", "--db", db, "--api", api, "--url", server.URL, "--rate", "100000"}
			_, refused := spoor(t, exitFailed, append(args[:len(args):len(args)], thief)...)
			if !strings.Contains(refused, "does not accept the key") || !strings.Contains(refused, "hint: put the key of the API into SPOOR_API_KEY") {
				t.Errorf("without a key: %s", refused)
			}
			args = append(args, "--api-key-file", keyFile)
			_, said := spoor(t, exitOK, append(args[:len(args):len(args)], thief, "ethereum:"+peeler)...)
			calls := len(server.Calls())
			_, again := spoor(t, exitOK, append(args[:len(args):len(args)], peeler, thief)...)
			if n := len(server.Calls()) - calls; n != 0 || !strings.Contains(again, "0 calls of the API") {
				t.Errorf("reading again made %d calls: %s", n, again)
			}
			out, _ := spoor(t, exitOK, "show", "--db", db, peeler, "-o", "csv")
			sent := 0
			for _, line := range strings.Split(out, "\n") {
				if strings.Contains(line, thief) && strings.Contains(line, ",token,") && strings.Contains(line, "600000000000") {
					sent++
				}
			}
			if sent != 1 {
				t.Errorf("the thief's payment is there %d times:\n%s", sent, out)
			}
			covered, _ := spoor(t, exitOK, "stats", "--db", db, "--coverage", "-o", "csv")
			for _, a := range []string{thief, peeler} {
				if !strings.Contains(covered, a+",0,99000") || !strings.Contains(covered, ",full,full,full,explorer 127.0.0.1") {
					t.Errorf("coverage of %s is missing:\n%s", a, covered)
				}
			}
			for _, text := range []string{refused, said, again, out, covered} {
				if strings.Contains(text, key) {
					t.Errorf("the key is shown: %s", text)
				}
			}
			noKeyIn(t, db, key)
		})
	}
}

// noKeyIn looks for a key in every file of a folder, packed or not.
func noKeyIn(t *testing.T, dir, key string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".gz") {
			r, err := gzip.NewReader(bytes.NewReader(data))
			if err != nil {
				return err
			}
			if data, err = io.ReadAll(r); err != nil {
				return err
			}
		}
		if bytes.Contains(data, []byte(key)) {
			t.Errorf("the key is in %s", path)
		}
		return nil
	})
	if err != nil || files < 5 {
		t.Fatalf("%d files, %v", files, err)
	}
}

// TestWrongAPI: where something else answers, that is said, soon, and what to do.
func TestWrongAPI(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request){
		"a web page":   func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>Welcome</html>")) },
		"no such path": http.NotFound,
	} {
		for _, api := range []string{"etherscan", "blockscout"} {
			t.Run(name+" "+api, func(t *testing.T) {
				t.Parallel()
				server := httptest.NewServer(http.HandlerFunc(answer))
				t.Cleanup(server.Close)
				began := time.Now()
				_, said := spoor(t, exitFailed, "ingest", "address", "--db", filepath.Join(t.TempDir(), "db"), "--api", api, "--url", server.URL, "--rate", "1000", "0x00000000000000000000000000000000000000aa")
				if !strings.Contains(said, "what answers is not the API") || !strings.Contains(said, "hint: does --url name the API") {
					t.Error(said)
				}
				if took := time.Since(began); took > time.Minute {
					t.Errorf("it took %s", took)
				}
			})
		}
	}
}

// TestFetchSeedOfOthers: a theft in which neither the sender nor the contract
// he calls touches the loot is found by who else had a part.
func TestFetchSeedOfOthers(t *testing.T) {
	chain := graphtest.Ethereum()
	thief, vault, third, last, token := graphtest.Account(chain, 1), graphtest.Account(chain, 2), graphtest.Account(chain, 3), graphtest.Account(chain, 4), graphtest.Token(chain, 1)
	block := func(height uint32, sender graph.Address, moves ...graph.Transfer) graph.Block {
		tx := graph.Tx{Hash: graphtest.Hash(strings.Repeat("x", int(height))), Transfers: []graph.Transfer{{Seq: graph.FeeSeq(0), Kind: graph.KindBaseFee, From: sender, Asset: chain.Native(), Amount: graph.Amount{21}}}}
		for i, m := range moves {
			var err error
			if m.Seq, err = graph.LogSeq(i, 0); m.Kind == graph.KindInternal {
				m.Seq, err = graph.CallSeq(i + 1)
			}
			if err != nil {
				t.Fatal(err)
			}
			tx.Transfers = append(tx.Transfers, m)
		}
		return graph.Block{Header: graph.Header{Height: height, Hash: graphtest.Hash("block " + strings.Repeat("x", int(height))), Time: int64(height)}, Txs: []graph.Tx{tx}}
	}
	pay := func(from, to graph.Address, asset graph.Asset, units uint64) graph.Transfer {
		kind := graph.KindToken
		if asset.IsNative() {
			kind = graph.KindInternal
		}
		return graph.Transfer{Kind: kind, From: from, To: to, Asset: asset, Amount: graph.Amount{units}}
	}
	blocks := []graph.Block{
		block(5, vault, graph.Transfer{Kind: graph.KindMint, To: vault, Asset: token, Amount: graph.Amount{100}}),
		block(7, thief, pay(vault, third, chain.Native(), 60), pay(vault, third, token, 100)),
		block(9, third, pay(third, last, token, 80)),
	}
	for _, api := range []string{"etherscan", "blockscout"} {
		server := explorertest.New(t, chain, blocks, nil, explorertest.Moods{})
		dir := t.TempDir()
		evidence := filepath.Join(dir, "evidence")
		spoor(t, exitOK, "trace", "--seed", "ethereum:"+blocks[1].Txs[0].Hash.Text(graph.AccountFamily), "--db", filepath.Join(dir, "db"), "--fetch", api, "--url", server.URL, "--rate", "100000", "--out", evidence)
		got := map[string]string{}
		for _, r := range rows(t, filepath.Join(evidence, "stops.csv")) {
			got[r["address"]+" "+r["asset"]+" "+r["reason"]] = r["tainted_raw"]
		}
		want := map[string]string{third.String() + " native at_rest": "39", third.String() + " " + token.Text() + " at_rest": "20", last.String() + " " + token.Text() + " at_rest": "80", " native fee": "21"}
		if !maps.Equal(got, want) {
			t.Errorf("%s: stops %v, want %v", api, got, want)
		}
	}
}

// TestFetchEqualsWholeLedger: by every method, the trace that asked for what it
// reached ends where the trace of the whole ledger ends, with as much.
func TestFetchEqualsWholeLedger(t *testing.T) {
	heist, server := heistServer(t, synthetic.Script{Seed: 11, Hops: 4, Background: 1200}, explorertest.Moods{})
	dir := t.TempDir()
	file, whole := caseOf(t, dir, heist), filepath.Join(dir, "whole")
	p := &program{out: io.Discard, err: io.Discard, env: func(string) string { return "" }, db: whole}
	if err := (&demoOptions{}).ingest(t.Context(), p, heist); err != nil {
		t.Fatal(err)
	}
	for i, method := range []string{"fifo", "lifo", "haircut", "tiho", "poison"} {
		want, got, api := filepath.Join(dir, method+" whole"), filepath.Join(dir, method), []string{"etherscan", "blockscout"}[i%2]
		spoor(t, exitOK, "trace", file, "--method", method, "--db", whole, "--out", want)
		spoor(t, exitOK, "trace", file, "--method", method, "--db", filepath.Join(dir, method+api), "--out", got, "--fetch", api, "--url", server.URL, "--rate", "100000", "--fetch-limit", "1000")
		a, b := endings(t, want), endings(t, got)
		for key := range a {
			if a[key] != b[key] {
				t.Errorf("%s, %s: %s: %q, of the whole ledger %q", method, api, key, b[key], a[key])
			}
		}
		for key := range b {
			if _, known := a[key]; !known {
				t.Errorf("%s, %s: %s: %q, of the whole ledger nothing", method, api, key, b[key])
			}
		}
	}
}

// endings are the amounts of stops.csv and conservation.csv. Explorers tell a
// fee in one sum and not who earns it, so fees are summed up.
func endings(t *testing.T, evidence string) map[string]string {
	t.Helper()
	sums := map[string]*big.Int{}
	for _, r := range rows(t, filepath.Join(evidence, "stops.csv")) {
		key := r["reason"] + " " + r["asset"]
		if r["reason"] != "fee" {
			key += " at " + r["address"] + " by " + r["rule"]
		}
		if sums[key] == nil {
			sums[key] = new(big.Int)
		}
		sums[key].Add(sums[key], integer(t, r["tainted_raw"]))
	}
	all := map[string]string{}
	for key, sum := range sums {
		all[key] = sum.String()
	}
	for _, r := range rows(t, filepath.Join(evidence, "conservation.csv")) {
		for column, value := range r {
			if strings.HasSuffix(column, "_raw") {
				all[column+" of "+r["asset"]] = value
			}
		}
	}
	return all
}
