package badger

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"spoor/graph"
)

// What does not fit memory is sorted by dealing it into files of neighbouring
// keys, each of which does, and sorting those one after the other. Everything
// is read and written once, in order.

// deal is a set of files that records are dealt into.
type deal struct {
	dir   string
	files []*os.File
	w     []*bufio.Writer
}

func newDeal(dir string, n int) (*deal, error) {
	d := &deal{dir: dir}
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	for i := range n {
		f, err := os.Create(filepath.Join(dir, strconv.Itoa(i)))
		if err != nil {
			return nil, errors.Join(err, d.close())
		}
		d.files = append(d.files, f)
		d.w = append(d.w, bufio.NewWriterSize(f, 64<<10))
	}
	return d, nil
}

// take reads a file back whole and removes it.
func (d *deal) take(i int) ([]byte, error) {
	if err := d.w[i].Flush(); err != nil {
		return nil, err
	}
	if _, err := d.files[i].Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(d.files[i])
	if err != nil {
		return nil, err
	}
	return raw, d.drop(i)
}

func (d *deal) drop(i int) error {
	f := d.files[i]
	d.files[i] = nil
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func (d *deal) close() error {
	var errs []error
	for _, f := range d.files {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(append(errs, os.RemoveAll(d.dir))...)
}

// maxFiles bounds the files of one deal; with that many, each is larger than
// the memory it was meant to fit, and sorting takes more of it.
const maxFiles = 512

// keySort sorts keys of one length that have a hash after their prefix byte,
// and so spread evenly.
type keySort struct {
	*deal
	width int
}

func newKeySort(dir string, width int, keys uint64, memory int) (*keySort, error) {
	n := int(keys)*(width+16)/memory + 1
	d, err := newDeal(dir, min(n, maxFiles))
	return &keySort{d, width}, err
}

func (s *keySort) add(key []byte) error {
	top := uint64(binary.BigEndian.Uint32(key[1:]))
	_, err := s.w[top*uint64(len(s.w))>>32].Write(key)
	return err
}

func (s *keySort) each(ctx context.Context, take func(row) error) error {
	type place struct {
		head uint64
		at   int
	}
	for i := range s.files {
		if err := ctx.Err(); err != nil {
			return err
		}
		raw, err := s.take(i)
		if err != nil {
			return err
		}
		places := make([]place, 0, len(raw)/s.width)
		for at := 0; at < len(raw); at += s.width {
			places = append(places, place{binary.BigEndian.Uint64(raw[at+1:]), at})
		}
		slices.SortFunc(places, func(a, b place) int {
			if d := cmp.Compare(a.head, b.head); d != 0 {
				return d
			}
			return bytes.Compare(raw[a.at:a.at+s.width], raw[b.at:b.at+s.width])
		})
		for _, p := range places {
			if err := take(row{raw[p.at : p.at+s.width], []byte{}}); err != nil {
				return err
			}
		}
	}
	return nil
}

// historySort brings entries, which come in the journal's order, into chunks
// by address. The number of entries of each address is known before, so ids
// are divided into ranges that fit memory, and inside a range entries are
// counted into place. An address whose entries alone do not fit has a range of
// its own, where nothing needs sorting.
type historySort struct {
	*deal
	counts []uint32   // of each id, from 1
	starts []graph.ID // first id of each range
	buffer []byte
}

// entryBytes is what an entry takes in memory while its range is sorted.
const entryBytes = 48

func newHistorySort(dir string, counts []uint32, memory int) (*historySort, error) {
	budget := memory / entryBytes
	var total int
	for _, n := range counts {
		total += int(n)
	}
	budget = max(budget, total/maxFiles+1)
	s := &historySort{counts: counts}
	used := 0
	for i, n := range counts {
		if i == 0 || used+int(n) > budget {
			s.starts, used = append(s.starts, graph.ID(i+1)), 0
		}
		used += int(n)
	}
	var err error
	s.deal, err = newDeal(dir, len(s.starts))
	return s, err
}

func (s *historySort) rangeOf(id graph.ID) int {
	i, found := slices.BinarySearch(s.starts, id)
	if found {
		return i
	}
	return i - 1
}

// add deals both ends of a move. A record is
//
//	| length of the rest | id | flags 1 | block | transaction | place | peer | asset | amount | spends |
func (s *historySort) add(at graph.Position, m *graph.Move) error {
	if m.From != 0 {
		if err := s.addEnd(at, m, m.From, m.To, byte(m.Kind)|entryOut); err != nil {
			return err
		}
	}
	if m.To != 0 {
		return s.addEnd(at, m, m.To, m.From, byte(m.Kind))
	}
	return nil
}

func (s *historySort) addEnd(at graph.Position, m *graph.Move, id, peer graph.ID, flags byte) error {
	b := append(s.buffer[:0], 0, 0)
	b = binary.AppendUvarint(b, uint64(id))
	b = append(b, flags)
	b = binary.AppendUvarint(b, uint64(at.Block))
	b = binary.AppendUvarint(b, uint64(at.Tx))
	b = appendSeq(b, at.Seq)
	b = binary.AppendUvarint(b, uint64(peer))
	b = binary.AppendUvarint(b, uint64(m.Asset))
	b = appendAmount(b, &m.Amount)
	if m.Kind == graph.KindInput {
		b = appendBefore(b, m.Spends, at)
	}
	binary.BigEndian.PutUint16(b, uint16(len(b)-2))
	s.buffer = b
	_, err := s.w[s.rangeOf(id)].Write(b)
	return err
}

func decodeDealt(record []byte) (graph.ID, graph.Entry, error) {
	r := reader{b: record}
	id := graph.ID(r.uvarint())
	flags := r.byte()
	e := graph.Entry{Kind: graph.Kind(flags & kindMask), Out: flags&entryOut != 0}
	e.At = graph.Position{Block: r.uint32(), Tx: r.uint32(), Seq: r.seq()}
	e.Peer, e.Asset = graph.ID(r.uvarint()), graph.AssetID(r.uint32())
	r.amount(&e.Amount)
	if e.Kind == graph.KindInput {
		e.Spends = r.before(e.At)
	}
	return id, e, r.end(nil)
}

func (s *historySort) each(ctx context.Context, take func(row) error) error {
	for i, first := range s.starts {
		end := graph.ID(len(s.counts) + 1)
		if i+1 < len(s.starts) {
			end = s.starts[i+1]
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if end == first+1 {
			err = s.eachOfOne(i, first, take)
		} else {
			err = s.eachOfRange(i, first, end, take)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// eachOfRange counts the entries of a range into place.
func (s *historySort) eachOfRange(i int, first, end graph.ID, take func(row) error) error {
	raw, err := s.take(i)
	if err != nil {
		return err
	}
	next := make([]int, end-first+1)
	for id := first; id < end; id++ {
		next[id-first+1] = next[id-first] + int(s.counts[id-1])
	}
	records := make([]int, next[end-first])
	for at := 0; at < len(raw); {
		n := int(binary.BigEndian.Uint16(raw[at:]))
		id, _ := binary.Uvarint(raw[at+2:])
		records[next[graph.ID(id)-first]] = at + 2
		next[graph.ID(id)-first]++
		at += 2 + n
	}
	var entries []graph.Entry
	at := 0
	for id := first; id < end; id++ {
		entries = entries[:0]
		for range s.counts[id-1] {
			start := records[at]
			_, e, err := decodeDealt(raw[start : start+int(binary.BigEndian.Uint16(raw[start-2:]))])
			if err != nil {
				return err
			}
			if entries = append(entries, e); len(entries) > 4*chunkEntries {
				if entries, err = takeFull(id, entries, take); err != nil {
					return err
				}
			}
			at++
		}
		if err := takeChunks(id, entries, take); err != nil {
			return err
		}
	}
	return nil
}

// eachOfOne streams the entries of one address, which are in order already.
func (s *historySort) eachOfOne(i int, id graph.ID, take func(row) error) error {
	if err := s.w[i].Flush(); err != nil {
		return err
	}
	if _, err := s.files[i].Seek(0, io.SeekStart); err != nil {
		return err
	}
	r := bufio.NewReaderSize(s.files[i], 1<<20)
	var entries []graph.Entry
	var length [2]byte
	for {
		if _, err := io.ReadFull(r, length[:]); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		record := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(r, record); err != nil {
			return err
		}
		owner, e, err := decodeDealt(record)
		if err != nil {
			return err
		}
		if owner != id {
			return fmt.Errorf("%w: an entry of address %d among those of %d", graph.ErrDamaged, owner, id)
		}
		if entries = append(entries, e); len(entries) > 4*chunkEntries {
			if entries, err = takeFull(id, entries, take); err != nil {
				return err
			}
		}
	}
	if err := takeChunks(id, entries, take); err != nil {
		return err
	}
	return s.drop(i)
}

// takeFull passes on all chunks but the last, to which more may belong.
func takeFull(id graph.ID, entries []graph.Entry, take func(row) error) ([]graph.Entry, error) {
	runs := splitEntries(entries)
	full := 0
	for _, run := range runs[:len(runs)-1] {
		full += len(run)
	}
	err := takeChunks(id, entries[:full], take)
	return append(entries[:0], entries[full:]...), err
}

func takeChunks(id graph.ID, entries []graph.Entry, take func(row) error) error {
	for _, run := range splitEntries(entries) {
		r, err := encodeChunk(id, run)
		if err == nil {
			err = take(r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sorted are the numbers of all strings in the order of the strings.
func (t *internTable) sorted() []uint64 {
	type place struct{ head, n uint64 }
	places := make([]place, t.count)
	var head [8]byte
	for i := range places {
		n := uint64(i + 1)
		head = [8]byte{}
		copy(head[:], t.at(n))
		places[i] = place{binary.BigEndian.Uint64(head[:]), n}
	}
	slices.SortFunc(places, func(a, b place) int {
		if d := cmp.Compare(a.head, b.head); d != 0 {
			return d
		}
		return bytes.Compare(t.at(a.n), t.at(b.n))
	})
	numbers := make([]uint64, len(places))
	for i, p := range places {
		numbers[i] = p.n
	}
	return numbers
}
