package ethereum

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
)

// small is the size up to which a file is read into memory and put in order:
// ethereum-etl's parallel exporters write batches as they finish. Larger files
// must be in order. Gzipped files count tenfold.
const small = 64 << 20

// stream reads the files of a table, which together are in order of height.
type stream struct {
	table  *table
	files  []etlFile
	next   int // file to open
	open   *rowReader
	memory []*row // rows of a small file, in order
	closed int64  // bytes of the files read to their end

	head   *row // next row, nil at the end
	height uint64
}

func (s *stream) close() error {
	if s.open == nil {
		return nil
	}
	err := s.open.close()
	s.closed += s.files[s.next-1].disk
	s.open = nil
	return err
}

// done is how many bytes were read.
func (s *stream) done() int64 {
	if s.open == nil {
		return s.closed
	}
	return s.closed + s.open.count.n
}

// covers reports whether a height is in the range of a file.
func (s *stream) covers(height uint64) bool {
	return slices.ContainsFunc(s.files, func(f etlFile) bool { return f.from <= height && height <= f.to })
}

// advance reads the next row into head.
func (s *stream) advance() error {
	last := s.head
	r, err := s.read()
	if errors.Is(err, io.EOF) {
		s.head = nil
		return nil
	}
	if err != nil {
		return err
	}
	c := cells{row: r}
	height := c.uint(s.table.height, 32)
	if c.err != nil {
		return c.err
	}
	if last != nil && height < s.height {
		return fmt.Errorf("%s: block %d comes after block %d of %s; rows must be in order of %s: sort the file, and let files not overlap",
			r.where(), height, s.height, last.where(), s.table.height)
	}
	s.head, s.height = r, height
	return nil
}

// take reads all rows of a height.
func (s *stream) take(height uint64) (rows []*row, err error) {
	for s.head != nil && s.height == height {
		rows = append(rows, s.head)
		if err := s.advance(); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

func (s *stream) read() (*row, error) {
	for {
		if len(s.memory) > 0 {
			r := s.memory[0]
			s.memory = s.memory[1:]
			return r, nil
		}
		if s.open == nil {
			if s.next == len(s.files) {
				return nil, io.EOF
			}
			if err := s.begin(); err != nil {
				return nil, err
			}
			continue
		}
		r, err := s.open.next()
		if !errors.Is(err, io.EOF) {
			return r, err
		}
		if err := s.close(); err != nil {
			return nil, err
		}
	}
}

// begin opens the next file, a small one into memory.
func (s *stream) begin() (err error) {
	f := s.files[s.next]
	s.next++
	if s.open, err = openRows(s.table, f.path); err != nil || f.size > small {
		return err
	}
	type keyed struct {
		height uint64
		row    *row
	}
	var rows []keyed
	for {
		r, err := s.open.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		c := cells{row: r}
		rows = append(rows, keyed{c.uint(s.table.height, 32), r})
		if c.err != nil {
			return c.err
		}
	}
	slices.SortStableFunc(rows, func(a, b keyed) int { return cmp.Compare(a.height, b.height) })
	for _, r := range rows {
		s.memory = append(s.memory, r.row)
	}
	return s.close()
}
