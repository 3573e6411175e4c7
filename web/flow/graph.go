package flow

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"spoor/graph"
	"spoor/report"
	"spoor/trace"
)

// Bounds of a picture. With its lines a box has up to eleven elements and an
// arrow two, so that a picture stays below 500.
const (
	maxBoxes   = 32
	maxColumns = 9
	maxArrows  = 60
)

// Picture is a trace as drawn. Lengths are in user units of SVG.
type Picture struct {
	Width, Height int
	Columns       []Column
	Boxes         []*Box
	Arrows        []*Arrow
	Hidden        int // arrows that are not drawn, the smallest
	Folded        int // addresses that are in boxes of several

	headings []string // of columns
}

// Column is the heading of a column.
type Column struct {
	X    int
	Text string
}

// Box is an address, or several that are folded into one.
type Box struct {
	Address graph.Address // zero if folded
	Folded  int           // addresses in it; 0 for one
	Labels  []graph.Label
	Lines   []string // the address, in full, in lines
	Amounts []string // taint that arrived, by asset
	Ends    []string // reasons why branches end here
	Source  bool     // a seed's own address

	X, Y, Width, Height int

	column, number int
	weight         float64 // the largest part of any asset's taint that arrived, and 1 for what must be seen
	in             map[graph.Asset]*sum
}

// Arrow is taint that moved from one box to another, in one or more steps.
type Arrow struct {
	From, To *Box
	Amounts  []string // empty if joint
	Joint    bool     // through transactions of which nobody can say which input paid which output, or that swapped
	Steps    int
	Path     string // of SVG
	Wide     int    // 1 to 5, by part of what was stolen

	weight float64
	sums   map[graph.Asset]*sum
}

type sum struct {
	info   graph.AssetInfo
	amount big.Int
}

func add(sums map[graph.Asset]*sum, info graph.AssetInfo, amount *big.Int) {
	s := sums[info.Asset]
	if s == nil {
		s = &sum{info: info}
		sums[info.Asset] = s
	}
	s.amount.Add(&s.amount, amount)
}

// Draw makes the picture of a trace.
func Draw(t *trace.Trace) *Picture {
	d := &drawing{t: t, boxes: map[graph.Address]*Box{}, all: map[graph.Asset]*big.Int{}}
	d.total()
	d.collect()
	p := &Picture{}
	p.Boxes, p.headings = d.fold()
	p.Arrows = d.arrows()
	for _, b := range p.Boxes {
		p.Folded += b.Folded
	}
	if p.Hidden = len(p.Arrows) - maxArrows; p.Hidden > 0 {
		p.Arrows = p.Arrows[:maxArrows]
	} else {
		p.Hidden = 0
	}
	order(p)
	place(p)
	return p
}

type drawing struct {
	t     *trace.Trace
	boxes map[graph.Address]*Box // also those folded: several share one
	list  []*Box
	all   map[graph.Asset]*big.Int // taint of each asset
}

// total is how much of each asset was ever tainted.
func (d *drawing) total() {
	for i := range d.t.Balances {
		b := &d.t.Balances[i]
		all := new(big.Int).Add(b.Seeded.ToBig(), b.ConvertedIn.ToBig())
		d.all[b.Asset.Asset] = all.Add(all, b.BridgedIn.ToBig())
	}
}

// part is what a sum is of all taint of its asset. It orders and scales; no
// amount is told by it.
func (d *drawing) part(s *sum) float64 {
	all := d.all[s.info.Asset]
	if all == nil || all.Sign() == 0 {
		return 0
	}
	f, _ := new(big.Rat).SetFrac(&s.amount, all).Float64()
	return f
}

