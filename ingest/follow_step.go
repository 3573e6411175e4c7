package ingest

import (
	"context"
	"errors"
	"fmt"
	"sort"

	"spoor/graph"
)

// step looks at the node once, and stores what is new. It reports whether
// nothing is left to do.
func (f *follower) step(ctx context.Context) (reached bool, err error) {
	head, err := f.node.Head(ctx, f.o.Sure)
	if errors.Is(err, graph.ErrNotFound) {
		return true, nil // a young chain has no such block yet
	} else if err != nil {
		return false, err
	}
	at, err := f.followed(ctx)
	if err != nil {
		return false, err
	}
	f.see(head, at)
	if at.next, err = f.start(at); err != nil {
		return false, err
	}
	if at.whole {
		meet := min(head.Height, at.tip.Height)
		same, err := f.agrees(ctx, head, meet)
		if err != nil {
			return false, err
		}
		if !same {
			return false, f.reorganise(ctx, head, at)
		}
	}
	if head.Height < at.next {
		f.wait(head, at)
		return true, nil
	}
	f.behind = false
	return f.advance(ctx, head, at)
}

// start is the block to go on with.
func (f *follower) start(at place) (next uint32, err error) {
	from := f.o.From
	switch {
	case !at.whole && from == nil:
		return 0, advise(ErrNoStart, "say with --from where to begin, such as --from 0, or ingest what came before first")
	case !at.whole:
		return *from, nil
	case at.tip.Hash.IsZero():
		return 0, advise(fmt.Errorf("block %d: %w", at.tip.Height, ErrUnhashed), "without it nobody can tell whether the node has the same block; ingest it from a source with hashes")
	case from != nil && *from > at.tip.Height+1:
		return 0, advise(fmt.Errorf("--from %d: %w: the store ends at block %d", *from, ErrWouldSkip, at.tip.Height), "leave --from out to go on after the last block")
	}
	return at.tip.Height + 1, nil
}

// wait tells once that the node has fewer blocks than the store.
func (f *follower) wait(head graph.Header, at place) {
	if at.whole && head.Height < at.tip.Height && !f.behind {
		f.behind = true
		f.notice(Notice{What: NodeBehind, From: head.Height + 1, Count: at.tip.Height - head.Height})
		return
	}
	f.notice(Notice{What: Reached})
}

// agrees reports whether node and ledger have the same block at a height.
func (f *follower) agrees(ctx context.Context, head graph.Header, height uint32) (bool, error) {
	ours, err := f.stored(ctx, height)
	if err != nil {
		return false, err
	}
	theirs := head
	if head.Height != height {
		if theirs, err = f.node.HeaderAt(ctx, height); errors.Is(err, graph.ErrNotFound) {
			return false, fmt.Errorf("block %d: %w", height, ErrMoved)
		} else if err != nil {
			return false, err
		}
	}
	return ours.Hash == theirs.Hash, nil
}

func (f *follower) stored(ctx context.Context, height uint32) (h graph.Header, err error) {
	view, err := f.ledger.View(ctx)
	if err != nil {
		return h, err
	}
	h, err = view.Header(height)
	return h, errors.Join(err, view.Close())
}

// advance stores the blocks up to the head.
func (f *follower) advance(ctx context.Context, head graph.Header, at place) (reached bool, err error) {
	src := &linked{Source: f.node.Range(at.next, head.Height), next: at.next}
	if at.whole {
		src.parent = at.tip.Hash
	}
	result, err := Run(ctx, f.ledger, src, f.o.Run)
	f.state.Blocks += result.Blocks
	f.state.Transfers += result.Transfers
	now, unseen := f.followed(context.WithoutCancel(ctx))
	if unseen != nil {
		return false, errors.Join(err, unseen)
	}
	f.see(head, now)
	if result.Blocks > 0 {
		f.notice(Notice{What: Advanced, From: at.next, Count: uint32(result.Blocks)})
	}
	switch {
	case errors.Is(err, graph.ErrFork) && now.whole && now.loose > 0:
		return false, f.loosen(ctx, now)
	case err != nil || result.Interrupted:
		return false, err
	case src.next != head.Height+1:
		return false, fmt.Errorf("%w: of blocks %d to %d it gave those below %d", ErrMoved, at.next, head.Height, src.next)
	}
	f.notice(Notice{What: Reached})
	return true, nil
}

// loosen removes what is stored above the followed blocks, where it is of
// another branch: parts of blocks that were fetched for single addresses.
func (f *follower) loosen(ctx context.Context, at place) error {
	if err := f.ledger.Revert(context.WithoutCancel(ctx), at.tip.Height+1); err != nil {
		return err
	}
	f.notice(Notice{What: Reorganise, From: at.tip.Height + 1, Count: at.loose})
	return nil
}

// reorganise replaces the stored branch from the last block that both have.
// The winning branch is read before the losing one goes, so that the ledger is
// short of blocks for no longer than writing takes, and stays as it was if the
// node fails.
func (f *follower) reorganise(ctx context.Context, head graph.Header, at place) error {
	next, err := f.fork(ctx, head, at)
	if err != nil {
		return err
	}
	src := &linked{Source: f.node.Range(next, min(head.Height, max(at.tip.Height, next))), next: next}
	if next > at.first { // else nothing stays that the branch must continue
		ancestor, err := f.stored(ctx, next-1)
		if err != nil {
			return err
		}
		src.parent = ancestor.Hash
	}
	var branch []graph.Block
	for b, err := range src.Blocks(ctx) {
		if err == nil {
			err = b.Validate(f.ledger.Chain().ID)
		}
		if err != nil {
			return err
		}
		branch = append(branch, b)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(branch) == 0 {
		return fmt.Errorf("%w: it gave no block from %d on", ErrMoved, next)
	}
	// From here on it is done whole, even if somebody wants to end it.
	write := context.WithoutCancel(ctx)
	gone := at.tip.Height - next + 1
	if err := f.ledger.Revert(write, next); err != nil {
		return err
	}
	if err := f.ledger.Apply(write, branch...); err != nil {
		return err
	}
	if err := f.ledger.Describe(write, src.Infos()...); err != nil {
		return err
	}
	f.state.Reorgs++
	f.state.Reverted += uint64(gone)
	f.state.Deepest = max(f.state.Deepest, gone)
	f.state.Blocks += uint64(len(branch))
	for i := range branch {
		f.state.Transfers += uint64(branch[i].Transfers())
	}
	f.see(head, place{tip: branch[len(branch)-1].Header})
	f.notice(Notice{What: Reorganise, From: next, Count: gone})
	return nil
}

// fork is the first height at which ledger and node differ. They share all
// blocks below one height and none from it on, so it is found by halving.
func (f *follower) fork(ctx context.Context, head graph.Header, at place) (uint32, error) {
	top := min(head.Height, at.tip.Height) // differs
	low := f.ledger.Chain().FinalHeight(at.tip.Height)
	if low < at.first {
		low = at.first // the store begins above: all of it may go
	} else if same, err := f.agrees(ctx, head, min(low, top)); err != nil {
		return 0, err
	} else if !same {
		return 0, advise(fmt.Errorf("%w: at block %d, %d below the last stored one, the node has another block than the store", ErrTooDeep, min(low, top), at.tip.Height-min(low, top)),
			"is it a node of the same chain, and is it sound? If the chain did reorganise so deeply, ingest it into another --db")
	}
	var failed error
	n := sort.Search(int(top-low), func(i int) bool {
		if failed != nil {
			return true
		}
		same, err := f.agrees(ctx, head, low+uint32(i))
		failed = err
		return !same
	})
	return low + uint32(n), failed
}
