package main

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"spoor/cluster"
	"spoor/graph"
	"spoor/graph/badger"
)

// A linkRow is a relation of an address that joins nobody.
type linkRow struct {
	Role       string `json:"role"`
	Subject    string `json:"subject"`
	Object     string `json:"object"` // is the role of the subject
	Rule       string `json:"rule"`
	Confidence int    `json:"confidence"`
	Block      uint32 `json:"block"`
	Until      string `json:"until_block"` // "" if it has not ended
	Tx         string `json:"tx_hash"`
	ErrorRate  string `json:"error_rate"` // of the rule, as measured; "" where the chain itself shows the relation
}

var linkColumns = []column[linkRow]{
	{"role", false, func(r *linkRow) string { return r.Role }},
	{"subject", false, func(r *linkRow) string { return r.Subject }},
	{"object", false, func(r *linkRow) string { return r.Object }},
	{"rule", false, func(r *linkRow) string { return r.Rule }},
	{"confidence", true, func(r *linkRow) string { return strconv.Itoa(r.Confidence) }},
	{"block", true, func(r *linkRow) string { return strconv.FormatUint(uint64(r.Block), 10) }},
	{"until_block", true, func(r *linkRow) string { return r.Until }},
	{"tx_hash", false, func(r *linkRow) string { return r.Tx }},
	{"error_rate", false, func(r *linkRow) string { return r.ErrorRate }},
}

// link adds the relations of the address asked for.
func (s *entitySighting) link(ctx context.Context, c *clustered, a graph.Address) error {
	if c.chain.Family != graph.AccountFamily {
		return nil
	}
	links, err := cluster.Links(ctx, c.view, a)
	if err != nil {
		return err
	}
	for _, l := range links {
		row := linkRow{Role: l.Role.String(), Subject: l.Subject.String(), Object: l.Object.String(), Rule: l.Rule, Confidence: l.Confidence,
			Block: l.At.Block, Tx: l.Tx.Text(c.chain.Family)}
		if l.Until != (graph.Position{}) {
			row.Until = strconv.FormatUint(uint64(l.Until.Block), 10)
		}
		if l.Confidence < 100 {
			row.ErrorRate = cluster.ErrorRate(l.Rule)
		}
		s.Links = append(s.Links, row)
	}
	return nil
}

// span adds the members that one key joins on other EVM chains, and those of
// their entities there, until none is new. The entity is then named by the
// smallest address of all.
func (o *entityOptions) span(ctx context.Context, store *badger.Store, c *clustered, choice cluster.Choice, labels []graph.Label, address graph.Address, s *entitySighting) (err error) {
	w := &spanner{open: map[graph.ChainID]*clustered{c.chain.ID: c}, views: map[graph.ChainID]graph.View{c.chain.ID: c.view}, sure: map[graph.Address]int{}}
	defer func() {
		for id, other := range w.open {
			if id != c.chain.ID {
				err = errors.Join(err, other.close())
			}
		}
	}()
	chains, err := store.Chains(ctx)
	if err != nil {
		return err
	}
	for _, chain := range chains {
		if chain.Family != graph.AccountFamily || chain.ID == c.chain.ID {
			continue
		}
		other, err := openEntities(ctx, store, chain, labels, choice)
		if err != nil {
			return withClusterHint(err)
		}
		w.open[chain.ID], w.views[chain.ID] = other, other.view
	}
	if err := w.walk(ctx, address); err != nil {
		return err
	}
	smallest := w.order[0]
	for _, a := range w.order {
		if a.Compare(smallest) < 0 {
			smallest = a
		}
	}
	s.Entity, s.Addresses = smallest.String(), len(w.order)
	for i := range s.Members {
		s.Members[i].Entity = s.Entity
	}
	others := slices.DeleteFunc(w.order, func(a graph.Address) bool { return a.Chain == c.chain.ID })
	slices.SortFunc(others, graph.Address.Compare)
	for _, a := range others {
		if o.limit > 0 && len(s.Members) >= o.limit {
			s.NotShown++
			continue
		}
		s.Members = append(s.Members, memberRow{Entity: s.Entity, Chain: string(a.Chain), Address: a.String(), SameKey: w.sure[a]})
	}
	return nil
}

// spanner walks from entity to entity by keys that are on several chains.
type spanner struct {
	open  map[graph.ChainID]*clustered
	views map[graph.ChainID]graph.View
	sure  map[graph.Address]int // that one key joins it, 0 for those of an entity of a chain
	order []graph.Address
}

func (w *spanner) walk(ctx context.Context, from graph.Address) error {
	met := map[graph.Address]bool{}
	for queue := []graph.Address{from}; len(queue) > 0; queue = queue[1:] {
		a := queue[0]
		if met[a] {
			continue
		}
		c := w.open[a.Chain]
		id, err := c.view.ID(a)
		var members []graph.ID
		switch {
		case errors.Is(err, graph.ErrNotFound): // stated, and never paid
			met[a] = true
			w.order = append(w.order, a)
		case err != nil:
			return err
		default:
			members = c.Members(id)
		}
		for _, m := range members {
			b, err := c.view.Address(m)
			if err != nil {
				return err
			}
			met[b] = true
			w.order = append(w.order, b)
			twins, err := cluster.Twins(ctx, b, w.views)
			if err != nil {
				return err
			}
			for _, t := range twins {
				if w.open[t.Chain] != nil && !met[t.Address] {
					w.sure[t.Address] = max(w.sure[t.Address], t.Confidence)
					queue = append(queue, t.Address)
				}
			}
		}
	}
	return nil
}
