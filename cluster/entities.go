package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"

	"spoor/graph"
)

// Choice is what entities are computed from beside the log: the same log and
// choice give the same entities.
type Choice struct {
	Rules  RuleSet       // that count; 0: the defaults
	UpTo   *uint32       // the last block whose evidence counts; nil: all
	Vetoes []Veto        // of any chain
	Labels []graph.Label // what is claimed about addresses of any chain
	Guard  Guard
}

// Entities is who shares an owner on one ledger. It is for one goroutine, and
// for as long as its log and view are open.
type Entities struct {
	log    *Log
	view   graph.View
	choice Choice
	upTo   uint32

	forest   *forest
	labels   []labelled        // of addresses that are in the ledger, in their order
	claims   map[uint32][]int  // labels by root
	owner    map[uint32]string // by root
	exchange map[uint32]string // by address: the owner, of exchanges' own wallets
	service  map[uint32]bool   // by address: pays for others
	kept     []Evidence        // of deposits, that counts
	pooled   map[Evidence]bool // of airdrops, that counts
	deposits map[uint32]*Deposit
	first    map[uint32]uint32 // of a deposit address: who paid into it first
	vetoes   []vetoed
	barred   map[uint32][]int // vetoes by the roots of their ends

	coSpend, all Sizes
	held         uint64
	names        map[uint32]graph.Address // of entities that were named, by root
}

// labelled is a label of an address that is in the ledger.
type labelled struct {
	id    uint32
	label graph.Label
}

type vetoed struct{ a, b uint32 }

// Sizes sums up a partition.
type Sizes struct {
	Entities  int `json:"entities"`  // of two addresses or more
	Addresses int `json:"addresses"` // in them
	Largest   int `json:"largest"`   // addresses of the largest
}

// Compute joins what the log has evidence for: first all co-spends, so that
// what signed together decides before any behaviour does and the guard knows
// how large entities are, then all else, each in ledger order. The ledger may
// have grown beyond the log; what the log has not seen is alone.
func Compute(ctx context.Context, log *Log, view graph.View, c Choice) (*Entities, error) {
	if c.Rules == 0 {
		c.Rules = DefaultRules()
	}
	c.Rules, c.Guard = c.Rules.Of(log.chain.Family), c.Guard.withDefaults()
	e := &Entities{log: log, view: view, choice: c, upTo: math.MaxUint32, owner: map[uint32]string{}, exchange: map[uint32]string{}, service: map[uint32]bool{}, claims: map[uint32][]int{},
		deposits: map[uint32]*Deposit{}, first: map[uint32]uint32{}, barred: map[uint32][]int{}}
	if c.UpTo != nil {
		e.upTo = *c.UpTo
	}
	if err := e.compute(ctx); err != nil {
		return nil, fmt.Errorf("entities of %s: %w", log.chain.Alias, err)
	}
	return e, nil
}

func (e *Entities) compute(ctx context.Context) error {
	size, err := e.view.Size()
	if err != nil {
		return err
	}
	if e.forest, err = newForest(size.Addresses); err != nil {
		return err
	}
	if err := errors.Join(e.findLabels(), e.findVetoes()); err != nil {
		return err
	}
	if err := e.apply(ctx, func(r Rule) bool { return !r.behaviour() }); err != nil {
		return err
	}
	e.coSpend = e.forest.sizes()
	e.forest.settle()
	if e.choice.Rules.Has(DepositReuse) {
		if err := e.findDeposits(ctx); err != nil {
			return err
		}
	}
	if e.choice.Rules.Has(Airdrop) {
		if err := e.findAirdrops(ctx); err != nil {
			return err
		}
	}
	if err := e.apply(ctx, Rule.behaviour); err != nil {
		return err
	}
	e.all = e.forest.sizes()
	for i := range e.labels {
		root := e.forest.root(e.labels[i].id)
		e.claims[root] = append(e.claims[root], i)
	}
	return nil
}

