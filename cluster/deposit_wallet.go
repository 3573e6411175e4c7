package cluster

import (
	"context"

	"spoor/graph"
)

// WalletShape is how an exchange's wallet behaves, for exchanges that nobody
// has labelled: very many pay into it and it pays very many.
type WalletShape struct {
	Payers int // different addresses that pay into it, at least; default 200
	Payees int // different addresses that it pays, at least; default 200
	Scan   int // movements of its history looked at, from the first; default 20000
}

// DefaultWalletShape is chosen so that neither a person nor a shop has it.
// Token contracts, routers and pools may: a wallet must also not be a contract.
func DefaultWalletShape() WalletShape { return WalletShape{Payers: 200, Payees: 200, Scan: 20_000} }

// ShapedWallets tells hot wallets by behaviour. It remembers what it has read,
// which changes no answer: histories only grow at their end.
type ShapedWallets struct {
	view  graph.View
	shape WalletShape
	known map[graph.ID]*shaped
}

// shaped is how far the history of an address was read.
type shaped struct {
	dealings
	read      int
	next      graph.Position
	since     graph.Position // first position from which it has the shape
	hot, over bool           // over: Scan is exhausted
}

// NewShapedWallets makes a predicate for a view.
func NewShapedWallets(view graph.View, shape WalletShape) *ShapedWallets {
	return &ShapedWallets{view: view, shape: shape, known: map[graph.ID]*shaped{}}
}

// Hot is a HotWallet: whether an address has the shape before a position and is
// not known to be a contract. Zero amounts, fees and what the protocol pays are
// no dealings with others.
func (w *ShapedWallets) Hot(ctx context.Context, id graph.ID, before graph.Position) (bool, error) {
	s := w.known[id]
	if s == nil {
		// An address with few movements needs no memory.
		n, err := w.view.Entries(id, w.shape.Payers+w.shape.Payees)
		if err != nil || n < w.shape.Payers+w.shape.Payees {
			return false, err
		}
		s = &shaped{dealings: newDealings()}
		w.known[id] = s
	}
	if !s.hot && !s.over && s.next.Compare(before) < 0 {
		if err := w.read(ctx, id, s, before); err != nil {
			return false, err
		}
	}
	if !s.hot || s.since.Compare(before) > 0 {
		return false, nil
	}
	nature, err := NatureOf(ctx, w.view, id, before)
	return nature != NatureContract, err
}

func (w *ShapedWallets) read(ctx context.Context, id graph.ID, s *shaped, before graph.Position) error {
	for e, err := range w.view.History(ctx, id, s.next) {
		if err != nil {
			return err
		}
		if e.At.Compare(before) >= 0 {
			break
		}
		s.next = e.At.Next()
		if s.read++; s.read > w.shape.Scan {
			s.over, s.dealings = true, dealings{}
			return nil
		}
		if !s.add(id, &e) {
			continue
		}
		if len(s.payers) >= w.shape.Payers && len(s.payees) >= w.shape.Payees {
			s.hot, s.since, s.dealings = true, s.next, dealings{}
			return nil
		}
	}
	if s.next.Compare(before) < 0 {
		s.next = before
	}
	return nil
}

// AnyWallet joins predicates: labelled, or shaped like one.
func AnyWallet(wallets ...HotWallet) HotWallet {
	return func(ctx context.Context, id graph.ID, before graph.Position) (bool, error) {
		for _, w := range wallets {
			if hot, err := w(ctx, id, before); err != nil || hot {
				return hot, err
			}
		}
		return false, nil
	}
}
