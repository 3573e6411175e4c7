package ingest

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/klauspost/compress/gzip"

	"spoor/graph"
)

// A recordFile reads the records of a CSV file, compressed or not.
type recordFile struct {
	name    string // without its folder, as it stands in messages and sources
	heading heading
	file    *os.File
	read    int64 // bytes of the file read
	csv     *csv.Reader
}

// openRecords opens a transfers file and reads its heading.
func openRecords(path string) (*recordFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r := &recordFile{name: filepath.Base(path), file: f}
	if err := r.begin(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return r, nil
}

func (r *recordFile) begin() error {
	if info, err := r.file.Stat(); err != nil {
		return err
	} else if !info.Mode().IsRegular() {
		return advise(fmt.Errorf("%s: not a regular file", r.name), "the file is read twice: write it to disk first")
	}
	in := bufio.NewReaderSize(counter{r.file, &r.read}, 1<<16)
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		zip, err := gzip.NewReader(in)
		if err != nil {
			return r.broken(err)
		}
		in = bufio.NewReaderSize(zip, 1<<16)
	}
	if mark, _ := in.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3) // three bytes were just seen
	}
	r.csv = csv.NewReader(in)
	r.csv.ReuseRecord = true
	names, err := r.csv.Read()
	if err == io.EOF {
		return advise(fmt.Errorf("%s: empty file", r.name), "the first line must name the columns")
	}
	if err != nil {
		return r.broken(err)
	}
	if r.heading, err = parseHeading(names); err != nil {
		return fmt.Errorf("%s:1: %w", r.name, err)
	}
	return nil
}

// next reads a record and its line number. A *csv.ParseError concerns one
// record, io.EOF ends the file, any other error means the file is broken.
func (r *recordFile) next() ([]string, int, error) {
	record, err := r.csv.Read()
	if err != nil {
		if err == io.EOF {
			return nil, 0, err
		}
		if bad := (*csv.ParseError)(nil); errors.As(err, &bad) {
			return nil, bad.StartLine, err
		}
		return nil, 0, r.broken(err)
	}
	line, _ := r.csv.FieldPos(0)
	return record, line, nil
}

// broken explains an error of the file as a whole.
func (r *recordFile) broken(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return advise(fmt.Errorf("%s: the compressed data ends in the middle", r.name), "the file was cut off; copy or download it again (gzip -t tests it)")
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader):
		return advise(fmt.Errorf("%s: damaged compressed data: %w", r.name, err), "copy or download the file again (gzip -t tests it)")
	}
	return fmt.Errorf("%s: %w", r.name, err)
}

func (r *recordFile) close() error { return r.file.Close() }

// counter counts the bytes read through it.
type counter struct {
	r io.Reader
	n *int64
}

func (c counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	*c.n += int64(n)
	return n, err
}

// rows yields the rows of one chain in a file, ascending by block.
type rows interface {
	next() (row, error) // io.EOF at the end
	close() error
}

// sortedRows reads a file whose rows of the chain already ascend.
type sortedRows struct {
	file  *recordFile
	read  *rowReader
	owner *graph.Chain
	named map[string]bool // texts of the chain column that mean the chain
	meter *Meter
}

func (s *sortedRows) close() error { return s.file.close() }

func (s *sortedRows) next() (row, error) {
	for {
		record, line, err := s.file.next()
		if bad := (*csv.ParseError)(nil); errors.As(err, &bad) {
			continue // counted by the scan, which met it first
		} else if err != nil {
			return row{}, err
		}
		if !s.named[s.file.heading.cell(record, colChain)] {
			continue
		}
		height, err := parseHeight(s.file.heading.cell(record, colBlock))
		if err != nil {
			continue // likewise
		}
		r, err := s.read.parse(record)
		r.line, r.block = line, height
		if err != nil {
			if err := s.meter.Problem(rowProblem(s.file.name, line, err)); err != nil {
				return row{}, err
			}
			r.bad = true
		}
		return r, nil
	}
}

func rowProblem(file string, line int, err error) Problem {
	reason := "malformed row"
	if bad := (*rowError)(nil); errors.As(err, &bad) {
		reason = "bad " + columnNames[bad.column]
	}
	return Problem{Where: fmt.Sprintf("%s:%d", file, line), Reason: reason, Err: err}
}

// heldRows are rows that had to be sorted in memory.
type heldRows []row

// holdRows reads all rows of a chain in a file and sorts them by block, which
// keeps the file's order inside each.
func holdRows(s *sortedRows, count int) (*heldRows, error) {
	held := make(heldRows, 0, count)
	for {
		r, err := s.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		held = append(held, r)
	}
	slices.SortStableFunc(held, func(a, b row) int { return int(int64(a.block) - int64(b.block)) })
	return &held, nil
}

func (h *heldRows) next() (row, error) {
	if len(*h) == 0 {
		return row{}, io.EOF
	}
	r := (*h)[0]
	*h = (*h)[1:]
	return r, nil
}

func (h *heldRows) close() error { return nil }
