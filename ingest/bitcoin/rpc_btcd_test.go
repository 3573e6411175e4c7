//go:build unix

package bitcoin_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/graph/graphtest"
	"spoor/ingest"
	"spoor/ingest/bitcoin"
)

// quick are options for tests: a node on this machine needs no patience.
func quick() bitcoin.RPCOptions {
	return bitcoin.RPCOptions{Timeout: 10 * time.Second, Attempts: 3, Pause: 10 * time.Millisecond}
}

// openRPC reads from a node into a ledger.
func openRPC(t testing.TB, n *btcd, ledger graph.Ledger, meter *ingest.Meter, options bitcoin.RPCOptions) *bitcoin.RPC {
	t.Helper()
	older, done := bitcoin.LookupIn(context.Background(), ledger)
	t.Cleanup(func() {
		if err := done(); err != nil {
			t.Error(err)
		}
	})
	rpc, err := bitcoin.NewRPC(ledger.Chain(), n.url(), bitcoin.Password(nodeUser, nodePassword), older, meter, options)
	if err != nil {
		t.Fatal(err)
	}
	return rpc
}

func modelLedger(t testing.TB) graph.Ledger {
	t.Helper()
	ledger, err := graphtest.NewModel().Ledger(context.Background(), chain(t, "bitcoin-regtest"))
	if err != nil {
		t.Fatal(err)
	}
	return ledger
}

func exported(t testing.TB, ledger graph.Ledger) string {
	t.Helper()
	var b bytes.Buffer
	if err := ingest.Export(context.Background(), &b, ledger); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// clean is what a ledger holds that reads the node's whole chain at once.
func clean(t testing.TB, n *btcd) string {
	t.Helper()
	ledger := modelLedger(t)
	o := quick()
	o.To = n.height()
	if _, err := ingest.Run(context.Background(), ledger, openRPC(t, n, ledger, ingest.NewMeter(ingest.Stop), o), ingest.Options{}); err != nil {
		t.Fatal(err)
	}
	return exported(t, ledger)
}

// trade makes transactions of many kinds and mines them.
func trade(t testing.TB, n *btcd, p *purse, rounds int) {
	t.Helper()
	key := p.key.PubKey().SerializeCompressed()
	for i := range rounds {
		p.mined(n)
		hash := bytes.Repeat([]byte{byte(i), 0x5a}, 10)
		n.send(p.spend(1000+int64(i),
			wire.NewTxOut(100_000+int64(i), p.script),
			wire.NewTxOut(7, scriptOf(t, txscript.OP_0, hash)),                                                    // P2WPKH
			wire.NewTxOut(20_000, scriptOf(t, txscript.OP_HASH160, hash, txscript.OP_EQUAL)),                      // P2SH
			wire.NewTxOut(30_000, scriptOf(t, txscript.OP_1, bytes.Repeat(hash[:2], 16))),                         // P2TR
			wire.NewTxOut(40_000, scriptOf(t, key, txscript.OP_CHECKSIG)),                                         // P2PK
			wire.NewTxOut(0, scriptOf(t, txscript.OP_RETURN, []byte("spoor"))),                                    // data
			wire.NewTxOut(50_000, scriptOf(t, txscript.OP_1, key, key, txscript.OP_2, txscript.OP_CHECKMULTISIG)), // bare multisig
		))
		n.send(p.spend(2000, wire.NewTxOut(12_345, p.script))) // may spend the change of the one before, in one block
		n.generate(1)
	}
}

// memory is a folder in memory, where the system has one: stores sync often.
func memory(t testing.TB) string {
	t.Helper()
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		dir, err := os.MkdirTemp("/dev/shm", "spoor")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		return dir
	}
	return t.TempDir()
}

