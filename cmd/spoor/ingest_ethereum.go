package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"spoor/graph"
	"spoor/ingest"
	"spoor/ingest/ethereum"
)

type ingestEthereumOptions struct {
	ingestFlags
	heightFlags
	ethereumNode
	chain, etl, rlp, genesis string
}

func (p *program) ingestEthereumCommand() *cobra.Command {
	var o ingestEthereumOptions
	cmd := &cobra.Command{
		Use:   "ethereum --rpc URL[,URL...] | --etl DIR | --rlp FILE",
		Short: "Read an EVM chain from nodes or files",
		Long: `Read an EVM chain from files: a folder of ethereum-etl exports (blocks,
transactions, receipts, logs, token_transfers, traces; CSV or JSON lines, .gz
or not), or blocks in RLP (geth export, era1, YAML of header, body and
receipts), whose roots and parent hashes are verified.

` + ethereumNodeHelp,
		Example: "  spoor ingest ethereum --rpc http://127.0.0.1:8545 --from 19000000\n  spoor ingest ethereum --rpc env:MY_NODE --from 19000000 --to 19001000\n  spoor ingest ethereum --etl ./export\n  spoor ingest ethereum --rlp chain.rlp --chain eip155:1337 --genesis genesis.json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.bounds(cmd, &o.heightFlags); err != nil {
				return err
			}
			if o.tag == "" {
				if err := o.check(cmd); err != nil {
					return err
				}
			}
			if o.rpc != "" {
				return o.runNode(cmd, p)
			}
			return o.run(cmd.Context(), p)
		},
	}
	o.ingestFlags.add(cmd)
	o.ethereumNode.add(cmd, &o.heightFlags)
	cmd.Flags().StringVar(&o.chain, "chain", "ethereum", "chain of the files: a CAIP-2 id or an alias; with --rpc the default is what the node follows")
	cmd.Flags().StringVar(&o.etl, "etl", "", "folder of ethereum-etl exports")
	cmd.Flags().StringVar(&o.rlp, "rlp", "", "file, or folder of files, of blocks in RLP")
	cmd.Flags().StringVar(&o.genesis, "genesis", "", "with --rlp and --rpc: geth's genesis file of the chain")
	return cmd
}

func (o *ingestEthereumOptions) run(ctx context.Context, p *program) error {
	meter, options, err := o.parse()
	if err != nil {
		return err
	}
	chain, err := chainFlag(o.chain, graph.AccountFamily, "ethereum")
	if err != nil {
		return err
	}
	src, err := o.source(chain, meter)
	if err != nil {
		return err
	}
	options.From, options.To = o.from, o.to
	store, err := o.create(ctx, p)
	if err != nil {
		return err
	}
	return p.closeIngest(store, meter, p.ingestSource(ctx, store, src, options))
}

func (o *ingestEthereumOptions) source(chain graph.Chain, meter *ingest.Meter) (ingest.Source, error) {
	switch {
	case (o.etl == "") == (o.rlp == ""):
		return nil, usagef("ingest ethereum: want either --rpc URL or --etl DIR or --rlp FILE")
	case o.etl != "" && o.genesis != "":
		return nil, usagef("ingest ethereum: --genesis goes with --rlp or --rpc")
	case o.etl != "":
		src, err := ethereum.NewETL(chain, o.etl, meter)
		if err != nil {
			return nil, err
		}
		src.From, src.To = o.from, o.to
		return src, nil
	}
	src, err := ethereum.NewRLP(chain, o.rlp, meter)
	if err != nil {
		return nil, err
	}
	src.From, src.To = o.from, o.to
	if o.genesis != "" {
		genesis, err := readGenesis(chain, o.genesis)
		if err != nil {
			return nil, err
		}
		src.Genesis = &genesis
	}
	return src, nil
}

func readGenesis(chain graph.Chain, path string) (ethereum.Genesis, error) {
	f, err := os.Open(path)
	if err != nil {
		return ethereum.Genesis{}, err
	}
	genesis, err := ethereum.ReadGenesis(chain, f)
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return genesis, errors.Join(err, f.Close())
}
