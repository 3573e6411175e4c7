package label

import (
	"strings"

	"spoor/graph"
)

// networks maps the names and tickers under which lists write chains to the
// chain table or, for EVM chains outside of it, to their EIP-155 number
// (ethereum-lists/chains). What is not here and no chain of the table has no
// chain: its rows are refused, not lost.
var networks = map[string]graph.ChainID{
	"btc": graph.Bitcoin, "xbt": graph.Bitcoin,
	"eth": graph.Ethereum, "erc20": graph.Ethereum, "mainnet": graph.Ethereum,
	"op":  "eip155:10",
	"bsc": "eip155:56", "bep20": "eip155:56", "bnb smart chain": "eip155:56", "binance smart chain": "eip155:56",
	"xdai":  "eip155:100",
	"matic": "eip155:137", "pol": "eip155:137",
	"arb":  "eip155:42161",
	"avax": "eip155:43114", "avalanche_c": "eip155:43114",
	"cro": "eip155:25", "cronos": "eip155:25",
	"rbtc": "eip155:30", "rsk": "eip155:30",
	"etc": "eip155:61",
	"ftm": "eip155:250", "fantom": "eip155:250",
	"kcs":    "eip155:321",
	"zksync": "eip155:324", "metis": "eip155:1088", "moonbeam": "eip155:1284", "moonriver": "eip155:1285", "mantle": "eip155:5000",
	"celo": "eip155:42220", "linea": "eip155:59144", "blast": "eip155:81457", "scroll": "eip155:534352", "aurora": "eip155:1313161554", "harmony": "eip155:1666600000",
}

// tokens are tickers of tokens that lists give in place of a chain. The form of
// the address tells the chain: 0x is Ethereum, and an address of Bitcoin holds
// USDT by the Omni protocol. Any other form (Tron, Algorand …) has no chain.
var tokens = map[string]bool{"usdt": true, "usdc": true}

// networkNamed is the chain a list calls by a name or ticker.
func networkNamed(name string) (graph.Chain, bool) {
	if id, ok := networks[strings.ToLower(strings.TrimSpace(name))]; ok {
		return graph.ChainOf(id), true
	}
	chain, err := graph.ParseChain(strings.TrimSpace(name))
	return chain, err == nil
}

// Chains are all chains that lists name: the chain table and the EVM chains
// outside of it, in that order.
func Chains() []graph.Chain {
	chains := append([]graph.Chain(nil), graph.Chains()...)
	for _, id := range []graph.ChainID{"eip155:25", "eip155:30", "eip155:61", "eip155:250", "eip155:321", "eip155:324", "eip155:1088", "eip155:1284",
		"eip155:1285", "eip155:5000", "eip155:42220", "eip155:59144", "eip155:81457", "eip155:534352", "eip155:1313161554", "eip155:1666600000"} {
		chains = append(chains, graph.ChainOf(id))
	}
	return chains
}

func noChain(name string) string { return "no chain for " + name }

// listed reads an address under the currency and network that a list gives it.
// The ticker stays with the label where it is not the chain's own.
func listed(currency, network, text string) (a graph.Address, ticker string, err error) {
	name := network
	if name == "" {
		name = currency
	}
	if name == "" {
		return a, "", refuse("no currency", "the row names no currency or network; tell it with --chain")
	}
	chain, ok := networkNamed(name)
	if !ok && tokens[strings.ToLower(name)] {
		for _, id := range []graph.ChainID{graph.Ethereum, graph.Bitcoin} {
			if _, err := parseAddress(graph.ChainOf(id), text); err == nil {
				chain, ok = graph.ChainOf(id), true
				break
			}
		}
	}
	if !ok {
		return a, "", refuse(noChain(name), "%.40q is no chain that spoor knows", name)
	}
	if own, ok := networkNamed(currency); currency != "" && (!ok || own.ID != chain.ID) {
		ticker = currency
	}
	a, err = parseAddress(chain, text)
	return a, ticker, err
}
