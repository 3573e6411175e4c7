package badger_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/graph/graphtest"
)

// A store with a changed byte, a file cut short or a file gone never answers
// wrongly: opening it, reading it or checking it says that it is damaged, or
// everything in it is still what was written.
func TestDamage(t *testing.T) {
	chain := graphtest.Ethereum()
	blocks := graphtest.Payments(chain, 12)
	dir := t.TempDir()
	s, l := openLedger(t, dir, chain)
	must(t, l.Load(t.Context(), from(blocks[:6], 0, false)))
	for _, b := range blocks[6:] {
		must(t, l.Apply(t.Context(), b))
	}
	want := dump(t, l)
	crashed := readStore(t, dir) // as a power cut leaves it
	must(t, s.Close())
	for name, origin := range map[string]files{"closed": readStore(t, dir), "crashed": crashed} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(1, 2))
			broken := filepath.Join(t.TempDir(), "broken")
			for _, file := range slices.Sorted(maps.Keys(origin)) {
				for _, harm := range harms(random, int64(len(origin[file].used))) {
					origin.write(t, broken)
					must(t, harm.do(filepath.Join(broken, file)))
					if got, err := readAll(t, broken, chain); err == nil && got != want {
						t.Errorf("%s of %s: answers wrongly in silence", harm.name, file)
					} else if err != nil {
						t.Logf("%s of %s: %.150v", harm.name, file, err)
					}
					must(t, os.RemoveAll(broken))
				}
			}
		})
	}
}

// files are the files of a store; Badger's logs are sparse, so their zeros at
// the end are not kept.
type files map[string]struct {
	used []byte
	size int64
}

func readStore(t *testing.T, dir string) files {
	t.Helper()
	all := files{}
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "LOCK" {
			return err
		}
		raw, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		f := all[name]
		f.used, f.size = bytes.Clone(bytes.TrimRight(raw, "\x00")), int64(len(raw))
		all[name] = f
		return err
	}))
	return all
}

func (f files) write(t *testing.T, dir string) {
	t.Helper()
	for name, file := range f {
		path := filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, file.used, 0o644))
		must(t, os.Truncate(path, file.size))
	}
}

type harm struct {
	name string
	do   func(path string) error
}

func harms(random *rand.Rand, size int64) []harm {
	all := []harm{{"removal", os.Remove}}
	flips, cuts := 6, 2
	if testing.Short() {
		flips, cuts = 1, 1
	}
	for range flips {
		if size == 0 {
			break
		}
		at, bit := random.Int64N(size), byte(1)<<random.IntN(8)
		all = append(all, harm{fmt.Sprintf("bit flip at %d", at), func(path string) error { return flip(path, at, bit) }})
	}
	for range cuts {
		if size == 0 {
			break
		}
		to := random.Int64N(size)
		all = append(all, harm{fmt.Sprintf("cut to %d", to), func(path string) error { return os.Truncate(path, to) }})
	}
	return all
}

func flip(path string, at int64, bit byte) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, at); err != nil {
		return err
	}
	b[0] ^= bit
	_, err = f.WriteAt(b, at)
	return err
}

// readAll opens, dumps and checks a store.
func readAll(t *testing.T, dir string, chain graph.Chain) (text string, err error) {
	t.Helper()
	s, err := badger.Open(dir, small)
	if err != nil {
		return "", err
	}
	defer func() { _ = s.Close() }()
	l, err := s.Ledger(t.Context(), chain)
	if err != nil {
		return "", err
	}
	v, err := l.View(t.Context())
	if err != nil {
		return "", err
	}
	defer func() { _ = v.Close() }()
	if text, err = graphtest.DumpText(t.Context(), v); err != nil {
		return "", err
	}
	_, err = graph.Check(t.Context(), v, func(f graph.Finding) { err = fmt.Errorf("check: %s", f.What) })
	return text, err
}

// A process can be killed while Badger makes a file. What is in it then was
// never complete, and the store is what it was.
func TestFilesBegun(t *testing.T) {
	chain := graphtest.Ethereum()
	blocks := graphtest.Payments(chain, 12)
	dir := t.TempDir()
	s, l := openLedger(t, dir, chain)
	must(t, l.Load(t.Context(), from(blocks[:6], 0, false)))
	for _, b := range blocks[6:] {
		must(t, l.Apply(t.Context(), b))
	}
	want := dump(t, l)
	origin := readStore(t, dir)
	must(t, s.Close())
	tried := 0
	for name := range origin {
		if filepath.Ext(name) != ".mem" {
			continue
		}
		for _, begun := range []struct {
			name string
			size int64
		}{{"09999.mem", 0}, {"000999.vlog", 0}, {"000999.sst", 0}, {"000999.sst", 4096}} {
			broken := filepath.Join(t.TempDir(), "broken")
			origin.write(t, broken)
			path := filepath.Join(broken, filepath.Dir(name), begun.name)
			must(t, os.WriteFile(path, nil, 0o644))
			must(t, os.Truncate(path, begun.size))
			got, err := readAll(t, broken, chain)
			if err != nil || got != want {
				t.Errorf("with %s of %d bytes, begun and not made: %v", begun.name, begun.size, err)
			}
			tried++
		}
	}
	if tried == 0 {
		t.Fatal("no log to put a file beside")
	}
}
