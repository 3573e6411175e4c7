package trace_test

import (
	"errors"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"spoor/graph"
	"spoor/trace"
)

// frozen traces a case again with addresses at which value ends.
func frozen(w *world, c trace.Case, at ...graph.Address) (*trace.Trace, error) {
	c.Labels = nil
	for _, a := range at {
		c.Labels = append(c.Labels, trace.CaseLabel{Chain: string(a.Chain), Address: a.String(), Name: "frozen", Category: "exchange", Confidence: 100})
	}
	return w.run(c)
}

// elsewhere sums by asset what ended at other addresses, fees left out.
func elsewhere(t *trace.Trace, but ...graph.Address) map[graph.Asset]*big.Int {
	skip := make(map[graph.Address]bool)
	for _, a := range but {
		skip[a] = true
	}
	sums := make(map[graph.Asset]*big.Int)
	for _, s := range t.Stops {
		if s.Reason == trace.StopFee || skip[s.Address] {
			continue
		}
		if sums[s.Asset.Asset] == nil {
			sums[s.Asset.Asset] = new(big.Int)
		}
		sums[s.Asset.Asset].Add(sums[s.Asset.Asset], s.Tainted.ToBig())
	}
	return sums
}

// TestChokePointsStopWhatTheySay freezes what is reported, one address at a
// time and then the whole cut, and traces again: by fifo nothing else in the
// ledger changes, so what is said to have had no other way must be missing at
// the ends.
func TestChokePointsStopWhatTheySay(t *testing.T) {
	points, cuts := 0, 0
	freeze := func(t *rapid.T) {
		w := rapid.SampledFrom([]func(*rapid.T) *world{accountLedger, outputLedger}).Draw(t, "family")(t)
		c := trace.Case{Seeds: w.seeds()[:1], CoinJoin: "follow", Method: "fifo"}
		whole, err := w.run(c)
		if err != nil {
			if errors.Is(err, trace.ErrSeed) || errors.Is(err, graph.ErrNotFound) {
				return
			}
			t.Fatal(err)
		}
		chokes, err := whole.Chokes()
		if err != nil {
			t.Fatal(err)
		}
		sources := make(map[graph.Address]bool)
		for _, s := range whole.Seeds {
			sources[s.Address] = true
		}
		var own []graph.Address
		for a := range sources {
			own = append(own, a)
		}
		for _, s := range whole.Steps {
			if s.To.IsZero() && sources[s.From] {
				return // a seed's own address destroyed value: the ends without an address are several in one
			}
		}
		onlyWay := false
		for i, p := range chokes.Points {
			if i > 0 && (chokes.Points[i-1].Rank > p.Rank || p.Rank > chokes.Points[i-1].Rank+1) {
				t.Fatalf("ranks jump from %d to %d", chokes.Points[i-1].Rank, p.Rank)
			}
			if p.Passed.Gt(&p.Ended) || p.Here.Gt(&p.Passed) || p.Ends == 0 {
				t.Fatalf("%+v does not add up", p)
			}
			if sources[p.Address] {
				continue
			}
			points++
			again, err := frozen(w, c, p.Address)
			if err != nil {
				t.Fatal(err)
			}
			most := new(big.Int).Sub(p.Ended.ToBig(), p.Passed.ToBig())
			if left := elsewhere(again, p.Address)[p.Asset.Asset]; left != nil && left.Cmp(most) > 0 {
				t.Fatalf("%s frozen: %s of %s still end elsewhere, want at most %s", p.Address, left, p.Asset.Asset, most)
			}
			onlyWay = onlyWay || dominatesAll(chokes, elsewhere(whole, own...), p.Address)
		}
		if len(chokes.Cut) == 0 {
			return
		}
		cuts++
		again, err := frozen(w, c, chokes.Cut...)
		if err != nil {
			t.Fatal(err)
		}
		for asset, left := range elsewhere(again, append(own, chokes.Cut...)...) {
			if left.Sign() > 0 {
				t.Fatalf("cut %v frozen: %s of %s still end elsewhere", chokes.Cut, left, asset)
			}
		}
		if onlyWay != (len(chokes.Cut) == 1) {
			t.Fatalf("one address alone is on every way: %v; the cut has %d", onlyWay, len(chokes.Cut))
		}
	}
	// Many a drawn theft leads nowhere: draw until some did not.
	for range 20 {
		rapid.Check(t, freeze)
		if points > 0 && cuts > 0 {
			return
		}
	}
	t.Fatalf("nothing was frozen: %d points, %d cuts", points, cuts)
}

// dominatesAll reports whether everything that ended beyond the seeds passed an
// address that is none of theirs.
func dominatesAll(c trace.Chokes, ended map[graph.Asset]*big.Int, a graph.Address) bool {
	for _, p := range c.Points {
		if sum := ended[p.Asset.Asset]; p.Address == a && sum != nil {
			sum.Sub(sum, p.Passed.ToBig())
		}
	}
	for _, sum := range ended {
		if sum.Sign() > 0 {
			return false
		}
	}
	return true
}

func TestChokesNeedAmounts(t *testing.T) {
	if _, err := (&trace.Trace{}).Chokes(); !errors.Is(err, trace.ErrReach) {
		t.Fatalf("got %v, want ErrReach", err)
	}
}
