package graph_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"

	"spoor/graph"
)

func chain(t testing.TB, name string) graph.Chain {
	t.Helper()
	c, err := graph.ParseChain(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

const (
	key33 = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798" // generator point of secp256k1
	key65 = "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
	key20 = "751e76e8199196d454941c45d1b3a323f1433bd6" // hash160 of key33
)

// Every form of output script, and the place it pays. Addresses are those of
// BIP 173, BIP 350 and the documents of each form.
func TestScriptAddress(t *testing.T) {
	for _, tt := range []struct{ name, script, address string }{
		{"P2PK compressed", "21" + key33 + "ac", "script:"},
		{"P2PK uncompressed", "41" + key65 + "ac", "script:"},
		{"P2PKH", "76a914" + key20 + "88ac", "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"},
		{"P2SH", "a914b472a266d0bd89c13706a4132ccfb16f7c3b9fcb87", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"},
		{"P2WPKH", "0014" + key20, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"},
		{"P2WSH", "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262", "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3"},
		{"P2TR", "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"},
		{"P2A", "51024e73", "bc1pfeessrawgf"},
		{"witness version 2", "5210751e76e8199196d454941c45d1b3a323", "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs"},
		{"witness version 16", "6002751e", "bc1sw50qgdz25j"},
		{"witness version 1 of 40 bytes", "5128751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433bd6", "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y"},
		{"witness version 0 of a length nobody can spend", "000a751e76e8199196d45494", "script:"},
		{"witness program too long", "5129" + strings.Repeat("00", 41), "script:"},
		{"witness program too short", "510100", "script:"},
		{"bare multisig", "5121" + key33 + "51ae", "script:"},
		{"OP_RETURN", "6a0568656c6c6f", "script:"},
		{"OP_RETURN, empty", "6a", "script:"},
		{"hash lock", "a820" + strings.Repeat("11", 32) + "87", "script:"},
		{"P2PKH with a byte more", "76a914" + key20 + "88ac51", "script:"},
		{"push that does not end", "4c", "script:"},
		{"empty", "", "script:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bitcoin := chain(t, "bitcoin")
			script := unhex(t, tt.script)
			a := graph.ScriptAddress(bitcoin.ID, script)
			text := a.String()
			if text != tt.address && (tt.address != "script:" || !strings.HasPrefix(text, "script:") || len(text) != 7+64) {
				t.Errorf("pays %s, want %s", text, tt.address)
			}
			roundTrip(t, bitcoin, a)
			if upper := strings.ToUpper(text); strings.HasPrefix(text, "bc1") {
				if b, err := graph.ParseAddress(bitcoin, upper); err != nil || b != a {
					t.Errorf("%s is read as %v, %v", upper, b, err)
				}
			}
			if a == graph.ScriptAddress(bitcoin.ID, append(bytes.Clone(script), txscript.OP_NOP)) {
				t.Error("a longer script pays the same place")
			}
			if a == graph.ScriptAddress(chain(t, "bitcoin-testnet").ID, script) {
				t.Error("another chain's script pays the same place")
			}
		})
	}
}

// roundTrip checks that text and bytes both give the address back.
func roundTrip(t *testing.T, c graph.Chain, a graph.Address) {
	t.Helper()
	b, err := graph.ParseAddress(c, a.String())
	if err != nil || a != b {
		t.Errorf("%s is read as %v, %v", a, b, err)
	}
	b, err = graph.AddressFromBytes(c.ID, a.Bytes())
	if err != nil || a != b {
		t.Errorf("bytes %x of %s are read as %v, %v", a.Bytes(), a, b, err)
	}
	if a.CAIP10() != string(c.ID)+":"+a.String() {
		t.Errorf("CAIP-10 %s", a.CAIP10())
	}
}

// On every network our text is btcd's.
func TestAddressesOfNetworks(t *testing.T) {
	scripts := []string{"76a914" + key20 + "88ac", "a914" + key20 + "87", "0014" + key20, "0020" + strings.Repeat("ab", 32), "5120" + strings.Repeat("cd", 32), "51024e73"}
	all := []struct {
		name   string
		params *chaincfg.Params
	}{{"bitcoin", &chaincfg.MainNetParams}, {"bitcoin-testnet", &chaincfg.TestNet3Params}, {"bitcoin-regtest", &chaincfg.RegressionNetParams}}
	for _, n := range all {
		for _, s := range scripts {
			_, known, _, err := txscript.ExtractPkScriptAddrs(unhex(t, s), n.params)
			if err != nil || len(known) != 1 {
				t.Fatal(known, err)
			}
			a := graph.ScriptAddress(chain(t, n.name).ID, unhex(t, s))
			if a.String() != known[0].EncodeAddress() {
				t.Errorf("%s: %s, btcd says %s", n.name, a, known[0].EncodeAddress())
			}
			roundTrip(t, chain(t, n.name), a)
		}
	}
	for _, other := range all[1:] {
		p2pkh, err := address.NewAddressPubKeyHash(unhex(t, key20), other.params)
		if err != nil {
			t.Fatal(err)
		}
		if a, err := graph.ParseAddress(chain(t, "bitcoin"), p2pkh.EncodeAddress()); !errors.Is(err, graph.ErrAddress) || !strings.Contains(err.Error(), "another network") {
			t.Errorf("address of %s is read as %v, %v", other.name, a, err)
		}
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	for _, tt := range []struct{ chain, name, text string }{
		{"bitcoin", "empty", ""},
		{"bitcoin", "wrong checksum", "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMh"},
		{"bitcoin", "private key", "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ"},
		{"bitcoin", "bech32, wrong checksum", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5"},
		{"bitcoin", "bech32, mixed case", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8F3T4"},
		{"bitcoin", "bech32, of testnet", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"},
		{"bitcoin", "version 1 in bech32 (BIP 350)", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd"},
		{"bitcoin", "version 0 in bech32m (BIP 350)", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh"},
		{"bitcoin", "version 0 of 16 bytes (BIP 173)", "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P"},
		{"bitcoin", "version 17 (BIP 350)", "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R"},
		{"bitcoin", "program of 1 byte (BIP 350)", "bc1pw5dgrnzv"},
		{"bitcoin", "program of 41 bytes (BIP 350)", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav"},
		{"bitcoin", "padding of more than 4 bits (BIP 350)", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf"},
		{"bitcoin", "no data (BIP 350)", "bc1gmk9yu"},
		{"bitcoin", "hash too short", "script:00"},
		{"bitcoin", "hash of other letters", "script:" + strings.Repeat("zz", 32)},
		{"bitcoin", "account", "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"},
		{"ethereum", "empty", ""},
		{"ethereum", "no 0x", "d8dA6BF26964aF9D7eEd9e03E53415D37aA96045"},
		{"ethereum", "a digit less", "0xd8da6bf26964af9d7eed9e03e53415d37aa9604"},
		{"ethereum", "a digit more", "0xd8da6bf26964af9d7eed9e03e53415d37aa960455"},
		{"ethereum", "no digit", "0xg8da6bf26964af9d7eed9e03e53415d37aa96045"},
		{"ethereum", "one letter of other case (EIP-55)", "0xD8dA6BF26964aF9D7eEd9e03E53415D37aA96045"},
		{"ethereum", "another digit (EIP-55)", "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96046"},
		{"ethereum", "of Bitcoin", "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"},
	} {
		t.Run(tt.chain+"/"+tt.name, func(t *testing.T) {
			a, err := graph.ParseAddress(chain(t, tt.chain), tt.text)
			if !errors.Is(err, graph.ErrAddress) || !a.IsZero() {
				t.Errorf("read as %v, %v", a, err)
			}
		})
	}
	_, err := graph.ParseAddress(chain(t, "ethereum"), "0xD8dA6BF26964aF9D7eEd9e03E53415D37aA96045")
	if err == nil || !strings.Contains(err.Error(), "EIP-55") {
		t.Errorf("no hint at the checksum: %v", err)
	}
}

func TestAccounts(t *testing.T) {
	ethereum := chain(t, "ethereum")
	for _, text := range []string{ // EIP-55
		"0x52908400098527886E0F7030069857D2E4169EE7", "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
		"0xde709f2102306220921060314715629080e2fb77", "0x27b1fdb04752bbc536007a920d24acb045561c26",
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
		"0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
		"0x0000000000000000000000000000000000000000",
	} {
		a, err := graph.ParseAddress(ethereum, text)
		if err != nil || a.String() != text {
			t.Errorf("%s is read as %s, %v", text, a, err)
		}
		roundTrip(t, ethereum, a)
		for _, other := range []string{strings.ToLower(text), "0x" + strings.ToUpper(text[2:])} {
			if b, err := graph.ParseAddress(ethereum, other); err != nil || b != a {
				t.Errorf("%s is read as %v, %v", other, b, err)
			}
		}
		if b, err := graph.ParseAddress(chain(t, "polygon"), text); err != nil || b == a {
			t.Errorf("of another chain: %v, %v", b, err)
		}
	}
	if zero, err := graph.ParseAddress(ethereum, "0x0000000000000000000000000000000000000000"); err != nil || zero.IsZero() {
		t.Errorf("the account of zeros is a place: %v, %v", zero, err)
	}
	if (graph.Address{}).String() != "" {
		t.Error("nowhere has no text")
	}
}

func TestAddressBytes(t *testing.T) {
	for _, tt := range []struct{ chain, raw string }{
		{"ethereum", ""}, {"ethereum", strings.Repeat("00", 19)}, {"ethereum", strings.Repeat("00", 21)},
		{"bitcoin", ""}, {"bitcoin", "00" + key20}, {"bitcoin", "01" + key20 + "00"}, {"bitcoin", "02" + key20[2:]},
		{"bitcoin", "05" + key20}, {"bitcoin", "0311" + key20}, {"bitcoin", "030100"}, {"bitcoin", "0300" + key20[2:]},
		{"bitcoin", "0301" + strings.Repeat("00", 41)}, {"bitcoin", "04" + key20},
	} {
		if a, err := graph.AddressFromBytes(chain(t, tt.chain).ID, unhex(t, tt.raw)); !errors.Is(err, graph.ErrAddress) {
			t.Errorf("%s: %s is read as %v, %v", tt.chain, tt.raw, a, err)
		}
	}
	if _, err := graph.AddressFromBytes("solana:1", nil); !errors.Is(err, graph.ErrChain) {
		t.Errorf("unknown chain: %v", err)
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, text := range []string{
		"0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045", "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
		"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "bc1pfeessrawgf", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "bc1x1qqqqqq",
		"script:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "BC1SW50QGDZ25J", "",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, c := range graph.Chains() {
			a, err := graph.ParseAddress(c, text)
			if err != nil {
				if !errors.Is(err, graph.ErrAddress) || !a.IsZero() {
					t.Errorf("%s: %v, %v", c.Alias, a, err)
				}
				continue
			}
			if !strings.EqualFold(a.String(), text) {
				t.Errorf("%s: %q is read as %s", c.Alias, text, a)
			}
			roundTrip(t, c, a)
		}
	})
}

func FuzzScriptAddress(f *testing.F) {
	for _, script := range []string{"", "6a", "76a914" + key20 + "88ac", "a914" + key20 + "87", "0014" + key20, "000a751e76e8199196d45494", "51024e73", "21" + key33 + "ac"} {
		f.Add(unhex(f, script))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		for _, name := range []string{"bitcoin", "bitcoin-testnet", "bitcoin-regtest"} {
			c := chain(t, name)
			roundTrip(t, c, graph.ScriptAddress(c.ID, script))
		}
	})
}

func FuzzAddressFromBytes(f *testing.F) {
	for _, raw := range []string{"", key20, "01" + key20, "02" + key20, "0300" + key20, "030102ab", "04" + strings.Repeat("00", 32)} {
		f.Add(unhex(f, raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, name := range []string{"bitcoin", "ethereum"} {
			c := chain(t, name)
			if a, err := graph.AddressFromBytes(c.ID, raw); err == nil {
				if !bytes.Equal(a.Bytes(), raw) {
					t.Errorf("%x became %x", raw, a.Bytes())
				}
				roundTrip(t, c, a)
			}
		}
	})
}
