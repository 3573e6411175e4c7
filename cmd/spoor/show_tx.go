package main

import (
	"fmt"
	"io"
	"strings"

	"spoor/graph"
	"spoor/report"
)

// A txSighting is a transaction of one chain. A hash names several where early
// coinbases repeat one.
type txSighting struct {
	Chain     string          `json:"chain"`
	Hash      string          `json:"tx_hash"`
	Block     uint32          `json:"block"`
	BlockHash string          `json:"block_hash"`
	Time      string          `json:"time"`
	TxIndex   string          `json:"tx_index"`
	Failed    bool            `json:"failed"`
	Form      *report.FormRow `json:"form,omitempty"` // of a UTXO transaction
	Coverage  *coverageRow    `json:"coverage"`
	surety
	Transfers []transferRow `json:"transfers"`
	Events    []eventRow    `json:"events"`
}

type txSightings []txSighting

func lookTx(chain graph.Chain, view graph.View, hash graph.Hash) (sighting, error) {
	places, err := view.FindTx(hash)
	if err != nil {
		return nil, err
	}
	if len(places) == 0 {
		return nil, fmt.Errorf("transaction %s: %w", hash, graph.ErrNotFound)
	}
	texts := newTranslator(chain, view)
	var found txSightings
	for _, at := range places {
		header, err := view.Header(at.Block)
		if err != nil {
			return nil, err
		}
		s, err := seeTx(texts, header, at)
		if err != nil {
			return nil, err
		}
		if s.Coverage, err = coverageAt(view, at.Block); err != nil {
			return nil, err
		}
		if s.surety, err = suretyAt(chain, view, at.Block); err != nil {
			return nil, err
		}
		found = append(found, s)
	}
	return found, nil
}

func seeTx(texts *translator, header graph.Header, at graph.Position) (txSighting, error) {
	tx, err := texts.view.Tx(at)
	if err != nil {
		return txSighting{}, err
	}
	s := txSighting{
		Chain: string(texts.chain.ID), Hash: tx.Hash.Text(texts.chain.Family), Block: at.Block, BlockHash: header.Hash.Text(texts.chain.Family),
		Time: timeText(tx.Time), TxIndex: txIndexText(at.Tx), Failed: tx.Failed, Form: report.NewFormRow(texts.chain, tx.Form), Transfers: []transferRow{}, Events: []eventRow{},
	}
	for i := range tx.Events {
		s.Events = append(s.Events, newEventRow(texts.chain, statedIn(&tx, i)))
	}
	for i := range tx.Moves {
		row, err := texts.row(header, &tx, &tx.Moves[i])
		if err != nil {
			return s, err
		}
		s.Transfers = append(s.Transfers, row)
	}
	return s, nil
}

func (found txSightings) print(w io.Writer, f format) error {
	if f == asJSON {
		return writeJSON(w, []txSighting(found))
	}
	var rows []transferRow
	for _, s := range found {
		if f == asTable {
			var about strings.Builder
			fmt.Fprintf(&about, "transaction %s on %s\nblock %d, index %s, %s\n", s.Hash, s.Chain, s.Block, s.TxIndex, s.Time)
			if s.Failed {
				about.WriteString("failed: only its fees moved\n")
			}
			if s.Form != nil {
				fmt.Fprintf(&about, "form: %s\n", s.Form)
			}
			fmt.Fprintf(&about, "known: %s\n%s\n", s.Coverage.text(), s.doubt())
			if _, err := io.WriteString(w, about.String()); err != nil {
				return err
			}
			if err := printRows(w, f, transferColumns(f, false), each(s.Transfers)); err != nil {
				return err
			}
			if err := printEvents(w, s.Events, 0); err != nil {
				return err
			}
		}
		rows = append(rows, s.Transfers...)
	}
	if f == asTable {
		return nil
	}
	return printRows(w, f, transferColumns(f, false), each(rows))
}
