package cluster_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"spoor/cluster"
	"spoor/graph"
)

// randomPayment is a transaction of a random ledger, as the test knows it.
type randomPayment struct {
	block    uint32
	from, to string
	amount   uint64
	asset    string // native, S or T
}

// On random ledgers the finder finds what the definition says, written down
// naively; found block by block it is the same; and whatever it finds, no
// exchange is a user or a deposit address, and no user is one.
func TestDepositsRandom(t *testing.T) {
	names := []string{"U", "V", "W", "D", "E", "F", "H1", "H2", "K"}
	exchanges := []string{"H1", "H2", "K"}
	found := 0
	for seed := range uint64(80) {
		draw := rand.New(rand.NewPCG(seed, 4))
		var payments []randomPayment
		var lines strings.Builder
		block := uint32(1)
		for range 120 {
			block += uint32(draw.IntN(12))
			p := randomPayment{block, names[draw.IntN(len(names))], names[draw.IntN(len(names))], uint64(draw.IntN(3)) * 20, []string{"native", "S", "T"}[draw.IntN(3)]}
			if p.asset == "native" {
				p.amount += uint64(draw.IntN(14))
			}
			if p.from == p.to {
				continue
			}
			payments = append(payments, p)
			fmt.Fprintf(&lines, "%d %s>%s %d %s\n", p.block, p.from, p.to, p.amount, p.asset)
		}
		w := newWorld(t, lines.String())
		evidence, _ := deposits(w, w.named(exchanges...), small)
		var got []string
		for _, e := range evidence {
			got = append(got, fmt.Sprintf("%d/%d %s>%s>%s %d", e.At.Block, e.At.Tx, w.name(e.A, names), w.name(e.B, names), w.name(e.C, names), e.Confidence))
		}
		want := naiveDeposits(payments, exchanges)
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d:\n%s\ngot\n\t%s\nwant\n\t%s", seed, lines.String(), strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
		}
		found += len(got)

		// The same with the blocks below a height only, and then those above.
		half := payments[len(payments)/2].block
		f, err := cluster.NewDepositFinder(w, w.named(exchanges...), small)
		if err != nil {
			t.Fatal(err)
		}
		above := slices.IndexFunc(evidence, func(e cluster.Evidence) bool { return e.At.Block >= half })
		var rest []cluster.Evidence
		for tx, err := range w.Txs(w.ctx, half) {
			if err == nil {
				rest, err = f.Find(w.ctx, &tx, rest)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if above >= 0 && !slices.Equal(rest, evidence[above:]) {
			t.Fatalf("seed %d: from block %d on %v, want %v", seed, half, rest, evidence[above:])
		}

		j := cluster.DepositsOf(evidence, cluster.DepositRoles{Exchange: exchangeOf(w), Many: 2})
		neverExchange(w, j)
		users := map[graph.ID]bool{}
		for _, d := range j.Deposits {
			for _, u := range d.Users {
				users[u] = true
			}
		}
		for _, d := range j.Deposits {
			if users[d.Address] || len(d.Users) == 0 || d.Exchange == "" || d.Forwards == 0 {
				t.Errorf("seed %d: %+v", seed, d)
			}
		}
		n := len(j.Kept)
		for _, pruned := range j.Pruned {
			n += pruned
		}
		if n != len(evidence) {
			t.Errorf("seed %d: %d kept or pruned of %d", seed, n, len(evidence))
		}
	}
	if found < 100 {
		t.Errorf("only %d pieces of evidence: the ledgers show too little", found)
	}
}

// naiveDeposits is the definition of the rule: for each forward the latest
// payment before it that fits.
func naiveDeposits(payments []randomPayment, exchanges []string) (want []string) {
	index := uint32(0)
	for i, out := range payments {
		if i > 0 && payments[i-1].block == out.block {
			index++
		} else {
			index = 0
		}
		if !slices.Contains(exchanges, out.to) || slices.Contains(exchanges, out.from) || out.amount == 0 || out.asset == "native" && out.amount <= 10 {
			continue
		}
		for k := i - 1; k >= 0; k-- {
			in := payments[k]
			if in.to != out.from || in.asset != out.asset || in.amount < out.amount ||
				in.asset == "native" && in.amount > out.amount+10 || in.asset != "native" && in.amount != out.amount || out.block-in.block > 100 {
				continue
			}
			if !slices.Contains(exchanges, in.from) {
				lost := 50*uint64(out.block-in.block)/100 + 50*(in.amount-out.amount)/10
				want = append(want, fmt.Sprintf("%d/%d %s>%s>%s %d", out.block, index, in.from, out.from, out.to, 100-lost))
			}
			break
		}
	}
	return want
}
