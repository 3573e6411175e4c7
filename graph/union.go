package graph

import (
	"errors"
	"fmt"
	"slices"
)

// ErrFork is returned when a block contradicts the one stored at its height;
// the stored one must be reverted first.
var ErrFork = errors.New("another block is stored at this height")

// Union is what is known of a block after reading it twice: old is stored, new
// has just been read. It reports whether new adds anything.
//
//   - Two whole blocks hold the same places; the union keeps every transfer
//     either has (one may have read logs, the other traces).
//   - A whole block replaces what was known in part: the rows of a file may
//     describe the same transfers under other places.
//   - Two parts are joined by content: a row both have is one row as often as
//     the one that has it more often, so overlapping exports do not double.
//
// It fails with ErrFork if both name a hash and the hashes differ.
func Union(old, new Block) (union Block, changed bool, err error) {
	if old.Height != new.Height {
		return Block{}, false, fmt.Errorf("union of blocks %d and %d", old.Height, new.Height)
	}
	if !old.Hash.IsZero() && !new.Hash.IsZero() && old.Hash != new.Hash {
		return Block{}, false, fmt.Errorf("block %d: %w: stored %s, read %s", old.Height, ErrFork, old.Hash, new.Hash)
	}
	switch {
	case new.Whole() && !old.Whole():
		return new, true, nil
	case old.Whole() && !new.Whole():
		return old, false, nil
	}
	place := placeByContent
	if new.Whole() {
		place = placeBySeq
	}
	union = old
	union.Txs = slices.Clone(old.Txs)
	if union.Hash.IsZero() && !new.Hash.IsZero() {
		union.Hash, union.Parent, changed = new.Hash, new.Parent, true
	}
	known := indexTxs(union.Txs)
	for _, tx := range new.Txs {
		at, found := known.find(&tx)
		if !found {
			if _, taken := known.byIndex[tx.Index]; taken {
				if new.Whole() {
					return Block{}, false, fmt.Errorf("block %d: %w: transaction %d differs", old.Height, ErrFork, tx.Index)
				}
				tx.Index = known.free
			}
			known.add(&tx, len(union.Txs))
			union.Txs = append(union.Txs, tx)
			changed = true
			continue
		}
		joined := &union.Txs[at]
		more, err := place(joined.Transfers, tx.Transfers)
		if err != nil {
			return Block{}, false, fmt.Errorf("block %d, transaction %s: %w", old.Height, tx.Hash, err)
		}
		if len(more) != len(joined.Transfers) || tx.Failed && !joined.Failed {
			joined.Transfers, joined.Failed, changed = more, joined.Failed || tx.Failed, true
		}
	}
	slices.SortFunc(union.Txs, func(a, b Tx) int { return int(a.Index) - int(b.Index) })
	know := Knowledge{max(old.Know.Transfers, new.Know.Transfers), max(old.Know.Logs, new.Know.Logs), max(old.Know.Traces, new.Know.Traces)}
	if know != old.Know {
		union.Know, union.Source, changed = know, new.Source, true
	}
	return union, changed, nil
}

// txIndex finds the transactions of a block by hash, those without one by
// their index.
type txIndex struct {
	byHash  map[Hash]int
	byIndex map[uint32]int
	free    uint32 // an index after all that are taken
}

func indexTxs(txs []Tx) *txIndex {
	x := &txIndex{byHash: make(map[Hash]int, len(txs)), byIndex: make(map[uint32]int, len(txs))}
	for i := range txs {
		x.add(&txs[i], i)
	}
	return x
}

func (x *txIndex) add(tx *Tx, at int) {
	if !tx.Hash.IsZero() {
		x.byHash[tx.Hash] = at
	}
	x.byIndex[tx.Index] = at
	if tx.Index != BlockTx {
		x.free = max(x.free, tx.Index+1)
	}
}

func (x *txIndex) find(tx *Tx) (at int, found bool) {
	if !tx.Hash.IsZero() {
		at, found = x.byHash[tx.Hash]
		return at, found
	}
	at, found = x.byIndex[tx.Index]
	return at, found
}

func placeBySeq(known, read []Transfer) ([]Transfer, error) {
	union := slices.Clone(known)
	for _, t := range read {
		at, found := slices.BinarySearchFunc(union, t.Seq, func(k Transfer, seq Seq) int { return int(int64(k.Seq) - int64(seq)) })
		if !found {
			union = slices.Insert(union, at, t)
			continue
		}
		if union[at] != t {
			return nil, fmt.Errorf("%w: two transfers at %s", ErrFork, t.Seq)
		}
	}
	return union, nil
}

func placeByContent(known, read []Transfer) ([]Transfer, error) {
	content := func(t Transfer) Transfer {
		if t.Seq.IsRow() {
			t.Seq = 0
		}
		return t
	}
	unmatched := make(map[Transfer]int)
	for _, t := range known {
		unmatched[content(t)]++
	}
	union := slices.Clone(known)
	for _, t := range read {
		if unmatched[content(t)] > 0 {
			unmatched[content(t)]--
			continue
		}
		taken := func(seq Seq) bool {
			return slices.ContainsFunc(union, func(k Transfer) bool { return k.Seq == seq })
		}
		if taken(t.Seq) && !t.Seq.IsRow() {
			return nil, fmt.Errorf("%w: two transfers at %s", ErrFork, t.Seq)
		}
		for taken(t.Seq) {
			t.Seq++
		}
		union = append(union, t)
	}
	slices.SortFunc(union, func(a, b Transfer) int { return int(int64(a.Seq) - int64(b.Seq)) })
	return union, nil
}
