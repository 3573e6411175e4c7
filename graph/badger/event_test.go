package badger

import (
	"encoding/hex"
	"errors"
	"testing"

	"spoor/graph"
	"spoor/graph/graphtest"
)

// Pages without events are what they were before there were events, so that
// stores written by either stay readable by the other.
func TestPageWithoutEvents(t *testing.T) {
	rows, err := encodePages(9, []txRow{{Index: 2, Hash: graph.Hash{1}, Moves: []moveRow{{Move: graph.Move{Seq: 3 << 28, Kind: graph.KindToken, From: 300, To: 2, Asset: 7, Amount: graph.Amount{1 << 40}}}}},
		{Index: graph.BlockTx, Failed: true}})
	if err != nil {
		t.Fatal(err)
	}
	const want = "022e0201000000000000000000000000000000000000000000000000000000000000006603ac02020706010000000000fdffff07010144d5691c"
	if got := hex.EncodeToString(rows[0].value); len(rows) != 1 || got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// An index row that names an event where none is, is damage.
func TestStrayEventRow(t *testing.T) {
	chain := graphtest.Ethereum()
	s, err := Open(t.TempDir(), Options{Memory: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	l, err := s.ledger(chain)
	if err != nil {
		t.Fatal(err)
	}
	blocks := graphtest.Statements(chain, 3)
	if err := l.Apply(t.Context(), blocks...); err != nil {
		t.Fatal(err)
	}
	stray := graphtest.Account(chain, 200)
	for _, at := range []graph.Position{
		{Block: blocks[0].Height, Tx: blocks[0].Txs[0].Index, Seq: blocks[0].Txs[0].Events[0].Seq}, // where events are about others
		{Block: blocks[0].Height, Tx: 77},
		{Block: 7},
	} {
		w := l.gen.writer()
		key := appendPosition(aboutPrefix(stray), at)
		if err := errors.Join(w.set(key, []byte{}), w.finish(l.gen.state)); err != nil {
			t.Fatal(err)
		}
		v, err := l.View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var damage error
		for _, err := range v.Events(t.Context(), stray, at) {
			damage = err
		}
		if !errors.Is(damage, graph.ErrDamaged) {
			t.Errorf("a row of %s: %v", at, damage)
		}
		if err := v.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
