//go:build linux

package badger_test

import (
	"cmp"
	"context"
	"encoding/binary"
	"io/fs"
	"iter"
	"math/bits"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/graph/graphtest"
)

// The benchmarks use a graph of SPOOR_BENCH_N transfers (200,000 if not set)
// whose degrees follow a power law, always the same one. Beside each path of
// the store stands the same over an in-memory CSR of the same edges, so that
// ratios can be compared between machines.
func benchSize() int {
	if n, err := strconv.Atoi(os.Getenv("SPOOR_BENCH_N")); err == nil {
		return n
	}
	return 200_000
}

// An edge is one transfer of the generated graph; addresses are 0 to addresses-1.
type edge struct{ from, to uint32 }

type powerLaw struct {
	edges     []edge
	addresses int
}

const (
	supernodes    = 4
	edgesPerBlock = 200
)

// newPowerLaw draws n edges: 30 % of recipients are new, half of the senders
// have received lately, four addresses take part in a twentieth of all edges
// each, the rest are drawn in proportion to their degree.
func newPowerLaw(n int) *powerLaw {
	r := rand.New(rand.NewPCG(7, 11))
	g := &powerLaw{edges: make([]edge, n), addresses: supernodes}
	ends := make([]uint32, 0, 2*n)
	for i := range supernodes {
		ends = append(ends, uint32(i))
	}
	known := func() uint32 {
		if p := r.IntN(20); p < supernodes {
			return uint32(p)
		}
		return ends[r.IntN(len(ends))]
	}
	for i := range g.edges {
		e := &g.edges[i]
		if i > 0 && r.IntN(2) == 0 {
			e.from = g.edges[i-1-r.IntN(min(i, 1000))].to
		} else {
			e.from = known()
		}
		if r.IntN(10) < 3 {
			e.to = uint32(g.addresses)
			g.addresses++
		} else {
			e.to = known()
		}
		ends = append(ends, e.from, e.to)
	}
	return g
}

func mix(v uint64) uint64 {
	v ^= v >> 31
	v *= 0x9e3779b97f4a7c15
	v ^= v >> 29
	v *= 0xbf58476d1ce4e5b9
	return v ^ v>>32
}

// amount is 1 to 32 bytes, 7.3 on average, and does not compress.
func (g *powerLaw) amount(i int) graph.Amount {
	low := mix(uint64(i) + 1)
	if low%100 == 0 {
		return graph.Amount{low, mix(low), mix(low + 1), mix(low + 2)}
	}
	return graph.Amount{low >> (8 * (mix(low) % 3))}
}

func (g *powerLaw) asset(i int, chain graph.Chain) graph.Asset {
	n := 200 / (1 + int(mix(uint64(i)*3)%200)) // a few take most
	if n <= 2 {
		return chain.Native()
	}
	return graphtest.Token(chain, n)
}

func (g *powerLaw) address(chain graph.Chain, n uint32) graph.Address {
	var a [20]byte
	binary.BigEndian.PutUint64(a[:], mix(uint64(n)+99))
	binary.BigEndian.PutUint32(a[8:], n)
	binary.BigEndian.PutUint64(a[12:], mix(uint64(n)))
	return graph.EVMAddress(chain.ID, a)
}

// blocks yields the graph as blocks of 200 transfers in 133 transactions.
func (g *powerLaw) blocks(chain graph.Chain) iter.Seq2[graph.Block, error] {
	return func(yield func(graph.Block, error) bool) {
		for first := 0; first < len(g.edges); first += edgesPerBlock {
			height := uint32(first / edgesPerBlock)
			b := graph.Block{Header: graph.Header{Height: height, Hash: benchHash(uint64(height) << 32), Time: int64(height) * 12},
				Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full}, Source: "benchmark"}
			for i := first; i < min(first+edgesPerBlock, len(g.edges)); i++ {
				t := graph.Transfer{Kind: graph.KindToken, Seq: graph.Seq(3<<28 | (i-first)<<11), Asset: g.asset(i, chain), Amount: g.amount(i),
					From: g.address(chain, g.edges[i].from), To: g.address(chain, g.edges[i].to)}
				if n := len(b.Txs); n > 0 && i%3 == 2 {
					b.Txs[n-1].Transfers = append(b.Txs[n-1].Transfers, t)
					continue
				}
				b.Txs = append(b.Txs, graph.Tx{Index: uint32(len(b.Txs)), Hash: benchHash(uint64(i)), Transfers: []graph.Transfer{t}})
			}
			if !yield(b, nil) {
				return
			}
		}
	}
}

