package ingest

import (
	"cmp"
	"fmt"
	"slices"

	"spoor/graph"
)

// placed is a transfer and the line it came from.
type placed struct {
	graph.Transfer
	line   int
	hasSeq bool
}

// txRows are the rows of one transaction.
type txRows struct {
	hash     graph.Hash
	index    uint32
	hasIndex bool
	failed   bool
	moves    []placed
}

// An assembly makes a block of the rows that one file has of it. Rows come in
// the order of the file.
type assembly struct {
	file  string
	chain graph.Chain
	meter *Meter

	block  graph.Block
	line   int // of the first row
	rows   int
	expect int // rows the file says there are, 0 if it does not
	bad    bool
	txs    []txRows
	byHash map[graph.Hash]int
	byNum  map[uint32]int
}

func newAssembly(file string, chain graph.Chain, meter *Meter) *assembly {
	return &assembly{file: file, chain: chain, meter: meter, byHash: map[graph.Hash]int{}, byNum: map[uint32]int{}}
}

// add places a row, or reports why it cannot be.
func (a *assembly) add(r row) (used bool, err error) {
	a.rows++
	if r.bad {
		a.bad = true
		return false, nil
	}
	if err := a.header(r); err != nil {
		return false, a.problem(r.line, "contradicting rows", err)
	}
	if !r.inTx {
		return true, nil
	}
	tx, err := a.tx(r)
	if err != nil {
		return false, a.problem(r.line, "contradicting rows", err)
	}
	tx.failed = tx.failed || r.failed
	if r.moves {
		tx.moves = append(tx.moves, placed{r.transfer, r.line, r.hasSeq})
	}
	return true, nil
}

func (a *assembly) problem(line int, reason string, err error) error {
	a.bad = true
	return a.meter.Problem(Problem{Where: fmt.Sprintf("%s:%d", a.file, line), Reason: reason, Err: err})
}

// header takes what a row says about its block, which no other row of the
// block may contradict.
func (a *assembly) header(r row) error {
	b := &a.block
	know, source := r.know, r.source
	if !r.hasKnow {
		know = graph.Knowledge{Transfers: graph.Partial}
	}
	if !r.hasSource {
		source = a.file
	}
	if a.line == 0 {
		a.line, a.expect = r.line, r.blockRows
		b.Header = graph.Header{Height: r.block, Hash: r.hash, Parent: r.parent, Time: r.time}
		b.Know, b.Source = know, source
		return nil
	}
	switch {
	case r.time != b.Time:
		return fmt.Errorf("column time: block %d has time %d here and %d in line %d", r.block, r.time, b.Time, a.line)
	case r.hash != b.Hash, r.parent != b.Parent, know != b.Know, source != b.Source, r.blockRows != a.expect:
		return fmt.Errorf("block %d has another block_hash, parent_hash, know, block_rows or source here than in line %d", r.block, a.line)
	}
	return nil
}

// tx finds or begins the transaction of a row.
func (a *assembly) tx(r row) (*txRows, error) {
	at, known := 0, false
	if !r.txHash.IsZero() {
		at, known = a.byHash[r.txHash]
	}
	if r.hasIndex {
		i, numbered := a.byNum[r.txIndex]
		switch {
		case known && numbered && i != at,
			known && !numbered && a.txs[at].hasIndex,
			!known && numbered && !r.txHash.IsZero() && a.txs[i].hash != r.txHash,
			numbered && r.txHash.IsZero() && !a.txs[i].hash.IsZero():
			return nil, fmt.Errorf("column tx_index: block %d has two transactions %s, or one with two numbers", r.block, indexText(r.txIndex))
		case numbered:
			at, known = i, true
		}
	}
	if !known {
		at = len(a.txs)
		a.txs = append(a.txs, txRows{hash: r.txHash})
		if !r.txHash.IsZero() {
			a.byHash[r.txHash] = at
		}
	}
	if r.hasIndex {
		a.byNum[r.txIndex] = at
		a.txs[at].index, a.txs[at].hasIndex = r.txIndex, true
	}
	return &a.txs[at], nil
}

