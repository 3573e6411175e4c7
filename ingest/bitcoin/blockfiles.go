package bitcoin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"spoor/graph"
	"spoor/ingest"
)

// Options bound what a source reads and keeps.
type Options struct {
	From       uint32 // first height; default 0
	To         uint32 // last height; default 0: to the end
	MaxOutputs int    // unspent outputs kept in memory; default DefaultOutputs
}

func (o Options) has(height uint32) bool {
	return height >= o.From && (o.To == 0 || height <= o.To)
}

// BlockFiles reads blocks as Bitcoin Core keeps them: blk*.dat, in which
// blocks stand in order of arrival with stale branches between, possibly
// obfuscated with the key of xor.dat; single files of the same framing; and
// files of one block each. It reads headers first, takes the branch with most
// work, and then reads that in order of height.
type BlockFiles struct {
	chain   graph.Chain
	params  *chaincfg.Params
	files   *files
	outputs *outputs
	meter   *ingest.Meter
	options Options
}

var _ ingest.Source = (*BlockFiles)(nil)

// NewBlockFiles reads the block files of a directory, or one file. older finds
// the outputs that blocks before options.From made; it may be nil.
func NewBlockFiles(chain graph.Chain, path string, older Lookup, meter *ingest.Meter, options Options) (*BlockFiles, error) {
	params, err := paramsOf(chain)
	if err != nil {
		return nil, err
	}
	paths, key, others, err := findBlockFiles(path)
	if err != nil {
		return nil, err
	}
	if others > 0 {
		meter.Pass("file without blocks", uint64(others))
	}
	return &BlockFiles{
		chain: chain, params: params, files: newFiles(paths, key),
		outputs: newOutputs(chain, older, options.MaxOutputs), meter: meter, options: options,
	}, nil
}

// Chain is the chain read.
func (b *BlockFiles) Chain() graph.Chain { return b.chain }

// Infos is nil: Bitcoin has only its coin.
func (b *BlockFiles) Infos() []graph.AssetInfo { return nil }

// Flushed tells that the ledger now answers for every block up to a height, so
// that their outputs need not be kept in memory. A loop that never says so
// keeps them all, up to Options.MaxOutputs, and then fails.
func (b *BlockFiles) Flushed(height uint32) { b.outputs.flushed(height) }

// Blocks yields the blocks of the branch with most work. It may be called
// once. Parts of the chain that do not hang together (some files are missing)
// are all read, where the heights in their coinbases tell their places.
func (b *BlockFiles) Blocks(ctx context.Context) iter.Seq2[graph.Block, error] {
	return func(yield func(graph.Block, error) bool) {
		enough := false
		err := b.read(ctx, func(block graph.Block) bool {
			enough = !yield(block, nil)
			return !enough
		})
		if err = errors.Join(err, b.files.close()); err != nil && !enough {
			yield(graph.Block{}, err)
		}
	}
}

