package eval

import (
	"cmp"
	"slices"
	"strings"

	"spoor/cluster"
	"spoor/graph"
)

// CoinJoins is how the CoinJoin detectors do on labelled transactions
// (crocs-muni/coinjoin-analysis).
type CoinJoins struct {
	Rounds []Labelled // sets of what is to be found
	Others []Labelled // sets of what is not: known false positives, spends after a mix
	Merges Merges
}

// Labelled is a set of transactions with one label, and what was found in it.
type Labelled struct {
	Set  string
	Rows int
	As   []Count // what they were recognised as, most frequent first

	// Of a set of rounds: rows recognised as what the label says. Rows whose
	// label does not hold are counted apart: those that the source itself lists
	// as wrongly labelled; those that are a Whirlpool mix in every respect although
	// the label says otherwise; and, of the others, those whose changes fit inputs
	// less the equal value.
	Found, Withdrawn, Contradicted int
	ByShape                        []Count // of the found, those of the shape alone, by why they are no JoinMarket transaction
	Lineage                        int     // of the contradicted, mixes that spend a coin of a labelled mix or Tx0
	Arithmetic                     int     // of the contradicted, those whose changes fit
	Decoys, DecoysFit              int     // the same test with other values than the equal one, five each
	Misses                         []Count // the others: of rounds by the condition that failed, of others by what they were taken for

	// Of a set of others: rows taken for a CoinJoin, and for its mere shape.
	Wrong, Shape int
}

// Recall is the share of rows found, of those whose label holds, in percent.
func (s *Labelled) Recall() float64 {
	return percent(s.Found, s.Rows-s.Withdrawn-s.Contradicted)
}

// RawRecall is the share of rows found of all, in percent.
func (s *Labelled) RawRecall() float64 { return percent(s.Found, s.Rows) }

// FalsePositives is the share of rows taken for a CoinJoin or its shape, of
// those whose label holds, in percent; 0 of none.
func (s *Labelled) FalsePositives() float64 {
	return 100 - percent(s.Rows-s.Contradicted-s.Wrong-s.Shape, s.Rows-s.Contradicted)
}

// RawFalsePositives is the share of rows taken for a CoinJoin or its shape of
// all, in percent; 0 of none.
func (s *Labelled) RawFalsePositives() float64 {
	return 100 - percent(s.Rows-s.Contradicted-s.Wrong-s.Shape, s.Rows)
}

// Count is how often something was the case, with an example.
type Count struct {
	What    string
	N       int
	Example string // a transaction hash
}

// Merges is what common-input clustering joins by the labelled rounds: links
// between input addresses of rounds, which have many owners, and the addresses
// of the largest cluster.
type Merges struct {
	Addresses                         int // inputs of rounds spend from
	LinksBare, LinksVeto              int
	LargestClusterBare, LargestVetoed int
}

// roundSets are the sets of rounds and what each is to be recognised as. The
// labels of other_coinjoin come from a rule of shape alone; the shape is
// what counts there.
var roundSets = []struct {
	name string
	want []cluster.Protocol
}{
	{"wasabi1_coinjoin", []cluster.Protocol{cluster.Wasabi10, cluster.Wasabi11}},
	{"wasabi2_coinjoin", []cluster.Protocol{cluster.WabiSabi}},
	{"whirlpool_coinjoin", []cluster.Protocol{cluster.WhirlpoolMix}},
	{"whirlpool_tx0", []cluster.Protocol{cluster.WhirlpoolTx0}},
	{"other_coinjoin", []cluster.Protocol{cluster.JoinMarket, cluster.EqualOutput, cluster.EqualOutputShape}},
}

var otherSets = []string{"jmfixture_other_coinjoin", "jmfixture_other_postmix", "wasabi1_postmix", "wasabi2_postmix", "whirlpool_postmix", "other_postmix"}

// decoyShares make values that are not the equal one, in percent of it.
var decoyShares = [...]uint64{70, 83, 91, 113, 131}

