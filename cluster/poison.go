package cluster

import (
	"context"
	"fmt"
	"strings"

	"github.com/holiman/uint256"

	"spoor/graph"
)

// PoisonParams are the thresholds by which address poisoning is recognised:
// somebody makes the victim's history show an address that looks like one the
// victim has paid, hoping that it is copied. No measured thresholds are
// published; these are chosen so that chance does not meet them (see Chance).
type PoisonParams struct {
	Head, Tail int    // hex digits that must equal, at the start and at the end; default 3 and 4
	Within     int64  // seconds after the genuine transfer; default 7 days
	Dust       uint64 // a transfer is dust if it is at most this part of the genuine one; default 100
}

// PoisonRule names what tells address poisoning wherever it is shown.
const PoisonRule = "address_poisoning"

// String is how a report names the parameters.
func (p PoisonParams) String() string {
	return fmt.Sprintf("head=%d tail=%d within=%ds dust=1/%d", p.Head, p.Tail, p.Within, p.Dust)
}

// DefaultPoisonParams are used unless a caller chooses.
func DefaultPoisonParams() PoisonParams {
	return PoisonParams{Head: 3, Tail: 4, Within: 7 * 24 * 3600, Dust: 100}
}

// Chance is one of how many addresses looks like a given one by chance.
func (p PoisonParams) Chance() uint64 { return 1 << (4 * (p.Head + p.Tail)) }

// PoisonKind says how a victim's history was poisoned.
type PoisonKind uint8

// The kinds (Tsuchiya et al., USENIX Security 2025).
const (
	NotPoison     PoisonKind = iota
	PoisonNothing            // a transfer of amount zero, which needs nobody's consent
	PoisonDust               // a tiny transfer from an address that looks like another
	PoisonFake               // a token with the symbol of another, to or from such an address
)

// String is "", "zero_value", "dust" or "counterfeit".
func (k PoisonKind) String() string {
	return [...]string{"", "zero_value", "dust", "counterfeit"}[k]
}

// Poison is a movement in the history of a victim that is no payment.
type Poison struct {
	At       graph.Position
	Asset    graph.AssetID
	Kind     PoisonKind
	Peer     graph.ID       // the other end; 0 of none
	Imitates graph.ID       // whom it looks like; 0 of a zero amount that looks like nobody
	Genuine  graph.Position // the transfer with the one it looks like
}

// LooksLike reports whether two different accounts begin and end alike.
func (p PoisonParams) LooksLike(a, b graph.Address) bool {
	if a == b || a.Chain != b.Chain {
		return false
	}
	look := p.look(a)
	return look != "" && look == p.look(b)
}

// look is what of an account must equal, "" of what is no account of an EVM chain.
func (p PoisonParams) look(a graph.Address) string {
	const digits = 40
	x := strings.ToLower(a.String())
	if len(x) != 2+digits || p.Head+p.Tail >= digits || p.Head < 0 || p.Tail < 0 {
		return ""
	}
	return x[2:2+p.Head] + x[2+digits-p.Tail:]
}

// Poisoned lists the movements in an address's history, up to a position, that
// are no payments: transfers of nothing, and dust or counterfeit tokens from
// or to an address that looks like one dealt with shortly before. They give no
// edge, no funding, no first sight and no counterparty.
//
// A genuine payment is never listed for being small: it takes a look-alike.
// Symbols are what is claimed of tokens now.
func Poisoned(ctx context.Context, view graph.View, id graph.ID, until graph.Position, p PoisonParams) ([]Poison, error) {
	s := poisonSearch{view: view, params: p, recent: map[string][]dealing{}, looks: map[graph.ID]string{}, symbols: map[graph.AssetID]string{}}
	var found []Poison
	for e, err := range view.History(ctx, id, graph.Position{}) {
		if err != nil {
			return nil, err
		}
		if e.At.Compare(until) >= 0 {
			break
		}
		if e.Kind.IsFee() || e.Peer == 0 || e.Peer == id {
			continue
		}
		one, err := s.judge(&e)
		if err != nil {
			return nil, err
		}
		if one.Kind != NotPoison {
			found = append(found, one)
		}
	}
	return found, nil
}

// poisonSearch remembers the dealings that may be imitated.
type poisonSearch struct {
	view    graph.View
	params  PoisonParams
	recent  map[string][]dealing // by look, in order; older than Within are let go
	looks   map[graph.ID]string
	symbols map[graph.AssetID]string
	block   uint32
	time    int64
}

// dealing is a genuine movement.
type dealing struct {
	graph.Entry
	time int64
}

func (s *poisonSearch) judge(e *graph.Entry) (Poison, error) {
	if err := s.clock(e.At.Block); err != nil {
		return Poison{}, err
	}
	look, err := s.look(e.Peer)
	if err != nil {
		return Poison{}, err
	}
	one := Poison{At: e.At, Asset: e.Asset, Peer: e.Peer}
	if e.Amount.IsZero() {
		one.Kind = PoisonNothing
	}
	if look == "" {
		return one, nil
	}
	recent := s.recent[look]
	for len(recent) > 0 && recent[0].time+s.params.Within < s.time {
		recent = recent[1:]
	}
	for i := len(recent) - 1; i >= 0; i-- { // the latest first
		g := &recent[i]
		if g.Peer == e.Peer {
			continue
		}
		kind, err := s.imitation(e, g)
		if err != nil {
			return Poison{}, err
		}
		if kind == NotPoison {
			continue
		}
		one.Kind, one.Imitates, one.Genuine = kind, g.Peer, g.At
		return one, nil
	}
	if one.Kind == NotPoison {
		recent = append(recent, dealing{*e, s.time})
	}
	s.recent[look] = recent
	return one, nil
}

// imitation says how a movement with a look-alike imitates a genuine one.
func (s *poisonSearch) imitation(e *graph.Entry, g *dealing) (PoisonKind, error) {
	if e.Amount.IsZero() {
		return PoisonNothing, nil
	}
	if e.Asset == g.Asset {
		part := new(uint256.Int).Div(&g.Amount, uint256.NewInt(max(s.params.Dust, 1)))
		if !e.Out && !e.Amount.Gt(part) {
			return PoisonDust, nil
		}
		return NotPoison, nil
	}
	if e.Asset == graph.NativeID {
		return NotPoison, nil
	}
	a, err := s.symbol(e.Asset)
	if err != nil {
		return NotPoison, err
	}
	b, err := s.symbol(g.Asset)
	if err != nil || a == "" || !strings.EqualFold(a, b) {
		return NotPoison, err
	}
	return PoisonFake, nil
}

// clock moves to a block.
func (s *poisonSearch) clock(block uint32) error {
	if block == s.block && s.time != 0 {
		return nil
	}
	h, err := s.view.Header(block)
	if err == nil {
		s.block, s.time = block, h.Time
	}
	return err
}

func (s *poisonSearch) look(id graph.ID) (string, error) {
	look, known := s.looks[id]
	if known {
		return look, nil
	}
	a, err := s.view.Address(id)
	if err == nil {
		look = s.params.look(a)
		s.looks[id] = look
	}
	return look, err
}

func (s *poisonSearch) symbol(id graph.AssetID) (string, error) {
	symbol, known := s.symbols[id]
	if !known {
		info, err := s.view.Asset(id)
		if err != nil {
			return "", err
		}
		symbol = info.Symbol
		s.symbols[id] = symbol
	}
	return symbol, nil
}
