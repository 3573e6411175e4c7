package graph_test

import (
	"strings"
	"testing"

	"spoor/graph"
)

const usdc = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"

func TestAssetText(t *testing.T) {
	ethereum, bitcoin := chain(t, "ethereum"), chain(t, "bitcoin")
	contract, err := graph.ParseAddress(ethereum, usdc)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		asset      graph.Asset
		text, caip string
	}{
		{ethereum.Native(), "native", "eip155:1/slip44:60"},
		{bitcoin.Native(), "native", "bip122:000000000019d6689c085ae165831e93/slip44:0"},
		{graph.Asset{Chain: ethereum.ID, Standard: graph.ERC20, Contract: contract}, usdc, "eip155:1/erc20:" + usdc},
		{graph.Asset{Chain: ethereum.ID, Standard: graph.ERC721, Contract: contract}, "erc721:" + usdc + "/0", "eip155:1/erc721:" + usdc + "/0"},
		{graph.Asset{Chain: ethereum.ID, Standard: graph.ERC1155, Contract: contract, TokenID: amount(t, max256)}, "erc1155:" + usdc + "/" + max256, "eip155:1/erc1155:" + usdc + "/" + max256},
	} {
		c := graph.ChainOf(tt.asset.Chain)
		if tt.asset.Text() != tt.text || tt.asset.String() != tt.caip {
			t.Errorf("written %s and %s, want %s and %s", tt.asset.Text(), tt.asset, tt.text, tt.caip)
		}
		for _, text := range []string{tt.text, tt.caip} {
			if got, err := graph.ParseAsset(c, text); err != nil || got != tt.asset {
				t.Errorf("%s is read as %v, %v", text, got, err)
			}
		}
		if tt.asset.IsNative() != (tt.text == "native") {
			t.Errorf("%s: IsNative is %v", tt.caip, tt.asset.IsNative())
		}
	}
	for _, tt := range []struct{ chain, text, say string }{
		{"ethereum", "", "not an address"},
		{"ethereum", "USDC", "not an address"},
		{"ethereum", "eip155:10/erc20:" + usdc, "no asset of ethereum"},
		{"ethereum", "eip155:1/slip44:0", "no asset of ethereum"},
		{"ethereum", "erc20:" + usdc + "/1", "only they have one"},
		{"ethereum", "erc721:" + usdc, "need a token id"},
		{"ethereum", "erc721:" + usdc + "/", "token id"},
		{"ethereum", "erc721:" + usdc + "/-1", "negative"},
		{"ethereum", "erc721:" + usdc + "/" + two256, "2^256"},
		{"ethereum", "erc20:" + strings.Replace(usdc, "A0", "a0", 1), "EIP-55"},
		{"ethereum", "erc777:" + usdc, "no asset of ethereum"},
		{"bitcoin", usdc, "only its native coin"},
		{"bitcoin", "slip44:60", "only its native coin"},
	} {
		if got, err := graph.ParseAsset(chain(t, tt.chain), tt.text); err == nil || !strings.Contains(err.Error(), tt.say) {
			t.Errorf("%s on %s is read as %v, %v; want an error with %q", tt.text, tt.chain, got, err, tt.say)
		}
	}
}

func TestAssetUnits(t *testing.T) {
	eth := graph.NativeInfo(chain(t, "ethereum"))
	if got := eth.Units(amount(t, "56200000000000000000")); got != "56.2" || eth.Symbol != "ETH" {
		t.Errorf("%s %s", got, eth.Symbol)
	}
	if got := (graph.AssetInfo{Decimals: -1}).Units(amount(t, "5")); got != "" {
		t.Errorf("units without decimals: %s", got)
	}
}

func FuzzParseAsset(f *testing.F) {
	for _, text := range []string{"native", usdc, "slip44:60", "eip155:1/erc721:" + usdc + "/7", "erc1155:" + usdc + "/" + max256, "erc20:" + usdc} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, c := range graph.Chains() {
			a, err := graph.ParseAsset(c, text)
			if err != nil {
				continue
			}
			for _, written := range []string{a.Text(), a.String()} {
				if back, err := graph.ParseAsset(c, written); err != nil || back != a {
					t.Errorf("%q is read as %v, written %s, read as %v, %v", text, a, written, back, err)
				}
			}
		}
	})
}
