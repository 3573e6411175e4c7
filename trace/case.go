package trace

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"spoor/cluster"
	"spoor/graph"
)

// Case is the complete input of a trace besides the ledgers: what was stolen,
// by which rule it is followed and how far. It is a YAML file.
type Case struct {
	Name   string `yaml:"name"`
	Note   string `yaml:"note,omitempty"`
	Method string `yaml:"method"` // fifo, lifo, haircut, poison or tiho; fifo
	// Direction is "forward" (default: where did it go) or "backward" (where did
	// it come from), with fifo, haircut or poison.
	Direction string      `yaml:"direction,omitempty"`
	Seeds     []string    `yaml:"seeds"`            // references, see Seed
	Labels    []CaseLabel `yaml:"labels,omitempty"` // the analyst's own claims
	Links     []CaseLink  `yaml:"links,omitempty"`  // passages that the analyst accepts

	Share           string `yaml:"share,omitempty"`            // stop when this part of every asset has ended, "0.95"
	MinAmount       string `yaml:"min_amount,omitempty"`       // whole units of an asset; less is dust
	MaxHops         int    `yaml:"max_hops,omitempty"`         // 0: no bound
	Until           string `yaml:"until,omitempty"`            // RFC 3339; later events are not looked at, earlier ones backward
	MaxTransactions int    `yaml:"max_transactions,omitempty"` // 0: no bound

	// ServiceTransfers is the number of transfers from which an address is
	// taken for a service whoever it belongs to; 0 is DefaultServiceTransfers.
	// Negative: no address is taken for a service by what it does.
	ServiceTransfers int `yaml:"service_transfers,omitempty"`
	// CoinJoin is "stop" (default: a mixer) or "follow" (the method goes through).
	CoinJoin string `yaml:"coinjoin,omitempty"`
}

// CaseLabel is an analyst's claim about an address.
type CaseLabel struct {
	Chain      string `yaml:"chain"`
	Address    string `yaml:"address"`
	Name       string `yaml:"name"`
	Category   string `yaml:"category"`
	Behaviour  string `yaml:"behaviour,omitempty"`
	Source     string `yaml:"source,omitempty"`     // "case" if empty
	Confidence int    `yaml:"confidence,omitempty"` // 0 to 100
}

// DefaultServiceTransfers is the default of a case.
const DefaultServiceTransfers = cluster.DefaultServiceTransfers

// The directions of a trace.
const (
	Forward  = "forward"
	Backward = "backward"
)

// ErrCase is returned for a case that cannot be traced as written.
var ErrCase = errors.New("not a case")

// ParseCase reads a case file. Unknown fields are errors, with their line.
func ParseCase(data []byte) (Case, error) {
	var c Case
	if err := decode(data, &c); err != nil && !errors.Is(err, io.EOF) { // an empty file is a case without seeds
		return Case{}, fmt.Errorf("%w: line and column %s", ErrCase, yaml.FormatError(err, false, false))
	}
	if err := c.Check(); err != nil {
		return Case{}, err
	}
	return c, nil
}

// decode reads YAML. The library (goccy/go-yaml v1.19.2) panics on a tag where a
// list should be, found by fuzzing; a case is a file like any other.
func decode(data []byte, c *Case) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("it cannot be read as YAML: %v", fault)
		}
	}()
	if deepest(lexer.Tokenize(string(data))) > maxNesting {
		return fmt.Errorf("its lists are nested more than %d deep", maxNesting)
	}
	return yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(c)
}

// maxNesting is far more than a case has. The parser takes time with the square
// of the depth: minutes for 100 kB of brackets.
const maxNesting = 50

// deepest is how deep brackets, or entries of lists on one line, are nested.
func deepest(tokens token.Tokens) (most int) {
	brackets, entries, line := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, entries = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets--
		case token.SequenceEntryType, token.MappingKeyType:
			entries++
		}
		most = max(most, brackets, entries)
	}
	return most
}

// Check reports whether the case can be traced as written, ErrCase if not. It
// does not look whether ledgers hold its seeds.
func (c Case) Check() error {
	_, err := c.plan()
	return err
}

// YAML is the case as a file, every default written out.
func (c Case) YAML() ([]byte, error) {
	return yaml.MarshalWithOptions(c.withDefaults(), yaml.Indent(2))
}

