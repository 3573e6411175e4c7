package ethereum

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rlp"
	"github.com/klauspost/compress/snappy"
)

// Entries of an era1 archive, which is an e2store file:
//
//	type 2 | length 4 | reserved 2 | data     little endian
//
//	era1  := Version | tuple* | other* | Accumulator | BlockIndex
//	tuple := CompressedHeader | CompressedBody | CompressedReceipts | TotalDifficulty
//
// Compressed data is RLP in snappy frames (go-ethereum internal/era/onedb).
const (
	e2Version  = 0x3265
	e2Header   = 0x03
	e2Body     = 0x04
	e2Receipts = 0x05

	maxEntry        = 50 << 20  // go-ethereum's limit
	maxDecompressed = 256 << 20 // a bound against archives that are bombs
)

func era1Blocks(in io.Reader, yield func(*rawBlock, error) bool) {
	typ, _, err := e2Entry(in)
	if err != nil || typ != e2Version {
		yield(nil, fmt.Errorf("no era1 archive: the first entry is no version: %w", errOr(err, errors.New("another type"))))
		return
	}
	var b *rawBlock
	for {
		typ, data, err := e2Entry(in)
		switch {
		case errors.Is(err, io.EOF) && b == nil:
			return
		case errors.Is(err, io.EOF):
			err = io.ErrUnexpectedEOF
		case err != nil:
		case typ == e2Header && b == nil:
			b = &rawBlock{header: new(types.Header)}
			err = unsnap(data, b.header)
		case typ == e2Body && b != nil && b.receipts == nil:
			err = unsnap(data, &b.body)
		case typ == e2Receipts && b != nil:
			b.receipts = types.Receipts{}
			if err = unsnap(data, &b.receipts); err == nil {
				err = sound(b.header, &b.body)
			}
			if err == nil {
				if !yield(b, nil) {
					return
				}
				b = nil
			}
		case typ == e2Header || typ == e2Body || typ == e2Receipts || b != nil:
			err = fmt.Errorf("entry of type %#x out of order; want header, body, receipts", typ)
		}
		if err != nil {
			yield(nil, fmt.Errorf("era1: %w", err))
			return
		}
	}
}

// e2Entry reads one entry; io.EOF only between entries.
func e2Entry(in io.Reader) (typ uint16, data []byte, err error) {
	var head [8]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.LittleEndian.Uint32(head[2:])
	if n > maxEntry {
		return 0, nil, fmt.Errorf("entry of %d bytes, more than %d", n, maxEntry)
	}
	var buf bytes.Buffer // grows with what is there, not with what is claimed
	if _, err := io.CopyN(&buf, in, int64(n)); err != nil {
		return 0, nil, fmt.Errorf("entry cut short: %w", io.ErrUnexpectedEOF)
	}
	return binary.LittleEndian.Uint16(head[:]), buf.Bytes(), nil
}

func unsnap(data []byte, into any) error {
	raw, err := io.ReadAll(io.LimitReader(snappy.NewReader(bytes.NewReader(data)), maxDecompressed+1))
	if err != nil {
		return fmt.Errorf("snappy: %w", err)
	}
	if len(raw) > maxDecompressed {
		return fmt.Errorf("snappy: more than %d bytes", maxDecompressed)
	}
	return rlp.DecodeBytes(raw, into)
}

func errOr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
