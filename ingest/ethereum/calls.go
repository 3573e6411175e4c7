package ethereum

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/holiman/uint256"

	"spoor/graph"
)

// precompilesEnd follows the highest address that a chain uses for contracts built
// into the protocol (0x100 by RIP-7212, rounded up).
var precompilesEnd = common.HexToAddress("0x200")

// calls adds the values of inner calls. Places number all frames of the
// transaction depth first, so that they do not depend on what is counted.
// Calls without value into precompiles get no number, because Parity-style
// traces leave them out.
func (d *decoder) calls(tx *Tx) {
	if tx.Root == nil {
		return
	}
	w := frameWalk{decoder: d, tx: tx, fresh: map[common.Address]bool{}, left: map[common.Address]*uint256.Int{}}
	w.frame(tx.Root)
	w.burnLeftovers()
}

type frameWalk struct {
	*decoder
	tx    *Tx
	next  int
	fresh map[common.Address]bool // created in this transaction
	// ended contracts vanish when the transaction ends, with the coin they were
	// sent after their SELFDESTRUCT; order makes the result deterministic.
	left  map[common.Address]*uint256.Int
	order []common.Address
}

func (w *frameWalk) frame(f *Frame) {
	if leaf := (f.Type == Call || f.Type == StaticCall) && len(f.Calls) == 0; leaf && f != w.tx.Root && f.To != nil &&
		f.To.Cmp(precompilesEnd) < 0 && *f.To != (common.Address{}) && (f.Value == nil || f.Value.IsZero()) {
		return
	}
	number := w.next
	w.next++
	if f.Failed {
		w.skip(f)
		return
	}
	if number > 0 {
		w.inner(number, f)
	}
	if f.Type == Create {
		switch {
		case f.To != nil:
			w.made(number, f.From, *f.To)
		case number == 0:
			w.made(number, f.From, w.tx.recipient())
		}
	}
	for _, call := range f.Calls {
		w.frame(call)
	}
}

func (w *frameWalk) made(number int, creator, contract common.Address) {
	w.fresh[contract] = true
	w.created(number, creator, contract)
}

// skip numbers a reverted subtree without counting it.
func (w *frameWalk) skip(f *Frame) {
	for _, call := range f.Calls {
		failed := *call
		failed.Failed = true
		w.frame(&failed)
	}
}

func (w *frameWalk) inner(number int, f *Frame) {
	var kind graph.Kind
	switch f.Type {
	case Call:
		kind = graph.KindInternal
	case Create:
		kind = graph.KindCreate
	case Selfdestruct:
		kind = graph.KindSelfdestruct
	default: // DELEGATECALL shows its parent's value; CALLCODE and STATICCALL move nothing
		return
	}
	if f.Value == nil {
		// ethereum-etl from geth: suicide rows lack from, to and value.
		w.pass("selfdestruct or call whose value the source does not tell", 1)
		w.untold()
		w.concerned(f.From)
		if f.To != nil {
			w.concerned(*f.To)
		}
		return
	}
	if f.To == nil {
		if !f.Value.IsZero() || f.Type != Create {
			w.problem(w.tx, "call frame without an end", fmt.Errorf("frame %d moves %s wei to nowhere", number, f.Value.Dec()))
			w.untold()
		}
		return
	}
	to := f.To
	if f.Type == Selfdestruct {
		var moves bool
		if kind, to, moves = w.selfdestruct(f); !moves {
			return
		}
	}
	if f.Value.IsZero() {
		return
	}
	seq, err := graph.CallSeq(number)
	if err != nil {
		w.problem(w.tx, "too many call frames", err)
		w.untold()
		return
	}
	w.move(seq, kind, &f.From, to, *f.Value)
	if out := w.left[f.From]; out != nil && f.Type != Selfdestruct && !out.Lt(f.Value) {
		out.Sub(out, f.Value)
	}
	if to != nil && w.left[*to] != nil {
		w.left[*to].Add(w.left[*to], f.Value)
	}
}

// selfdestruct says what becomes of the balance of a contract that ends. Sent
// to itself it is burnt before Cancun; since Cancun (EIP-6780) only if the
// contract was created in the same transaction, else nothing happens; since
// Amsterdam (EIP-8246) nothing happens in either case.
func (w *frameWalk) selfdestruct(f *Frame) (kind graph.Kind, to *common.Address, moves bool) {
	ends := w.fork == BeforeCancun || w.fresh[f.From] && w.fork != Amsterdam
	if ends {
		if w.left[f.From] == nil {
			w.order = append(w.order, f.From)
		}
		w.left[f.From] = new(uint256.Int)
	}
	switch {
	case *f.To != f.From:
		return graph.KindSelfdestruct, f.To, true
	case w.fork == ForkUnknown && !f.Value.IsZero():
		w.pass("selfdestruct to itself on a chain whose rules we do not know", 1)
		w.untold()
		w.concerned(f.From)
		return 0, nil, false
	case ends:
		return graph.KindBurn, nil, true
	}
	return 0, nil, false
}

// burnLeftovers destroys what ended contracts received after their end. Its
// places follow all frames.
func (w *frameWalk) burnLeftovers() {
	for i, contract := range w.order {
		seq, err := graph.CallSeq(w.next + i)
		if err != nil {
			w.problem(w.tx, "too many call frames", err)
			return
		}
		w.move(seq, graph.KindBurn, &contract, nil, *w.left[contract])
	}
}
