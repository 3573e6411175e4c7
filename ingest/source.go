// Package ingest writes what was seen on a ledger into its store: a source is
// read block by block, and blocks are applied in batches. Each source is a
// package or file of its own; this one has the loop they share, the meter that
// counts what was read and what was passed over, and the generic transfers
// file.
package ingest

import (
	"context"
	"iter"

	"spoor/graph"
)

// Source reads one chain from somewhere.
type Source interface {
	// Chain is the chain read.
	Chain() graph.Chain
	// Blocks yields blocks in ascending height. An error ends the sequence,
	// unless the meter's policy let the source pass over it.
	Blocks(ctx context.Context) iter.Seq2[graph.Block, error]
	// Infos are the claims about assets met while reading (symbols, decimals);
	// complete once Blocks has ended.
	Infos() []graph.AssetInfo
}
