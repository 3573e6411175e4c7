package trace_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/trace"
)

// Random ledgers: few addresses and assets, so that taint meets itself; many
// kinds of transactions, several in a block and blocks of equal time. Balances
// are kept non-negative except where a history is meant to have gaps.

const holders = 7

type world struct {
	t      *rapid.T
	chain  graph.Chain
	blocks []graph.Block
	have   map[[2]int]uint64 // (holder, asset) -> balance
	fair   bool              // swaps are at the price of the assets, and what is bought comes to who pays
	unit   uint64            // base units that amounts are drawn in, times the asset's price; 1 if 0
}

// amount is a drawn amount of an asset in base units. In a fair ledger a unit of
// the next asset is a tenth of the one before, so that swaps change units.
func (w *world) amount(n uint64, asset int) graph.Amount {
	if w.unit != 0 {
		n *= w.unit
	}
	if w.fair {
		n *= [3]uint64{1, 10, 100}[asset]
	}
	return amountOf(n)
}

func account(i int) graph.Address {
	sum := sha256.Sum256([]byte{byte(i)})
	return graph.EVMAddress(graph.Ethereum, [20]byte(sum[:20]))
}

func (w *world) asset(i int) graph.Asset {
	if i == 0 {
		return w.chain.Native()
	}
	return graph.Asset{Chain: w.chain.ID, Standard: graph.ERC20, Contract: account(100 + i)}
}

func amountOf(n uint64) (a graph.Amount) { return *a.SetUint64(n) }

// accountLedger draws a ledger of an account chain.
func accountLedger(t *rapid.T) *world { return drawAccounts(&world{t: t}) }

func drawAccounts(w *world) *world {
	t := w.t
	w.chain, w.have = graph.ChainOf(graph.Ethereum), map[[2]int]uint64{}
	var tx *graph.Tx
	move := func(from, to, asset int, n uint64) {
		tr := graph.Transfer{Seq: graph.Seq(len(tx.Transfers)), Kind: graph.KindTransfer, Asset: w.asset(asset), Amount: w.amount(n, asset)}
		if from >= 0 {
			tr.From = account(from)
			w.have[[2]int{from, asset}] -= n
		}
		if to >= 0 {
			tr.To = account(to)
			w.have[[2]int{to, asset}] += n
		}
		switch {
		case from < 0:
			tr.Kind = graph.KindMint
		case to < 0:
			tr.Kind = graph.KindBurn
		}
		tx.Transfers = append(tx.Transfers, tr)
	}
	some := func(label string, from, asset int) uint64 {
		most := w.have[[2]int{from, asset}]
		least := uint64(0)
		if w.fair {
			least = min(most, 1)
		}
		return rapid.Uint64Range(least, most).Draw(t, label)
	}
	party := rapid.IntRange(0, holders-1)
	coin := rapid.IntRange(0, 2)
	height := uint32(0)
	var time int64
	blocks := rapid.IntRange(3, 30).Draw(t, "blocks")
	if w.fair { // everybody begins with something, and there is enough to compare
		tx = &graph.Tx{Hash: sha256.Sum256([]byte("everybody"))}
		for i := range holders * 3 {
			move(-1, i%holders, i/holders, 100)
		}
		w.blocks = append(w.blocks, graph.Block{Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}, Source: "drawn", Txs: []graph.Tx{*tx}})
		blocks += 7
	}
	for range blocks {
		height += rapid.Uint32Range(1, 3).Draw(t, "gap")
		time += rapid.Int64Range(0, 2).Draw(t, "seconds") * 12 // equal timestamps happen
		b := graph.Block{Header: graph.Header{Height: height, Time: time}, Source: "drawn",
			Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}}
		for i := range rapid.IntRange(1, 3).Draw(t, "txs") {
			b.Txs = append(b.Txs, graph.Tx{Index: uint32(i), Hash: sha256.Sum256(fmt.Append(nil, height, i))})
			tx = &b.Txs[i]
			a, c := coin.Draw(t, "asset"), party.Draw(t, "party")
			what := rapid.IntRange(0, 8).Draw(t, "what")
			if w.fair && what == 3 {
				what = 2
			}
			switch what {
			case 0: // income
				move(-1, c, a, rapid.Uint64Range(1, 1000).Draw(t, "income"))
			case 1: // several payments
				for range rapid.IntRange(1, 3).Draw(t, "payments") {
					move(c, party.Draw(t, "to"), a, some("amount", c, a))
				}
			case 2: // swap with whoever has the other asset
				other, b2 := party.Draw(t, "pool"), coin.Draw(t, "bought")
				if w.fair {
					n := rapid.Uint64Range(0, min(w.have[[2]int{c, a}], w.have[[2]int{other, b2}])).Draw(t, "worth")
					move(c, other, a, n)
					move(other, c, b2, n)
					break
				}
				move(c, other, a, some("given", c, a))
				move(other, c, b2, some("taken", other, b2))
			case 3: // swap, delivered elsewhere
				other, b2 := party.Draw(t, "pool"), coin.Draw(t, "bought")
				move(c, other, a, some("given", c, a))
				move(other, party.Draw(t, "for"), b2, some("taken", other, b2))
			case 4: // flash loan
				lender := party.Draw(t, "lender")
				loan := some("loan", lender, a)
				move(lender, c, a, loan)
				move(c, party.Draw(t, "used"), a, some("use", c, a))
				if n := w.have[[2]int{c, a}]; n >= loan {
					move(c, lender, a, loan)
				}
			case 5: // self-transfer
				move(c, c, a, some("self", c, a))
			case 6: // burn
				move(c, -1, a, some("burnt", c, a))
			case 7: // through a router that keeps nothing
				router := holders // never holds anything between transactions
				n := some("routed", c, a)
				move(c, router, a, n)
				move(router, party.Draw(t, "to"), a, n)
			case 8: // batch: many pay many
				for range 3 {
					p := party.Draw(t, "payer")
					move(p, party.Draw(t, "to"), a, some("amount", p, a))
				}
			}
			// The fee is paid up front, from what was there before.
			before := w.have[[2]int{c, 0}]
			for _, tr := range tx.Transfers {
				if tr.Asset.IsNative() && tr.To == account(c) && tr.From != tr.To {
					before -= min(before, tr.Amount.Uint64()/max(w.unit, 1))
				}
			}
			if fee := rapid.Uint64Range(0, min(before, 3)).Draw(t, "fee"); fee > 0 {
				tx.Transfers = append([]graph.Transfer{{Kind: graph.KindBaseFee, From: account(c), Asset: w.asset(0), Amount: w.amount(fee, 0)}}, tx.Transfers...)
				for i := range tx.Transfers {
					tx.Transfers[i].Seq = graph.Seq(i)
				}
				w.have[[2]int{c, 0}] -= fee
			}
		}
		w.blocks = append(w.blocks, b)
	}
	return w
}

