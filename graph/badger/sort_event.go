package badger

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"spoor/graph"
)

// eventSort brings the index rows of events in order: those that begin with a
// hash by sorting, those of a kind by dealing each kind into a file of its own,
// where they come in order already.
type eventSort struct {
	about, passages *keySort
	kinds           *deal
	fileOf          [256]int
	events          []graph.Event // decoded last
}

func newEventSort(dir string, counts *[256]uint64, memory int) (*eventSort, error) {
	s := &eventSort{}
	files := 0
	var events, passages uint64
	for kind, n := range counts {
		s.fileOf[kind] = files
		if n > 0 {
			files++
		}
		events += n
	}
	passages = counts[graph.Departure] + counts[graph.Arrival]
	width := 1 + shortHash + positionLen
	var err error
	if s.about, err = newKeySort(filepath.Join(dir, "about"), width, 2*events, memory); err != nil {
		return nil, err
	}
	if s.passages, err = newKeySort(filepath.Join(dir, "passages"), width, passages, memory); err != nil {
		return nil, errors.Join(err, s.about.close())
	}
	if s.kinds, err = newDeal(filepath.Join(dir, "kinds"), files); err != nil {
		return nil, errors.Join(err, s.about.close(), s.passages.close())
	}
	return s, nil
}

func (s *eventSort) add(chain graph.ChainID, at graph.Position, tx *txRow) (err error) {
	if len(tx.stated) == 0 {
		return nil
	}
	if s.events, err = decodeEvents(chain, tx.stated, s.events[:0]); err != nil {
		return fmt.Errorf("transaction at %d/%d: %w", at.Block, at.Tx, err)
	}
	for _, key := range eventKeys(at, s.events) {
		switch key[0] {
		case prefixAbout:
			err = s.about.add(key)
		case prefixPassage:
			err = s.passages.add(key)
		default:
			_, err = s.kinds.w[s.fileOf[key[1]]].Write(key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *eventSort) each(ctx context.Context, to *bulk) error {
	if err := s.about.each(ctx, to.write); err != nil {
		return err
	}
	if err := to.done(prefixAbout); err != nil {
		return err
	}
	if err := s.passages.each(ctx, to.write); err != nil {
		return err
	}
	if err := to.done(prefixPassage); err != nil {
		return err
	}
	for i := range s.kinds.files {
		if err := s.eachOfKind(ctx, i, to); err != nil {
			return err
		}
	}
	return to.done(prefixKind)
}

func (s *eventSort) eachOfKind(ctx context.Context, i int, to *bulk) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.kinds.w[i].Flush(); err != nil {
		return err
	}
	f := s.kinds.files[i]
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	r := bufio.NewReaderSize(f, 1<<20)
	key := make([]byte, len(kindPrefix(0))+positionLen)
	for {
		switch _, err := io.ReadFull(r, key); {
		case errors.Is(err, io.EOF):
			return s.kinds.drop(i)
		case err != nil:
			return err
		}
		if err := to.write(row{key, []byte{}}); err != nil {
			return err
		}
	}
}

func (s *eventSort) close() error {
	return errors.Join(s.about.close(), s.passages.close(), s.kinds.close())
}
