package trace

import (
	"context"
	"errors"
	"slices"

	"spoor/graph"
)

// account is an address in which taint lies, and how far its history has been
// gone through. Account ledgers keep pools by asset; on UTXO ledgers the pools
// are outputs, and the account only finds where they are spent.
type account struct {
	l     *ledger
	id    graph.ID
	hop   int
	pools map[graph.AssetID]*pool
	seeds []*seeding // seeds that take whatever reaches this address
	coins int        // tainted unspent outputs, on a UTXO ledger

	next   graph.Position // history before it has been gone through
	ahead  []graph.Entry  // relevant entries from next on that were read already
	queued *item          // its place in the queue; another item of it is stale
}

// pool is the balance of one asset at one account.
type pool struct {
	lots []Lot
	mark int32 // the seed that reached it, for a measure of reach: what was once reached stays so
}

// put adds lots to the pool by a method.
func (p *pool) put(m Method, lots []Lot) {
	p.lots = m.put(p.lots, lots)
	if m.Conserves {
		return
	}
	for i := 0; p.mark == 0 && i < len(p.lots); i++ {
		p.mark = max(p.lots[i].Seed, 0)
	}
	if p.mark != 0 {
		p.lots = add(nil, Lot{total(p.lots), p.mark})
	}
}

// output is a tainted output that is not spent yet.
type output struct {
	id   graph.ID
	lots []Lot
	hop  int
}

// pageSize is how many relevant entries are read at once: few, because taint
// usually leaves in the next few movements.
const pageSize = 32

// seeded reports whether the case asks for an asset at the address.
func (a *account) seeded(asset graph.AssetID) bool {
	return slices.ContainsFunc(a.seeds, func(s *seeding) bool { return s.takes(asset) })
}

// relevant reports whether an entry can change a tainted pool.
func (a *account) relevant(e *graph.Entry) bool {
	if e.Amount.IsZero() || a.l.skipped[e.Asset] {
		return false
	}
	if a.l.chain.Family == graph.UTXOFamily {
		return e.Out && a.l.outputs[e.Spends] != nil || !e.Out && len(a.seeds) > 0
	}
	return len(a.seeds) > 0 || a.pools[e.Asset] != nil
}

// peek is the next relevant entry, nil at the end of the history.
func (a *account) peek(ctx context.Context) (*graph.Entry, error) {
	if len(a.ahead) == 0 {
		for e, err := range a.l.view.History(ctx, a.id, a.next) {
			if err != nil {
				return nil, err
			}
			a.next = e.At.Next()
			if !a.relevant(&e) {
				continue
			}
			a.ahead = append(a.ahead, e)
			if len(a.ahead) >= pageSize {
				break
			}
		}
		if len(a.ahead) == 0 {
			return nil, nil
		}
	}
	return &a.ahead[0], nil
}

// pass removes and returns the relevant entries of one transaction.
func (a *account) pass(ctx context.Context, tx graph.Position) ([]graph.Entry, error) {
	var passed []graph.Entry
	for {
		e, err := a.peek(ctx)
		if err != nil || e == nil || e.At.StartOf() != tx {
			return passed, err
		}
		passed = append(passed, *e)
		a.ahead = a.ahead[1:]
	}
}

// rewind makes the account read its history again from a position on, because
// entries that did not matter may matter now.
func (a *account) rewind(to graph.Position) { a.next, a.ahead = to, nil }

// dirty reports whether any pool of the account holds taint.
func (a *account) dirty() bool {
	for _, p := range a.pools {
		if p.mark != 0 {
			return true
		}
		for i := range p.lots {
			if p.lots[i].tainted() {
				return true
			}
		}
	}
	return false
}

// opened is what a balance had come to when it was last looked at; clean
// balances are not followed, and looking again goes on from here.
type opened struct {
	upTo    graph.Position
	balance graph.Amount
}

// opening reads the history of an asset at an address before a position, and
// returns the balance and what is missing: the largest amount by which the
// known history spends more than it received. That must have been there
// before, and the earliest pools spend it first, so none of it is left. used
// tells whether the history has any movement of the asset.
func (l *ledger) opening(ctx context.Context, id graph.ID, asset graph.AssetID, from opened, before graph.Position) (balance, missing graph.Amount, used bool, err error) {
	balance, used = from.balance, from != opened{}
	debit := func(amount graph.Amount) {
		if amount.Gt(&balance) {
			short := amount
			short.Sub(&short, &balance)
			missing.Add(&missing, &short)
			balance.Clear()
			return
		}
		balance.Sub(&balance, &amount)
	}
	var at graph.Position
	var in, out, fees graph.Amount
	settle := func() {
		debit(fees)
		if out.Gt(&in) {
			out.Sub(&out, &in)
			debit(out)
		} else {
			in.Sub(&in, &out)
			balance.Add(&balance, &in)
		}
		in.Clear()
		out.Clear()
		fees.Clear()
	}
	for e, failed := range l.view.History(ctx, id, from.upTo) {
		if failed != nil {
			return balance, missing, used, failed
		}
		if e.At.Compare(before) >= 0 {
			break
		}
		if e.Asset != asset {
			continue
		}
		used = used || !e.Amount.IsZero()
		if e.At.StartOf() != at {
			settle()
			at = e.At.StartOf()
		}
		sum := &in
		switch {
		case e.Out && e.Kind.IsFee():
			sum = &fees
		case e.Out:
			sum = &out
		}
		if hostile(&e.Amount) {
			return balance, missing, used, errHostile
		}
		sum.Add(sum, &e.Amount)
	}
	settle()
	return balance, missing, used, err
}

// hostile reports whether an amount is 2^200 base units or more. No honest
// asset moves as much at once, and below it no number of movements that a
// ledger can hold adds up to 2^256, so sums need no further care.
func hostile(a *graph.Amount) bool { return a[3] >= 1<<(200-192) }

// errHostile tells that an asset has such amounts.
var errHostile = errors.New("amounts of this asset exceed 2^200")

// assetsHeld lists the assets in an address's history before a position.
func (l *ledger) assetsHeld(ctx context.Context, id graph.ID, before graph.Position) ([]graph.AssetID, error) {
	var assets []graph.AssetID
	for e, err := range l.view.History(ctx, id, graph.Position{}) {
		if err != nil {
			return nil, err
		}
		if e.At.Compare(before) >= 0 {
			break
		}
		if !slices.Contains(assets, e.Asset) {
			assets = append(assets, e.Asset)
		}
	}
	slices.Sort(assets)
	return assets, nil
}
