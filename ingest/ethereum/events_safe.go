package ethereum

import (
	"bytes"
	"encoding/binary"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
)

// Events of Safe and of the factories of its proxies. Before 1.3.0 a Safe did
// not log its first owners; since 1.4.0 the arguments of AddedOwner,
// RemovedOwner and ProxyCreation are indexed.
var (
	topicSafeSetup     = common.HexToHash("0x141df868a6331af528e38c83b7aa03edc19be66e37ae67f9285bf4f8e3c6a1a8") // SafeSetup(address,address[],uint256,address,address)
	topicAddedOwner    = common.HexToHash("0x9465fa0c962cc76958e6373a993326400c1c94f8be2fe3a952adfa7f60b2ea26") // AddedOwner(address)
	topicRemovedOwner  = common.HexToHash("0xf8d49fc529812e9a7c5c50e69c20f0dccc0db8fa95c98bc58cc9a4f1c1299eaf") // RemovedOwner(address)
	topicProxyCreation = common.HexToHash("0x4f51faf6c4561ff95f067657e43439f0f856d97c04d9ec9070a6199ad418e235") // ProxyCreation(address,address), since 1.3.0
	topicProxyOld      = common.HexToHash("0xa38789425dbeee0239e16ff2d2567e31720127fbc6430758c1a4efc6aef29f80") // ProxyCreation(address)
)

// safeOwners reads who may sign for a Safe. The Safe is whoever emits it: a
// contract can claim any owners, but only for itself.
func safeOwners(chain graph.ChainID, l *Log) []graph.Event {
	if len(l.Topics) == 0 {
		return nil
	}
	safe := graph.EVMAddress(chain, l.Address)
	e := graph.Event{Kind: graph.OwnerAdded, Protocol: "safe", Emitter: safe, Subject: safe}
	switch l.Topics[0] {
	case topicSafeSetup:
		var events []graph.Event
		for _, owner := range setupOwners(l) {
			e.Object = graph.EVMAddress(chain, owner)
			events = append(events, e)
		}
		return events
	case topicRemovedOwner:
		e.Kind = graph.OwnerRemoved
	case topicAddedOwner:
	default:
		return nil
	}
	var ok bool
	if e.Object, ok = argument(chain, l); !ok || e.Object == safe {
		return nil
	}
	return []graph.Event{e}
}

// maxOwners bounds the owners that one log may name; no Safe in use comes near.
const maxOwners = 1024

// setupOwners are the owners in a SafeSetup log, nil if it cannot be a Safe's:
// Safe allows neither the zero address nor 0x1 (the head of its list) nor
// itself nor one twice, and a threshold between one and their number.
//
//	topics  topic, initiator
//	data    0x80 | threshold | initializer | fallbackHandler | n | owner × n
func setupOwners(l *Log) []common.Address {
	if len(l.Topics) != 2 || len(l.Data) < 6*32 || len(l.Data)%32 != 0 {
		return nil
	}
	word := func(i int) []byte { return l.Data[32*i : 32*i+32] }
	small := func(i int) (uint64, bool) {
		w := word(i)
		return binary.BigEndian.Uint64(w[24:]), bytes.Equal(w[:24], make([]byte, 24))
	}
	offset, ok1 := small(0)
	threshold, ok2 := small(1)
	n, ok3 := small(4)
	if !ok1 || !ok2 || !ok3 || offset != 4*32 || n > maxOwners || len(l.Data) != int(5+n)*32 || threshold == 0 || threshold > n {
		return nil
	}
	head := common.BytesToAddress([]byte{1})
	seen := map[common.Address]bool{{}: true, head: true, l.Address: true}
	owners := make([]common.Address, 0, n)
	for i := range int(n) {
		owner, ok := addressWord(word(5 + i))
		if !ok || seen[owner] {
			return nil
		}
		seen[owner] = true
		owners = append(owners, owner)
	}
	return owners
}

// proxyCreation reads what a factory of proxies says it has made. It tells of
// creations where call frames are unknown; as anyone can log it, it proves
// nothing about the account it names.
func proxyCreation(chain graph.ChainID, l *Log) []graph.Event {
	if len(l.Topics) == 0 {
		return nil
	}
	var n int
	switch l.Topics[0] {
	case topicProxyCreation:
		n = 2
	case topicProxyOld:
		n = 1
	default:
		return nil
	}
	words, ok := wordsOf(l, n)
	if !ok {
		return nil
	}
	if n == 2 {
		if _, ok := party(chain, words[1]); !ok { // the code that the proxy runs
			return nil
		}
	}
	proxy, ok := party(chain, words[0])
	factory := graph.EVMAddress(chain, l.Address)
	if !ok || proxy == factory {
		return nil
	}
	return []graph.Event{{Kind: graph.Created, Protocol: "safe-factory", Emitter: factory, Subject: proxy, Object: factory}}
}
