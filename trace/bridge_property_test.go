package trace_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/trace"
)

// bridged is two or three ledgers, one of them perhaps of outputs, between which
// value goes over bridges: with and without an arrival, with fees, several in a
// transaction, through custodies that are also people, at clocks that differ,
// and beside events of strangers.
type bridged struct {
	t      *rapid.T
	chains []graph.Chain
	blocks map[graph.ChainID][]graph.Block
	have   map[graph.Address]map[graph.Asset]uint64
	coins  map[graph.OutPoint]graph.Transfer // unspent outputs
	order  []graph.OutPoint
	open   []graph.Event // departures without an arrival
	refs   []string      // what can be seeded
	number int
	fair   bool // every departure is delivered whole, and amounts are comparable everywhere
}

func drawBridged(t *rapid.T) *bridged { return drawBridges(t, false) }

func drawBridges(t *rapid.T, fair bool) *bridged {
	b := &bridged{t: t, fair: fair, blocks: map[graph.ChainID][]graph.Block{}, have: map[graph.Address]map[graph.Asset]uint64{}, coins: map[graph.OutPoint]graph.Transfer{}}
	b.chains = []graph.Chain{graph.ChainOf(graph.Ethereum), graph.ChainOf("eip155:137"), graph.ChainOf(graph.Bitcoin)}[:rapid.IntRange(2, 3).Draw(t, "chains")]
	at := int64(10000)
	blocks := rapid.IntRange(5, 40)
	if fair {
		blocks = rapid.IntRange(25, 45)
	}
	for range blocks.Draw(t, "blocks") {
		at += rapid.Int64Range(0, 3).Draw(t, "seconds") * 5
		chain := rapid.SampledFrom(b.chains).Draw(t, "chain")
		if fair {
			at++
			b.block(chain, at)
			continue
		}
		b.block(chain, at+rapid.Int64Range(-8, 8).Draw(t, "clock"))
	}
	return b
}

func (b *bridged) who(chain graph.Chain, label string) graph.Address {
	sum := sha256.Sum256([]byte{byte(rapid.IntRange(0, 4).Draw(b.t, label))})
	if chain.Family == graph.UTXOFamily {
		return graph.ScriptAddress(chain.ID, append([]byte{0x00, 0x14}, sum[:20]...))
	}
	return graph.EVMAddress(chain.ID, [20]byte(sum[:20]))
}

func (b *bridged) asset(chain graph.Chain) graph.Asset {
	if chain.Family == graph.UTXOFamily || rapid.Bool().Draw(b.t, "coin") {
		return chain.Native()
	}
	return graph.Asset{Chain: chain.ID, Standard: graph.ERC20, Contract: graph.EVMAddress(chain.ID, [20]byte{0xee})}
}

func (b *bridged) block(chain graph.Chain, at int64) {
	blocks := b.blocks[chain.ID]
	if n := len(blocks); n > 0 && blocks[n-1].Time > at && chain.Family == graph.AccountFamily {
		at = blocks[n-1].Time
	}
	b.number++
	tx := graph.Tx{Hash: sha256.Sum256(fmt.Append(nil, "bridged", b.number))}
	if chain.Family == graph.UTXOFamily {
		b.outputs(chain, &tx)
	} else {
		acts, kind := rapid.IntRange(1, 3).Draw(b.t, "acts"), rapid.SampledFrom([]int{0, 1, 2, 3, 4, 5, 5, 5}).Draw(b.t, "act")
		for range acts {
			b.act(chain, &tx, kind)
			if b.fair && kind < 3 {
				break // two could be a trade, whose other end backward sees otherwise
			}
			if !b.fair {
				kind = rapid.IntRange(0, 5).Draw(b.t, "act")
			}
		}
	}
	if len(tx.Transfers) == 0 {
		return
	}
	b.refs = append(b.refs, chain.Alias+":"+tx.Hash.Text(chain.Family))
	b.blocks[chain.ID] = append(blocks, graph.Block{Header: graph.Header{Height: uint32(len(blocks) + 1), Time: at}, Source: "drawn", Txs: []graph.Tx{tx},
		Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}})
}

