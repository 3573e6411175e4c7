package cluster_test

import (
	"context"
	"iter"
	"strings"
	"testing"

	"spoor/cluster"
	"spoor/graph"
	"spoor/graph/graphtest"
)

// dealt is a ledger of payments at an address; each has a block of its own.
type dealt struct {
	blocks []graph.Block
	gap    int64 // seconds between payments
}

var serviceAt = party(0)

func party(n int) graph.Address {
	return graph.EVMAddress("eip155:1", [20]byte{19: byte(n), 18: byte(n >> 8), 0: 1})
}

func (d *dealt) pay(from, to graph.Address, amount uint64, kind graph.Kind) {
	n := len(d.blocks) + 1
	t := graph.Transfer{Seq: 1, Kind: kind, From: from, To: to, Asset: graph.Asset{Chain: "eip155:1", Standard: graph.NativeCoin}}
	t.Amount.SetUint64(amount)
	d.blocks = append(d.blocks, graph.Block{Header: graph.Header{Height: uint32(n), Hash: graph.Hash{byte(n), byte(n >> 8), 1}, Time: int64(n) * d.gap},
		Txs: []graph.Tx{{Hash: graph.Hash{byte(n), byte(n >> 8), 2}, Transfers: []graph.Transfer{t}}}})
}

func (d *dealt) in(n, from int) {
	for i := range n {
		d.pay(party(from+i), serviceAt, 1, graph.KindNative)
	}
}

func (d *dealt) out(n, to int) {
	for i := range n {
		d.pay(serviceAt, party(to+i), 1, graph.KindNative)
	}
}

func (d *dealt) view(t testing.TB) graph.View {
	t.Helper()
	ledger, err := graphtest.NewModel().Ledger(context.Background(), graph.ChainOf("eip155:1"))
	if err == nil {
		err = ledger.Apply(context.Background(), d.blocks...)
	}
	if err != nil {
		t.Fatal(err)
	}
	view, err := ledger.View(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = view.Close() })
	return view
}

// TestServiceSigns has each sign at its threshold and one below it.
func TestServiceSigns(t *testing.T) {
	const minute, quarter, hours = 60, 900, 3 * 3600
	for _, c := range []struct {
		name string
		gap  int64
		play func(d *dealt)
		sign string
		says string
	}{
		{"counterparties", hours, func(d *dealt) { d.in(200, 1); d.out(200, 1000) }, "counterparties", "200 payers and 200 payees in its first 400 transfers"},
		{"one payer too few", hours, func(d *dealt) { d.in(199, 1); d.out(201, 1000) }, "", ""},
		{"one payee too few", hours, func(d *dealt) { d.in(201, 1); d.out(199, 1000) }, "", ""},
		{"the same again and again", hours, func(d *dealt) {
			for range 100 {
				d.in(4, 1)
				d.out(4, 1000)
			}
		}, "", ""},
		{"for an hour only", 1, func(d *dealt) { d.in(200, 1); d.out(200, 1000) }, "", ""},
		{"rush", 2 * 432, func(d *dealt) { d.in(100, 1); d.out(100, 1000) }, "rush", "100 payers in 24 h, 100 payees in 24 h"},
		{"rush, spread over more than a day", 2 * 437, func(d *dealt) { d.in(100, 1); d.out(100, 1000) }, "", ""},
		{"sweep", hours, func(d *dealt) {
			d.in(300, 1)
			d.out(1, 2000)
			for range 9 {
				d.out(1, 1000)
			}
			d.out(100, 3000)
		}, "sweep", "300 payers, 8 in 24 h; 9 of 10 payments out sweep to one address"},
		{"sweep, one payment out too few", hours, func(d *dealt) {
			d.in(400, 1)
			for range 9 {
				d.out(1, 1000)
			}
		}, "", ""},
		{"sweep to several", hours, func(d *dealt) {
			d.in(300, 1)
			d.out(4, 2000)
			for range 26 {
				d.out(1, 1000)
			}
		}, "", ""},
		{"too much goes out", hours, func(d *dealt) {
			for range 31 {
				d.out(1, 1000)
			}
			d.in(300, 1)
		}, "", ""},
		{"a fan-out alone", quarter, func(d *dealt) { d.in(1, 1); d.out(450, 1000) }, "", ""},
		{"dust of nothing", hours, func(d *dealt) {
			for i := range 250 {
				d.pay(party(1+i), serviceAt, 0, graph.KindNative)
			}
			d.out(250, 1000)
		}, "", ""},
		{"transfers", 1, func(d *dealt) {
			for range 1000 {
				d.in(1, 1)
			}
		}, "transfers", "1000 transfers or more"},
		{"one transfer too few", minute, func(d *dealt) {
			for range 999 {
				d.in(1, 1)
			}
		}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &dealt{gap: c.gap}
			c.play(d)
			view := d.view(t)
			id, err := view.ID(serviceAt)
			if err != nil {
				t.Fatal(err)
			}
			shape := cluster.DefaultServiceShape()
			shape.Transfers = 1000
			got, err := shape.Of(context.Background(), view, id)
			if err != nil {
				t.Fatal(err)
			}
			if got.Sign != c.sign || !strings.Contains(got.Why, c.says) {
				t.Errorf("got %+v, want sign %q: %q", got, c.sign, c.says)
			}
			if (got.Sign != "") != (got.Confidence == 10) {
				t.Errorf("confidence %d of sign %q", got.Confidence, got.Sign)
			}
		})
	}
}

// counting counts the entries that are read of histories.
type counting struct {
	graph.View
	read int
}

func (c *counting) History(ctx context.Context, id graph.ID, from graph.Position) iter.Seq2[graph.Entry, error] {
	return func(yield func(graph.Entry, error) bool) {
		for e, err := range c.View.History(ctx, id, from) {
			c.read++
			if !yield(e, err) {
				return
			}
		}
	}
}

// TestServiceReadsLittle: what is beyond the first movements is not read, and
// an address with few or very many movements is only counted.
func TestServiceReadsLittle(t *testing.T) {
	d := &dealt{gap: 3600}
	for range 800 {
		d.in(1, 1)
	}
	view := &counting{View: d.view(t)}
	id, err := view.ID(serviceAt)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ transfers, scan, most int }{{10_000, 4096, 800}, {10_000, 500, 501}, {800, 500, 0}, {700, 4096, 0}} {
		view.read = 0
		shape := cluster.DefaultServiceShape()
		shape.Transfers, shape.Scan = c.transfers, c.scan
		if _, err := shape.Of(context.Background(), view, id); err != nil {
			t.Fatal(err)
		}
		if view.read > c.most {
			t.Errorf("%+v: %d entries read", c, view.read)
		}
	}
	person, err := view.ID(party(1))
	if err != nil {
		t.Fatal(err)
	}
	view.read = 0
	shape := cluster.DefaultServiceShape()
	shape.Day, shape.Payers, shape.Payees, shape.Swept = 500, 500, 500, 900
	if _, err := shape.Of(context.Background(), view, person); err != nil || view.read != 0 {
		t.Errorf("%d entries of somebody with few are read: %v", view.read, err)
	}
}
