package report_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"strings"
	"testing"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/report"
	"spoor/trace"
)

// crossing is a theft of 5 ETH: 3 leave by a bridge that keeps 0.1, 1 by one
// whose far chain was not read, 1 to a maker whom only the case knows.
func crossing(t *testing.T, backward bool) *trace.Trace {
	t.Helper()
	ctx := context.Background()
	optimism := graph.ChainOf("eip155:10")
	far := func(n byte) graph.Address { return graph.EVMAddress(optimism.ID, [20]byte{0xA5, 19: n}) }
	hash := func(chain graph.Chain, n byte) graph.Hash {
		return sha256.Sum256([]byte(chain.Alias + string(rune(n))))
	}
	store := graphtest.NewModel()
	apply := func(chain graph.Chain, height uint32, time int64, transfer graph.Transfer, events ...graph.Event) {
		l := must(store.Ledger(ctx, chain))
		transfer.Asset, transfer.Kind = chain.Native(), graph.KindNative
		if err := l.Apply(ctx, graph.Block{Header: graph.Header{Height: height, Time: time}, Source: "fixture",
			Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full},
			Txs:  []graph.Tx{{Hash: hash(chain, byte(height)), Transfers: []graph.Transfer{transfer}, Events: events}}}); err != nil {
			t.Fatal(err)
		}
	}
	coin := ethereum.Native()
	out := func(n uint64, key, chain string) graph.Event {
		return graph.Event{Seq: must(graph.LogSeq(4, 0)), Kind: graph.Departure, Protocol: "=hop", Emitter: account(7), Subject: account(2), Asset: coin, Amount: amount(n),
			Key: key, Far: graph.Far{Chain: chain, Recipient: string(far(3).Bytes())}}
	}
	apply(ethereum, 1, 1000, graph.Transfer{From: account(1), To: account(2), Amount: amount(5e18)})
	apply(ethereum, 2, 1100, graph.Transfer{From: account(2), To: account(7), Amount: amount(3e18)}, out(3e18, "\x01\x02", "eip155:10"))
	apply(ethereum, 3, 1200, graph.Transfer{From: account(2), To: account(7), Amount: amount(1e18)}, out(1e18, "\x03", "hop:77"))
	apply(ethereum, 4, 1300, graph.Transfer{From: account(2), To: account(8), Amount: amount(1e18)})
	apply(optimism, 9, 1150, graph.Transfer{From: far(7), To: far(3), Amount: amount(29e17)},
		graph.Event{Seq: must(graph.LogSeq(1, 0)), Kind: graph.Arrival, Protocol: "=hop", Emitter: far(7), Subject: far(3), Asset: optimism.Native(), Amount: amount(29e17), Key: "\x01\x02"})
	apply(optimism, 10, 1400, graph.Transfer{From: far(8), To: far(4), Amount: amount(9e17)})
	apply(optimism, 11, 1500, graph.Transfer{From: far(7), To: far(5), Amount: amount(1e17)},
		graph.Event{Seq: must(graph.LogSeq(1, 0)), Kind: graph.Arrival, Protocol: "=hop", Emitter: far(7), Subject: far(5), Asset: optimism.Native(), Amount: amount(1e17), Key: "\x09", Far: graph.Far{Chain: "eip155:1"}})
	views := make(map[graph.ChainID]graph.View)
	for _, chain := range must(store.Chains(ctx)) {
		views[chain.ID] = must(must(store.Ledger(ctx, chain)).View(ctx))
	}
	c := trace.Case{Seeds: []string{"ethereum:0x" + hash(ethereum, 1).String()}}
	if backward {
		c = trace.Case{Direction: trace.Backward}
		for n := range byte(3) {
			c.Seeds = append(c.Seeds, "optimism:0x"+hash(optimism, 9+n).String())
		}
	}
	c.Links = []trace.CaseLink{{From: "ethereum:0x" + hash(ethereum, 4).String() + ":0", To: "optimism:0x" + hash(optimism, 10).String() + ":0", Rule: "same minute", Confidence: 60}}
	return must(trace.Run(ctx, views, c, trace.Known{}))
}

