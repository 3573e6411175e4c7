package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"spoor/graph"
	"spoor/ingest"
)

func (p *program) ingestCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ingest",
		Short: "Read ledgers into the store",
		Long: `Read ledgers into the store. Every source can be read again at any time: blocks
that are known and add nothing are passed over, so an ingest that was
interrupted goes on when the same command is run again.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return usagef("ingest what? transfers, ethereum, bitcoin or address")
		},
	}
	cmd.AddCommand(p.ingestTransfersCommand(), p.ingestEthereumCommand(), p.ingestBitcoinCommand(), p.ingestAddressCommand())
	return cmd
}

// ingestFlags are the flags that every kind of ingest has.
type ingestFlags struct{ onError, bulk, serve string }

func (f *ingestFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.onError, "on-error", "stop", "what cannot be used ends the ingest (stop), or is counted and passed over (skip)")
	cmd.Flags().StringVar(&f.bulk, "bulk", "auto", "load an empty store in bulk: auto, on or off")
	f.addServe(cmd)
}

func (f *ingestFlags) addServe(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.serve, "serve", "", "show the store in a browser meanwhile, at this address and port, such as 127.0.0.1:8477; as spoor serve")
}

// parse reads the flags; the meter counts for the command.
func (f *ingestFlags) parse() (*ingest.Meter, ingest.Options, error) {
	policy, err := ingest.ParsePolicy(f.onError)
	if err != nil {
		return nil, ingest.Options{}, usagef("%w", err)
	}
	bulk, err := ingest.ParseBulk(f.bulk)
	if err != nil {
		return nil, ingest.Options{}, usagef("%w", err)
	}
	meter := ingest.NewMeter(policy)
	return meter, ingest.Options{Bulk: bulk, Meter: meter}, nil
}

// heightFlags bound the heights that are read.
type heightFlags struct{ from, to uint32 }

func (f *heightFlags) add(cmd *cobra.Command) {
	cmd.Flags().Uint32Var(&f.from, "from", 0, "first block")
	cmd.Flags().Uint32Var(&f.to, "to", 0, "last block (default the last there is)")
}

func (f *heightFlags) check(cmd *cobra.Command) error {
	switch {
	case cmd.Flags().Changed("to") && f.to == 0:
		return usagef("--to 0: want a block above 0; leave it out for all there are")
	case f.to != 0 && f.from > f.to:
		return usagef("--from %d is above --to %d", f.from, f.to)
	}
	return nil
}

// chainFlag is the chain of a family that --chain names.
func chainFlag(name string, family graph.Family, command string) (graph.Chain, error) {
	chain, err := graph.ParseChain(name)
	if err != nil {
		return chain, usagef("--chain: %w", err)
	}
	if chain.Family != family {
		return chain, usagef("--chain: %s is not a chain that ingest %s reads", chain.Alias, command)
	}
	return chain, nil
}

// ingestSource writes one source into the store and tells what came of it.
func (p *program) ingestSource(ctx context.Context, store graph.Store, src ingest.Source, o ingest.Options) error {
	chain := src.Chain()
	ledger, err := store.Ledger(ctx, chain)
	if err != nil {
		return err
	}
	line := p.newProgress(chain.Alias)
	o.Progress = line.show
	result, err := ingest.Run(ctx, ledger, src, o)
	line.clear()
	if err == nil || result.Blocks > 0 {
		p.say("%s: %s", chain.Alias, resultText(&result))
	}
	if err != nil {
		return err
	}
	if result.Interrupted {
		return advice{fmt.Errorf("ingest %s: %w: interrupted", chain.Alias, errPartial), "run the same command again: it goes on where it stopped"}
	}
	return nil
}

// advice is an error with a hint.
type advice struct {
	error
	hint string
}

func (a advice) Unwrap() error { return a.error }

// Hint is what the user can do about the error.
func (a advice) Hint() string { return a.hint }

func resultText(r *ingest.Result) string {
	how := "written"
	if r.Loaded {
		how = "loaded in bulk"
	}
	text := fmt.Sprintf("%d blocks, %d transfers %s", r.Blocks, r.Transfers, how)
	if r.Known > 0 {
		text += fmt.Sprintf("; %d blocks known before", r.Known)
	}
	if r.Outside > 0 {
		text += fmt.Sprintf("; %d blocks outside --from and --to", r.Outside)
	}
	if s := r.Elapsed.Seconds(); s > 0 && r.Transfers > 0 {
		text += fmt.Sprintf("; %.1fs, %.0f transfers/s", s, float64(r.Transfers)/s)
	}
	return text
}

// closeIngest closes the store and tells what was counted: what was read, what
// carries no value, and what could not be used.
func (p *program) closeIngest(store graph.Store, meter *ingest.Meter, err error) error {
	err = errors.Join(err, store.Close())
	reading := meter.Reading()
	if text := counts(reading.Read); text != "" {
		p.say("read: %s", text)
	}
	passed := maps.Clone(reading.Skipped)
	problems := uint64(0)
	for _, reason := range slices.Sorted(maps.Keys(reading.First)) {
		problems += passed[reason]
		delete(passed, reason)
	}
	if text := counts(passed); text != "" {
		p.say("passed over: %s", text)
	}
	for _, reason := range slices.Sorted(maps.Keys(reading.First)) {
		p.warn("skipped: %d × %s, first at %s: %s", reading.Skipped[reason], reason, reading.First[reason].Where, oneLine(reading.First[reason].Err.Error()))
	}
	limit := p.memoryLimit()
	if peak, ok := peakMemory(); ok && (err == nil || errors.Is(err, errPartial)) {
		p.say("memory: %s at most, store limited to %s", peak.String(), limit.String())
	}
	if err == nil && problems > 0 {
		return fmt.Errorf("%w: %d could not be used, see above", errPartial, problems)
	}
	return err
}

func counts(of map[string]uint64) string {
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(of)) {
		parts = append(parts, fmt.Sprintf("%d %s", of[what], what))
	}
	return strings.Join(parts, ", ")
}
