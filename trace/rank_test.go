package trace_test

import (
	"context"
	"errors"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"spoor/graph"
	"spoor/trace"
)

func rank(w *world, c trace.Case, o trace.RankOptions) (*trace.Ranking, error) {
	return trace.Rank(context.Background(), map[graph.ChainID]graph.View{w.chain.ID: w.view()}, c, trace.Known{}, o)
}

// TestRankSpreadsOneUnit holds on random ledgers that relevance is neither made
// nor lost, that two runs agree to the last bit, and that with the money it
// comes only where a poison trace comes.
func TestRankSpreadsOneUnit(t *testing.T) {
	reachedAny := 0
	spread := func(t *rapid.T) {
		w := rapid.SampledFrom([]func(*rapid.T) *world{accountLedger, outputLedger}).Draw(t, "family")(t)
		c := trace.Case{Seeds: w.seeds(), Method: "rank"}
		o := trace.RankOptions{Forward: rapid.SampledFrom([]float64{0, 0.7}).Draw(t, "forward"), ByAmount: rapid.Bool().Draw(t, "by amount"), MaxPushes: rapid.SampledFrom([]int{0, 5}).Draw(t, "pushes")}
		r, err := rank(w, c, o)
		if errors.Is(err, trace.ErrSeed) || errors.Is(err, graph.ErrNotFound) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		again, err := rank(w, c, o)
		if err != nil || !reflect.DeepEqual(r, again) {
			t.Fatalf("two runs differ (%v)", err)
		}
		sum := r.Left
		for i, n := range r.Nodes {
			sum += n.Score
			if i > 0 && n.Score > r.Nodes[i-1].Score {
				t.Fatalf("%s is out of order", n.Address)
			}
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Fatalf("%g of one unit is there", sum)
		}
		if r.Kept < 1 || r.Kept > len(r.Nodes) {
			t.Fatalf("%d of %d are kept", r.Kept, len(r.Nodes))
		}
		reachedAny += len(r.Nodes) - 1
	}
	for range 20 {
		rapid.Check(t, spread)
		if reachedAny > 0 {
			return
		}
	}
	t.Fatal("nothing was ever reached")
}

func TestRankRefuses(t *testing.T) {
	for _, o := range []trace.RankOptions{{Alpha: 2}, {Forward: -1}, {Epsilon: 1.5}, {MaxPushes: -1}} {
		if _, err := trace.Rank(context.Background(), nil, trace.Case{Seeds: []string{"ethereum:0x1111111111111111111111111111111111111111"}}, trace.Known{}, o); !errors.Is(err, trace.ErrRank) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if _, err := trace.Run(context.Background(), nil, trace.Case{Method: "rank", Seeds: []string{"ethereum:0x1111111111111111111111111111111111111111"}}, trace.Known{}); !errors.Is(err, trace.ErrCase) {
		t.Errorf("a trace by rank: %v", err)
	}
}
