package badger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	badgerdb "github.com/dgraph-io/badger/v4"

	"spoor/graph"
)

// A process can be killed while Badger makes a file: after it has a name and
// before anything is in it. Such a file holds nothing that was complete, so it
// is no damage.

// removeUnmade removes logs without a byte, which Badger takes for damage.
// Badger gives a log its size before the first row, so that one that held rows
// and was cut to nothing is the only other such file; the mark tells of it.
func removeUnmade(dir string) error {
	for _, pattern := range []string{"*.mem", "*.vlog"} {
		paths, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return err
		}
		for _, path := range paths {
			if info, err := os.Stat(path); err != nil || info.Size() > 0 {
				continue // Badger tells what is the matter with it
			}
			if err := os.Remove(path); err != nil {
				return fmt.Errorf("remove a log that was never begun: %w", err)
			}
		}
	}
	return nil
}

// tablesOf lists the tables that the manifest names. Others were not complete
// when the writer ended, and Badger removes them.
func tablesOf(dir string) ([]string, error) {
	f, err := os.Open(filepath.Join(dir, badgerdb.ManifestFilename))
	if errors.Is(err, os.ErrNotExist) {
		paths, err := filepath.Glob(filepath.Join(dir, "*.sst"))
		if err == nil && len(paths) > 0 {
			err = fmt.Errorf("%w: tables without a manifest", graph.ErrDamaged) // Badger would remove them
		}
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	manifest, _, err := badgerdb.ReplayManifestFile(f, 0, badgerdb.Options{})
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("%w: Badger's manifest: %w", graph.ErrDamaged, err)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil {
		return nil, err
	}
	named := paths[:0]
	for _, path := range paths {
		id, err := strconv.ParseUint(strings.TrimSuffix(filepath.Base(path), ".sst"), 10, 64)
		if err != nil {
			continue // not a name that Badger gives
		}
		if _, ok := manifest.Tables[id]; ok {
			named = append(named, path)
		}
	}
	return named, nil
}
