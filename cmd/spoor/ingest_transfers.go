package main

import (
	"context"

	"github.com/spf13/cobra"

	"spoor/ingest"
)

type ingestTransfersOptions struct {
	ingestFlags
	complete bool
	files    []string
}

func (p *program) ingestTransfersCommand() *cobra.Command {
	var o ingestTransfersOptions
	cmd := &cobra.Command{
		Use:   "transfers FILE.csv[.gz]...",
		Short: "Read generic transfers files",
		Long: `Read transfers from CSV files with the columns

  chain,block,time,tx_hash,tx_index,seq,kind,from,to,asset,symbol,decimals,amount

in any order; tx_index, seq, kind, symbol and decimals may be left out. A chain
is a CAIP-2 id or an alias, a time RFC 3339 or unix seconds, an asset "native",
a contract address or a CAIP-19 id, an amount an integer of base units. On UTXO
chains each row is an input (from set; prev_tx_hash and prev_index may name the
output it spends) or an output (to set; seq is its index).

Files sorted by block are read as a stream; others are sorted in memory. Blocks
are known in part, unless --complete declares that the files hold every
transfer of every block they name.`,
		Example: "  spoor ingest transfers incident.csv\n  spoor ingest transfers --complete export-*.csv.gz",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("ingest transfers: want at least one file")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.files = args
			return o.run(cmd.Context(), p)
		},
	}
	o.add(cmd)
	cmd.Flags().BoolVar(&o.complete, "complete", false, "the files hold every transfer of the blocks they name")
	return cmd
}

func (o *ingestTransfersOptions) run(ctx context.Context, p *program) error {
	meter, options, err := o.parse()
	if err != nil {
		return err
	}
	sources, err := ingest.Transfers(ctx, o.files, ingest.TransfersOptions{Complete: o.complete}, meter)
	if err != nil {
		return err
	}
	store, err := o.create(ctx, p)
	if err != nil {
		return err
	}
	for _, src := range sources {
		if err = p.ingestSource(ctx, store, src, options); err != nil {
			break
		}
	}
	return p.closeIngest(store, meter, err)
}
