package bitcoin_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest"
	"spoor/ingest/bitcoin"
)

// signatures are two of one key, of low and of high R.
func signatures(t testing.TB) (low, high []byte) {
	t.Helper()
	key, _ := btcec.PrivKeyFromBytes([]byte{7})
	for i := byte(0); low == nil || high == nil; i++ {
		hash := sha256.Sum256([]byte{i})
		// Only the length of R tells: a first bit that is set takes a zero before it.
		if sig := append(ecdsa.Sign(key, hash[:]).Serialize(), byte(txscript.SigHashAll)); sig[3] == 33 {
			high = sig
		} else {
			low = sig
		}
	}
	return low, high
}

// decodedForm is the form of a transaction as the decoder of blocks tells it.
func decodedForm(t testing.TB, tx *wire.MsgTx) graph.Form {
	t.Helper()
	block := wire.NewMsgBlock(&wire.BlockHeader{})
	for _, tx := range []*wire.MsgTx{coinbase(t, 9, 50*btc), tx} {
		if err := block.AddTransaction(tx); err != nil {
			t.Fatal(err)
		}
	}
	spent := graph.Transfer{To: graph.ScriptAddress(graph.Bitcoin, trueScript)}
	spent.Amount.SetUint64(50 * btc)
	b, missing, err := bitcoin.Decode(chain(t, "bitcoin"), 9, btcutil.NewBlock(block), func(graph.OutPoint) (graph.Transfer, error) { return spent, nil })
	if err != nil || len(missing) > 0 {
		t.Fatal(missing, err)
	}
	if f := b.Txs[0].Form; f.Replaceable != graph.NotTold || f.InputsSorted != graph.NotTold || !f.Known {
		t.Fatalf("the coinbase has the form %s", f)
	}
	return b.Txs[1].Form
}

// exportedForm is the form of a transaction as an export tells it, which has no
// witnesses.
func exportedForm(t testing.TB, tx *wire.MsgTx) graph.Form {
	t.Helper()
	inputs, outputs := []map[string]any{}, []map[string]any{}
	for i, in := range tx.TxIn {
		inputs = append(inputs, map[string]any{"index": i, "spent_transaction_hash": in.PreviousOutPoint.Hash.String(), "spent_output_index": in.PreviousOutPoint.Index,
			"script_hex": hex.EncodeToString(in.SignatureScript), "sequence": in.Sequence, "value": 50 * btc, "type": "witness_v0_keyhash", "addresses": []string{"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"}})
	}
	for i, out := range tx.TxOut {
		outputs = append(outputs, map[string]any{"index": i, "script_hex": hex.EncodeToString(out.PkScript), "value": out.Value, "type": "nonstandard", "addresses": []string{}})
	}
	return etlFormOf(t, asJSON(t, map[string]any{
		"hash": tx.TxHash().String(), "block_number": 9, "block_hash": fmt.Sprintf("%064d", 9), "block_timestamp": 9, "is_coinbase": false, "index": 1,
		"inputs": inputs, "outputs": outputs, "version": tx.Version, "lock_time": tx.LockTime, "virtual_size": decodedForm(t, tx).Size,
	}))
}

func etlFormOf(t testing.TB, row string) graph.Form {
	t.Helper()
	blocks, _, err := readETL(t, ingest.Stop, bitcoin.Options{}, writeFile(t, []byte(row+"\n"), t.TempDir(), "t.json"))
	if err != nil || len(blocks) != 1 || len(blocks[0].Txs) != 1 {
		t.Fatalf("%d blocks, %v", len(blocks), err)
	}
	return blocks[0].Txs[0].Form
}

