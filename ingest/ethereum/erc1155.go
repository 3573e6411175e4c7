package ethereum

import (
	"errors"

	"github.com/ethereum/go-ethereum/common"
	"github.com/holiman/uint256"

	"spoor/graph"
)

// singleLog reads TransferSingle(operator, from, to indexed; id, value).
func (d *decoder) singleLog(tx *Tx, l *Log) {
	from, to, ok := d.parties(l)
	if !ok || len(l.Data) != 64 {
		d.pass(passMalformed, 1)
		return
	}
	d.copies(tx, l, 0, from, to, l.Data[:32], l.Data[32:])
}

// batchLog reads TransferBatch(operator, from, to indexed; ids, values).
func (d *decoder) batchLog(tx *Tx, l *Log) {
	from, to, ok := d.parties(l)
	ids, err1 := wordArray(l.Data, 0)
	values, err2 := wordArray(l.Data, 1)
	if !ok || err1 != nil || err2 != nil || len(ids) != len(values) {
		d.pass(passMalformed, 1)
		return
	}
	for i := range ids {
		d.copies(tx, l, i, from, to, ids[i], values[i])
	}
}

func (d *decoder) copies(tx *Tx, l *Log, item int, from, to common.Address, id, value []byte) {
	asset := graph.Asset{Chain: d.chain.ID, Standard: graph.ERC1155, Contract: graph.EVMAddress(d.chain.ID, l.Address)}
	asset.TokenID.SetBytes(id)
	var amount graph.Amount
	amount.SetBytes(value)
	d.token(tx, l, item, from, to, asset, amount, "erc-1155 transfers")
}

func (d *decoder) parties(l *Log) (from, to common.Address, ok bool) {
	if len(l.Topics) != 4 {
		return from, to, false
	}
	from, ok1 := addressWord(l.Topics[2][:])
	to, ok2 := addressWord(l.Topics[3][:])
	return from, to, ok1 && ok2
}

// wordArray reads the uint256[] whose offset stands in the given head word of
// ABI-encoded data.
func wordArray(data []byte, head int) ([][]byte, error) {
	bad := errors.New("array outside of the data")
	at := 32 * head
	if len(data) < at+32 {
		return nil, bad
	}
	offset, ok := smallWord(data[at:at+32], len(data)-32)
	if !ok {
		return nil, bad
	}
	n, ok := smallWord(data[offset:offset+32], (len(data)-offset-32)/32)
	if !ok {
		return nil, bad
	}
	words := make([][]byte, n)
	for i := range words {
		start := offset + 32 + 32*i
		words[i] = data[start : start+32]
	}
	return words, nil
}

// smallWord is a word as an int, if it is at most the limit.
func smallWord(word []byte, limit int) (int, bool) {
	n := new(uint256.Int).SetBytes(word)
	if limit < 0 || !n.IsUint64() || n.Uint64() > uint64(limit) {
		return 0, false
	}
	return int(n.Uint64()), true
}
