package eval

import (
	"slices"

	"spoor/cluster"
	"spoor/graph"
)

// Owners is how the rules of UTXO ledgers do where owners are known.
type Owners struct {
	Ledger    string
	Txs       int
	Rounds    int // transactions known to be CoinJoins
	Missed    int // of the rounds, those not recognised
	Mistaken  int // recognised as CoinJoins, and none
	Payouts   Payouts
	Addresses int // of known owners
	Pairs     int // of addresses that truly share an owner
	Sets      []RuleSetScore
	Rules     []RuleScore
}

// Payouts is how the recogniser of payout batches does; all zero where no batch
// is known.
type Payouts struct {
	Batches, Found, Mistaken int
}

// RuleSetScore is what a choice of rules makes of the ledger: of all pairs of
// addresses of known owners that it puts into one entity, how many truly share
// an owner, and how many of those there are it finds.
type RuleSetScore struct {
	Name    string
	Joined  int // pairs put into one entity
	Right   int // of those, pairs of one owner
	Pairs   int // pairs of one owner in the ledger
	Largest int // addresses of known owners in the largest entity
	All     int // addresses of known owners
}

// Precision is the share of joined pairs that is right, in percent; 100 if
// nothing was joined.
func (s *RuleSetScore) Precision() float64 { return percent(s.Right, s.Joined) }

// Recall is the share of true pairs that was joined, in percent.
func (s *RuleSetScore) Recall() float64 { return percent(s.Right, s.Pairs) }

// RuleScore is a rule on its own: each link it claims between addresses of known
// owners, and the same of its placebo: the same rule on the same transactions,
// in which the outputs' values, forms and histories were dealt anew among the
// outputs' addresses. What a placebo gets right is chance.
type RuleScore struct {
	Rule           cluster.Rule
	Claims, Right  int
	Unknown        int // claims about an address whose owner is not known
	Placebo        int // claims of the placebo
	PlaceboRight   int // right by chance
	PlaceboMeaning string
}

// Precision is the share of claims that is right, in percent.
func (s *RuleScore) Precision() float64 { return percent(s.Right, s.Claims) }

// Chance is the share of the placebo's claims that is right, in percent; 0 of
// none.
func (s *RuleScore) Chance() float64 { return 100 - percent(s.Placebo-s.PlaceboRight, s.Placebo) }

// utxoRules are the rules that are measured.
var utxoRules = []cluster.Rule{
	cluster.CoSpend, cluster.ChangeDirect, cluster.ChangeType, cluster.ChangeOneTime, cluster.ChangeReuse, cluster.ChangeOptimal,
	cluster.ChangeRound, cluster.ChangeThousand, cluster.ChangePeel, cluster.ChangeLegacy, cluster.ChangeGraphSense, cluster.ChangeAgreed,
	cluster.ChangeLockTime, cluster.ChangeFixedFee, cluster.ChangeFingerprint,
}

// ruleSets are the choices that are measured; each includes common input with
// the veto but the first, which has no veto.
var ruleSets = []struct {
	name  string
	bare  bool
	rules []cluster.Rule
	sure  uint8 // the least confidence of common input
}{
	{"common input, no veto", true, nil, 0},
	{"common input", false, nil, 0},
	{"without PayJoin shapes", false, nil, 60},
	{"and direct change", false, []cluster.Rule{cluster.ChangeDirect}, 0},
	{"and agreed change", false, []cluster.Rule{cluster.ChangeDirect, cluster.ChangeAgreed}, 0},
	{"and graphsense change", false, []cluster.Rule{cluster.ChangeDirect, cluster.ChangeGraphSense}, 0},
	{"and legacy change", false, []cluster.Rule{cluster.ChangeDirect, cluster.ChangeLegacy}, 0},
	{"and change by habits", false, []cluster.Rule{cluster.ChangeDirect, cluster.ChangeLockTime, cluster.ChangeFixedFee, cluster.ChangeFingerprint}, 0},
	{"and any change rule", false, utxoRules[1:], 0},
}

