package cluster

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"

	"spoor/graph"
)

// Conduit says that an address passes on whatever it gets: it is left with
// nothing by any transaction that was read. Routers, aggregators and proxies are
// conduits. It follows from the ledger alone, and says nothing of what the
// address may do tomorrow, nor whose it is.
type Conduit struct {
	Transactions int
	More         bool // there are more, which were not looked at
}

// Rule says how it is known.
func (c Conduit) Rule() string {
	first := "all"
	if c.More {
		first = "the first"
	}
	return fmt.Sprintf("a conduit that passes everything on (net zero in %s %d transactions read)", first, c.Transactions)
}

// Bounds of what is looked at: fewer transactions say nothing, and more cost too
// much.
const (
	fewestPasses = 3
	mostPasses   = 4096
)

// PassesOn looks whether an address of an account ledger is a conduit. Only
// transactions count of which everything is known; one known in part, one that
// leaves the address richer or poorer in any asset, or a fee it paid (contracts
// pay none) says that it is not one.
func PassesOn(ctx context.Context, view graph.View, id graph.ID) (c Conduit, passes bool, err error) {
	var at graph.Position
	net := make(map[graph.AssetID]*big.Int)
	kept := func() (bool, error) {
		for _, asset := range slices.Sorted(maps.Keys(net)) {
			if net[asset].Sign() != 0 {
				return true, nil
			}
		}
		if len(net) == 0 {
			return false, nil
		}
		clear(net)
		tx, err := view.Tx(at)
		c.Transactions++
		return tx.Know != graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}, err
	}
	for e, failed := range view.History(ctx, id, graph.Position{}) {
		if failed != nil {
			return c, false, failed
		}
		if e.Out && e.Kind.IsFee() {
			return c, false, nil
		}
		if e.At.StartOf() != at {
			if keeps, err := kept(); keeps || err != nil {
				return c, false, err
			}
			if c.Transactions == mostPasses {
				c.More = true
				return c, true, nil
			}
			at = e.At.StartOf()
		}
		if e.Amount.IsZero() {
			continue
		}
		if net[e.Asset] == nil {
			net[e.Asset] = new(big.Int)
		}
		if e.Out {
			net[e.Asset].Sub(net[e.Asset], e.Amount.ToBig())
		} else {
			net[e.Asset].Add(net[e.Asset], e.Amount.ToBig())
		}
	}
	keeps, err := kept()
	return c, !keeps && err == nil && c.Transactions >= fewestPasses, err
}
