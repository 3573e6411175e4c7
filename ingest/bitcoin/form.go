package bitcoin

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"spoor/graph"
)

// formOf is how a transaction was written.
func formOf(tx *btcutil.Tx) graph.Form {
	msg := tx.MsgTx()
	// A virtual byte is four units of weight, rounded up (BIP 141).
	weight := blockchain.GetTransactionWeight(tx)
	form := graph.Form{
		Known: true, Version: uint32(msg.Version), LockTime: msg.LockTime,
		Size: uint32((weight + blockchain.WitnessScaleFactor - 1) / blockchain.WitnessScaleFactor),
	}
	if blockchain.IsCoinBase(tx) {
		return form // its input is none
	}
	spends := make([]graph.OutPoint, len(msg.TxIn))
	signed := make([]signature, len(msg.TxIn))
	sequences := make([]uint32, len(msg.TxIn))
	for i, in := range msg.TxIn {
		spends[i] = graph.OutPoint{Tx: display(in.PreviousOutPoint.Hash), Index: in.PreviousOutPoint.Index}
		signed[i] = signatureOf(in.SignatureScript, in.Witness)
		sequences[i] = in.Sequence
	}
	form.Replaceable = replaceable(sequences)
	form.InputsSorted = inputsSorted(spends)
	form.OutputsSorted = graph.AnswerOf(slices.IsSortedFunc(msg.TxOut, func(a, b *wire.TxOut) int {
		return cmp.Or(cmp.Compare(a.Value, b.Value), bytes.Compare(a.PkScript, b.PkScript))
	}))
	form.LowR = lowR(signed)
	return form
}

// replaceable tells whether a sequence number signals that the transaction may
// be replaced (BIP 125).
func replaceable(sequences []uint32) graph.Answer {
	return graph.AnswerOf(slices.ContainsFunc(sequences, func(n uint32) bool { return n < wire.MaxTxInSequenceNum-1 }))
}

// inputsSorted tells whether inputs are in the order of BIP 69.
func inputsSorted(spends []graph.OutPoint) graph.Answer {
	return graph.AnswerOf(slices.IsSortedFunc(spends, func(a, b graph.OutPoint) int {
		return cmp.Or(bytes.Compare(a.Tx[:], b.Tx[:]), cmp.Compare(a.Index, b.Index))
	}))
}

// signature is what is seen of the ECDSA signatures of an input.
type signature uint8

const (
	unsigned signature = iota // none is seen: a Schnorr signature, a script without, or a witness that was not told
	signedLow
	signedHigh // one at least has an R that needs a 33rd byte
)

// lowR tells whether all inputs have signatures and all of those are of low R.
func lowR(signed []signature) graph.Answer {
	switch {
	case slices.Contains(signed, signedHigh):
		return graph.No
	case len(signed) == 0 || slices.Contains(signed, unsigned):
		return graph.NotTold
	}
	return graph.Yes
}

// signatureOf looks at all that an input pushes.
func signatureOf(script []byte, witness wire.TxWitness) (s signature) {
	for tokens := txscript.MakeScriptTokenizer(0, script); tokens.Next(); {
		s = max(s, signatureIn(tokens.Data()))
	}
	for _, item := range witness {
		s = max(s, signatureIn(item))
	}
	return s
}

// signatureIn tells whether bytes are an ECDSA signature with its kind of hash
// (BIP 66), and of which sort:
//
//	| 0x30 | length of the rest but the last byte | 2 | length of R | R | 2 | length of S | S | kind 1 |
//
// R is low if its first bit is not set, so that it needs no zero before it.
func signatureIn(b []byte) signature {
	if len(b) < 9 || len(b) > 73 || b[0] != 0x30 || int(b[1]) != len(b)-3 || b[2] != 2 {
		return unsigned
	}
	r := int(b[3])
	if r == 0 || 5+r >= len(b) || b[4+r] != 2 {
		return unsigned
	}
	if s := int(b[5+r]); s == 0 || r+s+7 != len(b) {
		return unsigned
	}
	if r > 32 {
		return signedHigh
	}
	return signedLow
}
