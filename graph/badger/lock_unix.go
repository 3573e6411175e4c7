//go:build unix

package badger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"spoor/graph"
)

// lockDir holds the store's lock file until it is closed: alone for writing,
// shared for reading. The kernel lets go of it when the process dies.
func lockDir(dir string, shared bool) (*os.File, error) {
	flags, how := os.O_RDWR|os.O_CREATE, syscall.LOCK_EX
	if shared {
		flags, how = os.O_RDONLY, syscall.LOCK_SH
	}
	f, err := os.OpenFile(filepath.Join(dir, "LOCK"), flags, 0o644)
	if shared && errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: there is no store in this directory", graph.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); err != nil {
		closeErr := f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("%w: close the other one, or name another directory", graph.ErrInUse), closeErr)
		}
		return nil, errors.Join(err, closeErr)
	}
	return f, nil
}

// freeBytes is the room left on the file system of a path.
func freeBytes(path string) (int64, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(path, &fs); err != nil {
		return 0, err
	}
	return int64(fs.Bavail) * int64(fs.Bsize), nil //nolint:unconvert // Bsize is no int64 on other systems
}
