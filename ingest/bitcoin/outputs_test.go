package bitcoin_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest"
	"spoor/ingest/bitcoin"

	"github.com/btcsuite/btcd/wire/v2"
)

// Outputs of blocks that the loop has stored are found in the store when
// memory is short; those of blocks it still holds are kept.
func TestPrevoutsLeaveMemory(t *testing.T) {
	ctx := context.Background()
	ledger, err := graphtest.NewModel().Ledger(ctx, chain(t, "bitcoin"))
	if err != nil {
		t.Fatal(err)
	}
	inLedger, done := bitcoin.LookupIn(ctx, ledger)
	lookups := 0
	older := func(prev graph.OutPoint) (graph.Transfer, error) {
		lookups++
		return inLedger(prev)
	}
	want, _, err := readFiles(t, "bitcoin", mainnetFile(t), ingest.Stop, bitcoin.Options{To: 600})
	if err != nil {
		t.Fatal(err)
	}
	source, err := bitcoin.NewBlockFiles(chain(t, "bitcoin"), mainnetFile(t), older, ingest.NewMeter(ingest.Stop), bitcoin.Options{To: 600, MaxOutputs: 30})
	if err != nil {
		t.Fatal(err)
	}
	var got, batch []graph.Block
	for b, err := range source.Blocks(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if batch = append(batch, b); len(batch) == 20 {
			if err := ledger.Apply(ctx, batch...); err != nil {
				t.Fatal(err)
			}
			source.Flushed(b.Height)
			batch = nil
		}
		got = append(got, b)
	}
	if !reflect.DeepEqual(got, want) {
		t.Error("with little memory other blocks come out")
	}
	if lookups == 0 {
		t.Error("nothing was looked up")
	}

	source, err = bitcoin.NewBlockFiles(chain(t, "bitcoin"), mainnetFile(t), older, ingest.NewMeter(ingest.Stop), bitcoin.Options{To: 600, MaxOutputs: 30})
	if err != nil {
		t.Fatal(err)
	}
	_, err = read(t, source)
	wantError(t, err, "31 unspent outputs", "limit of 30")
	if err := done(); err != nil {
		t.Error(err)
	}
}

// A spent output takes no memory, even if the loop has stored nothing yet.
func TestSpentOutputsLeaveMemory(t *testing.T) {
	block := mine(t, regtest.GenesisBlock, coinbase(t, 1, btc))
	file := append(frame(t, regtest.Net, regtest.GenesisBlock), frame(t, regtest.Net, block)...)
	for height := int32(2); height < 20; height++ { // each spends all that the one before made
		before := block.Transactions
		spend := pay(before[len(before)-1], 0, btc)
		if len(before) == 2 {
			hash := before[0].TxHash()
			spend.AddTxIn(wire.NewTxIn(wire.NewOutPoint(&hash, 0), nil, nil))
		}
		block = mine(t, block, coinbase(t, height, 1), spend)
		file = append(file, frame(t, regtest.Net, block)...)
	}
	path := writeFile(t, file, t.TempDir(), "blk00000.dat")
	blocks, _, err := readFiles(t, "bitcoin-regtest", path, ingest.Stop, bitcoin.Options{MaxOutputs: 3}) // one is of block 0
	if err != nil || len(blocks) != 20 {
		t.Errorf("%d blocks, %v", len(blocks), err)
	}
}

// The loop of package ingest, with memory for little, in two runs.
func TestIntoLedger(t *testing.T) {
	ctx := t.Context()
	ledger, err := graphtest.NewModel().Ledger(ctx, chain(t, "bitcoin"))
	if err != nil {
		t.Fatal(err)
	}
	run := func(options bitcoin.Options) ingest.Result {
		t.Helper()
		lookup, done := bitcoin.LookupIn(ctx, ledger)
		meter := ingest.NewMeter(ingest.Stop)
		source, err := bitcoin.NewBlockFiles(chain(t, "bitcoin"), mainnetFile(t), lookup, meter, options)
		if err != nil {
			t.Fatal(err)
		}
		result, err := ingest.Run(ctx, ledger, source, ingest.Options{Meter: meter, Batch: 100})
		if err := errors.Join(err, done()); err != nil {
			t.Fatal(err)
		}
		return result
	}
	run(bitcoin.Options{To: 169, MaxOutputs: 130})
	run(bitcoin.Options{From: 170, To: 800, MaxOutputs: 130})
	if again := run(bitcoin.Options{To: 800}); again.Blocks != 0 || again.Known != 801 {
		t.Errorf("a third time: %+v", again)
	}
	view, err := ledger.View(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close() //nolint:errcheck // a test's view
	payment, err := graph.ParseHash("f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16")
	if err != nil {
		t.Fatal(err)
	}
	at, err := view.FindTx(payment)
	if err != nil || len(at) != 1 || at[0].Block != 170 {
		t.Fatalf("%v, %v", at, err)
	}
	tx, err := view.Tx(at[0])
	if err != nil || len(tx.Moves) != 3 || tx.Moves[0].Spends.Block != 9 {
		t.Errorf("%+v, %v", tx, err)
	}
}

// In bulk nothing can be looked up before the end: all unspent outputs stay in
// memory, and suffice.
func TestBulkIntoLedger(t *testing.T) {
	ctx := t.Context()
	ledger, err := graphtest.NewModel().Ledger(ctx, chain(t, "bitcoin"))
	if err != nil {
		t.Fatal(err)
	}
	options := bitcoin.Options{To: 2_000}
	want, meter, err := readFiles(t, "bitcoin", mainnetFile(t), ingest.Stop, options)
	if err != nil {
		t.Fatal(err)
	}
	source, err := bitcoin.NewBlockFiles(chain(t, "bitcoin"), mainnetFile(t), nil, ingest.NewMeter(ingest.Stop), options)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ingest.Run(ctx, ledger, source, ingest.Options{Bulk: ingest.BulkOn}); err != nil {
		t.Fatal(err)
	}
	view, err := ledger.View(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close() //nolint:errcheck // a test's view
	size, err := view.Size()
	if err != nil || size.Blocks != 2_001 || size.Txs != meter.Read["transactions"] || size.Transfers != meter.Read["transfers"] {
		t.Errorf("%+v, %v; read %v", size, err, meter.Read)
	}
	height := uint32(0)
	for b, err := range view.Blocks(ctx, 0) {
		if err != nil || !reflect.DeepEqual(b, want[height]) {
			t.Fatalf("block %d: %+v, %v", height, b, err)
		}
		height++
	}
}
