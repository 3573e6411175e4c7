package badger

import (
	"errors"
	"fmt"

	"spoor/graph"
)

// view is a snapshot that speaks graph's nouns.
type view struct {
	g       *generation
	chain   graph.Chain
	version uint64
	state   state
	snap    *snapshot
	closed  bool

	tx        txRow    // decoded last
	handed    buffer   // what Tx handed out last
	buffers   [][]byte // for chunks of histories
	last      header   // read last
	hasLast   bool
	addresses map[graph.ID]graph.Address    // some that were asked for
	assets    map[graph.AssetID]graph.Asset // some that were asked for
	hashes    map[graph.Position]graph.Hash // of transactions that inputs spend
}

const cachedNames = 1 << 16

func newView(g *generation, chain graph.Chain) *view {
	version, s := g.acquire()
	return &view{g: g, chain: chain, version: version, state: s, snap: g.snapshot(version),
		addresses: make(map[graph.ID]graph.Address), assets: make(map[graph.AssetID]graph.Asset), hashes: make(map[graph.Position]graph.Hash)}
}

func (v *view) Close() error {
	if v.closed {
		return nil
	}
	v.closed = true
	v.snap.close()
	return v.g.release(v.version)
}

func (v *view) Tip() (graph.Header, error) {
	if v.state.blocks == 0 {
		return graph.Header{}, fmt.Errorf("tip: %w", graph.ErrNotFound)
	}
	h, err := v.Header(v.state.tip)
	if errors.Is(err, graph.ErrNotFound) {
		err = fmt.Errorf("%w: the tip %d is missing", graph.ErrDamaged, v.state.tip)
	}
	return h, err
}

func (v *view) Size() (graph.Size, error) { return v.state.size(), nil }

func (v *view) Header(height uint32) (graph.Header, error) {
	h, err := v.header(height)
	return h.Header, err
}

func (v *view) header(height uint32) (header, error) {
	if v.hasLast && v.last.Height == height {
		return v.last, nil
	}
	h, err := v.snap.header(height)
	if err == nil {
		v.last, v.hasLast = h, true
	}
	return h, err
}

func (v *view) Block(height uint32) (graph.Block, error) {
	h, err := v.header(height)
	if err != nil {
		return graph.Block{}, err
	}
	return v.stored(&h)
}

func (v *view) stored(h *header) (graph.Block, error) {
	txs, err := v.snap.txs(h)
	if err != nil {
		return graph.Block{}, err
	}
	return v.block(h, txs)
}

// block is a block as it was applied, from its rows.
func (v *view) block(h *header, txs []txRow) (graph.Block, error) {
	b := graph.Block{Header: h.Header, Know: h.know, Source: h.source}
	for i := range txs {
		tx := graph.Tx{Index: txs[i].Index, Hash: txs[i].Hash, Failed: txs[i].Failed, Form: txs[i].Form}
		for j := range txs[i].Moves {
			t, err := v.transfer(&txs[i].Moves[j])
			if err != nil {
				return graph.Block{}, fmt.Errorf("%d/%d/%s: %w", h.Height, tx.Index, txs[i].Moves[j].Seq, err)
			}
			tx.Transfers = append(tx.Transfers, t)
		}
		var err error
		if tx.Events, err = decodeEvents(v.chain.ID, txs[i].stated, nil); err != nil {
			return graph.Block{}, fmt.Errorf("transaction at %d/%d: %w", h.Height, tx.Index, err)
		}
		b.Txs = append(b.Txs, tx)
	}
	return b, nil
}

// transfer turns numbers back into what they stand for. A number without a
// name is damage here: the journal does not mention what it does not know.
func (v *view) transfer(m *moveRow) (graph.Transfer, error) {
	t := graph.Transfer{Seq: m.Seq, Kind: m.Kind, Amount: m.Amount, Prev: m.Prev}
	var err error
	if m.From != 0 {
		if t.From, err = v.address(m.From); err != nil {
			return t, missing(err)
		}
	}
	if m.To != 0 {
		if t.To, err = v.address(m.To); err != nil {
			return t, missing(err)
		}
	}
	if t.Asset, err = v.asset(m.Asset); err != nil {
		return t, missing(err)
	}
	if m.Spends != (graph.Position{}) {
		if t.Prev.Tx, err = v.hash(m.Spends); err != nil {
			return t, missing(err)
		}
		t.Prev.Index = uint32(m.Spends.Seq.Index())
	}
	return t, nil
}

