package trace

import (
	"context"
	"fmt"
	"slices"

	"spoor/graph"
)

// unspent asks where the outputs came from that an address had unspent after
// the transaction.
func (o *origin) unspent(ctx context.Context, s *seeding) error {
	var unspent []graph.Entry
	for e, err := range o.l.view.History(ctx, s.where, graph.Position{}) {
		if err != nil {
			return err
		}
		switch {
		case e.At.StartOf().Compare(o.at) > 0:
			return o.keep(s, unspent)
		case !e.Out:
			unspent = append(unspent, e)
		default:
			unspent = slices.DeleteFunc(unspent, func(held graph.Entry) bool { return held.At == e.Spends })
		}
	}
	return o.keep(s, unspent)
}

func (o *origin) keep(s *seeding, unspent []graph.Entry) error {
	for _, e := range unspent {
		d, err := o.backlog.at(e.At.StartOf())
		if err != nil {
			return err
		}
		if err := o.claim(d, s, e.At.Seq, s.where, e.Amount); err != nil {
			return err
		}
	}
	return nil
}

// claim names an output.
func (o *origin) claim(d *due, s *seeding, seq graph.Seq, owner graph.ID, amount graph.Amount) error {
	have := d.outputs[seq]
	if have == nil {
		have = &outputDue{}
	}
	now, fresh := o.reverse.claim(have.want, amount, amount, s.most())
	if fresh.IsZero() {
		return nil
	}
	have.want, have.hop, have.fresh = now, 0, plus(have.fresh, fresh)
	d.outputs[seq] = have
	return o.named(s, owner, graph.NativeID, fresh)
}

// spent looks at a transaction of a UTXO ledger: its outputs, in order, were
// paid from its inputs.
func (o *origin) spent(ctx context.Context, d *due, seeds []*seeding) error {
	var outs, ins []*graph.Move
	for i := range o.tx.Moves {
		switch m := &o.tx.Moves[i]; m.Kind {
		case graph.KindOutput:
			outs = append(outs, m)
		case graph.KindInput:
			ins = append(ins, m)
		}
	}
	for _, s := range seeds {
		if err := o.outputs(d, s, ins, outs); err != nil {
			return err
		}
	}
	var amounts []graph.Amount
	var wants []want
	hop := -1
	for _, m := range outs {
		amounts, wants = append(amounts, m.Amount), append(wants, nil)
		if due := d.outputs[m.Seq]; due != nil {
			wants[len(wants)-1] = due.want
			if hop < 0 || due.hop < hop {
				hop = due.hop
			}
		}
	}
	if hop < 0 {
		return nil
	}
	ended, err := o.atOnce(d, ins, outs)
	if err != nil {
		return err
	}
	if !ended {
		if err := o.inputs(ctx, ins, amounts, o.reverse.join(amounts, wants), hop, outs); err != nil {
			return err
		}
	}
	for i, m := range outs {
		t := wants[i].total()
		if t.IsZero() {
			continue
		}
		due := d.outputs[m.Seq]
		rule := RuleUTXO
		if !due.fresh.IsZero() {
			rule = RuleSeed
		}
		if err := o.record(Step{Amount: m.Amount, Tainted: t, Hop: due.hop, Rule: rule, Legs: []graph.Seq{m.Seq}}, nil, 0, m.To, graph.NativeID); err != nil {
			return err
		}
		if err := o.arrived(m.To, graph.NativeID, t, due.hop); err != nil {
			return err
		}
	}
	return nil
}

