package report_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"spoor/report"
)

func TestTwoRunsGiveTheSameBytes(t *testing.T) {
	a, b := write(t, run(t, "fifo")), write(t, run(t, "fifo"))
	files := 0
	if err := fs.WalkDir(os.DirFS(a.dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files++
			if string(a.file(name)) != string(b.file(name)) {
				t.Errorf("%s differs", name)
			}
		}
		return err
	}); err != nil || files != 18 {
		t.Fatal(files, err)
	}
}

func TestUnbalancedBooksWriteNothing(t *testing.T) {
	spoil := map[string]func(t *testing.T, dir string) error{
		"a balance": func(t *testing.T, dir string) error {
			tr := run(t, "fifo")
			tr.Balances[0].AtRest.AddUint64(&tr.Balances[0].AtRest, 1)
			return report.Write(dir, tr, manifest)
		},
		"a stop": func(t *testing.T, dir string) error {
			tr := run(t, "fifo")
			tr.Stops = tr.Stops[1:]
			return report.Write(dir, tr, manifest)
		},
		"a seed": func(t *testing.T, dir string) error {
			tr := run(t, "fifo")
			tr.Seeds[0].Amount.AddUint64(&tr.Seeds[0].Amount, 1)
			return report.Write(dir, tr, manifest)
		},
		"an asset without balance": func(t *testing.T, dir string) error {
			tr := run(t, "fifo")
			tr.Balances = tr.Balances[1:]
			return report.Write(dir, tr, manifest)
		},
	}
	for name, write := range spoil {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			if err := write(t, filepath.Join(parent, "evidence")); !errors.Is(err, report.ErrConservation) {
				t.Fatalf("got %v", err)
			}
			expect(t, parent)
		})
	}
	tr := run(t, "fifo")
	tr.Balances[0].Fees.AddUint64(&tr.Balances[0].Fees, 1)
	var out failing
	for name, err := range map[string]error{"summary": report.Summary(&out, tr, report.SummaryOptions{}), "csv": report.CSV(&out, tr),
		"json": report.JSON(&out, tr, manifest), "ndjson": report.NDJSON(&out, tr)} {
		if !errors.Is(err, report.ErrConservation) || out.wrote {
			t.Errorf("%s: %v, wrote %v", name, err, out.wrote)
		}
	}
}

// failing is a writer that is full.
type failing struct{ wrote bool }

func (f *failing) Write(p []byte) (int, error) {
	f.wrote = true
	return 0, errors.New("full")
}

func TestErrorsOfTheWriterAreReported(t *testing.T) {
	tr := run(t, "fifo")
	for name, err := range map[string]error{"summary": report.Summary(&failing{}, tr, report.SummaryOptions{}), "csv": report.CSV(&failing{}, tr),
		"json": report.JSON(&failing{}, tr, manifest), "ndjson": report.NDJSON(&failing{}, tr)} {
		if err == nil {
			t.Errorf("%s hides that nothing could be written", name)
		}
	}
}

func TestFormerEvidenceIsReplaced(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "deep", "evidence")
	for _, method := range []string{"fifo", "haircut"} {
		if err := report.Write(dir, run(t, method), manifest); err != nil {
			t.Fatal(err)
		}
	}
	e := evidence{t, dir}
	if want := write(t, run(t, "haircut")); string(e.file("manifest.json")) != string(want.file("manifest.json")) {
		t.Error("the second run is not what is there")
	}
	expect(t, filepath.Join(parent, "deep"), "evidence")

	link := filepath.Join(parent, "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if err := report.Write(link, run(t, "lifo"), manifest); err != nil {
		t.Fatal(err)
	}
	expect(t, parent, "deep", "link")
}

func TestOtherFoldersAreRefused(t *testing.T) {
	tests := map[string]func(dir string) error{
		"somebody's files": func(dir string) error { return os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o644) },
		"another manifest": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "manifest.json"), []byte(`{"tool":"x"}`), 0o644)
		},
		"a manifest that is none": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "manifest.json"), []byte(`spoor`), 0o644)
		},
		"evidence with notes": func(dir string) error {
			return errors.Join(report.Write(dir, run(t, "fifo"), manifest), os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o644))
		},
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			dir := filepath.Join(parent, "evidence")
			if err := errors.Join(os.Mkdir(dir, 0o755), prepare(dir)); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadDir(dir)
			if err := report.Write(dir, run(t, "fifo"), manifest); !errors.Is(err, report.ErrFolder) {
				t.Fatalf("got %v", err)
			}
			after, _ := os.ReadDir(dir)
			if len(after) != len(before) {
				t.Error("something was written or taken away")
			}
			expect(t, parent, "evidence")
		})
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := errors.Join(os.WriteFile(file, []byte("x"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if err := report.Write(file, run(t, "fifo"), manifest); !errors.Is(err, report.ErrFolder) {
		t.Errorf("a file was taken for a folder: %v", err)
	}
	if err := report.CheckFolder(file); !errors.Is(err, report.ErrFolder) {
		t.Errorf("a file was taken for a folder: %v", err)
	}
	if err := report.CheckFolder(filepath.Join(t.TempDir(), "a", "new", "one")); err != nil {
		t.Errorf("a new folder was refused: %v", err)
	}
}

// expect checks what a folder holds.
func expect(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(names) {
		t.Fatalf("%s holds %v (%v), want %v", dir, entries, err, names)
	}
	for i, e := range entries {
		if e.Name() != names[i] {
			t.Errorf("%s holds %s, want %s", dir, e.Name(), names[i])
		}
	}
}
