package badger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"spoor/graph"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const sealLen = 4

// seal ends a value with the CRC-32C of its key and itself, so that a value
// that was changed, or belongs to another key, is never read.
func seal(key, value []byte) []byte {
	return binary.BigEndian.AppendUint32(value, checksum(key, value))
}

func checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}

// unseal checks what seal wrote and returns the value without it.
func unseal(key, sealed []byte) ([]byte, error) {
	n := len(sealed) - sealLen
	if n < 0 || binary.BigEndian.Uint32(sealed[n:]) != checksum(key, sealed[:n]) {
		return nil, fmt.Errorf("%w: the value of key %x fails its checksum", graph.ErrDamaged, key)
	}
	return sealed[:n:n], nil
}

var errShort = errors.New("value ends early")

// reader takes a value apart. The first error stays; what is read after it is
// zero, so that callers check once.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.b = nil
}

func (r *reader) uvarint() uint64 {
	if len(r.b) > 0 && r.b[0] < 0x80 {
		v := uint64(r.b[0])
		r.b = r.b[1:]
		return v
	}
	return r.longUvarint()
}

func (r *reader) longUvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail(errShort)
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail(errShort)
		return 0
	}
	r.b = r.b[n:]
	return v
}

// uint32 reads a uvarint that must fit 32 bits.
func (r *reader) uint32() uint32 {
	v := r.uvarint()
	if v > 1<<32-1 {
		r.fail(errors.New("number beyond 32 bits"))
		return 0
	}
	return uint32(v)
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail(errShort)
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

// bytes are the next n bytes, not copied.
func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.fail(errShort)
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) hash() (h graph.Hash) {
	copy(h[:], r.bytes(uint64(len(h))))
	return h
}

func (r *reader) amount(a *graph.Amount) {
	n := r.byte()
	if n > 32 {
		r.fail(errors.New("amount beyond 32 bytes"))
		return
	}
	b := r.bytes(uint64(n))
	if n > 8 {
		a.SetBytes(b)
		return
	}
	var low uint64 // most amounts
	for _, c := range b {
		low = low<<8 | uint64(c)
	}
	a.SetUint64(low)
}

// end reports whether the value was read whole and exactly.
func (r *reader) end(key []byte) error {
	if r.err == nil && len(r.b) > 0 {
		r.err = fmt.Errorf("%d bytes too many", len(r.b))
	}
	if r.err != nil {
		return fmt.Errorf("%w: the value of key %x: %w", graph.ErrDamaged, key, r.err)
	}
	return nil
}

// appendAmount writes | length 1 | big-endian, no leading zeros |.
func appendAmount(b []byte, a *graph.Amount) []byte {
	n := a.ByteLen()
	b = append(b, byte(n))
	full := a.Bytes32()
	return append(b, full[32-n:]...)
}

// A place is written as a varint with its class lowest and, of a log, the item
// of a batch above the index: the common numbers are then small.
//
//	| index or (item 11 | log 17) | class 4 |
const (
	seqClassBits = 28
	itemBits     = 11
	logBits      = 17
	logClass     = 3
)

func packSeq(s graph.Seq) uint64 {
	class, index := uint32(s)>>seqClassBits, uint32(s)&(1<<seqClassBits-1)
	if class == logClass {
		index = index&(1<<itemBits-1)<<logBits | index>>itemBits
	}
	return uint64(index)<<4 | uint64(class)
}

func unpackSeq(v uint64) (graph.Seq, error) {
	if v > 1<<32-1 {
		return 0, errors.New("place beyond 32 bits")
	}
	class, index := uint32(v)&15, uint32(v)>>4
	if class == logClass {
		index = index&(1<<logBits-1)<<itemBits | index>>logBits
	}
	return graph.Seq(class<<seqClassBits | index), nil
}

func (r *reader) seq() graph.Seq {
	s, err := unpackSeq(r.uvarint())
	if err != nil {
		r.fail(err)
	}
	return s
}

func appendSeq(b []byte, s graph.Seq) []byte { return binary.AppendUvarint(b, packSeq(s)) }

// A position that lies before another is written as
//
//	| 0: none, else 1 + distance in blocks | transaction | place |
func appendBefore(b []byte, p, later graph.Position) []byte {
	if p == (graph.Position{}) {
		return append(b, 0)
	}
	b = binary.AppendUvarint(b, uint64(later.Block-p.Block)+1)
	b = binary.AppendUvarint(b, uint64(p.Tx))
	return appendSeq(b, p.Seq)
}

func (r *reader) before(later graph.Position) graph.Position {
	distance := r.uvarint()
	if distance == 0 {
		return graph.Position{}
	}
	if distance-1 > uint64(later.Block) {
		r.fail(errors.New("position before the first block"))
		return graph.Position{}
	}
	return graph.Position{Block: later.Block - uint32(distance-1), Tx: r.uint32(), Seq: r.seq()}
}

func errFormat(got byte) error {
	return fmt.Errorf("the ledger has format %d, this program reads formats %d and %d: use the program that wrote it, or ingest again", got, formlessState, stateFormat)
}

// damaged says of an error of Badger's that the bytes are not as they were.
func damaged(err error) error {
	if err == nil || errors.Is(err, graph.ErrDamaged) {
		return err
	}
	return fmt.Errorf("%w: %w", graph.ErrDamaged, err)
}

func appendUvarint(b []byte, v uint64) []byte { return binary.AppendUvarint(b, v) }

func appendVarint(b []byte, v int64) []byte { return binary.AppendVarint(b, v) }

func bigEndian32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }

func readBigEndian32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }
