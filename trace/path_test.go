package trace_test

import (
	"context"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"spoor/graph"
	"spoor/trace"
)

// widestByTrying tries every way there is, for ledgers small enough.
func widestByTrying(w *world, from, to graph.Address, asset graph.Asset) uint64 {
	type move struct {
		at       int
		from, to graph.Address
		amount   uint64
	}
	var moves []move
	for _, b := range w.blocks {
		for _, tx := range b.Txs {
			for _, t := range tx.Transfers {
				if t.Asset == asset && !t.Kind.IsFee() && !t.From.IsZero() && !t.To.IsZero() {
					moves = append(moves, move{len(moves), t.From, t.To, t.Amount.Uint64()})
				}
			}
		}
	}
	// best[i] is the widest way that ends with movement i.
	best := make([]uint64, len(moves))
	widest := uint64(0)
	for i, m := range moves {
		if m.from == from {
			best[i] = m.amount
		}
		for j := range i {
			if moves[j].to == m.from && m.from != from {
				best[i] = max(best[i], min(best[j], m.amount))
			}
		}
		if m.to == to && m.from != to {
			widest = max(widest, best[i])
		}
	}
	return widest
}

func TestPathsAreWidest(t *testing.T) {
	found, several := 0, 0
	search := func(t *rapid.T) {
		w := accountLedger(t)
		var ends []graph.Address
		for _, b := range w.blocks {
			for _, tx := range b.Txs {
				for _, tr := range tx.Transfers {
					if !tr.From.IsZero() && !tr.To.IsZero() && tr.From != tr.To {
						ends = append(ends, tr.From, tr.To)
					}
				}
			}
		}
		if len(ends) == 0 {
			return
		}
		from, to := rapid.SampledFrom(ends).Draw(t, "from"), rapid.SampledFrom(ends).Draw(t, "to")
		c, err := trace.Paths(context.Background(), w.view(), trace.PathQuery{From: from, To: to, Most: 3, ServiceTransfers: -1})
		if errors.Is(err, trace.ErrPath) || errors.Is(err, graph.ErrNotFound) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		first := make(map[graph.Asset]bool)
		used := make(map[graph.Position]uint64)
		for i, p := range c.Paths {
			if !first[p.Asset.Asset] {
				first[p.Asset.Asset] = true
				found++
				if want := widestByTrying(w, from, to, p.Asset.Asset); p.Width.Uint64() != want {
					t.Fatalf("%s: found %s, there is %d", p.Asset.Asset, p.Width.Dec(), want)
				}
			} else {
				several++
				if p.Width.Gt(&c.Paths[i-1].Width) {
					t.Fatalf("path %d is wider than the one before", i)
				}
			}
			at, place := graph.Position{}, from
			for _, leg := range p.Legs {
				if leg.From != place || leg.At.Compare(at) < 0 {
					t.Fatalf("%+v does not follow from %s at %s", leg, place, at)
				}
				at, place = leg.At.Next(), leg.To
				if used[leg.At] += p.Width.Uint64(); used[leg.At] > leg.Amount.Uint64() {
					t.Fatalf("%s carries %d of %s", leg.At, used[leg.At], leg.Amount.Dec())
				}
			}
			if place != to {
				t.Fatalf("ends at %s", place)
			}
		}
		for i := range 3 {
			if a := w.asset(i); !first[a] && widestByTrying(w, from, to, a) > 0 {
				t.Fatalf("no path in %s, there is one", a)
			}
		}
	}
	for range 20 { // many drawn ledgers have none
		rapid.Check(t, search)
		if found > 0 && several > 0 {
			break
		}
	}
	if found == 0 || several == 0 {
		t.Fatalf("%d paths, %d after them", found, several)
	}
	t.Logf("%d widest paths, %d after them", found, several)
}

func TestPathsRefuse(t *testing.T) {
	a, b := account(1), graph.ScriptAddress(graph.Bitcoin, []byte{0x51})
	for _, q := range []trace.PathQuery{{From: a, To: a}, {From: a, To: b}, {From: a}} {
		if _, err := trace.Paths(context.Background(), nil, q); !errors.Is(err, trace.ErrPath) {
			t.Errorf("%v: %v", q, err)
		}
	}
}
