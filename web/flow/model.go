package flow

import (
	"cmp"
	"math/big"
	"slices"

	"spoor/graph"
	"spoor/trace"
)

// Model is what pictures of a trace are drawn from: a tenth of the trace, so
// that several can be kept. It does not change, and many may draw from it at
// the same time.
type Model struct {
	nodes    []node // by address
	index    map[graph.Address]int32
	assets   []asset // in order of the books
	steps    []step  // those of trace.csv, in its order
	txs      []txSpan
	passages []crossing
	columns  []int // numbers of movements at which there are addresses, ascending
	backward bool
	first    int64 // of the movements
	last     int64
	fees     int // addresses that only earned fees
}

// node is an address of the trace.
type node struct {
	address graph.Address
	key     string // of its box
	labels  []graph.Label
	owner   *owner // nil if it shares none with others
	roles   roleSet
	hop     int
	first   int64 // time at which it is first named
	source  bool
	frozen  bool
	known   bool // by its holdings; otherwise it is only the other end of movements
	feeOnly bool
	partial string
	choke   int // its rank, 0 for none
	holds   []holding
	ends    []ending
	weight  float64 // the largest part of any asset's taint that it was reached by, and 1 more for what must be seen
}

// holding is what a trace says of an address in one asset.
type holding struct {
	asset         int32
	in, out, held graph.Amount
	passed        graph.Amount  // of choke points: what had to pass
	tainted       graph.Amount  // of what the movements into it brought
	clean         *graph.Amount // the rest of that, nil if there is none
}

type ending struct {
	asset  int32
	reason trace.Reason
	amount graph.Amount
}

type asset struct {
	info graph.AssetInfo
	all  float64 // its taint, to scale by; no amount is told by it
}

// step is a movement of the trace; its row is its place.
type step struct {
	from, to int32 // nodes, -1 for none
	asset    int32
	rule     rule
	claimed  bool
	summed   bool // of several movements
	tainted  graph.Amount
	time     int64
}

// rule is what is drawn of the rule of a step.
type rule uint8

const (
	plain rule = iota
	seeds
	given
	received
	shared // inputs and outputs of a UTXO transaction
	bridged
	fee
)

// txSpan are the steps of one transaction: they stand together.
type txSpan struct{ from, to int32 }

// crossing is value that came out of a bridge: who paid, and who was paid.
type crossing struct {
	from, to   int32
	outs, ins  []int32 // the steps of both sides
	asset      int32
	amount     graph.Amount
	time       int64
	attributed bool
}

type owner struct {
	name    graph.Address
	members []int32
	rules   []string
}

// NewModel keeps what pictures need of a trace.
func NewModel(t *trace.Trace) *Model {
	b := &building{t: t, m: &Model{index: map[graph.Address]int32{}, backward: t.Backward()}, assets: map[graph.Asset]int32{}}
	for i := range t.Balances {
		a := &t.Balances[i]
		all := new(big.Int).Add(a.Seeded.ToBig(), a.ConvertedIn.ToBig())
		at := b.asset(a.Asset)
		b.m.assets[at].all, _ = new(big.Float).SetInt(all.Add(all, a.BridgedIn.ToBig())).Float64()
	}
	b.holders()
	b.movements()
	b.crossings()
	b.stops()
	b.chokes()
	b.finish()
	return b.m
}

type building struct {
	t      *trace.Trace
	m      *Model
	assets map[graph.Asset]int32
}

func (b *building) asset(info graph.AssetInfo) int32 {
	at, known := b.assets[info.Asset]
	if !known {
		at = int32(len(b.m.assets))
		b.assets[info.Asset] = at
		b.m.assets = append(b.m.assets, asset{info: info})
	}
	return at
}

// node is the number of an address, -1 of none.
func (b *building) node(a graph.Address, hop int, time int64) int32 {
	if a.IsZero() {
		return -1
	}
	at, known := b.m.index[a]
	if !known {
		at = int32(len(b.m.nodes))
		b.m.index[a] = at
		n := node{address: a, key: a.CAIP10(), hop: hop, first: time, feeOnly: true}
		if _, proven := b.t.Pools[a]; proven {
			n.roles.add("pool")
		}
		b.m.nodes = append(b.m.nodes, n)
	}
	n := &b.m.nodes[at]
	n.hop, n.first = min(n.hop, hop), min(n.first, time)
	return at
}

