package graph

import (
	"context"
	"errors"
	"iter"
)

// Errors every store answers with, whatever its engine.
var (
	ErrNotFound = errors.New("not in the store")
	ErrDamaged  = errors.New("the store is damaged")
	ErrInUse    = errors.New("the store is in use by another process")
)

// Store keeps ledgers, one per chain, and packs of labels.
type Store interface {
	// Chains lists the chains that hold anything, in id order.
	Chains(ctx context.Context) ([]Chain, error)
	// Ledger opens the ledger of a chain, creating it if there is none.
	Ledger(ctx context.Context, chain Chain) (Ledger, error)
	// Labels opens the packs of labels. A store without any has none.
	Labels(ctx context.Context) (Labels, error)
	// Close ends all work and gives the store free for others.
	Close() error
}

// Ledger is what is known of one chain.
//
// Promises, tested by graphtest.Suite for every engine:
//
//   - Apply is atomic: after a crash at any point the next open shows all
//     blocks of a call or none of them, and what was there before is whole.
//   - Apply is repeatable: a block that is there already, and adds nothing by
//     Union, changes nothing. Blocks may come in any order of heights.
//   - What was stored comes back exactly, in position order.
//   - Index rows are computable from blocks, so Revert needs nothing else.
//   - A View never sees part of a call, and never changes.
//
// Writers of one ledger are serialised by the ledger; views are independent.
type Ledger interface {
	// Chain is the chain of the ledger.
	Chain() Chain
	// Apply stores blocks, joined by Union with what is stored at their
	// heights. Blocks of a call must ascend.
	Apply(ctx context.Context, blocks ...Block) error
	// Load fills an empty ledger with ascending blocks, faster than Apply. It
	// is not visible before it returns; interrupted, it continues in a later
	// call from the height Staged tells. On a ledger that is not empty, Load
	// applies.
	Load(ctx context.Context, blocks iter.Seq2[Block, error]) error
	// Staged is the height up to which an interrupted Load has come.
	Staged(ctx context.Context) (height uint32, ok bool, err error)
	// Revert removes every block from the given height on.
	Revert(ctx context.Context, from uint32) error
	// Describe stores claims about assets. The first claim about an asset
	// stays: a later one never changes what was shown before.
	Describe(ctx context.Context, infos ...AssetInfo) error
	// Cover notes how completely ranges of single addresses' histories were
	// read, joined by the function Cover with what was noted before; rows that
	// Coverage.Check refuses are refused. Like Apply it is atomic and
	// repeatable. Note what a history holds before that it was read: Apply,
	// then Cover. Revert takes back what lies at its height and above.
	Cover(ctx context.Context, rows ...Coverage) error
	// View opens a snapshot. Close it.
	View(ctx context.Context) (View, error)
}

// ID is the dense number of an address in one ledger, from 1 in order of first
// appearance. 0 is nowhere. IDs mean nothing outside their ledger.
type ID uint64

// AssetID is the dense number of an asset in one ledger. 1 is the native coin.
type AssetID uint32

// NativeID is the native coin's number in every ledger.
const NativeID AssetID = 1

// Move is a transfer as its ledger keeps it.
type Move struct {
	Seq      Seq
	Kind     Kind
	From, To ID
	Asset    AssetID
	Amount   Amount
	Spends   Position // of an input: where the output is that it spends; zero if not in the store
}

// TxMoves is a transaction as its ledger keeps it.
type TxMoves struct {
	At     Position // Seq is 0
	Hash   Hash
	Time   int64
	Failed bool
	Know   Knowledge // of its block: whether every movement of it is there
	Moves  []Move    // in order of Seq
	Events []Event   // in order of Seq
	Form   Form      // zero on account ledgers, and where no source told it
}

// Entry is one line of an address's history: a move seen from one of its ends.
// A transfer from an address to itself has two entries, out before in.
type Entry struct {
	At     Position
	Out    bool // value leaves the address
	Kind   Kind
	Peer   ID // the other end, 0 if there is none
	Asset  AssetID
	Amount Amount
	Spends Position // as in Move
}

// Size counts what a ledger holds.
type Size struct {
	Blocks, Txs, Transfers, Addresses, Assets uint64
	Forms                                     uint64 // transactions whose form is known
}

// View is a consistent snapshot of a ledger for reading. Its methods return
// ErrNotFound for what is not there and ErrDamaged where bytes fail their
// check. A View is for one goroutine.
type View interface {
	// Tip is the highest block, ErrNotFound in an empty ledger.
	Tip() (Header, error)
	// Size counts what the ledger holds.
	Size() (Size, error)
	// Coverage lists the ranges read, in height order, and then those of
	// single addresses, by address.
	Coverage() ([]Coverage, error)

	// Header is the header of the block at a height.
	Header(height uint32) (Header, error)
	// Block is the whole block at a height, as it was applied.
	Block(height uint32) (Block, error)
	// Blocks yields the stored blocks from a height on, ascending.
	Blocks(ctx context.Context, from uint32) iter.Seq2[Block, error]
	// Tx is the transaction that p lies in. The caller must not keep or change
	// its moves after the next call on the view.
	Tx(p Position) (TxMoves, error)
	// Txs yields the stored transactions from a height on, in ledger order. The
	// caller must not keep or change what is in one after the next.
	Txs(ctx context.Context, from uint32) iter.Seq2[TxMoves, error]
	// FindTx is where transactions with a hash are, ascending; usually one
	// (Bitcoin repeats two coinbase hashes).
	FindTx(hash Hash) ([]Position, error)
	// Output is the output that an outpoint names, and where it is; of several
	// with its hash the latest.
	Output(o OutPoint) (Move, Position, error)

	// ID is the number of an address.
	ID(a Address) (ID, error)
	// Address is the address with a number.
	Address(id ID) (Address, error)
	// AssetID is the number of an asset.
	AssetID(a Asset) (AssetID, error)
	// Asset is the asset with a number, and what is claimed about it.
	Asset(id AssetID) (AssetInfo, error)

	// History yields the entries of an address from a position on, ascending.
	// Stopping early and going on later from the last position's Next is cheap.
	History(ctx context.Context, id ID, from Position) iter.Seq2[Entry, error]
	// Entries counts the entries of an address, up to a limit, without reading
	// them all.
	Entries(id ID, limit int) (int, error)

	// Events yields what was stated about an address, as subject or object,
	// from a position on, ascending. An address that is in no event has none.
	Events(ctx context.Context, about Address, from Position) iter.Seq2[Stated, error]
	// EventsOf yields the events of a kind from a position on, ascending.
	EventsOf(ctx context.Context, kind EventKind, from Position) iter.Seq2[Stated, error]
	// Passages are the departures and arrivals of a protocol with a key, ascending.
	Passages(protocol, key string) ([]Stated, error)

	// Close ends the view.
	Close() error
}
