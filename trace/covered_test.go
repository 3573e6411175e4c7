package trace_test

import (
	"testing"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/trace"
)

// TestNotCovered: in a ledger that was read on behalf of some addresses, value
// rests only where the history was read up to the tip; elsewhere it may have
// moved on.
func TestNotCovered(t *testing.T) {
	chain := graphtest.Ethereum()
	thief, read, unread := graphtest.Account(chain, 1), graphtest.Account(chain, 2), graphtest.Account(chain, 3)
	native := chain.Native()
	block := graph.Block{Header: graph.Header{Height: 10, Time: 100}, Know: graph.Knowledge{Transfers: graph.Partial}, Txs: []graph.Tx{
		{Index: 0, Hash: graphtest.Hash("theft"), Transfers: []graph.Transfer{{Seq: 0, Kind: graph.KindNative, From: graphtest.Account(chain, 9), To: thief, Asset: native, Amount: graph.Amount{100}}}},
		{Index: 1, Hash: graphtest.Hash("split"), Transfers: []graph.Transfer{
			{Seq: 0, Kind: graph.KindNative, From: thief, To: read, Asset: native, Amount: graph.Amount{60}},
			{Seq: 1, Kind: graph.KindNative, From: thief, To: unread, Asset: native, Amount: graph.Amount{40}}}},
	}}
	full := graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}
	cover := func(a graph.Address, to uint32) graph.Coverage {
		return graph.Coverage{Chain: chain.ID, Address: a, To: to, Know: full, Source: "explorer"}
	}
	for name, test := range map[string]struct {
		rows []graph.Coverage
		want map[graph.Address]trace.Reason
	}{
		"no history of its own":       {nil, map[graph.Address]trace.Reason{read: trace.StopAtRest, unread: trace.StopAtRest}},
		"one of two":                  {[]graph.Coverage{cover(thief, 10), cover(read, 10)}, map[graph.Address]trace.Reason{read: trace.StopAtRest, unread: trace.StopUncovered}},
		"one of them not to the tip":  {[]graph.Coverage{cover(read, 20), cover(unread, 9)}, map[graph.Address]trace.Reason{read: trace.StopAtRest, unread: trace.StopUncovered}},
		"both, one in part by a list": {[]graph.Coverage{cover(read, 10), {Chain: chain.ID, Address: unread, To: 10, Know: graph.Knowledge{Transfers: graph.Full}}}, map[graph.Address]trace.Reason{read: trace.StopAtRest, unread: trace.StopAtRest}},
	} {
		ledger, err := graphtest.NewModel().Ledger(t.Context(), chain)
		if err != nil {
			t.Fatal(err)
		}
		if err := ledger.Apply(t.Context(), block); err != nil {
			t.Fatal(err)
		}
		if err := ledger.Cover(t.Context(), test.rows...); err != nil {
			t.Fatal(err)
		}
		view, err := ledger.View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		done, err := trace.Run(t.Context(), map[graph.ChainID]graph.View{chain.ID: view}, trace.Case{Seeds: []string{"ethereum:" + block.Txs[0].Hash.Text(graph.AccountFamily)}}, trace.Known{})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range done.Stops {
			if want := test.want[s.Address]; s.Reason != want {
				t.Errorf("%s: value ends at %s as %s, want %s", name, s.Address, s.Reason, want)
			}
		}
		if len(done.Stops) != 2 {
			t.Errorf("%s: %d stops, want 2", name, len(done.Stops))
		}
	}
}