func (b *building) holding(at int32, asset int32) *holding {
	n := &b.m.nodes[at]
	for i := range n.holds {
		if n.holds[i].asset == asset {
			return &n.holds[i]
		}
	}
	n.holds = append(n.holds, holding{asset: asset})
	return &n.holds[len(n.holds)-1]
}

func (b *building) holders() {
	for i := range b.t.Holders {
		h := &b.t.Holders[i]
		at := b.node(h.Address, h.Hop, h.First)
		n := &b.m.nodes[at]
		n.labels, n.known, n.feeOnly = h.Labels, true, false
		n.source = n.source || h.Role == "source"
		n.frozen = n.frozen || h.Frozen.Kind != 0
		n.roles.add(h.Role)
		held := b.holding(at, b.asset(h.Asset))
		held.in, held.out, held.held = h.In, h.Out, h.Held
	}
	for i := range b.t.Seeds {
		if at, known := b.m.index[b.t.Seeds[i].Address]; known {
			b.m.nodes[at].roles.add("seed")
		}
	}
}

// movements keeps the steps, and what they say of their ends. Who was robbed
// stands before the theft; backward, who paid stands before whom.
func (b *building) movements() {
	if b.t.Backward() {
		for i := range b.t.Steps {
			for _, a := range []graph.Address{b.t.Steps[i].From, b.t.Steps[i].To} {
				if at, known := b.m.index[a]; known {
					b.m.nodes[at].hop = int(^uint(0) >> 1) // the steps say it better
				}
			}
		}
	}
	var chain graph.ChainID
	var tx graph.Position
	for i := range b.t.Steps {
		s := &b.t.Steps[i]
		kind := ruleOf(s)
		if b.t.Backward() && s.From.IsZero() && graph.ChainOf(s.Chain).Family == graph.UTXOFamily {
			kind = shared // the inputs of its transaction paid what is asked for
		}
		before := s.Hop
		at, known := b.m.index[s.From]
		switch {
		case b.t.Backward():
			before++
		case known:
			before = b.m.nodes[at].hop
		case kind == seeds:
			before--
		}
		k := step{from: b.node(s.From, before, s.Time), to: b.node(s.To, s.Hop, s.Time), asset: b.asset(s.Asset), rule: kind,
			claimed: s.Claimed, summed: len(s.Legs) > 1, tainted: s.Tainted, time: s.Time}
		if k.from >= 0 && kind == seeds { // who was robbed is seen
			n := &b.m.nodes[k.from]
			n.weight = max(n.weight, 1+b.m.part(k.asset, &k.tainted))
		}
		for _, end := range []int32{k.from, k.to} {
			if end >= 0 && kind != fee {
				b.m.nodes[end].feeOnly = false
			}
		}
		if k.to >= 0 && kind != fee {
			h := b.holding(k.to, k.asset)
			h.tainted.Add(&h.tainted, &s.Tainted)
			if s.Tainted.Lt(&s.Amount) {
				if h.clean == nil {
					h.clean = new(graph.Amount)
				}
				h.clean.Add(h.clean, new(graph.Amount).Sub(&s.Amount, &s.Tainted))
			}
		}
		if at := s.At.StartOf(); i == 0 || s.Chain != chain || at != tx {
			chain, tx = s.Chain, at
			b.m.txs = append(b.m.txs, txSpan{from: int32(i)})
		}
		b.m.txs[len(b.m.txs)-1].to = int32(i + 1)
		b.m.steps = append(b.m.steps, k)
		if i == 0 {
			b.m.first = s.Time
		}
		b.m.first, b.m.last = min(b.m.first, s.Time), max(b.m.last, s.Time)
	}
	b.m.steps = slices.Clone(b.m.steps) // as large as it must be
}

func ruleOf(s *trace.Step) rule {
	switch s.Rule {
	case trace.RuleSeed:
		return seeds
	case trace.RuleGiven:
		return given
	case trace.RuleReceived:
		return received
	case trace.RuleFee:
		return fee
	case trace.RuleUTXO:
		return shared
	case trace.RuleBridgeOut, trace.RuleBridgeIn, trace.RuleLinkOut, trace.RuleLinkIn:
		return bridged
	}
	return plain
}

