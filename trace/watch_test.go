package trace_test

import (
	"math/big"
	"reflect"
	"testing"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest/synthetic"
	"spoor/trace"
)

// glanced is a view that tells when a transaction is looked at.
type glanced struct {
	graph.View
	looked func()
}

func (g glanced) Tx(p graph.Position) (graph.TxMoves, error) {
	g.looked()
	return g.View.Tx(p)
}

// A trace that is watched finds the same, and what is seen of it on the way is a
// part of what it finds.
func TestWatch(t *testing.T) {
	incident, err := synthetic.Script{Seed: 7, Background: 400}.Ethereum()
	if err != nil {
		t.Fatal(err)
	}
	store := graphtest.NewModel()
	ledger, err := store.Ledger(t.Context(), incident.Chain())
	if err != nil {
		t.Fatal(err)
	}
	for b, err := range incident.Blocks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if err := ledger.Apply(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	text, err := synthetic.Case("watched", incident)
	if err != nil {
		t.Fatal(err)
	}
	c, err := trace.ParseCase(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, direction := range []string{trace.Forward, trace.Backward} {
		c.Direction = direction
		run := func(known trace.Known, looked func()) *trace.Trace {
			view, err := ledger.View(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			view = glanced{view, looked}
			found, err := trace.Run(t.Context(), map[graph.ChainID]graph.View{incident.Chain().ID: view}, c, known)
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		plain := run(trace.Known{}, func() {})
		var watch trace.Watch
		var seen []*trace.Glimpse
		watched := run(trace.Known{Watch: &watch}, func() {
			if g := watch.Glimpse(); g != nil && (len(seen) == 0 || seen[len(seen)-1] != g) {
				seen = append(seen, g)
			}
		})
		if !reflect.DeepEqual(plain.Steps, watched.Steps) || !reflect.DeepEqual(plain.Stops, watched.Stops) || !reflect.DeepEqual(plain.Holders, watched.Holders) {
			t.Errorf("%s: being watched changes what is found", direction)
		}
		if least := map[string]int{trace.Forward: 3, trace.Backward: 1}[direction]; len(seen) < least {
			t.Fatalf("%s: %d glimpses", direction, len(seen))
		}
		type end struct {
			reason trace.Reason
			asset  graph.Asset
		}
		all := map[end]*big.Int{}
		for _, s := range watched.Stops {
			e := end{s.Reason, s.Asset.Asset}
			if all[e] == nil {
				all[e] = new(big.Int)
			}
			all[e].Add(all[e], s.Tainted.ToBig())
		}
		for i, g := range seen {
			if i > 0 && (g.Transactions < seen[i-1].Transactions || g.Reached < seen[i-1].Reached || g.Hop < seen[i-1].Hop) || g.Transactions > watched.Transactions || g.Reached > len(watched.Holders) {
				t.Errorf("%s: glimpse %d: %+v after %+v", direction, i, g, seen[max(i-1, 0)])
			}
			for _, e := range g.Ended {
				if sum := all[end{e.Reason, e.Asset.Asset}]; sum == nil || e.Amount.Sign() <= 0 || e.Amount.Cmp(sum) > 0 {
					t.Errorf("%s: %s of %s ended by %s, %v in the end", direction, e.Amount, e.Asset.Asset, e.Reason, sum)
				}
			}
		}
		if last := seen[len(seen)-1]; last.Reached == 0 {
			t.Errorf("%s: nothing was seen: %+v", direction, last)
		}
	}
}
