package eval

import (
	"context"

	"spoor/cluster"
	"spoor/graph"
)

// Poisonings is what is taken for address poisoning on a ledger on which nobody
// practised it: the placebo.
type Poisonings struct {
	Params     cluster.PoisonParams
	Histories  int // of addresses
	Movements  int // in them, once for each history they are in
	LookAlikes int // of them, those taken for poisoning as the other end looks like somebody dealt with before
	Nothing    int // of them, transfers of nothing that imitate nobody: no guess
}

// PoisoningPlacebo asks about every address of a ledger.
func PoisoningPlacebo(ctx context.Context, view graph.View, params cluster.PoisonParams) (Poisonings, error) {
	p := Poisonings{Params: params}
	size, err := view.Size()
	if err != nil {
		return p, err
	}
	for id := graph.ID(1); id <= graph.ID(size.Addresses); id++ {
		n, err := view.Entries(id, int(size.Transfers)*2)
		if err != nil {
			return p, err
		}
		found, err := cluster.Poisoned(ctx, view, id, graph.MaxPosition, params)
		if err != nil {
			return p, err
		}
		p.Histories++
		p.Movements += n
		for i := range found {
			if found[i].Imitates != 0 {
				p.LookAlikes++
			} else {
				p.Nothing++
			}
		}
	}
	return p, nil
}
