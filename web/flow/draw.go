package flow

import (
	"fmt"
	"maps"
	"math/big"
	"slices"

	"spoor/graph"
)

// Bounds of a picture: one that nothing was opened in has fewer than
// softElements elements of SVG.
const (
	softElements = 500
	maxBoxes     = 32 // of a picture that nothing was opened in
	maxColumns   = 9
	maxArrows    = 60 // of such a picture
	maxHeadings  = 24
	pageBoxes    = 10 // boxes that a pill opens to
	timeBins     = 8  // pills of a picture by time
)

// MaxElements is how many elements of SVG people can look at: 200 boxes, with what
// is written in them and the arrows between them. Only boxes that the ask itself
// demands make a picture larger.
const MaxElements = 3000

// Draw makes a picture of a trace. Equal traces and asks give equal pictures.
func Draw(m *Model, a Ask) *Board {
	d := newDrawing(m, a)
	return d.draw()
}

// drawing is a picture being made.
type drawing struct {
	m        *Model
	a        Ask
	asset    int32 // of the ask, -1 for any, -2 for one that the trace does not have
	windowed bool  // the ask has times
	admitted []bool
	touched  []bool // nodes of which something is left
	moved    [][2][]assetAmount
	units    []*unit
	unitOf   []*unit // by node
	byKey    map[string]*unit
	extra    map[graph.Address]*unit
	collapse map[string]bool
	hidden   map[string]bool
	pins     map[string]bool
	board    *Board
	opened   bool     // the ask made boxes that the picture had not by itself
	kept     []string // of them those that were pinned
	way      way
}

type assetAmount struct {
	asset  int32
	amount graph.Amount
}

// unit is what one box may show: an address, or the members of an entity.
type unit struct {
	key     string
	address graph.Address
	entity  *owner
	nodes   []int32
	labels  []graph.Label
	beside  *Known // if no trace has it
	group   int    // column, or bin of time
	column  int
	first   int64
	weight  float64
	slots   int  // lines that a box of it has room for
	box     *Box // that shows it, nil if none does
}

func newDrawing(m *Model, a Ask) *drawing {
	d := &drawing{m: m, a: a, asset: -1, windowed: a.Since != 0 || a.Until != 0, byKey: map[string]*unit{}, extra: map[graph.Address]*unit{},
		collapse: map[string]bool{}, hidden: map[string]bool{}, pins: map[string]bool{},
		board: &Board{Columns: []Column{}, Boxes: []*Box{}, Arrows: []*Arrow{}, Notes: []string{}}}
	if a.Asset != "" {
		d.asset = -2
		for i := range m.assets {
			if m.assets[i].info.Asset.String() == a.Asset {
				d.asset = int32(i)
			}
		}
	}
	for _, key := range a.Collapse {
		d.collapse[key] = true
	}
	for _, key := range a.Hide {
		d.hidden[key] = true
	}
	return d
}

func (d *drawing) draw() *Board {
	d.admit()
	d.unite()
	d.besides()
	d.way = d.highlight()
	d.pin()
	d.choose()
	d.mark()
	d.arrows()
	d.place()
	d.tell()
	return d.board
}

// admit finds the steps that the ask leaves, and the addresses they touch.
func (d *drawing) admit() {
	filtered := d.asset != -1 || d.windowed
	d.touched = make([]bool, len(d.m.nodes))
	d.admitted = make([]bool, len(d.m.steps))
	if d.windowed {
		d.moved = make([][2][]assetAmount, len(d.m.nodes))
	}
	for i := range d.m.steps {
		s := &d.m.steps[i]
		if s.rule == fee || d.asset != -1 && s.asset != d.asset || d.a.Since != 0 && s.time < d.a.Since || d.a.Until != 0 && s.time > d.a.Until {
			continue
		}
		d.admitted[i] = true
		for side, at := range []int32{s.to, s.from} {
			if at < 0 {
				continue
			}
			d.touched[at] = true
			if d.windowed {
				d.moved[at][side] = addTo(d.moved[at][side], s.asset, &s.tainted)
			}
		}
	}
	for i := range d.m.nodes {
		n := &d.m.nodes[i]
		switch {
		case n.feeOnly:
			d.touched[i] = false
		case !filtered:
			d.touched[i] = true
		case !d.windowed && d.asset >= 0:
			d.touched[i] = d.touched[i] || slices.ContainsFunc(n.holds, func(h holding) bool { return h.asset == d.asset })
		}
		if !d.touched[i] {
			d.board.Outside++
		}
	}
}

