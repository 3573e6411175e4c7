package graph_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"spoor/graph"
)

// block builds a block of one line per transfer: "TX SEQ AMOUNT", where TX is
// the index of the transaction and also stands for its hash.
func block(t testing.TB, know graph.Knowledge, moves ...string) graph.Block {
	t.Helper()
	ethereum := chain(t, "ethereum")
	b := graph.Block{Header: graph.Header{Height: 5, Hash: graph.Hash{5}, Time: 100}, Know: know, Source: "test"}
	for _, m := range moves {
		f := strings.Fields(m)
		index := amount(t, f[0])
		seq, err := graph.ParseSeq(f[1])
		if err != nil {
			t.Fatal(err)
		}
		if n := len(b.Txs); n == 0 || b.Txs[n-1].Index != uint32(index.Uint64()) {
			b.Txs = append(b.Txs, graph.Tx{Index: uint32(index.Uint64()), Hash: graph.Hash{0xaa, byte(index.Uint64())}})
		}
		tx := &b.Txs[len(b.Txs)-1]
		tx.Transfers = append(tx.Transfers, graph.Transfer{Seq: seq, Kind: graph.KindTransfer, From: graph.EVMAddress(ethereum.ID, [20]byte{1}),
			To: graph.EVMAddress(ethereum.ID, [20]byte{2}), Asset: ethereum.Native(), Amount: amount(t, f[2])})
	}
	return b
}

// moves writes a block as block reads it.
func moves(b graph.Block) string {
	var s []string
	for i := range b.Txs {
		for _, m := range b.Txs[i].Transfers {
			at := graph.Position{Block: b.Height, Tx: b.Txs[i].Index, Seq: m.Seq}
			s = append(s, strings.Replace(strings.TrimPrefix(at.String(), "5/"), "/", " ", 1)+" "+m.Amount.Dec())
		}
	}
	return strings.Join(s, ", ")
}

var (
	part   = graph.Knowledge{Transfers: graph.Partial}
	whole  = graph.Knowledge{Transfers: graph.Full}
	logs   = graph.Knowledge{Transfers: graph.Full, Logs: graph.Full}
	traces = graph.Knowledge{Transfers: graph.Full, Traces: graph.Full}
	all    = graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}
)