// collect makes a box of every address, in the column of its smallest hop.
func (d *drawing) collect() {
	for i := range d.t.Holders {
		h := &d.t.Holders[i]
		b := d.boxes[h.Address]
		if b == nil {
			b = &Box{Address: h.Address, Labels: h.Labels, column: h.Hop, in: map[graph.Asset]*sum{}}
			d.boxes[h.Address] = b
			d.list = append(d.list, b)
		}
		b.column = min(b.column, h.Hop)
		b.Source = b.Source || h.Role == "source"
		add(b.in, h.Asset, h.In.ToBig())
	}
	for i := range d.t.Stops {
		s := &d.t.Stops[i]
		if b := d.boxes[s.Address]; b != nil && s.Reason != trace.StopFee && !slices.Contains(b.Ends, string(s.Reason)) {
			b.Ends = append(b.Ends, string(s.Reason))
		}
	}
	for _, b := range d.list {
		for _, s := range b.in {
			b.weight = max(b.weight, d.part(s))
		}
		// Where somebody can be asked is drawn before who only passed it on.
		if b.Source || len(b.Labels) > 0 && len(b.Ends) > 0 {
			b.weight++
		}
	}
}

// fold keeps the largest of each column and puts the others into one box, and
// all columns from the last that is drawn on into it.
func (d *drawing) fold() (kept []*Box, headings []string) {
	heights := map[int]bool{}
	for _, b := range d.list {
		heights[b.column] = true
	}
	columns := make([]int, 0, len(heights))
	for hop := range heights {
		columns = append(columns, hop)
	}
	slices.Sort(columns)
	byColumn := make([][]*Box, min(len(columns), maxColumns))
	for _, b := range d.list {
		at, _ := slices.BinarySearch(columns, b.column)
		b.column = min(at, maxColumns-1)
		byColumn[b.column] = append(byColumn[b.column], b)
	}
	for at, boxes := range byColumn {
		heading := fmt.Sprintf("%d movements since the theft", columns[at])
		switch {
		case at == 0 && columns[at] == 0:
			heading = "the theft"
		case at == maxColumns-1 && len(columns) > maxColumns:
			heading = fmt.Sprintf("%d and more movements", columns[at])
		case columns[at] == 1:
			heading = "1 movement since the theft"
		}
		headings = append(headings, heading)
		room := max(2, maxBoxes/len(byColumn))
		slices.SortStableFunc(boxes, func(a, b *Box) int {
			return cmp.Or(cmp.Compare(b.weight, a.weight), a.Address.Compare(b.Address))
		})
		if len(boxes) <= room {
			kept = append(kept, boxes...)
			continue
		}
		rest := &Box{column: at, Folded: len(boxes) - room + 1, in: map[graph.Asset]*sum{}}
		for _, b := range boxes[room-1:] {
			for _, s := range b.in {
				add(rest.in, s.info, &s.amount)
			}
			d.boxes[b.Address] = rest
			for _, e := range b.Ends {
				if !slices.Contains(rest.Ends, e) {
					rest.Ends = append(rest.Ends, e)
				}
			}
		}
		kept = append(append(kept, boxes[:room-1]...), rest)
	}
	for i, b := range kept {
		b.number = i
		b.Amounts = amounts(b.in, 2)
		if slices.Sort(b.Ends); b.Folded == 0 {
			b.Lines = lines(b.Address.String())
		}
	}
	return kept, headings
}

type pair struct{ from, to *Box }

