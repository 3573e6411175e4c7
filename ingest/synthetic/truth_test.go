package synthetic_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"spoor/graph"
	"spoor/ingest/synthetic"
)

func ethereumLeg(t testing.TB, s synthetic.Script) *synthetic.Incident {
	t.Helper()
	n, err := s.Ethereum()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func bitcoinLeg(t testing.TB, s synthetic.Script) *synthetic.Incident {
	t.Helper()
	n, err := s.Bitcoin()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

var scripts = map[string]synthetic.Script{
	"bare":         {Seed: 1},
	"in traffic":   {Seed: 2, Background: 5_000},
	"long":         {Seed: 3, Hops: 300, Background: 1_000},
	"one hop":      {Seed: 4, Hops: 1},
	"many at once": {Seed: 5, Incidents: 12, Background: 5_000},
	"in a crowd":   {Seed: 6, Incidents: 3, Background: 60_000},
}

func TestIncidentsAreSound(t *testing.T) {
	for name, script := range scripts {
		for _, n := range []*synthetic.Incident{ethereumLeg(t, script), bitcoinLeg(t, script)} {
			t.Run(name+" on "+n.Chain().Alias, func(t *testing.T) {
				l := replay(t, n)
				l.checkSupply(t)
				if l.transfers < script.Background {
					t.Errorf("%d transfers, want %d of background at least", l.transfers, script.Background)
				}
				for _, s := range n.Truth.Seeds {
					if !l.hashes[s.Tx] {
						t.Errorf("seed %s is not in the ledger", s.Tx)
					}
				}
				if n.Chain().Family == graph.AccountFamily && l.failed == 0 {
					t.Error("no transaction failed")
				}
			})
		}
	}
}

// Seeded + converted in + bridged in = at rest + ended + fees + converted out +
// bridged out.
func TestTruthIsConserved(t *testing.T) {
	for name, script := range scripts {
		for _, n := range append(journey(t, script), ethereumLeg(t, script), bitcoinLeg(t, script)) {
			ends := map[graph.Asset]*graph.Amount{}
			for i := range n.Truth.Ends {
				e := &n.Truth.Ends[i]
				if e.Amount.IsZero() || e.Role == "" {
					t.Errorf("%s: empty end %+v", name, e)
				}
				if ends[e.Asset] == nil {
					ends[e.Asset] = new(graph.Amount)
				}
				ends[e.Asset].Add(ends[e.Asset], &e.Amount)
			}
			seeded := map[graph.Asset]*graph.Amount{}
			for _, s := range n.Truth.Seeds {
				if seeded[s.Asset] == nil {
					seeded[s.Asset] = new(graph.Amount)
				}
				seeded[s.Asset].Add(seeded[s.Asset], &s.Amount)
			}
			for _, s := range n.Truth.Sums {
				var in, out graph.Amount
				in.Add(&s.Seeded, &s.ConvertedIn)
				in.Add(&in, &s.BridgedIn)
				for _, part := range []graph.Amount{s.AtRest, s.Ended, s.Fees, s.ConvertedOut, s.BridgedOut} {
					out.Add(&out, &part)
				}
				if in != out {
					t.Errorf("%s: %s: in %s, out %s", name, s.Asset, in.Dec(), out.Dec())
				}
				var listed graph.Amount
				if ends[s.Asset] != nil {
					listed = *ends[s.Asset]
				}
				listed.Add(&listed, &s.ConvertedOut)
				listed.Add(&listed, &s.BridgedOut)
				if listed != out {
					t.Errorf("%s: %s: ends and conversions are %s, want %s", name, s.Asset, listed.Dec(), out.Dec())
				}
				if given := seeded[s.Asset]; given != nil && *given != s.Seeded {
					t.Errorf("%s: %s: seeds are %s, want %s", name, s.Asset, given.Dec(), s.Seeded.Dec())
				}
			}
		}
	}
}

func journey(t *testing.T, script synthetic.Script) []*synthetic.Incident {
	t.Helper()
	legs, err := script.Journey()
	if err != nil {
		t.Fatal(err)
	}
	return legs
}

// The journey over three chains is sound on each, and its ends follow from the
// story: nine tenths of what the thief swaps are stolen, and clean money is in
// front of them on the way.
func TestJourneyByHand(t *testing.T) {
	script := synthetic.Script{Seed: 3, Incidents: 2, Background: 3000}
	legs := journey(t, script)
	kept := map[string]string{"0: thief": "100", "0: cold wallet": "150000", "0: mule": "49200", "0: keeper": "150000", "0: last": "44000"}
	for i, n := range legs {
		replay(t, n).checkSupply(t)
		for _, end := range n.Truth.Ends {
			if end.Reason != synthetic.AtRest || kept[end.Role] == "" {
				continue
			}
			decimals := uint8(6)
			if i == 0 {
				decimals = 18
			}
			if got := graph.FormatUnits(end.Amount, decimals); got != kept[end.Role] {
				t.Errorf("%s keeps %s, want %s", end.Role, got, kept[end.Role])
			}
			delete(kept, end.Role)
		}
	}
	if len(kept) > 0 {
		t.Errorf("not in the truth: %v", kept)
	}
	// 50 clean coins and 0.0024 for the fee go in front of 350 stolen ones; of
	// those 0.1 % and then 1 % stay with the bridges, and all of the rest but
	// 200,000 dollars reaches the exchange.
	first, last := legs[0].Truth.Sums, legs[2].Truth.Sums
	if len(first) != 2 || len(last) != 1 {
		t.Fatalf("assets: %+v, %+v", first, last)
	}
	in := last[0].BridgedIn
	out := legs[2].Truth.Ended(last[0].Asset, synthetic.Exchange)
	if sum := *new(graph.Amount).Add(&out, &last[0].AtRest); sum != in || first[0].Asset.IsNative() && first[0].BridgedOut.IsZero() {
		t.Errorf("bridged in %s, exchange %s, at rest %s", in.Dec(), out.Dec(), last[0].AtRest.Dec())
	}
}

// What can be told from the story without any books.
func TestHeistByHand(t *testing.T) {
	n := ethereumLeg(t, synthetic.Script{Seed: 7})
	native := n.Chain().Native()
	var usd, weth graph.Asset
	for _, i := range n.Infos() {
		switch {
		case i.Symbol == "WETH":
			weth = i.Asset
		case i.Symbol == "DUSD" && usd == (graph.Asset{}):
			usd = i.Asset
		}
	}
	at := func(role string, asset graph.Asset) string {
		amount := n.Truth.At(n.Truth.Address(role), asset)
		return amount.Dec()
	}
	for _, c := range []struct {
		role  string
		asset graph.Asset
		want  string
	}{
		{"0: keeper of ether", native, "100000000000000000000"},
		{"0: buyer's other address", native, "200000000000000000000"},
		{"0: swapper with clean money", native, "150000000000000000000"}, // 200 ETH for dollars three quarters of which are stolen
		{"0: keeper of wrapped ether", weth, "60000000000000000000"},
		{"0: keeper of dollars", usd, "340000000000"}, // 350,000 less what they destroyed
		{"burn address", native, "10000000000000000000"},
		{"burn address", usd, "50000000000"},
		// 250 swapped, 100 wrapped, 40 unwrapped, and three fees of 0.0024
		// (wrapping, sending, unwrapping); the swap's fee was funded.
		{"0: swapper", native, "189992800000000000000"},
		// Two deposits of 100. What nine fees of 0.0024 had left of 2 ETH of gas
		// money came along, clean and oldest, and paid one fee more: 1.976.
		{"mixer 100 ETH", native, "198024000000000000000"},
	} {
		if got := at(c.role, c.asset); got != c.want {
			t.Errorf("%s: %s of %s, want %s", c.role, got, c.asset.Text(), c.want)
		}
	}
}

func TestTheftByHand(t *testing.T) {
	n := bitcoinLeg(t, synthetic.Script{Seed: 7})
	native := n.Chain().Native()
	for role, want := range map[string]string{
		"0: joined 3":                "87000000", // the thief's 1.05 BTC follow 2.13 of others
		"0: joined 4":                "18000000",
		"0: consolidated":            "1899999454", // behind 2 BTC and 546 satoshi of clean money
		"0: change of consolidation": "100000546",
		"0: keeper":                  "3894990000",
	} {
		amount := n.Truth.At(n.Truth.Address(role), native)
		if amount.Dec() != want {
			t.Errorf("%s: %s, want %s", role, amount.Dec(), want)
		}
	}
	joined := n.Truth.Ended(native, synthetic.CoinJoin)
	if joined.Dec() != "105000000" {
		t.Errorf("CoinJoin: %s, want 105000000", joined.Dec())
	}
}

// The books of the script against the ledger it wrote: first in first out over
// every transaction of the ledger, written anew here.
func TestTruthFollowsFromTheLedger(t *testing.T) {
	for name, script := range scripts {
		t.Run(name, func(t *testing.T) {
			compareEnds(t, bitcoinLeg(t, script), followCoins)
			compareEnds(t, ethereumLeg(t, script), followAccounts)
		})
	}
}

// The same for every typology alone.
func TestTypologies(t *testing.T) {
	for _, name := range synthetic.Typologies() {
		t.Run(name, func(t *testing.T) {
			for _, script := range []synthetic.Script{{Seed: 1}, {Seed: 2, Incidents: 3, Hops: 5, Background: 1_000}} {
				n, sentence, err := script.Typology(name)
				if err != nil || sentence == "" {
					t.Fatal(sentence, err)
				}
				replay(t, n).checkSupply(t)
				compareEnds(t, n, followAccounts)
			}
		})
	}
	if _, _, err := (synthetic.Script{}).Typology("magic"); !errors.Is(err, synthetic.ErrTypology) {
		t.Error(err)
	}
}

// The same for many seeds and shapes.
func TestTruthOfManySeeds(t *testing.T) {
	seeds := uint64(40)
	if testing.Short() {
		seeds = 8
	}
	for seed := range seeds {
		script := synthetic.Script{Seed: seed + 100, Incidents: 1 + int(seed%3), Hops: 1 + int(seed%13), Background: int(seed%5) * 400}
		for _, n := range []*synthetic.Incident{ethereumLeg(t, script), bitcoinLeg(t, script)} {
			replay(t, n).checkSupply(t)
		}
		compareEnds(t, bitcoinLeg(t, script), followCoins)
		compareEnds(t, ethereumLeg(t, script), followAccounts)
		if t.Failed() {
			t.Fatalf("with %+v", script)
		}
	}
}

func compareEnds(t *testing.T, n *synthetic.Incident, follow func(t *testing.T, n *synthetic.Incident) map[string]graph.Amount) {
	t.Helper()
	got := follow(t, n)
	want := map[string]graph.Amount{}
	for _, e := range n.Truth.Ends {
		key := endKey(e.Reason, e.Address, e.Asset)
		sum := want[key]
		want[key] = *sum.Add(&sum, &e.Amount)
	}
	for key, amount := range want {
		if found := got[key]; found != amount {
			t.Errorf("%s: %s follows from the ledger, the truth says %s", key, found.Dec(), amount.Dec())
		}
	}
	for key, amount := range got {
		if _, known := want[key]; !known {
			t.Errorf("%s: %s follows from the ledger, the truth knows nothing of it", key, amount.Dec())
		}
	}
}

func endKey(reason synthetic.Reason, at graph.Address, asset graph.Asset) string {
	if reason == synthetic.Fee {
		at = graph.Address{} // which payer is a convention on UTXO ledgers
	}
	if reason == synthetic.CoinJoin {
		reason = synthetic.AtRest // followed through
	}
	return fmt.Sprintf("%s %s %s", reason, at, asset.Text())
}

type piece struct {
	amount graph.Amount
	stolen bool
}

func split(pieces []piece, amount graph.Amount) (head, tail []piece) {
	for i, p := range pieces {
		if amount.Lt(&p.amount) {
			rest := p
			rest.amount.Sub(&p.amount, &amount)
			if !amount.IsZero() {
				head = append(head, piece{amount, p.stolen})
			}
			return head, append([]piece{rest}, pieces[i+1:]...)
		}
		head = append(head, p)
		amount.Sub(&amount, &p.amount)
	}
	return head, nil
}

type found map[string]graph.Amount

func (f found) add(reason synthetic.Reason, at graph.Address, asset graph.Asset, pieces []piece) {
	for _, p := range pieces {
		if p.stolen {
			key := endKey(reason, at, asset)
			sum := f[key]
			f[key] = *sum.Add(&sum, &p.amount)
		}
	}
}

func followCoins(t *testing.T, n *synthetic.Incident) map[string]graph.Amount {
	seeds := map[graph.OutPoint]bool{}
	stolenTo := map[graph.Hash][]graph.Address{}
	for _, s := range n.Truth.Seeds {
		stolenTo[s.Tx] = append(stolenTo[s.Tx], s.To)
	}
	hot := n.Truth.Address("exchange hot wallet")
	native := n.Chain().Native()
	type unspent struct {
		to     graph.Address
		pieces []piece
	}
	coins := map[graph.OutPoint]unspent{}
	ends := found{}
	for _, b := range collect(t, n.Blocks(context.Background())) {
		for _, tx := range b.Txs {
			var money []piece
			for _, x := range tx.Transfers {
				if x.Kind == graph.KindInput {
					money = append(money, coins[x.Prev].pieces...)
					delete(coins, x.Prev)
					continue
				}
				at := graph.OutPoint{Tx: tx.Hash, Index: uint32(x.Seq.Index())}
				var head []piece
				if tx.Index == 0 {
					head = []piece{{x.Amount, false}}
				} else {
					head, money = split(money, x.Amount)
				}
				if slices.Contains(stolenTo[tx.Hash], x.To) {
					seeds[at] = true
					head = []piece{{x.Amount, true}}
				}
				if x.To == hot {
					ends.add(synthetic.Exchange, hot, native, head)
					head = []piece{{x.Amount, false}}
				}
				coins[at] = unspent{x.To, head}
			}
			ends.add(synthetic.Fee, graph.Address{}, native, money)
		}
	}
	if len(seeds) != len(n.Truth.Seeds) {
		t.Errorf("%d seeds met, want %d", len(seeds), len(n.Truth.Seeds))
	}
	for _, c := range coins {
		ends.add(synthetic.AtRest, c.to, native, c.pieces)
	}
	return ends
}

func followAccounts(t *testing.T, n *synthetic.Incident) map[string]graph.Amount {
	stolen := map[graph.Hash]map[place]bool{}
	for _, s := range n.Truth.Seeds {
		if stolen[s.Tx] == nil {
			stolen[s.Tx] = map[place]bool{}
		}
		stolen[s.Tx][place{s.To, s.Asset}] = true
	}
	stops := map[graph.Address]synthetic.Reason{
		n.Truth.Address("exchange hot wallet"): synthetic.Exchange,
		n.Truth.Address("mixer 100 ETH"):       synthetic.Mixer,
		n.Truth.Address("burn address"):        synthetic.Burn,
	}
	piles := map[place][]piece{}
	ends := found{}
	for _, b := range collect(t, n.Blocks(context.Background())) {
		for _, tx := range b.Txs {
			f := flow{piles: piles, ends: ends, stops: stops}
			for _, x := range tx.Transfers {
				if x.Kind.IsFee() {
					f.sender = x.From
					paid := f.take(place{x.From, x.Asset}, x.Amount)
					ends.add(synthetic.Fee, graph.Address{}, x.Asset, paid)
					f.put(place{x.To, x.Asset}, []piece{{x.Amount, false}})
					continue
				}
				f.leg(x)
			}
			f.settle(stolen[tx.Hash])
		}
	}
	for at, pieces := range piles {
		ends.add(synthetic.AtRest, at.at, at.asset, pieces)
	}
	return ends
}

// flow is one transaction, net.
type flow struct {
	piles  map[place][]piece
	ends   found
	stops  map[graph.Address]synthetic.Reason
	sender graph.Address // pays the fee; in our scripts the one who swaps
	order  []place
	in     map[place]graph.Amount
	out    map[place]graph.Amount
}

func (f *flow) take(from place, amount graph.Amount) []piece {
	head, tail := split(f.piles[from], amount)
	f.piles[from] = tail
	return head
}

func (f *flow) put(to place, pieces []piece) {
	if to.at.IsZero() {
		return
	}
	if reason, stop := f.stops[to.at]; stop {
		f.ends.add(reason, to.at, to.asset, pieces)
		for _, p := range pieces {
			f.piles[to] = append(f.piles[to], piece{p.amount, false})
		}
		return
	}
	f.piles[to] = append(f.piles[to], pieces...)
}

func (f *flow) leg(x graph.Transfer) {
	if f.in == nil {
		f.in, f.out = map[place]graph.Amount{}, map[place]graph.Amount{}
	}
	for _, p := range []place{{x.From, x.Asset}, {x.To, x.Asset}} {
		if !slices.Contains(f.order, p) {
			f.order = append(f.order, p)
		}
	}
	sum := f.out[place{x.From, x.Asset}]
	f.out[place{x.From, x.Asset}] = *sum.Add(&sum, &x.Amount)
	sum = f.in[place{x.To, x.Asset}]
	f.in[place{x.To, x.Asset}] = *sum.Add(&sum, &x.Amount)
}

// settle moves the net amounts. If whoever receives an asset gives another, it
// was a swap, and the giver's share becomes a share of what the one other
// receiver got.
func (f *flow) settle(stolen map[place]bool) {
	var payers, receivers []place
	for _, p := range f.order {
		in, out := f.in[p], f.out[p]
		switch in.Cmp(&out) {
		case -1:
			f.out[p] = *out.Sub(&out, &in)
			payers = append(payers, p)
		case 1:
			f.in[p] = *in.Sub(&in, &out)
			receivers = append(receivers, p)
		}
	}
	gives := func(a graph.Address, except graph.Asset) bool {
		return slices.ContainsFunc(payers, func(p place) bool { return p.at == a && p.asset != except && !a.IsZero() })
	}
	taken := map[place][]piece{}
	pot := map[graph.Asset][]piece{}
	for _, p := range payers {
		if p.at.IsZero() {
			pot[p.asset] = append(pot[p.asset], piece{f.out[p], false})
			continue
		}
		taken[p] = f.take(p, f.out[p])
		pot[p.asset] = append(pot[p.asset], taken[p]...)
	}
	swapped := slices.ContainsFunc(payers, func(p place) bool {
		return slices.ContainsFunc(receivers, func(r place) bool {
			return r.asset == p.asset && r.at != p.at && (gives(r.at, r.asset) || isWrap(f, p, r))
		})
	})
	if swapped {
		f.swap(payers, receivers, taken)
		return
	}
	for _, r := range receivers {
		head, tail := split(pot[r.asset], f.in[r])
		pot[r.asset] = tail
		if stolen[r] {
			head = []piece{{f.in[r], true}}
		}
		if r.at.IsZero() {
			f.ends.add(synthetic.Burn, graph.Address{}, r.asset, head)
			continue
		}
		f.put(r, head)
	}
}

// isWrap: coins go to the wrapped coin's contract, or the wrapped coin is
// destroyed while that contract pays.
func isWrap(f *flow, p, r place) bool {
	return slices.ContainsFunc(f.order, func(o place) bool {
		return o.asset.Contract == r.at && !r.at.IsZero() || o.at == p.asset.Contract && !p.asset.Contract.IsZero()
	})
}

func (f *flow) swap(payers, receivers []place, taken map[place][]piece) {
	seller := payers[slices.IndexFunc(payers, func(p place) bool { return p.at == f.sender })]
	for _, r := range receivers {
		switch {
		case r.at.IsZero():
		case r.asset == seller.asset, r.at != seller.at && slices.ContainsFunc(payers, func(p place) bool { return p.at == r.at }):
			f.put(r, []piece{{f.in[r], false}}) // the other side's money is clean
		default:
			given := f.out[seller]
			var out []piece
			for _, p := range taken[seller] {
				got := f.in[r]
				got.MulDivOverflow(&p.amount, &got, &given)
				out = append(out, piece{got, p.stolen})
			}
			f.put(r, out)
		}
	}
}

func TestCase(t *testing.T) {
	script := synthetic.Script{Seed: 9, Incidents: 2}
	ethereum, bitcoin := ethereumLeg(t, script), bitcoinLeg(t, script)
	text, err := synthetic.Case("demo", ethereum, bitcoin)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"ethereum:0x" + ethereum.Truth.Seeds[0].Tx.String(),
		"bitcoin:" + bitcoin.Truth.Seeds[0].Tx.String(),
		"address: \"" + ethereum.Truth.Address("mixer 100 ETH").String(),
		"behaviour: mixer_pool",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the case has no %q:\n%s", want, text)
		}
	}
	if got := strings.Count(string(text), "- ethereum:0x"); got != 2 {
		t.Errorf("%d Ethereum seeds, want one for each exploit:\n%s", got, text)
	}
}
