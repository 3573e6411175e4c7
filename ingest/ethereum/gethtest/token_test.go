package gethtest_test

import (
	"bytes"
	"context"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest"
	"spoor/ingest/ethereum"
	"spoor/ingest/ethereum/gethtest"
)

// word is a number as the ABI has it.
func word(n int64) []byte { return common.LeftPadBytes(big.NewInt(n).Bytes(), 32) }

// text is a string as the ABI has it.
func text(s string) []byte {
	return bytes.Join([][]byte{word(32), word(int64(len(s))), common.RightPadBytes([]byte(s), (len(s)+31)/32*32)}, nil)
}

// claims deploys tokens that say what the table says, and reads the chain.
func claims(t testing.TB, said map[string][2][]byte) (*gethtest.Node, graph.Store, map[string]graph.Asset) {
	t.Helper()
	n := gethtest.Start(t, map[string]*big.Int{"deployer": gethtest.Ether(1_000_000)})
	assets := map[string]graph.Asset{}
	add := func(name string, c gethtest.Contract) {
		assets[name] = graph.Asset{Chain: chain(t).ID, Standard: graph.ERC20, Contract: graph.EVMAddress(chain(t).ID, c.Address)}
	}
	for name, answers := range said {
		add(name, n.Deploy(t, "deployer", "Claims", nil, big.NewInt(1000), answers[0], answers[1]))
	}
	add("silent", n.Deploy(t, "deployer", "Token", nil, big.NewInt(1000)))
	store := graphtest.NewModel()
	if _, err := ingestInto(t, store, options(t, n), n.URL); err != nil {
		t.Fatal(err)
	}
	return n, store, assets
}

func infoOf(t testing.TB, store graph.Store, a graph.Asset) graph.AssetInfo {
	t.Helper()
	v := view(t, store)
	id, err := v.AssetID(a)
	if err != nil {
		t.Fatal(err)
	}
	info, err := v.Asset(id)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// TestTokens asks contracts on a real node what they are called: in both forms
// of a symbol, and where a contract lies, fails, or never ends.
func TestTokens(t *testing.T) {
	said := map[string][2][]byte{
		"string":         {text("USDX"), word(6)},
		"32 bytes":       {common.RightPadBytes([]byte("MKR"), 32), word(18)},
		"no end":         {nil, word(2)},
		"no end at all":  {nil, nil},
		"only symbol":    {text("ONLY"), []byte{1, 2, 3}},
		"huge":           {text(strings.Repeat("x", 2000)), word(1000)},
		"long":           {text(strings.Repeat("x", 65)), bytes.Repeat([]byte{0xff}, 32)},
		"lies in length": {bytes.Join([][]byte{word(32), bytes.Repeat([]byte{0xff}, 32), make([]byte, 32)}, nil), word(78)},
		"lies in place":  {bytes.Join([][]byte{bytes.Repeat([]byte{0xff}, 32), word(4), make([]byte, 32)}, nil), append(word(6), 0)},
		"controls":       {text("US\x1b[2JD"), word(8)},
		"reversed":       {text("US\u202eDX"), word(8)},
		"no text":        {text("\xff\xfe"), word(8)},
		"empty":          {text(""), []byte{}},
	}
	n, store, assets := claims(t, said)
	node, err := ethereum.NewNode(chain(t), []string{n.URL}, ingest.NewMeter(ingest.Stop), options(t, n))
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	ledger, err := store.Ledger(t.Context(), chain(t))
	if err != nil {
		t.Fatal(err)
	}
	names := ingest.NewNames(ledger, node)
	if told, err := names.Describe(t.Context()); err != nil || told != 7 {
		t.Fatalf("%d described, %v", told, err)
	}
	type claim struct {
		symbol   string
		decimals int
	}
	want := map[string]claim{"string": {"USDX", 6}, "32 bytes": {"MKR", 18}, "no end": {"", 2}, "only symbol": {"ONLY", -1},
		"controls": {"", 8}, "reversed": {"", 8}, "no text": {"", 8}}
	for name, asset := range assets {
		info, w := infoOf(t, store, asset), graph.AssetInfo{Asset: asset, Decimals: -1}
		if c, ok := want[name]; ok {
			w.Symbol, w.Decimals, w.Source = c.symbol, c.decimals, ethereum.TokenSource
		}
		if info != w {
			t.Errorf("%s: %+v, want %+v", name, info, w)
		}
	}
	// Nobody is asked twice, also not after a reorganisation; a new one is.
	asked := func() uint64 {
		return node.Traffic().Calls
	}
	before := asked()
	names.Again()
	if told, err := names.Describe(t.Context()); err != nil || told != 0 || asked() != before {
		t.Errorf("again: %d described with %d calls, %v", told, asked()-before, err)
	}
	// What a node cannot answer is no answer of the contract: it is asked for later.
	broken := proxy(t, func() string { return n.URL }, trouble{request: func(_ int, w http.ResponseWriter, calls []call, _ []byte) bool {
		if calls[0].Method != "eth_call" {
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}})
	away, err := ethereum.NewNode(chain(t), []string{broken}, ingest.NewMeter(ingest.Stop), options(t, n))
	if err != nil {
		t.Fatal(err)
	}
	defer away.Close()
	fresh := graphtest.NewModel()
	if _, err := ingestInto(t, fresh, options(t, n), n.URL); err != nil {
		t.Fatal(err)
	}
	if ledger, err = fresh.Ledger(context.Background(), chain(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := ingest.NewNames(ledger, away).Describe(t.Context()); !errors.Is(err, ingest.ErrUnavailable) {
		t.Errorf("a broken node: %v", err)
	}
	if info := infoOf(t, fresh, assets["string"]); info.Source != "" {
		t.Errorf("a broken node said %+v", info)
	}
}
