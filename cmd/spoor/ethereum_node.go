package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/ingest"
	"spoor/ingest/ethereum"
)

const ethereumNodeHelp = `Or from nodes that speak JSON-RPC (http, https, ws, wss, or the path of an IPC
socket). Roots, hashes, and the parents from block to block are verified;
several nodes stand in for one another. An address with a key in it is best
given as env:NAME or file:PATH. Without --to the last block is the finalized
one. Calls inside transactions need a node with debug_traceBlockByHash or
trace_block; what was stored without them is read again with --traces on.`

// ethereumNode are the flags of a source that is a node.
type ethereumNode struct {
	rpc, last, traces string
	workers, balances int
	tokens            bool
	tag               string // of the last block; "" if it is a height
}

func (f *ethereumNode) add(cmd *cobra.Command, heights *heightFlags) {
	flags := cmd.Flags()
	flags.Uint32Var(&heights.from, "from", 0, "first block")
	flags.StringVar(&f.last, "to", "", "last block (default the last there is); with --rpc also latest, safe or finalized (default finalized)")
	flags.StringVar(&f.rpc, "rpc", "", "addresses of nodes, separated by commas: URLs, paths of IPC sockets, env:NAME or file:PATH")
	flags.StringVar(&f.traces, "traces", "auto", "with --rpc: read the calls inside transactions if the node tells them (auto), always (on) or never (off)")
	flags.BoolVar(&f.tokens, "tokens", true, "with --rpc: ask the node once what tokens say they are called, symbol and decimals")
	flags.IntVar(&f.workers, "workers", 0, "with --rpc: requests under way at once (default 4)")
	flags.IntVar(&f.balances, "verify-balances", 0, "with --rpc: accounts of each block whose balances are compared with the node's; negative for none (default one in every 8th block)")
}

// bounds reads --to, and refuses what goes with a node only.
func (f *ethereumNode) bounds(cmd *cobra.Command, heights *heightFlags) error {
	switch f.last {
	case "":
		if cmd.Flags().Changed("to") {
			return usagef("--to: want a block; leave it out for all there are")
		}
	case "latest", "safe", "finalized":
		if f.tag = f.last; f.rpc == "" {
			return usagef("--to %s goes with --rpc", f.last)
		}
	default:
		n, err := strconv.ParseUint(f.last, 10, 32)
		if err != nil {
			return usagef("--to %q: want a block, latest, safe or finalized", f.last)
		}
		heights.to = uint32(n)
	}
	for _, name := range []string{"traces", "workers", "verify-balances", "tokens"} {
		if f.rpc == "" && cmd.Flags().Changed(name) {
			return usagef("--%s goes with --rpc", name)
		}
	}
	if f.workers < 0 || f.workers > 256 {
		return usagef("--workers %d: want 1 to 256", f.workers)
	}
	return nil
}

// nodeAddresses are the addresses that --rpc names. A secret can be kept out of
// the command line, which everybody on the machine can read.
func (p *program) nodeAddresses(text string) ([]string, error) {
	var all []string
	for word := range strings.SplitSeq(text, ",") {
		word = strings.TrimSpace(word)
		if name, ok := strings.CutPrefix(word, "env:"); ok {
			if word = p.env(name); word == "" {
				return nil, usagef("--rpc env:%s: the environment variable is not set", name)
			}
		} else if path, ok := strings.CutPrefix(word, "file:"); ok {
			raw, err := os.ReadFile(path)
			if err != nil {
				return nil, fmt.Errorf("--rpc file:%s: %w", path, err)
			}
			word = string(raw)
		}
		for address := range strings.FieldsFuncSeq(word, func(r rune) bool { return r == ',' || r == '\n' || r == '\r' }) {
			if address = strings.TrimSpace(address); address != "" {
				all = append(all, address)
			}
		}
	}
	if len(all) == 0 {
		return nil, usagef("--rpc: no address of a node in it")
	}
	return all, nil
}

func (o *ingestEthereumOptions) runNode(cmd *cobra.Command, p *program) error {
	if o.etl != "" || o.rlp != "" {
		return usagef("ingest ethereum: want either --rpc URL or --etl DIR or --rlp FILE")
	}
	ctx := cmd.Context()
	meter, options, err := o.parse()
	if err != nil {
		return err
	}
	settings := ethereum.RPCOptions{From: o.from, To: o.to, Tag: o.tag, Workers: o.workers, Balances: o.balances}
	if settings.Traces, err = ethereum.ParseTraceMode(o.traces); err != nil {
		return usagef("%w", err)
	}
	nodes, err := p.nodeAddresses(o.rpc)
	if err != nil {
		return err
	}
	var chain graph.Chain
	if cmd.Flags().Changed("chain") {
		chain, err = chainFlag(o.chain, graph.AccountFamily, "ethereum")
	} else {
		chain, err = ethereum.RPCChain(ctx, nodes, settings)
	}
	if err != nil {
		return err
	}
	if o.genesis != "" {
		genesis, err := readGenesis(chain, o.genesis)
		if err != nil {
			return err
		}
		settings.Genesis = &genesis
	}
	store, err := o.create(ctx, p)
	if err != nil {
		return err
	}
	return p.closeIngest(store, meter, o.ingestNode(ctx, p, store.Store, chain, nodes, settings, meter, options))
}

func (o *ingestEthereumOptions) ingestNode(ctx context.Context, p *program, store *badger.Store, chain graph.Chain, nodes []string,
	settings ethereum.RPCOptions, meter *ingest.Meter, options ingest.Options) error {
	stored, err := storedUpTo(ctx, store, chain, o.from, settings)
	if err != nil {
		return err
	}
	if settings.Resume = stored; stored > o.from {
		p.say("%s: blocks up to %d are stored; going on from there", chain.Alias, stored)
	}
	src, err := ethereum.NewRPC(chain, nodes, meter, settings)
	if err != nil {
		return usagef("--rpc: %w", err)
	}
	options.From, options.To = o.from, o.to
	if options.Bulk == ingest.BulkAuto {
		options.Bulk = ingest.BulkOff // blocks arrive slowly; what arrived shall not be lost
	}
	err = p.ingestSource(ctx, store, src, options)
	if err == nil && o.tokens {
		err = p.nameTokens(ctx, store, chain, nodes, settings, meter)
	}
	requests, calls := src.Traffic()
	meter.Count("calls to nodes", calls)
	meter.Count("requests to nodes", requests)
	return err
}

// storedUpTo is the last of the blocks from a height on that the ledger has one
// after the other, as completely as they would be read; 0 if it has none. That
// block is read again, for its hash ties the new ones to it.
func storedUpTo(ctx context.Context, store graph.Store, chain graph.Chain, from uint32, o ethereum.RPCOptions) (last uint32, err error) {
	err = viewing(ctx, store, chain, func(v graph.View) error {
		rows, err := v.Coverage()
		if err != nil {
			return err
		}
		next := uint64(from)
		for _, row := range rows {
			if !row.Address.IsZero() || uint64(row.From) > next || uint64(row.To) < next {
				continue
			}
			start := row.From == 0 && row.To == 0 && o.Genesis == nil // never whole, see RPCOptions.Genesis
			if !start && (row.Know.Transfers != graph.Full || row.Know.Logs != graph.Full || o.Traces == ethereum.TracesOn && row.Know.Traces != graph.Full) {
				break
			}
			last, next = row.To, uint64(row.To)+1
		}
		return nil
	})
	if errors.Is(err, graph.ErrNotFound) {
		return 0, nil
	}
	return last, err
}
