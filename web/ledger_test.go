package web_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/report"
	"spoor/web"
)

type addressJSON struct {
	Address string
	Labels  []struct{ Name, Source, Statement string }
	Entries struct {
		Count   int
		AtLeast bool `json:"at_least"`
	}
	Sums *struct {
		Balances []struct {
			Asset, Symbol string
			InRaw         string `json:"in_raw"`
			OutRaw        string `json:"out_raw"`
			NetRaw        string `json:"net_raw"`
			Net           *string
		}
		Counterparties []struct {
			Party struct{ Address string }
			In    int `json:"transfers_in"`
			Out   int `json:"transfers_out"`
		}
		Peers int
	}
	Transfers []struct {
		Position, Direction, Kind, Asset, Statement string
		Block                                       uint32
		AmountRaw                                   string `json:"amount_raw"`
		TxHash                                      string `json:"tx_hash"`
	}
	Scanned int
	Next    string
	Events  []struct{ Kind, Statement string }
}

// end is where stolen value ended in the script.
func (w *world) end(reason string) graph.Address {
	for _, e := range w.ethereum.Truth.Ends {
		if string(e.Reason) == reason && !e.Address.IsZero() {
			return e.Address
		}
	}
	panic("no end " + reason)
}

func TestAddress(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	exchange := w.end("exchange")
	got := read[addressJSON](c, addressPath(exchange))
	if got.Address != exchange.String() || got.Entries.Count == 0 || got.Entries.Count != len(got.Transfers) || got.Next != "" {
		t.Errorf("got %+v", got)
	}
	if len(got.Labels) != 1 || got.Labels[0].Statement != "attributed" || got.Labels[0].Source != "synthetic script" {
		t.Errorf("labels %+v", got.Labels)
	}
	// The sums are those of the transfers, exactly.
	for _, b := range got.Sums.Balances {
		net := new(big.Int)
		for _, x := range got.Transfers {
			n, _ := new(big.Int).SetString(x.AmountRaw, 10)
			switch {
			case x.Asset != b.Asset:
			case x.Direction == "in":
				net.Add(net, n)
			default:
				net.Sub(net, n)
			}
		}
		if net.String() != b.NetRaw {
			t.Errorf("%s: net %s, the transfers come to %s", b.Asset, b.NetRaw, net)
		}
	}
	page := c.page(addressPath(exchange))
	for _, want := range []string{exchange.String(), "Demo Exchange", "attributed", "derived", "fact", "In less out", `rel="stylesheet"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	// The same by CAIP-2 id, and as CSV by suffix, parameter and header.
	byID := read[addressJSON](c, "/address/eip155:1/"+exchange.String())
	if byID.Entries != got.Entries {
		t.Errorf("by id %+v", byID.Entries)
	}
	suffix := c.ask("GET", addressPath(exchange)+".csv", "")
	parameter := c.ask("GET", addressPath(exchange)+"?format=csv", "", html)
	header := c.ask("GET", addressPath(exchange), "", "Accept: text/csv")
	if suffix.body != parameter.body || suffix.body != header.body || suffix.header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("CSV differs by way of asking: %q", suffix.header)
	}
	rows, err := csv.NewReader(strings.NewReader(suffix.body)).ReadAll()
	if err != nil || len(rows) != len(got.Transfers)+1 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

// Pages of any size are the whole history, each entry once, and no page ends
// between the two entries of a transfer to itself.
func TestAddressPages(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	for _, a := range []graph.Address{w.end("exchange"), w.victim, w.ethereum.Truth.Ends[0].Address} {
		whole := read[addressJSON](c, addressPath(a)+"?limit=500")
		for _, limit := range []int{1, 2, 3, 7} {
			var got []string
			cursor := ""
			for range 1000 {
				part := read[addressJSON](c, fmt.Sprintf("%s?limit=%d&cursor=%s", addressPath(a), limit, cursor))
				for _, x := range part.Transfers {
					got = append(got, x.Position+x.Direction)
				}
				if part.Sums != nil && len(part.Sums.Balances) != len(whole.Sums.Balances) {
					t.Fatal("a cursor changes the sums")
				}
				if cursor = part.Next; cursor == "" {
					break
				}
			}
			var want []string
			for _, x := range whole.Transfers {
				want = append(want, x.Position+x.Direction)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s by %d: %v, want %v", a, limit, got, want)
			}
		}
	}
}

func TestAddressFilters(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	a := w.end("exchange")
	whole := read[addressJSON](c, addressPath(a))
	mid := whole.Transfers[len(whole.Transfers)/2]
	for _, query := range []string{
		"direction=in", "direction=out", "asset=native", "kind=token", "kind=native", "min_raw=1000000000000000000",
		fmt.Sprintf("from_block=%d", mid.Block), fmt.Sprintf("to_block=%d", mid.Block), "direction=in&asset=native&min_raw=1",
	} {
		q, _ := url.ParseQuery(query)
		want := 0
		smallest, _ := new(big.Int).SetString("0"+q.Get("min_raw"), 10)
		for _, x := range whole.Transfers {
			n, _ := new(big.Int).SetString(x.AmountRaw, 10)
			from, to := uint32(0), ^uint32(0)
			fmt.Sscan(q.Get("from_block"), &from) //nolint:errcheck // absent
			fmt.Sscan(q.Get("to_block"), &to)     //nolint:errcheck // absent
			if (q.Get("direction") == "" || q.Get("direction") == x.Direction) && (q.Get("asset") == "" || q.Get("asset") == x.Asset) &&
				(q.Get("kind") == "" || q.Get("kind") == x.Kind) && n.Cmp(smallest) >= 0 && x.Block >= from && x.Block <= to {
				want++
			}
		}
		if got := read[addressJSON](c, addressPath(a)+"?"+query); len(got.Transfers) != want {
			t.Errorf("%s: %d transfers, want %d", query, len(got.Transfers), want)
		}
	}
	day := read[addressJSON](c, addressPath(a)+"?since=2026-01-01&until=2026-01-01")
	if len(day.Transfers) != len(whole.Transfers) {
		t.Errorf("the day of the incident has %d transfers", len(day.Transfers))
	}
	if none := read[addressJSON](c, addressPath(a)+"?until=2025-12-31"); len(none.Transfers) != 0 || none.Entries.Count == 0 {
		t.Errorf("the year before has %d transfers", len(none.Transfers))
	}
}

// A history that is too long is counted, not read: no sums of the whole, but of
// a range that was chosen, and pages that stop at the budget and go on.
func TestSupernode(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, func(config *web.Config) { config.Limits.Scan = 5 })
	a := w.ethereum.Truth.Seeds[0].To
	got := read[addressJSON](c, addressPath(a))
	if got.Sums != nil || got.Entries.Count <= 5 || got.Scanned != 5 || got.Next == "" {
		t.Fatalf("got %+v", got)
	}
	if page := c.page(addressPath(a)); !strings.Contains(page, "too long to be summed up") || !strings.Contains(page, "Later transfers") {
		t.Error("the page does not say so")
	}
	part := read[addressJSON](c, fmt.Sprintf("%s?from_block=%d&to_block=%d", addressPath(a), got.Transfers[0].Block, got.Transfers[0].Block))
	if part.Sums == nil || len(part.Sums.Balances) == 0 {
		t.Errorf("a range of one block has no sums: %+v", part)
	}
	// A filter that admits little goes on from its cursor and finds all of it.
	found, cursor := 0, ""
	for range 100 {
		part := read[addressJSON](c, addressPath(a)+"?direction=in&cursor="+cursor)
		found += len(part.Transfers)
		if cursor = part.Next; cursor == "" {
			break
		}
	}
	all := read[addressJSON](w.serve(t, nil), addressPath(a)+"?direction=in&limit=500")
	if found == 0 || found != len(all.Transfers) {
		t.Errorf("%d found in parts, %d at once", found, len(all.Transfers))
	}
}

func TestTx(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	seed := w.ethereum.Truth.Seeds[0]
	hash := seed.Tx.Text(graph.AccountFamily)
	got := read[struct {
		Transactions []struct {
			Transfers []struct{ Statement string }
			Net       []struct {
				Party     struct{ Address string }
				Asset     string
				NetRaw    string `json:"net_raw"`
				Statement string
			}
		}
	}](c, "/tx/ethereum/"+hash)
	if len(got.Transactions) != 1 {
		t.Fatalf("got %+v", got)
	}
	gained := ""
	for _, n := range got.Transactions[0].Net {
		if n.Party.Address == seed.To.String() && n.Asset == seed.Asset.Text() {
			gained = n.NetRaw
		}
		if n.Statement != "derived" {
			t.Errorf("the net view is %s", n.Statement)
		}
	}
	if gained == "" || gained[0] == '-' {
		t.Errorf("the thief gained %q of %s", gained, seed.Amount.Dec())
	}
	for _, x := range got.Transactions[0].Transfers {
		if x.Statement != "fact" {
			t.Errorf("a movement is %s", x.Statement)
		}
	}
	page := c.page("/tx/ethereum/" + hash)
	for _, want := range []string{seed.To.String(), "↓ gained", "↑ gave", "Trace what it took", "Movements in order"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	c.expect("/tx/ethereum/"+hash+".csv", 200, "tx_hash,tx_index,position", hash)
	c.expect("/tx/bitcoin/"+w.bitcoin.Truth.Seeds[0].Tx.String(), 200, "input", "output")
	c.expect("/tx/ethereum/"+strings.Repeat("ab", 32), 404, "not in the store")
	c.expect("/tx/ethereum/nonsense", 422, "not a hash")
	c.expect("/tx/dogecoin/"+hash, 422, "unknown chain")
	c.expect("/tx/polygon/"+hash, 404)
}

func TestBlock(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	view := must(must(w.store.Ledger(t.Context(), graphtest.Ethereum())).View(t.Context()))
	tip := must(view.Tip())
	type blockJSON struct {
		Hash         string `json:"block_hash"`
		Size, Next   int
		Transactions []struct {
			TxHash string `json:"tx_hash"`
		}
	}
	path := fmt.Sprintf("/block/ethereum/%d", tip.Height)
	whole := read[blockJSON](c, path)
	if whole.Size != len(whole.Transactions) || whole.Hash != tip.Hash.Text(graph.AccountFamily) {
		t.Errorf("got %+v", whole)
	}
	one := read[blockJSON](c, path+"?limit=1")
	if whole.Size > 1 && (one.Next != 1 || len(one.Transactions) != 1) {
		t.Errorf("a page of one: %+v", one)
	}
	c.expect(path+".csv", 200, "tx_hash")
	if page := c.page(path); !strings.Contains(page, whole.Hash) {
		t.Error("the page has no hash")
	}
	c.expect("/block/ethereum/1", 404)
	c.expect("/block/ethereum/4294967296", 422)
}

func TestCoverage(t *testing.T) {
	c := newWorld(t).serve(t, nil)
	got := read[struct {
		Chains []struct {
			Alias     string
			Transfers uint64
			Coverage  []struct{ Transfers, Source string }
		}
	}](c, "/coverage")
	if len(got.Chains) != 3 || got.Chains[0].Transfers == 0 || len(got.Chains[0].Coverage) == 0 {
		t.Errorf("got %+v", got)
	}
	c.expect("/coverage.csv", 200, "chain,address,from_block")
	if page := c.page("/coverage"); !strings.Contains(page, "■ full") || !strings.Contains(page, "Bitcoin") {
		t.Error("the page does not tell what was read")
	}
}

func TestSearch(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	type searchJSON struct {
		Hits    []struct{ Asked, Kind, Chain, URL string }
		Missing []string
		Cut     int
	}
	exchange, hash := w.end("exchange"), w.ethereum.Truth.Seeds[0].Tx.Text(graph.AccountFamily)
	ask := func(q string) searchJSON { return read[searchJSON](c, "/search?"+url.Values{"q": {q}}.Encode()) }
	got := ask(exchange.String() + "\n" + hash + ", 99000001 ; nobody-knows bitcoin:" + hash)
	var kinds []string
	for _, h := range got.Hits {
		kinds = append(kinds, h.Kind)
		if r := c.ask("GET", h.URL, ""); r.status != http.StatusOK {
			t.Errorf("%s: %d", h.URL, r.status)
		}
	}
	if fmt.Sprint(kinds) != "[address transaction block]" || len(got.Missing) != 2 {
		t.Errorf("kinds %v, missing %q", kinds, got.Missing)
	}
	if got := ask("demo exchange"); len(got.Hits) == 0 || got.Hits[0].Kind != "label" {
		t.Errorf("a label of two words: %+v", got)
	}
	if got := ask(strings.Repeat("1 ", 80)); got.Cut != 30 {
		t.Errorf("%d cut", got.Cut)
	}
	one := c.ask("GET", "/search?q="+exchange.String(), "", html)
	if one.status != http.StatusSeeOther || one.header.Get("Location") != addressPath(exchange) {
		t.Errorf("one hit: %d %s", one.status, one.header.Get("Location"))
	}
	c.expect("/search.csv?q="+hash, 200, "asked,kind,chain,name,url", hash)
	c.page("/search")
	c.page("/")
	if r := c.ask("GET", "/search?q="+strings.Repeat("a", 9000), ""); r.status != http.StatusUnprocessableEntity {
		t.Errorf("a search of 9000 letters: %d", r.status)
	}
}

// The description of the API is there, and knows every address that pages link.
func TestOpenAPI(t *testing.T) {
	c := newWorld(t).serve(t, nil)
	var spec struct {
		OpenAPI string
		Paths   map[string]map[string]any
	}
	r := c.ask("GET", "/openapi.json", "")
	if err := json.Unmarshal([]byte(r.body), &spec); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(spec.OpenAPI, "3.1") {
		t.Errorf("version %q", spec.OpenAPI)
	}
	for _, path := range []string{"/search", "/address/{chain}/{address}", "/tx/{chain}/{hash}", "/block/{chain}/{height}", "/coverage", "/cases", "/cases/{slug}", "/traces", "/traces/{id}", "/traces/{id}/progress", "/traces/{id}/cancel", "/traces/{id}/evidence/{table}"} {
		if len(spec.Paths[path]) == 0 {
			t.Errorf("%s is not described", path)
		}
	}
	c.expect("/openapi.yaml", 200, "openapi: 3.1")
	if strings.Contains(r.body, `"$ref":"http`) || strings.Contains(r.body, `"servers"`) {
		t.Error("it needs another host")
	}
}

