package bridge

import (
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
)

// stated is the family of bridges whose event says all that its row names.
func stated(s *side) ([]graph.Event, error) {
	if ok, err := s.when(); !ok || err != nil {
		return nil, err
	}
	e, err := s.event()
	if err != nil {
		return nil, err
	}
	return []graph.Event{e}, nil
}

// when reports whether the row's condition holds.
func (s *side) when() (bool, error) {
	if len(s.row.When) == 0 {
		return true, nil
	}
	is, err := s.amount(s.row.When[0])
	if err != nil {
		return false, err
	}
	want, err := s.amount("=" + s.row.When[1])
	return is == want, err
}

// event is what the row's fields say.
func (s *side) event() (graph.Event, error) {
	e := graph.Event{Seq: s.seq, Kind: graph.Departure, Protocol: s.protocol(), Emitter: s.address(s.log.Address)}
	if s.row.Side == "arrival" {
		e.Kind = graph.Arrival
	}
	var err error
	if e.Key, err = s.key(); err != nil {
		return e, fmt.Errorf("key: %w", err)
	}
	if e.Subject, err = s.account(s.row.Subject); err != nil {
		return e, fmt.Errorf("subject: %w", err)
	}
	if e.Object, err = s.account(s.row.Object); err != nil {
		return e, fmt.Errorf("object: %w", err)
	}
	if e.Amount, err = s.amount(s.row.Amount); err != nil {
		return e, fmt.Errorf("amount: %w", err)
	}
	if e.Asset, err = s.asset(e.Kind, e.Amount); err != nil {
		return e, fmt.Errorf("asset: %w", err)
	}
	if s.row.Less != "" {
		if err := s.takeOff(&e); err != nil {
			return e, err
		}
	}
	e.Far, err = s.far()
	return e, err
}

// takeOff reduces the amount by the row's fee, unless the subject visibly gets
// (gives) it whole.
func (s *side) takeOff(e *graph.Event) error {
	for _, m := range s.movements() {
		party := m.from
		if e.Kind == graph.Arrival {
			party = m.to
		}
		if s.erc20(m.token) == e.Asset && s.address(party) == e.Subject && m.amount == e.Amount {
			return nil
		}
	}
	less, err := s.amount(s.row.Less)
	if err != nil || less.Gt(&e.Amount) {
		return fmt.Errorf("%w: %s is taken off an amount that is smaller", errField, s.row.Less)
	}
	e.Amount.Sub(&e.Amount, &less)
	return nil
}

func (s *side) key() (string, error) {
	var values []any
	for _, name := range s.row.Key {
		v, err := s.value(name)
		if err != nil {
			return "", err
		}
		values = append(values, v)
	}
	return words(values...)
}

func (s *side) account(name string) (graph.Address, error) {
	if name == "" {
		return graph.Address{}, nil
	}
	v, err := s.value(name)
	if err != nil {
		return graph.Address{}, err
	}
	a, err := account(v)
	return s.address(a), err
}

func (s *side) amount(name string) (graph.Amount, error) {
	if name == "" {
		return graph.Amount{}, nil
	}
	v, err := s.value(name)
	if err != nil {
		return graph.Amount{}, err
	}
	return amount(v)
}

func (s *side) raw(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	v, err := s.value(name)
	if err != nil {
		return "", err
	}
	return raw(v)
}

func (s *side) far() (f graph.Far, err error) {
	if name := s.row.Far.Chain; name != "" {
		v, err := s.value(name)
		if err != nil {
			return f, fmt.Errorf("other chain: %w", err)
		}
		numbers := s.row.protocol.Numbers
		if strings.HasPrefix(name, "=") {
			numbers = ""
		}
		if f.Chain, err = chainOf(numbers, s.row.protocol.Name, v); err != nil {
			return f, fmt.Errorf("other chain: %w", err)
		}
	}
	if f.Recipient, err = s.raw(s.row.Far.Recipient); err != nil {
		return f, fmt.Errorf("recipient: %w", err)
	}
	if f.Asset, err = s.raw(s.row.Far.Asset); err != nil {
		return f, fmt.Errorf("asset of the other chain: %w", err)
	}
	if f.Amount, err = s.amount(s.row.Far.Amount); err != nil {
		return f, fmt.Errorf("amount of the other chain: %w", err)
	}
	return f, nil
}

// coin is the address that contracts use to name the chain's own coin.
var coin = common.HexToAddress("0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE")

// asset is what moves here. Where the bridge takes or gives the chain's coin
// and wraps it on the way, it is the coin.
func (s *side) asset(kind graph.EventKind, amount graph.Amount) (graph.Asset, error) {
	switch s.row.Asset {
	case "":
		return graph.Asset{}, nil
	case "$native":
		return s.native, nil
	case "$moved", "$given":
		return s.movedAsset(kind, amount), nil
	}
	v, err := s.value(s.row.Asset)
	if err != nil {
		return graph.Asset{}, err
	}
	token, err := account(v)
	if err != nil {
		return graph.Asset{}, err
	}
	if token == (common.Address{}) || token == coin {
		return s.native, nil
	}
	if s.row.Vault {
		token = s.held(kind, token, amount)
	}
	return s.unwrapped(kind, token, amount), nil
}

// unwrapped is the coin if the bridge wraps (unwraps) the amount here.
func (s *side) unwrapped(kind graph.EventKind, token common.Address, amount graph.Amount) graph.Asset {
	topic := topicDeposit
	if kind == graph.Arrival {
		topic = topicUnwrap
	}
	if token == s.wrapped && s.wraps(topic, s.log.Address, amount) {
		return s.native
	}
	return s.erc20(token)
}

// movedAsset is the token of which the emitter takes (gives) the amount, or
// that is destroyed (issued); nothing if that is not just one.
func (s *side) movedAsset(kind graph.EventKind, amount graph.Amount) graph.Asset {
	if s.table.lists(s.row.protocol.Name, "native", s.tx.Chain, s.log.Address) {
		return s.native
	}
	var token common.Address
	for _, m := range s.movements() {
		end := m.to
		if kind == graph.Arrival {
			end = m.from
		}
		if end != s.log.Address && end != (common.Address{}) || m.amount != amount {
			continue
		}
		if token != (common.Address{}) && token != m.token {
			return graph.Asset{}
		}
		token = m.token
	}
	if token == (common.Address{}) {
		return graph.Asset{}
	}
	return s.unwrapped(kind, token, amount)
}

// held is the token that a wrapper takes in (gives out) for the amount, or
// itself if there is no such, or more than one.
func (s *side) held(kind graph.EventKind, wrapper common.Address, amount graph.Amount) common.Address {
	var token common.Address
	for _, m := range s.movements() {
		end := m.to
		if kind == graph.Arrival {
			end = m.from
		}
		if m.token == wrapper || end != wrapper || m.amount != amount || m.token == token {
			continue
		}
		if token != (common.Address{}) {
			return wrapper
		}
		token = m.token
	}
	if token == (common.Address{}) {
		return wrapper
	}
	return token
}
