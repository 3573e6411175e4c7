package cluster

// changeLegacy (Meiklejohn et al. 2013): exactly one output is fresh, it is below
// the smallest input, and it is not the only one.
func changeLegacy(p *Payment, all Candidates) (Candidates, error) {
	fresh, err := changeOneTime(p, all)
	if err != nil || p.lookup.Seen == nil {
		return all, err
	}
	i, ok := fresh.Only()
	if !ok || p.Outputs[i].Value >= smallest(p.Inputs) {
		return 0, nil
	}
	return fresh, nil
}
