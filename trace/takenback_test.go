package trace_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"spoor/cluster/mixer"
	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/trace"
)

// ragequits is a ledger in which a thief puts 100 and 50 into a mixer and takes
// back all of the first and 20 of the second, whose other 30 left unseen. A
// stranger logs that he took both back, and another contract says so too.
func ragequits(t *testing.T, blocks int) map[graph.ChainID]graph.View {
	t.Helper()
	chain := graph.ChainOf(graph.Ethereum)
	who := func(name string) graph.Address { return exitAddress(chain, name) }
	log := func(n int) graph.Seq {
		seq, err := graph.LogSeq(n, 0)
		if err != nil {
			t.Fatal(err)
		}
		return seq
	}
	move := func(i int, from, to string, amount uint64) graph.Transfer {
		tr := graph.Transfer{Seq: graph.Seq(i), Kind: graph.KindNative, Asset: chain.Native(), From: who(from), To: who(to)}
		tr.Amount.SetUint64(amount)
		return tr
	}
	say := func(kind graph.EventKind, n int, emitter, subject, key string, amount uint64) graph.Event {
		e := graph.Event{Seq: log(n), Kind: kind, Protocol: "privacy-pools", Emitter: who(emitter), Subject: who(subject), Key: key}
		e.Amount.SetUint64(amount)
		return e
	}
	txs := []graph.Tx{
		{Transfers: []graph.Transfer{move(0, "vault", "thief", 200)}},
		{Transfers: []graph.Transfer{move(0, "other", "mixer", 70)}, Events: []graph.Event{say(graph.Mixed, 1, "mixer", "other", "label 0", 70)}},
		{Transfers: []graph.Transfer{move(0, "thief", "mixer", 100)}, Events: []graph.Event{say(graph.Mixed, 1, "mixer", "thief", "label 1", 100)}},
		{Transfers: []graph.Transfer{move(0, "thief", "mixer", 50)}, Events: []graph.Event{say(graph.Mixed, 1, "mixer", "thief", "label 2", 50)}},
		{Transfers: []graph.Transfer{move(0, "mixer", "liar", 30)}, Events: []graph.Event{say(graph.TakenBack, 1, "liar", "thief", "label 1", 100), say(graph.TakenBack, 2, "mixer", "liar", "label 2", 50)}},
		{Transfers: []graph.Transfer{move(0, "mixer", "thief", 100)}, Events: []graph.Event{say(graph.TakenBack, 1, "mixer", "thief", "label 1", 100)}},
		{Transfers: []graph.Transfer{move(0, "mixer", "thief", 20)}, Events: []graph.Event{say(graph.TakenBack, 1, "mixer", "thief", "label 2", 20)}},
		{Transfers: []graph.Transfer{move(0, "thief", "friend", 120)}},
	}
	l, err := graphtest.NewModel().Ledger(context.Background(), chain)
	if err != nil {
		t.Fatal(err)
	}
	for i := range txs[:blocks] {
		txs[i].Hash = exitHash(i)
		if err := l.Apply(context.Background(), graph.Block{Header: graph.Header{Height: uint32(i), Hash: exitHash(100 + i), Parent: exitHash(99 + i), Time: int64(1000 * (i + 1))}, Source: "test",
			Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}, Txs: txs[i : i+1]}); err != nil {
			t.Fatal(err)
		}
	}
	v, err := l.View(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return map[graph.ChainID]graph.View{chain.ID: v}
}

