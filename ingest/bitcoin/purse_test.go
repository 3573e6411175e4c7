package bitcoin_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// A purse is a key of the regression test network that pays with coins it has
// mined.
type purse struct {
	t      testing.TB
	key    *btcec.PrivateKey
	script []byte // pay to the hash of the key
	pay    string // address
	coins  []coin
	seen   map[string]bool
}

type coin struct {
	at    wire.OutPoint
	value int64
}

func newPurse(t testing.TB) *purse {
	t.Helper()
	key, public := btcec.PrivKeyFromBytes(bytes.Repeat([]byte{7}, 32))
	a, err := address.NewAddressPubKeyHash(address.Hash160(public.SerializeCompressed()), regtest)
	if err != nil {
		t.Fatal(err)
	}
	script, err := txscript.PayToAddrScript(a)
	if err != nil {
		t.Fatal(err)
	}
	return &purse{t: t, key: key, script: script, pay: a.EncodeAddress(), seen: map[string]bool{}}
}

// mined takes the coins of old enough blocks.
func (p *purse) mined(n *btcd) {
	p.t.Helper()
	for height := uint32(1); height+100 <= n.height(); height++ {
		hash := ask[string](n, "getblockhash", height)
		if p.seen[hash] {
			continue
		}
		p.seen[hash] = true
		raw, err := hex.DecodeString(ask[string](n, "getblock", hash, 0))
		if err != nil {
			p.t.Fatal(err)
		}
		var block wire.MsgBlock
		if err := block.Deserialize(bytes.NewReader(raw)); err != nil {
			p.t.Fatal(err)
		}
		coinbase := block.Transactions[0]
		p.coins = append(p.coins, coin{wire.OutPoint{Hash: coinbase.TxHash()}, coinbase.TxOut[0].Value})
	}
}

// spend pays amounts to scripts from the oldest coin, and keeps the change.
func (p *purse) spend(fee int64, pays ...*wire.TxOut) *wire.MsgTx {
	p.t.Helper()
	if len(p.coins) == 0 {
		p.t.Fatal("the purse is empty")
	}
	from := p.coins[0]
	p.coins = p.coins[1:]
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(wire.NewTxIn(&from.at, nil, nil))
	left := from.value - fee
	for _, out := range pays {
		tx.AddTxOut(out)
		left -= out.Value
	}
	tx.AddTxOut(wire.NewTxOut(left, p.script))
	signature, err := txscript.SignatureScript(tx, 0, p.script, txscript.SigHashAll, p.key, true)
	if err != nil {
		p.t.Fatal(err)
	}
	tx.TxIn[0].SignatureScript = signature
	p.coins = append(p.coins, coin{wire.OutPoint{Hash: tx.TxHash(), Index: uint32(len(pays))}, left})
	return tx
}

// script makes an output script of opcodes and data.
func scriptOf(t testing.TB, parts ...any) []byte {
	t.Helper()
	b := txscript.NewScriptBuilder()
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			b.AddOp(byte(p))
		case []byte:
			b.AddData(p)
		}
	}
	s, err := b.Script()
	if err != nil {
		t.Fatal(err)
	}
	return s
}
