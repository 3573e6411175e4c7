package flow

// way is the widest way that taint took between two boxes.
type way struct {
	units map[*unit]bool
	rows  []int32         // its steps
	links map[wayKey]bool // between boxes; filled in when there are boxes
	pairs [][2]*unit      // between units
}

type wayKey struct{ from, to *Box }

// reached is how much could have come to a place on the widest way there: a part
// of all taint of the asset in which it came, so that swaps do not end a way.
type reached struct {
	width  float64
	row    int32 // of the step, -1 at a start
	unit   *unit // that the step led to, nil for a transaction
	before *reached
}

// highlight finds the widest way in the order of the ledger: a step goes on
// from what was reached before it (the bottleneck of a way is its smallest
// step). As steps stand in that order, one pass over them finds it.
func (d *drawing) highlight() way {
	found := way{units: map[*unit]bool{}, links: map[wayKey]bool{}}
	if d.a.Highlight[0] == "" || d.a.Highlight[1] == "" {
		return found
	}
	from, to := d.byKey[d.a.Highlight[0]], d.byKey[d.a.Highlight[1]]
	if from == nil || to == nil || from == to || from.beside != nil || to.beside != nil {
		d.note("No way is shown: it needs two boxes of the trace that are no pills.")
		return found
	}
	if d.m.backward {
		d.note("The way is that of value, from source to where it is asked for.")
	}
	best := map[*unit]*reached{from: {width: 1e300, row: -1, unit: from}}
	ways := map[int32]*reached{} // into bridges, by the row that led there
	over := map[int32][]*crossing{}
	for i := range d.m.passages {
		for _, row := range d.m.passages[i].ins {
			over[row] = append(over[row], &d.m.passages[i])
		}
	}
	wider := func(r *reached, than *reached) bool { return than == nil || r.width > than.width }
	for i := range d.m.txs {
		tx := d.m.txs[i]
		var joint *reached
		for row := tx.from; row < tx.to; row++ {
			s := &d.m.steps[row]
			if !d.admitted[row] {
				continue
			}
			part := d.m.part(s.asset, &s.tainted)
			var here *reached
			if s.from >= 0 {
				here = best[d.unitOf[s.from]]
			}
			switch {
			case (s.rule == given || s.rule == shared && s.to < 0) && here != nil:
				if r := (&reached{min(here.width, part), row, nil, here}); wider(r, joint) {
					joint = r
				}
			case s.rule == bridged && here != nil:
				ways[row] = &reached{min(here.width, part), row, nil, here}
			}
			var come *reached
			switch {
			case s.to < 0:
			case s.rule == received || s.rule == shared && s.from < 0:
				if joint != nil {
					come = &reached{min(joint.width, part), row, d.unitOf[s.to], joint}
				}
			case s.rule == bridged && over[row] != nil:
				for _, c := range over[row] {
					for _, out := range c.outs {
						if r := ways[out]; r != nil {
							if next := (&reached{min(r.width, part), row, d.unitOf[s.to], r}); wider(next, come) {
								come = next
							}
						}
					}
				}
			case here != nil:
				come = &reached{min(here.width, part), row, d.unitOf[s.to], here}
			}
			if come != nil && come.unit != from && wider(come, best[come.unit]) {
				best[come.unit] = come
			}
		}
	}
	if best[to] == nil {
		d.note("No tainted value went from the one box to the other in this order, with this asset and these times.")
		return found
	}
	last := to
	for r := best[to]; r != nil; r = r.before {
		if r.row >= 0 {
			found.rows = append(found.rows, r.row)
		}
		if r.unit != nil {
			found.units[r.unit] = true
			if r.unit != last {
				found.pairs = append(found.pairs, [2]*unit{r.unit, last})
				last = r.unit
			}
		}
	}
	return found
}

// mark finds the boxes that the way leads through.
func (d *drawing) mark() {
	for _, pair := range d.way.pairs {
		if from, to := pair[0].shown(), pair[1].shown(); from != nil && to != nil && from != to {
			d.way.links[wayKey{from, to}] = true
		}
	}
}