// TestForm tells how transactions were written, from blocks and from exports.
func TestForm(t *testing.T) {
	low, high := signatures(t)
	push := func(items ...[]byte) []byte {
		b := txscript.NewScriptBuilder()
		for _, i := range items {
			b.AddData(i)
		}
		script, err := b.Script()
		if err != nil {
			t.Fatal(err)
		}
		return script
	}
	in := func(first byte, index, sequence uint32, script []byte, witness ...[]byte) *wire.TxIn {
		return &wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: chainhash.Hash{31: first, 0: 0xff - first}, Index: index}, Sequence: sequence, SignatureScript: script, Witness: witness}
	}
	out := func(value int64, script ...byte) *wire.TxOut { return wire.NewTxOut(value, script) }
	key, redeem := make([]byte, 33), []byte{txscript.OP_0, 20, 19: 0}
	const final, unlocked, signals = wire.MaxTxInSequenceNum, wire.MaxTxInSequenceNum - 1, wire.MaxTxInSequenceNum - 2
	yes, no, untold := graph.Yes, graph.No, graph.NotTold
	for name, c := range map[string]struct {
		tx       wire.MsgTx
		want     graph.Form   // but for its size
		exported graph.Answer // what an export without witnesses tells of its signatures
	}{
		"a legacy payment": {wire.MsgTx{Version: 1, TxIn: []*wire.TxIn{in(1, 0, final, push(low, key))}, TxOut: []*wire.TxOut{out(5, 1), out(6, 1)}},
			graph.Form{Version: 1, Replaceable: no, InputsSorted: yes, OutputsSorted: yes, LowR: yes}, yes},
		"high R, locked to a block": {wire.MsgTx{Version: 2, LockTime: 8, TxIn: []*wire.TxIn{in(1, 0, unlocked, nil, high, key)}, TxOut: []*wire.TxOut{out(6, 1), out(5, 1)}},
			graph.Form{Version: 2, LockTime: 8, Replaceable: no, InputsSorted: yes, OutputsSorted: no, LowR: no}, untold},
		"one input signals": {wire.MsgTx{Version: 2, TxIn: []*wire.TxIn{in(2, 0, final, push(low, key)), in(1, 0, signals, push(low, key))}, TxOut: []*wire.TxOut{out(5, 1), out(5, 2)}},
			graph.Form{Version: 2, Replaceable: yes, InputsSorted: no, OutputsSorted: yes, LowR: yes}, yes},
		"scripts out of order": {wire.MsgTx{Version: 2, TxIn: []*wire.TxIn{in(1, 0, 0, nil, low, key), in(1, 1, 0, push(redeem), low, key)}, TxOut: []*wire.TxOut{out(5, 2), out(5, 1, 1)}},
			graph.Form{Version: 2, Replaceable: yes, InputsSorted: yes, OutputsSorted: no, LowR: yes}, untold},
		"one of several is high": {wire.MsgTx{Version: -1, TxIn: []*wire.TxIn{in(1, 1, final, nil, nil, low, high, redeem), in(1, 0, final, push(high, key))}, TxOut: []*wire.TxOut{out(5, 1)}},
			graph.Form{Version: ^uint32(0), Replaceable: no, InputsSorted: no, OutputsSorted: yes, LowR: no}, no},
		"a Schnorr signature": {wire.MsgTx{Version: 2, LockTime: graph.LockTimes, TxIn: []*wire.TxIn{in(1, 0, final, nil, make([]byte, 64)), in(2, 0, final, nil, low, key)}, TxOut: []*wire.TxOut{out(5, 1)}},
			graph.Form{Version: 2, LockTime: graph.LockTimes, Replaceable: no, InputsSorted: yes, OutputsSorted: yes, LowR: untold}, untold},
	} {
		got := decodedForm(t, &c.tx)
		weight := 3*c.tx.SerializeSizeStripped() + c.tx.SerializeSize()
		c.want.Known, c.want.Size = true, uint32((weight+3)/4)
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		c.want.LowR = c.exported
		if got := exportedForm(t, &c.tx); got != c.want {
			t.Errorf("%s, exported: %s, want %s", name, got, c.want)
		}
	}
}

