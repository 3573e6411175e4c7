package ethereum

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// table is a kind of file of an ethereum-etl export.
type table struct {
	name     string   // the word in file names
	typ      string   // "type" of its JSON lines
	height   string   // column of the block number; "" if the rows have no order
	needed   []string // columns without which a row means nothing
	optional []string
}

// The tables, by ethereum-etl's docs/schema.md and its exporter.
var (
	blocksTable = table{"blocks", "block", "number", []string{"number", "hash", "timestamp"},
		[]string{"parent_hash", "sha3_uncles", "miner", "difficulty", "base_fee_per_gas", "withdrawals_root", "withdrawals", "transaction_count"}}
	transactionsTable = table{"transactions", "transaction", "block_number",
		[]string{"hash", "nonce", "block_hash", "block_number", "transaction_index", "from_address", "to_address", "value", "gas", "gas_price", "input"},
		[]string{"block_timestamp", "transaction_type", "receipt_gas_used", "receipt_contract_address", "receipt_root", "receipt_status",
			"receipt_effective_gas_price", "receipt_l1_fee", "receipt_blob_gas_used", "receipt_blob_gas_price"}}
	receiptsTable = table{"receipts", "receipt", "block_number",
		[]string{"transaction_hash", "transaction_index", "block_hash", "block_number", "gas_used", "contract_address", "status"},
		[]string{"root", "effective_gas_price", "l1_fee", "blob_gas_used", "blob_gas_price"}}
	logsTable = table{"logs", "log", "block_number",
		[]string{"log_index", "transaction_hash", "transaction_index", "block_number", "address", "data", "topics"}, []string{"block_hash", "block_timestamp"}}
	tokenTransfersTable = table{"token_transfers", "token_transfer", "block_number",
		[]string{"token_address", "from_address", "to_address", "value", "transaction_hash", "log_index", "block_number"}, []string{"block_hash", "block_timestamp"}}
	tracesTable = table{"traces", "trace", "block_number",
		[]string{"block_number", "transaction_index", "from_address", "to_address", "value", "trace_type", "call_type", "trace_address", "error"},
		[]string{"transaction_hash", "reward_type", "status", "block_hash", "block_timestamp"}}
	tokensTable    = table{"tokens", "token", "", []string{"address", "symbol", "decimals"}, nil}
	contractsTable = table{"contracts", "contract", "", []string{"address", "is_erc721"}, nil}
)

// etlTables are all tables. A name is matched in this order: token_transfers
// before the words in it.
func etlTables() []*table {
	return []*table{&tokenTransfersTable, &transactionsTable, &receiptsTable, &logsTable, &tracesTable, &blocksTable, &tokensTable, &contractsTable}
}

func (t *table) columns() []string { return slices.Concat(t.needed, t.optional) }

// row is a row of a table: cells in the order of its columns, as text; "" is
// null or absent.
type row struct {
	table *table
	file  string
	line  int
	cells []string
}

func (r *row) where() string { return fmt.Sprintf("%s:%d", r.file, r.line) }

// rowReader reads a file of rows, CSV with a header or JSON lines, gzipped or
// not.
type rowReader struct {
	table  *table
	file   string
	closer io.Closer
	count  *countingReader
	next   func() (*row, error) // io.EOF at the end
}

// maxLine bounds one JSON line.
const maxLine = 256 << 20

func openRows(t *table, file string) (*rowReader, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	r := &rowReader{table: t, file: file, closer: f, count: &countingReader{r: f}}
	in := bufio.NewReaderSize(r.count, 1<<18)
	if head, _ := in.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", file, err), f.Close())
		}
		in = bufio.NewReaderSize(z, 1<<18)
	}
	if err := r.start(in); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return r, nil
}

func (r *rowReader) close() error { return r.closer.Close() }

