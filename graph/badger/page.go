package badger

import (
	"encoding/binary"
	"errors"
	"fmt"

	"spoor/graph"
)

// txRow is a transaction as the journal keeps it.
type txRow struct {
	Index  uint32
	Hash   graph.Hash
	Failed bool
	Form   graph.Form
	Moves  []moveRow
	stated []byte // its events, packed
}

// moveRow is a move as the journal keeps it. Prev is kept where Spends cannot
// tell it: of an input whose output is not in the store.
type moveRow struct {
	graph.Move
	Prev graph.OutPoint
}

// A page holds whole transactions of one block, about pageSize bytes of them.
//
//	page        | transaction … | CRC-32C 4 |
//	transaction | index - previous index | length of the rest | flags 1 | hash 32, if known | form, if known | length of the events | event …, if any | move … |
//	move        | kind and ends 1 | place | from | to | asset | amount | spends |
//
// The lengths let one transaction be found without decoding those before it.
// Numbers are uvarints; an amount is | length 1 | big-endian |; from and to are
// there when their bit is set; spends is there of inputs, and a raw outpoint
// | hash 32 | index | where its bit is set.
const (
	pageSize = 32 << 10
	maxPage  = 8 << 20 // one transaction may be larger than pageSize, not than this
	txFailed = 1
	txHashed = 2
	txStated = 4
	txFormed = 8
	kindBits = 5
	kindMask = 1<<kindBits - 1
	moveFrom = 1 << 5
	moveTo   = 1 << 6
	movePrev = 1 << 7
)

var errKind = errors.New("kind beyond 31")

func appendTxRow(b []byte, height, previous uint32, tx *txRow) ([]byte, error) {
	body, err := appendTxBody(nil, height, tx)
	if err != nil {
		return nil, err
	}
	b = binary.AppendUvarint(b, uint64(tx.Index-previous))
	b = binary.AppendUvarint(b, uint64(len(body)))
	return append(b, body...), nil
}

func appendTxBody(b []byte, height uint32, tx *txRow) ([]byte, error) {
	var flags byte
	if tx.Failed {
		flags |= txFailed
	}
	if !tx.Hash.IsZero() {
		flags |= txHashed
	}
	if len(tx.stated) > 0 {
		flags |= txStated
	}
	if tx.Form.Known {
		flags |= txFormed
	}
	b = append(b, flags)
	if flags&txHashed != 0 {
		b = append(b, tx.Hash[:]...)
	}
	if flags&txFormed != 0 {
		b = appendForm(b, &tx.Form, height)
	}
	if flags&txStated != 0 {
		b = appendBytes(b, tx.stated)
	}
	for i := range tx.Moves {
		m := &tx.Moves[i]
		if m.Kind > kindMask {
			return nil, fmt.Errorf("%d/%d/%s: %w", height, tx.Index, m.Seq, errKind)
		}
		flags := byte(m.Kind)
		if m.From != 0 {
			flags |= moveFrom
		}
		if m.To != 0 {
			flags |= moveTo
		}
		if m.Prev != (graph.OutPoint{}) {
			flags |= movePrev
		}
		b = append(b, flags)
		b = appendSeq(b, m.Seq)
		if m.From != 0 {
			b = binary.AppendUvarint(b, uint64(m.From))
		}
		if m.To != 0 {
			b = binary.AppendUvarint(b, uint64(m.To))
		}
		b = binary.AppendUvarint(b, uint64(m.Asset))
		b = appendAmount(b, &m.Amount)
		if m.Kind == graph.KindInput {
			b = appendBefore(b, m.Spends, graph.Position{Block: height})
		}
		if flags&movePrev != 0 {
			b = append(b, m.Prev.Tx[:]...)
			b = binary.AppendUvarint(b, uint64(m.Prev.Index))
		}
	}
	if len(b) > maxPage {
		return nil, fmt.Errorf("transaction %d/%d has %d transfers and %d bytes of events and needs %d bytes; more than %d cannot be stored in one transaction",
			height, tx.Index, len(tx.Moves), len(tx.stated), len(b), maxPage)
	}
	return b, nil
}

