package trace

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"spoor/cluster"
	"spoor/cluster/mixer"
	"spoor/graph"
)

// Exits is where the value that a trace lost in mixers could have come out. It
// is a list of hypotheses: nothing is followed along one unless a link of the
// case accepts it.
type Exits struct {
	Deposits []MixedDeposit
	LeftOut  int           // deposits that were not looked at, as there are too many
	Placebos []ExitPlacebo // by chain, in order of the rules
	Notes    []string      // what could not be looked at, and what counts less than it seems
}

// Bounds of the search; what they leave out is counted.
const (
	maxMixedDeposits = 500       // of a trace
	maxCandidates    = 50        // of a deposit by one rule
	maxPoolEntries   = 2_000_000 // of the histories of a chain's pools, those that value ended in first
)

// Placebo is how often a rule is met by chance on a chain.
func (x *Exits) Placebo(chain graph.ChainID, rule string) (mixer.Placebo, bool) {
	for _, p := range x.Placebos {
		if p.Chain == chain && p.Rule == rule {
			return p.Placebo, true
		}
	}
	return mixer.Placebo{}, false
}

// MixedDeposit is one deposit of stolen value into a mixer.
type MixedDeposit struct {
	Step       Step // by which it went in; several deposits of one transaction may share it
	Pool       *mixer.Pool
	Deposit    int               // of the pool
	LowerBound bool              // the pool's history was not read from its beginning to the tip: anonymity sets are larger
	Candidates []mixer.Candidate // by rule, the surest first; none if no rule names a withdrawal
	Unlisted   int               // candidates beyond those
}

// ExitPlacebo is how often a rule is met by chance in the pools of a chain.
type ExitPlacebo struct {
	Chain graph.ChainID
	mixer.Placebo
}

// anyAmount are the behaviours of mixers that take any amount.
var anyAmount = []string{"mixer_pool_variable", "shielded_pool"}

// MixerPool reports whether a label says that an address is a pool of a mixer.
func MixerPool(l graph.Label) bool {
	return l.Behaviour == "mixer_pool" || slices.Contains(anyAmount, l.Behaviour)
}

// findExits looks for candidates in the snapshots that t was made of. Deposits
// and withdrawals of all labelled pools of a chain are compared.
func (t *Trace) findExits(ctx context.Context, views map[graph.ChainID]graph.View, known Known) (x Exits, err error) {
	back := func(s Step) bool { return s.Rule == RuleMixerIn }
	if !slices.ContainsFunc(t.Stops, func(s Stop) bool { return s.Reason == StopMixer }) && !slices.ContainsFunc(t.Steps, back) {
		return x, nil
	}
	pools, err := known.Pools()
	if err != nil {
		return x, err
	}
	variable := make(map[graph.Address]bool)
	labelled := make(map[graph.ChainID][]graph.Address)
	for _, c := range t.Case.Labels {
		l, err := c.label()
		if err != nil {
			return x, fmt.Errorf("%w: %w", ErrCase, err)
		}
		pools = append(slices.Clip(pools), l)
	}
	for _, l := range pools {
		if !MixerPool(l) {
			continue
		}
		variable[l.Address] = variable[l.Address] || slices.Contains(anyAmount, l.Behaviour)
		labelled[l.Address.Chain] = append(labelled[l.Address.Chain], l.Address)
	}
	ended := make(map[graph.ChainID][]graph.Address)
	joins := 0
	for i := range t.Stops {
		switch s := &t.Stops[i]; {
		case s.Reason != StopMixer:
		case graph.ChainOf(s.Asset.Asset.Chain).Family != graph.AccountFamily:
			joins++
		case s.Label.Behaviour == "mixer_router":
			x.note("%s is a router, and value ended there: the calls by which it reached a pool were not read, so its deposits are not known", s.Address)
		default:
			ended[s.Address.Chain] = append(ended[s.Address.Chain], s.Address)
		}
	}
	for i := range t.Steps {
		if s := &t.Steps[i]; back(*s) { // taken back: the exit that is certain
			ended[s.Chain] = append(ended[s.Chain], s.To)
		}
	}
	if joins > 0 {
		x.note("%d ends in CoinJoins or mixers of UTXO ledgers: their equal outputs cannot be told apart by amount, and no exit is claimed", joins)
	}
	for _, id := range slices.Sorted(maps.Keys(ended)) {
		s := exitSearch{chain: graph.ChainOf(id), view: views[id], variable: variable, out: &x}
		if err := s.find(ctx, t, ended[id], labelled[id], known.Entities[id]); err != nil {
			return x, fmt.Errorf("exits on %s: %w", s.chain.Alias, err)
		}
	}
	return x, nil
}

