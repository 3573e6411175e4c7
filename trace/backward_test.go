package trace_test

import (
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest/synthetic"
	"spoor/trace"
)

// TestBackwardBooks holds the promises of every method backward on random
// ledgers: conservation by asset in whole units from the rows, taint within what
// is there, every address's own books, the same result twice, and poison's reach
// around everything.
func TestBackwardBooks(t *testing.T) {
	for name, draw := range map[string]func(*rapid.T) *world{"accounts": accountLedger, "outputs": outputLedger} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				w := draw(t)
				c := trace.Case{Direction: trace.Backward, Seeds: w.seeds(), CoinJoin: "follow",
					MaxTransactions: rapid.SampledFrom([]int{0, 0, 0, 1, 3}).Draw(t, "most")}
				var reach map[movement]*big.Int
				for _, method := range []string{"poison", "fifo", "haircut"} {
					c.Method = method
					result, err := w.run(c)
					if err != nil {
						if errors.Is(err, trace.ErrSeed) || errors.Is(err, graph.ErrNotFound) {
							return // the drawn seed names nothing
						}
						t.Fatalf("%s %v: %v", method, c.Seeds, err)
					}
					again, err := w.run(c)
					if err != nil || fmt.Sprintf("%+v", result.Steps) != fmt.Sprintf("%+v", again.Steps) || fmt.Sprintf("%+v", result.Stops) != fmt.Sprintf("%+v", again.Stops) {
						t.Fatalf("%s: two runs differ (%v)", method, err)
					}
					if method == "poison" {
						reach = carried(result)
						continue
					}
					checkRows(t, method, result)
					checkSources(t, method, result)
					if c.MaxTransactions == 0 {
						for m := range carried(result) {
							if reach[m] == nil {
								t.Fatalf("%s finds %+v, poison does not", method, m)
							}
						}
					}
				}
			})
		})
	}
}

// checkSources holds the books of every address: what came in, and what it had
// without having got it, went out or is what was asked for.
func checkSources(t *rapid.T, method string, result *trace.Trace) {
	type pool struct {
		address graph.Address
		asset   graph.Asset
	}
	without := make(map[pool]*big.Int)
	add := func(a graph.Address, asset graph.AssetInfo, amount graph.Amount) {
		key := pool{a, asset.Asset}
		if without[key] == nil {
			without[key] = new(big.Int)
		}
		without[key].Add(without[key], amount.ToBig())
	}
	for _, u := range result.Unknowns {
		add(u.Address, u.Asset, u.Amount)
	}
	for _, s := range result.Stops {
		if s.Reason == trace.StopBudget || s.Reason == trace.StopBridge {
			add(s.Address, s.Asset, s.Tainted)
		}
	}
	for _, h := range result.Holders {
		in, out := h.In.ToBig(), new(big.Int).Add(h.Out.ToBig(), h.Held.ToBig())
		if more := without[pool{h.Address, h.Asset.Asset}]; more != nil {
			in.Add(in, more)
		}
		if in.Cmp(out) != 0 {
			t.Fatalf("%s: %s took in %s and accounts for %s", method, h.Address, in, out)
		}
	}
	for i := 1; i < len(result.Steps); i++ {
		s, before := &result.Steps[i], &result.Steps[i-1]
		if s.Chain == before.Chain && s.At.StartOf().Compare(before.At.StartOf()) < 0 {
			t.Fatalf("%s: step at %s follows %s", method, s.At, before.At)
		}
	}
}

// movement is what a transaction brings to an address of an asset; on a UTXO
// ledger one output.
type movement struct {
	tx    graph.Hash
	to    graph.Address
	asset graph.Asset
	seq   graph.Seq
}

// carried sums up what of every movement is tainted where it arrives.
func carried(t *trace.Trace) map[movement]*big.Int {
	sums := make(map[movement]*big.Int)
	for _, s := range t.Steps {
		if s.To.IsZero() || s.Rule == trace.RuleGiven || s.Rule == trace.RuleFee {
			continue // not an arrival, or clean there
		}
		m := movement{tx: s.Tx, to: s.To, asset: s.Asset.Asset}
		if graph.ChainOf(s.Chain).Family == graph.UTXOFamily {
			m.seq = s.At.Seq
		}
		if sums[m] == nil {
			sums[m] = new(big.Int)
		}
		sums[m].Add(sums[m], s.Tainted.ToBig())
	}
	return sums
}