func addTo(sums []assetAmount, asset int32, amount *graph.Amount) []assetAmount {
	for i := range sums {
		if sums[i].asset == asset {
			sums[i].amount.Add(&sums[i].amount, amount)
			return sums
		}
	}
	return append(sums, assetAmount{asset, *amount})
}

// unite makes the units: one for each address, or for each entity that is
// collapsed.
func (d *drawing) unite() {
	d.unitOf = make([]*unit, len(d.m.nodes))
	backing := make([]unit, 0, len(d.m.nodes)) // one allocation
	for i := range d.m.nodes {
		if !d.touched[i] || d.unitOf[i] != nil {
			continue
		}
		n := &d.m.nodes[i]
		backing = append(backing, unit{address: n.address, nodes: []int32{int32(i)}})
		u := &backing[len(backing)-1]
		if o := n.owner; o != nil && len(o.members) > 1 && (d.collapse["all"] || d.collapse[entityKey(o.name)] || d.collapse[o.name.CAIP10()]) {
			u.address, u.entity, u.nodes = o.name, o, nil
			for _, member := range o.members {
				if d.touched[member] {
					u.nodes = append(u.nodes, member)
				}
			}
			u.key = entityKey(o.name)
		} else {
			u.key = n.key
		}
		d.settle(u)
		for _, at := range u.nodes {
			d.unitOf[at] = u
		}
		d.units = append(d.units, u)
		d.byKey[u.key] = u
	}
}

const entityPrefix = "entity:"

func entityKey(name graph.Address) string { return entityPrefix + name.CAIP10() }

// settle finds where a unit belongs, how much it weighs and how large it is.
// Its size does not depend on the asset or the times of the ask.
func (d *drawing) settle(u *unit) {
	members := u.nodes
	if u.entity != nil {
		members = u.entity.members
	}
	hop, ends := int(^uint(0)>>1), false
	var assets []int32
	for k, at := range members {
		n := &d.m.nodes[at]
		hop = min(hop, n.hop)
		if k == 0 || n.first < u.first {
			u.first = n.first
		}
		for i := range n.holds {
			if h := &n.holds[i]; !arrivedOf(h).IsZero() && !slices.Contains(assets, h.asset) {
				assets = append(assets, h.asset)
			}
		}
		ends = ends || len(n.ends) > 0
		u.labels = append(u.labels, n.labels...)
	}
	for _, at := range u.nodes {
		if n := &d.m.nodes[at]; d.asset == -1 && !d.windowed {
			u.weight = max(u.weight, n.weight)
		} else {
			for _, s := range d.arrived(at) {
				u.weight = max(u.weight, d.m.part(s.asset, &s.amount))
			}
			if n.source || len(n.labels) > 0 && len(n.ends) > 0 {
				u.weight++
			}
		}
	}
	length := len(u.key) - len(u.address.Chain) - 1
	if u.entity != nil {
		length -= len(entityPrefix)
		u.slots++ // its name
	}
	u.slots += addressSlots(length) + min(1, len(u.labels)) + min(maxAmounts+1, len(assets))
	if ends {
		u.slots++
	}
	at, _ := slices.BinarySearch(d.m.columns, hop)
	u.column = min(at, maxColumns-1)
	u.group = u.column
	if d.a.Time {
		u.group = d.m.bin(u.first)
		u.column = u.group
	}
}

// arrivedOf is the taint that reached an address in an asset; of one that keeps
// none of it, such as the pool of a swap, what was brought there.
func arrivedOf(h *holding) *graph.Amount {
	if h.in.IsZero() {
		return &h.tainted
	}
	return &h.in
}

// arrived is what the ask leaves of the taint that reached an address.
func (d *drawing) arrived(at int32) (sums []assetAmount) {
	if d.windowed {
		return d.moved[at][0]
	}
	for i := range d.m.nodes[at].holds {
		if h := &d.m.nodes[at].holds[i]; d.asset == -1 || h.asset == d.asset {
			if in := arrivedOf(h); !in.IsZero() {
				sums = append(sums, assetAmount{h.asset, *in})
			}
		}
	}
	return sums
}

