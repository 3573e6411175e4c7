package synthetic

import (
	"sort"

	"spoor/graph"
)

// Units of the account model. Native balances are kept in gwei and token
// balances in base units, so that a balance is one machine word; what is opened
// is all there is, and all of it fits.
const (
	weiPerGwei = 1_000_000_000
	opening    = 100_000_000_000_000_000 // of every asset at every hub: 10^8 coins, or 10^11 tokens
	feeGwei    = 420_000                 // 21,000 gas at 20 gwei: burnt
	tipGwei    = 42_000                  // 21,000 gas at 2 gwei: to the block's proposer
	proposers  = 8
	firstFree  = Hubs + 1 + proposers // serials below are hubs, the paymaster, proposers
	paymaster  = Hubs
)

// wallet is an account with a balance of the native coin and of one token.
type wallet struct {
	serial        uint64 // its address is made from it
	coins, tokens uint64
	token         uint32 // number of the token held, if any are
}

// accounts makes the traffic of an account ledger.
type accounts struct {
	Traffic
	d       *draw
	total   int // transfers made
	txs     uint64
	wallets []wallet
	serials uint64
	hubs    [Hubs][]uint64 // balances by asset
	sponsor uint64         // gwei of the paymaster, who pays for those without coins
	zipf    []uint64       // cumulated weights of the assets
	recent  []ring         // wallets that lately received an asset, by asset
	assets  []graph.Asset
	hubAt   [Hubs]graph.Address
	logs    int // in the block being filled
	opened  bool
	extra   []graph.Transfer // further payments of the first block, spent by a script
}

// party is one end of a payment: a hub, or a wallet's place in the table.
type party struct {
	hub    bool
	number int
}

func newAccounts(t Traffic, extra []graph.Transfer) *accounts {
	a := &accounts{Traffic: t, extra: extra, d: newDraw(t.Seed, "accounts"), serials: firstFree, sponsor: opening}
	sum := uint64(0)
	for i := range t.Assets {
		sum += 1 << 32 / uint64(i+1)
		a.zipf = append(a.zipf, sum)
		a.assets = append(a.assets, t.token(i))
		a.recent = append(a.recent, newRing(max(64, 1<<18/(i+1))))
	}
	for h := range a.hubs {
		a.hubAt[h] = t.Hub(h)
		for range t.Assets {
			a.hubs[h] = append(a.hubs[h], opening)
		}
	}
	return a
}

func (a *accounts) made() int { return a.total }

func (a *accounts) fill(b *graph.Block, transfers int) {
	if !a.opened {
		// Nothing can be spent before the opening balances are there: the
		// first block only pays them out.
		a.opened = true
		b.Txs = append(b.Txs, graph.Tx{Index: graph.BlockTx, Transfers: a.open()})
		a.total += b.Transfers()
		return
	}
	a.logs = 0
	proposer := a.proposer(b.Height)
	rows := make([]graph.Transfer, 0, transfers+transfers/8+16)
	for len(rows) < transfers {
		from := len(rows)
		failed := a.d.percent(1) && !a.NoFees
		rows = a.pay(rows, proposer, failed)
		tx := graph.Tx{Index: uint32(len(b.Txs)), Failed: failed, Transfers: rows[from:len(rows):len(rows)]}
		a.txs++
		tx.Hash = txHash(a.Seed, a.txs, tx.Transfers)
		b.Txs = append(b.Txs, tx)
	}
	a.total += len(rows)
}

// proposer is who earns the priority fees of a block.
func (t Traffic) proposer(height uint32) graph.Address {
	return account(t.Ledger.ID, t.Seed, Hubs+1+uint64(height)%proposers)
}

func (a *accounts) open() []graph.Transfer {
	var rows []graph.Transfer
	add := func(to graph.Address, asset int) {
		kind := graph.KindMint
		if asset == 0 {
			kind = graph.KindGenesis
		}
		rows = append(rows, graph.Transfer{Seq: must(graph.RewardSeq(len(rows))), Kind: kind, To: to, Asset: a.assets[asset], Amount: a.units(asset, opening)})
	}
	for asset := range a.assets {
		for h := range a.hubs {
			add(a.hubAt[h], asset)
		}
	}
	add(account(a.Ledger.ID, a.Seed, paymaster), 0)
	for _, t := range a.extra {
		t.Seq = must(graph.RewardSeq(len(rows)))
		rows = append(rows, t)
	}
	return rows
}

