package main

import (
	"context"
	"crypto/sha256"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"spoor/cluster/passage"
	"spoor/graph"
	"spoor/graph/badger"
	"spoor/ingest/bridge"
)

// TestBridgeCertainty: what the table of bridges says of a key is what a link by
// it is worth.
func TestBridgeCertainty(t *testing.T) {
	for _, p := range bridge.Table() {
		want := map[string]int{"deterministic": passage.SureKey, "strong": passage.StrongKey, "keyless": passage.SureKey}[p.Certainty]
		if got := passage.KeyConfidence(p.Name); got != want {
			t.Errorf("%s is %s, and a link by its key has confidence %d", p.Name, p.Certainty, got)
		}
	}
}

// passages DIR: make a store of two chains with a bridge between them: four
// keyed passages, one of them stolen, one released again, one without a key, one
// that nobody locked, one that has not arrived.
func scriptPassages(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: passages dir")
	}
	const day = 24 * 3600
	ethereum, polygon := graph.ChainOf(graph.Ethereum), graph.ChainOf("eip155:137")
	blocks := map[graph.ChainID][]graph.Block{}
	who := func(c graph.Chain, n byte) graph.Address { return graph.EVMAddress(c.ID, [20]byte{0xB1, 19: n}) }
	move := func(c graph.Chain, at int64, from, to byte, n uint64, events ...graph.Event) {
		height := uint32(len(blocks[c.ID]) + 1)
		t := graph.Transfer{Kind: graph.KindNative, From: who(c, from), To: who(c, to), Asset: c.Native()}
		t.Amount.SetUint64(n)
		for i := range events {
			events[i].Seq = 5
			events[i].Asset, events[i].Emitter, events[i].Protocol = c.Native(), who(c, 90), "hop"
			events[i].Amount.SetUint64(n)
		}
		blocks[c.ID] = append(blocks[c.ID], graph.Block{Header: graph.Header{Height: height, Time: at}, Source: "passages",
			Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full},
			Txs:  []graph.Tx{{Hash: sha256.Sum256([]byte{c.Alias[0], byte(height)}), Transfers: []graph.Transfer{t}, Events: events}}})
	}
	leaves := func(at int64, sender, recipient byte, n uint64, key string) {
		move(ethereum, at, sender, 90, n, graph.Event{Kind: graph.Departure, Subject: who(ethereum, sender), Key: key,
			Far: graph.Far{Chain: string(polygon.ID), Recipient: string(who(polygon, recipient).Bytes())}})
	}
	comes := func(at int64, recipient byte, n uint64, key string) {
		move(polygon, at, 90, recipient, n, graph.Event{Kind: graph.Arrival, Subject: who(polygon, recipient), Key: key, Far: graph.Far{Chain: string(ethereum.ID)}})
	}
	at := int64(1_700_000_000)
	move(ethereum, at, 1, 2, 5000)
	move(polygon, at, 1, 90, 50_000)
	at += 9 * day
	leaves(at, 2, 3, 4000, "k1") // the stolen one
	leaves(at+60, 4, 4, 1000, "k2")
	leaves(at+70, 5, 5, 2000, "k3")
	leaves(at+80, 6, 6, 3000, "k4")
	leaves(at+90, 7, 7, 2500, "")
	leaves(at+100, 8, 8, 777, "k5")
	comes(at+300, 3, 3996, "k1")
	comes(at+360, 4, 999, "k2")
	comes(at+370, 5, 1998, "k3")
	comes(at+380, 6, 2997, "k4")
	comes(at+390, 7, 2498, "")
	comes(at+400, 6, 2997, "k4")
	comes(at+410, 9, 6000, "k9")
	move(ethereum, at+500, 1, 2, 1)
	store, err := badger.Open(ts.MkAbs(args[0]), badger.Options{Memory: 64 << 20})
	ts.Check(err)
	for _, c := range []graph.Chain{ethereum, polygon} {
		l, err := store.Ledger(context.Background(), c)
		ts.Check(err)
		ts.Check(l.Apply(context.Background(), blocks[c.ID]...))
	}
	ts.Check(store.Close())
}
