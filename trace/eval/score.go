package eval

import (
	"context"
	"fmt"
	"math/bits"

	"spoor/graph"
	"spoor/trace"
)

// Found is what one method finds of a case in one setting.
type Found struct {
	Case, Setting, Method string

	Addresses Part // of the case's, those that carry taint (of a ranking: are kept)
	Returned  Part // of the addresses returned, those of the case
	Terminals Part // of the listed terminals, those among the addresses returned
	Ends      Part // of the terminals, those where value ends
	EndsRight Part // of the addresses where value ends, those that are terminals; a ranking names no ends
	Flows     Part // cents: of the case's flows, what the trace follows (of a ranking: moves between kept addresses)
	FlowsTrue Part // cents: of what the trace follows, what runs over flows of the case
}

// PaperRank is rank with the parameters of its paper (see trace.RankOptions).
const PaperRank = "rank of the paper"

// Methods are the methods that are measured on laundering.
func Methods() []string { return []string{"fifo", "haircut", "poison", PaperRank, "rank"} }

// Measure fills a ledger with the case and a setting's traffic, and traces it
// by every method from its sources, with the default options of
// a case, and of rank.
func (l *Laundering) Measure(ctx context.Context, open Opener, s Setting) ([]Found, error) {
	benign, err := l.background(ctx, s)
	if err != nil {
		return nil, err
	}
	all := append(l.Flows[:len(l.Flows):len(l.Flows)], benign...)
	ledger, err := open(ctx, graph.ChainOf(graph.Ethereum))
	if err != nil {
		return nil, err
	}
	if err := fill(ctx, ledger, all); err != nil {
		return nil, fmt.Errorf("%s: %w", l.Name, err)
	}
	view, err := ledger.View(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = view.Close() }()
	views := map[graph.ChainID]graph.View{graph.Ethereum: view}
	var known trace.Known
	if s.Labels {
		known.Labels = func(a graph.Address) []graph.Label {
			if name := l.Services[a]; name != "" {
				return []graph.Label{{Address: a, Name: name, Category: "exchange", Source: "MFTracer", Confidence: 50}}
			}
			return nil
		}
	}
	c := trace.Case{Name: l.Name}
	for _, a := range l.Sources {
		c.Seeds = append(c.Seeds, "ethereum:"+a.String())
	}
	var list []Found
	for _, method := range Methods() {
		c.Method = method
		f := Found{Case: l.Name, Setting: s.Name, Method: method}
		if method == "rank" || method == PaperRank {
			c.Method = "rank"
			var o trace.RankOptions
			if method == PaperRank {
				o = trace.RankOptions{Alpha: 0.15, Forward: 0.7, Epsilon: 0.001, Conductance: 0.001, ByAmount: true}
			}
			r, err := trace.Rank(ctx, views, c, known, o)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", l.Name, method, err)
			}
			l.scoreRanking(&f, r, all)
		} else {
			t, err := trace.Run(ctx, views, c, known)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", l.Name, method, err)
			}
			if err := l.scoreTrace(&f, t); err != nil {
				return nil, fmt.Errorf("%s, %s: %w", l.Name, method, err)
			}
		}
		list = append(list, f)
	}
	return list, nil
}

// scoreAddresses counts what was returned against the case.
func (l *Laundering) scoreAddresses(f *Found, returned map[graph.Address]bool) {
	f.Addresses.Of, f.Terminals.Of, f.Returned.Of = uint64(len(l.Addresses)), uint64(len(l.Terminals)), uint64(len(returned))
	for a := range returned {
		if l.Addresses[a] {
			f.Addresses.N++
		}
		if l.Terminals[a] {
			f.Terminals.N++
		}
	}
	f.Returned.N = f.Addresses.N
}

// way is what a flow is known by.
type way struct {
	tx       graph.Hash
	from, to graph.Address
}

func (l *Laundering) ways() map[way]uint64 {
	cents := make(map[way]uint64, len(l.Flows))
	for _, f := range l.Flows {
		cents[way{f.Tx, f.From, f.To}] += f.Cents
	}
	return cents
}

func (l *Laundering) scoreTrace(f *Found, t *trace.Trace) error {
	returned, ends := map[graph.Address]bool{}, map[graph.Address]bool{}
	for i := range t.Holders {
		returned[t.Holders[i].Address] = true
	}
	l.scoreAddresses(f, returned)
	for i := range t.Stops {
		if s := &t.Stops[i]; s.Reason != trace.StopFee && !s.Address.IsZero() {
			ends[s.Address] = true
		}
	}
	f.Ends.Of, f.EndsRight.Of = f.Terminals.Of, uint64(len(ends))
	for a := range ends {
		if l.Terminals[a] {
			f.Ends.N++
		}
	}
	f.EndsRight.N = f.Ends.N
	ways := l.ways()
	for _, cents := range ways {
		f.Flows.Of += cents
	}
	for i := range t.Steps {
		s := &t.Steps[i]
		if !s.Tainted.IsUint64() {
			return fmt.Errorf("%s tainted cents in transaction %s", s.Tainted.Dec(), s.Tx)
		}
		tainted := s.Tainted.Uint64()
		followed, over := bits.Add64(f.FlowsTrue.Of, tainted, 0)
		if over != 0 {
			return fmt.Errorf("more than %d cents followed", ^uint64(0))
		}
		f.FlowsTrue.Of = followed
		if cents, known := ways[way{s.Tx, s.From, s.To}]; known {
			f.Flows.N += min(tainted, cents)
			f.FlowsTrue.N += min(tainted, cents)
		}
	}
	return nil
}

func (l *Laundering) scoreRanking(f *Found, r *trace.Ranking, all []Flow) {
	kept := map[graph.Address]bool{}
	for i := range r.Nodes[:r.Kept] {
		kept[r.Nodes[i].Address] = true
	}
	l.scoreAddresses(f, kept)
	for i := range all {
		m := &all[i]
		inside := kept[m.From] && kept[m.To]
		if i < len(l.Flows) {
			f.Flows.Of += m.Cents
			if inside {
				f.Flows.N += m.Cents
			}
		}
		if inside {
			f.FlowsTrue.Of += m.Cents
		}
	}
	f.FlowsTrue.N = f.Flows.N
}