func TestUnion(t *testing.T) {
	for _, tt := range []struct {
		name     string
		old, new graph.Block
		want     string
		know     graph.Knowledge
		changed  bool
	}{
		{"whole over partial", block(t, part, "0 row:0 7", "3 row:1 8"), block(t, whole, "0 call:0 7"), "0 call:0 7", whole, true},
		{"partial after whole", block(t, whole, "0 call:0 7"), block(t, part, "0 row:0 7", "3 row:1 8"), "0 call:0 7", whole, false},
		{"partial, the same again", block(t, part, "0 row:0 7", "0 row:1 7"), block(t, part, "0 row:0 7", "0 row:1 7"), "0 row:0 7, 0 row:1 7", part, false},
		{"partial, the same in other places", block(t, part, "0 row:0 7", "0 row:1 8"), block(t, part, "0 row:4 8", "0 row:9 7"), "0 row:0 7, 0 row:1 8", part, false},
		{"partial, one once more", block(t, part, "0 row:0 7", "0 row:1 7"), block(t, part, "0 row:0 7", "0 row:1 7", "0 row:2 7"), "0 row:0 7, 0 row:1 7, 0 row:2 7", part, true},
		{"partial, fewer", block(t, part, "0 row:0 7", "0 row:1 7"), block(t, part, "0 row:5 7"), "0 row:0 7, 0 row:1 7", part, false},
		{"partial, another row in the same place", block(t, part, "0 row:0 7"), block(t, part, "0 row:0 8"), "0 row:0 7, 0 row:1 8", part, true},
		{"partial, a transaction before", block(t, part, "3 row:0 7"), block(t, part, "1 row:0 8"), "1 row:0 8, 3 row:0 7", part, true},
		{"partial, places of the ledger", block(t, part, "0 out:0 7"), block(t, part, "0 out:0 7", "0 out:1 7"), "0 out:0 7, 0 out:1 7", part, true},
		{"whole, the same again", block(t, logs, "0 call:0 7", "0 log:1 8"), block(t, logs, "0 call:0 7", "0 log:1 8"), "0 call:0 7, 0 log:1 8", logs, false},
		{"whole with logs, whole with traces", block(t, logs, "0 call:0 7", "0 log:1 8"), block(t, traces, "0 call:0 7", "0 call:4 9"), "0 call:0 7, 0 call:4 9, 0 log:1 8", all, true},
		{"whole with traces, whole with logs", block(t, traces, "0 call:0 7", "0 call:4 9"), block(t, logs, "0 call:0 7", "0 log:1 8"), "0 call:0 7, 0 call:4 9, 0 log:1 8", all, true},
		{"whole, logs where none were looked at", block(t, whole, "0 call:0 7"), block(t, logs, "0 call:0 7"), "0 call:0 7", logs, true},
		{"whole, a transaction only the logs show", block(t, traces, "2 call:0 7"), block(t, logs, "1 log:0 1", "2 call:0 7"), "1 log:0 1, 2 call:0 7", all, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := moves(tt.old)
			got, changed, err := graph.Union(tt.old, tt.new)
			if err != nil {
				t.Fatal(err)
			}
			if moves(got) != tt.want || changed != tt.changed || got.Know != tt.know {
				t.Errorf("got %s, %+v, changed %v\nwant %s, %+v, changed %v", moves(got), got.Know, changed, tt.want, tt.know, tt.changed)
			}
			if moves(tt.old) != before {
				t.Errorf("the stored block became %s", moves(tt.old))
			}
			if err := got.Validate(graph.Ethereum); err != nil {
				t.Error(err)
			}
			if again, changed, err := graph.Union(got, tt.new); err != nil || changed || !reflect.DeepEqual(again, got) {
				t.Errorf("a second time: %s, changed %v, %v", moves(again), changed, err)
			}
		})
	}
}

func TestUnionFails(t *testing.T) {
	other := block(t, whole, "0 call:0 7")
	other.Hash = graph.Hash{6}
	elsewhere := block(t, whole, "0 call:0 7")
	elsewhere.Height = 6
	swapped := block(t, whole, "0 call:0 7")
	swapped.Txs[0].Hash = graph.Hash{0xbb}
	for _, tt := range []struct {
		name     string
		old, new graph.Block
		fork     bool
	}{
		{"other block hash", block(t, whole, "0 call:0 7"), other, true},
		{"other block hash, known in part", block(t, part, "0 row:0 7"), other, true},
		{"other height", block(t, whole, "0 call:0 7"), elsewhere, false},
		{"other amount in a place", block(t, whole, "0 call:0 7"), block(t, whole, "0 call:0 8"), true},
		{"other amount in a place, known in part", block(t, part, "0 out:0 7"), block(t, part, "0 out:0 8"), true},
		{"other transaction in a place", block(t, whole, "0 call:0 7"), swapped, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, changed, err := graph.Union(tt.old, tt.new)
			if err == nil || changed || errors.Is(err, graph.ErrFork) != tt.fork || len(got.Txs) != 0 {
				t.Errorf("got %s, changed %v, %v", moves(got), changed, err)
			}
		})
	}
}

// A block whose hash was not known takes the hash of the one that has it.
func TestUnionLearnsHash(t *testing.T) {
	old, known := block(t, part, "0 row:0 7"), block(t, part, "0 row:0 7")
	old.Hash = graph.Hash{}
	known.Parent = graph.Hash{4}
	got, changed, err := graph.Union(old, known)
	if err != nil || !changed || got.Hash != known.Hash || got.Parent != known.Parent {
		t.Errorf("%+v, changed %v, %v", got.Header, changed, err)
	}
	got, changed, err = graph.Union(known, old)
	if err != nil || changed || got.Hash != known.Hash {
		t.Errorf("%+v, changed %v, %v", got.Header, changed, err)
	}
}

