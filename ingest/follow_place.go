package ingest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"spoor/graph"
)

// A place is how far a ledger has been followed: blocks without a gap.
type place struct {
	whole bool         // there are any
	first uint32       // of them
	tip   graph.Header // last of them
	next  uint32       // the block to go on with
	loose uint32       // blocks stored above tip
}

// followed finds the last stretch of blocks in the ledger that were read as a
// whole. What was fetched for single addresses lies loosely above and between,
// and does not count; blocks that the node itself could tell only in part do.
func (f *follower) followed(ctx context.Context) (p place, err error) {
	view, err := f.ledger.View(ctx)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	covered, err := view.Coverage()
	if err != nil {
		return p, err
	}
	rows := slices.DeleteFunc(slices.Clone(covered), func(c graph.Coverage) bool { return !c.Address.IsZero() })
	ours := func(c graph.Coverage) bool { return c.Know.Transfers == graph.Full || c.Source == f.node.Source() }
	end := len(rows)
	for ; end > 0 && !ours(rows[end-1]); end-- {
		p.loose += rows[end-1].To - rows[end-1].From + 1
	}
	if end == 0 {
		return p, nil
	}
	first := end - 1
	for first > 0 && rows[first-1].To+1 == rows[first].From && ours(rows[first-1]) {
		first--
	}
	p.whole, p.first = true, rows[first].From
	p.tip, err = view.Header(rows[end-1].To)
	return p, err
}

// see notes where ledger and node are.
func (f *follower) see(head graph.Header, at place) {
	f.state.Head, f.state.Tip = head, at.tip
	f.state.Final = f.ledger.Chain().FinalHeight(max(head.Height, at.tip.Height))
}

// linked passes on the blocks of a source as long as each is the child of the
// one before.
type linked struct {
	Source
	next   uint32     // height to come
	parent graph.Hash // that it must have; zero: any
}

// Blocks yields the blocks.
func (l *linked) Blocks(ctx context.Context) iter.Seq2[graph.Block, error] {
	return func(yield func(graph.Block, error) bool) {
		for b, err := range l.Source.Blocks(ctx) {
			switch {
			case err != nil:
			case b.Height != l.next:
				err = fmt.Errorf("%w: asked for block %d, got block %d", ErrMoved, l.next, b.Height)
			case b.Hash.IsZero():
				err = fmt.Errorf("block %d: %w", b.Height, ErrUnhashed)
			case !l.parent.IsZero() && b.Parent != l.parent:
				err = fmt.Errorf("%w: block %d continues %s, stored is %s", ErrMoved, b.Height, b.Parent, l.parent)
			}
			if err != nil {
				yield(graph.Block{}, err)
				return
			}
			l.next, l.parent = b.Height+1, b.Hash
			if !yield(b, nil) {
				return
			}
		}
	}
}

// Flushed tells the source, if it wants to know, what the ledger has.
func (l *linked) Flushed(height uint32) {
	if f, ok := l.Source.(flusher); ok {
		f.Flushed(height)
	}
}
