package cluster

import (
	"strings"
	"unicode"

	"spoor/graph"
)

// owning are the categories of labels that say who an address belongs to, so
// that two different names are two different owners.
var owning = map[string]bool{
	"exchange": true, "deposit_wallet": true, "hot_wallet": true, "cold_wallet": true, "payment_processor": true,
	"gambling": true, "market": true, "mixing_service": true, "mixer": true, "miner": true, "hosting": true, "donation": true,
}

// exchanging are those of an exchange's own wallets. The deposit address of a
// customer is not one of them.
var exchanging = map[string]bool{"exchange": true, "hot_wallet": true, "cold_wallet": true}

// serving are the categories, and the concepts beside them, of those who pay
// for others: what such an address sends to a deposit address is no customer's
// of its own.
var serving = map[string]bool{
	"payment_processor": true, "wallet_service": true, "escrow_wallet": true, "atm": true, "gambling": true, "market": true,
	"mixing_service": true, "mixer": true, "defi_custody": true, "otc": true, "custodian": true,
}

// OwnerName is the owner that a label names, in the form in which two labels of
// one owner are equal; "" if it names none. "Demo Exchange: Hot Wallet 2" and
// "demo exchange hot wallet 3" are one owner. An actor that labels name comes
// on top: see owners.
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

// IsExchange reports whether a label says that an address is an exchange's own
// wallet.
func IsExchange(l graph.Label) bool { return exchanging[l.Category] && OwnerName(l) != "" }

// isService reports whether a label says that an address pays for others.
func isService(l graph.Label) bool {
	if serving[l.Category] {
		return true
	}
	for concept := range strings.SplitSeq(l.Concepts, "|") {
		if serving[concept] {
			return true
		}
	}
	return false
}

// owners names the owners of a set of labels. Labels of one actor are of one
// owner whatever they call it, and labels of two actors of two, though both are
// called the same. A label without an actor is of the actor whose other labels
// have its name, if there is only one. It is a function of the labels, not of
// their order.
type owners struct {
	name   map[string]string          // of an actor: the least that its labels give it
	actors map[string]map[string]bool // by name
}

func ownersOf(labels []graph.Label) owners {
	o := owners{map[string]string{}, map[string]map[string]bool{}}
	for i := range labels {
		l := &labels[i]
		name := OwnerName(*l)
		if name == "" || l.Actor == "" {
			continue
		}
		if least, named := o.name[l.Actor]; !named || name < least {
			o.name[l.Actor] = name
		}
		if o.actors[name] == nil {
			o.actors[name] = map[string]bool{}
		}
		o.actors[name][l.Actor] = true
	}
	return o
}

// of is the owner that a label names, "" if it names none.
func (o owners) of(l graph.Label) string {
	name, actor := OwnerName(l), l.Actor
	if name == "" {
		return ""
	}
	if actor == "" {
		if len(o.actors[name]) != 1 {
			return name
		}
		for actor = range o.actors[name] {
		}
	}
	name = o.name[actor]
	if len(o.actors[name]) > 1 {
		name += " (" + actor + ")" // others are called so too
	}
	return name
}
