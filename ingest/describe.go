package ingest

import (
	"context"
	"errors"
	"fmt"

	"spoor/graph"
)

// Describer is somebody who can say what assets are called.
type Describer interface {
	// Describe returns what is said about assets; those it knows nothing of
	// are left out. ErrUnavailable where nobody answers.
	Describe(ctx context.Context, assets []graph.Asset) ([]graph.AssetInfo, error)
}

// Names has the assets of a ledger described, each asked about once: what was
// said is kept in the ledger, and what nobody could say is not asked for again
// as long as Names is used.
type Names struct {
	ledger graph.Ledger
	by     Describer
	next   graph.AssetID // assets below it were looked at
	asked  map[graph.Asset]bool
}

// NewNames describes the assets of a ledger.
func NewNames(ledger graph.Ledger, by Describer) *Names {
	return &Names{ledger: ledger, by: by, next: graph.NativeID + 1, asked: make(map[graph.Asset]bool)}
}

// Again looks at all assets again: their numbers change when blocks are rolled
// back.
func (n *Names) Again() { n.next = graph.NativeID + 1 }

// describedAtOnce is how many assets are asked about before what was said is
// stored.
const describedAtOnce = 500

// Describe asks about every asset that is new in the ledger and of which nobody
// has said anything, and stores the answers. It returns how many there are.
func (n *Names) Describe(ctx context.Context) (described int, err error) {
	for ctx.Err() == nil {
		assets, next, err := n.nameless(ctx)
		if err != nil {
			return described, fmt.Errorf("assets without a name: %w", err)
		}
		if len(assets) > 0 {
			infos, err := n.by.Describe(ctx, assets)
			if stored := n.ledger.Describe(context.WithoutCancel(ctx), infos...); stored != nil {
				return described, errors.Join(err, stored)
			}
			described += len(infos)
			if err != nil {
				return described, err
			}
			for _, a := range assets {
				n.asked[a] = true
			}
		}
		if n.next = next; len(assets) < describedAtOnce {
			return described, nil
		}
	}
	return described, ctx.Err()
}

// nameless lists the next assets of which nobody has said anything.
func (n *Names) nameless(ctx context.Context) (assets []graph.Asset, next graph.AssetID, err error) {
	view, err := n.ledger.View(ctx)
	if err != nil {
		return nil, n.next, err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	size, err := view.Size()
	if err != nil {
		return nil, n.next, err
	}
	for next = n.next; uint64(next) <= size.Assets && len(assets) < describedAtOnce; next++ {
		info, err := view.Asset(next)
		if err != nil {
			return nil, n.next, err
		}
		if info.Source == "" && !info.Asset.IsNative() && !n.asked[info.Asset] {
			assets = append(assets, info.Asset)
		}
	}
	return assets, next, nil
}
