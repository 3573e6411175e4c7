package graphtest

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"spoor/graph"
)

// Model is a store in memory, the simplest thing that keeps the promises of
// graph.Store. It is what engines are compared with, and a store for tests of
// whatever reads one. Nothing of it is fast.
type Model struct {
	mu      sync.Mutex
	ledgers map[graph.ChainID]*modelLedger
	labels  modelLabels
}

// NewModel is an empty store.
func NewModel() *Model { return &Model{ledgers: make(map[graph.ChainID]*modelLedger)} }

var _ graph.Store = (*Model)(nil)

// Chains lists the chains that hold anything, in id order.
func (m *Model) Chains(context.Context) ([]graph.Chain, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var chains []graph.Chain
	for _, id := range slices.Sorted(maps.Keys(m.ledgers)) {
		if l := m.ledgers[id]; len(l.facts.Load().blocks) > 0 {
			chains = append(chains, l.chain)
		}
	}
	return chains, nil
}

// Ledger is the ledger of a chain.
func (m *Model) Ledger(_ context.Context, chain graph.Chain) (graph.Ledger, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.ledgers[chain.ID]
	if l == nil {
		l = &modelLedger{chain: chain}
		l.facts.Store(&facts{chain: chain, blocks: map[uint32]graph.Block{}, assets: []graph.Asset{chain.Native()}})
		m.ledgers[chain.ID] = l
	}
	return l, nil
}

// Close does nothing: the ledgers stay, so that a test can open them again.
func (m *Model) Close() error { return nil }

type modelLedger struct {
	chain graph.Chain
	write sync.Mutex // one writer at a time
	facts atomic.Pointer[facts]
}

func (l *modelLedger) Chain() graph.Chain { return l.chain }

func (l *modelLedger) Apply(ctx context.Context, blocks ...graph.Block) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.write.Lock()
	defer l.write.Unlock()
	next := l.facts.Load().clone()
	var changed []graph.Block
	for i := range blocks {
		b := blocks[i]
		if i > 0 && blocks[i-1].Height >= b.Height {
			return fmt.Errorf("apply block %d after %d: blocks of a call must ascend", b.Height, blocks[i-1].Height)
		}
		if err := b.Validate(l.chain.ID); err != nil {
			return fmt.Errorf("apply: %w", err)
		}
		if old, ok := next.blocks[b.Height]; ok {
			union, more, err := graph.Union(old, b)
			if err != nil {
				return fmt.Errorf("apply: %w", err)
			}
			if !more {
				continue
			}
			b = union
		}
		next.blocks[b.Height] = cloneBlock(b)
		changed = append(changed, b)
	}
	next.intern(changed)
	l.facts.Store(next)
	return nil
}

func (l *modelLedger) Load(ctx context.Context, blocks iter.Seq2[graph.Block, error]) error {
	var all []graph.Block
	for b, err := range blocks {
		if err != nil {
			return err
		}
		all = append(all, b)
	}
	return l.Apply(ctx, all...)
}

func (l *modelLedger) Staged(context.Context) (uint32, bool, error) { return 0, false, nil }

func (l *modelLedger) Revert(_ context.Context, from uint32) error {
	l.write.Lock()
	defer l.write.Unlock()
	next := l.facts.Load().clone()
	maps.DeleteFunc(next.blocks, func(height uint32, _ graph.Block) bool { return height >= from })
	next.forget()
	for a, rows := range next.covered {
		var kept []graph.Coverage
		for _, r := range rows {
			if r.From < from {
				r.To = min(r.To, from-1)
				kept = append(kept, r)
			}
		}
		next.covered[a] = kept
	}
	l.facts.Store(next)
	return nil
}

func (l *modelLedger) Describe(_ context.Context, infos ...graph.AssetInfo) error {
	l.write.Lock()
	defer l.write.Unlock()
	next := l.facts.Load().clone()
	for _, info := range infos {
		if info.Asset.Chain != l.chain.ID {
			return fmt.Errorf("describe %s: belongs to another chain than %s", info.Asset, l.chain.ID)
		}
		if _, ok := next.claims[info.Asset]; !ok && !info.Asset.IsNative() {
			next.claims[info.Asset] = info
		}
	}
	l.facts.Store(next)
	return nil
}

