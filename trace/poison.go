package trace

import (
	"context"

	"spoor/cluster"
	"spoor/graph"
)

// poisoned is the address poisoning in the history of an address, as far as the
// ledger went when it was looked for.
type poisoned struct {
	at     map[graph.Position]bool
	assets map[graph.AssetID]bool // that it brought
}

// poisonOf finds the address poisoning in the history of an address, once.
func (l *ledger) poisonOf(ctx context.Context, id graph.ID) (poisoned, error) {
	if p, known := l.poison[id]; known || l.chain.Family != graph.AccountFamily {
		return p, nil
	}
	found, err := cluster.Poisoned(ctx, l.view, id, graph.MaxPosition, cluster.DefaultPoisonParams())
	if err != nil {
		return poisoned{}, err
	}
	p := poisoned{make(map[graph.Position]bool, len(found)), map[graph.AssetID]bool{}}
	for i := range found {
		p.at[found[i].At] = true
		p.assets[found[i].Asset] = true
	}
	l.poison[id] = p
	return p, nil
}

// isPoison reports whether a movement between two addresses is address
// poisoning of either.
func (l *ledger) isPoison(ctx context.Context, from, to graph.ID, at graph.Position) (bool, error) {
	for _, id := range []graph.ID{from, to} {
		p, err := l.poisonOf(ctx, id)
		if err != nil || p.at[at] {
			return p.at[at], err
		}
	}
	return false, nil
}

// seedPoison notes which movements of the transaction poison an address that a
// seed names without an asset: such a seed asks for what was dealt in.
func (ev *event) seedPoison(ctx context.Context, a *account) error {
	for _, s := range a.seeds {
		if s.asset != 0 {
			continue
		}
		p, err := ev.l.poisonOf(ctx, a.id)
		if err != nil {
			return err
		}
		for i := range ev.tx.Moves {
			at := ev.tx.At
			at.Seq = ev.tx.Moves[i].Seq
			if !p.at[at] {
				continue
			}
			if ev.poison == nil {
				ev.poison = map[graph.Seq]bool{}
			}
			ev.poison[at.Seq] = true
			ev.run.notePoison(s)
		}
	}
	return nil
}

// onlyPoison reports whether what an address holds of an asset before a
// transaction came by address poisoning only.
func (ev *event) onlyPoison(ctx context.Context, id graph.ID, asset graph.AssetID) (bool, error) {
	p, err := ev.l.poisonOf(ctx, id)
	if err != nil || !p.assets[asset] {
		return false, err
	}
	for e, err := range ev.l.view.History(ctx, id, graph.Position{}) {
		if err != nil {
			return false, err
		}
		if e.At.Compare(ev.at) >= 0 {
			break
		}
		if !e.Out && e.Asset == asset && !p.at[e.At] {
			return false, nil
		}
	}
	return true, nil
}

// poisonOut reports whether all that an address gives of an asset in the
// transaction is address poisoning: sent in its name by somebody else.
func (ev *event) poisonOut(id graph.ID, asset graph.AssetID) bool {
	var legs []graph.Seq
	for i := range ev.tx.Moves {
		if m := &ev.tx.Moves[i]; m.From == id && m.Asset == asset && !m.Kind.IsFee() {
			legs = append(legs, m.Seq)
		}
	}
	return allPoison(ev.poison, legs)
}

// allPoison reports whether all movements are poison, and there are any.
func allPoison(poison map[graph.Seq]bool, legs []graph.Seq) bool {
	for _, leg := range legs {
		if !poison[leg] {
			return false
		}
	}
	return len(legs) > 0
}

func (r *run) notePoison(s *seeding) {
	r.note("seed %s: address poisoning (rule %s: %s) is not taken for what was stolen; spoor show lists it, and a seed that names the asset takes it. Measured of the rule: %s", s, cluster.PoisonRule, cluster.DefaultPoisonParams(), cluster.ErrorRate(cluster.PoisonRule))
}