// movements lists what can be named by one seed each: who gets one movement
// only of an asset in a transaction.
func (w *world) movements() (list []movement, seeds map[movement]string) {
	seeds = make(map[movement]string)
	for _, b := range w.blocks {
		for _, tx := range b.Txs {
			var here []movement
			for _, tr := range tx.Transfers {
				if tr.To.IsZero() || tr.From == tr.To || tr.Amount.IsZero() || tr.Kind.IsFee() {
					continue
				}
				m := movement{tx: tx.Hash, to: tr.To, asset: tr.Asset}
				if w.chain.Family == graph.UTXOFamily {
					m.seq = tr.Seq
				}
				if seeds[m] != "" {
					seeds[m] = "several"
					continue
				}
				seeds[m] = fmt.Sprintf("%s:%s:%d", w.chain.Alias, tx.Hash, tr.Seq)
				here = append(here, m)
			}
			for _, m := range here {
				if seeds[m] != "several" {
					list = append(list, m)
				}
			}
		}
	}
	return list, seeds
}

// worth is an amount of a fair ledger in units that swaps keep.
func worth(w *world, m movement, amount *big.Int) *big.Int {
	if amount == nil {
		return new(big.Int)
	}
	for i, price := range []int64{1, 10, 100} {
		if w.fair && m.asset == w.asset(i) {
			return new(big.Int).Div(amount, big.NewInt(price))
		}
	}
	return amount
}

func (w *world) count() (transfers int) {
	for i := range w.blocks {
		transfers += w.blocks[i].Transfers()
	}
	return transfers
}

// TestDuality holds that both directions tell the same: what a trace of exactly
// one movement finds in another, a trace backward of the other finds in the one.
//
// By fifo to the base unit, through swaps as well, where the ledger's amounts
// divide at its prices, so that no unit is split. By haircut up to rounding:
// every share is less than a unit off, and later shares of a unit that went
// astray are parts of it. A transfer makes at most three net flows, each of them
// a payment that is shared forward, and an income that is shared in three parts
// backward: less than 11 units a transfer in all.
//
// What is not comparable: where one sells to a buyer and delivers to a third,
// forward lets two seeds claim the delivery (what the seller held stays tainted,
// and so is what the buyer paid), backward takes the buyer's payment alone; and
// where a trade gives several assets, or takes them, their units have no common
// price.
func TestDuality(t *testing.T) {
	for _, method := range []string{"fifo", "haircut"} {
		for name, draw := range map[string]func(*world) *world{"accounts": drawAccounts, "outputs": drawOutputs} {
			t.Run(method+" "+name, func(t *testing.T) {
				linked, swapped := 0, 0
				rapid.Check(t, func(t *rapid.T) {
					w := draw(&world{t: t, fair: true, unit: map[string]uint64{"haircut": 1e12}[method]})
					slack := new(big.Int)
					if method == "haircut" {
						slack.SetInt64(int64(11 * w.count()))
					}
					list, seeds := w.movements()
					if len(list) == 0 {
						return
					}
					last := list[rapid.IntRange(len(list)/2, len(list)-1).Draw(t, "last")]
					back, err := w.run(trace.Case{Direction: trace.Backward, Method: method, Seeds: []string{seeds[last]}, CoinJoin: "follow"})
					if errors.Is(err, trace.ErrSeed) {
						return // its receiver keeps nothing of it
					}
					if err != nil {
						t.Fatal(err)
					}
					found := carried(back)
					some := rapid.IntRange(0, 6).Draw(t, "some") // of those in which backward finds nothing
					for i, first := range list {
						if first.tx == last.tx || found[first] == nil && i%7 != some {
							continue
						}
						ahead, err := w.run(trace.Case{Method: method, Seeds: []string{seeds[first]}, CoinJoin: "follow"})
						if errors.Is(err, trace.ErrSeed) {
							continue
						}
						if err != nil {
							t.Fatal(err)
						}
						there, here := worth(w, last, carried(ahead)[last]), worth(w, first, found[first])
						if off := new(big.Int).Sub(there, here); off.CmpAbs(slack) > 0 {
							t.Fatalf("%s: forward from %+v finds %s in %+v, backward %s", method, first, there, last, here)
						}
						if here.Sign() > 0 {
							linked++
							if first.asset != last.asset {
								swapped++
							}
						}
					}
				})
				t.Logf("%d pairs linked, %d of them in different assets", linked, swapped)
				if linked == 0 || swapped == 0 && name == "accounts" {
					t.Errorf("nothing was compared")
				}
			})
		}
	}
}

// TestBackwardOfEverything asks for all that anybody holds at the end: every
// unit that was ever issued and is still there is found where it was issued,
// whatever happened to it.
func TestBackwardOfEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawOutputs(&world{t: t})
		owners := make(map[graph.Address]bool)
		for _, b := range w.blocks {
			for _, tx := range b.Txs {
				for _, tr := range tx.Transfers {
					if !tr.To.IsZero() && !tr.Amount.IsZero() {
						owners[tr.To] = true
					}
				}
			}
		}
		var seeds []string
		for _, a := range slices.SortedFunc(maps.Keys(owners), graph.Address.Compare) {
			seeds = append(seeds, w.chain.Alias+":"+a.String())
		}
		if len(seeds) == 0 {
			return
		}
		result, err := w.run(trace.Case{Direction: trace.Backward, Method: rapid.SampledFrom([]string{"fifo", "haircut"}).Draw(t, "method"), Seeds: seeds, CoinJoin: "follow"})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range result.Stops {
			if s.Reason != trace.StopReward {
				t.Fatalf("%s of %s at %s", s.Reason, s.Tainted.Dec(), s.Address)
			}
		}
	})
}

