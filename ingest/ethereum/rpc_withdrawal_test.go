package ethereum_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/trie"

	"spoor/graph"
	"spoor/ingest/ethereum"
)

// TestRPCWithdrawals: what the beacon chain pays out in a block is value that
// appears, in Gwei, and is under the header's withdrawals root: an amount, a
// receiver or a whole withdrawal that is not, is refused.
func TestRPCWithdrawals(t *testing.T) {
	paid := []*types.Withdrawal{{Index: 7, Validator: 1, Address: common.HexToAddress(hexAccount(1)), Amount: 32_000_000_001},
		{Index: 8, Validator: 2, Address: common.HexToAddress(hexAccount(2)), Amount: 5}, {Index: 9, Validator: 3, Address: common.HexToAddress(hexAccount(1)), Amount: 5}}
	block := types.NewBlock(&types.Header{ParentHash: common.HexToHash(hexHash(4)), Number: big.NewInt(18_000_000), Difficulty: new(big.Int), BaseFee: big.NewInt(1),
		GasLimit: 30_000_000, Time: 1_693_066_895}, &types.Body{Withdrawals: paid}, nil, trie.NewStackTrie(nil))
	node := func(change func([]*types.Withdrawal) []*types.Withdrawal) string {
		raw, err := json.Marshal(block.Header())
		if err != nil {
			t.Fatal(err)
		}
		fields := map[string]any{}
		if err := json.Unmarshal(raw, &fields); err != nil {
			t.Fatal(err)
		}
		var own []*types.Withdrawal
		for _, w := range paid {
			one := *w
			own = append(own, &one)
		}
		fields["transactions"], fields["uncles"], fields["withdrawals"] = []any{}, []any{}, change(own)
		return rpcNode(t, map[string]func([]json.RawMessage) any{
			"eth_chainId":          func([]json.RawMessage) any { return "0x1" },
			"eth_getBlockByNumber": func([]json.RawMessage) any { return fields },
			"eth_getBlockReceipts": func([]json.RawMessage) any { return []any{} },
		})
	}
	o := ethereum.RPCOptions{From: 18_000_000, To: 18_000_000, Traces: ethereum.TracesOff}
	blocks, _, err := readRPC(t, "ethereum", o, node(func(own []*types.Withdrawal) []*types.Withdrawal { return own }))
	if err != nil || len(blocks) != 1 || len(blocks[0].Txs) != 1 {
		t.Fatalf("%+v, %v", blocks, err)
	}
	var got []string
	for _, m := range blocks[0].Txs[0].Transfers {
		got = append(got, strings.Join([]string{m.Seq.String(), m.Kind.String(), m.From.String(), m.To.String(), m.Amount.Dec()}, " "))
	}
	want := []string{"reward:0 withdrawal  " + hexAccount(1) + " 32000000001000000000", "reward:1 withdrawal  " + hexAccount(2) + " 5000000000",
		"reward:2 withdrawal  " + hexAccount(1) + " 5000000000"}
	if !slices.Equal(got, want) || blocks[0].Txs[0].Index != graph.BlockTx {
		t.Errorf("got %q", got)
	}
	for name, change := range map[string]func([]*types.Withdrawal) []*types.Withdrawal{
		"amount":   func(own []*types.Withdrawal) []*types.Withdrawal { own[1].Amount++; return own },
		"receiver": func(own []*types.Withdrawal) []*types.Withdrawal { own[0].Address = own[1].Address; return own },
		"left out": func(own []*types.Withdrawal) []*types.Withdrawal { return own[:2] },
		"all":      func([]*types.Withdrawal) []*types.Withdrawal { return nil },
		"added":    func(own []*types.Withdrawal) []*types.Withdrawal { return append(own, own[0]) },
		"order":    func(own []*types.Withdrawal) []*types.Withdrawal { own[0], own[1] = own[1], own[0]; return own },
	} {
		if blocks, _, err := readRPC(t, "ethereum", o, node(change)); !errors.Is(err, ethereum.ErrRoot) || len(blocks) > 0 {
			t.Errorf("%s: %d blocks, %v", name, len(blocks), err)
		}
	}
}

// TestRPCOperatorFee: of an operator fee a receipt tells the parameters only. It
// is counted, no amount is made up, and the block is not taken for complete.
func TestRPCOperatorFee(t *testing.T) {
	for scalar, whole := range map[string]bool{"0x0": true, "0x5": false} {
		url := rpcNode(t, rollup(func(block, receipt map[string]any) {
			tx := block["transactions"].([]any)[0].(map[string]any)
			tx["type"], receipt["type"] = "0x2", "0x2"
			delete(tx, "mint")
			delete(tx, "sourceHash")
			receipt["effectiveGasPrice"], receipt["operatorFeeScalar"], receipt["operatorFeeConstant"] = "0x3", scalar, "0x0"
		}))
		blocks, reading, err := readRPC(t, "optimism", ethereum.RPCOptions{From: 5, To: 5}, url)
		if err != nil {
			t.Fatal(err)
		}
		if told := reading.Skipped["operator fee of which the receipt tells only the parameters"] == 0; told != whole || (blocks[0].Know.Transfers == graph.Full) != whole {
			t.Errorf("scalar %s: %v, know %+v", scalar, reading.Skipped, blocks[0].Know)
		}
		fees := map[string]string{}
		for _, m := range blocks[0].Txs[0].Transfers {
			if m.Kind.IsFee() {
				fees[m.To.String()] = m.Amount.Dec()
			}
		}
		if len(fees) != 3 || fees["0x420000000000000000000000000000000000001A"] != "3" {
			t.Errorf("scalar %s: fees %v", scalar, fees)
		}
	}
}
