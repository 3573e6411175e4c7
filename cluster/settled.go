package cluster

import (
	"fmt"
	"iter"

	"spoor/graph"
)

// Some rules look at the transactions that spend a payment's outputs: a wallet
// writes all of its transactions alike (its habit), so change is what is spent
// by one that is written like the payment.
//
//	T: a ──▶ payee ──▶ S1, written by another wallet
//	     └─▶ change ──▶ S2, written like T
//
// BlockSci asks that of the finished ledger, and counts an output that is not
// spent among the candidates: what it says of T changes as its outputs are
// spent. Evidence must not, so here T is judged once, when the last of its
// outputs is spent. The evidence stands at the transaction that spends it.

// Settled yields the earlier payments of which this one spends what was left:
// who spends each of their outputs is now known for good. Each comes once, in
// order of the inputs; the next one takes its memory. Payments that cannot be
// looked at for change are left out, and so are those of which the ledger does
// not know all: Lookup.Tx and Lookup.Spender tell.
func (p *Payment) Settled() iter.Seq2[*Payment, error] {
	return func(yield func(*Payment, error) bool) {
		if p.lookup.Tx == nil || p.lookup.Spender == nil {
			return
		}
		var q Payment
		var last *habit // of this one: it may settle thousands
		for i := range p.Inputs {
			spends := p.Inputs[i].Spends
			if spends.Seq == 0 || p.spendsBefore(i) { // not in the store; looked at already
				continue
			}
			ok, err := p.settles(spends, &q)
			if err != nil {
				err = fmt.Errorf("%s: transaction %s that it spends: %w", p.At, spends.StartOf(), err)
			}
			if ok && last == nil {
				var h habit
				h, err = p.habit()
				last = &h
			}
			q.last = last
			if (ok || err != nil) && !yield(&q, err) || err != nil {
				return
			}
		}
	}
}

// spendsBefore reports whether an input before the i-th spends an output of the
// same transaction.
func (p *Payment) spendsBefore(i int) bool {
	for j := range i {
		if p.Inputs[j].Spends.StartOf() == p.Inputs[i].Spends.StartOf() {
			return true
		}
	}
	return false
}

// settles reads the payment that made an output, and reports whether this one
// spends its last.
func (p *Payment) settles(spends graph.Position, q *Payment) (bool, error) {
	tx, err := p.lookup.Tx(spends)
	if err != nil {
		return false, err
	}
	known := p.lookup
	known.Seen = nil // it would tell of now, not of then
	if q.Read(&tx, known) != nil {
		return false, nil // moves what is no bitcoin
	}
	if len(q.Inputs) == 0 || len(q.Outputs) > MaxChangeOutputs {
		return false, nil
	}
	candidates, last := q.spendable(), false
	for i := range q.Outputs {
		if candidates>>i&1 == 0 {
			continue
		}
		at := graph.Position{Block: q.At.Block, Tx: q.At.Tx}
		if at.Seq, err = graph.OutputSeq(i); err != nil {
			return false, err
		}
		if p.spends(at) {
			q.Outputs[i].Spent, last = p.At, true
			continue
		}
		if q.Outputs[i].Spent, err = p.lookup.Spender(at, q.Outputs[i].ID); err != nil || q.Outputs[i].Spent == (graph.Position{}) {
			return false, err
		}
	}
	if !last {
		return false, nil // it spends what two outputs pay to one address
	}
	q.by = p
	return true, nil
}

// spends reports whether an input spends an output.
func (p *Payment) spends(output graph.Position) bool {
	for i := range p.Inputs {
		if p.Inputs[i].Spends == output {
			return true
		}
	}
	return false
}

// habit is what a transaction shows of the wallet that wrote it.
type habit struct {
	graph.Form
	protocol        bool // a protocol decided how it was written
	fee             graph.Amount
	whole           bool // all that moved is known, and so the fee
	inputs, outputs int
}

func (p *Payment) habit() (habit, error) {
	f, err := Recognise(p)
	h := habit{Form: p.Form, protocol: f.Protocol != NoProtocol, inputs: len(p.Inputs), outputs: len(p.Outputs)}
	if had, paid := total(p.Inputs), total(p.Outputs); p.Whole && had >= paid {
		h.whole = true
		h.fee.SetUint64(had - paid)
	}
	return h, err
}

// compare looks up the habits of a settled payment and of those who spend its
// outputs. It does so once.
func (p *Payment) compare() error {
	if len(p.habits) > 0 {
		return nil
	}
	then, err := p.habit()
	if err != nil {
		return err
	}
	habits := append(p.habits, then)
	candidates := p.spendable()
	var q Payment
	for i := range p.Outputs {
		var now habit // of what it is not known
		switch at := p.Outputs[i].Spent; {
		case candidates>>i&1 == 0:
		case at == p.by.At:
			now = *p.last
		default:
			tx, err := p.lookup.Tx(at)
			if err == nil && q.Read(&tx, p.lookup) == nil { // else it moves what is no bitcoin
				now, err = q.habit()
			}
			if err != nil {
				return fmt.Errorf("%s: transaction %s that spends output %d: %w", p.At, at, i, err)
			}
		}
		habits = append(habits, now)
	}
	p.habits = habits
	return nil
}

// alike keeps the outputs that a transaction spends which may be of the wallet
// that wrote this one. It says nothing, and keeps all, where that cannot be
// asked: the payment is not settled, or of one of the transactions it is not
// known, or a protocol wrote it.
func (p *Payment) alike(all Candidates, same func(then, now *habit) graph.Answer) (kept Candidates, err error) {
	if p.by == nil {
		return all, nil
	}
	if err := p.compare(); err != nil {
		return 0, err
	}
	then := &p.habits[0]
	for i := range p.Outputs {
		if all>>i&1 == 0 {
			continue
		}
		now := &p.habits[1+i]
		if now.protocol {
			return all, nil
		}
		switch same(then, now) {
		case graph.NotTold:
			return all, nil
		case graph.Yes:
			kept |= 1 << i
		}
	}
	return kept, nil
}
