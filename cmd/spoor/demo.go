package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"spoor/graph"
	"spoor/ingest"
	"spoor/ingest/synthetic"
)

type demoOptions struct {
	out     string
	script  synthetic.Script
	journey bool
	serve   bool
	web     serveOptions
}

func (p *program) demoCommand() *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Make a small incident, trace it and write the evidence",
		Long: `Play an incident of our own making: a vault is drained around a flash loan, the
loot is split, peeled off to an exchange, swapped, wrapped, mixed, burnt and
kept, with dust, counterfeit tokens and poisoned addresses around it; and coins
are stolen on Bitcoin, peeled, joined with clean ones, mixed in a CoinJoin and
deposited. With --journey, dollars are stolen instead, swapped, and taken over two
bridges and three chains to an exchange. The ledgers are made from a seed, so that the outcome is known to the
base unit, and hidden in as much benign traffic as you like.

The folder gets the store (db), the case (case.yaml) and the evidence folder;
each can be used with the other commands.`,
		Example: "  spoor demo --out demo\n  spoor show --db demo/db ethereum:0x000000000000000000000000000000000000dEaD\n  spoor demo --out big --background 1000000 --incidents 20",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), p) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.serve, "serve", false, "then show it to a browser, as spoor serve does")
	o.web.addFlags(cmd)
	flags.StringVar(&o.out, "out", "spoor-demo", "folder to write to")
	flags.Uint64Var(&o.script.Seed, "seed", 1, "what the ledgers are made from")
	flags.IntVar(&o.script.Incidents, "incidents", 1, "thefts")
	flags.IntVar(&o.script.Hops, "hops", 8, "length of each peel chain")
	flags.IntVar(&o.script.Background, "background", 20_000, "benign transfers around them, on each chain; of a journey on all together")
	flags.BoolVar(&o.journey, "journey", false, "a theft over three chains and two bridges instead")
	return cmd
}

// run makes the ledgers, ingests them as any other, and traces the case as the
// trace command does.
func (o *demoOptions) run(ctx context.Context, p *program) error {
	incidents, err := o.incidents()
	if err != nil {
		return usagef("demo: %w", err)
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	p.db = filepath.Join(o.out, "db")
	if err := o.ingest(ctx, p, incidents...); err != nil {
		return err
	}
	text, err := synthetic.Case("spoor demo", incidents...)
	if err != nil {
		return err
	}
	t := traceOptions{file: filepath.Join(o.out, "case.yaml"), out: filepath.Join(o.out, "evidence"), top: 10}
	if err := os.WriteFile(t.file, text, 0o644); err != nil {
		return err
	}
	p.say("case: %s", t.file)
	c, err := t.read()
	if err != nil {
		return err
	}
	if err := t.run(ctx, p, c); err != nil || !o.serve {
		return err
	}
	return o.show(ctx, p, text)
}

// show serves the store with the case in its folder of cases.
func (o *demoOptions) show(ctx context.Context, p *program, text []byte) error {
	if o.web.cases == "" {
		o.web.cases = filepath.Join(o.out, "cases")
	}
	if err := os.MkdirAll(o.web.cases, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(o.web.cases, "demo.yaml"), text, 0o644); err != nil {
		return err
	}
	return o.web.run(ctx, p)
}

// incidents plays the story that is asked for.
func (o *demoOptions) incidents() ([]*synthetic.Incident, error) {
	if o.journey {
		return o.script.Journey()
	}
	heist, err := o.script.Ethereum()
	if err != nil {
		return nil, err
	}
	theft, err := o.script.Bitcoin()
	return []*synthetic.Incident{heist, theft}, err
}

func (o *demoOptions) ingest(ctx context.Context, p *program, sources ...*synthetic.Incident) error {
	store, err := p.create()
	if err != nil {
		return err
	}
	meter := ingest.NewMeter(ingest.Stop)
	for _, src := range sources {
		err = p.ingestSource(ctx, store, src, ingest.Options{Meter: meter})
		if errors.Is(err, graph.ErrFork) {
			err = advice{fmt.Errorf("%s holds another demo: %w", p.db, err), "name another folder with --out, or remove this one"}
		}
		if err != nil {
			break
		}
	}
	return p.closeIngest(store, meter, err)
}
