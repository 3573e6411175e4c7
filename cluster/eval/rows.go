package eval

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// ReadRows reads a CSV file, gzipped if its name ends in .gz, that has exactly
// these columns. Errors name the file and, from the first row on, the line.
func ReadRows(path string, columns []string, take func([]string) error) error {
	return readFile(path, func(in io.Reader) error {
		r := csv.NewReader(in)
		head, err := r.Read()
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if !slices.Equal(head, columns) {
			return fmt.Errorf("%s: columns %q; want %q", path, head, columns)
		}
		for {
			row, err := r.Read()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("%s: %w", path, err) // it tells the line
			}
			line, _ := r.FieldPos(0)
			if err := take(row); err != nil {
				return fmt.Errorf("%s:%d: %w", path, line, err)
			}
		}
	})
}

// eachRow reads a CSV file with a header, gzipped if its name ends in .gz, whose
// columns are told by name.
func eachRow(path string, do func(map[string]string) error) error {
	return readFile(path, func(in io.Reader) error {
		rows := csv.NewReader(in)
		header, err := rows.Read()
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for {
			cells, err := rows.Read()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			row := make(map[string]string, len(header))
			for i, name := range header {
				row[name] = cells[i]
			}
			if err := do(row); err != nil {
				line, _ := rows.FieldPos(0)
				return fmt.Errorf("%s:%d: %w", path, line, err)
			}
		}
	})
}

// readLines reads a gzipped file of JSON values, a line each.
func readLines[T any](path string, take func(*T) error) error {
	return readFile(path, func(in io.Reader) error {
		d := json.NewDecoder(in)
		for line := 1; ; line++ {
			row := new(T)
			err := d.Decode(row)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err == nil {
				err = take(row)
			}
			if err != nil {
				return fmt.Errorf("%s:%d: %w", path, line, err)
			}
		}
	})
}

// readFile opens a file, gzipped if its name ends in .gz, while read reads it.
func readFile(path string, read func(io.Reader) error) (err error) {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	in := bufio.NewReader(file)
	if filepath.Ext(path) != ".gz" {
		return read(in)
	}
	unzipped, err := gzip.NewReader(in)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return read(unzipped)
}
