// Package mixer reads the pools of mixers from a ledger and says which
// withdrawals could be whose. A withdrawal is a fact; that it belongs to a
// deposit is a guess: every candidate names its rule, how many others the rule
// could not tell from it, and how often the same rule is met by chance.
package mixer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"spoor/graph"
)

// Pool is a contract that takes and gives one asset: in one amount, or, where
// the denomination is zero, in any (see ReadShield).
type Pool struct {
	Address      graph.Address
	Asset        graph.AssetInfo
	Denomination graph.Amount // what every deposit is; zero: any amount
	Deposits     []Deposit    // in ledger order
	Withdrawals  []Withdrawal // in ledger order
	Other        int          // transactions that move something else: neither deposit nor withdrawal
}

// Deposit is what went into a pool by one movement. Depositor is who was left
// poorer by it, through whatever router; zero if several were.
type Deposit struct {
	At        graph.Position // of the movement into the pool
	Tx        graph.Hash
	Time      int64
	Amount    graph.Amount
	Depositor graph.Address
	Label     string // by which the pool itself knows it; "" if it tells none
}

// Withdrawal is what came out of a pool for one deposit, or of any amount.
type Withdrawal struct {
	At        graph.Position // of the movement to the recipient
	Tx        graph.Hash
	Time      int64
	Amount    graph.Amount // with the fee
	Recipient graph.Address
	Relayer   graph.Address // who was paid for sending it; zero if nobody was
	Fee       graph.Amount  // paid to the relayer out of the amount
	Label     string        // of the deposit that its depositor took back by it, as the pool states; "" of any other
}

// Variable reports whether the pool takes any amount.
func (p *Pool) Variable() bool { return p.Denomination.IsZero() }

// ErrPool is returned for an address that takes no fixed amounts.
var ErrPool = errors.New("no pool of a fixed denomination")

