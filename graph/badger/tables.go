package badger

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/dgraph-io/badger/v4/fb"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/dgraph-io/badger/v4/y"
	"github.com/klauspost/compress/snappy"
	"google.golang.org/protobuf/proto"

	"spoor/graph"
)

// Badger ends the process where it opens a table whose index or last block is
// not what was written, and its iterators end in silence at any other such
// block. So tables are checked here, before Badger sees them: all of every
// table up to a size, beyond it what Badger needs to open them.
//
//	table | block … | index | length 4 | checksum | length 4 |
//	block | rows and their places | checksum | length 4 |, compressed with Snappy
func checkTables(dir string, verify int64) error {
	paths, err := tablesOf(dir)
	if err != nil {
		return err
	}
	size := int64(0)
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil {
			size += info.Size()
		}
	}
	for _, path := range paths {
		// A table that is gone was merged into others while this looked, or
		// Badger will miss it: it knows which there must be.
		if err := checkTable(path, size <= verify); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func checkTable(path string, all bool) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() {
		_ = f.Close()                 // only read
		if r := recover(); r != nil { // of the index's decoder
			err = fmt.Errorf("%w: table %s: %v", graph.ErrDamaged, path, r)
		}
	}()
	index, err := tableIndex(f)
	if err == nil {
		err = checkBlocks(f, index, all)
	}
	if err != nil {
		return fmt.Errorf("%w: table %s: %w", graph.ErrDamaged, path, err)
	}
	return nil
}

func tableIndex(f *os.File) (*fb.TableIndex, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	end := info.Size()
	sum, err := partBefore(f, &end)
	if err != nil {
		return nil, err
	}
	var checksum pb.Checksum
	if err := proto.Unmarshal(sum, &checksum); err != nil {
		return nil, err
	}
	index, err := partBefore(f, &end)
	if err != nil {
		return nil, err
	}
	if err := y.VerifyChecksum(index, &checksum); err != nil {
		return nil, err
	}
	return fb.GetRootAsTableIndex(index, 0), nil
}

// partBefore reads what ends at end with its own length, and moves end before
// it.
func partBefore(f io.ReaderAt, end *int64) ([]byte, error) {
	var length [4]byte
	if *end < 4 {
		return nil, io.ErrUnexpectedEOF
	}
	if _, err := f.ReadAt(length[:], *end-4); err != nil {
		return nil, err
	}
	n := int64(binary.BigEndian.Uint32(length[:]))
	if *end -= 4 + n; *end < 0 {
		return nil, io.ErrUnexpectedEOF
	}
	b := make([]byte, n)
	_, err := f.ReadAt(b, *end)
	return b, err
}

func checkBlocks(f *os.File, index *fb.TableIndex, all bool) error {
	var at fb.BlockOffset
	first := 0
	if !all {
		first = max(0, index.OffsetsLength()-1)
	}
	if !index.Offsets(&at, first) {
		return nil
	}
	r := bufio.NewReaderSize(io.NewSectionReader(f, int64(at.Offset()), 1<<62), 1<<20)
	var packed, plain []byte
	for i := first; i < index.OffsetsLength(); i++ {
		if !index.Offsets(&at, i) {
			return errors.New("no such block")
		}
		if n := int(at.Len()); cap(packed) < n {
			packed = make([]byte, n)
		}
		packed = packed[:at.Len()]
		if _, err := io.ReadFull(r, packed); err != nil {
			return err
		}
		var err error
		if plain, err = snappy.Decode(plain[:cap(plain)], packed); err == nil {
			err = checkBlock(plain)
		}
		if err != nil {
			return fmt.Errorf("block %d: %w", i, err)
		}
	}
	return nil
}

func checkBlock(block []byte) error {
	n := len(block) - 4
	if n < 0 {
		return io.ErrUnexpectedEOF
	}
	length := int(binary.BigEndian.Uint32(block[n:]))
	if length > n {
		return io.ErrUnexpectedEOF
	}
	var checksum pb.Checksum
	if err := proto.Unmarshal(block[n-length:n], &checksum); err != nil {
		return err
	}
	return y.VerifyChecksum(block[:n-length], &checksum)
}
