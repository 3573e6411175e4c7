package synthetic

import (
	"errors"
	"fmt"

	"spoor/graph"
)

// A typology is one way of laundering, played alone, with clean money on it that
// a method has to tell from the loot: older than it, newer than it, or both.
var typologies = []struct {
	name, sentence string
	play           func(h *heist, hops int)
}{
	{"peel chain", "at each hop a part goes to a deposit address of an exchange and the rest on; every other holder had dollars before", (*heist).playPeel},
	{"fan-out and fan-in", "sixteen mules, half of them with older and a quarter with newer dollars of their own; two collectors, one of whom pays an exchange", (*heist).playFan},
	{"swap chain", "dollars, coins, wrapped coins, coins and dollars again, with clean money at every second holder", (*heist).playSwaps},
	{"mixer", "four who have coins of their own deposit in a mixer and keep the rest", (*heist).playMixer},
	{"address poisoning", "eight keepers, whose histories get look-alikes, counterfeits and dust, pay half to an exchange", (*heist).playPoison},
	{"flash loan", "five with as much clean money as loot borrow a million and repay it in one transaction, then pay an exchange", (*heist).playLoan},
}

// WeiPerUnit is the price of a base unit of the demo dollar in every swap of a
// script: 2,000 dollars an ether.
const WeiPerUnit = 500_000_000

// ErrTypology is returned for a typology that there is not.
var ErrTypology = errors.New("no such typology")

// Typologies lists the ways of laundering that can be played alone.
func Typologies() []string {
	names := make([]string, len(typologies))
	for i, t := range typologies {
		names[i] = t.name
	}
	return names
}

// Typology plays one of them on Ethereum and says in a sentence what it is.
func (s Script) Typology(name string) (n *Incident, sentence string, err error) {
	for _, t := range typologies {
		if t.name == name {
			n, err = s.ethereum(t.play)
			return n, t.sentence, err
		}
	}
	return nil, "", fmt.Errorf("%w: %q", ErrTypology, name)
}

// cleanDollars gives somebody dollars of their own, before anything happens.
func (h *heist) cleanDollars(to graph.Address, n uint64) { h.open(to, h.usd, dollars(n)) }

func (h *heist) playPeel(hops int) {
	for i := 2; i <= hops; i += 2 {
		h.cleanDollars(h.who(numbered("peel", i)), 50_000)
	}
	h.send(h.rob(), h.who("peel 1"), h.usd, dollars(2_000_000))
	h.peel(h.who("peel 1"), hops)
}

func (h *heist) playFan(int) {
	const mules = 16
	friend, left, right := h.who("friend"), h.who("collector 1"), h.who("collector 2")
	h.cleanDollars(friend, 200_000)
	h.fund(friend, mules)
	for i := 1; i <= mules; i += 2 {
		h.cleanDollars(h.who(numbered("mule", i)), 40_000)
	}
	thief := h.rob()
	for i := 1; i <= mules; i++ {
		mule := h.who(numbered("mule", i))
		h.send(thief, mule, h.usd, dollars(100_000))
		if i%4 == 0 {
			h.send(friend, mule, h.usd, dollars(30_000))
		}
	}
	for i := 1; i <= mules; i++ {
		mule := h.who(numbered("mule", i))
		h.fund(mule, 2)
		h.send(mule, left, h.usd, dollars(60_000))
		h.send(mule, right, h.usd, dollars(35_000))
	}
	h.fund(left, 1)
	h.endAt(Exchange, left, h.exchange, h.usd, dollars(700_000))
}

func (h *heist) playSwaps(hops int) {
	holder := h.who("swapper 1")
	h.cleanDollars(holder, 100_000)
	for i := 3; i <= hops; i += 2 {
		h.cleanDollars(h.who(numbered("swapper", i)), 10_000)
	}
	h.send(h.rob(), holder, h.usd, dollars(400_000))
	for i := 1; i <= hops; i++ {
		next := h.who(numbered("swapper", i+1))
		have := h.has(holder, h.usd)
		whole := over(minus(have, over(have, 10)), 2_000_000_000) // coins that nine tenths buy
		part, coins := dollars(2_000*whole.Uint64()), ether(whole.Uint64())
		h.fund(holder, 3)
		h.swap(holder, holder, part, coins)
		h.wrap(holder, coins)
		h.send(holder, next, h.weth, coins)
		h.fund(next, 2)
		h.unwrap(next, coins)
		h.sell(next, next, coins, part)
		holder = next
	}
	h.fund(holder, 1)
	h.endAt(Exchange, holder, h.exchange, h.usd, over(h.has(holder, h.usd), 2))
}

func (h *heist) playMixer(int) {
	const washers = 4
	for i := 1; i <= washers; i++ {
		h.open(h.who(numbered("washer", i)), h.native, ether(uint64(30*i)))
	}
	thief := h.rob()
	for i := 1; i <= washers; i++ {
		washer := h.who(numbered("washer", i))
		h.send(thief, washer, h.native, ether(110))
		h.mix(washer)
	}
}

func (h *heist) playPoison(int) {
	const keepers = 8
	thief := h.rob()
	for i := 1; i <= keepers; i++ {
		keeper := h.who(numbered("keeper", i))
		h.poison(thief, keeper)
		h.send(thief, keeper, h.usd, dollars(100_000))
		h.poison(keeper, h.exchange)
		h.fund(keeper, 1)
		h.endAt(Exchange, keeper, h.exchange, h.usd, dollars(50_000))
	}
}

func (h *heist) playLoan(int) {
	const borrowers = 5
	for i := 1; i <= borrowers; i++ {
		h.cleanDollars(h.who(numbered("borrower", i)), 100_000)
	}
	thief := h.rob()
	for i := 1; i <= borrowers; i++ {
		borrower := h.who(numbered("borrower", i))
		h.send(thief, borrower, h.usd, dollars(100_000))
		h.fund(borrower, 2)
		h.borrow(borrower, dollars(1_000_000), dollars(900))
		h.endAt(Exchange, borrower, h.exchange, h.usd, dollars(150_000))
	}
}
