package flow

import (
	"fmt"
	"slices"
	"strings"

	"spoor/graph"
	"spoor/report"
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
)

// place gives every box its place: columns from left to right, in each the
// order that was found, every box as near to the mean height of what it is
// joined to on its left as its neighbours let it (isotonic regression, which is
// the least squares under that order).
func place(p *Picture) {
	joined := map[*Box][]*Box{}
	for _, a := range p.Arrows {
		if a.From.column < a.To.column {
			joined[a.To] = append(joined[a.To], a.From)
		}
	}
	top := 0
	for n, boxes := range byColumn(p) {
		x := margin + n*(boxWidth+gap)
		p.Columns = append(p.Columns, Column{x, p.headings[n]})
		want := make([]float64, len(boxes)) // of the top, less what stands above
		above := 0
		for i, b := range boxes {
			b.X, b.Width = x, boxWidth
			b.Height = 2*padding + lineHeight*(max(1, len(b.Lines))+min(1, len(b.Labels))+len(b.Amounts)+min(1, len(b.Ends)))
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
	}
	for _, b := range p.Boxes {
		b.Y += heading - top
		p.Height = max(p.Height, b.Y+b.Height+margin)
		p.Width = max(p.Width, b.X+b.Width+margin)
	}
	for _, a := range p.Arrows {
		a.Path = path(a)
	}
}

// Line is a line of text in a box.
type Line struct {
	X, Y        int
	Class, Text string
}

// Texts are the lines of a box, from above.
func (b *Box) Texts() (texts []Line) {
	say := func(class, text string) {
		texts = append(texts, Line{b.X + padding, b.Y + padding + lineHeight*(len(texts)+1) - 3, class, text})
	}
	if b.Folded > 0 {
		say("name", fmt.Sprintf("+%d others", b.Folded))
	}
	for _, line := range b.Lines {
		say("id", line)
	}
	if len(b.Labels) > 0 {
		say("claim", "▲ "+claimText(b.Labels))
	}
	for _, amount := range b.Amounts {
		say("amount", "↓ "+amount)
	}
	if len(b.Ends) > 0 {
		say("end", "ended: "+strings.Join(b.Ends, ", "))
	}
	return texts
}

// claimText is the first label of a box, cut to its width; the page of the
// address has all of them whole.
func claimText(labels []graph.Label) string {
	const wide = 28
	text := []rune(report.Visible(labels[0].Name))
	if len(text) > wide {
		return string(text[:wide]) + "…"
	}
	return string(text)
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

// path is the curve of an arrow: from right to left end, or around if it goes
// back or stays in its column.
func path(a *Arrow) string {
	x1, y1 := a.From.X+a.From.Width, a.From.Y+a.From.Height/2
	x2, y2 := a.To.X, a.To.Y+a.To.Height/2
	if a.From.column >= a.To.column {
		x2 = a.To.X + a.To.Width
		out := gap / 2
		return fmt.Sprintf("M%d %d C%d %d %d %d %d %d", x1, y1, x1+out, y1, x2+out, y2, x2, y2)
	}
	middle := (x2 - x1) / 2
	return fmt.Sprintf("M%d %d C%d %d %d %d %d %d", x1, y1, x1+middle, y1, x2-middle, y2, x2, y2)
}
