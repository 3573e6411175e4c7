package flow

import (
	"cmp"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"time"

	"spoor/graph"
)

// link is an arrow being summed up.
type link struct {
	linkKey
	sums        bigSums
	relations   []*Relation // of the ledger, if it is of none of the trace
	steps       int
	first, last int64
	summed      bool
	unsure      bool // nobody can say how much of it all
	claimed     bool
	weight      float64
	highlighted bool
	rows        []int32 // only if they are asked for
}

type linkKey struct {
	from, to *Box
	kind     string
	row      int32
	through  bool // a swap: who gave and who received, whatever pools it went through
}

// weaving joins boxes.
type weaving struct {
	d     *drawing
	links map[linkKey]*link
	list  []*link
	rows  bool // keep which rows an arrow is made of
}

func (w *weaving) link(from, to *Box, kind string, row int32) *link {
	if from == nil || to == nil || from == to {
		return nil
	}
	if !w.d.a.Single {
		row = 0
	}
	return w.at(linkKey{from, to, kind, row, false})
}

func (w *weaving) at(key linkKey) *link {
	l := w.links[key]
	if l == nil {
		l = &link{linkKey: key, sums: bigSums{}}
		w.links[key] = l
		w.list = append(w.list, l)
	}
	return l
}

// take adds a movement to an arrow.
func (w *weaving) take(l *link, row int32, count bool) {
	if l == nil {
		return
	}
	s := &w.d.m.steps[row]
	if l.steps == 0 || s.time < l.first {
		l.first = s.time
	}
	l.last = max(l.last, s.time)
	l.steps++
	l.claimed, l.summed = l.claimed || s.claimed, l.summed || s.summed
	if count {
		l.sums.add([]assetAmount{{s.asset, s.tainted}})
	}
	if w.rows {
		l.rows = append(l.rows, row)
	}
}

func (d *drawing) boxOfNode(at int32) *Box {
	if at < 0 {
		return nil
	}
	return d.unitOf[at].shown()
}

// weave joins the boxes by what the steps say. Every step with two ends is in
// one arrow, with its amount. What a UTXO transaction or a swap joins is drawn
// from each that gave to each that received, and has an amount only if one box
// alone gave: else nobody can say who paid whom.
func (d *drawing) weave(rows bool) *weaving {
	w := &weaving{d: d, links: map[linkKey]*link{}, rows: rows}
	for i := range d.m.txs {
		tx := d.m.txs[i]
		var into, out []int32
		kind := JointArrow
		for row := tx.from; row < tx.to; row++ {
			s := &d.m.steps[row]
			if !d.admitted[row] {
				continue
			}
			switch s.rule {
			case given:
				into, kind = append(into, row), SwapArrow
			case received:
				out, kind = append(out, row), SwapArrow
			case shared:
				if s.to < 0 {
					into = append(into, row)
				} else if s.from < 0 {
					out = append(out, row)
				}
			}
			if s.from >= 0 && s.to >= 0 {
				w.take(w.link(d.boxOfNode(s.from), d.boxOfNode(s.to), kindOf(s.rule), row+1), row, true)
			}
		}
		w.join(into, out, kind)
	}
	for i := range d.m.passages {
		w.cross(&d.m.passages[i])
	}
	w.relate()
	// What the swap gave or got is drawn between the same boxes already.
	w.list = slices.DeleteFunc(w.list, func(l *link) bool {
		key := l.linkKey
		key.through = false
		return l.through && w.links[key] != nil
	})
	return w
}

func kindOf(r rule) string {
	switch r {
	case given, received:
		return SwapArrow
	case bridged:
		return BridgeArrow
	case shared:
		return JointArrow
	}
	return TransferArrow
}

// join draws what went into a transaction to what came out of it. The work is
// bounded by the boxes, not by the size of the transaction.
func (w *weaving) join(into, out []int32, kind string) {
	d := w.d
	if len(into) == 0 || len(out) == 0 {
		return
	}
	givers := map[*Box][]int32{}
	var order []*Box
	for _, row := range into {
		if b := d.boxOfNode(d.m.steps[row].from); b != nil {
			if givers[b] == nil {
				order = append(order, b)
			}
			givers[b] = append(givers[b], row)
		}
	}
	// An input whose box is hidden gave as well.
	alone := len(order) == 1 && !slices.ContainsFunc(into, func(row int32) bool { return d.boxOfNode(d.m.steps[row].from) == nil })
	takers := map[*Box][]int32{}
	var ends []*Box
	for _, row := range out {
		if b := d.boxOfNode(d.m.steps[row].to); b != nil {
			if takers[b] == nil {
				ends = append(ends, b)
			}
			takers[b] = append(takers[b], row)
		}
	}
	for _, from := range order {
		for _, to := range ends {
			if from == to {
				continue
			}
			row := takers[to][0]
			key := linkKey{from, to, kind, 0, kind == SwapArrow}
			if d.a.Single {
				key.row = row + 1
			}
			l := w.at(key)
			for _, row := range takers[to] {
				w.take(l, row, alone && kind == JointArrow)
			}
			if w.rows {
				l.rows = append(l.rows, givers[from]...)
			}
			l.summed = true
			l.unsure = l.unsure || kind == JointArrow && !alone
		}
	}
}

