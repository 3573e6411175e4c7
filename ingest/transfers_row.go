package ingest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"spoor/graph"
)

// The columns of a transfers file. The first thirteen are the contract; the
// rest are written by Export so that its file reads back as the same store.
const (
	colChain = iota
	colBlock
	colTime
	colTxHash
	colTxIndex
	colSeq
	colKind
	colFrom
	colTo
	colAsset
	colSymbol
	colDecimals
	colAmount
	colPrevTxHash // of a UTXO input: the output it spends
	colPrevIndex
	colBlockHash
	colParentHash
	colFailed    // the transaction was reverted
	colKnow      // of the block: "transfers/logs/traces", each none, partial or full
	colBlockRows // rows of the block in this file; guards know against filtered files
	colSource    // what the block was first read from
	columns
)

var columnNames = [columns]string{"chain", "block", "time", "tx_hash", "tx_index", "seq", "kind", "from", "to", "asset", "symbol", "decimals", "amount",
	"prev_tx_hash", "prev_index", "block_hash", "parent_hash", "failed", "know", "block_rows", "source"}

var requiredColumns = []int{colChain, colBlock, colTime, colTxHash, colFrom, colTo, colAsset, colAmount}

// kindNone marks a row that moves nothing: it tells of a block, or of a
// transaction, without transfers.
const kindNone = "none"

// blockTxText is the tx_index of what a block itself pays.
const blockTxText = "block"

// lastSecond is the end of the year 9999, the last RFC 3339 can write.
const lastSecond = 253402300799

// A heading says in which field of a record each column stands.
type heading [columns]int

// parseHeading reads the header row: columns by name, in any order.
func parseHeading(names []string) (heading, error) {
	var h heading
	for c := range h {
		h[c] = -1
	}
	for i, name := range names {
		c := slices.Index(columnNames[:], strings.TrimSpace(name))
		if c < 0 {
			return h, advise(fmt.Errorf("unknown column %.40q", name), "the columns are "+strings.Join(columnNames[:], ","))
		}
		if h[c] >= 0 {
			return h, fmt.Errorf("column %q stands twice", columnNames[c])
		}
		h[c] = i
	}
	var missing []string
	for _, c := range requiredColumns {
		if h[c] < 0 {
			missing = append(missing, columnNames[c])
		}
	}
	if missing != nil {
		return h, advise(fmt.Errorf("missing column %s", strings.Join(missing, ", ")),
			"the first line must name the columns: "+strings.Join(columnNames[:colPrevTxHash], ","))
	}
	if h[colKnow] >= 0 && h[colBlockRows] < 0 {
		return h, advise(errors.New("column know without block_rows"), "drop the know column to read the rows as parts of their blocks")
	}
	return h, nil
}

// cell is a record's text in a column, "" where the file has no such column.
func (h *heading) cell(record []string, column int) string {
	if i := h[column]; i >= 0 {
		return record[i]
	}
	return ""
}

// A row is one line of a transfers file, read but not yet placed in a block.
type row struct {
	line  int
	bad   bool // could not be used and was counted; its block is not whole
	block uint32
	time  int64

	txHash   graph.Hash
	txIndex  uint32
	hasIndex bool
	failed   bool

	moves    bool // false for kind none
	inTx     bool // false for a block without transactions
	hasSeq   bool
	transfer graph.Transfer
	symbol   string
	decimals int // -1 unsaid

	hash, parent graph.Hash
	know         graph.Knowledge
	hasKnow      bool
	blockRows    int
	source       string // "" where the file has no such column
	hasSource    bool
}

// A rowError names the column that cannot be used.
type rowError struct {
	column int
	err    error
}

func (e *rowError) Error() string { return "column " + columnNames[e.column] + ": " + e.err.Error() }
func (e *rowError) Unwrap() error { return e.err }

// A rowReader turns records of one file into rows of one chain.
type rowReader struct {
	chain     graph.Chain
	heading   heading
	addresses map[string]graph.Address // of the texts met last; addresses repeat
	assets    map[string]graph.Asset
	texts     map[string]string // sources and symbols
}

// cacheLimit bounds the texts a rowReader remembers.
const cacheLimit = 1 << 16

func newRowReader(chain graph.Chain, h heading) *rowReader {
	return &rowReader{chain, h, map[string]graph.Address{}, map[string]graph.Asset{}, map[string]string{}}
}

