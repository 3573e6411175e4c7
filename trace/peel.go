package trace

import (
	"cmp"
	"maps"
	"slices"

	"spoor/graph"
)

// PeelRule says what a peel chain is: value that is passed on and on, each time
// less a part that is paid to somebody.
type PeelRule struct {
	Name      string
	MinHops   int   // a chain has as many or more
	MaxPeeled int   // percent; less than that of what came is paid away at every hop
	MinMoved  int   // percent; of what came to an account, as much or more leaves in time
	Within    int64 // seconds; a chain's median hop is shorter, every hop of an account not longer
	Dust      graph.Amount
	// HopConfidence is how sure it is, in thousandths, that what goes on is the
	// owner's and not what is paid. A chain is as sure as all its hops are. How
	// often benign traffic has the shape is measured (cluster.ErrorRate).
	HopConfidence int
}

// PeelRules are the rules of the families of ledgers. On UTXO ledgers a hop is a
// transaction of one input and two outputs, whose larger output the next hop
// spends (the shape is that of BlockSci's peeling chain heuristic, citp/BlockSci
// heuristics/change_address.cpp; the rest as hopline's wiki has it: what is below
// 1,000 satoshi is no payment, and change chosen by one sign is right in 89.5 %).
// On account ledgers it is an address that was fresh, got the asset once, and
// pays twice, the larger part to the next hop. How sure that is has not been
// measured; the same is taken.
func PeelRules() map[graph.Family]PeelRule {
	const day = 24 * 60 * 60
	return map[graph.Family]PeelRule{
		graph.UTXOFamily:    {Name: "peel_outputs", MinHops: 3, MaxPeeled: 50, Within: day, Dust: *new(graph.Amount).SetUint64(1000), HopConfidence: 895},
		graph.AccountFamily: {Name: "peel_accounts", MinHops: 3, MaxPeeled: 50, MinMoved: 80, Within: day, HopConfidence: 895},
	}
}

// PeelChain is a chain of payments that a trace followed. That its hops belong to
// one owner is attributed by the rule; the movements are as the trace has them.
type PeelChain struct {
	Rule       string
	Confidence int // 0 to 100
	Asset      graph.AssetInfo
	Hops       []PeelHop
	Start      graph.Address // whose value is peeled first
	Head       graph.Address // where what is left came to lie
	Left       graph.Amount  // that went to the head
	Peeled     graph.Amount  // that was paid away on the way
	Tainted    graph.Amount  // of that, from the seeds
}

// PeelHop is one hop, by the places of its movements in the trace's steps.
type PeelHop struct {
	On   int // what goes on
	Paid int // what is peeled off
}

// PeelChains finds the peel chains of a trace forward, those of most hops first.
// It sees what the trace followed: where it ends, a chain does.
func (t *Trace) PeelChains() []PeelChain {
	if t.Backward() {
		return nil
	}
	rules := PeelRules()
	var found []PeelChain
	for _, links := range []peelLinks{t.outputLinks(rules[graph.UTXOFamily]), t.accountLinks(rules[graph.AccountFamily])} {
		found = append(found, t.chains(links)...)
	}
	slices.SortStableFunc(found, func(a, b PeelChain) int {
		return cmp.Or(len(b.Hops)-len(a.Hops), a.Hops[0].On-b.Hops[0].On)
	})
	return found
}

// peelLinks are the hops of one family and which follows which.
type peelLinks struct {
	rule PeelRule
	hops []PeelHop
	came []int         // step that brought what a hop shares out
	next map[int]int   // hop to the one that shares out what it passes on
	gaps map[int]int64 // seconds from a hop to its next
}

// outputLinks finds hops of UTXO ledgers.
func (t *Trace) outputLinks(rule PeelRule) peelLinks {
	type txKey struct {
		chain graph.ChainID
		at    graph.Position
	}
	ins, outs := make(map[txKey][]int), make(map[txKey][]int)
	var order []txKey
	for i := range t.Steps {
		s := &t.Steps[i]
		key := txKey{s.Chain, s.At.StartOf()}
		switch s.Kind {
		case graph.KindInput:
			if ins[key] == nil {
				order = append(order, key)
			}
			ins[key] = append(ins[key], i)
		case graph.KindOutput:
			outs[key] = append(outs[key], i)
		}
	}
	links := peelLinks{rule: rule, next: make(map[int]int), gaps: make(map[int]int64)}
	spender := make(map[txKey]int) // output to the hop that shares it out
	for _, key := range order {
		if len(ins[key]) != 1 || len(outs[key]) != 2 {
			continue
		}
		in := &t.Steps[ins[key][0]]
		if in.Inputs != 1 || in.Outputs != 2 {
			continue
		}
		on, paid := t.larger(outs[key][0], outs[key][1])
		if !rule.peels(&in.Amount, &t.Steps[paid].Amount) {
			continue
		}
		spender[txKey{key.chain, in.Spends}] = len(links.hops)
		links.hops = append(links.hops, PeelHop{on, paid})
		links.came = append(links.came, ins[key][0])
	}
	for i, hop := range links.hops {
		on := &t.Steps[hop.On]
		if n, spent := spender[txKey{on.Chain, on.At}]; spent {
			links.next[i] = n
			links.gaps[i] = t.Steps[links.hops[n].On].Time - on.Time
		}
	}
	return links
}