// finish is the block: transactions without a number follow those with one,
// and transfers without a place take the next free one, in file order.
func (a *assembly) finish() (graph.Block, error) {
	next := uint32(0)
	for _, tx := range a.txs {
		if tx.hasIndex && tx.index != graph.BlockTx {
			next = max(next, tx.index+1)
		}
	}
	for i := range a.txs {
		if tx := &a.txs[i]; !tx.hasIndex {
			tx.index, next = next, next+1
		}
	}
	slices.SortFunc(a.txs, func(x, y txRows) int { return cmp.Compare(x.index, y.index) })
	for _, tx := range a.txs {
		transfers, err := a.place(tx.moves)
		if err != nil {
			return graph.Block{}, err
		}
		a.block.Txs = append(a.block.Txs, graph.Tx{Index: tx.index, Hash: tx.hash, Failed: tx.failed, Transfers: transfers})
	}
	if a.expect != 0 && a.expect != a.rows {
		err := a.problem(a.line, "block with missing rows", advise(
			fmt.Errorf("column block_rows: block %d should have %d rows here and has %d", a.block.Height, a.expect, a.rows),
			"was the file filtered? Drop its columns know and block_rows to read the rows as parts of their blocks"))
		if err != nil {
			return graph.Block{}, err
		}
	}
	if a.bad {
		a.block.Know = partly(a.block.Know)
	}
	return a.block, nil
}

// place gives every transfer its place in the transaction. A row that repeats
// the place and the content of another is that other row once more.
func (a *assembly) place(moves []placed) ([]graph.Transfer, error) {
	if slices.ContainsFunc(moves, func(m placed) bool { return !m.hasSeq }) {
		if err := a.number(moves); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(moves, func(x, y placed) int { return cmp.Compare(x.Seq, y.Seq) })
	out := make([]graph.Transfer, 0, len(moves))
	for i, m := range moves {
		if i > 0 && len(out) > 0 && out[len(out)-1].Seq == m.Seq {
			if out[len(out)-1] == m.Transfer {
				a.meter.Pass("duplicate rows", 1)
				continue
			}
			err := a.problem(m.line, "two transfers at one place",
				fmt.Errorf("column seq: %s of this transaction is another transfer in line %d", m.Seq, moves[i-1].line))
			if err != nil {
				return nil, err
			}
			continue
		}
		out = append(out, m.Transfer)
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

// number gives the transfers without a place the next free one, in the order
// of the file.
func (a *assembly) number(moves []placed) error {
	taken := make(map[graph.Seq]bool, len(moves))
	for _, m := range moves {
		if m.hasSeq {
			taken[m.Seq] = true
		}
	}
	next := map[graph.Kind]int{}
	for i := range moves {
		m := &moves[i]
		for class := rowClass(m.Kind); !m.hasSeq; {
			seq, err := newSeq(class, next[class])
			if err != nil {
				return fmt.Errorf("%s:%d: %w", a.file, m.line, err)
			}
			next[class]++
			m.Seq, m.hasSeq = seq, !taken[seq]
		}
	}
	return nil
}

// partly is knowledge with nothing complete in it.
func partly(k graph.Knowledge) graph.Knowledge {
	return graph.Knowledge{Transfers: min(k.Transfers, graph.Partial), Logs: min(k.Logs, graph.Partial), Traces: min(k.Traces, graph.Partial)}
}

// rowClass tells inputs and outputs, which the ledger numbers itself, from
// rows that have only the order of their file (graph.KindTransfer).
func rowClass(kind graph.Kind) graph.Kind {
	if kind == graph.KindInput || kind == graph.KindOutput {
		return kind
	}
	return graph.KindTransfer
}

func newSeq(class graph.Kind, i int) (graph.Seq, error) {
	switch class {
	case graph.KindInput:
		return graph.InputSeq(i)
	case graph.KindOutput:
		return graph.OutputSeq(i)
	}
	return graph.RowSeq(i)
}

// indexText writes a transaction index.
func indexText(index uint32) string {
	if index == graph.BlockTx {
		return blockTxText
	}
	return fmt.Sprint(index)
}
