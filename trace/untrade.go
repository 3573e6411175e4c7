package trace

import (
	"slices"

	"spoor/graph"
)

// trade says what is wanted of the flows where they leave: of an ordinary one
// what is wanted where it arrives; of what paid for a trade the part that
// bought what is wanted. traded are the flows that pay.
//
// What several payments bought is shared among them equally, and what one
// payment bought in several assets came from the same units of it: as forward,
// there is no price on the ledger. A seller who delivers to somebody else than
// his buyer got the payment for what he delivered.
func (o *origin) trade(x *exchange, payments []payment) (traded []bool, err error) {
	delivered := make(map[int][]int) // flow to the payments that bought it
	traded = make([]bool, len(o.flows))
	for n, p := range payments {
		for _, i := range p.flows {
			traded[i] = true
		}
		for _, d := range p.delivers {
			delivered[d] = append(delivered[d], n)
		}
	}
	bought := len(payments)
	for i := range o.flows {
		if !traded[i] || delivered[i] != nil || len(o.asked[i]) == 0 {
			continue
		}
		for _, p := range o.sold(x, i, traded, delivered) {
			at := slices.IndexFunc(payments[bought:], func(q payment) bool { return q.payer == p.payer && q.asset == p.asset })
			if at < 0 {
				payments = append(payments, p)
			} else { // the same delivery for several payments
				payments[bought+at].delivers = append(payments[bought+at].delivers, i)
			}
		}
	}
	for n, p := range payments {
		for _, d := range p.delivers {
			if !slices.Contains(delivered[d], n) {
				delivered[d] = append(delivered[d], n)
			}
		}
		for _, i := range p.flows {
			traded[i] = true
		}
	}
	sums := make([]graph.Amount, len(payments))
	shares := make([]want, len(payments)) // wanted of each payment
	near, said := make([]int, len(payments)), make([]int32, len(payments))
	for n, p := range payments {
		near[n] = -1
		for _, i := range p.flows {
			sums[n] = plus(sums[n], o.flows[i].amount)
		}
	}
	for d := range o.flows {
		w := o.asked[d]
		if len(w) == 0 {
			continue
		}
		if delivered[d] == nil {
			if !traded[d] {
				o.gives[d] = w
				continue
			}
			o.received(d)
			if err := o.run.stop(o.l, o.flows[d].to, o.flows[d].asset, derivedEnding(StopContract, "received in a trade for what was not found"), asLots(w.total(), o.said[d]), o.hops[d], o.header.Time); err != nil {
				return nil, err
			}
			continue
		}
		o.received(d)
		if err := o.converted(o.flows[d].asset, w.total(), false); err != nil {
			return nil, err
		}
		equal := make([]graph.Amount, len(delivered[d]))
		for i := range equal {
			equal[i].SetOne()
		}
		parts := share(o.flows[d].amount, equal)
		for i, part := range o.reverse.split(w, parts) {
			n := delivered[d][i]
			shares[n] = shares[n].union(o.reverse.restate(part, parts[i], sums[n]))
			near[n], said[n] = nearest(near[n], o.hops[d]), o.run.weaker(said[n], o.said[d])
		}
		if !slices.ContainsFunc(delivered[d], func(n int) bool { return len(shares[n]) > 0 }) {
			o.run.note("transaction %s: what is asked for is part of something that was bought for something indivisible, and no source is counted for it", o.tx.Hash)
		}
	}
	for n, p := range payments {
		if len(shares[n]) == 0 {
			continue
		}
		var amounts []graph.Amount
		for _, i := range p.flows {
			amounts = append(amounts, o.flows[i].amount)
		}
		for at, w := range o.reverse.split(shares[n], amounts) {
			i := p.flows[at]
			o.gives[i] = w
			if len(o.wants[i]) == 0 || near[n] < o.hops[i] {
				o.hops[i] = near[n]
			}
			o.said[i] = o.run.weaker(o.said[i], said[n])
		}
		if err := o.converted(p.asset, shares[n].total(), true); err != nil {
			return nil, err
		}
	}
	return traded, nil
}

// received marks a flow as brought by a trade, unless a bridge has to do with it.
func (o *origin) received(flow int) {
	if o.rules[flow] == "" {
		o.rules[flow] = RuleReceived
	}
}

// sold are the payments by which a seller got a flow that no trade delivers:
// what he delivered to others.
func (o *origin) sold(x *exchange, got int, traded []bool, delivered map[int][]int) (list []payment) {
	seller := x.who(o.flows[got].to)
	for i := range o.flows {
		f := &o.flows[i]
		if traded[i] || delivered[i] == nil || x.who(f.from) != seller {
			continue
		}
		at := slices.IndexFunc(list, func(p payment) bool { return p.payer == f.from && p.asset == f.asset })
		if at < 0 {
			at = len(list)
			list = append(list, payment{payer: f.from, asset: f.asset, delivers: []int{got}})
		}
		list[at].flows = append(list[at].flows, i)
	}
	return list
}

// converted books one side of a trade. Backward, what was received is where an
// asset leaves the trace, and what was given for it where one enters.
func (o *origin) converted(asset graph.AssetID, amount graph.Amount, given bool) error {
	balance, err := o.run.book.balance(o.l, asset)
	if err != nil {
		return err
	}
	sum := &balance.ConvertedOut
	if given {
		sum = &balance.ConvertedIn
	}
	sum.Add(sum, &amount)
	return nil
}
