package main

import (
	"context"

	"spoor/cluster"
	"spoor/graph"
	"spoor/graph/badger"
)

// formless says of which transactions rules had nothing to say, as nobody told
// how they were written.
func (o *clusterOptions) formless(ctx context.Context, p *program, store *badger.Store, c *clustered) error {
	rules := c.Rules().Of(c.chain.Family) & cluster.SettledRules()
	if rules == 0 {
		return nil
	}
	return viewing(ctx, store, c.chain, func(view graph.View) error {
		size, err := view.Size()
		if err == nil && size.Forms < size.Txs {
			p.warn("%s: how %d of %d transactions were written is not known, of which %s can say nothing; block files, a node and bitcoin-etl tell it, and what was read before is completed by reading it again",
				c.chain.Alias, size.Txs-size.Forms, size.Txs, rules)
		}
		return err
	})
}
