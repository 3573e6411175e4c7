package synthetic

import (
	"slices"

	"github.com/btcsuite/btcd/txscript/v2"

	"spoor/graph"
)

// theft is the story on Bitcoin. Three coins are stolen; one part is peeled
// off to an exchange, one consolidated with clean coins, one taken through a
// CoinJoin, and one kept.
type theft struct {
	stage
	chain    graph.Chain
	native   graph.Asset
	extra    []graph.Transfer // clean money, outputs of the first coinbase
	outputs  []*output        // all there ever were
	exchange graph.Address
}

// output is an unspent output of the script, and whose money is in it.
type output struct {
	at    graph.OutPoint
	to    graph.Address
	value uint64 // satoshi
	lots  []lot
	gone  bool // spent, or ended
}

// payee is an output to be made.
type payee struct {
	to    graph.Address
	value uint64
}

const (
	theftHeight = 9_900_000
	btc         = 100_000_000
	minerFee    = 5_000 // of every scripted transaction
	dust        = 546
)

// Bitcoin plays the script's UTXO leg, a story of its own.
func (s Script) Bitcoin() (*Incident, error) {
	s, err := s.withDefaults()
	if err != nil {
		return nil, err
	}
	t := Traffic{Ledger: graph.ChainOf(graph.Bitcoin), Seed: s.Seed, Transfers: s.Background, Start: theftHeight}.withDefaults()
	h := &theft{
		stage:    stage{books: newBooks(t.Ledger), d: newDraw(s.Seed, "theft"), seed: s.Seed, height: t.Start},
		chain:    t.Ledger,
		native:   t.Ledger.Native(),
		exchange: t.Hub(0),
	}
	h.name(h.exchange, "exchange hot wallet")
	casts := make([]cast, s.Incidents)
	for i := range casts {
		h.incident = i
		casts[i] = h.cast()
	}
	// The hash of the first coinbase names the coins, so it is made here as
	// the first block will make it.
	first := newCoins(t, h.extra).coinbase(t.Start, 0)
	before := len(first.Transfers) - len(h.outputs)
	for i, o := range h.outputs {
		o.at = graph.OutPoint{Tx: first.Hash, Index: uint32(before + i)}
	}
	for i, c := range casts {
		h.incident = i
		h.height = s.start(t.Start, i, h.d)
		h.play(c, s.Hops)
	}
	for _, o := range h.outputs {
		if !o.gone {
			h.end(AtRest, o.to, h.native, o.lots)
		}
	}
	slices.SortStableFunc(h.txs, func(a, b scripted) int { return int(int64(a.height) - int64(b.height)) })
	n := &Incident{Truth: h.close(), traffic: t, extra: h.extra, txs: h.txs, least: s.blocks()}
	n.Truth.Labels = []graph.Label{{Address: h.exchange, Name: "Demo Exchange hot wallet", Category: "exchange", Behaviour: "hot_wallet", Source: "synthetic script", Confidence: 100}}
	n.Truth.sortSeeds(h.txs)
	return n, nil
}

// cast is the clean money that an incident begins with.
type cast struct {
	victim               []*output
	older, newer         *output // the thief's own, around the consolidation
	joiners              []*output
	duster, exchangeCoin *output
}

func (h *theft) cast() cast {
	c := cast{older: h.open("clean coin 1", 2*btc), newer: h.open("clean coin 2", btc), duster: h.open("duster", btc),
		exchangeCoin: h.open("exchange reserve", btc)}
	for i := range 3 {
		c.victim = append(c.victim, h.open(numbered("victim", i+1), 40*btc))
	}
	for i, value := range []uint64{105, 108, 103, 106, 104} {
		c.joiners = append(c.joiners, h.open(numbered("joiner", i+1), value*btc/100))
	}
	return c
}

func (h *theft) open(name string, value uint64) *output {
	o := &output{to: h.who(name), value: value, lots: []lot{clean(units(value))}}
	h.extra = append(h.extra, graph.Transfer{Kind: graph.KindOutput, To: o.to, Asset: h.native, Amount: units(value)})
	h.outputs = append(h.outputs, o)
	return o
}

// who is the address of this name in the present incident.
func (h *theft) who(name string) graph.Address {
	script := append([]byte{txscript.OP_0, 20}, h.digest(name)[12:]...)
	a := graph.ScriptAddress(h.chain.ID, script)
	h.name(a, h.role(name))
	return a
}

// spend is one transaction: the inputs' money, in their order, fills the
// outputs in theirs; the last of it is the fee.
func (h *theft) spend(inputs []*output, outs ...payee) []*output {
	_, made := h.transact(inputs, outs)
	return made
}