// However often and in whatever order overlapping files are read, each
// transfer is there as often as the file that has it most often has it.
func TestUnionOfFiles(t *testing.T) {
	ethereum := chain(t, "ethereum")
	rapid.Check(t, func(r *rapid.T) {
		files := rapid.SliceOfN(rapid.SliceOfN(rapid.IntRange(0, 3), 1, 6), 1, 5).Draw(r, "amounts of each file")
		most := map[uint64]int{}
		var union graph.Block
		for i, file := range files {
			b := graph.Block{Header: graph.Header{Height: 5}, Know: part, Txs: []graph.Tx{{Hash: graph.Hash{1}}}}
			count := map[uint64]int{}
			for j, units := range file {
				seq, err := graph.RowSeq(j)
				if err != nil {
					r.Fatal(err)
				}
				m := graph.Transfer{Seq: seq, Kind: graph.KindTransfer, To: graph.EVMAddress(ethereum.ID, [20]byte{1}), Asset: ethereum.Native()}
				m.Amount.SetUint64(uint64(units))
				b.Txs[0].Transfers = append(b.Txs[0].Transfers, m)
				count[uint64(units)]++
				most[uint64(units)] = max(most[uint64(units)], count[uint64(units)])
			}
			if i == 0 {
				union = b
				continue
			}
			var err error
			if union, _, err = graph.Union(union, b); err != nil {
				r.Fatal(err)
			}
		}
		got := map[uint64]int{}
		for _, m := range union.Txs[0].Transfers {
			got[m.Amount.Uint64()]++
		}
		if !reflect.DeepEqual(got, most) {
			r.Errorf("got %v, want %v", got, most)
		}
		if err := union.Validate(ethereum.ID); err != nil {
			r.Error(err)
		}
	})
}

func TestValidate(t *testing.T) {
	good := block(t, whole, "0 call:0 7", "0 log:1 8", "2 call:0 1")
	if err := good.Validate(graph.Ethereum); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(b *graph.Block){
		"transactions descend":   func(b *graph.Block) { b.Txs[1].Index = 0 },
		"index beyond the limit": func(b *graph.Block) { b.Txs[1].Index = graph.BlockTx + 1 },
		"places descend":         func(b *graph.Block) { b.Txs[0].Transfers[1].Seq = 0 },
		"place twice":            func(b *graph.Block) { b.Txs[0].Transfers[1].Seq = b.Txs[0].Transfers[0].Seq },
		"no kind":                func(b *graph.Block) { b.Txs[0].Transfers[0].Kind = 0 },
		"unknown kind":           func(b *graph.Block) { b.Txs[0].Transfers[0].Kind = 200 },
		"no end": func(b *graph.Block) {
			b.Txs[0].Transfers[0].From, b.Txs[0].Transfers[0].To = graph.Address{}, graph.Address{}
		},
		"input with a to":          func(b *graph.Block) { b.Txs[0].Transfers[0].Kind = graph.KindInput },
		"output with a from":       func(b *graph.Block) { b.Txs[0].Transfers[0].Kind = graph.KindOutput },
		"asset of another chain":   func(b *graph.Block) { b.Txs[0].Transfers[0].Asset = chain(t, "base").Native() },
		"address of another chain": func(b *graph.Block) { b.Txs[0].Transfers[0].To = graph.EVMAddress("eip155:10", [20]byte{1}) },
	} {
		b := block(t, whole, "0 call:0 7", "0 log:1 8", "2 call:0 1")
		spoil(&b)
		if err := b.Validate(graph.Ethereum); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := good.Validate("eip155:10"); err == nil {
		t.Error("a block of another chain passes")
	}
}
