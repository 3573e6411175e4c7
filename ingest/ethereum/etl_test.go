package ethereum_test

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/klauspost/compress/gzip"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest"
	"spoor/ingest/ethereum"
)

func etlBlocks(t testing.TB, chain graph.Chain, dir string) ([]graph.Block, *ethereum.ETL, ingest.Reading, error) {
	t.Helper()
	meter := ingest.NewMeter(ingest.Stop)
	e, err := ethereum.NewETL(chain, dir, meter)
	if err != nil {
		return nil, nil, ingest.Reading{}, err
	}
	blocks, err := drain(e)
	return blocks, e, meter.Reading(), err
}

func jsonRows(t testing.TB, file string) (rows []map[string]any) {
	t.Helper()
	text := ""
	if strings.HasSuffix(file, ".gz") {
		text = gunzip(t, file)
	} else {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text = string(raw)
	}
	s := bufio.NewScanner(strings.NewReader(text))
	s.Buffer(nil, 1<<24)
	for s.Scan() {
		var row map[string]any
		d := json.NewDecoder(strings.NewReader(s.Text()))
		d.UseNumber()
		if err := d.Decode(&row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

// ethereum-etl's own expected token transfers, from the logs of two real
// blocks: all are found, nothing more is.
func TestETLTokenTransfers(t *testing.T) {
	dir := graphtest.Data(t, "eth-blocks", "etl", "blocks_17173049_17173050")
	blocks, _, reading, err := etlBlocks(t, mustChain(t, "ethereum"), dir)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{}
	rows := jsonRows(t, filepath.Join(dir, "expected_token_transfers.json.gz"))
	if len(rows) != 291 {
		t.Fatalf("%d expected rows, want 291", len(rows))
	}
	for _, r := range rows {
		want[fmt.Sprintf("%v|%v|%v|%v|%v|%v", r["block_number"], r["log_index"], r["token_address"], r["from_address"], r["to_address"], r["value"])]++
	}
	got := map[string]int{}
	zero := "0x0000000000000000000000000000000000000000"
	for _, b := range blocks {
		for _, tx := range b.Txs {
			for _, m := range tx.Transfers {
				if m.Asset.IsNative() || m.Kind == graph.KindWrap || m.Kind == graph.KindUnwrap || m.Asset.Standard == graph.ERC1155 {
					continue
				}
				from, to, value := zero, zero, m.Amount
				if !m.From.IsZero() {
					from = strings.ToLower(m.From.String())
				}
				if !m.To.IsZero() {
					to = strings.ToLower(m.To.String())
				}
				if m.Asset.Standard == graph.ERC721 { // ethereum-etl writes the id as value
					value = m.Asset.TokenID
				}
				got[fmt.Sprintf("%v|%v|%v|%v|%v|%v", b.Height, m.Seq.Index(), strings.ToLower(m.Asset.Contract.String()), from, to, value.Dec())]++
			}
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("token transfers differ from ethereum-etl's: %d, want %d", len(got), len(want))
	}
	if reading.Read["transactions"] != 298 || reading.Read["logs"] != 681 {
		t.Errorf("read %v, want 298 transactions and 681 logs", reading.Read)
	}
	for _, b := range blocks {
		if b.Know != (graph.Knowledge{Transfers: graph.Full, Logs: graph.Full}) {
			t.Errorf("block %d: %+v", b.Height, b.Know)
		}
		block := b.Txs[len(b.Txs)-1]
		if block.Index != graph.BlockTx || len(block.Transfers) != 16 {
			t.Errorf("block %d: want 16 withdrawals", b.Height)
		}
	}
	if first := blocks[0].Txs[len(blocks[0].Txs)-1].Transfers[0]; first.Amount.Dec() != "45762059000000000" || first.Kind != graph.KindWithdrawal {
		t.Errorf("first withdrawal %+v: want 45762059 Gwei", first)
	}
}

// All fixtures as one export: ranges with different tables beside each other.
func TestETLFixtures(t *testing.T) {
	blocks, _, _, err := etlBlocks(t, mustChain(t, "ethereum"), graphtest.Data(t, "eth-blocks", "etl"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range blocks {
		if b.Height > 2_200_000 {
			continue
		}
		got = append(got, fmt.Sprintf("block %d %+v", b.Height, b.Know))
		for _, tx := range b.Txs {
			for _, m := range tx.Transfers {
				got = append(got, fmt.Sprintf("%d %s %s %s>%s %s %s", tx.Index, m.Seq, m.Kind, short(m.From), short(m.To), m.Asset.Text()[:6], m.Amount.Dec()))
			}
		}
	}
	want := []string{
		// Traces alone: values and rewards are known, fees and logs are not.
		"block 508110 {Transfers:partial Logs:none Traces:full}",
		"1 call:0 native 0xfEcAB5>0x32Be34 native 4949989500000000000",
		"16777215 reward:0 reward >0x2a65Ac native 5156250000000000000",
		"16777215 reward:1 reward >0x2a65Ac native 3750000000000000000",
		// Blocks, transactions and logs: the reward follows from the schedule, and
		// success before Byzantium from the logs and from the gas left over.
		"block 1755634 {Transfers:full Logs:full Traces:none}",
		"16777215 reward:0 reward >0x61C808 native 5000000000000000000",
		"block 1755635 {Transfers:full Logs:full Traces:none}",
		"0 fee:1 fee 0xeD059b>0xA02723 native 728360000000000", // 36418 gas at 20 Gwei
		"0 log:0 token 0x649807>0x8B3B3b 0xBB9b 5000000000000000000",
		"1 fee:1 fee 0x3763e6>0xA02723 native 420000000000000",
		"1 call:0 native 0x3763e6>0xEC1ebA native 405738107000000000",
		"16777215 reward:0 reward >0xA02723 native 5000000000000000000",
		"block 2112234 {Transfers:partial Logs:none Traces:full}",
		"16777215 reward:0 reward >0xbCDFC3 native 5000000000000000000",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func short(a graph.Address) string {
	text := a.String()
	return text[:min(8, len(text))]
}

func writeTable(t testing.TB, file, format string, columns []string, rows []map[string]any) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var out io.Writer = f
	if strings.HasSuffix(file, ".gz") {
		z := gzip.NewWriter(f)
		defer func() { _ = z.Close() }()
		out = z
	}
	if format == "json" {
		for _, r := range rows {
			line, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = fmt.Fprintf(out, "%s\n", line)
		}
		return
	}
	w := csv.NewWriter(out)
	_ = w.Write(columns)
	for _, r := range rows {
		cells := make([]string, len(columns))
		for i, c := range columns {
			cells[i] = csvCell(r[c])
		}
		_ = w.Write(cells)
	}
	w.Flush()
}

// csvCell writes a value as ethereum-etl's CSV exporter does.
func csvCell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []any:
		if len(v) > 0 {
			if _, object := v[0].(map[string]any); object {
				text, _ := json.Marshal(v)
				return strings.ReplaceAll(string(text), `"`, "'") // Python's str of a list
			}
		}
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = fmt.Sprint(item)
		}
		return strings.Join(parts, ",")
	}
	return fmt.Sprint(v)
}

func columnsOf(rows []map[string]any) []string {
	seen := map[string]bool{}
	for _, r := range rows {
		for c := range r {
			seen[c] = true
		}
	}
	var columns []string
	for c := range seen {
		columns = append(columns, c)
	}
	slices.Sort(columns)
	return columns
}

// The same rows give the same blocks as JSON lines and as CSV.
func TestETLFormatsAgree(t *testing.T) {
	dir := graphtest.Data(t, "eth-blocks", "etl", "blocks_17173049_17173050")
	out := filepath.Join(t.TempDir(), filepath.Base(dir))
	if err := os.Mkdir(out, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"blocks.json", "transactions.json.gz", "logs.json.gz"} {
		rows := jsonRows(t, filepath.Join(dir, "expected_"+name))
		columns := columnsOf(rows)
		slices.Reverse(rows) // small files need not be in order
		writeTable(t, filepath.Join(out, strings.Replace(name, ".json", ".csv", 1)), "csv", columns, rows)
	}
	fromJSON, _, _, err := etlBlocks(t, mustChain(t, "ethereum"), dir)
	if err != nil {
		t.Fatal(err)
	}
	fromCSV, _, _, err := etlBlocks(t, mustChain(t, "ethereum"), out)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(fromJSON, fromCSV) {
		t.Error("CSV and JSON lines give different blocks")
	}
}

// exportETL writes the synthetic chain as ethereum-etl would. In geth's form
// traces have no transaction hash.
func exportETL(t testing.TB, e *executed, dir, format string) {
	t.Helper()
	tables := map[string][]map[string]any{}
	add := func(table string, row map[string]any) {
		row["type"] = table[:len(table)-1]
		tables[table] = append(tables[table], row)
	}
	for i, b := range e.blocks {
		h := b.Header()
		var withdrawals []any
		for _, w := range b.Withdrawals() {
			withdrawals = append(withdrawals, map[string]any{"index": w.Index, "validator_index": w.Validator, "address": strings.ToLower(w.Address.Hex()), "amount": w.Amount})
		}
		add("blocks", map[string]any{"number": b.NumberU64(), "hash": b.Hash().Hex(), "parent_hash": b.ParentHash().Hex(), "timestamp": b.Time(), "sha3_uncles": h.UncleHash.Hex(),
			"miner": strings.ToLower(h.Coinbase.Hex()), "difficulty": h.Difficulty, "base_fee_per_gas": h.BaseFee, "withdrawals_root": h.WithdrawalsHash.Hex(), "withdrawals": withdrawals, "logs_bloom": "0x00"})
		logIndex := 0
		for j, tx := range b.Transactions() {
			r := e.receipts[i][j]
			signerFrom := e.from(t, i, j)
			var to any
			if tx.To() != nil {
				to = strings.ToLower(tx.To().Hex())
			}
			add("transactions", map[string]any{"hash": tx.Hash().Hex(), "nonce": tx.Nonce(), "block_hash": b.Hash().Hex(), "block_number": b.NumberU64(), "transaction_index": j,
				"from_address": signerFrom, "to_address": to, "value": tx.Value(), "gas": tx.Gas(), "gas_price": r.EffectiveGasPrice, "input": common.Bytes2Hex(tx.Data()), "block_timestamp": b.Time(), "transaction_type": tx.Type()})
			var created, blobGas, blobPrice any
			if tx.To() == nil {
				created = strings.ToLower(r.ContractAddress.Hex())
			}
			if tx.Type() == 3 {
				blobGas, blobPrice = r.BlobGasUsed, r.BlobGasPrice
			}
			add("receipts", map[string]any{"transaction_hash": tx.Hash().Hex(), "transaction_index": j, "block_hash": b.Hash().Hex(), "block_number": b.NumberU64(), "gas_used": r.GasUsed,
				"contract_address": created, "status": r.Status, "effective_gas_price": r.EffectiveGasPrice, "blob_gas_used": blobGas, "blob_gas_price": blobPrice})
			for _, l := range r.Logs {
				var topics []any
				for _, topic := range l.Topics {
					topics = append(topics, topic.Hex())
				}
				add("logs", map[string]any{"log_index": logIndex, "transaction_hash": tx.Hash().Hex(), "transaction_index": j, "block_hash": b.Hash().Hex(), "block_number": b.NumberU64(),
					"address": strings.ToLower(l.Address.Hex()), "data": "0x" + common.Bytes2Hex(l.Data), "topics": topics})
				logIndex++
			}
			var f tracerRow
			if err := json.Unmarshal(e.frames[i][j], &f); err != nil {
				t.Fatal(err)
			}
			f.rows(nil, func(row map[string]any) {
				row["block_number"], row["transaction_index"] = b.NumberU64(), j
				add("traces", row)
			})
		}
	}
	for name, rows := range tables {
		file := filepath.Join(dir, name+"."+format)
		if name == "logs" {
			file += ".gz"
		}
		writeTable(t, file, format, columnsOf(rows), rows)
	}
}

func (e *executed) from(t testing.TB, i, j int) string {
	t.Helper()
	var f tracerRow
	if err := json.Unmarshal(e.frames[i][j], &f); err != nil {
		t.Fatal(err)
	}
	return f.From
}

type tracerRow struct {
	Type, From, To, Value, Error string
	Calls                        []tracerRow
}

func (f *tracerRow) rows(path []any, add func(map[string]any)) {
	typ, call := "call", any(strings.ToLower(f.Type))
	if strings.HasPrefix(f.Type, "CREATE") {
		typ, call = "create", nil
	}
	if f.Type == "SELFDESTRUCT" {
		typ, call = "suicide", nil
	}
	var to, value, failure any
	if f.To != "" {
		to = f.To
	}
	if f.Value != "" {
		value = common.HexToHash(f.Value).Big()
	}
	if f.Error != "" {
		failure = f.Error
	}
	if path == nil {
		path = []any{}
	}
	add(map[string]any{"from_address": f.From, "to_address": to, "value": value, "trace_type": typ, "call_type": call, "trace_address": slices.Clone(path), "error": failure, "status": nil})
	for i := range f.Calls {
		f.Calls[i].rows(append(slices.Clone(path), i), add)
	}
}

// The synthetic chain exported as ethereum-etl would, in both formats, decodes
// to the same transfers as the chain itself, and so conserves too; and to the
// same events, but for delegations: these exports have no authorization lists.
func TestETLSyntheticChain(t *testing.T) {
	e := execute(t)
	var want []graph.Block
	var delegations uint64
	for _, d := range e.decode(t, true)[1:] {
		for i := range d.Block.Txs {
			d.Block.Txs[i].Events = slices.DeleteFunc(d.Block.Txs[i].Events, func(e graph.Event) bool {
				if e.Kind == graph.Delegated {
					delegations++
				}
				return e.Kind == graph.Delegated
			})
		}
		want = append(want, d.Block)
	}
	if delegations == 0 {
		t.Fatal("the chain has no delegation")
	}
	for _, format := range []string{"csv", "json"} {
		t.Run(format, func(t *testing.T) {
			dir := t.TempDir()
			exportETL(t, e, dir, format)
			got, _, reading, err := etlBlocks(t, e.chain, dir)
			if err != nil {
				t.Fatal(err)
			}
			if n := reading.Skipped["transaction with EIP-7702 authorizations that the source does not tell"]; n != delegations {
				t.Errorf("%d transactions without their authorizations told, want %d", n, delegations)
			}
			if len(got) != len(want) {
				t.Fatalf("%d blocks, want %d", len(got), len(want))
			}
			for i := range got {
				got[i].Source = want[i].Source
				for j := range got[i].Txs { // nil and empty say the same
					if len(got[i].Txs[j].Events)+len(want[i].Txs[j].Events) == 0 {
						got[i].Txs[j].Events, want[i].Txs[j].Events = nil, nil
					}
				}
				if !reflect.DeepEqual(got[i], want[i]) {
					t.Fatalf("block %d:\n got %+v\nwant %+v", got[i].Height, got[i], want[i])
				}
			}
		})
	}
}
