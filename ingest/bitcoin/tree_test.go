package bitcoin_test

import (
	"bytes"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"spoor/ingest"
	"spoor/ingest/bitcoin"
)

// btcd's reorganisation set: 0 to 4, and 3A to 5A, which fork after 2 and
// win once 5A is there.
func TestStaleBranch(t *testing.T) {
	old, a3, a4, a5 := bunzip(t, "blk_0_to_4.dat.bz2"), bunzip(t, "blk_3A.dat.bz2"), bunzip(t, "blk_4A.dat.bz2"), bunzip(t, "blk_5A.dat.bz2")
	const base = "0:000000000019d668 1:00000000ebe5ec3e 2:00000000952ccb1b "
	const first = base + "3:00000000bc358930 4:000000002f264d65"
	const second = base + "3:00000000474284d2 4:00000000551dc04c"
	for _, tt := range []struct {
		name  string
		files [][]byte
		want  string
		stale uint64
	}{
		{"no fork", [][]byte{old}, first, 0},
		{"shorter fork", [][]byte{old, a3}, first, 1},
		{"fork of equal work: the first to arrive", [][]byte{old, a3, a4}, first, 2},
		{"fork of equal work: the first to arrive, other order", [][]byte{a3, a4, old}, second, 2},
		{"longer fork", [][]byte{old, a3, a4, a5}, second + " 5:00000000195f8518", 2},
		{"children before parents", [][]byte{a5, a4, old, a3}, second + " 5:00000000195f8518", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := writeFile(t, bytes.Join(tt.files, nil), t.TempDir(), "blk00000.dat")
			blocks, meter, err := readFiles(t, "bitcoin", path, ingest.Stop, bitcoin.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := heights(blocks); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if meter.Skipped["stale block"] != tt.stale {
				t.Errorf("skipped: %v", meter.Skipped)
			}
		})
	}

	t.Run("blocks twice and blocks without parent", func(t *testing.T) {
		path := writeFile(t, bytes.Join([][]byte{old, old, a5}, nil), t.TempDir(), "blk00000.dat")
		blocks, meter, err := readFiles(t, "bitcoin", path, ingest.Stop, bitcoin.Options{})
		if err != nil || heights(blocks) != first {
			t.Fatalf("%s, %v", heights(blocks), err)
		}
		if meter.Skipped["block stored twice"] != 5 || meter.Skipped["orphan block"] != 1 {
			t.Errorf("skipped: %v", meter.Skipped)
		}
	})
}

// One block of much work beats two of little.
func TestWorkNotLength(t *testing.T) {
	genesis := regtest.GenesisBlock
	easy := mine(t, genesis, coinbase(t, 1, 1))
	easier := mine(t, easy, coinbase(t, 2, 1))
	hard := mine(t, genesis, coinbase(t, 1, 2))
	hard.Header.Bits = 0x200fffff
	seal(hard)
	var file []byte
	for _, b := range []*wire.MsgBlock{genesis, easy, easier, hard} {
		file = append(file, frame(t, regtest.Net, b)...)
	}
	blocks, meter, err := readFiles(t, "bitcoin-regtest", writeFile(t, file, t.TempDir(), "blk00000.dat"), ingest.Stop, bitcoin.Options{})
	if err != nil || len(blocks) != 2 || blocks[1].Hash.String() != hashOf(hard.BlockHash()) {
		t.Errorf("%s, %v", heights(blocks), err)
	}
	if meter.Skipped["stale block"] != 2 {
		t.Errorf("skipped %v", meter.Skipped)
	}
}
