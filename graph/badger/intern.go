package badger

import (
	"bytes"

	"github.com/cespare/xxhash/v2"
)

// internTable gives byte strings dense numbers from 1, in memory: about ten
// bytes beside each string, which matters when there are a hundred million.
//
//	slot | tag 24 bits | number 40 bits |
type internTable struct {
	slots  []uint64
	count  uint64
	width  int // of a record: a length byte and the longest string
	chunks [][]byte
}

const (
	internChunk = 1 << 14 // records in a chunk
	numberBits  = 40
	numberMask  = 1<<numberBits - 1
)

func newInternTable(longest int) *internTable {
	return &internTable{slots: make([]uint64, 1<<10), width: longest + 1}
}

// at is the string with a number.
func (t *internTable) at(n uint64) []byte {
	n--
	r := t.chunks[n/internChunk][int(n%internChunk)*t.width:]
	return r[1 : 1+r[0]]
}

// number is the number of a string, and whether it is new.
func (t *internTable) number(s []byte) (n uint64, isNew bool) {
	if t.count*10 >= uint64(len(t.slots))*7 {
		t.grow()
	}
	h := xxhash.Sum64(s)
	slot := t.find(h, s)
	if t.slots[slot] != 0 {
		return t.slots[slot] & numberMask, false
	}
	if t.count%internChunk == 0 {
		t.chunks = append(t.chunks, make([]byte, internChunk*t.width))
	}
	r := t.chunks[len(t.chunks)-1][int(t.count%internChunk)*t.width:]
	r[0] = byte(len(s))
	copy(r[1:], s)
	t.count++
	t.slots[slot] = h>>numberBits<<numberBits | t.count
	return t.count, true
}

// find is the slot of a string, empty if it has no number.
func (t *internTable) find(h uint64, s []byte) uint64 {
	mask := uint64(len(t.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		slot := t.slots[i]
		if slot == 0 || slot>>numberBits == h>>numberBits && bytes.Equal(t.at(slot&numberMask), s) {
			return i
		}
	}
}

func (t *internTable) grow() {
	old := t.slots
	t.slots = make([]uint64, 2*len(old))
	mask := uint64(len(t.slots) - 1)
	for _, slot := range old {
		if slot == 0 {
			continue
		}
		i := xxhash.Sum64(t.at(slot&numberMask)) & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = slot
	}
}
