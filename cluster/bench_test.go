//go:build unix

package cluster_test

import (
	"context"
	"iter"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"spoor/cluster"
	"spoor/graph"
	"spoor/graph/badger"
	"spoor/ingest/synthetic"
)

// BenchmarkCluster loads generated ledgers of SPOOR_BENCH_N transfers (one
// million if not set) into the embedded store in bulk, finds their evidence and
// computes the entities. It reports what that takes as a share of the load's
// own time, which does not include making the blocks; by the clock and in
// processor seconds, which others on the machine do not change much.
func BenchmarkCluster(b *testing.B) {
	n := 1_000_000
	if text := os.Getenv("SPOOR_BENCH_N"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	for _, chain := range []graph.Chain{graph.ChainOf(graph.Bitcoin), graph.ChainOf(graph.Ethereum)} {
		b.Run(chain.Alias, func(b *testing.B) { benchCluster(b, synthetic.Traffic{Ledger: chain, Seed: 1, Transfers: n}) })
	}
}

func benchCluster(b *testing.B, traffic synthetic.Traffic) {
	ctx := context.Background()
	for b.Loop() {
		spent := cpu(b)
		for _, err := range traffic.Blocks(ctx) {
			if err != nil {
				b.Fatal(err)
			}
		}
		makingCPU := cpu(b) - spent
		store, err := badger.Open(b.TempDir(), badger.Options{})
		if err != nil {
			b.Fatal(err)
		}
		ledger, err := store.Ledger(ctx, traffic.Chain())
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		spent = cpu(b)
		making := new(time.Duration)
		if err := ledger.Load(ctx, timed(traffic.Blocks(ctx), making)); err != nil {
			b.Fatal(err)
		}
		load, loadCPU := time.Since(began)-*making, cpu(b)-spent-makingCPU
		view, err := ledger.View(ctx)
		if err != nil {
			b.Fatal(err)
		}
		labels := make([]graph.Label, synthetic.Hubs)
		for i := range labels {
			labels[i] = graph.Label{Address: traffic.Hub(i), Name: "Hub " + string(rune('A'+i)), Category: "exchange", Source: "bench", Confidence: 100}
		}
		dir := store.Folder(traffic.Chain())
		search := cluster.Search{Chain: traffic.Chain(), Labels: labels}
		began = time.Now()
		spent = cpu(b)
		log, _, err := cluster.EditLog(dir, traffic.Chain(), search.Basis())
		if err != nil {
			b.Fatal(err)
		}
		u, err := log.Update(ctx, view, search.Finder(ctx, view))
		if err != nil {
			b.Fatal(err)
		}
		find, findCPU := time.Since(began), cpu(b)-spent
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		began = time.Now()
		spent = cpu(b)
		e, err := cluster.Compute(ctx, log, view, cluster.Choice{Labels: labels})
		if err != nil {
			b.Fatal(err)
		}
		join, joinCPU := time.Since(began), cpu(b)-spent
		runtime.GC()
		runtime.ReadMemStats(&after)
		size, err := view.Size()
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(load.Seconds(), "load-s")
		b.ReportMetric(find.Seconds(), "find-s")
		b.ReportMetric(join.Seconds(), "join-s")
		b.ReportMetric(100*(find+join).Seconds()/load.Seconds(), "%-of-load")
		b.ReportMetric(loadCPU.Seconds(), "load-cpu-s")
		b.ReportMetric(findCPU.Seconds(), "find-cpu-s")
		b.ReportMetric(joinCPU.Seconds(), "join-cpu-s")
		b.ReportMetric(100*(findCPU+joinCPU).Seconds()/loadCPU.Seconds(), "%-of-load-cpu")
		b.ReportMetric(float64(u.Evidence), "evidence")
		b.ReportMetric((float64(after.HeapAlloc)-float64(before.HeapAlloc))/float64(size.Addresses), "B/address")
		b.ReportMetric(float64(e.All().Entities), "entities")
		b.ReportMetric(float64(e.All().Largest), "largest")
		runtime.KeepAlive(e)
		for _, close := range []func() error{log.Close, view.Close, store.Close} {
			if err := close(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// timed sums the time that making blocks takes.
func timed(blocks iter.Seq2[graph.Block, error], took *time.Duration) iter.Seq2[graph.Block, error] {
	return func(yield func(graph.Block, error) bool) {
		began := time.Now()
		for b, err := range blocks {
			*took += time.Since(began)
			if !yield(b, err) {
				return
			}
			began = time.Now()
		}
	}
}

// cpu is the processor time that the process has taken, of all its threads.
func cpu(b *testing.B) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
