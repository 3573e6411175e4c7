package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"spoor/cluster"
	"spoor/graph"
	"spoor/graph/badger"
)

type clusterOptions struct {
	ruleFlags
	output format
	chain  string
	held   bool
}

func (p *program) clusterCommand() *cobra.Command {
	var o clusterOptions
	cmd := &cobra.Command{
		Use:   "cluster",
		Short: "Find which addresses share an owner",
		Long: `Find which addresses share an owner. The evidence that transactions show is
appended to a log beside each ledger, which this command brings up to the tip;
entities are computed from it, so that leaving out a rule, a veto or a later
block takes seconds. Asking for a rule that was never asked for reads the ledger
once more.

Sizes are told apart: by co-spends only, which is what who signed proves, and
with the rules that judge behaviour. Evidence that would join two large
entities, or two whose labels name different owners, is held back: --held lists
it. Every rule, with its source and its measured error rate, is listed by spoor
cluster rules. spoor why tells why two addresses are one owner's, spoor entity
what is known of one.`,
		Example: "  spoor cluster\n  spoor cluster --without deposit_reuse\n  spoor cluster --rule cospend --rule change_agreed --held\n  spoor cluster veto ADDRESS ADDRESS --note 'two customers of one custodian'",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd, p) },
	}
	o.output.addFlag(cmd)
	o.add(cmd)
	cmd.Flags().StringVar(&o.chain, "chain", "", "only this chain of the store")
	cmd.Flags().BoolVar(&o.held, "held", false, "list what was held back, with its evidence")
	cmd.AddCommand(p.clusterRulesCommand(), p.clusterVetoCommand())
	return cmd
}

// A clusterRow sums up the entities of a chain. Entities have two addresses or
// more.
type clusterRow struct {
	Chain            string `json:"chain"`
	Block            uint32 `json:"block"` // up to which evidence counts
	CoSpendEntities  int    `json:"cospend_entities"`
	CoSpendAddresses int    `json:"cospend_addresses"`
	CoSpendLargest   int    `json:"cospend_largest"`
	Entities         int    `json:"entities"`
	Addresses        int    `json:"addresses"`
	Largest          int    `json:"largest"`
	Deposits         int    `json:"deposit_addresses"`
	Held             uint64 `json:"held_back"`
	Vetoes           int    `json:"vetoes"`
	GuardCoSpend     int    `json:"guard_cospend"`
	GuardBehaviour   int    `json:"guard_behaviour"`
	Rules            string `json:"rules"`
	ErrorRates       string `json:"error_rates"` // of the rules, as measured
}

var clusterColumns = []column[clusterRow]{
	{"chain", false, func(r *clusterRow) string { return r.Chain }},
	{"block", true, func(r *clusterRow) string { return strconv.FormatUint(uint64(r.Block), 10) }},
	{"cospend_entities", true, func(r *clusterRow) string { return strconv.Itoa(r.CoSpendEntities) }},
	{"cospend_addresses", true, func(r *clusterRow) string { return strconv.Itoa(r.CoSpendAddresses) }},
	{"cospend_largest", true, func(r *clusterRow) string { return strconv.Itoa(r.CoSpendLargest) }},
	{"entities", true, func(r *clusterRow) string { return strconv.Itoa(r.Entities) }},
	{"addresses", true, func(r *clusterRow) string { return strconv.Itoa(r.Addresses) }},
	{"largest", true, func(r *clusterRow) string { return strconv.Itoa(r.Largest) }},
	{"deposit_addresses", true, func(r *clusterRow) string { return strconv.Itoa(r.Deposits) }},
	{"held_back", true, func(r *clusterRow) string { return strconv.FormatUint(r.Held, 10) }},
	{"vetoes", true, func(r *clusterRow) string { return strconv.Itoa(r.Vetoes) }},
	{"guard_cospend", true, func(r *clusterRow) string { return strconv.Itoa(r.GuardCoSpend) }},
	{"guard_behaviour", true, func(r *clusterRow) string { return strconv.Itoa(r.GuardBehaviour) }},
	{"rules", false, func(r *clusterRow) string { return r.Rules }},
	{"error_rates", false, func(r *clusterRow) string { return r.ErrorRates }},
}

