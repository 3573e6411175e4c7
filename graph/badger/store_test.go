package badger_test

import (
	"testing"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/graph/graphtest"
)

// small is a store with little memory, so that tests are quick.
var small = badger.Options{Memory: 64 << 20}

func TestStore(t *testing.T) {
	t.Parallel()
	graphtest.Suite(t, func(t testing.TB, dir string) graph.Store {
		s, err := badger.Open(dir, small)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
