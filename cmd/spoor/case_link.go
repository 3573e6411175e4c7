package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/trace"
)

func (p *program) caseLinkCommand() *cobra.Command {
	var link trace.CaseLink
	cmd := &cobra.Command{
		Use:   "link CASE.yaml FROM TO --rule TEXT",
		Short: "Accept that value goes on from one movement to another",
		Long: `Add a link to a case: value that goes along the movement FROM goes on along TO, as
from a deposit into a mixer to a withdrawal (spoor exits lists candidates) or over
a bridge without a key (spoor bridges does). A trace of the case then follows it,
and everything behind it is attributed, with this rule and at most this confidence.

Both ends are CHAIN:TXHASH:SEQ and must be in the store. A movement has one link
at most. All else of the file stays as it is.`,
		Example: "  spoor case link heist.yaml ethereum:0xTX1:call:1 ethereum:0xTX2:call:0 --rule \"address match\" --confidence 60",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 3 {
				return advice{usagef("want a case file and two movements, got %d arguments", len(args)), "spoor case link case.yaml FROM TO --rule TEXT; a movement is CHAIN:TXHASH:SEQ"}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			link.From, link.To = args[1], args[2]
			return p.editCase(args[0], func(file []byte) ([]byte, bool, error) {
				c, err := trace.ParseCase(file)
				if err != nil {
					return nil, false, err
				}
				if err := p.checkLink(cmd.Context(), c, link); err != nil {
					return nil, false, err
				}
				return trace.AddLink(file, link)
			})
		},
	}
	cmd.Flags().StringVar(&link.Rule, "rule", "", "why the two belong together")
	cmd.Flags().IntVar(&link.Confidence, "confidence", 0, "how sure that is, 0 to 100")
	return cmd
}

// checkLink refuses a link that a trace could not follow.
func (p *program) checkLink(ctx context.Context, c trace.Case, link trace.CaseLink) error {
	c.Links = append(slices.Clip(c.Links), link)
	if err := c.Check(); err != nil {
		return err
	}
	from, err := trace.ParseSeed(link.From)
	if err != nil {
		return err
	}
	to, err := trace.ParseSeed(link.To)
	if err != nil {
		return err
	}
	for _, other := range c.Links[:len(c.Links)-1] {
		a, err := trace.ParseSeed(other.From)
		if err != nil {
			return err
		}
		b, err := trace.ParseSeed(other.To)
		if err != nil {
			return err
		}
		if sameMovement(a, from) {
			return taken{fmt.Errorf("%s has a link already, to %s", link.From, other.To)}
		}
		if sameMovement(b, to) {
			return taken{fmt.Errorf("%s has a link already, from %s", link.To, other.From)}
		}
	}
	return p.with(func(store *badger.Store) error {
		left, err := placeOfMovement(ctx, store, from)
		if err != nil {
			return fmt.Errorf("link from %s: %w", link.From, err)
		}
		came, err := placeOfMovement(ctx, store, to)
		if err != nil {
			return fmt.Errorf("link to %s: %w", link.To, err)
		}
		if from.Chain.ID == to.Chain.ID && came.Compare(left) <= 0 {
			return taken{fmt.Errorf("%s is not later than %s", link.To, link.From)}
		}
		return nil
	})
}

// taken is a link that cannot be, and why.
type taken struct{ error }

func (taken) Hint() string {
	return "a movement goes on at one later movement, or not; take the other link out of the file to accept this one"
}

func sameMovement(a, b trace.Seed) bool {
	return a.Chain.ID == b.Chain.ID && a.Tx == b.Tx && a.Seq == b.Seq
}

// placeOfMovement finds a movement, or what is stated, in the store; of several
// transactions with its hash in the last.
func placeOfMovement(ctx context.Context, store graph.Store, s trace.Seed) (at graph.Position, err error) {
	chains, err := store.Chains(ctx)
	if err != nil {
		return at, err
	}
	if !slices.ContainsFunc(chains, func(c graph.Chain) bool { return c.ID == s.Chain.ID }) {
		return at, fmt.Errorf("%s: %w", s.Chain.Alias, graph.ErrNotFound)
	}
	err = viewing(ctx, store, s.Chain, func(view graph.View) error {
		found, err := view.FindTx(s.Tx)
		if err != nil && !errors.Is(err, graph.ErrNotFound) {
			return err
		}
		if len(found) == 0 {
			return fmt.Errorf("transaction %s: %w", s.Tx.Text(s.Chain.Family), graph.ErrNotFound)
		}
		tx, err := view.Tx(found[len(found)-1])
		if err != nil {
			return err
		}
		at = graph.Position{Block: tx.At.Block, Tx: tx.At.Tx, Seq: s.Seq}
		moved := slices.ContainsFunc(tx.Moves, func(m graph.Move) bool { return m.Seq == s.Seq })
		if !moved && !slices.ContainsFunc(tx.Events, func(e graph.Event) bool { return e.Seq == s.Seq }) {
			return fmt.Errorf("%s of transaction %s: %w; spoor show lists its movements", s.Seq, s.Tx.Text(s.Chain.Family), graph.ErrNotFound)
		}
		return nil
	})
	return at, err
}
