package bridge

import (
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
)

// Inside the package: the names that rows use are not exported.
func TestEveryRowNamesFieldsOfItsEvent(t *testing.T) {
	table := loaded()
	for topic, e := range table.events {
		if topic != e.abi.ID {
			t.Errorf("%s: under topic %s", e.abi.Sig, topic)
		}
		for _, name := range e.fields() {
			if !hasField(e.abi.Inputs, name) {
				t.Errorf("%s: %s has no field %s", e.protocol.Name, e.abi.Sig, name)
			}
		}
		if e.From == "" && e.Strangers == "ignored" {
			t.Errorf("%s: %s can never be read", e.protocol.Name, e.abi.Sig)
		}
	}
}

func hasField(inputs abi.Arguments, path string) bool {
	name, rest, nested := strings.Cut(path, ".")
	at := slices.IndexFunc(inputs, func(a abi.Argument) bool { return a.Name == name })
	if at < 0 {
		return false
	}
	kind := inputs[at].Type
	for nested {
		name, rest, nested = strings.Cut(rest, ".")
		i := slices.Index(kind.TupleRawNames, name)
		if i < 0 {
			return false
		}
		kind = *kind.TupleElems[i]
	}
	return true
}
