package report

import (
	"errors"
	"fmt"
	"math/big"

	"spoor/graph"
	"spoor/trace"
)

// ErrConservation is returned for a trace whose books do not balance, be it that
// the engine erred or that the trace was changed since. Nothing
// of it is written.
var ErrConservation = errors.New("the books do not balance")

// Check holds a trace against the conservation law, to the base unit: per
// asset, seeded + converted in + bridged in = at rest + stopped + fees +
// converted out + bridged out, and the seeds and stops listed are what was
// summed. For poison, which does not conserve, it checks nothing.
func Check(t *trace.Trace) error {
	if !t.Method.Conserves {
		return nil
	}
	type sums struct{ seeded, atRest, stopped, fees big.Int }
	found := make(map[graph.Asset]*sums)
	of := func(a graph.Asset) *sums {
		if found[a] == nil {
			found[a] = new(sums)
		}
		return found[a]
	}
	add := func(sum *big.Int, amount *graph.Amount) { sum.Add(sum, amount.ToBig()) }
	for i := range t.Seeds {
		add(&of(t.Seeds[i].Asset.Asset).seeded, &t.Seeds[i].Amount)
	}
	for i := range t.Stops {
		s := &t.Stops[i]
		switch s.Reason {
		case trace.StopAtRest:
			add(&of(s.Asset.Asset).atRest, &s.Tainted)
		case trace.StopFee:
			add(&of(s.Asset.Asset).fees, &s.Tainted)
		default:
			add(&of(s.Asset.Asset).stopped, &s.Tainted)
		}
	}
	for i := range t.Balances {
		b := &t.Balances[i]
		if d := b.Difference(); d.Sign() != 0 {
			return fmt.Errorf("%w: %s differs by %s base units", ErrConservation, b.Asset.Asset, d)
		}
		listed := of(b.Asset.Asset)
		delete(found, b.Asset.Asset)
		for _, line := range []struct {
			name   string
			listed *big.Int
			booked *graph.Amount
		}{
			{"seeds", &listed.seeded, &b.Seeded}, {"stops at rest", &listed.atRest, &b.AtRest},
			{"stops", &listed.stopped, &b.Stopped}, {"fees", &listed.fees, &b.Fees},
		} {
			if line.listed.Cmp(line.booked.ToBig()) != 0 {
				return fmt.Errorf("%w: %s: the %s listed are %s base units, the balance has %s",
					ErrConservation, b.Asset.Asset, line.name, line.listed, line.booked.Dec())
			}
		}
	}
	if len(found) > 0 {
		return fmt.Errorf("%w: %d assets with seeds or stops have no balance", ErrConservation, len(found))
	}
	return nil
}