// missing says that something must be there and is not.
func missing(err error) error {
	if errors.Is(err, graph.ErrNotFound) {
		return fmt.Errorf("%w: what the journal names is missing: %v", graph.ErrDamaged, err)
	}
	return err
}

// hash is the hash of the transaction at a position.
func (v *view) hash(p graph.Position) (graph.Hash, error) {
	p = p.StartOf()
	if h, ok := v.hashes[p]; ok {
		return h, nil
	}
	var tx txRow
	if err := v.snap.tx(p.Block, p.Tx, &tx); err != nil {
		return graph.Hash{}, err
	}
	if len(v.hashes) >= cachedNames {
		clear(v.hashes)
	}
	v.hashes[p] = tx.Hash
	return tx.Hash, nil
}

func (v *view) Tx(p graph.Position) (graph.TxMoves, error) {
	h, err := v.header(p.Block)
	if err == nil {
		err = v.snap.tx(p.Block, p.Tx, &v.tx)
	}
	if err != nil {
		return graph.TxMoves{}, fmt.Errorf("transaction at %s: %w", p, err)
	}
	return v.handed.txMoves(v.chain.ID, &h, &v.tx)
}

func (v *view) FindTx(hash graph.Hash) ([]graph.Position, error) {
	found, err := v.snap.findTx(hash)
	if err == nil && len(found) == 0 {
		err = graph.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("transaction %s: %w", hash, err)
	}
	return found, nil
}

func (v *view) Output(o graph.OutPoint) (graph.Move, graph.Position, error) {
	m, at, err := v.snap.output(o, graph.MaxPosition)
	if err != nil {
		err = fmt.Errorf("output %s:%d: %w", o.Tx, o.Index, err)
	}
	return m, at, err
}

func (v *view) ID(a graph.Address) (graph.ID, error) {
	if a.IsZero() || a.Chain != v.chain.ID {
		return 0, fmt.Errorf("address %q of %s: %w", a, a.Chain, graph.ErrNotFound)
	}
	id, err := v.snap.id(a)
	if err != nil {
		return 0, fmt.Errorf("address %s: %w", a, err)
	}
	return id, nil
}

func (v *view) Address(id graph.ID) (graph.Address, error) {
	a, err := v.address(id)
	if err != nil {
		return a, fmt.Errorf("address number %d: %w", id, err)
	}
	return a, nil
}

func (v *view) address(id graph.ID) (graph.Address, error) {
	if a, ok := v.addresses[id]; ok {
		return a, nil
	}
	if id == 0 || uint64(id) > v.state.addresses {
		return graph.Address{}, graph.ErrNotFound
	}
	n, err := v.snap.names(id)
	if err != nil {
		return graph.Address{}, missing(err)
	}
	a, err := graph.AddressFromBytes(v.chain.ID, n.raw[id-n.first])
	if err != nil {
		return a, damaged(err)
	}
	if len(v.addresses) >= cachedNames {
		clear(v.addresses)
	}
	v.addresses[id] = a
	return a, nil
}

func (v *view) AssetID(a graph.Asset) (graph.AssetID, error) {
	if a == v.chain.Native() {
		return graph.NativeID, nil
	}
	if a.Chain != v.chain.ID {
		return 0, fmt.Errorf("asset of %s: %w", a.Chain, graph.ErrNotFound)
	}
	n, err := v.snap.assetID(a)
	if err != nil {
		return 0, fmt.Errorf("asset %s: %w", a, err)
	}
	return n, nil
}

func (v *view) Asset(n graph.AssetID) (graph.AssetInfo, error) {
	if n == graph.NativeID {
		return graph.NativeInfo(v.chain), nil
	}
	a, err := v.asset(n)
	if err != nil {
		return graph.AssetInfo{}, fmt.Errorf("asset number %d: %w", n, err)
	}
	return v.snap.claim(a)
}

func (v *view) asset(n graph.AssetID) (graph.Asset, error) {
	if n == graph.NativeID {
		return v.chain.Native(), nil
	}
	if a, ok := v.assets[n]; ok {
		return a, nil
	}
	if n == 0 || uint64(n) > v.state.assets {
		return graph.Asset{}, graph.ErrNotFound
	}
	t, err := v.snap.token(v.chain.ID, n)
	if err != nil {
		return graph.Asset{}, missing(err)
	}
	if len(v.assets) >= cachedNames {
		clear(v.assets)
	}
	v.assets[n] = t.asset
	return t.asset, nil
}
