package bitcoin_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest"
	"spoor/ingest/bitcoin"
)

// The addresses of real outputs are those btcd finds.
func TestAddressesOfRealBlocks(t *testing.T) {
	dir := graphtest.Data(t, "btc-blocks")
	blocks, _, err := readFiles(t, "bitcoin", dir, ingest.Skip, bitcoin.Options{})
	if err != nil {
		t.Fatal(err)
	}
	entries, err := filepath.Glob(filepath.Join(dir, "*.raw.gz"))
	if err != nil || len(entries) != 2 {
		t.Fatalf("%v, %v", entries, err)
	}
	scripts := map[graph.OutPoint][]byte{}
	for _, path := range entries {
		block := rawBlock(t, path)
		for _, tx := range block.Transactions {
			hash, err := graph.ParseHash(tx.TxHash().String())
			if err != nil {
				t.Fatal(err)
			}
			for i, out := range tx.TxOut {
				scripts[graph.OutPoint{Tx: hash, Index: uint32(i)}] = out.PkScript
			}
		}
	}
	seen := map[string]int{}
	for i := range blocks {
		for _, tx := range blocks[i].Txs {
			for _, m := range tx.Transfers {
				if m.Kind != graph.KindOutput {
					continue
				}
				script := scripts[graph.OutPoint{Tx: tx.Hash, Index: uint32(m.Seq.Index())}]
				class, addresses, _, err := txscript.ExtractPkScriptAddrs(script, &chaincfg.MainNetParams)
				if err != nil {
					t.Fatal(err)
				}
				seen[class.String()]++
				switch class {
				case txscript.PubKeyHashTy, txscript.ScriptHashTy, txscript.WitnessV0PubKeyHashTy, txscript.WitnessV0ScriptHashTy, txscript.WitnessV1TaprootTy:
					if got := m.To.String(); got != addresses[0].EncodeAddress() {
						t.Errorf("%s pays %s, btcd says %s", tx.Hash, got, addresses[0])
					}
				default:
					if !strings.HasPrefix(m.To.String(), "script:") {
						t.Errorf("%s pays %s, a script of class %s", tx.Hash, m.To, class)
					}
				}
			}
		}
	}
	t.Logf("scripts: %v", seen)
	if seen["pubkeyhash"] == 0 || seen["scripthash"] == 0 || seen["nulldata"] == 0 {
		t.Errorf("scripts: %v", seen)
	}
}

// A chain of our own: spends within a block, data outputs, fees, and rules
// that a block can break.
func TestRegtest(t *testing.T) {
	genesis := regtest.GenesisBlock
	one := coinbase(t, 1, 50*btc)
	block1 := mine(t, genesis, one)
	first := pay(one, 0, 30*btc, 19*btc) // fee 1
	second := pay(first, 1, 19*btc, 0)   // in the same block
	second.TxOut[1].PkScript = []byte{txscript.OP_RETURN, 2, 'h', 'i'}
	two := coinbase(t, 2, 51*btc)
	block2 := mine(t, block1, two, first, second)
	write := func(t *testing.T, blocks ...*wire.MsgBlock) string {
		var file []byte
		for _, b := range blocks {
			file = append(file, frame(t, regtest.Net, b)...)
		}
		return writeFile(t, file, t.TempDir(), "blk00000.dat")
	}

	blocks, _, err := readFiles(t, "bitcoin-regtest", write(t, genesis, block1, block2), ingest.Stop, bitcoin.Options{})
	if err != nil || len(blocks) != 3 {
		t.Fatalf("%d blocks, %v", len(blocks), err)
	}
	tx := blocks[2].Txs[2]
	if len(tx.Transfers) != 3 || tx.Transfers[0].Amount.Uint64() != 19*btc || tx.Transfers[0].From != blocks[2].Txs[1].Transfers[2].To {
		t.Errorf("spend within a block: %+v", tx)
	}
	if data := tx.Transfers[2]; !data.Amount.IsZero() || data.To != graph.ScriptAddress(data.Asset.Chain, second.TxOut[1].PkScript) {
		t.Errorf("data output: %+v", data)
	}

	t.Run("witness", func(t *testing.T) {
		three := coinbase(t, 3, 50*btc)
		signed := pay(two, 0, 51*btc)
		signed.TxIn[0].Witness = wire.TxWitness{[]byte("signature")}
		commit(three, signed)
		path := write(t, genesis, block1, block2, mine(t, block2, three, signed))
		blocks, _, err := readFiles(t, "bitcoin-regtest", path, ingest.Stop, bitcoin.Options{})
		if err != nil || len(blocks) != 4 {
			t.Fatalf("%d blocks, %v", len(blocks), err)
		}
		if got := blocks[3].Txs[1].Hash.String(); got != hashOf(signed.TxHash()) || got == hashOf(signed.WitnessHash()) {
			t.Errorf("transaction %s, want %s", got, signed.TxHash())
		}
		signed.TxIn[0].Witness[0] = []byte("another")
		path = write(t, genesis, block1, block2, mine(t, block2, three, signed))
		_, _, err = readFiles(t, "bitcoin-regtest", path, ingest.Stop, bitcoin.Options{})
		wantError(t, err, "block 3", "bad block", "witness commitment does not match")
	})

	greedy := pay(one, 0, 51*btc)
	for _, tt := range []struct {
		name  string
		block *wire.MsgBlock
		want  string
	}{
		{"spends more than it has", mine(t, block1, two, greedy), "impossible amount: transaction " + hashOf(greedy.TxHash())},
		{"wrong height in the coinbase", mine(t, block1, coinbase(t, 7, 50*btc)), "states height 7"},
		{"no coinbase", mine(t, block1, first), "not a coinbase"},
		{"two coinbases", mine(t, block1, two, coinbase(t, 2, 1)), "second coinbase"},
		{"a transaction twice", mine(t, block1, two, first, first), "duplicate transaction"},
		{"spends an output that is not there", mine(t, block1, two, first, pay(first, 2, 1)), "spends output 2 of transaction " + hashOf(first.TxHash()) + ", which has 2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := write(t, genesis, block1, tt.block)
			_, _, err := readFiles(t, "bitcoin-regtest", path, ingest.Stop, bitcoin.Options{})
			wantError(t, err, "block 2", tt.want)
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	raw := bunzip(b, "277647.dat.bz2")[8:]
	bitcoins := chain(b, "bitcoin")
	spent := graph.Transfer{To: graph.ScriptAddress(bitcoins.ID, trueScript)}
	spent.Amount.SetUint64(21_000_000 * btc)
	transfers := 0
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		block, err := btcutil.NewBlockFromBytes(raw)
		if err != nil {
			b.Fatal(err)
		}
		decoded, _, err := bitcoin.Decode(bitcoins, 277_647, block, func(graph.OutPoint) (graph.Transfer, error) { return spent, nil })
		if err != nil {
			b.Fatal(err)
		}
		transfers += decoded.Transfers()
	}
	b.ReportMetric(float64(transfers)/b.Elapsed().Seconds(), "transfers/s")
}