// stores are the ledgers to test with: in memory, and of the engine.
func stores(t *testing.T) map[string]graph.Ledger {
	t.Helper()
	store, err := badger.Open(memory(t), badger.Options{Memory: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	ledger, err := store.Ledger(context.Background(), chain(t, "bitcoin-regtest"))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]graph.Ledger{"model": modelLedger(t), "badger": ledger}
}

// settings follow from the first block, and look often.
func settings() ingest.FollowOptions {
	first := uint32(0)
	return ingest.FollowOptions{From: &first, Poll: 20 * time.Millisecond, Patience: 50 * time.Millisecond}
}

func followOnce(t *testing.T, n *btcd, ledger graph.Ledger) (ingest.Followed, error) {
	t.Helper()
	o := settings()
	o.Once = true
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	state, err := ingest.Follow(ctx, ledger, openRPC(t, n, ledger, ingest.NewMeter(ingest.Stop), quick()), o)
	if ctx.Err() != nil {
		t.Fatal("following did not end")
	}
	return state, err
}

// TestBtcd reads and follows the chain of a real node: transactions of many
// kinds, reorganisations of several depths, a reorganisation while it is
// followed, and the node going away and coming back. After each the store is
// that of a clean ingest, byte for byte.
func TestBtcd(t *testing.T) {
	t.Parallel()
	p := newPurse(t)
	n := startBtcd(t, p.pay)
	n.generate(110)
	trade(t, n, p, 4)
	ledgers := stores(t)
	same := func(t *testing.T, what string) {
		t.Helper()
		want := clean(t, n)
		for name, ledger := range ledgers {
			if got := exported(t, ledger); got != want {
				t.Fatalf("%s: the %s ledger has %d rows, a clean one %d, or other ones", what, name, strings.Count(got, "\n"), strings.Count(want, "\n"))
			}
		}
	}
	follow := func(t *testing.T, reorgs uint64, deepest uint32) {
		t.Helper()
		for name, ledger := range ledgers {
			if state, err := followOnce(t, n, ledger); err != nil || state.Reorgs != reorgs || state.Deepest != deepest || state.Tip.Height != n.height() {
				t.Fatalf("%s: %+v, %v", name, state, err)
			}
		}
	}
	t.Run("first", func(t *testing.T) {
		follow(t, 0, 0)
		same(t, "first")
	})
	t.Run("conserved", func(t *testing.T) { conserved(t, ledgers["model"]) })
	t.Run("more", func(t *testing.T) {
		trade(t, n, p, 3)
		follow(t, 0, 0)
		same(t, "more")
	})
	for _, depth := range []int{1, 3, 20} {
		t.Run(fmt.Sprintf("reorganised by %d", depth), func(t *testing.T) {
			// The dropped transactions return to the pool, so the new branch has them, too.
			n.reorganise(depth, depth+2)
			follow(t, 1, uint32(depth))
			same(t, "reorganised")
		})
	}
	t.Run("reconsidered", func(t *testing.T) {
		// The branch that was dropped wins again by being longer.
		old := ask[string](n, "getblockhash", n.height()-4)
		n.call("invalidateblock", old)
		n.generate(2)
		follow(t, 1, 5)
		same(t, "dropped")
		n.call("reconsiderblock", old)
		follow(t, 1, 2)
		same(t, "reconsidered")
	})
	t.Run("live", func(t *testing.T) { live(t, n, p, ledgers["badger"]) })
	t.Run("known before", func(t *testing.T) { knownBefore(t, n) })
	for _, ledger := range ledgers {
		if _, err := followOnce(t, n, ledger); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "last")
	t.Run("too deep", func(t *testing.T) {
		before := exported(t, ledgers["badger"])
		at := ask[string](n, "getblockhash", n.height()-100)
		n.call("invalidateblock", at)
		n.generate(1)
		for name, ledger := range ledgers {
			if _, err := followOnce(t, n, ledger); !errors.Is(err, ingest.ErrTooDeep) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if exported(t, ledgers["badger"]) != before {
			t.Error("the ledger was changed")
		}
	})
}

// live follows while blocks come, branches change, and the node ends, starts
// again and is killed.
func live(t *testing.T, n *btcd, p *purse, ledger graph.Ledger) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	reached := make(chan ingest.Followed, 1000)
	o := settings()
	var lost atomic.Int32
	o.Notice = func(n ingest.Notice) {
		switch n.What {
		case ingest.NodeLost:
			lost.Add(1)
		case ingest.Reached:
			select {
			case reached <- n.State:
			default:
			}
		}
	}
	type end struct {
		state ingest.Followed
		err   error
	}
	ended := make(chan end, 1)
	hasty := quick()
	hasty.Timeout = 500 * time.Millisecond
	rpc := openRPC(t, n, ledger, ingest.NewMeter(ingest.Stop), hasty)
	go func() {
		state, err := ingest.Follow(ctx, ledger, rpc, o)
		ended <- end{state, err}
	}()
	until := func(what string) {
		t.Helper()
		want := ask[string](n, "getbestblockhash")
		for {
			select {
			case s := <-reached:
				if s.Tip.Hash.Text(graph.UTXOFamily) == want {
					if got := exported(t, ledger); got != clean(t, n) {
						t.Fatalf("%s: the ledger differs from a clean one", what)
					}
					return
				}
			case e := <-ended:
				t.Fatalf("%s: following ended: %+v, %v", what, e.state, e.err)
			case <-ctx.Done():
				t.Fatalf("%s: not reached", what)
			}
		}
	}
	until("the head")
	n.generate(2)
	until("new blocks")
	n.reorganise(3, 4)
	until("a reorganisation")
	untilLost := func(times int32) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); lost.Load() < times; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("nobody noticed that the node is gone")
			}
		}
	}
	for i, end := range []func(){n.stop, n.kill} {
		blocks := n.branch()
		end()
		untilLost(int32(i) + 1)
		n.start() // with nothing but block 0: to be waited for
		n.restore(blocks)
		n.reorganise(6, 8)
		until("the node is back")
	}
	// A node that hangs.
	if err := n.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	untilLost(3)
	if err := n.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	n.generate(1)
	until("the node answers again")
	cancel()
	if e := <-ended; e.err != nil || e.state.Reorgs != 3 || e.state.Deepest != 6 || e.state.Lost != 3 {
		t.Fatalf("%+v, %v", e.state, e.err)
	}
}