func (r *rowReader) start(in *bufio.Reader) error {
	if bom, _ := in.Peek(3); bytes.Equal(bom, []byte("\ufeff")) {
		_, _ = in.Discard(3)
	}
	switch first, err := in.Peek(1); {
	case errors.Is(err, io.EOF):
		r.next = func() (*row, error) { return nil, io.EOF }
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w", r.file, err)
	case first[0] == '{':
		r.next = r.jsonLines(in)
		return nil
	case first[0] == '[':
		return fmt.Errorf("%s: a JSON array; want JSON lines, one object a line (jq -c '.[]' makes them)", r.file)
	}
	return r.csv(in)
}

func (r *rowReader) csv(in io.Reader) error {
	c := csv.NewReader(in)
	c.ReuseRecord = true
	header, err := c.Read()
	if err != nil {
		return fmt.Errorf("%s:1: %w", r.file, err)
	}
	columns := r.table.columns()
	at := make([]int, len(columns))
	for i, name := range columns {
		if at[i] = slices.Index(header, name); at[i] < 0 && i < len(r.table.needed) {
			return r.missing(1, name)
		}
		if at[i] >= 0 && slices.Contains(header[at[i]+1:], name) {
			return fmt.Errorf("%s:1: column %q stands twice in the header", r.file, name)
		}
	}
	r.next = func() (*row, error) {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.file, err)
		}
		line, _ := c.FieldPos(0)
		cells := make([]string, len(columns))
		for i, column := range at {
			if column >= 0 {
				cells[i] = record[column]
			}
		}
		return &row{r.table, r.file, line, cells}, nil
	}
	return nil
}

func (r *rowReader) missing(line int, column string) error {
	return fmt.Errorf("%s:%d: no column %q; ethereum-etl's %s have %s", r.file, line, column, r.table.name, strings.Join(r.table.needed, ", "))
}

func (r *rowReader) jsonLines(in *bufio.Reader) func() (*row, error) {
	columns, line := r.table.columns(), 0
	return func() (*row, error) {
		for {
			text, err := readLine(in)
			if line++; err != nil && !errors.Is(err, io.EOF) {
				return nil, fmt.Errorf("%s:%d: %w", r.file, line, err)
			}
			if len(bytes.TrimSpace(text)) == 0 {
				if err != nil {
					return nil, io.EOF
				}
				continue
			}
			return r.object(columns, line, text)
		}
	}
}

func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
		if len(line) > maxLine {
			return nil, fmt.Errorf("line of more than %d bytes", maxLine)
		}
	}
}

func (r *rowReader) object(columns []string, line int, text []byte) (*row, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", r.file, line, err)
	}
	if raw, ok := object["type"]; ok {
		if typ, err := cellText(raw); err != nil || typ != r.table.typ {
			return nil, fmt.Errorf("%s:%d: row of type %.40s in a file of %s", r.file, line, raw, r.table.name)
		}
	}
	cells := make([]string, len(columns))
	for i, name := range columns {
		raw, ok := object[name]
		if !ok {
			if i < len(r.table.needed) {
				return nil, r.missing(line, name)
			}
			continue
		}
		var err error
		if cells[i], err = cellText(raw); err != nil {
			return nil, fmt.Errorf("%s:%d: %s: %w", r.file, line, name, err)
		}
	}
	return &row{r.table, r.file, line, cells}, nil
}

// cellText is a JSON value as the CSV exporter would write it: a list of
// simple values is joined by commas; numbers keep all digits; anything else
// stays JSON.
func cellText(raw json.RawMessage) (string, error) {
	raw = bytes.TrimSpace(raw)
	switch {
	case bytes.Equal(raw, []byte("null")):
		return "", nil
	case raw[0] == '"':
		var text string
		err := json.Unmarshal(raw, &text)
		return text, err
	case raw[0] != '[':
		return string(raw), nil
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return "", err
	}
	texts := make([]string, len(items))
	for i, item := range items {
		if item[0] == '{' || item[0] == '[' {
			return string(raw), nil
		}
		var err error
		if texts[i], err = cellText(item); err != nil {
			return "", err
		}
	}
	return strings.Join(texts, ","), nil
}