// cross draws value that came out of a bridge, from who paid it in.
func (w *weaving) cross(c *crossing) {
	d := w.d
	admitted := func(row int32) bool { return d.admitted[row] }
	if !slices.ContainsFunc(c.outs, admitted) && !slices.ContainsFunc(c.ins, admitted) {
		return
	}
	l := w.link(d.boxOfNode(c.from), d.boxOfNode(c.to), BridgeArrow, -1-c.outs[0])
	if l == nil {
		return
	}
	if l.steps == 0 || c.time < l.first {
		l.first = c.time
	}
	l.last = max(l.last, c.time)
	l.steps++
	l.summed, l.claimed = true, l.claimed || c.attributed
	if d.asset == -1 || d.asset == c.asset {
		l.sums.add([]assetAmount{{c.asset, c.amount}})
	}
	if w.rows {
		l.rows = append(append(l.rows, c.outs...), c.ins...)
	}
}

// relate draws what the ledger tells of two addresses. It may be told twice, by
// who gave and by who received: then by the one who knows of more.
func (w *weaving) relate() {
	d := w.d
	type pair struct{ from, to graph.Address }
	best := map[pair]*Relation{}
	for i := range d.a.Relations {
		r := &d.a.Relations[i]
		if key := (pair{r.From, r.To}); best[key] == nil || r.Steps > best[key].Steps {
			best[key] = r
		}
	}
	box := func(a graph.Address) *Box {
		if u := d.unit(a); u != nil {
			return u.shown()
		}
		return d.extra[a].shown()
	}
	for i := range d.a.Relations {
		r := &d.a.Relations[i]
		if best[pair{r.From, r.To}] != r {
			continue
		}
		kind, from, to := RelationArrow, box(r.From), box(r.To)
		if r.Joint {
			kind = JointArrow
		}
		if from == nil || to == nil || from == to {
			continue
		}
		l := w.at(linkKey{from, to, kind, ofLedger, false})
		if l.steps == 0 || r.First < l.first {
			l.first = r.First
		}
		l.last = max(l.last, r.Last)
		l.steps += r.Steps
		l.relations = append(l.relations, r)
		// A transaction that several of a box have signed was told by each.
		l.unsure = r.Joint && len(l.relations) > 1
	}
}

// ofLedger is the row of what is of none of the trace.
const ofLedger = int32(-1 << 31)

// arrows makes the arrows of the picture, largest first.
func (d *drawing) arrows() {
	w := d.weave(false)
	for _, l := range w.list {
		l.weight = d.widest(l.sums)
		if len(l.sums) == 0 {
			l.weight = 0.1 // of no amount
		}
		l.highlighted = l.relations == nil && d.way.links[wayKey{l.from, l.to}]
		if d.a.Single && l.row > 0 {
			l.highlighted = l.highlighted && slices.Contains(d.way.rows, l.row-1)
		}
	}
	at := map[*Box]int{}
	for i, b := range d.board.Boxes {
		at[b] = i
	}
	slices.SortStableFunc(w.list, func(a, b *link) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(at[a.from], at[b.from]), cmp.Compare(at[a.to], at[b.to]), cmp.Compare(a.kind, b.kind), cmp.Compare(a.row, b.row))
	})
	view := d.view()
	for _, l := range d.bound(w.list) {
		d.board.Arrows = append(d.board.Arrows, d.arrow(l, view))
	}
}

func (d *drawing) arrow(l *link, view string) *Arrow {
	a := &Arrow{Key: l.from.Key + ">" + l.to.Key + ":" + l.kind, From: l.from.Key, To: l.to.Key, Kind: l.kind, Statement: graph.Fact, Steps: l.steps,
		First: instant(l.first), Last: instant(l.last), Wide: 1 + int(min(l.weight, 0.999)*5), Highlighted: l.highlighted, from: l.from, to: l.to}
	if l.relations != nil {
		a.Key += ":ledger"
		a.related(l)
		return a
	}
	a.Amounts = []Amount{}
	if !l.unsure { // part of a sum would be told as all of it
		a.Amounts = d.list(l.sums)
	}
	if l.row != 0 {
		a.Key += ":" + strconv.Itoa(int(l.row))
	}
	switch {
	case l.claimed:
		a.Statement = graph.Attributed
	case l.summed:
		a.Statement = graph.Derived
	}
	if d.a.Trace != "" {
		a.RowsURL = d.rowsURL(l, view)
	}
	return a
}

// related says what the ledger tells.
func (a *Arrow) related(l *link) {
	sums := map[graph.Asset]*Sum{}
	a.Amounts = []Amount{}
	for _, r := range l.relations {
		for _, s := range r.Sums {
			if sums[s.Info.Asset] == nil {
				sums[s.Info.Asset] = &Sum{s.Info, new(big.Int)}
			}
			sums[s.Info.Asset].Amount.Add(sums[s.Info.Asset].Amount, s.Amount)
		}
	}
	if !l.unsure {
		for _, s := range slices.SortedFunc(maps.Values(sums), func(x, y *Sum) int { return compareAssets(x.Info.Asset, y.Info.Asset) }) {
			a.Amounts = append(a.Amounts, NewAmount(s.Info, s.Amount))
		}
	}
	if a.RowsURL = l.relations[0].URL; len(l.relations) > 1 {
		a.RowsURL = ""
	}
	if l.relations[0].Joint || len(l.relations) > 1 {
		a.Statement = graph.Derived
	}
}

// compareAssets puts native coins first, then orders by name.
func compareAssets(a, b graph.Asset) int {
	return cmp.Or(cmp.Compare(a.Standard, b.Standard), cmp.Compare(a.String(), b.String()))
}

func instant(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }
