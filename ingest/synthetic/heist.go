package synthetic

import (
	"slices"

	"spoor/graph"
)

// heist is the story on Ethereum. A contract is drained of tokens and coins
// around a flash loan; the thief splits both, and every part takes another
// way: peeled off to an exchange, swapped by its holder, swapped to somebody
// else, swapped together with clean money, wrapped and unwrapped, mixed, burnt,
// or simply kept.
type heist struct {
	evm
	usd, fake, weth             graph.Asset
	exchange                    graph.Address // hot wallet: a hub of the background
	lender, pool, router        graph.Address
	mixer, mixerRouter, station graph.Address
	poisoner, dead              graph.Address
}

const (
	heistHeight = 99_000_000 // far from any real tip
	loot        = 500        // ether in each vault
)

// Ethereum plays the script's EVM leg.
func (s Script) Ethereum() (*Incident, error) { return s.ethereum((*heist).play) }

// ethereum plays a story of so many hops on an account ledger, for each incident.
func (s Script) ethereum(play func(h *heist, hops int)) (*Incident, error) {
	s, err := s.withDefaults()
	if err != nil {
		return nil, err
	}
	t := Traffic{Ledger: graph.ChainOf(graph.Ethereum), Seed: s.Seed, Transfers: s.Background, Start: heistHeight}.withDefaults()
	h := &heist{evm: evm{
		stage:   stage{books: newBooks(t.Ledger), d: newDraw(s.Seed, "heist"), seed: s.Seed, incident: -1, height: t.Start},
		traffic: t, native: t.Ledger.Native(), base: units(2_100_000_000_000_000), tip: units(300_000_000_000_000),
	}}
	h.gas = plus(h.base, h.tip)
	h.prologue(uint64(s.Incidents), uint64(s.Hops))
	begin := h.height
	for i := range s.Incidents {
		h.incident = i
		h.height = s.start(begin, i, h.d)
		play(h, s.Hops)
	}
	slices.SortStableFunc(h.txs, func(a, b scripted) int { return int(int64(a.height) - int64(b.height)) })
	n := &Incident{Truth: h.close(), traffic: t, extra: h.extra, infos: h.infos, txs: h.txs, least: s.blocks()}
	n.Truth.Labels = h.labels()
	n.Truth.sortSeeds(h.txs)
	return n, nil
}

// prologue sets the scene: services with customers of their own, before any
// incident.
func (h *heist) prologue(incidents, hops uint64) {
	ledger := h.traffic.Ledger
	h.usd = h.tokenOf("demo dollar", "DUSD")
	h.fake = h.tokenOf("counterfeit dollar", "DUSD")
	wrapped := must(graph.ParseAddress(ledger, ledger.Wrapped))
	h.name(wrapped, "wrapped ether")
	h.weth = graph.Asset{Chain: ledger.ID, Standard: graph.ERC20, Contract: wrapped}
	h.infos = append(h.infos, graph.AssetInfo{Asset: h.weth, Symbol: "WETH", Decimals: 18, Source: "synthetic script"})
	h.exchange = h.traffic.Hub(0)
	h.name(h.exchange, "exchange hot wallet")
	h.dead = must(graph.ParseAddress(ledger, "0x000000000000000000000000000000000000dEaD"))
	h.name(h.dead, "burn address")
	h.lender, h.pool, h.router = h.who("flash lender"), h.who("swap pool"), h.who("swap router")
	h.mixer, h.mixerRouter = h.who("mixer 100 ETH"), h.who("mixer router")
	h.station, h.poisoner = h.who("gas station"), h.who("poisoner")

	h.open(h.lender, h.usd, dollars(1_000_000))
	h.open(h.station, h.native, ether(incidents*(20+hops)))
	h.open(h.poisoner, h.native, ether(incidents))
	h.open(h.poisoner, h.fake, dollars(incidents*1_000_000))
	h.open(h.poisoner, h.usd, dollars(incidents))

	// The pool's coins come from somebody who wraps and lends them.
	provider := h.who("liquidity provider")
	h.open(provider, h.native, ether(incidents*1000+2))
	h.open(provider, h.usd, dollars(incidents*2_000_000))
	h.wrap(provider, ether(incidents*1000))
	h.send(provider, h.pool, h.weth, ether(incidents*1000))
	h.send(provider, h.pool, h.usd, dollars(incidents*2_000_000))

	trader := h.who("trader")
	h.open(trader, h.native, ether(2))
	h.open(trader, h.usd, dollars(20_000))
	h.swap(trader, trader, dollars(20_000), ether(10))
	for _, name := range []string{"customer 1", "customer 2", "customer 3", "customer 4", "customer 5", "customer 6"} {
		customer := h.who("mixer " + name)
		h.open(customer, h.native, ether(101))
		h.mix(customer)
	}
	// Somebody takes an old deposit out again, through a relayer.
	relayer := h.who("relayer")
	h.open(relayer, h.native, ether(1))
	tx := h.tx(relayer)
	out := h.who("withdrawn")
	tx.call(h.mixer, out, milliether(99_900))
	tx.call(h.mixer, relayer, milliether(100))
	tx.done()
	h.take(h.mixer, h.native, ether(100))
	h.put(out, h.native, clean(milliether(99_900)))
	h.put(relayer, h.native, clean(milliether(100)))
}

