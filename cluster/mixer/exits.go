package mixer

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"spoor/graph"
)

// The rules by which a withdrawal is a candidate for a deposit. They are those
// of Béres et al. 2021 and Tutela (Wu et al. 2022), as far as a ledger of
// movements can tell. Two of theirs it cannot: gas prices of withdrawals that
// the recipient sends himself are not kept (a fee is, which is price times gas
// used), and claims of mining rewards are no movements of a pool's asset.
const (
	// TakenBack: the pool itself states that the depositor took back this very
	// deposit, or what was left of it. It leaves nothing to chance.
	TakenBack = "taken_back"
	// AddressMatch: the recipient is the depositor.
	AddressMatch = "address_match"
	// LinkedAddress: recipient and depositor have at least three ordinary
	// movements between them.
	LinkedAddress = "linked_address"
	// DenominationCounts: within a day the recipient took as many of each of at
	// least two denominations as the depositor had given within a day, at least
	// three in all.
	DenominationCounts = "denomination_counts"
	// AmountMatch, where a pool takes any amount: as much left it, fees included,
	// as the deposit brought in, or a little less.
	AmountMatch = "amount_match"
	// SharedOwner: clustering holds recipient and depositor to be one owner, as
	// when both pay into one deposit address of an exchange.
	SharedOwner = "shared_owner"
)

// Rules lists the rules, the surest first.
func Rules() []string {
	return []string{TakenBack, AddressMatch, SharedOwner, DenominationCounts, AmountMatch, LinkedAddress}
}

// applies reports whether a rule can say anything about a pool.
func applies(rule string, p *Pool) bool {
	switch rule {
	case DenominationCounts:
		return !p.Variable()
	case AmountMatch, TakenBack:
		return p.Variable()
	}
	return true
}

// Thresholds of the rules; the paper's. What a shield keeps, in thousandths, is
// Railgun's 0.25 % doubled.
const (
	linkedMovements = 3
	countedPools    = 2
	countedInAll    = 3
	countedWithin   = 24 * 60 * 60 // seconds
	shieldKeeps     = 5
)

// Candidate is a withdrawal that could be a deposit's, by one rule.
type Candidate struct {
	Pool       *Pool
	Deposit    int // of the pool
	Withdrawal int // of the pool
	Rule       string
	Others     int    // withdrawals that the rule takes for this deposit besides
	Rivals     int    // deposits of the same depositor that it could be the exit of besides
	Anonymity  int    // deposits the withdrawal could belong to if nothing else were known
	Score      int    // 0 to 100: the part that chance leaves, shared among the candidates or the rivals, whichever are more
	Why        string // what was seen
}

// heuristicConfidence is the GraphSense level of a heuristic.
const heuristicConfidence = 10

// Chance reports whether the rule can be met by chance.
func (c *Candidate) Chance() bool { return c.Rule != TakenBack }

// Confidence is how sure the rule is, 0 to 100.
func (c *Candidate) Confidence() int {
	if c.Chance() {
		return heuristicConfidence
	}
	return 100
}

// Placebo is how often a rule is met by chance: it was asked which withdrawals
// from before a deposit could be the deposit's, and none can.
type Placebo struct {
	Rule     string
	Met      int // deposits for which the rule named one
	Deposits int // asked for
}

// Rate is the part of deposits met by chance, in parts of a thousand, rounded
// up. One more deposit is taken to be met, as that none of a few was does not say
// that chance never meets one: (met+1)/(deposits+1). Nothing asked is all.
func (p Placebo) Rate() int {
	return (1000*(p.Met+1) + p.Deposits) / (p.Deposits + 1)
}

// String says it in words.
func (p Placebo) String() string {
	return fmt.Sprintf("%s: met by chance at %d of %d deposits (withdrawals from before the deposit); taken for %d in 1000", p.Rule, p.Met, p.Deposits, p.Rate())
}