func (x *Exits) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(x.Notes, text) {
		x.Notes = append(x.Notes, text)
	}
}

// exitSearch is the search on one chain.
type exitSearch struct {
	chain    graph.Chain
	view     graph.View
	variable map[graph.Address]bool
	out      *Exits

	pools   []*mixer.Pool
	entries int                    // of their histories
	short   map[graph.Address]bool // pools of which not all was read
}

func (s *exitSearch) find(ctx context.Context, t *Trace, ended, labelled []graph.Address, entities *cluster.Entities) error {
	s.short = make(map[graph.Address]bool)
	slices.SortFunc(ended, graph.Address.Compare)
	ended = slices.Compact(ended)
	readable := 0
	for _, a := range ended {
		ok, err := s.read(ctx, a)
		if err != nil {
			return err
		}
		if !ok {
			s.out.note("%s takes no fixed amounts or was not read, so its withdrawals cannot be told from other payments: no exits are looked for", a)
			continue
		}
		readable++
	}
	if readable == 0 {
		return nil
	}
	slices.SortFunc(labelled, graph.Address.Compare)
	for _, a := range slices.Compact(labelled) {
		if !slices.Contains(ended, a) {
			if _, err := s.read(ctx, a); err != nil {
				return err
			}
		}
	}
	owner, err := s.owners(entities)
	if err != nil {
		return err
	}
	if owner == nil {
		s.out.note("%s was not clustered: the rule %s is not asked", s.chain.Alias, mixer.SharedOwner)
	}
	search := &mixer.Search{View: s.view, Pools: s.pools, Owner: owner}
	found := len(s.out.Deposits)
	for i := range t.Steps {
		if err := s.follow(ctx, search, &t.Steps[i], ended); err != nil {
			return err
		}
	}
	if s.out.LeftOut > 0 {
		s.out.note("%d deposits were not looked at: %d of a trace are at most", s.out.LeftOut, maxMixedDeposits)
	}
	if found == len(s.out.Deposits) {
		return nil
	}
	placebos, err := search.Placebos(ctx)
	for _, p := range placebos {
		if p.Rule != mixer.SharedOwner || owner != nil {
			s.out.Placebos = append(s.out.Placebos, ExitPlacebo{s.chain.ID, p})
		}
	}
	return err
}

