package main

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/spf13/cobra"

	"spoor/cluster"
	"spoor/graph"
	"spoor/graph/badger"
)

type checkOptions struct {
	output format
	chain  string
	limit  int
}

func (p *program) checkCommand() *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check that the store is sound",
		Long: `Check that the store is sound: every stored byte against its checksum, the
blocks against the histories of addresses, both sides of every transfer, what is
stated by whom it is about, the outputs that inputs spend, the numbers of
addresses and assets, and coverage; the evidence of who shares an owner, and the
vetoes; and every label against its pack.
What is wrong is listed; the exit code is 1 if anything is.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), p) },
	}
	o.output.addFlag(cmd)
	cmd.Flags().StringVar(&o.chain, "chain", "", "only this chain: a CAIP-2 id or an alias")
	cmd.Flags().IntVar(&o.limit, "limit", 100, "findings to list; 0 for all")
	return cmd
}

// A findingRow is one thing that is wrong.
type findingRow struct {
	Chain    string `json:"chain"`
	Position string `json:"position"`
	Finding  string `json:"finding"`
}

var findingColumns = []column[findingRow]{
	{"chain", false, func(r *findingRow) string { return r.Chain }},
	{"position", false, func(r *findingRow) string { return r.Position }},
	{"finding", false, func(r *findingRow) string { return r.Finding }},
}

func (o *checkOptions) run(ctx context.Context, p *program) error {
	if o.limit < 0 {
		return usagef("--limit %d is negative", o.limit)
	}
	var findings []findingRow
	total := 0
	err := p.alone(badger.Options{Verify: math.MaxInt64}, func(store *badger.Store) error {
		chains, err := chainsNamed(ctx, store, o.chain)
		if err != nil {
			return err
		}
		for _, chain := range chains {
			before := total
			found := func(at, what string) {
				total++
				if o.limit == 0 || len(findings) < o.limit {
					findings = append(findings, findingRow{string(chain.ID), at, what})
				}
			}
			var done graph.Checked
			err := viewing(ctx, store, chain, func(view graph.View) (err error) {
				done, err = graph.Check(ctx, view, func(f graph.Finding) { found(f.At.String(), f.What) })
				if err != nil {
					return err
				}
				return p.checkEvidence(store, chain, done.Size, found)
			})
			if err != nil {
				return fmt.Errorf("%s: %w", chain.Alias, err)
			}
			p.say("%s: %s", chain.Alias, checkedText(&done, total-before))
		}
		if o.chain != "" {
			return nil
		}
		return p.checkLabels(ctx, store)
	})
	if total > 0 {
		err = errors.Join(err, printRows(p.out, o.output, findingColumns, each(findings)))
	}
	if err != nil {
		return err
	}
	if more := total - len(findings); more > 0 {
		p.warn("and %d more findings: --limit 0 lists all", more)
	}
	if total > 0 {
		return advice{fmt.Errorf("check: %w: %s", graph.ErrDamaged, countOf(total, "finding")), "what a ledger holds is replaced by reading it into a fresh --db; evidence is found anew by spoor cluster"}
	}
	return nil
}

// checkEvidence reads the evidence of a chain, if it was clustered, and its vetoes.
func (p *program) checkEvidence(store *badger.Store, chain graph.Chain, size graph.Size, found func(at, what string)) error {
	damaged := func(err error, hint string) error {
		if !errors.Is(err, graph.ErrDamaged) {
			return err
		}
		found("", oneLine(err.Error())+"; "+hint)
		return nil
	}
	_, err := cluster.ReadVetoes(store.Folder(chain), chain)
	if err = damaged(err, "mend it by hand, or remove it and say the vetoes again"); err != nil {
		return err
	}
	log, err := cluster.OpenLog(store.Folder(chain), chain)
	if errors.Is(err, cluster.ErrNoLog) {
		return nil
	}
	if err != nil {
		return damaged(err, evidenceHint)
	}
	n, err := log.Sound(size.Addresses)
	if err == nil {
		p.say("%s: evidence: sound; %d pieces", chain.Alias, n)
	}
	return errors.Join(damaged(err, evidenceHint), log.Close())
}

// evidenceHint is what can be done about evidence that is damaged.
const evidenceHint = "spoor cluster finds it anew"

// checkLabels reads every label: what is not as it was written, or not as many
// as the packs say, is damage.
func (p *program) checkLabels(ctx context.Context, store graph.Store) error {
	labels, err := store.Labels(ctx)
	if err != nil {
		return fmt.Errorf("labels: %w", err)
	}
	packs, err := labels.Packs(ctx)
	if err != nil || len(packs) == 0 {
		return err
	}
	n := 0
	for _, err := range labels.All(ctx, graph.LabelFilter{}) {
		if err != nil {
			return fmt.Errorf("labels: %w", err)
		}
		n++
	}
	p.say("labels: sound; %s in %s", countOf(n, "label"), countOf(len(packs), "pack"))
	return nil
}

func checkedText(c *graph.Checked, findings int) string {
	sound := "sound"
	if findings > 0 {
		sound = fmt.Sprintf("%d findings", findings)
	}
	text := fmt.Sprintf("%s; %d blocks, %d transactions, %d transfers, %d addresses with %d entries",
		sound, c.Size.Blocks, c.Size.Txs, c.Size.Transfers, c.Size.Addresses, c.Entries)
	if c.Events > 0 {
		text += fmt.Sprintf(", %d events", c.Events)
	}
	if c.Inputs > 0 {
		text += fmt.Sprintf(", %d inputs", c.Inputs)
	}
	if c.Unresolved > 0 {
		text += fmt.Sprintf(" (%d spend outputs that were not read)", c.Unresolved)
	}
	return text
}
