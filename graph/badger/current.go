package badger

import (
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"spoor/graph"
)

// A ledger's folder has a file CURRENT that names its generation:
//
//	spoor ledger 1
//	chain eip155:1
//	generation gen-3
//	crc 9f31c0aa
//
// It is replaced by renaming, so it names the old or the new one, whole.
type current struct {
	chain      graph.ChainID
	generation int
}

const (
	currentName   = "CURRENT"
	currentFormat = "spoor ledger 1"
)

func (c current) folder() string { return "gen-" + strconv.Itoa(c.generation) }

func (c current) text() string {
	body := fmt.Sprintf("%s\nchain %s\ngeneration %s\n", currentFormat, c.chain, c.folder())
	return body + fmt.Sprintf("crc %08x\n", crc32.Checksum([]byte(body), castagnoli))
}

func readCurrent(dir string) (current, error) {
	raw, err := os.ReadFile(filepath.Join(dir, currentName))
	if err != nil {
		return current{}, err
	}
	lines := strings.Split(string(raw), "\n")
	if len(lines) == 5 {
		number, _ := strings.CutPrefix(lines[2], "generation gen-")
		chain, _ := strings.CutPrefix(lines[1], "chain ")
		n, err := strconv.Atoi(number)
		c := current{graph.ChainID(chain), n}
		if err == nil && c.text() == string(raw) {
			return c, nil
		}
	}
	return current{}, fmt.Errorf("%w: %s is not what was written there", graph.ErrDamaged, filepath.Join(dir, currentName))
}

func writeCurrent(dir string, c current) error {
	return writeFile(filepath.Join(dir, currentName), []byte(c.text()))
}

// writeFile puts a file in place whole or not at all, also across a power cut.
func writeFile(path string, content []byte) error {
	temporary := path + ".tmp"
	f, err := os.Create(temporary)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if closeErr := d.Close(); err == nil {
		err = closeErr
	}
	return err
}
