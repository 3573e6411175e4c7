package trace

import (
	"cmp"
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
	flows := make([]flow, len(outs))
	for i, m := range outs {
		flows[i] = flow{asset: graph.NativeID, to: m.To, amount: m.Amount, legs: []graph.Seq{m.Seq}, direct: true}
	}
	o.over(flows)
	for i, m := range outs {
		if due := d.outputs[m.Seq]; due != nil {
			o.wants[i], o.hops[i], o.said[i], o.fresh[i] = due.want, due.hop, due.said, due.fresh
		}
	}
	if err := o.reserves(); err != nil {
		return err
	}
	if err := o.comeBack(d.comebacks); err != nil {
		return err
	}
	landings, err := o.landings(flows)
	if err != nil {
		return err
	}
	lifted := make([]want, len(landings))
	o.asked = slices.Clone(o.wants)
	o.lift(landings, o.asked, func(int) bool { return true }, lifted)
	if err := o.crossBack(landings, lifted); err != nil {
		return err
	}
	if err := o.inputs(ctx, ins, outs); err != nil {
		return err
	}
	for i, m := range outs {
		t := o.wants[i].total()
		if t.IsZero() {
			continue
		}
		rule := cmp.Or(o.rules[i], RuleUTXO)
		if !o.fresh[i].IsZero() {
			rule = RuleSeed
		}
		if err := o.record(Step{Amount: m.Amount, Tainted: t, Hop: o.hops[i], Rule: rule, Legs: []graph.Seq{m.Seq}}, asLots(t, o.said[i]), 0, m.To, graph.NativeID); err != nil {
			return err
		}
		if o.left[i] == t {
			continue // the bridge keeps nothing of it
		}
		if err := o.arrived(m.To, graph.NativeID, minus(t, o.left[i]), o.hops[i]); err != nil {
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
func (o *origin) atOnce(ins []*graph.Move) (ended bool, err error) {
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
	for i := range o.flows {
		if err := o.run.stop(o.l, o.flows[i].to, graph.NativeID, e, asLots(o.asked[i].total(), o.said[i]), o.hops[i], o.header.Time); err != nil {
			return false, err
		}
	}
	return true, nil
}

// inputs asks the outputs that the transaction spends for what is asked of its
// own.
func (o *origin) inputs(ctx context.Context, ins, outs []*graph.Move) error {
	paid, hop, said := make([]graph.Amount, len(outs)), -1, int32(0)
	var in, out graph.Amount
	for i, m := range outs {
		paid[i], out = m.Amount, plus(out, m.Amount)
		if len(o.asked[i]) > 0 {
			hop, said = nearest(hop, o.hops[i]), o.run.weaker(said, o.said[i])
		}
	}
	if hop < 0 {
		return nil
	}
	if ended, err := o.atOnce(ins); ended || err != nil {
		return err
	}
	amounts := make([]graph.Amount, len(ins), len(ins)+1)
	for i, m := range ins {
		amounts[i], in = m.Amount, plus(in, m.Amount)
	}
	if out.Gt(&in) {
		amounts = append(amounts, minus(out, in))
	}
	wants := o.reverse.split(o.reverse.join(paid, o.asked), amounts)
	for i, m := range ins {
		if err := o.input(ctx, m, wants[i], hop, said); err != nil {
			return err
		}
	}
	if len(amounts) == len(ins) {
		return nil
	}
	missing := wants[len(ins)].total()
	o.run.note("transaction %s pays out %s satoshi more than its known inputs; inputs are missing in the store", o.tx.Hash, ptr(minus(out, in)).Dec())
	return o.run.stop(o.l, outs[0].To, graph.NativeID, derivedEnding(StopUncovered, "inputs of the transaction were not read"), asLots(missing, said), hop, o.header.Time)
}

func (o *origin) input(ctx context.Context, m *graph.Move, w want, hop int, said int32) error {
	t := w.total()
	if t.IsZero() {
		return nil
	}
	if err := o.record(Step{Amount: m.Amount, Tainted: t, Hop: hop, Rule: RuleUTXO, Legs: []graph.Seq{m.Seq}}, asLots(t, said), m.From, 0, graph.NativeID); err != nil {
		return err
	}
	if ended, err := o.ends(ctx, m.From, graph.NativeID, t, hop, said); ended || err != nil {
		return err
	}
	if m.Spends == (graph.Position{}) {
		return o.run.stop(o.l, m.From, graph.NativeID, derivedEnding(StopUncovered, "the output it spends was not read"), asLots(t, said), hop, o.header.Time)
	}
	d, err := o.backlog.at(m.Spends.StartOf())
	if err != nil {
		return err
	}
	d.outputs[m.Spends.Seq] = &outputDue{want: w, hop: hop + 1, said: said}
	return nil
}
