package badger

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"spoor/graph"
	"spoor/graph/graphtest"
)

var prefixes = map[string]byte{"header": prefixHeader, "page": prefixPage, "chunk": prefixChunk, "address": prefixAddress, "names": prefixNames,
	"tx": prefixTx, "waiting": prefixWaiting, "about": prefixAbout, "kind": prefixKind, "passage": prefixPassage, "asset": prefixAsset, "token": prefixToken, "claim": prefixClaim, "coverage": prefixCoverage, "covered": prefixCovered, "state": prefixState}

// No prefix begins another: each is one byte, and no two are the same.
func TestPrefixes(t *testing.T) {
	seen := map[byte]string{}
	for name, p := range prefixes {
		if other, ok := seen[p]; ok {
			t.Errorf("%s and %s share the prefix %c", name, other, p)
		}
		seen[p] = name
	}
	source, err := os.ReadFile("schema.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(regexp.MustCompile(`(?m)^\tprefix\w+ += '.'$`).FindAll(source, -1)); n != len(prefixes) {
		t.Errorf("schema.go has %d prefixes, the test knows %d", n, len(prefixes))
	}
	page, err := os.ReadFile("../../docs/schema.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range prefixes {
		if !strings.Contains(string(page), "| `"+string(p)+"` | "+name+" |") {
			t.Errorf("docs/schema.md does not tell of %s rows, prefix %c", name, p)
		}
	}
}

// Keys sort as what they stand for does.
func TestKeyOrder(t *testing.T) {
	positions := []graph.Position{{}, {Seq: 1}, {Seq: 256}, {Tx: 1}, {Tx: graph.BlockTx, Seq: ^graph.Seq(0)}, {Block: 1}, {Block: 256, Tx: 65536}, graph.MaxPosition}
	for i, p := range positions {
		key := chunkKey(258, p)
		if id, back := splitChunkKey(key); id != 258 || back != p {
			t.Errorf("%s came back as %d, %s", p, id, back)
		}
		if back := positionOfWaitingKey(waitingKey(graph.Hash{}, p)); back != p {
			t.Errorf("%s came back as %s", p, back)
		}
		if i > 0 && bytes.Compare(chunkKey(258, positions[i-1]), key) >= 0 {
			t.Errorf("%s does not sort after %s", p, positions[i-1])
		}
	}
	if bytes.Compare(chunkKey(255, graph.MaxPosition), chunkKey(256, graph.Position{})) >= 0 || bytes.Compare(namesKey(maxID-1), namesKey(maxID)) >= 0 {
		t.Error("ids do not sort")
	}
}

func FuzzPage(f *testing.F) {
	move := moveRow{Move: graph.Move{Seq: 5 << 28, Kind: graph.KindInput, From: 300, Asset: 1, Amount: graph.Amount{1, 2, 3, 4}, Spends: graph.Position{Block: 3, Tx: 1, Seq: 5 << 28}}}
	raw := moveRow{Move: graph.Move{Seq: 4 << 28, Kind: graph.KindInput, From: 1, Asset: 1}, Prev: graph.OutPoint{Tx: graph.Hash{9}, Index: 7}}
	pages, err := encodePages(9, []txRow{{Index: 0, Hash: graph.Hash{1}, Moves: []moveRow{raw, move}},
		{Index: 4, Hash: graph.Hash{2}, Form: graph.Form{Known: true, Version: 2, LockTime: 8, Size: 141, Replaceable: graph.Yes, LowR: graph.No}}, {Index: graph.BlockTx, Failed: true, stated: []byte{1, 2, 3}}})
	if err != nil {
		f.Fatal(err)
	}
	value, err := unseal(pages[0].key, pages[0].value)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(value)
	f.Add([]byte{0, 1, 0})
	f.Fuzz(func(t *testing.T, value []byte) {
		txs, err := decodePage(pageKey(9, 0), value, 9, nil)
		if err != nil {
			return
		}
		for i := range txs {
			if i > 0 && txs[i-1].Index >= txs[i].Index || txs[i].Index > graph.BlockTx {
				return // never written
			}
		}
		// What was read is written and read again as the same.
		again, err := encodePages(9, txs)
		if err != nil {
			t.Fatal(err)
		}
		var back []txRow
		for _, r := range again {
			value, err := unseal(r.key, r.value)
			if err != nil {
				t.Fatal(err)
			}
			more, err := decodePage(r.key, value, 9, nil)
			if err != nil {
				t.Fatal(err)
			}
			back = append(back, more...)
			var one txRow
			for i := range more {
				if found, err := findInPage(r.key, value, 9, more[i].Index, &one); err != nil || !found || !sameTxs([]txRow{one}, more[i:i+1]) {
					t.Fatalf("transaction %d alone is %+v, %v, %v", more[i].Index, one, found, err)
				}
			}
		}
		if !sameTxs(back, txs) {
			t.Fatalf("got %+v, want %+v", back, txs)
		}
	})
}

