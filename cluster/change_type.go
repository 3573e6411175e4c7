package cluster

// changeType (BlockSci address_type): a wallet makes one form of script, so where
// all inputs have one form, change has it too. Wrong where payer and payee use
// the same, which it then does not tell apart, and for wallets that imitate the
// payee's form.
func changeType(p *Payment, all Candidates) (Candidates, error) {
	form := p.Inputs[0].Script
	for i := range p.Inputs {
		if s := p.Inputs[i].Script; s != form || s == ScriptUnknown || s == ScriptOther {
			return all, nil
		}
	}
	return p.only(all, func(c *Coin) bool { return c.Script == form }), nil
}
