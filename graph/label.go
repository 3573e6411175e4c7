package graph

import "cmp"

// Label is a source's claim about an address. It is never a fact: it carries
// who says so, when, and how sure they are. Labels are comparable values; two
// that differ in anything are two claims, shown side by side.
type Label struct {
	Address   Address
	Name      string // of the owner or service, as the source writes it
	Category  string // GraphSense concept of what it is, such as "exchange"; "" if the source does not say
	Behaviour string // what a trace must do here (mixer_pool, router, pool …), "" if the source does not say
	Source    string // who says so

	Confidence int    // 0 to 100, by the GraphSense vocabulary
	Grade      string // the source's own word for its confidence, "" if it gives a number or nothing

	Abuse    string // GraphSense concept of what it was used for, such as "ransomware"; "" if the source names none
	Concepts string // what else the source files it under, separated by |
	Actor    string // id of the Actor it belongs to, "" if none is named
	Kind     string // TagPack's tag type: actor, event, attribute or mention; "" if not said
	Currency string // ticker under which the source lists the address, "" for the chain's own coin
	Definer  bool   // speaks for the whole entity the address belongs to, not for the address alone
	Note     string // what else the source says, as it writes it

	URI     string // where the claim can be looked up
	Licence string // under which it was published
	Date    int64  // of its last change by the source, in unix seconds; 0 if not known
	From    int64  // unix second from which it holds; 0: always did
	Until   int64  // unix second at which it ceases to hold; 0: never

	Pack Digest // of the file it was read from; zero if it is not from a file
}

// HoldsAt reports whether the label holds at a time in unix seconds: From is
// the first second at which it does, Until the first at which it no longer does.
func (l *Label) HoldsAt(time int64) bool {
	return (l.From == 0 || time >= l.From) && (l.Until == 0 || time < l.Until)
}

// Bounded reports whether the label holds at some times only.
func (l *Label) Bounded() bool { return l.From != 0 || l.Until != 0 }

// Compare orders the labels of one address: the surest first, then by text and
// all else, so that the order does not depend on where they came from.
func (l *Label) Compare(o *Label) int {
	return cmp.Or(
		l.Address.Compare(o.Address),
		cmp.Compare(o.Confidence, l.Confidence),
		cmp.Compare(l.Source, o.Source),
		cmp.Compare(l.Name, o.Name),
		cmp.Compare(l.Category, o.Category),
		cmp.Compare(l.Behaviour, o.Behaviour),
		cmp.Compare(l.Abuse, o.Abuse),
		cmp.Compare(l.Concepts, o.Concepts),
		cmp.Compare(l.Actor, o.Actor),
		cmp.Compare(l.Kind, o.Kind),
		cmp.Compare(l.Currency, o.Currency),
		cmp.Compare(l.Grade, o.Grade),
		compareBool(l.Definer, o.Definer),
		cmp.Compare(l.Note, o.Note),
		cmp.Compare(l.URI, o.URI),
		cmp.Compare(l.Licence, o.Licence),
		cmp.Compare(l.Date, o.Date),
		cmp.Compare(l.From, o.From),
		cmp.Compare(l.Until, o.Until),
		l.Pack.Compare(o.Pack),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}