// findLabels looks up who is labelled, and gives each address the owner that
// its surest label names, and the exchange that its surest label of one does.
func (e *Entities) findLabels() error {
	owners := ownersOf(e.choice.Labels)
	for _, l := range e.choice.Labels {
		if l.Address.Chain != e.log.chain.ID {
			continue
		}
		id, err := e.view.ID(l.Address)
		if errors.Is(err, graph.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		e.labels = append(e.labels, labelled{uint32(id), l})
		name := owners.of(l)
		if e.owner[uint32(id)] == "" && name != "" {
			e.owner[uint32(id)] = name
		}
		if e.exchange[uint32(id)] == "" && IsExchange(l) {
			e.exchange[uint32(id)] = name
		}
		if isService(l) {
			e.service[uint32(id)] = true
		}
	}
	return nil
}

func (e *Entities) findVetoes() error {
	for _, v := range e.choice.Vetoes {
		if v.A.Chain != e.log.chain.ID {
			continue
		}
		a, err := e.view.ID(v.A)
		var b graph.ID
		if err == nil {
			b, err = e.view.ID(v.B)
		}
		if errors.Is(err, graph.ErrNotFound) {
			continue // what the ledger has not seen is alone
		}
		if err != nil {
			return err
		}
		n := len(e.vetoes)
		e.vetoes = append(e.vetoes, vetoed{uint32(a), uint32(b)})
		e.barred[uint32(a)], e.barred[uint32(b)] = append(e.barred[uint32(a)], n), append(e.barred[uint32(b)], n)
	}
	return nil
}

// evidence calls f for what counts of the log, in its order. Of deposits and
// airdrops that is what was kept; that of deposits has the log's order too.
func (e *Entities) evidence(ctx context.Context, wanted func(Rule) bool, f func(*Evidence) error) error {
	kept := e.kept
	return e.raw(ctx, wanted, func(v *Evidence) error {
		if v.Rule == DepositReuse {
			if len(kept) == 0 || kept[0] != *v {
				return nil
			}
			kept = kept[1:]
		}
		if v.Rule == Airdrop && !e.pooled[*v] {
			return nil
		}
		return f(v)
	})
}

// raw calls f for the evidence of chosen rules.
func (e *Entities) raw(ctx context.Context, wanted func(Rule) bool, f func(*Evidence) error) error {
	n := 0
	for v, err := range e.log.Evidence(e.upTo) {
		if err != nil {
			return err
		}
		if n++; n%65536 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if !e.choice.Rules.Has(v.Rule) || !wanted(v.Rule) {
			continue
		}
		if !e.forest.has(v.A) || !e.forest.has(v.B) || v.C != 0 && !e.forest.has(v.C) {
			return fmt.Errorf("%w: evidence at %s names an address that the ledger does not have", graph.ErrDamaged, v.At)
		}
		if err := f(&v); err != nil {
			return err
		}
	}
	return nil
}

func (e *Entities) apply(ctx context.Context, wanted func(Rule) bool) error {
	return e.evidence(ctx, wanted, func(v *Evidence) error {
		a, b := e.ends(v)
		a, b = e.forest.root(a), e.forest.root(b)
		if a == b {
			return nil
		}
		if e.obstacle(v.Rule, a, b) != "" {
			e.held++
			return nil
		}
		e.merge(a, b)
		return nil
	})
}

// ends are the two addresses that evidence joins: of a deposit its user and the
// first who paid there, as the deposit address itself is the exchange's.
func (e *Entities) ends(v *Evidence) (a, b uint32) {
	if v.Rule != DepositReuse {
		return uint32(v.A), uint32(v.B)
	}
	return uint32(v.A), e.first[uint32(v.B)]
}

// merge joins two roots, and what is noted about them.
func (e *Entities) merge(a, b uint32) {
	root := e.forest.join(a, b)
	other := a + b - root
	if name := e.owner[other]; name != "" && e.owner[root] == "" {
		e.owner[root] = name
	}
	if list := e.barred[other]; list != nil {
		e.barred[root] = append(e.barred[root], list...)
		delete(e.barred, other)
	}
}

// Obstacles are why evidence is held back.
const (
	ObstacleVeto   = "veto"
	ObstacleOwners = "different owners"
	ObstacleSize   = "two large entities"
)

// obstacle is why two roots are not joined by a rule, "" if they are. What
// keeps two entities apart once keeps them apart for good: entities only grow,
// and keep the owner they have. So evidence was held back if and only if its
// ends are in two entities at the end.
func (e *Entities) obstacle(r Rule, a, b uint32) string {
	for _, i := range e.barred[a] {
		v := e.vetoes[i]
		x, y := e.forest.root(v.a), e.forest.root(v.b)
		if x == a && y == b || x == b && y == a {
			return ObstacleVeto
		}
	}
	if p, q := e.owner[a], e.owner[b]; p != "" && q != "" && p != q {
		return ObstacleOwners
	}
	if least := e.choice.Guard.least(r); least > 0 && e.forest.size(a) >= least && e.forest.size(b) >= least {
		return ObstacleSize
	}
	return ""
}

// findAirdrops judges the evidence of airdrops, with what is known now.
func (e *Entities) findAirdrops(ctx context.Context) error {
	found, err := e.of(ctx, Airdrop)
	if err != nil {
		return err
	}
	shared := func(id graph.ID) bool {
		return e.owner[e.forest.root(uint32(id))] != "" || e.deposits[uint32(id)] != nil
	}
	_, kept := AirdropsOf(found, DefaultAirdropParams(), shared)
	e.pooled = make(map[Evidence]bool, len(kept))
	for _, v := range kept {
		e.pooled[v] = true
	}
	return nil
}

// of is the evidence of one rule.
func (e *Entities) of(ctx context.Context, rule Rule) (found []Evidence, err error) {
	err = e.raw(ctx, func(r Rule) bool { return r == rule }, func(v *Evidence) error {
		found = append(found, *v)
		return nil
	})
	return found, err
}

// findDeposits judges the evidence of deposits, with what is known now.
func (e *Entities) findDeposits(ctx context.Context) error {
	found, err := e.of(ctx, DepositReuse)
	if err != nil {
		return err
	}
	exchange := func(id graph.ID) string { return e.exchange[uint32(id)] }
	service := func(id graph.ID) bool { return e.service[uint32(id)] && e.exchange[uint32(id)] == "" }
	contracts, err := Contracts(ctx, e.view, wallets(found))
	if err != nil {
		return err
	}
	found, err = e.unpoisoned(ctx, found)
	if err != nil {
		return err
	}
	j := DepositsOf(found, DepositRoles{Exchange: exchange, Contract: func(id graph.ID) bool { return contracts[id] }, Service: service})
	e.kept = j.Kept
	for i := range j.Deposits {
		e.deposits[uint32(j.Deposits[i].Address)] = &j.Deposits[i]
	}
	for i := range e.kept {
		if v := &e.kept[i]; e.first[uint32(v.B)] == 0 {
			e.first[uint32(v.B)] = uint32(v.A)
		}
	}
	return nil
}

// wallets names each exchange's wallet of evidence once. The other addresses
// were looked at when the evidence was found; there are too many to ask again.
func wallets(found []Evidence) (once []Evidence) {
	met := make(map[graph.ID]bool)
	for i := range found {
		if id := found[i].C; !met[id] {
			met[id] = true
			once = append(once, Evidence{C: id})
		}
	}
	return once
}

// sizes sums up the partition as it is.
func (f *forest) sizes() (s Sizes) {
	for i := 1; i < len(f.next); i++ {
		if n := int(-f.next[i]); n > 1 {
			s.Entities++
			s.Addresses += n
			s.Largest = max(s.Largest, n)
		}
	}
	return s
}

// CoSpend sums up the entities by co-spends only.
func (e *Entities) CoSpend() Sizes { return e.coSpend }

// All sums up the entities by all rules that count.
func (e *Entities) All() Sizes { return e.all }

// HeldBack counts the evidence that was held back.
func (e *Entities) HeldBack() uint64 { return e.held }

// Rules are the rules that counted.
func (e *Entities) Rules() RuleSet { return e.choice.Rules }

// Guard is the guard that was kept.
func (e *Entities) Guard() Guard { return e.choice.Guard }

// Chain is the chain of the ledger.
func (e *Entities) Chain() graph.Chain { return e.log.chain }

// Tip is how far the evidence goes; not ok if there is none.
func (e *Entities) Tip() (Mark, bool) { return e.log.Tip() }

// Same reports whether two addresses share an owner.
func (e *Entities) Same(a, b graph.ID) bool {
	if !e.forest.has(a) || !e.forest.has(b) {
		return a == b
	}
	return e.forest.root(uint32(a)) == e.forest.root(uint32(b))
}

// SameByCoSpend reports whether two addresses share an owner by co-spends only.
func (e *Entities) SameByCoSpend(a, b graph.ID) bool {
	if !e.forest.has(a) || !e.forest.has(b) {
		return a == b
	}
	return e.forest.firstRoot(uint32(a)) == e.forest.firstRoot(uint32(b))
}

// Alone reports whether no evidence joins an address with another.
func (e *Entities) Alone(id graph.ID) bool {
	return !e.forest.has(id) || e.forest.size(e.forest.root(uint32(id))) == 1
}

// Members are the addresses of the entity of an address, in order of number.
func (e *Entities) Members(id graph.ID) []graph.ID {
	if e.Alone(id) {
		return []graph.ID{id}
	}
	root := e.forest.root(uint32(id))
	members := make([]graph.ID, 0, e.forest.size(root))
	for i := 1; i < len(e.forest.next); i++ {
		if e.forest.root(uint32(i)) == root {
			members = append(members, graph.ID(i))
		}
	}
	return members
}

// Size counts the addresses of the entity of an address.
func (e *Entities) Size(id graph.ID) int {
	if e.Alone(id) {
		return 1
	}
	return e.forest.size(e.forest.root(uint32(id)))
}

// Names is the name of the entity of each of some addresses: its smallest
// address, by canonical bytes. It looks at every member the first time.
func (e *Entities) Names(ids []graph.ID) (map[graph.ID]graph.Address, error) {
	smallest := make(map[uint32]graph.Address)
	names := make(map[graph.ID]graph.Address, len(ids))
	for _, id := range ids {
		if e.Alone(id) {
			a, err := e.view.Address(id)
			if err != nil {
				return nil, err
			}
			names[id] = a
			continue
		}
		root := e.forest.root(uint32(id))
		if name, known := e.names[root]; known {
			names[id] = name
			continue
		}
		smallest[root] = graph.Address{}
	}
	if len(smallest) > 0 {
		for i := 1; i < len(e.forest.next); i++ {
			root := e.forest.root(uint32(i))
			least, wanted := smallest[root]
			if !wanted {
				continue
			}
			a, err := e.view.Address(graph.ID(i))
			if err != nil {
				return nil, err
			}
			if least.IsZero() || a.Compare(least) < 0 {
				smallest[root] = a
			}
		}
	}
	if e.names == nil {
		e.names = make(map[uint32]graph.Address)
	}
	maps.Copy(e.names, smallest)
	for _, id := range ids {
		if names[id].IsZero() {
			names[id] = smallest[e.forest.root(uint32(id))]
		}
	}
	return names, nil
}

// Claim is a label of a member of an entity.
type Claim struct {
	Member  graph.ID
	Label   graph.Label
	CoSpend bool // the member is joined by co-spends only
}

// Claims are the labels of the entity of an address, those of the address
// itself included, in the order of the labels.
func (e *Entities) Claims(id graph.ID) []Claim {
	if !e.forest.has(id) {
		return nil
	}
	var claims []Claim
	first := e.forest.firstRoot(uint32(id))
	for _, i := range e.claims[e.forest.root(uint32(id))] {
		l := &e.labels[i]
		claims = append(claims, Claim{graph.ID(l.id), l.label, e.forest.firstRoot(l.id) == first})
	}
	return claims
}

// Deposit tells whose customer a deposit address was given to; not ok for an
// address that is none.
func (e *Entities) Deposit(id graph.ID) (d Deposit, ok bool) {
	if !e.forest.has(id) || e.deposits[uint32(id)] == nil {
		return Deposit{}, false
	}
	return *e.deposits[uint32(id)], true
}

// Deposits counts the deposit addresses.
func (e *Entities) Deposits() int { return len(e.deposits) }

// Used is what entities were computed from.
type Used struct {
	UpTo   uint32       // the last block whose evidence counts
	Digest graph.Digest // of the positions, rules and confidences of the evidence; the same whatever the ids are
	Pieces uint64
	Vetoes []Veto // of the chain
}

// Basis tells what the entities were computed from. It reads the log.
func (e *Entities) Basis(ctx context.Context) (u Used, err error) {
	d := sha256.New()
	var b []byte
	err = e.raw(ctx, Rule.known, func(v *Evidence) error {
		b = binary.BigEndian.AppendUint32(b[:0], v.At.Block)
		b = append(binary.BigEndian.AppendUint32(b, v.At.Tx), byte(v.Rule), v.Confidence)
		_, err := d.Write(b)
		u.Pieces++
		return err
	})
	d.Sum(u.Digest[:0])
	u.UpTo = e.upTo
	if tip, ok := e.log.Tip(); ok {
		u.UpTo = min(u.UpTo, tip.Height)
	}
	for _, v := range e.choice.Vetoes {
		if v.A.Chain == e.log.chain.ID {
			u.Vetoes = append(u.Vetoes, v)
		}
	}
	return u, err
}
