package report_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"math/big"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"spoor/graph"
	"spoor/trace"
)

// contract is the table of the design: these columns stay, in this order;
// others may follow.
var contract = map[string]string{
	"trace.csv":        "seq,chain,block,block_hash,time,tx_hash,tx_index,position,kind,from,to,asset,symbol,decimals,amount_raw,amount,tainted_raw,tainted,hop,statement,rule,confidence",
	"stops.csv":        "seq,reason,chain,address,entity,label,category,asset,symbol,decimals,tainted_raw,tainted,hop,first_time,last_time,statement,rule,confidence",
	"addresses.csv":    "chain,address,role,proven,entity,labels,asset,symbol,decimals,tainted_in_raw,tainted_out_raw,tainted_held_raw,hop,first_time,last_time,frozen_time,frozen_tx",
	"chokepoints.csv":  "rank,chain,address,labels,asset,symbol,decimals,passed_raw,passed,ended_raw,ends,here_raw,in_cut",
	"peels.csv":        "seq,rule,confidence,chain,hops,start,head,asset,symbol,decimals,peeled_raw,peeled,tainted_raw,tainted,left_raw,left,first_tx,first_time,last_tx,last_time,passed_on,paid",
	"conservation.csv": "chain,asset,symbol,decimals,seeded_raw,converted_in_raw,bridged_in_raw,at_rest_raw,stopped_raw,fees_raw,converted_out_raw,bridged_out_raw,difference_raw",
	"coverage.csv":     "chain,address,from_block,to_block,transfers,logs,traces,source",
	"bridges.csv":      "bridge,src_chain,src_tx,src_position,dst_chain,dst_tx,dst_position,key,src_asset,src_amount_raw,dst_asset,dst_amount_raw,delay_s,statement,rule,confidence",
	"entities.csv":     "entity,chain,address,rule,tx_hash,confidence",
	"dictionary.csv":   "file,column,meaning,unit,statement",
	"seeds.csv":        "seq,seed",
	"unknowns.csv":     "chain,address",
}

func TestColumns(t *testing.T) {
	e := write(t, run(t, "fifo"))
	for file, want := range contract {
		header, _ := e.rows(file)
		if got := strings.Join(header, ","); got != want && !strings.HasPrefix(got, want+",") {
			t.Errorf("%s\n got %s\nwant %s", file, got, want)
		}
	}
}

// The dictionary names every column of every CSV file in the folder, and
// nothing else.
func TestDictionaryAgrees(t *testing.T) {
	e := write(t, run(t, "fifo"))
	var listed, found []string
	for _, row := range e.table("dictionary.csv") {
		listed = append(listed, row["file"]+"/"+row["column"])
		if row["meaning"] == "" || row["unit"] == "" || !slices.Contains([]string{"fact", "derived", "attributed", "see statement"}, row["statement"]) {
			t.Errorf("incomplete: %v", row)
		}
		if row["statement"] == "see statement" && !slices.Contains(listed, row["file"]+"/statement") {
			if header, _ := e.rows(row["file"]); !slices.Contains(header, "statement") {
				t.Errorf("%s has no column statement to see", row["file"])
			}
		}
	}
	entries, err := os.ReadDir(e.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".csv") {
			continue
		}
		header, _ := e.rows(entry.Name())
		for _, column := range header {
			found = append(found, entry.Name()+"/"+column)
		}
	}
	slices.Sort(listed)
	slices.Sort(found)
	if !slices.Equal(listed, found) {
		t.Errorf("dictionary lists\n%v\nthe files have\n%v", listed, found)
	}
}

func TestRows(t *testing.T) {
	e := write(t, run(t, "fifo"))
	var theft, out map[string]string
	for _, row := range e.table("trace.csv") {
		switch row["position"] {
		case "log:3":
			theft = row
		case "out:0":
			out = row
		}
	}
	thief := account(2).String()
	for column, want := range map[string]string{"chain": "eip155:1", "block": "10", "tx_index": "7", "kind": "token", "from": account(1).String(), "to": thief,
		"asset": account(9).String(), "decimals": "", "amount_raw": "1000001", "amount": "", "tainted_raw": "1000001", "tainted": "", "statement": "fact", "rule": "seed",
		"legs": "log:3", "time": "2023-11-14T22:15:20Z", "tx_hash": "0x" + graph.Hash(sha256.Sum256([]byte{10, 'x'})).String()} {
		if theft[column] != want {
			t.Errorf("theft: %s is %q, want %q", column, theft[column], want)
		}
	}
	if out == nil || out["from"] != "" || out["to"] == "" || strings.HasPrefix(out["tx_hash"], "0x") {
		t.Errorf("output: %v", out)
	}
	var reasons []string
	for _, row := range e.table("stops.csv") {
		reasons = append(reasons, row["reason"])
		if row["reason"] == "mixer" && (row["tainted"] != "1" || row["label"] != `'+Mixer\u202e|1` || row["statement"] != "attributed" || row["confidence"] != "90" || row["label_source"] != `'-list\n2`) {
			t.Errorf("mixer: %v", row)
		}
	}
	for _, want := range []string{"at_rest", "mixer", "service", "fee"} {
		if !slices.Contains(reasons, want) {
			t.Errorf("no stop for %s in %v", want, reasons)
		}
	}
	if rows := e.table("entities.csv"); len(rows) != 0 {
		t.Errorf("entities: %v", rows)
	}
	if rows := e.table("unknowns.csv"); len(rows) == 0 {
		t.Error("the mule spent coin that never arrived, and unknowns.csv does not say so")
	}
}

