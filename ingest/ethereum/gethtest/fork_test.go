package gethtest_test

import (
	"bytes"
	"errors"
	"math/big"
	"strings"
	"sync/atomic"
	"testing"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest/ethereum"
	"spoor/ingest/ethereum/gethtest"
)

// payments mines blocks with one payment each.
func payments(t testing.TB, n *gethtest.Node, blocks int, wei int64) {
	t.Helper()
	to := gethtest.Account("payee")
	for k := range blocks {
		n.Send(t, "payer", &to, big.NewInt(wei+int64(k)), nil)
		n.Mine(t)
	}
}

func start(t testing.TB) *gethtest.Node {
	t.Helper()
	return gethtest.Start(t, map[string]*big.Int{"payer": gethtest.Ether(1_000_000)})
}

// TestForkedNodes: two nodes of the same chain on different branches are never
// mixed.
func TestForkedNodes(t *testing.T) {
	t.Parallel()
	a, b := start(t), start(t)
	payments(t, a, 12, 100)
	payments(t, b, 12, 900)
	o := options(t, a)
	o.Retries, o.Batch, o.Workers = 2, 2, 2
	want := clean(t, o, a.URL)

	t.Run("seen at once", func(t *testing.T) {
		store := graphtest.NewModel()
		_, err := ingestInto(t, store, o, a.URL, b.URL)
		fault := (*ethereum.Fault)(nil)
		if !errors.As(err, &fault) || fault.Kind != ethereum.FaultForeign || !errors.Is(err, ethereum.ErrParent) || !strings.Contains(fault.Hint(), "same branch") {
			t.Errorf("%v", err)
		}
		if dump(t, store) != "" {
			t.Error("something was stored")
		}
	})
	// A node that leaves for the other branch in the middle.
	deserter := func(t *testing.T, heights ...string) string {
		var gone atomic.Bool
		return proxy(t, func() string {
			if gone.Load() {
				return b.URL
			}
			return a.URL
		}, trouble{ask: func(c *call) *failure {
			for _, height := range heights {
				if c.Method == "eth_getBlockByNumber" && bytes.Contains(c.Params, []byte(`"`+height+`",true`)) {
					gone.Store(true)
				}
			}
			return nil
		}})
	}
	t.Run("one deserts", func(t *testing.T) {
		store := graphtest.NewModel()
		if _, err := ingestInto(t, store, o, deserter(t, "0x6"), a.URL); err != nil {
			t.Fatal(err)
		}
		if dump(t, store) != want {
			t.Error("the store differs from that of a clean run")
		}
	})
	t.Run("the only one deserts", func(t *testing.T) {
		store := graphtest.NewModel()
		o := o
		o.Workers, o.Batch = 1, 1
		_, err := ingestInto(t, store, o, deserter(t, "0x6"))
		if !errors.Is(err, ethereum.ErrParent) {
			t.Fatalf("%v", err)
		}
		tip, err := view(t, store).Tip()
		if err != nil || tip.Height != 5 {
			t.Fatalf("stored up to %d, %v", tip.Height, err)
		}
		part := o
		part.To = tip.Height
		if dump(t, store) != clean(t, part, a.URL) {
			t.Error("what was stored is not the first branch")
		}
		o.From = tip.Height
		if _, err := ingestInto(t, store, o, a.URL); err != nil {
			t.Fatal(err)
		}
		if dump(t, store) != want {
			t.Error("after the resume the store differs from a clean run")
		}
	})
	t.Run("one is behind", func(t *testing.T) {
		behind := proxy(t, func() string { return a.URL }, trouble{change: func(c call, r *answer) {
			if bytes.Contains(c.Params, []byte(`"0xc"`)) {
				r.Result = []byte("null")
			}
		}})
		store := graphtest.NewModel()
		if _, err := ingestInto(t, store, o, a.URL, behind); err != nil {
			t.Fatal(err)
		}
		if dump(t, store) != want {
			t.Error("the store differs from that of a clean run")
		}
	})
	t.Run("the first is dead", func(t *testing.T) {
		store := graphtest.NewModel()
		if _, err := ingestInto(t, store, o, "http://127.0.0.1:1", a.URL); err != nil {
			t.Fatal(err)
		}
		if dump(t, store) != want {
			t.Error("the store differs from that of a clean run")
		}
	})
}

// TestReorganised: what is stored is of a branch that the node left. Nothing of
// the new one is mixed in, and the error says so.
func TestReorganised(t *testing.T) {
	n := start(t)
	payments(t, n, 8, 100)
	o := options(t, n)
	store := graphtest.NewModel()
	if _, err := ingestInto(t, store, o, n.URL); err != nil {
		t.Fatal(err)
	}
	before := dump(t, store)
	n.Fork(t, 5)
	payments(t, n, 5, 700)
	o.From = 8
	if _, err := ingestInto(t, store, o, n.URL); !errors.Is(err, graph.ErrFork) {
		t.Errorf("%v, want ErrFork", err)
	}
	if dump(t, store) != before {
		t.Error("the store has changed")
	}
}
