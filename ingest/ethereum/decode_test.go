package ethereum_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/holiman/uint256"

	"spoor/graph"
	"spoor/ingest/ethereum"
)

// acct is the account called by a letter: twenty times its byte.
func acct(letter byte) common.Address {
	return common.BytesToAddress(bytes.Repeat([]byte{letter}, 20))
}

func ptr(letter byte) *common.Address { a := acct(letter); return &a }

func wei(n uint64) *graph.Amount { return uint256.NewInt(n) }

func name(a graph.Address) string {
	raw := a.Bytes()
	switch {
	case a.IsZero():
		return "-"
	case bytes.Equal(raw, bytes.Repeat(raw[:1], 20)) && raw[0] > ' ':
		return string(raw[:1])
	}
	return a.String()
}

// moves writes transfers as "place kind from>to amount [asset]".
func moves(d ethereum.Decoded) (lines []string) {
	for _, tx := range d.Block.Txs {
		for _, m := range tx.Transfers {
			line := fmt.Sprintf("%s %s %s>%s %s", m.Seq, m.Kind, name(m.From), name(m.To), m.Amount.Dec())
			switch m.Asset.Standard {
			case graph.ERC20:
				line += " " + name(m.Asset.Contract)
			case graph.ERC721, graph.ERC1155:
				line += fmt.Sprintf(" %s#%s", name(m.Asset.Contract), m.Asset.TokenID.Dec())
			}
			lines = append(lines, line)
		}
	}
	return lines
}

