package web_test

import (
	"context"
	"fmt"
	"iter"
	"math/big"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/graph/graphtest"
	"spoor/web"
)

type relationsJSON struct {
	Transfers, Counterparties, Fees, Itself, More int
	WithoutPeer                                   int `json:"without_peer"`
	Exact, Joint                                  bool
	Cut, Next                                     string
	History                                       struct {
		Count   int
		AtLeast bool `json:"at_least"`
	}
	Relations []struct {
		Direction, Counterparty, First, Last, Statement, URL string
		Transfers                                            int
		Sums                                                 []struct{ Asset, Symbol, Raw, Text string }
	}
}

func relationsPath(a graph.Address, query string) string {
	return "/relations/" + graph.ChainOf(a.Chain).Alias + "/" + url.PathEscape(a.String()) + "?" + query
}

// dealt is what went from one address to another, by asset.
type dealt map[[2]string]map[string]*big.Int

func (d dealt) add(from, to graph.Address, asset graph.Asset, amount graph.Amount) {
	key := [2]string{from.String(), to.String()}
	if d[key] == nil {
		d[key] = map[string]*big.Int{}
	}
	if d[key][asset.String()] == nil {
		d[key][asset.String()] = new(big.Int)
	}
	d[key][asset.String()].Add(d[key][asset.String()], amount.ToBig())
}

// known is a ledger read the plain way: who gave whom what. On a UTXO ledger
// who signs gives each receiver all that it gets.
func (w *world) known(t *testing.T, chain graph.Chain) dealt {
	t.Helper()
	d := dealt{}
	view := must(must(w.store.Ledger(t.Context(), chain)).View(t.Context()))
	for b, err := range view.Blocks(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		for _, tx := range b.Txs {
			signs := map[graph.Address]bool{}
			for _, tr := range tx.Transfers {
				if tr.Kind == graph.KindInput && !tr.From.IsZero() {
					signs[tr.From] = true
				}
				if tr.From.IsZero() || tr.To.IsZero() || tr.From == tr.To || tr.Kind.IsFee() {
					continue
				}
				d.add(tr.From, tr.To, tr.Asset, tr.Amount)
			}
			for _, tr := range tx.Transfers {
				if tr.Kind != graph.KindOutput || tr.To.IsZero() || signs[tr.To] {
					continue
				}
				for from := range signs {
					d.add(from, tr.To, tr.Asset, tr.Amount)
				}
			}
		}
	}
	return d
}

// Relations are those that reading the whole ledger gives.
func TestRelations(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	for _, leg := range []graph.Chain{w.ethereum.Chain(), w.bitcoin.Chain()} {
		truth := w.known(t, leg)
		of := map[string]map[string]string{} // address to "direction peer asset" to sum
		note := func(a, direction, peer string, sums map[string]*big.Int) {
			if of[a] == nil {
				of[a] = map[string]string{}
			}
			for asset, sum := range sums {
				of[a][direction+" "+peer+" "+asset] = sum.String()
			}
		}
		for pair, sums := range truth {
			note(pair[0], "out", pair[1], sums)
			note(pair[1], "in", pair[0], sums)
		}
		asked := 0
		for a, want := range of {
			if asked++; asked > 60 {
				break
			}
			got := read[relationsJSON](c, relationsPath(must(graph.ParseAddress(leg, a)), "top=200"))
			if got.More > 0 {
				continue
			}
			if !got.Exact || got.Next != "" || got.Joint != (leg.Family == graph.UTXOFamily) {
				t.Errorf("%s: %+v", a, got)
			}
			have := map[string]string{}
			peers := map[string]bool{}
			for _, r := range got.Relations {
				peers[r.Counterparty] = true
				for _, s := range r.Sums {
					have[r.Direction+" "+r.Counterparty+" "+s.Asset] = s.Raw
				}
				if r.First == "" || r.Last < r.First || r.Transfers < 1 || r.Statement != "derived" {
					t.Errorf("%s: %+v", a, r)
				}
			}
			if fmt.Sprint(have) != fmt.Sprint(want) || got.Counterparties != len(peers) {
				t.Errorf("%s:\n got %v\nwant %v", a, have, want)
			}
		}
		if asked < 20 {
			t.Errorf("%s: only %d addresses", leg.Alias, asked)
		}
	}
}

