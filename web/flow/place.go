package flow

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Measures of a picture.
const (
	boxWidth   = 236
	lineHeight = 15
	padding    = 8
	between    = 18  // boxes of a column
	gap        = 110 // columns
	heading    = 34
	margin     = 12
	sweeps     = 4 // how often the order of all columns is improved, both ways
	apart      = 7 // arrows that join the same boxes
)

// heightOf is the height of a box with room for some lines.
func heightOf(slots int) int { return 2*padding + lineHeight*max(1, slots) }

// columnX is where a column begins.
func columnX(column int) int { return margin + column*(boxWidth+gap) }

// place gives every box its place. Those that the ask placed are where it says;
// each of the others stands as near to where it would be alone as they let it.
func (d *drawing) place() {
	boxes := d.board.Boxes
	free := make([]*Box, 0, len(boxes))
	var taken []*Box
	for _, b := range boxes {
		if at, placed := d.a.Placed[b.Key]; placed {
			b.X, b.Y = at.X, at.Y
			taken = append(taken, b)
			continue
		}
		b.X = columnX(b.Column)
		if d.a.Time {
			b.X = d.timeX(b)
		}
		free = append(free, b)
	}
	d.arrange(free, taken)
	taken = append(taken, d.reserved(taken)...)
	// In the order in which they want to stand, so that few are pushed aside.
	slices.SortStableFunc(free, func(a, b *Box) int { return cmp.Or(cmp.Compare(a.Column, b.Column), cmp.Compare(a.Y, b.Y)) })
	for _, b := range free {
		b.Y = nearest(b, taken)
		taken = append(taken, b)
	}
	d.head()
	p := d.board
	right, bottom := 0, 0
	for i, b := range boxes {
		if i == 0 {
			p.Left, p.Top = min(0, b.X-margin), min(0, b.Y-heading)
		}
		p.Left, p.Top = min(p.Left, b.X-margin), min(p.Top, b.Y-heading)
		right, bottom = max(right, b.X+b.Width+margin), max(bottom, b.Y+b.Height+margin)
	}
	p.Width, p.Height = right-p.Left, bottom-p.Top
	d.curves()
}

