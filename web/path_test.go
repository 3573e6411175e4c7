package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"spoor/cluster/passage"
	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/report"
	"spoor/trace"
	"spoor/web"
)

type pathJSON struct {
	Paths, Entries int
	Cut            bool
	Legs           []report.LegRow
	Services       []struct{ Address string }
}

func pathQuery(from, to graph.Address, more ...string) string {
	q := url.Values{"from": {graph.ChainOf(from.Chain).Alias + ":" + from.String()}, "to": {string(to.Chain) + ":" + to.String()}}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return "/path?" + q.Encode()
}

// What is found is what the command line finds.
func TestPath(t *testing.T) {
	w := newWorld(t)
	c := w.serve(t, nil)
	reading := must(w.config(t).Open(t.Context()))
	for _, test := range []struct {
		from, to graph.Address
		most     int
	}{
		{w.ethereum.Truth.Seeds[0].To, w.end("exchange"), 1}, {w.ethereum.Truth.Seeds[0].To, w.end("exchange"), 3}, {w.end("exchange"), w.ethereum.Truth.Seeds[0].To, 1},
		{w.bitcoin.Truth.Seeds[0].To, w.bitcoin.Truth.Ends[0].Address, 2},
	} {
		chain := graph.ChainOf(test.from.Chain)
		view := must(must(w.store.Ledger(t.Context(), chain)).View(t.Context()))
		found := must(trace.Paths(t.Context(), view, trace.PathQuery{From: test.from, To: test.to, Most: test.most, MaxEntries: 1_000_000, Labels: reading.Labels}))
		got := read[pathJSON](c, pathQuery(test.from, test.to, "k", string(rune('0'+test.most))))
		if got.Paths != len(found.Paths) || got.Entries != found.Entries || len(got.Services) != len(found.Services) || !reflect.DeepEqual(got.Legs, report.LegRows(chain, &found)) {
			t.Errorf("%s to %s: %d paths of %d legs, want %d", test.from, test.to, got.Paths, len(got.Legs), len(found.Paths))
		}
	}
	from, to := w.ethereum.Truth.Seeds[0].To, w.end("exchange")
	if got := read[pathJSON](c, pathQuery(from, to)); got.Paths == 0 || len(got.Legs) < 2 {
		t.Fatalf("no path to look at: %+v", got)
	}
	if page := c.page(pathQuery(from, to)); !strings.Contains(page, to.String()) || !strings.Contains(page, "Width of the path") {
		t.Error("the page has no path")
	}
	c.expect(strings.Replace(pathQuery(from, to), "/path", "/path.csv", 1), 200, "path,leg,chain,asset", to.String())
	if page := c.page("/path"); !strings.Contains(page, `name="from"`) {
		t.Error("no form")
	}
	if got := read[pathJSON](c, pathQuery(from, to, "max_entries", "1")); !got.Cut {
		t.Errorf("one movement is enough: %+v", got)
	}
	for _, wrong := range []string{"/path", "/path?from=ethereum:0x1", pathQuery(from, from), pathQuery(from, w.victim), pathQuery(from, to, "k", "21"), pathQuery(from, to, "k", "0"), pathQuery(from, to, "max_entries", "5000001"),
		pathQuery(from, to, "after", "never"), pathQuery(from, to, "asset", "x"), pathQuery(from, to, "service_transfers", "-2"), "/path?from=0x1&to=0x2"} {
		c.expect(wrong, 422)
	}
	c.expect(pathQuery(from, graphtest.Account(graph.ChainOf(graph.Ethereum), 7777)), 404)
}

// Those who search while as many do as may are told to try again.
func TestTooManySearches(t *testing.T) {
	w := newWorld(t)
	entered, gate := make(chan struct{}, 2), make(chan struct{})
	c := w.serve(t, func(config *web.Config) {
		config.Limits.Searches = 1
		config.Open = web.Gate(config.Open, func() { entered <- struct{}{}; <-gate })
	})
	done := make(chan reply)
	go func() { done <- c.ask("GET", "/bridges", "") }()
	<-entered
	r := c.ask("GET", "/bridges", "")
	c.holds("a second", r, http.StatusServiceUnavailable, "try again")
	if r.header.Get("Retry-After") == "" {
		t.Error("when?")
	}
	close(gate)
	if r := <-done; r.status != 200 {
		t.Errorf("the first: %d", r.status)
	}
	c.expect("/bridges", 200)
}

