package eval

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"spoor/graph"
)

// town is a made-up ledger whose owners are known: people and merchants who pay
// each other, exchanges that collect deposits and pay out in batches, CoinJoins
// and PayJoins. Habits are drawn for each wallet: the form of script, how coins
// are chosen, whether addresses are used again, whether amounts are round, where
// change goes, the program that writes. What rules score here holds for these habits only.
type town struct {
	*ledger
	draw    *rand.Rand
	write   programs
	at      graph.Position
	keys    uint64
	people  []*wallet
	shops   []*wallet
	changer []*wallet // exchanges
	premix  []held    // coins that wait for a round of the pool
	mixed   []held    // coins of the pool's size
	err     error
}

// wallet is an owner and his habits.
type wallet struct {
	name    string
	form    int // of his scripts
	coins   []coin
	address graph.ID // used again, where he does that; 0 if none yet
	kept    graph.ID // for change, the same
	habits
	writing writing
}

type habits struct {
	reuses  bool // takes payments at one address
	returns bool // change goes back to an input's address
	mimics  bool // change has the form of the payee's script
	keeps   bool // change goes to one address for ever
	moved   bool // new addresses have a newer form than the coins he began with
	round   bool // pays round amounts
	choice  int  // of coins: 0 oldest, 1 largest, 2 smallest that suffices
}

type coin struct {
	id    graph.ID
	value uint64
	at    graph.Position
}

type held struct {
	coin
	owner *wallet
}

// payee is an output to be made.
type payee struct {
	to    *wallet
	id    graph.ID
	value uint64
}

const (
	townFee   = 1_500         // satoshi a transaction pays
	townDust  = 1_000         // change below it goes to the fee
	townStart = 1_700_000_000 // 2023-11-14
)

// MeasureTown measures on a made-up ledger of about n transactions. The same
// seed gives the same ledger.
func MeasureTown(n int, seed uint64) (*Owners, error) {
	t := newTown(seed)
	for len(t.txs) < n && t.err == nil {
		t.step()
	}
	if t.err != nil {
		return nil, t.err
	}
	return t.measure(fmt.Sprintf("town of %d transactions, seed %d", len(t.txs), seed))
}

func newTown(seed uint64) *town {
	t := &town{ledger: newLedger(), draw: rand.New(rand.NewPCG(seed, 1)), at: graph.Position{Block: 1},
		write: programs{draw: rand.New(rand.NewPCG(seed, 2)), market: 500}}
	found := func(kind string, n int, coins int) (list []*wallet) {
		for i := range n {
			w := &wallet{name: fmt.Sprintf("%s %d", kind, i), form: t.pick(60, 15, 15, 10), writing: t.write.writing()}
			w.habits = habits{reuses: t.chance(15), returns: t.chance(8), mimics: t.chance(6), keeps: t.chance(4), moved: t.chance(10), round: t.chance(60), choice: t.pick(40, 30, 30)}
			for range coins {
				t.commit(nil, []payee{{w, t.address(w), 5_000_000 + uint64(t.draw.IntN(200_000_000))}}, false)
			}
			if w.moved {
				w.form, w.address = 0, 0
			}
			list = append(list, w)
		}
		return list
	}
	t.people = found("person", 300, 3)
	t.shops = found("shop", 12, 1)
	t.changer = found("exchange", 2, 20)
	for _, s := range t.shops {
		s.reuses = true
	}
	return t
}

func (t *town) chance(percent int) bool { return t.draw.IntN(100) < percent }

// pick draws an index by weights.
func (t *town) pick(weights ...int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	n := t.draw.IntN(sum)
	for i, w := range weights {
		if n -= w; n < 0 {
			return i
		}
	}
	return 0
}

func (t *town) one(list []*wallet) *wallet { return list[t.draw.IntN(len(list))] }

// address is where a wallet takes its next payment.
func (t *town) address(w *wallet) graph.ID {
	if w.reuses && w.address != 0 {
		return w.address
	}
	w.address = t.fresh(w, w.form)
	return w.address
}

// fresh is a new address of a wallet.
func (t *town) fresh(w *wallet, form int) graph.ID {
	t.keys++
	key := binary.BigEndian.AppendUint64(make([]byte, 24), t.keys)
	var script []byte
	switch form {
	case 0:
		script = append([]byte{0x00, 0x14}, key[12:]...)
	case 1:
		script = append(append([]byte{0xa9, 0x14}, key[12:]...), 0x87)
	case 2:
		script = append(append([]byte{0x76, 0xa9, 0x14}, key[12:]...), 0x88, 0xac)
	default:
		script = append([]byte{0x51, 0x20}, key...)
	}
	id := t.id(graph.ScriptAddress(graph.Bitcoin, script))
	t.owners[id] = w.name
	return id
}

// choose takes coins of at least a value out of a wallet, nil if it has not
// enough.
func (t *town) choose(w *wallet, value uint64) (in []held) {
	sum, left := uint64(0), append([]coin(nil), w.coins...)
	for sum < value {
		if len(left) == 0 {
			return nil
		}
		best := 0
		for i, c := range left {
			switch b := left[best]; {
			case w.choice == 1 && c.value > b.value,
				w.choice == 2 && c.value < b.value && c.value >= value-sum,
				w.choice == 2 && b.value < value-sum && c.value > b.value:
				best = i
			}
		}
		in = append(in, held{left[best], w})
		sum += left[best].value
		left = append(left[:best], left[best+1:]...)
	}
	w.coins = left
	return in
}

// change is the output for what a wallet's inputs hold more than it pays, if
// that is worth one.
func (t *town) change(w *wallet, in []held, spent uint64, payeeForm int) []payee {
	sum := uint64(0)
	for _, c := range in {
		sum += c.value
	}
	if sum < spent+townDust {
		return nil
	}
	form := w.form
	if w.mimics {
		form = payeeForm
	}
	id := in[0].id
	switch {
	case w.returns:
	case w.keeps && w.kept != 0:
		id = w.kept
	default:
		id = t.fresh(w, form)
		w.kept = id
	}
	return []payee{{w, id, sum - spent}}
}

// commit writes a transaction, with its outputs in random order unless told to
// keep them, and gives the coins to their owners.
func (t *town) commit(in []held, out []payee, keep bool) []coin {
	if !keep {
		t.draw.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	}
	tx := graph.TxMoves{At: t.at, Time: townStart + int64(t.at.Block)*600, Know: graph.Knowledge{Transfers: graph.Full},
		Form: t.write.form(in, len(out), t.at.Block, t.mixes[t.at])}
	binary.BigEndian.PutUint32(tx.Hash[28:], t.at.Block)
	add := func(m graph.Move, value uint64, seq graph.Seq, err error) {
		if err != nil {
			t.err = err
		}
		m.Seq, m.Asset = seq, graph.NativeID
		m.Amount.SetUint64(value)
		tx.Moves = append(tx.Moves, m)
	}
	for i, c := range in {
		seq, err := graph.InputSeq(i)
		add(graph.Move{Kind: graph.KindInput, From: c.id, Spends: c.at}, c.value, seq, err)
	}
	made := make([]coin, len(out))
	for i, o := range out {
		seq, err := graph.OutputSeq(i)
		add(graph.Move{Kind: graph.KindOutput, To: o.id}, o.value, seq, err)
		made[i] = coin{o.id, o.value, graph.Position{Block: t.at.Block, Seq: seq}}
		if o.to != nil {
			o.to.coins = append(o.to.coins, made[i])
		}
	}
	t.add(tx)
	t.at.Block++
	return made
}
