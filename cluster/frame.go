package cluster

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"spoor/graph"
)

// A log is a text header and frames, appended in ledger order. A frame holds
// the evidence of the blocks above the frame before it, up to its own height.
// All integers are big-endian.
//
//	frame:  | records 4 | height 4 | mark 32 | transactions 8 | movements 8 | record … | crc 4 | length 4 |
//	record: | block 4 | transaction 3 | rule 1 | confidence 1 | a 5 | b 5 | c 5 |
//
// The mark tells the block at the height from any other; transactions and
// movements count all of the ledger up to there, evidence or not. A transaction
// whose form is known counts as a movement more: what is learned later changes
// the count. The crc is
// of all before it, the length of the whole frame: it lets the last frame be
// found from the end.
const (
	frameHead  = 4 + 4 + 32 + 8 + 8
	frameTail  = 4 + 4
	recordSize = 4 + 3 + 1 + 1 + 5 + 5 + 5
	maxRecords = 1 << 20 // of a frame; a block holds far fewer
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Mark is how far a log has come: the last block it has seen, and how much
// there was up to it.
type Mark struct {
	Height    uint32
	Block     graph.Hash // the block's hash, or a digest of what is in it where no source told the hash
	Txs       uint64     // of the ledger up to here
	Transfers uint64     // and known forms of transactions
}

// appendFrame writes a frame behind b.
func appendFrame(b []byte, m Mark, records []Evidence) []byte {
	start := len(b)
	b = binary.BigEndian.AppendUint32(b, uint32(len(records)))
	b = binary.BigEndian.AppendUint32(b, m.Height)
	b = append(b, m.Block[:]...)
	b = binary.BigEndian.AppendUint64(b, m.Txs)
	b = binary.BigEndian.AppendUint64(b, m.Transfers)
	for i := range records {
		b = appendRecord(b, &records[i])
	}
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
	return binary.BigEndian.AppendUint32(b, uint32(len(b)-start+4))
}

// readFrame reads a whole frame.
func readFrame(b []byte) (Mark, []byte, error) {
	if len(b) < frameHead+frameTail || (len(b)-frameHead-frameTail)%recordSize != 0 {
		return Mark{}, nil, fmt.Errorf("%w: a frame of evidence of %d bytes", graph.ErrDamaged, len(b))
	}
	tail := b[len(b)-frameTail:]
	records := b[frameHead : len(b)-frameTail]
	switch {
	case binary.BigEndian.Uint32(tail) != crc32.Checksum(b[:len(b)-frameTail], castagnoli),
		binary.BigEndian.Uint32(tail[4:]) != uint32(len(b)),
		int(binary.BigEndian.Uint32(b)) != len(records)/recordSize:
		return Mark{}, nil, fmt.Errorf("%w: a frame of evidence fails its check", graph.ErrDamaged)
	}
	m := Mark{Height: binary.BigEndian.Uint32(b[4:]), Txs: binary.BigEndian.Uint64(b[40:]), Transfers: binary.BigEndian.Uint64(b[48:])}
	copy(m.Block[:], b[8:])
	return m, records, nil
}

func appendRecord(b []byte, e *Evidence) []byte {
	b = binary.BigEndian.AppendUint32(b, e.At.Block)
	b = append(b, byte(e.At.Tx>>16), byte(e.At.Tx>>8), byte(e.At.Tx), byte(e.Rule), e.Confidence)
	for _, id := range [...]graph.ID{e.A, e.B, e.C} {
		b = append(b, byte(id>>32), byte(id>>24), byte(id>>16), byte(id>>8), byte(id))
	}
	return b
}

func readRecord(b []byte) Evidence {
	id := func(b []byte) graph.ID { return graph.ID(b[0])<<32 | graph.ID(binary.BigEndian.Uint32(b[1:])) }
	return Evidence{
		At:   graph.Position{Block: binary.BigEndian.Uint32(b), Tx: uint32(b[4])<<16 | uint32(b[5])<<8 | uint32(b[6])},
		Rule: Rule(b[7]), Confidence: b[8], A: id(b[9:]), B: id(b[14:]), C: id(b[19:]),
	}
}
