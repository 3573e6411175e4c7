package amm

import "slices"

// Factory is a contract that creates pools at addresses that can be computed.
type Factory struct {
	Chain    string // CAIP-2
	Name     string
	Address  string // of the factory
	Deployer string // whose CREATE2 it is: the factory, or a contract of its own
	Form     Form
	CodeHash string // keccak256 of the pool's init code
	Source   string // of the row; a wrong one proves nothing, it cannot prove wrong
}

// Factories lists the factories that are known.
func Factories() []Factory { return slices.Clone(factories) }

// Init code hashes.
const (
	uniswap2  = "0x96e8ac4277198ff8b6f785478aa9a39f403cb768dd02cbee326c3e7da348845f" // @uniswap/v2-sdk
	uniswap3  = "0xe34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54" // @uniswap/v3-sdk
	sushi2    = "0xe18a34eb0e04b04f7a0ac29a6e80748dca96319b42c54d679cb821dca90c6303" // sushiswap/v2-core
	pancake2  = "0x00fb7f630766e6a796048ea87d01acd3068e8ff67d078148a3fa3f4a84f69bd5" // @pancakeswap/v2-sdk, BNB chain
	pancake2e = "0x57224589c67f3f30a6b0d7a1b54cf3153ab84563bc609ef41dfb34f8b2974d2d" // @pancakeswap/v2-sdk, Ethereum
	pancake3  = "0x6ce8eb472fa82df5469c6ab6d485f17c3ad13c8cd7af59b3d4a8026c5ce0f7e2" // @pancakeswap/v3-sdk
)

// Sources of rows.
const (
	byUniswap = "@uniswap/sdk-core 7.19.4"
	byPancake = "@pancakeswap/v3-sdk 3.10.2"
	bySpell   = "spellbook 465dfce"
)

const (
	uniswap3Factory  = "0x1F98431c8aD98523631AE4a59f267346ea31F984"
	sushi2Elsewhere  = "0xc35DADB65012eC5796536bD9864eD8773aBc74C4"
	pancake3Factory  = "0x0BFbCF9fa4f9C56B0F40a671Ad40E0805A091865"
	pancake3Deployer = "0x41ff9AA7e16B8B1a8a8dc4f0eFacd93D02d071c9"
)

var factories = []Factory{
	own("eip155:1", "Uniswap v2", "0x5C69bEe701ef814a2B6a3EDD4B1652CB9cc5aA6f", Paired, uniswap2, byUniswap),
	own("eip155:10", "Uniswap v2", "0x0c3c1c532F1e39EdF36BE9Fe0bE1410313E074Bf", Paired, uniswap2, byUniswap),
	own("eip155:56", "Uniswap v2", "0x8909Dc15e40173Ff4699343b6eB8132c65e18eC6", Paired, uniswap2, byUniswap),
	own("eip155:137", "Uniswap v2", "0x9e5A52f57b3038F1B8EeE45F28b3C1967e22799C", Paired, uniswap2, byUniswap),
	own("eip155:8453", "Uniswap v2", "0x8909Dc15e40173Ff4699343b6eB8132c65e18eC6", Paired, uniswap2, byUniswap),
	own("eip155:42161", "Uniswap v2", "0xf1D7CC64Fb4452F05c498126312eBE29f30Fbcf9", Paired, uniswap2, byUniswap),
	own("eip155:43114", "Uniswap v2", "0x9e5A52f57b3038F1B8EeE45F28b3C1967e22799C", Paired, uniswap2, byUniswap),

	own("eip155:1", "SushiSwap v2", "0xC0AEe478e3658e2610c5F7A4A2E1777cE9e4f2Ac", Paired, sushi2, bySpell),
	own("eip155:56", "SushiSwap v2", sushi2Elsewhere, Paired, sushi2, bySpell),
	own("eip155:100", "SushiSwap v2", sushi2Elsewhere, Paired, sushi2, bySpell),
	own("eip155:137", "SushiSwap v2", sushi2Elsewhere, Paired, sushi2, bySpell),
	own("eip155:42161", "SushiSwap v2", sushi2Elsewhere, Paired, sushi2, bySpell),
	own("eip155:43114", "SushiSwap v2", sushi2Elsewhere, Paired, sushi2, bySpell),

	own("eip155:1", "PancakeSwap v2", "0x1097053Fd2ea711dad45caCcc45EfF7548fCB362", Paired, pancake2e, "@pancakeswap/v2-sdk 1.2.2"),
	own("eip155:56", "PancakeSwap v2", "0xcA143Ce32Fe78f1f7019d7d551a6402fC5350c73", Paired, pancake2, "@pancakeswap/v2-sdk 1.2.2"),

	own("eip155:1", "Uniswap v3", uniswap3Factory, Tiered, uniswap3, byUniswap),
	own("eip155:10", "Uniswap v3", uniswap3Factory, Tiered, uniswap3, byUniswap),
	own("eip155:137", "Uniswap v3", uniswap3Factory, Tiered, uniswap3, byUniswap),
	own("eip155:42161", "Uniswap v3", uniswap3Factory, Tiered, uniswap3, byUniswap),
	own("eip155:56", "Uniswap v3", "0xdB1d10011AD0Ff90774D0C6Bb92e5C5c8b4461F7", Tiered, uniswap3, byUniswap),
	own("eip155:8453", "Uniswap v3", "0x33128a8fC17869897dcE68Ed026d694621f6FDfD", Tiered, uniswap3, byUniswap),
	own("eip155:42220", "Uniswap v3", "0xAfE208a311B21f13EF87E33A90049fC17A7acDEc", Tiered, uniswap3, byUniswap),
	own("eip155:43114", "Uniswap v3", "0x740b1c1de25031C31FF4fC9A62f554A55cdC1baD", Tiered, uniswap3, byUniswap),

	pancakeV3("eip155:1"), pancakeV3("eip155:56"), pancakeV3("eip155:8453"), pancakeV3("eip155:42161"),
}

