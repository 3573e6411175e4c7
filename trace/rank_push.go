package trace

import (
	"container/heap"
	"context"
	"maps"
	"math"
	"slices"

	"spoor/graph"
)

// links are the movements of an address, by asset and in ledger order, with
// what it did within one transaction netted.
type links struct {
	outs, ins map[graph.AssetID][]link
}

// link is where relevance goes from an address: to another, or to another
// asset of its own.
type link struct {
	at     graph.Position
	to     graph.ID
	asset  graph.AssetID // there
	weight float64       // against others of the asset it leaves
}

// weight is what an amount counts.
func (r *ranker) weight(amount float64) float64 {
	if r.o.ByAmount {
		return amount
	}
	return math.Sqrt(amount)
}

// look reads the history of a node, once.
func (r *ranker) look(ctx context.Context, n *rankNode) error {
	if n.links != nil {
		return nil
	}
	n.links = &links{outs: make(map[graph.AssetID][]link), ins: make(map[graph.AssetID][]link)}
	r.visited++
	var tx []graph.Entry
	for e, err := range n.l.view.History(ctx, n.id, graph.Position{}) {
		if err != nil {
			return err
		}
		r.entries++
		if len(tx) > 0 && tx[0].At.StartOf() != e.At.StartOf() {
			if err := r.linkTx(n, tx); err != nil {
				return err
			}
			tx = tx[:0]
		}
		if !e.Kind.IsFee() && !e.Amount.IsZero() && e.Peer != n.id && !hostile(&e.Amount) {
			tx = append(tx, e)
		}
	}
	return r.linkTx(n, tx)
}

// linkTx nets what an address did in one transaction. An asset of which it
// gave more than it took leaves it; if in return it took more of exactly one
// other asset, what leaves is swapped for that. Likewise backwards.
func (r *ranker) linkTx(n *rankNode, entries []graph.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	if n.l.chain.Family == graph.UTXOFamily {
		return r.linkCoins(n, entries)
	}
	outs, ins := make(map[graph.AssetID]float64), make(map[graph.AssetID]float64)
	for i := range entries {
		if e := &entries[i]; e.Out {
			outs[e.Asset] += e.Amount.Float64()
		} else {
			ins[e.Asset] += e.Amount.Float64()
		}
	}
	var gave, took []graph.AssetID
	for _, asset := range slices.Sorted(maps.Keys(outs)) {
		if outs[asset] > ins[asset] {
			gave = append(gave, asset)
		}
	}
	for _, asset := range slices.Sorted(maps.Keys(ins)) {
		if ins[asset] > outs[asset] {
			took = append(took, asset)
		}
	}
	last := entries[len(entries)-1].At
	if len(took) == 1 && len(gave) > 0 {
		for _, asset := range gave {
			n.links.outs[asset] = append(n.links.outs[asset], link{last, n.id, took[0], r.weight(outs[asset] - ins[asset])})
		}
	}
	if len(gave) == 1 && len(took) > 0 {
		for _, asset := range took {
			n.links.ins[asset] = append(n.links.ins[asset], link{entries[0].At, n.id, gave[0], r.weight(ins[asset] - outs[asset])})
		}
	}
	for i := range entries {
		e := &entries[i]
		if e.Peer == 0 {
			continue
		}
		gross, other, back := outs[e.Asset], ins[e.Asset], len(took) == 1
		side := n.links.outs
		if !e.Out {
			gross, other, back, side = other, gross, len(gave) == 1, n.links.ins
		}
		if gross <= other || back && len(gave) > 0 && len(took) > 0 {
			continue // passed on within the transaction, or swapped
		}
		side[e.Asset] = append(side[e.Asset], link{e.At, e.Peer, e.Asset, r.weight(e.Amount.Float64() * ((gross - other) / gross))})
	}
	return nil
}

// linkCoins shares what an address put into a UTXO transaction among the other
// owners of its outputs, and what it took among those of its inputs.
func (r *ranker) linkCoins(n *rankNode, entries []graph.Entry) error {
	tx, err := n.l.view.Tx(entries[0].At)
	if err != nil {
		return err
	}
	put, took := 0.0, 0.0
	for i := range entries {
		if e := &entries[i]; e.Out {
			put += e.Amount.Float64()
		} else {
			took += e.Amount.Float64()
		}
	}
	share := func(side map[graph.AssetID][]link, kind graph.Kind, amount float64, owner func(*graph.Move) graph.ID) {
		all := 0.0
		for i := range tx.Moves {
			if m := &tx.Moves[i]; m.Kind == kind && owner(m) != n.id {
				all += m.Amount.Float64()
			}
		}
		for i := range tx.Moves {
			m := &tx.Moves[i]
			if to := owner(m); m.Kind == kind && to != n.id && to != 0 && amount > 0 && all > 0 {
				at := graph.Position{Block: tx.At.Block, Tx: tx.At.Tx, Seq: m.Seq}
				side[graph.NativeID] = append(side[graph.NativeID], link{at, to, graph.NativeID, r.weight(amount * (m.Amount.Float64() / all))})
			}
		}
	}
	if put > took {
		share(n.links.outs, graph.KindOutput, put-took, func(m *graph.Move) graph.ID { return m.To })
	} else {
		share(n.links.ins, graph.KindInput, took-put, func(m *graph.Move) graph.ID { return m.From })
	}
	return nil
}