// What is listed leads to the transfers that it is the sum of.
func TestRelationIsTheSumOfItsTransfers(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	for _, end := range []graph.Address{w.end("exchange"), w.bitcoin.Truth.Ends[0].Address, w.victim} {
		for _, order := range []string{"amount", "newest"} {
			got := read[relationsJSON](c, relationsPath(end, "top=5&order="+order))
			if len(got.Relations) == 0 {
				t.Fatalf("%s has dealt with nobody", end)
			}
			for i, r := range got.Relations {
				if order == "newest" && i > 0 && r.Last > got.Relations[i-1].Last {
					t.Error("not the newest first")
				}
				page := read[struct {
					Transfers []transferJSON
					Next      string
				}](c, r.URL+"&limit=500")
				sums := map[string]*big.Int{}
				for _, tr := range page.Transfers {
					if tr.Direction != r.Direction {
						t.Errorf("%s lists %+v", r.URL, tr)
					}
					if got.Joint && tr.Kind != "output" {
						continue
					}
					if sums[tr.Asset] == nil {
						sums[tr.Asset] = new(big.Int)
					}
					amount := must(graph.ParseAmount(tr.AmountRaw))
					sums[tr.Asset].Add(sums[tr.Asset], amount.ToBig())
				}
				if page.Next != "" || len(sums) != len(r.Sums) {
					t.Errorf("%s: %d assets, want %d, next %q", r.URL, len(sums), len(r.Sums), page.Next)
				}
				for _, s := range r.Sums {
					if have := sums[shortAsset(s.Asset)]; have == nil || have.String() != s.Raw {
						t.Errorf("%s: %v, want %s of %s", r.URL, have, s.Raw, s.Asset)
					}
				}
			}
		}
	}
}

// shortAsset is an asset as transfers name it.
func shortAsset(caip string) string {
	_, name, _ := strings.Cut(caip, "/")
	if strings.HasPrefix(name, "slip44:") {
		return "native"
	}
	_, contract, _ := strings.Cut(name, ":")
	return contract
}

type transferJSON struct {
	Direction, Kind, Asset, Time, Position string
	AmountRaw                              string `json:"amount_raw"`
}

func TestRelationsFilters(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	end := w.end("exchange")
	all := read[relationsJSON](c, relationsPath(end, "top=200"))
	in, out := read[relationsJSON](c, relationsPath(end, "direction=in")), read[relationsJSON](c, relationsPath(end, "direction=out"))
	if in.Transfers+out.Transfers != all.Transfers || in.Transfers == 0 {
		t.Errorf("%d in, %d out, %d in all", in.Transfers, out.Transfers, all.Transfers)
	}
	counted := read[relationsJSON](c, relationsPath(end, "count=true"))
	if counted.Transfers != all.Transfers || counted.Counterparties != all.Counterparties || len(counted.Relations) != 0 {
		t.Errorf("counted: %+v", counted)
	}
	first := all.Relations[0]
	if got := read[relationsJSON](c, relationsPath(end, "since="+first.Last)); got.Transfers == 0 || got.Transfers > all.Transfers {
		t.Errorf("since %s: %+v", first.Last, got)
	}
	if got := read[relationsJSON](c, relationsPath(end, "until=1990-01-01")); got.Transfers != 0 || !got.Exact {
		t.Errorf("until 1990: %+v", got)
	}
	if got := read[relationsJSON](c, relationsPath(end, "min_raw="+strings.Repeat("9", 70))); got.Transfers != 0 {
		t.Errorf("more than there is: %+v", got)
	}
	rows := c.expect(relationsPath(end, "format=csv&top=1"), 200, "chain,address,direction,counterparty,labels,entity,transfers,asset", first.Counterparty)
	if lines := strings.Count(rows.body, "\r\n"); lines != 1+len(first.Sums) {
		t.Errorf("%d lines", lines)
	}
	if page := c.page(relationsPath(end, "top=1")); !strings.Contains(page, first.Counterparty) || !strings.Contains(page, "all that were asked for") || !strings.Contains(page, "more relations") {
		t.Error("the page does not have the first")
	}
	c.page(first.URL)
	c.expect(strings.Replace(first.URL, "?", ".csv?", 1), 200, "direction,kind")
	if page := c.page(addressPath(end)); !strings.Contains(page, "/relations/ethereum/") {
		t.Error("the address does not lead there")
	}
	base := strings.TrimSuffix(relationsPath(end, ""), "?")
	c.expect(base+"/"+end.String(), 422, "twice")
	c.expect(base+"/0x00000000000000000000000000000000000000ff", 404)
	c.expect("/relations/ethereum/0x00000000000000000000000000000000000000ff", 404)
	for _, wrong := range []string{"top=201", "top=0", "order=random", "direction=up", "before=x", "min_raw=1e3", "asset=x", "since=now", "count=maybe", "nonsense=1"} {
		c.expect(base+"?"+wrong, 422)
	}
}

