package gethtest_test

import (
	"math/big"
	"reflect"
	"sync"
	"testing"
	"time"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/graph/graphtest"
	"spoor/ingest"
	"spoor/ingest/ethereum/gethtest"
	"spoor/trace"
)

// peel mines a payment from each of a row of people to the next, one a block,
// and returns the hash of the first.
func peel(t testing.TB, n *gethtest.Node, people []string, thousandths int64) (first string) {
	t.Helper()
	for i := range len(people) - 1 {
		to := gethtest.Account(people[i+1])
		hash := n.SendGas(t, people[i], &to, gethtest.Ether(thousandths-int64(100*i)), nil, 21_000)
		if i == 0 {
			first = hash.Hex()
		}
		n.Mine(t)
	}
	return first
}

// tracedAt traces through one snapshot. during is called whenever the trace asks who
// an address is.
func tracedAt(t testing.TB, store graph.Store, c trace.Case, during func()) *trace.Trace {
	t.Helper()
	ledger, err := store.Ledger(t.Context(), chain(t))
	if err != nil {
		t.Fatal(err)
	}
	view, err := ledger.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	result, err := trace.Run(t.Context(), map[graph.ChainID]graph.View{chain(t).ID: view}, c, trace.Known{Labels: func(graph.Address) []graph.Label {
		during()
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := view.Close(); err != nil {
		t.Fatal(err)
	}
	result.Method = trace.Method{} // a function is equal to none
	return result
}

// TestReorganisedDuringTrace changes the branch of a real node, and has the
// store follow, at every moment at which a trace looks something up: the trace
// is that of the branch it began on, and the store that of a clean ingest of
// the branch that won. Traces that begin while the branches change are each
// that of one branch.
func TestReorganisedDuringTrace(t *testing.T) {
	t.Parallel()
	people := []string{"payer", "b", "c", "d", "e", "f", "g"}
	funds := map[string]*big.Int{}
	for _, name := range people {
		funds[name] = gethtest.Ether(1_000_000)
	}
	n := gethtest.Start(t, funds)
	payments(t, n, 3, 100)
	c := trace.Case{Seeds: []string{"eip155:1337:" + peel(t, n, people, 50_000)}, Method: "lifo"}
	store, err := badger.Open(t.TempDir(), badger.Options{Memory: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	follow := func() {
		t.Helper()
		if _, err := followOnce(t, n, store, ingest.Latest); err != nil {
			t.Fatal(err)
		}
	}
	follow()
	none := func() {}
	steps := 0
	for moment := 1; ; moment++ {
		before := tracedAt(t, store, c, none)
		asked, depth := 0, uint64(1+moment%5)
		during := tracedAt(t, store, c, func() {
			if asked++; asked == moment {
				n.Fork(t, n.Head().Number.Uint64()-depth)
				peel(t, n, people[len(people)-1-int(depth):], int64(20_000+1000*moment)) // others pay, and other amounts
				payments(t, n, 1, int64(moment))
				follow()
			}
		})
		if !reflect.DeepEqual(during, before) {
			t.Fatalf("moment %d: the trace is not that of the branch it began on:\n%+v\n%+v", moment, during, before)
		}
		if asked < moment {
			break // there are no more
		}
		after := tracedAt(t, store, c, none)
		if reflect.DeepEqual(after.Tips, before.Tips) {
			t.Fatalf("moment %d: the store did not follow", moment)
		}
		if got, want := dump(t, store), clean(t, options(t, n), n.URL); got != want {
			t.Fatalf("moment %d: the store differs from that of a clean ingest", moment)
		}
		steps += len(after.Steps)
	}
	t.Logf("%d movements traced in all", steps)
	if steps < 20 {
		t.Fatalf("only %d movements were traced", steps)
	}

	t.Run("all the time", func(t *testing.T) {
		var wait sync.WaitGroup
		stop := make(chan struct{})
		var results []*trace.Trace
		wait.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					results = append(results, tracedAt(t, store, c, none))
					time.Sleep(time.Millisecond) // traces without a pause would take most of the test's time
				}
			}
		})
		// What a clean ledger of each branch gives, at every height.
		branches := []map[uint32]graph.Header{}
		clear := []graph.Store{}
		remember := func() {
			model := graphtest.NewModel()
			if _, err := ingestInto(t, model, options(t, n), n.URL); err != nil {
				t.Fatal(err)
			}
			headers := map[uint32]graph.Header{}
			v := view(t, model)
			for h := range uint32(n.Head().Number.Uint64()) + 1 {
				header, err := v.Header(h)
				if err != nil {
					t.Fatal(err)
				}
				headers[h] = header
			}
			branches, clear = append(branches, headers), append(clear, model)
		}
		remember()
		for round := range 6 {
			depth := 1 + round
			n.Fork(t, n.Head().Number.Uint64()-uint64(depth))
			peel(t, n, people[:2+round%4], int64(900+round))
			follow()
			remember()
		}
		close(stop)
		wait.Wait()
		seen := map[graph.Hash]*trace.Trace{}
		for i, got := range results {
			tip := got.Tips[0].Header
			if seen[tip.Hash] == nil {
				for j, headers := range branches {
					if headers[tip.Height] == tip {
						seen[tip.Hash] = tracedUpTo(t, clear[j], tip.Height, c)
						break
					}
				}
			}
			want := seen[tip.Hash]
			if want == nil {
				t.Fatalf("trace %d is at block %d %s, which no branch has", i, tip.Height, tip.Hash)
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("trace %d at block %d is that of no branch:\n%+v\n%+v", i, tip.Height, got, want)
			}
		}
		if len(seen) < 3 {
			t.Errorf("%d traces saw only %d states of the store", len(results), len(seen))
		}
		t.Logf("%d traces in %d states of the store", len(results), len(seen))
	})
}

// tracedUpTo traces a copy of a ledger that ends at a height.
func tracedUpTo(t *testing.T, from graph.Store, height uint32, c trace.Case) *trace.Trace {
	t.Helper()
	model := graphtest.NewModel()
	ledger, err := model.Ledger(t.Context(), chain(t))
	if err != nil {
		t.Fatal(err)
	}
	for b, err := range view(t, from).Blocks(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if b.Height > height {
			break
		}
		if err := ledger.Apply(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	return tracedAt(t, model, c, func() {})
}
