package bridge_test

import (
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"spoor/graph"
	"spoor/ingest/bridge"
)

// FuzzLog reads hostile data under every topic and of every listed emitter.
// Nothing may panic, and what comes out must be what a store takes.
func FuzzLog(f *testing.F) {
	type row struct {
		topic    common.Hash
		indexed  int
		chain    string
		emitters []string
	}
	var rows []row
	for _, p := range bridge.Table() {
		for _, r := range p.Events {
			e, err := bridge.ParseEvent(r.Event)
			if err != nil {
				f.Fatal(err)
			}
			indexed := 0
			for _, in := range e.Inputs {
				if in.Indexed {
					indexed++
				}
			}
			listed := row{e.ID, indexed, "1", []string{"0x666"}}
			for chain, addresses := range p.Emitters[r.From] {
				if len(addresses) > 0 && (chain == "1" || chain == "*" || listed.emitters[0] == "0x666") {
					listed.emitters = addresses
					if chain != "*" {
						listed.chain = chain
					}
				}
			}
			rows = append(rows, listed)
		}
	}
	f.Add(uint8(0), uint8(1), []byte{})
	f.Add(uint8(13), uint8(14), cat(n(32), n(1<<40)))
	f.Add(uint8(98), uint8(1), cat(n(32), n(-1+1<<62)))
	long := make([]byte, 4096)
	for i := 31; i < len(long); i += 32 {
		long[i] = byte(i % 256)
	}
	for i := range rows {
		f.Add(uint8(i), uint8(i+1), long)
	}
	f.Fuzz(func(t *testing.T, first, second uint8, data []byte) {
		var logs []bridge.Log
		tx := &bridge.Tx{Hash: hashA, From: alice, Input: data}
		for _, i := range []uint8{first, second, first} {
			r := rows[int(i)%len(rows)]
			l := bridge.Log{Index: len(logs), Address: common.HexToAddress(r.emitters[0]), Topics: []common.Hash{r.topic}, Data: data}
			for k := range r.indexed {
				var topic common.Hash
				if len(data) > 0 {
					copy(topic[len(topic)-min(len(data), 20):], data[k%len(data):])
				}
				l.Topics = append(l.Topics, topic)
			}
			tx.Chain = graph.ChainID("eip155:" + r.chain)
			logs = append(logs, l)
		}
		tx.Logs = logs
		sound(t, tx)
	})
}

// FuzzCall reads hostile call data under every selector that is read.
func FuzzCall(f *testing.F) {
	functions := []string{"relay(bytes,bytes[],address[],uint256[])", "mint(bytes,bytes[],address[],uint256[])", "withdraw(bytes,bytes[],address[],uint256[])",
		"anySwapInAuto(bytes32,address,address,uint256,uint256)", "verifyHeaderAndExecuteTx(bytes,bytes,bytes,bytes,bytes)", "completeTransfer(bytes)",
		"submitRetryable(bytes32,uint256,uint256,uint256,uint256,uint64,uint256,address,address,address,bytes)", ""}
	to := []string{"0x88DCDC47D2f83a99CF0000FDF667A468bB958a78", "0x3ee18B2214AFF97000D974cf647E7C347E8fa585", "0x000000000000000000000000000000000000006E"}
	chains := []graph.ChainID{"eip155:137", "eip155:1", "eip155:42161"}
	for i := range functions {
		f.Add(uint8(i), uint8(i), []byte{})
		f.Add(uint8(i), uint8(i), cat(n(32), n(1<<40), n(3)))
		f.Add(uint8(i), uint8(i+1), cat(n(32), n(4), []byte{0x0a, 0xff, 0xff, 0xff}))
	}
	f.Fuzz(func(t *testing.T, which, where uint8, data []byte) {
		name := functions[int(which)%len(functions)]
		if name != "" {
			data = append(crypto.Keccak256([]byte(name))[:4:4], data...)
		}
		callee := common.HexToAddress(to[int(where)%len(to)])
		tx := &bridge.Tx{Chain: chains[int(where)%len(to)], Hash: hashA, From: alice, To: &callee, Input: data, NoLogs: true, Type: 0x64 + which%8}
		tx.Value.SetUint64(uint64(where))
		sound(t, tx)
	})
}

// FuzzMemo reads hostile memos.
func FuzzMemo(f *testing.F) {
	for _, memo := range []string{"=:BTC.BTC:bc1q:0/1/0:wa:50", "OUT:" + hashA.Hex()[2:], "REFUND:00", "+:ETH.ETH", "=:r:thor1", ":::", "SWAP:AVAX.USDC-0x1/x:0xzz"} {
		f.Add(memo)
	}
	f.Fuzz(func(t *testing.T, memo string) {
		m, ok := bridge.ParseMemo(memo)
		if !ok && m != (bridge.Memo{}) {
			t.Errorf("%q is no memo and says %v", memo, m)
		}
		if len(m.Chain) > 255 || len(m.Recipient) > 255 || ok && !m.Out && m.Chain == "" {
			t.Errorf("%q says %v", memo, m)
		}
	})
}

// sound reads a transaction twice: what it states is valid and the same.
func sound(t *testing.T, tx *bridge.Tx) {
	t.Helper()
	events, _ := bridge.Events(tx)
	again, _ := bridge.Events(tx)
	if len(events) != len(again) {
		t.Fatalf("%d events and then %d", len(events), len(again))
	}
	for i := range events {
		if err := events[i].Validate(tx.Chain); err != nil {
			t.Errorf("%s: %v", describe(&events[i]), err)
		}
		if events[i] != again[i] {
			t.Errorf("%s and then %s", describe(&events[i]), describe(&again[i]))
		}
		if i > 0 && events[i-1].Seq > events[i].Seq {
			t.Errorf("out of order: %s before %s", events[i-1].Seq, events[i].Seq)
		}
	}
	if len(events) > 3*256+8 {
		t.Errorf("%d events of three logs", len(events))
	}
}
