package cluster

// Payout is a batch in which a service pays many customers at once.
type Payout struct {
	Payees     int // outputs that carry value, without what returns to the payer
	Forms      int // different forms of scripts among them
	Confidence uint8
}

// A payout batch has few input addresses and many payees, who ask for amounts
// and bring wallets of their own: values and scripts differ. A CoinJoin has equal
// values and as many owners as outputs; a wallet that spreads its own coins uses
// one form of script. The bounds are ours (clustering facts §3 state the shape);
// no labelled set measures them.
const (
	payoutLeast      = 10 // payees
	payoutPerPayer   = 4  // payees for each input address, at least
	payoutForms      = 2
	payoutConfidence = 50
)

// RecognisePayout reports whether a transaction is a payout batch. A recognised
// protocol is none.
func RecognisePayout(p *Payment, f Finding) (Payout, bool, error) {
	payers := p.Payers()
	if f.Protocol != NoProtocol || payers == 0 || len(p.Outputs) < payoutLeast || len(p.Outputs) < payoutPerPayer*payers {
		return Payout{}, false, nil
	}
	if err := p.Resolve(); err != nil {
		return Payout{}, false, err
	}
	var forms [scriptEnd]bool
	out := Payout{Confidence: payoutConfidence}
	paid := make([]Coin, 0, len(p.Outputs))
	for i := range p.Outputs {
		if c := &p.Outputs[i]; c.Value > 0 && !pays(p.Inputs, c.ID) {
			paid = append(paid, *c)
			if !forms[c.Script] {
				forms[c.Script] = true
				out.Forms++
			}
		}
	}
	out.Payees = len(paid)
	e := equalOutputs(paid)
	values := e.singles + len(e.repeated)
	ok := out.Payees >= payoutLeast && out.Payees >= payoutPerPayer*payers && out.Forms >= payoutForms && 5*values >= 4*out.Payees
	if !ok {
		return Payout{}, false, nil
	}
	return out, true, nil
}
