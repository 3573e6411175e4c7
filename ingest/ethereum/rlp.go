package ethereum

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rlp"
	"github.com/klauspost/compress/gzip"

	"spoor/graph"
	"spoor/ingest"
)

// RLP reads blocks in consensus form and verifies them: transactions root,
// receipts root, withdrawals root, uncles hash, and the parent hash between
// neighbouring heights. A file is, by its content and gzipped or not,
//
//   - a geth export: a stream of RLP blocks, without receipts;
//   - an era1 archive: headers, bodies and receipts;
//   - YAML with header, body and (slim) receipts in hex.
//
// A geth export does not tell which transactions succeeded nor what they paid.
// Only what follows for certain is stored (see status and gasFromHeader): the
// rest of such a block is counted, and its Know.Transfers is Partial.
type RLP struct {
	// From and To bound the heights that are yielded; To 0 is no bound.
	From, To uint32
	// Genesis, if set, adds the first block's allocations and gives the rules of
	// a private chain.
	Genesis *Genesis

	chain graph.Chain
	path  string
	files []string
	meter *ingest.Meter
}

var _ ingest.Source = (*RLP)(nil)

// NewRLP opens a file, or a directory of files, of a chain.
func NewRLP(chain graph.Chain, path string, meter *ingest.Meter) (*RLP, error) {
	if chain.Family != graph.AccountFamily {
		return nil, fmt.Errorf("%s is no EVM chain", chain.Alias)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	r := &RLP{chain: chain, path: path, files: []string{path}, meter: meter}
	if !info.IsDir() {
		return r, nil
	}
	if r.files, err = rlpFiles(path); err != nil {
		return nil, err
	}
	return r, nil
}

// rlpFiles lists the files of a directory by the height they begin with.
func rlpFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	type start struct {
		file   string
		height uint64
	}
	var starts []start
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".gz")
		if e.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".rlp", ".era1"}, filepath.Ext(name)) {
			continue
		}
		file := filepath.Join(dir, e.Name())
		for b, err := range rawBlocks(file, func(int64, int64) {}) {
			if err != nil {
				return nil, err
			}
			starts = append(starts, start{file, b.header.Number.Uint64()})
			break
		}
	}
	if len(starts) == 0 {
		return nil, fmt.Errorf("%s: no blocks; want files named *.yaml, *.rlp or *.era1, each plain or .gz", dir)
	}
	slices.SortStableFunc(starts, func(a, b start) int {
		if a.height < b.height {
			return -1
		} else if a.height > b.height {
			return 1
		}
		return strings.Compare(a.file, b.file)
	})
	files := make([]string, len(starts))
	for i, s := range starts {
		files[i] = s.file
	}
	return files, nil
}

// Chain is the chain read.
func (r *RLP) Chain() graph.Chain { return r.chain }

// Infos is empty: blocks claim nothing about assets.
func (r *RLP) Infos() []graph.AssetInfo { return nil }

// Blocks yields the blocks. A block that does not verify is a problem of the
// meter; with policy Skip the next one is read. Bytes that are no block end
// the sequence, for nothing tells where the next one begins.
func (r *RLP) Blocks(ctx context.Context) iter.Seq2[graph.Block, error] {
	return func(yield func(graph.Block, error) bool) {
		convert, err := NewConverter(r.chain, r.Genesis)
		if err != nil {
			yield(graph.Block{}, err)
			return
		}
		if err := r.run(ctx, convert, yield); err != nil && !errors.Is(err, errStopped) {
			yield(graph.Block{}, err)
		}
	}
}

// errStopped ends a sequence whose consumer wants no more.
var errStopped = errors.New("stopped")

func (r *RLP) run(ctx context.Context, convert Converter, yield func(graph.Block, error) bool) error {
	var line lineage
	genesis := r.Genesis
	emit := func(b graph.Block) error {
		if b.Height < r.From || r.To > 0 && b.Height > r.To {
			return nil
		}
		if !yield(b, nil) {
			return errStopped
		}
		return nil
	}
	for i, file := range r.files {
		progress := func(done, total int64) {
			if len(r.files) > 1 {
				done, total = int64(i), int64(len(r.files))
			}
			r.meter.Progress(done, total)
		}
		for raw, err := range rawBlocks(file, progress) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return err
			}
			if genesis != nil && raw.header.Number.Sign() > 0 {
				first := genesis.Block
				if raw.header.Number.Uint64() == 1 {
					first.Hash = graph.Hash(raw.header.ParentHash)
				}
				genesis = nil
				if err := emit(first); err != nil {
					return err
				}
			}
			b, ok, err := r.decode(convert, &line, raw)
			if err != nil {
				return err
			}
			if ok && b.Height == 0 && genesis != nil {
				b.Txs = append(b.Txs, genesis.Block.Txs...)
				genesis = nil
			}
			if ok {
				if err := emit(b); err != nil {
					return err
				}
			}
		}
	}
	if genesis != nil {
		return emit(genesis.Block)
	}
	return nil
}