// arrows joins the boxes, the largest first.
func (d *drawing) arrows() []*Arrow {
	found := map[pair]*Arrow{}
	arrow := func(from, to graph.Address) *Arrow {
		a, b := d.boxes[from], d.boxes[to]
		if a == nil || b == nil || a == b {
			return nil
		}
		if found[pair{a, b}] == nil {
			found[pair{a, b}] = &Arrow{From: a, To: b, sums: map[graph.Asset]*sum{}}
		}
		return found[pair{a, b}]
	}
	for i := 0; i < len(d.t.Steps); {
		// Steps are in ledger order: those of a transaction stand together.
		s := &d.t.Steps[i]
		next := i
		var into, out []*trace.Step
		for ; next < len(d.t.Steps) && d.t.Steps[next].Chain == s.Chain && d.t.Steps[next].At.StartOf() == s.At.StartOf(); next++ {
			step := &d.t.Steps[next]
			switch {
			case step.Rule == trace.RuleFee:
			case step.Rule == trace.RuleGiven, step.Rule == trace.RuleUTXO && step.To.IsZero():
				into = append(into, step)
			case step.Rule == trace.RuleReceived, step.Rule == trace.RuleUTXO && step.From.IsZero():
				out = append(out, step)
			default:
				if a := arrow(step.From, step.To); a != nil {
					a.Steps++
					add(a.sums, step.Asset, step.Tainted.ToBig())
				}
			}
		}
		d.join(into, out, arrow)
		i = next
	}
	list := make([]*Arrow, 0, len(found))
	for _, a := range found {
		a.Joint = len(a.sums) == 0
		for _, s := range a.sums {
			a.weight = max(a.weight, d.part(s))
		}
		if a.Joint {
			a.weight = min(a.From.weight, a.To.weight, 1)
		}
		a.Amounts, a.Wide = amounts(a.sums, 3), 1+int(min(a.weight, 0.999)*5)
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b *Arrow) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.From.number, b.From.number), cmp.Compare(a.To.number, b.To.number))
	})
	return list
}

// join draws what went into a transaction to what came out of it: who paid whom
// is not recorded, and no amount is told. Of a large transaction only boxes are
// joined, so that the work is bounded by the picture.
func (d *drawing) join(into, out []*trace.Step, arrow func(from, to graph.Address) *Arrow) {
	distinct := func(steps []*trace.Step, end func(*trace.Step) graph.Address) (addresses []graph.Address) {
		met := map[*Box]bool{}
		for _, s := range steps {
			if b := d.boxes[end(s)]; b != nil && !met[b] {
				met[b] = true
				addresses = append(addresses, end(s))
			}
		}
		return addresses
	}
	tos := distinct(out, func(s *trace.Step) graph.Address { return s.To })
	for _, from := range distinct(into, func(s *trace.Step) graph.Address { return s.From }) {
		for _, to := range tos {
			if a := arrow(from, to); a != nil {
				a.Steps++
			}
		}
	}
}

// amounts tells sums in whole units, the first few by asset, and counts the
// others.
func amounts(sums map[graph.Asset]*sum, show int) (texts []string) {
	list := make([]*sum, 0, len(sums))
	for _, s := range sums {
		if s.amount.Sign() > 0 {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b *sum) int {
		return cmp.Or(cmp.Compare(a.info.Asset.Standard, b.info.Asset.Standard), cmp.Compare(a.info.Asset.String(), b.info.Asset.String()))
	})
	for i, s := range list {
		if i == show {
			return append(texts, fmt.Sprintf("and %d more assets", len(list)-show))
		}
		texts = append(texts, amountText(s))
	}
	return texts
}

// maxSymbol is the length from which a symbol is no name but a message.
const maxSymbol = 16

func amountText(s *sum) string {
	symbol := report.Visible(s.info.Symbol)
	if symbol == "" || len(symbol) > maxSymbol {
		symbol = "of " + s.info.Asset.Text()
	}
	if s.info.Decimals < 0 {
		return s.amount.String() + " base units " + symbol
	}
	digits := s.amount.String()
	if missing := s.info.Decimals + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	text, fraction := digits[:len(digits)-s.info.Decimals], strings.TrimRight(digits[len(digits)-s.info.Decimals:], "0")
	if fraction != "" {
		text += "." + fraction
	}
	return text + " " + symbol
}

// lines parts an address into lines of a box, nothing left out.
func lines(text string) (parts []string) {
	const wide = 22
	for len(text) > wide {
		parts = append(parts, text[:wide])
		text = text[wide:]
	}
	return append(parts, text)
}
