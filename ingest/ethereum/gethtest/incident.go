package gethtest

import (
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
)

// Incident is a theft that was played out on a node, with what is known of it.
type Incident struct {
	*Node
	Token, Wrapped, Pool, Router, Mixer, Bridge, Factory, Forwarder, Library, Vault Contract

	Theft  common.Hash // takes Stolen out of the vault, to the account "thief"
	Stolen *big.Int
	Failed common.Hash // a transaction that failed
	Dead   []common.Address
}

// Play starts a node and plays an incident: money is put into a vault, stolen,
// split, swapped through a router, wrapped and unwrapped, mixed and bridged,
// among transactions that fail, create and destroy contracts, and take
// payments back.
//
//	vault -100-> thief -40-> a -30-> router -> pool, a gets tokens, sells half
//	                   -25-> b -10-> wrapped -4-> b; 6 wrapped -> c
//	                   -20-> c -3 x 1-> mixer; -15-> bridge
//	             15 less fees stays with the thief
func Play(t testing.TB) *Incident {
	t.Helper()
	i := &Incident{Node: Start(t, map[string]*big.Int{"deployer": Ether(1_000_000), "victim": Ether(500_000), "thief": Ether(1_000),
		"a": Ether(1_000), "b": Ether(1_000), "c": Ether(1_000), "user": Ether(50_000)})}
	supply := new(big.Int).Mul(Ether(1000), big.NewInt(1_000_000))
	i.Token = i.Deploy(t, "deployer", "Token", nil, supply)
	i.Wrapped = i.Deploy(t, "deployer", "Wrapped", nil)
	i.Pool = i.Deploy(t, "deployer", "Pool", Ether(100_000), i.Token.Address, big.NewInt(2000))
	i.Router = i.Deploy(t, "deployer", "Router", nil)
	i.Mixer = i.Deploy(t, "deployer", "Mixer", nil)
	i.Bridge = i.Deploy(t, "deployer", "Bridge", nil)
	i.Factory = i.Deploy(t, "deployer", "Factory", nil)
	i.Forwarder = i.Deploy(t, "deployer", "Forwarder", nil)
	i.Library = i.Deploy(t, "deployer", "Forwarder", nil)
	i.Vault = i.Deploy(t, "deployer", "Vault", nil)
	i.Token.Send(t, "deployer", nil, "transfer", i.Pool.Address, new(big.Int).Div(supply, big.NewInt(2)))
	i.Stolen = Ether(100_000)
	i.pay(t, "victim", i.Vault.Address, i.Stolen)
	i.Mine(t)

	i.Theft = i.Vault.Send(t, "thief", nil, "exploit")
	i.Mine(t)
	i.Succeeded(t, i.Theft)

	i.pay(t, "thief", Account("a"), Ether(40_000))
	i.pay(t, "thief", Account("b"), Ether(25_000))
	i.pay(t, "thief", Account("c"), Ether(20_000))
	i.Mine(t)
	i.launder(t)
	i.noise(t)
	return i
}

func (i *Incident) pay(t testing.TB, from string, to common.Address, wei *big.Int) {
	i.SendGas(t, from, &to, wei, nil, 100_000)
}

func (i *Incident) launder(t testing.TB) {
	t.Helper()
	swap := i.Router.Send(t, "a", Ether(30_000), "buy", i.Pool.Address)
	wrap := i.Wrapped.Send(t, "b", Ether(10_000), "deposit")
	i.Mine(t)
	i.Succeeded(t, swap)
	i.Succeeded(t, wrap)
	tokens := new(big.Int).Mul(Ether(15_000), big.NewInt(2000))
	approve := i.Token.Send(t, "a", nil, "approve", i.Router.Address, tokens)
	sell := i.Router.Send(t, "a", nil, "sell", i.Pool.Address, tokens)
	unwrap := i.Wrapped.Send(t, "b", nil, "withdraw", Ether(4_000))
	move := i.Wrapped.Send(t, "b", nil, "transfer", Account("c"), Ether(6_000))
	i.Mine(t)
	for _, hash := range []common.Hash{approve, sell, unwrap, move} {
		i.Succeeded(t, hash)
	}
	var sent []common.Hash
	for k := range 3 {
		sent = append(sent, i.Mixer.Send(t, "c", Ether(1_000), "deposit", [32]byte{byte(k)}))
	}
	sent = append(sent, i.Bridge.Send(t, "c", Ether(15_000), "send", Account("abroad"), big.NewInt(10)))
	sent = append(sent, i.Mixer.Send(t, "user", nil, "withdraw", Account("fresh"), [32]byte{9}))
	i.Mine(t)
	sent = append(sent, i.Bridge.Send(t, "deployer", nil, "release", big.NewInt(7), Account("fresh"), Ether(2_000)))
	i.Mine(t)
	for _, hash := range sent {
		i.Succeeded(t, hash)
	}
}