// Search looks for candidate exits in pools of one ledger.
type Search struct {
	View  graph.View
	Pools []*Pool
	// Owner names the entity of an address, the same for all of its addresses;
	// nil if nothing was clustered.
	Owner func(graph.Address) (graph.Address, bool)
	// MaxHistory is the number of movements from which an address is taken for
	// a service, whose counterparties say nothing; default 10,000.
	MaxHistory int
	// Sample bounds the deposits of each pool that the placebo is measured on;
	// default 500, spread evenly.
	Sample int

	linked map[graph.Address]map[graph.Address]int
	taken  map[graph.Address][]place // withdrawals by recipient
	given  map[graph.Address][]place // deposits by depositor

	measured []Placebo
}

// place is a deposit or a withdrawal.
type place struct {
	pool, index int
	at          graph.Position
	time        int64
}

// direction is which withdrawals are looked at: those after a deposit, or, to
// measure chance, those before it.
type direction bool

const (
	after  direction = true
	before direction = false
)

func (d direction) holds(deposit, withdrawal graph.Position) bool {
	return (withdrawal.Compare(deposit) > 0) == bool(d)
}

// Exits are the candidates of some deposits of a pool, by deposit and rule, and
// how often each rule is met by chance in these pools.
func (s *Search) Exits(ctx context.Context, pool int, deposits ...int) ([]Candidate, []Placebo, error) {
	s.index()
	placebos, err := s.Placebos(ctx)
	if err != nil {
		return nil, nil, err
	}
	chance := make(map[string]int)
	for _, p := range placebos {
		chance[p.Rule] = p.Rate()
	}
	var found []Candidate
	for _, deposit := range deposits {
		for _, rule := range Rules() {
			if !applies(rule, s.Pools[pool]) {
				continue
			}
			matches, err := s.match(ctx, rule, pool, deposit, after)
			if err != nil {
				return nil, nil, err
			}
			if rule == TakenBack && len(matches) > 0 {
				var back graph.Amount
				for _, m := range matches {
					w := &s.Pools[pool].Withdrawals[m.index]
					back.Add(&back, &w.Amount)
					found = append(found, Candidate{Pool: s.Pools[pool], Deposit: deposit, Withdrawal: m.index, Rule: rule, Others: len(matches) - 1, Anonymity: 1, Score: 100, Why: m.why})
				}
				if !back.Lt(&s.Pools[pool].Deposits[deposit].Amount) {
					break // nothing of it is left for another exit
				}
				continue
			}
			for _, m := range matches {
				rivals := s.rivals(pool, deposit, m.index)
				found = append(found, Candidate{Pool: s.Pools[pool], Deposit: deposit, Withdrawal: m.index, Rule: rule, Others: len(matches) - 1, Rivals: rivals,
					Anonymity: s.Pools[pool].AnonymitySet(m.index), Score: (1000 - chance[rule]) / (10 * max(len(matches), 1+rivals)), Why: m.why})
			}
		}
	}
	return found, placebos, nil
}

// rivals counts the other deposits into a pool that a depositor made before a
// withdrawal: what is said of him is said of each. Of a pool of any amount they
// are told apart by that.
func (s *Search) rivals(pool, deposit, withdrawal int) (n int) {
	p := s.Pools[pool]
	if p.Variable() {
		return 0
	}
	for _, d := range s.given[p.Deposits[deposit].Depositor] {
		if d.pool == pool && d.index != deposit && d.at.Compare(p.Withdrawals[withdrawal].At) < 0 {
			n++
		}
	}
	return n
}

// Placebos measures every rule that applies to one of the pools, once.
func (s *Search) Placebos(ctx context.Context) ([]Placebo, error) {
	if s.measured != nil {
		return s.measured, nil
	}
	s.index()
	sample := cmp.Or(s.Sample, 500)
	var all []Placebo
	for _, rule := range Rules() {
		if rule == TakenBack {
			continue // not met by chance
		}
		p := Placebo{Rule: rule}
		for i, pool := range s.Pools {
			if !applies(rule, pool) {
				continue
			}
			every := 1 + (len(pool.Deposits)-1)/sample
			for deposit := 0; deposit < len(pool.Deposits); deposit += every {
				matches, err := s.match(ctx, rule, i, deposit, before)
				if err != nil {
					return nil, err
				}
				p.Deposits++
				if len(matches) > 0 {
					p.Met++
				}
			}
		}
		if p.Deposits > 0 {
			all = append(all, p)
		}
	}
	s.measured = all
	return all, nil
}

