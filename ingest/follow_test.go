package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/graph/graphtest"
	"spoor/ingest"
)

// eager follows without pauses to speak of, from the first block.
func eager() ingest.FollowOptions {
	first := uint32(0)
	return ingest.FollowOptions{From: &first, Poll: time.Millisecond, Patience: 5 * time.Millisecond}
}

func once() ingest.FollowOptions {
	o := eager()
	o.Once = true
	return o
}

// cleanly is the export of a ledger that reads the node's branch at once.
func cleanly(t *testing.T, n *fakeNode) string {
	t.Helper()
	store := graphtest.NewModel()
	ledger, err := store.Ledger(context.Background(), n.chain)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ingest.Run(context.Background(), ledger, n.Range(0, n.tip()), ingest.Options{}); err != nil {
		t.Fatal(err)
	}
	return known(t, store)
}

// known is all that a store knows: its export, and the events, which have no
// place in it.
func known(t *testing.T, store graph.Store) string {
	t.Helper()
	text := strings.Builder{}
	text.WriteString(export(t, store))
	chains, err := store.Chains(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, chain := range chains {
		ledger, err := store.Ledger(context.Background(), chain)
		if err != nil {
			t.Fatal(err)
		}
		view, err := ledger.View(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for s, err := range view.EventsOf(context.Background(), graph.Created, graph.Position{}) {
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&text, "%+v\n", s)
		}
		if err := view.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return text.String()
}

func sameAsClean(t *testing.T, store graph.Store, n *fakeNode) {
	t.Helper()
	if got, want := known(t, store), cleanly(t, n); got != want {
		t.Fatalf("the followed ledger differs from a clean one: %d and %d rows", strings.Count(got, "\n"), strings.Count(want, "\n"))
	}
}

func follow(t *testing.T, store graph.Store, n ingest.Node, chain graph.Chain, o ingest.FollowOptions) (ingest.Followed, error) {
	t.Helper()
	ledger, err := store.Ledger(context.Background(), chain)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	state, err := ingest.Follow(ctx, ledger, n, o)
	if ctx.Err() != nil {
		t.Fatal("following did not end")
	}
	return state, err
}

func TestFollowReplacesABranch(t *testing.T) {
	for _, test := range []struct{ mined, depth, length int }{
		{50, 1, 1}, {50, 1, 2}, {50, 3, 4}, {50, 20, 21}, {50, 20, 7}, {30, 29, 40}, {90, 64, 64}, {200, 64, 100}, {10, 10, 12},
	} {
		t.Run(fmt.Sprintf("%d of %d by %d", test.depth, test.mined, test.length), func(t *testing.T) {
			n, store := newFakeNode(graph.ChainOf(graph.Ethereum)), graphtest.NewModel()
			n.mine(test.mined)
			state, err := follow(t, store, n, n.chain, once())
			if err != nil || state.Reorgs != 0 || state.Blocks != uint64(test.mined)+1 {
				t.Fatalf("%+v, %v", state, err)
			}
			sameAsClean(t, store, n)
			n.reorganise(test.depth, test.length)
			var notices []ingest.Notice
			o := once()
			o.From = nil
			o.Notice = func(n ingest.Notice) { notices = append(notices, n) }
			state, err = follow(t, store, n, n.chain, o)
			if err != nil || state.Reorgs != 1 || state.Deepest != uint32(test.depth) || state.Tip.Height != n.tip() || state.Lag() != 0 {
				t.Fatalf("%+v, %v", state, err)
			}
			if first := notices[0]; first.What != ingest.Reorganise || first.From != uint32(test.mined-test.depth+1) || first.Count != uint32(test.depth) {
				t.Errorf("%+v", first)
			}
			sameAsClean(t, store, n)
		})
	}
}

func TestFollowStopsAtFinality(t *testing.T) {
	n, store := newFakeNode(graph.ChainOf(graph.Ethereum)), graphtest.NewModel()
	n.mine(200)
	if _, err := follow(t, store, n, n.chain, once()); err != nil {
		t.Fatal(err)
	}
	before := export(t, store)
	n.reorganise(65, 70) // 64 are not final
	_, err := follow(t, store, n, n.chain, once())
	if !errors.Is(err, ingest.ErrTooDeep) || !strings.Contains(err.Error(), "block 136") {
		t.Fatal(err)
	}
	if export(t, store) != before {
		t.Error("the ledger was changed")
	}
}

func TestFollowBySurety(t *testing.T) {
	for sure, want := range map[ingest.Finality]uint32{ingest.Latest: 100, ingest.Safe: 95, ingest.Finalized: 36} {
		n, store := newFakeNode(graph.ChainOf(graph.Ethereum)), graphtest.NewModel()
		o := once()
		o.Sure = sure
		if _, err := follow(t, store, n, n.chain, o); err != nil && sure == ingest.Latest {
			t.Fatal(err)
		}
		n.mine(100)
		state, err := follow(t, store, n, n.chain, o)
		if err != nil || state.Tip.Height != want {
			t.Errorf("%s: %+v, %v; want block %d", sure, state, err, want)
		}
	}
}

func TestFollowBegins(t *testing.T) {
	chain := graph.ChainOf(graph.Ethereum)
	at := func(h uint32) *uint32 { return &h }
	for name, test := range map[string]struct {
		stored int
		from   *uint32
		err    error
		first  uint32
	}{
		"nothing stored, no start":    {0, nil, ingest.ErrNoStart, 0},
		"nothing stored, a start":     {0, at(20), nil, 20},
		"stored, no start":            {10, nil, nil, 0},
		"stored, start in it":         {10, at(5), nil, 0},
		"stored, start right after":   {10, at(10), nil, 0},
		"stored, start beyond":        {10, at(11), ingest.ErrWouldSkip, 0},
		"start at the node's newest":  {0, at(30), nil, 30},
		"start after the node's last": {0, at(31), nil, 31},
	} {
		t.Run(name, func(t *testing.T) {
			n, store := newFakeNode(chain), graphtest.NewModel()
			n.mine(30)
			ledger, err := store.Ledger(t.Context(), chain)
			if err != nil {
				t.Fatal(err)
			}
			if err := ledger.Apply(t.Context(), n.branch()[:test.stored]...); err != nil {
				t.Fatal(err)
			}
			_, err = follow(t, store, n, chain, ingest.FollowOptions{From: test.from, Once: true})
			if !errors.Is(err, test.err) {
				t.Fatalf("%v, want %v", err, test.err)
			}
			if err != nil {
				return
			}
			got := heights(t, store)
			if want := 31 - int(test.first); len(got) != want || want > 0 && got[0] != test.first {
				t.Errorf("stored %v", got)
			}
		})
	}
}

// TestFollowAStoreThatBeginsLate replaces every block there is.
func TestFollowAStoreThatBeginsLate(t *testing.T) {
	n, store := newFakeNode(graph.ChainOf(graph.Ethereum)), graphtest.NewModel()
	n.mine(50)
	o, from := once(), uint32(40)
	o.From = &from
	if _, err := follow(t, store, n, n.chain, o); err != nil {
		t.Fatal(err)
	}
	n.reorganise(20, 21)
	state, err := follow(t, store, n, n.chain, o)
	if err != nil || state.Reorgs != 1 || state.Deepest != 11 {
		t.Fatalf("%+v, %v", state, err)
	}
	want := n.branch()[40:]
	got := slices.Collect(all(t, store, graph.Ethereum))
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %d blocks that are not the %d of the node", len(got), len(want))
	}
}

// TestFollowWaits is a node that lags behind the store, or whose newest blocks
// are gone and not replaced yet: that says nothing of another branch.
func TestFollowWaits(t *testing.T) {
	n, store := newFakeNode(graph.ChainOf(graph.Ethereum)), graphtest.NewModel()
	n.mine(50)
	if _, err := follow(t, store, n, n.chain, once()); err != nil {
		t.Fatal(err)
	}
	before := export(t, store)
	n.drop(5)
	behind := 0
	o := once()
	o.Notice = func(n ingest.Notice) {
		if n.What == ingest.NodeBehind {
			behind += int(n.Count)
		}
	}
	if _, err := follow(t, store, n, n.chain, o); err != nil || behind != 5 {
		t.Fatalf("behind by %d, %v", behind, err)
	}
	if export(t, store) != before {
		t.Fatal("the ledger was changed")
	}
	n.mine(1) // another block where the store has one
	state, err := follow(t, store, n, n.chain, o)
	if err != nil || state.Reorgs != 1 || state.Deepest != 5 {
		t.Fatalf("%+v, %v", state, err)
	}
	sameAsClean(t, store, n)
}

// TestFollowWhileTheNodeMoves reorganises while blocks are read.
func TestFollowWhileTheNodeMoves(t *testing.T) {
	for _, after := range []int{1, 2, 10, 40} {
		n, store := newFakeNode(graph.ChainOf(graph.Ethereum)), graphtest.NewModel()
		n.mine(50)
		n.after, n.meanwhile = after, func() { n.reorganise(12, 3); n.short = true }
		settle(t, store, n)
		n.reorganise(20, 20)
		n.after, n.meanwhile = after, func() { n.reorganise(15, 30) }
		settle(t, store, n)
	}
}

// settle follows a node that moves meanwhile, and again when it stands still:
// the first may end at a head that is no longer the newest.
func settle(t *testing.T, store graph.Store, n *fakeNode) {
	t.Helper()
	for range 2 {
		if _, err := follow(t, store, n, n.chain, once()); err != nil {
			t.Fatal(err)
		}
		n.meanwhile = nil
	}
	sameAsClean(t, store, n)
}

// TestFollowReconnects loses the node for a while.
func TestFollowReconnects(t *testing.T) {
	n, store := newFakeNode(graph.ChainOf(graph.Ethereum)), graphtest.NewModel()
	gone := fmt.Errorf("%w: connection refused", ingest.ErrUnavailable)
	n.failWith(gone)
	if _, err := follow(t, store, n, n.chain, eager()); !errors.Is(err, ingest.ErrUnavailable) {
		t.Fatalf("a node that was never there: %v", err)
	}
	n.failWith(nil)
	n.mine(20)
	ledger, err := store.Ledger(t.Context(), n.chain)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	o, lost, back := eager(), 0, 0
	o.Notice = func(notice ingest.Notice) {
		switch {
		case notice.What == ingest.NodeLost:
			lost++
			n.failWith(nil)
			n.reorganise(10, 15)
		case notice.What == ingest.NodeBack:
			back++
		case notice.What == ingest.Reached && back == 0:
			n.failWith(gone)
		case notice.What == ingest.Reached:
			cancel()
		}
	}
	state, err := ingest.Follow(ctx, ledger, n, o)
	if err != nil || lost != 1 || back != 1 || state.Lost != 1 || state.Reorgs != 1 {
		t.Fatalf("lost %d, back %d, %+v, %v", lost, back, state, err)
	}
	sameAsClean(t, store, n)
}

// TestFollowRefuses is a node that says what cannot be.
func TestFollowRefuses(t *testing.T) {
	garbage := errors.New("garbage")
	n, store := newFakeNode(graph.ChainOf(graph.Ethereum)), graphtest.NewModel()
	n.mine(10)
	if _, err := follow(t, store, n, n.chain, once()); err != nil {
		t.Fatal(err)
	}
	before := export(t, store)
	n.mine(5)
	n.failWith(garbage)
	if _, err := follow(t, store, n, n.chain, eager()); !errors.Is(err, garbage) {
		t.Errorf("garbage: %v", err)
	}
	n.failWith(nil)
	n.reorganise(8, 9)
	n.after, n.meanwhile = 2, func() { n.failWith(garbage) }
	if _, err := follow(t, store, n, n.chain, eager()); !errors.Is(err, garbage) {
		t.Errorf("garbage in the winning branch: %v", err)
	}
	if export(t, store) != before {
		t.Error("the ledger was changed")
	}
}

// restless is a node whose branch is another one whenever blocks are read.
type restless struct{ *fakeNode }

func (r restless) Range(from, to uint32) ingest.Source {
	r.reorganise(1, 1)
	r.after, r.meanwhile = 1, func() { r.drop(1); r.mine(1) }
	r.short = true
	return r.fakeNode.Range(from, to)
}

func TestFollowGivesUpOnARestlessNode(t *testing.T) {
	n, store := newFakeNode(graph.ChainOf(graph.Ethereum)), graphtest.NewModel()
	n.mine(10)
	if _, err := follow(t, store, restless{n}, n.chain, eager()); !errors.Is(err, ingest.ErrMoved) {
		t.Fatal(err)
	}
}

// TestFollowOverParts follows past blocks of which parts were fetched for an
// address: those of the branch become whole, those of another go.
func TestFollowOverParts(t *testing.T) {
	for name, fork := range map[string]bool{"same branch": false, "another branch": true} {
		t.Run(name, func(t *testing.T) {
			n, store := newFakeNode(graph.ChainOf(graph.Ethereum)), graphtest.NewModel()
			n.mine(30)
			if _, err := follow(t, store, n, n.chain, once()); err != nil {
				t.Fatal(err)
			}
			n.mine(20)
			ledger, err := store.Ledger(t.Context(), n.chain)
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range []int{35, 37, 38, 49} {
				b := n.branch()[h]
				b.Txs = b.Txs[:min(1, len(b.Txs))]
				b.Know, b.Source = graph.Knowledge{Transfers: graph.Partial}, "explorer"
				if err := ledger.Apply(t.Context(), b); err != nil {
					t.Fatal(err)
				}
			}
			if fork {
				n.reorganise(14, 20)
			}
			if _, err := follow(t, store, n, n.chain, once()); err != nil {
				t.Fatal(err)
			}
			sameAsClean(t, store, n)
		})
	}
}

// TestFollowRandomly plays random games: blocks are mined, branches replaced
// (also while they are read), and the follower crashes before and after
// writes. Whatever was seen between, in the end the ledger is the one that a
// clean reading of the winning branch gives, byte for byte. Claims about assets
// are left out: a crash between a block and them loses them until the source
// makes them again.
func TestFollowRandomly(t *testing.T) {
	t.Run("model", func(t *testing.T) {
		t.Parallel()
		for seed := range uint64(200) {
			playRandomly(t, seed, graphtest.NewModel(), func(s graph.Store) graph.Store { return s })
		}
	})
	t.Run("badger", func(t *testing.T) {
		t.Parallel()
		wanted := 200 // opening and syncing stores takes most of the time
		if testing.Short() {
			wanted = 20
		}
		for seed, reorganised := uint64(1000), 0; reorganised < wanted; seed++ {
			dir := fast(t)
			reopen := func(s graph.Store) graph.Store {
				if s != nil {
					if err := s.Close(); err != nil {
						t.Fatal(err)
					}
				}
				store, err := badger.Open(dir, badger.Options{Memory: 64 << 20})
				if err != nil {
					t.Fatal(err)
				}
				return store
			}
			store, n := playRandomly(t, seed, reopen(nil), reopen)
			reorganised += n
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// fast is a folder in memory, where the system has one: stores sync often.
func fast(t *testing.T) string {
	t.Helper()
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		dir, err := os.MkdirTemp("/dev/shm", "follow")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		return dir
	}
	return t.TempDir()
}

// playRandomly plays one game and counts the branches that were replaced.
func playRandomly(t *testing.T, seed uint64, store graph.Store, reopen func(graph.Store) graph.Store) (_ graph.Store, reorganised int) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	n := newFakeNode(graph.ChainOf(graph.Ethereum))
	n.mute = true
	n.mine(random.IntN(40))
	for range 1 + random.IntN(8) {
		switch random.IntN(4) {
		case 0:
			n.mine(random.IntN(12))
		case 1:
			n.after = 1 + random.IntN(10)
			depth, length := 1+random.IntN(10), 1+random.IntN(12)
			n.meanwhile = func() { n.reorganise(min(depth, int(n.tip())), length); reorganised++ }
			n.mine(random.IntN(5))
		default:
			n.reorganise(min(1+random.IntN(25), int(n.tip())), 1+random.IntN(30))
			reorganised++
		}
		for ends := 0; ends < 2; { // the first may end at a head that is no longer the newest
			ledger, err := store.Ledger(t.Context(), n.chain)
			if err != nil {
				t.Fatal(err)
			}
			o := once()
			o.Run.Batch = 1 + random.IntN(60)
			_, err = ingest.Follow(t.Context(), fragile{
				Ledger: ledger,
				crash:  func() (bool, bool) { return random.IntN(6) == 0, random.IntN(6) == 0 },
				check:  func() error { return oneBranch(t.Context(), ledger) },
			}, n, o)
			switch {
			case err == nil:
				ends++
				n.meanwhile = nil
			case !errors.Is(err, errCrash):
				t.Fatalf("seed %d: %v", seed, err)
			}
			if err != nil && random.IntN(5) == 0 {
				store = reopen(store)
			}
		}
	}
	if got, want := known(t, store), cleanly(t, n); got != want {
		t.Fatalf("seed %d: the followed ledger differs from a clean one: %d and %d rows", seed, strings.Count(got, "\n"), strings.Count(want, "\n"))
	}
	sound(t, store, n.chain)
	return store, reorganised
}

// oneBranch checks that what a reader sees now is one branch without a gap.
func oneBranch(ctx context.Context, ledger graph.Ledger) error {
	view, err := ledger.View(ctx)
	if err != nil {
		return err
	}
	var last graph.Header
	for b, err := range view.Blocks(ctx, 0) {
		switch {
		case err != nil:
			return errors.Join(err, view.Close())
		case b.Height > 0 && (b.Height != last.Height+1 || b.Parent != last.Hash):
			return errors.Join(fmt.Errorf("block %d does not continue block %d", b.Height, last.Height), view.Close())
		}
		last = b.Header
	}
	return view.Close()
}

// sound checks the store's own books.
func sound(t *testing.T, store graph.Store, chain graph.Chain) {
	t.Helper()
	ledger, err := store.Ledger(t.Context(), chain)
	if err != nil {
		t.Fatal(err)
	}
	view, err := ledger.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := graph.Check(t.Context(), view, func(f graph.Finding) { t.Errorf("%s: %s", f.At, f.What) }); err != nil {
		t.Error(err)
	}
	if err := view.Close(); err != nil {
		t.Fatal(err)
	}
}
