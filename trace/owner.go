package trace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"spoor/cluster"
	"spoor/graph"
)

// Known is what is held about addresses besides the case's own labels. The
// zero Known holds nothing.
type Known struct {
	// Labels is what is claimed about an address; nil: nothing.
	Labels func(graph.Address) []graph.Label
	// Entities is who shares an owner, by chain; a chain that is not there was
	// not clustered.
	Entities map[graph.ChainID]*cluster.Entities
	// Pools lists the labels of mixers' pools (see MixerPool), besides those of the
	// case; nil: it is not asked where value could have come out of mixers.
	Pools func() ([]graph.Label, error)
	// Watch tells others how far the trace is; nil: nobody looks.
	Watch *Watch
}

// Clustering is what the entities of a chain were computed from.
type Clustering struct {
	Chain    graph.Chain
	UpTo     uint32             // the last block whose evidence counts
	Rules    []cluster.RuleInfo // that count
	Guard    cluster.Guard
	Evidence graph.Digest // of positions, rules and confidences
	Pieces   uint64
	Vetoes   []cluster.Veto
}

// Member is evidence that an address belongs to an entity.
type Member struct {
	Entity, Address graph.Address
	Rule            string
	At              graph.Position
	Tx              graph.Hash
	Confidence      int
}

// owned is what the entity of an address says: where value ends there because
// of who its owner is. An exchange's deposit address ends it, and so does an
// address that signed together with a labelled one, or whose entity a label
// speaks for. It tells whether that is so at all times.
func (r *run) owned(l *ledger, id graph.ID, time int64) (best ending, always bool, err error) {
	e := l.entities
	if e == nil {
		return ending{}, true, nil
	}
	if d, ok := e.Deposit(id); ok {
		best, err = l.depositEnding(id, &d)
		return best, true, err
	}
	claims, err := r.claims(l, id)
	if err != nil {
		return ending{}, false, err
	}
	always = true
	var member graph.ID
	for i := range claims {
		c := &claims[i]
		always = always && !c.Label.Bounded()
		if !c.Label.HoldsAt(time) {
			continue
		}
		reason := reasonOf(c.Label)
		speaks := c.Label.Definer || c.CoSpend && cluster.OwnerName(c.Label) != ""
		if reason == "" || !speaks {
			continue
		}
		by, sure := cluster.CoSpend.String(), cluster.CoSpend.Info().Confidence
		if !c.CoSpend {
			by, sure = leastSure(e.Rules())
		}
		sure = min(sure, c.Label.Confidence)
		if best.reason == "" || sure > best.confidence {
			member = c.Member
			best = ending{reason: reason, label: c.Label, statement: graph.Attributed, confidence: sure, heuristic: by,
				rule: fmt.Sprintf("label: %s, of %s; one owner by %s", c.Label.Source, c.Label.Address, by)}
		}
	}
	if member != 0 && !slices.Contains(l.vouched[id], member) {
		l.vouched[id] = append(l.vouched[id], member)
	}
	return best, always, nil
}

// leastSure is the rule that the others of a set are at least as sure as.
func leastSure(rules cluster.RuleSet) (name string, confidence int) {
	name, confidence = cluster.CoSpend.String(), cluster.CoSpend.Info().Confidence
	for _, info := range cluster.Rules() {
		if rules.Has(info.Rule) && info.Confidence < confidence {
			name, confidence = info.Name, info.Confidence
		}
	}
	return name, confidence
}

// depositEnding ends value at a deposit address, one hop before the exchange.
func (l *ledger) depositEnding(id graph.ID, d *cluster.Deposit) (ending, error) {
	address, err := l.address(id)
	if err != nil {
		return ending{}, err
	}
	wallet, err := l.address(d.Wallet)
	if err != nil {
		return ending{}, err
	}
	tx, err := l.view.Tx(d.First)
	if err != nil {
		return ending{}, err
	}
	label := d.Label(address, cluster.DefaultDepositParams())
	for _, c := range l.entities.Claims(d.Wallet) {
		if c.Member == d.Wallet && cluster.IsExchange(c.Label) {
			label.Name = c.Label.Name + " deposit" // as the source writes it
			break
		}
	}
	return ending{reason: StopService, label: label, statement: graph.Attributed, confidence: label.Confidence, heuristic: cluster.DepositReuse.String(),
		rule: fmt.Sprintf("%s: it forwards to %s, first in %s", cluster.DepositReuse, wallet, tx.Hash.Text(l.chain.Family))}, nil
}

