package bitcoin

import (
	"fmt"
	"sync"

	"spoor/graph"
)

// DefaultOutputs is how many unspent outputs a source keeps in memory, at about
// 150 bytes each, unless told otherwise.
const DefaultOutputs = 2_000_000

// outputs are the unspent outputs made in this run. They must be kept until
// the ledger answers for them: a block that was yielded is in a batch, and not
// yet in the store, until the loop says so with flushed. After that the oldest
// may leave when memory is full, and later inputs find them by lookup.
type outputs struct {
	chain  graph.Chain
	older  Lookup
	limit  int
	mu     sync.Mutex // guards all below: flushed is called by the loop
	txs    map[graph.Hash]*madeBy
	order  []arrival // of txs, oldest first; may name some that are gone
	count  int       // unspent outputs kept
	stored int64     // height up to which the ledger has the blocks, -1: none
}

type madeBy struct {
	height uint32
	left   int
	pays   []payment // zero address: spent
}

type arrival struct {
	tx     graph.Hash
	height uint32
}

func newOutputs(chain graph.Chain, older Lookup, limit int) *outputs {
	if limit == 0 {
		limit = DefaultOutputs
	}
	return &outputs{chain: chain, older: older, limit: limit, txs: map[graph.Hash]*madeBy{}, stored: -1}
}

// find is a Lookup.
func (o *outputs) find(prev graph.OutPoint) (graph.Transfer, error) {
	o.mu.Lock()
	if tx := o.txs[prev.Tx]; tx != nil && uint64(prev.Index) < uint64(len(tx.pays)) {
		if p := tx.pays[prev.Index]; !p.address.IsZero() {
			o.mu.Unlock()
			t := graph.Transfer{Kind: graph.KindOutput, To: p.address, Asset: o.chain.Native()}
			t.Amount.SetUint64(p.satoshi)
			return t, nil
		}
	}
	o.mu.Unlock()
	if o.older == nil {
		return graph.Transfer{}, graph.ErrNotFound
	}
	return o.older(prev)
}

// apply adds what a block makes and removes what it spends.
func (o *outputs) apply(b *graph.Block) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range b.Txs {
		made := &madeBy{height: b.Height}
		for _, t := range b.Txs[i].Transfers {
			if t.Kind == graph.KindInput {
				o.spend(t.Prev)
				continue
			}
			made.pays = append(made.pays, payment{t.To, t.Amount.Uint64()})
		}
		made.left = len(made.pays)
		if made.left == 0 {
			continue
		}
		hash := b.Txs[i].Hash
		if before := o.txs[hash]; before != nil { // a repeated coinbase: the earlier one can never be spent
			o.count -= before.left
		}
		o.txs[hash] = made
		o.order = append(o.order, arrival{hash, b.Height})
		o.count += made.left
	}
	return o.shrink()
}

func (o *outputs) spend(prev graph.OutPoint) {
	tx := o.txs[prev.Tx]
	if tx == nil || uint64(prev.Index) >= uint64(len(tx.pays)) || tx.pays[prev.Index].address.IsZero() {
		return // made before this run, or no longer kept
	}
	tx.pays[prev.Index] = payment{}
	tx.left--
	o.count--
	if tx.left == 0 {
		delete(o.txs, prev.Tx)
	}
}

// shrink lets the oldest stored outputs go while there are too many.
func (o *outputs) shrink() error {
	if len(o.order) > 2*len(o.txs)+1024 {
		kept := o.order[:0]
		for _, a := range o.order {
			if tx := o.txs[a.tx]; tx != nil && tx.height == a.height {
				kept = append(kept, a)
			}
		}
		o.order = kept
	}
	for o.count > o.limit && len(o.order) > 0 {
		oldest := o.order[0]
		tx := o.txs[oldest.tx]
		if tx == nil || tx.height != oldest.height {
			o.order = o.order[1:]
			continue
		}
		if int64(oldest.height) > o.stored {
			return fmt.Errorf("%d unspent outputs of blocks that are not stored yet exceed the limit of %d; allow more memory or read fewer blocks at once", o.count, o.limit)
		}
		o.order = o.order[1:]
		o.count -= tx.left
		delete(o.txs, oldest.tx)
	}
	return nil
}

func (o *outputs) flushed(height uint32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stored = max(o.stored, int64(height))
}