// MeasureEmulated measures on a chain of real Wasabi 2 clients (crocs-muni/
// coinjoin-analysis): first with the owners of the ten wallets, which are exact,
// then with all other addresses, of the miner and the distributor that fund
// them, taken for one owner's. The wallets sign nothing but rounds, so only the
// second has anything for a rule to find.
func MeasureEmulated(dir string) (wallets, funded *Owners, err error) {
	l, err := readEmulated(dir)
	if err != nil {
		return nil, nil, err
	}
	if wallets, err = l.measure("emulated Wasabi 2"); err != nil {
		return nil, nil, err
	}
	for i := range l.txs {
		for _, m := range l.txs[i].Moves {
			if _, known := l.owners[m.To]; !known && m.To != 0 && !m.Amount.IsZero() {
				l.owners[m.To] = "funding"
			}
		}
	}
	funded, err = l.measure("emulated Wasabi 2 and its funding")
	return wallets, funded, err
}

// measure runs all rules over the ledger.
func (l *ledger) measure(name string) (*Owners, error) {
	o := &Owners{Ledger: name, Txs: len(l.txs)}
	scores := map[cluster.Rule]*RuleScore{}
	for _, r := range utxoRules {
		scores[r] = &RuleScore{Rule: r, PlaceboMeaning: "the outputs' values, forms and histories dealt anew among their addresses"}
	}
	scores[cluster.CoSpend].PlaceboMeaning = "the first input's address and one of the transaction before"
	scores[cluster.ChangeDirect].PlaceboMeaning = "none: the claim is a fact"
	bare := newForest(len(l.names))
	var found []cluster.Evidence
	var last graph.ID
	for p, err := range l.payments() {
		if err != nil {
			return nil, err
		}
		f, err := cluster.Recognise(p)
		if err != nil {
			return nil, err
		}
		o.count(l.mixes[p.At], f)
		if err := o.Payouts.count(l.pays[p.At], p, f); err != nil {
			return nil, err
		}
		bare.joinInputs(p)
		from := len(found)
		if found, err = p.Evidence(found, f, all, nil); err != nil {
			return nil, err
		}
		for _, e := range found[from:] {
			l.score(scores[e.Rule], e.A, e.B)
		}
		if err := l.placebo(p, f, last, scores); err != nil {
			return nil, err
		}
		if found, err = l.settled(p, found, scores); err != nil {
			return nil, err
		}
		if len(p.Inputs) > 0 {
			last = p.Inputs[0].ID
		}
	}
	for _, s := range ruleSets {
		forest := bare
		if !s.bare {
			forest = newForest(len(l.names))
			for _, e := range found {
				if e.Rule == cluster.CoSpend && e.Confidence >= s.sure || slices.Contains(s.rules, e.Rule) {
					forest.join(e.A, e.B)
				}
			}
		}
		o.Sets = append(o.Sets, l.pairs(s.name, forest))
	}
	o.Addresses, o.Pairs = o.Sets[0].All, o.Sets[0].Pairs
	for _, r := range utxoRules {
		o.Rules = append(o.Rules, *scores[r])
	}
	return o, nil
}