// accountLinks finds hops of account ledgers.
func (t *Trace) accountLinks(rule PeelRule) peelLinks {
	ins, outs := make(map[place][]int), make(map[place][]int)
	for i := range t.Steps {
		s := &t.Steps[i]
		if graph.ChainOf(s.Chain).Family != graph.AccountFamily || s.Rule == RuleFee {
			continue
		}
		ins[place{s.To, s.Asset.Asset}] = append(ins[place{s.To, s.Asset.Asset}], i)
		outs[place{s.From, s.Asset.Asset}] = append(outs[place{s.From, s.Asset.Asset}], i)
	}
	links := peelLinks{rule: rule, next: make(map[int]int), gaps: make(map[int]int64)}
	at := make(map[place]int)
	for i := range t.Holders {
		h := &t.Holders[i]
		p := place{h.Address, h.Asset.Asset}
		if !h.Fresh || len(ins[p]) != 1 || len(outs[p]) != 2 {
			continue
		}
		in := &t.Steps[ins[p][0]]
		on, paid := t.larger(outs[p][0], outs[p][1])
		a, b := &t.Steps[on], &t.Steps[paid]
		moved := plus(a.Amount, b.Amount)
		switch {
		case a.To == b.To || a.Rule == RuleGiven || b.Rule == RuleGiven || a.To.IsZero() || b.To.IsZero():
		case max(a.Time, b.Time)-in.Time > rule.Within:
		case percentOf(&in.Amount, &moved) < rule.MinMoved || !rule.peels(&in.Amount, &b.Amount):
		default:
			at[p] = len(links.hops)
			links.hops = append(links.hops, PeelHop{on, paid})
			links.came = append(links.came, ins[p][0])
		}
	}
	for i, hop := range links.hops {
		on := &t.Steps[hop.On]
		if n, passes := at[place{on.To, on.Asset.Asset}]; passes {
			links.next[i] = n
			links.gaps[i] = t.Steps[links.hops[n].On].Time - on.Time
		}
	}
	return links
}

// larger tells two movements apart by amount, equal ones by place.
func (t *Trace) larger(a, b int) (larger, smaller int) {
	if t.Steps[b].Amount.Gt(&t.Steps[a].Amount) {
		return b, a
	}
	return a, b
}

// peels reports whether a payment is a part that is peeled off.
func (r *PeelRule) peels(came, paid *graph.Amount) bool {
	if paid.Lt(&r.Dust) || paid.IsZero() {
		return false
	}
	hundred, most := graph.Amount{}, graph.Amount{}
	hundred.Mul(paid, hundred.SetUint64(100))
	return hundred.Lt(most.Mul(came, most.SetUint64(uint64(r.MaxPeeled))))
}

// percentOf is a part in percent, rounded down. Amounts of a trace are below
// 2^200.
func percentOf(whole, part *graph.Amount) int {
	var hundred graph.Amount
	hundred.Mul(part, hundred.SetUint64(100))
	return int(hundred.Div(&hundred, whole).Uint64())
}

// chains follows hops as far as they go.
func (t *Trace) chains(links peelLinks) (found []PeelChain) {
	follows := make(map[int]bool)
	for _, n := range slices.Sorted(maps.Keys(links.next)) {
		follows[links.next[n]] = true
	}
	for i := range links.hops {
		if follows[i] {
			continue
		}
		var hops []PeelHop
		var gaps []int64
		for at, more := i, true; more; {
			hops = append(hops, links.hops[at])
			n, goesOn := links.next[at]
			if goesOn {
				gaps = append(gaps, links.gaps[at])
			}
			at, more = n, goesOn
		}
		if len(hops) < links.rule.MinHops {
			continue
		}
		if slices.Sort(gaps); gaps[len(gaps)/2] >= links.rule.Within {
			continue
		}
		found = append(found, t.chain(&links.rule, hops, &t.Steps[links.came[i]]))
	}
	return found
}

func (t *Trace) chain(rule *PeelRule, hops []PeelHop, came *Step) PeelChain {
	last := &t.Steps[hops[len(hops)-1].On]
	c := PeelChain{Rule: rule.Name, Asset: last.Asset, Hops: hops, Start: came.From, Head: last.To, Left: last.Amount}
	if graph.ChainOf(came.Chain).Family == graph.AccountFamily {
		c.Start = came.To
	}
	sure := 1.0
	for _, h := range hops {
		paid := &t.Steps[h.Paid]
		c.Peeled.Add(&c.Peeled, &paid.Amount)
		c.Tainted.Add(&c.Tainted, &paid.Tainted)
		sure *= float64(rule.HopConfidence) / 1000
	}
	c.Confidence = max(1, int(100*sure))
	return c
}
