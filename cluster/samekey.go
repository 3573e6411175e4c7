package cluster

import (
	"context"
	"slices"

	"spoor/graph"
)

// Twin is the same account on another chain.
type Twin struct {
	graph.Address
	Nature     Nature // what that chain proves of it
	Confidence int    // that one key owns both, 0 to 100
}

// Confidences of one key on two chains. A key that has signed on any chain owns
// the account on every EVM chain: to make a contract there at an address of
// one's choice would take a collision of hashes. So proof on one side is nearly
// as good as on both, and the rest is for chains whose rules differ.
const (
	twinBoth    = 98 // it has paid for transactions on both
	twinOne     = 90 // on one of them, and nothing refutes the other
	twinNeither = 50 // on neither: the address might be a contract, with another owner on each chain
)

// Twins are the accounts with the same bytes on other EVM chains that their
// ledgers know of, in the order of the views. A contract has none: who made it
// on one chain need not be who made it on another, and nor has what is a
// contract there. Views of the address's own chain and of UTXO chains are passed
// over.
func Twins(ctx context.Context, a graph.Address, views map[graph.ChainID]graph.View) ([]Twin, error) {
	own, err := natureAt(ctx, views[a.Chain], a)
	if err != nil || own == NatureContract || graph.ChainOf(a.Chain).Family != graph.AccountFamily {
		return nil, err
	}
	var chains []graph.ChainID
	for chain := range views {
		if chain != a.Chain && graph.ChainOf(chain).Family == graph.AccountFamily {
			chains = append(chains, chain)
		}
	}
	slices.Sort(chains)
	var twins []Twin
	proven := own == NatureAccount
	for _, chain := range chains {
		b := graph.EVMAddress(chain, [20]byte(a.Bytes()))
		if known, err := knows(ctx, views[chain], b); err != nil || !known {
			if err != nil {
				return nil, err
			}
			continue
		}
		nature, err := natureAt(ctx, views[chain], b)
		if err != nil {
			return nil, err
		}
		if nature == NatureContract {
			continue
		}
		proven = proven || nature == NatureAccount
		twins = append(twins, Twin{Address: b, Nature: nature})
	}
	for i := range twins {
		switch {
		case own == NatureAccount && twins[i].Nature == NatureAccount:
			twins[i].Confidence = twinBoth
		case proven:
			twins[i].Confidence = twinOne
		default:
			twins[i].Confidence = twinNeither
		}
	}
	return twins, nil
}

// knows reports whether a ledger has moved anything at an address or stated
// anything about it.
func knows(ctx context.Context, view graph.View, a graph.Address) (bool, error) {
	if _, err := view.ID(a); err == nil || !isAbsent(err) {
		return err == nil, err
	}
	for _, err := range view.Events(ctx, a, graph.Position{}) {
		return err == nil, err
	}
	return false, nil
}

// natureAt is what a ledger proves about an address as it is now; without a
// view, nothing.
func natureAt(ctx context.Context, view graph.View, a graph.Address) (Nature, error) {
	if view == nil {
		return NatureUnknown, nil
	}
	if token, err := IsToken(view, a); err != nil || token {
		return NatureContract, err
	}
	id, err := view.ID(a)
	switch {
	case isAbsent(err): // it has moved nothing, but may have been made
		return created(ctx, view, a)
	case err != nil:
		return NatureUnknown, err
	}
	return NatureOf(ctx, view, id, graph.MaxPosition)
}

func created(ctx context.Context, view graph.View, a graph.Address) (Nature, error) {
	for s, err := range view.Events(ctx, a, graph.Position{}) {
		if err != nil {
			return NatureUnknown, err
		}
		if s.Kind == graph.Created && s.Emitter.IsZero() && s.Subject == a {
			return NatureContract, nil
		}
	}
	return NatureUnknown, nil
}
