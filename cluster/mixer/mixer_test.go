package mixer_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"spoor/cluster/mixer"
	"spoor/graph"
	"spoor/graph/graphtest"
)

var (
	chain = graph.ChainOf(graph.Ethereum)
	ctx   = context.Background()
)

func account(name string) graph.Address {
	sum := sha256.Sum256([]byte(name))
	return graph.EVMAddress(chain.ID, [20]byte(sum[:20]))
}

// town is a ledger being written: a transaction a block, some seconds apart.
type town struct {
	t      *testing.T
	blocks []graph.Block
	time   int64
}

// move adds a transaction of movements "from, to, amount"; "" is nowhere.
func (w *town) move(seconds int64, moves ...any) {
	w.t.Helper()
	w.time += seconds
	height := uint32(len(w.blocks) + 1)
	tx := graph.Tx{Hash: sha256.Sum256(fmt.Append(nil, "tx", height))}
	for i := 0; i < len(moves); i += 3 {
		tr := graph.Transfer{Seq: graph.Seq(i / 3), Kind: graph.KindNative, Asset: chain.Native()}
		tr.Amount.SetUint64(uint64(moves[i+2].(int)))
		if from := moves[i].(string); from != "" {
			tr.From = account(from)
		}
		tr.To = account(moves[i+1].(string))
		tx.Transfers = append(tx.Transfers, tr)
	}
	w.blocks = append(w.blocks, graph.Block{Header: graph.Header{Height: height, Time: w.time}, Source: "town",
		Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}, Txs: []graph.Tx{tx}})
}

// relayed is a withdrawal that a relayer sends for a fee.
func (w *town) relayed(seconds int64, pool, to string, amount int) {
	w.move(seconds, pool, to, amount-1, pool, "relayer", 1)
}

