package label

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"spoor/graph"
)

// ErrList is returned for a file that is no list of labels.
var ErrList = errors.New("not a list of labels")

// The columns of a list, in any order.
const (
	colChain      = "chain" // CAIP-2 id or alias, or "evm"
	colAddress    = "address"
	colName       = "name"
	colCategory   = "category"
	colBehaviour  = "behaviour"  // optional
	colSource     = "source"     // optional; default the name of the list
	colConfidence = "confidence" // optional; see ParseConfidence
	colNote       = "note"       // optional; for readers of the file only
)

var (
	columns  = []string{colChain, colAddress, colName, colCategory, colBehaviour, colSource, colConfidence, colNote}
	required = columns[:4]
)

// everyEVM in the chain column stands for every EVM chain of the chain table:
// contracts that are at one address wherever they are.
const everyEVM = "evm"

// ReadCSV reads a list of labels: UTF-8 with a header, RFC 4180, with the
// columns chain, address, name and category, and optionally behaviour, source,
// confidence and note. Addresses of mixed case must keep their EIP-55 checksum.
//
// The name of the list is in errors, with the line, and is the source of rows
// that tell none. One bad row refuses the list: what is not in it would not be
// missed.
func ReadCSV(r io.Reader, name string) ([]graph.Label, error) {
	buffered := bufio.NewReader(r)
	if mark, err := buffered.Peek(3); err == nil && bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = buffered.Discard(3) // a byte order mark, as spreadsheets write it
	}
	rows := csv.NewReader(buffered)
	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: %s is empty; want a header with %s", ErrList, name, strings.Join(required, ","))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrList, name, err)
	}
	at, err := places(header)
	if err != nil {
		return nil, fmt.Errorf("%w: %s:1: %w", ErrList, name, err)
	}
	var labels []graph.Label
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return labels, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrList, name, err) // tells the line itself
		}
		fields := func(column string) string {
			if i, ok := at[column]; ok {
				return row[i]
			}
			return ""
		}
		more, err := parseRow(fields, name)
		if err != nil {
			line, _ := rows.FieldPos(0)
			return nil, fmt.Errorf("%w: %s:%d: %w", ErrList, name, line, err)
		}
		labels = append(labels, more...)
	}
}

// places maps the columns to where the header has them.
func places(header []string) (map[string]int, error) {
	at := make(map[string]int)
	for i, column := range header {
		if !slices.Contains(columns, column) {
			return nil, fmt.Errorf("unknown column %.40q; want %s", column, strings.Join(columns, ","))
		}
		if _, twice := at[column]; twice {
			return nil, fmt.Errorf("column %s is there twice", column)
		}
		at[column] = i
	}
	for _, column := range required {
		if _, ok := at[column]; !ok {
			return nil, fmt.Errorf("no column %s; want %s", column, strings.Join(columns, ","))
		}
	}
	return at, nil
}

// parseRow reads one row: one label, or one for each chain.
func parseRow(field func(column string) string, list string) ([]graph.Label, error) {
	l := graph.Label{Name: field(colName), Category: field(colCategory), Behaviour: field(colBehaviour), Source: field(colSource)}
	if l.Name == "" || l.Category == "" {
		return nil, errors.New("a label needs a name and a category")
	}
	if l.Source == "" {
		l.Source = list
	}
	for _, text := range []string{l.Name, l.Category, l.Behaviour, l.Source} {
		if !utf8.ValidString(text) {
			return nil, fmt.Errorf("%.80q is not UTF-8", text)
		}
	}
	var err error
	if l.Confidence, err = ParseConfidence(field(colConfidence)); err != nil {
		return nil, err
	}
	chains, err := chainsOf(field(colChain))
	if err != nil {
		return nil, err
	}
	labels := make([]graph.Label, len(chains))
	for i, chain := range chains {
		labels[i] = l
		if labels[i].Address, err = graph.ParseAddress(chain, field(colAddress)); err != nil {
			return nil, err
		}
	}
	return labels, nil
}

func chainsOf(text string) ([]graph.Chain, error) {
	if text != everyEVM {
		chain, err := graph.ParseChain(text)
		if err != nil {
			return nil, fmt.Errorf("%w, or %s for every EVM chain of them", err, everyEVM)
		}
		return []graph.Chain{chain}, nil
	}
	var chains []graph.Chain
	for _, chain := range graph.Chains() {
		if chain.Family == graph.AccountFamily {
			chains = append(chains, chain)
		}
	}
	return chains, nil
}