// parse reads a record. Its error is a *rowError.
func (r *rowReader) parse(record []string) (row, error) {
	var p rowParser
	p.r, p.record = r, record
	out := row{decimals: -1}
	out.block = p.height()
	out.time = p.time()
	out.hash, out.parent = p.hash(colBlockHash), p.hash(colParentHash)
	out.know, out.hasKnow = p.knowledge()
	out.blockRows = int(p.number(colBlockRows, 1<<31-1, 0))
	out.source, out.hasSource = p.text(colSource), r.heading[colSource] >= 0
	out.failed = p.flag(colFailed)
	out.txHash = p.hash(colTxHash)
	out.txIndex, out.hasIndex = p.txIndex()
	if p.cell(colKind) == kindNone {
		out.inTx = out.hasIndex || !out.txHash.IsZero()
		for _, c := range []int{colSeq, colFrom, colTo, colAsset, colAmount, colPrevTxHash, colPrevIndex} {
			if text := p.cell(c); text != "" {
				p.fail(c, fmt.Errorf("%.40q in a row of kind none, which moves nothing", text))
			}
		}
		return out, p.err()
	}
	out.moves, out.inTx = true, true
	p.transfer(&out)
	if !out.hasIndex && out.txHash.IsZero() {
		switch out.transfer.Kind {
		case graph.KindReward, graph.KindWithdrawal, graph.KindGenesis:
			out.txIndex, out.hasIndex = graph.BlockTx, true
		default:
			p.fail(colTxHash, errors.New("empty, and there is no tx_index either; which transaction is it?"))
		}
	}
	return out, p.err()
}

// A rowParser keeps the first thing wrong with a record.
type rowParser struct {
	r      *rowReader
	record []string
	first  *rowError
}

func (p *rowParser) cell(column int) string { return p.r.heading.cell(p.record, column) }

func (p *rowParser) fail(column int, err error) {
	if p.first == nil {
		p.first = &rowError{column, err}
	}
}

func (p *rowParser) err() error {
	if p.first == nil {
		return nil
	}
	return p.first
}

// text keeps a text beyond its record, once however often it repeats.
func (p *rowParser) text(column int) string {
	text := p.cell(column)
	if text == "" {
		return ""
	}
	if known, ok := p.r.texts[text]; ok {
		return known
	}
	if !utf8.ValidString(text) {
		p.fail(column, fmt.Errorf("%.60q is not UTF-8", text))
		return ""
	}
	if len(p.r.texts) >= cacheLimit {
		clear(p.r.texts)
	}
	text = strings.Clone(text)
	p.r.texts[text] = text
	return text
}

func (p *rowParser) height() uint32 {
	h, err := parseHeight(p.cell(colBlock))
	if err != nil {
		p.fail(colBlock, err)
	}
	return h
}

func parseHeight(text string) (uint32, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%.40q is not a block height; want a number below 2^32", text)
	}
	return uint32(n), nil
}

// number reads an unsigned number; empty is absent.
func (p *rowParser) number(column int, limit, absent uint64) uint64 {
	text := p.cell(column)
	if text == "" {
		return absent
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n > limit {
		p.fail(column, fmt.Errorf("%.40q is not a number from 0 to %d", text, limit))
		return absent
	}
	return n
}

func (p *rowParser) flag(column int) bool {
	switch text := p.cell(column); text {
	case "true", "1":
		return true
	case "false", "0", "":
	default:
		p.fail(column, fmt.Errorf("%.40q is neither true nor false", text))
	}
	return false
}

func (p *rowParser) hash(column int) graph.Hash {
	text := p.cell(column)
	if text == "" {
		return graph.Hash{}
	}
	h, err := graph.ParseHash(text)
	if err != nil {
		p.fail(column, err)
	}
	return h
}

func (p *rowParser) time() int64 {
	t, err := parseTime(p.cell(colTime))
	if err != nil {
		p.fail(colTime, err)
	}
	return t
}

// parseTime reads RFC 3339 or unix seconds.
func parseTime(text string) (int64, error) {
	bad := fmt.Errorf("%.40q is not a time; want RFC 3339 such as 2023-08-01T12:00:00Z, or unix seconds", text)
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return 0, bad
		}
		if t.Nanosecond() != 0 {
			return 0, fmt.Errorf("%.40q has a fraction of a second, which blocks do not", text)
		}
		seconds = t.Unix()
	}
	if seconds > lastSecond {
		return 0, fmt.Errorf("%.40q is beyond the year 9999; are these milliseconds?", text)
	}
	if seconds < -62135596800 { // year 1
		return 0, bad
	}
	return seconds, nil
}

func (p *rowParser) txIndex() (uint32, bool) {
	switch p.cell(colTxIndex) {
	case "":
		return 0, false
	case blockTxText:
		return graph.BlockTx, true
	}
	return uint32(p.number(colTxIndex, graph.BlockTx, 0)), true
}

// knowledge reads "full/partial/none".
func (p *rowParser) knowledge() (graph.Knowledge, bool) {
	text := p.cell(colKnow)
	if text == "" {
		return graph.Knowledge{}, false
	}
	var extents [3]graph.Extent
	parts := strings.Split(text, "/")
	ok := len(parts) == len(extents)
	for i := 0; ok && i < len(parts); i++ {
		extents[i], ok = parseExtent(parts[i])
	}
	if !ok {
		p.fail(colKnow, fmt.Errorf("%.40q; want transfers/logs/traces such as full/full/none", text))
	}
	return graph.Knowledge{Transfers: extents[0], Logs: extents[1], Traces: extents[2]}, ok
}

