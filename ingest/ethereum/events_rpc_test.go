package ethereum_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/holiman/uint256"

	"spoor/ingest/ethereum"
)

// Where a block's roots cannot be computed, authorizations are read from what
// the node answers; a list of a form we do not know costs the delegations, which
// is counted, and not the block.
func TestRPCDelegated(t *testing.T) {
	auth, err := types.SignSetCode(signer(t, 'S'), types.SetCodeAuthorization{ChainID: *uint256.NewInt(10), Address: acct('D'), Nonce: 8})
	if err != nil {
		t.Fatal(err)
	}
	sender := crypto.PubkeyToAddress(signer(t, 'S').PublicKey).Hex()
	const untold = "transaction with EIP-7702 authorizations that the source does not tell"
	for _, test := range []struct {
		name string
		list any
		want []string
		pass uint64
	}{
		{"told", []any{auth}, []string{"call:0 delegated eip-7702 -: " + sender + " D"}, 0},
		{"in another form", []any{map[string]any{"contract": hexAccount(3)}}, nil, 1},
		{"not told", nil, nil, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			methods := rollup(func(block, _ map[string]any) {
				tx := map[string]any{"hash": hexHash(52), "type": "0x4", "from": sender, "to": hexAccount(2), "nonce": "0x7", "value": "0x0",
					"gas": "0x5208", "gasPrice": "0x1", "input": "0x", "blockHash": hexHash(5), "transactionIndex": "0x1"}
				if test.list != nil {
					tx["authorizationList"] = test.list
				}
				block["transactions"] = append(block["transactions"].([]any), tx)
			})
			first := methods["eth_getBlockReceipts"]
			methods["eth_getBlockReceipts"] = func(params []json.RawMessage) any {
				return append(first(params).([]any), map[string]any{"type": "0x4", "status": "0x1", "cumulativeGasUsed": "0xa410", "gasUsed": "0x5208",
					"blockHash": hexHash(5), "transactionHash": hexHash(52), "transactionIndex": "0x1", "logs": []any{}})
			}
			blocks, reading, err := readRPC(t, "optimism", ethereum.RPCOptions{From: 5, To: 5}, rpcNode(t, methods))
			if err != nil {
				t.Fatal(err)
			}
			blocks[0].Txs = blocks[0].Txs[1:] // the first is the rollup's own
			if got := stated(ethereum.Decoded{Block: blocks[0]}); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if reading.Skipped[untold] != test.pass {
				t.Errorf("passed over: %v", reading.Skipped)
			}
		})
	}
}