// claims are the labels of the other members of an address's entity, those of
// the case first.
func (r *run) claims(l *ledger, id graph.ID) ([]cluster.Claim, error) {
	if l.entities.Alone(id) {
		return nil, nil
	}
	if l.caseIDs == nil {
		l.caseIDs = []graph.ID{}
		for _, a := range slices.SortedFunc(maps.Keys(r.plan.labels), graph.Address.Compare) {
			if a.Chain != l.chain.ID {
				continue
			}
			member, err := l.view.ID(a)
			if errors.Is(err, graph.ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			l.caseIDs = append(l.caseIDs, member)
		}
	}
	var claims []cluster.Claim
	for _, member := range l.caseIDs {
		if !l.entities.Same(id, member) {
			continue
		}
		a, err := l.address(member)
		if err != nil {
			return nil, err
		}
		for _, label := range r.plan.labels[a] {
			claims = append(claims, cluster.Claim{Member: member, Label: label, CoSpend: l.entities.SameByCoSpend(id, member)})
		}
	}
	return append(claims, l.entities.Claims(id)...), nil
}

// owners fills in the entities of every address of the trace, and the evidence
// that joins those of one entity with its name and with whose label was used.
func (r *run) owners(ctx context.Context, t *Trace) error {
	t.Owners = make(map[graph.Address]graph.Address)
	for _, tip := range t.Tips {
		l := r.ledgers[tip.Chain.ID]
		if l.entities == nil {
			continue
		}
		used, err := l.entities.Basis(ctx)
		if err != nil {
			return err
		}
		c := Clustering{Chain: l.chain, UpTo: used.UpTo, Guard: l.entities.Guard(), Evidence: used.Digest, Pieces: used.Pieces, Vetoes: used.Vetoes}
		for _, info := range cluster.Rules() {
			if l.entities.Rules().Has(info.Rule) {
				c.Rules = append(c.Rules, info)
			}
		}
		t.Clusterings = append(t.Clusterings, c)
		if c.UpTo < tip.Height {
			t.Notes = append(t.Notes, fmt.Sprintf("%s: who shares an owner is known as of block %d", l.chain.Alias, c.UpTo))
		}
		if err := l.owners(ctx, t); err != nil {
			return err
		}
	}
	for i := range t.Holders {
		t.Holders[i].Owner = t.Owners[t.Holders[i].Address]
	}
	for i := range t.Stops {
		t.Stops[i].Owner = t.Owners[t.Stops[i].Address]
	}
	slices.SortFunc(t.Members, compareMembers)
	t.Members = slices.Compact(t.Members)
	return nil
}

func compareMembers(a, b Member) int {
	return cmp.Or(a.Entity.Compare(b.Entity), a.At.Compare(b.At), a.Address.Compare(b.Address), cmp.Compare(a.Rule, b.Rule))
}

func (l *ledger) owners(ctx context.Context, t *Trace) error {
	met := make(map[graph.ID]bool)
	meet := func(a graph.Address) error {
		if a.Chain != l.chain.ID {
			return nil
		}
		id, err := l.view.ID(a)
		if errors.Is(err, graph.ErrNotFound) {
			return nil
		}
		if err == nil && !l.entities.Alone(id) {
			met[id] = true
		}
		return err
	}
	for i := range t.Steps {
		if err := errors.Join(meet(t.Steps[i].From), meet(t.Steps[i].To)); err != nil {
			return err
		}
	}
	for i := range t.Stops {
		if err := meet(t.Stops[i].Address); err != nil {
			return err
		}
	}
	for i := range t.Holders {
		if err := meet(t.Holders[i].Address); err != nil {
			return err
		}
	}
	ids := slices.Sorted(maps.Keys(met))
	names, err := l.entities.Names(ids)
	if err != nil {
		return err
	}
	groups := make(map[graph.Address][]graph.ID) // of one entity, its name first
	for _, id := range ids {
		a, err := l.address(id)
		if err != nil {
			return err
		}
		t.Owners[a] = names[id]
		if groups[names[id]] == nil {
			name, err := l.view.ID(names[id])
			if err != nil {
				return err
			}
			groups[names[id]] = []graph.ID{name}
		}
		groups[names[id]] = append(groups[names[id]], id)
		groups[names[id]] = append(groups[names[id]], l.vouched[id]...)
	}
	return l.members(ctx, t, groups)
}

// members adds the evidence that joins the addresses of each group.
func (l *ledger) members(ctx context.Context, t *Trace, groups map[graph.Address][]graph.ID) error {
	names := slices.SortedFunc(maps.Keys(groups), graph.Address.Compare)
	lists := make([][]graph.ID, len(names))
	for i, name := range names {
		lists[i] = groups[name]
	}
	trees, err := l.entities.Chains(ctx, lists...)
	if err != nil {
		return err
	}
	for i, name := range names {
		for _, s := range trees[i] {
			tx, err := l.view.Tx(s.Evidence.At)
			if err != nil {
				return err
			}
			for _, end := range []graph.ID{s.From, s.To} {
				a, err := l.address(end)
				if err != nil {
					return err
				}
				t.Members = append(t.Members, Member{Entity: name, Address: a, Rule: s.Evidence.Rule.String(), At: s.Evidence.At, Tx: tx.Hash, Confidence: int(s.Evidence.Confidence)})
			}
		}
	}
	return nil
}
