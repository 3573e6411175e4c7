package bitcoin_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"spoor/graph"
	"spoor/ingest"
	"spoor/ingest/bitcoin"
)

// etlTypes are bitcoin-etl's names of script classes.
var etlTypes = map[txscript.ScriptClass]string{
	txscript.PubKeyTy: "pubkey", txscript.PubKeyHashTy: "pubkeyhash", txscript.ScriptHashTy: "scripthash", txscript.MultiSigTy: "multisig",
	txscript.NullDataTy: "nulldata", txscript.NonStandardTy: "nonstandard",
}

// etlRows writes blocks as bitcoin-etl does: with value, type and addresses of
// inputs if enriched.
func etlRows(t testing.TB, blocks []*wire.MsgBlock, enriched bool) (blockRows, txRows []string) {
	t.Helper()
	made := map[wire.OutPoint]*wire.TxOut{}
	for height, b := range blocks {
		blockRows = append(blockRows, asJSON(t, map[string]any{
			"hash": b.BlockHash().String(), "number": height, "merkle_root": b.Header.MerkleRoot.String(),
			"timestamp": b.Header.Timestamp.Unix(), "transaction_count": len(b.Transactions), "bits": fmt.Sprintf("%08x", b.Header.Bits), "version": b.Header.Version,
		}))
		for i, tx := range b.Transactions {
			var paid, had int64
			inputs, outputs := []map[string]any{}, []map[string]any{}
			coinbase := blockchain.IsCoinBaseTx(tx)
			for j, in := range tx.TxIn {
				if coinbase {
					break
				}
				row := map[string]any{
					"index": j, "spent_transaction_hash": in.PreviousOutPoint.Hash.String(), "spent_output_index": in.PreviousOutPoint.Index,
					"script_hex": hex.EncodeToString(in.SignatureScript), "sequence": in.Sequence, "value": nil, "addresses": []string{}, "type": nil,
				}
				if enriched {
					out := made[in.PreviousOutPoint]
					row["value"], row["type"], row["addresses"] = out.Value, etlType(out.PkScript), etlAddresses(t, out.PkScript)
					had += out.Value
				}
				inputs = append(inputs, row)
			}
			for j, out := range tx.TxOut {
				outputs = append(outputs, map[string]any{
					"index": j, "script_hex": hex.EncodeToString(out.PkScript), "value": out.Value, "type": etlType(out.PkScript), "addresses": etlAddresses(t, out.PkScript),
				})
				made[wire.OutPoint{Hash: tx.TxHash(), Index: uint32(j)}] = out
				paid += out.Value
			}
			row := map[string]any{
				"hash": tx.TxHash().String(), "block_number": height, "block_hash": b.BlockHash().String(), "block_timestamp": b.Header.Timestamp.Unix(),
				"is_coinbase": coinbase, "index": i, "inputs": inputs, "outputs": outputs, "input_count": len(inputs), "output_count": len(outputs),
				"input_value": had, "output_value": paid, "fee": 0,
				"version": tx.Version, "lock_time": tx.LockTime, "virtual_size": tx.SerializeSize(), // there are no witnesses yet
			}
			if !coinbase {
				row["fee"] = had - paid // negative, as bitcoin-etl writes it where values are unknown
			}
			if !coinbase && !enriched {
				row["fee"] = nil
			}
			txRows = append(txRows, asJSON(t, row))
		}
	}
	return blockRows, txRows
}

func etlType(script []byte) string { return etlTypes[txscript.GetScriptClass(script)] }

// etlAddresses are those of bitcoin-etl, which gives a bare public key the
// address of its hash.
func etlAddresses(t testing.TB, script []byte) []string {
	t.Helper()
	_, addresses, _, err := txscript.ExtractPkScriptAddrs(script, &chaincfg.MainNetParams)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{}
	for _, a := range addresses {
		texts = append(texts, a.EncodeAddress())
	}
	return texts
}

func asJSON(t testing.TB, row map[string]any) string {
	t.Helper()
	text, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// mainnet reads the first blocks of the chain.
func mainnet(t testing.TB, n int) []*wire.MsgBlock {
	t.Helper()
	whole, err := os.ReadFile(mainnetFile(t))
	if err != nil {
		t.Fatal(err)
	}
	var blocks []*wire.MsgBlock
	for _, record := range frames(t, whole)[:n] {
		b := new(wire.MsgBlock)
		if err := b.Deserialize(bytes.NewReader(record[8:])); err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, b)
	}
	return blocks
}

