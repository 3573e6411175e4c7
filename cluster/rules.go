package cluster

import (
	"fmt"
	"slices"
	"strings"

	"spoor/graph"
)

// RuleInfo is what is said about a rule wherever it is used: what it holds, who
// says so, how sure that makes it, and how often it was measured to be wrong.
type RuleInfo struct {
	Rule       Rule
	Name       string
	Family     graph.Family
	Default    bool   // counts unless the caller chooses rules
	Confidence int    // of the source, 0 to 100; evidence may carry less
	Sentence   string // what it takes for a sign of one owner
	Source     string
	ErrorRate  string // as measured, with the data it was measured on; see ErrorRate
}

// rules is the table of all rules. A rule is a row here, a number in
// evidence.go and the function that finds its evidence.
var rules = [ruleEnd]RuleInfo{
	CoSpend: {Name: "cospend", Family: graph.UTXOFamily, Default: true, Confidence: 90,
		Sentence: "the inputs of one transaction, unless it is a CoinJoin, are signed by one owner",
		Source:   "common-input ownership; Nakamoto 2008 §10, Meiklejohn et al. 2013"},
	ChangeDirect: {Name: "change_direct", Family: graph.UTXOFamily, Confidence: 100,
		Sentence: "an output that pays an address of the inputs is change",
		Source:   "graphsense-lib"},
	ChangeType: {Name: "change_type", Family: graph.UTXOFamily, Confidence: 30,
		Sentence: "the only output of the script type that all inputs have is change",
		Source:   "BlockSci address_type"},
	ChangeOneTime: {Name: "change_one_time", Family: graph.UTXOFamily, Confidence: 30,
		Sentence: "the only output to an address never seen before is change",
		Source:   "BlockSci client change"},
	ChangeReuse: {Name: "change_reuse", Family: graph.UTXOFamily, Confidence: 30,
		Sentence: "where all outputs but one pay addresses seen before, that one is change",
		Source:   "BlockSci address_reuse"},
	ChangeOptimal: {Name: "change_optimal", Family: graph.UTXOFamily, Confidence: 30,
		Sentence: "the only output smaller than the smallest of several inputs is change",
		Source:   "BlockSci optimal_change"},
	ChangeRound: {Name: "change_round", Family: graph.UTXOFamily, Confidence: 30,
		Sentence: "where all outputs but one are multiples of a power of ten, that one is change",
		Source:   "BlockSci power_of_ten"},
	ChangeThousand: {Name: "change_thousand", Family: graph.UTXOFamily, Confidence: 30,
		Sentence: "the only output that is no multiple of 1000 satoshi is change",
		Source:   "graphsense-lib round_1000"},
	ChangePeel: {Name: "change_peel", Family: graph.UTXOFamily, Confidence: 30,
		Sentence: "in a chain of one-input two-output transactions the output that is peeled on is change",
		Source:   "BlockSci peeling_chain"},
	ChangeLegacy: {Name: "change_legacy", Family: graph.UTXOFamily, Confidence: 30,
		Sentence: "the only fresh output, if it is smaller than the smallest input, is change",
		Source:   "Meiklejohn et al. 2013"},
	ChangeGraphSense: {Name: "change_graphsense", Family: graph.UTXOFamily, Confidence: 50,
		Sentence: "the only output that is fresh, of the inputs' script type, smaller than the smallest input and not round is change",
		Source:   "graphsense-lib one-time change"},
	ChangeAgreed: {Name: "change_agreed", Family: graph.UTXOFamily, Confidence: agreedConfidence,
		Sentence: "the output that change rules of two different signs name, and none another, is change",
		Source:   "BlockSci; hopline wiki"},
	DepositReuse: {Name: "deposit_reuse", Family: graph.AccountFamily, Default: true, Confidence: 50,
		Sentence: "those who pay into one deposit address of an exchange, which forwards what they pay, share an account there",
		Source:   "Victor 2020; Tutela"},
	Airdrop: {Name: "airdrop", Family: graph.AccountFamily, Confidence: 30,
		Sentence: "recipients of several airdrops who pool them at one address share an owner",
		Source:   "Victor 2020; etherclust"},
	ChangeLockTime: {Name: "change_locktime", Family: graph.UTXOFamily, Confidence: changeConfidence,
		Sentence: "of outputs that are all spent, the only one spent by a transaction that has a lock time as this one has, or none as this has none, is change",
		Source:   "BlockSci locktime"},
	ChangeFixedFee: {Name: "change_fixed_fee", Family: graph.UTXOFamily, Confidence: changeConfidence,
		Sentence: "of outputs that are all spent, the only one spent at the same fee rate (within 1 %) is change",
		Source:   "BlockSci fixed_fee"},
	ChangeFingerprint: {Name: "change_fingerprint", Family: graph.UTXOFamily, Confidence: changeConfidence,
		Sentence: "of outputs that are all spent, the only one spent by a transaction that the same wallet can have written (version, BIP 125, BIP 69, low R) is change",
		Source:   "ishaanam/wallet-fingerprinting"},
}

