package graphtest_test

import (
	"context"
	"iter"
	"strings"
	"testing"

	"spoor/graph"
	"spoor/graph/graphtest"
)

// lying is a view that tells one thing wrongly.
type lying struct {
	graph.View
	tx       func(graph.TxMoves) graph.TxMoves
	size     func(graph.Size) graph.Size
	coverage func([]graph.Coverage) []graph.Coverage
	entries  int
	findTx   bool
	id       graph.ID
	deaf     graph.EventKind // EventsOf does not know
	hidden   graph.Address   // Events does not know
	lost     string          // Passages does not know
	stated   func(*graph.Event)
}

func (l lying) Events(ctx context.Context, about graph.Address, from graph.Position) iter.Seq2[graph.Stated, error] {
	if about == l.hidden {
		about = graph.Address{}
	}
	return l.View.Events(ctx, about, from)
}

func (l lying) EventsOf(ctx context.Context, kind graph.EventKind, from graph.Position) iter.Seq2[graph.Stated, error] {
	return func(yield func(graph.Stated, error) bool) {
		if kind == l.deaf {
			return
		}
		for s, err := range l.View.EventsOf(ctx, kind, from) {
			if l.stated != nil {
				l.stated(&s.Event)
			}
			if !yield(s, err) {
				return
			}
		}
	}
}

func (l lying) Passages(protocol, key string) ([]graph.Stated, error) {
	if key == l.lost {
		return nil, nil
	}
	return l.View.Passages(protocol, key)
}

func (l lying) Tx(p graph.Position) (graph.TxMoves, error) {
	tx, err := l.View.Tx(p)
	if l.tx != nil {
		tx = l.tx(tx)
	}
	return tx, err
}

func (l lying) Size() (graph.Size, error) {
	s, err := l.View.Size()
	if l.size != nil {
		s = l.size(s)
	}
	return s, err
}

func (l lying) Coverage() ([]graph.Coverage, error) {
	rows, err := l.View.Coverage()
	if l.coverage != nil {
		rows = l.coverage(rows)
	}
	return rows, err
}

func (l lying) Entries(id graph.ID, limit int) (int, error) {
	n, err := l.View.Entries(id, limit)
	return n + l.entries, err
}

func (l lying) FindTx(h graph.Hash) ([]graph.Position, error) {
	if l.findTx {
		return nil, graph.ErrNotFound
	}
	return l.View.FindTx(h)
}

func (l lying) ID(a graph.Address) (graph.ID, error) {
	id, err := l.View.ID(a)
	return id + l.id, err
}

func TestCheck(t *testing.T) {
	ledger, err := graphtest.NewModel().Ledger(t.Context(), graphtest.Bitcoin())
	if err != nil {
		t.Fatal(err)
	}
	if err := ledger.Apply(t.Context(), graphtest.Statements(graphtest.Bitcoin(), 9)...); err != nil {
		t.Fatal(err)
	}
	v, err := ledger.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	move := func(change func(*graph.Move)) func(graph.TxMoves) graph.TxMoves {
		return func(tx graph.TxMoves) graph.TxMoves {
			if len(tx.Moves) == 3 { // one that has an input
				tx.Moves = append([]graph.Move{}, tx.Moves...)
				change(&tx.Moves[0])
			}
			return tx
		}
	}
	for _, c := range []struct {
		name string
		view lying
		want string // "" if nothing may be found
	}{
		{"honest", lying{View: v}, ""},
		{"amount", lying{View: v, tx: move(func(m *graph.Move) { m.Amount[0]++ })}, "differs"},
		{"asset", lying{View: v, tx: move(func(m *graph.Move) { m.Asset++ })}, "has"},
		{"from", lying{View: v, tx: move(func(m *graph.Move) { m.From++ })}, "its number"},
		{"unlinked", lying{View: v, tx: move(func(m *graph.Move) { m.Spends = graph.Position{} })}, "has"},
		{"linked wrongly", lying{View: v, tx: move(func(m *graph.Move) { m.Spends.Seq++ })}, "spends"},
		{"size", lying{View: v, size: func(s graph.Size) graph.Size { s.Txs++; return s }}, "counts"},
		{"more addresses", lying{View: v, size: func(s graph.Size) graph.Size { s.Addresses++; return s }}, "address"},
		{"coverage", lying{View: v, coverage: func(r []graph.Coverage) []graph.Coverage { r[0].To++; return r }}, "coverage"},
		{"entries", lying{View: v, entries: 1}, "is said"},
		{"hash", lying{View: v, findTx: true}, "not found by its hash"},
		{"no events of a kind", lying{View: v, deaf: graph.Frozen}, "events of kind frozen are 0"},
		{"other events of a kind", lying{View: v, stated: func(e *graph.Event) { e.Amount[3]++ }}, "events of kind"},
		{"events about somebody", lying{View: v, hidden: graphtest.Account(graphtest.Bitcoin(), 63)}, "is not found by"},
		{"a passage", lying{View: v, lost: "key 1\x00"}, "is not found by its key"},
		{"events of a transaction", lying{View: v, tx: func(tx graph.TxMoves) graph.TxMoves { tx.Events = nil; return tx }}, "differs"},
		{"id", lying{View: v, id: 1}, "which is address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var findings []string
			checked, err := graph.Check(t.Context(), c.view, func(f graph.Finding) { findings = append(findings, f.What) })
			if err != nil {
				t.Fatal(err)
			}
			if c.want == "" {
				if len(findings) > 0 {
					t.Fatalf("found %v", findings)
				}
				if checked.Inputs != 8 || checked.Unresolved != 0 || checked.Entries == 0 || checked.Events != 9*10+3 {
					t.Fatalf("checked %+v", checked)
				}
				return
			}
			if !strings.Contains(strings.Join(findings, "\n"), c.want) {
				t.Fatalf("found %v, want %q", findings, c.want)
			}
		})
	}
}
