package ingest

import (
	"context"
	"errors"
	"slices"

	"spoor/graph"
)

// stored answers whether a block is in a ledger already, from one snapshot:
// blocks of a source ascend, so a run never meets what it wrote itself.
type stored struct {
	ledger graph.Ledger
	view   graph.View
	ranges []graph.Coverage // of the whole chain, in height order
	empty  bool
	forms  bool // of all transactions are known
}

func (s *stored) open(ctx context.Context) error {
	view, err := s.ledger.View(ctx)
	if err != nil {
		return err
	}
	s.view = view
	if _, err := view.Tip(); errors.Is(err, graph.ErrNotFound) {
		s.empty = true
		return nil
	} else if err != nil {
		return errors.Join(err, s.close())
	}
	rows, err := view.Coverage()
	if err != nil {
		return errors.Join(err, s.close())
	}
	size, err := view.Size()
	if err != nil {
		return errors.Join(err, s.close())
	}
	s.forms = size.Forms == size.Txs
	s.ranges = slices.DeleteFunc(slices.Clone(rows), func(c graph.Coverage) bool { return !c.Address.IsZero() })
	return nil
}

func (s *stored) close() error { return s.view.Close() }

// has reports whether a block adds nothing to the ledger. A whole block of
// equal hash, read at least as completely, is known without reading it; any
// other block is compared, and one that tells forms which the ledger may lack.
func (s *stored) has(_ context.Context, b *graph.Block) (bool, error) {
	if s.empty {
		return false, nil
	}
	header, err := s.view.Header(b.Height)
	if errors.Is(err, graph.ErrNotFound) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	if !b.Hash.IsZero() && header.Hash == b.Hash && s.knows(b) && (s.forms || b.Forms() == 0) {
		return true, nil
	}
	old, err := s.view.Block(b.Height)
	if err != nil {
		return false, err
	}
	_, changed, err := graph.Union(old, *b)
	return !changed, err
}

// knows reports whether the block at a height was read whole and at least as
// completely as b.
func (s *stored) knows(b *graph.Block) bool {
	at, found := slices.BinarySearchFunc(s.ranges, b.Height, func(c graph.Coverage, height uint32) int {
		switch {
		case c.To < height:
			return -1
		case c.From > height:
			return 1
		}
		return 0
	})
	if !found {
		return false
	}
	k := s.ranges[at].Know
	return k.Transfers == graph.Full && k.Transfers >= b.Know.Transfers && k.Logs >= b.Know.Logs && k.Traces >= b.Know.Traces
}
