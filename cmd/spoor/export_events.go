package main

import (
	"context"
	"fmt"
	"iter"

	"github.com/spf13/cobra"

	"spoor/graph"
	"spoor/graph/badger"
)

type exportEventsOptions struct{ chain string }

func (p *program) exportEventsCommand() *cobra.Command {
	var o exportEventsOptions
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Write all that transactions state as CSV",
		Long: `Write what transactions state besides moving value, as CSV on standard output, in
the order of their ledgers: bridge departures and arrivals, contracts created,
owners of Safes, delegations, freezes. That it was stated, and by which contract
(emitter), is a fact; whether the contract is what it says, is not told here.
Amounts are base units; keys and what is on another chain are hexadecimal.
The file cannot be read back: read the ledger again, events come with it.`,
		Example: "  spoor export events --chain ethereum > events.csv",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), p) },
	}
	cmd.Flags().StringVar(&o.chain, "chain", "", "only this chain: a CAIP-2 id or an alias")
	return cmd
}

func (o *exportEventsOptions) run(ctx context.Context, p *program) error {
	return p.with(func(store *badger.Store) error {
		chains, err := chainsNamed(ctx, store, o.chain)
		if err != nil {
			return err
		}
		return printRows(p.out, asCSV, eventColumns, storedEvents(ctx, store, chains))
	})
}

// storedEvents yields the events of chains, one ledger after the other.
func storedEvents(ctx context.Context, store *badger.Store, chains []graph.Chain) iter.Seq2[eventRow, error] {
	return func(yield func(eventRow, error) bool) {
		for _, chain := range chains {
			more := true
			err := viewing(ctx, store, chain, func(view graph.View) error {
				for tx, err := range view.Txs(ctx, 0) {
					if err != nil {
						return fmt.Errorf("export %s: %w", chain.Alias, err)
					}
					for i := range tx.Events {
						if more = yield(newEventRow(chain, statedIn(&tx, i)), nil); !more {
							return nil
						}
					}
				}
				return nil
			})
			if !more {
				return // who stopped has an error of its own
			}
			if err != nil {
				yield(eventRow{}, err)
				return
			}
		}
	}
}

// statedIn is an event of a transaction with its place.
func statedIn(tx *graph.TxMoves, i int) *graph.Stated {
	at := tx.At
	at.Seq = tx.Events[i].Seq
	return &graph.Stated{At: at, Tx: tx.Hash, Time: tx.Time, Event: tx.Events[i]}
}
