package flow

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"spoor/graph"
)

const foldPrefix = "fold:"

// foldKey names the pill of a group: by the movements since the theft, or by
// the bin of time, and how often it was opened. It is the same for every asset.
func (d *drawing) foldKey(group, level int) string {
	key := foldPrefix + "t" + strconv.Itoa(group)
	if !d.a.Time {
		key = foldPrefix + strconv.Itoa(d.m.columns[group])
	}
	if level > 0 {
		key += "/" + strconv.Itoa(level)
	}
	return key
}

// choose makes boxes of the largest units of each group and of those that must
// be seen, and folds the others into one pill. Who is hidden leaves no room for
// another, so that nothing comes when something goes.
func (d *drawing) choose() {
	groups := map[int][]*unit{}
	cost := 0
	for _, u := range d.units {
		switch {
		case u.beside == nil:
			groups[u.group] = append(groups[u.group], u)
		case !d.hidden[u.key]:
			d.box(u)
			d.opened = true
			cost += u.cost()
		}
	}
	room := d.m.room(d.a.Time)
	numbers := slices.Sorted(maps.Keys(groups))
	for _, group := range numbers {
		units := groups[group]
		slices.SortFunc(units, func(a, b *unit) int {
			return cmp.Or(cmp.Compare(b.weight, a.weight), a.address.Compare(b.address), cmp.Compare(a.key, b.key))
		})
		for i, u := range units {
			if i < shownOf(len(units), room, 0) || d.pins[u.key] {
				cost += u.cost()
			}
		}
		cost += pillSlots + 5
	}
	refused := false
	for _, group := range numbers {
		units, level := groups[group], 0
		for slices.Contains(d.a.Open, d.foldKey(group, level)) && shownOf(len(units), room, level) < len(units) {
			more := 0
			for _, u := range units[shownOf(len(units), room, level):shownOf(len(units), room, level+1)] {
				if !d.pins[u.key] {
					more += u.cost()
				}
			}
			if cost+more > MaxElements-mostArrowElements*maxArrows {
				refused = true
				break
			}
			level, cost, d.opened = level+1, cost+more, true
		}
		d.divide(units, group, level, shownOf(len(units), room, level))
	}
	if refused {
		d.note("No more boxes are opened: the picture would have more than %d elements. Hide some, or use the tables.", MaxElements)
	}
}

// shownOf is how many of n units have boxes of their own when a pill was opened
// some times.
func shownOf(n, room, level int) int {
	if n <= room {
		return n
	}
	return min(n, room-1+level*pageBoxes)
}

// cost is the most elements that a box of a unit may need.
func (u *unit) cost() int { return u.slots + 5 }

// room is how many boxes each group of a picture has that nothing was opened in.
// It is the same whatever asset or times are asked for, so that boxes do not come
// and go with them.
func (m *Model) room(byTime bool) int {
	used := len(m.columns)
	if byTime {
		var bins [timeBins]bool
		for i := range m.nodes {
			bins[m.bin(m.nodes[i].first)] = true
		}
		used = 0
		for _, has := range bins {
			if has {
				used++
			}
		}
	}
	return max(2, maxBoxes/max(1, min(used, maxColumns)))
}

// bin is the part of the times of the trace in which a time lies.
func (m *Model) bin(at int64) int {
	length := m.last - m.first + 1
	return int(min(max(at-m.first, 0)*timeBins/length, timeBins-1))
}

// divide draws the first units of a group and those that are pinned, and puts
// the others into a pill.
func (d *drawing) divide(units []*unit, group, level, shown int) {
	var folded []*unit
	key := d.foldKey(group, level)
	for i, u := range units {
		switch {
		case d.hidden[u.key]:
			d.board.Hidden += len(u.nodes)
		case i < shown || d.pins[u.key]:
			if i >= shown {
				d.opened = true
				d.kept = append(d.kept, u.key)
			}
			d.box(u)
		default:
			folded = append(folded, u)
		}
	}
	switch {
	case len(folded) == 1 && !d.hidden[key]:
		d.box(folded[0]) // a pill of one says less than the box of it
	case len(folded) > 0:
		d.pill(folded, key)
	}
}

