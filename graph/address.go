package graph

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"
)

// Address is a place where value can rest on one chain. It is comparable; the
// zero Address means "nowhere" (the other end of a mint, a burn, an input).
//
// Text is parsed once, at the edge, with ParseAddress; what is kept are the
// canonical bytes: 20 on account ledgers, a form byte and a payload on UTXO
// ledgers (see address_bitcoin.go).
type Address struct {
	Chain ChainID
	raw   string
}

// ErrAddress is returned for text that is no address of the chain.
var ErrAddress = errors.New("not an address")

// IsZero reports whether the address is nowhere.
func (a Address) IsZero() bool { return a.raw == "" }

// Bytes are the canonical bytes of the address on its chain.
func (a Address) Bytes() []byte { return []byte(a.raw) }

// Compare orders addresses by chain and canonical bytes.
func (a Address) Compare(b Address) int {
	if c := strings.Compare(string(a.Chain), string(b.Chain)); c != 0 {
		return c
	}
	return strings.Compare(a.raw, b.raw)
}

// EVMAddress is the account with the given 20 bytes.
func EVMAddress(chain ChainID, account [20]byte) Address {
	return Address{chain, string(account[:])}
}

// AddressFromBytes restores an address from its canonical bytes.
func AddressFromBytes(chain ChainID, raw []byte) (Address, error) {
	c, err := ParseChain(string(chain))
	if err != nil {
		return Address{}, err
	}
	if c.Family == UTXOFamily {
		return scriptAddressFromBytes(chain, raw)
	}
	if len(raw) != common.AddressLength {
		return Address{}, fmt.Errorf("%w: %d bytes, want 20", ErrAddress, len(raw))
	}
	return Address{chain, string(raw)}, nil
}

// ParseAddress reads an address in the chain's own writing: 0x and 40 hex
// digits, whose EIP-55 checksum must hold if the case is mixed; or a Bitcoin
// address of the chain's network, or script:HASH.
func ParseAddress(chain Chain, text string) (Address, error) {
	if chain.Family == UTXOFamily {
		return parseScriptAddress(chain, text)
	}
	digits, ok := strings.CutPrefix(text, "0x")
	if !ok || len(digits) != 40 {
		return Address{}, fmt.Errorf("%w of %s: %.80q; want 0x and 40 hex digits", ErrAddress, chain.Alias, text)
	}
	var account common.Address
	if _, err := hex.Decode(account[:], []byte(digits)); err != nil {
		return Address{}, fmt.Errorf("%w of %s: %.80q; want 0x and 40 hex digits", ErrAddress, chain.Alias, text)
	}
	mixed := strings.ToLower(digits) != digits && strings.ToUpper(digits) != digits
	if mixed && account.Hex() != text {
		return Address{}, fmt.Errorf("%w of %s: %s fails its EIP-55 checksum; a digit may be mistyped (all lower case skips the check)", ErrAddress, chain.Alias, text)
	}
	return EVMAddress(chain.ID, account), nil
}

// String is the address in its chain's own writing, never shortened: EIP-55
// for accounts. Nowhere is "".
func (a Address) String() string {
	if a.IsZero() {
		return ""
	}
	chain := ChainOf(a.Chain)
	if chain.Family == UTXOFamily {
		return a.scriptString(chain)
	}
	return common.BytesToAddress([]byte(a.raw)).Hex()
}

// CAIP10 is the address with its chain: "eip155:1:0x…".
func (a Address) CAIP10() string { return string(a.Chain) + ":" + a.String() }
