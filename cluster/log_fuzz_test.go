package cluster_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"spoor/cluster"
	"spoor/graph"
)

// FuzzLog puts any bytes in place of the log and of the vetoes. What is read is
// a beginning of them, or refused as damaged; after a check the log is sound.
func FuzzLog(f *testing.F) {
	dir := f.TempDir()
	log, _, err := cluster.EditLog(dir, bitcoin, cluster.Basis{})
	if err != nil {
		f.Fatal(err)
	}
	if err := log.Close(); err != nil {
		f.Fatal(err)
	}
	header, err := os.ReadFile(filepath.Join(dir, cluster.LogName))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(header)
	f.Add(append(bytes.Clone(header), make([]byte, 64)...))
	f.Add(append(bytes.Clone(header), 0xff, 0xff, 0xff, 0xff))
	f.Add([]byte("chain,a,b,note\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		dir := t.TempDir()
		for _, name := range []string{cluster.LogName, cluster.VetoName} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := cluster.ReadVetoes(dir, bitcoin); err != nil && !errors.Is(err, graph.ErrDamaged) {
			t.Fatal(err)
		}
		if log, err := cluster.OpenLog(dir, bitcoin); err == nil {
			for _, err := range log.Evidence(^uint32(0)) {
				if err != nil && !errors.Is(err, graph.ErrDamaged) {
					t.Fatal(err)
				}
			}
			_ = log.Close()
		} else if !errors.Is(err, graph.ErrDamaged) {
			t.Fatal(err)
		}
		log, _, err := cluster.EditLog(dir, bitcoin, cluster.Basis{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = log.Close() }()
		if err := log.Check(); err != nil {
			t.Fatal(err)
		}
		for _, err := range log.Evidence(^uint32(0)) {
			if err != nil {
				t.Fatalf("after a check: %v", err)
			}
		}
	})
}