// play is one incident.
func (h *heist) play(hops int) {
	thief := h.rob()
	h.tx(thief).fail() // greed: a second try reverts

	peeler, trader, buyer := h.who("peel 1"), h.who("swapper"), h.who("swapper for another")
	mixed, keeper := h.who("swapper with clean money"), h.who("keeper of dollars")
	for _, part := range []struct {
		to  graph.Address
		usd uint64
	}{{peeler, 600_000}, {trader, 500_000}, {buyer, 400_000}, {mixed, 300_000}, {keeper, 350_000}} {
		if part.to == mixed { // who has clean dollars already: they are older
			h.open(mixed, h.usd, dollars(100_000))
		}
		h.send(thief, part.to, h.usd, dollars(part.usd))
	}
	h.endAt(Burn, thief, h.dead, h.usd, dollars(50_000))
	h.fund(keeper, 1)
	h.destroy(keeper, dollars(10_000))

	// The first coins that leave are the clean ones left of the gas money.
	washer, walker, holder := h.who("washer"), h.who("walker 1"), h.who("keeper of ether")
	h.send(thief, washer, h.native, ether(201))
	h.send(thief, walker, h.native, ether(150))
	h.send(thief, holder, h.native, ether(100))
	h.endAt(Burn, thief, h.dead, h.native, ether(10))

	h.poison(thief, h.who("deposit 1"))
	h.poison(peeler, h.who("deposit 1"))
	h.poison(holder, h.exchange)
	h.peel(peeler, hops)
	h.trade(trader)
	h.fund(buyer, 1)
	h.swap(buyer, h.who("buyer's other address"), dollars(400_000), ether(200))
	h.fund(mixed, 1)
	h.swap(mixed, mixed, dollars(400_000), ether(200)) // three quarters of it stolen
	h.mix(washer)
	h.mix(washer)
	h.walk(walker, max(2, hops/2))
	h.poison(keeper, peeler)
}

// rob fills a vault and empties it.
func (h *heist) rob() (thief graph.Address) {
	thief, vault := h.who("thief"), h.who("vault")
	stolenUSD := plus(dollars(2_400_000), units(h.d.below(100_000_000_000)))
	h.open(vault, h.usd, stolenUSD)
	h.open(vault, h.native, ether(loot))
	h.send(h.station, thief, h.native, ether(2)) // clean gas money
	h.exploit(thief, vault, stolenUSD)
	return thief
}