func sameTxs(a, b []txRow) bool {
	return slices.EqualFunc(a, b, func(a, b txRow) bool {
		return a.Index == b.Index && a.Hash == b.Hash && a.Failed == b.Failed && a.Form == b.Form && slices.Equal(a.Moves, b.Moves) && bytes.Equal(a.stated, b.stated)
	})
}

func FuzzEvents(f *testing.F) {
	a := graphtest.Account(graphtest.Ethereum(), 1)
	events := []graph.Event{
		{Seq: 3<<28 | 391<<11 | 2, Kind: graph.Departure, Protocol: "p", Emitter: a, Subject: a, Asset: graphtest.Token(graphtest.Ethereum(), 1), Amount: graph.Amount{0, 0, 0, 1 << 63}, Key: "\x00k",
			Far: graph.Far{Chain: "eip155:10", Recipient: "r", Asset: "a", Amount: graph.Amount{7}}},
		{Kind: graph.Created, Protocol: "evm", Subject: a, Object: a, Asset: graphtest.Ethereum().Native()},
	}
	packed := encodeEvents(events)
	if back, err := decodeEvents(graph.Ethereum, packed, nil); err != nil || !slices.Equal(back, events) {
		f.Fatalf("got %+v, %v", back, err)
	}
	f.Add(packed)
	f.Add(encodeEvents(events[1:]))
	f.Fuzz(func(t *testing.T, packed []byte) {
		events, err := decodeEvents(graph.Ethereum, packed, nil)
		if err != nil {
			if !errors.Is(err, graph.ErrDamaged) {
				t.Fatal(err)
			}
			return
		}
		eventKeys(graph.Position{Block: 1}, events)
		if back, err := decodeEvents(graph.Ethereum, encodeEvents(events), nil); err != nil || !slices.Equal(back, events) {
			t.Fatalf("got %+v, %v; want %+v", back, err, events)
		}
	})
}