// SameKey names the reason for which an account is one owner's on every EVM
// chain. It needs no evidence: an address without code is a key.
const SameKey = "same_key"

// Info is the row of a rule.
func (r Rule) Info() RuleInfo {
	if r == 0 || r >= ruleEnd {
		return RuleInfo{Rule: r, Name: fmt.Sprintf("rule-%d", uint8(r))}
	}
	info := rules[r]
	info.Rule, info.ErrorRate = r, ErrorRate(info.Name)
	return info
}

// String is the rule's name.
func (r Rule) String() string { return r.Info().Name }

// known reports whether the rule is in the table.
func (r Rule) known() bool { return r > 0 && r < ruleEnd }

// Rules lists the table.
func Rules() []RuleInfo {
	list := make([]RuleInfo, 0, ruleEnd-1)
	for r := Rule(1); r < ruleEnd; r++ {
		list = append(list, r.Info())
	}
	return list
}

// RuleSet is a choice of rules, a bit for each.
type RuleSet uint64

// DefaultRules are the rules that count unless the caller chooses.
func DefaultRules() (s RuleSet) {
	for r := Rule(1); r < ruleEnd; r++ {
		if rules[r].Default {
			s = s.With(r)
		}
	}
	return s
}

// Has reports whether a rule is chosen.
func (s RuleSet) Has(r Rule) bool { return s>>r&1 == 1 }

// With adds a rule.
func (s RuleSet) With(r Rule) RuleSet { return s | 1<<r }

// Without takes a rule away.
func (s RuleSet) Without(r Rule) RuleSet { return s &^ (1 << r) }

// Of are the chosen rules that a family of ledgers has.
func (s RuleSet) Of(family graph.Family) (chosen RuleSet) {
	for r := Rule(1); r < ruleEnd; r++ {
		if s.Has(r) && rules[r].Family == family {
			chosen = chosen.With(r)
		}
	}
	return chosen
}

// Names lists the chosen rules in the order of the table.
func (s RuleSet) Names() []string {
	names := []string{}
	for r := Rule(1); r < ruleEnd; r++ {
		if s.Has(r) {
			names = append(names, rules[r].Name)
		}
	}
	return names
}

// String is the names, separated by commas.
func (s RuleSet) String() string { return strings.Join(s.Names(), ", ") }

// ParseRule finds a rule by its name.
func ParseRule(name string) (Rule, error) {
	i := slices.IndexFunc(rules[:], func(info RuleInfo) bool { return info.Name == name && name != "" })
	if i < 0 {
		var all RuleSet
		for r := Rule(1); r < ruleEnd; r++ {
			all = all.With(r)
		}
		return 0, fmt.Errorf("%.40q is no rule; want one of %s", name, all)
	}
	return Rule(i), nil
}

// behaviour reports whether a rule judges how somebody behaves, and not who
// signed.
func (r Rule) behaviour() bool { return r != CoSpend }
