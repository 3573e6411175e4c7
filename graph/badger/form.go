package badger

import (
	"encoding/binary"
	"errors"

	"spoor/graph"
)

// A form follows the hash of its transaction, if it is known:
//
//	form | answers 1 | version | lock time | size |
//
// A lock time is 0 for none; 1 + twice the distance below the block it stands
// in, as wallets that lock to the newest block write it; or 2 + twice the
// distance above.
func appendForm(b []byte, f *graph.Form, height uint32) []byte {
	b = binary.AppendUvarint(append(b, f.Answers()), uint64(f.Version))
	b = binary.AppendUvarint(b, packLock(f.LockTime, height))
	return binary.AppendUvarint(b, uint64(f.Size))
}

func packLock(lock, height uint32) uint64 {
	switch {
	case lock == 0:
		return 0
	case lock <= height:
		return 1 + 2*uint64(height-lock)
	}
	return 2 + 2*uint64(lock-height)
}

func unpackLock(v uint64, height uint32) (uint32, error) {
	distance := (v - 1) / 2
	switch {
	case v == 0:
		return 0, nil
	case v%2 == 1 && distance < uint64(height):
		return height - uint32(distance), nil
	case v%2 == 0 && distance > 0 && distance <= uint64(^height):
		return height + uint32(distance), nil
	}
	return 0, errors.New("lock time beyond 32 bits")
}

func (r *reader) form(height uint32) graph.Form {
	f := graph.Form{Known: true}
	if err := f.SetAnswers(r.byte()); err != nil {
		r.fail(err)
	}
	f.Version = r.uint32()
	var err error
	if f.LockTime, err = unpackLock(r.uvarint(), height); err != nil {
		r.fail(err)
	}
	f.Size = r.uint32()
	return f
}
