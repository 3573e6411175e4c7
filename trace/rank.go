package trace

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"spoor/graph"
)

// Ranking is which addresses matter in a case where amounts are hopeless: by
// Transaction Tracing Rank (Wu, Liu, Wu, Zheng, Chen, "TRacer", IEEE TIFS 2023).
// A score is no amount. Numbers are IEEE doubles, computed in a fixed order
// without fused operations, so that they are the same everywhere.
type Ranking struct {
	Case     Case
	Options  RankOptions
	Nodes    []Ranked // by falling score
	Kept     int      // so many of them are within the cut by conductance, or all
	Visited  int      // addresses whose history was looked at
	Entries  int      // lines of histories looked at
	Left     float64  // of the whole 1, not spread when every residual was below epsilon
	Cut      bool     // a bound was met first
	Tips     []Tip
	Coverage []graph.Coverage
}

// Heuristics are the rules of chance by which nothing goes on from a node, in
// order; see Stop.
func (r *Ranking) Heuristics() (names []string) {
	for i := range r.Nodes {
		if name := r.Nodes[i].heuristic; name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// RankRule names what keeps an address, by which cluster.ErrorRate knows it.
const RankRule = "rank"

// Ranked is an address and its score.
type Ranked struct {
	Address graph.Address
	Labels  []graph.Label
	Score   float64 // of all, which sum to 1 with what is left
	Hop     int     // smallest number of movements from a seed on which the search came
	Source  bool    // a seed
	Ends    Reason  // why nothing goes on from here, "" if it may: by label or by the number of transfers
	Rule    string  // of that reason

	heuristic string // that decided it, see Stop
}

// RankOptions are the parameters of the rank. The zero value of a field is its
// default. The paper has alpha 0.15, forward 0.7, epsilon and conductance 0.001,
// and counts by amount; on the laundering cases of MFTracer that finds a tenth of
// the ends of many small payments, the defaults here 95 of 100 (docs/accuracy.md).
type RankOptions struct {
	Alpha       float64 // part of a residual that stays; 0.15
	Forward     float64 // part of the rest that goes with the money, the others go against it; 1
	Epsilon     float64 // residuals below are not spread; 0.000001
	Conductance float64 // of what moved, the part that crosses the border of what is kept; 0.00001
	ByAmount    bool    // movements count by their amount, not by its square root
	MaxPushes   int     // 0: no bound
}

// ErrRank is returned for parameters that make no sense.
var ErrRank = errors.New("no rank with these parameters")

func (o RankOptions) withDefaults() (RankOptions, error) {
	o.Alpha, o.Forward = cmp.Or(o.Alpha, 0.15), cmp.Or(o.Forward, 1)
	o.Epsilon, o.Conductance = cmp.Or(o.Epsilon, 1e-6), cmp.Or(o.Conductance, 1e-5)
	within := func(x float64) bool { return x > 0 && x <= 1 }
	switch {
	case !within(o.Alpha), !within(o.Forward), !within(o.Epsilon), !within(o.Conductance):
		return o, fmt.Errorf("%w: alpha %g, forward %g, epsilon %g and conductance %g must be above 0 and up to 1", ErrRank, o.Alpha, o.Forward, o.Epsilon, o.Conductance)
	case o.MaxPushes < 0:
		return o, fmt.Errorf("%w: %d pushes", ErrRank, o.MaxPushes)
	}
	return o, nil
}

// Rank ranks the addresses of a case.
//
// A unit of relevance starts at the seeds and is spread from the address that
// has most of it waiting: a part stays, the rest goes along later movements of
// the same asset, by amount, and a part against earlier ones. Where an address
// gives one asset and takes another in one transaction, what comes along the
// one goes on in the other. Services end it; they let through what leaves them
// within the same transaction. What is kept are the best, up to the first number
// of them whose border is crossed by less than the conductance of all relevance
// that moved among them.
func Rank(ctx context.Context, views map[graph.ChainID]graph.View, c Case, known Known, o RankOptions) (*Ranking, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	p, err := c.plan()
	if err != nil {
		return nil, err
	}
	r := &ranker{run: run{plan: p, known: known, book: newBook(), ledgers: make(map[graph.ChainID]*ledger)}, o: o,
		nodes: make(map[rankKey]*rankNode), moved: make(map[[2]*rankNode]float64)}
	for _, id := range slices.Sorted(maps.Keys(views)) {
		r.ledgers[id] = newLedger(graph.ChainOf(id), views[id])
		r.ledgers[id].entities = known.Entities[id]
	}
	if err := r.start(ctx); err != nil {
		return nil, err
	}
	for len(r.waiting) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n := r.waiting[0]
		if n.rest < o.Epsilon {
			break
		}
		if o.MaxPushes > 0 && r.pushes >= o.MaxPushes {
			r.cut = true
			break
		}
		r.pushes++
		if err := r.push(ctx, n); err != nil {
			return nil, err
		}
	}
	return r.result()
}

// ranker is a ranking being made.
type ranker struct {
	run
	o       RankOptions
	nodes   map[rankKey]*rankNode
	waiting rankQueue
	moved   map[[2]*rankNode]float64 // relevance, by the two ends
	pushes  int
	visited int
	entries int
	cut     bool
}

type rankKey struct {
	chain graph.ChainID
	id    graph.ID
}

// rankNode is an address.
type rankNode struct {
	l       *ledger
	id      graph.ID
	address graph.Address
	score   float64
	rest    float64 // the sum of chips
	chips   map[chip]float64
	hop     int
	source  bool
	end     ending
	links   *links // nil before the first push
	at      int    // in the queue
}

// chip is relevance waiting: value of an asset that came at a position, and
// goes on later.
type chip struct {
	asset graph.AssetID
	at    graph.Position
}

// rankQueue has the node with most waiting first.
type rankQueue []*rankNode

func (q rankQueue) Len() int { return len(q) }
func (q rankQueue) Less(i, j int) bool {
	if q[i].rest != q[j].rest {
		return q[i].rest > q[j].rest
	}
	return q[i].address.Compare(q[j].address) < 0
}
func (q rankQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].at, q[j].at = i, j
}
func (q *rankQueue) Push(x any) {
	n := x.(*rankNode)
	n.at = len(*q)
	*q = append(*q, n)
}
func (q *rankQueue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}

