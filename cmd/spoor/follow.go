package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/ingest"
	"spoor/ingest/bitcoin"
	"spoor/ingest/ethereum"
)

type followOptions struct {
	ingestFlags
	cookieFlag
	metrics         metricsFlags
	rpc, chain      string
	finality        string
	traces, genesis string
	from            uint32
	once, watch     bool
	tokens          bool
	caseFile        string
	labels          []string
	poll            time.Duration
}

func (p *program) followCommand() *cobra.Command {
	var o followOptions
	cmd := &cobra.Command{
		Use:   "follow --rpc URL [--chain CHAIN]",
		Short: "Stay at the head of a chain",
		Long: `Stay at the head of a chain: store new blocks as a node has them, until
interrupted. Where the node changes to another branch, the store is rolled back
to the last block both have and the winning branch is stored; whoever reads
meanwhile sees one branch or the other, never both. A reorganisation that goes
deeper than the chain's finality depth ends the command instead, and leaves the
store as it was. A node that stops answering is asked again until it does.

The newest blocks are provisional: spoor show says so of a block. With
--finality finalized, or safe, only blocks that are as sure are stored.

With --case the case is traced to each new block, and taint
that moved, movements that were rolled back and new ends are written to standard
output, one a line. The trace is extended: a block costs what of it touches
taint. Where new blocks change what was decided before (an address has become a
service, a reorganisation goes deeper than what is kept) the case is traced anew,
and a message says why. A case with the bound share always is. What moved before
the command began is in its first trace, and is not written out.

With --metrics it tells Prometheus, at /metrics of an address of this machine,
where it is, how far behind the node, what reorganised, and what the node did.
With --serve the store is shown in a browser meanwhile, as by spoor serve.

A store that has nothing of the chain begins at --from. The inputs of Bitcoin
transactions need what came before: see spoor ingest bitcoin, also for where
the name and password of a node are looked for.`,
		Example: "  spoor follow --rpc http://127.0.0.1:8545 --chain ethereum\n  spoor follow --rpc http://127.0.0.1:8332 --chain bitcoin --rpc-cookie-file ~/.bitcoin/.cookie",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd, p)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.rpc, "rpc", "", "address of the node: a URL, env:NAME or file:PATH; of an EVM chain also several, separated by commas, and paths of IPC sockets")
	flags.StringVar(&o.chain, "chain", "", "chain of the node: a CAIP-2 id or an alias (default the only chain in the store)")
	flags.StringVar(&o.finality, "finality", "latest", "how sure blocks must be to be stored: finalized, safe or latest")
	flags.StringVar(&o.traces, "traces", "auto", "read calls inside transactions of an EVM chain: auto, on or off")
	flags.StringVar(&o.genesis, "genesis", "", "geth's genesis file of an EVM chain")
	flags.StringVar(&o.onError, "on-error", "stop", "what cannot be used ends the command (stop), or is counted and passed over (skip)")
	flags.BoolVar(&o.tokens, "tokens", true, "ask the node once what new tokens of an EVM chain say they are called")
	flags.Uint32Var(&o.from, "from", 0, "first block of an empty store")
	flags.BoolVar(&o.once, "once", false, "end when the head is reached")
	flags.BoolVar(&o.watch, "watch", false, "show block, lag, rate, reorganisations, and with --case how often taint moved")
	flags.StringVar(&o.caseFile, "case", "", "case file whose trace is extended by new blocks; what is different goes to standard output")
	flags.StringArrayVar(&o.labels, "labels", nil, "with --case: file of labels in any format of spoor label import, every row of which must be a label; may be repeated")
	flags.DurationVar(&o.poll, "poll", 2*time.Second, "pause between looks at the node")
	flags.StringVar(&o.metrics.address, "metrics", "", "address to serve Prometheus metrics at, such as 127.0.0.1:9477")
	flags.BoolVar(&o.metrics.public, "metrics-public", false, "with --metrics: the address may be one that others can reach")
	o.addServe(cmd)
	o.cookieFlag.add(cmd)
	return cmd
}

func (o *followOptions) run(cmd *cobra.Command, p *program) (failed error) {
	o.bulk = "off"
	meter, run, err := o.parse()
	if err != nil {
		return err
	}
	sure, err := ingest.ParseFinality(o.finality)
	switch {
	case err != nil:
		return usagef("%w", err)
	case o.rpc == "":
		return usagef("follow: which node? name it with --rpc URL")
	case len(o.labels) > 0 && o.caseFile == "":
		return usagef("--labels goes with --case")
	case o.metrics.public && o.metrics.address == "":
		return usagef("--metrics-public goes with --metrics")
	case o.poll <= 0:
		return usagef("--poll %s: want a pause above 0", o.poll)
	}
	settings := ingest.FollowOptions{Sure: sure, Once: o.once, Poll: o.poll, Run: run}
	if cmd.Flags().Changed("from") {
		settings.From = &o.from
	}
	chain, err := o.followed(cmd.Context(), p)
	if err != nil {
		return err
	}
	var ledger graph.Ledger
	older := func(prev graph.OutPoint) (graph.Transfer, error) { return graph.Transfer{}, graph.ErrNotFound }
	find := func(prev graph.OutPoint) (graph.Transfer, error) { return older(prev) }
	node, done, err := o.node(p, chain, find, meter)
	if err != nil {
		return err
	}
	defer done()
	if o.caseFile != "" { // before there is a store
		if _, err := p.newCaseWatch(cmd.Context(), nil, o.caseFile, o.labels); err != nil {
			return err
		}
	}
	told := newMetrics(chain, meter, o.caseFile != "")
	if o.metrics.address != "" {
		listener, err := o.metrics.listen(cmd.Context())
		if err != nil {
			return err
		}
		p.say("metrics: http://%s/metrics", listener.Addr())
		served, err := told.serve(listener)
		if err != nil {
			return err
		}
		defer func() { failed = errors.Join(failed, served()) }()
	}
	store, err := o.create(cmd.Context(), p)
	if err != nil {
		return err
	}
	if ledger, err = store.Ledger(cmd.Context(), chain); err == nil {
		lookup, closeLookup := bitcoin.LookupIn(context.WithoutCancel(cmd.Context()), ledger)
		older = lookup
		err = errors.Join(o.follow(cmd.Context(), p, store.Store, ledger, node, settings, told), closeLookup())
	}
	return p.closeIngest(store, meter, err)
}