func benchHash(v uint64) (h graph.Hash) {
	for i := range 4 {
		binary.BigEndian.PutUint64(h[8*i:], mix(v*4+uint64(i)+1))
	}
	return h
}

// csr is both directions of the graph in memory, the limit to compare with.
type csr struct{ out, in direction }

type direction struct {
	first []uint32
	ends  []csrEnd
}

type csrEnd struct {
	at     uint64
	amount uint64
	peer   uint32
}

func (g *powerLaw) csr() *csr {
	var c csr
	for _, d := range []struct {
		to  *direction
		end func(edge) (uint32, uint32)
	}{{&c.out, func(e edge) (uint32, uint32) { return e.from, e.to }}, {&c.in, func(e edge) (uint32, uint32) { return e.to, e.from }}} {
		first := make([]uint32, g.addresses+2)
		for _, e := range g.edges {
			a, _ := d.end(e)
			first[a+2]++
		}
		for i := 2; i < len(first); i++ {
			first[i] += first[i-1]
		}
		ends := make([]csrEnd, len(g.edges))
		for i, e := range g.edges {
			a, peer := d.end(e)
			amount := g.amount(i)
			ends[first[a+1]] = csrEnd{uint64(i), amount[0], peer}
			first[a+1]++
		}
		*d.to = direction{first, ends}
	}
	return &c
}

func (d *direction) of(a uint32) []csrEnd { return d.ends[d.first[a]:d.first[a+1]] }

// numbering gives the store's ids in the order in which Load meets addresses.
func (g *powerLaw) numbering() (ids []graph.ID, back []uint32) {
	ids, back = make([]graph.ID, g.addresses), []uint32{0}
	for _, e := range g.edges {
		for _, a := range []uint32{e.from, e.to} {
			if ids[a] == 0 {
				ids[a] = graph.ID(len(back))
				back = append(back, a)
			}
		}
	}
	return ids, back
}

// traced is what a fan-out touched; sum tells two runs apart.
type traced struct {
	edges, addresses int
	sum              uint64
}

// fanOut follows value in time, level by level, at most hops far, each address
// once, at most perAddress edges of each, until limit edges are touched. next
// yields edges out of an address from a place on.
func fanOut(start uint64, limit, perAddress, hops int, next func(id uint64, after uint64, take func(at, peer, amount uint64) bool)) traced {
	type node struct{ id, since uint64 }
	var done traced
	seen := map[uint64]bool{start: true}
	level := []node{{start, 0}}
	for range hops {
		var following []node
		slices.SortFunc(level, func(a, b node) int { return cmp.Compare(a.id, b.id) })
		for _, n := range level {
			done.addresses++
			taken := 0
			next(n.id, n.since, func(at, peer, amount uint64) bool {
				done.edges++
				taken++
				done.sum += mix(at<<20 ^ peer ^ bits.RotateLeft64(amount, 32))
				if !seen[peer] {
					seen[peer] = true
					following = append(following, node{peer, at})
				}
				return taken < perAddress && done.edges < limit
			})
			if done.edges >= limit {
				return done
			}
		}
		level = following
	}
	return done
}

// loaded is a store with the graph in it, bulk loaded.
func loaded(b *testing.B, g *powerLaw) (dir string) {
	b.Helper()
	dir = b.TempDir()
	s, err := badger.Open(dir, badger.Options{})
	must(b, err)
	l, err := s.Ledger(b.Context(), graphtest.Ethereum())
	must(b, err)
	must(b, l.Load(b.Context(), g.blocks(graphtest.Ethereum())))
	must(b, s.Close())
	return dir
}

func diskBytes(b *testing.B, dir string) (n int64) {
	b.Helper()
	must(b, filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += min(info.Size(), info.Sys().(*syscall.Stat_t).Blocks*512) // logs are sparse
		}
		return err
	}))
	return n
}

func perSecond(b *testing.B, n int, elapsed time.Duration) {
	b.ReportMetric(float64(n)/elapsed.Seconds(), "transfers/s")
}

func BenchmarkLoad(b *testing.B) {
	g := newPowerLaw(benchSize())
	b.Run("csr", func(b *testing.B) {
		for b.Loop() {
			g.csr()
		}
		perSecond(b, b.N*len(g.edges), b.Elapsed())
	})
	b.Run("store", func(b *testing.B) {
		var dir string
		for b.Loop() {
			dir = loaded(b, g)
		}
		perSecond(b, b.N*len(g.edges), b.Elapsed())
		b.ReportMetric(float64(diskBytes(b, dir))/float64(len(g.edges)), "B/transfer")
	})
}

