package synthetic

import (
	"fmt"

	"spoor/graph"
)

// lot is a piece of somebody's money: stolen or not.
type lot struct {
	amount graph.Amount
	stolen bool
}

// pile is one asset at one address.
type pile struct {
	at    graph.Address
	asset graph.Asset
}

// books are the script's own accounts: what lies in every pile, oldest first.
// The script says what each transaction means; nothing is read off the ledger.
type books struct {
	truth *Truth
	piles map[pile][]lot
	order []pile // as they appeared
	roles map[graph.Address]string
}

func newBooks(chain graph.Chain) *books {
	return &books{truth: &Truth{Chain: chain}, piles: map[pile][]lot{}, roles: map[graph.Address]string{{}: "nowhere"}}
}

// name gives an address its role, once.
func (b *books) name(a graph.Address, role string) {
	if _, known := b.roles[a]; known {
		return
	}
	b.roles[a] = role
	b.truth.Roles = append(b.truth.Roles, Role{a, role})
}

// put adds money to a pile, behind what is there.
func (b *books) put(at graph.Address, asset graph.Asset, lots ...lot) {
	p := pile{at, asset}
	if _, known := b.piles[p]; !known {
		b.order = append(b.order, p)
	}
	for _, l := range lots {
		have := b.piles[p]
		if n := len(have); n > 0 && have[n-1].stolen == l.stolen {
			have[n-1].amount.Add(&have[n-1].amount, &l.amount)
			continue
		}
		b.piles[p] = append(have, l)
	}
}

// take removes money from a pile, oldest first. A script that spends what is
// not there is wrong, and panics.
func (b *books) take(at graph.Address, asset graph.Asset, amount graph.Amount) []lot {
	p := pile{at, asset}
	head, tail, ok := cut(b.piles[p], amount)
	if !ok {
		panic(fmt.Sprintf("the script spends %s of %s that %s (%s) does not have", amount.Dec(), asset.Text(), b.roles[at], at))
	}
	b.piles[p] = tail
	return head
}

// cut splits lots after amount; ok reports whether there is so much.
func cut(lots []lot, amount graph.Amount) (head, tail []lot, ok bool) {
	for i, l := range lots {
		if amount.IsZero() {
			return head, lots[i:], true
		}
		if amount.Lt(&l.amount) {
			rest := l
			rest.amount.Sub(&l.amount, &amount)
			head = append(head, lot{amount, l.stolen})
			return head, append([]lot{rest}, lots[i+1:]...), true
		}
		head = append(head, l)
		amount.Sub(&amount, &l.amount)
	}
	return head, nil, amount.IsZero()
}

func stolen(lots []lot) graph.Amount {
	var sum graph.Amount
	for i := range lots {
		if lots[i].stolen {
			sum.Add(&sum, &lots[i].amount)
		}
	}
	return sum
}

func clean(amount graph.Amount) lot { return lot{amount: amount} }

// steal books stolen value as it reaches the thief.
func (b *books) steal(tx graph.Hash, to graph.Address, asset graph.Asset, amount graph.Amount) {
	b.truth.Seeds = append(b.truth.Seeds, Seed{tx, to, asset, amount})
	sum := b.sum(asset)
	sum.Seeded.Add(&sum.Seeded, &amount)
}

// end books what of lots is stolen as ended at an address.
func (b *books) end(reason Reason, at graph.Address, asset graph.Asset, lots []lot) {
	amount := stolen(lots)
	if amount.IsZero() {
		return
	}
	b.truth.Ends = append(b.truth.Ends, End{reason, b.roles[at], at, asset, amount})
	sum := b.sum(asset)
	into := &sum.Ended
	switch reason {
	case Fee:
		into = &sum.Fees
	case AtRest:
		into = &sum.AtRest
	}
	into.Add(into, &amount)
}

// convert restates money of one asset as an amount of another of the ledger.
func (b *books) convert(lots []lot, from, to graph.Asset, amount graph.Amount) []lot {
	out := restate(lots, from, amount)
	left, gained := stolen(lots), stolen(out)
	b.sum(from).ConvertedOut.Add(&b.sum(from).ConvertedOut, &left)
	b.sum(to).ConvertedIn.Add(&b.sum(to).ConvertedIn, &gained)
	return out
}

// cross restates money of one ledger as an amount of an asset of another.
func cross(here, there *books, lots []lot, from, to graph.Asset, amount graph.Amount) []lot {
	out := restate(lots, from, amount)
	left, gained := stolen(lots), stolen(out)
	if left.IsZero() {
		return out // nobody asks what became of honest money
	}
	here.sum(from).BridgedOut.Add(&here.sum(from).BridgedOut, &left)
	there.sum(to).BridgedIn.Add(&there.sum(to).BridgedIn, &gained)
	return out
}

// restate gives every lot its proportion of another amount, which must come
// out even.
func restate(lots []lot, from graph.Asset, amount graph.Amount) []lot {
	var given graph.Amount
	for i := range lots {
		given.Add(&given, &lots[i].amount)
	}
	out := make([]lot, len(lots))
	for i, l := range lots {
		var rest graph.Amount
		rest.MulMod(&l.amount, &amount, &given)
		if !rest.IsZero() {
			panic(fmt.Sprintf("the script converts %s of %s unevenly", given.Dec(), from.Text()))
		}
		out[i].stolen = l.stolen
		out[i].amount.MulDivOverflow(&l.amount, &amount, &given)
	}
	return out
}

// sum is the asset's row; valid until the next call.
func (b *books) sum(asset graph.Asset) *Sum {
	for i := range b.truth.Sums {
		if b.truth.Sums[i].Asset == asset {
			return &b.truth.Sums[i]
		}
	}
	b.truth.Sums = append(b.truth.Sums, Sum{Asset: asset})
	return &b.truth.Sums[len(b.truth.Sums)-1]
}

// close books what is still stolen in the piles as at rest.
func (b *books) close() Truth {
	for _, p := range b.order {
		b.end(AtRest, p.at, p.asset, b.piles[p])
	}
	b.truth.sort()
	return *b.truth
}