// outputLedger draws a ledger of a UTXO chain.
func outputLedger(t *rapid.T) *world { return drawOutputs(&world{t: t}) }

func drawOutputs(w *world) *world {
	t := w.t
	w.chain = graph.ChainOf(graph.Bitcoin)
	place := func(i int) graph.Address {
		sum := sha256.Sum256([]byte{byte(i)})
		return graph.ScriptAddress(graph.Bitcoin, append([]byte{0x00, 0x14}, sum[:20]...))
	}
	type coin struct {
		at    graph.OutPoint
		owner graph.Address
		value uint64
	}
	var coins []coin
	for height := range rapid.IntRange(3, 25).Draw(t, "blocks") {
		b := graph.Block{Header: graph.Header{Height: uint32(height), Time: int64(height / 2)}, Source: "drawn", Know: graph.Knowledge{Transfers: graph.Full}}
		for i := range rapid.IntRange(1, 4).Draw(t, "txs") {
			tx := graph.Tx{Index: uint32(i), Hash: sha256.Sum256(fmt.Append(nil, height, i))}
			value := rapid.Uint64Range(1, 1000).Draw(t, "subsidy")
			if i > 0 && len(coins) > 0 {
				value = 0
				for j := range min(len(coins), rapid.IntRange(1, 3).Draw(t, "inputs")) {
					k := rapid.IntRange(0, len(coins)-1).Draw(t, "coin")
					c := coins[k]
					coins = append(coins[:k], coins[k+1:]...)
					seq, _ := graph.InputSeq(j)
					tx.Transfers = append(tx.Transfers, graph.Transfer{Seq: seq, Kind: graph.KindInput, From: c.owner, Asset: w.chain.Native(), Amount: w.amount(c.value, 0), Prev: c.at})
					value += c.value
				}
			}
			for j := range rapid.IntRange(1, 4).Draw(t, "outputs") {
				n := rapid.Uint64Range(0, value).Draw(t, "value")
				value -= n
				seq, _ := graph.OutputSeq(j)
				owner := place(rapid.IntRange(0, holders-1).Draw(t, "owner"))
				tx.Transfers = append(tx.Transfers, graph.Transfer{Seq: seq, Kind: graph.KindOutput, To: owner, Asset: w.chain.Native(), Amount: w.amount(n, 0)})
				if n > 0 {
					coins = append(coins, coin{graph.OutPoint{Tx: tx.Hash, Index: uint32(j)}, owner, n})
				}
			}
			b.Txs = append(b.Txs, tx)
		}
		w.blocks = append(w.blocks, b)
	}
	return w
}

