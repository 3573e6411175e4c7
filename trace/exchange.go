package trace

import (
	"slices"

	"spoor/graph"
)

// exchange is what the flows of one transaction say about trades in it.
//
// A party that gives one asset and takes another has swapped. What is paid to
// such a party buys what that party gave, which may pass through further
// swappers (a route through several pools, an unwrapping at the end) until it
// reaches the payer, or somebody the payer has it sent to.
//
// Value paid to a party that only receives is a payment and stays one, however
// much of other assets the payer receives in the same transaction: otherwise a
// thief could drop the trail by issuing himself a worthless token while he
// pays. Only where the transaction is known in part (the export of one
// address) the pool's other leg is missing, and whatever the payer gives and
// takes is taken for a swap.
type exchange struct {
	flows []flow
	gives map[graph.ID][]int // flows out, by party
	gets  map[graph.ID][]int // flows in, by party
	whole bool               // the transaction is known completely
	who   func(graph.ID) graph.ID
	vault func(graph.ID) bool // somebody says that the party holds the value of shares; nil: nobody does
}

// newExchange reads flows. contractOf is the contract of an issuer: wrapping,
// vault shares and pool tokens are trades with the contract that holds the
// value.
func newExchange(flows []flow, whole bool, contractOf func(graph.ID) graph.ID) *exchange {
	x := &exchange{flows: flows, whole: whole, gives: make(map[graph.ID][]int), gets: make(map[graph.ID][]int), who: contractOf}
	for i := range flows {
		from, to := x.who(flows[i].from), x.who(flows[i].to)
		if from == to {
			continue // a contract issues to itself or destroys its own: no trade
		}
		x.gives[from] = append(x.gives[from], i)
		x.gets[to] = append(x.gets[to], i)
	}
	return x
}

// swaps reports whether a party gave one asset and took another; the net view
// leaves a party on one side of each asset only.
func (x *exchange) swaps(party graph.ID) bool {
	return len(x.gives[party]) > 0 && len(x.gets[party]) > 0
}

// bought follows a payment into the trades it pays for and returns the flows
// that deliver what it bought, none if it is an ordinary payment.
func (x *exchange) bought(payment int) []int {
	f := &x.flows[payment]
	payer, seller := x.who(f.from), x.who(f.to)
	if payer == seller {
		return nil
	}
	own := x.swaps(payer)
	if own && (!x.whole || f.burnt() && !x.swaps(seller)) {
		return x.gets[payer]
	}
	if !x.swaps(seller) {
		return x.shares(payer, seller)
	}
	var delivered, elsewhere []int
	seen := []graph.ID{payer, seller}
	for next := []graph.ID{seller}; len(next) > 0; next = next[1:] {
		for _, i := range x.gives[next[0]] {
			to := x.who(x.flows[i].to)
			switch {
			case to == payer:
				delivered = append(delivered, i)
			case !x.swaps(to):
				elsewhere = append(elsewhere, i)
			case !slices.Contains(seen, to):
				seen = append(seen, to)
				next = append(next, to)
			}
		}
	}
	if own && x.boughtByOthers(seen) {
		return x.gets[payer] // what goes elsewhere is somebody else's; the payer is a seller himself, or one of many
	}
	return append(delivered, elsewhere...)
}

// shares are what is minted to the payer of a vault: the token of its shares can
// be another contract's (Balancer, older Curve pools). Only a label tells such a
// vault from somebody who is paid while the payer issues himself a token.
func (x *exchange) shares(payer, seller graph.ID) (minted []int) {
	if x.vault == nil {
		return nil
	}
	for _, i := range x.gets[payer] {
		if f := &x.flows[i]; f.minted() && !f.amount.Eq(&one) { // one unit is a collectible, whose worth nobody can tell
			minted = append(minted, i)
		}
	}
	if len(minted) == 0 || !x.vault(seller) {
		return nil
	}
	return minted
}