// followed is the chain that --chain names, or the only one in the store.
func (o *followOptions) followed(ctx context.Context, p *program) (graph.Chain, error) {
	if o.chain != "" {
		chain, err := graph.ParseChain(o.chain)
		if err != nil {
			return chain, usagef("--chain: %w", err)
		}
		return chain, nil
	}
	var chains []graph.Chain
	err := p.with(func(store *badger.Store) (err error) {
		chains, err = store.Chains(ctx)
		return err
	})
	if missing := (noStore{}); err != nil && !errors.As(err, &missing) {
		return graph.Chain{}, err
	}
	if len(chains) != 1 {
		return graph.Chain{}, usagef("follow: which chain? the store has %d; name it with --chain", len(chains))
	}
	return chains[0], nil
}

// node is the node to follow, of the chain's family.
func (o *followOptions) node(p *program, chain graph.Chain, older bitcoin.Lookup, meter *ingest.Meter) (ingest.Node, func(), error) {
	nodes, err := p.nodeAddresses(o.rpc)
	if err != nil {
		return nil, nil, err
	}
	if chain.Family == graph.UTXOFamily {
		switch {
		case len(nodes) > 1:
			return nil, nil, usagef("--rpc: one node of %s can be followed, not %d", chain.Alias, len(nodes))
		case o.genesis != "":
			return nil, nil, usagef("--genesis: %s is no EVM chain", chain.Alias)
		}
		auth, err := o.auth(p)
		if err != nil {
			return nil, nil, err
		}
		node, err := bitcoin.NewRPC(chain, nodes[0], auth, older, meter, bitcoin.RPCOptions{Attempts: 3})
		if err != nil {
			return nil, nil, usagef("--rpc: %w", err)
		}
		return node, func() {}, nil
	}
	if o.path != "" {
		return nil, nil, usagef("--rpc-cookie-file: %s has no Bitcoin node", chain.Alias)
	}
	var settings ethereum.RPCOptions
	if settings.Traces, err = ethereum.ParseTraceMode(o.traces); err != nil {
		return nil, nil, usagef("%w", err)
	}
	if o.genesis != "" {
		genesis, err := readGenesis(chain, o.genesis)
		if err != nil {
			return nil, nil, err
		}
		settings.Genesis = &genesis
	}
	node, err := ethereum.NewNode(chain, nodes, meter, settings)
	if err != nil {
		return nil, nil, usagef("--rpc: %w", err)
	}
	return node, node.Close, nil
}

func (o *followOptions) follow(ctx context.Context, p *program, store *badger.Store, ledger graph.Ledger, node ingest.Node, settings ingest.FollowOptions, told *metrics) error {
	var failed error // beside the following, and ends it
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	w := p.newWatch(ledger.Chain(), o.watch)
	var names *tokenNames
	if by, ok := node.(ingest.Describer); ok && o.tokens {
		names = p.newTokenNames(ledger, by)
	}
	labels, err := openLabelBook(nil)
	if err != nil {
		return err
	}
	entities, err := openEntityBook(ctx, store, labels)
	if err != nil {
		return err
	}
	settings.Notice = func(n ingest.Notice) {
		told.notice(n, time.Now())
		w.notice(n)
		err := names.notice(ctx, n)
		if err == nil && (n.What == ingest.Reached || n.What == ingest.Advanced) {
			err = entities.updateChain(ctx, ledger.Chain())
		}
		if err != nil && failed == nil {
			failed = err
			stop()
		}
	}
	settings.Run.Progress = w.progress
	if o.caseFile != "" {
		c, err := p.newCaseWatch(ctx, store, o.caseFile, o.labels)
		if err != nil {
			return err
		}
		c.took = told.extended
		c.entities = entities
		entities.more = c.book.lists.All()
		before := settings.Notice
		settings.Notice = func(n ingest.Notice) {
			before(n)
			w.end()
			if err := c.notice(ctx, n); err != nil && failed == nil {
				failed = err
				stop()
			}
			w.moved(len(c.steps))
		}
	}
	state, err := ingest.Follow(ctx, ledger, node, settings)
	err = errors.Join(err, failed)
	w.end()
	if err == nil || state.Blocks > 0 {
		p.say("%s: %s", ledger.Chain().Alias, followedText(state))
	}
	return err
}

func followedText(s ingest.Followed) string {
	text := fmt.Sprintf("at block %d, %d blocks and %d transfers stored", s.Tip.Height, s.Blocks, s.Transfers)
	if s.Reorgs > 0 {
		text += fmt.Sprintf("; %d reorganisations, the deepest of %d blocks, %d blocks rolled back", s.Reorgs, s.Deepest, s.Reverted)
	}
	if s.Lost > 0 {
		text += fmt.Sprintf("; the node was away %d times", s.Lost)
	}
	if s.Tip.Height > s.Final {
		text += fmt.Sprintf("; blocks above %d are provisional", s.Final)
	}
	return text
}