// node is the node of an address, which is judged by the labels that hold when
// it is first met: in a block, or never if it is a seed.
func (r *ranker) node(ctx context.Context, l *ledger, id graph.ID, hop int, met *uint32) (*rankNode, error) {
	key := rankKey{l.chain.ID, id}
	n := r.nodes[key]
	if n == nil {
		n = &rankNode{l: l, id: id, chips: make(map[chip]float64), hop: hop}
		var err error
		if n.address, err = l.address(id); err != nil {
			return nil, err
		}
		if met != nil {
			header, err := l.headerAt(*met)
			if err != nil {
				return nil, err
			}
			if n.end, err = r.endingAt(ctx, l, id, header.Time); err != nil {
				return nil, err
			}
		}
		r.nodes[key] = n
		heap.Push(&r.waiting, n)
	}
	n.hop = min(n.hop, hop)
	return n, nil
}

// give lays relevance on a node.
func (r *ranker) give(n *rankNode, c chip, part float64) {
	n.chips[c] += part
	n.rest += part
	heap.Fix(&r.waiting, n.at)
}

// start lays one unit on the seeds: equally on them, then on their assets, then
// by amount.
func (r *ranker) start(ctx context.Context) error {
	for i := range r.plan.seeds {
		s := &r.plan.seeds[i]
		part := 1 / float64(len(r.plan.seeds))
		l := r.ledgers[s.Chain.ID]
		if l == nil {
			return fmt.Errorf("seed %s: %s: %w; ingest that chain first", s.String(), s.Chain.Alias, graph.ErrNotFound)
		}
		var err error
		if s.byTx() {
			err = r.startTx(ctx, l, s, part)
		} else {
			err = r.startAddress(ctx, l, s, part)
		}
		if err != nil {
			return fmt.Errorf("seed %s: %w", s.String(), err)
		}
	}
	return nil
}

// startTx begins at those whom a transaction left richer.
func (r *ranker) startTx(ctx context.Context, l *ledger, s *Seed, part float64) error {
	positions, err := l.view.FindTx(s.Tx)
	if err != nil {
		return err
	}
	tx, err := l.view.Tx(positions[0])
	if err != nil {
		return err
	}
	type gain struct {
		to    graph.ID
		asset graph.AssetID
		units float64
	}
	var gains []gain
	sums := make(map[graph.AssetID]float64)
	add := func(to graph.ID, asset graph.AssetID, amount graph.Amount) {
		if amount.IsZero() || hostile(&amount) {
			return
		}
		gains = append(gains, gain{to, asset, amount.Float64()})
		sums[asset] += amount.Float64()
	}
	switch {
	case s.OneMove:
		at := slices.IndexFunc(tx.Moves, func(m graph.Move) bool { return m.Seq == s.Seq })
		if at < 0 {
			return noSuchMove(&seeding{Seed: s}, tx.Moves)
		}
		if m := &tx.Moves[at]; m.To != 0 {
			add(m.To, m.Asset, m.Amount)
		}
	case l.chain.Family == graph.UTXOFamily:
		for i := range tx.Moves {
			if m := &tx.Moves[i]; m.Kind == graph.KindOutput && m.To != 0 {
				add(m.To, m.Asset, m.Amount)
			}
		}
	default:
		flows, _ := net(tx.Moves, nil)
		x := newExchange(flows, false, l.contractOf)
		pure := slices.ContainsFunc(x.flows, func(f flow) bool { return !x.swaps(x.who(f.to)) && !f.burnt() })
		for i := range x.flows {
			if f := &x.flows[i]; !f.burnt() && (!pure || !x.swaps(x.who(f.to))) {
				add(f.to, f.asset, f.amount)
			}
		}
	}
	if len(gains) == 0 {
		return fmt.Errorf("%w that takes anything: transaction %s leaves nobody richer", ErrSeed, s.Tx)
	}
	last := graph.Position{Block: tx.At.Block, Tx: tx.At.Tx, Seq: ^graph.Seq(0)}
	for _, g := range gains {
		n, err := r.node(ctx, l, g.to, 0, &tx.At.Block)
		if err != nil {
			return err
		}
		n.source = true
		r.give(n, chip{g.asset, last}, part/float64(len(sums))*(g.units/sums[g.asset]))
	}
	return nil
}