// exploit drains the vault in one transaction, with borrowed dollars going in
// and out again around it. The loan is free, so the thief alone gains.
func (h *heist) exploit(thief, vault graph.Address, usd graph.Amount) {
	contract := h.who("exploit contract")
	loan := dollars(1_000_000)
	tx := h.tx(thief)
	tx.call(vault, contract, ether(loot))
	tx.call(contract, thief, ether(loot))
	tx.token(h.lender, contract, h.usd, loan)
	tx.token(contract, vault, h.usd, loan)
	tx.token(vault, contract, h.usd, plus(loan, usd))
	tx.token(contract, h.lender, h.usd, loan)
	tx.token(contract, thief, h.usd, usd)
	hash := tx.done()
	h.take(vault, h.usd, usd)
	h.take(vault, h.native, ether(loot))
	h.steal(hash, thief, h.usd, usd)
	h.steal(hash, thief, h.native, ether(loot))
	h.put(thief, h.usd, lot{usd, true})
	h.put(thief, h.native, lot{ether(loot), true})
}

// peel pays a share of what arrived to a fresh deposit address of the exchange
// and moves the rest to the next address, so many times.
func (h *heist) peel(holder graph.Address, hops int) {
	for i := 1; i <= hops; i++ {
		have := h.has(holder, h.usd)
		part := over(have, h.shares(hops-i))
		deposit := h.who(numbered("deposit", i))
		next := h.who(numbered("peel", i+1))
		h.fund(holder, 2)
		h.send(holder, deposit, h.usd, part)
		h.send(holder, next, h.usd, minus(have, part))
		h.fund(deposit, 1)
		h.endAt(Exchange, deposit, h.exchange, h.usd, part)
		holder = next
	}
}

// shares is of how many parts one is peeled off, when so many hops remain:
// about a third to a half of the value is left in the end, however many.
func (s *stage) shares(remain int) uint64 {
	n := uint64(remain)
	return n + 3 + s.d.below(n+1)
}

// walk is a peel chain of coins, whose fees are paid from the loot itself.
func (h *heist) walk(holder graph.Address, hops int) {
	for i := 1; i <= hops; i++ {
		deposit := h.who(numbered("coin deposit", i))
		next := h.who(numbered("walker", i+1))
		part := over(h.has(holder, h.native), h.shares(hops-i))
		h.send(holder, deposit, h.native, part)
		h.send(holder, next, h.native, minus(h.has(holder, h.native), h.gas))
		h.endAt(Exchange, deposit, h.exchange, h.native, minus(part, h.gas))
		holder = next
	}
}

// trade swaps dollars for coins, wraps some, sends most of those on and
// unwraps the rest.
func (h *heist) trade(trader graph.Address) {
	h.fund(trader, 1)
	h.swap(trader, trader, dollars(500_000), ether(250))
	h.wrap(trader, ether(100))
	h.send(trader, h.who("keeper of wrapped ether"), h.weth, ether(60))
	h.unwrap(trader, ether(40))
}

// poison is noise aimed at a victim: a transfer of nothing in their name to a
// look-alike of somebody they pay, a counterfeit of their token, and dust.
func (h *heist) poison(victim, friend graph.Address) {
	raw := slices.Clone(h.digest("look-alike of " + h.roles[friend])[12:])
	real := friend.Bytes()
	copy(raw[:2], real[:2])
	copy(raw[18:], real[18:])
	lookalike := graph.EVMAddress(friend.Chain, [20]byte(raw))
	h.name(lookalike, h.role("look-alike of "+h.roles[friend]))
	tx := h.tx(h.poisoner)
	tx.call(h.poisoner, lookalike, units(2))
	tx.call(lookalike, victim, units(1))
	tx.token(victim, lookalike, h.usd, graph.Amount{})
	tx.token(h.poisoner, victim, h.fake, dollars(1_000))
	tx.token(h.poisoner, victim, h.usd, units(1))
	tx.done()
	h.take(h.poisoner, h.native, units(2))
	h.put(lookalike, h.native, clean(units(1)))
	h.put(victim, h.native, clean(units(1)))
	h.take(h.poisoner, h.fake, dollars(1_000))
	h.put(victim, h.fake, clean(dollars(1_000)))
	h.take(h.poisoner, h.usd, units(1))
	h.put(victim, h.usd, clean(units(1)))
}
