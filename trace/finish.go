package trace

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"

	"spoor/graph"
)

// finish books what still lies in pools and makes the result.
func (r *run) finish(ctx context.Context) (*Trace, error) {
	cutBy := r.cutBy
	for _, chain := range slices.Sorted(maps.Keys(r.ledgers)) {
		l := r.ledgers[chain]
		for _, id := range slices.Sorted(maps.Keys(l.accounts)) {
			a := l.accounts[id]
			for _, asset := range slices.Sorted(maps.Keys(a.pools)) {
				if err := r.rest(a, asset, a.pools[asset].lots, a.hop, cutBy); err != nil {
					return nil, err
				}
			}
		}
		for _, at := range slices.SortedFunc(maps.Keys(l.outputs), graph.Position.Compare) {
			o := l.outputs[at]
			if err := r.rest(l.accounts[o.id], graph.NativeID, o.lots, o.hop, cutBy); err != nil {
				return nil, err
			}
		}
	}
	if err := r.strand(cutBy); err != nil {
		return nil, err
	}
	r.unused()
	r.leaveOut()
	t := &Trace{Case: r.plan.Case, Method: r.plan.method, Seeds: r.book.seeds, Steps: r.book.steps, Passages: r.book.passages, Unknowns: r.book.unknowns,
		Stops: sorted(r.book.stops, compareStops), Holders: sorted(r.book.holders, compareHolders),
		Balances: sorted(r.book.balances, compareBalances), Transactions: r.done, Notes: r.notes}
	if t.Method.Conserves {
		if err := conserved(t.Balances); err != nil {
			return nil, err
		}
	}
	for i := range t.Holders {
		h := &t.Holders[i]
		h.Labels = r.labels(h.Address)
		var err error
		if h.Frozen, err = r.ledgers[h.Asset.Asset.Chain].frozen(h.Address, h.Asset.Asset); err != nil {
			return nil, err
		}
	}
	for i := range t.Stops {
		t.Stops[i].Freezable = r.freezable(t.Stops[i].Asset.Asset)
	}
	for _, s := range r.unreached() {
		t.Notes = append(t.Notes, fmt.Sprintf("seed %s was not reached: the bound %s %s came first", s, cutBy, r.bound(cutBy)))
	}
	if len(t.Seeds) == 0 {
		t.Notes = append(t.Notes, "the seeds hold no value: nothing was followed")
	}
	if err := r.scope(t); err != nil {
		return nil, err
	}
	if err := r.pools(ctx, t); err != nil {
		return nil, err
	}
	return t, r.owners(ctx, t)
}

// leaveOut removes what was booked of assets before they proved hostile.
func (r *run) leaveOut() {
	hostile := make(map[graph.Asset]bool)
	for _, l := range r.ledgers {
		for id := range l.skipped {
			if info, err := l.asset(id); err == nil {
				hostile[info.Asset] = true
			}
			delete(r.book.balances, assetKey{l.chain.ID, id})
		}
	}
	if len(hostile) == 0 {
		return
	}
	b := r.book
	b.seeds = slices.DeleteFunc(b.seeds, func(s Seeded) bool { return hostile[s.Asset.Asset] })
	// These may be shared with the run that this one was copied from.
	b.steps = slices.DeleteFunc(slices.Clone(b.steps), func(s Step) bool { return hostile[s.Asset.Asset] })
	b.unknowns = slices.DeleteFunc(slices.Clone(b.unknowns), func(u Unknown) bool { return hostile[u.Asset.Asset] })
	maps.DeleteFunc(b.stops, func(_ stopKey, s *Stop) bool { return hostile[s.Asset.Asset] })
	maps.DeleteFunc(b.holders, func(_ holderKey, h *Holder) bool { return hostile[h.Asset.Asset] })
}

// rest books what lies in a pool when the trace is over: at rest if nothing
// happens there any more, out of budget if something does.
func (r *run) rest(a *account, asset graph.AssetID, lots []Lot, hop int, cutBy string) error {
	t := tainted(lots)
	if t.IsZero() {
		return nil
	}
	e := derivedEnding(StopAtRest, "no later movement in the blocks read")
	if cutBy != "" && a.queued != nil {
		e = derivedEnding(StopBudget, cutBy+" "+r.bound(cutBy))
	} else if unread, err := a.l.uncovered(a.id); err != nil {
		return err
	} else if unread {
		e = derivedEnding(StopUncovered, "its history was not read up to the tip")
	} else if frozen, err := r.frozenBy(a, asset); err != nil {
		return err
	} else if frozen.Kind != 0 {
		e = derivedEnding(StopFrozen, "frozen by its issuer in "+frozen.Tx.Text(a.l.chain.Family))
	}
	header, err := r.lastSeen(a, asset)
	if err != nil {
		return err
	}
	if err := r.stop(a.l, a.id, asset, e, lots, hop, header); err != nil {
		return err
	}
	h, err := r.book.holder(a.l, a.id, asset, hop, header)
	if err != nil {
		return err
	}
	h.Held.Add(&h.Held, &t)
	if h.Role != roleSource {
		h.Role = roleHolder
	}
	return nil
}

// lastSeen is when taint last moved at a pool.
func (r *run) lastSeen(a *account, asset graph.AssetID) (int64, error) {
	if h := r.book.holders[holderKey{assetKey{a.l.chain.ID, asset}, a.id}]; h != nil {
		return h.Last, nil
	}
	tip, err := a.l.view.Tip()
	return tip.Time, err
}

func (r *run) bound(name string) string {
	switch name {
	case "until":
		return r.plan.Until
	case "share":
		return r.plan.Share
	}
	return fmt.Sprint(r.plan.MaxTransactions)
}

// scope adds what the trace could see: tips and coverage of every chain it
// touched.
func (r *run) scope(t *Trace) error {
	touched := make(map[graph.ChainID]bool)
	for _, s := range r.plan.seeds {
		touched[s.Chain.ID] = true
	}
	for _, b := range t.Balances {
		touched[b.Asset.Asset.Chain] = true
	}
	for _, chain := range slices.Sorted(maps.Keys(touched)) {
		l := r.ledgers[chain]
		tip, err := l.view.Tip()
		if err != nil {
			return err
		}
		t.Tips = append(t.Tips, Tip{l.chain, tip})
		coverage, err := l.view.Coverage()
		if err != nil {
			return err
		}
		t.Coverage = append(t.Coverage, coverage...)
	}
	return nil
}

// tooLittle reports whether an amount is below the case's minimum, which is in
// whole units and so has no meaning for assets of unknown decimals.
func (p *plan) tooLittle(info graph.AssetInfo, amount graph.Amount) bool {
	if p.minUnits == nil || info.Decimals < 0 {
		return false
	}
	units := new(big.Rat).SetFrac(amount.ToBig(), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(info.Decimals)), nil))
	return units.Cmp(p.minUnits) < 0
}