// counts are what a store was asked.
type counts struct{ entries, txs, addresses, headers atomic.Int64 }

// meteredStore counts what is read of it.
type meteredStore struct {
	graph.Store
	n *counts
}

type meteredLedger struct {
	graph.Ledger
	n *counts
}

type meteredView struct {
	graph.View
	n *counts
}

func (s meteredStore) Ledger(ctx context.Context, chain graph.Chain) (graph.Ledger, error) {
	l, err := s.Store.Ledger(ctx, chain)
	return meteredLedger{l, s.n}, err
}

func (l meteredLedger) View(ctx context.Context) (graph.View, error) {
	v, err := l.Ledger.View(ctx)
	return meteredView{v, l.n}, err
}

func (v meteredView) History(ctx context.Context, id graph.ID, from graph.Position) iter.Seq2[graph.Entry, error] {
	return func(yield func(graph.Entry, error) bool) {
		for e, err := range v.View.History(ctx, id, from) {
			v.n.entries.Add(1)
			if !yield(e, err) {
				return
			}
		}
	}
}

func (v meteredView) Txs(ctx context.Context, from uint32) iter.Seq2[graph.TxMoves, error] {
	return func(yield func(graph.TxMoves, error) bool) {
		for tx, err := range v.View.Txs(ctx, from) {
			v.n.txs.Add(1)
			if !yield(tx, err) {
				return
			}
		}
	}
}

func (v meteredView) Tx(p graph.Position) (graph.TxMoves, error) {
	v.n.txs.Add(1)
	return v.View.Tx(p)
}

func (v meteredView) Address(id graph.ID) (graph.Address, error) {
	v.n.addresses.Add(1)
	return v.View.Address(id)
}

func (v meteredView) Header(height uint32) (graph.Header, error) {
	v.n.headers.Add(1)
	return v.View.Header(height)
}

// hub is an address with many transfers, each of another counterparty with one
// unit more than the one before, so many in a block.
func hub(t *testing.T, store graph.Store, transfers, inBlock int) graph.Address {
	t.Helper()
	chain := graph.ChainOf("eip155:1")
	l := must(store.Ledger(t.Context(), chain))
	center := graphtest.Account(chain, 1)
	var blocks []graph.Block
	flush := func() {
		if err := l.Apply(t.Context(), blocks...); err != nil {
			t.Fatal(err)
		}
		blocks = blocks[:0]
	}
	for done := 0; done < transfers; {
		height := uint32(done/inBlock + 1)
		b := graph.Block{Header: graph.Header{Height: height, Hash: graphtest.Hash(fmt.Sprint("hub", height)), Time: 1_700_000_000 + 3600*int64(height)}, Source: "test",
			Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}}
		for i := 0; i < inBlock && done < transfers; i++ {
			done++
			tr := graph.Transfer{Seq: must(graph.CallSeq(0)), Kind: graph.KindNative, From: graphtest.Account(chain, done+1), To: center, Asset: chain.Native(), Amount: graph.Amount{uint64(done)}}
			if done%4 == 0 {
				tr.From, tr.To = tr.To, tr.From
			}
			b.Txs = append(b.Txs, graph.Tx{Index: uint32(i), Hash: graphtest.Hash(fmt.Sprint("tx", done)), Transfers: []graph.Transfer{tr}})
		}
		if blocks = append(blocks, b); len(blocks)*inBlock >= 50_000 {
			flush()
		}
	}
	flush()
	return center
}

func serveCounted(t *testing.T, store graph.Store, change func(*web.Config)) (*client, *counts) {
	n := &counts{}
	w := &world{store: graphtest.NewModel()}
	c := w.serve(t, func(config *web.Config) {
		config.Open = func(context.Context) (*web.Reading, error) {
			return &web.Reading{Store: meteredStore{store, n}, Release: func() error { return nil }}, nil
		}
		change(config)
	})
	return c, n
}