// settled judges what a transaction shows of earlier ones.
func (l *ledger) settled(p *cluster.Payment, found []cluster.Evidence, scores map[cluster.Rule]*RuleScore) ([]cluster.Evidence, error) {
	for q, err := range p.Settled() {
		if err != nil {
			return nil, err
		}
		f, err := cluster.Recognise(q)
		if err != nil {
			return nil, err
		}
		from := len(found)
		if found, err = q.Evidence(found, f, all, nil); err != nil {
			return nil, err
		}
		for _, e := range found[from:] {
			l.score(scores[e.Rule], e.A, e.B)
		}
		if err := l.dealt(q, f, scores); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func all(cluster.Rule) bool { return true }

func (o *Owners) count(round bool, f cluster.Finding) {
	switch {
	case round:
		o.Rounds++
		if !f.Mixes() {
			o.Missed++
		}
	case f.Mixes():
		o.Mistaken++
	}
}

func (o *Payouts) count(batch bool, p *cluster.Payment, f cluster.Finding) error {
	_, ok, err := cluster.RecognisePayout(p, f)
	switch {
	case batch && ok:
		o.Found++
		fallthrough
	case batch:
		o.Batches++
	case ok:
		o.Mistaken++
	}
	return err
}

// score judges a claim.
func (l *ledger) score(s *RuleScore, a, b graph.ID) {
	x, known := l.owners[a]
	y, too := l.owners[b]
	switch {
	case !known || !too:
		s.Unknown++
	default:
		s.Claims++
		if x == y {
			s.Right++
		}
	}
}

// placebo judges what the rules would claim by chance of a transaction.
func (l *ledger) placebo(p *cluster.Payment, f cluster.Finding, last graph.ID, scores map[cluster.Rule]*RuleScore) error {
	if sure, _ := p.CoSpend(f); sure > 0 {
		for i := 1; i < len(p.Inputs); i++ {
			if p.Inputs[i].ID != p.Inputs[0].ID && last != p.Inputs[0].ID && last != 0 {
				l.byChance(scores[cluster.CoSpend], p.Inputs[0].ID, last)
			}
		}
	}
	return l.dealt(p, f, scores)
}

// dealt judges the change rules where outputs were dealt anew.
func (l *ledger) dealt(p *cluster.Payment, f cluster.Finding, scores map[cluster.Rule]*RuleScore) error {
	if err := p.Resolve(); err != nil {
		return err
	}
	before := slices.Clone(p.Outputs)
	deal(p)
	found, err := p.Evidence(nil, f, func(r cluster.Rule) bool { return r != cluster.CoSpend && r != cluster.ChangeDirect }, nil)
	copy(p.Outputs, before)
	for _, e := range found {
		l.byChance(scores[e.Rule], e.A, e.B)
	}
	return err
}

// byChance judges a claim of a placebo.
func (l *ledger) byChance(s *RuleScore, a, b graph.ID) {
	var chance RuleScore
	l.score(&chance, a, b)
	s.Placebo += chance.Claims
	s.PlaceboRight += chance.Right
}

// deal gives the outputs' addresses the values, forms and histories of one
// another, in an order that the position decides.
func deal(p *cluster.Payment) {
	n := len(p.Outputs)
	seed := uint64(p.At.Block)<<24 | uint64(p.At.Tx)
	for i := n - 1; i > 0; i-- { // Fisher-Yates
		seed = seed*6364136223846793005 + 1442695040888963407 // Knuth's MMIX
		j := int(seed >> 33 % uint64(i+1))
		a, b := &p.Outputs[i], &p.Outputs[j]
		a.ID, b.ID = b.ID, a.ID
	}
}

// pairs counts pairs of addresses of known owners.
func (l *ledger) pairs(name string, f forest) RuleSetScore {
	s := RuleSetScore{Name: name}
	entities, owners := map[graph.ID]int{}, map[string]int{}
	both := map[graph.ID]map[string]int{}
	for id := 1; id < len(f); id++ {
		owner, known := l.owners[graph.ID(id)]
		if !known {
			continue
		}
		root := f.root(graph.ID(id))
		if both[root] == nil {
			both[root] = map[string]int{}
		}
		both[root][owner]++
		entities[root]++
		owners[owner]++
		s.All++
	}
	for root, n := range entities {
		s.Joined += n * (n - 1) / 2
		s.Largest = max(s.Largest, n)
		for _, n := range both[root] {
			s.Right += n * (n - 1) / 2
		}
	}
	for _, n := range owners {
		s.Pairs += n * (n - 1) / 2
	}
	return s
}