func parseExtent(text string) (graph.Extent, bool) {
	for e := graph.None; e <= graph.Full; e++ {
		if e.String() == text {
			return e, true
		}
	}
	return 0, false
}

func (p *rowParser) transfer(out *row) {
	t := &out.transfer
	var err error
	if t.Kind, err = graph.ParseKind(p.cell(colKind)); err != nil {
		p.fail(colKind, err)
	}
	t.From, t.To = p.address(colFrom), p.address(colTo)
	t.Asset = p.asset()
	if t.Amount, err = graph.ParseAmount(p.cell(colAmount)); err != nil {
		p.fail(colAmount, err)
	}
	out.symbol = p.text(colSymbol)
	if text := p.cell(colDecimals); text != "" {
		out.decimals = int(p.number(colDecimals, 255, 0))
	}
	p.ends(t)
	t.Prev = p.outPoint(t.Kind)
	t.Seq, out.hasSeq = p.seq(t.Kind)
}

// ends checks which ends the kind of a transfer has.
func (p *rowParser) ends(t *graph.Transfer) {
	utxo := p.r.chain.Family == graph.UTXOFamily
	half := t.Kind == graph.KindInput || t.Kind == graph.KindOutput
	switch {
	case half && !utxo:
		p.fail(colKind, fmt.Errorf("%s belongs to UTXO ledgers, %s keeps accounts", t.Kind, p.r.chain.Alias))
	case t.Kind == graph.KindInput && (t.From.IsZero() || !t.To.IsZero()):
		p.fail(colTo, errors.New("an input has a from and no to"))
	case t.Kind == graph.KindOutput && (t.To.IsZero() || !t.From.IsZero()):
		p.fail(colFrom, errors.New("an output has a to and no from"))
	case t.From.IsZero() && t.To.IsZero():
		p.fail(colFrom, errors.New("from and to are both empty; a transfer needs one of them"))
	case utxo && !half && !t.From.IsZero() && !t.To.IsZero():
		p.fail(colKind, fmt.Errorf("%s from an address to an address, which %s does not record; want rows of kind input and output", t.Kind, p.r.chain.Alias))
	}
}

func (p *rowParser) outPoint(kind graph.Kind) graph.OutPoint {
	prev := graph.OutPoint{Tx: p.hash(colPrevTxHash), Index: uint32(p.number(colPrevIndex, 1<<32-1, 0))}
	switch {
	case prev.Tx.IsZero() && p.cell(colPrevIndex) != "":
		p.fail(colPrevTxHash, errors.New("empty beside a prev_index"))
	case !prev.Tx.IsZero() && p.cell(colPrevIndex) == "":
		p.fail(colPrevIndex, errors.New("empty beside a prev_tx_hash"))
	case !prev.Tx.IsZero() && kind != graph.KindInput:
		p.fail(colPrevTxHash, fmt.Errorf("only an input spends an output, and this is %s", kind))
	}
	return prev
}

// seq reads the place inside the transaction: of inputs and outputs their
// number, of anything else what graph.ParseSeq reads.
func (p *rowParser) seq(kind graph.Kind) (graph.Seq, bool) {
	text := p.cell(colSeq)
	if text == "" {
		return 0, false
	}
	var seq graph.Seq
	number, err := strconv.ParseUint(text, 10, 31)
	switch {
	case err == nil && kind == graph.KindInput:
		seq, err = graph.InputSeq(int(number))
	case err == nil && kind == graph.KindOutput:
		seq, err = graph.OutputSeq(int(number))
	default:
		seq, err = graph.ParseSeq(text)
	}
	if err != nil {
		p.fail(colSeq, err)
	}
	return seq, true
}

func (p *rowParser) address(column int) graph.Address {
	text := p.cell(column)
	if text == "" {
		return graph.Address{}
	}
	if a, known := p.r.addresses[text]; known {
		return a
	}
	a, err := graph.ParseAddress(p.r.chain, text)
	if err != nil {
		p.fail(column, err)
		return graph.Address{}
	}
	if len(p.r.addresses) >= cacheLimit {
		clear(p.r.addresses)
	}
	p.r.addresses[strings.Clone(text)] = a
	return a
}

func (p *rowParser) asset() graph.Asset {
	text := p.cell(colAsset)
	if a, known := p.r.assets[text]; known {
		return a
	}
	a, err := graph.ParseAsset(p.r.chain, text)
	if err != nil {
		p.fail(colAsset, err)
		return graph.Asset{}
	}
	if len(p.r.assets) >= cacheLimit {
		clear(p.r.assets)
	}
	p.r.assets[strings.Clone(text)] = a
	return a
}
