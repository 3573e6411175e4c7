package bitcoin_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"spoor/graph"
	"spoor/ingest"
	"spoor/ingest/bitcoin"
)

// A memo in a data output is a passage through THORChain, as its writer says;
// what is no memo is none.
func TestMemos(t *testing.T) {
	chain := graph.ChainOf("bip122:0f9188f13cb7b2c71f2a335e3a4fc328")
	inbound := strings.Repeat("AB", 32)
	segwit, err := graph.ParseAddress(graph.ChainOf(graph.Bitcoin), "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4")
	if err != nil {
		t.Fatal(err)
	}
	one := coinbase(t, 1, 50*btc)
	for _, test := range []struct {
		memo           string
		kind           graph.EventKind
		far, recipient string
	}{
		{"=:ETH.USDC-0xA0B86991C6218B36C1D19D4A2E9EB0CE3606EB48:0xB0B0000000000000000000000000000000000002:1/1/0:wa:50", graph.Departure, "eip155:1", "b0b0000000000000000000000000000000000002"},
		{"SWAP:LTC.LTC:ltc1q", graph.Departure, "thorchain:LTC", hex.EncodeToString([]byte("ltc1q"))},
		{"=:e:thorname", graph.Departure, "eip155:1", ""},
		{"s:b:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4/x", graph.Departure, string(graph.Bitcoin), hex.EncodeToString(segwit.Bytes())},
		{"+:BTC.BTC:thor1", graph.Departure, string(graph.Bitcoin), ""},
		{"OUT:" + inbound, graph.Arrival, "", ""},
		{"REFUND:" + strings.ToLower(inbound), graph.Arrival, "", ""},
		{"OUT:AB", 0, "", ""},
		{"MIGRATE:1234", 0, "", ""},
		{"=:", 0, "", ""},
		{"hello: world", 0, "", ""},
	} {
		tx := pay(one, 0, 30*btc, 19*btc, 0)
		script, err := txscript.NewScriptBuilder().AddOp(txscript.OP_RETURN).AddData([]byte(test.memo)).Script()
		if err != nil {
			t.Fatal(err)
		}
		tx.TxOut[2].PkScript = script
		block := btcutil.NewBlock(mine(t, mine(t, regtest.GenesisBlock, one), coinbase(t, 2, 50*btc), tx))
		decoded, _, err := bitcoin.Decode(chain, 2, block, func(graph.OutPoint) (graph.Transfer, error) {
			out := graph.Transfer{Kind: graph.KindOutput, To: graph.ScriptAddress(chain.ID, one.TxOut[0].PkScript), Asset: chain.Native()}
			out.Amount.SetUint64(50 * btc)
			return out, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		got := decoded.Txs[1]
		if test.kind == 0 {
			if len(got.Events) != 0 {
				t.Errorf("%q: %v", test.memo, got.Events)
			}
			continue
		}
		if len(got.Events) != 1 {
			t.Fatalf("%q: %d events", test.memo, len(got.Events))
		}
		e := got.Events[0]
		sender, receiver := got.Transfers[0].From, got.Transfers[1].To
		key, who, other := string(got.Hash[:]), sender, receiver
		if test.kind == graph.Arrival {
			raw, _ := hex.DecodeString(inbound)
			key, who, other = string(raw), receiver, sender
		}
		if e.Kind != test.kind || e.Protocol != "thorchain?" || e.Key != key || e.Subject != who || e.Object != other || e.Amount.Uint64() != 30*btc ||
			e.Seq.String() != "out:2" || e.Far.Chain != test.far || hex.EncodeToString([]byte(e.Far.Recipient)) != test.recipient {
			t.Errorf("%q: %+v", test.memo, e)
		}
	}
}

// An export that has the scripts tells the same.
func TestMemosOfETL(t *testing.T) {
	one := coinbase(t, 1, 50*btc)
	tx := pay(one, 0, 30*btc, 19*btc, 0)
	script, err := txscript.NewScriptBuilder().AddOp(txscript.OP_RETURN).AddData([]byte("=:e:0xb0b0000000000000000000000000000000000002")).Script()
	if err != nil {
		t.Fatal(err)
	}
	tx.TxOut[2].PkScript = script
	first := mine(t, regtest.GenesisBlock, one)
	rows, txs := etlRows(t, []*wire.MsgBlock{regtest.GenesisBlock, first, mine(t, first, coinbase(t, 2, 51*btc), tx)}, true)
	blocks, _, err := readETL(t, ingest.Stop, bitcoin.Options{}, writeFile(t, lines(rows, txs), t.TempDir(), "all.json"))
	if err != nil || len(blocks) != 3 {
		t.Fatalf("%d blocks, %v", len(blocks), err)
	}
	got := blocks[2].Txs[1]
	if len(got.Events) != 1 || got.Events[0].Kind != graph.Departure || got.Events[0].Protocol != "thorchain?" || got.Events[0].Key != string(got.Hash[:]) ||
		hex.EncodeToString([]byte(got.Events[0].Far.Recipient)) != "b0b0000000000000000000000000000000000002" {
		t.Errorf("%+v", got.Events)
	}
}
