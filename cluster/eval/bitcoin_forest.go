package eval

import (
	"spoor/cluster"
	"spoor/graph"
)

// forest is a union-find over the addresses of a small ledger.
type forest []graph.ID

func newForest(n int) forest {
	f := make(forest, n)
	for i := range f {
		f[i] = graph.ID(i)
	}
	return f
}

func (f forest) root(id graph.ID) graph.ID {
	for f[id] != id {
		f[id] = f[f[id]]
		id = f[id]
	}
	return id
}

// join reports whether it joined two trees.
func (f forest) join(a, b graph.ID) bool {
	a, b = f.root(a), f.root(b)
	if a == b {
		return false
	}
	f[max(a, b)] = min(a, b)
	return true
}

// joinInputs joins the input addresses of a payment and counts the links.
func (f forest) joinInputs(p *cluster.Payment) (links int) {
	for i := 1; i < len(p.Inputs); i++ {
		if f.join(p.Inputs[0].ID, p.Inputs[i].ID) {
			links++
		}
	}
	return links
}

// sizes counts the addresses of each tree, by root; 0 is nowhere.
func (f forest) sizes() map[graph.ID]int {
	n := map[graph.ID]int{}
	for id := 1; id < len(f); id++ {
		n[f.root(graph.ID(id))]++
	}
	return n
}

// largest counts the addresses of the largest tree.
func (f forest) largest() (most int) {
	for _, n := range f.sizes() {
		most = max(most, n)
	}
	return most
}
