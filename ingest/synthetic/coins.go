package synthetic

import (
	"slices"

	"spoor/graph"
)

// Units of the UTXO model, in satoshi.
const (
	firstCoins  = 64                    // outputs that open each hub's purse
	firstValue  = 100_000_000_000       // 1,000 BTC each
	subsidy     = 312_500_000           // of every block
	maturity    = 100                   // blocks before a subsidy may be spent
	satPerVByte = 10                    // fee rate
	dustLimit   = 10_000                // smaller outputs are not made
	purseSize   = 16                    // coins an owner keeps before they spend them all together
	hubPurse    = 200                   // of a hub
	miners      = 8                     // owners that earn the subsidies
	coinSerials = uint64(Hubs + miners) // serials of addresses below are hubs and miners
)

// coin is an unspent output.
type coin struct {
	at      graph.OutPoint
	value   uint64
	address uint64 // serial
}

// owner holds coins at many addresses.
type owner struct {
	home  uint64 // serial of the address they reuse
	coins []coin // oldest first
}

// coins makes the traffic of a UTXO ledger. Owners 0 to Hubs-1 are the hubs.
type coins struct {
	Traffic
	d       *draw
	total   int
	txs     uint64
	serials uint64
	owners  []owner
	recent  ring
	full    []int      // owners whose purse is full: they spend next
	unripe  []ripening // subsidies, oldest first
	native  graph.Asset
	opened  bool
	extra   []graph.Transfer // outputs of a script's own that the first block pays too
}

type ripening struct {
	height uint32
	miner  int
	coin   coin
}

func newCoins(t Traffic, extra []graph.Transfer) *coins {
	c := &coins{Traffic: t, extra: extra, d: newDraw(t.Seed, "coins"), serials: coinSerials, recent: newRing(1 << 16), native: t.Ledger.Native()}
	for i := range uint64(Hubs + miners) {
		c.owners = append(c.owners, owner{home: i})
	}
	return c
}

func (c *coins) made() int { return c.total }

func (c *coins) fill(b *graph.Block, transfers int) {
	for len(c.unripe) > 0 && c.unripe[0].height+maturity <= b.Height {
		c.receive(c.unripe[0].miner, c.unripe[0].coin)
		c.unripe = c.unripe[1:]
	}
	b.Txs = append(b.Txs, graph.Tx{}) // the coinbase is written last: it earns the fees
	var fees uint64
	made := 1
	if c.opened {
		for made < transfers {
			rows, fee := c.spend(b.Height)
			fees += fee
			made += len(rows.Transfers)
			rows.Index = uint32(len(b.Txs))
			b.Txs = append(b.Txs, rows)
		}
	}
	b.Txs[0] = c.coinbase(b.Height, fees)
	c.total += b.Transfers()
}

// coinbase pays subsidy and fees to a miner. That of the first block opens the
// hubs' purses instead; no ledger of ours has a history before it.
func (c *coins) coinbase(height uint32, fees uint64) graph.Tx {
	miner := Hubs + int(uint64(height)%miners)
	var tx graph.Tx
	var made []coin
	var whose []int
	add := func(who int, value uint64) {
		made = append(made, coin{value: value, address: c.owners[who].home})
		whose = append(whose, who)
		tx.Transfers = append(tx.Transfers, c.output(len(tx.Transfers), c.owners[who].home, value))
	}
	if c.opened {
		add(miner, subsidy+fees)
	} else {
		for range firstCoins {
			for h := range Hubs {
				add(h, firstValue)
			}
		}
		for _, t := range c.extra {
			t.Seq = must(graph.OutputSeq(len(tx.Transfers)))
			tx.Transfers = append(tx.Transfers, t)
		}
	}
	c.name(&tx)
	for i := range made {
		made[i].at = graph.OutPoint{Tx: tx.Hash, Index: uint32(i)}
		if c.opened {
			c.unripe = append(c.unripe, ripening{height, whose[i], made[i]})
		} else {
			c.receive(whose[i], made[i])
		}
	}
	c.opened = true
	return tx
}