var (
	evmAddress = regexp.MustCompile(`^0x[0-9a-fA-F]{40}$`)
	integer    = regexp.MustCompile(`^(0|[1-9][0-9]*)$`)
	decimal    = regexp.MustCompile(`^(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$`)
)

// Every cell of every file keeps the folder's promises: nothing runs in a
// spreadsheet, nothing is invisible, times are UTC, amounts are exact.
func TestCells(t *testing.T) {
	for _, method := range []string{"fifo", "poison"} {
		e := write(t, run(t, method))
		for file := range contract {
			data := e.file(file)
			if lines := strings.Count(string(data), "\n"); lines != strings.Count(string(data), "\r\n") || strings.HasPrefix(string(data), "\ufeff") {
				t.Errorf("%s is not plain UTF-8 with CRLF", file)
			}
			for _, row := range e.table(file) {
				for column, cell := range row {
					checkCell(t, file, column, cell)
				}
			}
		}
	}
}

func checkCell(t *testing.T, file, column, cell string) {
	t.Helper()
	for _, r := range cell {
		if !unicode.IsPrint(r) {
			t.Errorf("%s %s: %q holds something invisible", file, column, cell)
		}
	}
	bare := strings.TrimLeft(cell, " \"")
	if bare != "" && strings.ContainsAny(bare[:1], "=+-@") {
		t.Errorf("%s %s: %q can run as a formula", file, column, cell)
	}
	if cell == "" || file == "dictionary.csv" {
		return
	}
	switch {
	case column == "difference_raw":
		if cell != "0" {
			t.Errorf("%s: difference %s", file, cell)
		}
	case strings.HasSuffix(column, "_raw"), column == "seq", column == "hop", column == "block":
		if !integer.MatchString(cell) {
			t.Errorf("%s %s: %q is no integer", file, column, cell)
		}
	case column == "amount", column == "tainted":
		if !decimal.MatchString(cell) {
			t.Errorf("%s %s: %q is no decimal number", file, column, cell)
		}
	case column == "time" || strings.HasSuffix(column, "_time"):
		if at, err := time.Parse(time.RFC3339, cell); err != nil || !strings.HasSuffix(cell, "Z") || at.Year() < 2023 {
			t.Errorf("%s %s: %q is no UTC time", file, column, cell)
		}
	case column == "from" || column == "to" || column == "address":
		if strings.HasPrefix(cell, "0x") {
			if a, err := graph.ParseAddress(ethereum, cell); err != nil || a.String() != cell || !evmAddress.MatchString(cell) {
				t.Errorf("%s %s: %q is not EIP-55", file, column, cell)
			}
		}
	case column == "position":
		if seq, err := graph.ParseSeq(cell); err != nil || seq.String() != cell {
			t.Errorf("%s: position %q cannot be read back", file, cell)
		}
	}
}

// What the files say agrees between them.
func TestFilesAgree(t *testing.T) {
	for _, m := range trace.Methods() {
		if m.Ranks {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			e := write(t, run(t, m.Name))
			parties := map[string]bool{}
			for _, row := range e.table("addresses.csv") {
				parties[row["chain"]+row["address"]+row["asset"]] = true
			}
			for i, row := range e.table("trace.csv") {
				for _, end := range []string{row["from"], row["to"]} {
					if end != "" && !parties[row["chain"]+end+row["asset"]] {
						t.Errorf("row %d: %s is not in addresses.csv for %s", i+1, end, row["asset"])
					}
				}
			}
			if m.Conserves {
				checkSums(t, e)
				return
			}
			for _, row := range e.table("conservation.csv") {
				if row["difference_raw"] != "" || row["note"] != "poison measures reach; amounts are not conserved" {
					t.Errorf("poison: %v", row)
				}
			}
		})
	}
}

