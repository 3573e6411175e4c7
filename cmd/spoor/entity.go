package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"spoor/cluster"
	"spoor/graph"
	"spoor/graph/badger"
)

type entityOptions struct {
	ruleFlags
	output format
	limit  int
	across bool
}

func (p *program) entityCommand() *cobra.Command {
	var o entityOptions
	cmd := &cobra.Command{
		Use:   "entity ADDRESS",
		Short: "Tell what is known of the owner of an address",
		Long: `Tell what is known of the owner of an address: the other addresses, how many
there are by co-spends only and with all rules, the rules that join them, the
labels of each with their sources, and whether the address is the deposit
address of an exchange. An entity is named by its smallest address. With
--across it spans the EVM chains of the store: the account of one key is one
owner's on all of them. A contract is not.

Links of the address (who funded it, made it, may sign for it, or what it runs)
are listed beside it: they are relations, and join nobody.`,
		Example: "  spoor entity bitcoin:ADDRESS\n  spoor entity ADDRESS -o csv --limit 0",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			choice, err := o.choice(cmd)
			if err != nil {
				return err
			}
			if o.limit < 0 {
				return usagef("--limit %d: want 0 or more", o.limit)
			}
			return p.with(func(store *badger.Store) error { return o.run(cmd.Context(), p, store, choice, args[0]) })
		},
	}
	o.output.addFlag(cmd)
	o.add(cmd)
	cmd.Flags().BoolVar(&o.across, "across", false, "join accounts of one key on the EVM chains of the store")
	cmd.Flags().IntVar(&o.limit, "limit", 100, "addresses shown, those with labels first; 0 for all")
	return cmd
}

// An entitySighting is an owner as its addresses show it.
type entitySighting struct {
	Entity    string      `json:"entity"` // the smallest address
	Chain     string      `json:"chain"`
	Block     uint32      `json:"block"` // of the last evidence looked at
	Addresses int         `json:"addresses"`
	ByCoSpend int         `json:"addresses_by_cospend"` // that co-spends alone join with the one asked for
	Rules     []countRow  `json:"rules"`
	Deposit   *depositRow `json:"deposit"` // the address asked for is one
	Members   []memberRow `json:"members"`
	NotShown  int         `json:"not_shown"`
	Labels    []labelRow  `json:"labels"`
	Links     []linkRow   `json:"links"`
}

type countRow struct {
	Rule       string `json:"rule"`
	Evidence   uint64 `json:"evidence"`
	Confidence int    `json:"least_confidence"`
	ErrorRate  string `json:"error_rate"`
}

type depositRow struct {
	Exchange   string `json:"exchange"` // as labels name it
	Wallet     string `json:"wallet"`   // that it forwards to
	Users      int    `json:"users"`
	Forwards   int    `json:"forwards"`
	Confidence int    `json:"confidence"`
	ErrorRate  string `json:"error_rate"`
}

type memberRow struct {
	Entity  string `json:"entity"`
	Chain   string `json:"chain"`
	Address string `json:"address"`
	CoSpend bool   `json:"by_cospend"`
	SameKey int    `json:"same_key_confidence"` // as an account of a key on another chain; 0: of this chain
	Labels  string `json:"labels"`
}

var memberColumns = []column[memberRow]{
	{"entity", false, func(r *memberRow) string { return r.Entity }},
	{"chain", false, func(r *memberRow) string { return r.Chain }},
	{"address", false, func(r *memberRow) string { return r.Address }},
	{"by_cospend", false, func(r *memberRow) string { return strconv.FormatBool(r.CoSpend) }},
	{"same_key_confidence", true, func(r *memberRow) string { return strconv.Itoa(r.SameKey) }},
	{"labels", false, func(r *memberRow) string { return r.Labels }},
}

