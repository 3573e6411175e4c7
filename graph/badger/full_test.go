//go:build linux

package badger_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"spoor/graph/graphtest"
)

// On a full disk a call fails with a clear error, the process lives, and what
// was complete before is there; with room again the ledger goes on.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=220m"); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { must(t, syscall.Unmount(dir, detach)) })
	chain := graphtest.Ethereum()
	blocks := crashLedger(chain)[:10]
	s, l := openLedger(t, filepath.Join(dir, "db"), chain)
	must(t, l.Apply(t.Context(), blocks[0]))
	fill(t, dir, 32<<20+120<<10) // a little more than a transaction asks for
	applied, failures := 1, 0
	for applied < len(blocks) && failures < 2 {
		err := l.Apply(t.Context(), blocks[applied])
		if err == nil {
			applied++
			continue
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("a full disk is %v", err)
		}
		failures++
		sameAs(t, l, chain, blocks[:applied])
	}
	if failures == 0 {
		t.Fatal("the disk never filled")
	}
	if err := l.Compact(t.Context()); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("compacting on a full disk is %v", err)
	}
	must(t, os.Remove(filepath.Join(dir, "ballast")))
	must(t, l.Apply(t.Context(), blocks[applied])) // the failed call is put back first
	applied++
	sameAs(t, l, chain, blocks[:applied])
	must(t, s.Close())
	s, l = openLedger(t, filepath.Join(dir, "db"), chain)
	sameAs(t, l, chain, blocks[:applied])
	clean(t, l)
	must(t, s.Close())

	s, l = openLedger(t, filepath.Join(dir, "load"), chain)
	fill(t, dir, 50<<20)
	if err := l.Load(t.Context(), from(blocks, 0, false)); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("loading on a full disk is %v", err)
	}
	must(t, os.Remove(filepath.Join(dir, "ballast")))
	height, ok, err := l.Staged(t.Context())
	must(t, err)
	must(t, l.Load(t.Context(), from(blocks, height, ok)))
	sameAs(t, l, chain, blocks)
	must(t, s.Close())
}

// detach unmounts even if a test that failed left files open.
const detach = 2

// fill leaves some bytes of a file system free.
func fill(t *testing.T, dir string, free int64) {
	t.Helper()
	var fs syscall.Statfs_t
	must(t, syscall.Statfs(dir, &fs))
	must(t, os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, int64(fs.Bavail)*fs.Bsize-free), 0o600))
}
