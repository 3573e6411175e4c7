package synthetic

import (
	"context"
	"fmt"
	"iter"

	"spoor/graph"
)

// Traffic is benign background traffic of one ledger: an ingest.Source that
// makes its blocks as they are read. Each reading starts anew and yields the
// same blocks. The zero value is an empty Ethereum ledger.
//
// Degrees follow a power law: 30 % of recipients are new, most others are
// chosen in proportion to what they received lately, and four hubs (exchanges)
// take part in a fifth of all payments. On account ledgers assets are Zipf
// distributed; on UTXO ledgers owners have many addresses and spend several
// coins together.
//
// Memory is bounded by Wallets, not by Transfers: about 32 bytes an account,
// up to 1 kB an owner of coins. Beyond that number a newcomer takes the place of
// somebody who then only holds.
type Traffic struct {
	Ledger    graph.Chain // which ledger; default Ethereum
	Seed      uint64      // what to draw from; equal seeds give equal ledgers
	Transfers int         // end with the transaction that reaches this many transfers, all kinds counted
	PerBlock  int         // transfers in a block, about; default 200
	Start     uint32      // height of the first block
	Time      int64       // of the first block, Unix seconds; default 2026-01-01
	Interval  int64       // seconds between blocks; default 12, on UTXO ledgers 600
	Assets    int         // assets of an account ledger, the native coin included; default 200, in small ledgers one for 500 transfers
	Wallets   int         // accounts (default 4,194,304) or owners (default 65,536) remembered at a time
	NoFees    bool        // account ledgers only: leave fees out, so that every transfer is a payment
}

// Hubs is the number of exchange-like addresses in every Traffic.
const Hubs = 4

const (
	perBlock     = 200
	maxPerBlock  = 100_000 // logs of a block must fit positions
	newYear2026  = 1767225600
	maxTransfers = 10_000_000_000 // beyond it the hubs' opening balances could run out
)

func (t Traffic) withDefaults() Traffic {
	if t.Ledger.ID == "" {
		t.Ledger = graph.ChainOf(graph.Ethereum)
	}
	utxo := t.Ledger.Family == graph.UTXOFamily
	set := func(field *int, value int) {
		if *field == 0 {
			*field = value
		}
	}
	set(&t.PerBlock, perBlock)
	set(&t.Assets, min(200, 1+t.Transfers/500))
	if utxo {
		set(&t.Wallets, 1<<16)
	}
	set(&t.Wallets, 1<<22)
	if t.Time == 0 {
		t.Time = newYear2026
	}
	if t.Interval == 0 {
		t.Interval = 12
		if utxo {
			t.Interval = 600
		}
	}
	return t
}

func (t Traffic) validate() error {
	switch {
	case t.Transfers < 0 || t.Transfers > maxTransfers:
		return fmt.Errorf("synthetic traffic of %d transfers: want 0 to %d", t.Transfers, int64(maxTransfers))
	case t.PerBlock < 1 || t.PerBlock > maxPerBlock:
		return fmt.Errorf("synthetic traffic with %d transfers a block: want 1 to %d", t.PerBlock, maxPerBlock)
	case t.Assets < 1 || t.Assets > 1<<16:
		return fmt.Errorf("synthetic traffic of %d assets: want 1 to %d", t.Assets, 1<<16)
	case t.Wallets < 16:
		return fmt.Errorf("synthetic traffic of %d wallets: want at least 16", t.Wallets)
	case t.Interval < 0:
		return fmt.Errorf("synthetic traffic with %d seconds between blocks: want 0 or more", t.Interval)
	}
	return nil
}

// Chain is the chain of the ledger.
func (t Traffic) Chain() graph.Chain { return t.withDefaults().Ledger }

// Hub is the i-th hub's address, 0 to Hubs-1: an exchange's hot wallet.
func (t Traffic) Hub(i int) graph.Address {
	t = t.withDefaults()
	if t.Ledger.Family == graph.UTXOFamily {
		return place(t.Ledger.ID, t.Seed, uint64(i))
	}
	return account(t.Ledger.ID, t.Seed, uint64(i))
}

// Infos are symbols and decimals of the ledger's tokens.
func (t Traffic) Infos() []graph.AssetInfo {
	t = t.withDefaults()
	if t.Ledger.Family == graph.UTXOFamily {
		return nil
	}
	var infos []graph.AssetInfo
	for i := 1; i < t.Assets; i++ {
		infos = append(infos, graph.AssetInfo{Asset: t.token(i), Symbol: fmt.Sprintf("TOY%d", i), Decimals: 6, Source: t.source()})
	}
	return infos
}

func (t Traffic) source() string { return fmt.Sprintf("synthetic seed %d", t.Seed) }

// token is the i-th asset; 0 is the native coin.
func (t Traffic) token(i int) graph.Asset {
	if i == 0 {
		return t.Ledger.Native()
	}
	return graph.Asset{Chain: t.Ledger.ID, Standard: graph.ERC20, Contract: account(t.Ledger.ID, ^t.Seed, uint64(i))}
}

// Blocks makes the ledger. It yields one error if the options are out of
// range, or the context's when it ends.
func (t Traffic) Blocks(ctx context.Context) iter.Seq2[graph.Block, error] {
	t = t.withDefaults()
	return func(yield func(graph.Block, error) bool) {
		if err := t.validate(); err != nil {
			yield(graph.Block{}, err)
			return
		}
		maker := t.maker(nil)
		var parent graph.Hash
		for height := t.Start; maker.made() < t.Transfers; height++ {
			if err := ctx.Err(); err != nil {
				yield(graph.Block{}, err)
				return
			}
			b := t.block(height)
			maker.fill(&b, min(t.PerBlock, t.Transfers-maker.made()))
			seal(&b, parent)
			parent = b.Hash
			if !yield(b, nil) {
				return
			}
		}
	}
}

func (t Traffic) block(height uint32) graph.Block {
	know := graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}
	return graph.Block{
		Header: graph.Header{Height: height, Time: t.Time + int64(height-t.Start)*t.Interval},
		Know:   know,
		Source: t.source(),
	}
}

// maker fills blocks with the traffic of one family.
type maker interface {
	// fill appends transactions with at least so many transfers to a block,
	// and what the block itself pays.
	fill(b *graph.Block, transfers int)
	// made is how many transfers there have been.
	made() int
}

// maker starts the traffic. The first block also makes the extra payments, for
// a script that has value of its own to spend.
func (t Traffic) maker(extra []graph.Transfer) maker {
	if t.Ledger.Family == graph.UTXOFamily {
		return newCoins(t, extra)
	}
	return newAccounts(t, extra)
}
