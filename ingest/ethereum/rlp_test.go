package ethereum_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest"
	"spoor/ingest/ethereum"
)

func mustChain(t testing.TB, name string) graph.Chain {
	t.Helper()
	c, err := graph.ParseChain(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// collect reads a source to its end.
func collect(t testing.TB, s ingest.Source) []graph.Block {
	t.Helper()
	blocks, err := drain(s)
	if err != nil {
		t.Fatal(err)
	}
	return blocks
}

func drain(s ingest.Source) (blocks []graph.Block, err error) {
	for b, err := range s.Blocks(context.Background()) {
		if err != nil {
			return blocks, err
		}
		if err := b.Validate(s.Chain().ID); err != nil {
			return blocks, err
		}
		blocks = append(blocks, b)
	}
	return blocks, nil
}

func rlpBlocks(t testing.TB, chain graph.Chain, path string) ([]graph.Block, ingest.Reading, error) {
	t.Helper()
	meter := ingest.NewMeter(ingest.Stop)
	r, err := ethereum.NewRLP(chain, path, meter)
	if err != nil {
		return nil, ingest.Reading{}, err
	}
	blocks, err := drain(r)
	return blocks, meter.Reading(), err
}

// The figures were counted from the same blocks with go-ethereum alone; see
// SOURCE.md beside the data.
func TestPortalBlocks(t *testing.T) {
	dir := graphtest.Data(t, "eth-blocks", "portal")
	blocks, reading, err := rlpBlocks(t, mustChain(t, "ethereum"), dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(blocks) != 7 || blocks[0].Height != 14764013 || blocks[6].Height != 22431083 {
		t.Fatalf("got %d blocks", len(blocks))
	}
	want := map[string]uint64{"blocks": 7, "transactions": 757, "logs": 2106, "erc-20 transfers": 814}
	for what, n := range want {
		if reading.Read[what] != n {
			t.Errorf("%s: %d, want %d", what, reading.Read[what], n)
		}
	}
	for _, b := range blocks {
		if b.Know != (graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.None}) {
			t.Errorf("block %d: knowledge %+v", b.Height, b.Know)
		}
	}
	t.Logf("read %v; passed %v", reading.Read, reading.Skipped)
}

// Every byte of header, body and receipts is under a hash: a flipped digit is
// found whatever it lies in.
func TestPortalTampered(t *testing.T) {
	file := filepath.Join(graphtest.Data(t, "eth-blocks", "portal"), "block-15537393.yaml.gz")
	text := gunzip(t, file)
	lines := strings.Split(text, "\n")
	out := filepath.Join(t.TempDir(), "block.yaml")
	for i, key := range []string{"header", "body", "receipts"} {
		for _, part := range []float64{0.05, 0.3, 0.5, 0.75, 0.98} {
			line := []byte(lines[i])
			at := len(key) + 4 + int(part*float64(len(line)-len(key)-4))
			if line[at] == '0' {
				line[at] = '1'
			} else {
				line[at] = '0'
			}
			tampered := append([]string(nil), lines...)
			tampered[i] = string(line)
			// The header itself is under the next block's parent hash only: a change
			// of a root is seen here, one of another field is not.
			if key == "header" {
				continue
			}
			if err := os.WriteFile(out, []byte(strings.Join(tampered, "\n")), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, _, err := rlpBlocks(t, mustChain(t, "ethereum"), out); err == nil {
				t.Errorf("%s tampered at %d was not noticed", key, at)
			}
		}
	}
	if err := os.WriteFile(out, []byte(text[:len(text)-9]), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := rlpBlocks(t, mustChain(t, "ethereum"), out); err == nil {
		t.Error("truncated YAML was not noticed")
	}
}

func gunzip(t testing.TB, file string) string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if _, err := z.WriteTo(&text); err != nil && !errors.Is(err, os.ErrClosed) {
		t.Fatal(err)
	}
	return text.String()
}
