package cluster

import (
	"context"
	"slices"

	"spoor/graph"
)

// parameters are those of the rules of the ledger's family, as text: evidence
// depends on them.
func (s Search) parameters() string {
	if s.Chain.Family == graph.UTXOFamily {
		return ""
	}
	return DefaultDepositParams().String() + "; " + DefaultAirdropParams().String()
}

// accounts finds by the rules of account ledgers. Only wallets that a label
// calls an exchange's are taken for one: whether an address behaves like one
// must be asked of every receiver of every transfer.
func (s Search) accounts(ctx context.Context, view graph.View, from uint32, services map[graph.ID][]string) (Find, error) {
	var exchanges idSet
	for id, categories := range services {
		for _, c := range categories {
			if gathers[c] {
				exchanges.add(id)
			}
		}
	}
	var finds []Find
	if s.rules().Has(DepositReuse) && len(exchanges) > 0 {
		find, err := s.deposits(ctx, view, from, exchanges)
		if err != nil {
			return nil, err
		}
		finds = append(finds, find)
	}
	if s.rules().Has(Airdrop) {
		airdrops, err := NewAirdropFinder(view, DefaultAirdropParams())
		if err != nil {
			return nil, err
		}
		finds = append(finds, func(tx *graph.TxMoves, evidence []Evidence) ([]Evidence, error) {
			tx.Moves = slices.Clone(tx.Moves) // the finder may ask the view, which then reuses them
			return airdrops.Find(ctx, tx, evidence)
		})
	}
	return func(tx *graph.TxMoves, evidence []Evidence) (_ []Evidence, err error) {
		for _, find := range finds {
			if evidence, err = find(tx, evidence); err != nil {
				return evidence, err
			}
		}
		return evidence, nil
	}, nil
}

// deposits finds deposit addresses.
func (s Search) deposits(ctx context.Context, view graph.View, from uint32, exchanges idSet) (Find, error) {
	hot := func(_ context.Context, id graph.ID, _ graph.Position) (bool, error) { return exchanges.has(id), nil }
	deposits, err := NewDepositFinder(view, hot, DefaultDepositParams())
	if err != nil {
		return nil, err
	}
	arrived := newArrivals(from, DefaultDepositParams())
	return func(tx *graph.TxMoves, evidence []Evidence) (_ []Evidence, err error) {
		if arrived.forwarded(tx, exchanges) {
			tx.Moves = slices.Clone(tx.Moves) // the finder may ask the view, which then reuses them
			evidence, err = deposits.Find(ctx, tx, evidence)
		}
		arrived.note(tx)
		return evidence, err
	}, nil
}

// gathers are the categories of labels whose wallets gather deposits.
var gathers = map[string]bool{"exchange": true, "hot_wallet": true}
