package trace

import (
	"cmp"
	"errors"
	"maps"
	"math/big"
	"slices"

	gonum "gonum.org/v1/gonum/graph"
	control "gonum.org/v1/gonum/graph/flow"
	"gonum.org/v1/gonum/graph/simple"

	"spoor/graph"
)

// Choke is an address that value had to pass, for one asset in which it ended.
type Choke struct {
	Rank    int // from 1; the rows of one address share it
	Address graph.Address
	Labels  []graph.Label
	Asset   graph.AssetInfo
	Passed  graph.Amount // what ended behind the address, or at it, and had no other way there
	Ended   graph.Amount // what ended anywhere, fees left out
	Ends    int          // ends of branches that Passed is the sum of
	Here    graph.Amount // what of it ended at the address itself, at rest or otherwise
}

// Chokes are the addresses whose freezing stops the most.
type Chokes struct {
	Points []Choke // by falling part of what ended, then by address
	// Cut is a smallest set of addresses, those of the seeds left out, that
	// between them stand on every way from the theft to its ends; of several
	// the one nearest to the ends. What ended at a seed's own address is not
	// among them.
	Cut []graph.Address
}

// ErrReach is returned for traces whose method tells no amounts.
var ErrReach = errors.New("the method shows reach only, no amounts; take another")

// Chokes ranks the addresses of a trace by what their freezing would have
// stopped. An address is held to be on every way to an end if it dominates it
// in the graph of all movements (Lengauer and Tarjan, TOPLAS 1979). The graph
// leaves the order of movements out, so it has ways that no value could take,
// and what is said to have passed is never too much.
func (t *Trace) Chokes() (Chokes, error) {
	if !t.Method.Conserves {
		return Chokes{}, ErrReach
	}
	f := newFlowGraph(t)
	return Chokes{Points: f.points(), Cut: f.cut()}, nil
}

// A flowGraph has the addresses of a trace as nodes, its swaps and UTXO
// transactions, which join what comes in, and its ends; and the movements of
// taint between them as edges.
type flowGraph struct {
	t         *Trace
	g         *simple.DirectedGraph
	addresses map[graph.Address]int64
	joints    map[joint]int64
	arrivals  map[joint]bool // transactions in which something came out of a bridge
	name      map[int64]graph.Address
	sources   map[int64]bool
	ends      map[int64]*Stop
	unplaced  map[assetOf][]int64 // ends without an address
}

type joint struct {
	chain graph.ChainID
	at    graph.Position
}

type assetOf struct {
	asset  graph.Asset
	reason Reason
}

const root = 0

func newFlowGraph(t *Trace) *flowGraph {
	f := &flowGraph{t: t, g: simple.NewDirectedGraph(), addresses: make(map[graph.Address]int64), joints: make(map[joint]int64), arrivals: make(map[joint]bool),
		name: make(map[int64]graph.Address), sources: make(map[int64]bool), ends: make(map[int64]*Stop), unplaced: make(map[assetOf][]int64)}
	f.g.AddNode(simple.Node(root))
	for i := range t.Stops {
		s := &t.Stops[i]
		if s.Reason == StopFee || s.Tainted.IsZero() {
			continue
		}
		end := f.add()
		f.ends[end] = s
		if s.Address.IsZero() {
			key := assetOf{s.Asset.Asset, s.Reason}
			f.unplaced[key] = append(f.unplaced[key], end)
			continue
		}
		f.edge(f.address(s.Address), end)
	}
	for i := range t.Seeds {
		n := f.address(t.Seeds[i].Address)
		f.sources[n] = true
		f.edge(root, n)
	}
	for i := range t.Passages {
		if p := &t.Passages[i]; p.Departure.Chain != "" && p.Arrival != nil {
			f.arrivals[joint{p.Arrival.Chain, p.Arrival.At.StartOf()}] = true
			f.move(f.meet(p.Departure.Chain, p.Departure.At), f.meet(p.Arrival.Chain, p.Arrival.At))
		}
	}
	for i := range t.Steps {
		f.step(&t.Steps[i])
	}
	return f
}

func (f *flowGraph) step(s *Step) {
	switch s.Rule { // what leaves through a bridge goes on where it arrives, see newFlowGraph
	case RuleBridgeOut, RuleLinkOut:
		if !s.From.IsZero() {
			f.move(f.address(s.From), f.joint(s))
		}
	case RuleBridgeIn, RuleLinkIn, RuleSeed: // a seed backward can be what arrived
		if f.arrivals[joint{s.Chain, s.At.StartOf()}] {
			f.move(f.joint(s), f.address(s.To))
		}
	}
	switch {
	case s.Rule == RuleFee:
	case s.Rule == RuleGiven:
		f.move(f.address(s.From), f.joint(s))
	case s.Rule == RuleReceived:
		f.move(f.joint(s), f.address(s.To))
	case s.From.IsZero() && !s.To.IsZero() && f.joins(s):
		f.move(f.joint(s), f.address(s.To))
	case s.To.IsZero() && !s.From.IsZero() && s.Rule == RuleUTXO:
		f.move(f.address(s.From), f.joint(s))
	case s.From.IsZero(): // a seed that was issued
	case s.To.IsZero():
		for _, end := range f.unplaced[assetOf{s.Asset.Asset, StopBurn}] {
			f.edge(f.address(s.From), end)
		}
	case s.Rule == RuleSeed && !f.t.Backward() && f.addresses[s.From] == 0: // the victim
	default:
		f.move(f.address(s.From), f.address(s.To))
	}
}

