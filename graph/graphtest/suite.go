package graphtest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"testing"

	"spoor/graph"
)

// Suite checks that an engine keeps the promises of graph.Store. open opens the
// store in a directory, again after it was closed.
func Suite(t *testing.T, open func(t testing.TB, dir string) graph.Store) {
	s := suite{open}
	for _, c := range []struct {
		name string
		test func(*testing.T)
	}{
		{"empty", s.empty},
		{"round trip", s.roundTrip},
		{"any order of heights", s.anyOrder},
		{"union", s.union},
		{"refuses", s.refuses},
		{"views are snapshots", s.snapshots},
		{"find transaction", s.findTx},
		{"outputs and spends", s.outputs},
		{"late outputs", s.lateOutputs},
		{"history", s.history},
		{"long history", s.longHistory},
		{"coverage", s.coverage},
		{"coverage of addresses", s.covered},
		{"revert", s.revert},
		{"describe", s.describe},
		{"load", s.load},
		{"interrupted load", s.interruptedLoad},
		{"chains and reopen", s.reopen},
		{"random, accounts", func(t *testing.T) { s.random(t, Ethereum()) }},
		{"random, outputs", func(t *testing.T) { s.random(t, Bitcoin()) }},
	} {
		t.Run(c.name, c.test)
	}
}

type suite struct {
	open func(t testing.TB, dir string) graph.Store
}

// Ethereum and Bitcoin are the chains that tests use.
func Ethereum() graph.Chain { return graph.ChainOf(graph.Ethereum) }

// Bitcoin is the UTXO chain that tests use.
func Bitcoin() graph.Chain { return graph.ChainOf(graph.Bitcoin) }