// startAddress begins at an address, equally with every asset that leaves it.
func (r *ranker) startAddress(ctx context.Context, l *ledger, s *Seed, part float64) error {
	id, err := l.view.ID(s.Address)
	if err != nil {
		return err
	}
	n, err := r.node(ctx, l, id, 0, nil)
	if err != nil {
		return err
	}
	n.source, n.end = true, ending{}
	if err := r.look(ctx, n); err != nil {
		return err
	}
	var from graph.Position
	if s.HasBlock {
		from.Block = s.Block
		from = from.StartOf()
		from.Tx, from.Seq = graph.BlockTx, ^graph.Seq(0)
	}
	if s.HasTime {
		for e, err := range l.view.History(ctx, id, graph.Position{}) {
			if err != nil {
				return err
			}
			header, err := l.headerAt(e.At.Block)
			if err != nil {
				return err
			}
			if header.Time > s.After {
				break
			}
			from = e.At
		}
	}
	var assets []graph.AssetID
	for _, asset := range slices.Sorted(maps.Keys(n.links.outs)) {
		info, err := l.asset(asset)
		if err != nil {
			return err
		}
		if s.Asset.Standard == 0 || s.Asset == info.Asset {
			assets = append(assets, asset)
		}
	}
	if len(assets) == 0 {
		n.score += part // nothing leaves it: all stays
		return nil
	}
	for _, asset := range assets {
		r.give(n, chip{asset, from}, part/float64(len(assets)))
	}
	return nil
}

func (r *ranker) result() (*Ranking, error) {
	out := &Ranking{Case: r.plan.Case, Options: r.o, Visited: r.visited, Entries: r.entries, Cut: r.cut}
	nodes := slices.Collect(maps.Values(r.nodes))
	slices.SortFunc(nodes, func(a, b *rankNode) int {
		return cmp.Or(cmp.Compare(b.score, a.score), a.address.Compare(b.address))
	})
	nodes = slices.DeleteFunc(nodes, func(n *rankNode) bool { out.Left += n.rest; return n.score == 0 })
	touched := make(map[graph.ChainID]bool)
	for _, n := range nodes {
		touched[n.l.chain.ID] = true
		out.Nodes = append(out.Nodes, Ranked{Address: n.address, Labels: r.labels(n.address), Score: n.score, Hop: n.hop, Source: n.source, Ends: n.end.reason, Rule: n.end.rule, heuristic: n.end.heuristic})
	}
	out.Kept = r.keep(nodes)
	for _, chain := range slices.Sorted(maps.Keys(touched)) {
		view := r.ledgers[chain].view
		tip, err := view.Tip()
		if err != nil {
			return nil, err
		}
		out.Tips = append(out.Tips, Tip{r.ledgers[chain].chain, tip})
		coverage, err := view.Coverage()
		if err != nil {
			return nil, err
		}
		out.Coverage = append(out.Coverage, coverage...)
	}
	return out, nil
}

// keep is the smallest number of the best nodes whose border is crossed by
// little of the relevance that moved at them.
func (r *ranker) keep(nodes []*rankNode) int {
	type end struct {
		other *rankNode
		moved float64
	}
	rank := make(map[*rankNode]int, len(nodes))
	for i, n := range nodes {
		rank[n] = i
	}
	ends := make(map[*rankNode][]end)
	for ab, m := range r.moved {
		ends[ab[0]] = append(ends[ab[0]], end{ab[1], m})
		ends[ab[1]] = append(ends[ab[1]], end{ab[0], m})
	}
	inside, border := 0.0, 0.0
	for i, n := range nodes {
		at := ends[n]
		slices.SortFunc(at, func(a, b end) int { return a.other.address.Compare(b.other.address) })
		for _, e := range at {
			if other, kept := rank[e.other]; kept && other < i {
				border -= e.moved
				inside += e.moved
			} else {
				border += e.moved
			}
		}
		if inside > 0 && border/(inside+border) < r.o.Conductance {
			return i + 1
		}
	}
	return len(nodes)
}
