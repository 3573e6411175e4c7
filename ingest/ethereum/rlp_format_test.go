package ethereum_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rlp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"

	"spoor/graph"
	"spoor/ingest"
	"spoor/ingest/ethereum"
)

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := rlp.EncodeToBytes(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// era1 writes blocks as an archive; see era1.go for the layout.
func era1(t testing.TB, blocks []*types.Block, receipts []types.Receipts) []byte {
	t.Helper()
	var out bytes.Buffer
	entry := func(typ uint16, data []byte) {
		head := make([]byte, 8)
		binary.LittleEndian.PutUint16(head, typ)
		binary.LittleEndian.PutUint32(head[2:], uint32(len(data)))
		out.Write(head)
		out.Write(data)
	}
	snap := func(v any) []byte {
		var b bytes.Buffer
		w := snappy.NewBufferedWriter(&b)
		if _, err := w.Write(encode(t, v)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	entry(0x3265, nil)
	for i, b := range blocks {
		entry(0x03, snap(b.Header()))
		entry(0x04, snap(b.Body()))
		entry(0x05, snap(receipts[i]))
		entry(0x06, make([]byte, 32))
	}
	entry(0x07, make([]byte, 32))
	entry(0x3266, make([]byte, 24))
	return out.Bytes()
}

func slimYAML(t testing.TB, b *types.Block, receipts types.Receipts) []byte {
	t.Helper()
	slim := []*types.SlimReceipt{}
	for _, r := range receipts {
		slim = append(slim, (*types.SlimReceipt)(r))
	}
	return fmt.Appendf(nil, "header: \"0x%x\"\nbody: \"0x%x\"\nreceipts: \"0x%x\"\n", encode(t, b.Header()), encode(t, b.Body()), encode(t, slim))
}

// All forms with receipts give what the blocks themselves give.
func TestRLPForms(t *testing.T) {
	e := execute(t)
	var want []graph.Block
	for _, d := range e.decode(t, false) {
		want = append(want, d.Block)
	}
	want[0].Hash = graph.Hash(e.blocks[0].ParentHash())
	dir := t.TempDir()
	for i := range 20 {
		// Names out of order: heights order the files.
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%c.yaml", 't'-i)), slimYAML(t, e.blocks[i], e.receipts[i]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name, path string
		want       []graph.Block
	}{
		{"era1", write(t, "x.era1", era1(t, e.blocks[:80], e.receipts[:80])), want[:81]},
		{"era1 gzipped", write(t, "x", gzipped(t, era1(t, e.blocks[:20], e.receipts[:20]))), want[:21]},
		{"yaml", write(t, "x.txt", slimYAML(t, e.blocks[0], e.receipts[0])), want[:2]},
		{"yaml directory", dir, want[:21]},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := ethereum.NewRLP(e.chain, test.path, ingest.NewMeter(ingest.Stop))
			if err != nil {
				t.Fatal(err)
			}
			r.Genesis = &e.genesis
			got := collect(t, r)
			if len(got) != len(test.want) {
				t.Fatalf("%d blocks, want %d", len(got), len(test.want))
			}
			for i := range got {
				got[i].Source = test.want[i].Source
				if !reflect.DeepEqual(got[i], test.want[i]) {
					t.Fatalf("block %d:\n got %+v\nwant %+v", got[i].Height, got[i], test.want[i])
				}
			}
			r.From, r.To = 3, 5
			if part := collect(t, r); test.path != dir && len(test.want) > 5 && (len(part) != 3 || part[0].Height != 3) {
				t.Errorf("--from 3 --to 5 gave %d blocks", len(part))
			}
		})
	}
}

// A geth export has no receipts. What is stored of it is true: each native
// movement and each fee is one that the whole block has too.
func TestGethExportStoresNothingWrong(t *testing.T) {
	e := execute(t)
	whole := e.decode(t, true)
	path := geth(t, testdata, "chain.rlp")
	blocks, reading, err := rlpBlocks(t, e.chain, path)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	zipped, err := ethereum.NewRLP(e.chain, write(t, "chain.rlp.gz", gzipped(t, raw)), ingest.NewMeter(ingest.Stop))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for b, err := range zipped.Blocks(t.Context()) {
		if err != nil || !reflect.DeepEqual(b.Txs, blocks[n].Txs) {
			t.Fatalf("gzipped: block %d differs, or %v", b.Height, err)
		}
		if n++; n == 20 {
			break
		}
	}
	if len(blocks) != 600 || reading.Read["blocks without receipts"] != 600 {
		t.Fatalf("%d blocks, read %v", len(blocks), reading.Read)
	}
	stored, partial := 0, 0
	for i, b := range blocks {
		known := map[graph.Transfer]bool{}
		for _, tx := range whole[i+1].Block.Txs {
			for _, m := range tx.Transfers {
				known[m] = true
			}
		}
		n := 0
		for _, tx := range b.Txs {
			for _, m := range tx.Transfers {
				if n++; !known[m] {
					t.Errorf("block %d: %+v is not in the whole block", b.Height, m)
				}
			}
		}
		stored += n
		if b.Know.Transfers != graph.Full {
			partial++
		}
	}
	if stored == 0 || partial == 0 {
		t.Errorf("%d transfers stored, %d blocks partial: the chain does not show what the test claims", stored, partial)
	}
	t.Logf("%d transfers stored, %d blocks partial", stored, partial)
}

func TestRLPErrors(t *testing.T) {
	e := execute(t)
	export := func(blocks ...*types.Block) []byte {
		var b bytes.Buffer
		for _, block := range blocks {
			b.Write(encode(t, block))
		}
		return b.Bytes()
	}
	good := export(e.blocks[:3]...)
	with := e.blocks[8]
	bare := types.NewBlockWithHeader(with.Header()) // the header of a block with transactions, without them
	other := with.Header()
	other.Extra = []byte("another block")
	archive := era1(t, e.blocks[:3], e.receipts[:3])
	swapped := era1(t, e.blocks[7:9], []types.Receipts{e.receipts[8], e.receipts[7]})
	for _, test := range []struct {
		name  string
		data  []byte
		want  string
		cause error
	}{
		{name: "empty", want: "no block"},
		{name: "text", data: []byte("hello: world\n"), want: "neither RLP nor era1 nor YAML"},
		{name: "truncated export", data: good[:len(good)-5], want: "after 2 blocks"},
		{name: "truncated gzip", data: gzipped(t, good)[:200], want: "EOF"},
		{name: "truncated era1", data: archive[:len(archive)/2], want: "era1"},
		{name: "era1 without version", data: append([]byte("e2"), archive[20:]...), want: "era1"},
		{name: "another body", data: export(e.blocks[7], bare), want: "block 9: block does not verify", cause: ethereum.ErrRoot},
		{name: "another parent", data: export(e.blocks[7], types.NewBlockWithHeader(e.blocks[8].Header()).WithBody(*e.blocks[8].Body()), types.NewBlockWithHeader(with.Header())), want: "must ascend", cause: ethereum.ErrParent},
		{name: "a gap in hashes", data: export(types.NewBlockWithHeader(other).WithBody(*with.Body()), e.blocks[9]), want: "names parent", cause: ethereum.ErrParent},
		{name: "receipts of another block", data: swapped, want: "does not verify", cause: ethereum.ErrRoot},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := write(t, "x", test.data)
			_, _, err := rlpBlocks(t, e.chain, path)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want the file and %q", err, test.want)
			}
			if test.cause != nil && !errors.Is(err, test.cause) {
				t.Errorf("%v is not %v", err, test.cause)
			}
		})
	}
	if _, _, err := rlpBlocks(t, mustChain(t, "ethereum"), write(t, "x", export(e.blocks...))); err == nil || !strings.Contains(err.Error(), "--chain") {
		t.Errorf("blocks of another chain: %v", err)
	}
	if _, err := ethereum.NewRLP(e.chain, filepath.Join(t.TempDir(), "none"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

// With --on-error skip a block that does not verify is counted and the others
// are read.
func TestRLPSkip(t *testing.T) {
	e := execute(t)
	var b bytes.Buffer
	for i, block := range e.blocks[:12] {
		if i == 8 {
			block = types.NewBlockWithHeader(block.Header())
		}
		b.Write(encode(t, block))
	}
	meter := ingest.NewMeter(ingest.Skip)
	r, err := ethereum.NewRLP(e.chain, write(t, "x", b.Bytes()), meter)
	if err != nil {
		t.Fatal(err)
	}
	blocks := collect(t, r)
	if reading := meter.Reading(); len(blocks) != 11 || reading.Skipped["block does not verify"] != 1 {
		t.Errorf("%d blocks, skipped %v", len(blocks), reading.Skipped)
	}
}

func TestGenesisErrors(t *testing.T) {
	chain := mustChain(t, "eip155:77")
	for _, test := range []struct{ name, text, want string }{
		{"no JSON", "x", "genesis JSON"},
		{"no allocation", `{"config":{}}`, `no "alloc"`},
		{"another chain", `{"config":{"chainId":5},"alloc":{}}`, "eip155:5"},
		{"no address", `{"alloc":{"0x12":{"balance":"1"}}}`, "no address"},
		{"twice", `{"alloc":{"0x00000000000000000000000000000000000000AA":{"balance":"1"},"00000000000000000000000000000000000000aa":{"balance":"1"}}}`, "twice"},
		{"no balance", `{"alloc":{"00000000000000000000000000000000000000aa":{}}}`, "no balance"},
		{"negative", `{"alloc":{"00000000000000000000000000000000000000aa":{"balance":"-1"}}}`, "negative"},
		{"too large", `{"alloc":{"00000000000000000000000000000000000000aa":{"balance":"0x1` + strings.Repeat("0", 64) + `"}}}`, "balance"},
		{"fraction", `{"alloc":{"00000000000000000000000000000000000000aa":{"balance":1.5}}}`, "not an amount"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := ethereum.ReadGenesis(chain, strings.NewReader(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	g, err := ethereum.ReadGenesis(chain, strings.NewReader(`{"timestamp":"0x10","alloc":{"0x00000000000000000000000000000000000000bb":{"balance":"0x0a"},"00000000000000000000000000000000000000aa":{"balance":"12"},"00000000000000000000000000000000000000cc":{"balance":"0x0"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(moves(ethereum.Decoded{Block: g.Block}))
	want := fmt.Sprintf("[reward:0 genesis ->%s 12 reward:1 genesis ->%s 10]", common.HexToAddress("aa"), common.HexToAddress("bb"))
	if got != want || g.Block.Time != 16 {
		t.Errorf("got %s, want %s", got, want)
	}
}
