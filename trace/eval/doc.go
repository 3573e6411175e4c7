// Package eval measures what traces find and miss: on laundering that experts
// verified, with benign traffic added that nobody laundered in, and on generated
// incidents whose outcome is known to the base unit.
package eval

import (
	"context"

	"spoor/graph"
)

// Opener gives an empty ledger of a chain to fill, a new one at each call.
type Opener func(ctx context.Context, chain graph.Chain) (graph.Ledger, error)

// Part is so many of so many.
type Part struct{ N, Of uint64 }

// Percent is what of 100; 0 of none.
func (p Part) Percent() float64 {
	if p.Of == 0 {
		return 0
	}
	return 100 * float64(p.N) / float64(p.Of)
}
