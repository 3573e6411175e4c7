package ethereum

import (
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
)

// logRules is the list of what logs may state beside moving value. A rule is
// asked about every log of a transaction that succeeded and answers with
// nothing about a log that is not its own: of another event, of another shape,
// or about impossible parties. It leaves Seq to us. A log is what its emitter
// says: rules that trust only some emitters check for them.
var logRules = []func(graph.ChainID, *Log) []graph.Event{
	safeOwners,
	proxyCreation,
	issuerFreeze,
	privacyPool,
}

// stated adds what a log states.
func (d *decoder) stated(tx *Tx, l *Log) (any bool) {
	for _, rule := range logRules {
		events := rule(d.chain.ID, l)
		if len(events) == 0 {
			continue
		}
		seq, err := graph.LogSeq(l.Index, 0)
		if err != nil {
			d.problem(tx, "log beyond a position", err)
			return true
		}
		for _, e := range events {
			e.Seq = seq
			d.event(e)
		}
		any = true
	}
	return any
}

// event adds what the transaction at hand states, once.
func (d *decoder) event(e graph.Event) {
	if slices.Contains(d.events, e) {
		return
	}
	d.events = append(d.events, e)
	d.out.Read[fmt.Sprintf("events: %s", e.Kind)]++
}

// argument is the only argument of an event, an address: indexed or not, for
// contracts changed that between versions.
func argument(chain graph.ChainID, l *Log) (graph.Address, bool) {
	words, ok := wordsOf(l, 1)
	if !ok {
		return graph.Address{}, false
	}
	return party(chain, words[0])
}

// party is the address in a word; the zero address is nobody.
func party(chain graph.ChainID, word []byte) (graph.Address, bool) {
	a, ok := addressWord(word)
	if !ok || a == (common.Address{}) {
		return graph.Address{}, false
	}
	return graph.EVMAddress(chain, a), true
}
