package ethereum_test

import (
	"testing"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/trace"
)

// TestRealDepartureEndToEnd follows a real sending over Hop, transaction
// f673e90c of block 17173050, from its export through decoder, store, link and
// traces both ways. Its logs are the bridge's own; two departures are stated,
// Hop's and that of the message to Arbitrum by which Hop sends. The arrival is
// made up of what the departure says: its key, and of the ether the least that
// must arrive.
func TestRealDepartureEndToEnd(t *testing.T) {
	dir := graphtest.Data(t, "eth-blocks", "etl", "blocks_17173049_17173050")
	blocks, _, _, err := etlBlocks(t, mustChain(t, "ethereum"), dir)
	if err != nil {
		t.Fatal(err)
	}
	var sent graph.Event
	var tx graph.Hash
	for _, b := range blocks {
		for _, x := range b.Txs {
			for _, e := range x.Events {
				if e.Protocol == "hop-l1" {
					sent, tx = e, x.Hash
				}
			}
		}
	}
	arbitrum := mustChain(t, "eip155:42161")
	recipient, err := graph.AddressFromBytes(arbitrum.ID, []byte(sent.Far.Recipient))
	if err != nil {
		t.Fatal(err)
	}
	var least graph.Amount
	least.SetBytes([]byte(sent.Key)[64:96]) // amountOutMin, the third word
	pool, err := graph.AddressFromBytes(arbitrum.ID, make([]byte, 19, 20)[:20])
	if err != nil {
		t.Fatal(err)
	}
	arrived := graph.Block{Header: graph.Header{Height: 87_000_000, Time: blocks[len(blocks)-1].Time + 700}, Source: "made up",
		Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full},
		Txs: []graph.Tx{{Hash: graph.Hash{42}, Transfers: []graph.Transfer{{Kind: graph.KindInternal, From: pool, To: recipient, Asset: arbitrum.Native(), Amount: least}},
			Events: []graph.Event{{Seq: 1, Kind: graph.Arrival, Protocol: sent.Protocol, Emitter: pool, Subject: recipient, Asset: arbitrum.Native(), Amount: least, Key: sent.Key}}}}}
	store := graphtest.NewModel()
	views := make(map[graph.ChainID]graph.View)
	for chain, list := range map[graph.ChainID][]graph.Block{graph.Ethereum: blocks, arbitrum.ID: {arrived}} {
		l, err := store.Ledger(t.Context(), graph.ChainOf(chain))
		if err == nil {
			err = l.Apply(t.Context(), list...)
		}
		if err == nil {
			views[chain], err = l.View(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []trace.Case{
		{Seeds: []string{"ethereum:0x" + tx.String() + ":call:0"}},
		{Direction: trace.Backward, Seeds: []string{"eip155:42161:0x" + graph.Hash{42}.String() + ":row:0"}},
	} {
		result, err := trace.Run(t.Context(), views, c, trace.Known{})
		if err != nil {
			t.Fatal(err)
		}
		if len(result.Passages) != 1 {
			t.Fatalf("%v: passages %+v", c.Seeds, result.Passages)
		}
		p := &result.Passages[0]
		if !p.Crossed || p.Sent.Dec() != "240303127714435604" || p.TaintedOut != p.Sent || p.Delivered != least || p.TaintedIn != least || p.Arrival.Subject != recipient || p.Departure.Tx != tx {
			t.Errorf("%v: %+v", c.Seeds, p)
		}
		if result.Backward() {
			if len(result.Stops) != 1 || result.Stops[0].Address.String() != "0xafF2d179ec048f136B3E2036363B4bDc80d05d86" || result.Stops[0].Tainted != p.Sent {
				t.Errorf("sources %+v, want all of the sender", result.Stops)
			}
		} else if len(result.Stops) != 1 || result.Stops[0].Address != recipient || result.Stops[0].Tainted != least {
			t.Errorf("ends %+v, want all at the recipient", result.Stops)
		}
	}
	if least.Dec() != "239126664701532396" {
		t.Errorf("least amount %s", least.Dec())
	}
}
