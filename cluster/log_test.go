package cluster_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"spoor/cluster"
	"spoor/graph"
	"spoor/graph/graphtest"
)

var bitcoin = graph.ChainOf(graph.Bitcoin)

// place is an address by number: the order of numbers is not that of addresses.
func place(n int) graph.Address {
	sum := sha256.Sum256(fmt.Append(nil, "place", n))
	return graph.ScriptAddress(graph.Bitcoin, append([]byte{0x00, 0x14}, sum[:20]...))
}

// spend is a transaction that spends from places and pays one.
type spend struct {
	from []int
	to   int
}

// block builds a block of spends. salt makes another block of the same height.
func block(t *testing.T, height uint32, salt string, spends ...spend) graph.Block {
	t.Helper()
	b := graph.Block{Header: graph.Header{Height: height, Hash: sha256.Sum256(fmt.Append(nil, salt, height)), Time: int64(height) * 600},
		Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}, Source: "test"}
	for i, s := range spends {
		tx := graph.Tx{Index: uint32(i), Hash: sha256.Sum256(fmt.Append(nil, salt, height, i))}
		for j, n := range s.from {
			seq, err := graph.InputSeq(j)
			if err != nil {
				t.Fatal(err)
			}
			m := graph.Transfer{Seq: seq, Kind: graph.KindInput, From: place(n), Asset: bitcoin.Native()}
			m.Amount.SetUint64(1000)
			tx.Transfers = append(tx.Transfers, m)
		}
		seq, err := graph.OutputSeq(0)
		if err != nil {
			t.Fatal(err)
		}
		m := graph.Transfer{Seq: seq, Kind: graph.KindOutput, To: place(s.to), Asset: bitcoin.Native()}
		m.Amount.SetUint64(900)
		tx.Transfers = append(tx.Transfers, m)
		b.Txs = append(b.Txs, tx)
	}
	return b
}

// randomBlocks are blocks of random spends among some places.
func randomBlocks(t *testing.T, seed uint64, n, places int, salt string) []graph.Block {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	var blocks []graph.Block
	for h := range n {
		spends := make([]spend, r.IntN(7))
		for i := range spends {
			near := r.IntN(places)
			for range 1 + r.IntN(3) {
				spends[i].from = append(spends[i].from, (near+r.IntN(4))%places)
			}
			spends[i].to = r.IntN(places)
		}
		blocks = append(blocks, block(t, uint32(h), salt, spends...))
	}
	return blocks
}

// onlyCoSpend finds what the rule of co-spends finds, and nothing else.
func onlyCoSpend(uint32) (cluster.Find, error) {
	return func(tx *graph.TxMoves, evidence []cluster.Evidence) ([]cluster.Evidence, error) {
		var first graph.ID
		for i := range tx.Moves {
			switch m := &tx.Moves[i]; {
			case m.Kind != graph.KindInput || m.From == first:
			case first == 0:
				first = m.From
			default:
				evidence = append(evidence, cluster.Evidence{At: tx.At, Rule: cluster.CoSpend, Confidence: 90, A: first, B: m.From})
			}
		}
		return evidence, nil
	}, nil
}

// desk is a ledger and the log beside it.
type desk struct {
	t      *testing.T
	ledger graph.Ledger
	dir    string
	finder func(uint32) (cluster.Find, error)
	last   cluster.Updated
}

func newDesk(t *testing.T, chain graph.Chain) *desk {
	t.Helper()
	ledger, err := graphtest.NewModel().Ledger(t.Context(), chain)
	if err != nil {
		t.Fatal(err)
	}
	return &desk{t: t, ledger: ledger, dir: t.TempDir(), finder: onlyCoSpend}
}

func (d *desk) apply(blocks ...graph.Block) {
	d.t.Helper()
	for _, b := range blocks {
		if err := d.ledger.Apply(d.t.Context(), b); err != nil {
			d.t.Fatal(err)
		}
	}
}

func (d *desk) revert(from uint32) {
	d.t.Helper()
	if err := d.ledger.Revert(d.t.Context(), from); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) view() graph.View {
	d.t.Helper()
	v, err := d.ledger.View(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	return v
}

// update brings the log up to the ledger.
func (d *desk) update() {
	d.t.Helper()
	log, _, err := cluster.EditLog(d.dir, d.ledger.Chain(), cluster.Basis{})
	if err != nil {
		d.t.Fatal(err)
	}
	if err := log.Check(); err != nil {
		d.t.Fatal(err)
	}
	if d.last, err = log.Update(d.t.Context(), d.view(), d.finder); err != nil {
		d.t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		d.t.Fatal(err)
	}
}

// entities computes the entities.
func (d *desk) entities(c cluster.Choice) *cluster.Entities {
	d.t.Helper()
	log, err := cluster.OpenLog(d.dir, d.ledger.Chain())
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = log.Close() })
	e, err := cluster.Compute(d.t.Context(), log, d.view(), c)
	if err != nil {
		d.t.Fatal(err)
	}
	return e
}