func (b *bridged) move(tx *graph.Tx, from, to graph.Address, asset graph.Asset, n uint64) {
	tr := graph.Transfer{Seq: graph.Seq(len(tx.Transfers) + len(tx.Events)), Kind: graph.KindTransfer, From: from, To: to, Asset: asset, Amount: amountOf(n)}
	for who, sign := range map[graph.Address]uint64{from: ^uint64(0), to: 1} {
		if !who.IsZero() && from != to {
			if b.have[who] == nil {
				b.have[who] = map[graph.Asset]uint64{}
			}
			b.have[who][asset] += sign * n
		}
	}
	switch {
	case from.IsZero():
		tr.Kind = graph.KindMint
	case to.IsZero():
		tr.Kind = graph.KindBurn
	}
	tx.Transfers = append(tx.Transfers, tr)
}

func (b *bridged) some(who graph.Address, asset graph.Asset) uint64 {
	return rapid.Uint64Range(0, b.have[who][asset]).Draw(b.t, "amount")
}

// act is something that happens on an account ledger.
func (b *bridged) act(chain graph.Chain, tx *graph.Tx, kind int) {
	asset, who := b.asset(chain), b.who(chain, "who")
	switch kind {
	case 0:
		b.move(tx, graph.Address{}, who, asset, rapid.Uint64Range(1, 1000).Draw(b.t, "income"))
	case 1:
		b.move(tx, who, b.who(chain, "to"), asset, b.some(who, asset))
	case 2:
		if b.fair {
			return
		}
		other, bought := b.who(chain, "pool"), b.asset(chain)
		b.move(tx, who, other, asset, b.some(who, asset))
		b.move(tx, other, who, bought, b.some(other, bought))
	case 3, 4: // leaves
		custody, n := b.who(chain, "custody"), b.some(who, asset)
		if n == 0 {
			return
		}
		if b.fair {
			custody = b.service(chain, 0xaa)
		}
		emitter := custody
		if rapid.Bool().Draw(b.t, "burnt") {
			custody = graph.Address{}
		}
		b.move(tx, who, custody, asset, n)
		b.leave(chain, tx, who, emitter, asset, n)
	case 5:
		b.arrive(chain, tx)
	}
}

// leave states a departure of as much, a little less or more than moved.
func (b *bridged) leave(chain graph.Chain, tx *graph.Tx, who, emitter graph.Address, asset graph.Asset, n uint64) {
	e := graph.Event{Seq: graph.Seq(len(tx.Transfers) + len(tx.Events)), Kind: graph.Departure, Protocol: rapid.SampledFrom([]string{"drawn", "across-v2"}).Draw(b.t, "protocol"), Subject: who, Emitter: emitter, Asset: asset,
		Amount: amountOf(n + rapid.SampledFrom([]uint64{0, 0, 0, 1, ^uint64(0)}).Draw(b.t, "stated")), Key: fmt.Sprint(b.number, len(tx.Events))}
	switch {
	case b.fair:
		e.Protocol, e.Amount = "drawn", amountOf(n)
	case rapid.IntRange(0, 9).Draw(b.t, "silent") == 0:
		e.Asset = graph.Asset{}
		if rapid.Bool().Draw(b.t, "of the amount too") {
			e.Amount.Clear()
		}
	case rapid.IntRange(0, 9).Draw(b.t, "stranger") == 0:
		e.Protocol += graph.Unproven
	}
	tx.Events = append(tx.Events, e)
	b.open = append(b.open, e)
}

// arrive delivers something that left, or states so and delivers nothing.
func (b *bridged) arrive(chain graph.Chain, tx *graph.Tx) {
	if len(b.open) == 0 {
		return
	}
	at := rapid.IntRange(0, len(b.open)-1).Draw(b.t, "which")
	d := b.open[at]
	if d.Subject.Chain == chain.ID {
		return
	}
	if b.fair || rapid.IntRange(0, 9).Draw(b.t, "again") > 0 {
		b.open = append(b.open[:at], b.open[at+1:]...)
	}
	n := rapid.Uint64Range(0, 1000).Draw(b.t, "delivered")
	asset, who, from := b.asset(chain), b.who(chain, "recipient"), b.who(chain, "payer")
	if b.fair {
		n, from = d.Amount.Uint64(), b.service(chain, 0xbb)
	}
	if rapid.Bool().Draw(b.t, "minted") || !b.fair && b.have[from][asset] < n {
		from = graph.Address{}
	}
	e := graph.Event{Kind: graph.Arrival, Protocol: d.Protocol, Key: d.Key, Subject: who, Emitter: b.who(chain, "emitter"), Asset: asset, Amount: amountOf(n)}
	if rapid.IntRange(0, 4).Draw(b.t, "onward") == 0 { // the recipient passes it on at once
		b.move(tx, from, who, asset, n)
		b.move(tx, who, b.who(chain, "last"), asset, n)
	} else {
		b.move(tx, from, who, asset, n)
	}
	e.Seq = graph.Seq(len(tx.Transfers) + len(tx.Events))
	switch {
	case b.fair:
	case rapid.IntRange(0, 9).Draw(b.t, "silent") == 0:
		e.Asset = graph.Asset{}
		if rapid.Bool().Draw(b.t, "of the amount too") {
			e.Amount.Clear()
		}
	case rapid.IntRange(0, 9).Draw(b.t, "keyless") == 0:
		e.Key = ""
	}
	tx.Events = append(tx.Events, e)
}

