package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"spoor/graph"
	"spoor/graph/badger"
)

type showOptions struct {
	output format
	limit  int
	what   string
}

func (p *program) showCommand() *cobra.Command {
	var o showOptions
	cmd := &cobra.Command{
		Use:   "show ADDRESS|TX|BLOCK",
		Short: "Show what is known of an address, a transaction or a block",
		Long: `Show what is known of an address, a transaction or a block, and how completely
it was read; of an address also what the packs of labels claim. A chain may
stand before it (ethereum:0x…, eip155:1:0x…, bitcoin:170); without one, every
chain in the store is searched. What was stated about an address, or by a
transaction, is in the table and in json; csv and ndjson have the transfers.

Transfers of an EVM address that only poison its history (of nothing, of dust or
of a token with another's symbol, from or to an address that looks like one dealt
with before) stand apart in the table and in json, with whom they imitate. The
sums by asset have them, as they are on the ledger.`,
		Example: "  spoor show 0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045\n  spoor show bitcoin:170 -o csv",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("show: want one address, transaction or block, got %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.what = args[0]
			if o.output != asTable && !cmd.Flags().Changed("limit") {
				o.limit = 0 // programs get all there is
			}
			return o.run(cmd.Context(), p)
		},
	}
	o.output.addFlag(cmd)
	cmd.Flags().IntVar(&o.limit, "limit", 50, "transfers, and events, of an address in a table; 0 for all")
	return cmd
}

// A sighting is what a reference names on one chain: something to be printed.
type sighting interface {
	print(w io.Writer, f format) error
}

func (o *showOptions) run(ctx context.Context, p *program) error {
	if o.limit < 0 {
		return usagef("--limit %d is negative", o.limit)
	}
	ref, err := parseReference(o.what)
	if err != nil {
		return err
	}
	return p.with(func(store *badger.Store) error {
		chains, err := chainsNamed(ctx, store, string(ref.chain.ID))
		if err != nil {
			return err
		}
		var found []sighting
		for _, chain := range chains {
			err := viewing(ctx, store, chain, func(view graph.View) error {
				s, err := o.look(ctx, store, ref, chain, view)
				if err == nil {
					found = append(found, s)
				}
				return err
			})
			if err != nil && !errors.Is(err, graph.ErrNotFound) {
				return err
			}
		}
		switch {
		case len(found) == 0:
			return fmt.Errorf("show %s: %w", o.what, graph.ErrNotFound)
		case len(found) > 1 && o.output != asTable:
			return advice{usagef("%s is on %d chains", o.what, len(found)), "name the chain, such as " + chains[0].Alias + ":" + o.what}
		}
		for _, s := range found {
			if err := s.print(p.out, o.output); err != nil {
				return err
			}
		}
		return nil
	})
}

// look finds what a reference names on a chain, ErrNotFound if nothing.
func (o *showOptions) look(ctx context.Context, store *badger.Store, ref reference, chain graph.Chain, view graph.View) (sighting, error) {
	if !ref.hash.IsZero() {
		return lookTx(chain, view, ref.hash)
	}
	if ref.isHeight {
		return lookBlock(chain, view, ref.height)
	}
	address, err := graph.ParseAddress(chain, ref.text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", graph.ErrNotFound, err)
	}
	s, err := lookAddress(ctx, chain, view, address, o.limit)
	if err != nil {
		return nil, err
	}
	s.Labels, err = labelsIn(ctx, store, address)
	return s, err
}

// A reference is what the argument of show names.
type reference struct {
	chain    graph.Chain // zero: any
	text     string      // without the chain
	hash     graph.Hash
	height   uint32
	isHeight bool
}

func parseReference(argument string) (reference, error) {
	r := reference{text: argument}
	for i := range argument {
		if argument[i] != ':' {
			continue
		}
		if chain, err := graph.ParseChain(argument[:i]); err == nil {
			r.chain, r.text = chain, argument[i+1:]
		}
	}
	if hash, err := graph.ParseHash(r.text); err == nil {
		r.hash = hash
		return r, nil
	}
	if height, err := strconv.ParseUint(r.text, 10, 32); err == nil {
		r.height, r.isHeight = uint32(height), true
		return r, nil
	}
	return r, r.checkAddress()
}

// checkAddress tells a mistyped address from one that is not in the store.
func (r *reference) checkAddress() error {
	if r.chain.ID != "" {
		if _, err := graph.ParseAddress(r.chain, r.text); err != nil {
			return usagef("%w", err)
		}
		return nil
	}
	var first error
	evm := strings.HasPrefix(r.text, "0x")
	for _, chain := range graph.Chains() {
		_, err := graph.ParseAddress(chain, r.text)
		if err == nil {
			return nil
		}
		if first == nil && evm == (chain.Family == graph.AccountFamily) {
			first = err
		}
	}
	const shortest = 26 // characters of a bitcoin address
	if strings.Contains(r.text, ":") || first == nil || !evm && len(r.text) < shortest {
		return usagef("%.100q is no address, transaction hash or block height", r.text)
	}
	return usagef("%w", first)
}
