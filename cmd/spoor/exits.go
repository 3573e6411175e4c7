package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"spoor/cluster/mixer"
	"spoor/graph"
	"spoor/graph/badger"
	"spoor/trace"
)

type exitsOptions struct {
	traceOptions
}

func (p *program) exitsCommand() *cobra.Command {
	var o exitsOptions
	cmd := &cobra.Command{
		Use:   "exits CASE.yaml | --seed REF...",
		Short: "List where stolen value could have left the mixers it went into",
		Long: `Trace a case, take every deposit of stolen value into a pool of a mixer, and list
the withdrawals that could be its exit, each by one rule:

  address_match        the recipient is the depositor
  shared_owner         clustering holds recipient and depositor for one owner
  denomination_counts  in a day each, the recipient took as many of at least two
                       denominations as the depositor gave, three or more in all
  amount_match         where any amount is taken: as much left, with the fee, as
                       the deposit brought in, or up to 5 thousandths less
  linked_address       at least three movements between recipient and depositor

An exit is a hypothesis, never a fact, and a trace follows none by itself. Its row
tells how many other withdrawals the rule cannot tell from it, how many other
deposits of the same depositor it could be the exit of (rivals), among how many
deposits it hides if nothing else is known, and at how many deposits the rule is
met by chance (withdrawals from before the deposit, which cannot be its exits).
The score is what chance leaves, shared among the candidates or the rivals. A
deposit without a candidate has a row of its own. Standard error tells what could
not be looked at. CoinJoins have no candidates: their outputs are alike.

spoor case link CASE.yaml FROM TO --rule TEXT accepts one; FROM and TO are in the
row. Counts are compared over all labelled pools that the store holds.`,
		Example: `  spoor exits case.yaml
  spoor exits --seed ethereum:0xTXHASH -o csv`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.file = args[0]
			}
			c, err := o.asked(cmd)
			if err != nil {
				return err
			}
			if m, err := trace.ParseMethod(cmp.Or(c.Method, "fifo")); err == nil && m.Ranks {
				return usagef("--method %s gives no amounts, and so no deposits", m.Name)
			}
			if c.Direction == trace.Backward {
				return usagef("direction %s asks where value came from; exits are where it went", c.Direction)
			}
			return o.run(cmd.Context(), p, c)
		},
	}
	o.addCase(cmd)
	o.output.addFlag(cmd)
	return cmd
}

func (o *exitsOptions) run(ctx context.Context, p *program, c trace.Case) error {
	labels, err := openLabelBook(o.labels)
	if err != nil {
		return err
	}
	var t *trace.Trace
	var found trace.Exits
	err = p.with(func(store *badger.Store) (err error) {
		known := trace.Known{}
		if known.Labels, err = labels.in(ctx, store); err != nil {
			return err
		}
		entities, err := o.entityBook(ctx, store, labels)
		if err != nil {
			return err
		}
		var done func() error
		known.Entities, done, err = entities.open(ctx)
		defer func() { err = errors.Join(err, done()) }()
		if err != nil {
			return err
		}
		pools, err := labels.mixerPools(ctx, store)
		if err != nil {
			return err
		}
		return withViews(ctx, store, func(views map[graph.ChainID]graph.View) error {
			if t, err = trace.Run(ctx, views, c, known); err != nil {
				return err
			}
			found, err = t.Exits(ctx, views, known, pools)
			return cmp.Or(labels.failed, err)
		})
	})
	if err != nil {
		return fmt.Errorf("exits: %w", err)
	}
	rows := exitRows(&found)
	if err := printRows(p.out, o.output, exitColumns(o.output), each(rows)); err != nil {
		return err
	}
	o.comment(p, t, &found)
	return cutShort(t)
}

// comment tells on standard error what the rows rest on.
func (o *exitsOptions) comment(p *program, t *trace.Trace, found *trace.Exits) {
	for _, note := range found.Notes {
		p.warn("note: %s", note)
	}
	for _, placebo := range found.Placebos {
		p.warn("placebo on %s: %s", graph.ChainOf(placebo.Chain).Alias, placebo.String())
	}
	candidates := 0
	for i := range found.Deposits {
		candidates += len(found.Deposits[i].Candidates)
	}
	mixed := false
	for i := range t.Stops {
		mixed = mixed || t.Stops[i].Reason == trace.StopMixer
	}
	switch {
	case !mixed:
		p.warn("nothing stolen went into a mixer that labels or rules know")
	case len(found.Deposits) == 0:
		p.warn("stolen value went into mixers, but into no pool that could be read")
	default:
		p.say("%d deposits of stolen value, %d candidate exits; none is followed by itself", len(found.Deposits), candidates)
	}
}

