package ingest_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest"
)

// TestExportReadsBackAsItself stores random blocks, exports them, reads the
// export into an empty store and exports that: every byte must agree, and so
// must the blocks.
func TestExportReadsBackAsItself(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ctx := context.Background()
		store := graphtest.NewModel()
		for _, id := range []graph.ChainID{graph.Ethereum, graph.Bitcoin} {
			ledger, err := store.Ledger(ctx, graph.ChainOf(id))
			if err != nil {
				rt.Fatal(err)
			}
			if err := ledger.Apply(ctx, drawBlocks(rt, graph.ChainOf(id))...); err != nil {
				rt.Fatal(err)
			}
			if err := ledger.Describe(ctx, graph.AssetInfo{Asset: drawAsset(rt, ledger.Chain()), Symbol: rapid.StringMatching(`[A-Z=,"\n]{0,8}`).Draw(rt, "symbol"), Decimals: rapid.IntRange(-1, 255).Draw(rt, "decimals"), Source: "test"}); err != nil {
				rt.Fatal(err)
			}
		}
		first := export(t, store)
		again := graphtest.NewModel()
		if chains, err := store.Chains(ctx); err != nil || len(chains) == 0 {
			return
		}
		if err := ingestFiles(again, ingest.TransfersOptions{}, ingest.NewMeter(ingest.Stop), write(t, "export.csv", first)); err != nil {
			rt.Fatalf("%v\n%s", err, first)
		}
		if second := export(t, again); second != first {
			rt.Fatalf("first:\n%s\nsecond:\n%s", first, second)
		}
		for _, id := range []graph.ChainID{graph.Ethereum, graph.Bitcoin} {
			want := slices.Collect(iter.Seq[graph.Block](all(t, store, id)))
			got := slices.Collect(iter.Seq[graph.Block](all(t, again, id)))
			if fmt.Sprint(got) != fmt.Sprint(want) {
				rt.Fatalf("%s: got\n%v\nwant\n%v", id, got, want)
			}
		}
	})
}

func drawBlocks(rt *rapid.T, chain graph.Chain) []graph.Block {
	var blocks []graph.Block
	height := uint32(0)
	for range rapid.IntRange(0, 4).Draw(rt, "blocks") {
		height += rapid.Uint32Range(1, 1000).Draw(rt, "gap")
		b := graph.Block{
			Header: graph.Header{Height: height, Hash: drawHash(rt), Parent: drawHash(rt), Time: rapid.Int64Range(0, 4e9).Draw(rt, "time")},
			Know:   graph.Knowledge{Transfers: drawExtent(rt), Logs: drawExtent(rt), Traces: drawExtent(rt)},
			Source: rapid.SampledFrom([]string{"", "a file.csv", "node, 1"}).Draw(rt, "source"),
		}
		used := map[graph.Hash]bool{}
		for _, index := range drawAscending(rt, "tx", 3) {
			tx := graph.Tx{Index: index, Hash: drawHash(rt), Failed: rapid.Bool().Draw(rt, "failed")}
			if used[tx.Hash] {
				tx.Hash = graph.Hash{}
			}
			used[tx.Hash] = true
			if rapid.IntRange(0, 9).Draw(rt, "own") == 0 {
				tx.Index, tx.Hash = graph.BlockTx, graph.Hash{}
			}
			tx.Transfers = drawTransfers(rt, chain)
			b.Txs = append(b.Txs, tx)
			if tx.Index == graph.BlockTx {
				break
			}
		}
		blocks = append(blocks, b)
	}
	return blocks
}

func drawTransfers(rt *rapid.T, chain graph.Chain) []graph.Transfer {
	var out []graph.Transfer
	for _, n := range drawAscending(rt, "seq", 5) {
		t := graph.Transfer{Seq: graph.Seq(n), Asset: drawAsset(rt, chain)}
		amount := rapid.SliceOfN(rapid.Byte(), 0, 32).Draw(rt, "amount")
		t.Amount.SetBytes(amount)
		if chain.Family == graph.UTXOFamily {
			t.Kind = rapid.SampledFrom([]graph.Kind{graph.KindInput, graph.KindOutput, graph.KindReward}).Draw(rt, "kind")
		} else {
			t.Kind = rapid.SampledFrom([]graph.Kind{graph.KindTransfer, graph.KindNative, graph.KindToken, graph.KindFee, graph.KindWithdrawal, graph.KindGenesis}).Draw(rt, "kind")
		}
		ends := rapid.IntRange(0, 2).Draw(rt, "ends")
		if t.Kind == graph.KindInput || ends == 1 && t.Kind != graph.KindOutput || ends == 2 && chain.Family == graph.AccountFamily {
			t.From = drawAddress(rt, chain)
		}
		if t.From.IsZero() || ends == 2 && chain.Family == graph.AccountFamily {
			t.To = drawAddress(rt, chain)
		}
		if t.Kind == graph.KindInput && rapid.Bool().Draw(rt, "prev") {
			t.Prev = graph.OutPoint{Tx: graph.Hash{1, 2, 3}, Index: rapid.Uint32().Draw(rt, "index")}
		}
		out = append(out, t)
	}
	return out
}

func drawAscending(rt *rapid.T, what string, most int) []uint32 {
	set := rapid.SliceOfNDistinct(rapid.OneOf(rapid.Uint32Range(0, 9), rapid.Uint32Range(0, graph.MaxTx)), 0, most, rapid.ID[uint32]).Draw(rt, what)
	slices.Sort(set)
	return set
}

func drawExtent(rt *rapid.T) graph.Extent {
	return graph.Extent(rapid.IntRange(0, 2).Draw(rt, "extent"))
}

func drawHash(rt *rapid.T) (h graph.Hash) {
	if rapid.Bool().Draw(rt, "hash") {
		copy(h[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(rt, "digits"))
	}
	return h
}

func drawAddress(rt *rapid.T, chain graph.Chain) graph.Address {
	n := rapid.ByteRange(1, 5).Draw(rt, "address")
	if chain.Family == graph.AccountFamily {
		return graph.EVMAddress(chain.ID, [20]byte{n, 0xab})
	}
	return graph.ScriptAddress(chain.ID, []byte{n, 0xac})
}

func drawAsset(rt *rapid.T, chain graph.Chain) graph.Asset {
	standard := graph.NativeCoin
	if chain.Family == graph.AccountFamily {
		standard = graph.Standard(rapid.IntRange(1, 4).Draw(rt, "standard"))
	}
	a := graph.Asset{Chain: chain.ID, Standard: standard}
	if !a.IsNative() {
		a.Contract = graph.EVMAddress(chain.ID, [20]byte{0xc0, rapid.ByteRange(0, 2).Draw(rt, "contract")})
	}
	if standard == graph.ERC721 || standard == graph.ERC1155 {
		a.TokenID.SetUint64(rapid.Uint64().Draw(rt, "id"))
	}
	return a
}
