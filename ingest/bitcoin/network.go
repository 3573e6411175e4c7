package bitcoin

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"spoor/graph"
)

// networks are those whose blocks we can check.
func networks() []*chaincfg.Params {
	return []*chaincfg.Params{&chaincfg.MainNetParams, &chaincfg.TestNet3Params, &chaincfg.RegressionNetParams}
}

// paramsOf are the rules of a chain; its CAIP-2 reference is the beginning of
// the genesis hash.
func paramsOf(chain graph.Chain) (*chaincfg.Params, error) {
	reference, isBIP122 := strings.CutPrefix(string(chain.ID), "bip122:")
	for _, p := range networks() {
		if isBIP122 && strings.HasPrefix(p.GenesisHash.String(), reference) {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%s has no Bitcoin blocks", chain.Alias)
}

// networkOf names the network of a magic number, "" if it is none we know.
func networkOf(magic wire.BitcoinNet) string {
	for _, p := range networks() {
		if p.Net == magic {
			return p.Name
		}
	}
	return ""
}

// magicText is a network's magic as its bytes stand in a file.
func magicText(magic wire.BitcoinNet) string {
	m := uint32(magic)
	return hex.EncodeToString([]byte{byte(m), byte(m >> 8), byte(m >> 16), byte(m >> 24)})
}

// display is a hash in the order in which people write it, reversed against
// the wire.
func display(h chainhash.Hash) graph.Hash {
	slices.Reverse(h[:])
	return graph.Hash(h)
}
