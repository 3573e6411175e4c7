package cluster

import (
	"context"
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
	x, y := strings.ToLower(a.String()), strings.ToLower(b.String())
	const digits = 40
	if len(x) != 2+digits || len(y) != 2+digits || p.Head+p.Tail >= digits || p.Head < 0 || p.Tail < 0 {
		return false
	}
	return x[2:2+p.Head] == y[2:2+p.Head] && x[2+digits-p.Tail:] == y[2+digits-p.Tail:]
}

// Poisoned lists the movements in an address's history, up to a position, that
// are no payments: transfers of nothing, and dust or counterfeit tokens from
// or to an address that looks like one dealt with shortly before. They give no
// edge, no funding, no first sight and no counterparty.
//
// A genuine payment is never listed for being small: it takes a look-alike.
// Symbols are what is claimed of tokens now.
func Poisoned(ctx context.Context, view graph.View, id graph.ID, until graph.Position, p PoisonParams) ([]Poison, error) {
	s := poisonSearch{view: view, params: p, addresses: map[graph.ID]graph.Address{}, symbols: map[graph.AssetID]string{}}
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
	view      graph.View
	params    PoisonParams
	recent    []dealing // in order; older than Within are let go
	addresses map[graph.ID]graph.Address
	symbols   map[graph.AssetID]string
	block     uint32
	time      int64
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
	peer, err := s.address(e.Peer)
	if err != nil {
		return Poison{}, err
	}
	one := Poison{At: e.At, Peer: e.Peer}
	if e.Amount.IsZero() {
		one.Kind = PoisonNothing
	}
	for i := len(s.recent) - 1; i >= 0; i-- { // the latest first
		g := &s.recent[i]
		real, err := s.address(g.Peer)
		if err != nil {
			return Poison{}, err
		}
		if !s.params.LooksLike(peer, real) {
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
		s.recent = append(s.recent, dealing{*e, s.time})
	}
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

// clock moves to a block and lets go of what is too old to be imitated.
func (s *poisonSearch) clock(block uint32) error {
	if block == s.block && s.time != 0 {
		return nil
	}
	h, err := s.view.Header(block)
	if err != nil {
		return err
	}
	s.block, s.time = block, h.Time
	old := 0
	for old < len(s.recent) && s.recent[old].time+s.params.Within < s.time {
		old++
	}
	s.recent = s.recent[old:]
	return nil
}

func (s *poisonSearch) address(id graph.ID) (a graph.Address, err error) {
	a, known := s.addresses[id]
	if !known {
		if a, err = s.view.Address(id); err == nil {
			s.addresses[id] = a
		}
	}
	return a, err
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