// fresh is an empty ledger in a store of its own.
func (s suite) fresh(t testing.TB, chain graph.Chain) graph.Ledger {
	t.Helper()
	store := s.open(t, t.TempDir())
	t.Cleanup(func() { must(t, store.Close()) })
	l, err := store.Ledger(t.Context(), chain)
	must(t, err)
	return l
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func apply(t testing.TB, l graph.Ledger, blocks ...graph.Block) {
	t.Helper()
	must(t, l.Apply(t.Context(), blocks...))
}

func view(t testing.TB, l graph.Ledger) graph.View {
	t.Helper()
	v, err := l.View(t.Context())
	must(t, err)
	t.Cleanup(func() { must(t, v.Close()) })
	return v
}

// model is a ledger of the model with the same blocks.
func model(t testing.TB, chain graph.Chain, blocks ...graph.Block) graph.Ledger {
	t.Helper()
	l, err := NewModel().Ledger(t.Context(), chain)
	must(t, err)
	for _, b := range blocks {
		apply(t, l, b)
	}
	return l
}

// same fails unless two ledgers tell the same.
func same(t testing.TB, got, want graph.Ledger) {
	t.Helper()
	sameText(t, Dump(t, view(t, got)), Dump(t, view(t, want)))
}

func sameText(t testing.TB, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	g, w := splitLines(got), splitLines(want)
	for i := range max(len(g), len(w)) {
		if a, b := line(g, i), line(w, i); a != b {
			t.Fatalf("line %d\n got %s\nwant %s", i+1, a, b)
		}
	}
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

func (s suite) empty(t *testing.T) {
	v := view(t, s.fresh(t, Ethereum()))
	_, err := v.Tip()
	wantErr(t, err, graph.ErrNotFound)
	_, err = v.Header(0)
	wantErr(t, err, graph.ErrNotFound)
	_, err = v.Block(0)
	wantErr(t, err, graph.ErrNotFound)
	_, err = v.Tx(graph.Position{})
	wantErr(t, err, graph.ErrNotFound)
	_, err = v.FindTx(Hash("x"))
	wantErr(t, err, graph.ErrNotFound)
	_, err = v.FindTx(graph.Hash{})
	wantErr(t, err, graph.ErrNotFound)
	_, _, err = v.Output(graph.OutPoint{Tx: Hash("x")})
	wantErr(t, err, graph.ErrNotFound)
	_, err = v.ID(Account(Ethereum(), 1))
	wantErr(t, err, graph.ErrNotFound)
	_, err = v.ID(graph.Address{})
	wantErr(t, err, graph.ErrNotFound)
	_, err = v.AssetID(Token(Ethereum(), 1))
	wantErr(t, err, graph.ErrNotFound)
	_, err = v.Entries(1, 10)
	wantErr(t, err, graph.ErrNotFound)
	for _, id := range []graph.ID{0, 1} {
		_, err = v.Address(id)
		wantErr(t, err, graph.ErrNotFound)
		for _, err := range v.History(t.Context(), id, graph.Position{}) {
			wantErr(t, err, graph.ErrNotFound)
		}
	}
	for _, id := range []graph.AssetID{0, 2} {
		_, err = v.Asset(id)
		wantErr(t, err, graph.ErrNotFound)
	}
	native, err := v.Asset(graph.NativeID)
	must(t, err)
	if native != graph.NativeInfo(Ethereum()) {
		t.Fatalf("native coin is %+v", native)
	}
	if size, err := v.Size(); err != nil || size != (graph.Size{Assets: 1}) {
		t.Fatalf("size %+v, %v", size, err)
	}
	rows, err := v.Coverage()
	must(t, err)
	if len(rows) != 0 {
		t.Fatalf("coverage %v", rows)
	}
	for b, err := range v.Blocks(t.Context(), 0) {
		t.Fatalf("block %d in an empty ledger, %v", b.Height, err)
	}
}

// variety is a block with every kind, seq class and extreme an amount has.
func variety(t testing.TB) graph.Block {
	chain := Ethereum()
	seq := func(s graph.Seq, err error) graph.Seq { must(t, err); return s }
	top := graph.Amount{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
	nft := graph.Asset{Chain: chain.ID, Standard: graph.ERC721, Contract: Account(chain, 90), TokenID: top}
	one := graph.Asset{Chain: chain.ID, Standard: graph.ERC1155, Contract: Account(chain, 90), TokenID: graph.Amount{}}
	a, b := Account(chain, 1), Account(chain, 2)
	row0, row1 := seq(graph.RowSeq(0)), seq(graph.RowSeq(1))
	all := []graph.Transfer{
		{Seq: row0, Kind: graph.KindTransfer, From: a, To: b, Asset: chain.Native()},
		{Seq: row1, Kind: graph.KindTransfer, From: a, To: a, Asset: Token(chain, 1), Amount: top},
		{Seq: graph.FeeSeq(0), Kind: graph.KindFee, From: a, To: b, Asset: chain.Native(), Amount: graph.Amount{1}},
		{Seq: graph.FeeSeq(1), Kind: graph.KindBaseFee, From: a, Asset: chain.Native(), Amount: graph.Amount{0, 1}},
		{Seq: seq(graph.CallSeq(0)), Kind: graph.KindNative, From: a, To: b, Asset: chain.Native(), Amount: graph.Amount{0, 0, 0, 1 << 63}},
		{Seq: seq(graph.CallSeq(1 << 20)), Kind: graph.KindInternal, From: b, To: a, Asset: chain.Native(), Amount: graph.Amount{256}},
		{Seq: seq(graph.LogSeq(0, 0)), Kind: graph.KindMint, To: b, Asset: nft, Amount: graph.Amount{1}},
		{Seq: seq(graph.LogSeq(391, 2)), Kind: graph.KindToken, From: b, To: a, Asset: one, Amount: graph.Amount{3}},
		{Seq: seq(graph.LogSeq(1<<17-1, 1<<11-1)), Kind: graph.KindBurn, From: b, Asset: nft, Amount: graph.Amount{1}},
	}
	reward := seq(graph.RewardSeq(1<<28 - 1))
	return graph.Block{
		Header: graph.Header{Height: ^uint32(0), Hash: Hash("b"), Parent: Hash("p"), Time: -1},
		Know:   graph.Knowledge{Transfers: graph.Full, Logs: graph.Partial, Traces: graph.None},
		Source: "variety, ünïcode",
		Txs: []graph.Tx{
			{Index: 0, Hash: Hash("t0"), Transfers: all},
			{Index: 7, Hash: Hash("t7"), Failed: true},
			{Index: graph.MaxTx, Hash: Hash("tm"), Transfers: []graph.Transfer{{Seq: ^graph.Seq(0), Kind: graph.KindCreate, From: b, To: Account(chain, 3), Asset: chain.Native()}}},
			{Index: graph.BlockTx, Transfers: []graph.Transfer{{Seq: reward, Kind: graph.KindReward, To: a, Asset: chain.Native(), Amount: graph.Amount{5}}}},
		},
	}
}

func (s suite) roundTrip(t *testing.T) {
	l := s.fresh(t, Ethereum())
	b := variety(t)
	empty := graph.Block{Header: graph.Header{Height: 0}}
	apply(t, l, empty, b)
	v := view(t, l)
	for _, want := range []graph.Block{empty, b} {
		got, err := v.Block(want.Height)
		must(t, err)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v\nwant %+v", got, want)
		}
	}
	for tx := range slices.Values(b.Txs) {
		found, err := v.Tx(graph.Position{Block: b.Height, Tx: tx.Index, Seq: 9})
		must(t, err)
		if found.At != (graph.Position{Block: b.Height, Tx: tx.Index}) || found.Hash != tx.Hash || found.Failed != tx.Failed || len(found.Moves) != len(tx.Transfers) {
			t.Fatalf("got %+v, want %+v", found, tx)
		}
	}
	_, err := v.Tx(graph.Position{Block: b.Height, Tx: 1})
	wantErr(t, err, graph.ErrNotFound)
	_, err = v.Tx(graph.Position{Block: 5, Tx: 0})
	wantErr(t, err, graph.ErrNotFound)
	same(t, l, model(t, Ethereum(), empty, b))
}

func (s suite) anyOrder(t *testing.T) {
	blocks := Payments(Ethereum(), 9)
	want := model(t, Ethereum(), blocks...)
	for _, order := range [][]int{{8, 7, 6, 5, 4, 3, 2, 1, 0}, {4, 0, 8, 2, 6, 1, 7, 3, 5}, {0, 2, 4, 6, 8, 1, 3, 5, 7}} {
		l := s.fresh(t, Ethereum())
		for _, i := range order {
			apply(t, l, blocks[i])
		}
		same(t, l, want)
		apply(t, l, blocks...) // again: nothing changes
		same(t, l, want)
	}
	together := s.fresh(t, Ethereum())
	apply(t, together, blocks[3], blocks[6])
	apply(t, together, blocks[0], blocks[4], blocks[5], blocks[8])
	apply(t, together, blocks...)
	same(t, together, want)
}

func (s suite) union(t *testing.T) {
	chain := Ethereum()
	whole := Payments(chain, 3)
	part := whole[1]
	part.Know, part.Source = graph.Knowledge{Transfers: graph.Partial}, "address import"
	part.Hash, part.Parent = graph.Hash{}, graph.Hash{}
	part.Txs = slices.Clone(part.Txs)
	part.Txs[0].Transfers = []graph.Transfer{{Seq: 77, Kind: graph.KindToken, From: Account(chain, 500), To: Account(chain, 501), Asset: Token(chain, 9), Amount: graph.Amount{5}}, part.Txs[0].Transfers[0]}
	other := part
	other.Txs = []graph.Tx{{Index: 3, Hash: Hash("other"), Transfers: part.Txs[0].Transfers}}

	l := s.fresh(t, chain)
	m := model(t, chain)
	for i, b := range []graph.Block{part, other, part, whole[0], whole[1], other, whole[1], whole[2]} {
		apply(t, l, b)
		apply(t, m, b)
		sameText(t, fmt.Sprint(i, Dump(t, view(t, l))), fmt.Sprint(i, Dump(t, view(t, m))))
	}
	got, err := view(t, l).Block(whole[1].Height)
	must(t, err)
	if !reflect.DeepEqual(got, whole[1]) {
		t.Fatalf("the whole block did not replace its part: %+v", got)
	}
	forked := whole[1]
	forked.Hash = Hash("fork")
	wantErr(t, l.Apply(t.Context(), forked), graph.ErrFork)
	same(t, l, m)
}

func (s suite) refuses(t *testing.T) {
	chain := Ethereum()
	l := s.fresh(t, chain)
	blocks := Payments(chain, 3)
	apply(t, l, blocks[0])
	bad := blocks[2]
	bad.Txs = slices.Clone(bad.Txs)
	bad.Txs[0].Transfers = []graph.Transfer{{Kind: graph.KindNative, Asset: chain.Native()}}
	for name, call := range map[string][]graph.Block{
		"descending":    {blocks[2], blocks[1]},
		"twice":         {blocks[1], blocks[1]},
		"invalid":       {blocks[1], bad},
		"another chain": Payments(graph.ChainOf("eip155:10"), 1),
	} {
		if err := l.Apply(t.Context(), call...); err == nil {
			t.Fatalf("%s: no error", name)
		}
		same(t, l, model(t, chain, blocks[0])) // none of the call is there
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	wantErr(t, l.Apply(ended, blocks...), context.Canceled)
	same(t, l, model(t, chain, blocks[0]))
	apply(t, l, blocks...)
	same(t, l, model(t, chain, blocks...))
}

func (s suite) snapshots(t *testing.T) {
	chain := Ethereum()
	blocks := Payments(chain, 6)
	l := s.fresh(t, chain)
	var views []graph.View
	var dumps []string
	keep := func() {
		v := view(t, l)
		views, dumps = append(views, v), append(dumps, Dump(t, v))
	}
	keep()
	apply(t, l, blocks[2:4]...)
	keep()
	apply(t, l, blocks[:2]...)
	keep()
	must(t, l.Revert(t.Context(), blocks[3].Height))
	keep()
	must(t, l.Describe(t.Context(), graph.AssetInfo{Asset: Token(chain, 1), Symbol: "T", Decimals: 3, Source: "test"}))
	apply(t, l, blocks[4:]...)
	keep()
	for i, v := range views {
		sameText(t, Dump(t, v), dumps[i])
	}
}

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

func (s suite) coverage(t *testing.T) {
	chain := Ethereum()
	l, m := s.fresh(t, chain), model(t, chain)
	block := func(height uint32, know graph.Extent, source string) graph.Block {
		return graph.Block{Header: graph.Header{Height: height}, Know: graph.Knowledge{Transfers: know, Logs: know}, Source: source}
	}
	for i, call := range [][]graph.Block{
		{block(10, graph.Full, "a"), block(11, graph.Full, "a"), block(13, graph.Full, "a")},
		{block(12, graph.Full, "a")},
		{block(14, graph.Full, "b")},
		{block(5, graph.Partial, "c"), block(6, graph.Partial, "c"), block(7, graph.Partial, "c"), block(8, graph.Partial, "c"), block(9, graph.Partial, "c")},
		{block(5, graph.Full, "a"), block(7, graph.Full, "a"), block(9, graph.Full, "a")},
		{block(6, graph.Full, "a"), block(8, graph.Full, "a")},
		{block(0, graph.Full, "a"), block(^uint32(0), graph.Full, "a")},
	} {
		apply(t, l, call...)
		apply(t, m, call...)
		sameText(t, fmt.Sprint(i, Dump(t, view(t, l))), fmt.Sprint(i, Dump(t, view(t, m))))
	}
}

func (s suite) revert(t *testing.T) {
	for _, chain := range []graph.Chain{Ethereum(), Bitcoin()} {
		blocks := Payments(chain, 10)
		l := s.fresh(t, chain)
		apply(t, l, blocks[:5]...)
		apply(t, l, blocks[5:]...)
		for _, n := range []int{10, 8, 5, 3, 1, 0} {
			from := ^uint32(0)
			if n < len(blocks) {
				from = blocks[n].Height
			}
			must(t, l.Revert(t.Context(), from))
			want := model(t, chain, blocks[:n]...)
			same(t, l, want)
			got, err := view(t, l).Size()
			must(t, err)
			if size, _ := view(t, want).Size(); got != size {
				t.Fatalf("%d blocks left: size %+v, want %+v", n, got, size)
			}
		}
		apply(t, l, blocks...)
		same(t, l, model(t, chain, blocks...))
	}
}

func (s suite) describe(t *testing.T) {
	chain := Ethereum()
	l := s.fresh(t, chain)
	token := Token(chain, 1)
	first := graph.AssetInfo{Asset: token, Symbol: "USDT", Decimals: 6, Source: "first"}
	must(t, l.Describe(t.Context(), first,
		graph.AssetInfo{Asset: token, Symbol: "FAKE", Decimals: 18, Source: "same call"},
		graph.AssetInfo{Asset: chain.Native(), Symbol: "FAKE", Decimals: 1, Source: "nobody"}))
	must(t, l.Describe(t.Context(), graph.AssetInfo{Asset: token, Symbol: "FAKE", Decimals: 0, Source: "later"}))
	must(t, l.Describe(t.Context()))
	apply(t, l, Payments(chain, 4)...)
	check := func(asset graph.Asset, want graph.AssetInfo) {
		t.Helper()
		v := view(t, l)
		id, err := v.AssetID(asset)
		must(t, err)
		if got, err := v.Asset(id); err != nil || got != want {
			t.Fatalf("got %+v, %v; want %+v", got, err, want)
		}
	}
	check(token, first)
	check(Token(chain, 2), graph.AssetInfo{Asset: Token(chain, 2), Decimals: -1})
	check(chain.Native(), graph.NativeInfo(chain))
	must(t, l.Revert(t.Context(), 0))
	apply(t, l, Payments(chain, 4)...)
	check(token, first)
	if err := l.Describe(t.Context(), graph.AssetInfo{Asset: Token(graph.ChainOf("eip155:10"), 1)}); err == nil {
		t.Fatal("an asset of another chain")
	}
}

func sequence(blocks []graph.Block, then error) iter.Seq2[graph.Block, error] {
	return func(yield func(graph.Block, error) bool) {
		for _, b := range blocks {
			if !yield(b, nil) {
				return
			}
		}
		if then != nil {
			yield(graph.Block{}, then)
		}
	}
}

func (s suite) load(t *testing.T) {
	for _, chain := range []graph.Chain{Ethereum(), Bitcoin()} {
		blocks := Payments(chain, 30)
		l := s.fresh(t, chain)
		must(t, l.Describe(t.Context(), graph.AssetInfo{Asset: Token(chain, 1), Symbol: "T", Source: "before"})) // a claim is not a block
		must(t, l.Load(t.Context(), sequence(nil, nil)))
		must(t, l.Load(t.Context(), sequence(blocks[:20], nil)))
		same(t, l, model(t, chain, blocks[:20]...))
		must(t, l.Load(t.Context(), sequence(blocks[10:], nil))) // not empty: applies
		same(t, l, model(t, chain, blocks...))
		if err := l.Load(t.Context(), sequence([]graph.Block{blocks[2], blocks[1]}, nil)); err == nil {
			t.Fatal("descending blocks were loaded")
		}
	}
}

// interruptedLoad ends a load early, in every way it can end, and goes on from
// the height that Staged tells.
func (s suite) interruptedLoad(t *testing.T) {
	for _, chain := range []graph.Chain{Ethereum(), Bitcoin()} {
		blocks := Payments(chain, 30)
		dir := t.TempDir()
		store := s.open(t, dir)
		l, err := store.Ledger(t.Context(), chain)
		must(t, err)
		broken := errors.New("the source broke")
		for _, n := range []int{10, 20} {
			from := resumeAt(t, l, blocks)
			wantErr(t, l.Load(t.Context(), sequence(blocks[from:n], broken)), broken)
			if _, err := view(t, l).Tip(); !errors.Is(err, graph.ErrNotFound) {
				t.Fatalf("a load that broke is visible: %v", err)
			}
			must(t, store.Close())
			store = s.open(t, dir)
			l, err = store.Ledger(t.Context(), chain)
			must(t, err)
		}
		must(t, l.Load(t.Context(), sequence(blocks[resumeAt(t, l, blocks):], nil)))
		same(t, l, model(t, chain, blocks...))
		if _, ok, err := l.Staged(t.Context()); ok || err != nil {
			t.Fatalf("staged after a load: %v, %v", ok, err)
		}
		must(t, store.Close())
	}
}

// resumeAt is the index of the first block that is not staged.
func resumeAt(t testing.TB, l graph.Ledger, blocks []graph.Block) int {
	t.Helper()
	height, ok, err := l.Staged(t.Context())
	must(t, err)
	if !ok {
		return 0
	}
	return slices.IndexFunc(blocks, func(b graph.Block) bool { return b.Height == height }) + 1
}

func (s suite) reopen(t *testing.T) {
	dir := t.TempDir()
	chains := []graph.Chain{Bitcoin(), graph.ChainOf("eip155:10"), Ethereum()}
	store := s.open(t, dir)
	for i, chain := range chains {
		l, err := store.Ledger(t.Context(), chain)
		must(t, err)
		if l.Chain().ID != chain.ID {
			t.Fatalf("ledger of %s", l.Chain().ID)
		}
		apply(t, l, Payments(chain, 3+i)...)
	}
	_, err := store.Ledger(t.Context(), graph.ChainOf("eip155:137")) // stays empty
	must(t, err)
	for range 3 {
		listed, err := store.Chains(t.Context())
		must(t, err)
		if len(listed) != 3 || listed[0].ID != chains[0].ID || listed[1].ID != "eip155:1" || listed[2].ID != "eip155:10" {
			t.Fatalf("chains %v", listed)
		}
		for i, chain := range chains {
			l, err := store.Ledger(t.Context(), chain)
			must(t, err)
			v, err := l.View(t.Context())
			must(t, err)
			sameText(t, Dump(t, v), Dump(t, view(t, model(t, chain, Payments(chain, 3+i)...))))
			must(t, v.Close())
		}
		must(t, store.Close())
		store = s.open(t, dir)
	}
	must(t, store.Close())
}