// TestForm: how a Bitcoin transaction was written is shown as its block tells it,
// and as unknown where nothing told it.
func TestForm(t *testing.T) {
	w := newWorld(t)
	w.store = graphtest.NewModel()
	chain := graph.ChainOf(graph.Bitcoin)
	blocks := graphtest.Payments(chain, 2)
	blocks[1].Txs[0].Form = graph.Form{Known: true, Version: 2, LockTime: 820000, Size: 141, Replaceable: graph.Yes}
	if err := must(w.store.Ledger(t.Context(), chain)).Apply(t.Context(), blocks...); err != nil {
		t.Fatal(err)
	}
	c := w.serve(t, nil)
	for i, want := range []string{"Form: unknown", "Form: version 2, locked up to block 820000, 141 virtual bytes, replaceable: yes"} {
		path := "/tx/bitcoin/" + blocks[i].Txs[0].Hash.Text(chain.Family)
		if page := c.page(path); !strings.Contains(page, want) {
			t.Errorf("the page of %d has no %q", i, want)
		}
		got := read[struct {
			Transactions []struct{ Form *report.FormRow }
		}](c, path)
		if f := got.Transactions[0].Form; f == nil || f.Known != (i == 1) || f.Known && (*f.Version != 2 || *f.LockTime != 820000 || !*f.Replaceable || f.LowR != nil) {
			t.Errorf("the form of %d is %+v", i, f)
		}
	}
}
