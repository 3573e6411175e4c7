package bitcoin_test

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"spoor/graph"
	"spoor/ingest"
	"spoor/ingest/bitcoin"
)

const btc = 100_000_000

// btcdData is a test file of btcd, whose module the build needs anyway.
func btcdData(t testing.TB, parts ...string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/btcsuite/btcd").Output()
	if err != nil {
		t.Fatalf("find btcd's module: %v", err)
	}
	return filepath.Join(append([]string{strings.TrimSpace(string(out))}, parts...)...)
}

// mainnetFile has blocks 0 to 14,131 as Bitcoin Core wrote them, with the zero
// bytes of its allocation.
func mainnetFile(t testing.TB) string {
	return btcdData(t, "blockchain", "testdata", "blk_0_to_14131.dat")
}

func bunzip(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(btcdData(t, "blockchain", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(bzip2.NewReader(bytes.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func chain(t testing.TB, name string) graph.Chain {
	t.Helper()
	c, err := graph.ParseChain(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// read reads a source to its end and checks what every source promises.
func read(t testing.TB, source ingest.Source) ([]graph.Block, error) {
	t.Helper()
	var blocks []graph.Block
	for b, err := range source.Blocks(context.Background()) {
		if err != nil {
			return blocks, err
		}
		if err := b.Validate(source.Chain().ID); err != nil {
			t.Fatal(err)
		}
		if n := len(blocks); n > 0 && blocks[n-1].Height >= b.Height {
			t.Fatalf("block %d follows block %d", b.Height, blocks[n-1].Height)
		}
		blocks = append(blocks, b)
	}
	return blocks, nil
}

func readFiles(t testing.TB, network, path string, policy ingest.Policy, options bitcoin.Options) ([]graph.Block, ingest.Reading, error) {
	t.Helper()
	meter := ingest.NewMeter(policy)
	source, err := bitcoin.NewBlockFiles(chain(t, network), path, nil, meter, options)
	if err != nil {
		return nil, meter.Reading(), err
	}
	blocks, err := read(t, source)
	return blocks, meter.Reading(), err
}

// heights lists heights and hashes, shortened.
func heights(blocks []graph.Block) string {
	var s []string
	for _, b := range blocks {
		s = append(s, fmt.Sprintf("%d:%.16s", b.Height, b.Hash))
	}
	return strings.Join(s, " ")
}

// wantError checks that an error is one line with all the given parts.
func wantError(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error of several lines: %v", err)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
}

func writeFile(t testing.TB, content []byte, path ...string) string {
	t.Helper()
	name := filepath.Join(path...)
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func gzipped(t testing.TB, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// xor scrambles a file with a key, as Bitcoin Core does.
func xor(content []byte, key [8]byte) []byte {
	out := bytes.Clone(content)
	for i := range out {
		out[i] ^= key[i%8]
	}
	return out
}

// frames splits a block file into its records.
func frames(t testing.TB, file []byte) [][]byte {
	t.Helper()
	var records [][]byte
	for len(file) >= 8 && binary.LittleEndian.Uint32(file) != 0 {
		size := 8 + binary.LittleEndian.Uint32(file[4:])
		records = append(records, file[:size])
		file = file[size:]
	}
	return records
}

func serialize(t testing.TB, block *wire.MsgBlock) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := block.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// frame is a block with its magic and size before it.
func frame(t testing.TB, net wire.BitcoinNet, block *wire.MsgBlock) []byte {
	t.Helper()
	raw := serialize(t, block)
	head := binary.LittleEndian.AppendUint32(nil, uint32(net))
	head = binary.LittleEndian.AppendUint32(head, uint32(len(raw)))
	return append(head, raw...)
}

// regtest mines blocks with known contents.
var regtest = &chaincfg.RegressionNetParams

var trueScript = []byte{txscript.OP_TRUE}

// coinbase pays amounts to a script that anybody can spend.
func coinbase(t testing.TB, height int32, amounts ...int64) *wire.MsgTx {
	t.Helper()
	script, err := txscript.NewScriptBuilder().AddInt64(int64(height)).AddInt64(0).Script()
	if err != nil {
		t.Fatal(err)
	}
	tx := wire.NewMsgTx(1)
	tx.AddTxIn(wire.NewTxIn(wire.NewOutPoint(&chainhash.Hash{}, wire.MaxPrevOutIndex), script, nil))
	for _, a := range amounts {
		tx.AddTxOut(wire.NewTxOut(a, trueScript))
	}
	return tx
}

// pay spends an output of a transaction.
func pay(from *wire.MsgTx, output uint32, amounts ...int64) *wire.MsgTx {
	hash := from.TxHash()
	tx := wire.NewMsgTx(1)
	tx.AddTxIn(wire.NewTxIn(wire.NewOutPoint(&hash, output), nil, nil))
	for _, a := range amounts {
		tx.AddTxOut(wire.NewTxOut(a, trueScript))
	}
	return tx
}

// mine makes a block of transactions on top of another.
func mine(t testing.TB, parent *wire.MsgBlock, txs ...*wire.MsgTx) *wire.MsgBlock {
	t.Helper()
	prev := parent.BlockHash()
	header := wire.NewBlockHeader(4, &prev, &chainhash.Hash{}, regtest.PowLimitBits, 0)
	header.Timestamp = parent.Header.Timestamp.Add(10 * time.Minute)
	block := wire.NewMsgBlock(header)
	for _, tx := range txs {
		if err := block.AddTransaction(tx); err != nil {
			t.Fatal(err)
		}
	}
	seal(block)
	return block
}

// commit adds the witness commitment of a block's transactions to its coinbase
// (BIP 141).
func commit(coinbase *wire.MsgTx, others ...*wire.MsgTx) {
	var nonce chainhash.Hash
	coinbase.TxIn[0].Witness = wire.TxWitness{nonce[:]}
	txs := []*btcutil.Tx{btcutil.NewTx(coinbase)}
	for _, tx := range others {
		txs = append(txs, btcutil.NewTx(tx))
	}
	root := blockchain.CalcMerkleRoot(txs, true)
	sum := chainhash.DoubleHashB(append(root[:], nonce[:]...))
	coinbase.AddTxOut(wire.NewTxOut(0, append([]byte{txscript.OP_RETURN, 0x24, 0xaa, 0x21, 0xa9, 0xed}, sum...)))
}

// seal sets the merkle root and finds a nonce.
func seal(block *wire.MsgBlock) {
	block.Header.MerkleRoot = blockchain.CalcMerkleRoot(btcutil.NewBlock(block).Transactions(), false)
	for blockchain.CheckProofOfWork(btcutil.NewBlock(block), regtest.PowLimit) != nil {
		block.Header.Nonce++
	}
}

func hashOf(h chainhash.Hash) string { return h.String() }

func rawBlock(t testing.TB, path string) *wire.MsgBlock {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // opened for reading
	plain, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var block wire.MsgBlock
	if err := block.Deserialize(plain); err != nil {
		t.Fatal(err)
	}
	return &block
}