func (h *theft) transact(inputs []*output, outs []payee) (graph.Hash, []*output) {
	h.later()
	var rows []graph.Transfer
	var money []lot
	for i, in := range inputs {
		rows = append(rows, graph.Transfer{Seq: must(graph.InputSeq(i)), Kind: graph.KindInput, From: in.to, Asset: h.native, Amount: units(in.value), Prev: in.at})
		money = append(money, in.lots...)
		if in.gone {
			panic("the script spends a coin twice")
		}
		in.gone = true
	}
	made := make([]*output, len(outs))
	for i, p := range outs {
		rows = append(rows, graph.Transfer{Seq: must(graph.OutputSeq(i)), Kind: graph.KindOutput, To: p.to, Asset: h.native, Amount: units(p.value)})
		head, tail, ok := cut(money, units(p.value))
		if !ok {
			panic("the script pays out more than its inputs hold")
		}
		made[i], money = &output{to: p.to, value: p.value, lots: head}, tail
	}
	h.end(Fee, inputs[len(inputs)-1].to, h.native, money)
	hash := h.write(graph.Tx{Transfers: rows})
	for i := range made {
		made[i].at = graph.OutPoint{Tx: hash, Index: uint32(i)}
	}
	h.outputs = append(h.outputs, made...)
	return hash, made
}

// play is one incident.
func (h *theft) play(c cast, hops int) {
	// Sixty and just under sixty bitcoin leave the victim; the fee is theirs.
	hash, loot := h.transact(c.victim, []payee{{h.who("peel 1"), 60 * btc}, {h.who("thief"), 60*btc - minerFee}})
	for _, o := range loot {
		h.steal(hash, o.to, h.native, units(o.value))
		o.lots = []lot{{units(o.value), true}}
	}
	h.peel(loot[0], c.exchangeCoin, hops)

	nothing := graph.ScriptAddress(h.chain.ID, append([]byte{txscript.OP_RETURN, 10}, "spoor demo"...))
	h.name(nothing, "data")
	parts := h.spend([]*output{loot[1]},
		payee{h.who("to consolidate"), 20 * btc},
		payee{nothing, 0},
		payee{h.who("to join"), 105 * btc / 100},
		payee{h.who("keeper"), (6000-2000-105)*btc/100 - 2*minerFee})

	// A stranger's dust lies beside the loot and is swept up with it.
	specks := h.spend([]*output{c.duster},
		payee{h.who("to consolidate"), dust}, payee{h.who("keeper"), dust}, payee{h.who("duster"), btc - 2*dust - minerFee})

	h.spend([]*output{c.older, specks[0], parts[0], c.newer},
		payee{h.who("consolidated"), 21 * btc}, payee{h.who("change of consolidation"), 2*btc + dust - minerFee})

	h.join(parts[2], c.joiners)
}

// peel pays a share of a coin to a fresh deposit address of the exchange and
// the rest to the next address, so many times. The exchange sweeps the
// deposits together with a coin of its own, which pays the fee.
func (h *theft) peel(coin, reserve *output, hops int) {
	var deposits []*output
	for i := 1; i <= hops; i++ {
		part := coin.value / h.shares(hops-i)
		made := h.spend([]*output{coin},
			payee{h.who(numbered("deposit", i)), part},
			payee{h.who(numbered("peel", i+1)), coin.value - part - minerFee})
		deposits, coin = append(deposits, made[0]), made[1]
	}
	var sum uint64
	for _, o := range deposits {
		sum += o.value
	}
	swept := h.spend(append(deposits, reserve), payee{h.exchange, sum + reserve.value - minerFee})
	h.end(Exchange, h.exchange, h.native, swept[0].lots)
	swept[0].gone = true
}

// join makes a CoinJoin: everybody gets one bitcoin and their own change. The
// thief's coin is third, so none of it is left for the fee.
func (h *theft) join(coin *output, joiners []*output) {
	inputs := slices.Insert(slices.Clone(joiners), 2, coin)
	var outs []payee
	for i := range inputs {
		outs = append(outs, payee{h.who(numbered("joined", i+1)), btc})
	}
	for i, in := range inputs {
		outs = append(outs, payee{h.who(numbered("change of joiner", i+1)), in.value - btc - minerFee})
	}
	for _, o := range h.spend(inputs, outs...) {
		if left := stolen(o.lots); !left.IsZero() {
			h.end(CoinJoin, o.to, h.native, o.lots)
			o.gone = true
		}
	}
}
