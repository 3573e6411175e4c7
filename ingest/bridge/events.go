package bridge

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"spoor/graph"
)

// Unread is a log or call of a bridge that could not be read.
type Unread struct {
	Seq      graph.Seq
	Protocol string // as an event of it would have it
	Err      error
}

// Events are the departures and arrivals that a transaction states, by place.
func Events(tx *Tx) ([]graph.Event, []Unread) {
	in, ok := newInput(tx)
	if !ok {
		return nil, nil
	}
	for i := range tx.Logs {
		in.readLog(i)
	}
	in.readCall()
	in.payments()
	slices.SortStableFunc(in.events, func(a, b graph.Event) int { return cmp.Compare(a.Seq, b.Seq) })
	return in.events, in.unread
}

// input is a transaction with what reading it needs.
type input struct {
	tx      *Tx
	table   *table
	number  uint64         // EIP-155 number of the chain
	native  graph.Asset    // coin of the chain
	wrapped common.Address // its wrapped coin; zero: unknown
	moves   []movement     // read when first needed
	moved   bool
	events  []graph.Event
	unread  []Unread
}

func newInput(tx *Tx) (*input, bool) {
	text, evm := strings.CutPrefix(string(tx.Chain), "eip155:")
	n, err := strconv.ParseUint(text, 10, 63)
	if !evm || err != nil {
		return nil, false
	}
	chain := graph.ChainOf(tx.Chain)
	return &input{tx: tx, table: loaded(), number: n, native: chain.Native(), wrapped: common.HexToAddress(chain.Wrapped)}, true
}

// side is a log that may state a side of a passage.
type side struct {
	*input
	row  *event
	log  *Log
	at   int // among the transaction's logs
	seq  graph.Seq
	args args
}

// reader makes events of a log whose row has its family. None and no error: the
// log states no passage of value.
type reader func(*side) ([]graph.Event, error)

// readerOf is the family with a name.
func readerOf(family string) reader {
	switch family {
	case "":
		return stated
	case "across":
		return across
	case "cctp":
		return cctp
	case "oft":
		return oft
	case "bus":
		return bus
	case "packet":
		return packet
	case "wormhole":
		return wormhole
	case "hop":
		return bonded
	case "memo":
		return routed
	case "state":
		return state
	case "arbitrum":
		return inboxMessage
	case "retry":
		return ticket
	case "exit":
		return exit
	case "message":
		return message
	case "portal":
		return portal
	case "nomad":
		return nomad
	case "its":
		return interchain
	case "ccip":
		return ccip
	case "poly":
		return poly
	}
	return nil
}

func (in *input) readLog(at int) {
	l := &in.tx.Logs[at]
	if len(l.Topics) == 0 {
		return
	}
	row := in.table.events[l.Topics[0]]
	if row == nil || row.Side == "witness" {
		return
	}
	s := &side{input: in, row: row, log: l, at: at}
	if row.Strangers == "ignored" && !s.listed() {
		return
	}
	var err error
	if s.seq, err = graph.LogSeq(l.Index, 0); err == nil {
		if s.args, err = row.unpack(l); err == nil {
			var events []graph.Event
			if events, err = row.read(s); err == nil {
				err = in.add(events...)
			}
		}
	}
	if err != nil {
		in.unread = append(in.unread, Unread{s.seq, s.protocol(), err})
	}
}

// add keeps events that a store would take.
func (in *input) add(events ...graph.Event) error {
	var errs []error
	for i := range events {
		if err := events[i].Validate(in.tx.Chain); err != nil {
			errs = append(errs, err)
			continue
		}
		in.events = append(in.events, events[i])
	}
	return errors.Join(errs...)
}

// listed reports whether the emitter is one of those that prove the row.
func (s *side) listed() bool {
	return s.row.From != "" && s.table.lists(s.row.protocol.Name, s.row.From, s.tx.Chain, s.log.Address)
}

// protocol is the row's, marked if the emitter is not listed.
func (s *side) protocol() string { return marked(s.row.protocol.Name, s.listed()) }

func marked(protocol string, proven bool) string {
	if !proven {
		return protocol + graph.Unproven
	}
	return protocol
}

// witness is a log that is read together with another.
type witness struct {
	args
	log *Log
	at  int
}

// witnesses are the logs of a transaction that are the event of a protocol, by
// name, of listed emitters where the row has a role.
func (in *input) witnesses(protocol, name string) []witness {
	var out []witness
	for i := range in.tx.Logs {
		l := &in.tx.Logs[i]
		if len(l.Topics) == 0 {
			continue
		}
		row := in.table.events[l.Topics[0]]
		if row == nil || row.abi.Name != name || row.protocol.Name != protocol {
			continue
		}
		if row.From != "" && !in.table.lists(protocol, row.From, in.tx.Chain, l.Address) {
			continue
		}
		if a, err := row.unpack(l); err == nil {
			out = append(out, witness{a, l, i})
		}
	}
	return out
}

// movements are those of the transaction.
func (in *input) movements() []movement {
	if !in.moved {
		in.moves, in.moved = movements(in.tx.Logs), true
	}
	return in.moves
}

func (in *input) address(a common.Address) graph.Address {
	if a == (common.Address{}) {
		return graph.Address{}
	}
	return graph.EVMAddress(in.tx.Chain, a)
}

func (in *input) erc20(a common.Address) graph.Asset {
	return graph.Asset{Chain: in.tx.Chain, Standard: graph.ERC20, Contract: in.address(a)}
}

func keccak(parts ...[]byte) common.Hash { return crypto.Keccak256Hash(parts...) }

// words joins values as 32 bytes each.
func words(values ...any) (string, error) {
	var out []byte
	for _, v := range values {
		w, err := word(v)
		if err != nil {
			return "", err
		}
		out = append(out, w[:]...)
	}
	return string(out), nil
}