func (d *desk) id(a graph.Address) graph.ID {
	d.t.Helper()
	id, err := d.view().ID(a)
	if err != nil {
		d.t.Fatal(err)
	}
	return id
}

// text is all that can be said about the entities, in addresses only.
func (d *desk) text(e *cluster.Entities) string {
	d.t.Helper()
	ctx, view := d.t.Context(), d.view()
	size, err := view.Size()
	if err != nil {
		d.t.Fatal(err)
	}
	name := func(id graph.ID) string {
		a, err := view.Address(id)
		if err != nil {
			d.t.Fatal(err)
		}
		return a.String()
	}
	var lines []string
	done := map[graph.ID]bool{}
	for id := graph.ID(1); id <= graph.ID(size.Addresses); id++ {
		if done[id] || e.Alone(id) {
			continue
		}
		members := e.Members(id)
		names, err := e.Names(members[:1])
		if err != nil {
			d.t.Fatal(err)
		}
		smallest := slices.MinFunc(members, func(a, b graph.ID) int { return strings.Compare(name(a), name(b)) })
		var all []string
		for _, m := range members {
			done[m] = true
			all = append(all, name(m))
			steps, err := e.Why(ctx, smallest, m)
			if err != nil {
				d.t.Fatal(err)
			}
			line := name(m)
			for _, s := range steps {
				line += fmt.Sprintf(" <%s %s %d> %s", s.Evidence.At, s.Evidence.Rule, s.Evidence.Confidence, name(s.To))
			}
			lines = append(lines, line)
		}
		slices.Sort(all)
		lines = append(lines, names[members[0]].String()+": "+strings.Join(all, " "))
	}
	slices.Sort(lines)
	held, err := e.Held(ctx)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, h := range held {
		lines = append(lines, fmt.Sprintf("held %s %s %s %s %d", h.Reason, name(h.A), name(h.B), h.First.At, h.Count))
	}
	return fmt.Sprintln(strings.Join(lines, "\n"), e.CoSpend(), e.All(), e.HeldBack())
}

// TestOrderOfIngest applies the same blocks in other orders, batches and after
// other branches were rolled back, and compares all that can be said.
func TestOrderOfIngest(t *testing.T) {
	held := uint64(0)
	for seed := range uint64(8) {
		blocks := randomBlocks(t, seed, 40, 60, "main")
		other := randomBlocks(t, seed+1000, 40, 60, "other")
		choice := cluster.Choice{Guard: cluster.Guard{CoSpend: 4}, Labels: []graph.Label{
			{Address: place(3), Name: "Exchange A 1", Category: "exchange", Confidence: 90},
			{Address: place(9), Name: "Exchange A: hot wallet", Category: "exchange", Confidence: 90},
			{Address: place(31), Name: "Exchange B", Category: "exchange", Confidence: 90},
		}}
		veto, err := cluster.NewVeto(place(20), place(22), "")
		if err != nil {
			t.Fatal(err)
		}
		choice.Vetoes = []cluster.Veto{veto}
		full := newDesk(t, bitcoin)
		full.apply(blocks...)
		full.update()
		want := full.text(full.entities(choice))
		held += full.entities(choice).HeldBack()
		r := rand.New(rand.NewPCG(seed, 2))
		ways := map[string]func(*desk){
			"shuffled": func(d *desk) {
				mixed := slices.Clone(blocks)
				r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
				for _, b := range mixed {
					d.apply(b)
					if r.IntN(5) == 0 {
						d.update()
					}
				}
			},
			"in batches": func(d *desk) {
				for rest := blocks; len(rest) > 0; {
					n := min(len(rest), 1+r.IntN(7))
					d.apply(rest[:n]...)
					d.update()
					if d.last.Rebuilt || d.last.Reverted > 0 {
						t.Errorf("a batch at the tip made all anew: %+v", d.last)
					}
					rest = rest[n:]
				}
			},
			"after reverts": func(d *desk) {
				for at := 0; at < len(blocks); {
					n := min(len(blocks)-at, 1+r.IntN(9))
					d.apply(blocks[at : at+n]...)
					at += n
					if at < len(blocks)-4 {
						d.apply(other[at : at+3]...)
						d.update()
						d.revert(uint32(at))
					}
					if r.IntN(2) == 0 {
						d.update()
						if d.last.Rebuilt {
							t.Errorf("a revert made all anew: %+v", d.last)
						}
					}
				}
			},
		}
		for way, do := range ways {
			d := newDesk(t, bitcoin)
			do(d)
			d.update()
			if got := d.text(d.entities(choice)); got != want {
				t.Fatalf("seed %d, %s:\n%s\nwant\n%s", seed, way, got, want)
			}
		}
	}
	if held == 0 {
		t.Error("the ledgers are too small: nothing was held back in any")
	}
}

