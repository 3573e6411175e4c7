package graphtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"spoor/graph"
)

// Statements is Payments with events: a transaction in each block that states
// something of every kind about changing accounts, two things at one place, and
// in every third block one that moves nothing.
func Statements(chain graph.Chain, n int) []graph.Block {
	blocks := Payments(chain, n)
	kinds := []graph.EventKind{graph.Departure, graph.Arrival, graph.Created, graph.OwnerAdded, graph.OwnerRemoved, graph.Delegated, graph.Frozen, graph.Unfrozen, graph.Mixed, graph.TakenBack}
	for i := range blocks {
		b := &blocks[i]
		var events []graph.Event
		for j, kind := range kinds {
			e := graph.Event{Seq: logSeq(i, j/2), Kind: kind, Protocol: "test", Emitter: Account(chain, 70), Subject: Account(chain, 60+i%4)}
			switch kind {
			case graph.Departure, graph.Arrival:
				e.Key = fmt.Sprintf("key %d\x00", i/3)
				e.Asset, e.Amount = chain.Native(), graph.Amount{0, uint64(i) + 1}
				e.Far = graph.Far{Chain: "nomad:1650811245", Recipient: "\x00\x01", Asset: "token", Amount: graph.Amount{1, 2, 3, 4}}
			case graph.Frozen, graph.Unfrozen:
				e.Asset = Token(chain, 9) // that no transfer moves
			case graph.Mixed, graph.TakenBack:
				e.Key, e.Amount = fmt.Sprintf("key %d\x00", i/3), graph.Amount{uint64(i)} // the key of a passage too: they are not found by it
			default:
				e.Object = Account(chain, 60+(i+j)%4) // now and then the subject
			}
			events = append(events, e)
		}
		b.Txs[0].Events = events
		if i%3 == 0 {
			b.Txs = slices.Insert(b.Txs, 1, graph.Tx{Index: b.Txs[0].Index + 1, Hash: Hash(fmt.Sprint("states", i)), Events: []graph.Event{
				{Seq: logSeq(i, 100), Kind: graph.Created, Protocol: "evm", Subject: Account(chain, 80+i), Object: Account(chain, 60)}}})
			for j := 2; j < len(b.Txs) && b.Txs[j].Index <= b.Txs[j-1].Index; j++ {
				b.Txs[j].Index = b.Txs[j-1].Index + 1
			}
		}
	}
	return blocks
}

func logSeq(i, j int) graph.Seq {
	seq, err := graph.LogSeq(i, j)
	if err != nil {
		panic(err)
	}
	return seq
}

// collect is what an iterator yields.
func collect(t testing.TB, events func(func(graph.Stated, error) bool)) []graph.Stated {
	t.Helper()
	var all []graph.Stated
	for s, err := range events {
		must(t, err)
		all = append(all, s)
	}
	return all
}

// expected is what the blocks state that is wanted, in order.
func expected(blocks []graph.Block, want func(graph.Position, *graph.Event) bool) []graph.Stated {
	var all []graph.Stated
	for _, b := range blocks {
		for _, tx := range b.Txs {
			for i := range tx.Events {
				at := graph.Position{Block: b.Height, Tx: tx.Index, Seq: tx.Events[i].Seq}
				if want(at, &tx.Events[i]) {
					all = append(all, graph.Stated{At: at, Tx: tx.Hash, Time: b.Time, Event: tx.Events[i]})
				}
			}
		}
	}
	return all
}

func sameStated(t testing.TB, what string, got, want []graph.Stated) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s: got %d events\n%+v\nwant %d\n%+v", what, len(got), got, len(want), want)
	}
}

// stated checks every way to ask, from positions at which something is stated
// and from beside them.
func stated(t testing.TB, v graph.View, chain graph.Chain, blocks []graph.Block) {
	t.Helper()
	froms := []graph.Position{{}, graph.MaxPosition}
	for i, s := range expected(blocks, func(graph.Position, *graph.Event) bool { return true }) {
		if i%5 != 0 {
			continue
		}
		froms = append(froms, s.At, s.At.Next(), s.At.StartOf())
	}
	froms = slices.Compact(froms)
	for _, from := range froms {
		for _, n := range []int{59, 60, 61, 62, 63, 80, 83} {
			a := Account(chain, n)
			sameStated(t, fmt.Sprintf("about %d from %s", n, from), collect(t, v.Events(t.Context(), a, from)),
				expected(blocks, func(at graph.Position, e *graph.Event) bool {
					return at.Compare(from) >= 0 && (e.Subject == a || e.Object == a)
				}))
		}
		for kind := range graph.EventKind(10) {
			sameStated(t, fmt.Sprintf("%s from %s", kind, from), collect(t, v.EventsOf(t.Context(), kind, from)),
				expected(blocks, func(at graph.Position, e *graph.Event) bool { return at.Compare(from) >= 0 && e.Kind == kind }))
		}
	}
	for _, protocol := range []string{"test", "evm", ""} {
		for i := range 12 {
			key := fmt.Sprintf("key %d\x00", i)
			got, err := v.Passages(protocol, key)
			must(t, err)
			sameStated(t, protocol+" "+key, got, expected(blocks, func(_ graph.Position, e *graph.Event) bool {
				return e.Protocol == protocol && e.Key == key && (e.Kind == graph.Departure || e.Kind == graph.Arrival)
			}))
		}
	}
	if got, err := v.Passages("evm", ""); err != nil || len(got) > 0 {
		t.Fatalf("events without a key are passages: %+v, %v", got, err)
	}
	if got := collect(t, v.Events(t.Context(), graph.Address{}, graph.Position{})); len(got) > 0 {
		t.Fatalf("about nobody: %+v", got)
	}
}

