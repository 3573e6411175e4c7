package badger_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/graph/graphtest"
)

// crashPacks are imported and removed in turn by a process that is killed.
const (
	crashPacks  = 4
	crashLabelN = 6_500 // several of Badger's transactions
)

func crashPack(n int) (graph.Pack, iter.Seq2[graph.Label, error]) {
	p := graph.Pack{Digest: graph.DigestOf(fmt.Append(nil, n)), Name: fmt.Sprint("pack ", n), Labels: crashLabelN}
	return p, func(yield func(graph.Label, error) bool) {
		for i := range crashLabelN {
			if !yield(graph.Label{Address: graphtest.Account(graphtest.Ethereum(), i), Name: fmt.Sprint(n), Source: "test", Category: "exchange"}, nil) {
				return
			}
		}
	}
}

// crashLabels imports packs, each second one taken out again after the next.
func crashLabels(ctx context.Context, s *badger.Store) error {
	labels, err := s.Labels(ctx)
	if err != nil {
		return err
	}
	for n := range crashPacks {
		p, list := crashPack(n)
		if _, err := labels.Import(ctx, p, nil, list); err != nil {
			return err
		}
		if n%2 == 1 {
			if err := labels.Remove(ctx, graph.DigestOf(fmt.Append(nil, n-1))); err != nil && !errors.Is(err, graph.ErrNotFound) {
				return err
			}
		}
	}
	return nil
}

// TestLabelsCrash kills a process that imports and removes packs. After each
// kill every pack is whole or not there, and reading beside others works.
func TestLabelsCrash(t *testing.T) {
	t.Parallel()
	kills := 5
	if testing.Short() {
		kills = 2
	}
	dir := t.TempDir()
	began := time.Now()
	if !runAndKill(t, dir, "labels", time.Minute) {
		t.Fatal("a run that was not killed did not end")
	}
	longest := time.Since(began)
	if n := wholePacks(t, dir); n != crashPacks/2 {
		t.Fatalf("%d packs in the end, want %d", n, crashPacks/2)
	}
	random := rand.New(rand.NewPCG(3, 3))
	killed, partWay := 0, 0
	dir = t.TempDir()
	for range kills {
		if runAndKill(t, dir, "labels", longest/8+time.Duration(random.Int64N(int64(longest)))) {
			dir = t.TempDir() // nothing is left to do in the other
			continue
		}
		killed++
		if wholePacks(t, dir) > 0 {
			partWay++
		}
	}
	t.Logf("%d kills, %d with packs", killed, partWay)
}

// wholePacks counts the packs after a kill, and reads all they hold.
func wholePacks(t *testing.T, dir string) (n int) {
	t.Helper()
	if _, err := os.Stat(dir); err != nil {
		return 0
	}
	withStore(t, dir, func(s *badger.Store) {
		labels, err := s.Labels(t.Context())
		must(t, err)
		packs, err := labels.Packs(t.Context())
		must(t, err)
		n = len(packs)
		count := map[graph.Digest]int{}
		for l, err := range labels.All(t.Context(), graph.LabelFilter{}) {
			must(t, err)
			count[l.Pack]++
		}
		for _, p := range packs {
			if count[p.Digest] != crashLabelN {
				t.Fatalf("%s has %d labels of %d", p.Name, count[p.Digest], crashLabelN)
			}
		}
		if len(count) != n {
			t.Fatalf("labels of %d packs, %d packs", len(count), n)
		}
	})
	return n
}

// Readers share a store; a store without labels has none, and none are made by
// looking.
func TestLabelsReadOnly(t *testing.T) {
	dir := t.TempDir()
	withStore(t, dir, func(*badger.Store) {})
	reading := func(want int) {
		t.Helper()
		s, err := badger.Open(dir, badger.Options{Memory: 64 << 20, ReadOnly: true})
		must(t, err)
		labels, err := s.Labels(t.Context())
		must(t, err)
		packs, err := labels.Packs(t.Context())
		must(t, err)
		if len(packs) != want {
			t.Fatalf("%d packs, want %d", len(packs), want)
		}
		of, err := labels.Of(t.Context(), graphtest.Account(graphtest.Ethereum(), 7))
		must(t, err)
		if len(of) != want {
			t.Fatalf("%d labels, want %d", len(of), want)
		}
		p, list := crashPack(9)
		if _, err := labels.Import(t.Context(), p, nil, list); err == nil {
			t.Fatal("a reader imported labels")
		}
		must(t, s.Close())
	}
	reading(0)
	if _, err := os.Stat(filepath.Join(dir, "labels")); err == nil {
		t.Fatal("looking made a folder of labels")
	}
	withStore(t, dir, func(s *badger.Store) {
		labels, err := s.Labels(t.Context())
		must(t, err)
		p, list := crashPack(1)
		_, err = labels.Import(t.Context(), p, nil, list)
		must(t, err)
	})
	reading(1)
}

// Every byte that changes in the tables of labels is noticed: nothing else is
// told than what was imported.
func TestLabelsDamage(t *testing.T) {
	dir := t.TempDir()
	withStore(t, dir, func(s *badger.Store) {
		labels, err := s.Labels(t.Context())
		must(t, err)
		p, list := crashPack(1)
		_, err = labels.Import(t.Context(), p, nil, list)
		must(t, err)
	})
	tables, err := filepath.Glob(filepath.Join(dir, "labels", "gen-1", "*.sst"))
	must(t, err)
	if len(tables) == 0 {
		t.Fatal("no tables")
	}
	whole, err := os.ReadFile(tables[0])
	must(t, err)
	for at := 11; at < len(whole); at += len(whole) / 12 {
		broken := append([]byte(nil), whole...)
		broken[at] ^= 0x20
		must(t, os.WriteFile(tables[0], broken, 0o600))
		s, err := badger.Open(dir, badger.Options{Memory: 64 << 20, ReadOnly: true})
		must(t, err)
		if _, err := s.Labels(t.Context()); !errors.Is(err, graph.ErrDamaged) {
			t.Errorf("byte %d changed: got %v, want damage", at, err)
		}
		must(t, s.Close())
	}
}

func BenchmarkLabelsImport(b *testing.B) {
	const n = 300_000
	for range b.N {
		s, err := badger.Open(b.TempDir(), badger.Options{})
		must(b, err)
		labels, err := s.Labels(b.Context())
		must(b, err)
		p := graph.Pack{Digest: graph.DigestOf([]byte("x")), Name: "bench", Labels: n}
		_, err = labels.Import(b.Context(), p, nil, func(yield func(graph.Label, error) bool) {
			l := graph.Label{Name: "Some exchange, hot wallet", Category: "exchange", Source: "a list", URI: "https://example.org/a/page", Licence: "MIT"}
			for i := range n {
				l.Address = graphtest.Account(graphtest.Ethereum(), i*7919%n)
				if !yield(l, nil) {
					return
				}
			}
		})
		must(b, err)
		must(b, s.Close())
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "labels/s")
}

func BenchmarkLabelsOf(b *testing.B) {
	s, err := badger.Open(b.TempDir(), badger.Options{})
	must(b, err)
	labels, err := s.Labels(b.Context())
	must(b, err)
	for n := range 8 {
		p, list := crashPack(n)
		_, err = labels.Import(b.Context(), p, nil, list)
		must(b, err)
	}
	b.ResetTimer()
	for i := range b.N {
		_, err := labels.Of(b.Context(), graphtest.Account(graphtest.Ethereum(), i%(2*crashLabelN))) // half have some
		must(b, err)
	}
	b.StopTimer()
	must(b, s.Close())
}