// noise is what makes traces hard to read.
func (i *Incident) noise(t testing.TB) {
	t.Helper()
	i.Failed = i.Mixer.Send(t, "user", Ether(500), "deposit", [32]byte{1}) // wrong amount
	broke := i.Forwarder.Send(t, "user", Ether(100), "fail")
	short := i.SendGas(t, "user", &i.Wrapped.Address, Ether(10), []byte{0xd0, 0xe3, 0x0d, 0xb0}, 22_000) // out of gas
	good := []common.Hash{
		i.Forwarder.Send(t, "user", Ether(11), "forward", Account("x")),
		i.Forwarder.Send(t, "user", Ether(40), "half", Account("x"), Account("never")),
		i.Forwarder.Send(t, "user", Ether(13), "delegate", i.Library.Address, Account("y")),
		i.Factory.Send(t, "user", Ether(700), "create"),
		i.Factory.Send(t, "user", Ether(800), "create2", [32]byte{42}),
		i.Factory.Send(t, "user", Ether(60), "flash", Account("heir")),
		i.Token.Send(t, "deployer", nil, "transfer", Account("user"), big.NewInt(12345)),
	}
	i.Mine(t)
	good = append(good, i.Token.Send(t, "user", nil, "burn", big.NewInt(345)))
	children := []common.Address{i.child(t, good[3]), i.child(t, good[4])}
	i.Dead = children
	for _, child := range children {
		mortal := Contract{child, i.Node, i.contracts["Mortal"].ABI}
		good = append(good, mortal.Send(t, "user", nil, "end", Account("heir")))
	}
	own := Contract{children[0], i.Node, i.contracts["Mortal"].ABI}
	good = append(good, own.Send(t, "user", nil, "end", children[0])) // to itself, after Cancun: nothing happens
	i.Mine(t)
	i.pay(t, "user", children[0], Ether(5))
	i.Mine(t)
	good = append(good, own.Send(t, "user", nil, "end", children[0]))
	i.Mine(t)
	i.Mine(t) // an empty block
	for _, hash := range good {
		i.Succeeded(t, hash)
	}
	for _, hash := range []common.Hash{i.Failed, broke, short} {
		if i.Receipt(t, hash).Status != 0 {
			t.Fatalf("transaction %s should have failed", hash)
		}
	}
}

// child is the contract that a factory's event names.
func (i *Incident) child(t testing.TB, hash common.Hash) common.Address {
	t.Helper()
	r := i.Succeeded(t, hash)
	return common.BytesToAddress(r.Logs[0].Data)
}

// Fees is what an account paid for its transactions in blocks above a height,
// by the receipts.
func (n *Node) Fees(t testing.TB, name string, above uint64) *big.Int {
	t.Helper()
	sum := new(big.Int)
	signer := types.LatestSignerForChainID(big.NewInt(ChainID))
	for height := above + 1; height <= n.Head().Number.Uint64(); height++ {
		for _, tx := range n.Block(height).Transactions() {
			from, err := types.Sender(signer, tx)
			if err != nil {
				t.Fatal(err)
			}
			if from != Account(name) {
				continue
			}
			r := n.Receipt(t, tx.Hash())
			sum.Add(sum, new(big.Int).Mul(new(big.Int).SetUint64(r.GasUsed), r.EffectiveGasPrice))
		}
	}
	return sum
}
