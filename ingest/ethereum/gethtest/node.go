package gethtest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"log/slog"
	"math/big"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	geth "github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/rawdb"
	gethstate "github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/eth"
	"github.com/ethereum/go-ethereum/eth/catalyst"
	"github.com/ethereum/go-ethereum/eth/ethconfig"
	"github.com/ethereum/go-ethereum/eth/filters"
	"github.com/ethereum/go-ethereum/eth/tracers"
	_ "github.com/ethereum/go-ethereum/eth/tracers/native" // callTracer
	"github.com/ethereum/go-ethereum/ethclient"
	"github.com/ethereum/go-ethereum/log"
	"github.com/ethereum/go-ethereum/node"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/rpc"
)

// ChainID is the chain of every node.
const ChainID = 1337

// Node is a geth that is its own beacon chain.
type Node struct {
	URL, WS, IPC string // JSON-RPC with the eth and debug namespaces over HTTP and WebSocket, and over a socket
	Genesis      []byte // geth's genesis JSON

	contracts map[string]contract
	stack     *node.Node
	client    *ethclient.Client
	backend   *eth.Ethereum
	beacon    *catalyst.SimulatedBeacon
	nonces    map[common.Address]uint64
	sent      []*types.Transaction // not mined yet
}

// Start runs a node whose named accounts hold the given wei.
func Start(t testing.TB, funds map[string]*big.Int) *Node {
	t.Helper()
	log.SetDefault(log.NewLogger(slog.DiscardHandler))
	config := *params.AllDevChainProtocolChanges
	config.ChainID, config.AmsterdamTime, config.BogotaTime = big.NewInt(ChainID), nil, nil
	spec := &core.Genesis{Config: &config, GasLimit: 30_000_000, Alloc: core.SystemContractAllocs()}
	for name, wei := range funds {
		spec.Alloc[Account(name)] = types.Account{Balance: wei}
	}
	n := &Node{contracts: contracts(t), nonces: map[common.Address]uint64{}, IPC: filepath.Join(t.TempDir(), "geth.ipc")}
	var err error
	if n.Genesis, err = json.Marshal(spec); err != nil {
		t.Fatal(err)
	}
	stack, err := node.New(&node.Config{Name: "geth", P2P: p2p.Config{NoDiscovery: true, MaxPeers: 0}, IPCPath: n.IPC,
		HTTPHost: "127.0.0.1", HTTPModules: []string{"eth", "debug"},
		WSHost: "127.0.0.1", WSModules: []string{"eth", "debug"}, BatchRequestLimit: 1000, BatchResponseMaxSize: 25_000_000, Logger: log.Root()})
	if err != nil {
		t.Fatal(err)
	}
	n.stack = stack
	t.Cleanup(func() { _ = stack.Close() })
	options := ethconfig.Defaults
	options.Genesis, options.SyncMode, options.NetworkId = spec, ethconfig.FullSync, ChainID
	options.NoPruning, options.StateScheme = true, rawdb.HashScheme // balances and traces of every block
	options.TxPool.NoLocals, options.LogNoHistory, options.Preimages = true, true, true
	options.TrieCleanCache, options.TrieDirtyCache, options.SnapshotCache = 16, 16, 0
	if n.backend, err = eth.New(stack, &options); err != nil {
		t.Fatal(err)
	}
	stack.RegisterAPIs(tracers.APIs(n.backend.APIBackend))
	stack.RegisterAPIs([]rpc.API{{Namespace: "eth", Service: filters.NewFilterAPI(filters.NewFilterSystem(n.backend.APIBackend, filters.Config{}))}}) // newHeads
	if err := stack.Start(); err != nil {
		t.Fatal(err)
	}
	if n.beacon, err = catalyst.NewSimulatedBeacon(0, Account("builder"), n.backend); err != nil {
		t.Fatal(err)
	}
	n.URL, n.WS, n.client = stack.HTTPEndpoint(), stack.WSEndpoint(), ethclient.NewClient(stack.Attach())
	return n
}

// Account is the account of a name, whose key follows from the name.
func Account(name string) common.Address { return crypto.PubkeyToAddress(key(name).PublicKey) }

func key(name string) *ecdsa.PrivateKey {
	k, err := crypto.ToECDSA(crypto.Keccak256([]byte("gethtest " + name)))
	if err != nil {
		panic(err) // a hash that is no key: another name will do
	}
	return k
}

// Ether is an amount in wei of thousandths of a coin.
func Ether(thousandths int64) *big.Int {
	return new(big.Int).Mul(big.NewInt(thousandths), big.NewInt(params.Ether/1000))
}

// Send sends a transaction with plenty of gas, so that it is mined even if it
// fails. It is not mined yet.
func (n *Node) Send(t testing.TB, from string, to *common.Address, value *big.Int, data []byte) common.Hash {
	t.Helper()
	return n.SendGas(t, from, to, value, data, 3_000_000)
}