func checkSums(t *testing.T, e evidence) {
	t.Helper()
	sums := map[string]*big.Int{}
	add := func(key, text string) {
		n, ok := new(big.Int).SetString(text, 10)
		if !ok {
			t.Fatalf("%s: %q", key, text)
		}
		if sums[key] == nil {
			sums[key] = new(big.Int)
		}
		sums[key].Add(sums[key], n)
	}
	for _, row := range e.table("stops.csv") {
		class := map[string]string{"at_rest": "at_rest_raw", "fee": "fees_raw"}[row["reason"]]
		if class == "" {
			class = "stopped_raw"
		}
		add(row["chain"]+row["asset"]+class, row["tainted_raw"])
	}
	for _, row := range e.table("seeds.csv") {
		add(row["chain"]+row["asset"]+"seeded_raw", row["amount_raw"])
	}
	assets := e.table("conservation.csv")
	if len(assets) != 3 {
		t.Errorf("%d assets, want coin, token and bitcoin", len(assets))
	}
	for _, row := range assets {
		for _, class := range []string{"at_rest_raw", "fees_raw", "stopped_raw", "seeded_raw"} {
			key := row["chain"] + row["asset"] + class
			sum := sums[key]
			if sum == nil {
				sum = new(big.Int)
			}
			if sum.String() != row[class] {
				t.Errorf("%s %s: rows sum to %s, the balance says %s", row["asset"], class, sum, row[class])
			}
			delete(sums, key)
		}
		if row["difference_raw"] != "0" {
			t.Errorf("%v", row)
		}
	}
	if len(sums) != 0 {
		t.Errorf("amounts of assets without a balance: %v", sums)
	}
}

func TestManifest(t *testing.T) {
	tr := run(t, "haircut")
	e := write(t, tr)
	var m struct {
		Tool, Version, Case string
		Method              struct{ Name, Sentence, Rounding string }
		Parameters          struct {
			ServiceTransfers int                                   `json:"service_transfers"`
			ServiceSigns     struct{ Transfers, Payers, Scan int } `json:"service_signs"`
			Seeds            []string
		}
		Tips     []struct{ Chain, Hash, Time string }
		Coverage []struct{ Traces string }
		Labels   []struct{ Name, SHA256 string }
		Rerun    []string
		Files    []struct {
			Name, SHA256 string
			Size         int64
			Rows         *int
		}
	}
	if err := json.Unmarshal(e.file("manifest.json"), &m); err != nil {
		t.Fatal(err)
	}
	if m.Tool != "spoor" || m.Version != "v1" || m.Method.Name != "haircut" || m.Method.Sentence == "" || m.Method.Rounding == "" ||
		m.Parameters.ServiceTransfers != trace.DefaultServiceTransfers || m.Parameters.ServiceSigns.Transfers != trace.DefaultServiceTransfers ||
		m.Parameters.ServiceSigns.Payers != 200 || m.Parameters.ServiceSigns.Scan != 4096 || len(m.Parameters.Seeds) != 2 || len(m.Tips) != 2 ||
		len(m.Coverage) == 0 || len(m.Labels) != 1 || len(m.Rerun) != 3 {
		t.Errorf("%+v", m)
	}
	listed := []string{"manifest.json"}
	for _, f := range m.Files {
		listed = append(listed, f.Name)
		data := e.file(f.Name)
		digest := sha256.Sum256(data)
		if hex.EncodeToString(digest[:]) != f.SHA256 || int64(len(data)) != f.Size {
			t.Errorf("%s does not match its digest or size", f.Name)
		}
		if strings.HasSuffix(f.Name, ".csv") {
			if rows := e.table(f.Name); f.Rows == nil || *f.Rows != len(rows) {
				t.Errorf("%s has %d rows, the manifest says %v", f.Name, len(rows), f.Rows)
			}
		}
	}
	var found []string
	if err := fs.WalkDir(os.DirFS(e.dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			found = append(found, name)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(listed)
	slices.Sort(found)
	if !slices.Equal(listed, found) {
		t.Errorf("the manifest lists %v, the folder has %v", listed, found)
	}
	asked, err := trace.ParseCase(e.file("case.yaml"))
	if err != nil || asked.Method != "haircut" || asked.Name != tr.Case.Name || !slices.Equal(asked.Seeds, tr.Case.Seeds) {
		t.Errorf("case.yaml does not read back: %+v %v", asked, err)
	}
}
