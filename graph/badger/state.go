package badger

import (
	"encoding/binary"

	"spoor/graph"
)

// state is the one row that changes with every call. Its version is the
// version of the call.
//
//	state | format 1 | blocks 8 | txs 8 | transfers 8 | addresses 8 | assets 8 | waiting 8 | tip 4 | forms 8 | CRC-32C 4 |
//
// The tip is meaningless while there are no blocks. Format 1 knew no forms of
// transactions, and its row ends with the tip. It is read, and the next call
// writes format 2, which a program of format 1 refuses.
type state struct {
	blocks, txs, transfers uint64
	addresses, assets      uint64 // also the highest id and number
	waiting                uint64 // inputs whose output is not in the store
	tip                    uint32
	forms                  uint64 // transactions whose form is known
}

const (
	stateFormat   = 2
	formlessState = 1 // the format before it
)

func (s state) encode() []byte {
	b := []byte{stateFormat}
	for _, n := range []uint64{s.blocks, s.txs, s.transfers, s.addresses, s.assets, s.waiting} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(b, s.tip), s.forms)
}

func decodeState(value []byte) (s state, err error) {
	r := reader{b: value}
	format := r.byte()
	if r.err == nil && format != stateFormat && format != formlessState {
		return s, errFormat(format)
	}
	for _, n := range []*uint64{&s.blocks, &s.txs, &s.transfers, &s.addresses, &s.assets, &s.waiting} {
		if b := r.bytes(8); b != nil {
			*n = binary.BigEndian.Uint64(b)
		}
	}
	if b := r.bytes(4); b != nil {
		s.tip = binary.BigEndian.Uint32(b)
	}
	if format == formlessState {
		return s, r.end(stateKey())
	}
	if b := r.bytes(8); b != nil {
		s.forms = binary.BigEndian.Uint64(b)
	}
	return s, r.end(stateKey())
}

func (s state) size() graph.Size {
	return graph.Size{Blocks: s.blocks, Txs: s.txs, Transfers: s.transfers, Addresses: s.addresses, Assets: s.assets, Forms: s.forms}
}
