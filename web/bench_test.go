package web_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/web"
)

// fan is a ledger on which one theft spreads over n addresses, in three steps.
func fan(t testing.TB, n int) (*graphtest.Model, string) {
	t.Helper()
	chain := graphtest.Ethereum()
	account := func(i int) graph.Address {
		return graph.EVMAddress(chain.ID, [20]byte{1, byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)})
	}
	var blocks []graph.Block
	height := uint32(0)
	pay := func(from, to int, units uint64) {
		b := graph.Block{Header: graph.Header{Height: height + 1, Time: int64(height)}, Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}, Source: "fan"}
		if len(blocks) > 0 && len(blocks[len(blocks)-1].Txs) < 200 {
			b = blocks[len(blocks)-1]
			blocks = blocks[:len(blocks)-1]
		} else {
			height++
		}
		b.Txs = append(b.Txs, graph.Tx{Index: uint32(len(b.Txs)), Hash: graphtest.Hash(fmt.Sprint(from, to)),
			Transfers: []graph.Transfer{{Kind: graph.KindNative, Seq: must(graph.CallSeq(0)), From: account(from), To: account(to), Asset: chain.Native(), Amount: graph.Amount{units}}}})
		blocks = append(blocks, b)
	}
	const wide = 100
	each := (n - wide) / wide
	pay(1, 2, uint64(wide*each*1000))
	for i := range wide {
		pay(2, 10+i, uint64(each*1000))
	}
	for i := range wide {
		for j := range each {
			pay(10+i, 1000+i*each+j, 1000)
		}
	}
	store := graphtest.NewModel()
	if err := must(store.Ledger(t.Context(), chain)).Apply(t.Context(), blocks...); err != nil {
		t.Fatal(err)
	}
	return store, "name: fan\nseeds: [\"ethereum:" + graphtest.Hash(fmt.Sprint(1, 2)).Text(graph.AccountFamily) + "\"]\n"
}

func serveFan(t testing.TB, n int) (c *client, page, table string) {
	store, yaml := fan(t, n)
	s, err := web.New(web.Config{Open: func(context.Context) (*web.Reading, error) {
		return &web.Reading{Store: store, Release: func() error { return nil }}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	c = &client{t, s}
	got := c.start(yaml)
	if got.State != "finished" {
		t.Fatalf("%+v", got)
	}
	return c, got.URL, got.URL + "/evidence/addresses"
}

// The page of a trace with 20,000 addresses once it is computed: ≤ 300 ms is
// what was promised.
func BenchmarkTracePage(b *testing.B) {
	c, page, table := serveFan(b, 20_000)
	for name, path := range map[string]string{"page": page, "table": table} {
		b.Run(name, func(b *testing.B) {
			size := 0
			for b.Loop() {
				size = len(c.page(path))
			}
			b.ReportMetric(float64(size), "bytes")
		})
	}
	b.Run("board", func(b *testing.B) {
		body, elements := `{"trace":"`+strings.TrimPrefix(page, "/traces/")+`"}`, 0
		for b.Loop() {
			elements = c.board(body).Elements
		}
		b.ReportMetric(float64(elements), "elements")
	})
}

// A page of a large trace is small: it tells sums and leads to tables.
func TestLargeTracePage(t *testing.T) {
	c, page, table := serveFan(t, 2_000)
	text := c.page(page)
	if len(text) > 200<<10 || !strings.Contains(text, "1890 others") {
		t.Errorf("%d bytes", len(text))
	}
	if rows := strings.Count(c.page(table), "<tr>"); rows != 201 {
		t.Errorf("%d rows of a page of 200", rows)
	}
}
