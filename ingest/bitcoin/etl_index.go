package bitcoin

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"spoor/graph"
	"spoor/ingest"
)

// maxLine is the longest line read in bytes; the largest transactions that fit
// a block take a few MB.
const maxLine = 64 << 20

// etlLine says where a row is: rows of one block may be far apart, for
// bitcoin-etl exports with several workers in no order.
type etlLine struct {
	height uint32
	index  uint32 // of the transaction, noIndex if the row does not say; blockLine for a block
	file   int32
	line   uint32 // from 1
	at     int64
	size   int32
}

const (
	blockLine = 0 // sorts before transactions, whose index is kept plus one
	noIndex   = math.MaxUint32
)

// index is a first pass over all rows: their places, in order of height, the
// block's row first and its transactions after it.
func (e *ETL) index(ctx context.Context) ([]etlLine, error) {
	var lines []etlLine
	for file := range e.files.paths {
		if err := e.indexFile(ctx, file, &lines); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(lines, func(a, b etlLine) int {
		if c := cmp.Compare(a.height, b.height); c != 0 {
			return c
		}
		return cmp.Compare(a.index, b.index)
	})
	return lines, nil
}

func (e *ETL) indexFile(ctx context.Context, file int, lines *[]etlLine) error {
	size, err := e.files.size(file)
	if err != nil {
		return err
	}
	r := bufio.NewReaderSize(io.NewSectionReader(e.reader(file), 0, size), 1<<16)
	at := int64(0)
	for number := uint32(1); ; number++ {
		if number%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		text, err := readLine(r)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", e.files.name(file), number, err)
		}
		if len(text) == 0 {
			return nil
		}
		line := etlLine{file: int32(file), line: number, at: at, size: int32(len(text))}
		at += int64(len(text))
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		if err := line.place(text); err != nil {
			if err := e.problem(line, "bad row", err); err != nil {
				return err
			}
			continue
		}
		if e.options.has(line.height) {
			*lines = append(*lines, line)
		}
	}
}

// readLine is the next line with its end, empty at the end of the file.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil || errors.Is(err, io.EOF):
			return line, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		case len(line) > maxLine:
			return nil, fmt.Errorf("a line longer than %d bytes", maxLine)
		}
	}
}

// place reads only where a row belongs.
func (l *etlLine) place(text []byte) error {
	var row struct {
		Number      integer `json:"number"`
		BlockNumber integer `json:"block_number"`
		Index       integer `json:"index"`
	}
	if err := json.Unmarshal(text, &row); err != nil {
		return err
	}
	height := row.BlockNumber
	switch {
	case row.Number.set == row.BlockNumber.set:
		return errors.New("want a block with a number or a transaction with a block_number")
	case row.Number.set:
		height, l.index = row.Number, blockLine
	case !row.Index.set:
		l.index = noIndex
	case row.Index.value > graph.MaxTx:
		return fmt.Errorf("transaction index %d is beyond %d", row.Index.value, graph.MaxTx)
	default:
		l.index = uint32(row.Index.value) + 1
	}
	if height.value > math.MaxUint32 {
		return fmt.Errorf("height %d is beyond %d", height.value, uint32(math.MaxUint32))
	}
	l.height = uint32(height.value)
	return nil
}

// load reads a row found before.
func (e *ETL) load(l etlLine) (*etlRow, error) {
	text := make([]byte, l.size)
	if _, err := e.files.readAt(int(l.file), text, l.at); err != nil {
		return nil, fmt.Errorf("%s: %w", e.where(l), err)
	}
	row := new(etlRow)
	return row, json.Unmarshal(text, row)
}

func (e *ETL) where(l etlLine) string { return fmt.Sprintf("%s:%d", e.files.name(int(l.file)), l.line) }

func (e *ETL) problem(l etlLine, reason string, err error) error {
	return e.meter.Problem(ingest.Problem{Where: e.where(l), Reason: reason, Err: err})
}

func (e *ETL) reader(file int) io.ReaderAt { return etlFile{e.files, file} }

type etlFile struct {
	files *files
	file  int
}

func (f etlFile) ReadAt(p []byte, at int64) (int, error) { return f.files.readAt(f.file, p, at) }
