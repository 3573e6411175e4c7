package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"spoor/graph"
	"spoor/ingest/label"
	"spoor/report"
	"spoor/trace"
)

// builtinLabels names the table of services that comes with spoor.
const builtinLabels = label.BuiltinName

// A labelBook is every list of labels that a command asks: the built-in pack,
// files, and the packs of the store once it is opened in one.
type labelBook struct {
	lists   *label.Set
	sources []report.LabelSource
	failed  error // of the first question to the store that it did not answer
}

// openLabelBook reads the built-in pack and files of labels.
func openLabelBook(paths []string) (*labelBook, error) {
	builtin, err := label.Builtin()
	if err != nil {
		return nil, err
	}
	b := &labelBook{sources: []report.LabelSource{labelSource(&builtin.Pack)}}
	lists := [][]graph.Label{builtin.Labels}
	for _, path := range paths {
		l, err := readLabelFile(path, label.Options{Strict: true})
		if err != nil {
			return nil, err
		}
		lists = append(lists, l.Labels)
		b.sources = append(b.sources, labelSource(&l.Pack))
	}
	b.lists = label.NewSet(lists...)
	return b, nil
}

// readLabelFile reads one file of labels.
func readLabelFile(path string, o label.Options) (*label.List, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("labels: %w", err)
	}
	o.Name = filepath.Base(path)
	l, err := label.Read(file, o)
	if errors.Is(err, label.ErrList) {
		return nil, advice{fmt.Errorf("labels: %w", err), "a list of labels is CSV with the columns chain,address,name,category and optionally behaviour,source,confidence,note; docs/labels.md tells the other columns and formats"}
	}
	return l, err
}

// known adds the packs of a store, and is all that is known of its addresses but
// who shares an owner.
func (b *labelBook) known(ctx context.Context, store graph.Store) (trace.Known, error) {
	labels, err := b.in(ctx, store)
	return trace.Known{Labels: labels, Pools: func() ([]graph.Label, error) { return b.mixerPools(ctx, store) }}, err
}

// in adds the packs of a store. The function that it returns tells what is
// claimed about an address, the surest first; what it could not ask is in
// failed.
func (b *labelBook) in(ctx context.Context, store graph.Store) (func(graph.Address) []graph.Label, error) {
	kept, err := store.Labels(ctx)
	if err != nil {
		return nil, err
	}
	packs, err := kept.Packs(ctx)
	if err != nil {
		return nil, err
	}
	for i := range packs {
		source := labelSource(&packs[i])
		source.Kept = true
		b.sources = append(b.sources, source)
	}
	return func(a graph.Address) []graph.Label {
		labels := b.lists.Of(a)
		more, err := kept.Of(ctx, a)
		b.failed = cmp.Or(b.failed, err)
		if len(more) == 0 {
			return labels
		}
		labels = append(labels, more...)
		slices.SortFunc(labels, func(a, b graph.Label) int { return a.Compare(&b) })
		return slices.Compact(labels)
	}, nil
}

func labelSource(p *graph.Pack) report.LabelSource {
	return report.LabelSource{Name: p.Name, SHA256: p.Digest.String(), Size: p.Size, Labels: p.Labels, Options: p.Options, Licence: p.Licence}
}

// mixerPools are the labels of mixers' pools that the book and the store hold.
func (b *labelBook) mixerPools(ctx context.Context, store graph.Store) (pools []graph.Label, err error) {
	for _, l := range b.lists.All() {
		if trace.MixerPool(l) {
			pools = append(pools, l)
		}
	}
	kept, err := store.Labels(ctx)
	if err != nil {
		return nil, err
	}
	for l, err := range kept.All(ctx, graph.LabelFilter{}) {
		if err != nil {
			return nil, err
		}
		if trace.MixerPool(l) {
			pools = append(pools, l)
		}
	}
	return pools, nil
}
