package bridge

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/goccy/go-yaml"

	"spoor/graph"
)

//go:embed bridges.yaml
var tableYAML []byte

// Protocol is a row of the table: one way in which both sides of a passage
// share a key.
type Protocol struct {
	Name       string                         `yaml:"name"` // graph.Event.Protocol of both sides
	About      string                         `yaml:"about"`
	Certainty  string                         `yaml:"certainty"` // of the key: deterministic, strong (equal passages share it) or keyless
	Keyed      string                         `yaml:"keyed"`     // what the key is
	Source     string                         `yaml:"source"`
	Unverified string                         `yaml:"unverified"` // what is from memory and was not checked
	Notes      []string                       `yaml:"notes"`
	Numbers    string                         `yaml:"numbers"`  // how it numbers chains, see numbers.go; "" is EIP-155
	Emitters   map[string]map[string][]string `yaml:"emitters"` // role, EIP-155 number or "*", addresses
	Events     []Row                          `yaml:"events"`
}

// Row is an event that states a side of a passage. Texts name its fields, by
// dots inside of tuples, or are one of the values of fields.go.
type Row struct {
	Side      string   `yaml:"side"`  // departure, arrival, both, or witness: read with another event only
	From      string   `yaml:"from"`  // role of the emitters that prove it; "" if none does
	Event     string   `yaml:"event"` // as Solidity declares it
	Topic     string   `yaml:"topic"` // its first topic where the list of events has one
	Read      string   `yaml:"read"`  // family, see readerOf; "" is stated
	When      []string `yaml:"when"`  // field and number that it must have
	Key       []string `yaml:"key"`
	Subject   string   `yaml:"subject"`
	Object    string   `yaml:"object"`
	Asset     string   `yaml:"asset"`
	Vault     bool     `yaml:"vault"` // the asset may be a wrapper that holds what really moves
	Amount    string   `yaml:"amount"`
	Less      string   `yaml:"less"` // taken off the amount, unless the token moves whole
	Far       FarRow   `yaml:"far"`
	Strangers string   `yaml:"strangers"` // "ignored": of unlisted emitters it is no event of ours
}

// FarRow names the fields that tell about the other side.
type FarRow struct {
	Chain     string `yaml:"chain"`
	Recipient string `yaml:"recipient"`
	Asset     string `yaml:"asset"`
	Amount    string `yaml:"amount"`
}

// Table are the protocols that are read, in the order of the file.
func Table() []Protocol { return loaded().protocols }

// table is the file, ready for use.
type table struct {
	protocols []Protocol
	events    map[common.Hash]*event
	byName    map[string]*Protocol
	trusted   map[place]bool
}

// event is a row, ready for use.
type event struct {
	Row
	protocol *Protocol
	abi      abi.Event
	read     reader
}

// place is an emitter in a role: of a protocol, on a chain ("*": on all).
type place struct {
	protocol, role, chain string
	emitter               common.Address
}

// loaded parses the table once. What is wrong in it is a fault of this program.
var loaded = sync.OnceValue(func() *table {
	t, err := parseTable(tableYAML)
	if err != nil {
		panic(fmt.Sprintf("bridges.yaml: %v", err))
	}
	return t
})

func parseTable(text []byte) (*table, error) {
	t := &table{events: map[common.Hash]*event{}, byName: map[string]*Protocol{}, trusted: map[place]bool{}}
	if err := yaml.UnmarshalWithOptions(text, &t.protocols, yaml.Strict()); err != nil {
		return nil, err
	}
	for i := range t.protocols {
		p := &t.protocols[i]
		if t.byName[p.Name] != nil || p.Name == "" || strings.HasSuffix(p.Name, graph.Unproven) {
			return nil, fmt.Errorf("protocol %q: no name, or a second one", p.Name)
		}
		t.byName[p.Name] = p
		if err := t.emitters(p); err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		for j := range p.Events {
			if err := t.row(p, &p.Events[j]); err != nil {
				return nil, fmt.Errorf("%s: event %d: %w", p.Name, j, err)
			}
		}
	}
	return t, nil
}

func (t *table) emitters(p *Protocol) error {
	for role, chains := range p.Emitters {
		for chain, addresses := range chains {
			for _, a := range addresses {
				if !common.IsHexAddress(a) {
					return fmt.Errorf("emitter %q", a)
				}
				t.trusted[place{p.Name, role, chain, common.HexToAddress(a)}] = true
			}
		}
	}
	return nil
}

func (t *table) row(p *Protocol, r *Row) error {
	e := &event{Row: *r, protocol: p}
	var err error
	if e.abi, err = parseEvent(r.Event); err != nil {
		return err
	}
	if r.Topic != "" && e.abi.ID != common.HexToHash(r.Topic) {
		return fmt.Errorf("%s hashes to %s, not to %s", e.abi.Sig, e.abi.ID, r.Topic)
	}
	if t.events[e.abi.ID] != nil {
		return fmt.Errorf("a second row for %s", e.abi.Sig)
	}
	if r.From != "" && p.Emitters[r.From] == nil {
		return fmt.Errorf("no emitters are a %s", r.From)
	}
	if len(r.When) != 0 && len(r.When) != 2 {
		return fmt.Errorf("when: want a field and a number")
	}
	switch r.Side {
	case "departure", "arrival", "both":
		if e.read = readerOf(r.Read); e.read == nil {
			return fmt.Errorf("no family %q", r.Read)
		}
	case "witness":
	default:
		return fmt.Errorf("no side %q", r.Side)
	}
	t.events[e.abi.ID] = e
	return nil
}

// lists reports whether an emitter is listed in a role. A chain that has a list
// of its own, also an empty one, does not take what is listed for all.
func (t *table) lists(protocol, role string, chain graph.ChainID, emitter common.Address) bool {
	number := strings.TrimPrefix(string(chain), "eip155:")
	p := t.byName[protocol]
	if p == nil || p.Emitters[role] == nil {
		return false
	}
	if _, own := p.Emitters[role][number]; !own {
		number = "*"
	}
	return t.trusted[place{protocol, role, number, emitter}]
}

// Concerns reports whether a log with this first topic may be read here.
func Concerns(topic common.Hash) bool { return loaded().events[topic] != nil }

// fields are the texts of a row that name fields.
func (r *Row) fields() []string {
	names := append(slices.Clone(r.Key), r.Subject, r.Object, r.Asset, r.Amount, r.Less, r.Far.Chain, r.Far.Recipient, r.Far.Asset, r.Far.Amount)
	if len(r.When) == 2 {
		names = append(names, r.When[0])
	}
	return slices.DeleteFunc(names, func(n string) bool { return n == "" || n[0] == '$' || n[0] == '=' })
}
