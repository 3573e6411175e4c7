package ingest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/graph/graphtest"
	"spoor/ingest"
)

const (
	heading = "chain,block,time,tx_hash,tx_index,seq,kind,from,to,asset,symbol,decimals,amount\n"
	alice   = "0x1111111111111111111111111111111111111111"
	bob     = "0x2222222222222222222222222222222222222222"
	token   = "0x3333333333333333333333333333333333333333"
	tx1     = "0x00000000000000000000000000000000000000000000000000000000000000a1"
	tx2     = "0x00000000000000000000000000000000000000000000000000000000000000a2"
	p2pkh   = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
)

// write puts a file into a fresh folder.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func zip(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// ingestFiles reads files into a store.
func ingestFiles(store graph.Store, o ingest.TransfersOptions, meter *ingest.Meter, paths ...string) error {
	ctx := context.Background()
	sources, err := ingest.Transfers(ctx, paths, o, meter)
	if err != nil {
		return err
	}
	for _, src := range sources {
		ledger, err := store.Ledger(ctx, src.Chain())
		if err != nil {
			return err
		}
		if _, err := ingest.Run(ctx, ledger, src, ingest.Options{Meter: meter}); err != nil {
			return err
		}
	}
	return nil
}

func export(t *testing.T, store graph.Store) string {
	t.Helper()
	ctx := context.Background()
	chains, err := store.Chains(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var ledgers []graph.Ledger
	for _, c := range chains {
		l, err := store.Ledger(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		ledgers = append(ledgers, l)
	}
	var b strings.Builder
	if err := ingest.Export(ctx, &b, ledgers...); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// contract cuts an export down to the columns of the contract.
func contract(exported string) string {
	var b strings.Builder
	for line := range strings.Lines(exported) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), ",")
		b.WriteString(strings.Join(fields[:13], ",") + "\n")
	}
	return strings.TrimPrefix(b.String(), heading)
}

