package cluster

// changeOneTime (BlockSci client change behaviour): clients make a new address
// for change, so change goes to one that was never seen before. Wrong where the
// payee gives out an old address and change is left out, as in a sweep to two.
func changeOneTime(p *Payment, all Candidates) (Candidates, error) {
	if p.lookup.Seen == nil {
		return all, nil
	}
	return p.only(all, func(c *Coin) bool { return c.Fresh }), nil
}

// changeReuse (BlockSci address_reuse): where some outputs pay addresses seen
// before, those are payees, and change is among the others. Unlike changeOneTime
// it says nothing where all addresses are new or all are old.
func changeReuse(p *Payment, all Candidates) (Candidates, error) {
	fresh, err := changeOneTime(p, all)
	if fresh == 0 {
		return all, err
	}
	return fresh, err
}
