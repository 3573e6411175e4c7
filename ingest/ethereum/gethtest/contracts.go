package gethtest

import (
	_ "embed"
	"encoding/json"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
)

//go:embed testdata/contracts.json
var compiled []byte

type contract struct {
	ABI      abi.ABI       `json:"abi"`
	Bytecode hexutil.Bytes `json:"bytecode"`
}

func contracts(t testing.TB) map[string]contract {
	t.Helper()
	var all map[string]contract
	if err := json.Unmarshal(compiled, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// Contract is a deployed contract.
type Contract struct {
	common.Address
	node *Node
	abi  abi.ABI
}

// Deploy creates one of the contracts of testdata/contracts.sol and mines it.
func (n *Node) Deploy(t testing.TB, from, name string, value *big.Int, args ...any) Contract {
	t.Helper()
	c, ok := n.contracts[name]
	if !ok {
		t.Fatalf("no contract %s", name)
	}
	packed, err := c.ABI.Pack("", args...)
	if err != nil {
		t.Fatal(err)
	}
	hash := n.Send(t, from, nil, value, append(c.Bytecode[:len(c.Bytecode):len(c.Bytecode)], packed...))
	n.Mine(t)
	return Contract{n.Succeeded(t, hash).ContractAddress, n, c.ABI}
}

// Send calls the contract by a transaction, which is not mined yet.
func (c Contract) Send(t testing.TB, from string, value *big.Int, method string, args ...any) common.Hash {
	t.Helper()
	packed, err := c.abi.Pack(method, args...)
	if err != nil {
		t.Fatal(err)
	}
	return c.node.Send(t, from, &c.Address, value, packed)
}

// Read calls a view of the contract that answers one word.
func (c Contract) Read(t testing.TB, method string, args ...any) *big.Int {
	t.Helper()
	packed, err := c.abi.Pack(method, args...)
	if err != nil {
		t.Fatal(err)
	}
	return new(big.Int).SetBytes(c.node.call(t, c.Address, packed))
}
