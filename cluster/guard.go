package cluster

import (
	"strings"
	"unicode"

	"spoor/graph"
)

// Guard says how large two entities must both be for evidence between them to
// be held back: one wrong merge of that kind costs more than many right ones
// gain (cluster collapse; Möser and Narayanan, arXiv 2107.05749). What is held
// back is listed, and can be looked at. Zero fields are the defaults, negative
// ones hold nothing back.
type Guard struct {
	CoSpend   int `json:"cospend"`   // addresses of each, for a co-spend; default 100,000
	Behaviour int `json:"behaviour"` // addresses of each, for any other rule; default 1,000
}

// DefaultGuard is what a zero Guard means. There is no measured optimum: the
// sizes are those that few persons and most services reach.
var DefaultGuard = Guard{CoSpend: 100_000, Behaviour: 1_000}

func (g Guard) withDefaults() Guard {
	if g.CoSpend == 0 {
		g.CoSpend = DefaultGuard.CoSpend
	}
	if g.Behaviour == 0 {
		g.Behaviour = DefaultGuard.Behaviour
	}
	return g
}

// least is the size from which two entities are not joined by a rule.
func (g Guard) least(r Rule) int {
	if r.behaviour() {
		return g.Behaviour
	}
	return g.CoSpend
}

// owning are the categories of labels that say who an address belongs to, so
// that two different names are two different owners.
var owning = map[string]bool{
	"exchange": true, "deposit_wallet": true, "hot_wallet": true, "cold_wallet": true, "payment_processor": true,
	"gambling": true, "market": true, "mixing_service": true, "mixer": true, "miner": true, "hosting": true, "donation": true,
}

// OwnerName is the owner that a label names, in the form in which two labels of
// one owner are equal; "" if it names none. "Demo Exchange: Hot Wallet 2" and
// "demo exchange hot wallet 3" are one owner.
func OwnerName(l graph.Label) string {
	if !owning[l.Category] {
		return ""
	}
	name, _, _ := strings.Cut(strings.ToLower(l.Name), ":")
	words := strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || r == '-' || r == '_' || r == '.' })
	for len(words) > 1 {
		last := words[len(words)-1]
		if strings.Trim(last, "#0123456789") != "" && !walletWords[last] {
			break
		}
		words = words[:len(words)-1]
	}
	return strings.Join(words, " ")
}

// walletWords say which wallet of an owner it is, and not who the owner is.
var walletWords = map[string]bool{"hot": true, "cold": true, "wallet": true, "deposit": true, "withdrawal": true, "reserve": true}
