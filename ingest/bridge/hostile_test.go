package bridge_test

import (
	"runtime"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
	"spoor/ingest/bridge"
)

// Data full of lengths and offsets that point everywhere, or to too much, must
// not cost more memory than a small multiple of themselves.
func TestHostileSizes(t *testing.T) {
	for _, fill := range []func(i int) []byte{
		func(int) []byte { return cat(n(32)) },
		func(i int) []byte { return cat(n(int64(32 * i))) },
		func(int) []byte { return cat(n(1 << 40)) },
		func(int) []byte { return common.MaxHash[:] },
		func(i int) []byte { return cat(n(int64(i % 64 * 32))) },
		func(int) []byte { return cat(n(64 << 10)) },
	} {
		var data []byte
		for i := range 4096 {
			data = append(data, fill(i)...)
		}
		for _, p := range bridge.Table() {
			for _, r := range p.Events {
				e, err := bridge.ParseEvent(r.Event)
				if err != nil {
					t.Fatal(err)
				}
				l := bridge.Log{Address: common.HexToAddress(listed(p, r)), Topics: []common.Hash{e.ID}, Data: data}
				for _, in := range e.Inputs {
					if in.Indexed {
						l.Topics = append(l.Topics, common.Hash{})
					}
				}
				tx := on(chainOf(p, r), hashA, l)
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				sound(t, tx)
				runtime.ReadMemStats(&after)
				if got := after.TotalAlloc - before.TotalAlloc; got > 16*uint64(len(data)) {
					t.Errorf("%s %s: %d bytes for %d of data", p.Name, e.Name, got, len(data))
				}
			}
		}
	}
}

// listed is an emitter that proves a row, and chainOf the chain it is on.
func listed(p bridge.Protocol, r bridge.Row) string {
	if chain := chainOf(p, r); len(p.Emitters[r.From][chain]) > 0 {
		return p.Emitters[r.From][chain][0]
	}
	for _, a := range p.Emitters[r.From]["*"] {
		return a
	}
	return "0x666"
}

func chainOf(p bridge.Protocol, r bridge.Row) string {
	for _, chain := range []string{"1", "10", "137", "42161", "2020"} {
		if len(p.Emitters[r.From][chain]) > 0 {
			return chain
		}
	}
	return "1"
}

// An event with the topic of a bridge and any shape, by the bridge itself, is
// reported; and by nobody known it proves nothing.
func TestUnreadIsReported(t *testing.T) {
	pool := "0x5c7BCd6E7De5423a257D81B442095A1a6ced35C5"
	l := emit(t, "across-v3", "FundsDeposited", pool, word(token), word(mirror), n(1000), n(990), n(42161), n(5), uint32(1), uint32(2), uint32(0), word(alice), word(bob), [32]byte{}, []byte{})
	l.Data = l.Data[:64]
	events, unread := bridge.Events(on("1", hashA, l))
	if len(events) != 0 || len(unread) != 1 || unread[0].Protocol != "across-v3" || unread[0].Err == nil || unread[0].Seq.String() != "log:10" {
		t.Errorf("%v, %v", events, unread)
	}
	if events, unread := bridge.Events(&bridge.Tx{Chain: "bip122:000000000019d6689c085ae165831e93", Logs: []bridge.Log{l}}); len(events)+len(unread) != 0 {
		t.Errorf("on Bitcoin: %v, %v", events, unread)
	}
}

// The same contract address is a messenger on one chain and a pool on another.
func TestEmittersAreOfTheirChain(t *testing.T) {
	// A listed pool of Ethereum, on Polygon.
	l := emit(t, "across-v3", "FundsDeposited", "0x5c7BCd6E7De5423a257D81B442095A1a6ced35C5", word(token), word(mirror), n(1000), n(990), n(1), n(5), uint32(1), uint32(2), uint32(0), word(alice), word(bob), [32]byte{}, []byte{})
	events, _ := bridge.Events(on("137", hashA, l))
	if len(events) != 1 || events[0].Protocol != "across-v3?" {
		t.Errorf("%v", events)
	}
	// Synapse's RFQ has one address everywhere but on Scroll.
	for chain, want := range map[string]string{"1": "synapse-rfq", "534352": "synapse-rfq?"} {
		events, _ := bridge.Events(on(chain, hashA, emit(t, "synapse-rfq", "BridgeRelayed", "0x5523D3c98809DdDB82C686E152F5C58B1B0fB59E", key, nobody, bob, uint32(10), token, mirror, n(100), n(99), n(0))))
		if len(events) != 1 || events[0].Protocol != want {
			t.Errorf("%s: %v", chain, events)
		}
	}
}

// Under the number of a genuine deposit anybody can pay somebody else.
func TestForeignFillIsAnotherKey(t *testing.T) {
	fill := func(recipient [32]byte, amount int64) bridge.Log {
		return emit(t, "across-v3", "FilledRelay", "0xe35e9842fceaCA96570B734083f4a58e8F7C5f2A", word(token), word(mirror), n(1000), n(amount), n(1), n(1), n(5), uint32(2), uint32(0), [32]byte{}, [32]byte{},
			word(alice), recipient, [32]byte{}, fillInfo{recipient, [32]byte{}, n(amount), 0})
	}
	out, _ := only(t, on("1", hashA, emit(t, "across-v3", "FundsDeposited", "0x5c7BCd6E7De5423a257D81B442095A1a6ced35C5", word(token), word(mirror), n(1000), n(990), n(42161), n(5), uint32(1), uint32(2), uint32(0),
		word(alice), word(bob), [32]byte{}, []byte{})), graph.Departure, "across-v3")
	for _, test := range []struct {
		log  bridge.Log
		same bool
	}{{fill(word(bob), 990), true}, {fill(word(alice), 990), false}, {fill(word(bob), 1), false}} {
		if in, _ := only(t, on("42161", hashB, test.log), graph.Arrival, "across-v3"); (in.Key == out.Key) != test.same {
			t.Errorf("%s and %s", describe(&in), describe(&out))
		}
	}
}