// own is a factory that deploys its pools itself.
func own(chain, name, address string, form Form, codeHash, source string) Factory {
	return Factory{Chain: chain, Name: name, Address: address, Deployer: address, Form: form, CodeHash: codeHash, Source: source}
}

func pancakeV3(chain string) Factory {
	return Factory{Chain: chain, Name: "PancakeSwap v3", Address: pancake3Factory, Deployer: pancake3Deployer, Form: Tiered, CodeHash: pancake3, Source: byPancake}
}

// feeTiers are the fees that factories of v3 pools allow, in hundredths of a
// basis point: of Uniswap (200, 300 and 400 on Base only) and PancakeSwap.
var feeTiers = []int{100, 200, 300, 400, 500, 2500, 3000, 10000}

// tiers are the fees to try, one of 0 where pools have none.
func (f *Factory) tiers() []int {
	if f.Form == Tiered {
		return feeTiers
	}
	return []int{0}
}

// hubs are tokens that most pools of a chain are paired with; the contracts are
// those of the issuers' own lists. They are tried as the other token where only
// one was seen to move, and give a proven pool its name.
var hubs = []struct{ chain, token, symbol string }{
	{"eip155:1", "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2", "WETH"},
	{"eip155:1", "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "USDC"},
	{"eip155:1", "0xdAC17F958D2ee523a2206206994597C13D831ec7", "USDT"},
	{"eip155:1", "0x6B175474E89094C44Da98b954EedeAC495271d0F", "DAI"},
	{"eip155:1", "0x2260FAC5E5542a773Aa44fBCfeDf7C193bc2C599", "WBTC"},
	{"eip155:10", "0x4200000000000000000000000000000000000006", "WETH"},
	{"eip155:10", "0x0b2C639c533813f4Aa9D7837CAf62653d097Ff85", "USDC"},
	{"eip155:56", "0xbb4CdB9CBd36B01bD1cBaEBF2De08d9173bc095c", "WBNB"},
	{"eip155:56", "0x55d398326f99059fF775485246999027B3197955", "USDT"},
	{"eip155:56", "0xe9e7CEA3DedcA5984780Bafc599bD69ADd087D56", "BUSD"},
	{"eip155:56", "0x8AC76a51cc950d9822D68b83fE1Ad97B32Cd580d", "USDC"},
	{"eip155:100", "0xe91D153E0b41518A2Ce8Dd3D7944Fa863463a97d", "WXDAI"},
	{"eip155:137", "0x0d500B1d8E8eF31E21C99d1Db9A6444d3ADf1270", "WPOL"},
	{"eip155:137", "0x2791Bca1f2de4661ED88A30C99A7a9449Aa84174", "USDC.e"},
	{"eip155:137", "0x7ceB23fD6bC0adD59E62ac25578270cFf1b9f619", "WETH"},
	{"eip155:8453", "0x4200000000000000000000000000000000000006", "WETH"},
	{"eip155:8453", "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", "USDC"},
	{"eip155:42161", "0x82aF49447D8a07e3bd95BD0d56f35241523fBab1", "WETH"},
	{"eip155:42161", "0xaf88d065e77c8cC2239327C5EDb3A432268e5831", "USDC"},
	{"eip155:42161", "0xFF970A61A04b1cA14834A43f5dE4533eBDDB5CC8", "USDC.e"},
	{"eip155:43114", "0xB31f66AA3C1e785363F0875A1B74E27b85FD66c7", "WAVAX"},
	{"eip155:43114", "0xB97EF9Ef8734C71904D8002F8b6Bc66Dd9c48a6E", "USDC"},
}
