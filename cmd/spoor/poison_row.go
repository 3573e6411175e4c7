package main

import (
	"context"
	"fmt"
	"io"

	"spoor/cluster"
	"spoor/graph"
)

// A poisonRow is a movement in an address's history that is no dealing: somebody
// made it to have an address copied.
type poisonRow struct {
	Time      string `json:"time"`
	TxHash    string `json:"tx_hash"`
	Position  string `json:"position"`
	Kind      string `json:"kind"` // zero_value, dust or counterfeit
	Peer      string `json:"peer"`
	Imitates  string `json:"imitates"`   // "" of a zero amount that looks like nobody
	Genuine   string `json:"genuine_tx"` // in which that one was dealt with
	Rule      string `json:"rule"`
	Statement string `json:"statement"`
	ErrorRate string `json:"error_rate"` // of the rule, as measured
}

var poisonColumns = []column[poisonRow]{
	{"time", false, func(r *poisonRow) string { return r.Time }},
	{"tx_hash", false, func(r *poisonRow) string { return r.TxHash }},
	{"position", false, func(r *poisonRow) string { return r.Position }},
	{"kind", false, func(r *poisonRow) string { return r.Kind }},
	{"peer", false, func(r *poisonRow) string { return r.Peer }},
	{"imitates", false, func(r *poisonRow) string { return r.Imitates }},
	{"genuine_tx", false, func(r *poisonRow) string { return r.Genuine }},
	{"statement", false, func(r *poisonRow) string { return r.Statement }},
}

// lookPoison finds what poisons the history of the address.
func (s *addressSighting) lookPoison(ctx context.Context, texts *translator, id graph.ID, limit int) error {
	s.Poison = []poisonRow{}
	if texts.chain.Family != graph.AccountFamily {
		return nil
	}
	params := cluster.DefaultPoisonParams()
	found, err := cluster.Poisoned(ctx, texts.view, id, graph.MaxPosition, params)
	if err != nil {
		return err
	}
	s.poisoned = make(map[string]bool, len(found))
	for i := range found {
		s.poisoned[found[i].At.String()] = true
		if limit > 0 && len(s.Poison) == limit {
			s.MorePoison++
			continue
		}
		row, err := newPoisonRow(texts, &found[i], params)
		if err != nil {
			return err
		}
		s.Poison = append(s.Poison, row)
	}
	return nil
}

func newPoisonRow(texts *translator, p *cluster.Poison, params cluster.PoisonParams) (row poisonRow, err error) {
	tx, err := texts.view.Tx(p.At)
	if err != nil {
		return row, err
	}
	row = poisonRow{Time: timeText(tx.Time), TxHash: tx.Hash.Text(texts.chain.Family), Position: p.At.String(), Kind: p.Kind.String(),
		Rule: fmt.Sprintf("%s (%s)", cluster.PoisonRule, params), Statement: string(graph.Attributed), ErrorRate: cluster.ErrorRate(cluster.PoisonRule)}
	if row.Peer, err = texts.address(p.Peer); err != nil {
		return row, err
	}
	if p.Imitates == 0 {
		return row, nil
	}
	genuine, err := texts.view.Tx(p.Genuine)
	if err != nil {
		return row, err
	}
	row.Genuine = genuine.Hash.Text(texts.chain.Family)
	row.Imitates, err = texts.address(p.Imitates)
	return row, err
}

// dealings are the transfers that do not poison.
func (s *addressSighting) dealings() []transferRow {
	var rows []transferRow
	for _, r := range s.Transfers {
		if !s.poisoned[r.Position] {
			rows = append(rows, r)
		}
	}
	return rows
}

// printPoison writes what poisons the history, for people.
func (s *addressSighting) printPoison(w io.Writer) error {
	if len(s.Poison) == 0 {
		return nil
	}
	params := cluster.DefaultPoisonParams()
	if _, err := fmt.Fprintf(w, "\naddress poisoning, which is no dealing: rule %s (%s); %s\n",
		cluster.PoisonRule, params, cluster.ErrorRate(cluster.PoisonRule)); err != nil {
		return err
	}
	if err := printRows(w, asTable, poisonColumns, each(s.Poison)); err != nil {
		return err
	}
	if s.MorePoison > 0 {
		_, err := fmt.Fprintf(w, "and %d more: --limit 0 shows all\n", s.MorePoison)
		return err
	}
	return nil
}
