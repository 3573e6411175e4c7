package graph_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/chaincfg/v2"

	"spoor/graph"
)

func TestChainTable(t *testing.T) {
	ids, aliases := map[graph.ChainID]bool{}, map[string]bool{}
	for _, c := range graph.Chains() {
		if ids[c.ID] || aliases[c.Alias] {
			t.Errorf("%s is there twice", c.Alias)
		}
		ids[c.ID], aliases[c.Alias] = true, true
		if c.Name == "" || c.Symbol == "" || c.Decimals == 0 || c.Finality == 0 || c.Family == 0 {
			t.Errorf("%s is not complete: %+v", c.Alias, c)
		}
		for _, text := range []string{string(c.ID), c.Alias, strings.ToUpper(c.Alias)} {
			if got, err := graph.ParseChain(text); err != nil || got.ID != c.ID {
				t.Errorf("%s is read as %s, %v", text, got.ID, err)
			}
		}
		if c.Wrapped != "" {
			if _, err := graph.ParseAddress(c, c.Wrapped); err != nil {
				t.Errorf("%s: wrapped coin: %v", c.Alias, err)
			}
		}
		if native := c.Native(); native.Chain != c.ID || !native.IsNative() {
			t.Errorf("%s: native coin %v", c.Alias, native)
		}
	}
	for _, want := range []string{"bitcoin", "ethereum", "bnb", "polygon", "arbitrum", "optimism", "base", "avalanche", "gnosis"} {
		if !aliases[want] {
			t.Errorf("no %s", want)
		}
	}
	// A BIP 122 id is the beginning of the genesis hash.
	for alias, p := range map[string]*chaincfg.Params{"bitcoin": &chaincfg.MainNetParams, "bitcoin-testnet": &chaincfg.TestNet3Params, "bitcoin-regtest": &chaincfg.RegressionNetParams} {
		if id := chain(t, alias).ID; string(id) != "bip122:"+p.GenesisHash.String()[:32] {
			t.Errorf("%s is %s", alias, id)
		}
	}
}

func TestParseChain(t *testing.T) {
	if c, err := graph.ParseChain("1"); err != nil || c.ID != graph.Ethereum {
		t.Errorf("1 is read as %s, %v", c.ID, err)
	}
	for _, text := range []string{"eip155:1337", "1337"} {
		c, err := graph.ParseChain(text)
		if err != nil || c.ID != "eip155:1337" || c.Family != graph.AccountFamily || c.Wrapped != "" || graph.ChainOf(c.ID).Name != c.Name {
			t.Errorf("%s is read as %+v, %v", text, c, err)
		}
	}
	for _, text := range []string{"", "0", "01", "-1", "+1", "1 ", "eip155:", "eip155:0", "eip155:01", "eip155:x", "eip155:eip155:1", "bip122:0", "solana", "eip155:99999999999999999999"} {
		if c, err := graph.ParseChain(text); !errors.Is(err, graph.ErrChain) || !strings.Contains(err.Error(), "ethereum") {
			t.Errorf("%q is read as %+v, %v", text, c, err)
		}
	}
}

func TestRewards(t *testing.T) {
	ethereum := chain(t, "ethereum")
	for _, tt := range []struct {
		height uint32
		want   string
	}{{0, "5000000000000000000"}, {4_369_999, "5000000000000000000"}, {4_370_000, "3000000000000000000"}, {7_279_999, "3000000000000000000"}, {7_280_000, "2000000000000000000"}} {
		if got := ethereum.RewardAt(tt.height); got.Dec() != tt.want {
			t.Errorf("reward at %d is %s, want %s", tt.height, got.Dec(), tt.want)
		}
	}
	if got := chain(t, "base").RewardAt(5); !got.IsZero() {
		t.Errorf("reward on base: %s", got.Dec())
	}
}

func FuzzParseChain(f *testing.F) {
	for _, text := range []string{"ethereum", "eip155:1", "1", "eip155:1337", "bip122:000000000019d6689c085ae165831e93", "eip155:01"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := graph.ParseChain(text)
		if err != nil {
			return
		}
		if again, err := graph.ParseChain(string(c.ID)); err != nil || again.ID != c.ID || again.Alias != c.Alias {
			t.Errorf("%q is read as %s, which is read as %s, %v", text, c.ID, again.ID, err)
		}
	})
}
