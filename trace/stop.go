package trace

import (
	"cmp"
	"context"
	"slices"

	"spoor/cluster"
	"spoor/graph"
)

// ending is why value that reaches an address is not followed further, or the
// zero ending if it is.
type ending struct {
	reason     Reason
	label      graph.Label
	statement  graph.Statement
	rule       string
	heuristic  string // that decided it, see Stop
	confidence int
}

// reasons maps what a label says an address does, or else what it is, to the
// reason for which a branch ends there. A label that is in neither list ends
// nothing: a person's name is no reason to stop.
var (
	behaviourReasons = map[string]Reason{
		"mixer_pool":          StopMixer,
		"mixer_pool_variable": StopMixer,
		"shielded_pool":       StopMixer,
		"mixer_router":        StopMixer,
		"pool":                StopService, // holds many users' funds
		"singleton_vault":     StopService,
		"intent_settlement":   StopService,
		"router":              StopService, // passes value on; what stays there is its own
		"aggregator":          StopService,
		"approval_hub":        StopService,
		"flash_lender":        StopService,
		"terminal_staking":    StopService,
		"wrap_1to1":           StopService,
		"bridge_eoa":          StopBridge,
		"burn":                StopBurn,
	}
	categoryReasons = map[string]Reason{
		"exchange":          StopService,
		"mixing_service":    StopMixer,
		"mixer":             StopMixer,
		"defi_bridge":       StopBridge,
		"bridge":            StopBridge,
		"deposit_wallet":    StopService,
		"hot_wallet":        StopService,
		"payment_processor": StopService,
		"gambling":          StopService,
		"market":            StopService,
		"defi_dex":          StopService,
		"defi_lending":      StopService,
		"defi_staking":      StopService,
		"burn":              StopBurn,
	}
)

// reasonOf is why a label ends branches, "" if it does not.
func reasonOf(l graph.Label) Reason {
	if reason, stops := behaviourReasons[l.Behaviour]; stops {
		return reason
	}
	return categoryReasons[l.Category]
}

func (r *run) labels(a graph.Address) []graph.Label {
	labels := r.plan.labels[a]
	if r.known.Labels != nil {
		labels = append(labels[:len(labels):len(labels)], r.known.Labels(a)...)
	}
	return labels
}

// isVault reports whether a label that holds says that an address is a pool of
// many users' value.
func (r *run) isVault(l *ledger, id graph.ID, time int64) bool {
	address, err := l.address(id)
	if err != nil {
		l.err = cmp.Or(l.err, err)
		return false
	}
	return slices.ContainsFunc(r.labels(address), func(label graph.Label) bool {
		return (label.Behaviour == "pool" || label.Behaviour == "singleton_vault") && label.HoldsAt(time)
	})
}

// endingAt decides whether value that arrives at a time ends at an address. It
// remembers what does not depend on the time.
func (r *run) endingAt(ctx context.Context, l *ledger, id graph.ID, time int64) (ending, error) {
	if e, known := l.endings[id]; known {
		return e, nil
	}
	e, always, err := r.judge(ctx, l, id, time)
	if err == nil && always {
		l.endings[id] = e
	} else if err == nil {
		l.bounded[id] = true
	}
	return e, err
}

// judge looks at the labels that hold at a time, at what the address is proven
// to be, at who its owner is, and else at how it behaves. It tells whether that
// is so at all times.
func (r *run) judge(ctx context.Context, l *ledger, id graph.ID, time int64) (best ending, always bool, err error) {
	address, err := l.address(id)
	if err != nil {
		return ending{}, false, err
	}
	always = true
	for _, label := range r.labels(address) {
		always = always && !label.Bounded()
		if !label.HoldsAt(time) {
			continue
		}
		reason := reasonOf(label)
		if reason != "" && (best.reason == "" || label.Confidence > best.confidence) {
			best = ending{reason: reason, label: label, statement: graph.Attributed, rule: "label: " + label.Source, confidence: label.Confidence}
		}
	}
	if best.reason != "" {
		return best, always, nil
	}
	if p, proven, err := l.provenPool(ctx, id); err != nil || proven {
		return poolEnding(p), always, err
	}
	best, unbounded, err := r.owned(l, id, time)
	always = always && unbounded
	if err != nil || best.reason != "" || r.plan.ServiceTransfers < 0 {
		return best, always, err
	}
	service, err := ServiceShape(r.plan.ServiceTransfers).Of(ctx, l.view, id)
	if err != nil {
		return ending{}, false, err
	}
	if service.Sign != "" {
		best = ending{reason: StopService, statement: graph.Attributed, confidence: service.Confidence, heuristic: cluster.ServiceRule, rule: "behaviour: " + service.Why}
	}
	return best, always, nil
}

// ServiceShape is how a service is told by its behaviour: the default shape but
// for the number of transfers.
func ServiceShape(transfers int) cluster.ServiceShape {
	s := cluster.DefaultServiceShape()
	s.Transfers = transfers
	return s
}

var feeEnding = ending{reason: StopFee, statement: graph.Derived, rule: RuleFee, confidence: 100}

func derivedEnding(reason Reason, rule string) ending {
	return ending{reason: reason, statement: graph.Derived, rule: rule, confidence: 100}
}
