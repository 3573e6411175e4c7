package cluster

// ChangeDirect: an output that pays an address of the inputs is change, whatever
// the signs say (graphsense-lib). All such outputs are; there may be several.
func (p *Payment) changeDirect() (back Candidates) {
	for i := range p.Outputs {
		if i < MaxChangeOutputs && p.Outputs[i].Value > 0 && pays(p.Inputs, p.Outputs[i].ID) {
			back |= 1 << i
		}
	}
	return back
}