func (c Case) withDefaults() Case {
	if c.Method == "" {
		c.Method = methods[0].Name
	}
	if c.Direction == "" {
		c.Direction = Forward
	}
	if c.ServiceTransfers == 0 {
		c.ServiceTransfers = DefaultServiceTransfers
	}
	if c.CoinJoin == "" {
		c.CoinJoin = "stop"
	}
	return c
}

// plan is a case with its texts parsed.
type plan struct {
	Case
	method    Method
	seeds     []Seed
	labels    map[graph.Address][]graph.Label
	links     []acceptedLink
	moving    *big.Rat // part of an asset that may still be moving when the trace stops; nil: no bound
	minUnits  *big.Rat // nil: no bound
	until     int64    // 0: no bound
	followMix bool
}

func (c Case) plan() (*plan, error) {
	c = c.withDefaults()
	p := &plan{Case: c, labels: make(map[graph.Address][]graph.Label)}
	fail := func(format string, args ...any) (*plan, error) {
		return nil, fmt.Errorf("%w: "+format, append([]any{ErrCase}, args...)...)
	}
	var err error
	if p.method, err = ParseMethod(c.Method); err != nil {
		return fail("method: %w", err)
	}
	switch {
	case c.Direction != Forward && c.Direction != Backward:
		return fail("direction %q: want forward or backward", c.Direction)
	case c.Direction == Backward && p.method.reverse == forwardOnly:
		return fail("%s cannot look backward; want fifo, haircut or poison", p.method.Name)
	}
	if len(c.Seeds) == 0 {
		return fail("it has no seeds; name the theft, as in seeds: [ethereum:0xTXHASH]")
	}
	for i, text := range c.Seeds {
		s, err := ParseSeed(text)
		if err != nil {
			return fail("seed %d: %w", i+1, err)
		}
		p.seeds = append(p.seeds, s)
	}
	for i, l := range c.Labels {
		label, err := l.label()
		if err != nil {
			return fail("label %d: %w", i+1, err)
		}
		p.labels[label.Address] = append(p.labels[label.Address], label)
	}
	for i, l := range c.Links {
		link, err := l.parse()
		if err != nil {
			return fail("link %d: %w", i+1, err)
		}
		p.links = append(p.links, link)
	}
	if c.Share != "" {
		share, ok := new(big.Rat).SetString(c.Share)
		if !ok || share.Sign() <= 0 || share.Cmp(big.NewRat(1, 1)) > 0 {
			return fail("share %q: want a number above 0 and up to 1, such as 0.95", c.Share)
		}
		p.moving = share.Sub(big.NewRat(1, 1), share)
	}
	if c.MinAmount != "" {
		var ok bool
		if p.minUnits, ok = new(big.Rat).SetString(c.MinAmount); !ok || p.minUnits.Sign() < 0 {
			return fail("min_amount %q: want a number of whole units, such as 0.01", c.MinAmount)
		}
	}
	if c.Until != "" {
		at, err := time.Parse(time.RFC3339, c.Until)
		if err != nil {
			return fail("until %q: want a time such as 2024-07-16T12:00:00Z", c.Until)
		}
		p.until = at.Unix()
	}
	if c.MaxHops < 0 || c.MaxTransactions < 0 {
		return fail("max_hops and max_transactions cannot be negative")
	}
	switch c.CoinJoin {
	case "stop":
	case "follow":
		p.followMix = true
	default:
		return fail("coinjoin %q: want stop or follow", c.CoinJoin)
	}
	return p, nil
}

func (l CaseLabel) label() (graph.Label, error) {
	chain, err := graph.ParseChain(l.Chain)
	if err != nil {
		return graph.Label{}, err
	}
	address, err := graph.ParseAddress(chain, l.Address)
	if err != nil {
		return graph.Label{}, err
	}
	if l.Name == "" || l.Category == "" {
		return graph.Label{}, fmt.Errorf("%s needs a name and a category", l.Address)
	}
	if l.Confidence < 0 || l.Confidence > 100 {
		return graph.Label{}, fmt.Errorf("%s: confidence %d is not between 0 and 100", l.Address, l.Confidence)
	}
	if l.Source == "" {
		l.Source = "case"
	}
	return graph.Label{Address: address, Name: l.Name, Category: l.Category, Behaviour: l.Behaviour, Source: l.Source, Confidence: l.Confidence}, nil
}