// A hub answers with what it has in all, and reads no more than its budget
// allows, whatever is asked; going on, nothing is left out and nothing comes
// twice.
func TestRelationsOfAHub(t *testing.T) {
	const transfers, budget = 6_000, 400
	for _, inBlock := range []int{1, 7, 300} {
		model := graphtest.NewModel()
		center := hub(t, model, transfers, inBlock)
		c, n := serveCounted(t, model, func(config *web.Config) { config.Limits.Scan = budget })
		seen := map[string]bool{}
		sum, pages := 0, 0
		for before := ""; ; pages++ {
			n.entries.Store(0)
			n.addresses.Store(0)
			got := read[relationsJSON](c, relationsPath(center, "order=newest&top=200&before="+before))
			if read := n.entries.Load(); read > 5*budget || n.addresses.Load() > 300 {
				t.Fatalf("%d in a block: %d entries read, %d addresses", inBlock, read, n.addresses.Load())
			}
			if got.History.Count != transfers || len(got.Relations) == 0 || got.Exact != (got.Next == "") || got.Exact != (got.Cut == "") {
				t.Fatalf("%d in a block: %+v", inBlock, got)
			}
			if sum += got.Transfers; got.Transfers == 0 || got.Transfers > budget {
				t.Fatalf("%d in a block: %d transfers of one answer", inBlock, got.Transfers)
			}
			if !got.Exact && inBlock < 10 && got.Transfers < budget/2 {
				t.Fatalf("%d in a block: only %d transfers of one answer", inBlock, got.Transfers)
			}
			for _, r := range got.Relations {
				if seen[r.Counterparty] {
					t.Fatalf("%s is on two pages", r.Counterparty)
				}
				seen[r.Counterparty] = true
			}
			if before == "" && got.Relations[0].Sums[0].Raw != fmt.Sprint(transfers) {
				t.Fatalf("the newest is %+v", got.Relations[0])
			}
			if before = got.Next; before == "" {
				break
			}
		}
		if sum != transfers {
			t.Errorf("%d in a block: %d transfers on %d pages, want %d", inBlock, sum, pages, transfers)
		}
		// A part that is bounded by time is found, not read up to.
		n.entries.Store(0)
		n.txs.Store(0)
		got := read[relationsJSON](c, relationsPath(center, "since=2023-11-20T12:00:00Z&until=2023-11-20T15:00:00Z&count=true"))
		if want := 3 * inBlock; got.Transfers > want || inBlock < 10 && (!got.Exact || got.Transfers != want) || n.entries.Load() > 5*budget || n.txs.Load() > 80 {
			t.Errorf("%d in a block: three hours: %+v, %d entries, %d transactions read", inBlock, got, n.entries.Load(), n.txs.Load())
		}
		// So are the transfers with one of its counterparties: in the shorter history.
		n.entries.Store(0)
		one := read[struct{ Transfers []transferJSON }](c, strings.TrimSuffix(relationsPath(center, ""), "?")+"/"+graphtest.Account(graph.ChainOf("eip155:1"), 778).String())
		if len(one.Transfers) != 1 || one.Transfers[0].Direction != "in" || n.entries.Load() > 2 {
			t.Errorf("between two: %+v, %d entries read", one, n.entries.Load())
		}
	}
}

// An address with a million transfers is counted first, and never loaded.
func TestRelationsOfAMillion(t *testing.T) {
	if os.Getenv("SPOOR_LONG") == "" {
		t.Skip("a ledger of a million transfers: set SPOOR_LONG")
	}
	store := must(badger.Open(t.TempDir(), badger.Options{Memory: 256 << 20}))
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	const transfers, budget = 1_000_000, 50_000
	center := hub(t, store, transfers, 100)
	c, n := serveCounted(t, store, func(*web.Config) {})
	for _, query := range []string{"count=true", "", "order=newest&direction=out", "min_raw=990000", "since=2023-12-01&until=2023-12-02"} {
		n.entries.Store(0)
		n.addresses.Store(0)
		got := read[relationsJSON](c, relationsPath(center, query))
		if n.entries.Load() > 4*budget+10 || n.addresses.Load() > 300 || got.History.Count != transfers || !got.History.AtLeast {
			t.Errorf("%q: %d entries read, %d addresses: %+v", query, n.entries.Load(), n.addresses.Load(), got.History)
		}
		t.Logf("%q: %d entries read, %d addresses looked up, %d transfers, exact %v", query, n.entries.Load(), n.addresses.Load(), got.Transfers, got.Exact)
	}
}