func (o *clusterOptions) run(cmd *cobra.Command, p *program) error {
	choice, err := o.choice(cmd)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	err = p.with(func(store *badger.Store) error { return o.show(ctx, p, store, choice) })
	stale, behind := errStale{}, errBehind{}
	if !errors.Is(err, cluster.ErrNoLog) && !errors.As(err, &stale) && !errors.As(err, &behind) && !errors.Is(err, graph.ErrDamaged) {
		return err
	}
	return p.alone(badger.Options{}, func(store *badger.Store) error {
		if err := o.update(ctx, p, store, choice.Rules); err != nil {
			return err
		}
		return o.show(ctx, p, store, choice)
	})
}

// errBehind is returned where the log must be brought up to date first.
type errBehind struct{ error }

// update brings the logs up to date.
func (o *clusterOptions) update(ctx context.Context, p *program, store *badger.Store, rules cluster.RuleSet) error {
	labels, err := clusterLabels(ctx, store)
	if err != nil {
		return err
	}
	chains, err := chainsNamed(ctx, store, o.chain)
	if err != nil {
		return err
	}
	for _, chain := range chains {
		u, why, err := updateCluster(ctx, store, chain, labels, rules, true)
		if err != nil {
			return err
		}
		switch {
		case errors.Is(why, graph.ErrDamaged):
			p.warn("%s: %s; it is found anew", chain.Alias, oneLine(why.Error()))
		case errors.Is(why, cluster.ErrBasis):
			p.say("%s: %s; it is found anew", chain.Alias, oneLine(why.Error()))
		case u.Rebuilt:
			p.say("%s: older blocks have changed; the evidence is found anew", chain.Alias)
		}
		p.say("%s: %d transactions read, %d pieces of evidence found", chain.Alias, u.Txs, u.Evidence)
	}
	return nil
}

func (o *clusterOptions) show(ctx context.Context, p *program, store *badger.Store, choice cluster.Choice) error {
	labels, err := clusterLabels(ctx, store)
	if err != nil {
		return err
	}
	chains, err := chainsNamed(ctx, store, o.chain)
	if err != nil {
		return err
	}
	var rows []clusterRow
	var held []heldRow
	for _, chain := range chains {
		if choice.Rules.Of(chain.Family) == 0 && len(chains) > 1 {
			continue
		}
		c, err := openEntities(ctx, store, chain, labels, choice)
		if err != nil {
			return err
		}
		if c.behind > 0 {
			return errors.Join(errBehind{fmt.Errorf("%s has %d blocks more than its evidence", chain.Alias, c.behind)}, c.close())
		}
		if o.held {
			more, err := heldRows(ctx, c)
			held = append(held, more...)
			if err != nil {
				return errors.Join(err, c.close())
			}
		}
		rows = append(rows, newClusterRow(c, choice))
		if err := o.formless(ctx, p, store, c); err != nil {
			return errors.Join(err, c.close())
		}
		if err := c.close(); err != nil {
			return err
		}
	}
	if o.held {
		return printRows(p.out, o.output, heldColumns, each(held))
	}
	return printRows(p.out, o.output, clusterColumns, each(rows))
}

// errorRates is what was measured of each rule of a choice.
func errorRates(rules cluster.RuleSet) string {
	var rates []string
	for _, info := range cluster.Rules() {
		if rules.Has(info.Rule) {
			rates = append(rates, info.Name+": "+info.ErrorRate)
		}
	}
	return strings.Join(rates, " | ")
}

