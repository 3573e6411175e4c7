package cluster

const (
	roundUnit    = 1_000_000 // satoshi: 0.01 BTC, BlockSci's default of six digits
	thousandUnit = 1_000     // satoshi
)

// changeRound (BlockSci power_of_ten): people pay round amounts, so where an
// output is round, change is among those that are not. Wrong where amounts are
// round in another currency.
func changeRound(p *Payment, all Candidates) (Candidates, error) {
	return p.notRound(all, roundUnit), nil
}

// changeThousand (graphsense-lib round_1000): the same with a smaller unit, which
// speaks more often and by chance once in a thousand.
func changeThousand(p *Payment, all Candidates) (Candidates, error) {
	return p.notRound(all, thousandUnit), nil
}

func (p *Payment) notRound(all Candidates, unit uint64) Candidates {
	return p.only(all, func(c *Coin) bool { return c.Value%unit != 0 })
}