func (s *Search) index() {
	if s.taken != nil {
		return
	}
	s.linked, s.taken, s.given = make(map[graph.Address]map[graph.Address]int), make(map[graph.Address][]place), make(map[graph.Address][]place)
	for i, p := range s.Pools {
		if p.Variable() {
			for j := range p.Withdrawals {
				if w := &p.Withdrawals[j]; !w.Recipient.IsZero() {
					s.taken[w.Recipient] = append(s.taken[w.Recipient], place{i, j, w.At, w.Time})
				}
			}
			continue // amounts are not counted
		}
		for j := range p.Deposits {
			d := &p.Deposits[j]
			if !d.Depositor.IsZero() {
				s.given[d.Depositor] = append(s.given[d.Depositor], place{i, j, d.At, d.Time})
			}
		}
		for j := range p.Withdrawals {
			w := &p.Withdrawals[j]
			if !w.Recipient.IsZero() {
				s.taken[w.Recipient] = append(s.taken[w.Recipient], place{i, j, w.At, w.Time})
			}
		}
	}
	for _, by := range []map[graph.Address][]place{s.given, s.taken} {
		for _, places := range by {
			slices.SortFunc(places, func(a, b place) int { return a.at.Compare(b.at) })
		}
	}
}

// match is one withdrawal that a rule takes for a deposit.
type match struct {
	index int
	why   string
}

func (s *Search) match(ctx context.Context, rule string, pool, deposit int, d direction) ([]match, error) {
	found, err := s.matches(ctx, rule, pool, deposit, d)
	if rule == TakenBack {
		return found, err
	}
	return slices.DeleteFunc(found, func(m match) bool { return s.Pools[pool].Withdrawals[m.index].Label != "" }), err // whose they are is known
}

func (s *Search) matches(ctx context.Context, rule string, pool, deposit int, d direction) ([]match, error) {
	p := s.Pools[pool]
	from := &p.Deposits[deposit]
	switch rule {
	case AmountMatch:
		return amounts(p, from, d), nil
	case TakenBack:
		return takenBack(p, from, d), nil
	}
	if from.Depositor.IsZero() {
		return nil, nil
	}
	switch rule {
	case AddressMatch:
		return s.to(pool, from, d, func(to graph.Address) (string, bool) {
			return "the recipient is the depositor", to == from.Depositor
		}, from.Depositor), nil
	case SharedOwner:
		return s.sharedOwner(pool, from, d), nil
	case LinkedAddress:
		linked, err := s.counterparties(ctx, from.Depositor)
		if err != nil {
			return nil, err
		}
		return s.to(pool, from, d, func(to graph.Address) (string, bool) {
			return fmt.Sprintf("%d movements between recipient and depositor", linked[to]), to != from.Depositor && linked[to] >= linkedMovements
		}), nil
	default:
		return s.counts(pool, from, d), nil
	}
}

// to lists the withdrawals of a pool by recipient; of some recipients only if
// they are named.
func (s *Search) to(pool int, from *Deposit, d direction, want func(graph.Address) (string, bool), only ...graph.Address) []match {
	var found []match
	p := s.Pools[pool]
	if len(only) > 0 {
		for _, a := range only {
			for _, w := range s.taken[a] {
				if why, ok := want(a); ok && w.pool == pool && d.holds(from.At, w.at) {
					found = append(found, match{w.index, why})
				}
			}
		}
		return found
	}
	for i := range p.Withdrawals {
		w := &p.Withdrawals[i]
		if w.Recipient.IsZero() || !d.holds(from.At, w.At) {
			continue
		}
		if why, ok := want(w.Recipient); ok {
			found = append(found, match{i, why})
		}
	}
	return found
}

// takenBack lists the withdrawals of which the pool states that they are the
// deposit's.
func takenBack(p *Pool, from *Deposit, d direction) (found []match) {
	for i := range p.Withdrawals {
		if w := &p.Withdrawals[i]; from.Label != "" && w.Label == from.Label && w.Recipient == from.Depositor && d.holds(from.At, w.At) {
			found = append(found, match{i, "the pool states that the depositor took back this deposit"})
		}
	}
	return found
}