// SendGas is Send with a gas limit.
func (n *Node) SendGas(t testing.TB, from string, to *common.Address, value *big.Int, data []byte, gas uint64) common.Hash {
	t.Helper()
	account := Account(from)
	tx := types.MustSignNewTx(key(from), types.LatestSignerForChainID(big.NewInt(ChainID)), &types.DynamicFeeTx{
		ChainID: big.NewInt(ChainID), Nonce: n.nonces[account], GasTipCap: big.NewInt(params.GWei), GasFeeCap: big.NewInt(20 * params.GWei),
		Gas: gas, To: to, Value: value, Data: data})
	n.submit(t, tx)
	n.nonces[account]++
	n.sent = append(n.sent, tx)
	return tx.Hash()
}

// Mine makes a block of what was sent.
func (n *Node) Mine(t testing.TB) *types.Header {
	t.Helper()
	for try := 0; !n.settled(t, len(n.sent)); try++ {
		if try == 20 {
			t.Fatalf("the pool does not take the %d transactions sent", len(n.sent))
		}
		// The pool follows the chain in a goroutine of its own and can have taken
		// them by an old state: it gets them anew.
		n.beacon.Rollback()
		for _, tx := range n.sent {
			n.submit(t, tx)
		}
	}
	before := n.Head()
	n.beacon.Commit()
	head := n.Head()
	if head.Number.Uint64() != before.Number.Uint64()+1 {
		t.Fatalf("block %d was not mined", before.Number.Uint64()+1)
	}
	if got := len(n.Block(head.Number.Uint64()).Transactions()); got != len(n.sent) {
		t.Fatalf("block %d has %d transactions of %d", head.Number, got, len(n.sent))
	}
	n.sent = nil
	if !n.settled(t, 0) {
		n.beacon.Rollback()
	}
	return head
}

// settled waits a moment until the pool holds so many transactions that can be
// mined, and no others.
func (n *Node) settled(t testing.TB, want int) bool {
	t.Helper()
	for range 100 {
		if err := n.backend.TxPool().Sync(); err != nil {
			t.Fatal(err)
		}
		if pending, queued := n.backend.TxPool().Stats(); pending == want && queued == 0 {
			return true
		}
		time.Sleep(2 * time.Millisecond)
	}
	return false
}

// submit gives a transaction to the pool, which may not know the newest
// balances yet.
func (n *Node) submit(t testing.TB, tx *types.Transaction) {
	t.Helper()
	var err error
	for range 200 {
		if err = n.client.SendTransaction(context.Background(), tx); err == nil || strings.Contains(err.Error(), "already known") {
			return
		}
		time.Sleep(5 * time.Millisecond)
		if err := n.backend.TxPool().Sync(); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal(err)
}

// Stop ends the node.
func (n *Node) Stop(t testing.TB) {
	t.Helper()
	if err := n.stack.Close(); err != nil {
		t.Fatal(err)
	}
}

// Head is the last block.
func (n *Node) Head() *types.Header { return n.backend.BlockChain().CurrentBlock() }

// Block is a block of the chain.
func (n *Node) Block(height uint64) *types.Block {
	return n.backend.BlockChain().GetBlockByNumber(height)
}

// Fork makes an earlier block the head; what is mined next is another branch.
func (n *Node) Fork(t testing.TB, height uint64) {
	t.Helper()
	if err := n.beacon.Fork(n.Block(height).Hash()); err != nil {
		t.Fatal(err)
	}
	n.settled(t, -1) // what was undone comes back into the pool, after a moment
	n.beacon.Rollback()
	n.sent = nil
	clear(n.nonces)
	state, err := n.backend.BlockChain().State()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range n.Accounts(t) {
		n.nonces[a] = state.GetNonce(a)
	}
}

// Receipt is what came of a mined transaction.
func (n *Node) Receipt(t testing.TB, hash common.Hash) *types.Receipt {
	t.Helper()
	r, err := n.client.TransactionReceipt(context.Background(), hash)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Succeeded is the receipt of a transaction that must not have failed.
func (n *Node) Succeeded(t testing.TB, hash common.Hash) *types.Receipt {
	t.Helper()
	r := n.Receipt(t, hash)
	if r.Status != types.ReceiptStatusSuccessful {
		t.Fatalf("transaction %s failed", hash)
	}
	return r
}

// Balance is what an account holds at the head, by eth_getBalance.
func (n *Node) Balance(t testing.TB, a common.Address) *big.Int {
	t.Helper()
	b, err := n.client.BalanceAt(context.Background(), a, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Accounts are all accounts of the state at the head, in byte order.
func (n *Node) Accounts(t testing.TB) []common.Address {
	t.Helper()
	state, err := n.backend.BlockChain().State()
	if err != nil {
		t.Fatal(err)
	}
	var all []common.Address
	for text := range state.RawDump(&gethstate.DumpConfig{SkipCode: true, SkipStorage: true, OnlyWithAddresses: true}).Accounts {
		if !common.IsHexAddress(text) {
			t.Fatalf("the state does not name account %s", text)
		}
		all = append(all, common.HexToAddress(text))
	}
	slices.SortFunc(all, common.Address.Cmp)
	return all
}

func (n *Node) call(t testing.TB, to common.Address, data []byte) []byte {
	t.Helper()
	out, err := n.client.CallContract(context.Background(), geth.CallMsg{To: &to, Data: bytes.Clone(data)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
