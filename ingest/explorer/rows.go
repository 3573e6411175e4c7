package explorer

import "spoor/graph"

// rows are the lists of one history as every API tells them.
type rows struct {
	txs         []txRow
	inner       []innerRow
	tokens      []tokenRow
	withdrawals []withdrawalRow
	genesis     []genesisRow
}

// place is where a row belongs.
type place struct {
	height uint32
	time   int64
	block  graph.Hash // zero: not told
	tx     graph.Hash
	index  uint32 // unplaced: not told
}

// txRow is a transaction.
type txRow struct {
	place
	from, to graph.Address // to: zero if a contract was created and the API does not tell which
	creates  bool
	value    graph.Amount
	fee      *graph.Amount // nil: not told
	failed   *bool         // nil: not told
	input    string        // call data as hex, "" or "0x" for none
	bare     bool          // it ran no code: nothing moved but its value
}

// innerRow is the value of a call inside a transaction.
type innerRow struct {
	place
	kind     graph.Kind
	from, to graph.Address
	value    graph.Amount
	input    string
}

// tokenRow is a transfer of a token.
type tokenRow struct {
	place
	from, to graph.Address // zero: nowhere
	asset    graph.Asset
	amount   graph.Amount
	symbol   string
	decimals int  // -1: not told
	repeated bool // a collection in a list that is not for collections
}

// withdrawalRow is a payment from the beacon chain.
type withdrawalRow struct {
	place
	to     graph.Address
	amount graph.Amount
}

// genesisRow is an allocation of the first block, which explorers list as a
// transaction from nowhere.
type genesisRow struct {
	place
	to     graph.Address
	amount graph.Amount
}

// Transactions whose index is not told come after the others of their block,
// in an order that both ends' histories agree on: by hash.
const (
	firstUnplaced = 1 << 23
	unplaced      = ^uint32(0)
)

func (p *place) position() uint32 {
	if p.index != unplaced {
		return p.index
	}
	h := &p.tx
	// The last numbers are left for graph.Union, which needs some when two
	// hashes share 23 bits.
	return firstUnplaced + (uint32(h[0])<<15|uint32(h[1])<<7|uint32(h[2])>>1)%(firstUnplaced-1024)
}
