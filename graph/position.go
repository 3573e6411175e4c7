package graph

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Hash is a block or transaction hash, in the byte order in which people write
// it (for Bitcoin: reversed against the wire). The zero Hash means unknown.
type Hash [32]byte

// ParseHash reads 64 hex digits, with or without 0x.
func ParseHash(text string) (Hash, error) {
	var h Hash
	digits, prefixed := strings.CutPrefix(text, "0x")
	if !prefixed {
		digits = strings.TrimPrefix(text, "0X")
	}
	if len(digits) != 64 {
		return h, fmt.Errorf("%.80q is not a hash: want 64 hex digits", text)
	}
	if _, err := hex.Decode(h[:], []byte(digits)); err != nil {
		return Hash{}, fmt.Errorf("%.80q is not a hash: %w", text, err)
	}
	return h, nil
}

// IsZero reports whether the hash is unknown.
func (h Hash) IsZero() bool { return h == Hash{} }

// String is the hash as 64 lower-case hex digits without prefix.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Text is the hash as a ledger of the given family writes it: with 0x on
// account ledgers, without on UTXO ledgers. The unknown hash is "".
func (h Hash) Text(family Family) string {
	switch {
	case h.IsZero():
		return ""
	case family == AccountFamily:
		return "0x" + h.String()
	}
	return h.String()
}

// Limits of a position's parts. A fact beyond them is refused, never wrapped:
// a truncated index would make two transfers one.
const (
	MaxTx   = 1<<24 - 2 // highest index of a transaction in its block
	BlockTx = 1<<24 - 1 // "transaction" of what a block itself pays: rewards, withdrawals, genesis
)

// Position is where a fact sits in one ledger: block height, index of the
// transaction in the block, and place inside the transaction. Positions of one
// chain are totally ordered, and a position is the identity of a transfer.
type Position struct {
	Block uint32
	Tx    uint32
	Seq   Seq
}

// MaxPosition sorts after every real position.
var MaxPosition = Position{^uint32(0), BlockTx, ^Seq(0)}

// Compare orders positions as the ledger does.
func (p Position) Compare(q Position) int {
	if c := cmp.Compare(p.Block, q.Block); c != 0 {
		return c
	}
	if c := cmp.Compare(p.Tx, q.Tx); c != 0 {
		return c
	}
	return cmp.Compare(p.Seq, q.Seq)
}

// Next is the smallest position after p.
func (p Position) Next() Position {
	switch {
	case p.Seq != ^Seq(0):
		p.Seq++
	case p.Tx != BlockTx:
		p.Tx, p.Seq = p.Tx+1, 0
	default:
		p = Position{Block: p.Block + 1}
	}
	return p
}

// NextTx is the position at which the transaction after p's begins.
func (p Position) NextTx() Position {
	p.Seq = ^Seq(0)
	return p.Next()
}

// StartOf is the position at which p's transaction begins.
func (p Position) StartOf() Position { return Position{p.Block, p.Tx, 0} }

// String is "block/tx/seq", the block's own payments as "block/block/seq".
func (p Position) String() string {
	if p.Tx == BlockTx {
		return fmt.Sprintf("%d/block/%s", p.Block, p.Seq)
	}
	return fmt.Sprintf("%d/%d/%s", p.Block, p.Tx, p.Seq)
}

// Seq is a place inside a transaction: a class and an index, packed so that
// numbers order as value moves (gas is paid first, then calls, then logs). It
// is intrinsic: traces that are read later do not renumber what the logs gave.
//
//	bits 31-28  class
//	bits 27-0   index (logs: 17 bits log index in the block, 11 bits item in a batch)
type Seq uint32

// Classes of places inside a transaction.
const (
	seqRow    = iota // a row of a transfers file, in the file's order
	seqFee           // a fee component
	seqCall          // a call frame in execution order; 0 is the transaction's own value
	seqLog           // a log entry
	seqInput         // an input of a UTXO transaction
	seqOutput        // an output of a UTXO transaction
	seqReward        // paid by the protocol: rewards, withdrawals, genesis
	seqClasses
)

var seqNames = [seqClasses]string{"row", "fee", "call", "log", "in", "out", "reward"}

