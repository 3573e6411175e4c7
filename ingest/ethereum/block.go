package ethereum

import (
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"spoor/graph"
)

// Block is a block as a source has it. What a source does not have stays nil
// or unknown and is never guessed.
type Block struct {
	graph.Header
	Source string

	Miner        *common.Address
	BaseFee      *graph.Amount // in wei; nil before EIP-1559 or unknown, see HeaderKnown
	HeaderKnown  bool          // Miner, BaseFee and the fields below are what the header says
	ProofOfWork  bool          // difficulty above zero
	Fork         Fork
	HasUncles    bool
	Uncles       []Uncle      // complete if UnclesKnown
	UnclesKnown  bool         // always so in a block without uncles
	Withdrawals  []Withdrawal // complete unless NoWithdrawal
	NoWithdrawal bool         // there are withdrawals, but the source does not list them
	Payments     []Payment    // what a trace export says the protocol paid

	Txs    []Tx
	Absent bool         // the block may have transactions that are not in Txs
	Logs   graph.Extent // how completely Txs carry their logs
	Traces graph.Extent // how completely Txs carry their call frames
}

// Uncle is what an uncle header says for its reward.
type Uncle struct {
	Height uint64
	Miner  common.Address
}

// Withdrawal is a payment from the beacon chain.
type Withdrawal struct {
	To   common.Address
	Gwei uint64
}

// Payment is a protocol payment that a trace export lists: a reward row, a row
// of the genesis allocation, or an edit of balances by a hard fork.
type Payment struct {
	Kind   graph.Kind
	From   *common.Address
	To     common.Address
	Amount graph.Amount
}

// Status says whether a transaction did what it was sent for.
type Status uint8

// The statuses. Receipts before Byzantium do not tell.
const (
	StatusUnknown Status = iota
	StatusOK
	StatusFailed
)

// Tx is a transaction with its receipt, as far as there is one.
type Tx struct {
	Index   uint32
	Hash    graph.Hash
	Type    uint8 // EIP-2718 type
	From    common.Address
	To      *common.Address // nil: creates a contract
	Nonce   uint64
	Created *common.Address // where the receipt says what was created; else by From and Nonce
	Value   graph.Amount    // in wei
	Gas     uint64          // gas limit
	Input   bool            // it carries input data
	Data    []byte          // the input data; nil: none or unknown
	// Nameless is set if nothing of the transaction is known but its logs.
	Nameless bool
	// Authorizations are the list of an EIP-7702 transaction; empty: unknown.
	Authorizations []types.SetCodeAuthorization

	Mint *graph.Amount // OP Stack deposit: coin credited to From even if the call fails

	Status    Status
	StateRoot bool          // the receipt has a state root instead of a status (before Byzantium)
	GasUsed   *uint64       // nil: unknown
	GasPrice  *graph.Amount // effective price in wei; nil: unknown
	BlobFee   *graph.Amount // in wei; nil: unknown or none
	L1Fee     *graph.Amount // rollups: in wei; nil: unknown or none
	Operator  bool          // rollups: there is an operator fee, of which only the parameters are told

	Logs []Log
	Root *Frame // the transaction's own call with everything below it; nil: unknown
}

// Log is an event of a contract.
type Log struct {
	Index   int // in the block
	Address common.Address
	Topics  []common.Hash
	Data    []byte
}

// FrameType is the instruction that opened a call frame.
type FrameType uint8

// The instructions.
const (
	Call FrameType = iota + 1
	CallCode
	DelegateCall
	StaticCall
	Create // and CREATE2
	Selfdestruct
)

// Frame is one call inside a transaction.
type Frame struct {
	Type   FrameType
	From   common.Address  // for Selfdestruct the contract that ends
	To     *common.Address // callee, created contract or beneficiary; nil: unknown or none
	Value  *graph.Amount   // in wei; for Selfdestruct the balance; nil: unknown
	Failed bool            // reverted: nothing in it or below it happened
	Calls  []*Frame        // in execution order
}