// On a UTXO ledger the movements of the transactions are bounded too: an exchange
// pays hundreds in one.
func TestRelationsOfAPayer(t *testing.T) {
	const payouts, receivers, budget = 200, 50, 100
	model := graphtest.NewModel()
	chain := graph.ChainOf(graph.Bitcoin)
	payer := graphtest.Account(chain, 1)
	var blocks []graph.Block
	for i := range payouts {
		tx := graph.Tx{Hash: graphtest.Hash(fmt.Sprint("payout", i)), Transfers: []graph.Transfer{{Seq: must(graph.InputSeq(0)), Kind: graph.KindInput, From: payer, Asset: chain.Native(), Amount: graph.Amount{1000 * receivers}}}}
		for j := range receivers {
			tx.Transfers = append(tx.Transfers, graph.Transfer{Seq: must(graph.OutputSeq(j)), Kind: graph.KindOutput, To: graphtest.Account(chain, 2+(i*7+j)%500), Asset: chain.Native(), Amount: graph.Amount{uint64(900 + j)}})
		}
		blocks = append(blocks, graph.Block{Header: graph.Header{Height: uint32(i + 1), Hash: graphtest.Hash(fmt.Sprint("paid", i)), Time: 1_700_000_000 + 600*int64(i)}, Source: "test",
			Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}, Txs: []graph.Tx{tx}})
	}
	if err := must(model.Ledger(t.Context(), chain)).Apply(t.Context(), blocks...); err != nil {
		t.Fatal(err)
	}
	c, n := serveCounted(t, model, func(config *web.Config) { config.Limits.Scan = budget })
	sum := 0
	last := ""
	for before := ""; ; {
		n.txs.Store(0)
		got := read[relationsJSON](c, relationsPath(payer, "before="+before))
		if read := int(n.txs.Load()); read > 4*budget/receivers+2 || got.Transfers == 0 || !got.Joint {
			t.Fatalf("%d transactions read for %d", read, got.Transfers)
		}
		for _, r := range got.Relations {
			if r.Direction != "out" || last != "" && r.Last >= last {
				t.Errorf("%+v is on a page before, up to %s", r, last)
			}
		}
		sum += got.Transfers
		if before = got.Next; before == "" {
			break
		}
		last = got.Relations[0].First
		for _, r := range got.Relations {
			last = min(last, r.First)
		}
	}
	if sum != payouts {
		t.Errorf("%d payouts in all, want %d", sum, payouts)
	}
	one := read[struct {
		Transfers []transferJSON
		Scanned   int
		Next      string
	}](c, strings.TrimSuffix(relationsPath(payer, ""), "?")+"/"+graphtest.Account(chain, 2).String()+"?limit=4")
	if len(one.Transfers) != 4 || one.Next == "" || one.Transfers[0].Kind != "input" || one.Transfers[1].Kind != "output" {
		t.Errorf("between two: %+v", one)
	}
}

// After a long silence the newest part is more than the few last transfers.
func TestRelationsBeforeASilence(t *testing.T) {
	const budget = 400
	model := graphtest.NewModel()
	center := hub(t, model, 6000, 7)
	chain := graph.ChainOf("eip155:1")
	late := graph.Block{Header: graph.Header{Height: 50_000, Hash: graphtest.Hash("late"), Time: 1_700_000_000 + 3600*50_000}, Source: "test", Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full},
		Txs: []graph.Tx{{Hash: graphtest.Hash("late tx"), Transfers: []graph.Transfer{{Seq: must(graph.CallSeq(0)), Kind: graph.KindNative, From: center, To: graphtest.Account(chain, 9000), Asset: chain.Native(), Amount: graph.Amount{1}}}}}}
	if err := must(model.Ledger(t.Context(), chain)).Apply(t.Context(), late); err != nil {
		t.Fatal(err)
	}
	c, n := serveCounted(t, model, func(config *web.Config) { config.Limits.Scan = budget })
	got := read[relationsJSON](c, relationsPath(center, "order=newest&top=1"))
	if got.Transfers < budget/2 || got.Exact || got.Relations[0].Direction != "out" || n.entries.Load() > 5*budget {
		t.Errorf("%d transfers, %d entries read: %+v", got.Transfers, n.entries.Load(), got.Relations)
	}
}
