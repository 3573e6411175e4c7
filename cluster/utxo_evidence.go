package cluster

import "spoor/graph"

// Evidence appends to list what a transaction proves of who shares an owner, by
// the rules that are wanted: CoSpend joins the first input's address with each
// further one, a change rule joins it with the address of the change. Service
// reports whether an address belongs to a labelled service, whose payments are
// not looked at for change; nil if nothing is labelled. The finding is what
// Recognise says of the transaction. Of a payment that Settled yields it is what
// rules say that look at who spends the outputs, and nothing else; it stands at
// the transaction that spent the last.
func (p *Payment) Evidence(list []Evidence, f Finding, want func(Rule) bool, service func(graph.ID) bool) ([]Evidence, error) {
	if len(p.Inputs) == 0 {
		return list, nil
	}
	a, at := p.Inputs[0].ID, p.At
	if p.by != nil {
		at = p.by.At
	}
	add := func(r Rule, confidence uint8, b graph.ID) {
		if b != a && a != 0 && b != 0 {
			list = append(list, Evidence{At: at, Rule: r, Confidence: confidence, A: a, B: b})
		}
	}
	if len(p.Inputs) > 1 && p.by == nil && want(CoSpend) {
		if confidence, _ := p.CoSpend(f); confidence > 0 {
			for _, b := range p.payers() {
				add(CoSpend, confidence, b)
			}
		}
	}
	if !p.HasChange(f, service) {
		return list, nil
	}
	if back := p.changeDirect(); back != 0 {
		// The change is known; what is left are payments.
		for i := range p.Outputs {
			if back>>i&1 == 1 && p.by == nil && want(ChangeDirect) {
				add(ChangeDirect, 100, p.Outputs[i].ID)
			}
		}
		return list, nil
	}
	votes, err := p.votes(want)
	if err != nil {
		return list, err
	}
	for i := range ChangeRules {
		if r := &ChangeRules[i]; votes[i] >= 0 && want(r.Rule) {
			add(r.Rule, r.Confidence, p.Outputs[votes[i]].ID)
		}
	}
	if output, ok := agreed(&votes); ok && p.by == nil && want(ChangeAgreed) {
		add(ChangeAgreed, agreedConfidence, p.Outputs[output].ID)
	}
	return list, nil
}

// votes is the output that each change rule takes for the change, -1 where it
// names none or was not asked.
func (p *Payment) votes(want func(Rule) bool) (v [len(ChangeRules)]int, err error) {
	all := p.by == nil && want(ChangeAgreed)
	for i := range ChangeRules {
		v[i] = -1
		if r := &ChangeRules[i]; r.Settled == (p.by != nil) && (all || want(r.Rule)) {
			left, err := p.Candidates(r)
			if err != nil {
				return v, err
			}
			if output, ok := left.Only(); ok {
				v[i] = output
			}
		}
	}
	return v, nil
}

// agreed is the output that rules of at least two different signs name, if no
// rule names another.
func agreed(votes *[len(ChangeRules)]int) (output int, ok bool) {
	output = -1
	var signs Sign
	for i, v := range votes {
		switch {
		case v < 0:
			continue
		case output >= 0 && v != output:
			return 0, false
		}
		output = v
		if s := ChangeRules[i].Sign; s&(s-1) == 0 { // a single sign; others only repeat it
			signs |= s
		}
	}
	return output, signs&(signs-1) != 0
}
