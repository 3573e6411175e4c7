package main

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/spf13/cobra"

	"spoor/graph"
	"spoor/ingest"
	"spoor/ingest/bitcoin"
)

type ingestBitcoinOptions struct {
	ingestFlags
	heightFlags
	cookieFlag
	chain, blocks, rpc string
	etl                []string
}

func (p *program) ingestBitcoinCommand() *cobra.Command {
	var o ingestBitcoinOptions
	cmd := &cobra.Command{
		Use:   "bitcoin --rpc URL | --blocks DIR | --etl FILE",
		Short: "Read Bitcoin from a node or from files",
		Long: `Read Bitcoin from a node (Bitcoin Core or btcd, over JSON-RPC), or from files: the
blocks folder of Bitcoin Core (blk*.dat, with or without xor.dat), a single file
of the same form, or bitcoin-etl exports of blocks and transactions as JSON
lines. Inputs get their addresses and amounts from the outputs they spend: begin
with the first block, or go on where the store ends. A node can tell them, too,
if it has an index of its transactions (txindex) or is Bitcoin Core.

Of a node the blocks are read up to the last that counts as final, unless --to
names another; blocks that are stored already are only compared by hash. Its
name and password are taken from SPOOR_RPC_USER and SPOOR_RPC_PASSWORD or from
its cookie file.`,
		Example: "  spoor ingest bitcoin --rpc http://127.0.0.1:8332 --rpc-cookie-file ~/.bitcoin/.cookie\n  spoor ingest bitcoin --blocks ~/.bitcoin/blocks --to 100000",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(cmd); err != nil {
				return err
			}
			return o.run(cmd.Context(), p)
		},
	}
	o.ingestFlags.add(cmd)
	o.heightFlags.add(cmd)
	cmd.Flags().StringVar(&o.chain, "chain", "bitcoin", "chain of the node or files: a CAIP-2 id or an alias")
	cmd.Flags().StringVar(&o.rpc, "rpc", "", "URL of a node, env:NAME or file:PATH")
	o.cookieFlag.add(cmd)
	cmd.Flags().StringVar(&o.blocks, "blocks", "", "folder of blk*.dat files, or one such file")
	cmd.Flags().StringArrayVar(&o.etl, "etl", nil, "bitcoin-etl file, or folder of them; may be repeated")
	return cmd
}

func (o *ingestBitcoinOptions) run(ctx context.Context, p *program) error {
	meter, options, err := o.parse()
	if err != nil {
		return err
	}
	chain, err := chainFlag(o.chain, graph.UTXOFamily, "bitcoin")
	if err != nil {
		return err
	}
	if !oneOf(o.rpc != "", o.blocks != "", len(o.etl) > 0) {
		return usagef("ingest bitcoin: want either --rpc URL or --blocks DIR or --etl FILE")
	}
	if o.path != "" && o.rpc == "" {
		return usagef("ingest bitcoin: --rpc-cookie-file goes with --rpc")
	}
	auth, err := o.auth(p)
	if err != nil {
		return err
	}
	var known prevouts
	var stored storedBlocks
	src, err := o.source(p, chain, auth, &known, &stored, meter, int(p.memoryLimit()/4/150))
	if err != nil {
		return err
	}
	store, err := o.create(ctx, p)
	if err != nil {
		return err
	}
	if known.ledger, err = store.Ledger(ctx, chain); err == nil {
		stored.ledger = known.ledger
		err = p.ingestSource(ctx, store, coinSource{src, &known}, options)
		err = errors.Join(err, known.close(), stored.close())
	}
	return p.closeIngest(store, meter, err)
}

// outputKeeper is a source that keeps outputs until they are in the store.
type outputKeeper interface {
	ingest.Source
	Flushed(height uint32)
}

func (o *ingestBitcoinOptions) source(p *program, chain graph.Chain, auth bitcoin.Auth, known *prevouts, stored *storedBlocks, meter *ingest.Meter, outputs int) (outputKeeper, error) {
	options := bitcoin.Options{From: o.from, To: o.to, MaxOutputs: outputs}
	if o.rpc != "" {
		nodes, err := p.nodeAddresses(o.rpc)
		if err == nil && len(nodes) > 1 {
			err = usagef("--rpc: want one node, got %d", len(nodes))
		}
		if err != nil {
			return nil, err
		}
		src, err := bitcoin.NewRPC(chain, nodes[0], auth, known.find, meter, bitcoin.RPCOptions{Options: options, Stored: stored.hash})
		if err != nil {
			return nil, usagef("--rpc: %w", err)
		}
		return src, nil
	}
	if o.blocks != "" {
		return bitcoin.NewBlockFiles(chain, o.blocks, known.find, meter, options)
	}
	return bitcoin.NewETL(chain, o.etl, known.find, meter, options)
}

// oneOf reports whether exactly one of the choices was made.
func oneOf(choices ...bool) bool {
	made := 0
	for _, c := range choices {
		if c {
			made++
		}
	}
	return made == 1
}

// coinSource tells prevouts, too, that the store has moved on.
type coinSource struct {
	outputKeeper
	known *prevouts
}

// Flushed tells the height up to which the store answers.
func (s coinSource) Flushed(height uint32) {
	s.known.stale.Store(true)
	s.outputKeeper.Flushed(height)
}

// prevouts finds outputs in the store. A source forgets an output only after
// Flushed, and the next look-up then opens a snapshot that has it.
type prevouts struct {
	ledger graph.Ledger
	stale  atomic.Bool // set by the writer
	view   graph.View  // of the goroutine that reads the source
}

func (p *prevouts) find(o graph.OutPoint) (graph.Transfer, error) {
	if p.stale.Swap(false) {
		if err := p.close(); err != nil {
			return graph.Transfer{}, err
		}
	}
	if p.view == nil {
		view, err := p.ledger.View(context.Background())
		if err != nil {
			return graph.Transfer{}, err
		}
		p.view = view
	}
	move, at, err := p.view.Output(o)
	if err != nil {
		return graph.Transfer{}, err
	}
	to, err := p.view.Address(move.To)
	if err != nil {
		return graph.Transfer{}, err
	}
	return graph.Transfer{Seq: at.Seq, Kind: move.Kind, To: to, Asset: p.ledger.Chain().Native(), Amount: move.Amount}, nil
}

func (p *prevouts) close() error {
	view := p.view
	p.view = nil
	if view == nil {
		return nil
	}
	return view.Close()
}