// joins reports whether a movement without payer is an output that the inputs of
// its transaction paid.
func (f *flowGraph) joins(s *Step) bool {
	return s.Rule == RuleUTXO || f.t.Backward() && graph.ChainOf(s.Chain).Family == graph.UTXOFamily
}

// move adds a movement: backward, the graph leads against it.
func (f *flowGraph) move(from, to int64) {
	if f.t.Backward() {
		from, to = to, from
	}
	f.edge(from, to)
}

func (f *flowGraph) add() int64 {
	n := f.g.NewNode()
	f.g.AddNode(n)
	return n.ID()
}

func (f *flowGraph) address(a graph.Address) int64 {
	n, known := f.addresses[a]
	if !known {
		n = f.add()
		f.addresses[a], f.name[n] = n, a
	}
	return n
}

func (f *flowGraph) joint(s *Step) int64 { return f.meet(s.Chain, s.At) }

// meet is a transaction in which value meets.
func (f *flowGraph) meet(chain graph.ChainID, at graph.Position) int64 {
	key := joint{chain, at.StartOf()}
	n, known := f.joints[key]
	if !known {
		n = f.add()
		f.joints[key] = n
	}
	return n
}

func (f *flowGraph) edge(from, to int64) {
	if from != to {
		f.g.SetEdge(simple.Edge{F: simple.Node(from), T: simple.Node(to)})
	}
}

// place is an asset at an address.
type place struct {
	address graph.Address
	asset   graph.Asset
}

// points adds up, for every address, the ends it dominates.
func (f *flowGraph) points() []Choke {
	tree := control.Dominators(simple.Node(root), f.g)
	ended := make(map[graph.Asset]*graph.Amount)
	sums := make(map[int64]map[graph.Asset]*Choke)
	labels := make(map[graph.Address][]graph.Label)
	for i := range f.t.Holders {
		labels[f.t.Holders[i].Address] = f.t.Holders[i].Labels
	}
	// Sums rise from the ends to the root, a node after all it dominates.
	type sum struct {
		amount graph.Amount
		ends   int
	}
	behind := make(map[int64]map[graph.Asset]sum)
	here := make(map[place]graph.Amount)
	rise := func(to int64, asset graph.Asset, s sum) {
		if behind[to] == nil {
			behind[to] = make(map[graph.Asset]sum)
		}
		all := behind[to][asset]
		all.amount.Add(&all.amount, &s.amount)
		all.ends += s.ends
		behind[to][asset] = all
	}
	order := []int64{root}
	for i := 0; i < len(order); i++ {
		for _, n := range tree.DominatedBy(order[i]) {
			order = append(order, n.ID())
		}
	}
	infos := make(map[graph.Asset]graph.AssetInfo)
	for _, n := range slices.Backward(order) {
		if s := f.ends[n]; s != nil {
			infos[s.Asset.Asset] = s.Asset
			own := here[place{s.Address, s.Asset.Asset}]
			own.Add(&own, &s.Tainted)
			here[place{s.Address, s.Asset.Asset}] = own
			rise(n, s.Asset.Asset, sum{s.Tainted, 1})
		}
		if a, isAddress := f.name[n]; isAddress && len(behind[n]) > 0 {
			sums[n] = make(map[graph.Asset]*Choke)
			for asset, s := range behind[n] {
				sums[n][asset] = &Choke{Address: a, Labels: labels[a], Asset: infos[asset], Passed: s.amount, Ends: s.ends, Here: here[place{a, asset}]}
			}
		}
		if n != root {
			for asset, s := range behind[n] {
				rise(tree.DominatorOf(n).ID(), asset, s)
			}
			delete(behind, n)
		}
	}
	for asset, s := range behind[root] {
		ended[asset] = &s.amount
	}
	return ranked(sums, ended)
}

// ranked orders addresses by the sum, over all assets, of the part of the
// asset that passed them: there is no price on a ledger.
func ranked(sums map[int64]map[graph.Asset]*Choke, ended map[graph.Asset]*graph.Amount) []Choke {
	type point struct {
		part *big.Rat
		rows []Choke
	}
	var points []point
	for _, n := range slices.Sorted(maps.Keys(sums)) {
		p := point{part: new(big.Rat)}
		for _, c := range sums[n] {
			c.Ended = *ended[c.Asset.Asset]
			p.part.Add(p.part, new(big.Rat).SetFrac(c.Passed.ToBig(), c.Ended.ToBig()))
			p.rows = append(p.rows, *c)
		}
		slices.SortFunc(p.rows, func(a, b Choke) int { return compareAssets(a.Asset.Asset, b.Asset.Asset) })
		points = append(points, p)
	}
	slices.SortFunc(points, func(a, b point) int {
		return cmp.Or(b.part.Cmp(a.part), a.rows[0].Address.Compare(b.rows[0].Address))
	})
	var chokes []Choke
	for i, p := range points {
		for _, c := range p.rows {
			c.Rank = i + 1
			chokes = append(chokes, c)
		}
	}
	return chokes
}

func sortedIDs(nodes gonum.Nodes) []int64 {
	var ids []int64
	for nodes.Next() {
		ids = append(ids, nodes.Node().ID())
	}
	slices.Sort(ids)
	return ids
}
