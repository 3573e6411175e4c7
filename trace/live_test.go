package trace_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/trace"
)

// growing is a ledger that is filled bit by bit, with reorganisations.
type growing struct {
	*world
	ledger graph.Ledger
	branch int
	stored int // blocks of the world that are in the ledger
}

// grow makes the blocks of a world ready to be applied one by one. A third of
// them come long before the rest, so that they are final soon.
func grow(t *rapid.T, store graph.Store, w *world) *growing {
	ledger, err := store.Ledger(context.Background(), w.chain)
	if err != nil {
		t.Fatal(err)
	}
	early := rapid.IntRange(0, len(w.blocks)).Draw(t, "early")
	for i := range w.blocks {
		w.blocks[i].Height = uint32(i)
		if i >= early {
			w.blocks[i].Height += w.chain.Finality
		}
	}
	if n := rapid.IntRange(0, 3*len(w.blocks)).Draw(t, "hostile"); n < len(w.blocks) && w.chain.Family == graph.AccountFamily {
		huge := graph.Amount{0, 0, 0, 1 << 60}
		txs := w.blocks[n].Txs
		tx := &txs[len(txs)-1]
		tx.Transfers = append(tx.Transfers, graph.Transfer{Seq: 99, Kind: graph.KindMint, To: account(1), Asset: w.asset(2), Amount: huge})
	}
	if w.chain.Family == graph.AccountFamily {
		for i := range w.blocks {
			if rapid.IntRange(0, 5).Draw(t, "issuer") > 0 {
				continue
			}
			token := w.asset(rapid.IntRange(1, 2).Draw(t, "token"))
			tx := &w.blocks[i].Txs[len(w.blocks[i].Txs)-1]
			tx.Events = append(tx.Events, graph.Event{Seq: 98, Kind: rapid.SampledFrom([]graph.EventKind{graph.Frozen, graph.Unfrozen}).Draw(t, "says"), Protocol: "drawn",
				Emitter: token.Contract, Subject: account(rapid.IntRange(0, holders-1).Draw(t, "whom")), Asset: token})
		}
	}
	g := &growing{world: w, ledger: ledger}
	g.hash(0)
	g.stored = rapid.IntRange(0, len(w.blocks)).Draw(t, "at once")
	if err := ledger.Apply(context.Background(), w.blocks[:g.stored]...); err != nil {
		t.Fatal(err)
	}
	return g
}

// hash names the blocks from one on for the branch they are in.
func (g *growing) hash(from int) {
	for i := from; i < len(g.blocks); i++ {
		g.blocks[i].Hash = sha256.Sum256(fmt.Append(nil, "block", g.branch, i))
		if i > 0 {
			g.blocks[i].Parent = g.blocks[i-1].Hash
		}
	}
}

// change does one random thing to the ledger.
func (g *growing) change() {
	t, ctx := g.t, context.Background()
	if g.stored > 1 && rapid.IntRange(0, 3).Draw(t, "reorganise") == 0 {
		depth := rapid.IntRange(1, g.stored-1).Draw(t, "depth")
		fork := g.stored - depth
		if err := g.ledger.Revert(ctx, g.blocks[fork].Height); err != nil {
			t.Fatal(err)
		}
		for i := fork; i < len(g.blocks); i++ { // the other branch has some of the transactions
			var txs []graph.Tx
			for _, tx := range g.blocks[i].Txs {
				if rapid.IntRange(0, 5).Draw(t, "stays") > 0 {
					txs = append(txs, tx)
				}
			}
			g.blocks[i].Txs = txs
		}
		g.branch++
		g.hash(fork)
		g.stored = fork
	}
	n := rapid.IntRange(0, min(4, len(g.blocks)-g.stored)).Draw(t, "batch")
	if err := g.ledger.Apply(ctx, g.blocks[g.stored:g.stored+n]...); err != nil {
		t.Fatal(err)
	}
	g.stored += n
	if rapid.IntRange(0, 15).Draw(t, "describe") == 0 && g.chain.Family == graph.AccountFamily {
		info := graph.AssetInfo{Asset: g.asset(1), Symbol: "T" + fmt.Sprint(g.branch), Decimals: 2, Source: "drawn"}
		if err := g.ledger.Describe(ctx, info); err != nil {
			t.Fatal(err)
		}
	}
}

