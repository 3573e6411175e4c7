package cluster

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"spoor/graph"
)

// reader reads frames one after the other into one buffer.
type reader struct {
	in *bufio.Reader
	b  []byte
}

func newReader(in io.Reader) *reader { return &reader{in: bufio.NewReaderSize(in, 1<<20)} }

// frame is the bytes of the next frame, until the next call.
func (r *reader) frame() ([]byte, error) {
	head, err := r.in.Peek(4)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", graph.ErrDamaged, io.ErrUnexpectedEOF)
	}
	n := int(binary.BigEndian.Uint32(head))
	if n > maxRecords {
		return nil, fmt.Errorf("%w: a frame of %d records", graph.ErrDamaged, n)
	}
	length := frameHead + n*recordSize + frameTail
	if cap(r.b) < length {
		r.b = make([]byte, length)
	}
	r.b = r.b[:length]
	if _, err := io.ReadFull(r.in, r.b); err != nil {
		return nil, fmt.Errorf("%w: %w", graph.ErrDamaged, err)
	}
	return r.b, nil
}

// writeWhole puts a file in place whole or not at all, also across a power cut.
func writeWhole(path string, content []byte) error {
	temporary := path + ".tmp"
	f, err := os.Create(temporary)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	err = d.Sync()
	if closeErr := d.Close(); err == nil {
		err = closeErr
	}
	return err
}
