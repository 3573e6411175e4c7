package ingest

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"spoor/graph"
)

// TransfersOptions tell how transfers files are read.
type TransfersOptions struct {
	// Complete declares that the files hold every transfer of every block they
	// name. Without it blocks are known in part, unless the column know says
	// more. Default false.
	Complete bool
	// SortRows bounds the rows of files that are not sorted by block, which are
	// sorted in memory (about 600 bytes each). Default 1,000,000.
	SortRows int
}

// Transfers opens generic transfers files: one source for each chain in them,
// in the order of chain ids. The files are read once to find the chains and
// whether they are sorted, so a broken file is found before anything is
// stored. Problems and progress go to the meter.
//
// The format is CSV by RFC 4180, UTF-8, compressed with gzip or not, with the
// columns named in its first line:
//
//	chain,block,time,tx_hash,tx_index,seq,kind,from,to,asset,symbol,decimals,amount
//
// Of several files each counts as an export of its own: a row in two of them
// is one transfer (see graph.Union), a row twice in one of them is two, unless
// seq says that they are the same.
func Transfers(ctx context.Context, paths []string, o TransfersOptions, meter *Meter) ([]Source, error) {
	o.SortRows = cmp.Or(o.SortRows, 1_000_000)
	byChain := map[graph.ChainID]*transfersSource{}
	var total int64
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		total += info.Size()
	}
	doubtful := false
	for i, path := range paths {
		found, problems, err := scanTransfers(ctx, path, meter)
		if err != nil {
			return nil, err
		}
		doubtful = doubtful || problems
		for id, part := range found {
			s := byChain[id]
			if s == nil {
				s = &transfersSource{chain: part.chain, o: o, meter: meter, total: total, infos: map[graph.Asset]graph.AssetInfo{}}
				byChain[id] = s
			}
			part.order = i
			s.parts = append(s.parts, part)
		}
	}
	var sources []Source
	for _, s := range byChain {
		s.doubtful = doubtful
		if err := s.checkSize(); err != nil {
			return nil, err
		}
		slices.SortFunc(s.parts, func(a, b *filePart) int {
			return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.order, b.order))
		})
		sources = append(sources, s)
	}
	if sources == nil && !doubtful {
		return nil, fmt.Errorf("%s: no rows below the heading", filepath.Base(paths[0]))
	}
	slices.SortFunc(sources, func(a, b Source) int { return cmp.Compare(a.Chain().ID, b.Chain().ID) })
	return sources, nil
}

// A filePart is what one file has of one chain.
type filePart struct {
	path     string
	order    int // of the file in the command
	chain    graph.Chain
	named    map[string]bool // how the file writes the chain
	rows     int
	from, to uint32
	sorted   bool
}

// scanTransfers finds the chains of a file, and reports the rows that belong
// to none or to no block.
func scanTransfers(ctx context.Context, path string, meter *Meter) (parts map[graph.ChainID]*filePart, problems bool, err error) {
	file, err := openRecords(path)
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, file.close()) }()
	parts = map[graph.ChainID]*filePart{}
	byName := map[string]*filePart{}
	for n := 0; ; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return nil, false, ctx.Err()
		}
		record, line, err := file.next()
		if err == io.EOF {
			return parts, problems, nil
		}
		bad := (*csv.ParseError)(nil)
		if err != nil && !errors.As(err, &bad) {
			return nil, false, err
		}
		var part *filePart
		var height uint32
		if err == nil {
			part, height, err = scanRecord(&file.heading, record, byName, parts)
		}
		if err != nil {
			problems = true
			if bad != nil {
				err = bad.Err
			}
			if err := meter.Problem(rowProblem(file.name, line, err)); err != nil {
				return nil, false, err
			}
			continue
		}
		part.path = path
		part.add(height)
	}
}

func scanRecord(h *heading, record []string, byName map[string]*filePart, parts map[graph.ChainID]*filePart) (*filePart, uint32, error) {
	height, err := parseHeight(h.cell(record, colBlock))
	if err != nil {
		return nil, 0, &rowError{colBlock, err}
	}
	name := h.cell(record, colChain)
	if part := byName[name]; part != nil {
		return part, height, nil
	}
	chain, err := graph.ParseChain(name)
	if err != nil {
		return nil, 0, &rowError{colChain, err}
	}
	part := parts[chain.ID]
	if part == nil {
		part = &filePart{chain: chain, named: map[string]bool{}, sorted: true}
		parts[chain.ID] = part
	}
	byName[name], part.named[name] = part, true
	return part, height, nil
}

func (p *filePart) add(height uint32) {
	if p.rows == 0 {
		p.from, p.to = height, height
	}
	p.sorted = p.sorted && height >= p.to
	p.from, p.to = min(p.from, height), max(p.to, height)
	p.rows++
}

// A transfersSource reads one chain from transfers files.
type transfersSource struct {
	chain    graph.Chain
	parts    []*filePart // by first block
	doubtful bool        // some rows could not be assigned to a block
	o        TransfersOptions
	meter    *Meter
	total    int64 // bytes

	infos map[graph.Asset]graph.AssetInfo
	order []graph.Asset
}

func (s *transfersSource) checkSize() error {
	held := 0
	for _, p := range s.parts {
		if !p.sorted {
			held += p.rows
		}
	}
	if held <= s.o.SortRows {
		return nil
	}
	return advise(fmt.Errorf("%d rows of %s are in files that are not sorted by block; at most %d are sorted in memory", held, s.chain.Alias, s.o.SortRows),
		"sort each file by block first, keeping the order inside a block, or split it into smaller files and ingest them one by one")
}

// Chain is the chain read.
func (s *transfersSource) Chain() graph.Chain { return s.chain }

// Infos are the symbols and decimals in the files, the first said of each asset.
func (s *transfersSource) Infos() []graph.AssetInfo {
	infos := make([]graph.AssetInfo, len(s.order))
	for i, a := range s.order {
		infos[i] = s.infos[a]
	}
	return infos
}

// Blocks yields the blocks of the files, ascending.
func (s *transfersSource) Blocks(ctx context.Context) iter.Seq2[graph.Block, error] {
	return func(yield func(graph.Block, error) bool) {
		m := merge{s: s, waiting: s.parts}
		defer m.close()
		for {
			if ctx.Err() != nil {
				yield(graph.Block{}, ctx.Err())
				return
			}
			block, err := m.next()
			if err == io.EOF {
				return
			}
			if !yield(block, err) || err != nil {
				return
			}
		}
	}
}

// claim notes what a row says about its asset.
func (s *transfersSource) claim(file string, r *row) {
	if !r.moves || r.symbol == "" && r.decimals < 0 {
		return
	}
	asset := r.transfer.Asset
	said := graph.AssetInfo{Asset: asset, Symbol: r.symbol, Decimals: r.decimals, Source: file}
	known, ok := s.infos[asset]
	if asset.IsNative() {
		known, ok = graph.NativeInfo(s.chain), true
	}
	switch {
	case !ok:
		s.infos[asset] = said
		s.order = append(s.order, asset)
	case said.Symbol != known.Symbol, said.Decimals != known.Decimals:
		s.meter.Pass("other claims about an asset", 1)
	}
}
