package bridge_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest"
	"spoor/ingest/bridge"
	"spoor/ingest/ethereum"
)

// realTx is a row of an ethereum-etl export; others leave fields out.
type realTx struct {
	Hash  common.Hash     `json:"hash"`
	From  common.Address  `json:"from_address"`
	To    *common.Address `json:"to_address"`
	Input string          `json:"input"`
	Value json.Number     `json:"value"`
}

type realLog struct {
	Index   int            `json:"log_index"`
	Tx      common.Hash    `json:"transaction_hash"`
	Block   common.Hash    `json:"block_hash"`
	Address common.Address `json:"address"`
	Data    string         `json:"data"`
	Topics  []common.Hash  `json:"topics"`
}

// lines reads a gzipped file of JSON lines.
func lines[T any](t *testing.T, path string) []T {
	t.Helper()
	var out []T
	for d := json.NewDecoder(bytes.NewReader(unzipped(t, path))); d.More(); {
		var row T
		if err := d.Decode(&row); err != nil {
			t.Fatal(err)
		}
		out = append(out, row)
	}
	return out
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Blocks 17173049 and 17173050 of Ethereum: all passages of 298 transactions.
func TestRealTransactionsOfTwoBlocks(t *testing.T) {
	dir := graphtest.Data(t, "eth-blocks", "etl", "blocks_17173049_17173050")
	logs := map[common.Hash][]bridge.Log{}
	for _, l := range lines[realLog](t, filepath.Join(dir, "expected_logs.json.gz")) {
		logs[l.Tx] = append(logs[l.Tx], bridge.Log{Index: l.Index, Address: l.Address, Topics: l.Topics, Data: unhex(t, l.Data)})
	}
	var got []string
	for _, row := range lines[realTx](t, filepath.Join(dir, "expected_transactions.json.gz")) {
		tx := bridge.Tx{Chain: graph.Ethereum, Hash: row.Hash, From: row.From, To: row.To, Input: unhex(t, row.Input), Logs: logs[row.Hash]}
		if err := tx.Value.SetFromDecimal(row.Value.String()); err != nil {
			t.Fatal(err)
		}
		events, unread := bridge.Events(&tx)
		if len(unread) > 0 {
			t.Errorf("%s: %v", row.Hash, unread)
		}
		for i := range events {
			got = append(got, describe(&events[i]))
		}
	}
	want(t, got, []string{
		"log:195 arrival synapse key=1283f11643a6251b5b62e509c8eb123c6f8d8e13e07e4a61a55986ac0978346a who=0xFAc635b0A4e5F11FABAc4CB235965B661242cd82 0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48 1862394493 far=   0",
		"log:261 arrival multichain key=7f33e9eac16fe821ff43994f5285753499e9d91211605ca55e19b35394979568 who=0x02d10f41f3A88614C63f718272C60Da7Bf37A53e native 350529000000000000 far=eip155:25   0",
		"log:325 departure arbitrum key=00000000000000000000000000000000000000000000000000000000000c8622 who=0xDD378a11475D588908001E0E99E4fD89ABda5434 native 199214270922576 far=eip155:42161   0",
		"log:327 departure hop-l1 key=000000000000000000000000aff2d179ec048f136b3e2036363b4bdc80d05d860000000000000000000000000000000000000000000000000355ba6be5d5921400000000000000000000000000000000000000000000000003518c6f41dbd8ec00000000000000000000000000000000000000000000000000000000645a3a72000000000000000000000000710bda329b2a6224e4b44833de30f38e7f81d5640000000000000000000000000000000000000000000000000000000000000000 who=0xafF2d179ec048f136B3E2036363B4bDc80d05d86 native 240303127714435604 far=eip155:42161 aff2d179ec048f136b3e2036363b4bdc80d05d86  0",
	})
}

// Seven blocks with verified receipts: all passages, through the decoder.
func TestRealTransactionsOfSevenBlocks(t *testing.T) {
	path := graphtest.Data(t, "eth-blocks", "portal")
	chain := graph.ChainOf(graph.Ethereum)
	r, err := ethereum.NewRLP(chain, path, ingest.NewMeter(ingest.Stop))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for b, err := range r.Blocks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Txs {
			for j := range b.Txs[i].Events {
				if e := &b.Txs[i].Events[j]; e.Kind == graph.Departure || e.Kind == graph.Arrival {
					got = append(got, describe(e))
				}
			}
		}
	}
	want(t, got, []string{
		"log:2 arrival thorchain key=83153da8ea42775040b129df7160eb299ecc12e9eb2c800c7dc60e04f387a92f who=0x4AdE6ae5D64226F450dD19b99672311002Ac2737 native 158343130000000000 far=   0",
		"log:37 arrival axelar key=5c95a454d80d9517970b9c7fab373ea61343204d122c974aeaf56cbe0cd43641553121e90a11691e61ccf36ebd9bea16376ac68dcdfcaab826eb7ea96ada65bb who=0xce16F69375520ab01377ce7B88f5BA8C48F8D666 - 50719962 far=axelar:osmosis   0",
	})
}

// describe is an event on one line.
func describe(e *graph.Event) string {
	key := hex.EncodeToString([]byte(e.Key))
	asset := "-"
	if e.Asset != (graph.Asset{}) {
		asset = e.Asset.Text()
	}
	return strings.Join([]string{e.Seq.String(), e.Kind.String(), e.Protocol, "key=" + key, "who=" + e.Subject.String(), asset, e.Amount.Dec(),
		"far=" + e.Far.Chain, hex.EncodeToString([]byte(e.Far.Recipient)), hex.EncodeToString([]byte(e.Far.Asset)), e.Far.Amount.Dec()}, " ")
}

func want(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
