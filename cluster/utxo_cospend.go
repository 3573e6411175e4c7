package cluster

// Whoever signs the inputs of a transaction holds the keys of all of them:
// common-input ownership (Nakamoto 2008 §10). It fails where several people sign
// together, so a CoinJoin, a Stonewall and the equal-output shape merge nothing.
// A Whirlpool Tx0 is made by one wallet and merges.
const (
	coSpendConfidence = 90
	payJoinConfidence = 50
)

// CoSpend is how sure it is that the inputs share an owner, 0 to 100; 0 if they
// prove nothing, and why.
func (p *Payment) CoSpend(f Finding) (confidence uint8, why string) {
	switch {
	case len(p.Inputs) == 0:
		return 0, "a coinbase"
	case total(p.Inputs) < total(p.Outputs):
		return 0, "inputs are not in the store"
	case f.Shared():
		return 0, f.Protocol.String()
	case p.isPayJoin():
		return payJoinConfidence, "shape of a PayJoin"
	}
	return coSpendConfidence, ""
}

// A PayJoin (BIP 78) is a payment to which the receiver adds a coin: it looks
// like any other. Its sign is an input that was not needed: without the smallest
// one, the others still cover either output and the fee, which is to say that no
// output is below the smallest input. A wallet that wants to pay leaves such an
// input out; one that chooses coins badly, or wants to be rid of them, shows the
// sign too. So it lowers the confidence and forbids nothing; as a detector it is
// unverified.
func (p *Payment) isPayJoin() bool {
	return len(p.Outputs) == 2 && p.Payers() >= 2 && smallest(p.Outputs) >= smallest(p.Inputs)
}