// MeasureCoinJoins reads the sets in a folder and runs the detectors on them.
func MeasureCoinJoins(dir string) (*CoinJoins, error) {
	names := slices.Clone(otherSets)
	for _, s := range roundSets {
		names = append(names, s.name)
	}
	l, err := readLabelled(dir, names)
	if err != nil {
		return nil, err
	}
	found := map[graph.Position]cluster.Finding{}
	why := map[graph.Position]string{}
	decoys := map[graph.Position]int{}
	c := &CoinJoins{}
	bare, veto := newForest(len(l.names)), newForest(len(l.names))
	inputs := map[graph.ID]bool{}
	for p, err := range l.payments() {
		if err != nil {
			return nil, err
		}
		f, err := cluster.Recognise(p)
		if err != nil {
			return nil, err
		}
		found[p.At] = f
		if why[p.At], err = reason(p, f); err != nil {
			return nil, err
		}
		for _, share := range decoyShares {
			if f.Tied >= 2 && p.Tied(f.Denominations[0]*share/100) >= 2 {
				decoys[p.At]++
			}
		}
		if !slices.ContainsFunc(l.labels[p.At], isRound) || l.withdrawn[p.At] {
			continue
		}
		for i := range p.Inputs {
			inputs[p.Inputs[i].ID] = true
		}
		c.Merges.LinksBare += bare.joinInputs(p)
		if sure, _ := p.CoSpend(f); sure > 0 {
			c.Merges.LinksVeto += veto.joinInputs(p)
		}
	}
	c.Merges.Addresses = len(inputs)
	c.Merges.LargestClusterBare, c.Merges.LargestVetoed = bare.largest(), veto.largest()
	for _, set := range roundSets {
		c.Rounds = append(c.Rounds, l.count(set.name, set.want, found, why, decoys))
	}
	for _, name := range otherSets {
		c.Others = append(c.Others, l.count(name, nil, found, why, decoys))
	}
	return c, nil
}

// isRound reports whether a set is one of rounds of several owners for certain.
func isRound(set string) bool {
	return set == "wasabi1_coinjoin" || set == "wasabi2_coinjoin" || set == "whirlpool_coinjoin"
}

// reason is why a payment is not what a set asks for: what it was recognised as,
// or which conditions failed; of a mere shape why it is no JoinMarket
// transaction.
func reason(p *cluster.Payment, f cluster.Finding) (string, error) {
	if f.Protocol != cluster.NoProtocol && f.Protocol != cluster.EqualOutputShape {
		return "recognised as " + f.Protocol.String(), nil
	}
	list, err := cluster.Explain(p)
	if err != nil {
		return "", err
	}
	parts := make([]string, 0, len(list))
	for _, r := range list {
		if f.Protocol == cluster.NoProtocol {
			parts = append(parts, r.Detector+": "+r.Condition)
		} else if r.Detector == "equal-output/2" {
			parts = append(parts, r.Condition)
		}
	}
	return strings.Join(parts, "; "), nil
}

func (l *labelled) count(set string, want []cluster.Protocol, found map[graph.Position]cluster.Finding, why map[graph.Position]string, decoys map[graph.Position]int) Labelled {
	s := Labelled{Set: set}
	as, misses, shapes := map[string]*Count{}, map[string]*Count{}, map[string]*Count{}
	for i := range l.txs {
		tx := &l.txs[i]
		if !slices.Contains(l.labels[tx.At], set) {
			continue
		}
		f := found[tx.At]
		s.Rows++
		tally(as, f.Protocol.String(), tx.Hash)
		switch {
		case slices.Contains(want, f.Protocol):
			s.Found++
			if f.Protocol == cluster.EqualOutputShape {
				tally(shapes, why[tx.At], tx.Hash)
			}
		case f.Protocol == cluster.WhirlpoolMix:
			s.Contradicted++
			if f.Confidence > 60 {
				s.Lineage++
			}
		case l.withdrawn[tx.At]:
			s.Withdrawn++
		case want == nil && f.Tied >= 2:
			s.Contradicted++
			s.Arithmetic++
			s.Decoys += len(decoyShares)
			s.DecoysFit += decoys[tx.At]
		case want != nil:
			tally(misses, why[tx.At], tx.Hash)
		case f.Mixes():
			s.Wrong++
			tally(misses, f.String(), tx.Hash)
		case f.Protocol == cluster.EqualOutputShape:
			s.Shape++
			tally(misses, f.String(), tx.Hash)
		}
	}
	s.As, s.Misses, s.ByShape = sorted(as), sorted(misses), sorted(shapes)
	return s
}

func tally(counts map[string]*Count, what string, h graph.Hash) {
	if counts[what] == nil {
		counts[what] = &Count{What: what, Example: h.String()}
	}
	counts[what].N++
}

// sorted lists counts, the largest first, ties by name.
func sorted(counts map[string]*Count) []Count {
	list := make([]Count, 0, len(counts))
	for _, c := range counts {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b Count) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.What, b.What)) })
	return list
}

// percent is n of all; of nothing it is 100.
func percent(n, all int) float64 {
	if all == 0 {
		return 100
	}
	return 100 * float64(n) / float64(all)
}
