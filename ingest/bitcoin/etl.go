package bitcoin

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/chainhash/v2"

	"spoor/graph"
	"spoor/ingest"
)

// ETL reads bitcoin-etl exports: JSON lines of blocks and transactions, in one
// file or several, in any order. A block is known whole if its row is there
// and its merkle root, or at least its transaction_count, agrees with the
// transactions found; transactions alone make blocks known in part, since
// nothing tells whether some are absent.
type ETL struct {
	chain   graph.Chain
	files   *files
	outputs *outputs
	meter   *ingest.Meter
	options Options
}

var _ ingest.Source = (*ETL)(nil)

// NewETL reads files, or of a directory all *.json, *.jsonl and *.ndjson; each
// may have .gz added. older finds the outputs made before; it may be nil.
func NewETL(chain graph.Chain, paths []string, older Lookup, meter *ingest.Meter, options Options) (*ETL, error) {
	if _, err := paramsOf(chain); err != nil {
		return nil, err
	}
	var found []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			found = append(found, path)
			continue
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			ending := filepath.Ext(strings.TrimSuffix(entry.Name(), ".gz"))
			if !entry.IsDir() && slices.Contains([]string{".json", ".jsonl", ".ndjson"}, ending) {
				found = append(found, filepath.Join(path, entry.Name()))
			} else {
				meter.Pass("file without rows", 1)
			}
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no bitcoin-etl files in %s; want blocks and transactions as JSON lines (*.json, *.jsonl, *.ndjson, with .gz or without)", strings.Join(paths, ", "))
	}
	return &ETL{chain: chain, files: newFiles(found, nil), outputs: newOutputs(chain, older, options.MaxOutputs), meter: meter, options: options}, nil
}

// Chain is the chain read.
func (e *ETL) Chain() graph.Chain { return e.chain }

// Infos is nil: Bitcoin has only its coin.
func (e *ETL) Infos() []graph.AssetInfo { return nil }

// Flushed tells that the ledger now answers for every block up to a height;
// see BlockFiles.Flushed.
func (e *ETL) Flushed(height uint32) { e.outputs.flushed(height) }

// Blocks yields the blocks found. It may be called once.
func (e *ETL) Blocks(ctx context.Context) iter.Seq2[graph.Block, error] {
	return func(yield func(graph.Block, error) bool) {
		enough := false
		err := e.read(ctx, func(block graph.Block) bool {
			enough = !yield(block, nil)
			return !enough
		})
		if err = errors.Join(err, e.files.close()); err != nil && !enough {
			yield(graph.Block{}, err)
		}
	}
}

func (e *ETL) read(ctx context.Context, yield func(graph.Block) bool) error {
	lines, err := e.index(ctx)
	if err != nil {
		return err
	}
	total := int64(len(lines))
	for len(lines) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := 1
		for n < len(lines) && lines[n].height == lines[0].height {
			n++
		}
		block, usable, err := e.block(lines[:n])
		if err != nil {
			return err
		}
		lines = lines[n:]
		e.meter.Progress(total-int64(len(lines)), total)
		if usable && !yield(block) {
			return nil
		}
	}
	return nil
}

// etlBlock gathers the rows of one height.
type etlBlock struct {
	header  graph.Header
	root    string  // merkle root, "" if not told
	count   integer // of transactions
	hasRow  bool
	timed   bool
	drafts  []draft               // in order of index
	indexes map[graph.Hash]uint32 // of drafts
	partial bool                  // a row was passed over
}

// block makes the block of all rows of one height.
func (e *ETL) block(lines []etlLine) (block graph.Block, usable bool, err error) {
	rows := etlBlock{header: graph.Header{Height: lines[0].height}, indexes: map[graph.Hash]uint32{}}
	for _, line := range lines {
		row, err := e.load(line)
		if err == nil {
			err = e.gather(&rows, line, row)
		}
		if err != nil {
			if err := e.problem(line, "bad row", err); err != nil {
				return graph.Block{}, false, err
			}
			rows.partial = true
		}
	}
	if len(rows.drafts) == 0 {
		e.meter.Pass("block without its transactions", 1)
		return graph.Block{}, false, nil
	}
	where := fmt.Sprintf("block %d, %s", rows.header.Height, e.where(lines[0]))
	whole, err := rows.whole(e.meter)
	if err != nil {
		return graph.Block{}, false, e.meter.Problem(ingest.Problem{Where: where, Reason: "bad block", Err: err})
	}
	block, missing, err := assemble(e.chain, rows.header, rows.drafts, e.outputs.find)
	if errors.Is(err, ErrValue) {
		return graph.Block{}, false, e.meter.Problem(ingest.Problem{Where: where, Reason: "impossible amount", Err: err})
	}
	if err != nil {
		return graph.Block{}, false, fmt.Errorf("%s: %w", where, err)
	}
	if !whole {
		block.Know.Transfers = graph.Partial
	}
	block.Source = "bitcoin-etl"
	if err := reportMissing(e.meter, block.Height, missing); err != nil {
		return graph.Block{}, false, err
	}
	count(e.meter, &block)
	return block, true, e.outputs.apply(&block)
}

