package graph

import (
	"cmp"
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
//     describe the same transfers under other places. Of the part stay the
//     events and forms that the whole does not state, in transactions it has:
//     it may have been read by somebody who did not look for them.
//   - Two parts are joined by content: a row both have is one row as often as
//     the one that has it more often, so overlapping exports do not double.
//
// Forms are joined by Form.Join. It fails with ErrFork if both name a hash and
// the hashes differ, or forms of a transaction contradict each other.
func Union(old, new Block) (union Block, changed bool, err error) {
	if old.Height != new.Height {
		return Block{}, false, fmt.Errorf("union of blocks %d and %d", old.Height, new.Height)
	}
	if !old.Hash.IsZero() && !new.Hash.IsZero() && old.Hash != new.Hash {
		return Block{}, false, fmt.Errorf("block %d: %w: stored %s, read %s", old.Height, ErrFork, old.Hash, new.Hash)
	}
	switch {
	case new.Whole() && !old.Whole():
		union, _ = keepStated(new, old)
		return union, true, nil
	case old.Whole() && !new.Whole():
		union, changed = keepStated(old, new)
		return union, changed, nil
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
		form, ok := joined.Form.Join(tx.Form)
		if !ok {
			return Block{}, false, fmt.Errorf("block %d, transaction %s: %w: stored with the form %s, read with %s", old.Height, tx.Hash, ErrFork, joined.Form, tx.Form)
		}
		stated := joinEvents(joined.Events, tx.Events, samePlace)
		if len(more) != len(joined.Transfers) || len(stated) != len(joined.Events) || tx.Failed && !joined.Failed || form != joined.Form {
			joined.Transfers, joined.Events, joined.Failed, joined.Form, changed = more, stated, joined.Failed || tx.Failed, form, true
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

// keepStated adds to a whole block the events and forms that only a part of it
// states, and reports whether that is anything. A form that contradicts the
// whole's goes with the part.
func keepStated(whole, part Block) (kept Block, more bool) {
	known := indexTxs(whole.Txs)
	for i := range part.Txs {
		tx := &part.Txs[i]
		if len(tx.Events) == 0 && !tx.Form.Known || tx.Hash.IsZero() && tx.Index != BlockTx {
			continue // the index of a transaction without a hash may be the place in a file
		}
		at, found := known.find(tx)
		if !found {
			continue
		}
		stated := joinEvents(whole.Txs[at].Events, tx.Events, anyPlace)
		form, _ := whole.Txs[at].Form.Join(tx.Form)
		if len(stated) == len(whole.Txs[at].Events) && form == whole.Txs[at].Form {
			continue
		}
		if !more {
			whole.Txs, more = slices.Clone(whole.Txs), true
		}
		whole.Txs[at].Events, whole.Txs[at].Form = stated, form
	}
	return whole, more
}

// joinEvents keeps every event either has, as often as the one that has it more
// often. Events at the same place are matched first, then those that content
// makes the same.
func joinEvents(known, read []Event, content func(Event) Event) []Event {
	rest := make(map[Event]int, len(known))
	for _, e := range known {
		rest[e]++
	}
	take := func(e Event) bool {
		if rest[e] == 0 {
			return false
		}
		rest[e]--
		return true
	}
	read = slices.DeleteFunc(slices.Clone(read), take)
	if len(read) == 0 {
		return known
	}
	left := make(map[Event]int, len(known))
	for e, n := range rest {
		left[content(e)] += n
	}
	rest = left
	read = slices.DeleteFunc(read, func(e Event) bool { return take(content(e)) })
	if len(read) == 0 {
		return known
	}
	union := append(slices.Clone(known), read...)
	slices.SortStableFunc(union, func(a, b Event) int { return cmp.Compare(a.Seq, b.Seq) })
	return union
}

// samePlace is the content of an event where two readings have the same places,
// but for rows of files.
func samePlace(e Event) Event {
	if e.Seq.IsRow() {
		e.Seq = 0
	}
	return e
}

// anyPlace is the content of an event where one reading may have made up its
// places.
func anyPlace(e Event) Event {
	e.Seq = 0
	return e
}
