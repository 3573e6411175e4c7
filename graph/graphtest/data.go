package graphtest

import (
	"os"
	"path/filepath"
	"testing"
)

// Data is the path of a file or folder of the real data that some tests read,
// which is kept outside the repository. It is looked for under the directory
// named by SPOOR_DATA, else beside the repository. A test whose data is absent
// is skipped, and says so.
func Data(t testing.TB, parts ...string) string {
	t.Helper()
	root := os.Getenv("SPOOR_DATA")
	if root == "" {
		root = filepath.Join(moduleRoot(t), "..", "shared", "data")
	}
	path := filepath.Join(append([]string{root}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("real data %s is not here: set SPOOR_DATA to the folder that has it", filepath.Join(parts...))
	}
	return path
}

// moduleRoot walks up from the test's directory to the one with go.mod.
func moduleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test's directory")
		}
		dir = parent
	}
}
