package flow

import (
	"cmp"
	"slices"
)

// sweeps is how often the order of all columns is improved, both ways. More do
// not find much.
const sweeps = 4

// order arranges the boxes of each column so that few arrows cross: each box at
// the mean place of what it is joined to in other columns, from left to right
// and back (Sugiyama, Tagawa, Toda 1981). Boxes of several stay at the bottom.
func order(p *Picture) {
	columns := byColumn(p)
	before, after := map[*Box][]*Box{}, map[*Box][]*Box{}
	for _, a := range p.Arrows {
		from, to := a.From, a.To
		if from.column > to.column {
			from, to = to, from
		}
		if from.column != to.column {
			after[from] = append(after[from], to)
			before[to] = append(before[to], from)
		}
	}
	at := map[*Box]float64{}
	renumber := func(boxes []*Box) {
		for i, b := range boxes {
			at[b] = (float64(i) + 0.5) / float64(len(boxes))
		}
	}
	for _, boxes := range columns {
		renumber(boxes)
	}
	arrange := func(boxes []*Box, joined map[*Box][]*Box) {
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
			return cmp.Or(cmp.Compare(min(a.Folded, 1), min(b.Folded, 1)), cmp.Compare(want[a], want[b]))
		})
		renumber(boxes)
	}
	for range sweeps {
		for i := 1; i < len(columns); i++ {
			arrange(columns[i], before)
		}
		for i := len(columns) - 2; i >= 0; i-- {
			arrange(columns[i], after)
		}
	}
	p.Boxes = slices.Concat(columns...)
}

func byColumn(p *Picture) [][]*Box {
	n := 0
	for _, b := range p.Boxes {
		n = max(n, b.column+1)
	}
	columns := make([][]*Box, n)
	for _, b := range p.Boxes {
		columns[b.column] = append(columns[b.column], b)
	}
	return columns
}
