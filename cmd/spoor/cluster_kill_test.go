package main

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"spoor/cluster"
)

// testKilledCluster kills the clustering at random moments and damages the end
// of its log, and runs it again until it ends: the log is then byte for byte
// that of a run nobody disturbed.
func testKilledCluster(t *testing.T, program binary) {
	t.Parallel()
	dir := t.TempDir()
	program.run(t, "", "demo", "--quiet", "--out", dir, "--background", "8000")
	db := filepath.Join(dir, "db")
	args := []string{"cluster", "--rule", "cospend", "--rule", "change_agreed", "--rule", "deposit_reuse", "-o", "csv"}
	began := time.Now()
	want := program.run(t, db, args...)
	took := time.Since(began)
	logs, err := filepath.Glob(filepath.Join(db, "*", cluster.LogName))
	if err != nil || len(logs) != 2 {
		t.Fatalf("logs: %v, %v", logs, err)
	}
	clean := map[string]string{}
	for _, path := range logs {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		clean[path] = string(content)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d; the clean run took %s", seed, took)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 8 {
		if program.runAndKill(t, db, time.Duration(random.Int64N(int64(took))), args...) {
			for _, path := range logs { // a disk that lost the end of what was written
				if err := os.Truncate(path, random.Int64N(int64(len(clean[path])))); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if got := program.run(t, db, args...); got != want {
		t.Errorf("after kills\n%s\nwant\n%s", got, want)
	}
	for _, path := range logs {
		content, err := os.ReadFile(path)
		if err != nil || string(content) != clean[path] {
			t.Errorf("%s is not what a run without a kill writes: %d bytes, want %d; %v", path, len(content), len(clean[path]), err)
		}
		if _, err := os.Stat(path + ".tmp"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s.tmp was left behind: %v", path, err)
		}
	}
}