func (b *BlockFiles) read(ctx context.Context, yield func(graph.Block) bool) error {
	headers, err := b.scan(ctx)
	if err != nil {
		return err
	}
	lines, err := b.choose(headers)
	if err != nil {
		return err
	}
	var total, done int64
	for _, line := range lines {
		for i := range line.nodes {
			if b.options.has(line.height + uint32(i)) {
				total++
			}
		}
	}
	for _, line := range lines {
		for i, at := range line.nodes {
			height := line.height + uint32(i)
			if !b.options.has(height) {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			block, usable, err := b.block(height, &headers.nodes[at])
			if err != nil {
				return err
			}
			done++
			b.meter.Progress(done, total)
			if usable && !yield(block) {
				return nil
			}
		}
	}
	return nil
}

func (b *BlockFiles) scan(ctx context.Context) (*tree, error) {
	headers := newTree()
	for i := range b.files.paths {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s := scanner{b.files, i, i == len(b.files.paths)-1, b.params, b.meter}
		err := s.scan(func(at stored, header *wire.BlockHeader) error {
			if !headers.add(at, header) {
				b.meter.Pass("block stored twice", 1)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if len(headers.nodes) == 0 {
		return nil, fmt.Errorf("%s: no blocks of %s found", b.files.name(0), b.chain.Alias)
	}
	headers.link()
	return headers, nil
}

// choose takes of each part of the tree the best branch, unless blocks with
// more work have its heights, and puts them in order.
func (b *BlockFiles) choose(headers *tree) ([]branch, error) {
	var lines []branch
	taken := 0
	for i, line := range headers.branches() {
		height, known, err := b.height(&headers.nodes[line.nodes[0]])
		if err != nil {
			return nil, err
		}
		line.height = height
		if !known && i == 0 {
			first := &headers.nodes[line.nodes[0]]
			err := b.meter.Problem(ingest.Problem{
				Where: b.files.where(first.file, first.at), Reason: "height unknown",
				Err: fmt.Errorf("block %s does not state its height, and its parent %s is not in the files; start with the files that have block 0", first.hash, first.prev),
			})
			if err != nil {
				return nil, err
			}
		}
		overlaps := slices.ContainsFunc(lines, func(l branch) bool { return l.height <= line.last() && line.height <= l.last() })
		if !known || overlaps {
			b.meter.Pass("orphan block", uint64(len(line.nodes)))
		} else {
			lines = append(lines, line)
		}
		taken += len(line.nodes)
	}
	if stale := len(headers.nodes) - taken; stale > 0 {
		b.meter.Pass("stale block", uint64(stale))
	}
	slices.SortFunc(lines, func(a, b branch) int { return cmp.Compare(a.height, b.height) })
	for i := 1; i < len(lines); i++ {
		if gap := lines[i].height - lines[i-1].last() - 1; gap > 0 {
			b.meter.Pass("height without a block", uint64(gap))
		}
	}
	return lines, nil
}

// height is that of a block whose parent is not in the files: the genesis
// block, the one after it, or one that states its height (BIP 34).
func (b *BlockFiles) height(n *node) (height uint32, known bool, err error) {
	switch *b.params.GenesisHash {
	case n.hash:
		return 0, true, nil
	case n.prev:
		return 1, true, nil
	}
	block, err := b.load(n)
	if err != nil {
		return 0, false, b.meter.Problem(ingest.Problem{Where: b.files.where(n.file, n.at), Reason: "bad block", Err: err})
	}
	height, known = statedHeight(block, b.params)
	return height, known, nil
}

func (b *BlockFiles) load(n *node) (*btcutil.Block, error) {
	raw := make([]byte, n.size)
	if _, err := b.files.readAt(n.file, raw, n.at); err != nil {
		return nil, err
	}
	return decodeBlock(raw)
}

// block reads, checks and decodes one block. It is not usable if it has a
// problem that the meter's policy passes over.
func (b *BlockFiles) block(height uint32, n *node) (block graph.Block, usable bool, err error) {
	problem := func(reason string, err error) error {
		return b.meter.Problem(ingest.Problem{Where: fmt.Sprintf("block %d, %s", height, b.files.where(n.file, n.at)), Reason: reason, Err: err})
	}
	raw, err := b.load(n)
	if err == nil {
		err = checkBlock(raw, height, b.params)
	}
	if err != nil {
		return graph.Block{}, false, problem("bad block", err)
	}
	block, missing, err := Decode(b.chain, height, raw, b.outputs.find)
	if errors.Is(err, ErrValue) {
		return graph.Block{}, false, problem("impossible amount", err)
	}
	if err != nil {
		return graph.Block{}, false, fmt.Errorf("block %d: %w", height, err)
	}
	block.Source = "block files"
	if err := reportMissing(b.meter, height, missing); err != nil {
		return graph.Block{}, false, err
	}
	count(b.meter, &block)
	return block, true, b.outputs.apply(&block)
}

// reportMissing reports inputs whose outputs nobody knows.
func reportMissing(meter *ingest.Meter, height uint32, missing []Missing) error {
	for _, m := range missing {
		err := meter.Problem(ingest.Problem{
			Where:  fmt.Sprintf("block %d, transaction %s, input %d", height, m.Tx, m.Input),
			Reason: "prevout not in the store",
			Err: fmt.Errorf("output %d of %s is %w; read the earlier blocks first, or pass over such inputs with --on-error skip (they are then left out, and the block is known in part)",
				m.Prev.Index, m.Prev.Tx, graph.ErrNotFound),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func count(meter *ingest.Meter, b *graph.Block) {
	meter.Count("blocks", 1)
	meter.Count("transactions", uint64(len(b.Txs)))
	meter.Count("transfers", uint64(b.Transfers()))
}
