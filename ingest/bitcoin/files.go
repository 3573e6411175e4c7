package bitcoin

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// openFiles is how many files are kept open at once: blocks that follow each
// other in height lie in few files.
const openFiles = 16

// files gives random access to the files of a source. A .gz file is unpacked
// beside the temporary files of the system at its first use, because blocks do
// not lie in the order in which they are read.
type files struct {
	paths []string
	key   []byte // XORed over the content; nil for none

	scratch  string         // directory of unpacked files, "" if there is none yet
	unpacked map[int]string // by index of path
	open     map[int]*os.File
	recent   []int // indexes of open, least recently opened first
}

func newFiles(paths []string, key []byte) *files {
	return &files{paths: paths, key: key, unpacked: map[int]string{}, open: map[int]*os.File{}}
}

// name is what messages call a file.
func (f *files) name(i int) string { return f.paths[i] }

// size is the size of a file's content in bytes.
func (f *files) size(i int) (int64, error) {
	file, err := f.file(i)
	if err != nil {
		return 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// readAt fills p from a place in a file and removes the obfuscation. It
// returns io.EOF, with what there is, if the file is shorter.
func (f *files) readAt(i int, p []byte, at int64) (int, error) {
	n, err := f.readRaw(i, p, at)
	f.reveal(p[:n], at)
	return n, err
}

func (f *files) readRaw(i int, p []byte, at int64) (int, error) {
	file, err := f.file(i)
	if err != nil {
		return 0, err
	}
	return file.ReadAt(p, at)
}

// reveal removes the obfuscation: byte i of a file is XORed with byte i of the
// key, repeated (Bitcoin Core since version 28).
func (f *files) reveal(p []byte, at int64) {
	if len(f.key) == 0 {
		return
	}
	for i := range p {
		p[i] ^= f.key[(at+int64(i))%int64(len(f.key))]
	}
}

func (f *files) file(i int) (*os.File, error) {
	if file := f.open[i]; file != nil {
		return file, nil
	}
	path := f.paths[i]
	if strings.HasSuffix(path, ".gz") {
		var err error
		if path, err = f.unpack(i); err != nil {
			return nil, err
		}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if len(f.recent) == openFiles {
		err := f.open[f.recent[0]].Close()
		delete(f.open, f.recent[0])
		f.recent = f.recent[1:]
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
	f.open[i] = file
	f.recent = append(f.recent, i)
	return file, nil
}

func (f *files) unpack(i int) (path string, err error) {
	if path, done := f.unpacked[i]; done {
		return path, nil
	}
	in, err := os.Open(f.paths[i])
	if err != nil {
		return "", err
	}
	defer in.Close() //nolint:errcheck // opened for reading
	packed, err := gzip.NewReader(in)
	if err != nil {
		return "", fmt.Errorf("%s: %w", f.paths[i], err)
	}
	if f.scratch == "" {
		if f.scratch, err = os.MkdirTemp("", "spoor-unpack-"); err != nil {
			return "", err
		}
	}
	out, err := os.Create(filepath.Join(f.scratch, fmt.Sprint(i)))
	if err != nil {
		return "", err
	}
	_, err = io.Copy(out, packed)
	if err = errors.Join(err, out.Close()); err != nil {
		return "", fmt.Errorf("unpack %s: %w", f.paths[i], err)
	}
	f.unpacked[i] = out.Name()
	return out.Name(), nil
}

// close closes all files and removes what was unpacked.
func (f *files) close() error {
	var errs []error
	for _, file := range f.open {
		errs = append(errs, file.Close())
	}
	if f.scratch != "" {
		errs = append(errs, os.RemoveAll(f.scratch))
	}
	*f = *newFiles(f.paths, f.key)
	return errors.Join(errs...)
}

// findBlockFiles lists the files to read for a path: the file itself, or of a
// directory the blk*.dat in order of name if there are any, else all files
// with the ending .dat, .raw or .blk. Each may have .gz added. The key is that
// of an xor.dat beside them. others counts the files of the directory that are
// none of these.
func findBlockFiles(path string) (paths []string, key []byte, others int, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, 0, err
	}
	dir := path
	if !info.IsDir() {
		dir, paths = filepath.Dir(path), []string{path}
	} else {
		if paths, others, err = blockFilesIn(path); err != nil {
			return nil, nil, 0, err
		}
		if len(paths) == 0 {
			return nil, nil, 0, fmt.Errorf("%s has no block files; want the directory with blk00000.dat (blocks/ in Bitcoin Core's data directory), or files named *.dat, *.raw or *.blk", path)
		}
	}
	key, err = os.ReadFile(filepath.Join(dir, "xor.dat"))
	switch {
	case errors.Is(err, os.ErrNotExist):
		key = nil
	case err != nil:
		return nil, nil, 0, err
	case len(key) != 8:
		return nil, nil, 0, fmt.Errorf("%s has %d bytes, want 8", filepath.Join(dir, "xor.dat"), len(key))
	}
	return paths, key, others, nil
}

func blockFilesIn(dir string) (paths []string, others int, err error) {
	entries, err := os.ReadDir(dir) // in order of name
	if err != nil {
		return nil, 0, err
	}
	var plain []string
	total := 0
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || name == "xor.dat" {
			continue
		}
		total++
		ending := filepath.Ext(strings.TrimSuffix(name, ".gz"))
		switch {
		case ending == ".dat" && strings.HasPrefix(name, "blk"):
			paths = append(paths, filepath.Join(dir, name))
		case ending == ".dat" && strings.HasPrefix(name, "rev"): // undo data
		case slices.Contains([]string{".dat", ".raw", ".blk"}, ending):
			plain = append(plain, filepath.Join(dir, name))
		}
	}
	if len(paths) == 0 {
		paths = plain
	}
	return paths, total - len(paths), nil
}
