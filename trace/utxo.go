package trace

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"spoor/cluster"
	"spoor/graph"
)

// utxo evaluates a transaction of a UTXO ledger: its inputs, in order, are the
// pool from which its outputs are paid; what is left is the fee.
func (ev *event) utxo(ctx context.Context, accounts []*account, seeds []*seeding) error {
	for _, a := range accounts {
		if _, err := a.pass(ctx, ev.at); err != nil {
			return err
		}
	}
	if err := ev.load(); err != nil {
		return err
	}
	pot, hop, err := ev.spend()
	if err != nil {
		return err
	}
	var outs []*graph.Move
	var amounts []graph.Amount
	for i := range ev.tx.Moves {
		if m := &ev.tx.Moves[i]; m.Kind == graph.KindOutput {
			outs, amounts = append(outs, m), append(amounts, m.Amount)
		}
	}
	t := tainted(pot)
	if !t.IsZero() && !ev.run.plan.followMix {
		f, err := ev.recognise()
		if err != nil {
			return err
		}
		if f.Mixes() {
			return ev.mix(ctx, f, outs, seeds)
		}
	}
	parts := make([][]Lot, len(outs))
	if !t.IsZero() {
		if pot, err = ev.cover(pot, amounts); err != nil {
			return err
		}
		var fee []Lot
		parts, fee = ev.run.plan.method.deal(pot, amounts)
		if paid := tainted(fee); !paid.IsZero() && ev.run.plan.method.Conserves {
			if err := ev.run.stop(ev.l, 0, graph.NativeID, feeEnding, fee, hop, ev.header.Time); err != nil {
				return err
			}
		}
	}
	return ev.produce(ctx, outs, parts, hop, seeds)
}

// spend takes the inputs of the transaction: the lots of tainted outputs, and
// clean ones of all others.
func (ev *event) spend() (pot []Lot, hop int, err error) {
	for i := range ev.tx.Moves {
		m := &ev.tx.Moves[i]
		if m.Kind != graph.KindInput {
			continue
		}
		o := ev.l.outputs[m.Spends]
		if o == nil {
			pot = add(pot, Lot{Amount: m.Amount})
			continue
		}
		delete(ev.l.outputs, m.Spends)
		a := ev.account(m.From, o.hop)
		a.coins--
		pot = addAll(pot, o.lots)
		t := tainted(o.lots)
		if hop == 0 || o.hop+1 < hop {
			hop = o.hop + 1
		}
		h, err := ev.run.book.holder(ev.l, m.From, graph.NativeID, o.hop, ev.header.Time)
		if err != nil {
			return nil, 0, err
		}
		h.Out.Add(&h.Out, &t)
		if err := ev.record(Step{Amount: m.Amount, Tainted: t, Hop: o.hop + 1, Rule: RuleUTXO, Legs: []graph.Seq{m.Seq}}, o.lots, m.From, 0, graph.NativeID); err != nil {
			return nil, 0, err
		}
	}
	return pot, hop, nil
}

// cover makes up for inputs that are not in the store, so that the outputs are
// paid in full.
func (ev *event) cover(pot []Lot, amounts []graph.Amount) ([]Lot, error) {
	var out graph.Amount
	for i := range amounts {
		if _, over := out.AddOverflow(&out, &amounts[i]); over {
			return nil, errors.New("outputs add up to 2^256 or more")
		}
	}
	in := total(pot)
	if !out.Gt(&in) {
		return pot, nil
	}
	out.Sub(&out, &in)
	ev.run.note("transaction %s pays out %s satoshi more than its known inputs; inputs are missing in the store", ev.tx.Hash, out.Dec())
	return add(pot, Lot{out, unknown}), nil
}

// recognise is what the transaction is known to be. One that cannot be bitcoin
// is nothing we know.
func (ev *event) recognise() (cluster.Finding, error) {
	var p cluster.Payment
	err := p.Read(&ev.tx, cluster.Lookup{Address: ev.l.view.Address, Tx: ev.l.view.Tx})
	if errors.Is(err, cluster.ErrPayment) {
		return cluster.Finding{}, nil
	}
	if err != nil {
		return cluster.Finding{}, err
	}
	return cluster.Recognise(&p)
}

// mix ends the taint of a CoinJoin's inputs: who owns which output is hidden.
func (ev *event) mix(ctx context.Context, f cluster.Finding, outs []*graph.Move, seeds []*seeding) error {
	e := mixEnding(f)
	steps := ev.run.book.steps
	for i := len(steps) - 1; i >= 0 && steps[i].At.StartOf() == ev.at && steps[i].Chain == ev.l.chain.ID; i-- {
		if steps[i].Kind != graph.KindInput {
			continue
		}
		id, err := ev.l.view.ID(steps[i].From)
		if err != nil {
			return err
		}
		if err := ev.run.book.stop(ev.l, id, graph.NativeID, e, steps[i].Tainted, steps[i].Hop, ev.header.Time); err != nil {
			return err
		}
	}
	return ev.produce(ctx, outs, make([][]Lot, len(outs)), 0, seeds)
}

