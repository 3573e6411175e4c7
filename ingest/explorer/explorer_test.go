package explorer_test

import (
	"context"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest"
	"spoor/ingest/explorer"
	"spoor/ingest/explorer/explorertest"
	"spoor/ingest/synthetic"
)

var apis = []string{"etherscan", "blockscout"}

// clock is a time of our own: sleeping is free, and counted.
type clock struct {
	now   time.Time
	slept []time.Duration
}

func newClock() *clock { return &clock{now: time.Unix(1_700_000_000, 0)} }

func (c *clock) Now() time.Time { return c.now }

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	c.slept = append(c.slept, d)
	return ctx.Err()
}

// client asks a server without waiting in earnest.
func client(t testing.TB, api string, server *explorertest.Server, change func(*explorer.Options)) *explorer.Client {
	t.Helper()
	c := newClock()
	o := explorer.Options{URL: server.URL, Chain: graphtest.Ethereum(), Now: c.Now, Sleep: c.Sleep}
	if change != nil {
		change(&o)
	}
	made, err := explorer.New(api, o)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func history(t testing.TB, c *explorer.Client, a graph.Address) *explorer.History {
	t.Helper()
	h, err := c.History(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func blocksOf(t testing.TB, src ingest.Source) []graph.Block {
	t.Helper()
	var blocks []graph.Block
	for b, err := range src.Blocks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, b)
	}
	return blocks
}

func heist(t testing.TB, script synthetic.Script) (*synthetic.Incident, []graph.Block) {
	t.Helper()
	incident, err := script.Ethereum()
	if err != nil {
		t.Fatal(err)
	}
	return incident, blocksOf(t, incident)
}

// nets are what an address gained of each asset, in all the blocks.
func nets(blocks []graph.Block, a graph.Address) map[string]string {
	sums := map[string]*big.Int{}
	for _, b := range blocks {
		for _, tx := range b.Txs {
			for _, m := range tx.Transfers {
				sum := sums[m.Asset.String()]
				if sum == nil {
					sum = new(big.Int)
					sums[m.Asset.String()] = sum
				}
				if m.From == a {
					sum.Sub(sum, m.Amount.ToBig())
				}
				if m.To == a {
					sum.Add(sum, m.Amount.ToBig())
				}
			}
		}
	}
	texts := map[string]string{}
	for asset, sum := range sums {
		if sum.Sign() != 0 {
			texts[asset] = sum.String()
		}
	}
	return texts
}

// TestEveryBalance: from its history alone, every party of a heist has what
// the whole ledger says, in every asset.
func TestEveryBalance(t *testing.T) {
	incident, blocks := heist(t, synthetic.Script{Seed: 5, Hops: 3, Background: 600})
	server := explorertest.New(t, incident.Chain(), blocks, incident.Infos(), explorertest.Moods{Page: 9})
	for _, api := range apis {
		c := client(t, api, server, nil)
		compared := 0
		for _, role := range incident.Truth.Roles {
			h := history(t, c, role.Address)
			want := nets(blocks, role.Address)
			if api == "blockscout" { // it does not list what the first block pays in coin
				for _, m := range blocks[0].Txs[0].Transfers {
					if m.Kind == graph.KindGenesis && m.To == role.Address {
						want = nil
					}
				}
			}
			if want == nil {
				continue
			}
			compared++
			if got := nets(blocksOf(t, h), role.Address); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %s (%s) has %v, want %v", api, role.Name, role.Address, got, want)
			}
			full := graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}
			if len(h.Gaps) > 0 || len(h.Coverage) != 1 || h.Coverage[0].Know != full || h.Coverage[0].From != 0 || h.Coverage[0].To != blocks[len(blocks)-1].Height {
				t.Errorf("%s: %s: gaps %v, coverage %+v", api, role.Name, h.Gaps, h.Coverage)
			}
		}
		if compared < 20 {
			t.Errorf("%s: only %d parties were compared", api, compared)
		}
	}
}

// content is every movement of some blocks by content, with how often it is
// there.
func content(blocks []graph.Block) map[string]int {
	all := map[string]int{}
	for _, b := range blocks {
		for _, tx := range b.Txs {
			for _, m := range tx.Transfers {
				all[fmt.Sprint(b.Height, tx.Index, tx.Hash, m.Kind, m.From, m.To, m.Asset, m.Amount.Dec())]++
			}
		}
	}
	return all
}

