package mixer

import (
	"context"
	"fmt"
	"slices"

	"spoor/graph"
)

// feePart: what is paid besides a withdrawal of any amount is a fee if it is no
// more than one part in so many of it.
const feePart = 20

// ReadShield reads the history of a contract that takes any amount of any asset
// and gives any amount back: Railgun's proxy, a pool of Privacy Pools. There is
// one Pool for each asset that came in and went out, in order of the assets'
// first movement; ErrPool if there is none.
//
// A payment through an adapter that wraps or unwraps the coin is the account's
// before or behind it, if there is only one.
func ReadShield(ctx context.Context, view graph.View, address graph.Address) ([]*Pool, error) {
	id, err := view.ID(address)
	if err != nil {
		return nil, err
	}
	type at struct {
		asset graph.AssetID
		tx    graph.Position
	}
	pools, last := make(map[graph.AssetID]*Pool), make(map[graph.AssetID]at)
	var order []graph.AssetID
	for e, err := range view.History(ctx, id, graph.Position{}) {
		if err != nil {
			return nil, err
		}
		here := at{e.Asset, e.At.StartOf()}
		if e.Kind.IsFee() || e.Amount.IsZero() || last[e.Asset] == here {
			continue
		}
		last[e.Asset] = here
		p := pools[e.Asset]
		if p == nil {
			p = &Pool{Address: address}
			if p.Asset, err = view.Asset(e.Asset); err != nil {
				return nil, err
			}
			pools[e.Asset] = p
			order = append(order, e.Asset)
		}
		if err := p.readAny(view, id, e.Asset, here.tx); err != nil {
			return nil, err
		}
	}
	var all []*Pool
	for _, asset := range order {
		if p := pools[asset]; len(p.Deposits) > 0 {
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: %w", address, ErrPool)
	}
	return all, nil
}

// readAny takes the deposits and withdrawals of any amount out of one
// transaction.
func (p *Pool) readAny(view graph.View, pool graph.ID, asset graph.AssetID, at graph.Position) error {
	tx, err := view.Tx(at)
	if err != nil {
		return err
	}
	var in, out []*graph.Move
	for i := range tx.Moves {
		m := &tx.Moves[i]
		switch {
		case m.Asset != asset || m.Kind.IsFee() || m.From == m.To || m.Amount.IsZero():
		case m.To == pool:
			in = append(in, m)
		case m.From == pool:
			out = append(out, m)
		}
	}
	payers, receivers := net(&tx, asset, pool)
	if len(in) > 0 && len(payers) == 0 {
		payers = others(&tx, asset, pool, true)
	}
	var depositor graph.Address
	if len(payers) == 1 {
		if depositor, err = view.Address(payers[0]); err != nil {
			return err
		}
	}
	for _, m := range in {
		d := Deposit{At: placeOf(&tx, m), Tx: tx.Hash, Time: tx.Time, Amount: m.Amount, Depositor: depositor}
		if e := p.stated(&tx, graph.Mixed, &m.Amount); e != nil {
			d.Depositor, d.Label = e.Subject, e.Key
		}
		p.Deposits = append(p.Deposits, d)
	}
	paid, ok := withFees(out)
	if !ok {
		p.Other++
		return nil
	}
	for _, w := range paid {
		to := w.to.To
		if len(paid) == 1 && !slices.Contains(receivers, to) { // he passes it on
			behind := receivers
			if len(behind) == 0 {
				behind = others(&tx, asset, pool, false)
			}
			behind = slices.DeleteFunc(slices.Clone(behind), func(id graph.ID) bool { return w.fee != nil && id == w.fee.To })
			if len(behind) == 1 {
				to = behind[0]
			}
		}
		if err := p.take(view, &tx, w, to); err != nil {
			return err
		}
	}
	return nil
}

// take keeps a withdrawal.
func (p *Pool) take(view graph.View, tx *graph.TxMoves, paid payment, to graph.ID) (err error) {
	w := Withdrawal{At: placeOf(tx, paid.to), Tx: tx.Hash, Time: tx.Time, Amount: paid.to.Amount}
	if to != 0 {
		if w.Recipient, err = view.Address(to); err != nil {
			return err
		}
	}
	if paid.fee != nil && paid.fee.To != 0 {
		w.Fee = paid.fee.Amount
		w.Amount.Add(&w.Amount, &w.Fee)
		if w.Relayer, err = view.Address(paid.fee.To); err != nil {
			return err
		}
	}
	if e := p.stated(tx, graph.TakenBack, &w.Amount); e != nil && e.Subject == w.Recipient {
		w.Label = e.Key
	}
	p.Withdrawals = append(p.Withdrawals, w)
	return nil
}

// stated is what the pool itself states of a movement of an amount; nil if it
// states nothing, or the same of several.
func (p *Pool) stated(tx *graph.TxMoves, kind graph.EventKind, amount *graph.Amount) (found *graph.Event) {
	for i := range tx.Events {
		if e := &tx.Events[i]; e.Kind == kind && e.Emitter == p.Address && e.Amount == *amount {
			if found != nil {
				return nil
			}
			found = e
		}
	}
	return found
}

func placeOf(tx *graph.TxMoves, m *graph.Move) graph.Position {
	return graph.Position{Block: tx.At.Block, Tx: tx.At.Tx, Seq: m.Seq}
}

// payment is a movement out of a pool and the fee beside it.
type payment struct{ to, fee *graph.Move }

// withFees pairs movements out of a pool with the fees paid beside them. It is
// not ok if they are several and do not come as pairs.
func withFees(out []*graph.Move) (all []payment, ok bool) {
	if len(out) == 1 {
		return []payment{{to: out[0]}}, true
	}
	if len(out)%2 != 0 {
		return nil, false
	}
	for pair := range slices.Chunk(out, 2) {
		to, fee := pair[0], pair[1]
		if fee.Amount.Gt(&to.Amount) {
			to, fee = fee, to
		}
		var times graph.Amount
		if _, over := times.MulOverflow(&fee.Amount, new(graph.Amount).SetUint64(feePart)); over || times.Gt(&to.Amount) {
			return nil, false
		}
		all = append(all, payment{to, fee})
	}
	return all, true
}

// others lists who was left poorer (or richer) by any asset but the pool's: who
// stands before or behind an adapter. A contract that wraps coins is richer by
// them when an adapter wraps and poorer when it unwraps, so it is never listed.
func others(tx *graph.TxMoves, asset graph.AssetID, pool graph.ID, poorer bool) []graph.ID {
	var all []graph.ID
	var seen []graph.AssetID
	for i := range tx.Moves {
		a := tx.Moves[i].Asset
		if a == asset || slices.Contains(seen, a) {
			continue
		}
		seen = append(seen, a)
		out, in := net(tx, a, pool)
		if !poorer {
			out = in
		}
		for _, id := range out {
			if !slices.Contains(all, id) {
				all = append(all, id)
			}
		}
	}
	return all
}

// amounts lists the withdrawals of about what a deposit brought in.
func amounts(p *Pool, from *Deposit, d direction) []match {
	keeps, least := new(graph.Amount).SetUint64(shieldKeeps), from.Amount
	keeps, over := keeps.MulOverflow(keeps, &from.Amount)
	if over {
		return nil // nothing has as many base units
	}
	least.Sub(&least, keeps.Div(keeps, new(graph.Amount).SetUint64(1000)))
	var found []match
	for i := range p.Withdrawals {
		w := &p.Withdrawals[i]
		switch {
		case !d.holds(from.At, w.At) || w.Amount.Gt(&from.Amount) || w.Amount.Lt(&least):
		case w.Amount == from.Amount:
			found = append(found, match{i, "exactly what the deposit brought in left the pool, fees included"})
		default:
			found = append(found, match{i, fmt.Sprintf("what the deposit brought in left the pool, or less by no more than %d thousandths", shieldKeeps)})
		}
	}
	return found
}
