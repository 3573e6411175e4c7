package badger_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/graph/graphtest"
)

const crashBlocks = 24

// crashChild works through a plan on the store in dir and is killed on the
// way: it loads or applies, reverts a little and applies again, and compacts.
// Started again it goes on from what is there.
func crashChild(dir string) {
	ctx := context.Background()
	s, err := badger.Open(dir, small)
	if err == nil {
		err = crashPlan(ctx, s)
	}
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func crashPlan(ctx context.Context, s *badger.Store) error {
	mode := os.Getenv("SPOOR_CRASH_MODE")
	if mode == "labels" {
		return crashLabels(ctx, s)
	}
	for _, chain := range []graph.Chain{graphtest.Ethereum(), graphtest.Bitcoin()} {
		blocks := crashLedger(chain)
		led, err := s.Ledger(ctx, chain)
		if err != nil {
			return err
		}
		l := led.(*badger.Ledger)
		if mode == "load" {
			height, ok, err := l.Staged(ctx)
			if err != nil {
				return err
			}
			if err := l.Load(ctx, from(blocks, height, ok)); err != nil {
				return err
			}
			continue
		}
		for {
			tip, ok, err := tipOf(ctx, l)
			if err != nil {
				return err
			}
			next := 0
			if ok {
				next = int(tip-blocks[0].Height) + 1
			}
			if next >= len(blocks) {
				break
			}
			if err := l.Apply(ctx, blocks[next:min(next+4, len(blocks))]...); err != nil {
				return err
			}
			// As a reorganisation does; not every time, or there is no end.
			if next%20 == 12 && tip != blocks[next].Height {
				if rand.IntN(2) == 0 {
					err = l.Revert(ctx, blocks[next+1].Height)
				} else {
					err = l.Compact(ctx)
				}
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func tipOf(ctx context.Context, l graph.Ledger) (uint32, bool, error) {
	v, err := l.View(ctx)
	if err != nil {
		return 0, false, err
	}
	tip, err := v.Tip()
	if errors.Is(err, graph.ErrNotFound) {
		return 0, false, v.Close()
	}
	return tip.Height, true, errors.Join(err, v.Close())
}

func from(blocks []graph.Block, after uint32, some bool) iter.Seq2[graph.Block, error] {
	return func(yield func(graph.Block, error) bool) {
		for _, b := range blocks {
			if some && b.Height <= after {
				continue
			}
			if !yield(b, nil) {
				return
			}
		}
	}
}

// crashLedger is large enough that a call takes several Badger transactions.
func crashLedger(chain graph.Chain) []graph.Block {
	blocks := graphtest.Statements(chain, crashBlocks)
	if chain.Family == graph.UTXOFamily {
		return blocks
	}
	for i := range blocks {
		tx := graph.Tx{Index: 9, Hash: graphtest.Hash("bulk " + strconv.Itoa(i))}
		for j := range 150 {
			tx.Transfers = append(tx.Transfers, graph.Transfer{Seq: graph.Seq(j), Kind: graph.KindTransfer, Asset: chain.Native(),
				From: graphtest.Account(chain, 1000+i*150+j), To: graphtest.Account(chain, 1000+(i*7+j)%500), Amount: graph.Amount{uint64(j)}})
		}
		at := len(blocks[i].Txs) - 1 // before the block's own payments
		blocks[i].Txs = append(blocks[i].Txs[:at:at], tx, blocks[i].Txs[at])
	}
	return blocks
}

// TestCrash kills a process that writes, at random moments, until it once
// comes to its end; SPOOR_CRASH_ROUNDS sets how often. After each kill the ledgers are whole: some number of whole
// calls, and no finding of a check. In the end everything is there.
func TestCrash(t *testing.T) {
	rounds := 10
	if n, err := strconv.Atoi(os.Getenv("SPOOR_CRASH_ROUNDS")); err == nil {
		rounds = n
	} else if testing.Short() {
		rounds = 2
	}
	for _, mode := range []string{"apply", "load"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			random := rand.New(rand.NewPCG(1, uint64(len(mode))))
			longest, killed := 200*time.Millisecond, 0
			for round := range rounds {
				if !runAndKill(t, dir, mode, time.Duration(random.Int64N(int64(longest)))) {
					killed++
					checkAfterCrash(t, dir, mode)
					continue
				}
				checkComplete(t, dir)
				t.Logf("complete in round %d after %d kills", round, killed)
				dir, killed = t.TempDir(), 0
			}
			if !runAndKill(t, dir, mode, time.Minute) {
				t.Fatal("a run that was not killed did not end")
			}
			checkComplete(t, dir)
		})
	}
}

// runAndKill reports whether the child came to its end before it was killed.
func runAndKill(t *testing.T, dir, mode string, after time.Duration) bool {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd := exec.Command(self, "-test.run=^$")
	cmd.Env = append(os.Environ(), crashEnv+"="+dir, "SPOOR_CRASH_MODE="+mode)
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	err = cmd.Wait()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return true
	case errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL:
		return false
	}
	t.Fatalf("the child failed: %v\n%s", err, stderr.String())
	return false
}

func checkAfterCrash(t *testing.T, dir, mode string) {
	t.Helper()
	withStore(t, dir, func(s *badger.Store) {
		for _, chain := range []graph.Chain{graphtest.Ethereum(), graphtest.Bitcoin()} {
			blocks := crashLedger(chain)
			l, err := s.Ledger(t.Context(), chain)
			must(t, err)
			tip, ok, err := tipOf(t.Context(), l)
			must(t, err)
			n := 0
			if ok {
				n = int(tip-blocks[0].Height) + 1
			}
			if n != 0 && mode == "load" && n != len(blocks) {
				t.Fatalf("a load shows %d blocks of %d", n, len(blocks))
			}
			clean(t, l)
			sameAs(t, l, chain, blocks[:n])
		}
	})
}

func checkComplete(t *testing.T, dir string) {
	t.Helper()
	withStore(t, dir, func(s *badger.Store) {
		for _, chain := range []graph.Chain{graphtest.Ethereum(), graphtest.Bitcoin()} {
			l, err := s.Ledger(t.Context(), chain)
			must(t, err)
			clean(t, l)
			sameAs(t, l, chain, crashLedger(chain))
		}
	})
}

func withStore(t *testing.T, dir string, do func(*badger.Store)) {
	t.Helper()
	s, err := badger.Open(dir, small)
	must(t, err)
	do(s)
	must(t, s.Close())
}

// clean fails if a check finds anything.
func clean(t *testing.T, l graph.Ledger) {
	t.Helper()
	v, err := l.View(t.Context())
	must(t, err)
	_, err = graph.Check(t.Context(), v, func(f graph.Finding) { t.Errorf("check found: %s", f.What) })
	must(t, errors.Join(err, v.Close()))
}

func sameAs(t *testing.T, l graph.Ledger, chain graph.Chain, blocks []graph.Block) {
	t.Helper()
	m, err := graphtest.NewModel().Ledger(t.Context(), chain)
	must(t, err)
	must(t, m.Apply(t.Context(), blocks...))
	if dump(t, l) != dump(t, m) {
		t.Fatalf("%d blocks of %s: the ledger is not what %d calls make", len(blocks), chain.Alias, len(blocks))
	}
}

func dump(t *testing.T, l graph.Ledger) string {
	t.Helper()
	v, err := l.View(t.Context())
	must(t, err)
	text := graphtest.Dump(t, v)
	must(t, v.Close())
	return text
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
