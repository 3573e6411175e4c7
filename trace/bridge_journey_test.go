package trace_test

import (
	"fmt"
	"maps"
	"math/big"
	"testing"

	"spoor/graph"
	"spoor/ingest/synthetic"
	"spoor/trace"
)

// TestJourneyBothWays plays thefts over three chains, among strangers who cross
// the same bridges. Forward from the theft the trace reaches the deposit address
// with what the script says; backward from what the deposit address paid it
// reaches the theft with what that was worth there, and nothing else of the
// theft is needed. 500 ether were sold for a million dollars, the first bridge
// keeps 1 in 1000, the second 1 in 100.
func TestJourneyBothWays(t *testing.T) {
	for seed := range uint64(6) {
		script := synthetic.Script{Seed: seed, Incidents: 2, Background: 600}
		legs, err := script.Journey()
		if err != nil {
			t.Fatal(err)
		}
		views := make(map[graph.ChainID]graph.View)
		for _, n := range legs {
			maps.Copy(views, sourceViews(t, n))
		}
		first, last := legs[0], legs[2]
		asset := last.Truth.Sums[0].Asset
		for i, theft := range first.Truth.Seeds {
			deposit := roleOf(t, last, fmt.Sprintf("%d: deposit address", i))
			var want graph.Amount
			for _, end := range last.Truth.Ends {
				if end.Reason == synthetic.Exchange && end.Asset == asset {
					want = end.Amount // the same of every incident
				}
			}
			forward := bothWays(t, views, trace.Case{Seeds: []string{"ethereum:" + theft.Tx.String()}})
			if got := into(forward, deposit, asset); got.Cmp(new(big.Int).Div(want.ToBig(), big.NewInt(2))) != 0 {
				t.Fatalf("seed %d: %s of the theft reach the deposit address, want half of %s", seed, got, want.Dec())
			}
			var paid *trace.Step
			for at := range forward.Steps {
				if s := &forward.Steps[at]; s.To == deposit && s.Asset.Asset == asset {
					paid = s
				}
			}
			backward := bothWays(t, views, trace.Case{Direction: trace.Backward, Seeds: []string{fmt.Sprintf("%s:%s:%s", graph.ChainOf(paid.Chain).Alias, paid.Tx, paid.At.Seq)}})
			if len(backward.Passages) != 2 || !backward.Passages[0].Crossed || !backward.Passages[1].Crossed {
				t.Fatalf("seed %d: passages %+v", seed, backward.Passages)
			}
			worth := worthThere(t, views[graph.Ethereum], theft.To, paid.Amount, backward.Passages[0].Departure.At)
			if got := carried(backward)[movement{tx: theft.Tx, to: theft.To, asset: theft.Asset}]; got.Cmp(new(big.Int).Sub(worth, big.NewInt(100_000e6))) != 0 {
				t.Errorf("seed %d: of the %s paid, %s came from the theft, want %s less the thief's own 100,000", seed, paid.Amount.Dec(), got, worth)
			}
		}
	}
}

// worthThere is how many of the thief's million dollars, the first ones, became
// the first amount units of what the second bridge paid out: by the story's
// rates, rounded down where a ledger keeps no smaller units.
func worthThere(t *testing.T, view graph.View, thief graph.Address, amount graph.Amount, lock graph.Position) *big.Int {
	t.Helper()
	id, err := view.ID(thief)
	if err != nil {
		t.Fatal(err)
	}
	own := new(big.Int) // coins that lay in front of those bought: what is left of those for fees
	for e, err := range view.History(t.Context(), id, graph.Position{}) {
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case e.Asset != graph.NativeID || e.At.Compare(lock) > 0:
		case e.Out && e.Kind.IsFee():
			own.Sub(own, e.Amount.ToBig())
		case !e.Out && e.Amount.ToBig().Cmp(big.NewInt(1e18)) < 0:
			own.Add(own, e.Amount.ToBig())
		}
	}
	times := func(x *big.Int, by, of int64) *big.Int {
		return x.Div(x.Mul(x, big.NewInt(by)), big.NewInt(of))
	}
	x := times(amount.ToBig(), 600_000, 594_000) // dollars that were destroyed on Polygon
	x = times(x, 399_600_000_000_000, 799_200)   // coins that bought them, 18 decimals for 6
	x = times(x, 400_000, 399_600)               // coins that were locked on Ethereum
	return times(x.Sub(x, own), 1, 500_000_000)  // dollars that bought them
}

func bothWays(t *testing.T, views map[graph.ChainID]graph.View, c trace.Case) *trace.Trace {
	t.Helper()
	result, err := trace.Run(t.Context(), views, c, trace.Known{})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// into is what of the trace came to an address.
func into(result *trace.Trace, to graph.Address, asset graph.Asset) *big.Int {
	sum := new(big.Int)
	for _, s := range result.Steps {
		if s.To == to && s.Asset.Asset == asset {
			sum.Add(sum, s.Tainted.ToBig())
		}
	}
	return sum
}

func roleOf(t *testing.T, n *synthetic.Incident, name string) graph.Address {
	t.Helper()
	for _, r := range n.Truth.Roles {
		if r.Name == name {
			return r.Address
		}
	}
	t.Fatalf("no role %s", name)
	return graph.Address{}
}