// passed is what the ask leaves of the taint that left an address.
func (d *drawing) passed(at int32) (sums []assetAmount) {
	if d.windowed {
		return d.moved[at][1]
	}
	for i := range d.m.nodes[at].holds {
		if h := &d.m.nodes[at].holds[i]; (d.asset == -1 || h.asset == d.asset) && !h.out.IsZero() {
			sums = append(sums, assetAmount{h.asset, h.out})
		}
	}
	return sums
}

// besides makes units of addresses that no trace has.
func (d *drawing) besides() {
	first := map[graph.Address]int64{}
	for i := range d.a.Relations {
		r := &d.a.Relations[i]
		for _, a := range []graph.Address{r.From, r.To} {
			if at, met := first[a]; !met || r.First < at {
				first[a] = r.First
			}
		}
	}
	for i := range d.a.Known {
		k := &d.a.Known[i]
		if d.unit(k.Address) != nil || d.extra[k.Address] != nil {
			continue
		}
		u := &unit{key: k.Address.CAIP10(), address: k.Address, labels: k.Labels, beside: k, first: first[k.Address]}
		if len(d.m.columns) > 0 {
			u.column = -1
		}
		if near := d.unit(k.Near); near != nil {
			u.column = near.column + k.Side
		} else if near := d.extra[k.Near]; near != nil {
			u.column = near.column + k.Side
		}
		u.slots = addressSlots(len(u.address.String())) + min(1, len(u.labels))
		d.extra[k.Address] = u
		d.units = append(d.units, u)
		d.byKey[u.key] = u
	}
}

// unit is that of an address of the trace, nil if nothing is left of it.
func (d *drawing) unit(a graph.Address) *unit {
	if at, known := d.m.index[a]; known {
		return d.unitOf[at]
	}
	return nil
}

// pin finds the units that are never folded.
func (d *drawing) pin() {
	unknown := 0
	for _, key := range d.a.Keep {
		if d.byKey[key] != nil {
			d.pins[key] = true
		} else {
			unknown++
		}
	}
	if unknown > 0 {
		d.note("%d boxes of the request are not among what is drawn: another trace, asset, time or entity.", unknown)
	}
	for i := range d.a.Known {
		if u := d.unit(d.a.Known[i].Address); u != nil {
			d.pins[u.key] = true
		}
	}
	for u := range d.way.units {
		d.pins[u.key] = true
	}
}

func (d *drawing) note(format string, args ...any) {
	d.board.Notes = append(d.board.Notes, fmt.Sprintf(format, args...))
}

// tell says what is left out, and how large the picture is.
func (d *drawing) tell() {
	d.board.Elements = d.elements()
	if d.asset == -2 {
		d.note("The trace has nothing in the asset of the request.")
	}
	if d.m.fees > 0 {
		d.note("%d addresses only earned fees and are not drawn; the tables have them.", d.m.fees)
	}
	if d.board.HiddenArrows > 0 {
		d.note("%d smaller arrows are not drawn; the tables have them.", d.board.HiddenArrows)
	}
}

// bigSum adds amounts by asset.
type bigSums map[int32]*big.Int

func (s bigSums) add(sums []assetAmount) {
	for i := range sums {
		if s[sums[i].asset] == nil {
			s[sums[i].asset] = new(big.Int)
		}
		s[sums[i].asset].Add(s[sums[i].asset], sums[i].amount.ToBig())
	}
}

// list are the sums that are more than nothing, native coins first, then by name.
func (d *drawing) list(s bigSums) []Amount {
	assets := slices.SortedFunc(maps.Keys(s), func(a, b int32) int {
		return compareAssets(d.m.assets[a].info.Asset, d.m.assets[b].info.Asset)
	})
	list := []Amount{}
	for _, at := range assets {
		if s[at].Sign() > 0 {
			list = append(list, NewAmount(d.m.assets[at].info, s[at]))
		}
	}
	return list
}

// widest is the largest part that a sum is of all taint of its asset.
func (d *drawing) widest(s bigSums) (weight float64) {
	for at, sum := range s {
		f, _ := new(big.Float).SetInt(sum).Float64()
		weight = max(weight, d.m.share(at, f))
	}
	return weight
}