// ReadPool reads the history of a pool. Its denomination is the amount that
// most movements into it have, and at least half of them; ErrPool if there is
// none.
func ReadPool(ctx context.Context, view graph.View, address graph.Address) (*Pool, error) {
	id, err := view.ID(address)
	if err != nil {
		return nil, err
	}
	p := &Pool{Address: address}
	asset, err := p.denominate(ctx, view, id)
	if err != nil {
		return nil, err
	}
	var last graph.Position
	for e, err := range view.History(ctx, id, graph.Position{}) {
		if err != nil {
			return nil, err
		}
		if tx := e.At.StartOf(); e.Asset == asset && !e.Kind.IsFee() && (last != tx || last == graph.Position{}) {
			last = tx
			if err := p.read(view, id, asset, tx); err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}

// denominate finds what most deposits are.
func (p *Pool) denominate(ctx context.Context, view graph.View, id graph.ID) (graph.AssetID, error) {
	type unit struct {
		asset  graph.AssetID
		amount graph.Amount
	}
	counts, all := make(map[unit]int), 0
	for e, err := range view.History(ctx, id, graph.Position{}) {
		if err != nil {
			return 0, err
		}
		if !e.Out && !e.Amount.IsZero() {
			counts[unit{e.Asset, e.Amount}]++
			all++
		}
	}
	var best unit
	for u, n := range counts {
		if c := cmp.Or(n-counts[best], int(best.asset)-int(u.asset), best.amount.Cmp(&u.amount)); best.asset == 0 || c > 0 {
			best = u
		}
	}
	if best.asset == 0 || 2*counts[best] < all || all < 2 {
		return 0, fmt.Errorf("%s: %w", p.Address, ErrPool)
	}
	info, err := view.Asset(best.asset)
	p.Asset, p.Denomination = info, best.amount
	return best.asset, err
}

// net lists who a transaction left poorer and who richer by an asset, the pool
// not counted, in order of number.
func net(tx *graph.TxMoves, asset graph.AssetID, pool graph.ID) (poorer, richer []graph.ID) {
	type change struct{ in, out graph.Amount }
	changes := make(map[graph.ID]change)
	for i := range tx.Moves {
		m := &tx.Moves[i]
		if m.Asset != asset || m.Kind.IsFee() || m.From == m.To {
			continue
		}
		if m.From != 0 && m.From != pool {
			c := changes[m.From]
			c.out.Add(&c.out, &m.Amount)
			changes[m.From] = c
		}
		if m.To != 0 && m.To != pool {
			c := changes[m.To]
			c.in.Add(&c.in, &m.Amount)
			changes[m.To] = c
		}
	}
	for id, c := range changes {
		switch c.in.Cmp(&c.out) {
		case -1:
			poorer = append(poorer, id)
		case 1:
			richer = append(richer, id)
		}
	}
	slices.Sort(poorer)
	slices.Sort(richer)
	return poorer, richer
}

// read takes the deposits and withdrawals out of one transaction: by its net
// effect in the pool's asset, movement by movement at the pool itself.
func (p *Pool) read(view graph.View, pool graph.ID, asset graph.AssetID, at graph.Position) error {
	tx, err := view.Tx(at)
	if err != nil {
		return err
	}
	known := false
	payers, _ := net(&tx, asset, pool)
	var depositor graph.Address
	if len(payers) == 1 {
		if depositor, err = view.Address(payers[0]); err != nil {
			return err
		}
	}
	var paid []*graph.Move
	for i := range tx.Moves {
		m := &tx.Moves[i]
		switch {
		case m.Asset != asset || m.Kind.IsFee() || m.From == m.To:
		case m.To == pool && m.Amount == p.Denomination:
			place := at
			place.Seq = m.Seq
			p.Deposits = append(p.Deposits, Deposit{At: place, Tx: tx.Hash, Time: tx.Time, Amount: m.Amount, Depositor: depositor})
			known = true
		case m.From == pool:
			paid = append(paid, m)
		}
	}
	ok, err := p.withdraw(view, &tx, paid)
	if err == nil && !ok && !known {
		p.Other++
	}
	return err
}

// withdraw reads movements out of the pool, which come as one denomination
// each: to the recipient, and before or after that a fee.
func (p *Pool) withdraw(view graph.View, tx *graph.TxMoves, paid []*graph.Move) (any bool, err error) {
	for len(paid) > 0 {
		var sum graph.Amount
		n := 0
		for n < len(paid) && sum.Lt(&p.Denomination) {
			sum.Add(&sum, &paid[n].Amount)
			n++
		}
		if sum != p.Denomination || n > 2 {
			return any, nil
		}
		to, fee := paid[0], (*graph.Move)(nil)
		if n == 2 {
			if fee = paid[1]; fee.Amount.Gt(&to.Amount) {
				to, fee = fee, to
			}
		}
		w := Withdrawal{At: graph.Position{Block: tx.At.Block, Tx: tx.At.Tx, Seq: to.Seq}, Tx: tx.Hash, Time: tx.Time, Amount: sum}
		if to.To != 0 {
			if w.Recipient, err = view.Address(to.To); err != nil {
				return any, err
			}
		}
		if fee != nil && fee.To != 0 {
			w.Fee = fee.Amount
			if w.Relayer, err = view.Address(fee.To); err != nil {
				return any, err
			}
		}
		p.Withdrawals = append(p.Withdrawals, w)
		any, paid = true, paid[n:]
	}
	return any, nil
}

// AnonymitySet is the number of deposits that a withdrawal could belong to if
// nothing else were known: those made before it less those that earlier
// withdrawals have taken. Where any amount is taken a deposit may be taken in
// parts, and all that were made before count.
func (p *Pool) AnonymitySet(withdrawal int) int {
	at := p.Withdrawals[withdrawal].At
	before, _ := slices.BinarySearchFunc(p.Deposits, at, func(d Deposit, at graph.Position) int { return d.At.Compare(at) })
	if p.Variable() {
		return before
	}
	return before - withdrawal
}
