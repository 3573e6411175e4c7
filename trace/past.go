package trace

import (
	"context"
	"fmt"
	"slices"

	"spoor/graph"
)

// past is the history of a pool up to the last movement that is asked about,
// read once, and what is wanted of it. Movements out of it are asked for; what
// came in is then wanted.
type past struct {
	l     *ledger
	id    graph.ID
	asset graph.AssetID
	hop   int
	said  int32 // the weakest link over which it is asked; 0: none
	turns []turn

	// By order or reach: what is wanted of what came in at each turn.
	owed []want
	// By order: what each payment took.
	took [][]taking
	// By order, reach: turns from here on were asked for.
	reached int
	// Mixed: what is wanted of the balance, as of what was looked at last, and
	// the turn of the next income, which shares it; -1 if it is none.
	held graph.Amount
	next int
}

// turn is what one transaction did to a pool, in this order: its owner pays the
// fee; value leaves, net, or comes in; the owner earns fees of others.
type turn struct {
	at                    graph.Position // where the transaction begins
	before                graph.Amount   // balance
	fee, out, in, earned  graph.Amount
	feeMissing, outLacked graph.Amount // of fee and out, beyond the balance
}

// left is what was in the pool before anything came in.
func (t *turn) left() graph.Amount {
	left := plus(t.before, plus(t.feeMissing, t.outLacked))
	return minus(minus(left, t.fee), t.out)
}

func (t *turn) income() graph.Amount { return plus(t.in, t.earned) }
func (t *turn) after() graph.Amount  { return plus(t.left(), t.income()) }

// taking is a run of units of what came in at a turn; at turn nowhere, of what
// was spent although its arrival was not read.
type taking struct {
	turn int
	span
}

const nowhere = -1

// readPast reads the history of a pool through a transaction. Amounts that
// cannot be summed give errHostile.
func (l *ledger) readPast(ctx context.Context, id graph.ID, asset graph.AssetID, through graph.Position) (*past, error) {
	p := &past{l: l, id: id, asset: asset, hop: -1, next: nowhere}
	for e, err := range l.view.History(ctx, id, graph.Position{}) {
		if err != nil {
			return nil, err
		}
		if e.At.StartOf().Compare(through) > 0 {
			break
		}
		if e.Asset != asset || e.Amount.IsZero() || e.Peer == id {
			continue // what one pays to himself, a fee too, stays where it is
		}
		if hostile(&e.Amount) {
			return nil, errHostile
		}
		if n := len(p.turns); n == 0 || p.turns[n-1].at != e.At.StartOf() {
			p.turns = append(p.turns, turn{at: e.At.StartOf()})
		}
		t := &p.turns[len(p.turns)-1]
		sum := &t.in
		switch {
		case e.Out && e.Kind.IsFee():
			sum = &t.fee
		case e.Kind.IsFee():
			sum = &t.earned
		case e.Out:
			sum = &t.out
		}
		sum.Add(sum, &e.Amount)
	}
	var balance graph.Amount
	for i := range p.turns {
		t := &p.turns[i]
		both := smaller(t.in, t.out)
		t.in, t.out = minus(t.in, both), minus(t.out, both)
		t.before = balance
		if t.fee.Gt(&balance) {
			t.feeMissing = minus(t.fee, balance)
		}
		rest := minus(plus(balance, t.feeMissing), t.fee)
		if t.out.Gt(&rest) {
			t.outLacked = minus(t.out, rest)
		}
		balance = t.after()
	}
	return p, nil
}

// replay plays the pool once from its beginning, so that it is known what every
// payment took, and returns what is in it after a turn.
func (p *past) replay(last int) (pool []taking) {
	take := func(amount graph.Amount) (taken []taking) {
		for len(pool) > 0 && !amount.IsZero() {
			size := smaller(amount, pool[0].size)
			taken = append(taken, taking{pool[0].turn, span{pool[0].at, size}})
			amount = minus(amount, size)
			if size == pool[0].size {
				pool = pool[1:]
				continue
			}
			pool[0].at, pool[0].size = plus(pool[0].at, size), minus(pool[0].size, size)
		}
		if !amount.IsZero() {
			taken = append(taken, taking{nowhere, span{size: amount}})
		}
		return taken
	}
	first := p.took == nil
	if first {
		p.took, p.owed = make([][]taking, len(p.turns)), make([]want, len(p.turns))
	}
	for i := range p.turns[:last+1] {
		t := &p.turns[i]
		take(t.fee)
		if taken := take(t.out); first {
			p.took[i] = taken
		}
		if income := t.income(); !income.IsZero() {
			pool = append(pool, taking{i, span{size: income}})
		}
	}
	return pool
}

// find is the turn of a transaction.
func (p *past) find(at graph.Position) (int, error) {
	i, found := slices.BinarySearchFunc(p.turns, at, func(t turn, at graph.Position) int { return t.at.Compare(at) })
	if !found {
		return 0, fmt.Errorf("%w: the history of an address lacks transaction %d of block %d", graph.ErrDamaged, at.Tx, at.Block)
	}
	return i, nil
}