func mixEnding(f cluster.Finding) ending {
	return ending{reason: StopMixer, statement: graph.Attributed, confidence: int(f.Confidence), heuristic: f.Protocol.String(), rule: "coinjoin " + f.String()}
}

// produce gives the outputs their lots and lets the seeds mark theirs.
func (ev *event) produce(ctx context.Context, outs []*graph.Move, parts [][]Lot, hop int, seeds []*seeding) error {
	for _, s := range seeds {
		if s.OneMove && !slices.ContainsFunc(outs, func(m *graph.Move) bool { return m.Seq == s.Seq }) {
			if slices.ContainsFunc(ev.tx.Moves, func(m graph.Move) bool { return m.Seq == s.Seq }) {
				return fmt.Errorf("%w: %s is an input; name an output, as out:0", ErrSeed, s.Seq)
			}
			return noSuchMove(s, ev.tx.Moves)
		}
	}
	payers := make(map[graph.ID]bool)
	for i := range ev.tx.Moves {
		payers[ev.tx.Moves[i].From] = true
	}
	flows := make([]flow, len(outs))
	for i, m := range outs {
		flows[i] = flow{asset: graph.NativeID, to: m.To, amount: m.Amount, legs: []graph.Seq{m.Seq}, direct: true, lots: parts[i], hop: hop}
		if parts[i] == nil {
			flows[i].lots = add(nil, Lot{Amount: m.Amount})
		}
	}
	if err := ev.land(flows); err != nil {
		return err
	}
	marked := make([]bool, len(seeds))
	for i, m := range outs {
		f := &flows[i]
		mark := func(s *seeding) error {
			painted, part := s.paint(f.lots)
			f.lots = painted
			f.fresh.Add(&f.fresh, &part)
			return ev.seeded(s, m.To, graph.NativeID, part, false)
		}
		for j, s := range seeds {
			if s.OneMove && s.Seq != m.Seq || !s.OneMove && payers[m.To] {
				continue // change goes back to the payer; it is not gained
			}
			marked[j] = true
			if err := mark(s); err != nil {
				return err
			}
		}
		if a := ev.l.accounts[m.To]; a != nil {
			for _, s := range a.seeds {
				if err := mark(s); err != nil {
					return err
				}
			}
		}
		if !f.fresh.IsZero() {
			f.hop = 0 // the theft
		}
	}
	for j := range seeds {
		if !marked[j] {
			return fmt.Errorf("%w that takes anything: every output of transaction %s returns to one of its payers; name one as CHAIN:TXHASH:out:N", ErrSeed, ev.tx.Hash)
		}
	}
	if err := ev.depart(flows); err != nil {
		return err
	}
	for i, m := range outs {
		if err := ev.deliver(ctx, m, &flows[i]); err != nil {
			return err
		}
	}
	return nil
}

// deliver books an output and keeps it if taint is in it.
func (ev *event) deliver(ctx context.Context, m *graph.Move, f *flow) error {
	lots, fresh, hop := f.lots, f.fresh, f.hop
	for i := range lots {
		if lots[i].Seed == unknown {
			lots[i].Seed = clean
		}
	}
	t := tainted(lots)
	if t.IsZero() {
		return nil
	}
	rule := RuleUTXO
	switch {
	case !fresh.IsZero():
		rule = RuleSeed
	case f.landed != "":
		rule = f.landed
	}
	if err := ev.record(Step{Amount: m.Amount, Tainted: t, Hop: hop, Rule: rule, Legs: []graph.Seq{m.Seq}}, lots, 0, m.To, graph.NativeID); err != nil {
		return err
	}
	if ended, err := ev.arrives(ctx, m.To, graph.NativeID, lots, fresh, hop); ended || err != nil {
		return err
	}
	h, err := ev.run.book.holder(ev.l, m.To, graph.NativeID, hop, ev.header.Time)
	if err != nil {
		return err
	}
	if h.Role == roleTerminal {
		h.Role = roleIntermediate // too little before, followed now
	}
	if t.Gt(&fresh) {
		t.Sub(&t, &fresh)
		h.In.Add(&h.In, &t)
	}
	at := ev.at
	at.Seq = m.Seq
	ev.keep(at, &output{id: m.To, lots: ev.run.plan.method.put(nil, lots), hop: hop})
	return nil
}

// keep follows an unspent output from now on.
func (ev *event) keep(at graph.Position, o *output) {
	a := ev.account(o.id, o.hop)
	if ev.l.outputs[at] == nil {
		a.coins++
	}
	ev.l.outputs[at] = o
	a.rewind(ev.at.NextTx())
}