func (s *Search) sharedOwner(pool int, from *Deposit, d direction) []match {
	if s.Owner == nil {
		return nil
	}
	owner, known := s.Owner(from.Depositor)
	if !known {
		return nil
	}
	return s.to(pool, from, d, func(to graph.Address) (string, bool) {
		if to == from.Depositor {
			return "", false // the surer rule says so
		}
		other, known := s.Owner(to)
		return "clustering holds both for one owner, " + owner.String(), known && other == owner
	})
}

// counterparties counts the ordinary movements between an address and others.
func (s *Search) counterparties(ctx context.Context, a graph.Address) (map[graph.Address]int, error) {
	if counts, known := s.linked[a]; known {
		return counts, nil
	}
	counts := make(map[graph.Address]int)
	s.linked[a] = counts
	id, err := s.View.ID(a)
	if err != nil {
		return nil, err
	}
	most := cmp.Or(s.MaxHistory, 10_000)
	if n, err := s.View.Entries(id, most); err != nil || n >= most {
		return counts, err
	}
	byID := make(map[graph.ID]int)
	for e, err := range s.View.History(ctx, id, graph.Position{}) {
		if err != nil {
			return nil, err
		}
		if e.Peer != 0 && !e.Kind.IsFee() && !e.Amount.IsZero() {
			byID[e.Peer]++
		}
	}
	for peer, n := range byID {
		if n < linkedMovements {
			continue
		}
		address, err := s.View.Address(peer)
		if err != nil {
			return nil, err
		}
		counts[address] = n
	}
	for _, p := range s.Pools {
		delete(counts, p.Address)
	}
	return counts, nil
}

// counts compares how many of each denomination the depositor gave within a day
// around the deposit with how many a recipient took within a day.
func (s *Search) counts(pool int, from *Deposit, d direction) []match {
	given := within(s.given[from.Depositor], from.Time)
	if len(given) < countedInAll || pools(given) < countedPools {
		return nil
	}
	first, last := given[0].at, given[len(given)-1].at
	var found []match
	for _, a := range s.recipients(pool) {
		if a == from.Depositor {
			continue
		}
		seen := make(map[int]bool)
		for _, w := range s.taken[a] {
			taken := within(s.taken[a], w.time)
			if seen[w.index] || w.pool != pool || len(taken) != len(given) || !d.holds(last, taken[0].at) || !d.holds(first, taken[len(taken)-1].at) {
				continue
			}
			if same(given, taken) {
				seen[w.index] = true
				found = append(found, match{w.index, fmt.Sprintf("depositor gave and recipient took %d of the same denominations in a day each", len(given))})
			}
		}
	}
	slices.SortFunc(found, func(a, b match) int { return a.index - b.index })
	return found
}

// recipients are those of a pool, once each, in order of first withdrawal.
func (s *Search) recipients(pool int) []graph.Address {
	var list []graph.Address
	met := make(map[graph.Address]bool)
	for i := range s.Pools[pool].Withdrawals {
		if a := s.Pools[pool].Withdrawals[i].Recipient; !a.IsZero() && !met[a] {
			met[a] = true
			list = append(list, a)
		}
	}
	return list
}

// within are the places of one address in the longest run around a time in
// which none is more than a day after the first.
func within(places []place, time int64) []place {
	at := slices.IndexFunc(places, func(p place) bool { return p.time >= time })
	if at < 0 {
		return nil
	}
	first := at
	for first > 0 && places[at].time-places[first-1].time <= countedWithin {
		first--
	}
	last := first
	for last < len(places) && places[last].time-places[first].time <= countedWithin {
		last++
	}
	return places[first:last]
}

func pools(places []place) int {
	met := make(map[int]bool)
	for _, p := range places {
		met[p.pool] = true
	}
	return len(met)
}

// same reports whether two runs have as many of each pool.
func same(a, b []place) bool {
	counts := make(map[int]int)
	for _, p := range a {
		counts[p.pool]++
	}
	for _, p := range b {
		counts[p.pool]--
	}
	for _, n := range counts {
		if n != 0 {
			return false
		}
	}
	return true
}