// BenchmarkApply writes at the tip, in calls of 500 blocks and of one.
func BenchmarkApply(b *testing.B) {
	g := newPowerLaw(benchSize())
	for _, size := range []int{1, 500} {
		b.Run(strconv.Itoa(size)+" blocks a call", func(b *testing.B) {
			edges := len(g.edges)
			if size == 1 {
				edges = min(edges, 40_000)
			}
			part := &powerLaw{g.edges[:edges], g.addresses}
			for b.Loop() {
				s, err := badger.Open(b.TempDir(), badger.Options{})
				must(b, err)
				l, err := s.Ledger(b.Context(), graphtest.Ethereum())
				must(b, err)
				var call []graph.Block
				for block, err := range part.blocks(graphtest.Ethereum()) {
					must(b, err)
					if call = append(call, block); len(call) == size {
						must(b, l.Apply(b.Context(), call...))
						call = call[:0]
					}
				}
				must(b, l.Apply(b.Context(), call...))
				must(b, s.Close())
			}
			perSecond(b, b.N*edges, b.Elapsed())
		})
	}
}

// reading is an open view of the loaded graph.
func reading(b *testing.B, dir string) (_ graph.View, end func()) {
	b.Helper()
	s, err := badger.Open(dir, badger.Options{Verify: -1})
	must(b, err)
	l, err := s.Ledger(b.Context(), graphtest.Ethereum())
	must(b, err)
	v, err := l.View(b.Context())
	must(b, err)
	return v, func() {
		must(b, v.Close())
		must(b, s.Close())
	}
}

// dropCache makes the next reads of a store's files come from the disk.
func dropCache(b *testing.B, dir string) {
	b.Helper()
	must(b, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		if err := f.Sync(); err != nil {
			return err
		}
		return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
	}))
}

// BenchmarkScan reads at most 100 entries of random addresses with few (1 to
// 10), some (100 to 2000) and very many entries.
func BenchmarkScan(b *testing.B) {
	g := newPowerLaw(benchSize())
	c := g.csr()
	ids, _ := g.numbering()
	degree := func(a uint32) int { return len(c.out.of(a)) + len(c.in.of(a)) }
	r := rand.New(rand.NewPCG(3, 5))
	dir := loaded(b, g)
	for _, class := range []struct {
		name     string
		low, top int
	}{{"small", 1, 10}, {"mid", 100, 2000}, {"super", len(g.edges) / 30, 1 << 31}} {
		var chosen []uint32
		for tries := 0; len(chosen) < 1000 && tries < 4_000_000; tries++ {
			a := uint32(r.IntN(g.addresses))
			if class.name == "super" {
				a %= supernodes
			}
			if d := degree(a); d >= class.low && d <= class.top {
				chosen = append(chosen, a)
			}
		}
		if len(chosen) == 0 {
			continue
		}
		b.Run(class.name+"/csr", func(b *testing.B) {
			n, sum := 0, uint64(0)
			for b.Loop() {
				a := chosen[n%len(chosen)]
				n++
				out, in := c.out.of(a), c.in.of(a)
				for range 100 { // both directions in order, as the store has them
					var e csrEnd
					switch {
					case len(out) > 0 && (len(in) == 0 || out[0].at <= in[0].at):
						e, out = out[0], out[1:]
					case len(in) > 0:
						e, in = in[0], in[1:]
					}
					sum += e.at ^ uint64(e.peer) ^ e.amount
				}
			}
			_ = sum
		})
		scan := func(v graph.View, a uint32) (n int) {
			for _, err := range v.History(context.Background(), ids[a], graph.Position{}) {
				if err != nil { // must would cost more than the entry
					b.Fatal(err)
				}
				if n++; n == 100 {
					break
				}
			}
			return n
		}
		b.Run(class.name+"/warm", func(b *testing.B) {
			v, end := reading(b, dir)
			defer end()
			for _, a := range chosen {
				scan(v, a)
			}
			n := 0
			for b.Loop() {
				scan(v, chosen[n%len(chosen)])
				n++
			}
		})
		b.Run(class.name+"/cold", func(b *testing.B) {
			n := 0
			var elapsed time.Duration
			for b.Loop() {
				dropCache(b, dir)
				v, end := reading(b, dir)
				started := time.Now()
				for _, a := range chosen[:min(len(chosen), 200)] {
					scan(v, a)
					n++
				}
				elapsed += time.Since(started)
				end()
			}
			b.ReportMetric(float64(elapsed.Nanoseconds())/float64(n), "ns/scan")
		})
	}
}

