package bridge

import (
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strings"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/holiman/uint256"

	"spoor/graph"
)

var (
	errShape = errors.New("the log has another shape than its event")
	errField = errors.New("a field is not what it should be")
)

// args are the arguments of a log, by name.
type args map[string]any

// unpack reads a log as an event. Indexed texts and bytes are their hashes.
func (e *event) unpack(l *Log) (args, error) {
	if len(l.Topics) == 0 || l.Topics[0] != e.abi.ID {
		return nil, errShape
	}
	var indexed abi.Arguments
	for _, a := range e.abi.Inputs {
		if a.Indexed {
			indexed = append(indexed, a)
		}
	}
	if len(indexed) != len(l.Topics)-1 {
		return nil, fmt.Errorf("%w: %d topics, want %d", errShape, len(l.Topics), len(indexed)+1)
	}
	out := args{}
	if plain := e.abi.Inputs.NonIndexed(); len(plain) > 0 {
		if err := plain.UnpackIntoMap(out, l.Data); err != nil {
			return nil, fmt.Errorf("%w: %w", errShape, err)
		}
	}
	if err := abi.ParseTopicsIntoMap(out, indexed, l.Topics[1:]); err != nil {
		return nil, fmt.Errorf("%w: %w", errShape, err)
	}
	return out, nil
}

// at is the argument with a name, by dots inside of tuples; nil if there is none.
func (a args) at(path string) any {
	name, rest, nested := strings.Cut(path, ".")
	v := a[name]
	for nested && v != nil {
		name, rest, nested = strings.Cut(rest, ".")
		tuple := reflect.ValueOf(v)
		if tuple.Kind() != reflect.Struct {
			return nil
		}
		field := tuple.FieldByName(abi.ToCamelCase(name))
		if !field.IsValid() {
			return nil
		}
		v = field.Interface()
	}
	return v
}

// value is what a text of a row names: a field, a number ("=7"), or
//
//	$chain   the EIP-155 number of this chain
//	$domain  its number in the protocol's own numbering
//	$tx      the hash of this transaction
//	$kappa   keccak256 of the text of that hash
//	$sender  the account that sent the transaction
//	$emitter the contract that logs
func (s *side) value(name string) (any, error) {
	if number, ok := strings.CutPrefix(name, "="); ok {
		n, ok := new(big.Int).SetString(number, 10)
		if !ok {
			return nil, fmt.Errorf("%w: %q", errField, name)
		}
		return n, nil
	}
	switch name {
	case "$chain":
		return s.number, nil
	case "$domain":
		n, ok := numberOf(s.row.protocol.Numbers, s.tx.Chain)
		if !ok {
			return nil, fmt.Errorf("%w: the protocol has no number for %s", errField, s.tx.Chain)
		}
		return n, nil
	case "$tx":
		return s.tx.Hash, nil
	case "$kappa":
		return keccak([]byte(s.tx.Hash.Hex())), nil
	case "$sender":
		return s.tx.From, nil
	case "$emitter":
		return s.log.Address, nil
	}
	v := s.args.at(name)
	if v == nil {
		return nil, fmt.Errorf("%w: no %s", errField, name)
	}
	return v, nil
}

// word is a value as the 32 bytes that Solidity gives it.
func word(v any) (common.Hash, error) {
	switch v := v.(type) {
	case common.Address:
		return common.BytesToHash(v[:]), nil
	case common.Hash:
		return v, nil
	case [32]byte:
		return v, nil
	}
	n, err := amount(v)
	return n.Bytes32(), err
}

// amount is a value as a number that is not negative.
func amount(v any) (graph.Amount, error) {
	switch v := v.(type) {
	case uint8:
		return *uint256.NewInt(uint64(v)), nil
	case uint16:
		return *uint256.NewInt(uint64(v)), nil
	case uint32:
		return *uint256.NewInt(uint64(v)), nil
	case uint64:
		return *uint256.NewInt(v), nil
	case *big.Int:
		if v.Sign() >= 0 {
			if n, over := uint256.FromBig(v); !over {
				return *n, nil
			}
		}
	case graph.Amount:
		return v, nil
	}
	return graph.Amount{}, fmt.Errorf("%w: %T is no amount", errField, v)
}

// account is a value as an address of an EVM chain.
func account(v any) (common.Address, error) {
	switch v := v.(type) {
	case common.Address:
		return v, nil
	case common.Hash:
		if isAccount(v) {
			return common.BytesToAddress(v[12:]), nil
		}
	case [32]byte:
		if isAccount(v) {
			return common.BytesToAddress(v[12:]), nil
		}
	case []byte:
		switch {
		case len(v) == 20:
			return common.BytesToAddress(v), nil
		case len(v) == 32 && isAccount(common.Hash(v)):
			return common.BytesToAddress(v[12:]), nil
		}
	case string:
		if common.IsHexAddress(v) {
			return common.HexToAddress(v), nil
		}
	}
	return common.Address{}, fmt.Errorf("%w: %T is no account", errField, v)
}

// maxRaw is what an event keeps of a text.
const maxRaw = 255

// raw is a value as bytes without padding, "" if it is nothing. Texts of
// addresses of EVM chains become the address.
func raw(v any) (string, error) {
	if a, err := account(v); err == nil {
		if a == (common.Address{}) {
			return "", nil
		}
		return string(a[:]), nil
	}
	var out string
	switch v := v.(type) {
	case common.Hash:
		out = string(v[:])
	case [32]byte:
		out = string(v[:])
	case []byte:
		out = string(v)
	case string:
		out = v
	default:
		return "", fmt.Errorf("%w: %T is no address", errField, v)
	}
	if len(out) > maxRaw {
		return "", fmt.Errorf("%w: an address of %d bytes", errField, len(out))
	}
	return out, nil
}
