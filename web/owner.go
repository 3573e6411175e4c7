package web

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	"spoor/cluster"
	"spoor/graph"
)

// entityRef names the owner of an address.
type entityRef struct {
	ID        string `json:"id" doc:"Its smallest address"`
	Size      int    `json:"size" doc:"Addresses, by all rules"`
	Statement string `json:"statement" doc:"Rules join addresses, with confidences"`
	URL       string `json:"url"`
}

// glance is how long an answer that is about something else waits for entities,
// which may have to be computed first.
const glance = time.Second

// ownersOf names the owners of some addresses that are not alone, by address,
// and says why it cannot.
func (l *ledger) ownersOf(ctx context.Context, addresses ...graph.Address) (refs map[graph.Address]*entityRef, missing string, err error) {
	refs = map[graph.Address]*entityRef{}
	short, done := context.WithTimeout(ctx, glance)
	defer done()
	err = l.reading.owners(short, l.chain, func(o Owners) error {
		of := map[graph.Address]graph.ID{}
		var ids []graph.ID
		for _, a := range addresses {
			id, err := o.View.ID(a)
			if errors.Is(err, graph.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if !o.Alone(id) {
				of[a], ids = id, append(ids, id)
			}
		}
		names, err := o.Names(ids)
		if err != nil {
			return err
		}
		for a, id := range of {
			refs[a] = &entityRef{names[id].String(), o.Size(id), string(graph.Attributed), entityPath(a)}
		}
		return nil
	})
	switch {
	case errors.Is(err, ErrNoEntities):
		return refs, err.Error(), nil
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		return refs, "entities are being computed; ask again", nil
	}
	return refs, "", err
}

func entityPath(a graph.Address) string {
	return "/entity/" + graph.ChainOf(a.Chain).Alias + "/" + url.PathEscape(a.String())
}

// rateOf is what was measured of a rule, for people.
func rateOf(r cluster.Rule) string { return cmp.Or(r.Info().ErrorRate, "not measured") }

// ruleRow is how much evidence of a rule holds an entity together.
type ruleRow struct {
	Rule       string `json:"rule"`
	Sentence   string `json:"sentence"`
	Evidence   uint64 `json:"evidence" doc:"Pieces"`
	Confidence int    `json:"least_confidence"`
	ErrorRate  string `json:"error_rate" doc:"As measured"`
}

// depositRow says that an address is a customer's at an exchange.
type depositRow struct {
	Exchange   Claim  `json:"exchange" doc:"As labels name it"`
	Wallet     string `json:"wallet" doc:"That it forwards to"`
	Users      int    `json:"users"`
	Forwards   int    `json:"forwards"`
	Confidence int    `json:"confidence"`
	ErrorRate  string `json:"error_rate"`
}

// memberRow is an address of an entity.
type memberRow struct {
	Address string     `json:"address"`
	CoSpend bool       `json:"by_cospend" doc:"Co-spends alone join it with the address asked for"`
	Labels  []labelRow `json:"labels"`
}

// heldRow is evidence between two entities that did not join them.
type heldRow struct {
	Reason     string `json:"reason" enum:"veto,different owners,two large entities"`
	A          string `json:"a"`
	SizeA      int    `json:"a_addresses"`
	OwnerA     Claim  `json:"a_owner"`
	B          string `json:"b"`
	SizeB      int    `json:"b_addresses"`
	OwnerB     Claim  `json:"b_owner"`
	Rule       string `json:"rule"`
	Confidence int    `json:"confidence"`
	ErrorRate  string `json:"error_rate"`
	Tx         string `json:"tx_hash"`
	Block      uint32 `json:"block"`
	Count      uint64 `json:"pieces" doc:"Of evidence between the two; the first is shown"`
}

// whyRow is one piece of evidence in a chain from one address to another.
type whyRow struct {
	Step       int    `json:"step"`
	From       string `json:"from"`
	To         string `json:"to"`
	Rule       string `json:"rule"`
	Sentence   string `json:"sentence"`
	Confidence int    `json:"confidence"`
	ErrorRate  string `json:"error_rate"`
	Block      uint32 `json:"block"`
	Time       string `json:"time"`
	Tx         string `json:"tx_hash"`
}

// linkRow is a relation of an address that joins nobody.
type linkRow struct {
	Role       string `json:"role"`
	Subject    string `json:"subject"`
	Object     string `json:"object" doc:"Is the role of the subject"`
	Rule       string `json:"rule"`
	Confidence int    `json:"confidence"`
	Block      uint32 `json:"block"`
	Until      string `json:"until_block" doc:"Empty if it has not ended"`
	Tx         string `json:"tx_hash"`
}

func (o *Owners) held(h *cluster.Held) (r heldRow, err error) {
	a, err := o.View.Address(h.A)
	if err != nil {
		return r, err
	}
	b, err := o.View.Address(h.B)
	if err != nil {
		return r, err
	}
	tx, err := o.View.Tx(h.First.At)
	if err != nil {
		return r, err
	}
	return heldRow{h.Reason, a.String(), h.SizeA, Claim(h.OwnerA), b.String(), h.SizeB, Claim(h.OwnerB), h.First.Rule.String(), int(h.First.Confidence), rateOf(h.First.Rule),
		tx.Hash.Text(o.Chain().Family), h.First.At.Block, h.Count}, nil
}

func (o *Owners) step(n int, s *cluster.Step) (r whyRow, err error) {
	from, err := o.View.Address(s.From)
	if err != nil {
		return r, err
	}
	to, err := o.View.Address(s.To)
	if err != nil {
		return r, err
	}
	tx, err := o.View.Tx(s.Evidence.At)
	if err != nil {
		return r, err
	}
	rule := s.Evidence.Rule
	return whyRow{n, from.String(), to.String(), rule.String(), rule.Info().Sentence, int(s.Evidence.Confidence), rateOf(rule), s.Evidence.At.Block, instant(tx.Time), tx.Hash.Text(o.Chain().Family)}, nil
}

// maxLinks bounds the events of an address of which its links are told: a
// factory has made millions.
const maxLinks = 1000

// links are the relations of an address, and whether there are too many to tell;
// UTXO ledgers have none.
func (l *ledger) links(ctx context.Context, a graph.Address) (rows []linkRow, tooMany bool, err error) {
	rows = []linkRow{}
	if l.chain.Family != graph.AccountFamily {
		return rows, false, nil
	}
	events := 0
	for _, err := range l.view.Events(ctx, a, graph.Position{}) {
		if err != nil {
			return nil, false, err
		}
		if events++; events > maxLinks {
			return rows, true, nil
		}
	}
	links, err := cluster.Links(ctx, l.view, a)
	if err != nil {
		return nil, false, err
	}
	for _, k := range links {
		r := linkRow{k.Role.String(), k.Subject.String(), k.Object.String(), k.Rule, k.Confidence, k.At.Block, "", k.Tx.Text(l.chain.Family)}
		if k.Until != (graph.Position{}) {
			r.Until = strconv.FormatUint(uint64(k.Until.Block), 10)
		}
		rows = append(rows, r)
	}
	return rows, false, nil
}