// reserved is the room of placed boxes that are not drawn now: they find it free
// when they come back.
func (d *drawing) reserved(drawn []*Box) (rooms []*Box) {
	here := map[string]bool{}
	for _, b := range drawn {
		here[b.Key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(d.a.Placed)) {
		if here[key] {
			continue
		}
		slots := maxSlots
		if u := d.byKey[key]; u != nil {
			slots = u.slots
		} else if strings.HasPrefix(key, foldPrefix) {
			slots = pillSlots
		}
		at := d.a.Placed[key]
		rooms = append(rooms, &Box{X: at.X, Y: at.Y, Width: boxWidth, Height: heightOf(slots)})
	}
	return rooms
}

// maxSlots is the most lines that a box has room for: an entity with a name, a
// long address, a label, amounts and an end.
const maxSlots = 1 + 4 + 1 + maxAmounts + 1 + 1

// arrange gives the boxes of each column the height at which they want to stand:
// few arrows cross if each stands at the mean place of what it is joined to
// (Sugiyama, Tagawa, Toda 1981); pills stand at the bottom.
func (d *drawing) arrange(free, fixed []*Box) {
	// Columns are counted from the leftmost.
	least, most := 0, 0
	for _, b := range free {
		least, most = min(least, b.Column), max(most, b.Column)
	}
	columns := make([][]*Box, most-least+1)
	at := map[*Box]float64{}
	for _, b := range free {
		columns[b.Column-least] = append(columns[b.Column-least], b)
	}
	before, after, joined := map[*Box][]*Box{}, map[*Box][]*Box{}, map[*Box][]*Box{}
	for _, a := range d.board.Arrows {
		from, to := a.from, a.to
		if from.Column > to.Column {
			from, to = to, from
		} else if from.Column < to.Column {
			joined[to] = append(joined[to], from)
		}
		if from.Column != to.Column {
			after[from], before[to] = append(after[from], to), append(before[to], from)
		}
	}
	if len(fixed) > 0 {
		tall := 1
		for _, b := range fixed {
			tall = max(tall, b.Y+b.Height)
		}
		for _, b := range fixed {
			at[b] = float64(b.Y+b.Height/2) / float64(tall)
		}
	}
	renumber := func(boxes []*Box) {
		for i, b := range boxes {
			at[b] = (float64(i) + 0.5) / float64(len(boxes))
		}
	}
	for _, boxes := range columns {
		renumber(boxes)
	}
	for range sweeps {
		for i := range columns {
			arrangeColumn(columns[i], at, before)
			renumber(columns[i])
		}
		for i := len(columns) - 1; i >= 0; i-- {
			arrangeColumn(columns[i], at, after)
			renumber(columns[i])
		}
	}
	top := 0
	for _, boxes := range columns {
		top = min(top, settleColumn(boxes, joined))
	}
	for _, b := range free {
		b.Y += heading
		if len(fixed) == 0 {
			b.Y -= top
		}
	}
}

func arrangeColumn(boxes []*Box, at map[*Box]float64, joined map[*Box][]*Box) {
	want := map[*Box]float64{}
	for _, b := range boxes {
		want[b] = at[b]
		if n := len(joined[b]); n > 0 {
			total := 0.0
			for _, other := range joined[b] {
				total += at[other]
			}
			want[b] = total / float64(n)
		}
	}
	slices.SortStableFunc(boxes, func(a, b *Box) int {
		return cmp.Or(cmp.Compare(pillLast(a), pillLast(b)), cmp.Compare(want[a], want[b]))
	})
}

func pillLast(b *Box) int {
	if b.Kind == FoldBox {
		return 1
	}
	return 0
}

// settleColumn puts every box of a column as near to the mean height of what it
// is joined to on its left as its neighbours let it (isotonic regression, the
// least squares under their order), and returns the highest place.
func settleColumn(boxes []*Box, joined map[*Box][]*Box) (top int) {
	want := make([]float64, len(boxes)) // of the top, less what stands above
	above := 0
	for i, b := range boxes {
		want[i] = float64(-above)
		if from := joined[b]; len(from) > 0 {
			middle := 0
			for _, other := range from {
				middle += other.Y + other.Height/2
			}
			want[i] = float64(middle/len(from) - b.Height/2 - above)
		}
		above += b.Height + between
	}
	above = 0
	for i, y := range isotonic(want) {
		boxes[i].Y = int(y) + above
		above += boxes[i].Height + between
		top = min(top, boxes[i].Y)
	}
	return top
}

// nearest is the height nearest to that which a box wants at which it lies on no
// other, nor too near to one.
func nearest(b *Box, taken []*Box) int {
	type stretch struct{ from, to int } // of heights at which it cannot stand, the ends not included
	var barred []stretch
	for _, t := range taken {
		if b.X < t.X+t.Width && t.X < b.X+b.Width {
			barred = append(barred, stretch{t.Y - b.Height - between, t.Y + t.Height + between})
		}
	}
	slices.SortFunc(barred, func(x, y stretch) int { return cmp.Or(cmp.Compare(x.from, y.from), cmp.Compare(x.to, y.to)) })
	want := max(b.Y, heading)
	above, fits := 0, false // the lowest place above that which it wants, if there is one
	free := heading         // the first height below the stretches so far
	for _, s := range barred {
		if s.to <= free {
			continue
		}
		if s.from >= free { // there is room before this one
			if want <= s.from {
				break
			}
			above, fits = s.from, true
		}
		free = s.to
	}
	below := max(want, free)
	if fits && want-above < below-want {
		return above
	}
	return below
}

// isotonic is the ascending sequence nearest to the one given (pool adjacent
// violators).
func isotonic(want []float64) []float64 {
	type block struct {
		total float64
		n     int
	}
	mean := func(b block) float64 { return b.total / float64(b.n) }
	var blocks []block
	for _, w := range want {
		b := block{w, 1}
		for len(blocks) > 0 && mean(blocks[len(blocks)-1]) > mean(b) {
			last := blocks[len(blocks)-1]
			blocks = blocks[:len(blocks)-1]
			b = block{last.total + b.total, last.n + b.n}
		}
		blocks = append(blocks, b)
	}
	placed := make([]float64, 0, len(want))
	for _, b := range blocks {
		placed = append(placed, slices.Repeat([]float64{mean(b)}, b.n)...)
	}
	return placed
}

// curves draws the arrows; those that join the same boxes run beside each other.
func (d *drawing) curves() {
	type pair struct{ from, to *Box }
	count, seen := map[pair]int{}, map[pair]int{}
	for _, a := range d.board.Arrows {
		count[pair{a.from, a.to}]++
	}
	for _, a := range d.board.Arrows {
		key := pair{a.from, a.to}
		most := min(a.from.Height, a.to.Height)/2 - padding
		shift := (2*seen[key] - count[key] + 1) * apart / 2
		seen[key]++
		a.Path = curve(a.from, a.to, max(-most, min(most, shift)))
	}
}

// curve leads from the right side of a box to the left side of another, or
// around if that stands before it or in its column.
func curve(from, to *Box, shift int) string {
	x1, y1 := from.X+from.Width, from.Y+from.Height/2+shift
	x2, y2 := to.X, to.Y+to.Height/2+shift
	if x2 < x1 {
		x2 += to.Width
		out := gap / 2
		return fmt.Sprintf("M%d %d C%d %d %d %d %d %d", x1, y1, x1+out, y1, x2+out, y2, x2, y2)
	}
	middle := (x2 - x1) / 2
	return fmt.Sprintf("M%d %d C%d %d %d %d %d %d", x1, y1, x1+middle, y1, x2-middle, y2, x2, y2)
}

// Text is a line of a box at its place.
type Text struct {
	X, Y        int
	Class, Text string
}

// Texts are the lines of a box at their places, from above.
func (b *Box) Texts() []Text {
	texts := make([]Text, len(b.Lines))
	for i, line := range b.Lines {
		texts[i] = Text{b.X + padding, b.Y + padding + lineHeight*(i+1) - 3, b.Classes[i], line}
	}
	return texts
}