func (r *RLP) decode(convert Converter, line *lineage, raw *rawBlock) (graph.Block, bool, error) {
	where := fmt.Sprintf("%s: block %s", raw.where, raw.header.Number)
	if err := line.check(raw.header); err != nil {
		return graph.Block{}, false, r.meter.Problem(ingest.Problem{Where: where, Reason: "block out of line", Err: err})
	}
	if err := raw.verify(); err != nil {
		return graph.Block{}, false, r.meter.Problem(ingest.Problem{Where: where, Reason: "block does not verify", Err: err})
	}
	in, err := convert.block(raw)
	if err != nil {
		return graph.Block{}, false, r.meter.Problem(ingest.Problem{Where: where, Reason: "unreadable block", Err: err})
	}
	line.add(raw.header)
	in.Source = "rlp:" + filepath.Base(r.path)
	if raw.receipts == nil {
		r.meter.Count("blocks without receipts", 1)
	}
	d := Decode(r.chain, &in)
	if err := d.Report(r.meter); err != nil {
		return graph.Block{}, false, err
	}
	return d.Block, true, nil
}

// rawBlocks reads a file of any of the formats.
func rawBlocks(file string, progress func(done, total int64)) iter.Seq2[*rawBlock, error] {
	return func(yield func(*rawBlock, error) bool) {
		f, err := os.Open(file)
		if err != nil {
			yield(nil, err)
			return
		}
		defer func() { _ = f.Close() }() // only read
		info, err := f.Stat()
		if err != nil {
			yield(nil, err)
			return
		}
		counted := &countingReader{r: f}
		n := 0
		for b, err := range decodeBlocks(counted) {
			progress(counted.n, info.Size())
			if err != nil {
				yield(nil, fmt.Errorf("%s: after %d blocks: %w", file, n, err))
				return
			}
			b.where = file
			if n++; !yield(b, nil) {
				return
			}
		}
		if n == 0 {
			yield(nil, fmt.Errorf("%s: no block in it", file))
		}
	}
}

// decodeBlocks tells the format by the first bytes.
func decodeBlocks(r io.Reader) iter.Seq2[*rawBlock, error] {
	return func(yield func(*rawBlock, error) bool) {
		in := bufio.NewReaderSize(r, 1<<20)
		head, _ := in.Peek(2)
		if bytes.Equal(head, []byte{0x1f, 0x8b}) {
			z, err := gzip.NewReader(in)
			if err != nil {
				yield(nil, err)
				return
			}
			in = bufio.NewReaderSize(z, 1<<20)
			head, _ = in.Peek(2)
		}
		read := yamlBlock
		switch {
		case bytes.Equal(head, []byte("e2")):
			read = nil
			era1Blocks(in, yield)
		case len(head) > 0 && head[0] >= 0xc0:
			read = nil
			exportBlocks(in, yield)
		}
		if read != nil {
			b, err := read(in)
			if errors.Is(err, io.EOF) {
				return
			}
			yield(b, err)
		}
	}
}

// exportBlocks reads the stream that `geth export` writes.
func exportBlocks(in io.Reader, yield func(*rawBlock, error) bool) {
	s := rlp.NewStream(in, 0)
	for {
		var b types.Block
		switch err := s.Decode(&b); {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			yield(nil, fmt.Errorf("no RLP block: %w", err))
			return
		}
		if err := sound(b.Header(), b.Body()); err != nil {
			yield(nil, err)
			return
		}
		if !yield(&rawBlock{header: b.Header(), body: *b.Body()}, nil) {
			return
		}
	}
}

// sound refuses what RLP can write and no block can be.
func sound(h *types.Header, body *types.Body) error {
	if _, err := height(h); err != nil {
		return err
	}
	for _, u := range body.Uncles {
		if u == nil || u.Number == nil {
			return errors.New("uncle without a height")
		}
	}
	return nil
}

type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