var one = *new(graph.Amount).SetOne()

// boughtByOthers reports whether one of the parties to a trade is paid by a
// party that itself takes nothing: what they deliver elsewhere is that party's
// purchase.
func (x *exchange) boughtByOthers(parties []graph.ID) bool {
	for _, party := range parties {
		for _, i := range x.gets[party] {
			if !x.swaps(x.who(x.flows[i].from)) && !x.flows[i].minted() {
				return true
			}
		}
	}
	return false
}

// purchase is one delivery and what paid for it.
type purchase struct {
	delivery int     // the flow that brings what was bought
	paid     [][]Lot // the lots given, one list for each asset and payer
	hop      int     // of the tainted lots, smallest
}

// payment is what one party pays in one asset for what trades deliver.
type payment struct {
	payer    graph.ID
	asset    graph.AssetID
	flows    []int // that pay
	delivers []int // flows that bring what was bought
}

// payments lists all that buys something, in order of first flows. Somebody
// else's delivery to the payer is the payer's; a delivery elsewhere is shared
// by all who paid for it.
func (x *exchange) payments() (list []payment) {
	for i := range x.flows {
		f := &x.flows[i]
		bought := x.bought(i)
		if len(bought) == 0 || f.leaves {
			continue
		}
		at := slices.IndexFunc(list, func(p payment) bool { return p.payer == f.from && p.asset == f.asset })
		if at < 0 {
			at = len(list)
			list = append(list, payment{payer: f.from, asset: f.asset})
		}
		p := &list[at]
		p.flows = append(p.flows, i)
		for _, d := range bought {
			if !slices.Contains(p.delivers, d) {
				p.delivers = append(p.delivers, d)
			}
		}
	}
	return list
}

// convert turns the lots that pay for trades into claims on what the trades
// deliver, and clears them from the flows: the seller receives clean value.
// spent reports for each asset what was converted out, tainted lots only.
func (x *exchange) convert() (purchases []purchase, spent map[graph.AssetID]graph.Amount) {
	spent = make(map[graph.AssetID]graph.Amount)
	at := make(map[int]int)
	for _, pays := range x.payments() {
		var paid []Lot
		stolen, hop := false, 0
		for _, i := range pays.flows {
			f := &x.flows[i]
			lots := f.lots
			if lots == nil {
				lots = []Lot{{Amount: f.amount}}
			}
			paid = addAll(paid, lots)
			if t := tainted(lots); !t.IsZero() {
				stolen, hop = true, f.hop
				sum := spent[f.asset]
				spent[f.asset] = *sum.Add(&sum, &t)
			}
			f.given, f.lots = lots, nil
		}
		for _, d := range pays.delivers {
			if _, known := at[d]; !known {
				at[d] = len(purchases)
				purchases = append(purchases, purchase{delivery: d, hop: -1})
			}
			p := &purchases[at[d]]
			p.paid = append(p.paid, paid)
			if stolen && x.flows[d].to == pays.payer && hop > 0 {
				p.near(hop - 1) // a swap brings value no further from the theft
			} else if stolen {
				p.near(hop)
			}
		}
	}
	if len(spent) == 0 {
		return nil, nil
	}
	slices.SortFunc(purchases, func(a, b purchase) int { return a.delivery - b.delivery })
	return purchases, spent
}

func (p *purchase) near(hop int) {
	if p.hop < 0 || hop < p.hop {
		p.hop = hop
	}
}

// paint is the delivery in terms of what paid for it. Assets that were given
// together weigh the same, as there is no price on the ledger: adding
// liquidity gives two assets of equal value, and other cases are rare.
func (p purchase) paint(amount graph.Amount) []Lot {
	equal := make([]graph.Amount, len(p.paid))
	for i := range equal {
		equal[i].SetOne()
	}
	var lots []Lot
	for i, part := range share(amount, equal) {
		lots = addAll(lots, scale(p.paid[i], part))
	}
	return lots
}
