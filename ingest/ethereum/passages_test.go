package ethereum_test

import (
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/trie"
	"github.com/holiman/uint256"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest/ethereum"
)

// passagesOf are the passages that a block's transactions state.
func passagesOf(b *graph.Block) []string {
	var out []string
	for _, tx := range b.Txs {
		for _, e := range tx.Events {
			if e.Kind == graph.Departure || e.Kind == graph.Arrival {
				out = append(out, fmt.Sprintf("%s %s %s %s", e.Seq, e.Kind, e.Protocol, e.Amount.Dec()))
			}
		}
	}
	return out
}

// Passages of two real blocks, through an ethereum-etl export.
func TestETLPassages(t *testing.T) {
	dir := graphtest.Data(t, "eth-blocks", "etl", "blocks_17173049_17173050")
	blocks, _, reading, err := etlBlocks(t, mustChain(t, "ethereum"), dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range blocks {
		got = append(got, passagesOf(&blocks[i])...)
	}
	want := []string{"log:195 arrival synapse 1862394493", "log:261 arrival multichain 350529000000000000", "log:325 departure arbitrum 199214270922576", "log:327 departure hop-l1 240303127714435604"}
	if !slices.Equal(got, want) {
		t.Errorf("passages %q, want %q", got, want)
	}
	if reading.Read["events: arrival"] != 2 || reading.Read["events: departure"] != 2 {
		t.Errorf("counted %v", reading.Read)
	}
}

// What a transaction's call data, type, block and success tell reaches the
// reader of passages.
func TestPassagesOfTransactions(t *testing.T) {
	memo := []byte("=:BTC.BTC:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4")
	vault, sender := common.Address{7}, common.Address{8}
	paid := ethereum.Tx{Index: 0, Hash: graph.Hash{1}, From: sender, To: &vault, Data: memo, Status: ethereum.StatusOK}
	paid.Value.SetUint64(5)
	failed := paid
	failed.Index, failed.Hash, failed.Status = 1, graph.Hash{2}, ethereum.StatusFailed
	router := common.HexToAddress("0xBa8Da9dcF11B50B03fd5284f164Ef5cdEF910705")
	released := ethereum.Tx{Index: 2, Hash: graph.Hash{3}, From: sender, To: &router, Status: ethereum.StatusOK,
		Data: slices.Concat(crypto.Keccak256([]byte("anySwapInAuto(bytes32,address,address,uint256,uint256)"))[:4], make([]byte, 31), []byte{9}, make([]byte, 31), []byte{1}, make([]byte, 31), []byte{2}, make([]byte, 31), []byte{3}, make([]byte, 31), []byte{56})}
	minted := ethereum.Tx{Index: 0, Hash: graph.Hash{4}, Type: 0x7e, From: sender, To: &vault, Mint: uint256.NewInt(77), Status: ethereum.StatusOK}
	broken := ethereum.Log{Index: 1, Address: common.HexToAddress("0x5c7BCd6E7De5423a257D81B442095A1a6ced35C5"),
		Topics: []common.Hash{common.HexToHash("0x32ed1a409ef04c7b0227189c3a103dc5ac10e775a15b785dcc510201f7c25ad3")}}
	for _, test := range []struct {
		name   string
		chain  string
		logs   graph.Extent
		txs    []ethereum.Tx
		want   []string
		passed string
	}{
		{"memo in call data", "ethereum", graph.Full, []ethereum.Tx{paid, failed}, []string{"call:0 departure thorchain? 5"}, ""},
		{"call data where logs are unknown", "ethereum", graph.None, []ethereum.Tx{released}, []string{"call:0 arrival multichain 3"}, ""},
		{"call data where logs are known", "ethereum", graph.Full, []ethereum.Tx{released}, nil, ""},
		{"coin minted on a rollup", "optimism", graph.Full, []ethereum.Tx{minted}, []string{"call:0 arrival op-stack 77"}, ""},
		{"a bridge's log that cannot be read", "ethereum", graph.Full, []ethereum.Tx{{Index: 0, Hash: graph.Hash{5}, From: sender, To: &vault, Status: ethereum.StatusOK, Logs: []ethereum.Log{broken}}},
			nil, "side of a across-v3 passage that cannot be read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := ethereum.Decode(mustChain(t, test.chain), &ethereum.Block{Header: graph.Header{Height: 20_000_000, Time: 1_700_000_000}, HeaderKnown: true, UnclesKnown: true, Logs: test.logs, Txs: test.txs})
			if got := passagesOf(&d.Block); !slices.Equal(got, test.want) {
				t.Errorf("passages %q, want %q", got, test.want)
			}
			if test.passed != "" && d.Passed[test.passed] != 1 {
				t.Errorf("passed over %v, want %q", d.Passed, test.passed)
			}
		})
	}
}

// The converter keeps call data.
func TestConverterKeepsCallData(t *testing.T) {
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	tx := types.MustSignNewTx(key, types.LatestSigner(params.MainnetChainConfig), &types.LegacyTx{To: &common.Address{7}, Value: big.NewInt(5), Gas: 30_000, GasPrice: big.NewInt(1), Data: []byte("OUT:x")})
	block := types.NewBlock(&types.Header{Number: big.NewInt(1), Difficulty: new(big.Int)}, &types.Body{Transactions: types.Transactions{tx}}, nil, trie.NewStackTrie(nil))
	c, err := ethereum.NewConverter(mustChain(t, "ethereum"), nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.Block(block, nil)
	if err != nil || string(b.Txs[0].Data) != "OUT:x" || !b.Txs[0].Input {
		t.Errorf("%+v, %v", b.Txs, err)
	}
}