// An exitRow is a candidate exit of a deposit, or a deposit without any, as
// printed.
type exitRow struct {
	Chain          string  `json:"chain"`
	Pool           string  `json:"pool"`
	Asset          string  `json:"asset"`
	Symbol         string  `json:"symbol"`
	Decimals       *int    `json:"decimals"`
	Denomination   string  `json:"denomination_raw"` // "" for pools of any amount
	DepositTx      string  `json:"deposit_tx"`
	DepositAt      string  `json:"deposit_position"`
	DepositTime    string  `json:"deposit_time"`
	Deposited      string  `json:"deposit_raw"`
	Units          *string `json:"deposit"`
	Depositor      string  `json:"depositor"`
	Tainted        string  `json:"tainted_raw"` // of the movement that the deposit is part of
	Statement      string  `json:"statement"`
	Rule           string  `json:"rule"`
	Score          *int    `json:"score"`
	Others         *int    `json:"others"`
	Rivals         *int    `json:"rivals"`
	Anonymity      *int    `json:"anonymity_set"`
	LowerBound     bool    `json:"anonymity_is_lower_bound"`
	PlaceboMet     *int    `json:"placebo_met"`
	PlaceboOf      *int    `json:"placebo_of"`
	WithdrawalTx   string  `json:"withdrawal_tx"`
	WithdrawalAt   string  `json:"withdrawal_position"`
	WithdrawalTime string  `json:"withdrawal_time"`
	Withdrawn      string  `json:"withdrawal_raw"` // with the fee
	Recipient      string  `json:"recipient"`
	Relayer        string  `json:"relayer"`
	Fee            string  `json:"fee_raw"`
	Why            string  `json:"why"`
	From           string  `json:"from"` // what a link of the case names
	To             string  `json:"to"`
}

// noExit stands for the rule where none names a withdrawal.
const noExit = "none"

