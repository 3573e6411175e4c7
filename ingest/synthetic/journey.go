package synthetic

import (
	"fmt"
	"slices"

	"spoor/graph"
)

// journey is the story over three chains: dollars are stolen on Ethereum, swapped
// for coins, taken over a bridge to Polygon, swapped again, taken over another
// bridge to Arbitrum, and paid into an exchange. Some stays behind on each, clean
// money travels along, and strangers cross the same bridges.
type journey struct {
	first, second, third evm
	usd, beth, pusd      graph.Asset   // stolen; coins of Ethereum as a token of Polygon; what they are sold for
	ausd                 graph.Asset   // dollars of Arbitrum
	hub, mint            graph.Address // the first bridge on Ethereum, and on Polygon
	gate, vault          graph.Address // the second on Polygon, and on Arbitrum
	exchange             graph.Address
	passages             uint64
}

// Protocols of the journey's bridges: one keeps coins and issues a token for
// them, the other destroys a token and pays out of a vault.
const (
	lockBridge = "synthetic-lock"
	burnBridge = "synthetic-burn"
)

// Journey plays a theft over three chains, with a third of the background on
// each. The incidents come back in the order of the journey.
func (s Script) Journey() ([]*Incident, error) {
	s, err := s.withDefaults()
	if err != nil {
		return nil, err
	}
	background := s
	background.Background /= 3
	j := &journey{}
	stages := []*evm{&j.first, &j.second, &j.third}
	for i, chain := range []graph.ChainID{graph.Ethereum, "eip155:137", "eip155:42161"} {
		seed := s.Seed ^ uint64(i)<<56
		t := Traffic{Ledger: graph.ChainOf(chain), Seed: seed, Transfers: background.Background, Start: heistHeight}.withDefaults()
		e := stages[i]
		*e = evm{
			stage:   stage{books: newBooks(t.Ledger), d: newDraw(seed, "journey"), seed: seed, incident: -1, height: t.Start},
			traffic: t, native: t.Ledger.Native(), base: units(2_100_000_000_000_000), tip: units(300_000_000_000_000),
		}
		e.gas = plus(e.base, e.tip)
		e.open(e.who("gas station"), e.native, ether(uint64(s.Incidents)*10))
	}
	j.prologue(uint64(s.Incidents))
	for i := range s.Incidents {
		start := background.start(j.first.height, i, j.first.d)
		for _, e := range stages {
			e.incident, e.height = i, max(start, e.height)
		}
		j.play()
	}
	incidents := make([]*Incident, len(stages))
	for i, e := range stages {
		slices.SortStableFunc(e.txs, func(a, b scripted) int { return int(int64(a.height) - int64(b.height)) })
		incidents[i] = &Incident{Truth: e.close(), traffic: e.traffic, extra: e.extra, infos: e.infos, txs: e.txs, least: background.blocks()}
		incidents[i].Truth.sortSeeds(e.txs)
	}
	incidents[2].Truth.Labels = []graph.Label{{Address: j.exchange, Name: "Demo Exchange hot wallet", Category: "exchange", Behaviour: "hot_wallet",
		Source: "synthetic script", Confidence: 100}}
	return incidents, nil
}

// prologue sets the scene: pools and bridges that hold what they need.
func (j *journey) prologue(incidents uint64) {
	j.usd = j.first.tokenOf("demo dollar", "DUSD")
	j.pusd = j.second.tokenOf("polygon dollar", "PUSD")
	j.ausd = j.third.tokenOf("arbitrum dollar", "AUSD")
	j.beth = graph.Asset{Chain: j.second.traffic.Ledger.ID, Standard: graph.ERC20, Contract: j.second.who("bridged ether")}
	j.second.infos = append(j.second.infos, graph.AssetInfo{Asset: j.beth, Symbol: "bETH", Decimals: 18, Source: "synthetic script"})
	j.hub, j.mint = j.first.who("lock bridge"), j.second.who("lock bridge")
	j.gate, j.vault = j.second.who("burn bridge"), j.third.who("burn bridge")
	j.exchange = j.third.traffic.Hub(0)
	j.third.name(j.exchange, "exchange hot wallet")
	j.first.open(j.first.who("swap pool"), j.first.native, ether(incidents*1000))
	j.second.open(j.second.who("swap pool"), j.pusd, dollars(incidents*2_000_000))
	j.third.open(j.vault, j.ausd, dollars(incidents*2_000_000))
}

// play is one incident.
func (j *journey) play() {
	j.strangers("early")

	a := &j.first
	vault, thief := a.who("vault"), a.who("thief")
	a.open(vault, j.usd, dollars(900_000))
	a.open(thief, j.usd, dollars(100_000)) // the thief's own, and older
	a.fund(thief, 3)
	tx := a.tx(thief)
	tx.token(vault, thief, j.usd, dollars(900_000))
	hash := tx.done()
	a.take(vault, j.usd, dollars(900_000))
	a.put(thief, j.usd, lot{dollars(900_000), true})
	a.steal(hash, thief, j.usd, dollars(900_000))
	a.trade(thief, a.shared("swap pool"), j.usd, dollars(1_000_000), a.native, ether(500))

	b := &j.second
	mule := b.who("mule")
	b.fund(mule, 3)
	lots := j.lock(thief, mule, ether(400))
	j.issue(lots, mule, milliether(399_600), true)

	b.trade(mule, b.shared("swap pool"), j.beth, milliether(399_600), j.pusd, dollars(799_200))
	c := &j.third
	last := c.who("last")
	c.fund(last, 2)
	lots = j.destroy(mule, last, dollars(600_000))
	b.send(mule, b.who("cold wallet"), j.pusd, dollars(150_000))
	j.release(lots, last, dollars(594_000), true)

	deposit := c.who("deposit address")
	c.fund(deposit, 1)
	c.send(last, deposit, j.ausd, dollars(400_000))
	c.send(last, c.who("keeper"), j.ausd, dollars(150_000))
	c.endAt(Exchange, deposit, j.exchange, j.ausd, dollars(400_000))

	j.strangers("late")
}

