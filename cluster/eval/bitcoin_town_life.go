package eval

import "spoor/graph"

// step lets something happen.
func (t *town) step() {
	switch t.pick(780, 60, 60, 30, 4, 20, 30) {
	case 0:
		t.pay()
	case 1:
		t.sweep(t.one(t.people))
	case 2:
		t.payout(t.one(t.changer))
	case 3:
		t.joinMarket()
	case 4:
		t.payJoin()
	case 5:
		t.tx0(t.one(t.people))
	default:
		t.mix()
	}
}

// amount is what somebody wants to pay.
func (t *town) amount(w *wallet) uint64 {
	v := uint64(50_000 + t.draw.IntN(20_000_000))
	if w.round {
		unit := [...]uint64{1_000_000, 100_000, 10_000}[t.pick(40, 40, 20)]
		v = max(v/unit, 1) * unit
	}
	return v
}

// pay is an ordinary payment, to a person, a shop or an exchange.
func (t *town) pay() {
	from := t.one(t.people)
	to := t.one([][]*wallet{t.people, t.shops, t.changer}[t.pick(50, 35, 15)])
	if t.chance(10) {
		from, to = t.one(t.shops), t.one(t.people)
	}
	v := t.amount(from)
	in := t.choose(from, v+townFee)
	if in == nil || from == to {
		t.giveBack(in)
		return
	}
	out := []payee{{to, t.address(to), v}}
	ch := t.change(from, in, v+townFee, to.form)
	switch t.pick(84, 12, 4) {
	case 1: // somebody else is paid too, out of the change
		if too := t.one(t.people); too != from && len(ch) == 1 && ch[0].value > 100_000 {
			part := 20_000 + uint64(t.draw.IntN(int(ch[0].value)-40_000))
			out = append(out, payee{too, t.address(too), part})
			ch[0].value -= part
		}
	case 2: // a round rest is kept
		if rest := uint64(1_000_000); len(ch) == 1 && ch[0].value > rest {
			out[0].value += ch[0].value % rest
			ch[0].value -= ch[0].value % rest
		}
	}
	t.commit(in, append(out, ch...), false)
}

// giveBack returns chosen coins.
func (t *town) giveBack(in []held) {
	for _, c := range in {
		c.owner.coins = append(c.owner.coins, c.coin)
	}
}

// sweep joins a wallet's coins.
func (t *town) sweep(w *wallet) {
	if len(w.coins) < 3 {
		return
	}
	sum := uint64(0)
	for _, c := range w.coins {
		sum += c.value
	}
	in := t.choose(w, sum)
	if sum > townFee {
		t.commit(in, []payee{{w, t.fresh(w, w.form), sum - townFee}}, false)
	}
}

// payout is an exchange's batch to its customers, after it has collected what
// they deposited.
func (t *town) payout(x *wallet) {
	if len(x.coins) > 10 {
		t.sweep(x)
	}
	var out []payee
	sum := uint64(townFee)
	for range 12 + t.draw.IntN(20) {
		to := t.one(t.people)
		v := 100_000 + uint64(t.draw.IntN(30_000_000))
		out = append(out, payee{to, t.address(to), v})
		sum += v
	}
	if in := t.choose(x, sum); in != nil {
		t.pays[t.at] = true
		t.commit(in, append(out, t.change(x, in, sum, 0)...), false)
	}
}

// joinMarket is a CoinJoin of one taker, who pays, and makers, who earn.
func (t *town) joinMarket() {
	v := uint64(1_000_000 + t.draw.IntN(4_000_000))
	n := 3 + t.draw.IntN(4)
	var in []held
	var out []payee
	for i := range n {
		w := t.one(t.people)
		if contains(in, w) {
			continue
		}
		mine := t.choose(w, v+townFee)
		if mine == nil {
			continue
		}
		earns := uint64(t.draw.IntN(500))
		cost := v - earns
		if i == 0 {
			cost = v + townFee + 500*uint64(n)
		}
		w2 := *w
		w2.returns, w2.mimics, w2.keeps = false, false, false // these wallets never use an address again
		ch := t.change(&w2, mine, cost, 0)
		for j := range ch {
			ch[j].to = w
		}
		in = append(in, mine...)
		out = append(append(out, payee{w, t.fresh(w, w.form), v}), ch...)
	}
	paid, had := uint64(0), uint64(0)
	for _, o := range out {
		paid += o.value
	}
	for _, c := range in {
		had += c.value
	}
	if len(out) < 5 || paid > had { // too few took part
		t.giveBack(in)
		return
	}
	t.mixes[t.at] = true
	t.commit(in, out, false)
}

func contains(in []held, w *wallet) bool {
	for _, c := range in {
		if c.owner == w {
			return true
		}
	}
	return false
}

// payJoin is a payment to which the receiver adds a coin.
func (t *town) payJoin() {
	from, to := t.one(t.people), t.one(t.people)
	v := t.amount(from)
	if from == to || len(to.coins) == 0 {
		return
	}
	in := t.choose(from, v+townFee)
	if in == nil {
		return
	}
	theirs := held{to.coins[0], to}
	to.coins = to.coins[1:]
	out := t.change(from, in, v+townFee, to.form)
	t.commit(append(in, theirs), append(out, payee{to, t.fresh(to, to.form), v + theirs.value}), false)
}

const (
	townPool = 1_000_000
	townMix  = townPool + 5_445 // premix value
)

// tx0 splits coins for the pool.
func (t *town) tx0(w *wallet) {
	n := 2 + t.draw.IntN(6)
	sum := uint64(n*townMix + 50_000 + townFee)
	in := t.choose(w, sum)
	if in == nil {
		return
	}
	data := t.id(graph.ScriptAddress(graph.Bitcoin, []byte{0x6a, 0x01, byte(n)}))
	out := []payee{{nil, data, 0}, {nil, t.fresh(&wallet{name: "coordinator"}, 0), 50_000}}
	for range n {
		out = append(out, payee{nil, t.fresh(w, 0), townMix})
	}
	w2 := *w
	w2.returns, w2.mimics, w2.keeps = false, false, false
	rest := t.change(&w2, in, sum, 0)
	for i := range rest {
		rest[i].to = w
	}
	for i, c := range t.commit(in, append(out, rest...), true) {
		if i >= 2 && i < 2+n {
			t.premix = append(t.premix, held{c, w})
		}
	}
}

// mix is a round of the pool: two new coins and three that were mixed; the
// first rounds, when none were, are seeded by two owners of the pool.
func (t *town) mix() {
	for len(t.mixed) < 6 {
		w := t.one(t.people)
		for _, c := range t.commit(nil, []payee{{nil, t.fresh(w, 0), townPool}}, true) {
			t.mixed = append(t.mixed, held{c, w})
		}
	}
	if len(t.premix) < 2 {
		return
	}
	in := append(append([]held(nil), t.premix[:2]...), t.mixed[:3]...)
	t.premix, t.mixed = t.premix[2:], t.mixed[3:]
	out := make([]payee, len(in))
	for i, c := range in {
		out[i] = payee{nil, t.fresh(c.owner, 0), townPool}
	}
	t.mixes[t.at] = true
	for i, c := range t.commit(in, out, true) {
		if t.chance(40) {
			in[i].owner.coins = append(in[i].owner.coins, c) // spent after the mix
		} else {
			t.mixed = append(t.mixed, held{c, in[i].owner})
		}
	}
}