func TestTransfersAsTheyAreStored(t *testing.T) {
	const (
		nat = ",native,,," // after to: asset native, no claims
		at1 = "ethereum,10,2023-08-01T12:00:00Z,"
		out = "eip155:1,10,2023-08-01T12:00:00Z,"
		eth = ",native,ETH,18,"
	)
	tests := map[string]struct {
		files []string
		want  string
	}{
		"places are the order of the file where it tells none": {
			[]string{heading + at1 + tx1 + ",,,," + alice + "," + bob + nat + "7\n" +
				at1 + tx2 + ",,,," + alice + "," + bob + nat + "8\n" +
				at1 + tx1 + ",,,," + alice + "," + bob + nat + "7\n"},
			out + tx1 + ",0,row:0,transfer," + alice + "," + bob + eth + "7\n" +
				out + tx1 + ",0,row:1,transfer," + alice + "," + bob + eth + "7\n" +
				out + tx2 + ",1,row:0,transfer," + alice + "," + bob + eth + "8\n",
		},
		"places are kept where the file tells them": {
			[]string{heading + at1 + tx1 + ",5,log:391,token," + alice + "," + bob + "," + token + ",TKN,6,7\n" +
				at1 + tx1 + ",5,call:0,native," + alice + "," + bob + nat + "8\n" +
				at1 + tx2 + ",2,536870912,native," + alice + "," + bob + nat + "9\n"},
			out + tx2 + ",2,call:0,native," + alice + "," + bob + eth + "9\n" +
				out + tx1 + ",5,call:0,native," + alice + "," + bob + eth + "8\n" +
				out + tx1 + ",5,log:391,token," + alice + "," + bob + "," + token + ",TKN,6,7\n",
		},
		"unsorted rows, other column order, byte order mark, unix time, quoted cells": {
			[]string{"\xef\xbb\xbfblock,chain,time,tx_hash,from,to,amount,asset\r\n" +
				"11,1,1690891212," + tx2 + "," + alice + ",," + "\"5\"" + ",native\r\n" +
				"10,eip155:1,1690891200," + tx1 + ",," + bob + ",6,eip155:1/slip44:60\r\n"},
			out + tx1 + ",0,row:0,transfer,," + bob + eth + "6\n" +
				"eip155:1,11,2023-08-01T12:00:12Z," + tx2 + ",0,row:0,transfer," + alice + "," + eth + "5\n",
		},
		"a row repeated with its place is one": {
			[]string{heading + strings.Repeat(at1+tx1+",0,log:1,token,"+alice+","+bob+nat+"7\n", 3)},
			out + tx1 + ",0,log:1,token," + alice + "," + bob + eth + "7\n",
		},
		"files that overlap are joined, not added": {
			[]string{heading + strings.Repeat(at1+tx1+",,,,"+alice+","+bob+nat+"7\n", 2),
				heading + strings.Repeat(at1+tx1+",,,,"+alice+","+bob+nat+"7\n", 3)},
			out + tx1 + ",0,row:0,transfer," + alice + "," + bob + eth + "7\n" +
				out + tx1 + ",0,row:1,transfer," + alice + "," + bob + eth + "7\n" +
				out + tx1 + ",0,row:2,transfer," + alice + "," + bob + eth + "7\n",
		},
		"what a block pays needs no transaction": {
			[]string{heading + at1 + ",,,reward,," + bob + nat + "7\n"},
			out + ",block,row:0,reward,," + bob + eth + "7\n",
		},
		"coins are inputs and outputs": {
			[]string{strings.TrimSuffix(heading, "\n") + ",prev_tx_hash,prev_index\n" +
				"bitcoin,10,2023-08-01T12:00:00Z," + tx2 + ",1,0,input," + p2pkh + ",,native,,,50," + tx1[2:] + ",1\n" +
				"bitcoin,10,2023-08-01T12:00:00Z," + tx2 + ",1,,output,," + p2pkh + ",native,,,20,,\n" +
				"bitcoin,10,2023-08-01T12:00:00Z," + tx2 + ",1,,output,," + p2pkh + ",native,,,30,,\n"},
			string(graph.Bitcoin) + ",10,2023-08-01T12:00:00Z," + tx2[2:] + ",1,0,input," + p2pkh + ",,native,BTC,8,50\n" +
				string(graph.Bitcoin) + ",10,2023-08-01T12:00:00Z," + tx2[2:] + ",1,0,output,," + p2pkh + ",native,BTC,8,20\n" +
				string(graph.Bitcoin) + ",10,2023-08-01T12:00:00Z," + tx2[2:] + ",1,1,output,," + p2pkh + ",native,BTC,8,30\n",
		},
		"chains are kept apart": {
			[]string{heading + at1 + tx1 + ",0,call:0,native," + alice + "," + bob + nat + "7\n" +
				strings.Replace(at1, "ethereum", "bnb", 1) + tx1 + ",0,call:0,native," + alice + "," + bob + nat + "8\n"},
			out + tx1 + ",0,call:0,native," + alice + "," + bob + eth + "7\n" +
				strings.Replace(out, "155:1,", "155:56,", 1) + tx1 + ",0,call:0,native," + alice + "," + bob + ",native,BNB,18,8\n",
		},
	}
	model := func(*testing.T) graph.Store { return graphtest.NewModel() }
	for name, test := range tests {
		for compressed, engine := range map[bool]func(*testing.T) graph.Store{false: model, true: openBadger} {
			t.Run(name, func(t *testing.T) {
				var paths []string
				for _, text := range test.files {
					if compressed {
						text = zip(t, text)
					}
					paths = append(paths, write(t, "transfers.csv", text))
				}
				store := engine(t)
				for range 2 { // the second time changes nothing
					if err := ingestFiles(store, ingest.TransfersOptions{}, ingest.NewMeter(ingest.Stop), paths...); err != nil {
						t.Fatal(err)
					}
					if got := contract(export(t, store)); got != test.want {
						t.Fatalf("got:\n%s\nwant:\n%s", got, test.want)
					}
				}
			})
		}
	}
}

