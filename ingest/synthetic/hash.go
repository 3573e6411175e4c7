package synthetic

import (
	"crypto/sha256"
	"encoding/binary"

	"spoor/graph"
)

// txHash names a transaction by its content and a serial number that no other
// transaction of the ledger has, as a nonce or a coinbase's height would.
func txHash(seed, serial uint64, transfers []graph.Transfer) graph.Hash {
	var space [512]byte
	b := append(space[:0], "spoor synthetic tx"...)
	b = binary.BigEndian.AppendUint64(b, seed)
	b = binary.BigEndian.AppendUint64(b, serial)
	for i := range transfers {
		t := &transfers[i]
		b = append(b, byte(t.Kind))
		b = appendAddress(b, t.From)
		b = appendAddress(b, t.To)
		b = appendAddress(b, t.Asset.Contract)
		amount := t.Amount.Bytes32()
		b = append(b, amount[:]...)
		if t.Kind == graph.KindInput {
			b = append(b, t.Prev.Tx[:]...)
			b = binary.BigEndian.AppendUint32(b, t.Prev.Index)
		}
	}
	return sha256.Sum256(b)
}

func appendAddress(b []byte, a graph.Address) []byte {
	raw := a.Bytes()
	return append(append(b, byte(len(raw))), raw...)
}

// seal gives a finished block its hash, over its parent and its transactions.
func seal(b *graph.Block, parent graph.Hash) {
	b.Parent = parent
	h := sha256.New()
	var head [12]byte
	binary.BigEndian.PutUint32(head[:], b.Height)
	binary.BigEndian.PutUint64(head[4:], uint64(b.Time))
	h.Write(parent[:])
	h.Write(head[:])
	for i := range b.Txs {
		tx := &b.Txs[i]
		if !tx.Hash.IsZero() {
			h.Write(tx.Hash[:])
			continue
		}
		own := txHash(0, 0, tx.Transfers) // the block's own payments have no hash
		h.Write(own[:])
	}
	h.Sum(b.Hash[:0])
}
