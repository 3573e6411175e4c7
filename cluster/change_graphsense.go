package cluster

// changeGraphSense (graphsense-lib one-time change): the inputs have one form of
// script, and just one output has it too, is not a multiple of 1,000 satoshi, is
// below the smallest input, and goes to an address never used before and not
// paid twice.
func changeGraphSense(p *Payment, all Candidates) (Candidates, error) {
	form := p.Inputs[0].Script
	for i := range p.Inputs {
		if p.Inputs[i].Script != form || form == ScriptUnknown {
			return 0, nil
		}
	}
	if p.lookup.Seen == nil {
		return all, nil
	}
	least := smallest(p.Inputs)
	return p.only(all, func(c *Coin) bool {
		return c.Script == form && c.Value%thousandUnit != 0 && c.Value < least && c.Fresh
	}), nil
}
