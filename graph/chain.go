package graph

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/chaincfg/v2"
)

// Family is how a ledger keeps value: as balances of accounts or as unspent
// outputs. The two need different rules and share all vocabulary.
type Family uint8

// The two families.
const (
	AccountFamily Family = iota + 1 // balances; transfers have both ends
	UTXOFamily                      // outputs; an input has no To, an output no From
)

// ChainID names a chain by CAIP-2, such as "eip155:1".
type ChainID string

// Chain is one public ledger: a row of the chain table. What differs between
// chains of a family is data here, not code elsewhere.
type Chain struct {
	ID       ChainID // CAIP-2
	Alias    string  // short name for people, also accepted on input
	Name     string
	Family   Family
	Symbol   string // of the native coin
	Decimals uint8  // of the native coin
	Slip44   uint32 // coin type of the native coin in CAIP-19
	Finality uint32 // blocks after which we take a block as final where the node does not say
	Wrapped  string // contract of the 1:1 wrapped native coin, "" if none is known

	// Rewards are the block rewards before proof of stake, oldest first; nil
	// where the protocol pays none or we do not know.
	Rewards []Reward

	params *chaincfg.Params // address formats of a UTXO chain
}

// Reward is the block reward in base units from a height on.
type Reward struct {
	From  uint32
	Units uint64
}

// ErrChain is returned for a chain that is not in the table and cannot be
// derived from its id.
var ErrChain = errors.New("unknown chain")

// Genesis hashes stand in CAIP-2 ids of Bitcoin networks, cut to 32 digits.
const (
	Bitcoin  ChainID = "bip122:000000000019d6689c085ae165831e93"
	Ethereum ChainID = "eip155:1"
)

// chains is the chain table. Native coins by SLIP-44; finality depths are
// conservative and used only where a node offers no finalized tag. Wrapped
// contracts are those of reference lists of each chain.
var chains = []Chain{
	{ID: Bitcoin, Alias: "bitcoin", Name: "Bitcoin", Family: UTXOFamily, Symbol: "BTC", Decimals: 8, Slip44: 0, Finality: 100, params: &chaincfg.MainNetParams},
	{ID: "bip122:000000000933ea01ad0ee984209779ba", Alias: "bitcoin-testnet", Name: "Bitcoin Testnet3", Family: UTXOFamily, Symbol: "tBTC", Decimals: 8, Slip44: 1, Finality: 100, params: &chaincfg.TestNet3Params},
	{ID: "bip122:0f9188f13cb7b2c71f2a335e3a4fc328", Alias: "bitcoin-regtest", Name: "Bitcoin Regtest", Family: UTXOFamily, Symbol: "rBTC", Decimals: 8, Slip44: 1, Finality: 100, params: &chaincfg.RegressionNetParams},
	{ID: Ethereum, Alias: "ethereum", Name: "Ethereum", Family: AccountFamily, Symbol: "ETH", Decimals: 18, Slip44: 60, Finality: 64, Wrapped: "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
		// EIP-649 (Byzantium) and EIP-1234 (Constantinople).
		Rewards: []Reward{{0, 5e18}, {4_370_000, 3e18}, {7_280_000, 2e18}}},
	{ID: "eip155:10", Alias: "optimism", Name: "OP Mainnet", Family: AccountFamily, Symbol: "ETH", Decimals: 18, Slip44: 60, Finality: 1800, Wrapped: "0x4200000000000000000000000000000000000006"},
	{ID: "eip155:56", Alias: "bnb", Name: "BNB Smart Chain", Family: AccountFamily, Symbol: "BNB", Decimals: 18, Slip44: 9006, Finality: 64, Wrapped: "0xbb4CdB9CBd36B01bD1cBaEBF2De08d9173bc095c"},
	{ID: "eip155:100", Alias: "gnosis", Name: "Gnosis", Family: AccountFamily, Symbol: "xDAI", Decimals: 18, Slip44: 700, Finality: 64, Wrapped: "0xe91D153E0b41518A2Ce8Dd3D7944Fa863463a97d"},
	{ID: "eip155:137", Alias: "polygon", Name: "Polygon PoS", Family: AccountFamily, Symbol: "POL", Decimals: 18, Slip44: 966, Finality: 256, Wrapped: "0x0d500B1d8E8eF31E21C99d1Db9A6444d3ADf1270"},
	{ID: "eip155:8453", Alias: "base", Name: "Base", Family: AccountFamily, Symbol: "ETH", Decimals: 18, Slip44: 60, Finality: 1800, Wrapped: "0x4200000000000000000000000000000000000006"},
	{ID: "eip155:42161", Alias: "arbitrum", Name: "Arbitrum One", Family: AccountFamily, Symbol: "ETH", Decimals: 18, Slip44: 60, Finality: 4800, Wrapped: "0x82aF49447D8a07e3bd95BD0d56f35241523fBab1"},
	{ID: "eip155:43114", Alias: "avalanche", Name: "Avalanche C-Chain", Family: AccountFamily, Symbol: "AVAX", Decimals: 18, Slip44: 9005, Finality: 64, Wrapped: "0xB31f66AA3C1e785363F0875A1B74E27b85FD66c7"},
	{ID: "eip155:11155111", Alias: "sepolia", Name: "Sepolia", Family: AccountFamily, Symbol: "SepoliaETH", Decimals: 18, Slip44: 1, Finality: 64},
}