// service is an address that is nobody's of those who trade.
func (b *bridged) service(chain graph.Chain, n byte) graph.Address {
	return graph.EVMAddress(chain.ID, [20]byte{n})
}

// paidOut is a transaction of a UTXO ledger that delivers exactly what left.
func (b *bridged) paidOut(chain graph.Chain, tx *graph.Tx) bool {
	at := slices.IndexFunc(b.open, func(d graph.Event) bool { return d.Subject.Chain != chain.ID })
	if at < 0 || rapid.Bool().Draw(b.t, "pays out") {
		return false
	}
	d := b.open[at]
	b.open = slices.Delete(b.open, at, at+1)
	seq, _ := graph.OutputSeq(0)
	tr := graph.Transfer{Seq: seq, Kind: graph.KindOutput, To: b.who(chain, "owner"), Asset: chain.Native(), Amount: d.Amount}
	tx.Transfers = append(tx.Transfers, tr)
	o := graph.OutPoint{Tx: tx.Hash}
	b.coins[o] = tr
	b.order = append(b.order, o)
	tx.Events = append(tx.Events, graph.Event{Seq: seq + 1, Kind: graph.Arrival, Protocol: d.Protocol, Key: d.Key, Subject: tr.To, Asset: tr.Asset, Amount: tr.Amount})
	return true
}

// outputs is a transaction of a UTXO ledger, which may leave or arrive.
func (b *bridged) outputs(chain graph.Chain, tx *graph.Tx) {
	if b.fair && b.paidOut(chain, tx) {
		return
	}
	value := rapid.Uint64Range(1, 1000).Draw(b.t, "subsidy")
	if len(b.order) > 0 && rapid.Bool().Draw(b.t, "spends") {
		value = 0
		for i := range min(len(b.order), rapid.IntRange(1, 2).Draw(b.t, "inputs")) {
			o := b.order[0]
			b.order = b.order[1:]
			c := b.coins[o]
			seq, _ := graph.InputSeq(i)
			tx.Transfers = append(tx.Transfers, graph.Transfer{Seq: seq, Kind: graph.KindInput, From: c.To, Asset: chain.Native(), Amount: c.Amount, Prev: o})
			value += c.Amount.Uint64()
		}
	}
	var last graph.Seq
	for i := range rapid.IntRange(1, 3).Draw(b.t, "outputs") {
		n := rapid.Uint64Range(0, value).Draw(b.t, "value")
		value -= n
		seq, _ := graph.OutputSeq(i)
		last = seq
		tr := graph.Transfer{Seq: seq, Kind: graph.KindOutput, To: b.who(chain, "owner"), Asset: chain.Native(), Amount: amountOf(n)}
		tx.Transfers = append(tx.Transfers, tr)
		if n == 0 {
			continue
		}
		o := graph.OutPoint{Tx: tx.Hash, Index: uint32(i)}
		b.coins[o] = tr
		b.order = append(b.order, o)
	}
	out := tx.Transfers[len(tx.Transfers)-1]
	e := graph.Event{Seq: last + 1, Protocol: "drawn", Subject: out.To, Asset: chain.Native(), Amount: out.Amount}
	passage := rapid.IntRange(0, 3).Draw(b.t, "passage")
	if b.fair && (passage == 1 || out.Amount.IsZero()) {
		return
	}
	switch passage {
	case 0:
		e.Kind, e.Key = graph.Departure, fmt.Sprint(b.number)
		b.open = append(b.open, e)
	case 1:
		if len(b.open) == 0 {
			return
		}
		d := b.open[rapid.IntRange(0, len(b.open)-1).Draw(b.t, "which")]
		e.Kind, e.Key, e.Protocol = graph.Arrival, d.Key, d.Protocol
	default:
		return
	}
	tx.Events = append(tx.Events, e)
}