// gather adds one row to its block.
func (e *ETL) gather(rows *etlBlock, line etlLine, row *etlRow) error {
	if line.index == blockLine {
		return e.gatherBlock(rows, row)
	}
	if err := rows.agree(row.BlockHash, row.BlockTimestamp); err != nil {
		return err
	}
	index := line.index - 1
	last := len(rows.drafts) - 1
	if line.index == noIndex {
		index = 0
		if last >= 0 {
			index = rows.drafts[last].index + 1
		}
	}
	d, err := row.draft(e.chain, index)
	if err != nil {
		return err
	}
	if known, there := rows.indexes[d.hash]; there {
		if known != index && line.index != noIndex {
			return fmt.Errorf("transaction %s has index %d and index %d", d.hash, known, index)
		}
		e.meter.Pass("row that is there twice", 1)
		return nil
	}
	if last >= 0 && rows.drafts[last].index == index {
		return fmt.Errorf("transactions %s and %s have index %d", rows.drafts[last].hash, d.hash, index)
	}
	rows.indexes[d.hash] = index
	rows.drafts = append(rows.drafts, d)
	return nil
}

func (e *ETL) gatherBlock(rows *etlBlock, row *etlRow) error {
	if err := rows.agree(row.Hash, row.Timestamp); err != nil {
		return err
	}
	if rows.hasRow {
		e.meter.Pass("row that is there twice", 1)
		return nil
	}
	rows.hasRow, rows.root, rows.count = true, row.MerkleRoot, row.TransactionCount
	return nil
}

// agree checks that a row belongs to the same block as those before it.
func (b *etlBlock) agree(hash string, at instant) error {
	h, err := graph.ParseHash(hash)
	if err != nil {
		return fmt.Errorf("block hash: %w", err)
	}
	if !b.header.Hash.IsZero() && b.header.Hash != h {
		return fmt.Errorf("height %d has block %s and block %s", b.header.Height, b.header.Hash, h)
	}
	b.header.Hash = h
	if !at.set {
		return errors.New("no time of the block")
	}
	if b.timed && b.header.Time != at.unix {
		return fmt.Errorf("block %d has time %d and time %d", b.header.Height, b.header.Time, at.unix)
	}
	b.header.Time, b.timed = at.unix, true
	return nil
}

// whole reports whether all transactions of the block are there, and fails if
// they contradict the block's row.
func (b *etlBlock) whole(meter *ingest.Meter) (bool, error) {
	found := uint64(len(b.drafts))
	switch {
	case !b.hasRow:
		return false, nil
	case b.count.set && found > b.count.value:
		return false, fmt.Errorf("%d transactions, transaction_count says %d", found, b.count.value)
	case b.count.set && found < b.count.value:
		meter.Pass("transaction that is not in the files", b.count.value-found)
		return false, nil
	case b.root == "":
		return b.count.set && !b.partial, nil
	}
	if root := b.merkleRoot(); root != b.root {
		if !b.count.set { // some may be absent
			return false, nil
		}
		return false, fmt.Errorf("the transactions have merkle root %s, the block %s", root, b.root)
	}
	return true, nil
}

// merkleRoot is the root over the transactions' hashes, as people write it.
func (b *etlBlock) merkleRoot() string {
	level := make([]chainhash.Hash, len(b.drafts))
	for i := range b.drafts {
		level[i] = chainhash.Hash(b.drafts[i].hash)
		slices.Reverse(level[i][:])
	}
	for len(level) > 1 {
		if len(level)%2 == 1 {
			level = append(level, level[len(level)-1])
		}
		for i := range len(level) / 2 {
			level[i] = blockchain.HashMerkleBranches(&level[2*i], &level[2*i+1])
		}
		level = level[:len(level)/2]
	}
	return level[0].String()
}