// knownBefore reads what is stored again: only hashes are compared.
func knownBefore(t *testing.T, n *btcd) {
	fresh := modelLedger(t)
	for range 2 {
		meter := ingest.NewMeter(ingest.Stop)
		o := quick()
		o.To = n.height()
		o.Stored = func(height uint32) (graph.Hash, bool, error) {
			view, err := fresh.View(t.Context())
			if err != nil {
				return graph.Hash{}, false, err
			}
			h, err := view.Header(height)
			if errors.Is(err, graph.ErrNotFound) {
				return graph.Hash{}, false, view.Close()
			}
			return h.Hash, true, errors.Join(err, view.Close())
		}
		result, err := ingest.Run(t.Context(), fresh, openRPC(t, n, fresh, meter, o), ingest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if before := meter.Reading().Skipped["block stored before"]; result.Blocks+before != uint64(n.height())+1 || result.Blocks > 0 && before > 0 {
			t.Fatalf("%d blocks read, %d known", result.Blocks, before)
		}
	}
	n.reorganise(2, 3)
	o := quick()
	o.To = n.height()
	o.Stored = func(height uint32) (graph.Hash, bool, error) { return graph.Hash{1}, height == n.height()-1, nil }
	_, err := ingest.Run(t.Context(), modelLedger(t), openRPC(t, n, fresh, ingest.NewMeter(ingest.Stop), o), ingest.Options{})
	if !errors.Is(err, graph.ErrFork) {
		t.Fatalf("another block stored: %v", err)
	}
}

// conserved checks that the coins there are, are those that were mined: all
// that was paid out and not spent, block rewards less the fees nobody took.
func conserved(t *testing.T, ledger graph.Ledger) {
	view, err := ledger.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var paid, spent, rewards uint64
	inputs := 0
	for b, err := range view.Blocks(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		rewards += 50 * btc >> (b.Height / 150)
		for _, tx := range b.Txs {
			for _, m := range tx.Transfers {
				if m.Kind == graph.KindInput {
					spent += m.Amount.Uint64()
					inputs++
				} else {
					paid += m.Amount.Uint64()
				}
			}
		}
	}
	if paid-spent != rewards || inputs < 8 {
		t.Errorf("paid %d, spent %d with %d inputs: %d, mined %d", paid, spent, inputs, paid-spent, rewards)
	}
	if err := view.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestBtcdPrevouts begins in the middle of the chain: a node with an index of
// transactions tells what inputs spend, one without it cannot.
func TestBtcdPrevouts(t *testing.T) {
	t.Parallel()
	p := newPurse(t)
	n := startBtcd(t, p.pay, "--txindex")
	n.generate(105)
	trade(t, n, p, 3)
	ledger := modelLedger(t)
	o := quick()
	o.From, o.To = 106, n.height()
	if _, err := ingest.Run(t.Context(), ledger, openRPC(t, n, ledger, ingest.NewMeter(ingest.Stop), o), ingest.Options{}); err != nil {
		t.Fatal(err)
	}
	want := clean(t, n)
	got := exported(t, ledger)
	_, rows, _ := strings.Cut(got, "\n")
	if !strings.HasSuffix(want, rows) || strings.Count(rows, ",input,") < 6 {
		t.Errorf("the blocks from the middle on differ from those of a whole reading")
	}

	blocks := n.branch()
	n.stop()
	n.args = slices.DeleteFunc(n.args, func(a string) bool { return a == "--txindex" })
	n.start()
	n.restore(blocks)
	ledger = modelLedger(t)
	_, err := ingest.Run(t.Context(), ledger, openRPC(t, n, ledger, ingest.NewMeter(ingest.Stop), o), ingest.Options{})
	wantError(t, err, "block 106", "input 0", "prevout not in the store")
	meter := ingest.NewMeter(ingest.Skip)
	result, err := ingest.Run(t.Context(), ledger, openRPC(t, n, ledger, meter, o), ingest.Options{})
	if skipped := meter.Reading().Skipped["prevout not in the store"]; err != nil || result.Blocks != 3 || skipped == 0 {
		t.Errorf("skipping: %d blocks, %d inputs left out, %v", result.Blocks, skipped, err)
	}
	view, err := ledger.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if block, err := view.Block(106); err != nil || block.Whole() {
		t.Errorf("a block without its inputs counts as whole: %v", err)
	}
	// It is followed all the same: the node has no more to tell.
	n.generate(2)
	s := settings()
	s.Once, s.From = true, nil
	state, err := ingest.Follow(t.Context(), ledger, openRPC(t, n, ledger, ingest.NewMeter(ingest.Skip), quick()), s)
	if err != nil || state.Blocks != 2 || state.Tip.Height != n.height() {
		t.Errorf("%+v, %v", state, err)
	}
}