func exitRows(found *trace.Exits) (rows []exitRow) {
	for i := range found.Deposits {
		d := &found.Deposits[i]
		if len(d.Candidates) == 0 {
			row := depositedRow(d)
			row.Statement, row.Rule, row.Why = string(graph.Fact), noExit, "no rule names a withdrawal"
			rows = append(rows, row)
			continue
		}
		for j := range d.Candidates {
			c := &d.Candidates[j]
			row := depositedRow(d)
			row.exit(c)
			for _, p := range found.Placebos {
				if p.Chain == d.Step.Chain && p.Rule == c.Rule {
					row.PlaceboMet, row.PlaceboOf = &p.Met, &p.Deposits
				}
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// movementName is a movement as links name it.
func movementName(chain graph.Chain, tx graph.Hash, at graph.Position) string {
	return chain.Alias + ":" + tx.Text(chain.Family) + ":" + at.Seq.String()
}

func depositedRow(found *trace.MixedDeposit) exitRow {
	chain := graph.ChainOf(found.Step.Chain)
	pool, d := found.Pool, &found.Pool.Deposits[found.Deposit]
	r := exitRow{Chain: string(chain.ID), Pool: pool.Address.String(), Asset: pool.Asset.Asset.Text(), Symbol: pool.Asset.Symbol,
		DepositTx: d.Tx.Text(chain.Family), DepositAt: d.At.Seq.String(), DepositTime: timeText(d.Time), Deposited: d.Amount.Dec(), Depositor: d.Depositor.String(),
		Tainted: found.Step.Tainted.Dec(), LowerBound: found.LowerBound, From: movementName(chain, d.Tx, d.At)}
	if !pool.Variable() {
		r.Denomination = pool.Denomination.Dec()
	}
	if decimals := pool.Asset.Decimals; decimals >= 0 {
		units := graph.FormatUnits(d.Amount, uint8(decimals))
		r.Decimals, r.Units = &decimals, &units
	}
	return r
}

func (r *exitRow) exit(c *mixer.Candidate) {
	w := &c.Pool.Withdrawals[c.Withdrawal]
	chain := graph.ChainOf(c.Pool.Address.Chain)
	r.Statement, r.Rule, r.Score, r.Others, r.Rivals, r.Anonymity, r.Why = string(graph.Attributed), c.Rule, &c.Score, &c.Others, &c.Rivals, &c.Anonymity, c.Why
	r.WithdrawalTx, r.WithdrawalAt, r.WithdrawalTime, r.Withdrawn = w.Tx.Text(chain.Family), w.At.Seq.String(), timeText(w.Time), w.Amount.Dec()
	r.Recipient, r.Relayer, r.Fee, r.To = w.Recipient.String(), w.Relayer.String(), w.Fee.Dec(), movementName(chain, w.Tx, w.At)
}

func exitColumns(f format) []column[exitRow] {
	boolean := strconv.FormatBool
	all := []column[exitRow]{
		{"chain", false, func(r *exitRow) string { return r.Chain }},
		{"pool", false, func(r *exitRow) string { return r.Pool }},
		{"asset", false, func(r *exitRow) string { return r.Asset }},
		{"symbol", false, func(r *exitRow) string { return r.Symbol }},
		{"decimals", true, func(r *exitRow) string { return optional(r.Decimals) }},
		{"denomination_raw", true, func(r *exitRow) string { return r.Denomination }},
		{"deposit_tx", false, func(r *exitRow) string { return r.DepositTx }},
		{"deposit_position", false, func(r *exitRow) string { return r.DepositAt }},
		{"deposit_time", false, func(r *exitRow) string { return r.DepositTime }},
		{"deposit_raw", true, func(r *exitRow) string { return r.Deposited }},
		{"deposit", true, func(r *exitRow) string {
			switch {
			case r.Units != nil:
				return *r.Units
			case f == asTable:
				return r.Deposited + " base units"
			}
			return ""
		}},
		{"depositor", false, func(r *exitRow) string { return r.Depositor }},
		{"tainted_raw", true, func(r *exitRow) string { return r.Tainted }},
		{"statement", false, func(r *exitRow) string { return r.Statement }},
		{"rule", false, func(r *exitRow) string { return r.Rule }},
		{"score", true, func(r *exitRow) string { return optional(r.Score) }},
		{"others", true, func(r *exitRow) string { return optional(r.Others) }},
		{"rivals", true, func(r *exitRow) string { return optional(r.Rivals) }},
		{"anonymity_set", true, func(r *exitRow) string { return optional(r.Anonymity) }},
		{"anonymity_is_lower_bound", false, func(r *exitRow) string { return boolean(r.LowerBound) }},
		{"placebo_met", true, func(r *exitRow) string { return optional(r.PlaceboMet) }},
		{"placebo_of", true, func(r *exitRow) string { return optional(r.PlaceboOf) }},
		{"withdrawal_tx", false, func(r *exitRow) string { return r.WithdrawalTx }},
		{"withdrawal_position", false, func(r *exitRow) string { return r.WithdrawalAt }},
		{"withdrawal_time", false, func(r *exitRow) string { return r.WithdrawalTime }},
		{"withdrawal_raw", true, func(r *exitRow) string { return r.Withdrawn }},
		{"recipient", false, func(r *exitRow) string { return r.Recipient }},
		{"relayer", false, func(r *exitRow) string { return r.Relayer }},
		{"fee_raw", true, func(r *exitRow) string { return r.Fee }},
		{"why", false, func(r *exitRow) string { return r.Why }},
		{"from", false, func(r *exitRow) string { return r.From }},
		{"to", false, func(r *exitRow) string { return r.To }},
	}
	if f != asTable {
		return all
	}
	var columns []column[exitRow]
	for _, c := range all {
		switch c.name {
		case "deposit", "symbol", "deposit_time", "rule", "score", "others", "rivals", "anonymity_set", "placebo_met", "placebo_of", "withdrawal_time", "recipient", "why", "from", "to":
			columns = append(columns, c)
		}
	}
	return columns
}
