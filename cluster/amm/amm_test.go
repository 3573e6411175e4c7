package amm_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"spoor/cluster/amm"
	"spoor/graph"
	"spoor/graph/graphtest"
)

func address(t testing.TB, chain, text string) graph.Address {
	t.Helper()
	a, err := graph.ParseAddress(graph.ChainOf(graph.ChainID(chain)), text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

const (
	weth = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
	usdc = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
	usdt = "0xdAC17F958D2ee523a2206206994597C13D831ec7"
	dai  = "0x6B175474E89094C44Da98b954EedeAC495271d0F"
	hbt  = "0x0ace32f6e87ac1457a5385f8eb0208f37263b415"
	wbnb = "0xbb4CdB9CBd36B01bD1cBaEBF2De08d9173bc095c"
	busd = "0xe9e7CEA3DedcA5984780Bafc599bD69ADd087D56"
)

// TestKnownPools derives pools whose addresses are published: the first five are
// the vectors that the derivation was taken from.
func TestKnownPools(t *testing.T) {
	for _, c := range []struct {
		chain, at string
		tokens    []string
		want      string
	}{
		{"eip155:1", "0xb4e16d0168e52d35cacd2c6185b44281ec28c9dc", []string{usdc, weth}, "Uniswap v2 pair USDC/WETH"},
		{"eip155:1", "0x397ff1542f962076d0bfe58ea045ffa2d347aca0", []string{weth, usdc}, "SushiSwap v2 pair USDC/WETH"},
		{"eip155:56", "0x58f876857a02d6762e0101bb5c46a8c1ed44dc16", []string{wbnb, busd}, "PancakeSwap v2 pair WBNB/BUSD"},
		{"eip155:1", "0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640", []string{usdc, weth}, "Uniswap v3 pool USDC/WETH 0.05%"},
		{"eip155:56", "0x36696169c63e42cd08ce11f5deebbcebae652050", []string{"0x55d398326f99059fF775485246999027B3197955", wbnb}, "PancakeSwap v3 pool USDT/WBNB 0.05%"},
		// Others: the tokens in any order, among tokens that strangers sent, or
		// with the other token unseen.
		{"eip155:1", "0x0d4a11d5eeaac28ec3f61d100daf4d40471f1852", []string{hbt, weth, dai, usdt}, "Uniswap v2 pair WETH/USDT"},
		{"eip155:1", "0xa478c2975ab1ea89e8196811f51a7b7ade33eb11", []string{dai}, "Uniswap v2 pair DAI/WETH"},
		{"eip155:1", "0xc3d03e4f041fd4cd388c549ee2a29a9e5075882f", []string{dai}, "SushiSwap v2 pair DAI/WETH"},
		{"eip155:1", "0x8ad599c3a0ff1de082011efddc58f1908eb6e6d8", []string{usdc, weth}, "Uniswap v3 pool USDC/WETH 0.3%"},
		{"eip155:1", "0xa023cca9de8486d867e8b2f7bfd133a96455f850", []string{hbt}, "SushiSwap v2 pair 0x0aCe32f6E87Ac1457A5385f8eb0208F37263B415/WETH"},
	} {
		var tokens []graph.Address
		for _, token := range c.tokens {
			tokens = append(tokens, address(t, c.chain, token))
		}
		p, ok := amm.New(graph.ChainID(c.chain)).Prove(address(t, c.chain, c.at), tokens...)
		if !ok || p.String() != c.want {
			t.Errorf("%s is proven %t to be %q, want %q", c.at, ok, p, c.want)
		}
		if !strings.Contains(p.Rule(), "derived from its factory "+p.Factory.Address) {
			t.Errorf("%s: rule %q names no factory", c.at, p.Rule())
		}
	}
}

// TestCounterfeit: an address that differs in one bit, the pool's address on
// another chain, and a pool of other tokens are not proven.
func TestCounterfeit(t *testing.T) {
	genuine := "0xb4e16d0168e52d35cacd2c6185b44281ec28c9dc"
	prover := amm.New("eip155:1")
	for bit := range 160 {
		raw := common.HexToAddress(genuine)
		raw[bit/8] ^= 1 << (bit % 8)
		if p, ok := prover.Prove(graph.EVMAddress("eip155:1", raw), address(t, "eip155:1", usdc), address(t, "eip155:1", weth)); ok {
			t.Fatalf("%x is taken for %s", raw, p)
		}
	}
	if _, ok := amm.New("eip155:56").Prove(address(t, "eip155:56", genuine), address(t, "eip155:56", usdc), address(t, "eip155:56", weth)); ok {
		t.Error("a pool of another chain is proven")
	}
	if _, ok := prover.Prove(address(t, "eip155:1", genuine), address(t, "eip155:1", usdc), address(t, "eip155:56", weth)); !ok {
		t.Error("a token of another chain hides a pool that a hub completes")
	}
	if _, ok := prover.Prove(address(t, "eip155:1", genuine), address(t, "eip155:1", hbt), address(t, "eip155:1", dai)); ok {
		t.Error("a pool of other tokens is proven")
	}
	if _, ok := prover.Prove(address(t, "eip155:1", genuine)); ok {
		t.Error("an address that moved no token is proven")
	}
}

// TestFactories holds the table to itself: addresses keep their checksums, each
// row is of a known chain and has a source.
func TestFactories(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range amm.Factories() {
		for _, text := range []string{f.Address, f.Deployer} {
			if address(t, f.Chain, text).String() != text {
				t.Errorf("%s of %s fails its checksum", text, f.Name)
			}
		}
		if hash := common.FromHex(f.CodeHash); len(hash) != 32 || f.Source == "" || f.Form == 0 || f.Name == "" {
			t.Errorf("incomplete row %+v", f)
		}
		if key := f.Chain + f.Deployer + f.CodeHash; seen[key] {
			t.Errorf("%s on %s is there twice", f.Name, f.Chain)
		} else {
			seen[key] = true
		}
	}
}

// TestOf reads a ledger: the pool that a swap shows, the person who swapped,
// and how much of a history is read.
func TestOf(t *testing.T) {
	ctx := context.Background()
	pair, person := address(t, "eip155:1", "0xb4e16d0168e52d35cacd2c6185b44281ec28c9dc"), graph.EVMAddress("eip155:1", [20]byte{7})
	token := func(text string) graph.Asset {
		return graph.Asset{Chain: "eip155:1", Standard: graph.ERC20, Contract: address(t, "eip155:1", text)}
	}
	var amount graph.Amount
	amount.SetUint64(1)
	transfer := func(seq uint32, kind graph.Kind, from, to graph.Address, asset graph.Asset) graph.Transfer {
		return graph.Transfer{Seq: graph.Seq(seq), Kind: kind, From: from, To: to, Asset: asset, Amount: amount}
	}
	swap := []graph.Transfer{
		transfer(1, graph.KindFee, person, graph.Address{}, graph.Asset{Chain: "eip155:1", Standard: graph.NativeCoin}),
		transfer(2, graph.KindToken, person, pair, token(usdc)),
		transfer(3, graph.KindToken, pair, person, token(weth)),
	}
	var spam []graph.Transfer // eight tokens of strangers, before the first trade
	for i := range 8 {
		asset := graph.Asset{Chain: "eip155:1", Standard: graph.ERC20, Contract: graph.EVMAddress("eip155:1", [20]byte{9, byte(i)})}
		spam = append(spam, transfer(uint32(4+i), graph.KindToken, person, pair, asset))
	}
	for _, c := range []struct {
		name  string
		moves []graph.Transfer
		at    graph.Address
		want  string
	}{
		{"pool", swap, pair, "Uniswap v2 pair USDC/WETH"},
		{"person", swap, person, ""},
		{"one leg", swap[:2], pair, "Uniswap v2 pair USDC/WETH"},
		{"hidden behind spam", slices.Concat(spam, swap), pair, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for i := range c.moves {
				c.moves[i].Seq = graph.Seq(i + 1)
			}
			ledger, err := graphtest.NewModel().Ledger(ctx, graph.ChainOf("eip155:1"))
			if err != nil {
				t.Fatal(err)
			}
			block := graph.Block{Header: graph.Header{Height: 1, Hash: graph.Hash{1}, Time: 1}, Txs: []graph.Tx{{Hash: graph.Hash{2}, Transfers: c.moves}}}
			if err := ledger.Apply(ctx, block); err != nil {
				t.Fatal(err)
			}
			view, err := ledger.View(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = view.Close() }()
			id, err := view.ID(c.at)
			if err != nil {
				t.Fatal(err)
			}
			p, ok, err := amm.New("eip155:1").Of(ctx, view, id)
			if err != nil {
				t.Fatal(err)
			}
			if ok != (c.want != "") || ok && p.String() != c.want {
				t.Errorf("proven %t as %q, want %q", ok, p, c.want)
			}
		})
	}
}

func BenchmarkProve(b *testing.B) {
	var tokens []graph.Address
	for i := range 8 {
		tokens = append(tokens, graph.EVMAddress("eip155:1", [20]byte{byte(i + 1)}))
	}
	prover := amm.New("eip155:1")
	for b.Loop() {
		if _, ok := prover.Prove(tokens[0], tokens...); ok {
			b.Fatal("proven")
		}
	}
}
