package mixer_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"spoor/cluster/mixer"
	"spoor/graph"
)

func (w *town) shields(name string) (graph.View, []*mixer.Pool) {
	w.t.Helper()
	view := w.view()
	pools, err := mixer.ReadShield(ctx, view, account(name))
	if err != nil {
		w.t.Fatal(err)
	}
	return view, pools
}

// TestReadShield reads a pool that takes any amount: with fees at both ends,
// through accounts that only pass on, and what it cannot tell apart.
func TestReadShield(t *testing.T) {
	w := &town{t: t}
	w.move(10, "ann", "shield", 9975, "ann", "treasury", 25)
	w.move(10, "bob", "adapter", 4000, "adapter", "shield", 4000)
	w.move(10, "x", "shield", 300, "y", "shield", 200)
	w.move(10, "shield", "carol", 9950, "shield", "treasury", 25)
	w.move(10, "shield", "adapter", 3990, "shield", "treasury", 10, "adapter", "dave", 3990)
	w.move(10, "shield", "erin", 7)
	w.move(10, "shield", "p", 30, "shield", "q", 20, "shield", "r", 10)
	w.move(10, "shield", "p", 30, "shield", "q", 20)
	_, pools := w.shields("shield")
	if len(pools) != 1 || !pools[0].Variable() {
		t.Fatalf("%+v", pools)
	}
	p := pools[0]
	type deposit struct {
		by     graph.Address
		amount uint64
	}
	for i, want := range []deposit{{account("ann"), 9975}, {account("bob"), 4000}, {graph.Address{}, 300}, {graph.Address{}, 200}} {
		if d := p.Deposits[i]; d.Depositor != want.by || d.Amount.Uint64() != want.amount {
			t.Errorf("deposit %d: %s by %s", i, d.Amount.Dec(), d.Depositor)
		}
	}
	type withdrawal struct {
		to          graph.Address
		amount, fee uint64
	}
	wants := []withdrawal{{account("carol"), 9975, 25}, {account("dave"), 4000, 10}, {account("erin"), 7, 0}}
	if len(p.Deposits) != 4 || len(p.Withdrawals) != len(wants) || p.Other != 2 {
		t.Fatalf("%d deposits, %d withdrawals, %d others", len(p.Deposits), len(p.Withdrawals), p.Other)
	}
	for i, want := range wants {
		if got := p.Withdrawals[i]; got.Recipient != want.to || got.Amount.Uint64() != want.amount || got.Fee.Uint64() != want.fee {
			t.Errorf("withdrawal %d: %+v", i, got)
		}
	}
	if n := p.AnonymitySet(2); n != 4 {
		t.Errorf("erin hides among %d: what was taken in part is not taken", n)
	}
	if _, err := mixer.ReadShield(ctx, w.view(), account("carol")); err != nil {
		t.Error(err) // takes, and never gives: a pool without withdrawals
	}
	if _, err := mixer.ReadShield(ctx, w.view(), account("ann")); !errors.Is(err, mixer.ErrPool) {
		t.Errorf("who only pays is %v", err)
	}
}

// TestAmountMatch takes what leaves a shield for what came in: exactly, a little
// less, and no more.
func TestAmountMatch(t *testing.T) {
	w := &town{t: t}
	w.move(10, "shield", "early", 100_000)
	w.move(10, "thief", "shield", 100_000)
	w.move(10, "bob", "shield", 70_000)
	w.move(10, "shield", "a", 100_001)
	w.move(10, "shield", "b", 100_000)
	w.move(10, "shield", "c", 99_500)
	w.move(10, "shield", "d", 99_499)
	w.move(10, "shield", "thief", 5)
	view, pools := w.shields("shield")
	s := &mixer.Search{View: view, Pools: pools}
	found, placebos, err := s.Exits(ctx, 0, 0)
	if err != nil || len(found) != 3 {
		t.Fatalf("%+v, %v", found, err)
	}
	for i, want := range []struct {
		rule, to string
		others   int
		score    int
	}{{mixer.AddressMatch, "thief", 0, 66}, {mixer.AmountMatch, "b", 1, 16}, {mixer.AmountMatch, "c", 1, 16}} {
		if c := found[i]; c.Rule != want.rule || c.Pool.Withdrawals[c.Withdrawal].Recipient != account(want.to) || c.Others != want.others || c.Score != want.score {
			t.Errorf("%+v, want %+v", c, want)
		}
	}
	for _, p := range placebos {
		if p.Rule == mixer.DenominationCounts {
			t.Error("denominations are counted where there are none")
		}
		if p.Rule == mixer.AmountMatch && (p.Met != 1 || p.Deposits != 2) {
			t.Errorf("%s: one early withdrawal is as large as a deposit", p)
		}
	}
}

// TestAmountMatchGenerated measures the rule on a made-up shield whose truth is
// known: amounts with many digits give a person away, round ones do not.
func TestAmountMatchGenerated(t *testing.T) {
	const users = 300
	rng := rand.New(rand.NewPCG(11, 11))
	w := &town{t: t}
	amount := make([]int, users)
	for i := range users {
		amount[i] = 1_000_000 * (1 + i%3) // round
		if i%2 == 0 {
			amount[i] = 1_000_000_000 + 20_000_000*i + rng.IntN(1_000_000)
		}
	}
	for _, i := range rng.Perm(users) {
		w.move(5, fmt.Sprint("user", i), "shield", amount[i])
	}
	for _, i := range rng.Perm(users) {
		w.move(5, "shield", fmt.Sprint("fresh", i), amount[i]-amount[i]/400, "shield", "treasury", amount[i]/400)
	}
	view, pools := w.shields("shield")
	s := &mixer.Search{View: view, Pools: pools}
	truth := make(map[graph.Address]graph.Address)
	odd := make(map[graph.Address]bool)
	for i := range users {
		truth[account(fmt.Sprint("user", i))] = account(fmt.Sprint("fresh", i))
		odd[account(fmt.Sprint("user", i))] = i%2 == 0
	}
	right, alone, crowd := 0, 0, 0
	for j := range pools[0].Deposits {
		found, _, err := s.Exits(ctx, 0, j)
		if err != nil {
			t.Fatal(err)
		}
		by := pools[0].Deposits[j].Depositor
		for _, c := range found {
			if c.Pool.Withdrawals[c.Withdrawal].Recipient == truth[by] {
				right++
			}
			if odd[by] && c.Others == 0 {
				alone++
			}
			if !odd[by] && c.Others < 40 {
				crowd++
			}
		}
	}
	t.Logf("%d deposits: the right exit named for %d, %d odd amounts named alone", users, right, alone)
	if right != users || alone != users/2 || crowd != 0 {
		t.Errorf("right %d, alone %d; %d round amounts are taken for telling", right, alone, crowd)
	}
}