func (l *modelLedger) Cover(ctx context.Context, rows ...graph.Coverage) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.write.Lock()
	defer l.write.Unlock()
	next := l.facts.Load().clone()
	for i := range rows {
		if err := rows[i].Check(l.chain.ID); err != nil {
			return fmt.Errorf("cover: %w", err)
		}
		next.covered[rows[i].Address] = graph.Cover(next.covered[rows[i].Address], rows[i])
	}
	l.facts.Store(next)
	return nil
}

func (l *modelLedger) View(context.Context) (graph.View, error) {
	f := l.facts.Load()
	f.once.Do(f.index)
	return modelView{f}, nil
}

// facts is one state of a ledger. It is never changed once stored, so that a
// view of it never changes either.
type facts struct {
	chain     graph.Chain
	blocks    map[uint32]graph.Block
	addresses []graph.Address // by id, from 1
	assets    []graph.Asset   // by number, from 1
	claims    map[graph.Asset]graph.AssetInfo
	covered   map[graph.Address][]graph.Coverage // of single addresses

	once     sync.Once // makes what follows
	heights  []uint32
	ids      map[graph.Address]graph.ID
	assetIDs map[graph.Asset]graph.AssetID
	txs      map[graph.Position]graph.TxMoves // by start
	byHash   map[graph.Hash][]graph.Position
	history  map[graph.ID][]graph.Entry
	size     graph.Size
}

func (f *facts) clone() *facts {
	claims := maps.Clone(f.claims)
	if claims == nil {
		claims = make(map[graph.Asset]graph.AssetInfo)
	}
	covered := maps.Clone(f.covered)
	if covered == nil {
		covered = make(map[graph.Address][]graph.Coverage)
	}
	return &facts{chain: f.chain, blocks: maps.Clone(f.blocks), claims: claims, covered: covered,
		addresses: slices.Clone(f.addresses), assets: slices.Clone(f.assets)}
}

func cloneBlock(b graph.Block) graph.Block {
	b.Txs = slices.Clone(b.Txs)
	for i := range b.Txs {
		b.Txs[i].Transfers = slices.Clone(b.Txs[i].Transfers)
		b.Txs[i].Events = slices.Clone(b.Txs[i].Events)
	}
	return b
}

// places yields every transfer of a block.
func places(b *graph.Block) iter.Seq2[*graph.Tx, *graph.Transfer] {
	return func(yield func(*graph.Tx, *graph.Transfer) bool) {
		for i := range b.Txs {
			for j := range b.Txs[i].Transfers {
				if !yield(&b.Txs[i], &b.Txs[i].Transfers[j]) {
					return
				}
			}
		}
	}
}

// intern numbers what blocks mention first.
func (f *facts) intern(blocks []graph.Block) {
	known := make(map[graph.Address]bool, len(f.addresses))
	for _, a := range f.addresses {
		known[a] = true
	}
	knownAssets := make(map[graph.Asset]bool, len(f.assets))
	for _, a := range f.assets {
		knownAssets[a] = true
	}
	for i := range blocks {
		for _, t := range places(&blocks[i]) {
			for _, a := range []graph.Address{t.From, t.To} {
				if !a.IsZero() && !known[a] {
					known[a] = true
					f.addresses = append(f.addresses, a)
				}
			}
			if !knownAssets[t.Asset] {
				knownAssets[t.Asset] = true
				f.assets = append(f.assets, t.Asset)
			}
		}
	}
}

// forget takes back the highest numbers that no block mentions any more.
func (f *facts) forget() {
	addresses, assets := map[graph.Address]bool{}, map[graph.Asset]bool{f.chain.Native(): true}
	for _, b := range f.blocks {
		for _, t := range places(&b) {
			addresses[t.From], addresses[t.To], assets[t.Asset] = true, true, true
		}
	}
	for n := len(f.addresses); n > 0 && !addresses[f.addresses[n-1]]; n-- {
		f.addresses = f.addresses[:n-1]
	}
	for n := len(f.assets); n > 0 && !assets[f.assets[n-1]]; n-- {
		f.assets = f.assets[:n-1]
	}
}