// pay appends one transaction: one sender pays one asset to one or a few
// recipients. A failed one only pays its fee.
func (a *accounts) pay(rows []graph.Transfer, proposer graph.Address, failed bool) []graph.Transfer {
	asset, from := a.sender()
	sender := a.address(from)
	if !a.NoFees {
		payer := sender
		if coins := a.balance(from, 0); *coins >= feeGwei+tipGwei {
			*coins -= feeGwei + tipGwei
		} else {
			payer = account(a.Ledger.ID, a.Seed, paymaster)
			a.sponsor -= feeGwei + tipGwei
		}
		native := a.assets[0]
		rows = append(rows,
			graph.Transfer{Seq: graph.FeeSeq(0), Kind: graph.KindBaseFee, From: payer, Asset: native, Amount: a.units(0, feeGwei)},
			graph.Transfer{Seq: graph.FeeSeq(1), Kind: graph.KindFee, From: payer, To: proposer, Asset: native, Amount: a.units(0, tipGwei)})
	}
	if failed {
		return rows
	}
	payments := 1
	if a.d.percent(30) {
		payments += 1 + int(a.d.below(3))
	}
	for i := range payments {
		amount := a.amount(from, asset)
		if i > 0 && amount == 0 {
			break
		}
		to := a.recipient(asset, from)
		*a.balance(from, asset) -= amount
		t := graph.Transfer{From: sender, To: a.address(to), Asset: a.assets[asset], Amount: a.units(asset, amount)}
		switch {
		case asset > 0:
			t.Seq, t.Kind = must(graph.LogSeq(a.logs, 0)), graph.KindToken
			a.logs++
		case i == 0:
			t.Seq, t.Kind = must(graph.CallSeq(0)), graph.KindNative
		default:
			t.Seq, t.Kind = must(graph.CallSeq(i)), graph.KindInternal
		}
		rows = append(rows, t)
		a.credit(to, asset, amount)
	}
	return rows
}

// sender draws who pays, and what: somebody who has it.
func (a *accounts) sender() (asset int, from party) {
	asset = a.asset()
	if a.d.percent(10) {
		return asset, party{true, int(a.d.below(Hubs))}
	}
	for range 4 {
		at, ok := 0, true
		switch kind := a.d.below(100); {
		case kind < 50:
			at, ok = a.recent[asset].late(a.d, 64)
		case kind < 80:
			at, ok = a.recent[asset].any(a.d)
		case len(a.wallets) > 0: // somebody long forgotten
			at = int(a.d.below(uint64(len(a.wallets))))
		default:
			ok = false
		}
		if !ok {
			continue
		}
		from = party{number: at}
		if w := &a.wallets[at]; asset > 0 && w.token != uint32(asset) {
			if w.tokens > 0 {
				return int(w.token), from
			}
			asset = 0
		}
		if *a.balance(from, asset) > 4*(feeGwei+tipGwei) {
			return asset, from
		}
	}
	return asset, party{true, int(a.d.below(Hubs))}
}

// recipient draws who is paid in an asset by a sender.
func (a *accounts) recipient(asset int, from party) party {
	kind := a.d.below(100)
	if kind >= 30 && kind < 40 {
		return party{true, int(a.d.below(Hubs))}
	}
	if kind >= 40 {
		at, ok := a.recent[asset].any(a.d) // often received, so often chosen
		if n := uint64(len(a.wallets)); kind >= 90 && n > 0 {
			at, ok = int(a.d.below(n)), true
		}
		if ok && (asset == 0 || a.wallets[at].token == uint32(asset) || a.wallets[at].tokens == 0) {
			return party{number: at}
		}
	}
	return party{number: a.newcomer(from)}
}

// newcomer adds a wallet. If there are as many as may be, it takes the place of
// another than the present sender.
func (a *accounts) newcomer(from party) int {
	w := wallet{serial: a.serials}
	a.serials++
	if len(a.wallets) < a.Wallets {
		a.wallets = append(a.wallets, w)
		return len(a.wallets) - 1
	}
	at := int(a.d.below(uint64(len(a.wallets) - 1)))
	if !from.hub && at >= from.number {
		at++
	}
	a.wallets[at] = w // who was here keeps what they have for ever
	return at
}

// amount draws what a payment moves: anything of a hub, a quarter of the time
// all of a wallet, else a share of it. It is more than 0 if the balance is.
func (a *accounts) amount(from party, asset int) uint64 {
	balance := *a.balance(from, asset)
	switch {
	case from.hub:
		return min(a.d.spread(16, 36), balance/2)
	case a.d.percent(25):
		return balance
	}
	return balance - a.d.below(balance+1)/2
}

func (a *accounts) credit(to party, asset int, amount uint64) {
	if !to.hub {
		if asset > 0 {
			a.wallets[to.number].token = uint32(asset)
		}
		a.recent[asset].push(to.number)
	}
	*a.balance(to, asset) += amount
}

func (a *accounts) balance(of party, asset int) *uint64 {
	switch {
	case of.hub:
		return &a.hubs[of.number][asset]
	case asset == 0:
		return &a.wallets[of.number].coins
	}
	return &a.wallets[of.number].tokens
}

func (a *accounts) address(of party) graph.Address {
	if of.hub {
		return a.hubAt[of.number]
	}
	return account(a.Ledger.ID, a.Seed, a.wallets[of.number].serial)
}

func (a *accounts) asset() int {
	x := a.d.below(a.zipf[len(a.zipf)-1])
	return sort.Search(len(a.zipf), func(i int) bool { return a.zipf[i] > x })
}

func (a *accounts) units(asset int, n uint64) graph.Amount {
	if asset == 0 {
		return times(units(n), weiPerGwei)
	}
	return units(n)
}

// must unwraps places whose indices are bounded by construction.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
