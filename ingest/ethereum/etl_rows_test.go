package ethereum_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"spoor/graph"
	"spoor/ingest"
	"spoor/ingest/ethereum"
)

// hex writes the account of a letter, and hx the hash of a letter.
func hex(letter byte) string { return "0x" + strings.Repeat(fmt.Sprintf("%02x", letter), 20) }

func hx(letter byte) string { return "0x" + strings.Repeat(fmt.Sprintf("%02x", letter), 32) }

const (
	blockHead  = "number,hash,parent_hash,miner,difficulty,timestamp,base_fee_per_gas,withdrawals_root,withdrawals,sha3_uncles\n"
	txHead     = "hash,nonce,block_hash,block_number,transaction_index,from_address,to_address,value,gas,gas_price,input,block_timestamp,transaction_type,unknown_column\n"
	receiptCSV = "transaction_hash,transaction_index,block_hash,block_number,cumulative_gas_used,gas_used,contract_address,root,status,effective_gas_price\n"
	logHead    = "log_index,transaction_hash,transaction_index,block_hash,block_number,address,data,topics\n"
	tokenHead  = "token_address,from_address,to_address,value,transaction_hash,log_index,block_number\n"
	traceHead  = "block_number,transaction_hash,transaction_index,from_address,to_address,value,trace_type,call_type,reward_type,trace_address,error,status\n"
)

func blockRow(n int, hash byte) string {
	return fmt.Sprintf("%d,%s,%s,%s,0,%d,0,,%q,\n", n, hx(hash), hx(hash-1), hex('M'), 1_700_000_000+n, "[{'index': 1, 'validator_index': 2, 'address': '"+hex('W')+"', 'amount': 3}]")
}

func txRow(n, index int, hash, block byte, to string, value string) string {
	return fmt.Sprintf("%s,5,%s,%d,%d,%s,%s,%s,50000,0,0x01,%d,2,x\n", hx(hash), hx(block), n, index, hex('A'), to, value, 1_700_000_000+n)
}

func receiptRow(n, index int, hash, block byte, status string) string {
	return fmt.Sprintf("%s,%d,%s,%d,1,30000,,,%s,0\n", hx(hash), index, hx(block), n, status)
}

// export writes files of an export and reads them.
func export(t testing.TB, chain string, policy ingest.Policy, files map[string]string) ([]graph.Block, *ethereum.ETL, ingest.Reading, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	meter := ingest.NewMeter(policy)
	e, err := ethereum.NewETL(mustChain(t, chain), dir, meter)
	if err != nil {
		return nil, nil, meter.Reading(), err
	}
	blocks, err := drain(e)
	return blocks, e, meter.Reading(), err
}

func lines(blocks []graph.Block) (text []string) {
	for _, b := range blocks {
		know := b.Know
		text = append(text, fmt.Sprintf("block %d %s %s %s", b.Height, know.Transfers, know.Logs, know.Traces))
		text = append(text, moves(ethereum.Decoded{Block: b})...)
	}
	return text
}

const withdrawn = "reward:0 withdrawal ->W 3000000000"

