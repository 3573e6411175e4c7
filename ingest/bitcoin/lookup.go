package bitcoin

import (
	"context"
	"errors"

	"spoor/graph"
)

// LookupIn finds outputs in a ledger. It keeps a view open and takes a newer
// one when an output is not in it, because the ledger grows while a source is
// read. It is for one goroutine; call the second function when done.
func LookupIn(ctx context.Context, ledger graph.Ledger) (Lookup, func() error) {
	var view graph.View
	done := func() error {
		if view == nil {
			return nil
		}
		err := view.Close()
		view = nil
		return err
	}
	return func(prev graph.OutPoint) (graph.Transfer, error) {
		if view != nil {
			t, err := outputIn(view, ledger.Chain(), prev)
			if !errors.Is(err, graph.ErrNotFound) {
				return t, err
			}
			if err := done(); err != nil {
				return graph.Transfer{}, err
			}
		}
		newer, err := ledger.View(ctx)
		if err != nil {
			return graph.Transfer{}, err
		}
		view = newer
		return outputIn(view, ledger.Chain(), prev)
	}, done
}

func outputIn(view graph.View, chain graph.Chain, prev graph.OutPoint) (graph.Transfer, error) {
	m, _, err := view.Output(prev)
	if err != nil {
		return graph.Transfer{}, err
	}
	to, err := view.Address(m.To)
	if err != nil {
		return graph.Transfer{}, err
	}
	return graph.Transfer{Seq: m.Seq, Kind: m.Kind, To: to, Asset: chain.Native(), Amount: m.Amount}, nil
}
