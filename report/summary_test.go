package report_test

import (
	"bytes"
	"strings"
	"testing"

	"spoor/graph"
	"spoor/report"
	"spoor/trace"
)

func summary(t testing.TB, tr *trace.Trace, o report.SummaryOptions) string {
	t.Helper()
	var out bytes.Buffer
	if err := report.Summary(&out, tr, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// expectLines checks that a text has lines with the given words in order, no
// matter how they are spaced.
func expectLines(t *testing.T, text string, want ...string) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	for _, w := range want {
		found := false
		for _, line := range lines {
			found = found || line == w
		}
		if !found {
			t.Errorf("no line %q in\n%s", w, text)
		}
	}
}

func TestSummary(t *testing.T) {
	text := summary(t, run(t, "fifo"), report.SummaryOptions{})
	thief, mule, mixer := account(2).String(), account(3).String(), account(5).String()
	token := account(9).String()
	expectLines(t, text,
		"Case: =the incident",
		"Method: fifo, what came in first goes out first",
		"Ledger: ethereum up to block 16 (2023-11-14T22:16:32Z)",
		"1.5 BTC 12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX",
		"1.9999 BTC Σ",
		"0.499999999999979 ETH "+thief,
		"1 "+token+" "+thief,
		`1 ETH mixer +Mixer\u202e|1 `+mixer+` label: -list\n2 (confidence 90)`,
		"0.5 ETH received",
		"1000000 "+token+" given",
		"0.000000000000021 ETH",
		"BTC: seeded 2 = at rest 1.9999 + fees 0.0001; difference 0",
		"ETH: seeded 3 + converted in 0.5 = at rest 0.499999999999979 + stopped 3 + fees 0.000000000000021; difference 0",
		"- ethereum: 12 blocks in 2 ranges between 0 and 14: not read at all",
		"- ethereum: internal calls of 2 blocks in 2 ranges between 12 and 15 were not read: native value inside contracts may have moved unseen",
		"- 0.5 ETH spent by 1 address whose arrival was not read, after stolen value had reached them: the history has gaps (unknowns.csv): "+mule,
	)
	if strings.Contains(text, "\x1b") || strings.Contains(text, "\u202e") || strings.Contains(text, "\r") {
		t.Error("the summary drives the terminal")
	}
	if strings.Contains(text, "bitcoin: ") {
		t.Error("Bitcoin was read whole, and the summary finds something missing")
	}
	if !strings.Contains(summary(t, run(t, "fifo"), report.SummaryOptions{Color: true}), "\x1b[1mStolen\x1b[0m") {
		t.Error("no bold headings when they are asked for")
	}
}

func TestPoisonSummaryClaimsNoBalance(t *testing.T) {
	text := summary(t, run(t, "poison"), report.SummaryOptions{})
	if strings.Contains(text, "difference") || !strings.Contains(text, "poison measures reach; amounts are not conserved") {
		t.Errorf("poison is shown like a balance:\n%s", text)
	}
}

// many is a trace of a theft that rests at n addresses with 1, 2 … n units
// and is burnt at as many, in an asset whose decimals nobody knows.
func many(n int) *trace.Trace {
	method, err := trace.ParseMethod("fifo")
	if err != nil {
		panic(err)
	}
	asset := graph.AssetInfo{Asset: graph.Asset{Chain: graph.Ethereum, Standard: graph.ERC20, Contract: account(200)}, Symbol: "T", Decimals: -1}
	sum := amount(uint64(n * (n + 1) / 2))
	tr := &trace.Trace{Method: method,
		Balances: []trace.Balance{{Asset: asset, Seeded: amount(uint64(n * (n + 1))), AtRest: sum, Stopped: sum}},
		Seeds:    []trace.Seeded{{Seed: "s", Asset: asset, Amount: amount(uint64(n * (n + 1))), Address: account(0)}},
	}
	for _, reason := range []trace.Reason{trace.StopAtRest, trace.StopBurn} {
		for i := n; i > 0; i-- {
			tr.Stops = append(tr.Stops, trace.Stop{Reason: reason, Address: account(byte(i)), Asset: asset, Tainted: amount(uint64(i)), Statement: graph.Derived, Rule: "r"})
		}
	}
	return tr
}

// A list that is cut says what it leaves out, and its total is complete.
func TestCappedListsKeepTheirTotals(t *testing.T) {
	text := summary(t, many(30), report.SummaryOptions{Top: 3})
	expectLines(t, text,
		"30 T "+account(30).String(), "28 T "+account(28).String(), "378 T 27 others", "465 T Σ",
		"30 T burn "+account(30).String()+" r", "378 T burn 27 others", "465 T burn Σ",
		"T: seeded 930 = at rest 465 + stopped 465; difference 0")
	if strings.Contains(text, account(27).String()) {
		t.Error("the list was not cut")
	}
	if !strings.Contains(text, "its decimals are unknown: amounts are in base units") {
		t.Error("amounts in base units are not told from whole ones")
	}
}

// Two tokens of one name are told apart, and so is a coin on two chains.
func TestNamesAreNotShared(t *testing.T) {
	tr := many(1)
	for _, asset := range []graph.Asset{
		{Chain: graph.Ethereum, Standard: graph.ERC20, Contract: account(201)},
		{Chain: "eip155:10", Standard: graph.ERC20, Contract: graph.EVMAddress("eip155:10", [20]byte{1})},
	} {
		tr.Balances = append(tr.Balances, trace.Balance{Asset: graph.AssetInfo{Asset: asset, Symbol: "T", Decimals: 6}})
	}
	text := summary(t, tr, report.SummaryOptions{})
	for _, name := range []string{"T (ethereum " + account(200).String() + "): seeded 2", "T (ethereum " + account(201).String() + "): 0 = 0", "T (optimism 0x01"} {
		if !strings.Contains(text, name) {
			t.Errorf("no %q in\n%s", name, text)
		}
	}
}

func TestSummaryTellsWhatABoundCut(t *testing.T) {
	tr := many(2)
	for i := range tr.Stops {
		if tr.Stops[i].Reason == trace.StopBurn {
			tr.Stops[i].Reason, tr.Stops[i].Rule = trace.StopBudget, "max_hops 4"
		}
	}
	expectLines(t, summary(t, tr, report.SummaryOptions{}), "- the bound max_hops 4 of the case cut the trace: 3 T at 2 addresses were not followed further")
}
