package bitcoin_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"spoor/graph"
	"spoor/trace"
)

// TestBtcdReorganisedDuringTrace changes the branch of a real node, and has the
// store follow, at every moment at which a trace looks something up: the trace
// is that of the branch it began on, and the store that of a clean ingest of
// the branch that won.
func TestBtcdReorganisedDuringTrace(t *testing.T) {
	t.Parallel()
	p := newPurse(t)
	n := startBtcd(t, p.pay)
	n.generate(105)
	p.mined(n)
	// peel pays a little on from what is left of the first coin, again and again.
	peel := func(times int) (first string) {
		for i := range times {
			p.coins = p.coins[:1]
			tx := p.spend(1000, wire.NewTxOut(1_000_000+int64(i), scriptOf(t, 0, []byte(fmt.Sprintf("%020d", i)))))
			if n.send(tx); i == 0 {
				first = tx.TxHash().String()
			}
			n.generate(1)
		}
		return first
	}
	c := trace.Case{Seeds: []string{"bitcoin-regtest:" + peel(6) + ":out:1"}}
	ledger := stores(t)["badger"]
	follow := func() {
		t.Helper()
		if _, err := followOnce(t, n, ledger); err != nil {
			t.Fatal(err)
		}
	}
	traced := func(during func()) *trace.Trace {
		t.Helper()
		view, err := ledger.View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		result, err := trace.Run(t.Context(), map[graph.ChainID]graph.View{ledger.Chain().ID: view}, c, trace.Known{Labels: func(graph.Address) []graph.Label {
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
	follow()
	none := func() {}
	moment := 1
	for ; ; moment++ {
		before := traced(none)
		asked := 0
		during := traced(func() {
			if asked++; asked == moment {
				depth := int(n.height()) - 106
				n.reorganise(depth, depth+1) // what was dropped is mined again, in another block
				follow()
			}
		})
		if !reflect.DeepEqual(during, before) {
			t.Fatalf("moment %d: the trace is not that of the branch it began on:\n%+v\n%+v", moment, during, before)
		}
		if asked < moment {
			break // there are no more
		}
		after := traced(none)
		if reflect.DeepEqual(after.Steps, before.Steps) || len(after.Steps) != len(before.Steps) {
			t.Fatalf("moment %d: %d movements before and %d after, or the same", moment, len(before.Steps), len(after.Steps))
		}
		if exported(t, ledger) != clean(t, n) {
			t.Fatalf("moment %d: the store differs from that of a clean ingest", moment)
		}
	}
	if moment < 5 {
		t.Fatalf("the trace was disturbed %d times only", moment-1)
	}
}