func readETL(t testing.TB, policy ingest.Policy, options bitcoin.Options, paths ...string) ([]graph.Block, ingest.Reading, error) {
	t.Helper()
	meter := ingest.NewMeter(policy)
	source, err := bitcoin.NewETL(chain(t, "bitcoin"), paths, nil, meter, options)
	if err != nil {
		return nil, meter.Reading(), err
	}
	blocks, err := read(t, source)
	return blocks, meter.Reading(), err
}

func lines(rows ...[]string) []byte { return []byte(strings.Join(slices.Concat(rows...), "\n") + "\n") }

// A bitcoin-etl export holds the same facts as the block file it was made of.
func TestETLEqualsBlockFile(t *testing.T) {
	const n = 300
	raw := mainnet(t, n)
	want, _, err := readFiles(t, "bitcoin", mainnetFile(t), ingest.Stop, bitcoin.Options{To: n - 1})
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		want[i].Source, want[i].Parent = "bitcoin-etl", graph.Hash{} // not in the export
	}
	for _, enriched := range []bool{false, true} {
		blocks, txs := etlRows(t, raw, enriched)
		slices.Reverse(txs)
		for name, write := range map[string]func(dir string) []string{
			"two files": func(dir string) []string {
				return []string{writeFile(t, lines(blocks), dir, "blocks.json"), writeFile(t, lines(txs), dir, "transactions.json")}
			},
			"one file": func(dir string) []string { return []string{writeFile(t, lines(txs, blocks), dir, "all.jsonl")} },
			"Windows endings": func(dir string) []string {
				return []string{writeFile(t, bytes.ReplaceAll(lines(txs, blocks), []byte("\n"), []byte("\r\n")), dir, "a.json")}
			},
			"a folder, zipped": func(dir string) []string {
				writeFile(t, gzipped(t, lines(blocks)), dir, "b.json.gz")
				writeFile(t, gzipped(t, lines(txs)), dir, "t.json.gz")
				return []string{dir}
			},
		} {
			t.Run(fmt.Sprintf("%s, enriched %v", name, enriched), func(t *testing.T) {
				got, meter, err := readETL(t, ingest.Stop, bitcoin.Options{}, write(t.TempDir())...)
				if err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(got, want) {
					t.Errorf("%d blocks differ from the block file's", len(got))
				}
				if len(meter.Skipped) != 0 || meter.Done != meter.Total {
					t.Errorf("meter %+v", meter)
				}
			})
		}
	}

	t.Run("transactions only", func(t *testing.T) {
		_, txs := etlRows(t, raw, false)
		got, _, err := readETL(t, ingest.Stop, bitcoin.Options{}, writeFile(t, lines(txs), t.TempDir(), "t.json"))
		if err != nil || len(got) != n {
			t.Fatalf("%d blocks, %v", len(got), err)
		}
		if got[170].Know.Transfers != graph.Partial || !reflect.DeepEqual(got[170].Txs, want[170].Txs) {
			t.Errorf("block 170: %+v", got[170])
		}
	})
}

const coinbaseRow = `{"hash":"aa%062d","block_number":%d,"block_hash":"bb%062d","block_timestamp":%d,"is_coinbase":true,"index":0,"inputs":[],"outputs":[{"index":0,"script_hex":"51","value":%d,"type":"nonstandard","addresses":[]}]}`

// Block 91,880 repeats the coinbase of block 91,722, hash and all (BIP 30): what
// spends it spends the later one.
func TestRepeatedCoinbase(t *testing.T) {
	spend := `{"hash":"cc%s","block_number":4,"block_hash":"bb%s","block_timestamp":4,"is_coinbase":false,"index":1,"inputs":[{"index":0,"spent_transaction_hash":"aa%s","spent_output_index":0}],"outputs":[{"index":0,"script_hex":"52","value":70,"type":"nonstandard","addresses":[]}]}`
	zeros := strings.Repeat("0", 62)
	rows := []string{
		fmt.Sprintf(coinbaseRow, 0, 1, 1, 1, 50), fmt.Sprintf(coinbaseRow, 7, 2, 2, 2, 50), fmt.Sprintf(coinbaseRow, 0, 3, 3, 3, 70),
		fmt.Sprintf(coinbaseRow, 8, 4, 0, 4, 50), fmt.Sprintf(spend, zeros, zeros, zeros),
	}
	blocks, _, err := readETL(t, ingest.Stop, bitcoin.Options{}, writeFile(t, lines(rows), t.TempDir(), "t.json"))
	if err != nil || len(blocks) != 4 {
		t.Fatalf("%d blocks, %v", len(blocks), err)
	}
	if in := blocks[3].Txs[1].Transfers[0]; in.Amount.Uint64() != 70 {
		t.Errorf("spends %+v", in)
	}
}

