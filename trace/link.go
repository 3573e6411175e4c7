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
		if a.from.Chain.ID != d.Chain || a.from.Tx != d.Tx || a.from.Seq != d.At.Seq {
			continue
		}
		r.linked[i] = true
		arrival, why, err := r.arrivalAt(a)
		if err != nil || why != "" {
			return nil, why, err
		}
		return &passage.Link{Departure: *d, Arrival: arrival, Rule: "case: " + a.rule, Statement: graph.Attributed, Confidence: a.confidence}, "", nil
	}
	return nil, "", nil
}

// arrivalAt reads what a link of the case leads to.
func (r *run) arrivalAt(a *acceptedLink) (s passage.Side, why string, err error) {
	l := r.ledgers[a.to.Chain.ID]
	if l == nil {
		return s, fmt.Sprintf("the case links it to %s, and %s is not in the store", a.to, a.to.Chain.Alias), nil
	}
	found, err := l.view.FindTx(a.to.Tx)
	if err != nil && !errors.Is(err, graph.ErrNotFound) {
		return s, "", err
	}
	if len(found) == 0 {
		return s, fmt.Sprintf("the case links it to %s, which is not in the store", a.to), nil
	}
	tx, err := l.view.Tx(found[len(found)-1])
	if err != nil {
		return s, "", err
	}
	var e graph.Event
	if at := slices.IndexFunc(tx.Events, func(e graph.Event) bool { return e.Kind == graph.Arrival && e.Seq == a.to.Seq }); at >= 0 {
		e = tx.Events[at]
	} else if at := slices.IndexFunc(tx.Moves, func(m graph.Move) bool { return m.Seq == a.to.Seq }); at >= 0 {
		if e, err = moved(l, graph.Arrival, &tx.Moves[at]); err != nil {
			return s, "", err
		}
	} else {
		return s, "", fmt.Errorf("%w: link to %s: %w", ErrCase, a.to, noSuchMove(&seeding{Seed: &a.to}, tx.Moves))
	}
	at := tx.At
	at.Seq = e.Seq
	return passage.Side{Chain: l.chain.ID, Stated: graph.Stated{At: at, Tx: tx.Hash, Time: tx.Time, Event: e}}, "", nil
}

// unused tells of links along which nothing stolen went. A trace backward goes
// along none.
func (r *run) unused() {
	if r.plan.Direction == Backward && len(r.plan.links) > 0 {
		r.note("the links of the case are not gone along backward")
		return
	}
	for i := range r.plan.links {
		if !r.linked[i] {
			r.note("link from %s: nothing stolen goes along it", r.plan.links[i].from)
		}
	}
}
