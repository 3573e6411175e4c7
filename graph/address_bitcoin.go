package graph

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/address/v2/bech32"
	"github.com/btcsuite/btcd/txscript/v2"
)

// Canonical bytes of an address on a UTXO ledger: a form byte, then
//
//	1  P2PKH    hash160 of the key
//	2  P2SH     hash160 of the script
//	3  witness  version byte, program (2 to 40 bytes): P2WPKH, P2WSH, P2TR and later versions
//	4  script   SHA-256 of the output script, where the script has no address
//	            (P2PK, bare multisig, data, non-standard)
const (
	formP2PKH byte = iota + 1
	formP2SH
	formWitness
	formScript
)

const scriptPrefix = "script:"

// ScriptAddress is the address that an output script pays. A script without an
// address gets a stable identity of its own, written "script:" and the SHA-256
// of the script, so that equal scripts are one place and no script is lost.
func ScriptAddress(chain ChainID, script []byte) Address {
	if version, program, err := txscript.ExtractWitnessProgramInfo(script); err == nil && isWitness(byte(version), program) {
		return Address{chain, string(formWitness) + string(byte(version)) + string(program)}
	}
	switch txscript.GetScriptClass(script) {
	case txscript.PubKeyHashTy: // DUP HASH160 20 hash EQUALVERIFY CHECKSIG
		return Address{chain, string(formP2PKH) + string(script[3:23])}
	case txscript.ScriptHashTy: // HASH160 20 hash EQUAL
		return Address{chain, string(formP2SH) + string(script[2:22])}
	}
	sum := sha256.Sum256(script)
	return Address{chain, string(formScript) + string(sum[:])}
}

// isWitness reports whether a witness program has an address (BIP 141, BIP 350).
func isWitness(version byte, program []byte) bool {
	n := len(program)
	if version == 0 {
		return n == 20 || n == 32 // of other lengths nobody can spend it, and BIP 173 gives it no text
	}
	return version <= 16 && n >= 2 && n <= 40
}

func scriptAddressFromBytes(chain ChainID, raw []byte) (Address, error) {
	n := len(raw)
	valid := n > 0 && (raw[0] == formP2PKH && n == 21 || raw[0] == formP2SH && n == 21 ||
		raw[0] == formScript && n == 33 || raw[0] == formWitness && n > 1 && isWitness(raw[1], raw[2:]))
	if !valid {
		return Address{}, fmt.Errorf("%w: malformed script address bytes %x", ErrAddress, raw)
	}
	return Address{chain, string(raw)}, nil
}

func (a Address) scriptString(chain Chain) string {
	payload := []byte(a.raw[1:])
	switch a.raw[0] {
	case formP2PKH:
		return base58.CheckEncode(payload, chain.params.PubKeyHashAddrID)
	case formP2SH:
		return base58.CheckEncode(payload, chain.params.ScriptHashAddrID)
	case formWitness:
		groups, err := bech32.ConvertBits(payload[1:], 8, 5, true)
		if err != nil {
			panic(err) // padding is on: no input can fail
		}
		encode := bech32.EncodeM
		if payload[0] == 0 {
			encode = bech32.Encode
		}
		text, err := encode(chain.params.Bech32HRPSegwit, append([]byte{payload[0]}, groups...))
		if err != nil {
			panic(err) // groups of five bits are always encodable
		}
		return text
	}
	return scriptPrefix + hex.EncodeToString(payload)
}

func parseScriptAddress(chain Chain, text string) (Address, error) {
	if digits, ok := strings.CutPrefix(text, scriptPrefix); ok {
		sum, err := hex.DecodeString(digits)
		if err != nil || len(sum) != sha256.Size {
			return Address{}, fmt.Errorf("%w of %s: %.80q; want script: and 64 hex digits", ErrAddress, chain.Alias, text)
		}
		return Address{chain.ID, string(formScript) + string(sum)}, nil
	}
	if lower := strings.ToLower(text); strings.HasPrefix(lower, chain.params.Bech32HRPSegwit+"1") {
		return parseWitness(chain, text)
	}
	payload, version, err := base58.CheckDecode(text)
	if err != nil {
		return Address{}, fmt.Errorf("%w of %s: %.80q: %w", ErrAddress, chain.Alias, text, err)
	}
	if len(payload) == 20 && version == chain.params.PubKeyHashAddrID {
		return Address{chain.ID, string(formP2PKH) + string(payload)}, nil
	}
	if len(payload) == 20 && version == chain.params.ScriptHashAddrID {
		return Address{chain.ID, string(formP2SH) + string(payload)}, nil
	}
	return Address{}, fmt.Errorf("%w of %s: %.80q has version %d; is it an address of another network?", ErrAddress, chain.Alias, text, version)
}

// parseWitness reads a segwit address by BIP 173 and BIP 350.
func parseWitness(chain Chain, text string) (Address, error) {
	hrp, groups, encoding, err := bech32.DecodeGeneric(text)
	if err != nil {
		return Address{}, fmt.Errorf("%w of %s: %.100q: %w", ErrAddress, chain.Alias, text, err)
	}
	bad := fmt.Errorf("%w of %s: %.100q is malformed bech32", ErrAddress, chain.Alias, text)
	if hrp != chain.params.Bech32HRPSegwit || len(groups) == 0 {
		return Address{}, bad
	}
	if (groups[0] == 0) != (encoding == bech32.Version0) {
		return Address{}, bad
	}
	program, err := bech32.ConvertBits(groups[1:], 5, 8, false)
	if err != nil || !isWitness(groups[0], program) {
		return Address{}, bad
	}
	return Address{chain.ID, string(bytes.Join([][]byte{{formWitness, groups[0]}, program}, nil))}, nil
}
