package flow

import "time"

// span is how wide the times of a trace are drawn.
const span = (maxColumns - 1) * (boxWidth + gap)

// times are the first and the last time of what is drawn.
func (d *drawing) times() (first, last int64) {
	first, last = d.m.first, d.m.last
	if len(d.m.steps) > 0 {
		return first, last
	}
	for i := range d.a.Relations {
		r := &d.a.Relations[i]
		if first == 0 || r.First < first {
			first = r.First
		}
		last = max(last, r.Last)
	}
	return first, last
}

// timeX is the place of a box by the time at which value first arrived there, or
// for a pill by that of the first of its bin. What lies outside of the times of
// the trace stands beside them.
func (d *drawing) timeX(b *Box) int {
	first, last := d.times()
	at := first
	switch {
	case b.unit != nil:
		at = b.unit.first
	case last > first:
		at = first + (last-first)*int64(b.Column)/timeBins
	}
	return placeOf(at, first, last)
}

func placeOf(at, first, last int64) int {
	switch {
	case at == 0 || at < first:
		return columnX(-1)
	case at > last:
		return margin + span + boxWidth + gap
	case last == first:
		return margin
	}
	return margin + int((at-first)*span/(last-first))
}

// units of time that ticks may be apart; months and years are not counted in
// seconds.
var ticks = []time.Duration{time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	24 * time.Hour, 2 * 24 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour}

// head writes the headings: movements since the theft, or ticks of time.
func (d *drawing) head() {
	if d.a.Time {
		d.ticks()
		return
	}
	met := map[int]bool{}
	least, most := 0, len(d.m.columns)-1
	for _, b := range d.board.Boxes {
		met[b.Column] = true
		least, most = min(least, b.Column), max(most, b.Column)
	}
	for column := least; column <= most; column++ {
		switch {
		case !met[column]:
		case column >= 0 && column < min(len(d.m.columns), maxColumns):
			d.board.Columns = append(d.board.Columns, Column{columnX(column), d.columnText(column)})
		case len(d.m.columns) > 0:
		case column == 0:
			d.board.Columns = append(d.board.Columns, Column{columnX(column), "start"})
		case column < 0:
			d.board.Columns = append(d.board.Columns, Column{columnX(column), movements(-column) + " before"})
		default:
			d.board.Columns = append(d.board.Columns, Column{columnX(column), movements(column) + " after"})
		}
	}
}

func (d *drawing) ticks() {
	first, last := d.times()
	if len(d.board.Boxes) == 0 || last == 0 {
		return
	}
	begin, end := time.Unix(first, 0).UTC(), time.Unix(last, 0).UTC()
	tick := func(at time.Time, layout string) {
		if !at.Before(begin) && !at.After(end) {
			d.board.Columns = append(d.board.Columns, Column{placeOf(at.Unix(), first, last), at.Format(layout)})
		}
	}
	for _, step := range ticks {
		if end.Sub(begin) > maxColumns*step {
			continue
		}
		layout := "2006-01-02 15:04:05"
		if step >= 24*time.Hour {
			layout = time.DateOnly
		} else if step >= time.Minute {
			layout = "2006-01-02 15:04"
		}
		next := begin.Truncate(step).Add(step)
		if next.After(end) || placeOf(next.Unix(), first, last)-margin >= boxWidth { // or one would be written over the other
			tick(begin, layout)
		}
		for at := next; !at.After(end); at = at.Add(step) {
			tick(at, layout)
		}
		return
	}
	months := 1
	for ; begin.AddDate(0, months*maxColumns, 0).Before(end); months++ {
	}
	for at := time.Date(begin.Year(), begin.Month(), 1, 0, 0, 0, 0, time.UTC); !at.After(end); at = at.AddDate(0, months, 0) {
		tick(at, time.DateOnly)
	}
}
