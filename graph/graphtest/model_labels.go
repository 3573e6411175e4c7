package graphtest

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"

	"spoor/graph"
)

// Labels opens the packs of the model.
func (m *Model) Labels(context.Context) (graph.Labels, error) { return &m.labels, nil }

// modelLabels keeps packs in memory. What is in packs is never changed once it
// is there, so a reader may go on with what it took.
type modelLabels struct {
	mu    sync.Mutex
	packs []modelPack // in order of their digests
}

type modelPack struct {
	graph.Pack
	actors []graph.Actor
	labels []graph.Label
}

func (m *modelLabels) now() []modelPack {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.packs
}

func (m *modelLabels) Import(ctx context.Context, p graph.Pack, actors []graph.Actor, labels iter.Seq2[graph.Label, error]) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at, there := slices.BinarySearchFunc(m.packs, p.Digest, func(o modelPack, d graph.Digest) int { return o.Digest.Compare(d) })
	if there {
		return false, m.packs[at].Same(&p)
	}
	made := modelPack{Pack: p}
	for l, err := range labels {
		if err == nil {
			err = cmp.Or(l.Check(), ctx.Err())
		}
		if err != nil {
			return false, err
		}
		l.Pack = p.Digest
		made.labels = append(made.labels, l)
	}
	for _, a := range actors {
		if err := a.Check(); err != nil {
			return false, err
		}
		a.Pack = p.Digest
		made.actors = append(made.actors, cloneActor(a))
	}
	if err := p.Check(len(made.labels), len(made.actors)); err != nil {
		return false, err
	}
	m.packs = slices.Insert(slices.Clone(m.packs), at, made)
	return true, nil
}

func (m *modelLabels) Packs(context.Context) ([]graph.Pack, error) {
	var packs []graph.Pack
	for _, p := range m.now() {
		packs = append(packs, p.Pack)
	}
	slices.SortFunc(packs, func(a, b graph.Pack) int { return a.Compare(&b) })
	return packs, nil
}

func (m *modelLabels) Remove(_ context.Context, pack graph.Digest) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := slices.IndexFunc(m.packs, func(p modelPack) bool { return p.Digest == pack })
	if at < 0 {
		return fmt.Errorf("pack %s: %w", pack, graph.ErrNotFound)
	}
	m.packs = slices.Delete(slices.Clone(m.packs), at, at+1)
	return nil
}

func (m *modelLabels) Of(_ context.Context, a graph.Address) ([]graph.Label, error) {
	var found []graph.Label
	for _, p := range m.now() {
		for _, l := range p.labels {
			if l.Address == a {
				found = append(found, l)
			}
		}
	}
	slices.SortFunc(found, func(a, b graph.Label) int { return a.Compare(&b) })
	return found, nil
}

func (m *modelLabels) Actor(_ context.Context, id string) ([]graph.Actor, error) {
	var found []graph.Actor
	for _, p := range m.now() {
		for _, a := range p.actors {
			if a.ID == id {
				found = append(found, cloneActor(a))
			}
		}
	}
	return found, nil
}

func (m *modelLabels) All(ctx context.Context, f graph.LabelFilter) iter.Seq2[graph.Label, error] {
	return func(yield func(graph.Label, error) bool) {
		var all []graph.Label
		for _, p := range m.now() {
			for _, l := range p.labels {
				if f.Takes(&l) {
					all = append(all, l)
				}
			}
		}
		slices.SortFunc(all, func(a, b graph.Label) int {
			return cmp.Or(
				cmp.Compare(a.Address.Chain, b.Address.Chain),
				cmp.Compare(len(a.Address.Bytes()), len(b.Address.Bytes())),
				a.Compare(&b))
		})
		for _, l := range all {
			if err := ctx.Err(); err != nil {
				yield(graph.Label{}, err)
				return
			}
			if !yield(l, nil) {
				return
			}
		}
	}
}

func cloneActor(a graph.Actor) graph.Actor {
	a.Categories, a.Jurisdictions, a.Aliases = slices.Clone(a.Categories), slices.Clone(a.Jurisdictions), slices.Clone(a.Aliases)
	return a
}
