package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"spoor/graph"
	"spoor/trace"
)

// caseFolder keeps cases as files: NAME.yaml the case, NAME.board.json what the
// workspace shows of it, NAME.log what was done to it. Names are checked, and
// the folder is a root that no path leads out of, links included.
type caseFolder struct {
	dir string
	now func() time.Time

	mu    sync.Mutex         // held while something is written: what was read before is still there
	tails map[string]logTail // of logs written before, by case; guarded by mu
}

// caseRow is a saved case.
type caseRow struct {
	Slug    string `json:"slug"`
	Name    Claim  `json:"name"`
	Method  string `json:"method"`
	Seeds   int    `json:"seeds"`
	Version string `json:"version" doc:"To be given when it is saved again"`
	Problem Claim  `json:"problem" doc:"Why it cannot be traced as written"`
}

var slugs = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$`)

// errStale is returned when somebody else has saved a case meanwhile.
var errStale = errors.New("the case was saved by somebody else meanwhile; read it again, and put your changes into that")

// Bounds of the folder.
const (
	maxCase  = 256 << 10 // bytes of a file
	maxCases = 1000      // in the folder
)

func checkSlug(slug string) error {
	if !slugs.MatchString(slug) {
		return asked("%.80q is no name of a case: want up to 64 of a-z, 0-9 and -, such as bridge-2026", slug)
	}
	return nil
}

func (f *caseFolder) root(create bool) (*os.Root, error) {
	if f.dir == "" {
		return nil, fmt.Errorf("cases: %w", graph.ErrNotFound)
	}
	if create {
		if err := os.MkdirAll(f.dir, 0o755); err != nil {
			return nil, fmt.Errorf("cases: %w", err)
		}
	}
	root, err := os.OpenRoot(f.dir)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: no case was saved yet", graph.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("cases: %w", err)
	}
	return root, nil
}

// list are the cases of the folder, by name.
func (f *caseFolder) list() ([]caseRow, error) {
	rows := []caseRow{}
	root, err := f.root(false)
	if errors.Is(err, graph.ErrNotFound) {
		return rows, nil
	}
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // nothing was written
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("cases: %w", err)
	}
	for _, e := range entries {
		slug, isCase := strings.CutSuffix(e.Name(), ".yaml")
		if !isCase || !e.Type().IsRegular() || !slugs.MatchString(slug) || len(rows) == maxCases {
			continue
		}
		data, err := readCase(root, slug)
		if err != nil {
			return nil, err
		}
		rows = append(rows, rowOf(slug, data))
	}
	return rows, nil
}

func rowOf(slug string, data []byte) caseRow {
	row := caseRow{Slug: slug, Version: versionOf(data)}
	c, err := trace.ParseCase(data)
	if err != nil {
		row.Problem = Claim(err.Error())
		return row
	}
	row.Name, row.Method, row.Seeds = Claim(c.Name), c.Method, len(c.Seeds)
	return row
}

// read is the file of a case.
func (f *caseFolder) read(slug string) ([]byte, error) {
	if err := checkSlug(slug); err != nil {
		return nil, err
	}
	root, err := f.root(false)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // nothing was written
	return readCase(root, slug)
}

func readCase(root *os.Root, slug string) ([]byte, error) { return readFile(root, slug, ".yaml") }

// readFile is a file of a case, graph.ErrNotFound if there is none.
func readFile(root *os.Root, slug, suffix string) ([]byte, error) {
	file, err := root.Open(slug + suffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("case %s: %w", slug, graph.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("case %s: %w", slug, err)
	}
	defer file.Close() //nolint:errcheck // nothing was written
	data, err := io.ReadAll(io.LimitReader(file, maxCase+1))
	if err == nil && len(data) > maxCase {
		err = fmt.Errorf("larger than %d bytes", maxCase)
	}
	if err != nil {
		return nil, fmt.Errorf("case %s: %w", slug, err)
	}
	return data, nil
}

// change does something to the files of a case while nobody else does, in this
// process or another.
func (f *caseFolder) change(slug string, do func(*os.Root) error) (err error) {
	if err := checkSlug(slug); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	root, err := f.root(true)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // what is written is synced
	lock := flock.New(filepath.Join(f.dir, ".lock"))
	if err := lock.Lock(); err != nil {
		return fmt.Errorf("cases: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	return do(root)
}

// save writes a case whole or not at all, in place of the version that the
// caller has read, "" for none.
func (f *caseFolder) save(slug string, data []byte, version string) error {
	if _, err := trace.ParseCase(data); err != nil {
		return err
	}
	return f.change(slug, func(root *os.Root) error {
		old, err := readCase(root, slug)
		if err != nil && !errors.Is(err, graph.ErrNotFound) {
			return err
		}
		return f.replace(root, slug, slug+".yaml", opSaved, old, data, version)
	})
}

// replace puts new content into the place of a file, if what is there is the
// version that the caller has read. The log is written first: nothing changes
// that it does not tell of.
func (f *caseFolder) replace(root *os.Root, slug, name, op string, old, data []byte, version string) error {
	before := ""
	if old != nil {
		before = versionOf(old)
	}
	if before != version {
		return errStale
	}
	if old != nil && versionOf(data) == before {
		return nil
	}
	args, err := json.Marshal(map[string]any{"version": versionOf(data), "before": before, "bytes": len(data)})
	if err != nil {
		return err
	}
	if _, err := f.write(root, slug, command{op, args}); err != nil {
		return err
	}
	if err := writeWhole(root, name, data); err != nil {
		_, told := f.write(root, slug, command{Op: opFailed, Args: args})
		return fmt.Errorf("case %s: %w: %w", slug, errFull, errors.Join(err, told))
	}
	return nil
}

// writeWhole writes a file beside its place and moves it there.
func writeWhole(root *os.Root, name string, data []byte) error {
	draft := "." + name + ".draft"
	file, err := root.OpenFile(draft, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = root.Rename(draft, name)
	}
	if err != nil {
		return errors.Join(err, root.Remove(draft))
	}
	return syncFolder(root)
}

// syncFolder makes the names in a folder last.
func syncFolder(root *os.Root) error {
	dir, err := root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// versionOf names the content of a file.
func versionOf(data []byte) string {
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:8])
}
