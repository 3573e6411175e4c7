package graphtest

import (
	"context"
	"iter"

	"spoor/graph"
)

// Txs yields the transactions from a height on.
func (v modelView) Txs(ctx context.Context, from uint32) iter.Seq2[graph.TxMoves, error] {
	return func(yield func(graph.TxMoves, error) bool) {
		for _, height := range v.f.heights {
			if height < from {
				continue
			}
			if err := ctx.Err(); err != nil {
				yield(graph.TxMoves{}, err)
				return
			}
			for _, tx := range v.f.blocks[height].Txs {
				if !yield(v.f.txs[graph.Position{Block: height, Tx: tx.Index}], nil) {
					return
				}
			}
		}
	}
}

// Events yields what was stated about an address.
func (v modelView) Events(ctx context.Context, about graph.Address, from graph.Position) iter.Seq2[graph.Stated, error] {
	return v.stated(ctx, from, func(e *graph.Event) bool {
		return !about.IsZero() && (e.Subject == about || e.Object == about)
	})
}

// EventsOf yields the events of a kind.
func (v modelView) EventsOf(ctx context.Context, kind graph.EventKind, from graph.Position) iter.Seq2[graph.Stated, error] {
	return v.stated(ctx, from, func(e *graph.Event) bool { return e.Kind == kind })
}

// Passages are the departures and arrivals of a protocol with a key.
func (v modelView) Passages(protocol, key string) ([]graph.Stated, error) {
	var found []graph.Stated
	for s, err := range v.stated(context.Background(), graph.Position{}, func(e *graph.Event) bool {
		return (e.Kind == graph.Departure || e.Kind == graph.Arrival) && e.Protocol == protocol && e.Key == key && key != ""
	}) {
		if err != nil {
			return nil, err
		}
		found = append(found, s)
	}
	return found, nil
}

func (v modelView) stated(ctx context.Context, from graph.Position, want func(*graph.Event) bool) iter.Seq2[graph.Stated, error] {
	return func(yield func(graph.Stated, error) bool) {
		for tx, err := range v.Txs(ctx, from.Block) {
			if err != nil {
				yield(graph.Stated{}, err)
				return
			}
			for i := range tx.Events {
				e := &tx.Events[i]
				at := graph.Position{Block: tx.At.Block, Tx: tx.At.Tx, Seq: e.Seq}
				if at.Compare(from) < 0 || !want(e) {
					continue
				}
				if !yield(graph.Stated{At: at, Tx: tx.Hash, Time: tx.Time, Event: *e}, nil) {
					return
				}
			}
		}
	}
}
