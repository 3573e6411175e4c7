package trace

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"spoor/graph"
)

// event is one transaction being evaluated.
type event struct {
	run       *run
	l         *ledger
	at        graph.Position // where the transaction begins
	header    graph.Header
	tx        graph.TxMoves
	touched   map[graph.ID]*account // accounts whose pools or place in history changed
	crossings []*crossing           // what comes out of bridges here
	poison    map[graph.Seq]bool    // movements that no address seed takes
}

// load reads the transaction.
func (ev *event) load() error {
	tx, err := ev.l.view.Tx(ev.at)
	if err != nil {
		return err
	}
	tx.Moves, tx.Events = slices.Clone(tx.Moves), slices.Clone(tx.Events) // the view reuses them
	ev.tx = tx
	return nil
}

// account is the account of an address, made if there is none.
func (ev *event) account(id graph.ID, hop int) *account {
	a := ev.l.accounts[id]
	if a == nil {
		a = &account{l: ev.l, id: id, hop: hop, pools: make(map[graph.AssetID]*pool), next: ev.at.NextTx()}
		ev.l.accounts[id] = a
	}
	ev.touched[id] = a
	return a
}

// settle puts every account that was touched back into the queue, or forgets
// it once no taint is left in it.
func (ev *event) settle(ctx context.Context) error {
	ids := make([]graph.ID, 0, len(ev.touched))
	for id := range ev.touched {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		a := ev.touched[id]
		if len(a.seeds) == 0 && !a.holdsTaint() {
			for asset, p := range a.pools {
				ev.l.balances[poolKey{id, asset}] = opened{upTo: ev.at.NextTx(), balance: total(p.lots)}
			}
			a.queued = nil
			delete(ev.l.accounts, id)
			continue
		}
		if err := ev.run.enqueue(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

func (a *account) holdsTaint() bool {
	if a.l.chain.Family == graph.AccountFamily {
		return a.dirty()
	}
	return a.coins > 0
}

// openPool starts to follow an asset at an account: what the account held
// before this transaction lies in front of whatever comes now. fresh reports that
// it never had any before.
func (ev *event) openPool(ctx context.Context, a *account, asset graph.AssetID) (p *pool, fresh bool, err error) {
	key := poolKey{a.id, asset}
	balance, missing, used, err := ev.l.opening(ctx, a.id, asset, ev.l.balances[key], ev.at)
	if err != nil {
		return nil, false, err
	}
	delete(ev.l.balances, key)
	p = &pool{lots: add(nil, Lot{Amount: balance})}
	a.pools[asset] = p
	a.rewind(ev.at.NextTx())
	if !missing.IsZero() {
		return p, false, ev.missing(a.id, asset, missing, true)
	}
	return p, !used, nil
}

// missing books value that was spent without the ledger showing its arrival.
func (ev *event) missing(id graph.ID, asset graph.AssetID, amount graph.Amount, opening bool) error {
	address, err := ev.l.address(id)
	if err != nil {
		return err
	}
	info, err := ev.l.asset(asset)
	if err != nil {
		return err
	}
	ev.run.book.unknowns = append(ev.run.book.unknowns, Unknown{Address: address, Asset: info, Amount: amount, At: ev.at, Opening: opening})
	return nil
}

// seeded books value that a seed declares stolen.
func (ev *event) seeded(s *seeding, id graph.ID, asset graph.AssetID, amount graph.Amount, opening bool) error {
	if amount.IsZero() {
		return nil
	}
	address, err := ev.l.address(id)
	if err != nil {
		return err
	}
	balance, err := ev.run.book.balance(ev.l, asset)
	if err != nil {
		return err
	}
	holder, err := ev.run.book.holder(ev.l, id, asset, 0, ev.header.Time)
	if err != nil {
		return err
	}
	balance.Seeded.Add(&balance.Seeded, &amount)
	holder.In.Add(&holder.In, &amount)
	holder.Role = roleSource
	b := ev.run.book
	key := seedKey{holderKey{assetKey{ev.l.chain.ID, asset}, id}, s.number, opening}
	if at, known := b.seedAt[key]; known {
		k := &b.seeds[at]
		k.Amount.Add(&k.Amount, &amount)
		return nil
	}
	b.seedAt[key] = len(b.seeds)
	b.seeds = append(b.seeds, Seeded{Seed: s.String(), Address: address, Asset: balance.Asset, Amount: amount, At: ev.at, Opening: opening})
	return nil
}

// record adds a step that moves the taint of lots.
func (ev *event) record(s Step, lots []Lot, from, to graph.ID, asset graph.AssetID) error {
	var err error
	if s.From, err = ev.l.address(from); err != nil {
		return err
	}
	if s.To, err = ev.l.address(to); err != nil {
		return err
	}
	if s.Asset, err = ev.l.asset(asset); err != nil {
		return err
	}
	s.Chain, s.At, s.Block, s.Tx, s.Time = ev.l.chain.ID, ev.at, ev.header.Hash, ev.tx.Hash, ev.header.Time
	s.At.Seq = s.Legs[0]
	s.Confidence = 100
	if c := ev.run.weakest(lots); c != nil {
		s.Claimed, s.Confidence = true, c.confidence
	}
	for i := range ev.tx.Moves {
		m := &ev.tx.Moves[i]
		if m.Seq == s.Legs[0] {
			s.Kind, s.Spends = m.Kind, m.Spends
		}
		switch {
		case m.Kind == graph.KindInput:
			s.Inputs++
		case m.Kind == graph.KindOutput && !m.Amount.IsZero():
			s.Outputs++
		}
	}
	ev.run.book.steps = append(ev.run.book.steps, s)
	return nil
}

// arrives lets taint end where it is not followed, and reports whether it did:
// by who the receiver is, because it is too little, or too far away. Value that
// is stolen in this very transaction ends only where a label says so: whoever
// is named by the case is looked at, however busy.
func (ev *event) arrives(ctx context.Context, id graph.ID, asset graph.AssetID, lots []Lot, fresh graph.Amount, hop int) (ended bool, err error) {
	if a := ev.l.accounts[id]; a != nil && len(a.seeds) > 0 {
		return false, nil // the case asks for this address
	}
	e, err := ev.run.endingAt(ctx, ev.l, id, ev.header.Time)
	if err != nil {
		return false, err
	}
	if !fresh.IsZero() {
		if e.label.Name == "" {
			return false, nil
		}
		return true, ev.ends(id, asset, e, lots, fresh, hop)
	}
	if e.reason == "" {
		info, err := ev.l.asset(asset)
		if err != nil {
			return false, err
		}
		switch {
		case ev.run.plan.tooLittle(info, tainted(lots)):
			e = derivedEnding(StopDust, "min_amount "+ev.run.plan.MinAmount)
		case ev.run.plan.MaxHops > 0 && hop > ev.run.plan.MaxHops:
			e = derivedEnding(StopBudget, fmt.Sprintf("max_hops %d", ev.run.plan.MaxHops))
		default:
			return false, nil
		}
	}
	return true, ev.ends(id, asset, e, lots, fresh, hop)
}

// ends books the taint of lots that ends at an address, of which fresh was booked
// as seeded there.
func (ev *event) ends(id graph.ID, asset graph.AssetID, e ending, lots []Lot, fresh graph.Amount, hop int) error {
	if err := ev.run.stop(ev.l, id, asset, e, lots, hop, ev.header.Time); err != nil {
		return err
	}
	if id == 0 || id&issuer != 0 {
		return nil
	}
	h, err := ev.run.book.holder(ev.l, id, asset, hop, ev.header.Time)
	if err != nil {
		return err
	}
	if h.Role != roleSource {
		h.Role = roleTerminal
	}
	amount := tainted(lots)
	amount.Sub(&amount, &fresh)
	h.In.Add(&h.In, &amount)
	return nil
}

// note tells the reader something once.
func (r *run) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(r.notes, text) {
		r.notes = append(r.notes, text)
	}
}

// refuse leaves an asset out if the error is only that it is hostile; any other
// error it returns.
func (ev *event) refuse(err error, asset graph.AssetID) error {
	if errors.Is(err, errHostile) {
		ev.skip(asset)
		return nil
	}
	return err
}

// skip leaves an asset out of the trace from now on and of its result (see
// finish), because its amounts cannot be summed, and tells the reader.
func (ev *event) skip(asset graph.AssetID) {
	ev.l.skipped[asset] = true
	for id, a := range ev.l.accounts {
		delete(a.pools, asset)
		if was := len(a.ahead); was > 0 {
			a.ahead = slices.DeleteFunc(a.ahead, func(e graph.Entry) bool { return e.Asset == asset })
			if len(a.ahead) < was {
				ev.touched[id] = a // its next event is another one
			}
		}
	}
	name := fmt.Sprint(asset)
	if info, err := ev.l.asset(asset); err == nil {
		name = info.Asset.String()
	}
	ev.run.note("%s was left out: it moves 2^200 base units or more at once, which no honest token does", name)
}
