package trace_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"spoor/cluster/mixer"
	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/trace"
)

// exitLedger is an Ethereum ledger of a transaction a block, from block 0 on:
// lists of "from, to, amount".
func exitLedger(t *testing.T, chain graph.Chain, txs ...[]any) graph.View {
	t.Helper()
	var blocks []graph.Block
	for height, moves := range txs {
		tx := graph.Tx{Hash: exitHash(height)}
		for i := 0; i < len(moves); i += 3 {
			tr := graph.Transfer{Seq: graph.Seq(i / 3), Kind: graph.KindNative, Asset: chain.Native(), From: exitAddress(chain, moves[i].(string)), To: exitAddress(chain, moves[i+1].(string))}
			tr.Amount.SetUint64(uint64(moves[i+2].(int)))
			tx.Transfers = append(tx.Transfers, tr)
		}
		blocks = append(blocks, graph.Block{Header: graph.Header{Height: uint32(height), Time: int64(1000 * (height + 1))}, Source: "test",
			Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}, Txs: []graph.Tx{tx}})
	}
	l, err := graphtest.NewModel().Ledger(context.Background(), chain)
	if err == nil {
		err = l.Apply(context.Background(), blocks...)
	}
	if err != nil {
		t.Fatal(err)
	}
	v, err := l.View(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func exitHash(height int) graph.Hash { return sha256.Sum256(fmt.Append(nil, "tx", height)) }

func exitAddress(chain graph.Chain, name string) graph.Address {
	sum := sha256.Sum256([]byte(name))
	return graph.EVMAddress(chain.ID, [20]byte(sum[:20]))
}

func exitLabel(chain graph.Chain, name, behaviour string) trace.CaseLabel {
	return trace.CaseLabel{Chain: chain.Alias, Address: exitAddress(chain, name).String(), Name: name, Category: "mixing_service", Behaviour: behaviour}
}

// TestExits asks a trace for the exits of all it lost in mixers, and for what
// cannot be told.
func TestExits(t *testing.T) {
	chain := graph.ChainOf(graph.Ethereum)
	view := exitLedger(t, chain,
		[]any{"vault", "thief", 1000},
		[]any{"other", "ten", 10},
		[]any{"thief", "router", 20, "router", "ten", 10, "router", "ten", 10}, // two at once
		[]any{"thief", "shield", 377},
		[]any{"thief", "router", 10},   // its call was not read
		[]any{"thief", "custodian", 1}, // anything goes
		[]any{"thief", "custodian", 2},
		[]any{"thief", "custodian", 3},
		[]any{"ten", "thief", 9, "ten", "relayer", 1},
		[]any{"shield", "fresh", 376},
		[]any{"thief", "ten", 7}, // no deposit
	)
	views := map[graph.ChainID]graph.View{chain.ID: view}
	seed := "ethereum:" + exitHash(0).Text(chain.Family)
	run := func(labels ...trace.CaseLabel) trace.Exits {
		t.Helper()
		result, err := trace.Run(context.Background(), views, trace.Case{Seeds: []string{seed}, Labels: labels}, trace.Known{Pools: func() ([]graph.Label, error) { return nil, nil }})
		if err != nil {
			t.Fatal(err)
		}
		return *result.Exits
	}
	found := run(exitLabel(chain, "ten", "mixer_pool"), exitLabel(chain, "router", "mixer_router"), exitLabel(chain, "shield", "shielded_pool"), exitLabel(chain, "custodian", ""))
	var lines []string
	for _, d := range found.Deposits {
		line := fmt.Sprintf("%d/%d of %s, bound %t:", d.Pool.Deposits[d.Deposit].At.Block, d.Pool.Deposits[d.Deposit].At.Seq, d.Step.Tainted.Dec(), d.LowerBound)
		for _, c := range d.Candidates {
			line += fmt.Sprintf(" %s at %d, others %d, rivals %d, anonymity %d, score %d;", c.Rule, c.Pool.Withdrawals[c.Withdrawal].At.Block, c.Others, c.Rivals, c.Anonymity, c.Score)
		}
		lines = append(lines, line)
	}
	want := []string{
		"2/1 of 20, bound false: address_match at 8, others 0, rivals 1, anonymity 3, score 40;",
		"2/2 of 20, bound false: address_match at 8, others 0, rivals 1, anonymity 3, score 40;",
		"3/0 of 377, bound false: amount_match at 9, others 0, rivals 0, anonymity 1, score 50;",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	for _, part := range []string{"is a router, and value ended there", "takes no fixed amounts", "is no deposit of it", "not clustered", "1 transactions move native in another way"} {
		if !slices.ContainsFunc(found.Notes, func(n string) bool { return strings.Contains(n, part) }) {
			t.Errorf("no note says %q: %q", part, found.Notes)
		}
	}
	for _, p := range found.Placebos {
		if p.Rule == mixer.SharedOwner {
			t.Error("a placebo of a rule that was not asked")
		}
	}
	if found := run(); len(found.Deposits)+len(found.Notes)+len(found.Placebos) != 0 {
		t.Errorf("without mixers: %+v", found)
	}
}
