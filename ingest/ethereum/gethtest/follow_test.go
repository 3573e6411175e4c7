package gethtest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest"
	"spoor/ingest/ethereum"
	"spoor/ingest/ethereum/gethtest"
)

func followOnce(t *testing.T, n *gethtest.Node, store graph.Store, sure ingest.Finality) (ingest.Followed, error) {
	t.Helper()
	node, err := ethereum.NewNode(chain(t), []string{n.URL}, ingest.NewMeter(ingest.Stop), options(t, n))
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	ledger, err := store.Ledger(t.Context(), chain(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	first := uint32(0)
	state, err := ingest.Follow(ctx, ledger, node, ingest.FollowOptions{Sure: sure, From: &first, Once: true, Poll: time.Millisecond})
	if ctx.Err() != nil {
		t.Fatal("following did not end")
	}
	return state, err
}

// TestFollow follows a node through reorganisations: the store is that of a
// clean ingest of the winning branch after each, and as it was where one goes
// below the finality depth of 64.
func TestFollow(t *testing.T) {
	t.Parallel()
	n := start(t)
	payments(t, n, 30, 100)
	store := graphtest.NewModel()
	if state, err := followOnce(t, n, store, ingest.Latest); err != nil || state.Tip.Height != 30 || state.Blocks != 31 {
		t.Fatalf("%+v, %v", state, err)
	}
	same := func(what string) {
		t.Helper()
		o := options(t, n)
		if dump(t, store) != clean(t, o, n.URL) {
			t.Fatalf("%s: the store differs from that of a clean ingest", what)
		}
	}
	same("first")
	for i, r := range []struct{ depth, blocks int }{{1, 2}, {3, 3}, {5, 3}, {20, 22}} {
		before := n.Head().Number.Uint64()
		n.Fork(t, before-uint64(r.depth))
		payments(t, n, r.blocks, int64(1000*(i+1)))
		state, err := followOnce(t, n, store, ingest.Latest)
		if err != nil || state.Reorgs != 1 || state.Deepest != uint32(r.depth) || uint64(state.Tip.Height) != n.Head().Number.Uint64() {
			t.Fatalf("depth %d: %+v, %v", r.depth, state, err)
		}
		same(fmt.Sprintf("depth %d", r.depth))
	}
	payments(t, n, 40, 50_000)
	if _, err := followOnce(t, n, store, ingest.Latest); err != nil {
		t.Fatal(err)
	}
	same("grown")
	before := dump(t, store)
	n.Fork(t, n.Head().Number.Uint64()-65)
	payments(t, n, 2, 90_000)
	if _, err := followOnce(t, n, store, ingest.Latest); !errors.Is(err, ingest.ErrTooDeep) {
		t.Fatalf("%v, want %v", err, ingest.ErrTooDeep)
	}
	if dump(t, store) != before {
		t.Error("the store was changed")
	}
}

// TestFollowAnnounced follows where the node tells of new blocks, over a socket
// and over WebSocket, and looks so rarely by itself that only being told can
// explain the speed.
func TestFollowAnnounced(t *testing.T) {
	for name, address := range map[string]func(*gethtest.Node) string{
		"IPC":                   func(n *gethtest.Node) string { return n.IPC },
		"WebSocket":             func(n *gethtest.Node) string { return n.WS },
		"WebSocket beside HTTP": func(n *gethtest.Node) string { return n.URL + "," + n.WS },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := start(t)
			followAnnounced(t, n, strings.Split(address(n), ","))
		})
	}
}

func followAnnounced(t *testing.T, n *gethtest.Node, addresses []string) {
	payments(t, n, 3, 100)
	node, err := ethereum.NewNode(chain(t), addresses, ingest.NewMeter(ingest.Stop), options(t, n))
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	store := graphtest.NewModel()
	ledger, err := store.Ledger(t.Context(), chain(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	reached := make(chan uint32, 100)
	ended := make(chan error, 1)
	first := uint32(0)
	go func() {
		_, err := ingest.Follow(ctx, ledger, node, ingest.FollowOptions{From: &first, Poll: time.Hour, Notice: func(n ingest.Notice) {
			if n.What == ingest.Reached {
				reached <- n.State.Tip.Height
			}
		}})
		ended <- err
	}()
	until := func(height uint32) {
		t.Helper()
		for {
			select {
			case at := <-reached:
				if at == height {
					return
				}
			case <-ctx.Done():
				t.Fatalf("block %d is not reached", height)
			}
		}
	}
	until(3)
	time.Sleep(100 * time.Millisecond) // the subscription is made after the head was reached
	for height := uint32(4); height <= 6; height++ {
		payments(t, n, 1, int64(height))
		until(height)
	}
	n.Fork(t, 5)
	payments(t, n, 2, 900)
	until(7)
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if dump(t, store) != clean(t, options(t, n), n.URL) {
		t.Error("the store differs from that of a clean ingest")
	}
}

// TestFollowFinalized stores only what the node calls finalized.
func TestFollowFinalized(t *testing.T) {
	t.Parallel()
	n := start(t)
	payments(t, n, 70, 100)
	for _, sure := range []ingest.Finality{ingest.Safe, ingest.Finalized} {
		store := graphtest.NewModel()
		state, err := followOnce(t, n, store, sure)
		if err != nil || state.Head.Height > 70 {
			t.Fatalf("%s: %+v, %v", sure, state, err)
		}
		t.Logf("%s is block %d of 70", sure, state.Head.Height)
	}
}
