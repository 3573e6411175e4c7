package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/report"
	"spoor/trace"
)

type traceOptions struct {
	file   string     // the case, "" with --seed
	flags  trace.Case // what flags say instead of the file
	labels []string
	out    string
	output format
	top    int
	fetch  fetchFlags
	rpc    string // of a node that is asked for names of tokens

	noEntities bool
}

func (p *program) traceCommand() *cobra.Command {
	var o traceOptions
	cmd := &cobra.Command{
		Use:   "trace CASE.yaml | --seed REF...",
		Short: "Follow stolen value from a case and write the evidence",
		Long: `Follow stolen value through the ledgers in the store, in ledger order and by one
method, until all of it rests or has ended or a bound is met. What is stolen is
named by a case file or by seeds:

  CHAIN:TXHASH                      what the net receivers of a transaction gained
  CHAIN:TXHASH:SEQ                  one movement of it, such as log:391 or out:1
  CHAIN:ADDRESS[/ASSET][@WHEN][=N]  what an address holds after WHEN (a block or a
                                    time) and all that reaches it later, N base
                                    units at most

With --direction backward it is asked where value came from. The same seeds then
name value where it came to lie (an address: what it held at WHEN, by default at
the end), and ends are sources: services, issue, rewards, mixers, and what was
spent without its arrival having been read. The methods are fifo, haircut and
poison.

Where amounts are hopeless, --method rank spreads a unit of relevance from the
seeds along later movements and prints the addresses that gather most of it: a
score, not an amount, and no evidence of one.
Value goes on over bridges, to any chain in the store, where both sides carry the
bridge's key or a link of the case says so (links: from, to, rule, confidence; see
spoor bridges); backward, from the arrival to its departure. All that follows a link of the case is attributed.

A flag takes the place of what the case file says. Value ends at services by
label or by the number of their transfers; labels are the built-in table, the
packs in the store (spoor label import), the files of --labels and those of the
case. A label that holds for some time only ends what arrives in that time.

In a store that was clustered (spoor cluster) value also ends at the deposit
address of an exchange, and at addresses whose owner a label of another address
of his names. The evidence of that is in entities.csv.

Standard output gets a summary, or with -o csv and ndjson the movements and with
json the whole trace. --out writes the evidence folder, whole or not at all, in
place of a former one. The exit code is 3 when a bound cut the trace.

With --fetch the trace asks an explorer for the history of every address it
reaches and does not know, keeps it in the store, and goes on. The exit code is
3 as well when the limit left addresses out or the explorer did not tell all.`,
		Example: `  spoor trace case.yaml --out evidence
  spoor trace --seed ethereum:0xTXHASH --method haircut
  spoor trace --seed ethereum:0xADDRESS --direction backward
  spoor trace --seed bitcoin:TXHASH:out:1 --max-hops 20 -o csv
  spoor trace case.yaml --fetch etherscan --url https://api.etherscan.io/v2/api`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.file = args[0]
			}
			if err := o.fetch.check(cmd); err != nil {
				return err
			}
			if o.rpc != "" && o.fetch.api != "" {
				return usagef("--rpc and --fetch: want one of them; an explorer tells what tokens are called by itself")
			}
			if o.top < 1 {
				return usagef("--top %d: want 1 or more", o.top)
			}
			c, err := o.asked(cmd)
			if err != nil {
				return err
			}
			return o.run(cmd.Context(), p, c)
		},
	}
	o.addCase(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.out, "out", "", "folder of the evidence")
	flags.IntVar(&o.top, "top", 10, "rows of a list in the summary before the others are summed up")
	o.output.addFlag(cmd)
	cmd.Flags().StringVar(&o.rpc, "rpc", "", "ask a node of an EVM chain what the tokens of the trace say they are called: URLs, env:NAME or file:PATH")
	o.fetch.add(cmd)
	return cmd
}

// addCase adds the flags of every command that traces a case.
func (o *traceOptions) addCase(cmd *cobra.Command) {
	o.addAsked(cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&o.labels, "labels", nil, "file of labels in any format of spoor label import, every row of which must be a label; may be repeated")
	flags.BoolVar(&o.noEntities, "no-entities", false, "ask nobody who shares an owner, though the store was clustered")
}