func TestETLRows(t *testing.T) {
	hash := func(b string) string { return strings.Repeat(b, 32) }
	block := `{"hash":"` + hash("b0") + `","number":5,"timestamp":7,"transaction_count":1}`
	tx := func(rest string) string {
		return `{"hash":"` + hash("a0") + `","block_number":5,"block_hash":"` + hash("b0") + `","block_timestamp":7,"index":0,` + rest + `}`
	}
	const out = `"outputs":[{"index":0,"script_hex":"51","value":9,"type":"nonstandard","addresses":["nonstandard00"]}]`
	in := func(rest string) string {
		return `"inputs":[{"index":0,"spent_transaction_hash":"` + hash("d0") + `","spent_output_index":3` + rest + `}],`
	}
	const p2pkh = `"type":"pubkeyhash","addresses":["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"]`
	for _, tt := range []struct {
		name string
		rows []string
		want string // error; "": none
		know graph.Extent
	}{
		{"whole block", []string{block, tx(`"is_coinbase":true,"inputs":[],` + out)}, "", graph.Full},
		{"numbers as text and dates", []string{
			`{"hash":"` + hash("b0") + `","number":"5","timestamp":"1970-01-01 00:00:07 UTC","transaction_count":"1"}`,
			tx(`"is_coinbase":true,"inputs":[],"outputs":[{"index":"0","script_hex":"51","value":"9"}]`),
		}, "", graph.Full},
		{"row twice", []string{block, block, tx(`"is_coinbase":true,` + out), tx(`"is_coinbase":true,` + out)}, "", graph.Full},
		{"value of the file where nobody knows better", []string{block, tx(in(`,"value":10,`+p2pkh) + out)}, "", graph.Full},
		{"block without the rest", []string{`{"hash":"` + hash("b0") + `","number":5,"timestamp":7,"transaction_count":2}`, tx(`"is_coinbase":true,` + out)}, "", graph.Partial},
		{"address instead of a script", []string{block, tx(`"is_coinbase":true,"outputs":[{"index":0,"value":9,` + p2pkh + `}]`)}, "", graph.Full},

		{"input without a value", []string{block, tx(in("") + out)}, "prevout not in the store", graph.Partial},
		{"input of a bare key: its address is another", []string{block, tx(in(`,"value":10,"type":"pubkey","addresses":["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"]`) + out)}, "prevout not in the store", graph.Partial},
		{"negative value", []string{block, tx(`"is_coinbase":true,"outputs":[{"index":0,"script_hex":"51","value":-9}]`)}, `e.json:2: bad row: "-9" is not an unsigned integer`, 0},
		{"fraction", []string{block, tx(`"is_coinbase":true,"outputs":[{"index":0,"script_hex":"51","value":9.5}]`)}, `"9.5" is not an unsigned integer`, 0},
		{"exponent", []string{block, tx(`"is_coinbase":true,"outputs":[{"index":0,"script_hex":"51","value":1e3}]`)}, `"1e3" is not an unsigned integer`, 0},
		{"more than there is", []string{block, tx(`"is_coinbase":true,"outputs":[{"index":0,"script_hex":"51","value":2100000000000001}]`)}, "impossible amount", 0},
		{"no value", []string{block, tx(`"is_coinbase":true,"outputs":[{"index":0,"script_hex":"51","value":null}]`)}, "output 0: no value", 0},
		{"no script", []string{block, tx(`"is_coinbase":true,"outputs":[{"index":0,"value":9,"type":"multisig","addresses":["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"]}]`)}, "no script_hex and no single address", 0},
		{"script and address differ", []string{block, tx(`"is_coinbase":true,"outputs":[{"index":0,"script_hex":"51","value":9,` + p2pkh + `}]`)}, "addresses says 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", 0},
		{"wrong output_value", []string{block, tx(`"is_coinbase":true,"output_value":8,` + out)}, "output_value says 8", 0},
		{"wrong output_count", []string{block, tx(`"is_coinbase":true,"output_count":2,` + out)}, "output_count says 2", 0},
		{"wrong input_value", []string{block, tx(in(`,"value":10,`+p2pkh) + `"input_value":11,` + out)}, "input_value says 11", 0},
		{"wrong fee", []string{block, tx(in(`,"value":10,`+p2pkh) + `"fee":2,` + out)}, "fee says 2", 0},
		{"pays more than it has", []string{block, tx(in(`,"value":8,`+p2pkh) + out)}, "pays 9 satoshi and has 8", 0},
		{"wrong merkle root", []string{`{"hash":"` + hash("b0") + `","number":5,"timestamp":7,"transaction_count":1,"merkle_root":"` + hash("e0") + `"}`, tx(`"is_coinbase":true,` + out)}, "merkle root " + hash("a0"), 0},
		{"more transactions than the block has", []string{`{"hash":"` + hash("b0") + `","number":5,"timestamp":7,"transaction_count":0}`, tx(`"is_coinbase":true,` + out)}, "transaction_count says 0", 0},
		{"two blocks of one height", []string{block, strings.ReplaceAll(tx(`"is_coinbase":true,`+out), hash("b0"), hash("b1"))}, "height 5 has block", 0},
		{"coinbase that spends", []string{block, tx(`"is_coinbase":true,` + in("") + out)}, "is_coinbase, yet it spends", 0},
		{"no inputs", []string{block, tx(`"is_coinbase":false,` + out)}, "no inputs", 0},
		{"bad hash", []string{block, strings.ReplaceAll(tx(`"is_coinbase":true,`+out), hash("a0"), "a0")}, "is not a hash", 0},
		{"no JSON", []string{block, "nonsense"}, "e.json:2: bad row", 0},
		{"another table", []string{`{"address":"x"}`}, "e.json:1: bad row: want a block with a number or a transaction with a block_number", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := writeFile(t, lines(tt.rows), t.TempDir(), "e.json")
			blocks, _, err := readETL(t, ingest.Stop, bitcoin.Options{}, path)
			if tt.want != "" {
				wantError(t, err, tt.want)
				var meter ingest.Reading
				blocks, meter, err = readETL(t, ingest.Skip, bitcoin.Options{}, path)
				if len(meter.First) != 1 {
					t.Errorf("skipped %v", meter.Skipped)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			if tt.know == 0 {
				if len(blocks) != 0 {
					t.Errorf("got %+v", blocks)
				}
				return
			}
			if len(blocks) != 1 || blocks[0].Know.Transfers != tt.know || blocks[0].Time != 7 {
				t.Fatalf("got %+v, want one block known in %s", blocks, tt.know)
			}
			var sum graph.Amount
			for _, m := range blocks[0].Txs[0].Transfers {
				if m.Kind == graph.KindOutput {
					sum.Add(&sum, &m.Amount)
				} else if m.Amount.Uint64() != 10 {
					t.Errorf("input of %s", m.Amount.Dec())
				}
			}
			if sum.Uint64() != 9 {
				t.Errorf("pays %s", sum.Dec())
			}
		})
	}
}

// A row that is passed over leaves the others, and a block known in part.
func TestETLRowPassedOver(t *testing.T) {
	blocks, txs := etlRows(t, mainnet(t, 171), false)
	coinbase := txs[170]
	txs[170] = strings.Replace(coinbase, `"value":5000000000`, `"value":"50 BTC"`, 1)
	if txs[170] == coinbase {
		t.Fatal("nothing was changed")
	}
	got, meter, err := readETL(t, ingest.Skip, bitcoin.Options{}, writeFile(t, lines(blocks, txs), t.TempDir(), "e.json"))
	if err != nil || len(got) != 171 {
		t.Fatalf("%d blocks, %v", len(got), err)
	}
	if b := got[170]; b.Know.Transfers != graph.Partial || len(b.Txs) != 1 || len(b.Txs[0].Transfers) != 3 || got[169].Know.Transfers != graph.Full {
		t.Errorf("block 170: %+v", b)
	}
	if meter.Skipped["bad row"] != 1 || meter.Skipped["transaction that is not in the files"] != 1 || !strings.Contains(meter.First["bad row"].Where, "e.json:342") {
		t.Errorf("skipped %v, first %v", meter.Skipped, meter.First)
	}
}

func FuzzETL(f *testing.F) {
	blocks, txs := etlRows(f, mainnet(f, 3), false)
	f.Add(lines(blocks, txs))
	f.Add(lines(txs))
	f.Add([]byte(`{"number":1}` + "\n\n" + `{"block_number":"1","index":16777215}`))
	f.Add([]byte(fmt.Sprintf(coinbaseRow, 0, 1, 1, 1, 50)))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := writeFile(t, content, t.TempDir(), "e.json")
		for _, policy := range []ingest.Policy{ingest.Stop, ingest.Skip} {
			blocks, meter, err := readETL(t, policy, bitcoin.Options{}, path) // Validate is called inside
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("error of several lines: %v", err)
			}
			if err == nil && uint64(len(blocks)) != meter.Read["blocks"] {
				t.Errorf("%d blocks, counted %d", len(blocks), meter.Read["blocks"])
			}
		}
	})
}
