package ethereum_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"spoor/graph"
	"spoor/ingest"
	"spoor/ingest/ethereum"
)

// Whatever topics and data hold, a block stays valid, nothing is stored twice
// at one place and no amount beyond 2^255 is stored.
func FuzzLogs(f *testing.F) {
	signatures := []string{"Transfer(address,address,uint256)", "TransferSingle(address,address,address,uint256,uint256)",
		"TransferBatch(address,address,address,uint256[],uint256[])", "Deposit(address,uint256)", "Withdrawal(address,uint256)"}
	for kind := range signatures {
		f.Add(uint8(kind), uint8(3), bytes.Join([][]byte{of('A'), of('B'), word(5)}, nil), word(5))
		f.Add(uint8(kind), uint8(4), bytes.Join([][]byte{of('O'), of('A'), of('B')}, nil),
			bytes.Join([][]byte{word(64), word(160), word(2), word(7), word(8), word(2), word(1), word(3)}, nil))
	}
	chain := mustChain(f, "ethereum")
	limit := new(graph.Amount).Lsh(wei(1), 255)
	f.Fuzz(func(t *testing.T, kind, topics uint8, words, data []byte) {
		l := event(0, 'T', signatures[int(kind)%len(signatures)], nil, [][]byte{data})
		for i := 0; i < int(topics%5) && 32*(i+1) <= len(words); i++ {
			l.Topics = append(l.Topics, common.BytesToHash(words[32*i:32*i+32]))
		}
		second := l
		second.Index = 1
		tx := free(call('A', 'T', 5))
		tx.Logs = []ethereum.Log{l, second}
		d := ethereum.Decode(chain, traced(ethereum.Cancun, tx))
		if err := d.Block.Validate(chain.ID); err != nil {
			t.Fatal(err)
		}
		for _, tx := range d.Block.Txs {
			for _, m := range tx.Transfers {
				if m.Amount.Gt(limit) {
					t.Fatalf("stored %s", m.Amount.Dec())
				}
			}
		}
	})
}

// No row makes the source panic or yield an invalid block.
func FuzzETL(f *testing.F) {
	one := blockHead + blockRow(7, 'b')
	txs := txHead + txRow(7, 0, 't', 'b', hex('B'), "9")
	trace := traceHead + "7," + hx('t') + ",0," + hex('A') + "," + hex('B') + ",9,call,call,,,,1\n"
	f.Add(one, txs, receiptCSV+receiptRow(7, 0, 't', 'b', "1"), logHead, trace)
	f.Add(one, txs, "", `{"type":"log"}`, traceHead)
	f.Add(one, `{"type": "transaction", "hash": "`+hx('t')+`", "value": 12345678901234567890123}`, "", "", "")
	f.Fuzz(func(t *testing.T, blocks, txs, receipts, logs, traces string) {
		files := map[string]string{"blocks.csv": blocks, "transactions.json": txs, "receipts.csv": receipts, "logs.json": logs, "traces.csv": traces}
		for _, policy := range []ingest.Policy{ingest.Stop, ingest.Skip} {
			got, _, _, err := export(t, "gnosis", policy, files)
			for i := range got {
				if i > 0 && got[i-1].Height >= got[i].Height {
					t.Fatalf("block %d after %d", got[i].Height, got[i-1].Height)
				}
			}
			if err != nil && strings.Contains(err.Error(), "belongs to another chain") {
				t.Fatal(err)
			}
		}
	})
}

// Bytes of any kind: geth export, era1, YAML, gzipped or not.
func FuzzRLP(f *testing.F) {
	e := execute(f)
	one := encode(f, e.blocks[8])
	f.Add(one)
	f.Add(era1(f, e.blocks[8:9], []types.Receipts{e.receipts[8]}))
	f.Add(slimYAML(f, e.blocks[8], e.receipts[8]))
	f.Add(gzipped(f, one))
	path := filepath.Join(f.TempDir(), "x")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := ethereum.NewRLP(e.chain, path, ingest.NewMeter(ingest.Skip))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = drain(r)
	})
}

func FuzzCallTracer(f *testing.F) {
	f.Add([]byte(`{"type":"CALL","from":"0x` + strings.Repeat("41", 20) + `","to":"0x` + strings.Repeat("42", 20) + `","value":"0x5","calls":[{"type":"SELFDESTRUCT","from":"0x` + strings.Repeat("42", 20) + `","value":"0x5"}]}`))
	f.Add([]byte(`{"type":"CREATE","error":"out of gas"}`))
	chain := mustChain(f, "ethereum")
	f.Fuzz(func(t *testing.T, data []byte) {
		root, err := ethereum.CallTracerFrame(data)
		if err != nil || root.Value == nil {
			return
		}
		d := ethereum.Decode(chain, traced(ethereum.BeforeCancun, free(root)))
		if err := d.Block.Validate(chain.ID); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzGenesis(f *testing.F) {
	f.Add([]byte(`{"timestamp":"0x10","alloc":{"00000000000000000000000000000000000000aa":{"balance":"12"}}}`))
	chain := mustChain(f, "ethereum")
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := ethereum.ReadGenesis(chain, bytes.NewReader(data))
		if err == nil {
			err = g.Block.Validate(chain.ID)
		}
		if err == nil && g.Block.Know.Transfers != graph.Full {
			t.Fatal("incomplete genesis")
		}
	})
}
