package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"spoor/cluster"
	"spoor/graph"
	"spoor/graph/badger"
)

type whyOptions struct {
	ruleFlags
	output format
}

func (p *program) whyCommand() *cobra.Command {
	var o whyOptions
	cmd := &cobra.Command{
		Use:   "why ADDRESS ADDRESS",
		Short: "Tell why two addresses are taken for one owner's",
		Long: `Tell why two addresses are taken for one owner's: the shortest chain of
transactions that joins them, each with the rule, its confidence and its
measured error rate. If they are not joined it says so, and what evidence
between them was held back or vetoed. The exit code is 0 only if they are.

Both are on one chain. That an account is the same key's on several EVM chains
needs no evidence: spoor entity --across tells it.`,
		Example: "  spoor why bitcoin:ADDRESS ADDRESS\n  spoor why ADDRESS ADDRESS --without change_agreed",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			choice, err := o.choice(cmd)
			if err != nil {
				return err
			}
			return p.with(func(store *badger.Store) error {
				return o.run(cmd.Context(), p, store, choice, args[0], args[1])
			})
		},
	}
	o.output.addFlag(cmd)
	o.add(cmd)
	return cmd
}

// A whyRow is one piece of evidence in a chain.
type whyRow struct {
	Step       int    `json:"step"`
	From       string `json:"from"`
	To         string `json:"to"`
	Rule       string `json:"rule"`
	Confidence int    `json:"confidence"`
	ErrorRate  string `json:"error_rate"`
	Block      uint32 `json:"block"`
	Time       string `json:"time"`
	Tx         string `json:"tx_hash"`
	Sentence   string `json:"sentence"`
}

var whyColumns = []column[whyRow]{
	{"step", true, func(r *whyRow) string { return strconv.Itoa(r.Step) }},
	{"from", false, func(r *whyRow) string { return r.From }},
	{"to", false, func(r *whyRow) string { return r.To }},
	{"rule", false, func(r *whyRow) string { return r.Rule }},
	{"confidence", true, func(r *whyRow) string { return strconv.Itoa(r.Confidence) }},
	{"error_rate", false, func(r *whyRow) string { return r.ErrorRate }},
	{"block", true, func(r *whyRow) string { return strconv.FormatUint(uint64(r.Block), 10) }},
	{"time", false, func(r *whyRow) string { return r.Time }},
	{"tx_hash", false, func(r *whyRow) string { return r.Tx }},
	{"sentence", false, func(r *whyRow) string { return r.Sentence }},
}

// errApart ends why for addresses that do not share an owner.
var errApart = errors.New("nothing joins them")

func (o *whyOptions) run(ctx context.Context, p *program, store *badger.Store, choice cluster.Choice, first, second string) (err error) {
	chain, a, b, err := pairNamed(ctx, store, first, second)
	if err != nil {
		return err
	}
	labels, err := clusterLabels(ctx, store)
	if err != nil {
		return err
	}
	c, err := openEntities(ctx, store, chain, labels, choice)
	if err != nil {
		return withClusterHint(err)
	}
	defer func() { err = errors.Join(err, c.close()) }()
	p.tellBehind(c)
	from, err := c.view.ID(a)
	if err != nil {
		return fmt.Errorf("%s: %w", a, err)
	}
	to, err := c.view.ID(b)
	if err != nil {
		return fmt.Errorf("%s: %w", b, err)
	}
	if from == to {
		return usagef("%s is named twice", a)
	}
	steps, err := c.Why(ctx, from, to)
	if err != nil {
		return err
	}
	if steps == nil {
		return o.apart(ctx, p, c, from, to)
	}
	rows := make([]whyRow, len(steps))
	for i := range steps {
		if rows[i], err = newWhyRow(c, i+1, &steps[i]); err != nil {
			return err
		}
	}
	return printRows(p.out, o.output, whyColumns, each(rows))
}

// apart says that two addresses are not joined, and what would join them.
func (o *whyOptions) apart(ctx context.Context, p *program, c *clustered, from, to graph.ID) error {
	way, err := c.Between(ctx, from, to)
	if err != nil {
		return err
	}
	rows := make([]heldRow, len(way))
	for i := range way {
		if rows[i], err = newHeldRow(c, &way[i]); err != nil {
			return err
		}
	}
	if len(rows) == 0 {
		if o.output != asTable {
			if err := printRows(p.out, o.output, heldColumns, each(rows)); err != nil {
				return err
			}
		}
		return advice{fmt.Errorf("%w: no chain of evidence by %s", errApart, c.Rules()), "other rules may: spoor cluster rules lists them"}
	}
	if err := printRows(p.out, o.output, heldColumns, each(rows)); err != nil {
		return err
	}
	return advice{fmt.Errorf("%w but evidence that was held back (%s)", errApart, rows[0].Reason), "the rows tell what it is; a veto is taken back by spoor cluster veto --remove"}
}

func newWhyRow(c *clustered, n int, s *cluster.Step) (row whyRow, err error) {
	from, err := c.view.Address(s.From)
	if err != nil {
		return row, err
	}
	to, err := c.view.Address(s.To)
	if err != nil {
		return row, err
	}
	tx, err := c.view.Tx(s.Evidence.At)
	if err != nil {
		return row, err
	}
	info := s.Evidence.Rule.Info()
	return whyRow{Step: n, From: from.String(), To: to.String(), Rule: info.Name, Confidence: int(s.Evidence.Confidence), ErrorRate: info.ErrorRate,
		Block: s.Evidence.At.Block, Time: timeText(tx.Time), Tx: tx.Hash.Text(c.chain.Family), Sentence: cmp.Or(info.Sentence, "a rule that this version does not know")}, nil
}

// tellBehind says that the ledger has blocks which the entities do not know.
func (p *program) tellBehind(c *clustered) {
	if tip, ok := c.Tip(); c.behind > 0 {
		at := "no block"
		if ok {
			at = fmt.Sprintf("block %d", tip.Height)
		}
		p.warn("%s: entities are as of %s; spoor cluster reads the %d above", c.chain.Alias, at, c.behind)
	}
}

// withClusterHint says how entities come about.
func withClusterHint(err error) error {
	if errors.Is(err, cluster.ErrNoLog) {
		return advice{err, "spoor cluster finds the evidence"}
	}
	return err
}
