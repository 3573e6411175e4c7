package graphtest

import (
	"fmt"
	"slices"
	"spoor/graph"
	"testing"
)

func (s suite) findTx(t *testing.T) {
	chain := Ethereum()
	l := s.fresh(t, chain)
	blocks := Payments(chain, 4)
	near := Hash("near")
	near2 := near
	near2[31] ^= 1 // an index on the first bytes cannot tell them apart
	blocks[0].Txs[0].Hash, blocks[1].Txs[0].Hash, blocks[2].Txs[0].Hash = near, near2, near
	apply(t, l, blocks[2:]...)
	apply(t, l, blocks[:2]...)
	v := view(t, l)
	for hash, want := range map[graph.Hash][]uint32{near: {blocks[0].Height, blocks[2].Height}, near2: {blocks[1].Height}} {
		found, err := v.FindTx(hash)
		must(t, err)
		var heights []uint32
		for _, p := range found {
			heights = append(heights, p.Block)
		}
		if !slices.Equal(heights, want) {
			t.Fatalf("%s is at %v, want %v", hash, heights, want)
		}
	}
	near2[30] ^= 1
	_, err := v.FindTx(near2)
	wantErr(t, err, graph.ErrNotFound)
}

func (s suite) history(t *testing.T) {
	chain := Ethereum()
	a, b := Account(chain, 1), Account(chain, 2)
	block := graph.Block{Header: graph.Header{Height: 5, Time: 50}, Know: graph.Knowledge{Transfers: graph.Full}, Txs: []graph.Tx{
		{Index: 1, Hash: Hash("1"), Transfers: []graph.Transfer{
			{Seq: 1, Kind: graph.KindNative, From: a, To: b, Asset: chain.Native(), Amount: graph.Amount{1}},
			{Seq: 2, Kind: graph.KindNative, From: a, To: a, Asset: chain.Native(), Amount: graph.Amount{2}},
			{Seq: 3, Kind: graph.KindMint, To: a, Asset: Token(chain, 1), Amount: graph.Amount{3}},
		}},
		{Index: 4, Hash: Hash("4"), Transfers: []graph.Transfer{{Seq: 0, Kind: graph.KindNative, From: b, To: a, Asset: chain.Native(), Amount: graph.Amount{4}}}},
	}}
	l := s.fresh(t, chain)
	apply(t, l, block)
	v := view(t, l)
	id, err := v.ID(a)
	must(t, err)
	peer, err := v.ID(b)
	must(t, err)
	token, err := v.AssetID(Token(chain, 1))
	must(t, err)
	at := func(tx uint32, seq graph.Seq) graph.Position { return graph.Position{Block: 5, Tx: tx, Seq: seq} }
	want := []graph.Entry{
		{At: at(1, 1), Out: true, Kind: graph.KindNative, Peer: peer, Asset: graph.NativeID, Amount: graph.Amount{1}},
		{At: at(1, 2), Out: true, Kind: graph.KindNative, Peer: id, Asset: graph.NativeID, Amount: graph.Amount{2}},
		{At: at(1, 2), Out: false, Kind: graph.KindNative, Peer: id, Asset: graph.NativeID, Amount: graph.Amount{2}},
		{At: at(1, 3), Out: false, Kind: graph.KindMint, Asset: token, Amount: graph.Amount{3}},
		{At: at(4, 0), Out: false, Kind: graph.KindNative, Peer: peer, Asset: graph.NativeID, Amount: graph.Amount{4}},
	}
	for from, n := range map[graph.Position]int{{}: 5, at(1, 1): 5, at(1, 2): 4, at(1, 2).Next(): 2, at(2, 0): 1, at(4, 0): 1, at(4, 1): 0, graph.MaxPosition: 0} {
		got := entries(t, v, id, from)
		if !slices.Equal(got, want[5-n:]) {
			t.Fatalf("from %s: got %+v, want %+v", from, got, want[5-n:])
		}
	}
	for limit, n := range map[int]int{0: 0, 1: 1, 4: 4, 5: 5, 100: 5} {
		if got, err := v.Entries(id, limit); err != nil || got != n {
			t.Fatalf("%d entries, %v; want %d", got, err, n)
		}
	}
}

func entries(t testing.TB, v graph.View, id graph.ID, from graph.Position) []graph.Entry {
	t.Helper()
	var all []graph.Entry
	for e, err := range v.History(t.Context(), id, from) {
		must(t, err)
		all = append(all, e)
	}
	return all
}

// longHistory reads an address with far more entries than a row holds, from
// every place, in pieces, and while other histories are read.
func (s suite) longHistory(t *testing.T) {
	chain := Ethereum()
	hub := Account(chain, 1)
	var blocks []graph.Block
	for height := range uint32(40) {
		b := graph.Block{Header: graph.Header{Height: height, Time: int64(height)}, Know: graph.Knowledge{Transfers: graph.Full}}
		for i := range uint32(7) {
			tx := graph.Tx{Index: i, Hash: Hash(fmt.Sprint(height, i))}
			for seq := range graph.Seq(4) {
				t := graph.Transfer{Seq: seq, Kind: graph.KindTransfer, From: hub, To: Account(chain, 2+int(height)%5), Asset: chain.Native(), Amount: graph.Amount{uint64(height)}}
				if seq == 2 {
					t.To = hub
				}
				tx.Transfers = append(tx.Transfers, t)
			}
			b.Txs = append(b.Txs, tx)
		}
		blocks = append(blocks, b)
	}
	l := s.fresh(t, chain)
	apply(t, l, blocks[10:30]...)
	apply(t, l, blocks[35:]...)
	apply(t, l, blocks[30:35]...)
	apply(t, l, blocks[:10]...)
	same(t, l, model(t, chain, blocks...))
	v := view(t, l)
	id, err := v.ID(hub)
	must(t, err)
	all := entries(t, v, id, graph.Position{})
	if len(all) != 40*7*5 {
		t.Fatalf("%d entries", len(all))
	}
	for i := 0; i < len(all); i += 17 {
		first := slices.IndexFunc(all, func(e graph.Entry) bool { return e.At.Compare(all[i].At) >= 0 })
		if got := entries(t, v, id, all[i].At); !slices.Equal(got, all[first:]) {
			t.Fatalf("from %s: %d entries, want %d", all[i].At, len(got), len(all)-first)
		}
	}
	var pieces []graph.Entry
	for next, more := (graph.Position{}), true; more; {
		more = false
		for e, err := range v.History(t.Context(), id, next) {
			must(t, err)
			if n := len(pieces); n > 0 && more && len(pieces)%50 == 0 && pieces[n-1].At != e.At {
				next = pieces[n-1].At.Next()
				break
			}
			pieces, more = append(pieces, e), true
			next = e.At.Next()
			if e.Peer != 0 && len(pieces)%100 == 0 { // a history inside a history
				entries(t, v, e.Peer, graph.Position{})
				_, err := v.Tx(e.At)
				must(t, err)
			}
		}
	}
	if !slices.Equal(pieces, all) {
		t.Fatalf("in pieces %d entries, want %d", len(pieces), len(all))
	}
}
