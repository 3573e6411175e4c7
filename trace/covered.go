package trace

import (
	"fmt"

	"spoor/graph"
)

// uncovered reports whether value that lies at an address may have moved on
// unseen because its history was not read: where a ledger was read on behalf
// of single addresses, silence about any other means nothing.
func (l *ledger) uncovered(id graph.ID) (bool, error) {
	if !l.looked {
		rows, err := l.view.Coverage()
		if err != nil {
			return false, fmt.Errorf("coverage of %s: %w", l.chain.Alias, err)
		}
		l.looked, l.coverage = true, rows
	}
	some := false
	for i := range l.coverage {
		some = some || !l.coverage[i].Address.IsZero()
	}
	if !some {
		return false, nil
	}
	address, err := l.address(id)
	if err != nil {
		return false, err
	}
	tip, err := l.view.Tip()
	if err != nil {
		return false, err
	}
	for i := range l.coverage {
		c := &l.coverage[i]
		if c.From <= tip.Height && tip.Height <= c.To && (c.Address == address || c.Address.IsZero() && c.Know.Transfers == graph.Full) {
			return false, nil // how completely is told by its row
		}
	}
	return true, nil
}