// events are given back, in order, by every way to ask, and while the view is
// used for other things.
func (s suite) events(t *testing.T) {
	for _, chain := range []graph.Chain{Ethereum(), Bitcoin()} {
		blocks := Statements(chain, 8)
		l := s.fresh(t, chain)
		apply(t, l, blocks...)
		same(t, l, model(t, chain, blocks...))
		v := view(t, l)
		stated(t, v, chain, blocks)
		if _, err := v.ID(Account(chain, 70)); !errors.Is(err, graph.ErrNotFound) {
			t.Fatalf("an address that only events name has a number: %v", err)
		}
		want := collect(t, v.EventsOf(t.Context(), graph.Created, graph.Position{}))
		var got []graph.Stated
		for s, err := range v.EventsOf(t.Context(), graph.Created, graph.Position{}) {
			must(t, err)
			collect(t, v.EventsOf(t.Context(), graph.Frozen, graph.Position{Block: 103}))
			collect(t, v.Events(t.Context(), s.Subject, s.At))
			tx, err := v.Tx(s.At)
			must(t, err)
			if !slices.Contains(tx.Events, s.Event) {
				t.Fatalf("the transaction at %s does not state %+v", s.At, s)
			}
			got = append(got, s)
		}
		sameStated(t, "while the view is used", got, want)
		if first := next(t, v.Events(t.Context(), want[3].Object, graph.Position{})); first.At.Compare(want[3].At) > 0 {
			t.Fatalf("stopped at %+v", first)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, err := range v.EventsOf(ctx, graph.Created, graph.Position{}) {
			wantErr(t, err, context.Canceled)
		}
	}
}

// next is the first event, after which the iteration is left.
func next(t testing.TB, events func(func(graph.Stated, error) bool)) graph.Stated {
	t.Helper()
	for s, err := range events {
		must(t, err)
		return s
	}
	t.Fatal("no event")
	return graph.Stated{}
}

// eventsChange follows events through unions, reverts and reopening, beside a
// view that stays as it was.
func (s suite) eventsChange(t *testing.T) {
	for _, chain := range []graph.Chain{Ethereum(), Bitcoin()} {
		blocks := Statements(chain, 8)
		dir := t.TempDir()
		store := s.open(t, dir)
		l, err := store.Ledger(t.Context(), chain)
		must(t, err)
		// What a source without events knows first, and one with half of them.
		less, half := slices.Clone(blocks), slices.Clone(blocks)
		for i := range blocks {
			less[i], half[i] = cloneBlock(blocks[i]), cloneBlock(blocks[i])
			for j := range less[i].Txs {
				less[i].Txs[j].Events = nil
				events := half[i].Txs[j].Events
				half[i].Txs[j].Events = events[:len(events)/2]
			}
		}
		apply(t, l, less...)
		before, err := l.View(t.Context())
		must(t, err)
		stated(t, before, chain, less)
		apply(t, l, half...)
		stated(t, view(t, l), chain, half)
		apply(t, l, blocks...)
		full := view(t, l)
		stated(t, full, chain, blocks)
		apply(t, l, less...) // adds nothing
		stated(t, view(t, l), chain, blocks)
		must(t, l.Revert(t.Context(), blocks[3].Height))
		stated(t, view(t, l), chain, blocks[:3])
		same(t, l, model(t, chain, blocks[:3]...))
		apply(t, l, half[3:]...)
		stated(t, view(t, l), chain, append(slices.Clone(blocks[:3]), half[3:]...))
		stated(t, before, chain, less)
		stated(t, full, chain, blocks)
		must(t, before.Close())
		must(t, full.Close())
		must(t, l.Revert(t.Context(), blocks[3].Height))
		must(t, store.Close())
		store = s.open(t, dir)
		l, err = store.Ledger(t.Context(), chain)
		must(t, err)
		v, err := l.View(t.Context())
		must(t, err)
		stated(t, v, chain, blocks[:3])
		must(t, v.Close())
		must(t, store.Close())
	}
}

// eventsLoad takes events the fast way, also after an interruption.
func (s suite) eventsLoad(t *testing.T) {
	for _, chain := range []graph.Chain{Ethereum(), Bitcoin()} {
		blocks := Statements(chain, 8)
		l := s.fresh(t, chain)
		broken := errors.New("the source broke")
		wantErr(t, l.Load(t.Context(), sequence(blocks[:5], broken)), broken)
		must(t, l.Load(t.Context(), sequence(blocks[resumeAt(t, l, blocks):], nil)))
		stated(t, view(t, l), chain, blocks)
		same(t, l, model(t, chain, blocks...))
		must(t, l.Revert(t.Context(), blocks[5].Height))
		stated(t, view(t, l), chain, blocks[:5])
	}
}
