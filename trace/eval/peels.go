package eval

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"spoor/graph"
	"spoor/ingest"
	"spoor/ingest/synthetic"
	"spoor/trace"
)

// Peels is how often benign traffic is taken for a peel chain: what is said of
// traces of transactions in which nothing was stolen.
type Peels struct {
	Chain        graph.Chain
	Rule         string
	Traces       int
	Transactions int // evaluated
	Chains, Hops int
	Touched      int // traces in which there is a chain
}

// peelTraces is how many transactions are drawn; one that leaves nobody richer
// gives no trace.
const peelTraces = 300

// BenignPeels traces transactions that are drawn from generated traffic, into an
// empty ledger. On UTXO ledgers a wallet that pays from its change again and
// again has the very shape of a peel chain.
func BenignPeels(ctx context.Context, open Opener, chain graph.Chain) (Peels, error) {
	p := Peels{Chain: chain, Rule: trace.PeelRules()[chain.Family].Name}
	ledger, err := open(ctx, chain)
	if err != nil {
		return p, err
	}
	traffic := synthetic.Traffic{Ledger: chain, Seed: 11, Transfers: 30_000}
	if _, err := ingest.Run(ctx, ledger, traffic, ingest.Options{Meter: ingest.NewMeter(ingest.Stop)}); err != nil {
		return p, err
	}
	view, err := ledger.View(ctx)
	if err != nil {
		return p, err
	}
	defer func() { _ = view.Close() }()
	var hashes []graph.Hash
	for tx, err := range view.Txs(ctx, 0) {
		if err != nil {
			return p, err
		}
		if tx.At.Tx != graph.BlockTx {
			hashes = append(hashes, tx.Hash)
		}
	}
	draw := rand.New(rand.NewPCG(1, 2))
	for range peelTraces {
		hash := hashes[draw.IntN(len(hashes))]
		t, err := trace.Run(ctx, map[graph.ChainID]graph.View{chain.ID: view}, trace.Case{Seeds: []string{chain.Alias + ":" + hash.Text(chain.Family)}, MaxTransactions: 500}, trace.Known{})
		if errors.Is(err, trace.ErrSeed) {
			continue // it leaves nobody richer
		}
		if err != nil {
			return p, fmt.Errorf("%s: %w", hash.Text(chain.Family), err)
		}
		p.Traces++
		p.Transactions += t.Transactions
		chains := t.PeelChains()
		if len(chains) > 0 {
			p.Touched++
		}
		for _, c := range chains {
			p.Chains++
			p.Hops += len(c.Hops)
		}
	}
	return p, nil
}