func (w *world) view() graph.View {
	w.t.Helper()
	l, err := graphtest.NewModel().Ledger(context.Background(), w.chain)
	if err == nil {
		err = l.Apply(context.Background(), w.blocks...)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	v, err := l.View(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

// seeds draws one to three seeds that exist.
func (w *world) seeds() []string {
	var seeds []string
	for range rapid.IntRange(1, 3).Draw(w.t, "seeds") {
		b := w.blocks[rapid.IntRange(0, len(w.blocks)-1).Draw(w.t, "block")]
		tx := b.Txs[rapid.IntRange(0, len(b.Txs)-1).Draw(w.t, "tx")]
		tr := tx.Transfers[rapid.IntRange(0, len(tx.Transfers)-1).Draw(w.t, "transfer")]
		switch rapid.IntRange(0, 3).Draw(w.t, "seed kind") {
		case 0:
			seeds = append(seeds, w.chain.Alias+":"+tx.Hash.String())
		case 1:
			if !tr.To.IsZero() {
				seeds = append(seeds, fmt.Sprintf("%s:%s@%d", w.chain.Alias, tr.To, b.Height))
				continue
			}
			fallthrough
		case 2:
			if !tr.From.IsZero() {
				seeds = append(seeds, fmt.Sprintf("%s:%s", w.chain.Alias, tr.From))
				continue
			}
			fallthrough
		default:
			seeds = append(seeds, fmt.Sprintf("%s:%s:%d", w.chain.Alias, tx.Hash, tr.Seq))
		}
	}
	return seeds
}

func (w *world) run(c trace.Case) (*trace.Trace, error) {
	v := w.view()
	return trace.Run(context.Background(), map[graph.ChainID]graph.View{w.chain.ID: v}, c, trace.Known{})
}

// twice runs a case twice, and both runs find the same. It is nil if the drawn
// seed takes nothing.
func twice(t *rapid.T, c trace.Case, run func(trace.Case) (*trace.Trace, error)) *trace.Trace {
	result, err := run(c)
	if errors.Is(err, trace.ErrSeed) || errors.Is(err, graph.ErrNotFound) {
		return nil
	}
	if err != nil {
		t.Fatalf("%s %v: %v", c.Method, c.Seeds, err)
	}
	again, err := run(c)
	if err != nil {
		t.Fatalf("%s %v, again: %v", c.Method, c.Seeds, err)
	}
	result.Method, again.Method = trace.Method{Conserves: result.Method.Conserves}, trace.Method{Conserves: result.Method.Conserves}
	if !reflect.DeepEqual(result, again) {
		t.Fatalf("%s: two runs differ", c.Method)
	}
	return result
}

// TestInvariants holds the promises of every method on random ledgers of both
// families: conservation by asset in whole units, taint within what is there,
// stops within what was seeded, poison's reach around everything, and the same
// result twice.
func TestInvariants(t *testing.T) {
	for name, draw := range map[string]func(*rapid.T) *world{"accounts": accountLedger, "outputs": outputLedger} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				w := draw(t)
				c := trace.Case{Seeds: w.seeds(), CoinJoin: "follow", MaxTransactions: rapid.SampledFrom([]int{0, 0, 0, 3, 10}).Draw(t, "most")}
				var reach map[graph.Address]bool
				for _, method := range []string{"poison", "fifo", "lifo", "haircut", "tiho"} {
					c.Method = method
					result := twice(t, c, w.run)
					if result == nil {
						return // the drawn seed takes nothing
					}
					if method == "poison" {
						reach = reached(result)
						continue
					}
					checkBooks(t, method, result)
					if c.MaxTransactions == 0 {
						for a := range reached(result) {
							if !reach[a] {
								t.Fatalf("%s reaches %s, poison does not", method, a)
							}
						}
					}
				}
			})
		})
	}
}

