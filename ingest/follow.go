package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"spoor/graph"
)

// Node is one node of a chain, as Follow uses it. Its methods try again by
// themselves what is worth it; where the node does not answer all the same,
// they return ErrUnavailable.
type Node interface {
	// Source is what the blocks of Range are said to be read from.
	Source() string
	// Head is the newest block that is as sure as asked for; ErrNotFound
	// while there is none.
	Head(ctx context.Context, sure Finality) (graph.Header, error)
	// HeaderAt is the block that the node's best branch has at a height;
	// graph.ErrNotFound above its newest.
	HeaderAt(ctx context.Context, height uint32) (graph.Header, error)
	// Range reads the blocks of the best branch from one height to another,
	// both included. Where the branch changes while it is read, the source
	// ends with ErrMoved.
	Range(from, to uint32) Source
}

// Announcer is a Node that can tell of new blocks by itself, so that nobody has
// to look.
type Announcer interface {
	// Announce sends whenever a block is new, as long as ctx lasts. The channel
	// is closed when it can tell no longer; nil if it cannot at all.
	Announce(ctx context.Context) <-chan struct{}
}

// Errors of a Node that Follow knows how to deal with.
var (
	ErrUnavailable = errors.New("the node does not answer")
	ErrMoved       = errors.New("the node changed to another branch meanwhile")
)

// Errors that end Follow.
var (
	ErrTooDeep   = errors.New("the reorganisation is deeper than the chain's finality")
	ErrNoStart   = errors.New("nothing is stored of the chain yet")
	ErrUnhashed  = errors.New("the block has no hash")
	ErrWouldSkip = errors.New("that would leave blocks out")
)

// FollowOptions tell how a chain is followed.
type FollowOptions struct {
	// Sure is how sure a block must be before it is stored. Default Latest.
	Sure Finality
	// From is where an empty ledger begins; nil: it must not be empty.
	From *uint32
	// Once ends at the first head that was reached.
	Once bool
	// Poll is the pause between looks at a head that stands still. Default 2s.
	Poll time.Duration
	// Patience is the longest pause between attempts to reach a node that has
	// gone; the first is a second. Default 30s.
	Patience time.Duration
	// Notice is called from the following goroutine for what happens. Default
	// nothing.
	Notice func(Notice)
	// Run says how blocks are written; From, To and Bulk are Follow's own.
	Run Options
}

func (o FollowOptions) withDefaults() FollowOptions {
	o.Poll = cmp.Or(o.Poll, 2*time.Second)
	o.Patience = cmp.Or(o.Patience, 30*time.Second)
	if o.Notice == nil {
		o.Notice = func(Notice) {}
	}
	o.Run = o.Run.withDefaults()
	o.Run.Bulk = BulkOff // a head is no bulk, and Revert must not wait for one
	return o
}

// Followed counts what Follow has done, and where it is.
type Followed struct {
	Tip       graph.Header // the last block stored
	Head      graph.Header // the newest of the node, as sure as asked for
	Final     uint32       // blocks above it are provisional
	Blocks    uint64       // stored, also those that were rolled back later
	Transfers uint64       // in them
	Reorgs    uint64       // branches that were replaced
	Deepest   uint32       // blocks replaced by one reorganisation, at most
	Reverted  uint64       // blocks rolled back
	Lost      uint64       // times the node did not answer
}

// Lag is how many blocks are there and not stored.
func (f Followed) Lag() uint32 { return f.Head.Height - min(f.Head.Height, f.Tip.Height) }

// What a Notice tells.
type What uint8

// What happens to somebody who follows.
const (
	Advanced   What = iota + 1 // blocks were stored
	Reached                    // the head was reached
	Reorganise                 // a branch was replaced: From is its first block, Count how many went
	NodeLost                   // the node does not answer: Err
	NodeBack                   // it answers again
	NodeBehind                 // the node has fewer blocks of the branch than the store
)

// Notice is something that happened, with the state after it.
type Notice struct {
	What  What
	State Followed
	From  uint32
	Count uint32
	Err   error
}

// Follow keeps a ledger at the head of a node's chain: it stores new blocks as
// they come and, where the node has changed to another branch, rolls the ledger
// back to the last block both have and stores the winning branch. Whoever reads
// the ledger meanwhile sees the old branch whole, or the new one up to some
// block, and never a mixture. The node decides which branch wins; a node that
// merely has fewer blocks of the stored branch is waited for.
//
// A node that stops answering is asked again for as long as ctx lasts; one that
// does not answer at first ends Follow. A reorganisation that goes below the
// finality depth of the chain ends it too (ErrTooDeep), with the ledger as it
// was, and so does everything the node says that cannot be verified. When ctx
// ends, so does Follow, without an error.
func Follow(ctx context.Context, ledger graph.Ledger, node Node, o FollowOptions) (Followed, error) {
	f := follower{ledger: ledger, node: node, o: o.withDefaults()}
	if err := (&run{ledger: ledger}).resume(context.WithoutCancel(ctx)); err != nil {
		return f.state, err
	}
	var news <-chan struct{}  // of new blocks; nil: look every Poll
	asked := false            // for them
	pause := time.Duration(0) // after the last failure
	met, moved := false, 0
	for ctx.Err() == nil {
		reached, err := f.step(ctx)
		switch {
		case ctx.Err() != nil:
			if err != nil && !errors.Is(err, ctx.Err()) && !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrMoved) {
				return f.state, fmt.Errorf("follow %s: %w", ledger.Chain().Alias, err)
			}
		case errors.Is(err, ErrUnavailable) && met:
			if pause == 0 {
				f.state.Lost++
				f.notice(Notice{What: NodeLost, Err: err})
			}
			pause = min(max(2*pause, time.Second), f.o.Patience)
			sleep(ctx, pause/2+rand.N(pause/2+1))
			continue
		case errors.Is(err, ErrMoved) && moved < maxMoves:
			moved++
			sleep(ctx, f.o.Poll/8)
			met = true
			continue
		case err != nil:
			return f.state, fmt.Errorf("follow %s: %w", ledger.Chain().Alias, err)
		case reached && f.o.Once:
			return f.state, nil
		case reached:
			if a, ok := node.(Announcer); ok && !asked {
				news, asked = a.Announce(ctx), true
			}
			before := news
			if news = await(ctx, f.o.Poll, news); news != before {
				asked = false // the connection is gone
			}
		}
		met, moved = true, 0
		if pause > 0 && err == nil {
			pause = 0
			f.notice(Notice{What: NodeBack})
		}
	}
	return f.state, nil
}

// maxMoves is how often in a row the node may change to another branch while
// it is read. Blocks come far apart compared with the time it takes to read
// one, so it is then no reorganisation, but nodes that disagree.
const maxMoves = 100

// sleep waits, but no longer than ctx lasts.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// await waits until news come, but no longer than so, and returns the channel
// to wait on the next time, nil if nothing more comes from it. Somebody who can
// announce may still forget to: looks go on.
func await(ctx context.Context, d time.Duration, news <-chan struct{}) <-chan struct{} {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case _, open := <-news:
		if !open {
			sleep(ctx, d)
			return nil
		}
	}
	return news
}

// A follower is the state of Follow.
type follower struct {
	ledger graph.Ledger
	node   Node
	o      FollowOptions
	state  Followed
	behind bool // said that the node is
}

func (f *follower) notice(n Notice) {
	n.State = f.state
	f.o.Notice(n)
}
