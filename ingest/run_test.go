package ingest_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/graph/graphtest"
	"spoor/ingest"
)

// blocks is a source of what a test gives it.
type blocks struct {
	list    []graph.Block
	fail    error
	after   func(i int) // called before block i is yielded
	flushed []uint32
}

func (b *blocks) Chain() graph.Chain { return graph.ChainOf(graph.Ethereum) }

func (b *blocks) Infos() []graph.AssetInfo { return nil }

func (b *blocks) Blocks(context.Context) iter.Seq2[graph.Block, error] {
	return func(yield func(graph.Block, error) bool) {
		for i, block := range b.list {
			if b.after != nil {
				b.after(i)
			}
			if !yield(block, nil) {
				return
			}
		}
		if b.fail != nil {
			yield(graph.Block{}, b.fail)
		}
	}
}

func chainOf(n int) []graph.Block {
	var list []graph.Block
	for i := range n {
		to := graph.EVMAddress(graph.Ethereum, [20]byte{byte(i), 1})
		list = append(list, graph.Block{
			Header: graph.Header{Height: uint32(i), Hash: graph.Hash{1, byte(i)}, Parent: graph.Hash{1, byte(i - 1)}, Time: int64(i)},
			Know:   graph.Knowledge{Transfers: graph.Full}, Source: "test",
			Txs: []graph.Tx{{Hash: graph.Hash{2, byte(i)}, Transfers: []graph.Transfer{{Kind: graph.KindNative, To: to, Asset: graph.ChainOf(graph.Ethereum).Native()}}}},
		})
	}
	return list
}

func openLedger(t *testing.T) (*graphtest.Model, graph.Ledger) {
	t.Helper()
	store := graphtest.NewModel()
	ledger, err := store.Ledger(context.Background(), graph.ChainOf(graph.Ethereum))
	if err != nil {
		t.Fatal(err)
	}
	return store, ledger
}

func heights(t *testing.T, store graph.Store) (list []uint32) {
	t.Helper()
	for b := range all(t, store, graph.Ethereum) {
		list = append(list, b.Height)
	}
	return list
}

func TestRunTwiceWritesOnce(t *testing.T) {
	for name, o := range map[string]ingest.Options{
		"small batches":    {Batch: 3},
		"one batch":        {},
		"bulk":             {Bulk: ingest.BulkOn},
		"bulk if large":    {Peek: 10},
		"large, but never": {Peek: 10, Bulk: ingest.BulkOff},
	} {
		t.Run(name, func(t *testing.T) {
			store, ledger := openLedger(t)
			first, err := ingest.Run(context.Background(), ledger, &blocks{list: chainOf(20)}, o)
			if err != nil {
				t.Fatal(err)
			}
			if first.Blocks != 20 || first.Transfers != 20 || first.Known != 0 || first.Height != 19 {
				t.Errorf("first run: %+v", first)
			}
			if want := o.Bulk == ingest.BulkOn || o.Peek > 0 && o.Bulk != ingest.BulkOff; first.Loaded != want {
				t.Errorf("loaded in bulk: %v, want %v", first.Loaded, want)
			}
			again, err := ingest.Run(context.Background(), ledger, &blocks{list: chainOf(25)}, o)
			if err != nil {
				t.Fatal(err)
			}
			if again.Blocks != 5 || again.Known != 20 || again.Loaded {
				t.Errorf("second run: %+v", again)
			}
			if got := heights(t, store); len(got) != 25 {
				t.Errorf("stored %v", got)
			}
		})
	}
}

func TestRunStoresWhatCameBeforeAFailure(t *testing.T) {
	for name, o := range map[string]ingest.Options{"applied": {Batch: 4}, "loaded": {Bulk: ingest.BulkOn}} {
		t.Run(name, func(t *testing.T) {
			store, ledger := openLedger(t)
			broken := errors.New("broken")
			result, err := ingest.Run(context.Background(), ledger, &blocks{list: chainOf(7), fail: broken}, o)
			if !errors.Is(err, broken) || result.Interrupted {
				t.Fatalf("%+v, %v", result, err)
			}
			if got := heights(t, store); len(got) != 7 {
				t.Errorf("stored %v", got)
			}
		})
	}
}

func TestRunInterruptedKeepsWhatWasRead(t *testing.T) {
	store, ledger := openLedger(t)
	ctx, cancel := context.WithCancel(context.Background())
	src := &blocks{list: chainOf(200), after: func(i int) {
		if i == 50 {
			cancel()
		}
	}}
	result, err := ingest.Run(ctx, ledger, src, ingest.Options{Batch: 8})
	if err != nil || !result.Interrupted {
		t.Fatalf("%+v, %v", result, err)
	}
	got := heights(t, store)
	if len(got) == 0 || len(got) > 50 || uint64(len(got)) != result.Blocks {
		t.Fatalf("stored %d blocks, result %+v", len(got), result)
	}
	result, err = ingest.Run(context.Background(), ledger, &blocks{list: chainOf(200)}, ingest.Options{})
	if err != nil || result.Interrupted || result.Known != uint64(len(got)) {
		t.Fatalf("resumed: %+v, %v", result, err)
	}
	if got := heights(t, store); len(got) != 200 {
		t.Errorf("stored %d blocks", len(got))
	}
}

