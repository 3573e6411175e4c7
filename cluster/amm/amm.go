// Package amm proves that an address is a trading pool. A factory that creates
// its pools with CREATE2 (EIP-1014) puts each at an address that is a hash of the
// factory, the pool's code and the tokens it trades. Who knows the tokens can
// compute the address, and nobody can put anything else there: that the address
// is the pool then is no claim of a list, but follows.
//
// A counterfeit, which logs what a pool logs, lies at another address. Pools of
// one contract that holds all of them (Uniswap v4, Balancer), and of factories
// that number their pools (Curve), have no such address and stay unproven; they
// are known by labels only.
package amm

import (
	"context"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"spoor/graph"
)

// Form is how a factory makes the salt of a pool's address.
type Form uint8

// The forms.
const (
	Paired Form = iota + 1 // Uniswap v2 and forks: keccak256(token0 ‖ token1)
	Tiered                 // Uniswap v3 and forks: keccak256(abi.encode(token0, token1, fee))
)

// Proof says what an address is proven to be.
type Proof struct {
	Pool           graph.Address
	Factory        Factory
	Token0, Token1 graph.Address // the smaller first, as in the contracts
	Fee            int           // hundredths of a basis point, of a tiered factory; else 0
}

// Prover looks for proofs on one chain. It remembers what it has derived, which
// changes no answer. It is for one goroutine.
type Prover struct {
	chain graph.ChainID
	sites []site
	hubs  []common.Address
	pools map[[2]common.Address][]common.Address // of two tokens, the smaller first: a pool for each site
}

// site is a factory with one of its fees.
type site struct {
	*Factory
	deployer common.Address
	code     [32]byte
	fee      int
}

// New makes a prover for a chain.
func New(chain graph.ChainID) *Prover {
	p := &Prover{chain: chain, pools: make(map[[2]common.Address][]common.Address)}
	for i := range factories {
		f := &factories[i]
		if graph.ChainID(f.Chain) != chain {
			continue
		}
		for _, fee := range f.tiers() {
			p.sites = append(p.sites, site{f, common.HexToAddress(f.Deployer), common.HexToHash(f.CodeHash), fee})
		}
	}
	for _, h := range hubs {
		if graph.ChainID(h.chain) == chain {
			p.hubs = append(p.hubs, common.HexToAddress(h.token))
		}
	}
	return p
}

// derive is where a site has its pool of two tokens, the smaller first.
func (s *site) derive(token0, token1 common.Address) common.Address {
	var salt [32]byte
	if s.Form == Tiered {
		var words [96]byte
		copy(words[12:], token0[:])
		copy(words[44:], token1[:])
		words[93], words[94], words[95] = byte(s.fee>>16), byte(s.fee>>8), byte(s.fee)
		salt = crypto.Keccak256Hash(words[:])
	} else {
		salt = crypto.Keccak256Hash(token0[:], token1[:])
	}
	return crypto.CreateAddress2(s.deployer, salt, s.code[:])
}

// remembered bounds the pairs of tokens whose pools are kept: some 10 MB.
const remembered = 1 << 14

// of are the pools of two tokens, the smaller first, one for each site.
func (p *Prover) of(pair [2]common.Address) []common.Address {
	if known := p.pools[pair]; known != nil {
		return known
	}
	if len(p.pools) == remembered {
		clear(p.pools)
	}
	list := make([]common.Address, len(p.sites))
	for i := range p.sites {
		list[i] = p.sites[i].derive(pair[0], pair[1])
	}
	p.pools[pair] = list
	return list
}

// Prove looks for a factory that has its pool of two of the given tokens at an
// address, or of one of them and a token that most pools of the chain are paired
// with. Trying what was not seen to be traded is sound: an address that comes
// out is proof whatever was tried.
func (p *Prover) Prove(a graph.Address, tokens ...graph.Address) (Proof, bool) {
	if a.Chain != p.chain || len(p.sites) == 0 {
		return Proof{}, false
	}
	want := common.BytesToAddress(a.Bytes())
	var own []common.Address
	for _, token := range tokens {
		if token.Chain == p.chain {
			own = append(own, common.BytesToAddress(token.Bytes()))
		}
	}
	partners := slices.Concat(own, p.hubs)
	for i, token := range own {
		for _, partner := range partners[i+1:] {
			pair := [2]common.Address{token, partner}
			switch token.Cmp(partner) {
			case 0:
				continue
			case 1:
				pair[0], pair[1] = partner, token
			}
			if at := slices.Index(p.of(pair), want); at >= 0 {
				s := &p.sites[at]
				return Proof{Pool: a, Factory: *s.Factory, Fee: s.fee,
					Token0: graph.EVMAddress(p.chain, pair[0]), Token1: graph.EVMAddress(p.chain, pair[1])}, true
			}
		}
	}
	return Proof{}, false
}

// Bounds of what is read of an address: a pool trades its two tokens from its
// first movement on, and strangers can send it anything.
const (
	scan   = 64 // movements
	tokens = 8  // different tokens
)

// Of proves an address of a ledger by the tokens it moved first. It reads no
// more than 64 movements, and none further once the address has paid a fee,
// which contracts do not.
func (p *Prover) Of(ctx context.Context, view graph.View, id graph.ID) (Proof, bool, error) {
	if len(p.sites) == 0 {
		return Proof{}, false, nil
	}
	a, err := view.Address(id)
	if err != nil {
		return Proof{}, false, err
	}
	var moved []graph.Address
	var seen []graph.AssetID
	read := 0
	for e, err := range view.History(ctx, id, graph.Position{}) {
		if err != nil {
			return Proof{}, false, err
		}
		if e.Out && e.Kind.IsFee() {
			return Proof{}, false, nil
		}
		if read++; read > scan || len(moved) == tokens {
			break
		}
		if e.Asset == graph.NativeID || slices.Contains(seen, e.Asset) {
			continue
		}
		seen = append(seen, e.Asset)
		info, err := view.Asset(e.Asset)
		if err != nil {
			return Proof{}, false, err
		}
		if info.Asset.Standard == graph.ERC20 && info.Asset.Contract != a {
			moved = append(moved, info.Asset.Contract)
		}
	}
	proof, proven := p.Prove(a, moved...)
	return proof, proven, nil
}

// String says what the pool is: "Uniswap v2 pair USDC/WETH", or "Uniswap v3 pool
// USDC/WETH 0.05%". Tokens that are in no table of ours are written as
// addresses: a symbol is whatever the deployer of a token likes.
func (p Proof) String() string {
	text := fmt.Sprintf("%s pair %s/%s", p.Factory.Name, tokenName(p.Token0), tokenName(p.Token1))
	if p.Factory.Form == Tiered {
		text = fmt.Sprintf("%s pool %s/%s %s%%", p.Factory.Name, tokenName(p.Token0), tokenName(p.Token1), percent(p.Fee))
	}
	return text
}

// Rule says how it is known: "Uniswap v2 pair USDC/WETH (derived from its
// factory 0x…)".
func (p Proof) Rule() string {
	return fmt.Sprintf("%s (derived from its factory %s)", p, p.Factory.Address)
}

// percent writes hundredths of a basis point as percent, exactly.
func percent(fee int) string {
	var amount graph.Amount
	amount.SetUint64(uint64(fee))
	return graph.FormatUnits(amount, 4)
}

func tokenName(token graph.Address) string {
	for _, h := range hubs {
		if graph.ChainID(h.chain) == token.Chain && common.HexToAddress(h.token) == common.BytesToAddress(token.Bytes()) {
			return h.symbol
		}
	}
	return token.String()
}
