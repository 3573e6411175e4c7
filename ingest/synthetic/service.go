package synthetic

import (
	"strconv"

	"spoor/graph"
)

// wrap turns coins into the same amount of the wrapped coin. The contract
// keeps the coins as its own, clean.
func (h *heist) wrap(who graph.Address, amount graph.Amount) {
	tx := h.tx(who)
	tx.call(who, h.weth.Contract, amount)
	tx.log(graph.KindWrap, graph.Address{}, who, h.weth, amount)
	tx.done()
	h.put(who, h.weth, h.convert(h.take(who, h.native, amount), h.native, h.weth, amount)...)
	h.put(h.weth.Contract, h.native, clean(amount))
}

func (h *heist) unwrap(who graph.Address, amount graph.Amount) {
	tx := h.tx(who)
	tx.call(h.weth.Contract, who, amount)
	tx.log(graph.KindUnwrap, who, graph.Address{}, h.weth, amount)
	tx.done()
	h.take(h.weth.Contract, h.native, amount)
	h.put(who, h.native, h.convert(h.take(who, h.weth, amount), h.weth, h.native, amount)...)
}

// swap sells dollars for coins: the router passes the dollars to the pool,
// takes wrapped coins from it, unwraps them and pays the coins out.
func (h *heist) swap(seller, payee graph.Address, usd, eth graph.Amount) {
	tx := h.tx(seller)
	tx.call(h.weth.Contract, h.router, eth)
	tx.call(h.router, payee, eth)
	tx.token(seller, h.router, h.usd, usd)
	tx.token(h.router, h.pool, h.usd, usd)
	tx.token(h.pool, h.router, h.weth, eth)
	tx.log(graph.KindUnwrap, h.router, graph.Address{}, h.weth, eth)
	tx.done()
	given := h.take(seller, h.usd, usd)
	h.put(h.pool, h.usd, clean(usd))
	h.take(h.pool, h.weth, eth)
	h.take(h.weth.Contract, h.native, eth)
	h.put(payee, h.native, h.convert(given, h.usd, h.native, eth)...)
}

// sell is the way back: coins for dollars.
func (h *heist) sell(seller, payee graph.Address, eth, usd graph.Amount) {
	tx := h.tx(seller)
	tx.call(seller, h.router, eth)
	tx.call(h.router, h.weth.Contract, eth)
	tx.log(graph.KindWrap, graph.Address{}, h.router, h.weth, eth)
	tx.token(h.router, h.pool, h.weth, eth)
	tx.token(h.pool, h.router, h.usd, usd)
	tx.token(h.router, payee, h.usd, usd)
	tx.done()
	given := h.take(seller, h.native, eth)
	h.put(h.weth.Contract, h.native, clean(eth))
	h.put(h.pool, h.weth, clean(eth))
	h.take(h.pool, h.usd, usd)
	h.put(payee, h.usd, h.convert(given, h.native, h.usd, usd)...)
}

// borrow takes a flash loan of dollars and gives it back with a price, all in
// one transaction. Only the price is paid in the end, and the lender earns it.
func (h *heist) borrow(who graph.Address, loan, price graph.Amount) {
	tx := h.tx(who)
	tx.token(h.lender, who, h.usd, loan)
	tx.token(who, h.lender, h.usd, plus(loan, price))
	tx.done()
	h.put(h.lender, h.usd, h.take(who, h.usd, price)...)
}

// mix deposits the mixer's denomination through its router.
func (h *heist) mix(customer graph.Address) {
	tx := h.tx(customer)
	tx.call(customer, h.mixerRouter, ether(100))
	tx.call(h.mixerRouter, h.mixer, ether(100))
	tx.done()
	h.end(Mixer, h.mixer, h.native, h.take(customer, h.native, ether(100)))
	h.put(h.mixer, h.native, clean(ether(100)))
}

// destroy burns dollars for good.
func (h *heist) destroy(holder graph.Address, usd graph.Amount) {
	tx := h.tx(holder)
	tx.log(graph.KindBurn, holder, graph.Address{}, h.usd, usd)
	tx.done()
	h.end(Burn, graph.Address{}, h.usd, h.take(holder, h.usd, usd))
}

func (h *heist) labels() []graph.Label {
	label := func(a graph.Address, name, category, behaviour string) graph.Label {
		return graph.Label{Address: a, Name: name, Category: category, Behaviour: behaviour, Source: "synthetic script", Confidence: 100}
	}
	return []graph.Label{
		label(h.exchange, "Demo Exchange hot wallet", "exchange", "hot_wallet"),
		label(h.mixer, "Demo Mixer 100 ETH", "mixing_service", "mixer_pool"),
		label(h.mixerRouter, "Demo Mixer router", "mixing_service", "mixer_router"),
		label(h.router, "Demo Swap router", "defi_dex", "router"),
		label(h.pool, "Demo Swap pool", "defi_dex", "pool"),
		label(h.dead, "Burn address", "burn", "burn"),
		label(h.lender, "Demo Flash lender", "defi_lending", "flash_lender"),
	}
}

func numbered(name string, i int) string { return name + " " + strconv.Itoa(i) }
