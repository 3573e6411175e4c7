package ethereum

import (
	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
)

// freezeEvent is an event by which an issuer stops an account.
type freezeEvent struct {
	protocol string
	kind     graph.EventKind
	amount   bool // the second argument is what was destroyed
}

// freezeEvents are those of the families of token contracts that can freeze. A
// destruction names the amount; the account stays frozen. CCTP's Denylisted is
// not among them: it stops bridging, not the token.
//
// Sources: circlefin/stablecoin-evm, the ABIs of Tether's and Paxos' tokens.
var freezeEvents = map[common.Hash]freezeEvent{
	// USDT on Ethereum and other early deployments: not indexed
	common.HexToHash("0x42e160154868087d6bfdc0ca23d96a1c1cfa32f1b72ba9ba27b69b98a0d819dc"): {protocol: "tether-blacklist", kind: graph.Frozen},               // AddedBlackList(address)
	common.HexToHash("0xd7e9ec6e6ecd65492dce6bf513cd6867560d49544421d0783ddf06e76c24470c"): {protocol: "tether-blacklist", kind: graph.Unfrozen},             // RemovedBlackList(address)
	common.HexToHash("0x61e6e66b0d6339b2980aecc6ccc0039736791f0ccde9ed512e789a7fbdd698c6"): {protocol: "tether-destroyed", kind: graph.Frozen, amount: true}, // DestroyedBlackFunds(address,uint256)
	// USDT on later chains
	common.HexToHash("0x406bbf2d8d145125adf1198d2cf8a67c66cc4bb0ab01c37dccd4f7c0aae1e7c7"): {protocol: "tether-block", kind: graph.Frozen},                   // BlockPlaced(address)
	common.HexToHash("0x665918c9e02eb2fd85acca3969cb054fc84c138e60ec4af22ab6ef2fd4c93c27"): {protocol: "tether-block", kind: graph.Unfrozen},                 // BlockReleased(address)
	common.HexToHash("0x6a2859ae7902313752498feb80a014e6e7275fe964c79aa965db815db1c7f1e9"): {protocol: "tether-destroyed", kind: graph.Frozen, amount: true}, // DestroyedBlockedFunds(address,uint256)
	// USDC, EURC (FiatToken)
	common.HexToHash("0xffa4e6181777692565cf28528fc88fd1516ea86b56da075235fa575af6a4b855"): {protocol: "fiat-token", kind: graph.Frozen},   // Blacklisted(address)
	common.HexToHash("0x117e3210bb9aa7d9baff172026820255c6f6c30ba8999d1c2fd88e2848137c4e"): {protocol: "fiat-token", kind: graph.Unfrozen}, // UnBlacklisted(address)
	// PYUSD, USDP, BUSD (Paxos), older and newer
	common.HexToHash("0x90811a8edd3b3c17eeaefffc17f639cc69145d41a359c9843994dc2538203690"): {protocol: "paxos", kind: graph.Frozen},           // AddressFrozen(address)
	common.HexToHash("0xc3776b472ebf54114339eec9e4dc924e7ce307a97f5c1ee72b6d474e6e5e8b7c"): {protocol: "paxos", kind: graph.Unfrozen},         // AddressUnfrozen(address)
	common.HexToHash("0xfc5960f1c5a5d2b60f031bf534af053b1bf7d9881989afaeb8b1d164db23aede"): {protocol: "paxos-destroyed", kind: graph.Frozen}, // FrozenAddressWiped(address)
	common.HexToHash("0x1aa660498c83ea285bc55e4cfc00afcaa7120798db87b74f3c0d7c6e001bc392"): {protocol: "paxos", kind: graph.Frozen},           // FreezeAddress(address)
	common.HexToHash("0x150465b020dfc06a59269da94ed66db9b65a516cf4fdd5f583b0f12752339bbe"): {protocol: "paxos", kind: graph.Unfrozen},         // UnfreezeAddress(address)
}

// silentBurns are tokens that destroy without a Transfer, so that only the event
// tells it: USDT on Ethereum (TetherToken.destroyBlackFunds). Others may log a
// Transfer too, which would count twice.
var silentBurns = map[graph.ChainID]common.Address{
	graph.Ethereum: common.HexToAddress("0xdAC17F958D2ee523a2206206994597C13D831ec7"),
}

// destroyed adds what such a token has destroyed.
func (d *decoder) destroyed(tx *Tx, l *Log) {
	if token, ok := silentBurns[d.chain.ID]; !ok || l.Address != token {
		return
	}
	for _, e := range issuerFreeze(d.chain.ID, l) {
		if !e.Amount.IsZero() {
			d.token(tx, l, 0, common.BytesToAddress(e.Subject.Bytes()), common.Address{}, e.Asset, e.Amount, "erc-20 transfers")
		}
	}
}

// issuerFreeze reads that an account may no longer move a token, or may again.
// The token is the contract that emits it: what it says of itself holds for no
// other token, whatever that is called.
func issuerFreeze(chain graph.ChainID, l *Log) []graph.Event {
	if len(l.Topics) == 0 {
		return nil
	}
	rule, ok := freezeEvents[l.Topics[0]]
	if !ok {
		return nil
	}
	n := 1
	if rule.amount {
		n = 2
	}
	words, ok := wordsOf(l, n)
	if !ok {
		return nil
	}
	who, ok := party(chain, words[0])
	if !ok {
		return nil
	}
	token := graph.EVMAddress(chain, l.Address)
	e := graph.Event{Kind: rule.kind, Protocol: rule.protocol, Emitter: token, Subject: who,
		Asset: graph.Asset{Chain: chain, Standard: graph.ERC20, Contract: token}}
	if rule.amount {
		e.Amount.SetBytes(words[1])
	}
	return []graph.Event{e}
}
