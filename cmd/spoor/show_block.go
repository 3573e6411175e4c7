package main

import (
	"fmt"
	"io"

	"spoor/graph"
)

// A blockSighting is a block of one chain.
type blockSighting struct {
	Chain        string       `json:"chain"`
	Block        uint32       `json:"block"`
	Hash         string       `json:"block_hash"`
	Parent       string       `json:"parent_hash"`
	Time         string       `json:"time"`
	Transactions int          `json:"transactions"`
	Coverage     *coverageRow `json:"coverage"`
	surety
	Transfers []transferRow `json:"transfers"`
}

func lookBlock(chain graph.Chain, view graph.View, height uint32) (sighting, error) {
	block, err := view.Block(height)
	if err != nil {
		return nil, err
	}
	s := &blockSighting{
		Chain: string(chain.ID), Block: height, Hash: block.Hash.Text(chain.Family), Parent: block.Parent.Text(chain.Family),
		Time: timeText(block.Time), Transactions: len(block.Txs), Transfers: []transferRow{},
	}
	if s.surety, err = suretyAt(chain, view, height); err != nil {
		return nil, err
	}
	texts := newTranslator(chain, view)
	for i := range block.Txs {
		tx, err := seeTx(texts, block.Header, graph.Position{Block: height, Tx: block.Txs[i].Index})
		if err != nil {
			return nil, err
		}
		s.Transfers = append(s.Transfers, tx.Transfers...)
	}
	s.Coverage, err = coverageAt(view, height)
	return s, err
}

func (s *blockSighting) print(w io.Writer, f format) error {
	switch f {
	case asJSON:
		return writeJSON(w, []*blockSighting{s})
	case asTable:
		_, err := fmt.Fprintf(w, "block %d on %s, %s\nhash %s, parent %s\n%d transactions, %d transfers\nknown: %s\n%s\n",
			s.Block, s.Chain, s.Time, orUnknown(s.Hash), orUnknown(s.Parent), s.Transactions, len(s.Transfers), s.Coverage.text(), s.doubt())
		if err != nil {
			return err
		}
	}
	return printRows(w, f, transferColumns(f, false), each(s.Transfers))
}

// surety is how sure a block is, as far as the store can tell: it does not know
// what else is on the chain.
type surety struct {
	Above       uint32 `json:"blocks_above"` // between it and the last stored
	Provisional bool   `json:"provisional"`  // they are too few to make it final

	finality uint32
}

func suretyAt(chain graph.Chain, view graph.View, height uint32) (surety, error) {
	tip, err := view.Tip()
	return surety{tip.Height - height, height > finalBlock(chain, tip), chain.Finality}, err
}

// finalBlock is the last block that counts as final when tip is the last stored.
// A ledger without hashes was read from a file: nobody can tell whether its
// blocks were replaced, and nothing is said.
func finalBlock(chain graph.Chain, tip graph.Header) uint32 {
	if tip.Hash.IsZero() {
		return tip.Height
	}
	return chain.FinalHeight(tip.Height)
}

// doubt is a line about a block that may still be replaced, "" for another.
func (s surety) doubt() string {
	if !s.Provisional {
		return ""
	}
	return fmt.Sprintf("provisional: the store goes on for %d of the %d blocks that make it final\n", s.Above, s.finality)
}

func orUnknown(text string) string {
	if text == "" {
		return "unknown"
	}
	return text
}
