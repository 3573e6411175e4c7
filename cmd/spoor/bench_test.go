package main

import (
	"context"
	"testing"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/graph/graphtest"
	"spoor/ingest"
	"spoor/ingest/synthetic"
	"spoor/trace"
)

// BenchmarkTrace traces a hundred incidents hidden in traffic, by every method,
// on the embedded store and on the same ledgers in memory: the difference is
// what the store costs.
func BenchmarkTrace(b *testing.B) {
	script := synthetic.Script{Seed: 1, Incidents: 100, Hops: 20, Background: 100_000}
	embedded, err := badger.Open(b.TempDir(), badger.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = embedded.Close() }()
	for _, store := range []struct {
		name string
		graph.Store
	}{{"memory", graphtest.NewModel()}, {"badger", embedded}} {
		c := benchCase(b, store.Store, script)
		for _, method := range trace.Methods() {
			if method.Ranks {
				continue
			}
			b.Run(store.name+"/"+method.Name, func(b *testing.B) {
				c.Method = method.Name
				b.ReportAllocs()
				steps := 0
				for b.Loop() {
					t, err := traceStore(context.Background(), store, c, nil)
					if err != nil {
						b.Fatal(err)
					}
					steps = len(t.Steps)
				}
				b.ReportMetric(float64(steps)*float64(b.N)/b.Elapsed().Seconds(), "steps/s")
			})
		}
	}
}

// benchCase ingests a script and returns its case.
func benchCase(b *testing.B, store graph.Store, script synthetic.Script) trace.Case {
	b.Helper()
	heist, err := script.Ethereum()
	if err != nil {
		b.Fatal(err)
	}
	theft, err := script.Bitcoin()
	if err != nil {
		b.Fatal(err)
	}
	for _, src := range []ingest.Source{heist, theft} {
		ledger, err := store.Ledger(context.Background(), src.Chain())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := ingest.Run(context.Background(), ledger, src, ingest.Options{Meter: ingest.NewMeter(ingest.Stop)}); err != nil {
			b.Fatal(err)
		}
	}
	text, err := synthetic.Case("bench", heist, theft)
	if err != nil {
		b.Fatal(err)
	}
	c, err := trace.ParseCase(text)
	if err != nil {
		b.Fatal(err)
	}
	return c
}