// addAsked adds the flags that say what a case file says.
func (o *traceOptions) addAsked(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&o.flags.Seeds, "seed", nil, "what was stolen, instead of a case file; may be repeated")
	flags.StringVar(&o.flags.Method, "method", "fifo", "fifo, lifo, haircut, poison, tiho or rank")
	flags.StringVar(&o.flags.Direction, "direction", "forward", "forward: where value went; backward: where it came from")
	flags.StringVar(&o.flags.Share, "share", "", "stop when this part of every asset has ended, such as 0.95")
	flags.StringVar(&o.flags.MinAmount, "min-amount", "", "less than this many whole units is dust and not followed")
	flags.IntVar(&o.flags.MaxHops, "max-hops", 0, "movements since the theft; 0 for no bound")
	flags.StringVar(&o.flags.Until, "until", "", "look at nothing later, backward at nothing earlier, such as 2024-07-16T12:00:00Z")
	flags.IntVar(&o.flags.MaxTransactions, "max-transactions", 0, "transactions evaluated; 0 for no bound")
	flags.IntVar(&o.flags.ServiceTransfers, "service-transfers", trace.DefaultServiceTransfers, "transfers from which an address is taken for a service; negative: none is by what it does")
	flags.StringVar(&o.flags.CoinJoin, "coinjoin", "stop", "a CoinJoin ends a branch (stop), or the method goes through it (follow)")
}

// asked is the case: the file's, with what the flags say instead.
func (o *traceOptions) asked(cmd *cobra.Command) (trace.Case, error) {
	seeds := len(o.flags.Seeds) > 0
	switch {
	case o.file == "" && !seeds:
		return trace.Case{}, advice{usagef("%s what? name a case file, or seeds with --seed", cmd.Name()), fmt.Sprintf("spoor %[1]s case.yaml, or spoor %[1]s --seed ethereum:0xTXHASH", cmd.Name())}
	case o.file != "" && seeds:
		return trace.Case{}, advice{usagef("%s and --seed: want one of them", o.file), "write the seeds into the case file"}
	}
	if seeds {
		if err := o.flags.Check(); err != nil {
			return trace.Case{}, inCase(err)
		}
		return o.flags, nil
	}
	c, err := o.read()
	if err != nil {
		return c, err
	}
	for flag, take := range map[string]func(){
		"method":            func() { c.Method = o.flags.Method },
		"direction":         func() { c.Direction = o.flags.Direction },
		"share":             func() { c.Share = o.flags.Share },
		"min-amount":        func() { c.MinAmount = o.flags.MinAmount },
		"max-hops":          func() { c.MaxHops = o.flags.MaxHops },
		"until":             func() { c.Until = o.flags.Until },
		"max-transactions":  func() { c.MaxTransactions = o.flags.MaxTransactions },
		"service-transfers": func() { c.ServiceTransfers = o.flags.ServiceTransfers },
		"coinjoin":          func() { c.CoinJoin = o.flags.CoinJoin },
	} {
		if cmd.Flags().Changed(flag) {
			take()
		}
	}
	if err := c.Check(); err != nil {
		return c, inCase(err)
	}
	return c, nil
}

// read reads the case file.
func (o *traceOptions) read() (trace.Case, error) {
	data, err := os.ReadFile(o.file)
	if err != nil {
		return trace.Case{}, fmt.Errorf("case: %w", err)
	}
	c, err := trace.ParseCase(data)
	if err != nil {
		return c, inCase(fmt.Errorf("%s: %w", o.file, err))
	}
	return c, nil
}

// inCase makes an error about a case one of usage, with where to look.
func inCase(err error) error {
	hint := "spoor trace --help tells what a case and a seed may say"
	if errors.Is(err, trace.ErrSeed) {
		hint = "a seed is what was stolen, such as ethereum:0xTXHASH, bitcoin:TXHASH:out:1 or ethereum:0xADDRESS/native@13721616"
	}
	return advice{usagef("%w", err), hint}
}

func (o *traceOptions) run(ctx context.Context, p *program, c trace.Case) error {
	if m, err := trace.ParseMethod(cmp.Or(c.Method, "fifo")); err == nil && m.Ranks {
		return o.rank(ctx, p, c)
	}
	if c.Direction == trace.Backward && o.fetch.api != "" {
		return advice{usagef("--fetch with direction backward: it asks for where value went"), "read the histories with spoor ingest address first, and trace without --fetch"}
	}
	if o.out != "" {
		if err := report.CheckFolder(o.out); err != nil {
			return err
		}
	}
	labels, err := openLabelBook(o.labels)
	if err != nil {
		return err
	}
	var t *trace.Trace
	var partial error
	if o.fetch.api != "" {
		t, partial, err = o.fetch.fetchAndTrace(ctx, p, c, labels, !o.noEntities)
	} else if o.rpc != "" {
		err = p.alone(badger.Options{}, func(store *badger.Store) (err error) {
			t, err = o.knowing(ctx, store, labels, func(known trace.Known, entities *entityBook) (*trace.Trace, error) {
				return o.named(ctx, p, store, c, known, entities)
			})
			return err
		})
	} else {
		t, err = o.stored(ctx, p, c, labels)
	}
	if err != nil {
		return fmt.Errorf("trace: %w", err)
	}
	made := o.manifest(labels.sources)
	if made.Answers, err = p.cited(ctx, t); err != nil {
		return fmt.Errorf("trace: %w", err)
	}
	if o.out != "" {
		if err := report.Write(o.out, t, made); err != nil {
			return err
		}
		p.say("evidence: %s", o.out)
	}
	switch o.output {
	case asJSON:
		err = report.JSON(p.out, t, made)
	case asNDJSON:
		err = report.NDJSON(p.out, t)
	case asCSV:
		err = report.CSV(p.out, t)
	default:
		err = report.Summary(p.out, t, report.SummaryOptions{Top: o.top, Color: terminal(p.out) && p.env("NO_COLOR") == ""})
	}
	if err != nil {
		return err
	}
	return cmp.Or(cutShort(t), partial)
}