// Chains returns the chain table. The caller must not change it.
func Chains() []Chain { return chains }

// ParseChain finds a chain by alias ("ethereum"), CAIP-2 id ("eip155:1") or
// bare EIP-155 number ("1"). An EIP-155 id that is not in the table becomes a
// chain with defaults, so that a private or young chain can be read; anything
// else unknown is ErrChain.
func ParseChain(text string) (Chain, error) {
	for _, c := range chains {
		if text == string(c.ID) || strings.EqualFold(text, c.Alias) {
			return c, nil
		}
	}
	reference, _ := strings.CutPrefix(strings.Replace(text, "eip155-", "eip155:", 1), "eip155:")
	if n, err := strconv.ParseUint(reference, 10, 63); err == nil && n > 0 && strconv.FormatUint(n, 10) == reference {
		if id := "eip155:" + reference; text != id {
			return ParseChain(id)
		}
		return Chain{ID: ChainID("eip155:" + reference), Alias: "eip155-" + reference, Name: "EVM chain " + reference,
			Family: AccountFamily, Symbol: "ETH", Decimals: 18, Slip44: 60, Finality: 64}, nil
	}
	return Chain{}, fmt.Errorf("%w: %.60q; want a CAIP-2 id such as eip155:1 or an alias: %s", ErrChain, text, aliases())
}

// FinalHeight is the highest block that counts as final when tip is the newest
// one known: the chain's finality depth below it. Blocks above are provisional,
// a reorganisation may still replace them. Block 0 is always final.
func (c Chain) FinalHeight(tip uint32) uint32 { return tip - min(tip, c.Finality) }

// ChainOf is the chain of an id that was parsed before; it panics on an id
// that never was one.
func ChainOf(id ChainID) Chain {
	c, err := ParseChain(string(id))
	if err != nil {
		panic(err)
	}
	return c
}

// RewardAt is the protocol's block reward at a height, zero where it pays none.
func (c Chain) RewardAt(height uint32) Amount {
	var units uint64
	for _, r := range c.Rewards {
		if height >= r.From {
			units = r.Units
		}
	}
	var a Amount
	a.SetUint64(units)
	return a
}

// Native is the chain's own coin.
func (c Chain) Native() Asset { return Asset{Chain: c.ID, Standard: NativeCoin} }

func aliases() string {
	names := make([]string, len(chains))
	for i, c := range chains {
		names[i] = c.Alias
	}
	return strings.Join(names, ", ")
}