func newClusterRow(c *clustered, choice cluster.Choice) clusterRow {
	tip, _ := c.Tip() // of an empty ledger block 0
	signed, all := c.CoSpend(), c.All()
	row := clusterRow{Chain: string(c.chain.ID), Block: tip.Height,
		CoSpendEntities: signed.Entities, CoSpendAddresses: signed.Addresses, CoSpendLargest: signed.Largest,
		Entities: all.Entities, Addresses: all.Addresses, Largest: all.Largest,
		Deposits: c.Deposits(), Held: c.HeldBack(), Vetoes: len(c.vetoes),
		GuardCoSpend: c.Guard().CoSpend, GuardBehaviour: c.Guard().Behaviour, Rules: c.Rules().String(), ErrorRates: errorRates(c.Rules())}
	if choice.UpTo != nil {
		row.Block = min(row.Block, *choice.UpTo)
	}
	return row
}

// A heldRow is evidence between two entities that did not join them.
type heldRow struct {
	Chain      string `json:"chain"`
	Reason     string `json:"reason"`
	A          string `json:"a"`
	SizeA      int    `json:"a_addresses"`
	OwnerA     string `json:"a_owner"`
	B          string `json:"b"`
	SizeB      int    `json:"b_addresses"`
	OwnerB     string `json:"b_owner"`
	Rule       string `json:"rule"`
	Confidence int    `json:"confidence"`
	Tx         string `json:"tx_hash"`
	Block      uint32 `json:"block"`
	Count      uint64 `json:"pieces"` // of evidence between the two; the first is shown
	ErrorRate  string `json:"error_rate"`
}

var heldColumns = []column[heldRow]{
	{"chain", false, func(r *heldRow) string { return r.Chain }},
	{"reason", false, func(r *heldRow) string { return r.Reason }},
	{"a", false, func(r *heldRow) string { return r.A }},
	{"a_addresses", true, func(r *heldRow) string { return strconv.Itoa(r.SizeA) }},
	{"a_owner", false, func(r *heldRow) string { return r.OwnerA }},
	{"b", false, func(r *heldRow) string { return r.B }},
	{"b_addresses", true, func(r *heldRow) string { return strconv.Itoa(r.SizeB) }},
	{"b_owner", false, func(r *heldRow) string { return r.OwnerB }},
	{"rule", false, func(r *heldRow) string { return r.Rule }},
	{"confidence", true, func(r *heldRow) string { return strconv.Itoa(r.Confidence) }},
	{"tx_hash", false, func(r *heldRow) string { return r.Tx }},
	{"block", true, func(r *heldRow) string { return strconv.FormatUint(uint64(r.Block), 10) }},
	{"pieces", true, func(r *heldRow) string { return strconv.FormatUint(r.Count, 10) }},
	{"error_rate", false, func(r *heldRow) string { return r.ErrorRate }},
}

func heldRows(ctx context.Context, c *clustered) ([]heldRow, error) {
	list, err := c.Held(ctx)
	if err != nil {
		return nil, err
	}
	rows := make([]heldRow, len(list))
	for i := range list {
		if rows[i], err = newHeldRow(c, &list[i]); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

func newHeldRow(c *clustered, h *cluster.Held) (heldRow, error) {
	a, err := c.view.Address(h.A)
	if err != nil {
		return heldRow{}, err
	}
	b, err := c.view.Address(h.B)
	if err != nil {
		return heldRow{}, err
	}
	tx, err := c.view.Tx(h.First.At)
	if err != nil {
		return heldRow{}, err
	}
	return heldRow{Chain: string(c.chain.ID), Reason: h.Reason, A: a.String(), SizeA: h.SizeA, OwnerA: h.OwnerA, B: b.String(), SizeB: h.SizeB, OwnerB: h.OwnerB,
		Rule: h.First.Rule.String(), Confidence: int(h.First.Confidence), Tx: tx.Hash.Text(c.chain.Family), Block: h.First.At.Block, Count: h.Count, ErrorRate: h.First.Rule.Info().ErrorRate}, nil
}
