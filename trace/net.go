package trace

import (
	"slices"

	"spoor/graph"
)

// A transaction is judged by its net effect: what passes through a router, a
// proxy or a flash loan and leaves again is no event of its own, and a rule
// applied leg by leg would smear taint over a lender who only lent
// (reference: a naive haircut gives 9.81 of 10 tainted coins to the lender of
// a flash loan, the net view 0.45). The legs stay as evidence.

// issuer marks the other end of a mint or burn; the low bits are the asset's
// number. It is not the asset's contract, which can hold the asset like anybody
// else; who asks what was traded takes the two for one (see exchange.go).
const issuer graph.ID = 1 << 63

func issuerOf(asset graph.AssetID) graph.ID { return issuer | graph.ID(asset) }

// flow is an amount of one asset that went, net, from one party to another.
type flow struct {
	asset    graph.AssetID
	from, to graph.ID
	amount   graph.Amount
	legs     []graph.Seq // the movements it is made of, in order
	direct   bool        // it is exactly one movement

	lots   []Lot        // what the method moves along it; nil means clean
	given  []Lot        // what it paid into a trade, taken out of lots
	fresh  graph.Amount // of it, seeded in this transaction
	hop    int          // of what it carries
	paid   bool         // the payer's pool was asked
	bought bool         // it delivers what tainted lots paid for
	leaves bool         // it goes into a bridge
	landed string       // the rule by which it delivers what crossed a bridge
}

// burnt reports whether the flow ends in the issuer, destroyed, and minted
// whether it begins there.
func (f *flow) burnt() bool  { return f.to&issuer != 0 }
func (f *flow) minted() bool { return f.from&issuer != 0 }

// side is one party's net change in one asset.
type side struct {
	party  graph.ID
	amount graph.Amount
}

// legs of one asset, with the issuer put in for nowhere.
type leg struct {
	from, to graph.ID
	amount   graph.Amount
	seq      graph.Seq
}

// net sums the moves of a transaction by party and asset and pairs those who
// are left poorer with those left richer: by their direct movements first,
// then in order of first movement. Fees are not part of it, nor assets that are
// skipped; those with hostile amounts are returned by number and left out.
func net(moves []graph.Move, skipped map[graph.AssetID]bool) (flows []flow, refused []graph.AssetID) {
	var assets []graph.AssetID
	for i := range moves {
		m := &moves[i]
		if m.Kind.IsFee() || m.Amount.IsZero() || m.From == m.To || skipped[m.Asset] {
			continue
		}
		if hostile(&m.Amount) && !slices.Contains(refused, m.Asset) {
			refused = append(refused, m.Asset)
		}
		if !slices.Contains(assets, m.Asset) {
			assets = append(assets, m.Asset)
		}
	}
	assets = slices.DeleteFunc(assets, func(a graph.AssetID) bool { return slices.Contains(refused, a) })
	var legs []leg
	for _, asset := range assets {
		legs = legs[:0]
		for i := range moves {
			m := &moves[i]
			if m.Asset != asset || m.Kind.IsFee() || m.Amount.IsZero() || m.From == m.To {
				continue
			}
			l := leg{from: m.From, to: m.To, amount: m.Amount, seq: m.Seq}
			if l.from == 0 {
				l.from = issuerOf(asset)
			}
			if l.to == 0 {
				l.to = issuerOf(asset)
			}
			legs = append(legs, l)
		}
		flows = append(flows, netAsset(asset, legs)...)
	}
	return flows, refused
}

func netAsset(asset graph.AssetID, legs []leg) (flows []flow) {
	if len(legs) == 1 { // most transactions
		l := &legs[0]
		return []flow{{asset: asset, from: l.from, to: l.to, amount: l.amount, legs: []graph.Seq{l.seq}, direct: true}}
	}
	for _, part := range components(legs) {
		payers, receivers := sides(part)
		flows = append(flows, pair(asset, part, payers, receivers)...)
	}
	return flows
}

// components splits legs into groups that share no party, each in order.
func components(legs []leg) [][]leg {
	group := make(map[graph.ID]graph.ID, 2*len(legs))
	var root func(graph.ID) graph.ID
	root = func(id graph.ID) graph.ID {
		parent, known := group[id]
		if !known || parent == id {
			group[id] = id
			return id
		}
		top := root(parent)
		group[id] = top
		return top
	}
	for i := range legs {
		group[root(legs[i].from)] = root(legs[i].to)
	}
	var order []graph.ID
	parts := make(map[graph.ID][]leg)
	for _, l := range legs {
		top := root(l.from)
		if parts[top] == nil {
			order = append(order, top)
		}
		parts[top] = append(parts[top], l)
	}
	out := make([][]leg, len(order))
	for i, top := range order {
		out[i] = parts[top]
	}
	return out
}

// sides nets the legs of a component by party: payers in order of their first
// payment, receivers in order of their first receipt.
func sides(legs []leg) (payers, receivers []side) {
	in, out := make(map[graph.ID]graph.Amount, len(legs)), make(map[graph.ID]graph.Amount, len(legs))
	for i := range legs {
		l := &legs[i]
		paid, got := out[l.from], in[l.to]
		out[l.from], in[l.to] = *paid.Add(&paid, &l.amount), *got.Add(&got, &l.amount)
	}
	for i := range legs {
		from, to := legs[i].from, legs[i].to
		if paid, got := out[from], in[from]; paid.Gt(&got) {
			payers = append(payers, side{from, *paid.Sub(&paid, &got)})
			delete(out, from)
			delete(in, from)
		}
		if paid, got := out[to], in[to]; got.Gt(&paid) {
			receivers = append(receivers, side{to, *got.Sub(&got, &paid)})
			delete(out, to)
			delete(in, to)
		}
	}
	return payers, receivers
}

// pair finds who paid whom: first along direct movements, then what is left in
// order of payers and receivers.
func pair(asset graph.AssetID, legs []leg, payers, receivers []side) []flow {
	var flows []flow
	var seqs []graph.Seq
	for i := range legs {
		seqs = append(seqs, legs[i].seq)
	}
	find := func(in []side, party graph.ID) *side {
		for i := range in {
			if in[i].party == party {
				return &in[i]
			}
		}
		return nil
	}
	move := func(p, r *side, most graph.Amount, f flow) {
		for _, limit := range []*graph.Amount{&p.amount, &r.amount} {
			if limit.Lt(&most) {
				most = *limit
			}
		}
		if most.IsZero() {
			return
		}
		f.direct = f.direct && most == f.amount
		if !f.direct {
			f.legs = seqs
		}
		p.amount.Sub(&p.amount, &most)
		r.amount.Sub(&r.amount, &most)
		f.asset, f.from, f.to, f.amount = asset, p.party, r.party, most
		flows = append(flows, f)
	}
	for i := range legs {
		l := &legs[i]
		p, r := find(payers, l.from), find(receivers, l.to)
		if p != nil && r != nil {
			move(p, r, l.amount, flow{amount: l.amount, direct: true, legs: []graph.Seq{l.seq}})
		}
	}
	for i := range payers {
		for j := range receivers {
			move(&payers[i], &receivers[j], payers[i].amount, flow{})
		}
	}
	return flows
}
