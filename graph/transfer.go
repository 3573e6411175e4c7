package graph

import "fmt"

// Kind says how a transfer came about.
type Kind uint8

// The kinds; the numbers are stored and never reused.
const (
	KindTransfer     Kind = iota + 1 // a row of a file that does not say
	KindNative                       // the value of a transaction
	KindInternal                     // the value of a message call inside a transaction
	KindCreate                       // the endowment of a created contract
	KindSelfdestruct                 // the balance a destroyed contract leaves
	KindToken                        // a token moving between two addresses
	KindMint                         // an issue of a token: no From
	KindBurn                         // a destruction of a token or coin: no To
	KindWrap                         // wrapped coin issued against coin (the coin leg is native or internal): no From
	KindUnwrap                       // wrapped coin destroyed against coin: no To
	KindFee                          // transaction fee that somebody earns
	KindBaseFee                      // transaction fee that is burnt (EIP-1559): no To
	KindBlobFee                      // fee for blobs, burnt (EIP-4844): no To
	KindReward                       // block or uncle reward: no From
	KindWithdrawal                   // beacon chain withdrawal: no From
	KindGenesis                      // allocation of the first block: no From
	KindInput                        // a UTXO input: no To
	KindOutput                       // a UTXO output: no From
	kindEnd
)

var kindNames = [kindEnd]string{"", "transfer", "native", "internal", "create", "selfdestruct", "token", "mint", "burn",
	"wrap", "unwrap", "fee", "base_fee", "blob_fee", "reward", "withdrawal", "genesis", "input", "output"}

// String is the kind's name as written in CSV.
func (k Kind) String() string {
	if k < kindEnd {
		return kindNames[k]
	}
	return fmt.Sprintf("kind-%d", uint8(k))
}

// ParseKind reads a kind's name; "" is a plain transfer.
func ParseKind(text string) (Kind, error) {
	if text == "" {
		return KindTransfer, nil
	}
	for k, name := range kindNames {
		if name == text {
			return Kind(k), nil
		}
	}
	return 0, fmt.Errorf("unknown kind %.40q; want one of %v", text, kindNames[1:])
}

// IsFee reports whether the transfer pays for a transaction.
func (k Kind) IsFee() bool { return k == KindFee || k == KindBaseFee || k == KindBlobFee }

// OutPoint names an output of a UTXO transaction. The zero OutPoint is unknown.
type OutPoint struct {
	Tx    Hash
	Index uint32
}

// Transfer is value of one asset leaving From, arriving at To, or both. An
// input of a UTXO transaction has no To and an output no From: who paid whom
// is not recorded there, and is never invented.
type Transfer struct {
	Seq      Seq // place inside the transaction, unique there
	Kind     Kind
	From, To Address
	Asset    Asset
	Amount   Amount
	Prev     OutPoint // of an input: the output it spends, zero if unknown
}

// Tx is one transaction and all value it moved.
type Tx struct {
	Index     uint32 // in its block; BlockTx for what the block itself pays
	Hash      Hash   // zero for the block's own payments
	Failed    bool   // reverted: only its fees moved
	Transfers []Transfer
	Events    []Event // what it states besides, in order of Seq
	Form      Form    // how it was written, on a UTXO ledger; known only of transactions with a hash
}

// Header names a block and its place in its chain.
type Header struct {
	Height uint32
	Hash   Hash // zero where the source does not tell
	Parent Hash // zero where the source does not tell
	Time   int64
}

// Extent is how much of something is known.
type Extent uint8

// From nothing to everything.
const (
	None Extent = iota
	Partial
	Full
)

// String is "none", "partial" or "full".
func (e Extent) String() string { return [...]string{"none", "partial", "full"}[e] }

// Knowledge is how completely a block was read: the values of transactions
// (and UTXO inputs and outputs), the logs, and the calls inside transactions.
type Knowledge struct {
	Transfers, Logs, Traces Extent
}

// Block is the unit of writing: a header and what moved in the block, with a
// note of what was looked at to find it.
type Block struct {
	Header
	Txs    []Tx // in ledger order
	Know   Knowledge
	Source string // what was read: a node, an export, a file
}

// Whole reports whether every transaction of the block is there.
func (b *Block) Whole() bool { return b.Know.Transfers == Full }

// Transfers counts the transfers of the block.
func (b *Block) Transfers() int {
	n := 0
	for i := range b.Txs {
		n += len(b.Txs[i].Transfers)
	}
	return n
}

// Forms counts the transactions of the block whose form is known.
func (b *Block) Forms() int {
	n := 0
	for i := range b.Txs {
		if b.Txs[i].Form.Known {
			n++
		}
	}
	return n
}

// Validate checks what every block must keep before it is stored: ascending
// transactions and places, one chain, both or one end by kind.
func (b *Block) Validate(chain ChainID) error {
	for i := range b.Txs {
		tx := &b.Txs[i]
		if tx.Index > BlockTx {
			return fmt.Errorf("block %d: transaction index %d is beyond %d", b.Height, tx.Index, MaxTx)
		}
		if i > 0 && b.Txs[i-1].Index >= tx.Index {
			return fmt.Errorf("block %d: transaction %d follows %d; they must ascend", b.Height, tx.Index, b.Txs[i-1].Index)
		}
		if err := tx.Form.Validate(); err != nil {
			return fmt.Errorf("%s: %w", Position{Block: b.Height, Tx: tx.Index}, err)
		}
		if tx.Form.Known && tx.Hash.IsZero() {
			return fmt.Errorf("%s: a form, and no hash that tells whose it is", Position{Block: b.Height, Tx: tx.Index})
		}
		for j := range tx.Transfers {
			t := &tx.Transfers[j]
			at := Position{b.Height, tx.Index, t.Seq}
			switch {
			case j > 0 && tx.Transfers[j-1].Seq >= t.Seq:
				return fmt.Errorf("%s: transfers of a transaction must ascend", at)
			case t.Kind == 0 || t.Kind >= kindEnd:
				return fmt.Errorf("%s: unknown kind %d", at, t.Kind)
			case t.From.IsZero() && t.To.IsZero():
				return fmt.Errorf("%s: a transfer needs a from or a to", at)
			case t.Kind == KindInput && !t.To.IsZero(), t.Kind == KindOutput && !t.From.IsZero():
				return fmt.Errorf("%s: an %s has one end", at, t.Kind)
			case t.Asset.Chain != chain,
				!t.From.IsZero() && t.From.Chain != chain,
				!t.To.IsZero() && t.To.Chain != chain:
				return fmt.Errorf("%s: belongs to another chain than %s", at, chain)
			}
		}
		for j := range tx.Events {
			e := &tx.Events[j]
			if j > 0 && tx.Events[j-1].Seq > e.Seq {
				return fmt.Errorf("%s: events of a transaction must ascend", Position{b.Height, tx.Index, e.Seq})
			}
			if err := e.Validate(chain); err != nil {
				return fmt.Errorf("%s: %w", Position{b.Height, tx.Index, e.Seq}, err)
			}
		}
	}
	return nil
}
