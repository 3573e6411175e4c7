package eval

import (
	"cmp"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"spoor/graph"
)

// labelled are transactions that others gave a label, as a ledger: in order of
// time, each at a height of its own. One may have several labels.
type labelled struct {
	*ledger
	labels    map[graph.Position][]string // the sets it is in
	withdrawn map[graph.Position]bool     // the source lists it as a false positive
}

// labelledRow is a line of a set: inputs [previous hash, index, satoshi, script,
// form], outputs [satoshi, script, form].
type labelledRow struct {
	TxID    string
	Index   uint32
	Time    int64
	Inputs  []labelledInput
	Outputs []labelledOutput

	hash   graph.Hash
	labels []string
}

type labelledInput struct {
	prev   graph.OutPoint
	value  uint64
	script []byte
}

type labelledOutput struct {
	value  uint64
	script []byte
}

func (in *labelledInput) UnmarshalJSON(raw []byte) error {
	var hash, script string
	fields := []any{&hash, &in.prev.Index, &in.value, &script, new(string)}
	if err := unmarshalArray(raw, fields); err != nil {
		return err
	}
	var err1, err2 error
	in.prev.Tx, err1 = graph.ParseHash(hash)
	in.script, err2 = hex.DecodeString(script)
	return errors.Join(err1, err2)
}

func (out *labelledOutput) UnmarshalJSON(raw []byte) (err error) {
	var script string
	if err := unmarshalArray(raw, []any{&out.value, &script, new(string)}); err != nil {
		return err
	}
	out.script, err = hex.DecodeString(script)
	return err
}

// unmarshalArray reads an array of fixed fields.
func unmarshalArray(raw []byte, fields []any) error {
	n := len(fields)
	if err := json.Unmarshal(raw, &fields); err != nil {
		return err
	}
	if len(fields) != n {
		return fmt.Errorf("%d fields, want %d", len(fields), n)
	}
	return nil
}

// readLabelled reads the sets of a folder of crocs-muni/coinjoin-analysis rows,
// a file for each.
func readLabelled(dir string, sets []string) (*labelled, error) {
	rows := map[graph.Hash]*labelledRow{}
	for _, set := range sets {
		if err := readLines(filepath.Join(dir, set+".jsonl.gz"), func(r *labelledRow) (err error) {
			if r.hash, err = graph.ParseHash(r.TxID); err != nil {
				return err
			}
			if old := rows[r.hash]; old != nil {
				r = old
			}
			r.labels = append(r.labels, set)
			rows[r.hash] = r
			return nil
		}); err != nil {
			return nil, err
		}
	}
	withdrawn, err := readWithdrawn(filepath.Join(dir, "wasabi2_false_positives.csv"))
	if err != nil {
		return nil, err
	}
	return arrange(rows, withdrawn)
}

// arrange puts rows into ledger order and links them.
func arrange(rows map[graph.Hash]*labelledRow, withdrawn map[graph.Hash]bool) (*labelled, error) {
	order := make([]*labelledRow, 0, len(rows))
	for _, r := range rows {
		order = append(order, r)
	}
	slices.SortFunc(order, func(a, b *labelledRow) int {
		return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Index, b.Index), cmp.Compare(a.TxID, b.TxID))
	})
	l := &labelled{newLedger(), map[graph.Position][]string{}, map[graph.Position]bool{}}
	places := map[graph.Hash]graph.Position{}
	for i, r := range order {
		places[r.hash] = graph.Position{Block: uint32(i + 1)}
	}
	for _, r := range order {
		tx := graph.TxMoves{At: places[r.hash], Hash: r.hash, Time: r.Time}
		for i, in := range r.Inputs {
			m := graph.Move{Kind: graph.KindInput, From: l.id(graph.ScriptAddress(graph.Bitcoin, in.script)), Asset: graph.NativeID}
			var err error
			if m.Seq, err = graph.InputSeq(i); err != nil {
				return nil, err
			}
			if at, ok := places[in.prev.Tx]; ok && at.Compare(tx.At) < 0 {
				m.Spends = at
				if m.Spends.Seq, err = graph.OutputSeq(int(in.prev.Index)); err != nil {
					return nil, err
				}
			}
			m.Amount.SetUint64(in.value)
			tx.Moves = append(tx.Moves, m)
		}
		for i, out := range r.Outputs {
			m := graph.Move{Kind: graph.KindOutput, To: l.id(graph.ScriptAddress(graph.Bitcoin, out.script)), Asset: graph.NativeID}
			var err error
			if m.Seq, err = graph.OutputSeq(i); err != nil {
				return nil, err
			}
			m.Amount.SetUint64(out.value)
			tx.Moves = append(tx.Moves, m)
		}
		l.labels[tx.At], l.withdrawn[tx.At] = r.labels, withdrawn[r.hash]
		l.add(tx)
	}
	return l, nil
}

// readWithdrawn reads the hashes that the source lists as wrongly labelled.
func readWithdrawn(path string) (_ map[graph.Hash]bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	list := map[graph.Hash]bool{}
	for i, row := range rows {
		if i == 0 {
			continue // the header
		}
		h, err := graph.ParseHash(strings.TrimSpace(row[len(row)-1]))
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
		}
		list[h] = true
	}
	return list, nil
}
