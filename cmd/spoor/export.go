package main

import (
	"bufio"
	"context"

	"github.com/spf13/cobra"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/ingest"
)

func (p *program) exportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the store back as files",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return usagef("export what? transfers or events") },
	}
	cmd.AddCommand(p.exportTransfersCommand(), p.exportEventsCommand())
	return cmd
}

type exportTransfersOptions struct{ chain string }

func (p *program) exportTransfersCommand() *cobra.Command {
	var o exportTransfersOptions
	cmd := &cobra.Command{
		Use:   "transfers",
		Short: "Write all transfers as generic transfers CSV",
		Long: `Write all transfers as generic transfers CSV on standard output, in the order of
their ledgers. spoor ingest transfers reads the file back into the same store:
besides the columns of the contract it has the block hashes, how much of each
block is known, and blocks and transactions that move nothing (kind none). What
transactions state besides moving value is not in it: see spoor export events.`,
		Example: "  spoor export transfers --chain ethereum | gzip > ethereum.csv.gz",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), p) },
	}
	cmd.Flags().StringVar(&o.chain, "chain", "", "only this chain: a CAIP-2 id or an alias")
	return cmd
}

func (o *exportTransfersOptions) run(ctx context.Context, p *program) error {
	return p.with(func(store *badger.Store) error {
		chains, err := chainsNamed(ctx, store, o.chain)
		if err != nil {
			return err
		}
		var ledgers []graph.Ledger
		for _, c := range chains {
			l, err := store.Ledger(ctx, c)
			if err != nil {
				return err
			}
			ledgers = append(ledgers, l)
		}
		out := bufio.NewWriterSize(p.out, 1<<16)
		if err := ingest.Export(ctx, out, ledgers...); err != nil {
			return err
		}
		return out.Flush()
	})
}
