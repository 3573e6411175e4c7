package label

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"spoor/graph"
)

// A shape is a list in CSV: UTF-8 with a header, RFC 4180, columns in any order.
type shape struct {
	format   string
	columns  []string // all it may have
	required int      // the first so many must be there
	// parse reads one row: one label, or one for each chain.
	parse func(r *reading, field func(column string) string) ([]graph.Label, error)
	// address is the column that tells rows apart.
	address string
}

// shapes lists the shapes that a header is compared with.
var shapes = []*shape{&etherscanShape, &graphSenseShape, &spellbookShape, &poolShape, &ofacShape, &ownShape}

// shapeOf is the format whose header a line is.
func shapeOf(line []byte) (format string, ok bool) {
	header, err := csv.NewReader(bytes.NewReader(line)).Read()
	if err != nil {
		return "", false
	}
	for _, s := range shapes {
		if _, err := s.places(header); err == nil {
			return s.format, true
		}
	}
	return "", false
}

func readShape(s *shape) func(*reading, []byte) error {
	return func(r *reading, text []byte) error { return s.read(r, text) }
}

// read reads a list. A row with a wrong number of fields is refused; a file
// whose quotes are not closed has no rows that could be told.
func (s *shape) read(r *reading, text []byte) error {
	rows := csv.NewReader(bytes.NewReader(text))
	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf(" is empty; want a header with %s", strings.Join(s.columns[:s.required], ","))
	}
	if err != nil {
		return fmt.Errorf(": %w", err)
	}
	places, err := s.places(header)
	if err != nil {
		return at(1, "%w", err)
	}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if errors.Is(err, csv.ErrFieldCount) {
			err = &rowError{"number of fields", err}
		} else if err != nil {
			return fmt.Errorf(": %w", err) // tells the line itself
		}
		field := func(column string) string {
			if i, ok := places[column]; ok && i < len(row) {
				return row[i]
			}
			return ""
		}
		var labels []graph.Label
		if err == nil {
			labels, err = s.parse(r, field)
		}
		line, _ := rows.FieldPos(0)
		if err := r.row(line, field(s.address), labels, err); err != nil {
			return err
		}
	}
}

// places maps the columns to where the header has them.
func (s *shape) places(header []string) (map[string]int, error) {
	places := make(map[string]int)
	for i, column := range header {
		if !slices.Contains(s.columns, column) {
			return nil, fmt.Errorf("unknown column %.40q; want %s", column, strings.Join(s.columns, ","))
		}
		if _, twice := places[column]; twice {
			return nil, fmt.Errorf("column %s is there twice", column)
		}
		places[column] = i
	}
	for _, column := range s.columns[:s.required] {
		if _, ok := places[column]; !ok {
			return nil, fmt.Errorf("no column %s; want %s", column, strings.Join(s.columns, ","))
		}
	}
	return places, nil
}
