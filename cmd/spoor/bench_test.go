package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

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
					t, err := traceStore(context.Background(), store, c, trace.Known{}, nil)
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

// BenchmarkExtend brings the trace of a hundred incidents to each of the last
// blocks of a ledger: once by extending it, once by tracing anew. It reports
// the transactions evaluated for a block either way, and how many times as fast
// the extension is; the two traces are the same (trace.TestExtended).
func BenchmarkExtend(b *testing.B) {
	const live = 64 // blocks
	script := synthetic.Script{Seed: 1, Incidents: 100, Hops: 20, Background: 100_000}
	source, err := script.Ethereum()
	if err != nil {
		b.Fatal(err)
	}
	text, err := synthetic.Case("bench", source)
	if err != nil {
		b.Fatal(err)
	}
	c, err := trace.ParseCase(text)
	if err != nil {
		b.Fatal(err)
	}
	var blocks []graph.Block
	for block, err := range source.Blocks(context.Background()) {
		if err != nil {
			b.Fatal(err)
		}
		blocks = append(blocks, block)
	}
	store, err := badger.Open(b.TempDir(), badger.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	ledger, err := store.Ledger(context.Background(), source.Chain())
	if err != nil {
		b.Fatal(err)
	}
	first := len(blocks) - live
	if err := ledger.Apply(context.Background(), blocks[:first]...); err != nil {
		b.Fatal(err)
	}
	for _, method := range trace.Methods() {
		b.Run(method.Name, func(b *testing.B) {
			c.Method = method.Name
			var extended, anew time.Duration
			var evaluated, all, n int
			for b.Loop() {
				if err := ledger.Revert(context.Background(), blocks[first].Height); err != nil {
					b.Fatal(err)
				}
				l, err := trace.NewLive(c)
				if err != nil {
					b.Fatal(err)
				}
				extend := func() (x trace.Extension) {
					began := time.Now()
					err := withViews(context.Background(), store, func(views map[graph.ChainID]graph.View) (err error) {
						if x, err = l.Extend(context.Background(), views, trace.Known{}); err == nil && x.Changed {
							_, err = l.Trace(context.Background())
						}
						return err
					})
					if err != nil {
						b.Fatal(err)
					}
					extended += time.Since(began)
					return x
				}
				extend()
				extended = 0
				for i := range live {
					if err := ledger.Apply(context.Background(), blocks[first+i]); err != nil {
						b.Fatal(err)
					}
					x := extend()
					if x.Anew != "" {
						b.Fatal(x.Anew)
					}
					evaluated += x.Transactions
					n++
				}
				began := time.Now()
				t, err := traceStore(context.Background(), store, c, trace.Known{}, nil)
				if err != nil {
					b.Fatal(err)
				}
				anew += live * time.Since(began)
				all += live * t.Transactions
			}
			b.ReportMetric(float64(evaluated)/float64(n), "tx/block")
			b.ReportMetric(float64(all)/float64(n), "tx/block-anew")
			b.ReportMetric(float64(extended.Microseconds())/float64(n), "µs/block")
			b.ReportMetric(float64(anew)/float64(extended), "times-as-fast")
		})
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
	return loadCase(b, store, heist, theft)
}

// loadCase ingests incidents and returns their case.
func loadCase(b *testing.B, store graph.Store, incidents ...*synthetic.Incident) trace.Case {
	b.Helper()
	for _, src := range incidents {
		ledger, err := store.Ledger(context.Background(), src.Chain())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := ingest.Run(context.Background(), ledger, src, ingest.Options{Meter: ingest.NewMeter(ingest.Stop)}); err != nil {
			b.Fatal(err)
		}
	}
	text, err := synthetic.Case("bench", incidents...)
	if err != nil {
		b.Fatal(err)
	}
	c, err := trace.ParseCase(text)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// BenchmarkJourney traces a theft over three chains and two bridges, hidden in
// SPOOR_JOURNEY benign transfers, 100,000 unless set, on the embedded store.
func BenchmarkJourney(b *testing.B) {
	script := synthetic.Script{Seed: 1, Background: 100_000}
	if text := os.Getenv("SPOOR_JOURNEY"); text != "" {
		var err error
		if script.Background, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	store, err := badger.Open(b.TempDir(), badger.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	legs, err := script.Journey()
	if err != nil {
		b.Fatal(err)
	}
	c := loadCase(b, store, legs...)
	b.ReportAllocs()
	for b.Loop() {
		t, err := traceStore(context.Background(), store, c, trace.Known{}, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(t.Transactions), "transactions")
	}
}

// BenchmarkForms loads a UTXO ledger with the forms of its transactions and
// without: what keeping them costs in time and on disk.
func BenchmarkForms(b *testing.B) {
	n := 200_000
	if size, err := strconv.Atoi(os.Getenv("SPOOR_BENCH_N")); err == nil {
		n = size
	}
	chain := graph.ChainOf(graph.Bitcoin)
	var formed, bare []graph.Block
	txs := 0
	for block, err := range (synthetic.Traffic{Ledger: chain, Seed: 1, Transfers: n, PerBlock: 2000}).Blocks(context.Background()) {
		if err != nil {
			b.Fatal(err)
		}
		formed = append(formed, block)
		block.Txs = slices.Clone(block.Txs)
		for i := range block.Txs {
			block.Txs[i].Form = graph.Form{}
		}
		bare = append(bare, block)
		txs += len(block.Txs)
	}
	for _, c := range []struct {
		name   string
		blocks []graph.Block
	}{{"unknown", bare}, {"known", formed}} {
		b.Run(c.name, func(b *testing.B) {
			var disk size
			for b.Loop() {
				dir := b.TempDir()
				store, err := badger.Open(dir, badger.Options{})
				if err != nil {
					b.Fatal(err)
				}
				ledger, err := store.Ledger(context.Background(), chain)
				if err == nil {
					err = ledger.Load(context.Background(), func(yield func(graph.Block, error) bool) {
						for i := range c.blocks {
							if !yield(c.blocks[i], nil) {
								return
							}
						}
					})
				}
				if err = errors.Join(err, store.Close()); err == nil {
					disk, err = diskUsage(dir)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(txs)*float64(b.N)/b.Elapsed().Seconds(), "txs/s")
			b.ReportMetric(float64(disk)/float64(txs), "B/tx")
		})
	}
}
