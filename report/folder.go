package report

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"spoor/trace"
)

// ErrFolder is returned for a folder that is in the way.
var ErrFolder = errors.New("will not write over it")

// Names of the files that are no table.
const (
	caseFile     = "case.yaml"
	manifestFile = "manifest.json"
)

// Write writes the evidence of a trace as a folder, whole or not at all: it is
// written beside its place and moved there when everything is on disk. A
// former evidence folder is replaced; any other folder that is not empty, and
// one that holds files besides the evidence, is refused with ErrFolder. A
// trace whose books do not balance is refused with ErrConservation.
//
// A crash between the two renames of a replacement leaves the former folder,
// whole, beside its place in .NAME.former-*.
func Write(dir string, t *trace.Trace, m Manifest) error {
	if err := Check(t); err != nil {
		return err
	}
	dir, replaces, err := place(dir)
	if err != nil {
		return err
	}
	parent, name := filepath.Split(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	draft, err := os.MkdirTemp(parent, "."+name+".draft-")
	if err != nil {
		return err
	}
	if err := errors.Join(os.Chmod(draft, 0o755), fill(draft, t, m)); err != nil {
		return errors.Join(fmt.Errorf("write evidence: %w", err), os.RemoveAll(draft))
	}
	if err := move(draft, dir, replaces); err != nil {
		return errors.Join(fmt.Errorf("write evidence: %w", err), os.RemoveAll(draft))
	}
	return syncDir(parent)
}

// CheckFolder reports whether Write would take a folder, ErrFolder if something
// is in the way: to be asked before the work is done.
func CheckFolder(dir string) error {
	_, _, err := place(dir)
	return err
}

// place is the folder a path means, links followed, so that a rename replaces
// what the link names and not the link; and whether there is one to replace.
func place(dir string) (where string, replaces bool, err error) {
	if where, err = filepath.Abs(dir); err != nil {
		return "", false, err
	}
	switch real, err := filepath.EvalSymlinks(where); {
	case errors.Is(err, fs.ErrNotExist):
		return where, false, nil
	case err != nil:
		return "", false, err
	default:
		where = real
	}
	if info, err := os.Stat(where); err != nil {
		return "", false, err
	} else if !info.IsDir() {
		return "", false, fmt.Errorf("%w: %s is a file; name a new folder", ErrFolder, dir)
	}
	return where, true, mayReplace(where)
}

// mayReplace refuses a folder with anything in it that would be lost: it must
// be empty or hold evidence of ours and nothing else.
func mayReplace(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		return err
	}
	data, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s is not empty and holds no evidence of spoor; name a new folder", ErrFolder, dir)
	}
	if err != nil {
		return err
	}
	var old Manifest
	if err := json.Unmarshal(data, &old); err != nil || old.Tool != toolName {
		return fmt.Errorf("%w: the %s in %s is not one of spoor; name a new folder", ErrFolder, manifestFile, dir)
	}
	ours := []string{manifestFile}
	for _, f := range old.Files {
		ours = append(ours, f.Name)
	}
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || e.IsDir() && name == requestsFolder {
			return err
		}
		if name = filepath.ToSlash(name); !slices.Contains(ours, name) || e.IsDir() {
			return fmt.Errorf("%w: %s also holds %q, which is no part of the evidence; move it away or name a new folder", ErrFolder, dir, name)
		}
		return nil
	})
}

// fill writes all files of the folder, the manifest last.
func fill(dir string, t *trace.Trace, m Manifest) error {
	var files []File
	for _, tb := range append(tables(), dictionary()) {
		f, err := writeFile(dir, tb.file, func(w io.Writer) (int, error) { return tb.writeCSV(w, t) })
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	for _, whole := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{graphFile, func(w io.Writer) error { return GraphML(w, t) }},
		{pageFile, func(w io.Writer) error { return writePage(w, t, m) }},
	} {
		f, err := writeFile(dir, whole.name, uncounted(whole.write))
		if err != nil {
			return err
		}
		files = append(files, f.whole())
	}
	wanted, err := writeRequests(dir, t)
	if err != nil {
		return err
	}
	files = append(files, wanted...)
	asked, err := t.Case.YAML()
	if err != nil {
		return err
	}
	f, err := writeFile(dir, caseFile, bytesOf(asked))
	if err != nil {
		return err
	}
	files = append(files, f.whole())
	made, err := m.complete(t, files).encode()
	if err != nil {
		return err
	}
	if _, err := writeFile(dir, manifestFile, bytesOf(made)); err != nil {
		return err
	}
	return syncDir(dir)
}

// writeRequests writes the freeze requests, if there are any, in a folder of
// their own.
func writeRequests(dir string, t *trace.Trace) (files []File, err error) {
	wanted := requests(t)
	if len(wanted) == 0 {
		return nil, nil
	}
	sub := filepath.Join(dir, requestsFolder)
	if err := os.Mkdir(sub, 0o755); err != nil {
		return nil, err
	}
	for _, r := range wanted {
		f, err := writeFile(dir, r.file(), uncounted(func(w io.Writer) error { return r.write(w, t) }))
		if err != nil {
			return nil, err
		}
		files = append(files, f.whole())
	}
	return files, syncDir(sub)
}

// whole is a file that has no rows.
func (f File) whole() File {
	f.Rows = nil
	return f
}

func uncounted(write func(io.Writer) error) func(io.Writer) (int, error) {
	return func(w io.Writer) (int, error) { return 0, write(w) }
}

func bytesOf(data []byte) func(io.Writer) (int, error) {
	return func(w io.Writer) (int, error) { return w.Write(data) }
}

// writeFile writes one file to the disk and tells its size and digest.
func writeFile(dir, name string, write func(io.Writer) (rows int, err error)) (File, error) {
	f, err := os.OpenFile(filepath.Join(dir, filepath.FromSlash(name)), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return File{}, err
	}
	digest, size := sha256.New(), new(counter)
	out := bufio.NewWriterSize(io.MultiWriter(f, digest, size), 1<<16)
	rows, err := write(out)
	if err := errors.Join(err, out.Flush(), f.Sync(), f.Close()); err != nil {
		return File{}, fmt.Errorf("%s: %w", name, err)
	}
	return File{Name: name, SHA256: hex.EncodeToString(digest.Sum(nil)), Size: int64(*size), Rows: &rows}, nil
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// move puts the finished draft in its place.
func move(draft, dir string, replaces bool) error {
	if !replaces {
		return os.Rename(draft, dir)
	}
	parent, name := filepath.Split(dir)
	away, err := os.MkdirTemp(parent, "."+name+".former-")
	if err != nil {
		return err
	}
	former := filepath.Join(away, name)
	if err := os.Rename(dir, former); err != nil {
		return errors.Join(err, os.Remove(away))
	}
	if err := os.Rename(draft, dir); err != nil {
		return errors.Join(err, os.Rename(former, dir), os.Remove(away))
	}
	return os.RemoveAll(away)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