// BenchmarkTrace fans out from a supernode over a tenth of the graph's edges,
// at most a million.
func BenchmarkTrace(b *testing.B) {
	g := newPowerLaw(benchSize())
	c := g.csr()
	ids, back := g.numbering()
	limit := min(len(g.edges)/10, 1_000_000)
	var want, got traced
	b.Run("csr", func(b *testing.B) {
		for b.Loop() {
			want = fanOut(uint64(ids[0]), limit, 1000, 6, func(id, after uint64, take func(at, peer, amount uint64) bool) {
				ends := c.out.of(back[id])
				i, _ := slices.BinarySearchFunc(ends, after, func(e csrEnd, at uint64) int { return cmp.Compare(e.at, at) })
				for _, e := range ends[i:] {
					if !take(e.at, uint64(ids[e.peer]), e.amount) {
						return
					}
				}
			})
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*want.edges), "ns/edge")
	})
	dir := loaded(b, g)
	trace := func(v graph.View) traced {
		ctx := context.Background()
		return fanOut(uint64(ids[0]), limit, 1000, 6, func(id, after uint64, take func(at, peer, amount uint64) bool) {
			from := graph.Position{Block: uint32(after / edgesPerBlock)}
			for e, err := range v.History(ctx, graph.ID(id), from) {
				if err != nil {
					b.Fatal(err)
				}
				at := uint64(e.At.Block)*edgesPerBlock + uint64(e.At.Seq.Index())
				if e.Out && at >= after && !take(at, uint64(e.Peer), e.Amount[0]) {
					return
				}
			}
		})
	}
	check := func(b *testing.B) {
		if want.edges > 0 && got != want {
			b.Fatalf("the store traced %+v, the CSR %+v", got, want)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(max(1, b.N*got.edges)), "ns/edge")
	}
	b.Run("warm", func(b *testing.B) {
		v, end := reading(b, dir)
		defer end()
		trace(v)
		for b.Loop() {
			got = trace(v)
		}
		check(b)
	})
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			dropCache(b, dir)
			v, end := reading(b, dir)
			b.StartTimer()
			got = trace(v)
			b.StopTimer()
			end()
			b.StartTimer()
		}
		check(b)
	})
}

// BenchmarkTxs reads the whole ledger once, in order, as clustering does.
func BenchmarkTxs(b *testing.B) {
	g := newPowerLaw(benchSize())
	v, end := reading(b, loaded(b, g))
	defer end()
	b.Run("store", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			moves := 0
			for tx, err := range v.Txs(b.Context(), 0) {
				if err != nil {
					b.Fatal(err)
				}
				moves += len(tx.Moves)
			}
			if moves != len(g.edges) {
				b.Fatalf("%d moves, want %d", moves, len(g.edges))
			}
		}
		perSecond(b, b.N*len(g.edges), b.Elapsed())
	})
}

// BenchmarkEvents reads the events of one kind in order, one for every tenth
// transfer, and those about single addresses.
func BenchmarkEvents(b *testing.B) {
	g := newPowerLaw(benchSize())
	chain := graphtest.Ethereum()
	s, err := badger.Open(b.TempDir(), badger.Options{})
	must(b, err)
	l, err := s.Ledger(b.Context(), chain)
	must(b, err)
	events := 0
	must(b, l.Load(b.Context(), func(yield func(graph.Block, error) bool) {
		for block, err := range g.blocks(chain) {
			for i := range block.Txs {
				if t := block.Txs[i].Transfers[0]; i%7 == 0 {
					block.Txs[i].Events = []graph.Event{{Seq: t.Seq, Kind: graph.Created, Protocol: "evm", Subject: t.To, Object: t.From}}
					events++
				}
			}
			if !yield(block, err) {
				return
			}
		}
	}))
	v, err := l.View(b.Context())
	must(b, err)
	b.Run("kind", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			n := 0
			for _, err := range v.EventsOf(b.Context(), graph.Created, graph.Position{}) {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
			if n != events {
				b.Fatalf("%d events, want %d", n, events)
			}
		}
		b.ReportMetric(float64(b.N*events)/b.Elapsed().Seconds(), "events/s")
	})
	b.Run("about", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			for _, err := range v.Events(b.Context(), g.address(chain, uint32(i%g.addresses)), graph.Position{}) {
				if err != nil {
					b.Fatal(err)
				}
			}
			i += 7919
		}
	})
	must(b, v.Close())
	must(b, s.Close())
}
