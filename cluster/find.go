package cluster

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"spoor/graph"
)

// foundBy is part of every basis: it changes whenever a rule finds something
// else than before, so that evidence of an older program is not taken for ours.
const foundBy = "spoor rules 1"

// Search is what is looked for on a ledger.
type Search struct {
	Chain  graph.Chain
	Rules  RuleSet       // 0: the defaults; rules of other families are passed over
	Labels []graph.Label // what is claimed about addresses of any chain
}

// Basis is what the evidence of the search depends on beside the ledger.
func (s Search) Basis() Basis {
	b := Basis{Found: s.rules(), Rules: sha256.Sum256([]byte(foundBy + "; " + s.parameters()))}
	names := sha256.New()
	any := false
	for _, l := range s.relevant() {
		any = true
		_, _ = fmt.Fprintf(names, "%s %s\n", l.Address, l.Category) // a hash takes everything
	}
	if any {
		names.Sum(b.Labels[:0])
	}
	return b
}

func (s Search) rules() RuleSet {
	if s.Rules == 0 {
		s.Rules = DefaultRules()
	}
	return s.Rules.Of(s.Chain.Family)
}

// AsBefore adds the rules whose evidence a ledger's folder has already: what
// was asked for once is kept up to date.
func (s Search) AsBefore(dir string) (Search, error) {
	s.Rules = s.rules()
	log, err := OpenLog(dir, s.Chain)
	if errors.Is(err, ErrNoLog) || errors.Is(err, graph.ErrDamaged) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	s.Rules |= log.basis.Found.Of(s.Chain.Family)
	return s, log.Close()
}

// relevant are the labels that the rules look at: of services, unless all rules
// are of who signed.
func (s Search) relevant() (list []graph.Label) {
	if s.rules().Without(CoSpend) == 0 {
		return nil
	}
	for _, l := range s.Labels {
		if l.Address.Chain == s.Chain.ID && OwnerName(l) != "" {
			list = append(list, l)
		}
	}
	slices.SortFunc(list, func(a, b graph.Label) int { return a.Compare(&b) })
	return list
}

// labelledIDs are the numbers of the relevant labels' addresses, with their
// categories.
func (s Search) labelledIDs(view graph.View) (map[graph.ID][]string, error) {
	ids := make(map[graph.ID][]string)
	for _, l := range s.relevant() {
		id, err := view.ID(l.Address)
		if errors.Is(err, graph.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		ids[id] = append(ids[id], l.Category)
	}
	return ids, nil
}

// Finder makes the function that finds the evidence of the search in a ledger,
// from a height on.
func (s Search) Finder(ctx context.Context, view graph.View) func(from uint32) (Find, error) {
	return func(from uint32) (Find, error) {
		ids, err := s.labelledIDs(view)
		if err != nil {
			return nil, err
		}
		if s.Chain.Family == graph.UTXOFamily {
			return s.utxo(ctx, view, from, ids)
		}
		return s.accounts(ctx, view, from, ids)
	}
}

// utxo finds by the rules of UTXO ledgers.
func (s Search) utxo(ctx context.Context, view graph.View, from uint32, services map[graph.ID][]string) (Find, error) {
	rules := s.rules()
	var p Payment
	lookup := Lookup{Address: view.Address, Tx: view.Tx}
	settled := rules&SettledRules() != 0
	if settled {
		lookup.Spender = func(output graph.Position, to graph.ID) (graph.Position, error) {
			return spender(ctx, view, output, to, p.At)
		}
	}
	var seen *seen
	if rules.Without(CoSpend) != 0 {
		seen = newSeen(ctx, view, from)
		lookup.Seen = seen.before
	}
	service := func(id graph.ID) bool { return services[id] != nil }
	return func(tx *graph.TxMoves, evidence []Evidence) ([]Evidence, error) {
		if seen != nil {
			seen.at = tx.At.StartOf()
		}
		if err := p.Read(tx, lookup); errors.Is(err, ErrPayment) {
			return evidence, nil // not bitcoin as we know it
		} else if err != nil {
			return evidence, err
		}
		if seen != nil {
			defer seen.note(&p)
			if seen.err != nil {
				return evidence, seen.err
			}
		} else if len(p.Inputs) < 2 {
			return evidence, nil // one input proves nothing alone
		}
		f, err := Recognise(&p)
		if err != nil {
			return evidence, err
		}
		if evidence, err = p.Evidence(evidence, f, rules.Has, service); err != nil || !settled {
			return evidence, err
		}
		for q, err := range p.Settled() {
			if err != nil {
				return evidence, err
			}
			if f, err = Recognise(q); err != nil {
				return evidence, err
			}
			if evidence, err = q.Evidence(evidence, f, rules.Has, service); err != nil {
				return evidence, err
			}
		}
		return evidence, nil
	}, nil
}

// spendersSought is among how many entries of an address's history the one is
// looked for that spends an output. Addresses with more in between are a
// service's, which the rules have nothing to say of.
const spendersSought = 256

// spender is the transaction before a position that spends an output paid to an
// address.
func spender(ctx context.Context, view graph.View, output graph.Position, to graph.ID, before graph.Position) (graph.Position, error) {
	sought := 0
	for e, err := range view.History(ctx, to, output.Next()) {
		if err != nil {
			return graph.Position{}, err
		}
		if sought++; sought > spendersSought || e.At.Compare(before) >= 0 {
			break
		}
		if e.Kind == graph.KindInput && e.Spends == output {
			return e.At.StartOf(), nil
		}
	}
	return graph.Position{}, nil
}

// seen tells whether an address occurs before a transaction. From the first
// block on a bit for each is enough; above it the ledger is asked about those
// that did not occur since.
type seen struct {
	ctx  context.Context
	view graph.View
	at   graph.Position // the transaction being looked at
	all  bool           // everything from the first block on was noted
	ids  idSet
	err  error // the first of asking the ledger
}

func newSeen(ctx context.Context, view graph.View, from uint32) *seen {
	return &seen{ctx: ctx, view: view, all: from == 0}
}

func (s *seen) before(id graph.ID) bool {
	if s.ids.has(id) {
		return true
	}
	if s.all || id == 0 {
		return false
	}
	for e, err := range s.view.History(s.ctx, id, graph.Position{}) {
		if err != nil {
			s.err = err
			return false
		}
		return e.At.Compare(s.at) < 0
	}
	return false
}

func (s *seen) note(p *Payment) {
	for _, side := range [...][]Coin{p.Inputs, p.Outputs} {
		for i := range side {
			s.ids.add(side[i].ID)
		}
	}
}
