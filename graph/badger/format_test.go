package badger

import (
	"errors"
	"strings"
	"testing"

	"spoor/graph"
	"spoor/graph/graphtest"
)

// asFormat writes a ledger's state row as another format has it.
func asFormat(t *testing.T, l *Ledger, format byte) {
	t.Helper()
	g, done, err := l.begin()
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	value := g.state.encode()
	if format == formlessState {
		value = value[:len(value)-8] // it ended with the tip
	}
	value[0] = format
	w := g.writer()
	defer w.discard()
	if err := errors.Join(w.set(stateKey(), seal(stateKey(), value)), w.flush(), g.writeMark(w.version)); err != nil {
		t.Fatal(err)
	}
	g.completed(w.version, g.state)
}

func openFormat(t *testing.T, dir string) (*Store, *Ledger, error) {
	t.Helper()
	s, err := Open(dir, Options{Memory: 64 << 20})
	if err != nil {
		return nil, nil, err
	}
	l, err := s.Ledger(t.Context(), graphtest.Bitcoin())
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return s, l.(*Ledger), nil
}

// TestFormats: a ledger of the format that knew no forms is read as it is, and
// takes them when its blocks are read again; one of a format to come is refused
// by name.
func TestFormats(t *testing.T) {
	chain, dir := graphtest.Bitcoin(), t.TempDir()
	blocks := graphtest.Payments(chain, 6)
	formed := graphtest.Payments(chain, 6)
	for i := range formed {
		for j := range formed[i].Txs {
			formed[i].Txs[j].Form = graph.Form{Known: true, Version: 2, LockTime: formed[i].Height - 1, Size: 141, Replaceable: graph.Yes}
		}
	}
	model := func(blocks []graph.Block) string {
		l, err := graphtest.NewModel().Ledger(t.Context(), chain)
		if err == nil {
			err = l.Apply(t.Context(), blocks...)
		}
		if err != nil {
			t.Fatal(err)
		}
		return text(t, l)
	}
	s, l, err := openFormat(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Apply(t.Context(), blocks...); err != nil {
		t.Fatal(err)
	}
	asFormat(t, l, formlessState)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, l, err = openFormat(t, dir); err != nil {
		t.Fatal(err)
	}
	if got, want := text(t, l), model(blocks); got != want {
		t.Errorf("an older ledger tells\n%s\nwant\n%s", got, want)
	}
	if err := errors.Join(l.Apply(t.Context(), formed...), l.Compact(t.Context())); err != nil {
		t.Fatal(err)
	}
	if got, want := text(t, l), model(formed); got != want {
		t.Errorf("read again it tells\n%s\nwant\n%s", got, want)
	}
	asFormat(t, l, stateFormat+1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err = openFormat(t, dir); err == nil || !strings.Contains(err.Error(), "format 3, this program reads formats 1 and 2: use the program that wrote it, or ingest again") {
		t.Errorf("a newer ledger: %v", err)
	}
}

func text(t *testing.T, l graph.Ledger) string {
	t.Helper()
	v, err := l.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close() //nolint:errcheck // a view of a ledger in use
	return graphtest.Dump(t, v)
}
