package eval

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"

	"spoor/cluster/mixer"
	"spoor/graph"
)

// Mixers is how the rules that propose exits of a mixer do on generated pools
// whose users are known.
type Mixers struct {
	Users, Deposits, Withdrawals int
	Rules                        []MixerRule
}

// MixerRule is one rule on all deposits.
type MixerRule struct {
	Rule     string
	Signs    int // deposits whose user left the sign that the rule looks for
	Found    int // of them, those for which the user's own withdrawal is among the candidates
	Named    int // deposits for which the rule names any withdrawal
	Wrong    int // of them, those where none of the named is the user's
	Proposed int // candidates in all
	Right    int // of them, those to the depositor's own address
	Placebo  mixer.Placebo
}

// Habits of the users of the generated pools.
const (
	sameAddress  = iota // withdraws to the address that paid
	tradedBefore        // to one with three movements between them
	oneEntity           // to one that clustering knows for his
	counted             // two denominations, the same counts out as in
	careful             // to a fresh address, no sign
	befriended          // careful, but had three movements with somebody who withdraws too
	regular             // withdraws before he deposits as well, at one address
	habitKinds
)

// MeasureMixers draws two pools and so many users, whose habits are dealt
// evenly. The same seed gives the same ledger.
func MeasureMixers(ctx context.Context, ledger graph.Ledger, users int, seed uint64) (*Mixers, error) {
	v := &village{chain: ledger.Chain(), draw: rand.New(rand.NewPCG(seed, 3)), own: map[graph.Address]graph.Address{}, owners: map[graph.Address]graph.Address{}, habit: map[graph.Address]int{}}
	v.live(users)
	if err := ledger.Apply(ctx, v.blocks...); err != nil {
		return nil, err
	}
	view, err := ledger.View(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = view.Close() }()
	s := &mixer.Search{View: view, Owner: func(a graph.Address) (graph.Address, bool) { o, known := v.owners[a]; return o, known }}
	m := &Mixers{Users: users}
	for _, name := range []string{"pool of 10", "pool of 100"} {
		p, err := mixer.ReadPool(ctx, view, v.account(name))
		if err != nil {
			return nil, err
		}
		s.Pools = append(s.Pools, p)
		m.Deposits += len(p.Deposits)
		m.Withdrawals += len(p.Withdrawals)
	}
	rules := map[string]*MixerRule{}
	for _, rule := range mixer.Rules() {
		rules[rule] = &MixerRule{Rule: rule}
	}
	for i, p := range s.Pools {
		all := make([]int, len(p.Deposits))
		for j := range all {
			all[j] = j
		}
		found, placebos, err := s.Exits(ctx, i, all...)
		if err != nil {
			return nil, err
		}
		named, right := map[string]map[int]bool{}, map[string]map[int]bool{}
		for _, rule := range mixer.Rules() {
			named[rule], right[rule] = map[int]bool{}, map[int]bool{}
		}
		for _, c := range found {
			r := rules[c.Rule]
			r.Proposed++
			named[c.Rule][c.Deposit] = true
			if v.own[p.Withdrawals[c.Withdrawal].Recipient] == v.own[p.Deposits[c.Deposit].Depositor] {
				r.Right++
				right[c.Rule][c.Deposit] = true
			}
		}
		for _, placebo := range placebos { // the same for each pool: it is measured on all
			rules[placebo.Rule].Placebo = placebo
		}
		for rule, r := range rules {
			r.Named += len(named[rule])
			r.Wrong += len(named[rule]) - len(right[rule])
			for j := range p.Deposits {
				if signs[v.habit[p.Deposits[j].Depositor]] == rule {
					r.Signs++
					if right[rule][j] {
						r.Found++
					}
				}
			}
		}
	}
	for _, rule := range mixer.Rules() {
		if rules[rule].Placebo.Rule != "" { // it says something about pools of one amount
			m.Rules = append(m.Rules, *rules[rule])
		}
	}
	return m, nil
}

