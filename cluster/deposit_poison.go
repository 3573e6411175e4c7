package cluster

import (
	"context"
	"slices"

	"spoor/graph"
)

// unpoisoned leaves out payers of a deposit address who look like another of its
// payers and only poisoned its history: what the exchange sweeps of their dust
// makes them no customers.
func (e *Entities) unpoisoned(ctx context.Context, found []Evidence) ([]Evidence, error) {
	payers, met := make(map[graph.ID][]graph.ID), make(map[[2]graph.ID]bool)
	for i := range found {
		v := &found[i]
		if pair := [2]graph.ID{v.B, v.A}; !met[pair] {
			met[pair] = true
			payers[v.B] = append(payers[v.B], v.A)
		}
	}
	params := DefaultPoisonParams()
	poison := make(map[[2]graph.ID]bool)
	for deposit, list := range payers {
		looks := make(map[string]bool)
		alike := false
		for _, id := range list {
			if len(list) == 1 {
				break
			}
			a, err := e.view.Address(id)
			if err != nil {
				return nil, err
			}
			look := params.look(a)
			alike = alike || looks[look]
			looks[look] = true
		}
		if !alike {
			continue
		}
		dust, err := Poisoned(ctx, e.view, deposit, graph.MaxPosition, params)
		if err != nil {
			return nil, err
		}
		for i := range dust {
			poison[[2]graph.ID{deposit, dust[i].Peer}] = true
		}
	}
	if len(poison) == 0 {
		return found, nil
	}
	return slices.DeleteFunc(found, func(v Evidence) bool { return poison[[2]graph.ID{v.B, v.A}] }), nil
}
