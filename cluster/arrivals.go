package cluster

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"

	"spoor/graph"
)

// arrivals tells which amounts surely did not arrive at an address in the last
// blocks, so that most of who pays an exchange need not be looked up. It is a
// Bloom filter of one hash over what was read, in two windows of blocks, each as
// long as a deposit address may wait; where it was not read for so long, it
// tells nothing.
type arrivals struct {
	window   uint32 // blocks
	alpha    graph.Amount
	slack    uint   // an amount of coin matters to 2 to this many base units
	began    uint32 // height of the first block read
	turned   uint32 // height from which the young window is
	young    []uint64
	old      []uint64
	complete bool // everything from the ledger's first block on was read
}

const arrivalBits = 1 << 24 // of a window: 2 MiB, of which the payments of 3200 blocks of Ethereum fill a tenth

func newArrivals(from uint32, p DepositParams) *arrivals {
	return &arrivals{window: p.Tau, alpha: p.Alpha, slack: uint(p.Alpha.BitLen()), began: from, complete: from == 0}
}

// arrivalPatience is how many blocks are read before the filter is begun: a few
// blocks at the tip are not worth its memory.
const arrivalPatience = 64

// key is the bit of an amount that arrives at an address; of coin, amounts that
// differ by no more than what may be kept differ by 1 at most in their size.
func (a *arrivals) key(to graph.ID, asset graph.AssetID, amount *graph.Amount, more uint64) uint64 {
	var b [20]byte
	binary.LittleEndian.PutUint64(b[:], uint64(to))
	binary.LittleEndian.PutUint32(b[8:], uint32(asset))
	size := amount[0] ^ amount[1]<<7 ^ amount[2]<<11 ^ amount[3]<<13
	if asset == graph.NativeID {
		var shifted graph.Amount
		shifted.Rsh(amount, a.slack)
		size = shifted.Uint64() + more
	}
	binary.LittleEndian.PutUint64(b[12:], size)
	return xxhash.Sum64(b[:]) % arrivalBits
}

// note adds what arrives in a transaction.
func (a *arrivals) note(tx *graph.TxMoves) {
	if a.young == nil { // nothing arrived before the first transaction
		if !a.complete && tx.At.Block-a.began < arrivalPatience {
			return
		}
		a.young, a.old = make([]uint64, arrivalBits/64), make([]uint64, arrivalBits/64)
		a.turned = tx.At.Block
		if !a.complete {
			a.began = tx.At.Block
		}
	}
	if tx.At.Block-a.turned > a.window {
		a.young, a.old = a.old, a.young
		clear(a.young)
		a.turned = tx.At.Block
	}
	for i := range tx.Moves {
		if m := &tx.Moves[i]; forwards(m) {
			bit := a.key(m.To, m.Asset, &m.Amount, 0)
			a.young[bit/64] |= 1 << (bit % 64)
		}
	}
}

// forwarded reports whether a transaction may forward something that arrived
// before to one of the exchanges.
func (a *arrivals) forwarded(tx *graph.TxMoves, exchanges idSet) bool {
	unread := !a.complete && (a.young == nil || tx.At.Block-a.began <= a.window)
	for i := range tx.Moves {
		m := &tx.Moves[i]
		if !exchanges.has(m.To) || exchanges.has(m.From) || !forwards(m) || m.Asset == graph.NativeID && !m.Amount.Gt(&a.alpha) {
			continue // the finder looks at no such movement
		}
		if unread || a.had(a.key(m.From, m.Asset, &m.Amount, 0)) ||
			m.Asset == graph.NativeID && a.had(a.key(m.From, m.Asset, &m.Amount, 1)) {
			return true
		}
	}
	return false
}

func (a *arrivals) had(bit uint64) bool {
	return a.young != nil && (a.young[bit/64]|a.old[bit/64])>>(bit%64)&1 == 1
}