func viewsOf(t *rapid.T, all []*growing) map[graph.ChainID]graph.View {
	views := make(map[graph.ChainID]graph.View)
	for _, g := range all {
		v, err := g.ledger.View(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		views[g.chain.ID] = v
	}
	return views
}

// TestExtended holds that a trace that is extended by blocks as they come, and
// taken back by reorganisations, is the trace that is made anew each time:
// random ledgers of both families and both at once, split at random, with
// every method and bound, labels, services by behaviour, hostile assets and
// tokens that get a name later.
func TestExtended(t *testing.T) {
	count := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		store := graphtest.NewModel()
		var all []*growing
		which := rapid.IntRange(0, 4).Draw(t, "ledgers")
		if which%2 == 0 || which == 1 {
			all = append(all, grow(t, store, accountLedger(t)))
		}
		if which == 1 || which == 3 {
			all = append(all, grow(t, store, outputLedger(t)))
		}
		var seeds []string
		for _, g := range all {
			seeds = append(seeds, g.seeds()...)
		}
		c := trace.Case{Seeds: seeds, CoinJoin: "follow",
			Method:           rapid.SampledFrom([]string{"poison", "fifo", "lifo", "haircut", "tiho"}).Draw(t, "method"),
			MaxTransactions:  rapid.SampledFrom([]int{0, 0, 0, 0, 3, 10}).Draw(t, "most"),
			MaxHops:          rapid.SampledFrom([]int{0, 0, 0, 2}).Draw(t, "hops"),
			Share:            rapid.SampledFrom([]string{"", "", "", "", "0.9"}).Draw(t, "share"),
			Until:            rapid.SampledFrom([]string{"", "", "", "1970-01-01T00:02:00Z"}).Draw(t, "until"),
			ServiceTransfers: rapid.SampledFrom([]int{0, 0, 12}).Draw(t, "service"),
		}
		exchange := account(rapid.IntRange(0, 3*holders).Draw(t, "exchange"))
		known := func(a graph.Address) []graph.Label {
			if a == exchange {
				return []graph.Label{{Address: a, Name: "Exchange", Category: "exchange", Source: "drawn", Confidence: 90}}
			}
			return nil
		}
		live, err := trace.NewLive(c)
		if err != nil {
			t.Fatal(err)
		}
		traced := false
		for i := range rapid.IntRange(2, 12).Draw(t, "changes") {
			if i > 0 {
				all[rapid.IntRange(0, len(all)-1).Draw(t, "which")].change()
			}
			views := viewsOf(t, all)
			want, wantErr := trace.Run(context.Background(), views, c, trace.Known{Labels: known})
			x, gotErr := live.Extend(context.Background(), views, trace.Known{Labels: known})
			var got *trace.Trace
			if gotErr == nil {
				got, gotErr = live.Trace(context.Background())
			}
			if wantErr != nil {
				if gotErr == nil || gotErr.Error() != wantErr.Error() {
					t.Fatalf("%v: anew it fails with %v, extended with %v", c, wantErr, gotErr)
				}
				traced = false
				continue
			}
			if gotErr != nil {
				t.Fatalf("%v: %+v: %v", c, x, gotErr)
			}
			got.Method, want.Method = trace.Method{Conserves: got.Method.Conserves}, trace.Method{Conserves: want.Method.Conserves}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%v: %+v\n%s", c, x, difference(got, want))
			}
			switch {
			case !traced:
			case x.Anew != "":
				count["anew: "+x.Anew]++
			case x.RolledBack:
				count["rolled back"]++
			default:
				count["extended"]++
				count["transactions extended by"] += x.Transactions
			}
			traced = true
		}
	})
	t.Log(count)
	for _, what := range []string{"extended", "rolled back", "transactions extended by"} {
		if count[what] == 0 {
			t.Errorf("nothing was %s", what)
		}
	}
}

// difference names the parts in which two traces are not the same.
func difference(got, want *trace.Trace) (text string) {
	g, w := reflect.ValueOf(got).Elem(), reflect.ValueOf(want).Elem()
	for i := range g.NumField() {
		if a, b := g.Field(i).Interface(), w.Field(i).Interface(); !reflect.DeepEqual(a, b) {
			text += fmt.Sprintf("%s: extended %+v\nanew %+v\n", g.Type().Field(i).Name, a, b)
		}
	}
	return text
}
