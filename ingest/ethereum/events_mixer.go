package ethereum

import (
	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
)

// Events of a pool of Privacy Pools that name the depositor. Every deposit has a
// label, which all commitments made of it keep; ragequit lets only the depositor
// of a label take back what is left of it. So the two belong together by the
// pool's own rule. Anyone can log the same: who reads it asks whether the emitter
// is a mixer.
//
// Source: 0xbow-io/privacy-pools-core, PrivacyPool.sol.
var (
	// Deposited(address indexed _depositor, uint256 _commitment, uint256 _label, uint256 _value, uint256 _precommitmentHash)
	topicPoolDeposited = common.HexToHash("0xe3b53cd1a44fbf11535e145d80b8ef1ed6d57a73bf5daa7e939b6b01657d6549")
	// Ragequit(address indexed _ragequitter, uint256 _commitment, uint256 _label, uint256 _value)
	topicPoolRagequit = common.HexToHash("0xd2b3e868ae101106371f2bd93abc8d5a4de488b9fe47ed122c23625aa7172f13")
)

// privacyPool reads that somebody put value into a pool, or took it back.
func privacyPool(chain graph.ChainID, l *Log) []graph.Event {
	if len(l.Topics) == 0 {
		return nil
	}
	kind, n := graph.Mixed, 5
	switch l.Topics[0] {
	case topicPoolDeposited:
	case topicPoolRagequit:
		kind, n = graph.TakenBack, 4
	default:
		return nil
	}
	words, ok := wordsOf(l, n)
	if !ok {
		return nil
	}
	who, ok := party(chain, words[0])
	if !ok {
		return nil
	}
	e := graph.Event{Kind: kind, Protocol: "privacy-pools", Emitter: graph.EVMAddress(chain, l.Address), Subject: who, Key: string(words[2])}
	e.Amount.SetBytes(words[3])
	return []graph.Event{e}
}