// TestBackwardOfScripts asks where what an address holds came from, in generated
// incidents: of it exactly what the script says to be stolen is found in the
// theft, among everything clean. Dollars and coins of Bitcoin only, as ether came
// to its holders over swaps as well.
func TestBackwardOfScripts(t *testing.T) {
	script := synthetic.Script{Seed: 5, Incidents: 2, Background: 3_000}
	ethereum, err := script.Ethereum()
	if err != nil {
		t.Fatal(err)
	}
	bitcoin, err := script.Bitcoin()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []*synthetic.Incident{ethereum, bitcoin} {
		views := sourceViews(t, n)
		thefts, stolenIn := make(map[graph.Hash]bool), make(map[graph.Asset]bool)
		for _, s := range n.Truth.Seeds {
			thefts[s.Tx], stolenIn[s.Asset] = true, true
		}
		asked := 0
		for _, end := range n.Truth.Ends {
			held := end.Reason == synthetic.AtRest || end.Reason == synthetic.CoinJoin
			if !held || !stolenIn[end.Asset] || n.Chain().Family == graph.AccountFamily && end.Asset.IsNative() {
				continue
			}
			asked++
			result, err := trace.Run(t.Context(), views, trace.Case{Direction: trace.Backward, CoinJoin: "follow",
				Seeds: []string{n.Chain().Alias + ":" + end.Address.String() + "/" + end.Asset.Text()}}, trace.Known{})
			if err != nil {
				t.Fatal(err)
			}
			stolen := new(big.Int)
			for m, sum := range carried(result) {
				if thefts[m.tx] && m.asset == end.Asset {
					stolen.Add(stolen, sum)
				}
			}
			want := n.Truth.At(end.Address, end.Asset)
			if stolen.Cmp(want.ToBig()) != 0 {
				t.Errorf("%s: of what %s holds %s is found in the theft, want %s", n.Chain().Alias, end.Role, stolen, want.Dec())
			}
		}
		if asked == 0 {
			t.Errorf("%s: nothing was asked", n.Chain().Alias)
		}
		t.Logf("%s: %d holders", n.Chain().Alias, asked)
	}
}

// TestUnknownSources tells what was never read from what should have been seen.
func TestUnknownSources(t *testing.T) {
	full := graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}
	part := graph.Knowledge{Transfers: graph.Partial}
	for name, test := range map[string]struct {
		chain  graph.ChainID
		first  uint32 // height of the first block
		know   graph.Knowledge
		reason trace.Reason
	}{
		"account, whole chain":       {graph.Ethereum, 0, full, trace.StopUnknown},
		"account, later blocks only": {graph.Ethereum, 5, full, trace.StopUncovered},
		"account, some rows":         {graph.Ethereum, 0, part, trace.StopUncovered},
		"coins, whole block":         {graph.Bitcoin, 0, full, trace.StopReward},
		"coins, some rows":           {graph.Bitcoin, 0, part, trace.StopUncovered},
	} {
		t.Run(name, func(t *testing.T) {
			chain := graph.ChainOf(test.chain)
			move := graph.Transfer{Kind: graph.KindTransfer, From: account(1), To: account(2), Asset: chain.Native(), Amount: amountOf(7)}
			if chain.Family == graph.UTXOFamily {
				move.Kind, move.From, move.To = graph.KindOutput, graph.Address{}, graph.ScriptAddress(chain.ID, []byte{0x51})
			}
			l, err := graphtest.NewModel().Ledger(t.Context(), chain)
			if err == nil {
				err = l.Apply(t.Context(),
					graph.Block{Header: graph.Header{Height: test.first}, Know: test.know},
					graph.Block{Header: graph.Header{Height: test.first + 1}, Know: test.know, Txs: []graph.Tx{{Hash: graph.Hash{1}, Transfers: []graph.Transfer{move}}}})
			}
			if err != nil {
				t.Fatal(err)
			}
			view, err := l.View(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			done, err := trace.Run(t.Context(), map[graph.ChainID]graph.View{chain.ID: view}, trace.Case{Direction: trace.Backward, Seeds: []string{chain.Alias + ":" + move.To.String()}}, trace.Known{})
			if err != nil {
				t.Fatal(err)
			}
			if len(done.Stops) != 1 || done.Stops[0].Reason != test.reason || done.Stops[0].Tainted != amountOf(7) {
				t.Fatalf("got %+v, want %s", done.Stops, test.reason)
			}
		})
	}
}
