package eval

import (
	"math/rand/v2"

	"spoor/graph"
)

// Wallets of the town write their transactions by programs, which differ as
// those in use do (ishaanam/wallet-fingerprinting); how many use which, and how
// often one departs from its habit, is made up. All of it is drawn apart from
// what the town does, which stays the same.
type programs struct {
	draw   *rand.Rand
	market uint32 // the size that the town's fee pays for at the rate of the hour
}

// program is how a wallet writes.
type program struct {
	weight  int
	version uint32
	locks   bool // to the newest block
	signals bool // that it may be replaced
	sorts   bool // by BIP 69
	grinds  bool // for low R
}

var townPrograms = [...]program{
	{30, 2, true, true, false, true},
	{20, 2, true, true, true, true},
	{15, 2, false, true, false, false},
	{15, 2, false, false, false, false},
	{10, 1, false, true, true, false},
	{10, 1, false, false, false, false},
}

const (
	townFixed  = 30 // percent of wallets that bid one rate for ever
	townMoody  = 5  // percent of transactions that are replaceable against the habit
	townBehind = 3  // percent of those of a wallet that locks that are not locked
	townChange = 1  // permille of transactions after which a wallet has another program
	leastSize  = 100
	mostSize   = 1_500
)

// writing is a wallet's habit of writing. The fee is the same for all
// transactions of the town, so a rate is the size that it pays for.
type writing struct {
	program program
	size    uint32 // 0: as the market
}

func (p *programs) writing() writing {
	w := writing{program: p.program()}
	if p.draw.IntN(100) < townFixed {
		w.size = p.anySize()
	}
	return w
}

func (p *programs) anySize() uint32 { return leastSize + p.draw.Uint32N(mostSize-leastSize) }

func (p *programs) program() program {
	sum := 0
	for i := range townPrograms {
		sum += townPrograms[i].weight
	}
	n := p.draw.IntN(sum)
	for _, one := range townPrograms {
		if n -= one.weight; n < 0 {
			return one
		}
	}
	return townPrograms[0]
}

// form is how a wallet writes a transaction. What several write together has the
// form of the protocol.
func (p *programs) form(in []held, outputs int, height uint32, rounds bool) graph.Form {
	p.drift()
	if len(in) == 0 {
		return graph.Form{}
	}
	w := in[0].owner
	if rounds {
		return graph.Form{Known: true, Version: 1, Size: p.market, Replaceable: graph.No, InputsSorted: graph.No, OutputsSorted: graph.No}
	}
	if p.draw.IntN(1000) < townChange {
		w.writing = p.writing()
	}
	habit := w.writing.program
	f := graph.Form{Known: true, Version: habit.version, Size: w.writing.size, Replaceable: graph.AnswerOf(habit.signals != (p.draw.IntN(100) < townMoody))}
	if f.Size == 0 {
		f.Size = p.market
	}
	if habit.locks && p.draw.IntN(100) >= townBehind {
		f.LockTime = height - 1
	}
	f.InputsSorted = graph.AnswerOf(habit.sorts || p.inOrder(len(in)))
	f.OutputsSorted = graph.AnswerOf(habit.sorts || p.inOrder(outputs))
	if w.form != 3 { // taproot has no such signatures
		f.LowR = graph.AnswerOf(habit.grinds || p.draw.IntN(1<<min(len(in), 20)) == 0)
	}
	return f
}

// drift moves the market's rate by up to three percent.
func (p *programs) drift() {
	p.market += p.market * p.draw.Uint32N(61) / 1000
	p.market -= p.market * 30 / 1000
	p.market = min(max(p.market, leastSize), mostSize)
}

// inOrder reports whether n things in no order are in order by chance.
func (p *programs) inOrder(n int) bool {
	for i := 2; i <= n; i++ {
		if p.draw.IntN(i) > 0 {
			return false
		}
	}
	return true
}
