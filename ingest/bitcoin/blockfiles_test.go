package bitcoin_test

import (
	"context"
	"errors"
	"testing"

	"github.com/btcsuite/btcd/chaincfg/v2"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest"
	"spoor/ingest/bitcoin"
)

func TestFirstBlocksOfMainnet(t *testing.T) {
	blocks, meter, err := readFiles(t, "bitcoin", mainnetFile(t), ingest.Stop, bitcoin.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(blocks) != 14_132 {
		t.Fatalf("%d blocks", len(blocks))
	}
	if meter.Read["transactions"] != 14_247 || len(meter.Skipped) != 0 || meter.Done != 14_132 || meter.Total != 14_132 {
		t.Errorf("meter: %+v", meter)
	}
	unspent, outputs := map[graph.OutPoint]graph.Amount{}, 0
	for i, b := range blocks {
		if b.Height != uint32(i) || !b.Whole() || i > 0 && b.Parent != blocks[i-1].Hash {
			t.Fatalf("block %d: %+v", i, b.Header)
		}
		for _, tx := range b.Txs {
			for _, m := range tx.Transfers {
				if m.Kind == graph.KindInput {
					if _, ok := unspent[m.Prev]; !ok {
						t.Errorf("%s spends %v again", tx.Hash, m.Prev)
					}
					delete(unspent, m.Prev)
					continue
				}
				unspent[graph.OutPoint{Tx: tx.Hash, Index: uint32(m.Seq.Index())}] = m.Amount
				outputs++
			}
		}
	}
	if outputs != 14_282 {
		t.Errorf("%d outputs, want 14282", outputs)
	}
	// What is unspent is what was issued (fees went to miners), less the output
	// of block 0, which can never be spent.
	var sum graph.Amount
	for _, a := range unspent {
		sum.Add(&sum, &a)
	}
	genesis := blocks[0].Txs[0].Transfers[0]
	sum.Sub(&sum, &genesis.Amount)
	if want := uint64(14_131 * 50 * btc); sum.Uint64() != want {
		t.Errorf("unspent %s, want %d", sum.Dec(), want)
	}
	if blocks[0].Hash.String() != chaincfg.MainNetParams.GenesisHash.String() || blocks[0].Time != 1231006505 {
		t.Errorf("genesis: %+v", blocks[0].Header)
	}

	// Satoshi's payment to Hal Finney.
	payment := blocks[170].Txs[1]
	if payment.Hash.String() != "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16" || len(payment.Transfers) != 3 {
		t.Fatalf("block 170: %+v", payment)
	}
	nine := blocks[9].Txs[0]
	in, to, change := payment.Transfers[0], payment.Transfers[1], payment.Transfers[2]
	if in.Prev != (graph.OutPoint{Tx: nine.Hash, Index: 0}) || in.From != nine.Transfers[0].To || in.Amount.Uint64() != 50*btc {
		t.Errorf("input: %+v", in)
	}
	if to.Amount.Uint64() != 10*btc || change.Amount.Uint64() != 40*btc || change.To != in.From {
		t.Errorf("outputs: %+v, %+v", to, change)
	}
}

func TestRangeOfHeights(t *testing.T) {
	blocks, _, err := readFiles(t, "bitcoin", mainnetFile(t), ingest.Stop, bitcoin.Options{From: 9, To: 170})
	if err != nil || len(blocks) != 162 || blocks[0].Height != 9 {
		t.Fatalf("%d blocks, %v", len(blocks), err)
	}
	_, _, err = readFiles(t, "bitcoin", mainnetFile(t), ingest.Stop, bitcoin.Options{From: 10, To: 170})
	wantError(t, err, "block 170, transaction f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16, input 0",
		"prevout not in the store", "0437cd7f8525ceed2324359c2d0ba26006d92d856a9c20fa0241106ee5a597c9")
	if !errors.Is(err, graph.ErrNotFound) {
		t.Errorf("%v is not ErrNotFound", err)
	}
	blocks, meter, err := readFiles(t, "bitcoin", mainnetFile(t), ingest.Skip, bitcoin.Options{From: 10, To: 170})
	if err != nil {
		t.Fatal(err)
	}
	last := blocks[len(blocks)-1]
	if last.Know.Transfers != graph.Partial || len(last.Txs[1].Transfers) != 2 || last.Txs[1].Transfers[0].Kind != graph.KindOutput {
		t.Errorf("block with an unknown input: %+v", last)
	}
	if meter.Skipped["prevout not in the store"] != 1 || blocks[0].Know.Transfers != graph.Full {
		t.Errorf("skipped: %v", meter.Skipped)
	}
}

// A block file that begins after BIP 34 tells its heights itself.
func TestLaterBlocks(t *testing.T) {
	path := writeFile(t, bunzip(t, "277647.dat.bz2"), t.TempDir(), "blk00000.dat")
	blocks, meter, err := readFiles(t, "bitcoin", path, ingest.Skip, bitcoin.Options{})
	if err != nil || len(blocks) != 1 {
		t.Fatalf("%d blocks, %v", len(blocks), err)
	}
	b := blocks[0]
	if b.Height != 277_647 || len(b.Txs) != 213 || b.Know.Transfers != graph.Partial {
		t.Errorf("%+v with %d transactions, %+v", b.Header, len(b.Txs), b.Know)
	}
	inputs, outputs := ends(blocks)
	// Of 732 inputs those that spend outputs of the block itself are known.
	if left := meter.Skipped["prevout not in the store"]; outputs != 769 || inputs == 0 || inputs+int(left) != 732 {
		t.Errorf("%d inputs, %d outputs, skipped %v", inputs, outputs, meter.Skipped)
	}
}

func ends(blocks []graph.Block) (inputs, outputs int) {
	for i := range blocks {
		for _, tx := range blocks[i].Txs {
			for _, m := range tx.Transfers {
				if m.Kind == graph.KindInput {
					inputs++
				} else {
					outputs++
				}
			}
		}
	}
	return inputs, outputs
}

// Two blocks of 2014 and 2016 whose neighbours are not there.
func TestSingleBlocks(t *testing.T) {
	dir := graphtest.Data(t, "btc-blocks")
	blocks, meter, err := readFiles(t, "bitcoin", dir, ingest.Skip, bitcoin.Options{})
	if err != nil || len(blocks) != 2 {
		t.Fatalf("%d blocks, %v", len(blocks), err)
	}
	for i, want := range []struct {
		hash    string
		txs     int
		outputs int
	}{
		{"00000000000000001203c1ea455e38612bdf36e9967fdead11935c8e22283ecc", 202, 482},
		{"000000000000000002d249a3d89f63ef3fee203adcca7c24008c13fd854513f2", 1652, 5640},
	} {
		b := blocks[i]
		if _, outputs := ends(blocks[i : i+1]); b.Hash.String() != want.hash || len(b.Txs) != want.txs || outputs != want.outputs {
			t.Errorf("height %d: %s, %d transactions, %d outputs", b.Height, b.Hash, len(b.Txs), outputs)
		}
		t.Logf("block %d is %s", b.Height, b.Hash)
	}
	if gap := meter.Skipped["height without a block"]; gap != uint64(blocks[1].Height-blocks[0].Height-1) {
		t.Errorf("gap %d", gap)
	}
	if meter.Skipped["file without blocks"] != 2 { // LICENSE and SOURCE.md
		t.Errorf("skipped: %v", meter.Skipped)
	}
}

func TestStopReading(t *testing.T) {
	source, err := bitcoin.NewBlockFiles(chain(t, "bitcoin"), mainnetFile(t), nil, ingest.NewMeter(ingest.Stop), bitcoin.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for b, err := range source.Blocks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if b.Height == 3 {
			break
		}
	}
	source, err = bitcoin.NewBlockFiles(chain(t, "bitcoin"), mainnetFile(t), nil, ingest.NewMeter(ingest.Stop), bitcoin.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for b, err := range source.Blocks(ctx) {
		if b.Height == 3 {
			cancel()
		}
		if err != nil && !errors.Is(err, context.Canceled) || b.Height > 3 {
			t.Fatalf("block %d, %v", b.Height, err)
		}
	}
}

func BenchmarkBlockFiles(b *testing.B) {
	path := mainnetFile(b)
	blocks, transfers := 0, 0
	for b.Loop() {
		source, err := bitcoin.NewBlockFiles(chain(b, "bitcoin"), path, nil, ingest.NewMeter(ingest.Stop), bitcoin.Options{})
		if err != nil {
			b.Fatal(err)
		}
		for block, err := range source.Blocks(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
			blocks++
			transfers += block.Transfers()
		}
	}
	b.ReportMetric(float64(blocks)/b.Elapsed().Seconds(), "blocks/s")
	b.ReportMetric(float64(transfers)/b.Elapsed().Seconds(), "transfers/s")
	b.ReportAllocs()
}