// spend makes one transaction: an owner's oldest coins become payments and
// change.
func (c *coins) spend(height uint32) (graph.Tx, uint64) {
	who, inputs := c.spender()
	have := c.owners[who].coins
	spent := slices.Clone(have[:inputs])
	c.owners[who].coins = slices.Delete(have, 0, inputs)
	var in uint64
	for i := range spent {
		in += spent[i].value
	}
	payments := 1
	if c.d.percent(20) {
		payments += 1 + int(c.d.below(4))
	}
	fee := feeOf(inputs, payments+1)
	left := in - fee
	type payment struct {
		who   int
		value uint64
	}
	var outs []payment
	for range payments {
		if left <= 2*dustLimit {
			break
		}
		value := dustLimit + min(c.d.spread(14, 31), c.d.below(left-2*dustLimit+1))
		outs = append(outs, payment{c.recipient(who), value})
		left -= value
	}
	if left >= dustLimit { // change, at any place
		at := c.d.below(uint64(len(outs) + 1))
		outs = append(outs, payment{who, left})
		last := len(outs) - 1
		outs[at], outs[last] = outs[last], outs[at]
	} else {
		fee += left
	}
	rows := make([]graph.Transfer, 0, inputs+len(outs))
	for i := range spent {
		rows = append(rows, graph.Transfer{Seq: must(graph.InputSeq(i)), Kind: graph.KindInput, From: place(c.Ledger.ID, c.Seed, spent[i].address),
			Asset: c.native, Amount: units(spent[i].value), Prev: spent[i].at})
	}
	made := make([]coin, len(outs))
	for i, o := range outs {
		made[i] = coin{value: o.value, address: c.receiveAt(o.who)}
		rows = append(rows, c.output(i, made[i].address, o.value))
	}
	tx := graph.Tx{Transfers: rows}
	c.name(&tx)
	tx.Form = formOf(c.owners[who].home, height, tx.Hash, inputs, len(outs))
	for i, o := range outs {
		made[i].at = graph.OutPoint{Tx: tx.Hash, Index: uint32(i)}
		c.receive(o.who, made[i])
	}
	return tx, fee
}

// spender draws an owner who can pay, and how many of their coins they spend.
func (c *coins) spender() (who, inputs int) {
	for len(c.full) > 0 {
		who = c.full[len(c.full)-1]
		c.full = c.full[:len(c.full)-1]
		if n := len(c.owners[who].coins); n >= c.limit(who) {
			return who, n
		}
	}
	for range 8 {
		switch kind := c.d.below(100); {
		case kind < 10:
			who = int(c.d.below(Hubs))
		case kind < 60:
			who, _ = c.recent.late(c.d, 256)
		default:
			who = int(c.d.below(uint64(len(c.owners))))
		}
		if inputs, ok := c.afford(who); ok {
			return who, inputs
		}
	}
	for who = 0; ; who++ { // the hubs together always can
		if inputs, ok := c.afford(who); ok {
			return who, inputs
		}
	}
}

func (c *coins) afford(who int) (inputs int, ok bool) {
	have := c.owners[who].coins
	if len(have) == 0 {
		return 0, false
	}
	inputs = 1
	if c.d.percent(40) {
		inputs = 1 + int(c.d.below(4))
	}
	inputs = min(inputs, len(have))
	var in uint64
	for _, coin := range have[:inputs] {
		in += coin.value
	}
	return inputs, in > feeOf(inputs, 6)+3*dustLimit
}

// recipient draws whom a spender pays.
func (c *coins) recipient(spender int) int {
	kind := c.d.below(100)
	switch {
	case kind < 10:
		return int(c.d.below(Hubs))
	case kind < 60:
		if who, ok := c.recent.any(c.d); ok {
			return who
		}
	}
	c.serials++
	newcomer := owner{home: c.serials}
	if len(c.owners) < c.Wallets {
		c.owners = append(c.owners, newcomer)
		return len(c.owners) - 1
	}
	at := Hubs + miners + int(c.d.below(uint64(len(c.owners)-Hubs-miners-1)))
	if spender >= Hubs+miners && at >= spender { // who still waits for their change
		at++
	}
	c.owners[at] = newcomer // who was here holds for ever
	return at
}

// receiveAt is the serial of the address at which an owner takes a payment:
// a hub always reuses its own, others mostly take a fresh one.
func (c *coins) receiveAt(who int) uint64 {
	if who < Hubs+miners || c.d.percent(30) {
		return c.owners[who].home
	}
	c.serials++
	return c.serials
}

func (c *coins) receive(who int, got coin) {
	o := &c.owners[who]
	o.coins = append(o.coins, got)
	if who >= Hubs+miners {
		c.recent.push(who)
	}
	if len(o.coins) >= c.limit(who) {
		c.full = append(c.full, who)
	}
}

func (c *coins) limit(who int) int {
	if who < Hubs {
		return hubPurse
	}
	return purseSize
}

func (c *coins) output(i int, address, value uint64) graph.Transfer {
	return graph.Transfer{Seq: must(graph.OutputSeq(i)), Kind: graph.KindOutput, To: place(c.Ledger.ID, c.Seed, address), Asset: c.native, Amount: units(value)}
}

func (c *coins) name(tx *graph.Tx) {
	c.txs++
	tx.Hash = txHash(c.Seed, c.txs, tx.Transfers)
}

// feeOf is the fee of a transaction of usual size.
func feeOf(inputs, outputs int) uint64 {
	return satPerVByte * uint64(sizeOf(inputs, outputs))
}
