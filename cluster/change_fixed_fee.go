package cluster

import "spoor/graph"

// feeParts is how close two fee rates must be to be one: they differ by no more
// than one in so many parts. Wallets estimate the size they pay for before they
// sign, and a signature is a byte longer or shorter. The value is ours.
const feeParts = 100

// changeFixedFee (BlockSci fixed_fee): whoever bids the same rate every time
// spends change at the rate of this transaction. Wrong where wallets follow the
// market: those who write at one hour bid the same, and one who writes at two
// hours does not.
func changeFixedFee(p *Payment, all Candidates) (Candidates, error) {
	return p.alike(all, func(then, now *habit) graph.Answer {
		if !then.whole || !now.whole || then.Size == 0 || now.Size == 0 {
			return graph.NotTold
		}
		// fee / size on both sides, without division
		var a, b, part graph.Amount
		a.Mul(&then.fee, part.SetUint64(uint64(now.Size)))
		b.Mul(&now.fee, part.SetUint64(uint64(then.Size)))
		if a.Lt(&b) {
			a, b = b, a
		}
		part.Div(&a, part.SetUint64(feeParts))
		a.Sub(&a, &b)
		return graph.AnswerOf(!part.Lt(&a))
	})
}
