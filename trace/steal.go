package trace

import (
	"fmt"
	"slices"
	"strings"

	"spoor/graph"
)

// pick is a part of a flow that a seed names, from its first unit on.
type pick struct {
	flow   int
	amount graph.Amount
}

// steal marks what a seeded transaction took.
func (ev *event) steal(s *seeding, x *exchange) error {
	picks, err := ev.picks(s, x)
	if err != nil {
		return err
	}
	for _, p := range picks {
		if err := ev.mark(s, &x.flows[p.flow], p.amount); err != nil {
			return err
		}
	}
	return nil
}

// picks is what a seed by transaction names: one movement, or what its
// receivers gained. Receivers that only gain are meant (the thief, who was
// paid); if there are none, whoever gains is, except for the seller's side of
// nothing.
func (ev *event) picks(s *seeding, x *exchange) ([]pick, error) {
	if s.OneMove {
		return ev.pickOne(s, x)
	}
	pure := slices.ContainsFunc(x.flows, func(f flow) bool { return !x.swaps(x.who(f.to)) && !f.burnt() })
	if !pure {
		ev.run.note("seed %s: everybody who gains in the transaction also gives; both sides of what looks like a trade are seeded, name one movement as CHAIN:TXHASH:SEQ", s)
	}
	var picks []pick
	for i := range x.flows {
		f := &x.flows[i]
		if f.burnt() || pure && x.swaps(x.who(f.to)) {
			continue
		}
		picks = append(picks, pick{i, f.amount})
	}
	if len(picks) == 0 {
		return nil, fmt.Errorf("%w that takes anything: transaction %s leaves nobody richer; is it the right one? name one movement as CHAIN:TXHASH:SEQ", ErrSeed, ev.tx.Hash)
	}
	return picks, nil
}

func (ev *event) pickOne(s *seeding, x *exchange) (picks []pick, err error) {
	at := slices.IndexFunc(ev.tx.Moves, func(m graph.Move) bool { return m.Seq == s.Seq })
	if at < 0 {
		return nil, noSuchMove(s, ev.tx.Moves)
	}
	m := &ev.tx.Moves[at]
	if m.To == 0 {
		return nil, fmt.Errorf("%w that takes anything: nobody receives %s, it is destroyed; seed what was taken before", ErrSeed, s.Seq)
	}
	if exact := slices.IndexFunc(x.flows, func(f flow) bool { return f.direct && f.legs[0] == s.Seq }); exact >= 0 {
		return []pick{{exact, m.Amount}}, nil
	}
	left := m.Amount
	for i := range x.flows {
		f := &x.flows[i]
		if f.to != m.To || f.asset != m.Asset || left.IsZero() {
			continue
		}
		part := f.amount
		if left.Lt(&part) {
			part = left
		}
		picks = append(picks, pick{i, part})
		left.Sub(&left, &part)
	}
	if left == m.Amount {
		return nil, fmt.Errorf("%w that takes anything: the receiver of %s keeps nothing of it in this transaction; seed the whole transaction, CHAIN:TXHASH", ErrSeed, s.Seq)
	}
	if !left.IsZero() {
		ev.run.note("seed %s: %s of %s base units left the receiver within the transaction and are not seeded", s, left.Dec(), m.Amount.Dec())
	}
	return picks, nil
}

// mark seeds the first units of a flow.
func (ev *event) mark(s *seeding, f *flow, amount graph.Amount) error {
	if f.lots == nil {
		f.lots = []Lot{{Amount: f.amount}}
	}
	head, tail := cut(f.lots, amount)
	head, fresh := s.paint(head)
	f.lots = addAll(head, tail)
	f.fresh.Add(&f.fresh, &fresh)
	f.hop = 0 // the theft
	return ev.seeded(s, f.to, f.asset, fresh, false)
}

func noSuchMove(s *seeding, moves []graph.Move) error {
	seqs := make([]string, len(moves))
	for i := range moves {
		seqs[i] = moves[i].Seq.String()
	}
	return fmt.Errorf("movement %s: %w; the transaction has %s", s.Seq, graph.ErrNotFound, strings.Join(seqs, ", "))
}