// read reads a pool, and reports whether it is one. A pool that is not in the
// store has no deposits.
func (s *exitSearch) read(ctx context.Context, a graph.Address) (ok bool, err error) {
	id, err := s.view.ID(a)
	if errors.Is(err, graph.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	n, err := s.view.Entries(id, maxPoolEntries+1-s.entries)
	if err != nil {
		return false, err
	}
	if s.entries+n > maxPoolEntries {
		s.out.note("%s has too long a history: the pools of %s that are read have %d entries at most, so counts over pools may be short", a, s.chain.Alias, maxPoolEntries)
		return false, nil
	}
	s.entries += n
	var pools []*mixer.Pool
	if s.variable[a] {
		pools, err = mixer.ReadShield(ctx, s.view, a)
	} else {
		var p *mixer.Pool
		p, err = mixer.ReadPool(ctx, s.view, a)
		pools = []*mixer.Pool{p}
	}
	switch {
	case errors.Is(err, mixer.ErrPool), errors.Is(err, graph.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	}
	whole, err := s.covered(ctx, a)
	if err != nil {
		return false, err
	}
	if !whole {
		s.short[a] = true
		s.out.note("the history of %s was not read from its beginning to the tip: anonymity sets of its withdrawals are lower bounds, and candidates may be missing", a)
	}
	for _, p := range pools {
		if p.Other > 0 {
			s.out.note("%s: %d transactions move %s in another way than deposits and withdrawals do, and are left out", a, p.Other, p.Asset.Asset.Text())
		}
	}
	s.pools = append(s.pools, pools...)
	return true, nil
}

// covered reports whether all that moved at an address was read, from the block
// that made it, or else the first, to the tip.
func (s *exitSearch) covered(ctx context.Context, a graph.Address) (bool, error) {
	rows, err := s.view.Coverage()
	if err != nil {
		return false, err
	}
	tip, err := s.view.Tip()
	if err != nil {
		return false, err
	}
	from := uint32(0)
	for e, err := range s.view.Events(ctx, a, graph.Position{}) {
		if err != nil {
			return false, err
		}
		if e.Kind == graph.Created && e.Subject == a {
			from = e.At.Block
			break
		}
	}
	return graph.Covers(rows, a, from, tip.Height), nil
}

// owners tells the entity of everybody who deposited or withdrew, nil if nothing
// was clustered.
func (s *exitSearch) owners(entities *cluster.Entities) (func(graph.Address) (graph.Address, bool), error) {
	if entities == nil {
		return nil, nil
	}
	var ids []graph.ID
	seen := make(map[graph.Address]graph.ID)
	meet := func(a graph.Address) error {
		if _, met := seen[a]; met || a.IsZero() {
			return nil
		}
		id, err := s.view.ID(a)
		if err == nil && !entities.Alone(id) {
			ids = append(ids, id)
		}
		seen[a] = id
		return err
	}
	for _, p := range s.pools {
		for i := range p.Deposits {
			if err := meet(p.Deposits[i].Depositor); err != nil {
				return nil, err
			}
		}
		for i := range p.Withdrawals {
			if err := meet(p.Withdrawals[i].Recipient); err != nil {
				return nil, err
			}
		}
	}
	names, err := entities.Names(ids)
	return func(a graph.Address) (graph.Address, bool) {
		name, joined := names[seen[a]]
		return name, joined
	}, err
}

// follow lists the exits of the deposits that a step made.
func (s *exitSearch) follow(ctx context.Context, search *mixer.Search, step *Step, ended []graph.Address) error {
	if step.Chain != s.chain.ID || step.Tainted.IsZero() || step.Rule == RuleLinkOut || !slices.Contains(ended, step.To) {
		return nil
	}
	met := false
	for i, p := range s.pools {
		if p.Address != step.To || p.Asset.Asset != step.Asset.Asset {
			continue
		}
		first, _ := slices.BinarySearchFunc(p.Deposits, step.At.StartOf(), func(d mixer.Deposit, at graph.Position) int { return d.At.Compare(at) })
		for j := first; j < len(p.Deposits) && p.Deposits[j].At.StartOf() == step.At.StartOf(); j++ {
			d := &p.Deposits[j]
			if !slices.Contains(step.Legs, d.At.Seq) {
				continue
			}
			met = true
			if slices.ContainsFunc(s.out.Deposits, func(o MixedDeposit) bool { return o.Pool == p && o.Deposit == j }) {
				continue // another step is part of it
			}
			if len(s.out.Deposits) == maxMixedDeposits {
				s.out.LeftOut++
				continue
			}
			found := MixedDeposit{Step: *step, Pool: p, Deposit: j, LowerBound: s.short[p.Address]}
			candidates, _, err := search.Exits(ctx, i, j)
			if err != nil {
				return err
			}
			listed := make(map[string]int)
			for _, c := range candidates {
				if listed[c.Rule]++; listed[c.Rule] <= maxCandidates {
					found.Candidates = append(found.Candidates, c)
				}
			}
			found.Unlisted = len(candidates) - len(found.Candidates)
			s.out.Deposits = append(s.out.Deposits, found)
		}
	}
	if !met {
		s.out.note("%s: what went to %s is no deposit of it (another asset or amount)", step.Tx.Text(s.chain.Family), step.To)
	}
	return nil
}