// push spreads what waits at a node.
func (r *ranker) push(ctx context.Context, n *rankNode) error {
	chips := n.chips
	n.chips, n.rest = make(map[chip]float64), 0
	heap.Fix(&r.waiting, n.at)
	order := slices.SortedFunc(maps.Keys(chips), func(a, b chip) int {
		if a.asset != b.asset {
			return int(int64(a.asset) - int64(b.asset))
		}
		return a.at.Compare(b.at)
	})
	if n.end.reason != "" {
		return r.through(ctx, n, order, chips)
	}
	if err := r.look(ctx, n); err != nil {
		return err
	}
	for len(order) > 0 {
		k := slices.IndexFunc(order, func(c chip) bool { return c.asset != order[0].asset })
		if k < 0 {
			k = len(order)
		}
		if err := r.spread(ctx, n, order[:k], chips); err != nil {
			return err
		}
		order = order[k:]
	}
	return nil
}

// spread gives the chips of one asset, which are in order, to the movements
// that are later and to those that are earlier. Where there is none the part
// comes back, a push later and so on: what that comes to in the end is done at
// once.
func (r *ranker) spread(ctx context.Context, n *rankNode, order []chip, chips map[chip]float64) error {
	asset := order[0].asset
	outs, ins := n.links.outs[asset], n.links.ins[asset]
	later := make([]float64, len(outs)+1) // what leaves from a movement on
	for i := len(outs) - 1; i >= 0; i-- {
		later[i] = later[i+1] + outs[i].weight
	}
	earlier := make([]float64, len(ins)+1) // what came before a movement
	for i := range ins {
		earlier[i+1] = earlier[i] + ins[i].weight
	}
	forward, backward := make([]float64, len(outs)), make([]float64, len(ins)) // relevance for a unit of weight, to be summed up
	for _, c := range order {
		value := chips[c]
		i, _ := slices.BinarySearchFunc(outs, c.at.Next(), func(l link, at graph.Position) int { return l.at.Compare(at) })
		j, _ := slices.BinarySearchFunc(ins, c.at, func(l link, at graph.Position) int { return l.at.Compare(at) })
		ahead, behind := float64((1-r.o.Alpha)*r.o.Forward), float64((1-r.o.Alpha)*(1-r.o.Forward))
		stays := 1.0
		if later[i] > 0 {
			stays -= ahead
		}
		if earlier[j] > 0 {
			stays -= behind
		}
		// Of what stays, alpha stays for good and the rest is spread again.
		scale := 1 / (1 - (stays - r.o.Alpha))
		n.score += float64(value * float64(r.o.Alpha*scale))
		if later[i] > 0 {
			forward[i] += float64(value*float64(ahead*scale)) / later[i]
		}
		if earlier[j] > 0 {
			backward[j-1] += float64(value*float64(behind*scale)) / earlier[j]
		}
	}
	rate := 0.0
	for i := range outs {
		rate += forward[i]
		if err := r.move(ctx, n, &outs[i], float64(rate*outs[i].weight)); err != nil {
			return err
		}
	}
	rate = 0
	for j := len(ins) - 1; j >= 0; j-- {
		rate += backward[j]
		if err := r.move(ctx, n, &ins[j], float64(rate*ins[j].weight)); err != nil {
			return err
		}
	}
	return nil
}

func (r *ranker) move(ctx context.Context, n *rankNode, l *link, part float64) error {
	if part == 0 {
		return nil
	}
	to := n
	if l.to != n.id {
		var err error
		if to, err = r.node(ctx, n.l, l.to, n.hop+1, &l.at.Block); err != nil {
			return err
		}
		pair := [2]*rankNode{n, to}
		if n.address.Compare(to.address) > 0 {
			pair = [2]*rankNode{to, n}
		}
		r.moved[pair] += part
	}
	r.give(to, chip{l.asset, l.at}, part)
	return nil
}

// through lets a service pass on what leaves it within the transaction that
// brought it; the rest is there for good.
func (r *ranker) through(ctx context.Context, n *rankNode, order []chip, chips map[chip]float64) error {
	for _, c := range order {
		value := chips[c]
		var passed []link
		sum := 0.0
		for e, err := range n.l.view.History(ctx, n.id, c.at.Next()) {
			if err != nil {
				return err
			}
			if e.At.StartOf() != c.at.StartOf() {
				break
			}
			r.entries++
			if e.Out && e.Asset == c.asset && !e.Kind.IsFee() && e.Peer != 0 && e.Peer != n.id {
				passed = append(passed, link{e.At, e.Peer, e.Asset, r.weight(e.Amount.Float64())})
				sum += passed[len(passed)-1].weight
			}
		}
		if sum == 0 {
			n.score += value
			continue
		}
		n.score += float64(value * r.o.Alpha)
		for i := range passed {
			if err := r.move(ctx, n, &passed[i], float64(value*float64((1-r.o.Alpha)*(passed[i].weight/sum)))); err != nil {
				return err
			}
		}
	}
	return nil
}
