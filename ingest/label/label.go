// Package label reads what others say about addresses: lists of services in
// files, and a built-in table of well-known contracts. A label is a claim with
// a source and a confidence, never a fact.
package label

import (
	"slices"

	"spoor/graph"
)

// Set answers which labels an address has.
type Set struct {
	by map[graph.Address][]graph.Label
}

// NewSet joins lists of labels. Equal labels become one.
func NewSet(lists ...[]graph.Label) *Set {
	s := &Set{by: map[graph.Address][]graph.Label{}}
	for _, list := range lists {
		for _, l := range list {
			s.by[l.Address] = append(s.by[l.Address], l)
		}
	}
	for a, labels := range s.by {
		slices.SortFunc(labels, func(a, b graph.Label) int { return a.Compare(&b) })
		s.by[a] = slices.Compact(labels)
	}
	return s
}

// Of lists the labels of an address, the surest first; nil if it has none. The
// caller must not change them.
func (s *Set) Of(a graph.Address) []graph.Label { return slices.Clip(s.by[a]) }

// All lists every label, by address and then as Of does.
func (s *Set) All() []graph.Label {
	var all []graph.Label
	for _, labels := range s.by {
		all = append(all, labels...)
	}
	slices.SortFunc(all, func(a, b graph.Label) int { return a.Compare(&b) })
	return all
}