// link draws a link between any two movements that the case accepts.
func (b *bridged) link() (l trace.CaseLink, ok bool) {
	end := func(label string) string {
		chain := rapid.SampledFrom(b.chains).Draw(b.t, label)
		if len(b.blocks[chain.ID]) == 0 {
			return ""
		}
		tx := rapid.SampledFrom(b.blocks[chain.ID]).Draw(b.t, label).Txs[0]
		tr := rapid.SampledFrom(tx.Transfers).Draw(b.t, label)
		if tr.Kind == graph.KindInput {
			return ""
		}
		return fmt.Sprintf("%s:%s:%s", chain.Alias, tx.Hash.Text(chain.Family), tr.Seq)
	}
	l = trace.CaseLink{From: end("from"), To: end("to"), Rule: "drawn", Confidence: rapid.IntRange(0, 100).Draw(b.t, "confidence")}
	return l, l.From != "" && l.To != ""
}

func (b *bridged) run(c trace.Case) (*trace.Trace, error) {
	store := graphtest.NewModel()
	views := map[graph.ChainID]graph.View{}
	for id, blocks := range b.blocks {
		l, err := store.Ledger(context.Background(), graph.ChainOf(id))
		if err == nil {
			err = l.Apply(context.Background(), blocks...)
		}
		if err == nil {
			views[id], err = l.View(context.Background())
		}
		if err != nil {
			b.t.Fatal(err)
		}
	}
	return trace.Run(context.Background(), views, c, trace.Known{})
}

// TestBridgedInvariants holds on ledgers with bridges between them what
// TestInvariants holds on one: the books of every asset, twice the same, taint
// within what there is, and no taint created by a passage.
func TestBridgedInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBridged(t)
		if len(b.refs) == 0 {
			return
		}
		c := trace.Case{CoinJoin: "follow", MaxTransactions: rapid.SampledFrom([]int{0, 0, 0, 2, 6}).Draw(t, "most"),
			Share: rapid.SampledFrom([]string{"", "", "0.9"}).Draw(t, "share")}
		for range rapid.IntRange(1, 3).Draw(t, "seeds") {
			c.Seeds = append(c.Seeds, rapid.SampledFrom(b.refs).Draw(t, "seed"))
		}
		for range rapid.IntRange(0, 2).Draw(t, "links") {
			if l, ok := b.link(); ok {
				c.Links = append(c.Links, l)
			}
		}
		var reach map[graph.Address]bool
		late := false
		for _, method := range []string{"poison", "fifo", "lifo", "haircut", "tiho"} {
			c.Method = method
			result := twice(t, c, b.run)
			if result == nil {
				return // the drawn seed takes nothing
			}
			if method == "poison" {
				reach = reached(result)
				// What is reached more can be followed further on a ledger than an
				// arrival there that then comes too late.
				late = slices.ContainsFunc(result.Passages, func(p trace.Passage) bool { return strings.Contains(p.Why, "followed there already") })
				continue
			}
			checkBooks(t, method, result)
			checkPassages(t, method, result)
			if c.MaxTransactions == 0 && c.Share == "" && !late {
				for a := range reached(result) {
					if !reach[a] {
						t.Fatalf("%s reaches %s, poison does not", method, a)
					}
				}
			}
		}
	})
}

// TestBridgedBackward holds on the same ledgers what TestBackwardBooks holds on
// one, and that passages backward add up to what the books say.
func TestBridgedBackward(t *testing.T) {
	crossed := 0
	rapid.Check(t, func(t *rapid.T) {
		b := drawBridged(t)
		if len(b.refs) == 0 {
			return
		}
		c := trace.Case{Direction: trace.Backward, CoinJoin: "follow", MaxTransactions: rapid.SampledFrom([]int{0, 0, 0, 2, 6}).Draw(t, "most"),
			Share: rapid.SampledFrom([]string{"", "", "0.9"}).Draw(t, "share")}
		for range rapid.IntRange(1, 3).Draw(t, "seeds") {
			c.Seeds = append(c.Seeds, rapid.SampledFrom(b.refs).Draw(t, "seed"))
		}
		for range rapid.IntRange(0, 2).Draw(t, "links") {
			if l, ok := b.link(); ok {
				c.Links = append(c.Links, l)
			}
		}
		for _, method := range []string{"poison", "fifo", "haircut"} {
			c.Method = method
			result := twice(t, c, b.run)
			if result == nil {
				return // the drawn seed takes nothing
			}
			if method == "poison" {
				continue
			}
			checkRows(t, method, result)
			checkSources(t, method, result)
			crossed += checkPassages(t, method, result)
		}
	})
	if crossed == 0 {
		t.Error("no passage was followed")
	}
}