// TestTakenBack: what a depositor took back out of a mixer, as the mixer itself
// states, is followed on through it, derived and to the base unit; the rest, and
// what others say, is not.
func TestTakenBack(t *testing.T) {
	chain := graph.ChainOf(graph.Ethereum)
	views := ragequits(t, 8)
	c := trace.Case{Seeds: []string{"ethereum:" + exitHash(0).Text(chain.Family)}, Labels: []trace.CaseLabel{exitLabel(chain, "mixer", "mixer_pool_variable")}}
	done, err := trace.Run(context.Background(), views, c, trace.Known{Pools: func() ([]graph.Label, error) { return nil, nil }})
	if err != nil {
		t.Fatal(err)
	}
	ends := map[string]string{}
	for _, s := range done.Stops {
		ends[string(s.Reason)+" "+s.Address.String()] += s.Tainted.Dec() + " " + string(s.Statement)
	}
	// fifo at the thief: 50 that he kept, and 120 that came back; he pays 120.
	want := map[string]string{
		"mixer " + exitAddress(chain, "mixer").String():    "30 attributed",
		"at_rest " + exitAddress(chain, "thief").String():  "50 derived",
		"at_rest " + exitAddress(chain, "friend").String(): "120 derived",
	}
	for at, w := range want {
		if ends[at] != w {
			t.Errorf("%s: %q, want %q", at, ends[at], w)
		}
	}
	if len(ends) != len(want) {
		t.Errorf("ends %v", ends)
	}
	if len(done.Passages) != 2 {
		t.Fatalf("%+v", done.Passages)
	}
	for i, delivered := range []string{"100", "20"} {
		if p := done.Passages[i]; !p.Crossed || p.Statement != graph.Derived || p.Confidence != 100 || p.Rule != mixer.TakenBack || p.Delivered.Dec() != delivered || p.TaintedIn.Dec() != delivered {
			t.Errorf("passage %d is %+v", i, p)
		}
	}
	for _, s := range done.Steps {
		if s.Claimed || s.Confidence != 100 {
			t.Errorf("attributed: %+v", s)
		}
	}
	if !slices.ContainsFunc(done.Steps, func(s trace.Step) bool { return s.Rule == trace.RuleMixerOut && s.Tainted.Dec() == "20" }) {
		t.Error("no movement by which 20 came back")
	}
	var rules []string
	for _, d := range done.Exits.Deposits {
		for _, c := range d.Candidates {
			rules = append(rules, c.Rule)
			if c.Rule == mixer.TakenBack && (c.Score != 100 || c.Confidence() != 100 || c.Chance()) {
				t.Errorf("%+v", c)
			}
		}
	}
	if strings.Join(rules, " ") != "taken_back taken_back" {
		t.Errorf("exits by %v", rules)
	}

	// Without the label nobody says that it is a mixer, and no word of it counts.
	c.Labels = nil
	plain, err := trace.Run(context.Background(), views, c, trace.Known{})
	if err != nil || len(plain.Passages) != 0 {
		t.Errorf("%+v, %v", plain.Passages, err)
	}
}

// TestTakenBackLater: a case that is followed at the head is traced anew when a
// deposit is taken back in a new block.
func TestTakenBackLater(t *testing.T) {
	chain := graph.ChainOf(graph.Ethereum)
	c := trace.Case{Seeds: []string{"ethereum:" + exitHash(0).Text(chain.Family)}, Labels: []trace.CaseLabel{exitLabel(chain, "mixer", "mixer_pool_variable")}}
	live, err := trace.NewLive(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, blocks := range []int{4, 5, 6, 8} {
		views := ragequits(t, blocks)
		if _, err := live.Extend(context.Background(), views, trace.Known{}); err != nil {
			t.Fatal(err)
		}
		got, err := live.Trace(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		want, err := trace.Run(context.Background(), views, c, trace.Known{})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Passages) != len(want.Passages) || len(got.Stops) != len(want.Stops) {
			t.Errorf("at %d blocks: %d passages, %d stops, want %d and %d", blocks, len(got.Passages), len(got.Stops), len(want.Passages), len(want.Stops))
		}
	}
}

// TestTakenBackBackward: what came back out of a mixer came from who put it in,
// and on to the theft; nobody is asked about the rest of the mixer.
func TestTakenBackBackward(t *testing.T) {
	chain := graph.ChainOf(graph.Ethereum)
	c := trace.Case{Direction: "backward", Seeds: []string{"ethereum:" + exitHash(7).Text(chain.Family)},
		Labels: []trace.CaseLabel{exitLabel(chain, "mixer", "mixer_pool_variable")}}
	done, err := trace.Run(context.Background(), ragequits(t, 8), c, trace.Known{})
	if err != nil {
		t.Fatal(err)
	}
	ends := map[string]string{}
	for _, s := range done.Stops {
		ends[s.Address.String()] += s.Tainted.Dec()
	}
	// fifo at the thief: of 170 he paid out the first 120, which are what he had
	// kept, 50, and 70 of what came back.
	if vault := ends[exitAddress(chain, "vault").String()]; vault != "120" || len(ends) != 1 {
		t.Errorf("ends %v, want 120 from the vault and no other", ends)
	}
	if len(done.Passages) == 0 {
		t.Error("no passage out of the mixer")
	}
	for _, p := range done.Passages {
		if !p.Crossed || p.Rule != mixer.TakenBack || p.Statement != graph.Derived {
			t.Errorf("%+v", p)
		}
	}
}
