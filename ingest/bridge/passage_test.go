package bridge_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
	"spoor/ingest/bridge"
)

// People and things of the hand-made passages.
var (
	alice  = common.HexToAddress("0xa11ce00000000000000000000000000000000001")
	bob    = common.HexToAddress("0xb0b0000000000000000000000000000000000002")
	token  = common.HexToAddress("0x70ce000000000000000000000000000000000003")
	mirror = common.HexToAddress("0x3133000000000000000000000000000000000004")
	weth   = common.HexToAddress("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2")
	nobody = common.Address{}
	hashA  = common.HexToHash("0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	hashB  = common.HexToHash("0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")
	key    = common.HexToHash("0x1234567812345678123456781234567812345678123456781234567812345678")
)

func n(v int64) *big.Int { return big.NewInt(v) }

func word(a common.Address) [32]byte { return common.BytesToHash(a[:]) }

// event is the declaration of an event of a protocol with the given number of
// arguments (0: the only one of its name).
func event(t testing.TB, protocol, name string, arguments int) abi.Event {
	t.Helper()
	for _, p := range bridge.Table() {
		for _, r := range p.Events {
			if p.Name != protocol || !strings.HasPrefix(r.Event, name+"(") {
				continue
			}
			e, err := bridge.ParseEvent(r.Event)
			if err != nil {
				t.Fatal(err)
			}
			if arguments == 0 || len(e.Inputs) == arguments {
				return e
			}
		}
	}
	t.Fatalf("%s has no event %s with %d arguments", protocol, name, arguments)
	return abi.Event{}
}

// emit packs a log by the protocol's declaration.
func emit(t testing.TB, protocol, name, emitter string, values ...any) bridge.Log {
	t.Helper()
	e := event(t, protocol, name, len(values))
	l := bridge.Log{Address: common.HexToAddress(emitter), Topics: []common.Hash{e.ID}}
	var plain []any
	for i, in := range e.Inputs {
		if !in.Indexed {
			plain = append(plain, values[i])
			continue
		}
		topics, err := abi.MakeTopics([]any{values[i]})
		if err != nil {
			t.Fatal(err)
		}
		l.Topics = append(l.Topics, topics[0][0])
	}
	var err error
	if l.Data, err = e.Inputs.NonIndexed().Pack(plain...); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return l
}

var (
	topicTransfer = common.HexToHash("0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")
	topicWrap     = common.HexToHash("0xe1fffcc4923d04b559f4d29a8bfc6cda04eb5b0d3c460751c2402c5c5cc9109c")
)

func transfer(token, from, to common.Address, amount *big.Int) bridge.Log {
	return bridge.Log{Address: token, Topics: []common.Hash{topicTransfer, word(from), word(to)}, Data: common.BigToHash(amount).Bytes()}
}

func wrap(topic common.Hash, account string, amount *big.Int) bridge.Log {
	return bridge.Log{Address: weth, Topics: []common.Hash{topic, word(common.HexToAddress(account))}, Data: common.BigToHash(amount).Bytes()}
}

// on is a transaction with logs, numbered from 10.
func on(chain string, hash common.Hash, logs ...bridge.Log) *bridge.Tx {
	for i := range logs {
		logs[i].Index = 10 + i
	}
	return &bridge.Tx{Chain: graph.ChainID("eip155:" + chain), Hash: hash, From: alice, Logs: logs}
}

// passage is what a test says about both sides.
type passage struct {
	name      string // of the protocol, and what is special
	out, in   *bridge.Tx
	departure string // sides without seq, kind, protocol and key; "-" for none
	arrival   string
	protocol  string // "": the first word of the name
}

// side is what a test states of an event: who, asset, amount, far.
func side(e *graph.Event) string {
	d := describe(e)
	return d[strings.Index(d, "who="):]
}

// only is the event of a kind and protocol that a transaction states.
func only(t *testing.T, tx *bridge.Tx, kind graph.EventKind, protocol string) (graph.Event, bool) {
	t.Helper()
	events, unread := bridge.Events(tx)
	if len(unread) > 0 {
		t.Errorf("unread: %v", unread)
	}
	var found []graph.Event
	for _, e := range events {
		if e.Kind == kind && e.Protocol == protocol {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		t.Errorf("%d events are a %s of %s, want 1; all: %v", len(found), kind, protocol, events)
		return graph.Event{}, false
	}
	return found[0], true
}

func (p *passage) test(t *testing.T) {
	if p.protocol == "" {
		p.protocol = strings.TrimRight(strings.Fields(p.name)[0], ",")
	}
	leaves, comes, differ := strings.Cut(p.protocol, "|") // where only one side is proven
	if !differ {
		comes = leaves
	}
	out, ok1 := only(t, p.out, graph.Departure, leaves)
	in, ok2 := only(t, p.in, graph.Arrival, comes)
	if !ok1 || !ok2 {
		return
	}
	if out.Key != in.Key || out.Key == "" {
		t.Errorf("keys %x and %x", out.Key, in.Key)
	}
	if got := side(&out); got != p.departure {
		t.Errorf("departure\n got %s\nwant %s", got, p.departure)
	}
	if got := side(&in); got != p.arrival {
		t.Errorf("arrival\n got %s\nwant %s", got, p.arrival)
	}
	// What a stranger emits proves nothing.
	for _, tx := range []*bridge.Tx{p.out, p.in} {
		if p.protocol == "avalanche-bridge|avalanche-bridge?" && tx == p.out {
			continue // no bridge states it: it is the payment itself
		}
		fake := *tx
		fake.Logs = nil
		fake.Type, fake.Input = 0, nil
		for _, l := range tx.Logs {
			if l.Address != weth && l.Address != token && l.Address != mirror {
				l.Address = common.HexToAddress("0x666")
			}
			fake.Logs = append(fake.Logs, l)
		}
		events, _ := bridge.Events(&fake)
		for i := range events {
			if _, proven := events[i].Proven(); proven {
				t.Errorf("a stranger's log is taken for genuine: %s", describe(&events[i]))
			}
		}
	}
}
