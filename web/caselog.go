package web

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"time"
	"unicode/utf16"

	"spoor/report"
)

// The log of a case is a file of lines, one for each thing that was done to the
// case, in order:
//
//	{"n":2,"at":"2026-11-21T00:39:02.123Z","op":"pin","args":{…},"before":"<SHA-256>"}
//
// before is the digest of the line before, without its line end, as it stands
// in the file. So a line that is changed or taken out shows in the next one, and
// the digest of the last line, written down elsewhere, vouches for all of it.
// Lines are only added. One that was being written when the program was killed
// stays where it is and is reported; the next line binds it like any other.

// logLine is a line of a log.
type logLine struct {
	N      int             `json:"n"`
	At     string          `json:"at"`
	Op     string          `json:"op"`
	Args   json.RawMessage `json:"args"`
	Before string          `json:"before"`
}

// logRow is a line as it is shown.
type logRow struct {
	N       int             `json:"n" doc:"Number of the line"`
	At      string          `json:"at" doc:"By the clock of the server; empty for a line that cannot be read"`
	Op      string          `json:"op"`
	Args    json.RawMessage `json:"args"`
	Before  string          `json:"before" doc:"SHA-256 of the line before as it was when this one was written, empty in the first"`
	Hash    string          `json:"hash" doc:"SHA-256 of this line as it stands, without its line end"`
	Problem string          `json:"problem" doc:"Why this line, or what stood before it, is not to be relied on"`
}

// command is something that was done to a case.
type command struct {
	Op   string          `json:"op" pattern:"^[a-z][a-z0-9_.-]*$" maxLength:"64"`
	Args json.RawMessage `json:"args,omitempty" doc:"Whatever belongs to it, up to 16 KiB"`
}

// Bounds of a log.
const (
	maxLog      = 32 << 20 // bytes of a file
	maxArgs     = 16 << 10 // bytes of the arguments of a command
	maxCommands = 200      // of one request
)

// errFull is returned when nothing more can be written.
var errFull = errors.New("this cannot be written")

// What the server itself writes down.
const (
	opSaved  = "case_saved"  // the YAML, before it takes the place of the last
	opBoard  = "board_saved" // the board, likewise
	opFailed = "save_failed" // the one announced in the line before
	opMended = "log_mended"  // the line before was not whole
)

// logTail is the end of a log.
type logTail struct {
	size  int64
	lines int
	hash  string // of the last line
	torn  int    // bytes of a last line without an end; it is among lines
}

// eachLine yields the lines of a log with their numbers, the last one even without
// an end.
func eachLine(r io.Reader, yield func(n int, line []byte, whole bool)) (err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			whole := line[len(line)-1] == '\n'
			yield(n, bytes.TrimSuffix(line, []byte("\n")), whole)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func digestOf(data []byte) string {
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:])
}

// readLog yields every line, checked against the one before.
func readLog(r io.Reader, yield func(logRow)) (tail logTail, err error) {
	err = eachLine(r, func(n int, line []byte, whole bool) {
		row := logRow{N: n, Hash: digestOf(line), Args: json.RawMessage("null")}
		var l logLine
		switch err := json.Unmarshal(line, &l); {
		case err != nil || l.Op == "":
			row.Problem = fmt.Sprintf("these %d bytes are no whole line: something stopped the program while it wrote, or the file was changed", len(line))
		case l.N != n:
			row.Problem = fmt.Sprintf("it calls itself line %d: lines were taken out or put in", l.N)
		case l.Before != tail.hash:
			row.Problem = "the line before is not the one that stood there when this was written"
		}
		if l.Op != "" && len(l.Args) > 0 {
			row.At, row.Op, row.Args, row.Before = l.At, l.Op, l.Args, l.Before
		}
		tail.size += int64(len(line))
		if tail.torn = 0; whole {
			tail.size++
		} else {
			tail.torn = len(line)
			if row.Problem == "" {
				row.Problem = "it has no end: something stopped the program while it wrote"
			}
		}
		tail.lines, tail.hash = n, row.Hash
		yield(row)
	})
	return tail, err
}

// record is a log open for adding; files are.
type record interface {
	io.Writer
	Sync() error
	Truncate(size int64) error
}

