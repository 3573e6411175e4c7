package cluster

// changeOptimal (BlockSci optimal_change): had the change been larger than an
// input, the wallet could have left that input out. Says nothing of one input.
// Wrong for consolidations and wallets that choose coins otherwise.
func changeOptimal(p *Payment, all Candidates) (Candidates, error) {
	if len(p.Inputs) < 2 {
		return all, nil
	}
	least := smallest(p.Inputs)
	return p.only(all, func(c *Coin) bool { return c.Value < least }), nil
}