// index derives everything a view answers with.
func (f *facts) index() {
	f.heights = slices.Sorted(maps.Keys(f.blocks))
	f.ids = make(map[graph.Address]graph.ID)
	for i, a := range f.addresses {
		f.ids[a] = graph.ID(i + 1)
	}
	f.assetIDs = make(map[graph.Asset]graph.AssetID)
	for i, a := range f.assets {
		f.assetIDs[a] = graph.AssetID(i + 1)
	}
	f.txs = make(map[graph.Position]graph.TxMoves)
	f.byHash = make(map[graph.Hash][]graph.Position)
	f.history = make(map[graph.ID][]graph.Entry)
	f.size = graph.Size{Blocks: uint64(len(f.blocks)), Addresses: uint64(len(f.addresses)), Assets: uint64(len(f.assets))}
	for _, height := range f.heights {
		b := f.blocks[height]
		for i := range b.Txs {
			f.indexTx(&b, &b.Txs[i])
		}
	}
}

func (f *facts) indexTx(b *graph.Block, tx *graph.Tx) {
	start := graph.Position{Block: b.Height, Tx: tx.Index}
	moves := graph.TxMoves{At: start, Hash: tx.Hash, Time: b.Time, Failed: tx.Failed, Know: b.Know, Events: slices.Clone(tx.Events), Form: tx.Form}
	for _, t := range tx.Transfers {
		m := graph.Move{Seq: t.Seq, Kind: t.Kind, From: f.ids[t.From], To: f.ids[t.To], Asset: f.assetIDs[t.Asset], Amount: t.Amount}
		if t.Kind == graph.KindInput && !t.Prev.Tx.IsZero() {
			// The transaction itself is not indexed yet: an input can only
			// spend what lies before it.
			m.Spends = f.spends(t.Prev, m.From)
		}
		moves.Moves = append(moves.Moves, m)
		at := graph.Position{Block: b.Height, Tx: tx.Index, Seq: t.Seq}
		entry := graph.Entry{At: at, Kind: m.Kind, Asset: m.Asset, Amount: m.Amount, Spends: m.Spends}
		if m.From != 0 {
			entry.Out, entry.Peer = true, m.To
			f.history[m.From] = append(f.history[m.From], entry)
		}
		if m.To != 0 {
			entry.Out, entry.Peer = false, m.From
			f.history[m.To] = append(f.history[m.To], entry)
		}
	}
	f.txs[start] = moves
	if !tx.Hash.IsZero() {
		f.byHash[tx.Hash] = append(f.byHash[tx.Hash], start)
	}
	f.size.Txs++
	if tx.Form.Known {
		f.size.Forms++
	}
	f.size.Transfers += uint64(len(tx.Transfers))
}

// spends is where the output is that an input of an address spends: the latest
// indexed one of that name, if it is the address's. An input that names
// somebody else's output is not linked to it.
func (f *facts) spends(o graph.OutPoint, from graph.ID) graph.Position {
	for _, start := range slices.Backward(f.byHash[o.Tx]) {
		for _, m := range f.txs[start].Moves {
			if m.Kind == graph.KindOutput && m.Seq.Index() == int(o.Index) && m.To == from {
				return graph.Position{Block: start.Block, Tx: start.Tx, Seq: m.Seq}
			}
		}
	}
	return graph.Position{}
}

// output finds the latest indexed output with an outpoint's name.
func (f *facts) output(o graph.OutPoint) (graph.Move, graph.Position, error) {
	seq, err := graph.OutputSeq(int(o.Index))
	if err != nil {
		return graph.Move{}, graph.Position{}, graph.ErrNotFound
	}
	for _, start := range slices.Backward(f.byHash[o.Tx]) {
		for _, m := range f.txs[start].Moves {
			if m.Seq == seq && m.Kind == graph.KindOutput {
				return m, graph.Position{Block: start.Block, Tx: start.Tx, Seq: seq}, nil
			}
		}
	}
	return graph.Move{}, graph.Position{}, graph.ErrNotFound
}

type modelView struct{ f *facts }

func (v modelView) Tip() (graph.Header, error) {
	if n := len(v.f.heights); n > 0 {
		return v.f.blocks[v.f.heights[n-1]].Header, nil
	}
	return graph.Header{}, fmt.Errorf("tip: %w", graph.ErrNotFound)
}

func (v modelView) Size() (graph.Size, error) { return v.f.size, nil }