func FuzzChunk(f *testing.F) {
	entries := []graph.Entry{
		{At: graph.Position{Block: 1, Tx: 2, Seq: 3}, Out: true, Kind: graph.KindNative, Peer: 1 << 33, Asset: 1, Amount: graph.Amount{0, 0, 0, 1 << 63}},
		{At: graph.Position{Block: 1, Tx: 2, Seq: 3}, Kind: graph.KindNative, Peer: 7, Asset: 1},
		{At: graph.Position{Block: 1, Tx: 9, Seq: 3<<28 | 391<<11 | 2}, Kind: graph.KindToken, Asset: 1 << 20},
		{At: graph.Position{Block: 1 << 31, Tx: graph.BlockTx, Seq: 4 << 28}, Out: true, Kind: graph.KindInput, Asset: 1, Spends: graph.Position{Block: 1, Seq: 5 << 28}},
	}
	r, err := encodeChunk(5, entries)
	if err != nil {
		f.Fatal(err)
	}
	value, err := unseal(r.key, r.value)
	if err != nil {
		f.Fatal(err)
	}
	back, err := decodeChunk(r.key, value, nil)
	if err != nil || !slices.Equal(back, entries) {
		f.Fatalf("got %+v, %v", back, err)
	}
	f.Add(r.key[1+idLen:], value)
	f.Fuzz(func(t *testing.T, last, value []byte) {
		if len(last) != positionLen {
			return
		}
		key := chunkKey(5, readPosition(last))
		entries, err := decodeChunk(key, value, nil)
		if err != nil {
			return
		}
		for i := range entries {
			if entries[i].At.Tx > graph.BlockTx || i > 0 && entries[i-1].At.Compare(entries[i].At) > 0 {
				return // never written
			}
		}
		again, err := encodeChunk(5, entries)
		if err != nil {
			t.Fatal(err)
		}
		value, err = unseal(again.key, again.value)
		if err != nil {
			t.Fatal(err)
		}
		back, err := decodeChunk(again.key, value, nil)
		if err != nil || !slices.Equal(back, entries) {
			t.Fatalf("got %+v, %v; want %+v", back, err, entries)
		}
	})
}

// FuzzValues decodes arbitrary bytes as every other value: errors, no panics.
func FuzzValues(f *testing.F) {
	h := encodeHeader(&header{Header: graph.Header{Height: 3, Time: -5}, source: "s", txs: 300})
	c := encodeCoverage(graph.Coverage{From: 1, To: 9, Source: "x"})
	n := encodeNames(names{first: 7, raw: [][]byte{{1, 2}, {3}}})
	for _, r := range []row{h, c, n} {
		f.Add(r.value[:len(r.value)-sealLen])
	}
	f.Add(state{blocks: 1, tip: 9}.encode())
	f.Add(appendAsset(nil, graph.Asset{Standard: graph.ERC721, TokenID: graph.Amount{1 << 60}}))
	f.Fuzz(func(t *testing.T, value []byte) {
		if got, err := decodeHeader(h.key, value); err == nil {
			r := encodeHeader(&got)
			if back, err := decodeHeader(r.key, r.value[:len(r.value)-sealLen]); err != nil || back != got {
				t.Fatalf("header %+v, %v, want %+v", back, err, got)
			}
		}
		if got, err := decodeCoverage("", c.key, value); err == nil {
			r := encodeCoverage(got)
			if back, err := decodeCoverage("", r.key, r.value[:len(r.value)-sealLen]); err != nil || back != got {
				t.Fatalf("coverage %+v, %v, want %+v", back, err, got)
			}
		}
		if got, err := decodeNames(namesKey(1<<30), value); err == nil && len(got.raw) > 0 {
			r := encodeNames(got)
			if back, err := decodeNames(r.key, r.value[:len(r.value)-sealLen]); err != nil || !reflect.DeepEqual(back, got) {
				t.Fatalf("names %+v, %v, want %+v", back, err, got)
			}
		}
		if got, err := decodeState(value); err == nil {
			if back, err := decodeState(got.encode()); err != nil || back != got {
				t.Fatalf("state %+v, %v, want %+v", back, err, got)
			}
		}
		if a, err := readAsset(graph.Ethereum, value); err == nil {
			if back, err := readAsset(graph.Ethereum, appendAsset(nil, a)); err != nil || back != a {
				t.Fatalf("asset %+v, %v, want %+v", back, err, a)
			}
		}
		if _, err := parseStaged(value); err == nil {
			t.Log("a staged block") // its rows have checksums
		}
		if _, err := unseal([]byte("k"), seal([]byte("k"), bytes.Clone(value))); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzSeq(f *testing.F) {
	f.Add(uint32(3<<28 | 391<<11 | 2))
	f.Fuzz(func(t *testing.T, seq uint32) {
		if back, err := unpackSeq(packSeq(graph.Seq(seq))); err != nil || back != graph.Seq(seq) {
			t.Fatalf("%x came back as %x, %v", seq, back, err)
		}
	})
}
