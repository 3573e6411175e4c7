package report_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/report"
	"spoor/trace"
)

// hostile is the symbol of a token in the fixture: a formula, a line break, a
// tab, a bidirectional override, a zero-width space, a backslash, broken UTF-8.
const hostile = "=HYPERLINK(\"http://x\")\r\n\t\u202eTDSU\u200b\\\xff|"

var (
	ethereum = graph.ChainOf(graph.Ethereum)
	bitcoin  = graph.ChainOf(graph.Bitcoin)
)

func account(n byte) graph.Address { return graph.EVMAddress(graph.Ethereum, [20]byte{0xA5, 19: n}) }

func amount(n uint64) graph.Amount { return *new(graph.Amount).SetUint64(n) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// incident is a ledger with a theft of coin and of a token with a hostile
// symbol, a swap, a mixer, a fee, an opening that was not read, and a Bitcoin
// leg; some blocks were read without their calls, some not at all.
func incident(t testing.TB) *graphtest.Model {
	t.Helper()
	var (
		victim, thief, mule   = account(1), account(2), account(3)
		pool, mixer, exchange = account(4), account(5), account(6)
		token                 = graph.Asset{Chain: graph.Ethereum, Standard: graph.ERC20, Contract: account(9)}
		coin                  = ethereum.Native()
		call                  = func(i int) graph.Seq { return must(graph.CallSeq(i)) }
		log                   = func(i int) graph.Seq { return must(graph.LogSeq(i, 0)) }
		full                  = graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}
		noCalls               = graph.Knowledge{Transfers: graph.Full, Logs: graph.Full}
	)
	block := func(height uint32, know graph.Knowledge, transfers ...graph.Transfer) graph.Block {
		return graph.Block{
			Header: graph.Header{Height: height, Hash: sha256.Sum256([]byte{byte(height)}), Time: 1_700_000_000 + 12*int64(height)},
			Know:   know, Source: "fixture",
			Txs: []graph.Tx{{Index: 7, Hash: sha256.Sum256([]byte{byte(height), 'x'}), Transfers: transfers}},
		}
	}
	store := graphtest.NewModel()
	l := must(store.Ledger(context.Background(), ethereum))
	if err := l.Apply(context.Background(),
		block(10, full, graph.Transfer{Seq: call(0), Kind: graph.KindNative, From: victim, To: thief, Asset: coin, Amount: amount(3e18)},
			graph.Transfer{Seq: log(3), Kind: graph.KindToken, From: victim, To: thief, Asset: token, Amount: amount(1_000_001)}),
		block(11, full, graph.Transfer{Seq: graph.FeeSeq(0), Kind: graph.KindBaseFee, From: thief, Asset: coin, Amount: amount(21_000)},
			graph.Transfer{Seq: call(2), Kind: graph.KindInternal, From: pool, To: thief, Asset: coin, Amount: amount(5e17)},
			graph.Transfer{Seq: log(5), Kind: graph.KindToken, From: thief, To: pool, Asset: token, Amount: amount(1_000_000)}),
		block(12, noCalls, graph.Transfer{Seq: call(0), Kind: graph.KindNative, From: thief, To: mixer, Asset: coin, Amount: amount(1e18)}),
		block(15, noCalls, graph.Transfer{Seq: call(0), Kind: graph.KindNative, From: thief, To: mule, Asset: coin, Amount: amount(2e18)}),
		block(16, full, graph.Transfer{Seq: call(0), Kind: graph.KindNative, From: mule, To: exchange, Asset: coin, Amount: amount(25e17)}),
	); err != nil {
		t.Fatal(err)
	}
	if err := l.Describe(context.Background(), graph.AssetInfo{Asset: token, Symbol: hostile, Decimals: -1, Source: "@fixture"}); err != nil {
		t.Fatal(err)
	}
	applyBitcoin(t, store)
	return store
}

