package ethereum

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"spoor/ingest"
)

// etlFile is a file of an export.
type etlFile struct {
	path  string
	disk  int64  // in bytes
	size  int64  // in bytes, uncompressed (estimated)
	first uint64 // height of the first row
	// from and to are the heights its name (or its folder's) declares; all
	// heights if it declares none, or some its first row is not in. A block
	// outside is not covered by the file.
	from, to uint64
}

// findFiles lists the files of an export by table, in order of height.
func findFiles(dir string, meter *ingest.Meter) (map[*table][]etlFile, error) {
	files := map[*table][]etlFile{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		t := tableOf(e.Name())
		if t == nil {
			meter.Pass("file that is no table of an export", 1)
			return nil
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		f := etlFile{path: path, disk: info.Size(), size: info.Size(), to: 1<<64 - 1}
		if strings.HasSuffix(path, ".gz") {
			f.size *= 10
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		f.from, f.to = declared(filepath.ToSlash(filepath.Join(filepath.Base(dir), rel)))
		if err := f.peek(t); err != nil {
			return err
		}
		files[t] = append(files[t], f)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, list := range files {
		slices.SortStableFunc(list, func(a, b etlFile) int {
			switch {
			case a.first < b.first:
				return -1
			case a.first > b.first:
				return 1
			}
			return strings.Compare(a.path, b.path)
		})
	}
	return files, nil
}

// peek reads the first row: its height orders the files, and a file that is
// not what its name says is found at once.
func (f *etlFile) peek(t *table) (err error) {
	r, err := openRows(t, f.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	first, err := r.next()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil || t.height == "" {
		return err
	}
	c := cells{row: first}
	if f.first = c.uint(t.height, 32); f.first < f.from || f.first > f.to {
		f.from, f.to = 0, 1<<64-1 // the numbers in the name mean something else
	}
	return c.err
}

// tableOf finds the table by the word in a file's name: blocks_0_99.csv,
// expected_logs.json.gz.
func tableOf(name string) *table {
	base := strings.TrimSuffix(strings.ToLower(name), ".gz")
	if !slices.Contains([]string{".csv", ".json", ".jsonl", ".ndjson"}, filepath.Ext(base)) {
		return nil
	}
	words := "_" + notWord.ReplaceAllString(strings.TrimSuffix(base, filepath.Ext(base)), "_") + "_"
	for _, t := range etlTables() {
		if strings.Contains(words, "_"+t.name+"_") {
			return t
		}
	}
	return nil
}

var notWord = regexp.MustCompile(`[^a-z]+`)

// heightRange is how ethereum-etl names partitions: blocks_00000000_00099999.csv,
// start_block=00000000/end_block=00099999.
var heightRange = regexp.MustCompile(`(?:^|[^0-9])([0-9]+)(?:_|/end_block=)([0-9]+)(?:[^0-9]|$)`)

// declared is the range of heights a path declares, the last one in it.
func declared(path string) (from, to uint64) {
	matches := heightRange.FindAllStringSubmatch(path, -1)
	if len(matches) == 0 {
		return 0, 1<<64 - 1
	}
	last := matches[len(matches)-1]
	from, err1 := strconv.ParseUint(last[1], 10, 32)
	to, err2 := strconv.ParseUint(last[2], 10, 32)
	if err1 != nil || err2 != nil || to < from {
		return 0, 1<<64 - 1
	}
	return from, to
}
