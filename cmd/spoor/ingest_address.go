package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"spoor/graph"
	"spoor/ingest"
	"spoor/ingest/explorer"
)

type ingestAddressOptions struct {
	explorerFlags
	onError string
	api     string
	texts   []string
}

func (p *program) ingestAddressCommand() *cobra.Command {
	var o ingestAddressOptions
	cmd := &cobra.Command{
		Use:   "address --api etherscan|blockscout --url URL ADDRESS...",
		Short: "Read the history of addresses from a block explorer",
		Long: `Read all that a block explorer tells of some addresses of an EVM chain:
transactions, calls inside transactions, token transfers, withdrawals. The
blocks are then known in part, and spoor stats --coverage tells the range that
was read of each address.

Lists are read past the window of the API, block by block. What the API does
not have, or does not show, is named, lowers the coverage, and makes the exit
code 3. Answers are kept in the folder raw of the store with their digest and
time, and are not asked for again.

The key of the API is taken from ` + keyVariable + ` or a file, and never written.`,
		Example: "  spoor ingest address --api etherscan --url https://api.etherscan.io/v2/api 0xADDRESS\n  spoor ingest address --api blockscout --url https://base.blockscout.com --chain base 0xADDRESS",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("ingest address: want at least one address")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.texts = args
			return o.run(cmd.Context(), p)
		},
	}
	o.add(cmd)
	cmd.Flags().StringVar(&o.api, "api", "", "what the API speaks: etherscan or blockscout")
	cmd.Flags().StringVar(&o.onError, "on-error", "stop", "what cannot be used ends the ingest (stop), or is counted and passed over (skip)")
	return cmd
}

func (o *ingestAddressOptions) run(ctx context.Context, p *program) error {
	policy, err := ingest.ParsePolicy(o.onError)
	if err != nil {
		return usagef("%w", err)
	}
	meter := ingest.NewMeter(policy)
	addresses, err := o.addresses()
	if err != nil {
		return err
	}
	client, err := o.client(p, o.api, meter)
	if err != nil {
		return err
	}
	store, err := p.create()
	if err != nil {
		return err
	}
	var gaps int
	for _, a := range addresses {
		var h *explorer.History
		if h, err = p.fetch(ctx, store, client, a, meter); err != nil {
			break
		}
		gaps += len(h.Gaps)
	}
	p.say("%d calls of the API", client.Calls())
	if err = p.closeIngest(store, meter, err); err == nil && gaps > 0 {
		err = fmt.Errorf("%w: the API did not tell all, see above", errPartial)
	}
	return err
}

// addresses reads the arguments before anything is asked for.
func (o *ingestAddressOptions) addresses() ([]graph.Address, error) {
	chain, err := chainFlag(o.chain, graph.AccountFamily, "address")
	if err != nil {
		return nil, err
	}
	var addresses []graph.Address
	for _, text := range o.texts {
		if i := strings.LastIndexByte(text, ':'); i >= 0 {
			named, err := graph.ParseChain(text[:i])
			if err != nil {
				return nil, usagef("%w", err)
			}
			if named.ID != chain.ID {
				return nil, usagef("%s is an address of %s, and --chain is %s", text, named.Alias, chain.Alias)
			}
			text = text[i+1:]
		}
		a, err := graph.ParseAddress(chain, text)
		if err != nil {
			return nil, usagef("%w", err)
		}
		addresses = append(addresses, a)
	}
	return addresses, nil
}

// fetch reads the history of an address into the store and tells what came of
// it.
func (p *program) fetch(ctx context.Context, store graph.Store, client *explorer.Client, a graph.Address, meter *ingest.Meter) (*explorer.History, error) {
	h, err := client.History(ctx, a)
	if err != nil {
		return nil, explorerAdvice(err)
	}
	if err := p.keep(ctx, store, h, meter); err != nil {
		return nil, err
	}
	for _, g := range h.Gaps {
		p.warn("%s: known in part: %s", a, oneLine(g.String()))
	}
	return h, nil
}

// keep stores a history.
func (p *program) keep(ctx context.Context, store graph.Store, h *explorer.History, meter *ingest.Meter) error {
	ledger, err := store.Ledger(ctx, h.Chain())
	if err != nil {
		return err
	}
	result, err := h.Store(ctx, ledger, ingest.Options{Meter: meter})
	switch {
	case errors.Is(err, graph.ErrFork):
		return advice{err, "the explorer's chain is another than the one in the store; if the chain was reorganised, leave more blocks out with --confirmations, or ingest into another --db"}
	case err != nil:
		return err
	case result.Interrupted:
		return advice{fmt.Errorf("ingest address: %w: interrupted", errPartial), "run the same command again: what was answered is kept"}
	}
	text := fmt.Sprintf("%d blocks, %d transfers", result.Blocks, result.Transfers)
	if result.Known > 0 {
		text += fmt.Sprintf("; %d blocks known before", result.Known)
	}
	p.say("%s: %s, up to block %d", h.Address, text, h.To)
	return nil
}