func reached(t *trace.Trace) map[graph.Address]bool {
	all := make(map[graph.Address]bool)
	for _, h := range t.Holders {
		if !h.In.IsZero() {
			all[h.Address] = true
		}
	}
	return all
}

// checkBooks holds the books of a trace forward: those of its rows, and those of
// every address.
func checkBooks(t *rapid.T, method string, result *trace.Trace) {
	checkRows(t, method, result)
	// The sums of an address and its steps agree: what came in went out, ended or is held.
	type place struct {
		address graph.Address
		asset   graph.Asset
	}
	ended := make(map[place]bool)
	for _, s := range result.Stops {
		if s.Reason == trace.StopBridge { // also of what was stolen into it
			ended[place{s.Address, s.Asset.Asset}] = true
		}
	}
	for _, h := range result.Holders {
		if h.Role == "terminal" || ended[place{h.Address, h.Asset.Asset}] {
			continue
		}
		in, out := h.In.ToBig(), new(big.Int).Add(h.Out.ToBig(), h.Held.ToBig())
		if in.Cmp(out) != 0 {
			t.Fatalf("%s: %s took in %s and accounts for %s", method, h.Address, in, out)
		}
	}
}

// checkRows recomputes the conservation law from the rows that are reported,
// not from the sums the trace kept.
func checkRows(t *rapid.T, method string, result *trace.Trace) {
	left := make(map[graph.Asset]*big.Int)
	book := func(asset graph.Asset, amount graph.Amount, sign int64) {
		if left[asset] == nil {
			left[asset] = new(big.Int)
		}
		left[asset].Add(left[asset], new(big.Int).Mul(amount.ToBig(), big.NewInt(sign)))
	}
	for _, s := range result.Seeds {
		book(s.Asset.Asset, s.Amount, 1)
	}
	for _, s := range result.Stops {
		book(s.Asset.Asset, s.Tainted, -1)
	}
	for _, b := range result.Balances {
		if b.Difference().Sign() != 0 {
			t.Fatalf("%s: %s is off by %s", method, b.Asset.Asset, b.Difference())
		}
		book(b.Asset.Asset, b.ConvertedIn, 1)
		book(b.Asset.Asset, b.ConvertedOut, -1)
		book(b.Asset.Asset, b.BridgedIn, 1)
		book(b.Asset.Asset, b.BridgedOut, -1)
	}
	for asset, rest := range left {
		if rest.Sign() != 0 {
			t.Fatalf("%s: rows of %s are off by %s", method, asset, rest)
		}
	}
	for _, s := range result.Steps {
		if s.Tainted.Gt(&s.Amount) || s.Tainted.IsZero() {
			t.Fatalf("%s: step at %s moves %s and taints %s", method, s.At, s.Amount.Dec(), s.Tainted.Dec())
		}
	}
}

// TestPrefix holds that a trace does not depend on what comes later: cut at
// any block, it is the beginning of the whole trace.
func TestPrefix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.SampledFrom([]func(*rapid.T) *world{accountLedger, outputLedger}).Draw(t, "family")(t)
		first := w.blocks[0]
		c := trace.Case{Seeds: []string{w.chain.Alias + ":" + first.Txs[0].Hash.String()}, CoinJoin: "follow",
			Method: rapid.SampledFrom([]string{"fifo", "lifo", "haircut", "tiho"}).Draw(t, "method")}
		whole, err := w.run(c)
		if err != nil {
			return // the first transaction takes nothing
		}
		w.blocks = w.blocks[:rapid.IntRange(1, len(w.blocks)).Draw(t, "cut")]
		part, err := w.run(c)
		if err != nil {
			t.Fatal(err)
		}
		if len(part.Steps) > len(whole.Steps) {
			t.Fatalf("the part has %d steps, the whole %d", len(part.Steps), len(whole.Steps))
		}
		for i := range part.Steps {
			if !reflect.DeepEqual(part.Steps[i], whole.Steps[i]) {
				t.Fatalf("step %d differs:\n%+v\n%+v", i, part.Steps[i], whole.Steps[i])
			}
		}
	})
}