func check(t *testing.T, d ethereum.Decoded, want ...string) {
	t.Helper()
	for _, p := range d.Problems {
		t.Errorf("problem: %v", p)
	}
	if got := moves(d); !slices.Equal(got, want) {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// frame and its kin build call trees.
func frame(typ ethereum.FrameType, from, to byte, value uint64, calls ...*ethereum.Frame) *ethereum.Frame {
	f := &ethereum.Frame{Type: typ, From: acct(from), Value: wei(value), Calls: calls}
	if to != 0 {
		f.To = ptr(to)
	}
	return f
}

func call(from, to byte, value uint64, calls ...*ethereum.Frame) *ethereum.Frame {
	return frame(ethereum.Call, from, to, value, calls...)
}

func failed(f *ethereum.Frame) *ethereum.Frame { f.Failed = true; return f }

// free is a successful transaction of A that pays no gas, so that tests show
// what they are about.
func free(f *ethereum.Frame) ethereum.Tx {
	zero := uint64(0)
	tx := ethereum.Tx{Hash: graph.Hash{1}, From: f.From, To: f.To, Value: *f.Value, Status: ethereum.StatusOK, GasUsed: &zero, GasPrice: wei(0), Root: f, Input: true}
	if f.Type == ethereum.Create {
		tx.To, tx.Created = nil, f.To
	}
	if f.Failed {
		tx.Status = ethereum.StatusFailed
	}
	return tx
}

func traced(fork ethereum.Fork, txs ...ethereum.Tx) *ethereum.Block {
	b := &ethereum.Block{Header: graph.Header{Height: 20_000_000, Time: 1_700_000_000}, HeaderKnown: true, BaseFee: wei(0), Miner: ptr('M'), UnclesKnown: true,
		Fork: fork, Logs: graph.Full, Traces: graph.Full, Txs: txs}
	for i := range b.Txs {
		b.Txs[i].Index = uint32(i)
	}
	return b
}

func TestCalls(t *testing.T) {
	const cancun, before, amsterdam = ethereum.Cancun, ethereum.BeforeCancun, ethereum.Amsterdam
	selfdestruct := func(from, to byte, value uint64) *ethereum.Frame {
		return frame(ethereum.Selfdestruct, from, to, value)
	}
	create := func(from, to byte, value uint64, calls ...*ethereum.Frame) *ethereum.Frame {
		return frame(ethereum.Create, from, to, value, calls...)
	}
	for _, test := range []struct {
		name string
		fork ethereum.Fork
		root *ethereum.Frame
		want []string
	}{
		{"root is not counted twice", cancun, call('A', 'B', 7), []string{"call:0 native A>B 7"}},
		{"inner calls in order of execution", cancun, call('A', 'B', 7, call('B', 'C', 1, call('C', 'D', 2)), call('B', 'E', 3)),
			[]string{"call:0 native A>B 7", "call:1 internal B>C 1", "call:2 internal C>D 2", "call:3 internal B>E 3"}},
		{"no value, no transfer, but a number", cancun, call('A', 'B', 0, call('B', 'C', 0), call('B', 'D', 4)), []string{"call:2 internal B>D 4"}},
		{"a reverted subtree did not happen", cancun, call('A', 'B', 7, failed(call('B', 'C', 1, call('C', 'D', 2, call('D', 'E', 9)))), call('B', 'F', 3)),
			[]string{"call:0 native A>B 7", "call:4 internal B>F 3"}},
		{"a failed transaction moves nothing", cancun, failed(call('A', 'B', 7, call('B', 'C', 1))), nil},
		{"only CALL carries value to another account", cancun, call('A', 'B', 7, frame(ethereum.DelegateCall, 'B', 'C', 7, call('B', 'D', 1)), frame(ethereum.StaticCall, 'B', 'C', 0), frame(ethereum.CallCode, 'B', 'C', 5)),
			[]string{"call:0 native A>B 7", "call:2 internal B>D 1"}},
		{"precompiles have no number", cancun, call('A', 'B', 0, precompile(ethereum.StaticCall, 4, 0), precompile(ethereum.Call, 2, 0), precompile(ethereum.Call, 3, 6), call('B', 'C', 1)),
			[]string{"call:1 internal B>0x0000000000000000000000000000000000000003 6", "call:2 internal B>C 1"}},
		{"creation", cancun, create('A', 'N', 5, create('N', 'P', 2), failed(create('N', 0, 1))), []string{"call:0 create A>N 5", "call:1 create N>P 2"}},
		{"call to itself", cancun, call('A', 'B', 7, call('B', 'B', 3)), []string{"call:0 native A>B 7", "call:1 internal B>B 3"}},

		{"selfdestruct to another", before, call('A', 'B', 0, selfdestruct('B', 'C', 9)), []string{"call:1 selfdestruct B>C 9"}},
		{"selfdestruct to another, old contract since Cancun", cancun, call('A', 'B', 0, selfdestruct('B', 'C', 9)), []string{"call:1 selfdestruct B>C 9"}},
		{"selfdestruct to itself burns before Cancun", before, call('A', 'B', 0, selfdestruct('B', 'B', 9)), []string{"call:1 burn B>- 9"}},
		{"selfdestruct to itself does nothing since Cancun", cancun, call('A', 'B', 0, selfdestruct('B', 'B', 9)), nil},
		{"unless created in the transaction", cancun, call('A', 'B', 0, create('B', 'N', 9), call('B', 'N', 0, selfdestruct('N', 'N', 9))), []string{"call:1 create B>N 9", "call:3 burn N>- 9"}},
		{"since Amsterdam nothing is burnt", amsterdam, call('A', 'B', 0, create('B', 'N', 9, selfdestruct('N', 'N', 9)), call('B', 'N', 2)), []string{"call:1 create B>N 9", "call:3 internal B>N 2"}},
		{"created by the transaction itself", cancun, create('A', 'N', 9, selfdestruct('N', 'N', 9)), []string{"call:0 create A>N 9", "call:1 burn N>- 9"}},
		{"reverted selfdestruct", before, call('A', 'B', 0, failed(call('B', 'C', 0, selfdestruct('C', 'D', 9))), call('B', 'C', 4)), []string{"call:3 internal B>C 4"}},
		{"coin sent to an ended contract vanishes with it", before, call('A', 'B', 0, call('B', 'C', 0, selfdestruct('C', 'D', 9)), call('B', 'C', 4)),
			[]string{"call:2 selfdestruct C>D 9", "call:3 internal B>C 4", "call:4 burn C>- 4"}},
		{"unless it is sent on", before, call('A', 'B', 0, call('B', 'C', 0, selfdestruct('C', 'D', 9)), call('B', 'C', 4, selfdestruct('C', 'E', 4))),
			[]string{"call:2 selfdestruct C>D 9", "call:3 internal B>C 4", "call:4 selfdestruct C>E 4"}},
		{"an old contract goes on since Cancun", cancun, call('A', 'B', 0, call('B', 'C', 0, selfdestruct('C', 'D', 9)), call('B', 'C', 4)),
			[]string{"call:2 selfdestruct C>D 9", "call:3 internal B>C 4"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := ethereum.Decode(mustChain(t, "ethereum"), traced(test.fork, free(test.root)))
			check(t, d, test.want...)
			if d.Block.Know != (graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}) {
				t.Errorf("knowledge %+v", d.Block.Know)
			}
		})
	}
}

func precompile(typ ethereum.FrameType, number byte, value uint64) *ethereum.Frame {
	f := frame(typ, 'B', 'B', value)
	*f.To = common.BytesToAddress([]byte{number})
	return f
}

// A trace that contradicts its transaction is not believed; what the
// transaction itself says stands.
func TestContradictions(t *testing.T) {
	for name, spoil := range map[string]func(*ethereum.Tx){
		"sender":   func(tx *ethereum.Tx) { tx.Root.From = acct('X') },
		"callee":   func(tx *ethereum.Tx) { tx.Root.To = ptr('X') },
		"value":    func(tx *ethereum.Tx) { tx.Root.Value = wei(8) },
		"success":  func(tx *ethereum.Tx) { tx.Root.Failed = true },
		"creation": func(tx *ethereum.Tx) { tx.Root.Type = ethereum.Create },
	} {
		t.Run(name, func(t *testing.T) {
			tx := free(call('A', 'B', 7, call('B', 'C', 1)))
			spoil(&tx)
			d := ethereum.Decode(mustChain(t, "ethereum"), traced(ethereum.Cancun, tx))
			if len(d.Problems) != 1 || d.Block.Know.Traces != graph.Partial {
				t.Errorf("problems %v, traces %s", d.Problems, d.Block.Know.Traces)
			}
			if got := moves(d); !slices.Equal(got, []string{"call:0 native A>B 7"}) {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestFees(t *testing.T) {
	london := func(tx ethereum.Tx) *ethereum.Block {
		b := traced(ethereum.Cancun, tx)
		b.BaseFee = wei(10)
		return b
	}
	paying := func(status ethereum.Status, gas, price uint64) ethereum.Tx {
		f := call('A', 'B', 7)
		f.Failed = status == ethereum.StatusFailed
		tx := free(f)
		tx.GasUsed, tx.GasPrice, tx.Status = &gas, wei(price), status
		return tx
	}
	withL1 := paying(ethereum.StatusOK, 100, 12)
	withL1.L1Fee = wei(33)
	blob := paying(ethereum.StatusOK, 100, 12)
	blob.Type, blob.BlobFee = 3, wei(44)
	old := traced(ethereum.BeforeCancun, paying(ethereum.StatusOK, 100, 12))
	old.BaseFee = nil
	headless := traced(ethereum.Cancun, paying(ethereum.StatusOK, 100, 12))
	headless.HeaderKnown, headless.BaseFee, headless.Miner = false, nil, nil
	deposit := free(call('A', 'B', 7))
	deposit.Type, deposit.Mint = 0x7e, wei(9)
	failedDeposit := free(failed(call('A', 'B', 7)))
	failedDeposit.Type, failedDeposit.Mint = 0x7e, wei(9)
	for _, test := range []struct {
		name, chain string
		block       *ethereum.Block
		want        []string
	}{
		{"base fee is burnt, the rest is the miner's", "ethereum", london(paying(ethereum.StatusOK, 100, 12)), []string{"fee:0 base_fee A>- 1000", "fee:1 fee A>M 200", "call:0 native A>B 7"}},
		{"a failed transaction pays too", "ethereum", london(paying(ethereum.StatusFailed, 100, 12)), []string{"fee:0 base_fee A>- 1000", "fee:1 fee A>M 200"}},
		{"before London it is all the miner's", "ethereum", old, []string{"fee:1 fee A>M 1200", "call:0 native A>B 7"}},
		{"blobs", "ethereum", london(blob), []string{"fee:0 base_fee A>- 1000", "fee:1 fee A>M 200", "fee:2 blob_fee A>- 44", "call:0 native A>B 7"}},
		{"an unknown header divides nothing", "ethereum", headless, []string{"fee:4 fee A>- 1200", "call:0 native A>B 7"}},
		{"vaults of the OP Stack", "optimism", london(withL1), []string{"fee:0 fee A>0x4200000000000000000000000000000000000019 1000", "fee:1 fee A>0x4200000000000000000000000000000000000011 200",
			"fee:3 fee A>0x420000000000000000000000000000000000001A 33", "call:0 native A>B 7"}},
		{"a deposit pays nothing and mints", "base", london(deposit), []string{"call:0 native A>B 7", "reward:0 mint ->A 9"}},
		{"a failed deposit still mints", "base", london(failedDeposit), []string{"reward:0 mint ->A 9"}},
		{"Polygon does not show who collects", "polygon", london(paying(ethereum.StatusOK, 100, 12)), []string{"fee:0 base_fee A>- 1000", "fee:1 fee A>- 200", "call:0 native A>B 7"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			check(t, ethereum.Decode(mustChain(t, test.chain), test.block), test.want...)
		})
	}
}

func TestProtocolPayments(t *testing.T) {
	work := func(height uint32) *ethereum.Block {
		return &ethereum.Block{Header: graph.Header{Height: height, Time: 1}, HeaderKnown: true, ProofOfWork: true, Miner: ptr('M'), UnclesKnown: true}
	}
	uncles := work(1_000_000)
	uncles.HasUncles, uncles.Uncles = true, []ethereum.Uncle{{Height: 999_999, Miner: acct('U')}, {Height: 999_994, Miner: acct('V')}}
	unknown := work(1_000_000)
	unknown.HasUncles, unknown.UnclesKnown = true, false
	told := work(1_000_000)
	told.Payments = []ethereum.Payment{{Kind: graph.KindReward, To: acct('M'), Amount: *wei(5)}, {Kind: graph.KindReward, To: acct('U'), Amount: *wei(4)}}
	stake := traced(ethereum.Cancun)
	stake.Withdrawals = []ethereum.Withdrawal{{To: acct('W'), Gwei: 3}, {To: acct('X'), Gwei: 1<<64 - 1}}
	for _, test := range []struct {
		name  string
		block *ethereum.Block
		want  []string
	}{
		{"frontier", work(1), []string{"reward:0 reward ->M 5000000000000000000"}},
		{"byzantium", work(4_370_000), []string{"reward:0 reward ->M 3000000000000000000"}},
		{"constantinople", work(7_280_000), []string{"reward:0 reward ->M 2000000000000000000"}},
		{"uncles", uncles, []string{"reward:0 reward ->M 5312500000000000000", "reward:1 reward ->U 4375000000000000000", "reward:2 reward ->V 1250000000000000000"}},
		{"unknown uncles leave the rewards unknown", unknown, nil},
		{"what a trace tells is not computed again", told, []string{"reward:0 reward ->M 5", "reward:1 reward ->U 4"}},
		{"withdrawals are in Gwei", stake, []string{"reward:0 withdrawal ->W 3000000000", "reward:1 withdrawal ->X 18446744073709551615000000000"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			check(t, ethereum.Decode(mustChain(t, "ethereum"), test.block), test.want...)
		})
	}
}

// Without receipts a value is stored only where success is certain.
func TestUnknownSuccess(t *testing.T) {
	base := func() ethereum.Tx {
		gas := uint64(21000)
		return ethereum.Tx{Hash: graph.Hash{1}, From: acct('A'), To: ptr('B'), Value: *wei(7), Gas: 50000, GasUsed: &gas, GasPrice: wei(0), Status: ethereum.StatusUnknown}
	}
	for _, test := range []struct {
		name  string
		spoil func(*ethereum.Tx)
		want  bool
	}{
		{"a bare payment with gas left", func(*ethereum.Tx) {}, true},
		{"all gas used", func(tx *ethereum.Tx) { tx.Gas = 21000 }, false},
		{"all gas used before Byzantium", func(tx *ethereum.Tx) { tx.Gas, tx.StateRoot = 21000, true }, false},
		{"code ran, may have reverted", func(tx *ethereum.Tx) { *tx.GasUsed = 30000 }, false},
		{"code ran before Byzantium", func(tx *ethereum.Tx) { *tx.GasUsed, tx.StateRoot = 30000, true }, true},
		{"gas unknown", func(tx *ethereum.Tx) { tx.GasUsed = nil }, false},
		{"logs prove success", func(tx *ethereum.Tx) { tx.Gas, tx.Logs = 21000, []ethereum.Log{{Address: acct('B')}} }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			tx := base()
			test.spoil(&tx)
			b := traced(ethereum.Cancun, tx)
			b.Traces = graph.None
			d := ethereum.Decode(mustChain(t, "ethereum"), b)
			if stored := len(moves(d)) > 0; stored != test.want {
				t.Errorf("stored: %v, want %v", stored, test.want)
			}
			if !test.want && (d.Block.Know.Transfers != graph.Partial || len(d.Incomplete) == 0) {
				t.Errorf("knowledge %+v, incomplete %v: what is missing is not told", d.Block.Know, d.Incomplete)
			}
		})
	}
}

func word(n uint64) []byte { w := wei(n).Bytes32(); return w[:] }

func of(letter byte) []byte { return common.LeftPadBytes(bytes.Repeat([]byte{letter}, 20), 32) }

func event(index int, contract byte, signature string, topics, data [][]byte) ethereum.Log {
	l := ethereum.Log{Index: index, Address: acct(contract), Data: bytes.Join(data, nil)}
	l.Topics = []common.Hash{crypto.Keccak256Hash([]byte(signature))}
	for _, topic := range topics {
		l.Topics = append(l.Topics, common.BytesToHash(topic))
	}
	return l
}

func TestLogs(t *testing.T) {
	const transfer, single, batch = "Transfer(address,address,uint256)", "TransferSingle(address,address,address,uint256,uint256)", "TransferBatch(address,address,address,uint256[],uint256[])"
	max := new(big.Int).Lsh(big.NewInt(1), 255)
	system := event(0, 'T', transfer, [][]byte{of('A'), of('B')}, [][]byte{word(5)})
	system.Address = common.HexToAddress("0xfffffffffffffffffffffffffffffffffffffffe")
	polygon := event(0, 'T', transfer, [][]byte{of('A'), of('B')}, [][]byte{word(5)})
	polygon.Address = common.HexToAddress("0x0000000000000000000000000000000000001010")
	kitty := event(0, 'T', transfer, nil, [][]byte{of('A'), of('B'), word(5)})
	kitty.Address = common.HexToAddress("0x06012c8cf97BEaD5deAe237070F9587f8E7A266d")
	dirty := of('A')
	dirty[11] = 1
	for _, test := range []struct {
		name, chain string
		log         ethereum.Log
		want        string
		passed      string
	}{
		{name: "erc-20", log: event(3, 'T', transfer, [][]byte{of('A'), of('B')}, [][]byte{word(5)}), want: "log:3 token A>B 5 T"},
		{name: "zero amounts are kept", log: event(3, 'T', transfer, [][]byte{of('A'), of('B')}, [][]byte{word(0)}), want: "log:3 token A>B 0 T"},
		{name: "nothing indexed", log: event(3, 'T', transfer, nil, [][]byte{of('A'), of('B'), word(5)}), want: "log:3 token A>B 5 T"},
		{name: "from indexed", log: event(3, 'T', transfer, [][]byte{of('A')}, [][]byte{of('B'), word(5)}), want: "log:3 token A>B 5 T"},
		{name: "erc-721", log: event(3, 'T', transfer, [][]byte{of('A'), of('B'), word(77)}, nil), want: "log:3 token A>B 1 T#77"},
		{name: "old collection", log: kitty, want: "log:0 token A>B 1 0x06012c8cf97BEaD5deAe237070F9587f8E7A266d#5"},
		{name: "mint", log: event(3, 'T', transfer, [][]byte{word(0), of('B')}, [][]byte{word(5)}), want: "log:3 mint ->B 5 T"},
		{name: "burn", log: event(3, 'T', transfer, [][]byte{of('A'), word(0)}, [][]byte{word(5)}), want: "log:3 burn A>- 5 T"},
		{name: "nowhere", log: event(3, 'T', transfer, [][]byte{word(0), word(0)}, [][]byte{word(5)}), passed: "token transfer from nowhere to nowhere"},
		{name: "2^255 is the most", log: event(3, 'T', transfer, [][]byte{of('A'), of('B')}, [][]byte{common.BigToHash(max).Bytes()}), want: "log:3 token A>B " + max.String() + " T"},
		{name: "more is a spoof", log: event(3, 'T', transfer, [][]byte{of('A'), of('B')}, [][]byte{common.BigToHash(new(big.Int).Add(max, common.Big1)).Bytes()}), passed: "token amount above 2^255 (spoofed amount)"},
		{name: "dirty address", log: event(3, 'T', transfer, [][]byte{dirty, of('B')}, [][]byte{word(5)}), passed: "log with the topic of a transfer but another shape"},
		{name: "four topics and data", log: event(3, 'T', transfer, [][]byte{of('A'), of('B'), word(7)}, [][]byte{word(5)}), passed: "log with the topic of a transfer but another shape"},
		{name: "short data", log: event(3, 'T', transfer, [][]byte{of('A'), of('B')}, [][]byte{word(5)[1:]}), passed: "log with the topic of a transfer but another shape"},
		{name: "no data", log: event(3, 'T', transfer, [][]byte{of('A'), of('B')}, nil), passed: "log with the topic of a transfer but another shape"},
		{name: "anonymous", log: ethereum.Log{Address: acct('T')}, passed: "log of another event"},
		{name: "another event", log: event(0, 'T', "Approval(address,address,uint256)", [][]byte{of('A'), of('B')}, [][]byte{word(5)}), passed: "log of another event"},
		{name: "eip-7708", log: system, passed: "log in which the native coin repeats a movement as a token"},
		{name: "polygon's coin", chain: "polygon", log: polygon, passed: "log in which the native coin repeats a movement as a token"},
		{name: "the same address elsewhere", log: polygon, want: "log:0 token A>B 5 0x0000000000000000000000000000000000001010"},

		{name: "erc-1155", log: event(2, 'T', single, [][]byte{of('O'), of('A'), of('B')}, [][]byte{word(77), word(5)}), want: "log:2 token A>B 5 T#77"},
		{name: "erc-1155 mint", log: event(2, 'T', single, [][]byte{of('O'), word(0), of('B')}, [][]byte{word(77), word(5)}), want: "log:2 mint ->B 5 T#77"},
		{name: "erc-1155 short", log: event(2, 'T', single, [][]byte{of('O'), of('A'), of('B')}, [][]byte{word(77)}), passed: "log with the topic of a transfer but another shape"},
		{name: "batch", log: event(2, 'T', batch, [][]byte{of('O'), of('A'), of('B')}, [][]byte{word(64), word(160), word(2), word(7), word(8), word(2), word(1), word(3)}),
			want: "log:2 token A>B 1 T#7|log:2.1 token A>B 3 T#8"},
		{name: "empty batch", log: event(2, 'T', batch, [][]byte{of('O'), of('A'), of('B')}, [][]byte{word(64), word(96), word(0), word(0)})},
		{name: "batch of unlike lists", log: event(2, 'T', batch, [][]byte{of('O'), of('A'), of('B')}, [][]byte{word(64), word(160), word(2), word(7), word(8), word(1), word(1)}), passed: "log with the topic of a transfer but another shape"},
		{name: "batch beyond its data", log: event(2, 'T', batch, [][]byte{of('O'), of('A'), of('B')}, [][]byte{word(64), word(160), word(1 << 40), word(7)}), passed: "log with the topic of a transfer but another shape"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tx := free(call('A', 'B', 0))
			tx.Logs = []ethereum.Log{test.log}
			chain := "ethereum"
			if test.chain != "" {
				chain = test.chain
			}
			d := ethereum.Decode(mustChain(t, chain), traced(ethereum.Cancun, tx))
			var want []string
			if test.want != "" {
				want = strings.Split(test.want, "|")
			}
			check(t, d, want...)
			if test.passed != "" && d.Passed[test.passed] != 1 {
				t.Errorf("passed %v, want %q", d.Passed, test.passed)
			}
		})
	}
}

// A batch longer than a position can number is counted and lowers what is known.
func TestHugeBatch(t *testing.T) {
	const n = 2050
	data := [][]byte{word(64), word(64 + 32*(n+1)), word(n)}
	for i := range 2 * n {
		if i == n {
			data = append(data, word(n))
		}
		data = append(data, word(uint64(i)))
	}
	tx := free(call('A', 'B', 0))
	tx.Logs = []ethereum.Log{event(2, 'T', "TransferBatch(address,address,address,uint256[],uint256[])", [][]byte{of('O'), of('A'), of('B')}, data)}
	d := ethereum.Decode(mustChain(t, "ethereum"), traced(ethereum.Cancun, tx))
	if len(moves(d)) != 2048 || d.Passed["token transfer beyond what a position holds (2048 items of a batch)"] != 2 || d.Block.Know.Logs != graph.Partial || len(d.Problems) > 0 {
		t.Errorf("%d transfers, passed %v, knowledge %+v, problems %v", len(moves(d)), d.Passed, d.Block.Know, d.Problems)
	}
}

func TestWraps(t *testing.T) {
	const deposit, withdrawal, transfer = "Deposit(address,uint256)", "Withdrawal(address,uint256)", "Transfer(address,address,uint256)"
	weth := common.HexToAddress(mustChain(t, "ethereum").Wrapped)
	at := func(contract common.Address, l ethereum.Log) ethereum.Log { l.Address = contract; return l }
	for _, test := range []struct {
		name string
		root *ethereum.Frame
		logs []ethereum.Log
		want []string
	}{
		{"the wrapped coin", call('A', 'B', 0), []ethereum.Log{at(weth, event(0, 0, deposit, [][]byte{of('B')}, [][]byte{word(5)})), at(weth, event(1, 0, withdrawal, [][]byte{of('B')}, [][]byte{word(4)}))},
			[]string{"log:0 wrap ->B 5 " + weth.Hex(), "log:1 unwrap B>- 4 " + weth.Hex()}},
		{"a transfer tells the same", call('A', 'W', 5), []ethereum.Log{
			event(0, 'W', transfer, [][]byte{word(0), of('A')}, [][]byte{word(5)}), event(1, 'W', deposit, [][]byte{of('A')}, [][]byte{word(5)}),
			event(2, 'W', withdrawal, [][]byte{of('A')}, [][]byte{word(3)}), event(3, 'W', transfer, [][]byte{of('A'), word(0)}, [][]byte{word(3)})},
			[]string{"call:0 native A>W 5", "log:0 mint ->A 5 W", "log:3 burn A>- 3 W"}},
		{"each transfer tells one", call('A', 'B', 0), []ethereum.Log{
			at(weth, event(0, 0, transfer, [][]byte{word(0), of('A')}, [][]byte{word(5)})), at(weth, event(1, 0, deposit, [][]byte{of('A')}, [][]byte{word(5)})), at(weth, event(2, 0, deposit, [][]byte{of('A')}, [][]byte{word(5)}))},
			[]string{"log:0 mint ->A 5 " + weth.Hex(), "log:2 wrap ->A 5 " + weth.Hex()}},
		{"a fork that takes the coin", call('A', 'W', 5, call('W', 'A', 2)), []ethereum.Log{event(0, 'W', deposit, [][]byte{of('A')}, [][]byte{word(5)}), event(1, 'W', withdrawal, [][]byte{of('A')}, [][]byte{word(2)})},
			[]string{"call:0 native A>W 5", "call:1 internal W>A 2", "log:0 wrap ->A 5 W", "log:1 unwrap A>- 2 W"}},
		{"a contract that takes no coin may mean anything", call('A', 'W', 0), []ethereum.Log{event(0, 'W', deposit, [][]byte{of('A')}, [][]byte{word(5)})}, nil},
		{"one movement proves one wrap", call('A', 'W', 5), []ethereum.Log{event(0, 'W', deposit, [][]byte{of('A')}, [][]byte{word(5)}), event(1, 'W', deposit, [][]byte{of('A')}, [][]byte{word(5)})},
			[]string{"call:0 native A>W 5", "log:0 wrap ->A 5 W"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			tx := free(test.root)
			tx.Logs = test.logs
			check(t, ethereum.Decode(mustChain(t, "ethereum"), traced(ethereum.Cancun, tx)), test.want...)
		})
	}
}

// Frames of go-ethereum's own tests, read as callTracer wrote them.
func TestCallTracerFixtures(t *testing.T) {
	dir := geth(t, "eth/tracers/internal/tracetest/testdata/call_tracer")
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) < 10 {
		t.Fatalf("%d fixtures: %v", len(files), err)
	}
	got := map[string]string{}
	for _, file := range files {
		d := decodeFixture(t, file)
		got[strings.TrimSuffix(filepath.Base(file), ".json")] = strings.Join(moves(d), "|")
	}
	for fixture, want := range map[string]string{
		"selfdestruct": "call:1 selfdestruct 0x3b873A919aA0512D5A0F09E6dCCEaA4a6727faFE>0x000000000000000000000000000000000000dEaD 22882074780407317765077",
		"simple":       "call:1 internal 0x3b873A919aA0512D5A0F09E6dCCEaA4a6727faFE>0x0024F658a46FBB89d8Ac105e98D7ac7cbBaF27C5 500000000000000000",
		"throw":        "", // failed at the top
		"oog":          "",
		"revert":       "",
	} {
		if got[fixture] != want {
			t.Errorf("%s: got %q, want %q", fixture, got[fixture], want)
		}
	}
}

func decodeFixture(t *testing.T, file string) ethereum.Decoded {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	root, err := ethereum.CallTracerFrame(fixtureResult(t, raw))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	tx := free(root)
	d := ethereum.Decode(mustChain(t, "ethereum"), traced(ethereum.BeforeCancun, tx))
	for _, p := range d.Problems {
		t.Errorf("%s: %v", file, p)
	}
	return d
}

func fixtureResult(t *testing.T, raw []byte) []byte {
	t.Helper()
	var fixture struct{ Result json.RawMessage }
	if err := json.Unmarshal(raw, &fixture); err != nil {
		t.Fatal(err)
	}
	return fixture.Result
}
