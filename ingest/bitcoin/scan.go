package bitcoin

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"spoor/ingest"
)

// Framing of a block file, repeated, in order of arrival:
//
//	magic of the network 4 | size of the block, little-endian 4 | block
//
// Zero bytes may stand between and after: files are allocated ahead. In an
// obfuscated file these are zero on the disk (as allocated) or zero once
// revealed (as copied).
const (
	frameSize  = 8
	headerSize = 80
)

// stored says where a block lies.
type stored struct {
	file int
	at   int64 // of the block itself
	size uint32
}

// scanner finds the blocks of one file without reading more than headers.
type scanner struct {
	files  *files
	file   int
	last   bool // of the files: its end may be missing
	params *chaincfg.Params
	meter  *ingest.Meter
}

// where names a place in a file.
func (f *files) where(file int, at int64) string {
	return fmt.Sprintf("%s at byte %d", f.name(file), at)
}

func (s *scanner) problem(at int64, reason string, err error) error {
	return s.meter.Problem(ingest.Problem{Where: s.files.where(s.file, at), Reason: reason, Err: err})
}

// scan calls found for each block of the file.
func (s *scanner) scan(found func(stored, *wire.BlockHeader) error) error {
	size, err := s.files.size(s.file)
	if err != nil {
		return err
	}
	framed, err := s.isFramed(size)
	if err != nil {
		return err
	}
	if !framed {
		return s.raw(size, found)
	}
	at, err := s.skipPadding(0, size)
	for ; err == nil && at < size; at, err = s.skipPadding(at, size) {
		if at, err = s.record(at, size, found); err != nil {
			return err
		}
	}
	return err
}

// isFramed tells a framed file from one that is a block and nothing else.
func (s *scanner) isFramed(size int64) (bool, error) {
	if size < headerSize || size > maxBlock || s.isMagic(0) {
		return true, nil
	}
	var head [headerSize]byte
	if _, err := s.files.readAt(s.file, head[:], 0); err != nil {
		return false, fmt.Errorf("%s: %w", s.files.name(s.file), err)
	}
	var header wire.BlockHeader
	if err := header.Deserialize(bytes.NewReader(head[:])); err != nil {
		return true, nil
	}
	return checkHeader(&header, s.params) != nil, nil
}

// raw takes the whole file as one block.
func (s *scanner) raw(size int64, found func(stored, *wire.BlockHeader) error) error {
	header, err := s.header(0)
	if err != nil {
		return err
	}
	return found(stored{s.file, 0, uint32(size)}, header)
}

func (s *scanner) header(at int64) (*wire.BlockHeader, error) {
	var head [headerSize]byte
	if _, err := s.files.readAt(s.file, head[:], at); err != nil {
		return nil, fmt.Errorf("%s: %w", s.files.where(s.file, at), err)
	}
	var header wire.BlockHeader
	if err := header.Deserialize(bytes.NewReader(head[:])); err != nil {
		return nil, fmt.Errorf("%s: %w", s.files.where(s.file, at), err)
	}
	return &header, nil
}

// record reads the frame at a place that is no padding and returns the place
// after it.
func (s *scanner) record(at, end int64, found func(stored, *wire.BlockHeader) error) (int64, error) {
	var frame [frameSize]byte
	n, err := s.files.readAt(s.file, frame[:], at)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("%s: %w", s.files.where(s.file, at), err)
	}
	magic := wire.BitcoinNet(binary.LittleEndian.Uint32(frame[:]))
	if n < frameSize {
		return end, s.truncated(at, fmt.Errorf("%d bytes are left, a frame has %d", n, frameSize))
	}
	if magic != s.params.Net {
		if err := s.problem(at, "no block", s.wrongMagic(magic)); err != nil {
			return 0, err
		}
		return s.nextMagic(at+1, end)
	}
	size := binary.LittleEndian.Uint32(frame[4:])
	if size <= headerSize || size > maxBlock {
		if err := s.problem(at, "no block", fmt.Errorf("a block of %d bytes cannot be", size)); err != nil {
			return 0, err
		}
		return s.nextMagic(at+1, end)
	}
	at += frameSize
	if at+int64(size) > end {
		return end, s.truncated(at-frameSize, fmt.Errorf("the block has %d bytes, the file has %d more", size, end-at))
	}
	header, err := s.header(at)
	if err != nil {
		return 0, err
	}
	if err := checkHeader(header, s.params); err != nil {
		return at + int64(size), s.problem(at, "bad block", err)
	}
	return at + int64(size), found(stored{s.file, at, size}, header)
}

// truncated treats a block that is cut off by the end of its file: a node that
// was stopped leaves such a one in its last file, elsewhere it is damage.
func (s *scanner) truncated(at int64, err error) error {
	if s.last {
		s.meter.Pass("incomplete block at the end of the last file", 1)
		return nil
	}
	return s.problem(at, "file is cut off", err)
}

func (s *scanner) wrongMagic(magic wire.BitcoinNet) error {
	if other := networkOf(magic); other != "" {
		return fmt.Errorf("this is a block of %s, not of %s", other, s.params.Name)
	}
	hint := "; is its xor.dat missing?"
	if len(s.files.key) > 0 {
		hint = ""
	}
	return fmt.Errorf("found %s, want the magic of %s, %s%s", magicText(magic), s.params.Name, magicText(s.params.Net), hint)
}

// skipPadding is the first place from at on that is no padding.
func (s *scanner) skipPadding(at, end int64) (int64, error) {
	first := byte(s.params.Net)
	var raw, revealed [4096]byte
	for at < end {
		n, err := s.files.readRaw(s.file, raw[:], at)
		if n == 0 {
			return 0, fmt.Errorf("%s: %w", s.files.where(s.file, at), err)
		}
		copy(revealed[:n], raw[:n])
		s.files.reveal(revealed[:n], at)
		for i := range n {
			if revealed[i] == first && s.isMagic(at+int64(i)) || revealed[i] != 0 && raw[i] != 0 {
				return at + int64(i), nil
			}
		}
		at += int64(n)
	}
	return end, nil
}

// nextMagic is the next place with the network's magic.
func (s *scanner) nextMagic(at, end int64) (int64, error) {
	first := byte(s.params.Net)
	var chunk [1 << 16]byte
	for at < end {
		n, err := s.files.readAt(s.file, chunk[:], at)
		if n == 0 {
			return 0, fmt.Errorf("%s: %w", s.files.where(s.file, at), err)
		}
		for i := range n {
			if chunk[i] == first && s.isMagic(at+int64(i)) {
				return at + int64(i), nil
			}
		}
		at += int64(n)
	}
	return end, nil
}

func (s *scanner) isMagic(at int64) bool {
	var magic [4]byte
	n, _ := s.files.readAt(s.file, magic[:], at)
	return n == len(magic) && wire.BitcoinNet(binary.LittleEndian.Uint32(magic[:])) == s.params.Net
}
