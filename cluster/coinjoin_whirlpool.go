package cluster

import "fmt"

// A Whirlpool mix has as many outputs as inputs, all of the pool's size. Most
// inputs are coins of an earlier mix and have that size too; the few that are
// new come from a Tx0 and are a little larger, which pays the miners.
//
//	in   d  d  d  d+e  d+e        out  d  d  d  d  d
//
// Shape and bounds: Dumplings (nopara73) and graphsense-lib (2026), which gives
// it 60, and 90 if an input is known to come from the pool. Outputs may have any
// script: participants mix into multisig wallets too.
const (
	whirlpoolLeast   = 5
	whirlpoolMost    = 10
	whirlpoolPremium = 110_000 // satoshi that a new input may be larger
)

func whirlpoolMix(p *Payment, e *equals) (Finding, string, error) {
	n := len(p.Outputs)
	pool := poolOf(e.value, p.Time)
	switch {
	case n < whirlpoolLeast || n > whirlpoolMost:
		return none("not 5 to 10 outputs")
	case len(p.Inputs) != n:
		return none("not as many inputs as outputs")
	case e.n != n:
		return none("outputs differ in value")
	case p.Time < whirlpoolStart:
		return none("before Whirlpool began")
	case pool == nil:
		return none("no pool of this size")
	case distinct(p.Inputs) != n || distinct(p.Outputs) != n:
		return none("an address occurs twice")
	case !mixInputs(p.Inputs, pool.size):
		return none("inputs are not of the pool's size or a little above")
	}
	f := Finding{Protocol: WhirlpoolMix, Confidence: 60, AnonymitySet: n, Denominations: []uint64{pool.size}, Pool: pool.name(p.Time), Coordinator: pool.runBy(p.Time)}
	known, err := fromPool(p, pool)
	if known {
		f.Confidence = 90
	}
	return f, "", err
}

// mixInputs reports whether inputs may enter a mix: none below the pool's size,
// none far above it, and one at least that was mixed before.
func mixInputs(inputs []Coin, size uint64) bool {
	for i := range inputs {
		if inputs[i].Value < size || inputs[i].Value > size+whirlpoolPremium {
			return false
		}
	}
	return smallest(inputs) == size
}

// fromPool reports whether an input is known to come from the pool: from a
// transaction all of whose outputs have its size, or that splits into several
// of the input's value and a data output.
func fromPool(p *Payment, pool *whirlpoolPool) (bool, error) {
	if p.lookup.Tx == nil {
		return false, nil
	}
	var before Payment
	for i := range p.Inputs {
		in := &p.Inputs[i]
		if in.Spends.Seq == 0 {
			continue
		}
		tx, err := p.lookup.Tx(in.Spends)
		if err != nil {
			return false, fmt.Errorf("%s: input %d: %w", p.At, i, err)
		}
		if before.Read(&tx, Lookup{}) != nil {
			continue // moves what is no bitcoin
		}
		same := 0
		for j := range before.Outputs {
			if before.Outputs[j].Value == in.Value {
				same++
			}
		}
		mixed := in.Value == pool.size && same == len(before.Outputs) && same >= whirlpoolLeast && len(before.Inputs) == same
		_, split := tx0Of(&before, pool)
		if mixed || split && in.Value > pool.size {
			return true, nil
		}
	}
	return false, nil
}

// A Whirlpool Tx0 splits the coins of one wallet into premix outputs of one
// value, a little above the pool's size, pays the coordinator and names the pool
// in a data output. What is left is change.
//
//	in   any        out  data  fee  d+e  d+e … d+e  change  change
//
// Bounds: graphsense-lib (2026), which gives it 60, and 90 with lineage. Here it
// is 90 where the coordinator gets exactly the pool's fee.
const (
	tx0MostPremix = 70
	tx0LeastExtra = 100 // satoshi
	tx0MostOthers = 2
)

func whirlpoolTx0(p *Payment, e *equals) (Finding, string, error) {
	switch {
	case p.Time < whirlpoolStart:
		return none("before Whirlpool began")
	case e.data != 1:
		return none("not one data output")
	case len(p.Outputs) > tx0MostPremix+tx0MostOthers+2:
		return none("more outputs than a Tx0 has")
	}
	for i := range whirlpoolPools {
		pool := &whirlpoolPools[i]
		t, ok := tx0Of(p, pool)
		if p.Time < pool.from || !ok {
			continue
		}
		if err := p.Resolve(); err != nil {
			return Finding{}, "", err
		}
		if s := p.Outputs[t.data].Script; s != ScriptOther && s != ScriptUnknown {
			return none("the output without value is no data")
		}
		f := Finding{Protocol: WhirlpoolTx0, Confidence: 60, Denominations: []uint64{t.premix}, Pool: pool.name(p.Time), Coordinator: pool.runBy(p.Time)}
		if t.exactFee {
			f.Confidence = 90
		}
		return f, "", nil
	}
	return none("no pool has such premix outputs and fee")
}

// tx0 is how the outputs of a Tx0 divide.
type tx0 struct {
	data     int    // index of the data output
	premix   uint64 // satoshi
	exactFee bool
}

// tx0Of divides the outputs of a payment as a Tx0 of a pool does.
func tx0Of(p *Payment, pool *whirlpoolPool) (t tx0, ok bool) {
	t.data = -1
	count := 0
	for i := range p.Outputs {
		v := p.Outputs[i].Value
		switch {
		case v == 0 && t.data >= 0:
			return t, false
		case v == 0:
			t.data = i
		case v >= pool.size+tx0LeastExtra && v <= pool.size+whirlpoolPremium:
			n := 0
			for j := range p.Outputs {
				if p.Outputs[j].Value == v {
					n++
				}
			}
			if n > count {
				count, t.premix = n, v
			}
		}
	}
	if t.data < 0 || count == 0 || count > tx0MostPremix {
		return t, false
	}
	fee, others := false, len(p.Outputs)-count-1
	for i := range p.Outputs {
		v := p.Outputs[i].Value
		if v == 0 || v == t.premix || v < pool.feeLow || v > pool.feeHigh {
			continue
		}
		fee = true
		t.exactFee = t.exactFee || v == pool.fee
	}
	return t, fee && others-1 <= tx0MostOthers
}

// poolOf is the pool of a size that had begun at a time, nil if there is none.
func poolOf(size uint64, at int64) *whirlpoolPool {
	for i := range whirlpoolPools {
		if pool := &whirlpoolPools[i]; pool.size == size && at >= pool.from {
			return pool
		}
	}
	return nil
}

// runBy is who ran the pool at a time, "" if that is not known.
func (w *whirlpoolPool) runBy(at int64) string {
	if at < w.from || w.to != 0 && at >= w.to {
		return ""
	}
	return w.operator
}

// name is the pool's name at a time.
func (w *whirlpoolPool) name(at int64) string {
	if by := w.runBy(at); by != "" {
		return fmt.Sprintf("%d (%s)", w.size, by)
	}
	return fmt.Sprintf("%d", w.size)
}