// TestBridgesBackward is bridges.csv of a trace backward: what departed, and an
// arrival of which nothing is known but what it states.
func TestBridgesBackward(t *testing.T) {
	tr := crossing(t, true)
	rows := write(t, tr).table("bridges.csv")
	if len(rows) != 3 {
		t.Fatalf("%d passages, want 3", len(rows))
	}
	for i, want := range []map[string]string{
		{"key": "0x0102", "src_chain": "eip155:1", "dst_chain": "eip155:10", "src_amount_raw": "3000000000000000000", "dst_amount_raw": "2900000000000000000", "fee_raw": "100000000000000000",
			"tainted_out_raw": "3000000000000000000", "tainted_in_raw": "2900000000000000000", "delay_s": "50", "rule": "key", "note": ""},
		{"bridge": "case", "statement": "attributed", "confidence": "60", "tainted_out_raw": "1000000000000000000", "tainted_in_raw": "900000000000000000"},
		{"key": "0x09", "src_chain": "eip155:1", "src_tx": "", "src_amount_raw": "", "src_asset": "", "dst_chain": "eip155:10", "dst_amount_raw": "100000000000000000", "tainted_in_raw": "100000000000000000", "delay_s": "", "fee_raw": "",
			"rule": "no departure", "note": "no departure with its key among what was read of ethereum, up to block 4"},
	} {
		for column, cell := range want {
			if rows[i][column] != cell {
				t.Errorf("passage %d: %s is %q, want %q", i, column, rows[i][column], cell)
			}
		}
	}
	var text bytes.Buffer
	if err := report.Summary(&text, tr, report.SummaryOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Crossed bridges\n", "1 passage  key", "ETH (optimism): asked for 3.9 = from sources 0.1 + came by bridge 3.8; difference 0", "ETH (ethereum): left by bridge 4 = from sources 4; difference 0"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, &text)
		}
	}
}

func TestBridges(t *testing.T) {
	tr := crossing(t, false)
	rows := write(t, tr).table("bridges.csv")
	if len(rows) != 3 {
		t.Fatalf("%d passages, want 3", len(rows))
	}
	for i, want := range []map[string]string{
		{"bridge": "'=hop", "key": "0x0102", "dst_chain": "eip155:10", "src_amount_raw": "3000000000000000000", "dst_amount_raw": "2900000000000000000", "fee_raw": "100000000000000000",
			"tainted_in_raw": "2900000000000000000", "delay_s": "50", "statement": "derived", "rule": "key", "confidence": "100", "note": "", "src_position": "log:4"},
		{"dst_chain": "hop:77", "dst_tx": "", "dst_amount_raw": "", "delay_s": "", "rule": "no arrival", "note": "no arrival with its key in the store", "recipient": "0xa500000000000000000000000000000000000003"},
		{"bridge": "case", "statement": "attributed", "rule": "case: same minute", "confidence": "60", "tainted_in_raw": "900000000000000000"},
	} {
		for column, cell := range want {
			if rows[i][column] != cell {
				t.Errorf("passage %d: %s is %q, want %q", i, column, rows[i][column], cell)
			}
		}
	}
	claimed := 0
	for _, row := range write(t, tr).table("trace.csv") {
		if row["statement"] == "attributed" {
			claimed++
			if row["confidence"] != "60" || row["rule"] != "link_in" {
				t.Errorf("attributed movement %v", row)
			}
		}
	}
	if claimed != 1 {
		t.Errorf("%d attributed movements, want 1", claimed)
	}
	var text bytes.Buffer
	if err := report.Summary(&text, tr, report.SummaryOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Crossed bridges\n", "1 passage  key", "case: same minute (confidence 60)", "ETH (ethereum): seeded 5 = stopped 1 + bridged out 4; difference 0", "ETH (optimism): bridged in 3.8 = at rest 3.8; difference 0",
		"=hop to hop:77 for 0xa500000000000000000000000000000000000003, key 0x03: no arrival with its key in the store"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, &text)
		}
	}
}