// signs are the rules that look for what a habit leaves.
var signs = [habitKinds]string{sameAddress: mixer.AddressMatch, regular: mixer.AddressMatch, tradedBefore: mixer.LinkedAddress, oneEntity: mixer.SharedOwner, counted: mixer.DenominationCounts}

// village writes the ledger.
type village struct {
	chain  graph.Chain
	draw   *rand.Rand
	blocks []graph.Block
	own    map[graph.Address]graph.Address // whose an address truly is
	owners map[graph.Address]graph.Address // whose clustering says it is
	habit  map[graph.Address]int           // of a depositor
}

func (v *village) account(name string) graph.Address {
	sum := sha256.Sum256([]byte("village " + name))
	return graph.EVMAddress(v.chain.ID, [20]byte(sum[:20]))
}

// payment is a transaction to be written; its fee is a relayer's.
type payment struct {
	time        int64
	from, to    graph.Address
	amount, fee uint64
}

// write appends the payments as blocks of one transaction, in order of time.
func (v *village) write(payments []payment) {
	slices.SortStableFunc(payments, func(a, b payment) int { return cmp.Compare(a.time, b.time) })
	for i, p := range payments {
		tx := graph.Tx{Hash: sha256.Sum256(fmt.Append(nil, "village ", i))}
		add := func(to graph.Address, n uint64) {
			t := graph.Transfer{Seq: graph.Seq(len(tx.Transfers)), Kind: graph.KindNative, From: p.from, To: to, Asset: v.chain.Native()}
			t.Amount.SetUint64(n)
			tx.Transfers = append(tx.Transfers, t)
		}
		add(p.to, p.amount-p.fee)
		if p.fee > 0 {
			add(v.account("relayer"), p.fee)
		}
		v.blocks = append(v.blocks, graph.Block{Header: graph.Header{Height: uint32(i + 1), Time: p.time}, Source: "generated",
			Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}, Txs: []graph.Tx{tx}})
	}
}

// live lets everybody come once in a month, and take out again what he brought
// hours or days later. Others come and go meanwhile.
func (v *village) live(users int) {
	const hour, month = 3600, 30 * 24 * 3600
	ten, hundred := v.account("pool of 10"), v.account("pool of 100")
	var all []payment
	pay := func(time int64, from, to graph.Address, amount, fee uint64) {
		all = append(all, payment{time, from, to, amount, fee})
	}
	for i := range 20 { // so that early withdrawals take somebody's note
		a := v.account(fmt.Sprint("founder ", i))
		v.own[a], v.habit[a] = a, careful
		pay(int64(i), a, ten, 1000, 0)
		pay(int64(i), a, hundred, 10_000, 0)
	}
	var outs []graph.Address
	for i := range users {
		name := fmt.Sprint("user ", i)
		in, out, tens, hundreds := v.account(name), v.account(name+" out"), 1, 0
		came := hour + v.draw.Int64N(month)
		went := came + hour + v.draw.Int64N(240*hour)
		h := i % habitKinds
		v.habit[in], v.own[in], v.own[out] = h, in, in
		switch h {
		case sameAddress, regular:
			out = in
		case oneEntity:
			v.owners[in], v.owners[out] = in, in
		case counted:
			tens, hundreds = 1+v.draw.IntN(4), 1+v.draw.IntN(3)
		case tradedBefore, befriended:
			peer := out
			if h == befriended {
				peer = outs[v.draw.IntN(len(outs))]
			}
			for range linkedBy {
				pay(v.draw.Int64N(came), in, peer, 3, 0)
			}
		}
		if h == regular {
			pay(came-v.draw.Int64N(hour), ten, out, 1000, 1)
		}
		for range tens {
			pay(came+v.draw.Int64N(hour), in, ten, 1000, 0)
			pay(went+v.draw.Int64N(hour), ten, out, 1000, 1)
		}
		for range hundreds {
			pay(came+v.draw.Int64N(hour), in, hundred, 10_000, 0)
			pay(went+v.draw.Int64N(hour), hundred, out, 10_000, 1)
		}
		outs = append(outs, out)
	}
	v.write(all)
}

// linkedBy is how many movements friends have between them.
const linkedBy = 3
