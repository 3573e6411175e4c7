package main

import (
	"bytes"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"spoor/ingest/ethereum/gethtest"
)

// TestTokenNames: what a real token says it is called is read on demand for a
// trace, kept, and marked as its own claim; ingest reads it by itself.
func TestTokenNames(t *testing.T) {
	n := gethtest.Start(t, map[string]*big.Int{"deployer": gethtest.Ether(1_000_000)})
	word := func(n int64) []byte { return common.LeftPadBytes(big.NewInt(n).Bytes(), 32) }
	symbol := bytes.Join([][]byte{word(32), word(4), common.RightPadBytes([]byte("USDX"), 32)}, nil)
	token := n.Deploy(t, "deployer", "Claims", nil, big.NewInt(9_000_000), symbol, word(6))
	theft := token.Send(t, "deployer", nil, "transfer", gethtest.Account("thief"), big.NewInt(2_500_000))
	n.Mine(t)
	dir := t.TempDir()
	genesis := filepath.Join(dir, "genesis.json")
	if err := os.WriteFile(genesis, n.Genesis, 0o600); err != nil {
		t.Fatal(err)
	}
	ingest := func(db string, more ...string) string {
		_, said := spoor(t, exitOK, append([]string{"--db", db, "ingest", "ethereum", "--rpc", n.URL, "--genesis", genesis, "--to", "latest"}, more...)...)
		return said
	}
	trace := func(db string, more ...string) string {
		out, _ := spoor(t, exitOK, append([]string{"--db", db, "trace", "--seed", "eip155:1337:" + theft.Hex()}, more...)...)
		return out
	}
	first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
	ingest(first, "--tokens=false")
	if out := trace(first); strings.Contains(out, "USDX") {
		t.Fatalf("nobody has said so:\n%s", out)
	}
	for _, more := range [][]string{{"--rpc", n.URL}, nil} { // asked, and then kept
		if out := trace(first, more...); !strings.Contains(out, "2.5  USDX") || !strings.Contains(out, "6 decimals, says the token's contract, by rpc") {
			t.Errorf("%v:\n%s", more, out)
		}
	}
	if said := ingest(second); !strings.Contains(said, "1 tokens that say what they are called") {
		t.Error(said)
	}
	if trace(second) != trace(first) {
		t.Error("asked at ingest, the trace is another")
	}
	spoor(t, exitUsage, "--db", first, "trace", "--seed", "ethereum:"+theft.Hex(), "--rpc", n.URL, "--fetch", "etherscan", "--url", n.URL)
}
