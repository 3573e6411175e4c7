package ethereum

import (
	"bytes"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/params"
	"github.com/holiman/uint256"

	"spoor/graph"
)

// First topics: keccak256 of the event's signature.
var (
	topicTransfer       = common.HexToHash("0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef") // Transfer(address,address,uint256)
	topicTransferSingle = common.HexToHash("0xc3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62") // TransferSingle(address,address,address,uint256,uint256)
	topicTransferBatch  = common.HexToHash("0x4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb") // TransferBatch(address,address,address,uint256[],uint256[])
	topicDeposit        = common.HexToHash("0xe1fffcc4923d04b559f4d29a8bfc6cda04eb5b0d3c460751c2402c5c5cc9109c") // Deposit(address,uint256)
	topicWithdrawal     = common.HexToHash("0x7fcf532c15f0a6db0bd6d0e038bea71d30d808c7d98cb3bf7268a95bf5081b65") // Withdrawal(address,uint256)
)

// Reasons for which a log gives no transfer.
const (
	passOther     = "log of another event"
	passMalformed = "log with the topic of a transfer but another shape"
	passSpoofed   = "token amount above 2^255 (spoofed amount)"
	passNowhere   = "token transfer from nowhere to nowhere"
	passNative    = "log in which the native coin repeats a movement as a token"
)

// nativeAsToken are contracts that log movements of the
// native coin. On every chain EIP-7708 logs come from the system address.
var nativeAsToken = map[graph.ChainID]common.Address{
	"eip155:137":   common.HexToAddress("0x0000000000000000000000000000000000001010"), // Polygon
	"eip155:42220": common.HexToAddress("0x471EcE3750Da237f93B8E339c536989b8978a438"), // Celo
	"eip155:324":   common.HexToAddress("0x000000000000000000000000000000000000800A"), // zkSync Era
}

// collections are old ERC-721 contracts that index nothing, so that only
// their address tells an id from an amount: CryptoKitties.
var collections = map[common.Address]bool{
	common.HexToAddress("0x06012c8cf97BEaD5deAe237070F9587f8E7A266d"): true,
}

// spoofed is the bound above which an amount is taken for a spoof.
var spoofed = uint256.MustFromBig(new(big.Int).Lsh(big.NewInt(1), 255))

func isTransfer(l *Log) bool { return len(l.Topics) > 0 && l.Topics[0] == topicTransfer }

// logs adds the token movements of a transaction.
func (d *decoder) logs(tx *Tx) {
	for i := range tx.Logs {
		l := &tx.Logs[i]
		d.out.Read["logs"]++
		switch {
		case l.Address == params.SystemAddress || l.Address == nativeAsToken[d.chain.ID] && l.Address != (common.Address{}):
			d.pass(passNative, 1)
		case len(l.Topics) == 0:
			d.pass(passOther, 1)
		case d.stated(tx, l):
			d.destroyed(tx, l)
		case l.Topics[0] == topicTransfer:
			d.transferLog(tx, l)
		case l.Topics[0] == topicTransferSingle:
			d.singleLog(tx, l)
		case l.Topics[0] == topicTransferBatch:
			d.batchLog(tx, l)
		case l.Topics[0] == topicDeposit, l.Topics[0] == topicWithdrawal: // below: they need the others
		default:
			d.pass(passOther, 1)
		}
	}
	d.wraps(tx)
}

// transferLog reads Transfer in all its shapes. Words are topics after the
// first, then data; the count of topics tells what was declared indexed:
//
//	topics  data
//	3       32    ERC-20
//	4       0     ERC-721: the third word is an id
//	2       64    from indexed only (old ERC-20)
//	1       96    nothing indexed (older ERC-20; ERC-721 of known collections)
func (d *decoder) transferLog(tx *Tx, l *Log) {
	words, ok := wordsOf(l, 3)
	if !ok {
		d.pass(passMalformed, 1)
		return
	}
	from, ok1 := addressWord(words[0])
	to, ok2 := addressWord(words[1])
	if !ok1 || !ok2 {
		d.pass(passMalformed, 1)
		return
	}
	var value graph.Amount
	value.SetBytes(words[2])
	contract := graph.EVMAddress(d.chain.ID, l.Address)
	if len(l.Topics) == 4 || len(l.Topics) == 1 && collections[l.Address] {
		asset := graph.Asset{Chain: d.chain.ID, Standard: graph.ERC721, Contract: contract, TokenID: value}
		d.token(tx, l, 0, from, to, asset, *uint256.NewInt(1), "erc-721 transfers")
		return
	}
	d.token(tx, l, 0, from, to, graph.Asset{Chain: d.chain.ID, Standard: graph.ERC20, Contract: contract}, value, "erc-20 transfers")
}

// token adds one token movement. The zero address stands for issue and
// destruction.
func (d *decoder) token(tx *Tx, l *Log, item int, from, to common.Address, asset graph.Asset, amount graph.Amount, what string) {
	if amount.Gt(spoofed) {
		d.pass(passSpoofed, 1)
		return
	}
	seq, err := graph.LogSeq(l.Index, item)
	if err != nil {
		// Anyone can emit such a log; it must not end an ingest.
		d.pass("token transfer beyond what a position holds (2048 items of a batch)", 1)
		d.out.Block.Know.Logs = min(d.out.Block.Know.Logs, graph.Partial)
		return
	}
	t := graph.Transfer{Seq: seq, Kind: graph.KindToken, Asset: asset, Amount: amount}
	zero := common.Address{}
	switch {
	case from == zero && to == zero:
		d.pass(passNowhere, 1)
		return
	case from == zero:
		t.Kind, t.To = graph.KindMint, d.address(&to)
	case to == zero:
		t.Kind, t.From = graph.KindBurn, d.address(&from)
	default:
		t.From, t.To = d.address(&from), d.address(&to)
	}
	d.moves = append(d.moves, t)
	d.out.Read[what]++
}

// wordsOf are the arguments of an event that has n static ones, indexed or
// not; ok is false if topics and data hold another count.
func wordsOf(l *Log, n int) (words [][]byte, ok bool) {
	if len(l.Topics) == 0 || len(l.Topics)-1 > n || len(l.Data) != 32*(n-(len(l.Topics)-1)) {
		return nil, false
	}
	for i := range l.Topics[1:] {
		words = append(words, l.Topics[1+i][:])
	}
	for at := 0; at < len(l.Data); at += 32 {
		words = append(words, l.Data[at:at+32])
	}
	return words, true
}

// addressWord is the address in a word, which must be padded with zeros.
func addressWord(word []byte) (common.Address, bool) {
	if len(word) != 32 || !bytes.Equal(word[:12], make([]byte, 12)) {
		return common.Address{}, false
	}
	return common.BytesToAddress(word[12:]), true
}

// TransferLog builds the log of a token transfer that a source tells without
// its log: an ERC-20 one, or for a collection an ERC-721 one.
func TransferLog(index int, contract, from, to common.Address, value graph.Amount, collection bool) Log {
	word := value.Bytes32()
	l := Log{Index: index, Address: contract, Topics: []common.Hash{topicTransfer, common.BytesToHash(from[:]), common.BytesToHash(to[:])}}
	if collection {
		l.Topics = append(l.Topics, common.Hash(word))
	} else {
		l.Data = word[:]
	}
	return l
}