// lack is value that was wanted and had been spent without the ledger showing
// its arrival.
type lack struct {
	turn   int
	amount graph.Amount
}

// ask wants a part of what left at a turn. It returns the turns at which
// something is wanted now of what came in and was not before, and what cannot
// be found.
func (p *past) ask(r reverse, at int, w want) (wanted []int, lacks []lack) {
	if len(w) == 0 {
		return nil, nil
	}
	switch r {
	case mixed:
		t := &p.turns[at]
		parts := share(w.total(), []graph.Amount{minus(t.out, t.outLacked), t.outLacked})
		if !parts[1].IsZero() {
			lacks = append(lacks, lack{at, parts[1]})
		}
		return p.hold(at, parts[0]), lacks
	case reach:
		return p.reach(at), p.lacking(at)
	}
	if p.took == nil {
		p.replay(len(p.turns) - 1)
	}
	var from graph.Amount
	for _, taken := range p.took[at] {
		part := w.within(span{from, taken.size})
		from = plus(from, taken.size)
		switch {
		case len(part) == 0:
		case taken.turn == nowhere:
			lacks = append(lacks, lack{at, part.total()})
		default:
			wanted = append(wanted, p.owe(taken.turn, part.behind(taken.at))...)
		}
	}
	return wanted, lacks
}

// owe wants a part of what came in at a turn.
func (p *past) owe(at int, w want) (wanted []int) {
	if len(p.owed[at]) == 0 {
		wanted = []int{at}
	}
	p.owed[at] = p.owed[at].union(w)
	return wanted
}

// hold wants an amount of the mixed balance that was there at a turn, before
// anything came in.
func (p *past) hold(at int, amount graph.Amount) (wanted []int) {
	if amount.IsZero() {
		return nil
	}
	p.held = plus(p.held, amount)
	if p.next != nowhere {
		return nil // no income lies between: it would have been looked at
	}
	for i := at - 1; i >= 0; i-- {
		if income := p.turns[i].income(); !income.IsZero() {
			p.next = i
			return []int{i}
		}
	}
	return nil
}

// reach wants everything that came in before a turn. Later turns were asked for
// first, so that it is done once.
func (p *past) reach(before int) (wanted []int) {
	if before <= p.reached {
		return nil
	}
	if p.owed == nil {
		p.owed = make([]want, len(p.turns))
	}
	for i := range p.turns[:before] {
		if income := p.turns[i].income(); len(p.owed[i]) == 0 && !income.IsZero() {
			p.owed[i] = whole(income)
			wanted = append(wanted, i)
		}
	}
	return wanted
}

// lacking is all that was spent through a turn although its arrival was not
// read, each once.
func (p *past) lacking(through int) (lacks []lack) {
	for i := p.reached; i <= through; i++ {
		if short := plus(p.turns[i].feeMissing, p.turns[i].outLacked); !short.IsZero() {
			lacks = append(lacks, lack{i, short})
		}
	}
	p.reached = max(p.reached, through+1)
	return lacks
}

// keep wants what was in the pool after a turn, most units at most and none
// that are wanted already. It returns how much that is, and the rest as ask.
func (p *past) keep(r reverse, at int, most graph.Amount) (fresh graph.Amount, wanted []int, lacks []lack) {
	switch r {
	case mixed:
		after := p.turns[at].after()
		fresh = smaller(minus(after, p.held), most)
		return fresh, p.hold(at+1, fresh), nil
	case reach:
		return p.turns[at].after(), p.reach(at + 1), p.lacking(at)
	}
	if p.took == nil {
		p.replay(len(p.turns) - 1)
	}
	for _, there := range p.replay(at) {
		if there.turn == nowhere {
			continue
		}
		added := want{there.span}.without(p.owed[there.turn]).first(most)
		if len(added) == 0 {
			continue
		}
		most, fresh = minus(most, added.total()), plus(fresh, added.total())
		wanted = append(wanted, p.owe(there.turn, added)...)
	}
	return fresh, wanted, nil
}

// outstanding is how much is wanted of what came in at a turn, or, where value
// is mixed, then and before.
func (p *past) outstanding(r reverse, at int) graph.Amount {
	if r == mixed {
		return p.held
	}
	return p.owed[at].total()
}

// settle is what is wanted of what came in at a turn, net and as fees. All that
// happened later has been looked at.
func (p *past) settle(r reverse, at int) (in, earned want, wanted []int) {
	t := &p.turns[at]
	if r == mixed {
		parts := share(p.held, []graph.Amount{t.left(), t.in, t.earned})
		p.held, p.next = graph.Amount{}, nowhere
		return whole(parts[1]), whole(parts[2]), p.hold(at, parts[0])
	}
	parts := r.split(p.owed[at], []graph.Amount{t.in, t.earned})
	return parts[0], parts[1], nil
}
