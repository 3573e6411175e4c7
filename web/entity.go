package web

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"spoor/cluster"
	"spoor/graph"
)

// EntityInput asks for the owner of an address.
type EntityInput struct {
	Asked
	Chain   string `path:"chain" doc:"Alias or CAIP-2 id"`
	Address string `path:"address"`
	Other   string `query:"other" doc:"Another address: why are they one owner's, or why not?"`
	After   string `query:"after" doc:"Member to go on after, from next of the answer before; CSV has all members always"`
	Limit   int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"Members of one answer"`
}

// entityBody is what is known of the owner of an address.
type entityBody struct {
	Chain        string      `json:"chain"`
	ChainName    string      `json:"chain_name"`
	Address      string      `json:"address"`
	Missing      string      `json:"missing" doc:"Why entities are not known; then the address stands alone here"`
	Entity       string      `json:"entity" doc:"The smallest address of the entity, which names it"`
	Block        uint32      `json:"block" doc:"Of the last evidence looked at"`
	Behind       uint32      `json:"blocks_behind" doc:"Blocks that the ledger has above it"`
	Counted      []string    `json:"rules_counted" doc:"Rules by which entities were computed"`
	Addresses    int         `json:"addresses" doc:"By all rules"`
	ByCoSpend    int         `json:"addresses_by_cospend" doc:"That co-spends alone join with the one asked for"`
	Rules        []ruleRow   `json:"rules" doc:"That hold it together"`
	Deposit      *depositRow `json:"deposit" doc:"The address asked for is a customer's at an exchange"`
	Labels       []saidRow   `json:"labels" doc:"Of every member"`
	Held         []heldRow   `json:"held_back" doc:"Evidence that would have joined it with others, the first 50"`
	MoreHeld     int         `json:"more_held_back"`
	Why          *whyBody    `json:"why" doc:"null unless other is asked for"`
	Links        []linkRow   `json:"links" doc:"Relations of the address, which join nobody"`
	TooManyLinks bool        `json:"too_many_links" doc:"More than 1000 events are about the address: spoor entity lists its links"`
	Members      []memberRow `json:"members" doc:"In the order of addresses"`
	Unread       int         `json:"members_unread" doc:"Members that were not looked up: more than one request may read"`
	Next         string      `json:"next" doc:"Value of after for the next page, empty at the end"`
	Statement    string      `json:"statement" doc:"Rules join addresses, with confidences"`

	In      *EntityInput `json:"-"`
	NextURL string       `json:"-"`
	CSVURL  string       `json:"-"`
	JSONURL string       `json:"-"`
}

// saidRow is a label of a member.
type saidRow struct {
	Address string `json:"address"`
	CoSpend bool   `json:"by_cospend"`
	labelRow
}

// whyBody says why two addresses are taken for one owner's, or are not.
type whyBody struct {
	Other  string    `json:"other"`
	Joined bool      `json:"joined"`
	Steps  []whyRow  `json:"steps" doc:"The shortest chain of evidence, if they are joined"`
	Held   []heldRow `json:"held_back" doc:"If they are not: the evidence on the shortest way that was held back"`
}

// maxHeld bounds the held-back evidence of one answer.
const maxHeld = 50

func (*entityBody) template() string { return "entity" }

func (b *entityBody) rows() ([]string, iter.Seq[[]string]) {
	return []string{"entity", "chain", "address", "by_cospend", "labels"}, func(yield func([]string) bool) {
		for _, m := range b.Members {
			var said []string
			for _, l := range m.Labels {
				said = append(said, fmt.Sprintf("%s (%s; %s; %d)", l.Name, l.Category, l.Source, l.Confidence))
			}
			if !yield([]string{b.Entity, b.Chain, m.Address, strconv.FormatBool(m.CoSpend), strings.Join(said, " | ")}) {
				return
			}
		}
	}
}

func (s *Server) routeEntity(api huma.API) {
	register(s, api, get("entity", "/entity/{chain}/{address}", "The owner of an address: the other addresses, the rules and evidence that join them, and what was held back"), s.getEntity)
}

func (s *Server) getEntity(ctx context.Context, in *EntityInput) (*output[*entityBody], error) {
	b := &entityBody{In: in, Counted: []string{}, Rules: []ruleRow{}, Labels: []saidRow{}, Held: []heldRow{}, Members: []memberRow{}, Statement: string(graph.Attributed),
		CSVURL: in.with("format", "csv"), JSONURL: in.with("format", "json")}
	err := s.view(ctx, in.Chain, func(l *ledger) error {
		address, err := graph.ParseAddress(l.chain, in.Address)
		if err != nil {
			return asked("%w", err)
		}
		other := graph.Address{}
		if in.Other != "" {
			if other, err = graph.ParseAddress(l.chain, in.Other); err != nil {
				return asked("other: %w", err)
			}
			if other == address {
				return asked("%s is named twice", address)
			}
		}
		after := graph.Address{}
		if in.After != "" {
			if after, err = graph.ParseAddress(l.chain, in.After); err != nil {
				return asked("after: %w", err)
			}
		}
		if _, err := l.view.ID(address); err != nil {
			return fmt.Errorf("%s on %s: %w", address, l.chain.Alias, err)
		}
		b.Chain, b.ChainName, b.Address, b.Entity, b.Addresses, b.ByCoSpend = string(l.chain.ID), l.chain.Name, address.String(), address.String(), 1, 1
		if b.Links, b.TooManyLinks, err = l.links(ctx, address); err != nil {
			return err
		}
		err = l.reading.owners(ctx, l.chain, func(o Owners) error {
			return b.read(ctx, l, &o, address, other, after, s.c.Limits.Scan)
		})
		if errors.Is(err, ErrNoEntities) {
			b.Missing = err.Error()
			b.Members = append(b.Members, memberRow{address.String(), true, labelRows(l.labels(address))})
			return nil
		}
		return err
	})
	if b.Next != "" {
		b.NextURL = in.with("after", b.Next)
	}
	return &output[*entityBody]{Body: b}, err
}

// read fills in what the entities say.
func (b *entityBody) read(ctx context.Context, l *ledger, o *Owners, address, other, after graph.Address, budget int) error {
	tip, _ := o.Tip() // of an empty log block 0
	b.Block, b.Behind, b.Counted = tip.Height, o.Behind, o.Rules().Names()
	id, err := o.View.ID(address)
	if err != nil {
		return fmt.Errorf("%s on %s: %w", address, l.chain.Alias, err)
	}
	counts, err := o.RulesOf(ctx, id)
	if err != nil {
		return err
	}
	for _, n := range counts {
		b.Rules = append(b.Rules, ruleRow{n.Rule.String(), n.Rule.Info().Sentence, n.Evidence, int(n.Confidence), rateOf(n.Rule)})
	}
	if err := errors.Join(b.deposit(o, id), b.members(l, o, id, after, budget), b.holdings(ctx, o, id)); err != nil {
		return err
	}
	if !other.IsZero() {
		return b.why(ctx, l, o, id, other)
	}
	return nil
}

// members lists a page of the addresses of an entity, by address.
func (b *entityBody) members(l *ledger, o *Owners, id graph.ID, after graph.Address, budget int) error {
	names, err := o.Names([]graph.ID{id})
	if err != nil {
		return err
	}
	b.Entity = names[id].String()
	for _, claim := range o.Claims(id) {
		b.Labels = append(b.Labels, saidRow{claim.Label.Address.String(), claim.CoSpend, labelRows([]graph.Label{claim.Label})[0]})
	}
	members := o.Members(id)
	b.Addresses, b.ByCoSpend = len(members), 0
	for _, m := range members {
		if o.SameByCoSpend(id, m) {
			b.ByCoSpend++
		}
	}
	if b.Unread = max(len(members)-budget, 0); b.Unread > 0 {
		if b.In.kind == asCSV {
			return asked("the entity has %d addresses, more than one request may read; spoor entity --limit 0 -o csv lists all", len(members))
		}
		members = members[:budget]
	}
	type member struct {
		address graph.Address
		coSpend bool
	}
	list := make([]member, len(members))
	for i, m := range members {
		a, err := o.View.Address(m)
		if err != nil {
			return err
		}
		list[i] = member{a, o.SameByCoSpend(id, m)}
	}
	slices.SortFunc(list, func(a, b member) int { return a.address.Compare(b.address) })
	limit := b.In.Limit
	if b.In.kind == asCSV {
		after, limit = graph.Address{}, len(list)
	}
	from, _ := slices.BinarySearchFunc(list, after, func(m member, a graph.Address) int {
		if c := m.address.Compare(a); c != 0 {
			return c
		}
		return -1 // what follows it
	})
	for _, m := range list[from:min(from+limit, len(list))] {
		b.Members = append(b.Members, memberRow{m.address.String(), m.coSpend, labelRows(l.labels(m.address))})
	}
	if from+limit < len(list) {
		b.Next = list[from+limit-1].address.String()
	}
	return nil
}

func (b *entityBody) deposit(o *Owners, id graph.ID) error {
	d, ok := o.Deposit(id)
	if !ok {
		return nil
	}
	wallet, err := o.View.Address(d.Wallet)
	if err != nil {
		return err
	}
	b.Deposit = &depositRow{Claim(d.Exchange), wallet.String(), len(d.Users), d.Forwards, int(d.Confidence), rateOf(cluster.DepositReuse)}
	return nil
}

// holdings lists the evidence that would have joined the entity with others.
func (b *entityBody) holdings(ctx context.Context, o *Owners, id graph.ID) error {
	held, err := o.Held(ctx)
	if err != nil {
		return err
	}
	for i := range held {
		h := &held[i]
		if !o.Same(id, h.A) && !o.Same(id, h.B) {
			continue
		}
		if len(b.Held) == maxHeld {
			b.MoreHeld++
			continue
		}
		row, err := o.held(h)
		if err != nil {
			return err
		}
		b.Held = append(b.Held, row)
	}
	return nil
}

func (b *entityBody) why(ctx context.Context, l *ledger, o *Owners, id graph.ID, other graph.Address) error {
	to, err := o.View.ID(other)
	if err != nil {
		return fmt.Errorf("%s on %s: %w", other, l.chain.Alias, err)
	}
	b.Why = &whyBody{Other: other.String(), Joined: o.Same(id, to), Steps: []whyRow{}, Held: []heldRow{}}
	steps, err := o.Why(ctx, id, to)
	if err != nil {
		return err
	}
	for i := range steps {
		row, err := o.step(i+1, &steps[i])
		if err != nil {
			return err
		}
		b.Why.Steps = append(b.Why.Steps, row)
	}
	held, err := o.Between(ctx, id, to)
	if err != nil {
		return err
	}
	for i := range held {
		row, err := o.held(&held[i])
		if err != nil {
			return err
		}
		b.Why.Held = append(b.Why.Held, row)
	}
	return nil
}
