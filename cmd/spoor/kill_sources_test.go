package main

import (
	"bytes"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rlp"
	"github.com/ethereum/go-ethereum/trie"
)

// writeRLP writes blocks of signed payments as geth export does: without
// receipts, each the child of the one before.
func writeRLP(t *testing.T, blocks, each int) string {
	t.Helper()
	random := rand.New(rand.NewPCG(5, 6))
	key, err := crypto.ToECDSA(bytes.Repeat([]byte{9}, 32))
	if err != nil {
		t.Fatal(err)
	}
	signer := types.LatestSignerForChainID(big.NewInt(1))
	var out bytes.Buffer
	parent, nonce := common.Hash{}, uint64(0)
	const first = 6_000_000 // before EIP-1559
	for i := range blocks {
		var txs types.Transactions
		for range each {
			to := common.BigToAddress(big.NewInt(int64(1 + random.IntN(2000))))
			txs = append(txs, types.MustSignNewTx(key, signer, &types.LegacyTx{Nonce: nonce, GasPrice: big.NewInt(1e9), Gas: 21_000, To: &to, Value: new(big.Int).SetUint64(random.Uint64())}))
			nonce++
		}
		header := &types.Header{ParentHash: parent, Number: big.NewInt(int64(first + i)), Difficulty: big.NewInt(1), GasLimit: 8_000_000,
			GasUsed: uint64(21_000 * each), Time: uint64(1_530_000_000 + 12*i), Coinbase: common.BigToAddress(big.NewInt(0xa000 + int64(i%7)))}
		block := types.NewBlock(header, &types.Body{Transactions: txs}, nil, trie.NewStackTrie(nil))
		if err := rlp.Encode(&out, block); err != nil {
			t.Fatal(err)
		}
		parent = block.Hash()
	}
	path := filepath.Join(t.TempDir(), "blocks.rlp")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// writeBitcoinETL writes a bitcoin-etl export of blocks with spends of earlier
// outputs, whose values the export does not tell: they must be found in what
// was read before, also after a kill.
func writeBitcoinETL(t *testing.T, blocks, each int) string {
	t.Helper()
	random := rand.New(rand.NewPCG(7, 8))
	type coin struct {
		at    wire.OutPoint
		value int64
	}
	var coins []coin
	var rows strings.Builder
	script := func() []byte { return append([]byte{0, 20}, bytes.Repeat([]byte{byte(random.IntN(200))}, 20)...) }
	for height := range blocks {
		txs := []*btcutil.Tx{}
		hash := fmt.Sprintf("%064x", 0xb0000+height)
		at := 1_300_000_000 + 600*height
		for i := range 1 + each {
			tx := wire.NewMsgTx(2)
			left := int64(50 * 1e8)
			inputs := ""
			if i == 0 {
				tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Index: ^uint32(0)}, []byte{4, byte(height), byte(height >> 8), byte(height >> 16), 0}, nil))
			} else if len(coins) == 0 {
				continue
			} else {
				k := random.IntN(len(coins))
				c := coins[k]
				coins[k] = coins[len(coins)-1]
				coins = coins[:len(coins)-1]
				left = c.value
				tx.AddTxIn(wire.NewTxIn(&c.at, nil, nil))
				inputs = fmt.Sprintf(`{"index":0,"spent_transaction_hash":"%s","spent_output_index":%d}`, c.at.Hash, c.at.Index)
			}
			var outputs []string
			for j := range 2 {
				value := left
				if j == 0 {
					value = random.Int64N(left + 1)
				}
				left -= value
				tx.AddTxOut(wire.NewTxOut(value, script()))
				outputs = append(outputs, fmt.Sprintf(`{"index":%d,"script_hex":"%x","value":%d,"type":"witness_v0_keyhash","addresses":[]}`, j, tx.TxOut[j].PkScript, value))
			}
			for j, o := range tx.TxOut {
				if o.Value > 0 {
					coins = append(coins, coin{wire.OutPoint{Hash: tx.TxHash(), Index: uint32(j)}, o.Value})
				}
			}
			fmt.Fprintf(&rows, `{"hash":"%s","block_number":%d,"block_hash":"%s","block_timestamp":%d,"is_coinbase":%v,"index":%d,"inputs":[%s],"outputs":[%s]}`+"\n",
				tx.TxHash(), height, hash, at, i == 0, len(txs), inputs, strings.Join(outputs, ","))
			txs = append(txs, btcutil.NewTx(tx))
		}
		fmt.Fprintf(&rows, `{"hash":"%s","number":%d,"merkle_root":"%s","timestamp":%d,"transaction_count":%d}`+"\n", hash, height, blockchain.CalcMerkleRoot(txs, false), at, len(txs))
	}
	path := filepath.Join(t.TempDir(), "export.json")
	if err := os.WriteFile(path, []byte(rows.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
