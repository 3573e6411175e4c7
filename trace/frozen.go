package trace

import (
	"context"
	"slices"

	"spoor/graph"
)

// frozen is the event by which the issuer of an asset keeps an address from
// moving it at the tip, the zero value if none does. Only the asset's own
// contract is believed: whoever else says so freezes nothing.
func (l *ledger) frozen(a graph.Address, asset graph.Asset) (graph.Stated, error) {
	if asset.IsNative() || a.IsZero() {
		return graph.Stated{}, nil
	}
	stated, known := l.stated[a]
	if !known {
		for s, err := range l.view.Events(context.Background(), a, graph.Position{}) {
			if err != nil {
				return graph.Stated{}, err
			}
			if s.Subject == a && (s.Kind == graph.Frozen || s.Kind == graph.Unfrozen) {
				stated = append(stated, s)
			}
		}
		l.stated[a] = stated
	}
	for _, s := range slices.Backward(stated) {
		if s.Emitter == asset.Contract && (s.Asset == asset || s.Asset == (graph.Asset{})) {
			if s.Kind == graph.Frozen {
				return s, nil
			}
			return graph.Stated{}, nil
		}
	}
	return graph.Stated{}, nil
}

// freezable is the label by which somebody can freeze an asset, the zero label
// if none says so.
func (r *run) freezable(asset graph.Asset) graph.Label {
	if asset.IsNative() {
		return graph.Label{}
	}
	var best graph.Label
	for _, label := range r.labels(asset.Contract) {
		if label.Behaviour == "freezable" && label.Confidence > best.Confidence {
			best = label
		}
	}
	return best
}

// frozenBy is the event that freezes a pool.
func (r *run) frozenBy(a *account, asset graph.AssetID) (graph.Stated, error) {
	info, err := a.l.asset(asset)
	if err != nil {
		return graph.Stated{}, err
	}
	address, err := a.l.address(a.id)
	if err != nil {
		return graph.Stated{}, err
	}
	return a.l.frozen(address, info.Asset)
}
