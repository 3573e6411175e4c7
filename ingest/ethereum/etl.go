package ethereum

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
	"spoor/ingest"
)

// ETL reads an export of ethereum-etl: a directory with blocks, transactions,
// receipts, logs, token_transfers, traces, tokens and contracts as CSV or JSON
// lines, plain or .gz, found by the word in their names. Any of them may be
// missing; what is not there is not known:
//
//   - Without receipts (also as receipt_* columns of transactions) the success
//     of a transaction is unknown: its value is stored only where logs, traces
//     or the gas prove it.
//   - Without blocks the header is what transactions, logs or traces say.
//   - Without logs token transfers come from token_transfers. That file cannot
//     tell an ERC-721 id from an amount: contracts that the contracts file does
//     not call is_erc721 are read as ERC-20, and counted.
//   - Files that name heights (blocks_0_99.csv, or in their folder) are known
//     for those heights only.
type ETL struct {
	// From and To bound the heights that are yielded; To 0 is no bound.
	From, To uint32
	// NoTraces leaves the traces files unread.
	NoTraces bool

	chain graph.Chain
	dir   string
	meter *ingest.Meter
	files map[*table][]etlFile
	infos []graph.AssetInfo
	nfts  map[common.Address]bool
}

var _ ingest.Source = (*ETL)(nil)

// NewETL opens the export in a directory.
func NewETL(chain graph.Chain, dir string, meter *ingest.Meter) (*ETL, error) {
	if chain.Family != graph.AccountFamily {
		return nil, fmt.Errorf("%s is no EVM chain", chain.Alias)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is a file; want the directory of an ethereum-etl export", dir)
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	e := &ETL{chain: chain, dir: dir, meter: meter}
	if e.files, err = findFiles(dir, meter); err != nil {
		return nil, err
	}
	if len(e.files[&blocksTable])+len(e.files[&transactionsTable])+len(e.files[&tracesTable]) == 0 {
		return nil, fmt.Errorf("%s: no export of ethereum-etl: want files with blocks, transactions or traces in their names, *.csv or *.json, each plain or .gz", dir)
	}
	return e, nil
}

// HasTraces reports whether the export has traces files.
func (e *ETL) HasTraces() bool { return len(e.files[&tracesTable]) > 0 }

// Chain is the chain read.
func (e *ETL) Chain() graph.Chain { return e.chain }

// Infos are the claims of the tokens file.
func (e *ETL) Infos() []graph.AssetInfo { return e.infos }

// Blocks yields the blocks that have a row anywhere.
func (e *ETL) Blocks(ctx context.Context) iter.Seq2[graph.Block, error] {
	return func(yield func(graph.Block, error) bool) {
		if err := e.run(ctx, yield); err != nil && !errors.Is(err, errStopped) {
			yield(graph.Block{}, err)
		}
	}
}

func (e *ETL) run(ctx context.Context, yield func(graph.Block, error) bool) (err error) {
	if err := e.claims(); err != nil {
		return err
	}
	var streams []*stream
	total := int64(0)
	for _, t := range etlTables() {
		if t.height == "" || t == &tracesTable && e.NoTraces {
			continue
		}
		s := &stream{table: t, files: slices.DeleteFunc(slices.Clone(e.files[t]), func(f etlFile) bool {
			return f.to < uint64(e.From) || e.To > 0 && f.from > uint64(e.To)
		})}
		for _, f := range s.files {
			total += f.disk
		}
		defer func() { err = errors.Join(err, s.close()) }()
		if err := s.advance(); err != nil {
			return err
		}
		streams = append(streams, s)
	}
	for {
		height, done, more := uint64(1<<64-1), int64(0), false
		for _, s := range streams {
			if s.head != nil {
				height, more = min(height, s.height), true
			}
			done += s.done()
		}
		if !more {
			e.meter.Progress(total, total)
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		e.meter.Progress(done, total)
		x := extract{etl: e, height: height, rows: map[*table][]*row{}, known: map[*table]bool{}}
		for _, s := range streams {
			rows, err := s.take(height)
			if err != nil {
				return err
			}
			x.rows[s.table], x.known[s.table] = rows, len(rows) > 0 || s.covers(height)
		}
		if height < uint64(e.From) {
			continue
		}
		if e.To > 0 && height > uint64(e.To) {
			return nil
		}
		if err := e.yield(&x, yield); err != nil {
			return err
		}
	}
}

func (e *ETL) yield(x *extract, yield func(graph.Block, error) bool) error {
	in, err := x.block()
	if err != nil {
		return e.meter.Problem(ingest.Problem{Where: fmt.Sprintf("block %d", x.height), Reason: "unusable rows", Err: err})
	}
	in.Source = "etl:" + filepath.Base(e.dir)
	d := Decode(e.chain, &in)
	if err := d.Report(e.meter); err != nil {
		return err
	}
	if !yield(d.Block, nil) {
		return errStopped
	}
	return nil
}

// claims reads what the tokens and, where they are needed, the contracts say.
func (e *ETL) claims() error {
	e.infos, e.nfts = nil, map[common.Address]bool{}
	seen := map[common.Address]bool{}
	err := e.each(&tokensTable, func(c *cells) {
		a := c.address("address")
		info := graph.AssetInfo{Symbol: c.text("symbol"), Decimals: -1, Source: "etl:" + filepath.Base(e.dir),
			Asset: graph.Asset{Chain: e.chain.ID, Standard: graph.ERC20, Contract: graph.EVMAddress(e.chain.ID, a)}}
		if d, err := graph.ParseAmount(c.text("decimals")); err == nil && d.LtUint64(256) {
			info.Decimals = int(d.Uint64())
		} else if c.has("decimals") {
			e.meter.Pass("token that claims impossible decimals", 1)
		}
		if c.err == nil && !seen[a] {
			seen[a] = true
			e.infos = append(e.infos, info)
		}
	})
	if err != nil || len(e.files[&logsTable]) > 0 {
		return err
	}
	return e.each(&contractsTable, func(c *cells) {
		if a := c.address("address"); c.truth("is_erc721") {
			e.nfts[a] = true
		}
	})
}

// each visits the rows of a table that has no order. A row that cannot be read
// is a problem of the meter.
func (e *ETL) each(t *table, visit func(*cells)) error {
	files := slices.Clone(e.files[t])
	for _, f := range files {
		if err := e.eachOf(t, f.path, visit); err != nil {
			return err
		}
	}
	return nil
}

func (e *ETL) eachOf(t *table, file string, visit func(*cells)) (err error) {
	r, err := openRows(t, file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	for {
		row, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		c := cells{row: row}
		if visit(&c); c.err != nil {
			if err := e.meter.Problem(ingest.Problem{Where: row.where(), Reason: "unusable row of " + t.name, Err: c.err}); err != nil {
				return err
			}
		}
	}
}
