package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"spoor/graph"
	"spoor/ingest"
	"spoor/trace"
)

// A caseWatch extends the trace of a case whenever the followed ledger has
// changed, and tells what is different: taint that moved, movements that were
// rolled back, and ends that are new or hold another amount.
type caseWatch struct {
	p        *program
	store    graph.Store
	live     *trace.Live
	known    func(graph.Address) []graph.Label
	book     *labelBook
	entities *entityBook                          // nil: nobody is asked who shares an owner
	took     func(trace.Extension, time.Duration) // told what each look took

	steps   []caseStep // of the last trace, in its order; nil before the first
	stops   map[caseStop]graph.Amount
	changed bool
	said    string // the last reason why there was no trace
}

// caseStep is a movement of taint, as far as it tells one from another.
type caseStep struct {
	chain    graph.ChainID
	block    graph.Hash
	at       graph.Position
	tx       graph.Hash
	from, to graph.Address
	asset    string
	tainted  string
}

// caseStop is where branches end.
type caseStop struct {
	reason  trace.Reason
	address graph.Address
	label   string
	asset   string
}

// newCaseWatch reads a case file. Without a store it only checks it.
func (p *program) newCaseWatch(ctx context.Context, store graph.Store, file string, labels []string) (*caseWatch, error) {
	o := traceOptions{file: file}
	asked, err := o.read()
	if err != nil {
		return nil, err
	}
	live, err := trace.NewLive(asked)
	if err != nil {
		return nil, inCase(err)
	}
	book, err := openLabelBook(labels)
	if err != nil {
		return nil, err
	}
	w := &caseWatch{p: p, store: store, live: live, book: book, changed: true, took: func(trace.Extension, time.Duration) {}}
	if store != nil {
		w.known, err = book.in(ctx, store)
	}
	return w, err
}

// notice extends the trace when the head is reached with something new.
func (w *caseWatch) notice(ctx context.Context, n ingest.Notice) error {
	switch n.What {
	case ingest.Advanced, ingest.Reorganise:
		w.changed = true
	case ingest.Reached:
		if w.changed {
			w.changed = false
			return w.look(ctx, n.State.Final)
		}
	}
	return nil
}

// look brings the trace to the tips and tells what is different from the last
// time. Blocks above final are provisional.
func (w *caseWatch) look(ctx context.Context, final uint32) error {
	began := time.Now()
	x, t, err := w.extend(ctx)
	switch {
	case ctx.Err() != nil:
		return nil
	case errors.Is(err, graph.ErrNotFound): // the theft is not there yet, or no longer
		if w.said != err.Error() {
			w.said = err.Error()
			w.p.say("case: %s; waiting for it", oneLine(w.said))
		}
		x, t = trace.Extension{}, &trace.Trace{}
	case err != nil:
		return fmt.Errorf("case: %w", err)
	default:
		w.said = ""
		w.took(x, time.Since(began))
		if x.Anew != "" && len(w.steps) > 0 {
			w.p.say("case: traced anew: %s", x.Anew)
		}
		if t == nil {
			return nil // nothing of it moved
		}
	}
	// The first steps are those of the last time; only the others are compared.
	first, stand := w.steps == nil, min(x.Steps, len(w.steps), len(t.Steps))
	steps, stops := w.steps[:stand:stand], make(map[caseStop]graph.Amount, len(t.Stops))
	gone := w.steps[stand:]
	before, now := countSteps(gone), make(map[caseStep]int)
	for i := stand; i < len(t.Steps); i++ {
		s := &t.Steps[i]
		key := caseStep{s.Chain, s.Block, s.At, s.Tx, s.From, s.To, nameOf(&s.Asset), unitsOf(&s.Asset, s.Tainted)}
		steps = append(steps, key)
		if now[key]++; now[key] > before[key] && !first {
			w.tell("moved", key, s.At.Block > final)
		}
	}
	for _, key := range gone {
		if now[key]--; now[key] < 0 {
			w.tell("rolled back", key, false)
		}
	}
	for i := range t.Stops {
		s := &t.Stops[i]
		key := caseStop{s.Reason, s.Address, s.Label.Name, nameOf(&s.Asset)}
		stops[key] = s.Tainted
		if was, ok := w.stops[key]; ok && was == s.Tainted || first {
			continue
		}
		w.print("now %s %s %s at %s%s", unitsOf(&s.Asset, s.Tainted), key.asset, s.Reason, placeOf(s.Address), labelOf(key.label))
	}
	if first {
		w.p.say("case: %d movements, %d ends", len(t.Steps), len(t.Stops))
	}
	if steps == nil {
		steps = []caseStep{}
	}
	w.steps, w.stops = steps, stops
	return nil
}

// extend brings the trace to the tips of every chain of the store. There is no
// trace if nothing in it may have changed.
func (w *caseWatch) extend(ctx context.Context) (x trace.Extension, t *trace.Trace, err error) {
	owners, done, err := w.entities.open(ctx)
	defer func() { err = errors.Join(err, done()) }()
	if err != nil {
		return x, nil, err
	}
	err = withViews(ctx, w.store, func(views map[graph.ChainID]graph.View) (err error) {
		if x, err = w.live.Extend(ctx, views, trace.Known{Labels: w.known, Entities: owners}); err == nil && x.Changed {
			t, err = w.live.Trace(ctx)
		}
		return err
	})
	return x, t, cmp.Or(w.book.failed, err)
}

func (w *caseWatch) tell(what string, s caseStep, provisional bool) {
	note := ""
	if provisional {
		note = " (provisional)"
	}
	chain := graph.ChainOf(s.chain)
	w.print("%s %s %s from %s to %s, block %d, transaction %s%s", what, s.tainted, s.asset, placeOf(s.from), placeOf(s.to), s.at.Block, s.tx.Text(chain.Family), note)
}

func (w *caseWatch) print(format string, args ...any) {
	_, _ = fmt.Fprintln(w.p.out, printable(fmt.Sprintf(format, args...))) // a reader that is gone ends the process
}

func countSteps(steps []caseStep) map[caseStep]int {
	n := make(map[caseStep]int)
	for _, s := range steps {
		n[s]++
	}
	return n
}

// unitsOf is an amount in whole units, or in base units where nobody has said
// how many make a whole.
func unitsOf(info *graph.AssetInfo, amount graph.Amount) string {
	if info.Decimals < 0 {
		return amount.Dec() + " base units of"
	}
	return info.Units(amount)
}

func nameOf(info *graph.AssetInfo) string {
	if info.Symbol != "" {
		return info.Symbol
	}
	return info.Asset.Text()
}

func placeOf(a graph.Address) string {
	if a.IsZero() {
		return "-"
	}
	return a.String()
}

func labelOf(name string) string {
	if name == "" {
		return ""
	}
	return " (" + name + ")"
}
