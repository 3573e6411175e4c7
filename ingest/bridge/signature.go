package bridge

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/accounts/abi"
)

// parseEvent reads an event as Solidity declares it, with a name for every
// argument: "Sent(bytes32 indexed id, (address to, uint256 amount)[] parts)".
func parseEvent(text string) (abi.Event, error) {
	name, rest, ok := strings.Cut(text, "(")
	if !ok || name == "" {
		return abi.Event{}, fmt.Errorf("%q: want Name(type name, ...)", text)
	}
	parts, rest, err := parseParts(rest)
	if err != nil {
		return abi.Event{}, fmt.Errorf("%q: %w", text, err)
	}
	if rest != "" {
		return abi.Event{}, fmt.Errorf("%q: %q is left over", text, rest)
	}
	var inputs abi.Arguments
	for _, p := range parts {
		t, err := abi.NewType(p.Type, "", p.Components)
		if err != nil {
			return abi.Event{}, fmt.Errorf("%q: argument %s: %w", text, p.Name, err)
		}
		inputs = append(inputs, abi.Argument{Name: p.Name, Type: t, Indexed: p.Indexed})
	}
	return abi.NewEvent(name, name, false, inputs), nil
}

// parseParts reads arguments up to the closing parenthesis, which it takes.
func parseParts(text string) (parts []abi.ArgumentMarshaling, rest string, err error) {
	for {
		var part abi.ArgumentMarshaling
		text = strings.TrimLeft(text, " ")
		if inner, ok := strings.CutPrefix(text, "("); ok {
			if part.Components, text, err = parseParts(inner); err != nil {
				return nil, "", err
			}
			part.Type = "tuple"
		}
		end := strings.IndexAny(text, ",)")
		if end < 0 {
			return nil, "", errors.New("a parenthesis is not closed")
		}
		words := strings.Fields(text[:end])
		switch {
		case part.Type == "" && len(words) > 0:
			part.Type, words = words[0], words[1:]
		case len(words) > 0 && strings.HasPrefix(words[0], "["):
			part.Type, words = part.Type+words[0], words[1:]
		}
		if len(words) == 2 && words[0] == "indexed" {
			part.Indexed, words = true, words[1:]
		}
		if part.Type == "" || len(words) != 1 {
			return nil, "", fmt.Errorf("%q is no argument with a type and a name", text[:end])
		}
		part.Name = words[0]
		parts = append(parts, part)
		closed := text[end] == ')'
		text = text[end+1:]
		if closed {
			return parts, text, nil
		}
	}
}