const (
	seqIndexBits = 28
	maxSeqIndex  = 1<<seqIndexBits - 1
	logItemBits  = 11
)

func newSeq(class, index int) (Seq, error) {
	if index < 0 || index > maxSeqIndex {
		return 0, fmt.Errorf("%s index %d is beyond %d", seqNames[class], index, maxSeqIndex)
	}
	return Seq(class<<seqIndexBits | index), nil
}

// RowSeq is the place of the i-th row of a transfers file.
func RowSeq(i int) (Seq, error) { return newSeq(seqRow, i) }

// FeeSeq is the place of the i-th fee component.
func FeeSeq(i int) Seq { return Seq(seqFee<<seqIndexBits | i) }

// CallSeq is the place of the i-th call frame in execution order (depth
// first); 0 is the transaction's own value.
func CallSeq(i int) (Seq, error) { return newSeq(seqCall, i) }

// LogSeq is the place of item item of the log with the given index in its
// block; only batch logs have more than one item.
func LogSeq(logIndex, item int) (Seq, error) {
	if item < 0 || item >= 1<<logItemBits || logIndex < 0 || logIndex >= 1<<(seqIndexBits-logItemBits) {
		return 0, fmt.Errorf("log %d item %d does not fit a position (at most %d logs in a block, %d items in a log)",
			logIndex, item, 1<<(seqIndexBits-logItemBits), 1<<logItemBits)
	}
	return newSeq(seqLog, logIndex<<logItemBits|item)
}

// InputSeq is the place of input i of a UTXO transaction.
func InputSeq(i int) (Seq, error) { return newSeq(seqInput, i) }

// OutputSeq is the place of output i of a UTXO transaction.
func OutputSeq(i int) (Seq, error) { return newSeq(seqOutput, i) }

// RewardSeq is the place of the i-th payment of the protocol itself.
func RewardSeq(i int) (Seq, error) { return newSeq(seqReward, i) }

// Index is the number inside the class: of an output its index in the
// transaction, of a log its index in the block.
func (s Seq) Index() int {
	index := int(s & maxSeqIndex)
	if s>>seqIndexBits == seqLog {
		return index >> logItemBits
	}
	return index
}

// IsRow reports whether the place is only the order of a file, not one the
// ledger itself knows.
func (s Seq) IsRow() bool { return s>>seqIndexBits == seqRow }

// String is "log:391", "call:0", "in:2", "out:1", "fee:0", "row:7"; items of a
// batch log are "log:391.2".
func (s Seq) String() string {
	class := int(s >> seqIndexBits)
	if class >= seqClasses {
		return "seq:" + strconv.FormatUint(uint64(s), 10)
	}
	text := seqNames[class] + ":" + strconv.Itoa(s.Index())
	if item := int(s & (1<<logItemBits - 1)); class == seqLog && item > 0 {
		text += "." + strconv.Itoa(item)
	}
	return text
}

// ParseSeq reads what String writes, and a bare number as the packed value.
func ParseSeq(text string) (Seq, error) {
	name, rest, found := strings.Cut(text, ":")
	if !found {
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return 0, fmt.Errorf("%.40q is not a place in a transaction: want a number, log:N, call:N, in:N or out:N", text)
		}
		return Seq(n), nil
	}
	index, item, hasItem := strings.Cut(rest, ".")
	n, err := strconv.ParseUint(index, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%.40q is not a place in a transaction: %w", text, err)
	}
	if name == "seq" {
		return Seq(n), nil
	}
	for class, known := range seqNames {
		if known != name {
			continue
		}
		if class != seqLog {
			if hasItem {
				return 0, fmt.Errorf("%.40q is not a place in a transaction: only logs have items", text)
			}
			return newSeq(class, int(n))
		}
		var i uint64
		if hasItem {
			if i, err = strconv.ParseUint(item, 10, 32); err != nil {
				return 0, fmt.Errorf("%.40q is not a place in a transaction: %w", text, err)
			}
		}
		return LogSeq(int(n), int(i))
	}
	return 0, fmt.Errorf("%.40q is not a place in a transaction: unknown class %q", text, name)
}