func (v modelView) Coverage() ([]graph.Coverage, error) {
	var rows []graph.Coverage
	for _, height := range v.f.heights {
		b := v.f.blocks[height]
		rows = graph.Extend(rows, v.f.chain.ID, &b)
	}
	for _, a := range slices.SortedFunc(maps.Keys(v.f.covered), graph.Address.Compare) {
		rows = append(rows, v.f.covered[a]...)
	}
	return rows, nil
}

func (v modelView) Header(height uint32) (graph.Header, error) {
	b, err := v.Block(height)
	return b.Header, err
}

func (v modelView) Block(height uint32) (graph.Block, error) {
	b, ok := v.f.blocks[height]
	if !ok {
		return graph.Block{}, fmt.Errorf("block %d: %w", height, graph.ErrNotFound)
	}
	return cloneBlock(b), nil
}

func (v modelView) Blocks(ctx context.Context, from uint32) iter.Seq2[graph.Block, error] {
	return func(yield func(graph.Block, error) bool) {
		at, _ := slices.BinarySearch(v.f.heights, from)
		for _, height := range v.f.heights[at:] {
			if err := ctx.Err(); err != nil {
				yield(graph.Block{}, err)
				return
			}
			if !yield(v.Block(height)) {
				return
			}
		}
	}
}

func (v modelView) Tx(p graph.Position) (graph.TxMoves, error) {
	tx, ok := v.f.txs[p.StartOf()]
	if !ok {
		return graph.TxMoves{}, fmt.Errorf("transaction at %s: %w", p, graph.ErrNotFound)
	}
	return tx, nil
}

func (v modelView) FindTx(hash graph.Hash) ([]graph.Position, error) {
	if at := v.f.byHash[hash]; len(at) > 0 {
		return slices.Clone(at), nil
	}
	return nil, fmt.Errorf("transaction %s: %w", hash, graph.ErrNotFound)
}

func (v modelView) Output(o graph.OutPoint) (graph.Move, graph.Position, error) {
	m, at, err := v.f.output(o)
	if err != nil {
		return m, at, fmt.Errorf("output %s:%d: %w", o.Tx, o.Index, err)
	}
	return m, at, nil
}

func (v modelView) ID(a graph.Address) (graph.ID, error) {
	if id, ok := v.f.ids[a]; ok {
		return id, nil
	}
	return 0, fmt.Errorf("address %s: %w", a, graph.ErrNotFound)
}

func (v modelView) Address(id graph.ID) (graph.Address, error) {
	if id == 0 || id > graph.ID(len(v.f.addresses)) {
		return graph.Address{}, fmt.Errorf("address number %d: %w", id, graph.ErrNotFound)
	}
	return v.f.addresses[id-1], nil
}

func (v modelView) AssetID(a graph.Asset) (graph.AssetID, error) {
	if id, ok := v.f.assetIDs[a]; ok {
		return id, nil
	}
	return 0, fmt.Errorf("asset %s: %w", a, graph.ErrNotFound)
}

func (v modelView) Asset(id graph.AssetID) (graph.AssetInfo, error) {
	if id == 0 || id > graph.AssetID(len(v.f.assets)) {
		return graph.AssetInfo{}, fmt.Errorf("asset number %d: %w", id, graph.ErrNotFound)
	}
	asset := v.f.assets[id-1]
	if asset.IsNative() {
		return graph.NativeInfo(v.f.chain), nil
	}
	if info, ok := v.f.claims[asset]; ok {
		return info, nil
	}
	return graph.AssetInfo{Asset: asset, Decimals: -1}, nil
}

func (v modelView) History(ctx context.Context, id graph.ID, from graph.Position) iter.Seq2[graph.Entry, error] {
	return func(yield func(graph.Entry, error) bool) {
		if _, err := v.Address(id); err != nil {
			yield(graph.Entry{}, err)
			return
		}
		for i, e := range v.f.history[id] {
			if e.At.Compare(from) < 0 {
				continue
			}
			if i%1024 == 0 && ctx.Err() != nil {
				yield(graph.Entry{}, ctx.Err())
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (v modelView) Entries(id graph.ID, limit int) (int, error) {
	if _, err := v.Address(id); err != nil {
		return 0, err
	}
	return min(len(v.f.history[id]), limit), nil
}

func (v modelView) Close() error { return nil }
