package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"spoor/cluster"
	"spoor/graph"
	"spoor/graph/badger"
)

type vetoOptions struct {
	output format
	chain  string
	note   string
	remove bool
}

func (p *program) clusterVetoCommand() *cobra.Command {
	var o vetoOptions
	cmd := &cobra.Command{
		Use:   "veto [ADDRESS ADDRESS]",
		Short: "Say that two addresses do not share an owner, or list who said so",
		Long: `Say that two addresses of a chain do not share an owner: no evidence joins their
entities from then on, and what would is listed by spoor cluster --held. Vetoes
are kept in the store, with the note; without addresses they are listed.`,
		Example: "  spoor cluster veto bitcoin:ADDRESS ADDRESS --note 'two customers of one custodian'\n  spoor cluster veto --remove ADDRESS ADDRESS\n  spoor cluster veto",
		Args:    cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0 && (o.remove || o.note != ""):
				return usagef("veto between whom? name two addresses")
			case len(args) == 1:
				return usagef("a veto is between two addresses; one is named")
			case len(args) == 0:
				return p.with(func(store *badger.Store) error { return o.list(cmd.Context(), p, store) })
			case o.remove && o.note != "":
				return usagef("--note goes with a new veto, not with --remove")
			}
			return o.change(cmd.Context(), p, args[0], args[1])
		},
	}
	o.output.addFlag(cmd)
	cmd.Flags().StringVar(&o.chain, "chain", "", "with no addresses: only this chain")
	cmd.Flags().StringVar(&o.note, "note", "", "why, in one line")
	cmd.Flags().BoolVar(&o.remove, "remove", false, "take the veto back")
	return cmd
}

// A vetoRow is a veto of the store.
type vetoRow struct {
	Chain string `json:"chain"`
	A     string `json:"a"`
	B     string `json:"b"`
	Note  string `json:"note"`
}

var vetoColumns = []column[vetoRow]{
	{"chain", false, func(r *vetoRow) string { return r.Chain }},
	{"a", false, func(r *vetoRow) string { return r.A }},
	{"b", false, func(r *vetoRow) string { return r.B }},
	{"note", false, func(r *vetoRow) string { return r.Note }},
}

func (o *vetoOptions) list(ctx context.Context, p *program, store *badger.Store) error {
	chains, err := chainsNamed(ctx, store, o.chain)
	if err != nil {
		return err
	}
	var rows []vetoRow
	for _, chain := range chains {
		list, err := cluster.ReadVetoes(store.Folder(chain), chain)
		if err != nil {
			return err
		}
		for _, v := range list {
			rows = append(rows, vetoRow{string(chain.ID), v.A.String(), v.B.String(), v.Note})
		}
	}
	return printRows(p.out, o.output, vetoColumns, each(rows))
}

func (o *vetoOptions) change(ctx context.Context, p *program, first, second string) error {
	return p.alone(badger.Options{}, func(store *badger.Store) error {
		chain, a, b, err := pairNamed(ctx, store, first, second)
		if err != nil {
			return err
		}
		v, err := cluster.NewVeto(a, b, o.note)
		if err != nil {
			return usagef("%w", err)
		}
		list, err := cluster.ReadVetoes(store.Folder(chain), chain)
		if err != nil {
			return err
		}
		had := len(list)
		list = slices.DeleteFunc(list, func(w cluster.Veto) bool { return w.A == v.A && w.B == v.B })
		if o.remove && len(list) == had {
			return fmt.Errorf("veto between %s and %s: %w", v.A, v.B, graph.ErrNotFound)
		}
		if !o.remove {
			list = append(list, v)
		}
		return cluster.WriteVetoes(store.Folder(chain), chain, list)
	})
}

// pairNamed are two addresses of one chain, which either may name, and that the
// store has.
func pairNamed(ctx context.Context, store graph.Store, first, second string) (chain graph.Chain, a, b graph.Address, err error) {
	refs := [2]reference{}
	for i, text := range []string{first, second} {
		if refs[i], err = parseReference(text); err != nil {
			return chain, a, b, err
		}
		if refs[i].isHeight || !refs[i].hash.IsZero() {
			return chain, a, b, usagef("%.100q is no address", text)
		}
	}
	for i := range refs {
		if refs[i].chain.ID == "" {
			refs[i].chain = refs[1-i].chain
		}
	}
	if refs[0].chain.ID != refs[1].chain.ID {
		err := usagef("%s and %s are on two chains, and evidence joins addresses of one", first, second)
		if refs[0].chain.Family == graph.AccountFamily && refs[1].chain.Family == graph.AccountFamily {
			err = advice{err, "accounts of one key on several EVM chains are one owner's (" + cluster.SameKey + "): spoor entity --across " + first + " lists them"}
		}
		return chain, a, b, err
	}
	chain, err = chainWith(ctx, store, refs[0].chain, refs[0].text, refs[1].text)
	if err != nil {
		return chain, a, b, err
	}
	if a, err = graph.ParseAddress(chain, refs[0].text); err != nil {
		return chain, a, b, usagef("%w", err)
	}
	if b, err = graph.ParseAddress(chain, refs[1].text); err != nil {
		return chain, a, b, usagef("%w", err)
	}
	return chain, a, b, nil
}

// chainWith is the one chain of a store that has some addresses; named narrows
// it down.
func chainWith(ctx context.Context, store graph.Store, named graph.Chain, texts ...string) (graph.Chain, error) {
	chains, err := chainsNamed(ctx, store, string(named.ID))
	if err != nil {
		return graph.Chain{}, err
	}
	var having []graph.Chain
	for _, chain := range chains {
		has := true
		err := viewing(ctx, store, chain, func(view graph.View) error {
			for _, text := range texts {
				a, err := graph.ParseAddress(chain, text)
				if err != nil {
					has = false
					return nil
				}
				if has, err = knows(view, a); err != nil || !has {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return graph.Chain{}, err
		}
		if has {
			having = append(having, chain)
		}
	}
	switch len(having) {
	case 0:
		return graph.Chain{}, fmt.Errorf("%s: %w", strings.Join(texts, " and "), graph.ErrNotFound)
	case 1:
		return having[0], nil
	}
	return graph.Chain{}, advice{usagef("%s is on %d chains", texts[0], len(having)), "name the chain, such as " + having[0].Alias + ":" + texts[0]}
}

// knows reports whether a ledger has seen an address.
func knows(view graph.View, a graph.Address) (bool, error) {
	_, err := view.ID(a)
	if errors.Is(err, graph.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
