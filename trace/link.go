package trace

import (
	"errors"
	"fmt"
	"slices"

	"spoor/cluster/passage"
	"spoor/graph"
)

// CaseLink is a link that the analyst accepts: value that goes along one
// movement, or into a departure, goes on along another, or out of an arrival.
// Whatever follows is attributed.
type CaseLink struct {
	From       string `yaml:"from"`                 // CHAIN:TXHASH:SEQ
	To         string `yaml:"to"`                   // CHAIN:TXHASH:SEQ
	Rule       string `yaml:"rule"`                 // why they belong together
	Confidence int    `yaml:"confidence,omitempty"` // 0 to 100
}

// acceptedLink is a link of the case with its texts parsed.
type acceptedLink struct {
	from, to   Seed
	rule       string
	confidence int
}

func (l CaseLink) parse() (acceptedLink, error) {
	a := acceptedLink{rule: l.Rule, confidence: l.Confidence}
	if l.Rule == "" {
		return a, errors.New("it has no rule: say why the two belong together")
	}
	if l.Confidence < 0 || l.Confidence > 100 {
		return a, fmt.Errorf("confidence %d is not between 0 and 100", l.Confidence)
	}
	for _, end := range []struct {
		text string
		seed *Seed
	}{{l.From, &a.from}, {l.To, &a.to}} {
		var err error
		if *end.seed, err = ParseSeed(end.text); err != nil {
			return a, err
		}
		if !end.seed.OneMove {
			return a, fmt.Errorf("%w: %.120q: a link joins single movements; want CHAIN:TXHASH:SEQ", ErrSeed, end.text)
		}
	}
	return a, nil
}

// accepted is the case's link from a departure, nil and why if there is none
// that can be followed.
func (r *run) accepted(d *passage.Side) (*passage.Link, string, error) {
	for i := range r.plan.links {
		a := &r.plan.links[i]
		if !a.from.names(d) {
			continue
		}
		r.linked[i] = true
		arrival, why, err := r.sideAt(&a.to, graph.Arrival)
		if err != nil || why != "" {
			return nil, why, err
		}
		return a.link(*d, arrival), "", nil
	}
	return nil, "", nil
}

// acceptedTo is the case's first link to an arrival whose departure goes there
// and nowhere else, nil and why if there is none that can be followed.
func (r *run) acceptedTo(arrival *passage.Side) (link *passage.Link, why string, err error) {
	for i := range r.plan.links {
		a := &r.plan.links[i]
		if !a.to.names(arrival) {
			continue
		}
		if link != nil {
			break // what follows finds nothing left to deliver
		}
		var d passage.Side
		if d, why, err = r.sideAt(&a.from, graph.Departure); err != nil {
			return nil, "", err
		}
		if first := slices.IndexFunc(r.plan.links, func(b acceptedLink) bool { return b.from.names(&d) }); first != i && why == "" {
			why = fmt.Sprintf("the case links %s to %s before", a.from, r.plan.links[first].to)
		}
		if why != "" {
			continue
		}
		links, _, err := r.keyed(&d)
		if err != nil {
			return nil, "", err
		}
		if len(links) > 0 {
			why = fmt.Sprintf("%s went to %s by its key", a.from, links[0].Arrival.String())
			continue
		}
		link = a.link(d, *arrival)
	}
	if link != nil {
		why = ""
	}
	return link, why, nil
}

// follow notes that value is followed along a link of the case.
func (r *run) follow(l *passage.Link) {
	for i := range r.plan.links {
		if a := &r.plan.links[i]; a.from.names(&l.Departure) && a.to.names(&l.Arrival) {
			r.linked[i] = true
		}
	}
}

func (a *acceptedLink) link(d, arrival passage.Side) *passage.Link {
	return &passage.Link{Departure: d, Arrival: arrival, Rule: "case: " + a.rule, Statement: graph.Attributed, Confidence: a.confidence}
}

// names reports whether a reference to one movement names a side.
func (s *Seed) names(side *passage.Side) bool {
	return s.Chain.ID == side.Chain && s.Tx == side.Tx && s.Seq == side.At.Seq
}

// sideAt reads what one end of a link of the case names: a statement of the
// kind, or a movement as if it were one.
func (r *run) sideAt(end *Seed, kind graph.EventKind) (s passage.Side, why string, err error) {
	l := r.ledgers[end.Chain.ID]
	if l == nil {
		return s, fmt.Sprintf("the case links it to %s, and %s is not in the store", end, end.Chain.Alias), nil
	}
	found, err := l.view.FindTx(end.Tx)
	if err != nil && !errors.Is(err, graph.ErrNotFound) {
		return s, "", err
	}
	if len(found) == 0 {
		return s, fmt.Sprintf("the case links it to %s, which is not in the store", end), nil
	}
	tx, err := l.view.Tx(found[len(found)-1])
	if err != nil {
		return s, "", err
	}
	var e graph.Event
	if at := slices.IndexFunc(tx.Events, func(e graph.Event) bool { return e.Kind == kind && e.Seq == end.Seq }); at >= 0 {
		e = tx.Events[at]
	} else if at := slices.IndexFunc(tx.Moves, func(m graph.Move) bool { return m.Seq == end.Seq }); at >= 0 {
		if e, err = moved(l, kind, &tx.Moves[at]); err != nil {
			return s, "", err
		}
	} else {
		side := "from"
		if kind == graph.Arrival {
			side = "to"
		}
		return s, "", fmt.Errorf("%w: link %s %s: %w", ErrCase, side, end, noSuchMove(&seeding{Seed: end}, tx.Moves))
	}
	at := tx.At
	at.Seq = e.Seq
	return passage.Side{Chain: l.chain.ID, Stated: graph.Stated{At: at, Tx: tx.Hash, Time: tx.Time, Event: e}}, "", nil
}

// unused tells of links along which nothing stolen went, or was asked for.
func (r *run) unused() {
	what := "nothing stolen goes along it"
	if r.plan.Direction == Backward {
		what = "nothing that is asked for came along it"
	}
	for i := range r.plan.links {
		if !r.linked[i] {
			r.note("link from %s: %s", r.plan.links[i].from, what)
		}
	}
}
