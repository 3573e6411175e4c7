package bitcoin_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"spoor/ingest"
	"spoor/ingest/bitcoin"
)

// The same blocks in any order, over several files, scrambled, zipped or one a
// file, are the same chain.
func TestArrangementDoesNotMatter(t *testing.T) {
	whole, err := os.ReadFile(mainnetFile(t))
	if err != nil {
		t.Fatal(err)
	}
	records := frames(t, whole)[:400]
	file := bytes.Join(records, nil)
	want, _, err := readFiles(t, "bitcoin", writeFile(t, file, t.TempDir(), "blocks"), ingest.Stop, bitcoin.Options{})
	if err != nil || len(want) != 400 {
		t.Fatalf("%d blocks, %v", len(want), err)
	}
	key := [8]byte{0x11, 0xf9, 0, 0xbe, 0xff, 7, 0xd9, 0x42}
	padded := append(bytes.Clone(file), make([]byte, 10_001)...)
	for name, write := range map[string]func(dir string){
		"padding": func(dir string) { writeFile(t, padded, dir, "blk00000.dat") },
		"padding between": func(dir string) {
			writeFile(t, bytes.Join(records, make([]byte, 5)), dir, "blk00000.dat")
		},
		"gzip": func(dir string) { writeFile(t, gzipped(t, padded), dir, "blk00000.dat.gz") },
		"scrambled": func(dir string) {
			writeFile(t, xor(padded, key), dir, "blk00000.dat")
			writeFile(t, key[:], dir, "xor.dat")
		},
		"scrambled, allocated ahead": func(dir string) {
			writeFile(t, append(xor(file, key), make([]byte, 10_001)...), dir, "blk00000.dat")
			writeFile(t, key[:], dir, "xor.dat")
		},
		"key of zeros": func(dir string) {
			writeFile(t, padded, dir, "blk00000.dat")
			writeFile(t, make([]byte, 8), dir, "xor.dat")
		},
		"shuffled over files": func(dir string) {
			shuffled := make([][]byte, len(records))
			for i, j := range rand.New(rand.NewPCG(1, 2)).Perm(len(records)) {
				shuffled[i] = records[j]
			}
			for i := range 40 { // more than are kept open
				writeFile(t, bytes.Join(shuffled[i*10:i*10+10], nil), dir, fmt.Sprintf("blk%05d.dat", i))
			}
			writeFile(t, []byte("undo"), dir, "rev00000.dat")
		},
		"one block a file": func(dir string) {
			for i, r := range records {
				if i%2 == 0 {
					writeFile(t, r[8:], dir, fmt.Sprint(i)+".raw")
				} else {
					writeFile(t, gzipped(t, r[8:]), dir, fmt.Sprint(i)+".raw.gz")
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(dir)
			got, _, err := readFiles(t, "bitcoin", dir, ingest.Stop, bitcoin.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %d blocks that differ from the plain file's %d", len(got), len(want))
			}
		})
	}
}

func TestDamagedFiles(t *testing.T) {
	good := bunzip(t, "blk_0_to_4.dat.bz2")
	records := frames(t, good)
	start := func(i int) int { return len(bytes.Join(records[:i], nil)) }
	change := func(at int, to ...byte) []byte {
		out := bytes.Clone(good)
		copy(out[at:], to)
		return out
	}
	for _, tt := range []struct {
		name    string
		content []byte
		want    []string
		blocks  int // read with Skip
	}{
		{"flipped byte in a merkle root", change(start(2)+8+36, good[start(2)+8+36]^1), []string{"at byte " + fmt.Sprint(start(2)+8), "bad block", "higher than expected"}, 2},
		{"flipped byte in a transaction", change(start(2)+8+200, good[start(2)+8+200]^1), []string{"block 2, ", "at byte " + fmt.Sprint(start(2)+8), "merkle root"}, 4},
		{"transaction that does not end", change(start(1)+8+80, 3), []string{"block 1, ", "at byte " + fmt.Sprint(start(1)+8), "bad block"}, 4},
		{"another network", change(0, 0x0b, 0x11, 0x09, 0x07), []string{"at byte 0", "testnet3, not of mainnet"}, 4},
		{"no magic", change(0, 1, 2, 3, 4), []string{"at byte 0", "found 01020304, want the magic of mainnet, f9beb4d9", "xor.dat"}, 4},
		{"garbage between blocks", bytes.Join([][]byte{records[0], []byte("garbage"), records[1]}, nil), []string{"at byte 293", "no block"}, 2},
		{"impossible size", change(start(1)+4, 0xff, 0xff, 0xff, 0x7f), []string{"at byte 293", "block of 2147483647 bytes cannot be"}, 1},
		{"nothing but zeros", make([]byte, 1000), []string{"no blocks of bitcoin found"}, 0},
		{"empty", nil, []string{"no blocks of bitcoin found"}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := writeFile(t, tt.content, t.TempDir(), "blk00000.dat")
			_, _, err := readFiles(t, "bitcoin", path, ingest.Stop, bitcoin.Options{})
			wantError(t, err, append(tt.want, path)...)
			blocks, meter, err := readFiles(t, "bitcoin", path, ingest.Skip, bitcoin.Options{})
			if tt.blocks == 0 {
				wantError(t, err, tt.want...)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(blocks) != tt.blocks || len(meter.First) == 0 {
				t.Errorf("read %s, skipped %v; want %d blocks", heights(blocks), meter.Skipped, tt.blocks)
			}
		})
	}

	t.Run("end of the last file missing", func(t *testing.T) {
		for cut := range len(records[4]) - 1 {
			path := writeFile(t, good[:len(good)-1-cut], t.TempDir(), "blk00000.dat")
			blocks, meter, err := readFiles(t, "bitcoin", path, ingest.Stop, bitcoin.Options{})
			if err != nil || len(blocks) != 4 {
				t.Fatalf("%d bytes missing: %d blocks, %v", cut+1, len(blocks), err)
			}
			if meter.Skipped["incomplete block at the end of the last file"] != 1 {
				t.Fatalf("%d bytes missing: skipped %v", cut+1, meter.Skipped)
			}
		}
	})
	t.Run("end of an earlier file missing", func(t *testing.T) {
		dir := t.TempDir()
		writeFile(t, good[:len(good)-7], dir, "blk00000.dat")
		writeFile(t, bunzip(t, "blk_3A.dat.bz2"), dir, "blk00001.dat")
		_, _, err := readFiles(t, "bitcoin", dir, ingest.Stop, bitcoin.Options{})
		wantError(t, err, "blk00000.dat at byte "+fmt.Sprint(start(4)), "file is cut off", "371 bytes")
	})
	t.Run("truncated gzip", func(t *testing.T) {
		zipped := gzipped(t, good)
		path := writeFile(t, zipped[:len(zipped)-9], t.TempDir(), "blk00000.dat.gz")
		_, _, err := readFiles(t, "bitcoin", path, ingest.Skip, bitcoin.Options{})
		wantError(t, err, path, "unexpected EOF")
	})
	t.Run("missing", func(t *testing.T) {
		_, _, err := readFiles(t, "bitcoin", filepath.Join(t.TempDir(), "none"), ingest.Stop, bitcoin.Options{})
		wantError(t, err, "none", "no such file")
		_, _, err = readFiles(t, "bitcoin", t.TempDir(), ingest.Stop, bitcoin.Options{})
		wantError(t, err, "no block files", "blk00000.dat")
		_, _, err = readFiles(t, "ethereum", t.TempDir(), ingest.Stop, bitcoin.Options{})
		wantError(t, err, "ethereum has no Bitcoin blocks")
	})
	t.Run("bad key", func(t *testing.T) {
		dir := t.TempDir()
		writeFile(t, good, dir, "blk00000.dat")
		writeFile(t, []byte("short"), dir, "xor.dat")
		_, _, err := readFiles(t, "bitcoin", dir, ingest.Stop, bitcoin.Options{})
		wantError(t, err, "xor.dat has 5 bytes, want 8")
	})
	t.Run("height unknown", func(t *testing.T) {
		path := writeFile(t, bytes.Join(records[2:], nil), t.TempDir(), "blk00000.dat")
		_, _, err := readFiles(t, "bitcoin", path, ingest.Stop, bitcoin.Options{})
		wantError(t, err, path+" at byte 8", "height unknown", "00000000ebe5ec3e94d8dfe18100e5c0f3b1955bc6107fbe24d95732b814551b is not in the files")
	})
}

func FuzzBlockFile(f *testing.F) {
	whole, err := os.ReadFile(mainnetFile(f))
	if err != nil {
		f.Fatal(err)
	}
	records := frames(f, whole)[:3]
	f.Add(bytes.Join(records, nil), []byte(nil))
	f.Add(bytes.Join(records, []byte{0, 0, 0}), []byte("12345678"))
	f.Add(records[0][8:], []byte(nil))
	f.Add(append(bytes.Join(records, []byte("garbage")), make([]byte, 99)...), make([]byte, 8))
	f.Add(records[0][:100], []byte(nil))
	f.Fuzz(func(t *testing.T, content, key []byte) {
		dir := t.TempDir()
		if len(key) == 8 {
			content = xor(content, [8]byte(key))
			writeFile(t, key, dir, "xor.dat")
		}
		writeFile(t, content, dir, "blk00000.dat")
		for _, policy := range []ingest.Policy{ingest.Stop, ingest.Skip} {
			blocks, _, err := readFiles(t, "bitcoin", dir, policy, bitcoin.Options{})
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("error of several lines: %v", err)
			}
			for _, b := range blocks { // proof of work lets no invented block through
				if b.Height > 2 {
					t.Errorf("block %d appeared", b.Height)
				}
			}
		}
	})
}