// box draws a unit.
func (d *drawing) box(u *unit) {
	b := &Box{Key: u.key, Kind: AddressBox, Chain: string(u.address.Chain), Address: u.address.String(), Members: len(u.nodes), Column: u.column,
		Labels: newLabels(u.labels), Statement: graph.Fact, Width: boxWidth, Height: heightOf(u.slots), URL: pathOf("address", u.address), unit: u}
	if u.entity != nil {
		b.Kind, b.Statement, b.URL = EntityBox, graph.Attributed, pathOf("entity", u.address)
	}
	d.fill(b, []*unit{u})
	u.box = b
	d.board.Boxes = append(d.board.Boxes, b)
}

// pill folds units into one box.
func (d *drawing) pill(units []*unit, key string) {
	members := 0
	for _, u := range units {
		members += len(u.nodes)
	}
	if d.hidden[key] {
		d.board.Hidden += members
		return
	}
	b := &Box{Key: key, Kind: FoldBox, Members: members, Column: units[0].column, Labels: []Label{}, Statement: graph.Derived, Width: boxWidth, Height: heightOf(pillSlots), URL: d.a.Trace + "/evidence/addresses"}
	d.fill(b, units)
	for _, u := range units {
		u.box = b
	}
	d.board.Folded += members
	d.board.Boxes = append(d.board.Boxes, b)
}

// shown is the box that shows a unit, nil if none does.
func (u *unit) shown() *Box {
	if u == nil {
		return nil
	}
	return u.box
}

// elements is how many elements of SVG the picture needs so far, as the workspace
// draws it, which draws the most: a box a group, a rectangle, what stands above
// it, a bar, its kind of statement, and a text for every line; an arrow a line and
// what is pointed at, and a sign with a letter if it is no plain transfer.
func (d *drawing) elements() int {
	n := 4 + len(d.board.Columns)
	for _, a := range d.board.Arrows {
		n += arrowElements(a.Kind)
	}
	for _, b := range d.board.Boxes {
		n += b.elements()
	}
	return n
}

// mostArrowElements is what the arrow with the most elements has.
const mostArrowElements = 4

func arrowElements(kind string) int {
	if kind == TransferArrow {
		return 2
	}
	return mostArrowElements
}

func (b *Box) elements() int {
	n := 4 + len(b.Lines)
	if b.Permille > 0 {
		n++
	}
	return n
}

// bound leaves out the smallest arrows until the picture is as small as it must
// be. Arrows of the way that is asked for stay.
func (d *drawing) bound(links []*link) []*link {
	most, limit := maxArrows, softElements
	if d.opened || d.a.Single {
		most, limit = maxArrows+3*max(0, len(d.board.Boxes)-maxBoxes), MaxElements
	}
	if d.a.Single {
		most = max(most, 2*maxArrows)
	}
	room, left := most, limit-d.elements()-maxHeadings
	for _, l := range links {
		if l.highlighted {
			room, left = room-1, left-arrowElements(l.kind)
		}
	}
	kept := make([]*link, 0, min(len(links), most))
	for _, l := range links {
		if l.highlighted {
			kept = append(kept, l)
			continue
		}
		if room, left = room-1, left-arrowElements(l.kind); room >= 0 && left >= 0 {
			kept = append(kept, l)
		} else {
			room = 0 // the rest is smaller still
		}
	}
	d.board.HiddenArrows = len(links) - len(kept)
	return kept
}

// columnText is the heading of a column of movements.
func (d *drawing) columnText(at int) string {
	hop := d.m.columns[at]
	more := at == maxColumns-1 && len(d.m.columns) > maxColumns
	switch {
	case d.m.backward && hop == 0:
		return "what is asked for"
	case d.m.backward && more:
		return fmt.Sprintf("%d movements before, and fewer", -hop)
	case d.m.backward:
		return fmt.Sprintf("%s before", movements(-hop))
	case hop < 0:
		return "before the theft"
	case hop == 0:
		return "the theft"
	case more:
		return fmt.Sprintf("%d and more movements", hop)
	}
	return movements(hop) + " since the theft"
}

func movements(n int) string {
	if n == 1 {
		return "1 movement"
	}
	return fmt.Sprintf("%d movements", n)
}

// lineLength is how many characters of an address are on a line of a box.
const lineLength = 22

// addressLines parts an address into lines of a box, nothing left out.
func addressLines(a graph.Address) (parts []string) {
	text := a.String()
	for len(text) > lineLength {
		parts = append(parts, text[:lineLength])
		text = text[lineLength:]
	}
	return append(parts, text)
}

// addressSlots is how many lines an address of some length takes.
func addressSlots(length int) int { return max(1, (length+lineLength-1)/lineLength) }
