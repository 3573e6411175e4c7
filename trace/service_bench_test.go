package trace_test

import (
	"context"
	"encoding/binary"
	"iter"
	"testing"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/graph/graphtest"
	"spoor/trace"
)

// metered counts what a trace reads.
type metered struct {
	graph.View
	entries, txs int
}

func (m *metered) History(ctx context.Context, id graph.ID, from graph.Position) iter.Seq2[graph.Entry, error] {
	return func(yield func(graph.Entry, error) bool) {
		for e, err := range m.View.History(ctx, id, from) {
			m.entries++
			if !yield(e, err) {
				return
			}
		}
	}
}

func (m *metered) Tx(p graph.Position) (graph.TxMoves, error) {
	m.txs++
	return m.View.Tx(p)
}

// hotWallet is a ledger in which customers pay into a wallet and are paid by it
// in turn, n transfers in all, half a day a block. In the middle a thief steals,
// and sends by way of a mule into the wallet.
func hotWallet(n int) iter.Seq2[graph.Block, error] {
	const perBlock = 500
	chain := graph.ChainID("eip155:1")
	party := func(kind byte, number int) graph.Address {
		var raw [20]byte
		raw[0] = kind
		binary.BigEndian.PutUint64(raw[12:], uint64(number))
		return graph.EVMAddress(chain, raw)
	}
	coin := graph.Asset{Chain: chain, Standard: graph.NativeCoin}
	number := 0
	tx := func(b *graph.Block, from, to graph.Address, amount uint64) {
		number++
		t := graph.Transfer{Seq: 1, Kind: graph.KindNative, From: from, To: to, Asset: coin}
		t.Amount.SetUint64(amount)
		var hash graph.Hash
		binary.BigEndian.PutUint64(hash[:], uint64(number))
		b.Txs = append(b.Txs, graph.Tx{Index: uint32(len(b.Txs)), Hash: hash, Transfers: []graph.Transfer{t}})
	}
	return func(yield func(graph.Block, error) bool) {
		for height := 1; height <= n/perBlock; height++ {
			b := graph.Block{Header: graph.Header{Height: uint32(height), Time: int64(height) * 12 * 3600},
				Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}}
			binary.BigEndian.PutUint64(b.Hash[:], uint64(height))
			b.Hash[31] = 1
			for i := range perBlock / 2 {
				customer := (height*perBlock/2 + i) % 200_003
				tx(&b, party('c', customer), party('h', 0), 10)
				tx(&b, party('h', 0), party('c', customer+100_000), 9)
			}
			if height == n/perBlock/2 {
				tx(&b, party('v', 0), party('t', 0), 1000)
				tx(&b, party('t', 0), party('m', 0), 1000)
				tx(&b, party('m', 0), party('h', 0), 600)
			}
			if !yield(b, nil) {
				return
			}
		}
	}
}

// hotCase is the theft in such a ledger.
func hotCase() trace.Case {
	var victim [20]byte
	victim[0] = 't'
	return trace.Case{Method: "fifo", Seeds: []string{"ethereum:" + graph.EVMAddress("eip155:1", victim).String()}}
}

// TestHotWalletIsSmall: a wallet that no label names ends the trace, and what
// is read does not grow with it.
func TestHotWalletIsSmall(t *testing.T) {
	for _, c := range []struct {
		n    int
		most int // entries read
	}{{2_000, 2_100}, {9_000, 4_200}, {40_000, 100}} {
		store := graphtest.NewModel()
		ledger, err := store.Ledger(context.Background(), graph.ChainOf("eip155:1"))
		if err == nil {
			err = ledger.Load(context.Background(), hotWallet(c.n))
		}
		if err != nil {
			t.Fatal(err)
		}
		view, err := ledger.View(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		m := &metered{View: view}
		got, err := trace.Run(context.Background(), map[graph.ChainID]graph.View{"eip155:1": m}, hotCase(), trace.Known{})
		if err != nil {
			t.Fatal(err)
		}
		var stopped uint64
		for _, s := range got.Stops {
			if s.Reason == trace.StopService && s.Statement == graph.Attributed && s.Confidence == 10 {
				stopped += s.Tainted.Uint64()
				t.Logf("%d transfers: %s; %d entries and %d transactions read", c.n, s.Rule, m.entries, m.txs)
			}
		}
		if stopped != 600 || got.Transactions > 3 || m.entries > c.most {
			t.Errorf("%d transfers: %d of 600 stopped, %d transactions, %d entries read", c.n, stopped, got.Transactions, m.entries)
		}
		if err := view.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkHotWallet traces into a wallet of a million transfers in the embedded
// store: ended by its behaviour, and followed into it for a thousand
// transactions.
func BenchmarkHotWallet(b *testing.B) {
	store, err := badger.Open(b.TempDir(), badger.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	ctx := context.Background()
	ledger, err := store.Ledger(ctx, graph.ChainOf("eip155:1"))
	if err == nil {
		err = ledger.Load(ctx, hotWallet(1_000_000))
	}
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		services int
		most     int
	}{{"by behaviour", 0, 0}, {"followed", -1, 1000}} {
		b.Run(c.name, func(b *testing.B) {
			var m *metered
			for b.Loop() {
				view, err := ledger.View(ctx)
				if err != nil {
					b.Fatal(err)
				}
				m = &metered{View: view}
				theft := hotCase()
				theft.ServiceTransfers, theft.MaxTransactions = c.services, c.most
				if _, err := trace.Run(ctx, map[graph.ChainID]graph.View{"eip155:1": m}, theft, trace.Known{}); err != nil {
					b.Fatal(err)
				}
				if err := view.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(m.entries), "entries/op")
			b.ReportMetric(float64(m.txs), "txs/op")
		})
	}
}
