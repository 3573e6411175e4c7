package cluster

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"iter"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"spoor/graph"
)

// Log is the evidence of one ledger in a file, in ledger order: what all
// entities are computed from. It only grows at its end, or is cut back to an
// earlier one. A write that was cut short by a crash or a full disk leaves a
// tail that fails its check and is removed when the log is next opened for
// writing; readers stop before it.
type Log struct {
	file  *os.File
	chain graph.Chain
	basis Basis
	start int64 // where the frames begin
	end   int64 // where they end; what lies behind is no frame
	tip   Mark
	any   bool // there is a frame
}

// Basis is what evidence depends on beside the ledger. Evidence that was found
// on another basis is of no use.
type Basis struct {
	Found  RuleSet  // the rules whose evidence is there
	Rules  [32]byte // digest of how the rules find and their parameters
	Labels [32]byte // digest of the labels that rules look at
}

// LogName is the name of the file in the folder of its ledger.
const LogName = "evidence.log"

const logFormat = "spoor evidence 1"

// ErrNoLog is returned where nothing was clustered yet, and ErrBasis for
// evidence that was found by other rules, parameters or labels.
var (
	ErrNoLog = errors.New("nothing was clustered yet")
	ErrBasis = errors.New("the evidence was found by other rules or labels")
)

