package bridge

import (
	"fmt"
	"strings"

	"spoor/graph"
)

// number is a chain's number in a protocol's own numbering.
type number struct {
	n     uint64
	chain graph.ChainID
}

// Numberings by name, for chains that are a row of our chain table or have an
// EIP-155 number. Where nothing else is said they are of XChainDataGen and the
// registries named in bridges.yaml.
var (
	// cctpDomains: circlefin/evm-cctp-contracts.
	cctpDomains = []number{{0, "eip155:1"}, {1, "eip155:43114"}, {2, "eip155:10"}, {3, "eip155:42161"}, {6, "eip155:8453"}, {7, "eip155:137"}}
	// endpoints of LayerZero v2.
	endpointIDs = []number{{30101, "eip155:1"}, {30102, "eip155:56"}, {30106, "eip155:43114"}, {30109, "eip155:137"}, {30110, "eip155:42161"},
		{30111, "eip155:10"}, {30183, "eip155:59144"}, {30184, "eip155:8453"}, {30214, "eip155:534352"}}
	// endpoints of LayerZero v1, of CONNECTOR's ChainID/StargateProtocol; those
	// of linea, base and scroll follow the rule that version 2 adds 30000.
	endpointIDs1 = []number{{101, "eip155:1"}, {102, "eip155:56"}, {106, "eip155:43114"}, {109, "eip155:137"}, {110, "eip155:42161"}, {111, "eip155:10"},
		{112, "eip155:250"}, {151, "eip155:1088"}, {183, "eip155:59144"}, {184, "eip155:8453"}, {214, "eip155:534352"}}
	// wormholeIDs: CONNECTOR's ChainID/Wormhole; base (30) is from memory.
	wormholeIDs = []number{{2, "eip155:1"}, {4, "eip155:56"}, {5, "eip155:137"}, {6, "eip155:43114"}, {10, "eip155:250"}, {14, "eip155:42220"},
		{16, "eip155:1284"}, {23, "eip155:42161"}, {24, "eip155:10"}, {25, "eip155:100"}, {30, "eip155:8453"}}
	// nomadDomains are the letters of names as numbers: 6648936 is "eth",
	// 1650811245 is "beam" (both in the nomad-bridge data set). The others are
	// Connext's, from memory.
	nomadDomains = []number{{letters("eth"), "eip155:1"}, {letters("beam"), "eip155:1284"}, {letters("opti"), "eip155:10"}, {letters("poly"), "eip155:137"},
		{letters("arbo"), "eip155:42161"}, {letters("bnb"), "eip155:56"}, {letters("gno"), "eip155:100"}, {letters("basm"), "eip155:8453"}, {letters("linm"), "eip155:59144"}}
	// polyIDs: CONNECTOR's ChainID/PolyNetwork.
	polyIDs = []number{{1, graph.Bitcoin}, {2, "eip155:1"}, {6, "eip155:56"}, {7, "eip155:128"}, {12, "eip155:66"}, {17, "eip155:137"}, {19, "eip155:42161"},
		{20, "eip155:100"}, {21, "eip155:43114"}, {22, "eip155:250"}, {23, "eip155:10"}, {24, "eip155:1088"}}
	// chainflipIDs are from memory.
	chainflipIDs = []number{{1, "eip155:1"}, {3, graph.Bitcoin}, {4, "eip155:42161"}}
)

// axelarNames are the names of chains at Axelar, in lower case, from memory.
var axelarNames = map[string]graph.ChainID{"ethereum": "eip155:1", "polygon": "eip155:137", "avalanche": "eip155:43114", "binance": "eip155:56",
	"arbitrum": "eip155:42161", "optimism": "eip155:10", "base": "eip155:8453", "moonbeam": "eip155:1284", "fantom": "eip155:250",
	"linea": "eip155:59144", "scroll": "eip155:534352"}

// debridgeOwn is where deBridge's numbers cease to be EIP-155: it has numbers
// of its own for chains that have none, and for Solana.
const (
	debridgeOwn    = 100_000_000
	debridgeSolana = 7_565_164
)

func letters(name string) uint64 {
	var n uint64
	for i := range len(name) {
		n = n<<8 | uint64(name[i])
	}
	return n
}

// numbering is the table of a name; nil for EIP-155 and for names in words.
func numbering(name string) []number {
	switch name {
	case "cctp":
		return cctpDomains
	case "layerzero":
		return endpointIDs
	case "layerzero1":
		return endpointIDs1
	case "wormhole":
		return wormholeIDs
	case "nomad":
		return nomadDomains
	case "poly":
		return polyIDs
	case "chainflip":
		return chainflipIDs
	}
	return nil
}

// chainOf is the chain with a number (or name) in a numbering: its CAIP-2 id,
// or protocol and number where that is all we know.
func chainOf(numbers, protocol string, v any) (string, error) {
	if name, ok := v.(string); ok {
		if id, ok := axelarNames[strings.ToLower(name)]; ok && numbers == "axelar" {
			return string(id), nil
		}
		if len(name) > maxRaw-len(protocol)-1 {
			return "", fmt.Errorf("%w: a chain's name of %d bytes", errField, len(name))
		}
		return protocol + ":" + name, nil
	}
	n, err := amount(v)
	if err != nil {
		return "", err
	}
	known := numbering(numbers)
	for _, k := range known {
		if n.IsUint64() && n.Uint64() == k.n {
			return string(k.chain), nil
		}
	}
	own := numbers == "debridge" && n.IsUint64() && (n.Uint64() >= debridgeOwn && n.Uint64() < 2*debridgeOwn || n.Uint64() == debridgeSolana)
	if known != nil || own || n.IsZero() || !n.IsUint64() || n.Uint64() >= 1<<63 {
		return protocol + ":" + n.Dec(), nil
	}
	return "eip155:" + n.Dec(), nil
}

// numberOf is a chain's number in a numbering.
func numberOf(numbers string, chain graph.ChainID) (uint64, bool) {
	for _, k := range numbering(numbers) {
		if k.chain == chain {
			return k.n, true
		}
	}
	return 0, false
}
