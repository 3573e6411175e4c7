package cluster

import "spoor/graph"

// changeFingerprint (ishaanam/wallet-fingerprinting): change is spent by a
// transaction that the same wallet can have written: of its version, replaceable
// if this one is, in the order of BIP 69 or not, with signatures of low R or of
// any. Lock times are left to changeLockTime and forms of scripts to changeType,
// so that these confirm each other. Wrong where a wallet's habit changed with its
// version, or where its owner chooses whether a transaction can be replaced.
func changeFingerprint(p *Payment, all Candidates) (Candidates, error) {
	return p.alike(all, func(then, now *habit) graph.Answer {
		if !then.Known || !now.Known {
			return graph.NotTold
		}
		return graph.AnswerOf(then.Version == now.Version &&
			!contradict(then.Replaceable, now.Replaceable) &&
			!contradict(then.sorts(), now.sorts()) &&
			!contradict(then.grinds(), now.grinds()))
	})
}

// contradict reports whether one answer is yes and the other no.
func contradict(a, b graph.Answer) bool { return a != graph.NotTold && b != graph.NotTold && a != b }

// Disorder and high R are proof; order and low R happen. They count where chance
// has it in less than one case in sure; the value is ours.
const sure = 20

// sorts tells whether the wallet orders inputs and outputs by BIP 69.
func (h *habit) sorts() graph.Answer {
	switch {
	case h.InputsSorted == graph.No || h.OutputsSorted == graph.No:
		return graph.No
	case h.InputsSorted == graph.Yes && h.OutputsSorted == graph.Yes && orders(h.inputs)*orders(h.outputs) > sure:
		return graph.Yes
	}
	return graph.NotTold
}

// orders is in how many orders n things can stand, no more than it takes to be
// sure.
func orders(n int) int {
	count := 1
	for i := 2; i <= n && count <= sure; i++ {
		count *= i
	}
	return count
}

// grinds tells whether the wallet signs again until R is low, which it is by
// chance in one of two signatures. Every input has one at least where it is told.
func (h *habit) grinds() graph.Answer {
	if h.LowR == graph.Yes && h.inputs < 8 && 1<<h.inputs <= sure {
		return graph.NotTold
	}
	return h.LowR
}