// OpenLog opens the log in a ledger's folder for reading.
func OpenLog(dir string, chain graph.Chain) (*Log, error) {
	f, err := os.Open(filepath.Join(dir, LogName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoLog
	}
	if err != nil {
		return nil, err
	}
	l := &Log{file: f, chain: chain}
	if err := l.open(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return l, nil
}

// EditLog opens the log in a ledger's folder for writing, and cuts off a tail
// that is not whole. One of another basis, or with a header that cannot be read,
// is replaced by an empty one; why says so. A log with the evidence of more
// rules than asked for stays as it is.
func EditLog(dir string, chain graph.Chain, basis Basis) (l *Log, why error, err error) {
	path := filepath.Join(dir, LogName)
	l = &Log{chain: chain}
	if l.file, err = os.OpenFile(path, os.O_RDWR, 0); err == nil {
		why = l.open()
		if why == nil && !l.basis.serves(basis) {
			why = ErrBasis
		}
		if why == nil {
			if err := l.cut(); err != nil {
				return nil, nil, errors.Join(err, l.file.Close())
			}
			return l, nil, nil
		}
		err = l.file.Close()
	} else if errors.Is(err, fs.ErrNotExist) {
		why, err = ErrNoLog, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if err := writeWhole(path, logHeader(chain, basis)); err != nil {
		return nil, nil, err
	}
	l = &Log{chain: chain}
	if l.file, err = os.OpenFile(path, os.O_RDWR, 0); err != nil {
		return nil, nil, err
	}
	if err := l.open(); err != nil {
		return nil, nil, errors.Join(err, l.file.Close())
	}
	return l, why, nil
}

// Check reads all of the log and cuts it off where a frame is damaged; what is
// behind must be found again. It is for a log opened for writing.
func (l *Log) Check() error { return errors.Join(l.scan(), l.cut()) }

// Sound reads all of the log, and reports how much evidence it has. The error is
// graph.ErrDamaged if a frame is not as it was written, or evidence names an
// address that a ledger of so many does not have.
func (l *Log) Sound(addresses uint64) (pieces uint64, err error) {
	has := func(id graph.ID) bool { return id > 0 && uint64(id) <= addresses }
	for e, err := range l.Evidence(math.MaxUint32) {
		if err != nil {
			return pieces, err
		}
		pieces++
		if !has(e.A) || !has(e.B) || e.C != 0 && !has(e.C) {
			return pieces, fmt.Errorf("%w: %s: evidence at %s names an address that the ledger does not have", graph.ErrDamaged, l.file.Name(), e.At)
		}
	}
	return pieces, nil
}

// Close ends the use of the log.
func (l *Log) Close() error { return l.file.Close() }

// Chain is the chain of the ledger.
func (l *Log) Chain() graph.Chain { return l.chain }

// Basis is what the evidence depends on.
func (l *Log) Basis() Basis { return l.basis }

// Tip is how far the log has come; not ok for an empty one.
func (l *Log) Tip() (m Mark, ok bool) { return l.tip, l.any }

// logHeader is the text a log begins with.
func logHeader(chain graph.Chain, b Basis) []byte {
	body := fmt.Sprintf("%s\nchain %s\nfound %016x\nrules %x\nlabels %x\n", logFormat, chain.ID, uint64(b.Found), b.Rules, b.Labels)
	return fmt.Appendf(nil, "%scrc %08x\n", body, crc32.Checksum([]byte(body), castagnoli))
}

// open reads the header and finds the last whole frame.
func (l *Log) open() error {
	info, err := l.file.Stat()
	if err != nil {
		return err
	}
	head := make([]byte, min(info.Size(), 512))
	if _, err := l.file.ReadAt(head, 0); err != nil {
		return err
	}
	lines := bytes.SplitN(head, []byte("\n"), 7)
	if len(lines) != 7 || !l.basis.read(string(lines[2]), string(lines[3]), string(lines[4])) || !bytes.HasPrefix(head, logHeader(l.chain, l.basis)) {
		return fmt.Errorf("%w: %s does not begin as the evidence of %s does", graph.ErrDamaged, l.file.Name(), l.chain.Alias)
	}
	l.start = int64(len(logHeader(l.chain, l.basis)))
	return l.findEnd(info.Size())
}

// serves reports whether evidence of this basis is what another one asks for.
func (b Basis) serves(asked Basis) bool {
	return b.Rules == asked.Rules && b.Labels == asked.Labels && asked.Found&^b.Found == 0
}

func (b *Basis) read(found, rules, labels string) bool {
	digits, ok := strings.CutPrefix(found, "found ")
	n, err := strconv.ParseUint(digits, 16, 64)
	b.Found = RuleSet(n)
	if !ok || err != nil {
		return false
	}
	for _, d := range []struct {
		line, name string
		to         *[32]byte
	}{{rules, "rules ", &b.Rules}, {labels, "labels ", &b.Labels}} {
		digits, ok := strings.CutPrefix(d.line, d.name)
		raw, err := hex.DecodeString(digits)
		if !ok || err != nil || len(raw) != len(d.to) {
			return false
		}
		copy(d.to[:], raw)
	}
	return true
}

// findEnd sets end and tip: from the last frame if it is whole, else by
// reading all frames.
func (l *Log) findEnd(size int64) error {
	if m, _, err := l.before(size); err == nil {
		l.end, l.tip, l.any = size, m, true
		return nil
	}
	return l.scan()
}

// scan sets end and tip by reading all frames up to the first that is not
// whole.
func (l *Log) scan() error {
	info, err := l.file.Stat()
	if err != nil {
		return err
	}
	l.end, l.tip, l.any = l.start, Mark{}, false
	for m, err := range l.frames(info.Size()) {
		if errors.Is(err, graph.ErrDamaged) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
		l.end, l.tip, l.any = m.end, m.Mark, true
	}
	return nil
}

// before reads the frame that ends at an offset: its mark, and where it begins.
func (l *Log) before(end int64) (Mark, int64, error) {
	var tail [4]byte
	if end-l.start < frameHead+frameTail {
		return Mark{}, 0, fmt.Errorf("%w: no frame ends at %d", graph.ErrDamaged, end)
	}
	if _, err := l.file.ReadAt(tail[:], end-4); err != nil {
		return Mark{}, 0, err
	}
	length := int64(binary.BigEndian.Uint32(tail[:]))
	if length < frameHead+frameTail || length > end-l.start || length > frameHead+frameTail+maxRecords*recordSize {
		return Mark{}, 0, fmt.Errorf("%w: no frame ends at %d", graph.ErrDamaged, end)
	}
	frame := make([]byte, length)
	if _, err := l.file.ReadAt(frame, end-length); err != nil {
		return Mark{}, 0, err
	}
	m, _, err := readFrame(frame)
	return m, end - length, err
}

// placed is a frame with where it ends and its records, which are used again.
type placed struct {
	Mark
	end     int64
	records []byte
}

// frames reads the frames up to an offset.
func (l *Log) frames(end int64) iter.Seq2[placed, error] {
	return func(yield func(placed, error) bool) {
		in := newReader(io.NewSectionReader(l.file, l.start, end-l.start))
		at := l.start
		for at < end {
			b, err := in.frame()
			var p placed
			if err == nil {
				at += int64(len(b))
				p.end = at
				p.Mark, p.records, err = readFrame(b)
			}
			if err != nil {
				err = fmt.Errorf("%s at %d: %w", l.file.Name(), at, err)
			}
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// Evidence yields the evidence of blocks up to a height, in ledger order.
func (l *Log) Evidence(upTo uint32) iter.Seq2[Evidence, error] {
	return func(yield func(Evidence, error) bool) {
		for f, err := range l.frames(l.end) {
			if err != nil {
				yield(Evidence{}, err)
				return
			}
			for r := f.records; len(r) > 0; r = r[recordSize:] {
				e := readRecord(r)
				if e.At.Block > upTo {
					return
				}
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// append writes frames at the end. What was written when it fails is cut off
// again, now or when the log is next opened.
func (l *Log) append(frames []byte, tip Mark) error {
	if _, err := l.file.WriteAt(frames, l.end); err != nil {
		return errors.Join(fmt.Errorf("write evidence: %w", err), l.file.Truncate(l.end))
	}
	l.end += int64(len(frames))
	l.tip, l.any = tip, true
	return nil
}

// cut removes what lies behind the end.
func (l *Log) cut() error {
	if err := l.file.Truncate(l.end); err != nil {
		return fmt.Errorf("cut evidence: %w", err)
	}
	return nil
}

// rollBack removes frames from the end until one is kept by keep, or none is
// left.
func (l *Log) rollBack(keep func(Mark) (bool, error)) (removed int, err error) {
	for l.any {
		if kept, err := keep(l.tip); kept || err != nil {
			return removed, errors.Join(err, l.cut())
		}
		_, from, err := l.before(l.end)
		if err != nil {
			return removed, err
		}
		l.end, l.tip, l.any = from, Mark{}, false
		removed++
		if from > l.start {
			m, _, err := l.before(from)
			if err != nil {
				return removed, err
			}
			l.tip, l.any = m, true
		}
	}
	return removed, l.cut()
}

// sync makes what was written survive a power cut.
func (l *Log) sync() error { return l.file.Sync() }