func (o *entityOptions) run(ctx context.Context, p *program, store *badger.Store, choice cluster.Choice, text string) (err error) {
	ref, err := parseReference(text)
	if err != nil {
		return err
	}
	if ref.isHeight || !ref.hash.IsZero() {
		return usagef("%.100q is no address", text)
	}
	chain, err := chainWith(ctx, store, ref.chain, ref.text)
	if err != nil {
		return err
	}
	address, err := graph.ParseAddress(chain, ref.text)
	if err != nil {
		return usagef("%w", err)
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
	s, err := o.look(ctx, c, address)
	if err != nil {
		return err
	}
	if err := s.link(ctx, c, address); err != nil {
		return err
	}
	if o.across {
		if err := o.span(ctx, store, c, choice, labels, address, s); err != nil {
			return err
		}
	}
	switch o.output {
	case asJSON:
		return writeJSON(p.out, s)
	case asTable:
		return s.print(p.out)
	}
	return printRows(p.out, o.output, memberColumns, each(s.Members))
}

func (o *entityOptions) look(ctx context.Context, c *clustered, address graph.Address) (*entitySighting, error) {
	id, err := c.view.ID(address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	names, err := c.Names([]graph.ID{id})
	if err != nil {
		return nil, err
	}
	tip, _ := c.Tip() // of an empty log block 0
	s := &entitySighting{Entity: names[id].String(), Chain: string(c.chain.ID), Block: tip.Height, Rules: []countRow{}, Members: []memberRow{}, Labels: []labelRow{}, Links: []linkRow{}}
	counts, err := c.RulesOf(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, n := range counts {
		s.Rules = append(s.Rules, countRow{n.Rule.String(), n.Evidence, int(n.Confidence), n.Rule.Info().ErrorRate})
	}
	if d, ok := c.Deposit(id); ok {
		wallet, err := c.view.Address(d.Wallet)
		if err != nil {
			return nil, err
		}
		s.Deposit = &depositRow{d.Exchange, wallet.String(), len(d.Users), d.Forwards, int(d.Confidence), cluster.DepositReuse.Info().ErrorRate}
	}
	if err := o.members(c, id, s); err != nil {
		return nil, err
	}
	return s, nil
}

// members lists the addresses of an entity, those with labels first.
func (o *entityOptions) members(c *clustered, id graph.ID, s *entitySighting) error {
	said := make(map[graph.ID]string)
	for _, claim := range c.Claims(id) {
		l := &claim.Label
		if said[claim.Member] != "" {
			said[claim.Member] += " | "
		}
		said[claim.Member] += fmt.Sprintf("%s (%s; %s; %d)", l.Name, l.Category, l.Source, l.Confidence)
		s.Labels = append(s.Labels, newLabelRow(l))
	}
	type member struct {
		address graph.Address
		id      graph.ID
	}
	var list []member
	for _, m := range c.Members(id) {
		a, err := c.view.Address(m)
		if err != nil {
			return err
		}
		list = append(list, member{a, m})
		s.Addresses++
		if c.SameByCoSpend(id, m) {
			s.ByCoSpend++
		}
	}
	slices.SortFunc(list, func(a, b member) int {
		if x, y := said[a.id] == "", said[b.id] == ""; x != y {
			if x {
				return 1
			}
			return -1
		}
		return a.address.Compare(b.address)
	})
	if o.limit > 0 && len(list) > o.limit {
		s.NotShown = len(list) - o.limit
		list = list[:o.limit]
	}
	for _, m := range list {
		s.Members = append(s.Members, memberRow{s.Entity, s.Chain, m.address.String(), c.SameByCoSpend(id, m.id), 0, said[m.id]})
	}
	return nil
}

// print writes the sighting for people.
func (s *entitySighting) print(w io.Writer) error {
	line := func(format string, args ...any) {
		_, _ = fmt.Fprintf(w, format+"\n", args...) // the last write tells
	}
	line("entity %s of %s, as of block %d", s.Entity, s.Chain, s.Block)
	line("addresses: %d by co-spends only, %d by all rules", s.ByCoSpend, s.Addresses)
	for _, r := range s.Rules {
		line("rule: %s, %d pieces of evidence, confidence %d or more, error rate %s", r.Rule, r.Evidence, r.Confidence, r.ErrorRate)
	}
	if d := s.Deposit; d != nil {
		exchange := d.Exchange
		if exchange == "" {
			exchange = "an exchange without a name"
		}
		line("deposit address of %s: forwards to %s, %d forwards seen for %d payers, confidence %d, error rate %s", printable(exchange), d.Wallet, d.Forwards, d.Users, d.Confidence, d.ErrorRate)
	}
	if slices.ContainsFunc(s.Members, func(m memberRow) bool { return m.SameKey > 0 }) {
		line("rule: %s, error rate %s", cluster.SameKey, cluster.ErrorRate(cluster.SameKey))
	}
	line("")
	if len(s.Links) > 0 {
		if err := printRows(w, asTable, linkColumns, each(s.Links)); err != nil {
			return err
		}
		line("")
	}
	if err := printRows(w, asTable, memberColumns[1:], each(s.Members)); err != nil {
		return err
	}
	if s.NotShown > 0 {
		_, err := fmt.Fprintf(w, "%d more are not shown; --limit 0 shows all\n", s.NotShown)
		return err
	}
	return nil
}
