package bridge

import (
	"bytes"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
)

// Tx is a transaction that succeeded, as far as its source has it.
type Tx struct {
	Chain graph.ChainID
	Hash  common.Hash
	Block common.Hash // hash of its block; zero: unknown
	Type  uint8       // EIP-2718 type
	From  common.Address
	To    *common.Address // nil: creates a contract, or unknown
	Input []byte          // call data; nil: none or unknown
	Value graph.Amount    // in wei
	Mint  graph.Amount    // OP Stack deposit: coin credited to From
	Logs  []Log           // in order
	// NoLogs says that the source does not know the logs, so that call data is
	// read where logs would tell more.
	NoLogs bool
}

// Log is an event of a contract.
type Log struct {
	Index   int // in the block
	Address common.Address
	Topics  []common.Hash
	Data    []byte
}

// First topics of token movements; WETH9 logs no Transfer when it wraps.
var (
	topicTransfer = common.HexToHash("0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef") // Transfer(address,address,uint256)
	topicDeposit  = common.HexToHash("0xe1fffcc4923d04b559f4d29a8bfc6cda04eb5b0d3c460751c2402c5c5cc9109c") // Deposit(address,uint256)
	topicUnwrap   = common.HexToHash("0x7fcf532c15f0a6db0bd6d0e038bea71d30d808c7d98cb3bf7268a95bf5081b65") // Withdrawal(address,uint256)
)

// movement is a token's Transfer in the transaction.
type movement struct {
	token, from, to common.Address
	amount          graph.Amount
	at              int // among the transaction's logs
}

// movements are the ERC-20 transfers of a transaction. Any contract can log
// any, so a reader asks for the only one that fits, and takes none of several.
func movements(logs []Log) []movement {
	var out []movement
	for i := range logs {
		l := &logs[i]
		if len(l.Topics) != 3 || l.Topics[0] != topicTransfer || len(l.Data) != 32 || !isAccount(l.Topics[1]) || !isAccount(l.Topics[2]) {
			continue
		}
		m := movement{token: l.Address, from: common.BytesToAddress(l.Topics[1][12:]), to: common.BytesToAddress(l.Topics[2][12:]), at: i}
		m.amount.SetBytes(l.Data)
		out = append(out, m)
	}
	return out
}

// isAccount reports whether a word is an address of 20 bytes, padded.
func isAccount(word common.Hash) bool { return bytes.Equal(word[:12], make([]byte, 12)) }

// wraps reports whether the chain's own wrapped coin logs that an account has
// wrapped (unwrapped) an amount.
func (in *input) wraps(topic common.Hash, account common.Address, amount graph.Amount) bool {
	if in.wrapped == (common.Address{}) {
		return false
	}
	word := common.Hash(amount.Bytes32())
	for i := range in.tx.Logs {
		l := &in.tx.Logs[i]
		if l.Address == in.wrapped && len(l.Topics) == 2 && l.Topics[0] == topic && l.Topics[1] == common.BytesToHash(account[:]) && bytes.Equal(l.Data, word[:]) {
			return true
		}
	}
	return false
}