func TestETLCombinations(t *testing.T) {
	one := blockHead + blockRow(7, 'b')
	txs := txHead + txRow(7, 0, 't', 'b', hex('B'), "9")
	ok := receiptCSV + receiptRow(7, 0, 't', 'b', "1")
	topics := "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef,0x" + strings.Repeat("00", 12) + hex('A')[2:] + ",0x" + strings.Repeat("00", 12) + hex('B')[2:]
	logs := logHead + fmt.Sprintf("3,%s,0,%s,7,%s,0x%064x,%q\n", hx('t'), hx('b'), hex('T'), 5, topics)
	tokens := tokenHead + fmt.Sprintf("%s,%s,%s,5,%s,3,7\n", hex('T'), hex('A'), hex('B'), hx('t')) + fmt.Sprintf("%s,%s,%s,6,%s,4,7\n", hex('N'), hex('A'), hex('B'), hx('t'))
	parity := traceHead + fmt.Sprintf("7,%s,0,%s,%s,9,call,call,,,,1\n7,%s,0,%s,%s,4,call,call,,0,,1\n7,%s,0,%s,%s,3,suicide,,,\"0,0\",,1\n7,%s,0,%s,%s,2,call,call,,1,Reverted,0\n7,,,,%s,55,reward,,uncle,,,1\n7,,,,%s,77,reward,,block,,,1\n",
		hx('t'), hex('A'), hex('B'), hx('t'), hex('B'), hex('C'), hx('t'), hex('C'), hex('D'), hx('t'), hex('B'), hex('E'), hex('U'), hex('M'))
	geth := traceHead + fmt.Sprintf("7,,0,%s,%s,9,call,call,,,,\n7,,0,%s,%s,4,call,call,,0,,\n7,,0,,,,suicide,,,\"0,0\",,\n", hex('A'), hex('B'), hex('B'), hex('C'))
	for _, test := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"all", map[string]string{"blocks.csv": one, "transactions.csv": txs, "receipts.csv": ok, "logs.csv": logs},
			[]string{"block 7 full full none", "call:0 native A>B 9", "log:3 token A>B 5 T", withdrawn}},
		{"names with ranges and folders", map[string]string{"blocks/start_block=00000000/end_block=00000009/blocks_00000000_00000009.csv": one, "t/transactions_0_9.csv": txs, "r/receipts_0_9.csv": ok, "l/logs_10_19.csv": logHead},
			[]string{"block 7 full none none", "call:0 native A>B 9", withdrawn}},
		{"failed", map[string]string{"blocks.csv": one, "transactions.csv": txs, "receipts.csv": receiptCSV + receiptRow(7, 0, 't', 'b', "0")}, []string{"block 7 full none none", withdrawn}},
		{"no receipts", map[string]string{"blocks.csv": one, "transactions.csv": txs}, []string{"block 7 partial none none", withdrawn}},
		{"no blocks", map[string]string{"transactions.csv": txs, "receipts.csv": ok}, []string{"block 7 partial none none", "call:0 native A>B 9"}},
		{"token transfers in place of logs", map[string]string{"blocks.csv": one, "transactions.csv": txs, "receipts.csv": ok, "token_transfers.csv": tokens, "contracts.csv": "address,bytecode,is_erc20,is_erc721\n" + hex('N') + ",0x,False,True\n"},
			[]string{"block 7 full partial none", "call:0 native A>B 9", "log:3 token A>B 5 T", "log:4 token A>B 1 N#6", withdrawn}},
		{"token transfers beside logs are not counted twice", map[string]string{"blocks.csv": one, "transactions.csv": txs, "receipts.csv": ok, "token_transfers.csv": tokens, "logs.csv": logs},
			[]string{"block 7 full full none", "call:0 native A>B 9", "log:3 token A>B 5 T", withdrawn}},
		{"blocks alone", map[string]string{"blocks.csv": one}, []string{"block 7 partial none none", withdrawn}},
		{"blocks alone that say they are empty", map[string]string{"blocks.csv": strings.Replace(blockHead, "\n", ",transaction_count\n", 1) + strings.Replace(blockRow(7, 'b'), "\n", ",0\n", 1)}, []string{"block 7 full none none", withdrawn}},
		{"token transfers alone", map[string]string{"blocks.csv": one, "token_transfers.csv": tokens}, []string{"block 7 partial partial none", "log:3 token A>B 5 T", "log:4 token A>B 6 N", withdrawn}},
		{"parity traces", map[string]string{"blocks.csv": one, "transactions.csv": txs, "receipts.csv": ok, "traces.csv": parity},
			[]string{"block 7 full none full", "call:0 native A>B 9", "call:1 internal B>C 4", "call:2 selfdestruct C>D 3", "reward:0 reward ->M 77", "reward:1 reward ->U 55", "reward:2 withdrawal ->W 3000000000"}},
		{"parity traces tell success", map[string]string{"blocks.csv": one, "transactions.csv": txs, "traces.csv": parity},
			[]string{"block 7 partial none full", "call:0 native A>B 9", "call:1 internal B>C 4", "call:2 selfdestruct C>D 3", "reward:0 reward ->M 77", "reward:1 reward ->U 55", "reward:2 withdrawal ->W 3000000000"}},
		{"geth's traces", map[string]string{"blocks.csv": one, "transactions.csv": txs, "receipts.csv": ok, "traces.csv": geth},
			[]string{"block 7 full none partial", "call:0 native A>B 9", "call:1 internal B>C 4", withdrawn}},
	} {
		t.Run(test.name, func(t *testing.T) {
			blocks, _, reading, err := export(t, "gnosis", ingest.Stop, test.files)
			if err != nil {
				t.Fatal(err)
			}
			if got := lines(blocks); !slices.Equal(got, test.want) {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(test.want, "\n\t"))
			}
			if alone := reading.Read["token transfers read as ERC-20 without proof (no logs)"]; test.name == "token transfers in place of logs" && alone != 1 {
				t.Errorf("read %v", reading.Read)
			}
		})
	}
}