func (w *town) view() graph.View {
	w.t.Helper()
	l, err := graphtest.NewModel().Ledger(ctx, chain)
	if err == nil {
		err = l.Apply(ctx, w.blocks...)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	v, err := l.View(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func (w *town) search(pools ...string) *mixer.Search {
	w.t.Helper()
	s := &mixer.Search{View: w.view()}
	for _, name := range pools {
		p, err := mixer.ReadPool(ctx, s.View, account(name))
		if err != nil {
			w.t.Fatal(err)
		}
		s.Pools = append(s.Pools, p)
	}
	return s
}

func TestReadPool(t *testing.T) {
	w := &town{t: t}
	w.move(10, "ann", "pool", 100)
	w.move(10, "bob", "router", 200, "router", "pool", 100, "router", "pool", 100) // two at once through a router
	w.move(10, "pool", "carol", 100)
	w.relayed(10, "pool", "dave", 100)
	w.move(10, "eve", "pool", 7) // no deposit
	w.move(10, "x", "pool", 60, "y", "pool", 40, "x", "router2", 100, "router2", "pool", 100)
	p, err := mixer.ReadPool(ctx, w.view(), account("pool"))
	if err != nil {
		t.Fatal(err)
	}
	if p.Denomination.Uint64() != 100 || len(p.Deposits) != 4 || len(p.Withdrawals) != 2 || p.Other != 1 {
		t.Fatalf("%s: %d deposits, %d withdrawals, %d others", p.Denomination.Dec(), len(p.Deposits), len(p.Withdrawals), p.Other)
	}
	for i, want := range []graph.Address{account("ann"), account("bob"), account("bob"), {}} {
		if p.Deposits[i].Depositor != want {
			t.Errorf("deposit %d is by %s, want %s", i, p.Deposits[i].Depositor, want)
		}
	}
	carol, dave := p.Withdrawals[0], p.Withdrawals[1]
	if carol.Recipient != account("carol") || !carol.Relayer.IsZero() || !carol.Fee.IsZero() {
		t.Errorf("%+v", carol)
	}
	if dave.Recipient != account("dave") || dave.Relayer != account("relayer") || dave.Fee.Uint64() != 1 {
		t.Errorf("%+v", dave)
	}
	if n := p.AnonymitySet(0); n != 3 {
		t.Errorf("carol hides among %d", n)
	}
	if n := p.AnonymitySet(1); n != 2 {
		t.Errorf("dave hides among %d", n)
	}
	if _, err := mixer.ReadPool(ctx, w.view(), account("router")); !errors.Is(err, mixer.ErrPool) {
		t.Errorf("a router is %v", err)
	}
	if _, err := mixer.ReadPool(ctx, w.view(), account("nobody")); !errors.Is(err, graph.ErrNotFound) {
		t.Errorf("nobody is %v", err)
	}
}

func TestRules(t *testing.T) {
	w := &town{t: t}
	w.move(10, "early", "ten", 10) // others, so that there is somebody to hide among
	w.move(10, "early2", "hundred", 100)
	w.move(10, "thief", "ten", 10)
	w.move(10, "thief", "ten", 10)
	w.move(10, "thief", "hundred", 100)
	w.move(10, "careless", "ten", 10)
	w.move(10, "friend", "careless", 1)
	w.move(10, "careless", "friend", 1)
	w.move(10, "careless", "friend", 1)
	w.relayed(100_000, "ten", "careless", 10)
	w.relayed(10, "ten", "friend", 10)
	w.relayed(10, "ten", "fresh", 10)
	w.relayed(10, "hundred", "fresh", 100)
	w.relayed(10, "ten", "fresh", 10)
	w.relayed(10, "hundred", "stranger", 100)
	s := w.search("ten", "hundred")
	s.Owner = func(a graph.Address) (graph.Address, bool) {
		if a == account("early") || a == account("friend") {
			return account("a family"), true
		}
		return graph.Address{}, false
	}
	type exit struct {
		rule, to string
		others   int
	}
	for name, c := range map[string]struct {
		pool, deposit int
		want          []exit
	}{
		"the same address, and one with movements between them": {0, 3, []exit{{mixer.AddressMatch, "careless", 0}, {mixer.LinkedAddress, "friend", 0}}},
		"the same counts of two denominations":                  {0, 1, []exit{{mixer.DenominationCounts, "fresh", 1}, {mixer.DenominationCounts, "fresh", 1}}},
		"of the other denomination":                             {1, 1, []exit{{mixer.DenominationCounts, "fresh", 0}}},
		"one owner by clustering":                               {0, 0, []exit{{mixer.SharedOwner, "friend", 0}}},
		"nothing to go by":                                      {1, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			found, placebos, err := s.Exits(ctx, c.pool, c.deposit)
			if err != nil {
				t.Fatal(err)
			}
			if len(found) != len(c.want) {
				t.Fatalf("%+v", found)
			}
			for i, f := range found {
				w := f.Pool.Withdrawals[f.Withdrawal]
				if f.Rule != c.want[i].rule || w.Recipient != account(c.want[i].to) || f.Others != c.want[i].others {
					t.Errorf("%+v to %s, want %+v", f, w.Recipient, c.want[i])
				}
				if f.Score != 857/(10*(1+f.Others)) || f.Anonymity < 1 || f.Why == "" {
					t.Errorf("%+v", f)
				}
			}
			for _, p := range placebos {
				if p.Met != 0 || p.Deposits != 6 {
					t.Errorf("nobody withdrew before a deposit, but %s", p)
				}
			}
		})
	}
}

// TestPlaceboIsMeasured lets people withdraw before they deposit: what a rule
// finds there it finds by chance, and its candidates are worth less.
func TestPlaceboIsMeasured(t *testing.T) {
	w := &town{t: t}
	for i := range 20 {
		w.move(10, fmt.Sprint("a", i), "pool", 100)
	}
	for i := range 10 { // regulars: out, then in again
		w.relayed(10, "pool", fmt.Sprint("r", i), 100)
		w.move(10, fmt.Sprint("r", i), "pool", 100)
	}
	w.relayed(10, "pool", "a3", 100)
	found, placebos, err := w.search("pool").Exits(ctx, 0, 3)
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	if p := placebos[0]; p.Rule != mixer.AddressMatch || p.Met != 10 || p.Deposits != 30 || p.Rate() != 355 {
		t.Fatalf("%+v", p)
	}
	if found[0].Score != 64 {
		t.Fatalf("score %d, want what chance leaves: all but 11 of 31", found[0].Score)
	}
}

// TestGenerated measures the rules on a made-up pool whose truth is known: a
// third of its users withdraw to the address they came from, a third to one
// they have traded with, a third to a fresh one.
func TestGenerated(t *testing.T) {
	const users = 600
	rng := rand.New(rand.NewPCG(7, 7))
	w := &town{t: t}
	truth := make(map[graph.Address]graph.Address) // recipient of a depositor
	for _, i := range rng.Perm(users) {
		name := fmt.Sprint("user", i)
		if i%3 == 1 {
			for range 3 {
				w.move(5, name, name+"'s other", 3)
			}
		}
		w.move(5, name, "pool", 100)
	}
	for _, i := range rng.Perm(users) {
		name := fmt.Sprint("user", i)
		to := []string{name, name + "'s other", name + "'s fresh"}[i%3]
		truth[account(name)] = account(to)
		w.relayed(5, "pool", to, 100)
	}
	s := w.search("pool")
	all := make([]int, users)
	for i := range all {
		all[i] = i
	}
	found, _, err := s.Exits(ctx, 0, all...)
	if err != nil {
		t.Fatal(err)
	}
	right, wrong := 0, 0
	for _, f := range found {
		if truth[f.Pool.Deposits[f.Deposit].Depositor] == f.Pool.Withdrawals[f.Withdrawal].Recipient {
			right++
		} else {
			wrong++
		}
	}
	t.Logf("%d deposits: %d exits right, %d wrong", users, right, wrong)
	if right != users*2/3 || wrong != 0 {
		t.Errorf("want the two thirds that left a sign and nothing else")
	}
}