// TestBridgedDuality holds that both directions tell the same over bridges that
// keep nothing: what a trace of one movement finds in another, on whatever
// ledger, a trace backward of the other finds in the one, to the base unit.
func TestBridgedDuality(t *testing.T) {
	over := 0
	rapid.Check(t, func(t *rapid.T) {
		b := drawBridges(t, true)
		list, seeds := b.movements()
		if len(list) == 0 {
			return
		}
		for range 2 {
			over += b.compare(list, seeds, list[rapid.IntRange(len(list)/2, len(list)-1).Draw(t, "last")])
		}
	})
	t.Logf("%d pairs linked over bridges", over)
	if over == 0 {
		t.Error("nothing was compared")
	}
}

// compare holds a trace backward of one movement against those forward of all
// others, and counts what it finds on other ledgers.
func (b *bridged) compare(list []movement, seeds map[movement]string, last movement) (over int) {
	t := b.t
	back, err := b.run(trace.Case{Direction: trace.Backward, Seeds: []string{seeds[last]}, CoinJoin: "follow"})
	if errors.Is(err, trace.ErrSeed) {
		return 0 // its receiver keeps nothing of it
	}
	if err != nil {
		t.Fatal(err)
	}
	checkSources(t, "fifo", back)
	found := carried(back)
	for _, first := range list {
		if first.tx == last.tx {
			continue
		}
		ahead, err := b.run(trace.Case{Seeds: []string{seeds[first]}, CoinJoin: "follow"})
		if errors.Is(err, trace.ErrSeed) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		there, here := carried(ahead)[last], found[first]
		if there == nil {
			there = new(big.Int)
		}
		if here == nil {
			here = new(big.Int)
		}
		if there.Cmp(here) != 0 {
			t.Fatalf("forward from %s finds %s in %s, backward %s", seeds[first], there, seeds[last], here)
		}
		if here.Sign() > 0 && first.asset.Chain != last.asset.Chain {
			over++
		}
	}
	return over
}

// movements lists what can be named by one seed each, as of a world.
func (b *bridged) movements() (list []movement, seeds map[movement]string) {
	seeds = make(map[movement]string)
	for _, chain := range b.chains {
		w := &world{chain: chain, blocks: b.blocks[chain.ID]}
		here, refs := w.movements()
		list = append(list, here...)
		for m, ref := range refs {
			if chain.Family == graph.UTXOFamily {
				ref = fmt.Sprintf("%s:%s:%s", chain.Alias, m.tx.Text(chain.Family), m.seq)
			}
			seeds[m] = ref
		}
	}
	return list, seeds
}

// checkPassages holds that the passages add up to what the books say crossed,
// that none makes taint, and that only stated and proven ones are there.
func checkPassages(t *rapid.T, method string, result *trace.Trace) (crossed int) {
	if result.Backward() {
		for i := range result.Balances { // what arrived is where an asset leaves the trace
			b := &result.Balances[i]
			b.BridgedIn, b.BridgedOut = b.BridgedOut, b.BridgedIn
		}
	}
	out, in := map[graph.Asset]graph.Amount{}, map[graph.Asset]graph.Amount{}
	for _, p := range result.Passages {
		if _, proven := p.Told().Proven(); !proven && !result.Backward() {
			t.Fatalf("%s: a stranger's departure took %s", method, p.TaintedOut.Dec())
		}
		nothing := p.TaintedOut.IsZero() && !result.Backward() || p.TaintedOut.IsZero() && p.TaintedIn.IsZero()
		if p.TaintedOut.Gt(&p.Sent) || p.TaintedIn.Gt(&p.Delivered) || nothing || p.Crossed == (p.Why != "") {
			t.Fatalf("%s: passage %+v", method, p)
		}
		if !p.Crossed {
			continue
		}
		crossed++
		sum := out[p.Asset.Asset]
		out[p.Asset.Asset] = *sum.Add(&sum, &p.TaintedOut)
		sum = in[p.ToAsset.Asset]
		in[p.ToAsset.Asset] = *sum.Add(&sum, &p.TaintedIn)
	}
	for _, balance := range result.Balances {
		if a := balance.Asset.Asset; out[a] != balance.BridgedOut || in[a] != balance.BridgedIn {
			sent, came := out[a], in[a]
			t.Fatalf("%s: %s: passages %s out and %s in, books %s and %s", method, a, sent.Dec(), came.Dec(), balance.BridgedOut.Dec(), balance.BridgedIn.Dec())
		}
	}
	return crossed
}