// crossings join the sides of passages that were followed.
func (b *building) crossings() {
	type place struct {
		chain graph.ChainID
		at    graph.Position
	}
	sides := map[place][]int32{}
	for i := range b.t.Steps {
		if s := &b.t.Steps[i]; ruleOf(s) == bridged {
			key := place{s.Chain, s.At.StartOf()}
			sides[key] = append(sides[key], int32(i))
		}
	}
	for i := range b.t.Passages {
		p := &b.t.Passages[i]
		if !p.Crossed || p.Arrival == nil {
			continue
		}
		c := crossing{from: -1, to: -1, asset: b.asset(p.ToAsset), amount: p.TaintedIn, time: p.Arrival.Time, attributed: p.Statement == graph.Attributed}
		for _, at := range sides[place{p.Departure.Chain, p.Departure.At.StartOf()}] {
			if s := &b.t.Steps[at]; s.Rule == trace.RuleBridgeOut || s.Rule == trace.RuleLinkOut {
				c.outs, c.from = append(c.outs, at), b.m.steps[at].from
			}
		}
		for _, at := range sides[place{p.Arrival.Chain, p.Arrival.At.StartOf()}] {
			if s := &b.t.Steps[at]; s.Rule == trace.RuleBridgeIn || s.Rule == trace.RuleLinkIn {
				c.ins, c.to = append(c.ins, at), b.m.steps[at].to
			}
		}
		if c.from >= 0 && c.to >= 0 {
			b.m.passages = append(b.m.passages, c)
		}
	}
}

func (b *building) stops() {
	for i := range b.t.Stops {
		s := &b.t.Stops[i]
		if s.Address.IsZero() || s.Reason == trace.StopFee {
			continue
		}
		at := b.node(s.Address, s.Hop, s.First)
		n := &b.m.nodes[at]
		n.feeOnly = false
		n.ends = append(n.ends, ending{b.asset(s.Asset), s.Reason, s.Tainted})
		switch s.Reason {
		case trace.StopUncovered:
			n.partial = cmp.Or(n.partial, s.Rule)
		case trace.StopBudget:
			n.partial = cmp.Or(n.partial, "the bound "+s.Rule+" of the case cut the trace here")
		}
		if s.Label.Name != "" && !slices.Contains(n.labels, s.Label) {
			n.labels = append(slices.Clip(n.labels), s.Label)
		}
	}
	for i := range b.t.Unknowns {
		if at, known := b.m.index[b.t.Unknowns[i].Address]; known {
			b.m.nodes[at].partial = cmp.Or(b.m.nodes[at].partial, "it spent value whose arrival was not read")
		}
	}
}

func (b *building) chokes() {
	found, err := b.t.Chokes()
	if err != nil { // a method that tells no amounts has none
		return
	}
	for i := range found.Points {
		c := &found.Points[i]
		if at, known := b.m.index[c.Address]; known {
			b.m.nodes[at].choke = c.Rank
			b.holding(at, b.asset(c.Asset)).passed = c.Passed
		}
	}
}

// finish weighs the addresses and groups them.
func (b *building) finish() {
	met, owners := map[int]bool{}, map[graph.Address]*owner{}
	b.m.nodes = slices.Clone(b.m.nodes) // as large as it must be
	for i := range b.m.nodes {
		n := &b.m.nodes[i]
		if b.t.Backward() {
			n.hop = -n.hop
		}
		if n.feeOnly {
			b.m.fees++
			continue
		}
		for k := range n.holds {
			n.weight = max(n.weight, b.m.part(n.holds[k].asset, &n.holds[k].in), b.m.part(n.holds[k].asset, &n.holds[k].tainted))
		}
		// Where somebody can be asked is drawn before who only passed it on.
		if n.source || len(n.labels) > 0 && len(n.ends) > 0 {
			n.weight++
		}
		met[n.hop] = true
		if name := b.t.Owners[n.address]; !name.IsZero() {
			if owners[name] == nil {
				owners[name] = &owner{name: name}
			}
			n.owner = owners[name]
			n.owner.members = append(n.owner.members, int32(i))
		}
	}
	for hop := range met {
		b.m.columns = append(b.m.columns, hop)
	}
	slices.Sort(b.m.columns)
	for i := range b.t.Members {
		m := &b.t.Members[i]
		if o := owners[m.Entity]; o != nil && !slices.Contains(o.rules, m.Rule) {
			o.rules = append(o.rules, m.Rule)
		}
	}
}

// part is what an amount is of all taint of its asset.
func (m *Model) part(asset int32, amount *graph.Amount) float64 {
	return m.share(asset, amount.Float64())
}

func (m *Model) share(asset int32, amount float64) float64 {
	if all := m.assets[asset].all; all > 0 {
		return amount / all
	}
	return 0
}
