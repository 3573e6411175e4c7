package ethereum

import (
	"github.com/ethereum/go-ethereum/params"

	"spoor/graph"
)

// Fork is the set of rules of a block, as far as they change how value moves.
type Fork uint8

// The rule sets, in order of time.
const (
	ForkUnknown  Fork = iota
	BeforeCancun      // SELFDESTRUCT ends any contract
	Cancun            // EIP-6780: it ends only contracts created in the same transaction
	Amsterdam         // EIP-8246: it burns nothing; EIP-7708: native transfers are logged
)

// cancun is when Cancun (or a fork that brought its SELFDESTRUCT rule) began,
// in Unix seconds. Ethereum and Sepolia are go-ethereum's; OP Mainnet and Base
// took it with Ecotone.
var cancun = map[graph.ChainID]uint64{
	graph.Ethereum:    *params.MainnetChainConfig.CancunTime,
	"eip155:11155111": *params.SepoliaChainConfig.CancunTime,
	"eip155:10":       1710374401,
	"eip155:8453":     1710374401,
}

// amsterdam is when Amsterdam begins where it is scheduled. A header with a
// block access list tells it without this table.
var amsterdam = map[graph.ChainID]*uint64{
	graph.Ethereum:    params.MainnetChainConfig.AmsterdamTime,
	"eip155:11155111": params.SepoliaChainConfig.AmsterdamTime,
}

// ForkAt is the rule set of a chain at a time, ForkUnknown if it is not in the
// table.
func ForkAt(chain graph.ChainID, time int64) Fork {
	start, known := cancun[chain]
	switch {
	case !known || time < 0:
		return ForkUnknown
	case uint64(time) < start:
		return BeforeCancun
	case amsterdam[chain] != nil && uint64(time) >= *amsterdam[chain]:
		return Amsterdam
	}
	return Cancun
}