// strangers cross the bridges with money of their own; one of them states a
// passage that never was, by a contract of his own.
func (j *journey) strangers(when string) {
	for i := range 3 {
		from, to := j.first.who(numbered(when+" stranger", i+1)), j.second.who(numbered(when+" stranger", i+1))
		j.first.open(from, j.first.native, ether(uint64(3+i)))
		j.issue(j.lock(from, to, ether(uint64(2+i))), to, milliether(1998+999*uint64(i)), false)
	}
	liar := j.first.who(when + " liar")
	j.first.open(liar, j.first.native, ether(3))
	tx := j.first.tx(liar)
	own := j.first.who(when + " liar's contract")
	tx.call(liar, own, ether(1))
	tx.state(j.departure(lockBridge+graph.Unproven, own, liar, j.second.who("mule"), j.first.native, ether(1)))
	tx.done()
	j.first.put(own, j.first.native, j.first.take(liar, j.first.native, ether(1))...)
}

// trade swaps with a pool.
func (s *evm) trade(who, pool graph.Address, give graph.Asset, given graph.Amount, get graph.Asset, got graph.Amount) {
	tx := s.tx(who)
	for _, leg := range []struct {
		from, to graph.Address
		asset    graph.Asset
		amount   graph.Amount
	}{{who, pool, give, given}, {pool, who, get, got}} {
		if leg.asset.IsNative() {
			tx.call(leg.from, leg.to, leg.amount)
		} else {
			tx.token(leg.from, leg.to, leg.asset, leg.amount)
		}
	}
	tx.done()
	lots := s.convert(s.take(who, give, given), give, get, got)
	s.put(pool, give, clean(given))
	s.take(pool, get, got)
	s.put(who, get, lots...)
}

// lock sends coins to Polygon; the lots are on their way.
func (j *journey) lock(from, to graph.Address, amount graph.Amount) []lot {
	tx := j.first.tx(from)
	tx.call(from, j.hub, amount)
	tx.state(j.departure(lockBridge, j.hub, from, to, j.first.native, amount))
	lots := j.first.take(from, j.first.native, amount)
	tx.done()
	j.first.put(j.hub, j.first.native, clean(amount))
	return lots
}

// issue gives bridged coins for what was locked.
func (j *journey) issue(lots []lot, to graph.Address, amount graph.Amount, follow bool) {
	s := &j.second
	relayer := j.arrives(&j.first, s)
	tx := s.tx(relayer)
	tx.log(graph.KindMint, graph.Address{}, to, j.beth, amount)
	tx.state(j.arrival(lockBridge, j.mint, to, j.beth, amount))
	tx.done()
	s.put(to, j.beth, cross(j.first.books, s.books, lots, j.first.native, j.beth, amount)...)
	if follow {
		j.first.height = s.height
	}
}

// destroy sends dollars to Arbitrum.
func (j *journey) destroy(from, to graph.Address, amount graph.Amount) []lot {
	tx := j.second.tx(from)
	tx.log(graph.KindBurn, from, graph.Address{}, j.pusd, amount)
	tx.state(j.departure(burnBridge, j.gate, from, to, j.pusd, amount))
	lots := j.second.take(from, j.pusd, amount)
	tx.done()
	return lots
}

// release pays out what was destroyed.
func (j *journey) release(lots []lot, to graph.Address, amount graph.Amount, follow bool) {
	s := &j.third
	relayer := j.arrives(&j.second, s)
	tx := s.tx(relayer)
	tx.token(j.vault, to, j.ausd, amount)
	tx.state(j.arrival(burnBridge, j.vault, to, j.ausd, amount))
	tx.done()
	s.take(j.vault, j.ausd, amount)
	s.put(to, j.ausd, cross(j.second.books, s.books, lots, j.pusd, j.ausd, amount)...)
	if follow {
		j.second.height = s.height
	}
}

// arrives lets the far ledger come to where this one is, and returns who pays
// for the transaction there. The ledgers' blocks have the same times.
func (j *journey) arrives(from, to *evm) graph.Address {
	to.height = max(to.height, from.height) + 10 + uint32(to.d.below(20))
	relayer := to.who("relayer")
	to.fund(relayer, 1)
	return relayer
}

// departure states that value leaves, under a key of its own.
func (j *journey) departure(protocol string, emitter, from, to graph.Address, asset graph.Asset, amount graph.Amount) graph.Event {
	j.passages++
	return graph.Event{Kind: graph.Departure, Protocol: protocol, Emitter: emitter, Subject: from, Asset: asset, Amount: amount, Key: j.key(),
		Far: graph.Far{Chain: string(to.Chain), Recipient: string(to.Bytes())}}
}

// arrival states that what left last comes out.
func (j *journey) arrival(protocol string, emitter, to graph.Address, asset graph.Asset, amount graph.Amount) graph.Event {
	return graph.Event{Kind: graph.Arrival, Protocol: protocol, Emitter: emitter, Subject: to, Asset: asset, Amount: amount, Key: j.key()}
}

func (j *journey) key() string { return fmt.Sprintf("%08d", j.passages) }