func openBadger(t *testing.T) graph.Store {
	t.Helper()
	store, err := badger.Open(t.TempDir(), badger.Options{Memory: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func TestTransfersRefuse(t *testing.T) {
	row := func(change ...string) string {
		cells := map[string]string{"chain": "ethereum", "block": "10", "time": "2023-08-01T12:00:00Z", "tx_hash": tx1, "tx_index": "0", "seq": "log:1",
			"kind": "token", "from": alice, "to": bob, "asset": token, "symbol": "T", "decimals": "6", "amount": "7"}
		for i := 0; i < len(change); i += 2 {
			cells[change[i]] = change[i+1]
		}
		var out []string
		for name := range strings.SplitSeq(strings.TrimSpace(heading), ",") {
			out = append(out, cells[name])
		}
		return strings.Join(out, ",") + "\n"
	}
	const two256 = "115792089237316195423570985008687907853269984665640564039457584007913129639936"
	zipped := zip(t, heading+strings.Repeat(row(), 1000))
	tests := map[string]struct{ text, want string }{
		"bad header":           {"chain,block,when\n", `t.csv:1: unknown column "when"`},
		"missing column":       {"chain,block,time,tx_hash,from,to,asset\n", "t.csv:1: missing column amount"},
		"column twice":         {strings.Replace(heading, "seq", "block", 1), `t.csv:1: column "block" stands twice`},
		"empty":                {"", "t.csv: empty file"},
		"only a heading":       {heading, "t.csv: no rows below the heading"},
		"short row":            {heading + row() + "ethereum,10\n", "t.csv:3: malformed row: wrong number of fields"},
		"open quote":           {heading + row("symbol", `a"b`), "t.csv:2: malformed row: bare \" in non-quoted-field"},
		"unknown chain":        {heading + row("chain", "etherium"), `t.csv:2: bad chain: column chain: unknown chain: "etherium"`},
		"bad block":            {heading + row("block", "4294967296"), `t.csv:2: bad block: column block: "4294967296" is not a block height`},
		"bad time":             {heading + row("time", "yesterday"), `t.csv:2: bad time: column time: "yesterday" is not a time`},
		"milliseconds":         {heading + row("time", "1690891200000"), "are these milliseconds?"},
		"half a second":        {heading + row("time", "2023-08-01T12:00:00.5Z"), "fraction of a second"},
		"bad hash":             {heading + row("tx_hash", "0x12"), "t.csv:2: bad tx_hash: column tx_hash: \"0x12\" is not a hash"},
		"no transaction":       {heading + row("tx_hash", "", "tx_index", ""), "bad tx_hash: column tx_hash: empty"},
		"bad index":            {heading + row("tx_index", "16777216"), "bad tx_index"},
		"bad place":            {heading + row("seq", "log:"), "bad seq"},
		"bad kind":             {heading + row("kind", "gift"), `bad kind: column kind: unknown kind "gift"`},
		"bad address":          {heading + row("from", "0x12"), `bad from: column from: not an address of ethereum: "0x12"`},
		"bad checksum":         {heading + row("to", "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96046"), "bad to: column to: not an address of ethereum: 0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96046 fails its EIP-55 checksum"},
		"no end":               {heading + row("from", "", "to", ""), "from and to are both empty"},
		"bad asset":            {heading + row("asset", "USDC"), "bad asset"},
		"bad decimals":         {heading + row("decimals", "-1"), "bad decimals"},
		"negative amount":      {heading + row("amount", "-5"), `t.csv:2: bad amount: column amount: not an amount: "-5" is negative`},
		"amount of 2^256":      {heading + row("amount", two256), "is 2^256 or more"},
		"decimal point":        {heading + row("amount", "1.5"), "want an integer of base units"},
		"exponent":             {heading + row("amount", "1e18"), "want an integer of base units"},
		"no amount":            {heading + row("amount", ""), "bad amount: column amount: not an amount: empty"},
		"coins on accounts":    {heading + row("kind", "output", "from", ""), "bad kind: column kind: output belongs to UTXO ledgers"},
		"accounts on coins":    {heading + row("chain", "bitcoin", "from", p2pkh, "to", p2pkh, "asset", "native"), "bad kind: column kind: token from an address to an address"},
		"input without from":   {heading + row("chain", "bitcoin", "kind", "input", "seq", "0", "from", "", "to", p2pkh, "asset", "native"), "an input has a from and no to"},
		"two times":            {heading + row() + row("seq", "log:2", "time", "5"), "t.csv:3: contradicting rows: column time: block 10 has time 5 here"},
		"two transactions":     {heading + row() + row("tx_hash", tx2), "t.csv:3: contradicting rows: column tx_index: block 10 has two transactions 0"},
		"two at a place":       {heading + row() + row("amount", "8"), "t.csv:3: two transfers at one place: column seq: log:1"},
		"truncated gzip":       {zipped[:len(zipped)-20], "t.csv: the compressed data ends in the middle"},
		"damaged gzip":         {zipped[:len(zipped)-8] + "12345678", "t.csv: damaged compressed data"},
		"know without count":   {strings.TrimSpace(heading) + ",know\n", "column know without block_rows"},
		"filtered export":      {strings.TrimSpace(heading) + ",know,block_rows\n" + strings.TrimSpace(row()) + ",full/full/none,3\n", "t.csv:2: block with missing rows: column block_rows: block 10 should have 3 rows here and has 1"},
		"something in nothing": {heading + row("kind", "none", "seq", "", "from", "", "to", "", "asset", "", "amount", "1"), "bad amount"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			store := graphtest.NewModel()
			err := ingestFiles(store, ingest.TransfersOptions{}, ingest.NewMeter(ingest.Stop), write(t, "t.csv", test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the message has several lines: %q", err)
			}
		})
	}
	t.Run("missing file", func(t *testing.T) {
		err := ingestFiles(graphtest.NewModel(), ingest.TransfersOptions{}, ingest.NewMeter(ingest.Stop), filepath.Join(t.TempDir(), "none.csv"))
		if !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	})
}

func TestSkippedRowsAreCountedAndTheirBlocksNotWhole(t *testing.T) {
	good := "ethereum,10,5," + tx1 + ",0,log:1,token," + alice + "," + bob + "," + token + ",T,6,7\n"
	text := heading + good + strings.Replace(good, ",7\n", ",-7\n", 1) + strings.ReplaceAll(good, ",10,5,", ",11,5,") + "etherium" + strings.TrimPrefix(good, "ethereum")
	for name, test := range map[string]struct {
		text string
		know map[uint32]graph.Extent
		skip map[string]uint64
		rows uint64
	}{
		"a bad row":            {heading + good + strings.Replace(good, ",7\n", ",-7\n", 1) + strings.ReplaceAll(good, ",10,5,", ",11,5,"), map[uint32]graph.Extent{10: graph.Partial, 11: graph.Full}, map[string]uint64{"bad amount": 1}, 2},
		"a row of no block":    {text, map[uint32]graph.Extent{10: graph.Partial, 11: graph.Partial}, map[string]uint64{"bad amount": 1, "bad chain": 1}, 2},
		"a broken line":        {heading + good + "a\"b,c\n" + strings.ReplaceAll(good, ",10,5,", ",11,5,"), map[uint32]graph.Extent{10: graph.Partial, 11: graph.Partial}, map[string]uint64{"malformed row": 1}, 2},
		"nothing to find":      {heading + good, map[uint32]graph.Extent{10: graph.Full}, map[string]uint64{}, 1},
		"two at a place":       {heading + good + strings.Replace(good, ",7\n", ",8\n", 1), map[uint32]graph.Extent{10: graph.Partial}, map[string]uint64{"two transfers at one place": 1}, 2},
		"only rows of no use ": {heading + strings.Replace(good, ",7\n", ",-7\n", 1), nil, map[string]uint64{"bad amount": 1}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			store, meter := graphtest.NewModel(), ingest.NewMeter(ingest.Skip)
			if err := ingestFiles(store, ingest.TransfersOptions{Complete: true}, meter, write(t, "t.csv", test.text)); err != nil {
				t.Fatal(err)
			}
			reading := meter.Reading()
			for reason, n := range test.skip {
				if reading.Skipped[reason] != n {
					t.Errorf("%s: %d skipped, want %d", reason, reading.Skipped[reason], n)
				}
			}
			if len(reading.Skipped) != len(test.skip) || reading.Read["rows"] != test.rows {
				t.Errorf("read %v, skipped %v", reading.Read, reading.Skipped)
			}
			blocks := 0
			for b := range all(t, store, graph.Ethereum) {
				blocks++
				if b.Know.Transfers != test.know[b.Height] {
					t.Errorf("block %d is known %s, want %s", b.Height, b.Know.Transfers, test.know[b.Height])
				}
			}
			if blocks != len(test.know) {
				t.Errorf("%d blocks, want %d", blocks, len(test.know))
			}
		})
	}
}

func all(t *testing.T, store graph.Store, id graph.ChainID) func(func(graph.Block) bool) {
	t.Helper()
	ctx := context.Background()
	l, err := store.Ledger(ctx, graph.ChainOf(id))
	if err != nil {
		t.Fatal(err)
	}
	v, err := l.View(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(graph.Block) bool) {
		for b, err := range v.Blocks(ctx, 0) {
			if err != nil {
				t.Fatal(err)
			}
			if !yield(b) {
				return
			}
		}
	}
}

// One file a token is how exports come; together they are the whole block, and
// rows without a place may not collide.
func TestCompleteSpeaksOfAllFilesTogether(t *testing.T) {
	row := func(height, asset string) string {
		return "ethereum," + height + ",5," + tx1 + ",,,," + alice + "," + bob + "," + asset + ",,,7\n"
	}
	store := graphtest.NewModel()
	err := ingestFiles(store, ingest.TransfersOptions{Complete: true}, ingest.NewMeter(ingest.Stop),
		write(t, "a.csv", heading+row("10", token)+row("12", token)), write(t, "b.csv", heading+row("10", "native")+row("11", "native")))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for b := range all(t, store, graph.Ethereum) {
		got = append(got, fmt.Sprintf("%d:%d:%s", b.Height, b.Transfers(), b.Know.Traces))
	}
	if want := "10:2:full 11:1:full 12:1:full"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestSortingIsBounded(t *testing.T) {
	row := ",5," + tx1 + ",0,log:1,token," + alice + "," + bob + "," + token + ",T,6,7\n"
	path := write(t, "t.csv", heading+"ethereum,11"+row+"ethereum,10"+row)
	err := ingestFiles(graphtest.NewModel(), ingest.TransfersOptions{SortRows: 1}, ingest.NewMeter(ingest.Stop), path)
	var advised interface{ Hint() string }
	if err == nil || !errors.As(err, &advised) || !strings.Contains(advised.Hint(), "sort each file by block") {
		t.Fatal(err)
	}
}

func FuzzTransfers(f *testing.F) {
	f.Add(heading, "ethereum,10,5,"+tx1+",0,log:1,token,"+alice+","+bob+","+token+",T,6,7\n")
	f.Add(heading, "ethereum,10,5,"+tx1+",,,,"+alice+","+bob+",native,,,7\nethereum,9,5,"+tx2+",,,,"+alice+","+bob+",erc721:"+token+"/5,,,1\n")
	f.Add(heading, "bitcoin,10,5,"+tx1+",0,0,input,"+p2pkh+",,native,,,7\nbitcoin,10,5,"+tx1+",0,1,output,,"+p2pkh+",native,,,7\n")
	f.Add("\xef\xbb\xbf"+heading, "\"1\",10,2023-08-01T12:00:00Z,,block,reward:0,reward,,"+bob+",native,,,7\n")
	f.Add(strings.TrimSpace(heading)+",know,block_rows,source\n", "ethereum,1,5,,,,none,,,,,,,full/full/none,1,x\n")
	f.Add("tx_hash,amount,asset,to,from,time,block,chain,failed,block_hash,parent_hash,prev_index,prev_tx_hash\n", tx1+",7,native,"+bob+",,5,10,1,true,"+tx1+","+tx2+",,\n")
	f.Fuzz(func(t *testing.T, heading, rows string) {
		path := filepath.Join(t.TempDir(), "t.csv")
		if err := os.WriteFile(path, []byte(heading+rows), 0o600); err != nil {
			t.Fatal(err)
		}
		// Whatever is accepted comes back from its own export unchanged.
		store := graphtest.NewModel()
		if err := ingestFiles(store, ingest.TransfersOptions{}, ingest.NewMeter(ingest.Skip), path); err != nil {
			return
		}
		first := export(t, store)
		if strings.Count(first, "\n") == 1 {
			return
		}
		again := graphtest.NewModel()
		if err := ingestFiles(again, ingest.TransfersOptions{}, ingest.NewMeter(ingest.Stop), write(t, "again.csv", first)); err != nil {
			t.Fatalf("%v\n%s", err, first)
		}
		if second := export(t, again); second != first {
			t.Fatalf("first:\n%s\nsecond:\n%s", first, second)
		}
	})
}
