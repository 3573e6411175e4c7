package graphtest

import (
	"context"
	"errors"
	"fmt"
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
		{"events", s.events},
		{"events come and go", s.eventsChange},
		{"events in the bulk", s.eventsLoad},
		{"forms", s.forms},
		{"load", s.load},
		{"interrupted load", s.interruptedLoad},
		{"chains and reopen", s.reopen},
		{"labels", s.labels},
		{"labels refuse", s.labelsRefuse},
		{"labels and reopen", s.labelsReopen},
		{"labels, random", s.labelsRandom},
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