// add writes commands to the end of a log, all or none, and returns their rows.
// Bytes that a killed program left there stay, and are told of.
func (t *logTail) add(to record, at time.Time, commands ...command) ([]logRow, error) {
	next := *t
	var out []byte
	if next.torn > 0 {
		out = append(out, '\n')
		mended, err := json.Marshal(map[string]int{"line": next.lines, "bytes": next.torn})
		if err != nil {
			return nil, err
		}
		commands = append([]command{{opMended, mended}}, commands...)
		next.torn = 0
	}
	var rows []logRow
	for _, c := range commands {
		if len(c.Args) == 0 {
			c.Args = json.RawMessage("null")
		}
		next.lines++
		l := logLine{next.lines, at.UTC().Format("2006-01-02T15:04:05.000Z"), c.Op, c.Args, next.hash}
		line, err := json.Marshal(l) // makes one line of the arguments
		if err != nil {
			return nil, asked("the arguments of %s: %w", c.Op, err)
		}
		next.hash = digestOf(line)
		out = append(append(out, line...), '\n')
		rows = append(rows, logRow{N: l.N, At: l.At, Op: l.Op, Args: l.Args, Before: l.Before, Hash: next.hash})
	}
	next.size += int64(len(out))
	if next.size > maxLog {
		return nil, fmt.Errorf("%w: the log of the case would be larger than %d MiB; go on in a new case", errFull, maxLog>>20)
	}
	_, err := to.Write(out)
	if err == nil {
		err = to.Sync()
	}
	if err != nil {
		// What was written in part is taken back. If that fails too it is found
		// and told of when the log is next read.
		return nil, fmt.Errorf("%w: %w", errFull, errors.Join(err, to.Truncate(t.size)))
	}
	*t = next
	return rows, nil
}

// openLog opens the log of a case, and makes it if it is to be written. A log
// that was never written is fs.ErrNotExist.
func openLog(root *os.Root, slug string, write bool) (*os.File, error) {
	flags := os.O_RDONLY
	if write {
		flags = os.O_RDWR | os.O_CREATE | os.O_APPEND
	}
	file, err := root.OpenFile(slug+".log", flags, 0o644)
	if err != nil {
		return nil, fmt.Errorf("log of case %s: %w", slug, err)
	}
	return file, nil
}

// write adds to the log of a case; the folder is locked.
func (f *caseFolder) write(root *os.Root, slug string, commands ...command) (rows []logRow, err error) {
	file, err := openLog(root, slug, true)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("log of case %s is no file", slug)
	}
	tail, known := f.tails[slug]
	if !known || tail.size != info.Size() {
		if info.Size() > maxLog {
			return nil, fmt.Errorf("log of case %s is larger than %d MiB", slug, maxLog>>20)
		}
		if tail, err = readLog(file, func(logRow) {}); err != nil {
			return nil, fmt.Errorf("log of case %s: %w", slug, err)
		}
	}
	delete(f.tails, slug) // whatever fails now, it is read again
	if rows, err = tail.add(file, f.now(), commands...); err != nil {
		return nil, fmt.Errorf("log of case %s: %w", slug, err)
	}
	if info.Size() == 0 {
		err = syncFolder(root)
	}
	f.tails[slug] = tail
	return rows, err
}

// log adds commands to the log of a case.
func (f *caseFolder) log(slug string, commands []command) (rows []logRow, err error) {
	err = f.change(slug, func(root *os.Root) error {
		if _, err := readCase(root, slug); err != nil {
			return err
		}
		rows, err = f.write(root, slug, commands...)
		return err
	})
	return rows, err
}

// lines yields the log of a case, checked; none if nothing was ever done.
func (f *caseFolder) lines(slug string, yield func(logRow)) (tail logTail, err error) {
	err = f.logBytes(slug, func(r io.Reader) error {
		tail, err = readLog(r, yield)
		return err
	})
	return tail, err
}

// readLog is the log of a case as it is written.
func (f *caseFolder) readLog(slug string) (data []byte, err error) {
	err = f.logBytes(slug, func(r io.Reader) error {
		data, err = io.ReadAll(r)
		return err
	})
	return data, err
}

// logBytes gives the log of a case to a function, none if nothing was ever done:
// whole lines only, up to where the file ended when nobody wrote, so that one
// that is being written is not taken for a torn one.
func (f *caseFolder) logBytes(slug string, do func(io.Reader) error) error {
	if err := checkSlug(slug); err != nil {
		return err
	}
	root, err := f.root(false)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // nothing was written
	file, err := openLog(root, slug, false)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = readCase(root, slug)
		return err
	}
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // nothing was written
	size, err := f.sizeOf(file)
	if err == nil && size > maxLog {
		err = fmt.Errorf("it is larger than %d MiB", maxLog>>20)
	}
	if err == nil {
		err = do(io.LimitReader(file, size))
	}
	if err != nil {
		err = fmt.Errorf("log of case %s: %w", slug, err)
	}
	return err
}

// sizeOf is the size of a file while this process does not write to the folder.
func (f *caseFolder) sizeOf(file *os.File) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, errors.New("it is no file")
	}
	return info.Size(), nil
}

// ops are what commands may be called.
var ops = regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,63}$`)

// ours reports whether only the server itself may write a command down.
func ours(op string) bool {
	return op == opSaved || op == opBoard || op == opFailed || op == opMended
}

// shownJSON is a JSON text in which every character can be seen, and that means
// the same.
func shownJSON(text json.RawMessage) string {
	var b strings.Builder
	for _, r := range string(text) {
		if seen := report.Visible(string(r)); r == '\\' || seen == string(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, "\\u%04x", unit)
		}
	}
	return b.String()
}