// TestBothEnds: histories of all parties, joined in any order and from both
// APIs, hold every movement between them as often as it happened.
func TestBothEnds(t *testing.T) {
	incident, blocks := heist(t, synthetic.Script{Seed: 5, Hops: 3})
	server := explorertest.New(t, incident.Chain(), blocks, incident.Infos(), explorertest.Moods{})
	for _, apisOfTurn := range [][]string{{"etherscan"}, {"blockscout"}, apis} {
		for _, reverse := range []bool{false, true} {
			store := graphtest.NewModel()
			ledger, err := store.Ledger(t.Context(), incident.Chain())
			if err != nil {
				t.Fatal(err)
			}
			roles := slices.Clone(incident.Truth.Roles)
			if reverse {
				slices.Reverse(roles)
			}
			for i, role := range roles {
				c := client(t, apisOfTurn[i%len(apisOfTurn)], server, nil)
				if _, err := history(t, c, role.Address).Store(t.Context(), ledger, ingest.Options{}); err != nil {
					t.Fatal(err)
				}
			}
			view, err := ledger.View(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var stored []graph.Block
			for b, err := range view.Blocks(t.Context(), 0) {
				if err != nil {
					t.Fatal(err)
				}
				stored = append(stored, b)
			}
			got, want := movesBetween(stored), movesBetween(blocks)
			for text, n := range want {
				if got[text] != n {
					t.Errorf("%v, reversed %v: %d times, want %d: %s", apisOfTurn, reverse, got[text], n, text)
				}
			}
			for text, n := range got {
				if want[text] != n {
					t.Errorf("%v, reversed %v: %d times, want %d: %s", apisOfTurn, reverse, n, want[text], text)
				}
			}
			if len(want) < 50 {
				t.Fatalf("only %d movements to compare", len(want))
			}
		}
	}
}

// movesBetween are the movements of the script's transactions without fees, at
// the hash of their transaction: an index is not always told.
func movesBetween(blocks []graph.Block) map[string]int {
	all := map[string]int{}
	for _, b := range blocks {
		for _, tx := range b.Txs {
			for _, m := range tx.Transfers {
				if b.Height > blocks[0].Height && !m.Kind.IsFee() {
					all[fmt.Sprint(b.Height, tx.Hash, m.Kind, m.From, m.To, m.Asset, m.Amount.Dec())]++
				}
			}
		}
	}
	return all
}

// repeats is a ledger in which one address gets the same row again and again:
// inside a transaction, in many transactions of a block, and over blocks.
func repeats(t testing.TB, perBlock []int) (graph.Address, []graph.Block) {
	t.Helper()
	chain := graphtest.Ethereum()
	a, payer := graphtest.Account(chain, 1), graphtest.Account(chain, 2)
	var blocks []graph.Block
	for i, n := range perBlock {
		b := graph.Block{Header: graph.Header{Height: uint32(100 + i), Hash: graphtest.Hash(fmt.Sprint("block ", i)), Time: int64(1_700_000_000 + i)}}
		for n > 0 {
			k := min(n, 3) // equal transfers of one transaction
			tx := graph.Tx{Index: uint32(len(b.Txs)), Hash: graphtest.Hash(fmt.Sprint("tx ", i, " ", n))}
			tx.Transfers = append(tx.Transfers, graph.Transfer{Seq: graph.FeeSeq(0), Kind: graph.KindBaseFee, From: payer, Asset: chain.Native(), Amount: graph.Amount{1}})
			for j := range k {
				seq, err := graph.LogSeq(len(b.Txs)*3+j, 0)
				if err != nil {
					t.Fatal(err)
				}
				tx.Transfers = append(tx.Transfers, graph.Transfer{Seq: seq, Kind: graph.KindToken, From: payer, To: a, Asset: graphtest.Token(chain, 1), Amount: graph.Amount{7}})
			}
			b.Txs = append(b.Txs, tx)
			n -= k
		}
		blocks = append(blocks, b)
	}
	return a, blocks
}

// TestWindows: whatever the window, and wherever it cuts, the history is the
// same, equal rows as many as there are; only a block larger than the window
// is a gap.
func TestWindows(t *testing.T) {
	perBlock := []int{3, 1, 8, 0, 2, 2, 14, 5, 5, 5, 1, 9, 3, 40, 1}
	a, blocks := repeats(t, perBlock)
	for _, test := range []struct {
		window int
		gaps   []uint32 // heights
	}{
		{window: 1000}, {window: 41}, {window: 40}, {window: 100}, // 98 rows in all
		{window: 39, gaps: []uint32{113}},
		{window: 14, gaps: []uint32{113}},
		{window: 13, gaps: []uint32{106, 113}},
		{window: 5, gaps: []uint32{102, 106, 107, 108, 109, 111, 113}},
	} {
		server := explorertest.New(t, graphtest.Ethereum(), blocks, nil, explorertest.Moods{Window: test.window})
		h := history(t, client(t, "etherscan", server, func(o *explorer.Options) { o.Window = test.window }), a)
		var gaps []uint32
		for _, g := range h.Gaps {
			if g.From != g.To {
				t.Errorf("window %d: %s", test.window, g)
			}
			if g.List == "ERC-20 transfers" { // the transactions are a list of their own
				gaps = append(gaps, g.From)
			}
		}
		// A block that fills the window exactly may have more; the next page tells, if the API shows it.
		if !slices.Equal(gaps, withExact(test.gaps, perBlock, test.window)) {
			t.Errorf("window %d: gaps at %v, want %v", test.window, gaps, withExact(test.gaps, perBlock, test.window))
		}
		for i, n := range perBlock {
			got := 0
			for _, b := range blocksOf(t, h) {
				if b.Height == uint32(100+i) {
					got = tokensOf(&b)
				}
			}
			if want := min(n, test.window); got != want {
				t.Errorf("window %d: block %d has %d transfers, want %d of %d", test.window, 100+i, got, want, n)
			}
			full := slices.ContainsFunc(h.Coverage, func(c graph.Coverage) bool {
				return c.From <= uint32(100+i) && uint32(100+i) <= c.To && c.Know.Logs == graph.Full
			})
			if full == slices.Contains(gaps, uint32(100+i)) {
				t.Errorf("window %d: block %d, logs full: %v, with gaps at %v", test.window, 100+i, full, gaps)
			}
		}
	}
}

// withExact adds the blocks that have exactly a window of rows.
func withExact(gaps []uint32, perBlock []int, window int) []uint32 {
	all := slices.Clone(gaps)
	for i, n := range perBlock {
		if n == window {
			all = append(all, uint32(100+i))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func tokensOf(b *graph.Block) int {
	n := 0
	for _, tx := range b.Txs {
		for _, m := range tx.Transfers {
			if m.Kind == graph.KindToken {
				n++
			}
		}
	}
	return n
}

// TestSmallerWindowThanAsked: a server that leaves rows out without a word is
// seen through, as its windows are round; by pages where one block has more.
func TestSmallerWindowThanAsked(t *testing.T) {
	a, blocks := repeats(t, []int{60, 70, 80, 90, 10, 10, 250, 30})
	server := explorertest.New(t, graphtest.Ethereum(), blocks, nil, explorertest.Moods{Most: 100})
	h := history(t, client(t, "etherscan", server, func(o *explorer.Options) { o.Window = 1000 }), a)
	if len(h.Gaps) != 0 {
		t.Errorf("gaps %v", h.Gaps)
	}
	total := 0
	for _, b := range blocksOf(t, h) {
		total += tokensOf(&b)
	}
	if total != 600 {
		t.Errorf("%d transfers, want 600", total)
	}
}

// TestMaxRows: the rows beyond the bound are a gap that reaches to the end, on
// the side that the API shows last.
func TestMaxRows(t *testing.T) {
	a, blocks := repeats(t, []int{4, 4, 4, 4, 4, 4, 4, 4})
	server := explorertest.New(t, graphtest.Ethereum(), blocks, nil, explorertest.Moods{Page: 5})
	for api, want := range map[string]string{"etherscan": "103-107", "blockscout": "0-105"} {
		h := history(t, client(t, api, server, func(o *explorer.Options) { o.Window, o.MaxRows = 6, 10 }), a)
		if len(h.Gaps) != 1 || fmt.Sprintf("%d-%d", h.Gaps[0].From, h.Gaps[0].To) != want {
			t.Errorf("%s: gaps %v, want %s", api, h.Gaps, want)
		}
		for _, c := range h.Coverage {
			inside := c.From >= h.Gaps[0].From && c.To <= h.Gaps[0].To
			if inside == (c.Know.Logs == graph.Full) {
				t.Errorf("%s: coverage %+v with the gap %s", api, c, want)
			}
		}
	}
}

// TestMissingLists: a list the API does not have lowers what is known of every
// height; without the transactions there is no history.
func TestMissingLists(t *testing.T) {
	incident, blocks := heist(t, synthetic.Script{Seed: 5, Hops: 3})
	server := explorertest.New(t, incident.Chain(), blocks, incident.Infos(), explorertest.Moods{})
	thief := incident.Truth.Address("0: thief")
	full, part, none := graph.Full, graph.Partial, graph.None
	for _, test := range []struct {
		api     string
		missing []string
		want    graph.Knowledge
	}{
		{"etherscan", []string{"txlistinternal"}, graph.Knowledge{Transfers: full, Logs: full, Traces: none}},
		{"etherscan", []string{"token1155tx"}, graph.Knowledge{Transfers: full, Logs: part, Traces: full}},
		{"etherscan", []string{"tokentx", "tokennfttx", "token1155tx"}, graph.Knowledge{Transfers: full, Logs: none, Traces: full}},
		{"etherscan", []string{"txsBeaconWithdrawal"}, graph.Knowledge{Transfers: part, Logs: full, Traces: full}},
		{"blockscout", []string{"internal-transactions"}, graph.Knowledge{Transfers: full, Logs: full, Traces: none}},
		{"blockscout", []string{"token-transfers", "withdrawals"}, graph.Knowledge{Transfers: part, Logs: none, Traces: full}},
	} {
		server.Set(explorertest.Moods{Missing: test.missing})
		h := history(t, client(t, test.api, server, nil), thief)
		if len(h.Coverage) != 1 || h.Coverage[0].Know != test.want || len(h.Gaps) < len(test.missing) {
			t.Errorf("%s without %v: coverage %+v, gaps %v", test.api, test.missing, h.Coverage, h.Gaps)
		}
		for _, b := range blocksOf(t, h) {
			if b.Whole() {
				t.Fatal("a block of a history is called whole")
			}
		}
	}
	server.Set(explorertest.Moods{Missing: []string{"txlist"}})
	if _, err := client(t, "etherscan", server, nil).History(t.Context(), thief); err == nil || !strings.Contains(err.Error(), "the API does not have it") {
		t.Errorf("without transactions: %v", err)
	}
}

// TestNothing: an address that nothing ever touched has an empty history that
// is fully known.
func TestNothing(t *testing.T) {
	incident, blocks := heist(t, synthetic.Script{Seed: 5, Hops: 3})
	server := explorertest.New(t, incident.Chain(), blocks, nil, explorertest.Moods{})
	for _, api := range apis {
		h := history(t, client(t, api, server, nil), graphtest.Account(incident.Chain(), 77))
		if n := len(blocksOf(t, h)); n != 0 || len(h.Gaps) != 0 || len(h.Coverage) != 1 || h.Coverage[0].Know.Transfers != graph.Full {
			t.Errorf("%s: %d blocks, gaps %v, coverage %+v", api, n, h.Gaps, h.Coverage)
		}
	}
}

// TestClaims: symbols and decimals are claims in the name of the host.
func TestClaims(t *testing.T) {
	incident, blocks := heist(t, synthetic.Script{Seed: 5, Hops: 3})
	server := explorertest.New(t, incident.Chain(), blocks, incident.Infos(), explorertest.Moods{})
	for _, api := range apis {
		infos := history(t, client(t, api, server, nil), incident.Truth.Address("0: thief")).Infos()
		found := slices.ContainsFunc(infos, func(i graph.AssetInfo) bool {
			return i.Symbol == "DUSD" && i.Decimals == 6 && i.Source == strings.TrimPrefix(server.URL, "http://")
		})
		if !found {
			t.Errorf("%s: claims %+v", api, infos)
		}
	}
}

// TestFind finds a transaction, and says when there is none.
func TestFind(t *testing.T) {
	incident, blocks := heist(t, synthetic.Script{Seed: 5, Hops: 3})
	server := explorertest.New(t, incident.Chain(), blocks, nil, explorertest.Moods{})
	seed := incident.Truth.Seeds[0]
	for _, api := range apis {
		c := client(t, api, server, nil)
		sent, err := c.Find(t.Context(), seed.Tx)
		if err != nil || sent.From != seed.To || sent.Hash != seed.Tx {
			t.Errorf("%s: %+v, %v", api, sent, err)
		}
		at := slices.IndexFunc(blocks, func(b graph.Block) bool { return b.Height == sent.Block })
		if at < 0 || blocks[at].Txs[sent.Index].Hash != seed.Tx {
			t.Errorf("%s: it is not at block %d, index %d", api, sent.Block, sent.Index)
		}
		if _, err := c.Find(t.Context(), graphtest.Hash("no such")); err == nil || !strings.Contains(err.Error(), "not in the store") {
			t.Errorf("%s: %v", api, err)
		}
	}
}