// TestReplacedBranch lets another branch take the place of blocks without the
// log being asked in between.
func TestReplacedBranch(t *testing.T) {
	d := newDesk(t, bitcoin)
	d.apply(block(t, 1, "a", spend{[]int{1, 2}, 9}), block(t, 2, "a", spend{[]int{2, 3}, 9}), block(t, 3, "a", spend{[]int{3, 4}, 9}))
	d.update()
	d.revert(2)
	d.apply(block(t, 2, "b", spend{[]int{5, 6}, 9}), block(t, 3, "b", spend{[]int{6, 7}, 9}), block(t, 4, "b"))
	d.update()
	if d.last.From != 2 || d.last.Reverted == 0 || d.last.Rebuilt {
		t.Errorf("read from %d, %d frames rolled back, rebuilt %v; want the two blocks that are gone to be rolled back", d.last.From, d.last.Reverted, d.last.Rebuilt)
	}
	e := d.entities(cluster.Choice{})
	if !e.Same(d.id(place(1)), d.id(place(2))) || e.Same(d.id(place(2)), d.id(place(6))) || !e.Same(d.id(place(5)), d.id(place(7))) {
		t.Error(d.text(e))
	}
	d.update()
	if !d.last.Unchanged {
		t.Errorf("nothing had changed, and something was done: %+v", d.last)
	}
}

// TestTornTail cuts the log at every length and damages every part of it: what
// is left is a beginning of it, and the next update makes it whole again.
func TestTornTail(t *testing.T) {
	d := newDesk(t, bitcoin)
	d.apply(randomBlocks(t, 4, 3, 10, "main")...)
	d.update()
	path := filepath.Join(d.dir, cluster.LogName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := d.text(d.entities(cluster.Choice{}))
	try := func(what string, content []byte) {
		t.Helper()
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if log, err := cluster.OpenLog(d.dir, bitcoin); err == nil {
			last := graph.Position{}
			for e, err := range log.Evidence(^uint32(0)) {
				if err != nil {
					if !errors.Is(err, graph.ErrDamaged) {
						t.Fatalf("%s: %v", what, err)
					}
					break
				}
				if e.At.Compare(last) < 0 || e.Rule != cluster.CoSpend {
					t.Fatalf("%s: evidence that never was: %+v", what, e)
				}
				last = e.At
			}
			_ = log.Close()
		} else if !errors.Is(err, graph.ErrDamaged) {
			t.Fatalf("%s: %v", what, err)
		}
		d.update()
		if now, err := os.ReadFile(path); err != nil || string(now) != string(whole) {
			t.Fatalf("%s: the log is not what it was: %v", what, err)
		}
	}
	for n := 0; n < len(whole); n += 3 { // each is synced to the disk, which takes its time
		try(fmt.Sprintf("cut to %d bytes", n), whole[:n])
		damaged := slices.Clone(whole)
		damaged[n] ^= 0x41
		try(fmt.Sprintf("byte %d changed", n), damaged)
	}
	try("cut to all but the last byte", whole[:len(whole)-1])
	try("zeros behind", append(slices.Clone(whole), make([]byte, 100)...))
	if got := d.text(d.entities(cluster.Choice{})); got != want {
		t.Fatal(got)
	}
}

// TestInterrupted stops an update midway: the next goes on from there.
func TestInterrupted(t *testing.T) {
	d := newDesk(t, bitcoin)
	d.apply(randomBlocks(t, 5, 60, 40, "main")...)
	log, why, err := cluster.EditLog(d.dir, bitcoin, cluster.Basis{})
	if err != nil || !errors.Is(why, cluster.ErrNoLog) {
		t.Fatal(why, err)
	}
	broken := errors.New("broken")
	_, err = log.Update(t.Context(), d.view(), func(from uint32) (cluster.Find, error) {
		find, _ := onlyCoSpend(from)
		return func(tx *graph.TxMoves, evidence []cluster.Evidence) ([]cluster.Evidence, error) {
			if tx.At.Block >= 30 {
				return evidence, broken
			}
			return find(tx, evidence)
		}, nil
	})
	if !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	d.update()
	if d.last.From == 0 || d.last.From > 30 || d.last.Rebuilt {
		t.Errorf("went on from %d, rebuilt %v", d.last.From, d.last.Rebuilt)
	}
	whole := newDesk(t, bitcoin)
	whole.apply(randomBlocks(t, 5, 60, 40, "main")...)
	whole.update()
	if got, want := d.text(d.entities(cluster.Choice{})), whole.text(whole.entities(cluster.Choice{})); got != want {
		t.Fatalf("%s\nwant\n%s", got, want)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if log, _, err = cluster.EditLog(t.TempDir(), bitcoin, cluster.Basis{}); err != nil {
		t.Fatal(err)
	}
	if _, err := log.Update(cancelled, d.view(), onlyCoSpend); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestBasis makes the log anew when the rules or labels are others.
func TestBasis(t *testing.T) {
	d := newDesk(t, bitcoin)
	d.apply(block(t, 1, "a", spend{[]int{1, 2}, 9}))
	d.update()
	log, why, err := cluster.EditLog(d.dir, bitcoin, cluster.Basis{Labels: [32]byte{1}})
	if err != nil || !errors.Is(why, cluster.ErrBasis) {
		t.Fatal(why, err)
	}
	if _, any := log.Tip(); any {
		t.Error("evidence of another basis was kept")
	}
}