// TestFormOfRows: what a row leaves out is not told, and what cannot be is no
// row.
func TestFormOfRows(t *testing.T) {
	row := func(form, inputs, outputs string) string {
		return `{"hash":"` + fmt.Sprintf("%064d", 1) + `","block_number":9,"block_hash":"` + fmt.Sprintf("%064d", 9) + `","block_timestamp":9,"index":1,"is_coinbase":false` + form +
			`,"inputs":[` + inputs + `],"outputs":[` + outputs + `]}`
	}
	spend := func(index int, more string) string {
		return fmt.Sprintf(`{"spent_transaction_hash":"%064d","spent_output_index":%d,"value":900,"type":"pubkeyhash","addresses":["1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"]%s}`, 5, index, more)
	}
	pay := func(value int, script string) string {
		return fmt.Sprintf(`{"value":%d,"type":"pubkeyhash","addresses":["1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"]%s}`, value, script)
	}
	const script = `,"script_hex":"76a91477bff20c60e522dfaa3350c39b030a5d004e839a88ac"`
	known := graph.Form{Known: true, Version: 2, LockTime: 8, InputsSorted: graph.Yes, OutputsSorted: graph.Yes}
	with := func(change func(*graph.Form)) graph.Form { f := known; change(&f); return f }
	for name, c := range map[string]struct {
		row  string
		want graph.Form
	}{
		"nothing":                         {row("", spend(0, ""), pay(5, "")), graph.Form{}},
		"no lock time":                    {row(`,"version":2,"lock_time":null`, spend(0, ""), pay(5, "")), graph.Form{}},
		"as text":                         {row(`,"version":"2","lock_time":"8","virtual_size":"141"`, spend(0, ""), pay(5, "")), with(func(f *graph.Form) { f.Size = 141 })},
		"without a sign":                  {row(`,"version":4294967295,"lock_time":8`, spend(0, ""), pay(5, "")), with(func(f *graph.Form) { f.Version = ^uint32(0) })},
		"with a sign":                     {row(`,"version":-1,"lock_time":8`, spend(0, ""), pay(5, "")), with(func(f *graph.Form) { f.Version = ^uint32(0) })},
		"one sequence number is not told": {row(`,"version":2,"lock_time":8`, spend(0, `,"sequence":4294967295`)+","+spend(1, ""), pay(5, "")), known},
		"and the other signals": {row(`,"version":2,"lock_time":8`, spend(0, `,"sequence":1`)+","+spend(1, ""), pay(5, "")),
			with(func(f *graph.Form) { f.Replaceable = graph.Yes })},
		"one amount, no scripts":     {row(`,"version":2,"lock_time":8`, spend(0, ""), pay(5, "")+","+pay(5, script)), with(func(f *graph.Form) { f.OutputsSorted = graph.NotTold })},
		"one amount, no matter what": {row(`,"version":2,"lock_time":8`, spend(0, ""), pay(5, "")+","+pay(5, "")+","+pay(4, "")), with(func(f *graph.Form) { f.OutputsSorted = graph.No })},
	} {
		if got := etlFormOf(t, c.row); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	for want, bad := range map[string]string{
		"is no version":                row(`,"version":4294967296,"lock_time":8`, spend(0, ""), pay(5, "")),
		"lock_time 4294967296":         row(`,"version":2,"lock_time":4294967296`, spend(0, ""), pay(5, "")),
		"virtual_size 4000001":         row(`,"version":2,"lock_time":0,"virtual_size":4000001`, spend(0, ""), pay(5, "")),
		"input 0: sequence 4294967296": row(`,"version":2,"lock_time":0`, spend(0, `,"sequence":4294967296`), pay(5, "")),
		"input 0: script_hex":          row(`,"version":2,"lock_time":0`, spend(0, `,"script_hex":"7"`), pay(5, "")),
	} {
		_, _, err := readETL(t, ingest.Stop, bitcoin.Options{}, writeFile(t, []byte(bad+"\n"), t.TempDir(), "t.json"))
		wantError(t, err, "bad row", want)
	}
}

// TestFormsOfRealBlocks: blocks of 2014 and 2016, in which few wallets used what
// later ones do.
func TestFormsOfRealBlocks(t *testing.T) {
	blocks, _, err := readFiles(t, "bitcoin", graphtest.Data(t, "btc-blocks"), ingest.Skip, bitcoin.Options{})
	if err != nil || len(blocks) != 2 {
		t.Fatalf("%d blocks, %v", len(blocks), err)
	}
	for i, want := range []map[string]int{
		{"known": 202, "version 2": 0, "locked": 0, "replaceable": 0, "low R": 61, "high R": 140, "sorted": 59},
		{"known": 1652, "version 2": 0, "locked": 263, "replaceable": 1, "low R": 577, "high R": 1074, "sorted": 1219},
	} {
		got := map[string]int{}
		for _, tx := range blocks[i].Txs {
			f := tx.Form
			for name, is := range map[string]bool{
				"known": f.Known, "version 2": f.Version == 2, "locked": f.LockTime > 0, "replaceable": f.Replaceable == graph.Yes,
				"low R": f.LowR == graph.Yes, "high R": f.LowR == graph.No, "sorted": f.InputsSorted == graph.Yes && f.OutputsSorted == graph.Yes,
			} {
				if is {
					got[name]++
				}
			}
		}
		t.Logf("block %d: %v", blocks[i].Height, got)
		for name, n := range want {
			if got[name] != n {
				t.Errorf("block %d: %d %s, want %d", blocks[i].Height, got[name], name, n)
			}
		}
	}
}

// FuzzForm: an export of a transaction never contradicts its bytes.
func FuzzForm(f *testing.F) {
	low, high := signatures(f)
	f.Add(low, high, []byte{5, 4}, uint32(1), uint32(8))
	f.Add([]byte{0x30, 6, 2, 1, 1, 2, 1, 1, 1}, high[:9], []byte{5, 5, 5}, ^uint32(0), uint32(0))
	f.Fuzz(func(t *testing.T, script, witness, values []byte, sequence, lock uint32) {
		if len(values) == 0 || len(script) > 1000 || len(witness) > 1000 || len(values) > 20 {
			t.Skip()
		}
		tx := wire.NewMsgTx(int32(sequence) % 3)
		tx.LockTime = lock
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: chainhash.Hash{1}}, Sequence: sequence, SignatureScript: script, Witness: wire.TxWitness{witness}})
		for _, v := range values {
			tx.AddTxOut(wire.NewTxOut(int64(v), slices.Clone(values[:1])))
		}
		a, b := decodedForm(t, tx), exportedForm(t, tx)
		if err := a.Validate(); err != nil {
			t.Fatal(err)
		}
		if both, ok := a.Join(b); !ok || both != a {
			t.Fatalf("the bytes say %s, the export %s", a, b)
		}
	})
}