// entityBook opens the entities of a store, nil with --no-entities.
func (o *traceOptions) entityBook(ctx context.Context, store *badger.Store, labels *labelBook) (*entityBook, error) {
	if o.noEntities {
		return nil, nil
	}
	return openEntityBook(ctx, store, labels)
}

// stored traces a case on the store as it is.
func (o *traceOptions) stored(ctx context.Context, p *program, c trace.Case, labels *labelBook) (t *trace.Trace, err error) {
	err = p.with(func(store *badger.Store) (err error) {
		t, err = o.knowing(ctx, store, labels, func(known trace.Known, entities *entityBook) (*trace.Trace, error) {
			return traceStore(ctx, store, c, known, entities)
		})
		return err
	})
	return t, err
}

// knowing gives a trace what labels and the store know. Labels that could not be
// read fail it.
func (o *traceOptions) knowing(ctx context.Context, store *badger.Store, labels *labelBook, run func(trace.Known, *entityBook) (*trace.Trace, error)) (*trace.Trace, error) {
	known, err := labels.known(ctx, store)
	if err != nil {
		return nil, err
	}
	entities, err := o.entityBook(ctx, store, labels)
	if err != nil {
		return nil, err
	}
	t, err := run(known, entities)
	return t, cmp.Or(labels.failed, err)
}

// traceStore traces a case through snapshots of every chain of a store.
func traceStore(ctx context.Context, store graph.Store, c trace.Case, known trace.Known, entities *entityBook) (t *trace.Trace, err error) {
	owners, done, err := entities.open(ctx)
	defer func() { err = errors.Join(err, done()) }()
	if err != nil {
		return nil, err
	}
	known.Entities = owners
	err = withViews(ctx, store, func(views map[graph.ChainID]graph.View) (err error) {
		t, err = trace.Run(ctx, views, c, known)
		return err
	})
	return t, err
}

// withViews opens snapshots of every chain of a store while use runs.
func withViews(ctx context.Context, store graph.Store, use func(map[graph.ChainID]graph.View) error) (err error) {
	chains, err := store.Chains(ctx)
	if err != nil {
		return err
	}
	views := make(map[graph.ChainID]graph.View)
	defer func() {
		for _, v := range views {
			err = errors.Join(err, v.Close())
		}
	}()
	for _, chain := range chains {
		ledger, err := store.Ledger(ctx, chain)
		if err != nil {
			return err
		}
		if views[chain.ID], err = ledger.View(ctx); err != nil {
			delete(views, chain.ID)
			return err
		}
	}
	return use(views)
}

// manifest is what a manifest cannot know from the trace. The command names
// files only: they lie elsewhere for whoever runs it again.
func (o *traceOptions) manifest(labels []report.LabelSource) report.Manifest {
	v := currentVersion()
	m := report.Manifest{Version: v.Version, Commit: v.Revision, Go: v.Go, Labels: labels, Rerun: []string{"spoor", "trace", "case.yaml"}}
	if o.noEntities {
		m.Rerun = append(m.Rerun, "--no-entities")
	}
	for _, source := range labels {
		if source.Name != builtinLabels && !source.Kept {
			m.Rerun = append(m.Rerun, "--labels", source.Name)
		}
	}
	return m
}

// cutShort is the error of a trace that a bound has cut, nil for any other.
func cutShort(t *trace.Trace) error {
	for _, stop := range t.Stops {
		if stop.Reason == trace.StopBudget {
			return advice{fmt.Errorf("%w: the bound %s cut the trace", errPartial, stop.Rule), "stops.csv and the summary tell what was not followed; raise or drop the bound to go on"}
		}
	}
	return nil
}
