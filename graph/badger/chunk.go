package badger

import (
	"encoding/binary"
	"errors"
	"fmt"

	"spoor/graph"
)

// A chunk is a run of an address's history, both directions in one, because
// the accounting methods need them in order. Chunks of one address never
// overlap, and a position's entries are never split between two.
//
//	chunk | count | first block | first transaction | first place | entry … | CRC-32C 4 |
//	entry | flags 1 | blocks since | transaction, or transactions since | place | peer | asset | amount | spends |
//
// Flags: kind 5 bits, out, same block, same transaction. The first three of an
// entry are left out as the flags allow; spends is there of inputs.
const (
	chunkEntries = 256
	entryOut     = 1 << 5
	sameBlock    = 1 << 6
	sameTx       = 1 << 7
)

// splitEntries cuts a history into runs that each make a chunk.
func splitEntries(entries []graph.Entry) [][]graph.Entry {
	var runs [][]graph.Entry
	for len(entries) > 0 {
		n := min(chunkEntries, len(entries))
		for n < len(entries) && entries[n].At == entries[n-1].At {
			n++
		}
		runs = append(runs, entries[:n:n])
		entries = entries[n:]
	}
	return runs
}

// encodeChunk makes the row of a run of entries.
func encodeChunk(id graph.ID, entries []graph.Entry) (row, error) {
	key := chunkKey(id, entries[len(entries)-1].At)
	b := make([]byte, 0, 16+24*len(entries))
	b = binary.AppendUvarint(b, uint64(len(entries)))
	previous := entries[0].At
	b = binary.AppendUvarint(b, uint64(previous.Block))
	b = binary.AppendUvarint(b, uint64(previous.Tx))
	b = appendSeq(b, previous.Seq)
	for i := range entries {
		e := &entries[i]
		if e.Kind > kindMask {
			return row{}, fmt.Errorf("%s: %w", e.At, errKind)
		}
		flags := byte(e.Kind)
		if e.Out {
			flags |= entryOut
		}
		same := e.At.Block == previous.Block
		if same {
			flags |= sameBlock
			if e.At.Tx == previous.Tx {
				flags |= sameTx
			}
		}
		b = append(b, flags)
		switch {
		case !same:
			b = binary.AppendUvarint(b, uint64(e.At.Block-previous.Block))
			b = binary.AppendUvarint(b, uint64(e.At.Tx))
		case flags&sameTx == 0:
			b = binary.AppendUvarint(b, uint64(e.At.Tx-previous.Tx))
		}
		if i > 0 { // the first place stands before the entries
			b = appendSeq(b, e.At.Seq)
		}
		b = binary.AppendUvarint(b, uint64(e.Peer))
		b = binary.AppendUvarint(b, uint64(e.Asset))
		b = appendAmount(b, &e.Amount)
		if e.Kind == graph.KindInput {
			b = appendBefore(b, e.Spends, e.At)
		}
		previous = e.At
	}
	return row{key, seal(key, b)}, nil
}

// chunkHead is what stands before the entries of a chunk.
type chunkHead struct {
	count int
	first graph.Position
}

func (r *reader) chunkHead() chunkHead {
	var h chunkHead
	n := r.uvarint()
	if n == 0 || n > 1<<20 {
		r.fail(errors.New("a chunk of no or too many entries"))
	}
	h.count = int(n)
	h.first = graph.Position{Block: r.uint32(), Tx: r.uint32(), Seq: r.seq()}
	return h
}

// chunkReader takes an unsealed chunk apart, an entry at a time: who wants the
// first few of many entries does not pay for all.
type chunkReader struct {
	reader
	key      []byte
	left     int
	first    bool
	previous graph.Position
}

func newChunkReader(key, value []byte) chunkReader {
	c := chunkReader{reader: reader{b: value}, key: key, first: true}
	head := c.chunkHead()
	c.left, c.previous = head.count, head.first
	return c
}

// next reads an entry into e. It reports false after the last and where the
// chunk is damaged, which finish tells.
func (c *chunkReader) next(e *graph.Entry) bool {
	if c.left == 0 || c.err != nil {
		return false
	}
	c.left--
	flags := c.byte()
	e.Kind, e.Out, e.At = graph.Kind(flags&kindMask), flags&entryOut != 0, c.previous
	switch {
	case flags&sameBlock == 0:
		e.At.Block += c.uint32()
		e.At.Tx = c.uint32()
	case flags&sameTx == 0:
		e.At.Tx += c.uint32()
	}
	if !c.first { // the first place stands before the entries
		e.At.Seq = c.seq()
	}
	e.Peer = graph.ID(c.uvarint())
	e.Asset = graph.AssetID(c.uint32())
	c.amount(&e.Amount)
	e.Spends = graph.Position{}
	if e.Kind == graph.KindInput {
		e.Spends = c.before(e.At)
	}
	c.first, c.previous = false, e.At
	return c.err == nil
}

// finish reports whether all entries were there, and nothing else.
func (c *chunkReader) finish() error {
	if _, last := splitChunkKey(c.key); c.err == nil && c.previous != last {
		c.fail(errors.New("a chunk that does not end where its key says"))
	}
	return c.end(c.key)
}

// decodeChunk takes a whole chunk apart, appending to entries.
func decodeChunk(key, value []byte, entries []graph.Entry) ([]graph.Entry, error) {
	c := newChunkReader(key, value)
	var e graph.Entry
	for c.next(&e) {
		entries = append(entries, e)
	}
	return entries, c.finish()
}
