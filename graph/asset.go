package graph

import (
	"fmt"
	"strings"
)

// Standard is the kind of thing an asset is.
type Standard uint8

// The standards; the numbers are stored.
const (
	NativeCoin Standard = iota + 1
	ERC20
	ERC721  // one token of a collection; amounts are 1
	ERC1155 // one id of a collection; amounts count copies
)

var standardNames = map[Standard]string{NativeCoin: "slip44", ERC20: "erc20", ERC721: "erc721", ERC1155: "erc1155"}

// Asset is what a transfer moves: the native coin or a token of a chain. Its
// identity is chain, contract and (for collections) token id, never a symbol:
// symbols are chosen by whoever deploys a contract. Comparable.
type Asset struct {
	Chain    ChainID
	Standard Standard
	Contract Address // zero for the native coin
	TokenID  Amount  // of ERC-721 and ERC-1155; an id, not an amount
}

// IsNative reports whether the asset is the chain's own coin.
func (a Asset) IsNative() bool { return a.Standard == NativeCoin }

// String is the CAIP-19 id, such as "eip155:1/slip44:60" or
// "eip155:1/erc20:0x…".
func (a Asset) String() string {
	if a.IsNative() {
		return fmt.Sprintf("%s/slip44:%d", a.Chain, ChainOf(a.Chain).Slip44)
	}
	return string(a.Chain) + "/" + a.local()
}

// Text is the asset as written beside its chain: "native", the contract
// address of an ERC-20 token, or "erc721:CONTRACT/ID".
func (a Asset) Text() string {
	switch a.Standard {
	case NativeCoin:
		return "native"
	case ERC20:
		return a.Contract.String()
	}
	return a.local()
}

func (a Asset) local() string {
	text := standardNames[a.Standard] + ":" + a.Contract.String()
	if a.Standard == ERC721 || a.Standard == ERC1155 {
		text += "/" + a.TokenID.Dec()
	}
	return text
}

// ParseAsset reads what Text and String write.
func ParseAsset(chain Chain, text string) (Asset, error) {
	if rest, ok := strings.CutPrefix(text, string(chain.ID)+"/"); ok {
		text = rest
	}
	native := chain.Native()
	if text == "native" || strings.EqualFold(text, fmt.Sprintf("slip44:%d", chain.Slip44)) {
		return native, nil
	}
	if chain.Family == UTXOFamily {
		return Asset{}, fmt.Errorf("%.80q is no asset of %s: it has only its native coin", text, chain.Alias)
	}
	standard, contract := ERC20, text
	if name, rest, ok := strings.Cut(text, ":"); ok {
		standard, contract = 0, rest
		for s, known := range standardNames {
			if known == name && s != NativeCoin {
				standard = s
			}
		}
		if standard == 0 {
			return Asset{}, fmt.Errorf("%.80q is no asset of %s: want native, a contract address or a CAIP-19 id of this chain", text, chain.Alias)
		}
	}
	var id Amount
	contract, idText, hasID := strings.Cut(contract, "/")
	if wantID := standard != ERC20; hasID != wantID {
		return Asset{}, fmt.Errorf("%.80q is no asset of %s: collections need a token id, and only they have one", text, chain.Alias)
	}
	if hasID {
		var err error
		if id, err = ParseAmount(idText); err != nil {
			return Asset{}, fmt.Errorf("token id: %w", err)
		}
	}
	address, err := ParseAddress(chain, contract)
	if err != nil {
		return Asset{}, fmt.Errorf("asset: %w", err)
	}
	return Asset{Chain: chain.ID, Standard: standard, Contract: address, TokenID: id}, nil
}

// AssetInfo is what somebody says about an asset: a contract about itself, a
// file, a list. It is a claim, useful for display and never for identity.
type AssetInfo struct {
	Asset    Asset
	Symbol   string
	Decimals int    // -1 when nobody has said
	Source   string // who says so
}

// NativeInfo is what the chain table says about the native coin.
func NativeInfo(c Chain) AssetInfo {
	return AssetInfo{Asset: c.Native(), Symbol: c.Symbol, Decimals: int(c.Decimals), Source: "chain table"}
}

// Units writes an amount in whole units where the decimals are known, "" where
// nobody has said how many there are.
func (i AssetInfo) Units(a Amount) string {
	if i.Decimals < 0 {
		return ""
	}
	return FormatUnits(a, uint8(i.Decimals))
}