// Traces can be left unread.
func TestETLNoTraces(t *testing.T) {
	e := execute(t)
	dir := t.TempDir()
	exportETL(t, e, dir, "csv")
	source, err := ethereum.NewETL(e.chain, dir, ingest.NewMeter(ingest.Stop))
	if err != nil {
		t.Fatal(err)
	}
	if !source.HasTraces() {
		t.Error("the export has traces")
	}
	source.NoTraces, source.From, source.To = true, 5, 9
	blocks := collect(t, source)
	if len(blocks) != 5 || blocks[0].Height != 5 || blocks[4].Know != (graph.Knowledge{Transfers: graph.Full, Logs: graph.Full}) {
		t.Errorf("%d blocks from %d, knowledge %+v", len(blocks), blocks[0].Height, blocks[4].Know)
	}
}

// The genesis and DAO rows that ethereum-etl adds to traces.
func TestETLGenesisRows(t *testing.T) {
	blocks, _, _, err := export(t, "ethereum", ingest.Stop, map[string]string{
		"blocks.csv": blockHead + fmt.Sprintf("0,%s,,%s,17,0,,,,0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347\n1920000,%s,,%s,17,1469020840,,,,0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347\n", hx('a'), hex('M'), hx('b'), hex('M')),
		"traces.csv": traceHead + fmt.Sprintf("0,,,,%s,8,genesis,,,,,1\n1920000,,,%s,%s,9,daofork,,,,,1\n", hex('A'), hex('D'), hex('R'))})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"block 0 partial none full", "reward:0 genesis ->A 8", "block 1920000 partial none full", "reward:0 transfer D>R 9", "reward:1 reward ->M 5000000000000000000"}
	if got := lines(blocks); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestETLTokens(t *testing.T) {
	_, e, reading, err := export(t, "ethereum", ingest.Stop, map[string]string{"transactions.csv": txHead,
		"tokens.csv": "address,symbol,name,decimals,total_supply,block_number\n" + hex('T') + ",\"a\"\"b\",x,18,5,1\n" + hex('U') + ",U,x,,5,1\n" + hex('V') + ",V,x,300,5,1\n" + hex('T') + ",other,x,6,5,1\n"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range e.Infos() {
		got = append(got, fmt.Sprintf("%s %s %d", name(i.Asset.Contract), i.Symbol, i.Decimals))
	}
	if want := []string{`T a"b 18`, "U U -1", "V V -1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if reading.Skipped["token that claims impossible decimals"] != 1 {
		t.Errorf("skipped %v", reading.Skipped)
	}
}

// Each refusal names the file, the line and what is wrong.
func TestETLErrors(t *testing.T) {
	one := blockHead + blockRow(7, 'b')
	txs := txHead + txRow(7, 0, 't', 'b', hex('B'), "9")
	for _, test := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"nothing", map[string]string{"readme.txt": "x"}, []string{"no export of ethereum-etl"}},
		{"missing column", map[string]string{"transactions.csv": strings.Replace(txs, "value", "amount", 1)}, []string{"transactions.csv:1", `no column "value"`}},
		{"missing key", map[string]string{"transactions.json": `{"type":"transaction","hash":"` + hx('t') + `"}`}, []string{"transactions.json:1", `no column "nonce"`}},
		{"another type", map[string]string{"transactions.json": `{"type":"log","hash":"` + hx('t') + `"}`}, []string{"transactions.json:1", "row of type"}},
		{"an array", map[string]string{"transactions.json": `[{"type":"transaction"}]`}, []string{"transactions.json", "JSON lines"}},
		{"a float", map[string]string{"transactions.csv": txHead + txRow(7, 0, 't', 'b', hex('B'), "9.5e18")}, []string{"transactions.csv:2", "value", "9.5e18"}},
		{"2^256", map[string]string{"transactions.csv": txHead + txRow(7, 0, 't', 'b', hex('B'), "115792089237316195423570985008687907853269984665640564039457584007913129639936")}, []string{"transactions.csv:2", "value", "2^256"}},
		{"negative", map[string]string{"transactions.csv": txHead + txRow(7, 0, 't', 'b', hex('B'), "-1")}, []string{"transactions.csv:2", "value", "negative"}},
		{"no value", map[string]string{"transactions.csv": txHead + txRow(7, 0, 't', 'b', hex('B'), "")}, []string{"transactions.csv:2", "value", "empty"}},
		{"bad address", map[string]string{"transactions.csv": txHead + txRow(7, 0, 't', 'b', "0x12", "1")}, []string{"transactions.csv:2", "to_address", "0x12"}},
		{"short row", map[string]string{"transactions.csv": txHead + "a,b\n"}, []string{"transactions.csv", "line 2", "wrong number of fields"}},
		{"twice", map[string]string{"transactions.csv": txs + txRow(7, 1, 't', 'b', hex('B'), "9")}, []string{"transactions.csv:3", "stands twice"}},
		{"same index", map[string]string{"transactions.csv": txs + txRow(7, 0, 'u', 'b', hex('B'), "9")}, []string{"same index 0"}},
		{"block twice", map[string]string{"blocks.csv": one + blockRow(7, 'b')}, []string{"blocks.csv:3", "second row of block 7"}},
		{"not in blocks", map[string]string{"blocks.csv": one, "transactions.csv": txHead + txRow(8, 0, 't', 'b', hex('B'), "9")}, []string{"block 8", "none in blocks"}},
		{"reorganised", map[string]string{"blocks.csv": one, "transactions.csv": txHead + txRow(7, 0, 't', 'c', hex('B'), "9")}, []string{"transactions.csv:2", "replaced while the export ran"}},
		{"log of no transaction", map[string]string{"transactions.csv": txs, "logs.csv": logHead + fmt.Sprintf("3,%s,1,%s,7,%s,0x,\n", hx('z'), hx('b'), hex('T'))}, []string{"logs.csv:2", "not among the transactions"}},
		{"receipt of no transaction", map[string]string{"transactions.csv": txs, "receipts.csv": receiptCSV + receiptRow(7, 0, 'z', 'b', "1")}, []string{"receipts.csv:2", "not among the transactions"}},
		{"bad status", map[string]string{"transactions.csv": txs, "receipts.csv": receiptCSV + receiptRow(7, 0, 't', 'b', "2")}, []string{"receipts.csv:2", "status"}},
		{"overlap", map[string]string{"transactions_a.csv": txs + txRow(9, 0, 'u', 'c', hex('B'), "9"), "transactions_b.csv": txHead + txRow(8, 0, 'v', 'd', hex('B'), "9")},
			[]string{"transactions_b.csv:2", "block 8 comes after block 9", "sort the file"}},
		{"frame without parent", map[string]string{"transactions.csv": txs, "traces.csv": traceHead + fmt.Sprintf("7,%s,0,%s,%s,9,call,call,,,,1\n7,%s,0,%s,%s,9,call,call,,\"0,0\",,1\n", hx('t'), hex('A'), hex('B'), hx('t'), hex('A'), hex('B'))}, []string{"traces.csv:3", "no parent"}},
		{"incomplete", map[string]string{"blocks.csv": strings.Replace(blockHead, "\n", ",transaction_count\n", 1) + strings.Replace(blockRow(7, 'b'), "\n", ",3\n", 1), "transactions.csv": txs}, []string{"blocks.csv:2", "transaction_count is 3", "rows for 1"}},
		{"no time", map[string]string{"traces.csv": traceHead + fmt.Sprintf("7,%s,0,%s,%s,9,call,call,,,,1\n", hx('t'), hex('A'), hex('B'))}, []string{"block 7", "time"}},
		{"truncated gzip", map[string]string{"transactions.csv.gz": string(gzipped(t, []byte(txs))[:60])}, []string{"transactions.csv.gz", "EOF"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, _, err := export(t, "ethereum", ingest.Stop, test.files)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v\nlacks %q", err, want)
				}
			}
		})
	}
}

// With --on-error skip the block that cannot be used is counted, and the
// others are read.
func TestETLSkip(t *testing.T) {
	blocks, _, reading, err := export(t, "gnosis", ingest.Skip, map[string]string{
		"blocks.csv":       blockHead + blockRow(9, 'd') + blockRow(8, 'c') + blockRow(7, 'b'), // put in order
		"transactions.csv": txHead + txRow(7, 0, 't', 'b', hex('B'), "9") + txRow(8, 0, 'u', 'c', hex('B'), "1.5") + txRow(9, 0, 'v', 'd', hex('B'), "9"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(blocks) != 2 || blocks[1].Height != 9 || reading.Skipped["unusable rows"] != 1 {
		t.Errorf("%d blocks, skipped %v", len(blocks), reading.Skipped)
	}
}