func TestRunRefuses(t *testing.T) {
	fork := chainOf(5)
	fork[3].Hash = graph.Hash{9}
	back := chainOf(5)
	back[4].Height = 2
	foreign := chainOf(2)
	foreign[1].Txs[0].Transfers[0].To = graph.EVMAddress("eip155:10", [20]byte{1})
	for name, test := range map[string]struct {
		list []graph.Block
		want string
	}{
		"another branch":   {fork, "another block is stored at this height"},
		"falling heights":  {back, "the source went back from block 3 to block 2"},
		"an invalid block": {foreign, "belongs to another chain"},
	} {
		t.Run(name, func(t *testing.T) {
			_, ledger := openLedger(t)
			if _, err := ingest.Run(context.Background(), ledger, &blocks{list: chainOf(5)[:4]}, ingest.Options{}); err != nil {
				t.Fatal(err)
			}
			_, err := ingest.Run(context.Background(), ledger, &blocks{list: test.list}, ingest.Options{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestRunBetweenHeights(t *testing.T) {
	store, ledger := openLedger(t)
	result, err := ingest.Run(context.Background(), ledger, &blocks{list: chainOf(20)}, ingest.Options{From: 5, To: 7})
	if err != nil || result.Outside != 5 {
		t.Fatalf("%+v, %v", result, err)
	}
	if got := heights(t, store); len(got) != 3 || got[0] != 5 || got[2] != 7 {
		t.Errorf("stored %v", got)
	}
}

// keeper is a source that must be told what is stored.
type keeper struct{ blocks }

func (k *keeper) Flushed(height uint32) { k.flushed = append(k.flushed, height) }

func TestRunTellsASourceWhatIsStored(t *testing.T) {
	_, ledger := openLedger(t)
	src := &keeper{blocks{list: chainOf(10)}}
	result, err := ingest.Run(context.Background(), ledger, src, ingest.Options{Batch: 8, Peek: 1})
	if err != nil || result.Loaded {
		t.Fatalf("%+v, %v", result, err)
	}
	if len(src.flushed) < 2 || src.flushed[len(src.flushed)-1] != 9 {
		t.Errorf("flushed %v", src.flushed)
	}
	again := &keeper{blocks{list: chainOf(10)}}
	if _, err := ingest.Run(context.Background(), ledger, again, ingest.Options{}); err != nil {
		t.Fatal(err)
	}
	if len(again.flushed) == 0 || again.flushed[len(again.flushed)-1] != 9 {
		t.Errorf("known blocks: flushed %v", again.flushed)
	}
}

// A bulk load that is interrupted leaves blocks staged. What is ingested next
// may be another source, with blocks below and between them: nothing of either
// may be lost.
func TestRunCompletesWhatAnInterruptedLoadStaged(t *testing.T) {
	store, err := badger.Open(t.TempDir(), badger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	ledger, err := store.Ledger(context.Background(), graph.ChainOf(graph.Ethereum))
	if err != nil {
		t.Fatal(err)
	}
	var even, odd []graph.Block
	for i, b := range chainOf(200) {
		if i%2 == 0 {
			even = append(even, b)
		} else {
			odd = append(odd, b)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	result, err := ingest.Run(ctx, ledger, &blocks{list: even, after: func(i int) {
		if i == 60 {
			cancel()
		}
	}}, ingest.Options{Bulk: ingest.BulkOn})
	if err != nil || !result.Interrupted || !result.Loaded {
		t.Fatalf("%+v, %v", result, err)
	}
	height, staged, err := ledger.Staged(context.Background())
	if err != nil || !staged || height == 0 || height > 120 {
		t.Fatalf("staged %v up to %d, %v", staged, height, err)
	}
	for _, list := range [][]graph.Block{odd, even} {
		if result, err = ingest.Run(context.Background(), ledger, &blocks{list: list}, ingest.Options{}); err != nil || result.Interrupted {
			t.Fatalf("%+v, %v", result, err)
		}
	}
	if result.Known != uint64(height/2)+1 {
		t.Errorf("%d blocks were known, staged were those up to %d", result.Known, height)
	}
	if got := heights(t, store); len(got) != 200 {
		t.Errorf("stored %d blocks", len(got))
	}
}

// coins is a source of a UTXO ledger.
type coins struct{ blocks }

func (c *coins) Chain() graph.Chain { return graphtest.Bitcoin() }

// TestRunLearnsForms: whole blocks that were stored without the forms of their
// transactions get them when they are read again, and are known after that.
func TestRunLearnsForms(t *testing.T) {
	chain := graphtest.Bitcoin()
	ledger, err := graphtest.NewModel().Ledger(t.Context(), chain)
	if err != nil {
		t.Fatal(err)
	}
	bare, formed := graphtest.Payments(chain, 6), graphtest.Payments(chain, 6)
	for i := range formed {
		for j := range formed[i].Txs {
			formed[i].Txs[j].Form = graph.Form{Known: true, Version: 2, LockTime: uint32(i)}
		}
	}
	for i, step := range []struct {
		list            []graph.Block
		written, known  uint64
		forms, unformed uint64
	}{
		{bare, 6, 0, 0, 11},
		{bare, 0, 6, 0, 11},
		{formed[:3], 3, 0, 5, 6},
		{formed, 3, 3, 11, 0},
		{formed, 0, 6, 11, 0},
		{bare, 0, 6, 11, 0},
	} {
		done, err := ingest.Run(t.Context(), ledger, &coins{blocks{list: step.list}}, ingest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		view, err := ledger.View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		size, err := view.Size()
		if err != nil || done.Blocks != step.written || done.Known != step.known || size.Forms != step.forms || size.Txs-size.Forms != step.unformed {
			t.Errorf("step %d: %d blocks written, %d known, %d of %d forms, %v", i, done.Blocks, done.Known, size.Forms, size.Txs, err)
		}
	}
}