// page is a row of the journal: its key and its sealed value.
type row struct{ key, value []byte }

// encodePages packs the transactions of a block.
func encodePages(height uint32, txs []txRow) ([]row, error) {
	var rows []row
	for len(txs) > 0 {
		var value []byte
		n, previous := 0, uint32(0)
		for n < len(txs) && (n == 0 || len(value) < pageSize) {
			next, err := appendTxRow(value, height, previous, &txs[n])
			if err != nil {
				return nil, err
			}
			if n > 0 && len(next) > maxPage {
				break
			}
			value, previous = next, txs[n].Index
			n++
		}
		key := pageKey(height, previous)
		rows = append(rows, row{key, seal(key, value)})
		txs = txs[n:]
	}
	return rows, nil
}

// decodePage takes an unsealed page apart and appends its transactions to txs,
// into what is allocated behind them.
func decodePage(key, value []byte, height uint32, txs []txRow) ([]txRow, error) {
	r := reader{b: value}
	previous := uint32(0)
	for len(r.b) > 0 {
		if len(txs) < cap(txs) {
			txs = txs[:len(txs)+1]
		} else {
			txs = append(txs, txRow{})
		}
		tx := &txs[len(txs)-1]
		tx.reset(previous + r.uint32())
		decodeTxBody(&r, r.bytes(r.uvarint()), height, tx)
		previous = tx.Index
	}
	return txs, r.end(key)
}

// reset makes a row an empty one that keeps what it has allocated.
func (tx *txRow) reset(index uint32) {
	*tx = txRow{Index: index, Moves: tx.Moves[:0], stated: tx.stated[:0]}
}

// findInPage decodes one transaction of an unsealed page into tx, whose moves
// are reused.
func findInPage(key, value []byte, height, index uint32, tx *txRow) (found bool, err error) {
	r := reader{b: value}
	previous := uint32(0)
	for len(r.b) > 0 {
		previous += r.uint32()
		body := r.bytes(r.uvarint())
		if previous == index && r.err == nil {
			r.b = nil
			tx.reset(index)
			decodeTxBody(&r, body, height, tx)
			return true, r.end(key)
		}
	}
	return false, r.end(key)
}

func decodeTxBody(outer *reader, body []byte, height uint32, tx *txRow) {
	if outer.err != nil {
		return
	}
	r := reader{b: body}
	flags := r.byte()
	tx.Failed = flags&txFailed != 0
	if flags&txHashed != 0 {
		tx.Hash = r.hash()
	}
	if flags&txFormed != 0 {
		tx.Form = r.form(height)
	}
	if flags&txStated != 0 {
		tx.stated = append(tx.stated, r.bytes(r.uvarint())...)
	}
	if flags&^(txFailed|txHashed|txStated|txFormed) != 0 {
		r.fail(errors.New("unknown flags of a transaction"))
	}
	for len(r.b) > 0 {
		var m moveRow
		flags := r.byte()
		m.Kind = graph.Kind(flags & kindMask)
		m.Seq = r.seq()
		if flags&moveFrom != 0 {
			m.From = graph.ID(r.uvarint())
		}
		if flags&moveTo != 0 {
			m.To = graph.ID(r.uvarint())
		}
		m.Asset = graph.AssetID(r.uint32())
		r.amount(&m.Amount)
		if m.Kind == graph.KindInput {
			m.Spends = r.before(graph.Position{Block: height})
		}
		if flags&movePrev != 0 {
			m.Prev = graph.OutPoint{Tx: r.hash(), Index: r.uint32()}
		}
		tx.Moves = append(tx.Moves, m)
	}
	if r.err != nil {
		outer.fail(r.err)
	}
}