// outputs names what a transaction paid: one output, or all that do not go back
// to one of its payers.
func (o *origin) outputs(d *due, s *seeding, ins, outs []*graph.Move) error {
	payers := make(map[graph.ID]bool)
	for _, m := range ins {
		payers[m.From] = true
	}
	found := false
	for _, m := range outs {
		if s.OneMove && s.Seq != m.Seq || !s.OneMove && payers[m.To] {
			continue
		}
		found = true
		if err := o.claim(d, s, m.Seq, m.To, m.Amount); err != nil {
			return err
		}
	}
	switch {
	case found:
		return nil
	case !s.OneMove:
		return fmt.Errorf("%w that takes anything: every output of transaction %s returns to one of its payers; name one as CHAIN:TXHASH:out:N", ErrSeed, o.tx.Hash)
	case slices.ContainsFunc(ins, func(m *graph.Move) bool { return m.Seq == s.Seq }):
		return fmt.Errorf("%w: %s is an input; name an output, as out:0", ErrSeed, s.Seq)
	}
	return noSuchMove(s, o.tx.Moves)
}

// atOnce ends what is wanted of the outputs where it came from no input that
// can be told: the coins are new, the inputs were not read, or a CoinJoin hides
// whose they are.
func (o *origin) atOnce(d *due, ins, outs []*graph.Move) (ended bool, err error) {
	var e ending
	switch {
	case len(ins) == 0 && o.tx.Know.Transfers == graph.Full:
		e = derivedEnding(StopReward, "coinbase")
	case len(ins) == 0:
		e = derivedEnding(StopUncovered, "the inputs of the transaction were not read")
	case o.run.plan.followMix:
		return false, nil
	default:
		f, err := o.recognise()
		if err != nil || !f.Mixes() {
			return false, err
		}
		e = mixEnding(f)
	}
	for _, m := range outs {
		due := d.outputs[m.Seq]
		if due == nil {
			continue
		}
		if err := o.run.book.stop(o.l, m.To, graph.NativeID, e, due.total(), due.hop, o.header.Time); err != nil {
			return false, err
		}
	}
	return true, nil
}

// inputs asks the outputs that the transaction spends.
func (o *origin) inputs(ctx context.Context, ins []*graph.Move, outs []graph.Amount, w want, hop int, paid []*graph.Move) error {
	var in, out graph.Amount
	amounts := make([]graph.Amount, len(ins), len(ins)+1)
	for i, m := range ins {
		amounts[i], in = m.Amount, plus(in, m.Amount)
	}
	for i := range outs {
		out = plus(out, outs[i])
	}
	if out.Gt(&in) {
		amounts = append(amounts, minus(out, in))
	}
	wants := o.reverse.split(w, amounts)
	for i, m := range ins {
		if err := o.input(ctx, m, wants[i], hop); err != nil {
			return err
		}
	}
	if len(amounts) == len(ins) {
		return nil
	}
	missing := wants[len(ins)].total()
	o.run.note("transaction %s pays out %s satoshi more than its known inputs; inputs are missing in the store", o.tx.Hash, ptr(minus(out, in)).Dec())
	return o.run.book.stop(o.l, paid[0].To, graph.NativeID, derivedEnding(StopUncovered, "inputs of the transaction were not read"), missing, hop, o.header.Time)
}

func (o *origin) input(ctx context.Context, m *graph.Move, w want, hop int) error {
	t := w.total()
	if t.IsZero() {
		return nil
	}
	if err := o.record(Step{Amount: m.Amount, Tainted: t, Hop: hop, Rule: RuleUTXO, Legs: []graph.Seq{m.Seq}}, nil, m.From, 0, graph.NativeID); err != nil {
		return err
	}
	if ended, err := o.ends(ctx, m.From, graph.NativeID, t, hop); ended || err != nil {
		return err
	}
	if m.Spends == (graph.Position{}) {
		return o.run.book.stop(o.l, m.From, graph.NativeID, derivedEnding(StopUncovered, "the output it spends was not read"), t, hop, o.header.Time)
	}
	d, err := o.backlog.at(m.Spends.StartOf())
	if err != nil {
		return err
	}
	d.outputs[m.Spends.Seq] = &outputDue{want: w, hop: hop + 1}
	return nil
}