// bridged adds passages between two chains to a store: four with a key, of which
// one is released again, one without, one that nobody locked, one that has not
// arrived.
func bridged(t *testing.T, store graph.Store) {
	t.Helper()
	const day = 24 * 3600
	ethereum, polygon := graph.ChainOf("eip155:56"), graph.ChainOf("eip155:137")
	blocks := map[graph.ChainID][]graph.Block{}
	who := func(c graph.Chain, n byte) graph.Address { return graph.EVMAddress(c.ID, [20]byte{0xB1, 19: n}) }
	move := func(c graph.Chain, at int64, from, to byte, n uint64, events ...graph.Event) {
		height := uint32(len(blocks[c.ID]) + 1)
		tr := graph.Transfer{Kind: graph.KindNative, From: who(c, from), To: who(c, to), Asset: c.Native(), Amount: graph.Amount{n}}
		for i := range events {
			events[i].Seq = 5
			events[i].Asset, events[i].Emitter, events[i].Protocol, events[i].Amount = c.Native(), who(c, 90), "hop", graph.Amount{n}
		}
		blocks[c.ID] = append(blocks[c.ID], graph.Block{Header: graph.Header{Height: height, Hash: graphtest.Hash(c.Alias + string(rune(height))), Time: at}, Source: "test",
			Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full},
			Txs:  []graph.Tx{{Hash: graphtest.Hash("tx" + c.Alias + string(rune(height))), Transfers: []graph.Transfer{tr}, Events: events}}})
	}
	leaves := func(at int64, sender, recipient byte, n uint64, key, chain string) {
		move(ethereum, at, sender, 90, n, graph.Event{Kind: graph.Departure, Subject: who(ethereum, sender), Key: key, Far: graph.Far{Chain: chain, Recipient: string(who(polygon, recipient).Bytes())}})
	}
	comes := func(at int64, recipient byte, n uint64, key string) {
		move(polygon, at, 90, recipient, n, graph.Event{Kind: graph.Arrival, Subject: who(polygon, recipient), Key: key, Far: graph.Far{Chain: string(ethereum.ID)}})
	}
	at := int64(1_700_000_000)
	move(ethereum, at, 1, 2, 5000)
	move(polygon, at, 1, 90, 50_000)
	at += 9 * day
	for i := byte(2); i < 6; i++ {
		leaves(at+int64(i), i, i, 1000*uint64(i), "k"+string('0'+rune(i)), string(polygon.ID))
		comes(at+300+int64(i), i, 999*uint64(i), "k"+string('0'+rune(i)))
	}
	leaves(at+90, 7, 7, 2500, "", string(polygon.ID))
	leaves(at+100, 8, 8, 777, "k8", strings.ToValidUTF8(hostile, ""))
	comes(at+390, 7, 2498, "")
	comes(at+400, 5, 4995, "k5")
	comes(at+410, 9, 6000, "k9")
	for _, c := range []graph.Chain{ethereum, polygon} {
		if err := must(store.Ledger(t.Context(), c)).Apply(t.Context(), blocks[c.ID]...); err != nil {
			t.Fatal(err)
		}
	}
}

type bridgesJSON struct {
	Linked, Matched, Anomalies, Size, Next int
	Departures                             int `json:"departures_alone"`
	Arrivals                               int `json:"arrivals_alone"`
	Passages                               []report.PassageRow
	Placebo                                *struct{ Departures int }
}

// What is listed is what the command line lists.
func TestBridges(t *testing.T) {
	w := newWorld(t)
	bridged(t, w.store)
	c := w.serve(t, nil)
	var sides []passage.Side
	seen := map[graph.ChainID]passage.Span{}
	for _, chain := range must(w.store.Chains(t.Context())) {
		view := must(must(w.store.Ledger(t.Context(), chain)).View(t.Context()))
		stated, span, is, err := passage.Read(t.Context(), chain, view, 0)
		if err != nil {
			t.Fatal(err)
		}
		if sides = append(sides, stated...); is {
			seen[chain.ID] = span
		}
	}
	found := passage.Look(sides, seen)
	want := map[string][]report.PassageRow{"passages": {}, "anomalies": {}, "unmatched": {}}
	for i := range found.Links {
		want["passages"] = append(want["passages"], report.LinkedPassage(&found.Links[i]))
	}
	for i := range found.Matches {
		want["passages"] = append(want["passages"], report.LinkedPassage(&found.Matches[i]))
	}
	for i := range found.Anomalies {
		want["anomalies"] = append(want["anomalies"], report.OddPassage(&found.Anomalies[i]))
	}
	alone := found.Alone()
	for i := range alone {
		want["unmatched"] = append(want["unmatched"], report.LonePassage(&alone[i]))
	}
	if len(found.Links) < 4 || len(found.Anomalies) < 2 || len(alone) == 0 {
		t.Fatalf("%d links, %d anomalies, %d alone", len(found.Links), len(found.Anomalies), len(alone))
	}
	for show, rows := range want {
		got := read[bridgesJSON](c, "/bridges?limit=1000&show="+show)
		text := func(rows []report.PassageRow) string {
			return string(must(json.Marshal(rows)))
		}
		if got.Size != len(rows) || got.Linked != len(found.Links) || got.Anomalies != len(found.Anomalies) || text(got.Passages) != text(rows) {
			t.Errorf("%s: %d rows, want %d:\n%s\n%s", show, got.Size, len(rows), text(got.Passages), text(rows))
		}
		pages := 0
		for after := 0; ; pages++ {
			page := read[bridgesJSON](c, "/bridges?limit=1&show="+show+"&after="+string(must(json.Marshal(after))))
			if len(page.Passages) > 1 {
				t.Errorf("%s: %d rows of one", show, len(page.Passages))
			}
			if after = page.Next; after == 0 {
				break
			}
		}
		if pages+1 != len(rows) {
			t.Errorf("%s: %d pages, want %d", show, pages+1, len(rows))
		}
		rowsCSV := c.expect("/bridges.csv?limit=1&show="+show, 200, "status,bridge,src_time")
		if strings.Count(rowsCSV.body, "\r\n") != 1+len(rows) {
			t.Errorf("%s: %s", show, rowsCSV.body)
		}
		page := c.page("/bridges?show=" + show)
		if strings.Contains(page, "<script>") || strings.Contains(page, "\u202e") {
			t.Errorf("%s: the page has what strangers wrote as it is", show)
		}
	}
	if got := read[bridgesJSON](c, "/bridges?chain=optimism"); got.Size != 0 || got.Linked == 0 {
		t.Errorf("of a chain without: %+v", got)
	}
	for _, wrong := range []string{"show=all", "chain=nowhere", "limit=1001", "after=-1"} {
		c.expect("/bridges?"+wrong, 422)
	}
	small := w.serve(t, func(config *web.Config) { config.Limits.Scan = 1 })
	small.expect("/bridges", 422, "spoor bridges lists all")
}