// applyBitcoin adds a payment of 2 BTC and its spending.
func applyBitcoin(t testing.TB, store *graphtest.Model) {
	t.Helper()
	from := must(graph.ParseAddress(bitcoin, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"))
	to := must(graph.ParseAddress(bitcoin, "12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX"))
	full := graph.Knowledge{Transfers: graph.Full}
	hash := func(n byte) graph.Hash { return sha256.Sum256([]byte{'b', n}) }
	l := must(store.Ledger(context.Background(), bitcoin))
	if err := l.Apply(context.Background(),
		graph.Block{Header: graph.Header{Height: 0, Hash: hash(0), Time: 1_700_000_000}, Know: full, Source: "fixture", Txs: []graph.Tx{
			{Hash: hash(1), Transfers: []graph.Transfer{{Seq: must(graph.OutputSeq(0)), Kind: graph.KindOutput, To: from, Asset: bitcoin.Native(), Amount: amount(2e8)}}}}},
		graph.Block{Header: graph.Header{Height: 1, Hash: hash(2), Time: 1_700_000_600}, Know: full, Source: "fixture", Txs: []graph.Tx{
			{Hash: hash(3), Transfers: []graph.Transfer{
				{Seq: must(graph.InputSeq(0)), Kind: graph.KindInput, From: from, Asset: bitcoin.Native(), Amount: amount(2e8), Prev: graph.OutPoint{Tx: hash(1)}},
				{Seq: must(graph.OutputSeq(0)), Kind: graph.KindOutput, To: to, Asset: bitcoin.Native(), Amount: amount(15e7)},
				{Seq: must(graph.OutputSeq(1)), Kind: graph.KindOutput, To: from, Asset: bitcoin.Native(), Amount: amount(49_990_000)}}}}},
	); err != nil {
		t.Fatal(err)
	}
}

// run traces the incident.
func run(t testing.TB, method string) *trace.Trace {
	t.Helper()
	ctx := context.Background()
	store := incident(t)
	views := make(map[graph.ChainID]graph.View)
	for _, chain := range must(store.Chains(ctx)) {
		views[chain.ID] = must(must(store.Ledger(ctx, chain)).View(ctx))
	}
	theft := graph.Hash(sha256.Sum256([]byte{10, 'x'}))
	coins := graph.Hash(sha256.Sum256([]byte{'b', 1}))
	c := trace.Case{Name: "=the incident", Method: method, Seeds: []string{"ethereum:0x" + theft.String(), "bitcoin:" + coins.String()}}
	labels := func(a graph.Address) []graph.Label {
		switch a {
		case account(5):
			return []graph.Label{{Address: a, Name: "+Mixer\u202e|1", Category: "mixing_service", Source: "-list\n2", Confidence: 90}}
		case account(6):
			return []graph.Label{{Address: a, Name: "An Exchange", Category: "exchange", Source: "list", Confidence: 80}}
		}
		return nil
	}
	tr, err := trace.Run(ctx, views, c, trace.Known{Labels: labels})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

var manifest = report.Manifest{Version: "v1", Rerun: []string{"spoor", "trace", "case.yaml"},
	Labels: []report.LabelSource{{Name: "list.csv", SHA256: "00", Size: 3, Labels: 2}}}

// evidence is a folder that Write has written.
type evidence struct {
	t   testing.TB
	dir string
}

func write(t testing.TB, tr *trace.Trace) evidence {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "evidence")
	if err := report.Write(dir, tr, manifest); err != nil {
		t.Fatal(err)
	}
	return evidence{t, dir}
}

func (e evidence) file(name string) []byte {
	e.t.Helper()
	data, err := os.ReadFile(filepath.Join(e.dir, name))
	if err != nil {
		e.t.Fatal(err)
	}
	return data
}

// rows are the rows of a table by column name.
func (e evidence) rows(name string) (header []string, rows []map[string]string) {
	e.t.Helper()
	records, err := csv.NewReader(bytes.NewReader(e.file(name))).ReadAll()
	if err != nil {
		e.t.Fatal(name, err)
	}
	for _, record := range records[1:] {
		row := make(map[string]string)
		for i, cell := range record {
			row[records[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return records[0], rows
}

func (e evidence) table(name string) []map[string]string {
	e.t.Helper()
	_, rows := e.rows(name)
	return rows
}
