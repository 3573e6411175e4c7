package trace

import (
	"fmt"

	"spoor/graph"
)

// ending is why value that reaches an address is not followed further, or the
// zero ending if it is.
type ending struct {
	reason     Reason
	label      graph.Label
	statement  graph.Statement
	rule       string
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
	if r.known != nil {
		labels = append(labels[:len(labels):len(labels)], r.known(a)...)
	}
	return labels
}

// endingAt decides whether value ends at an address, and remembers it.
func (r *run) endingAt(l *ledger, id graph.ID) (ending, error) {
	if e, known := l.endings[id]; known {
		return e, nil
	}
	e, err := r.judge(l, id)
	if err == nil {
		l.endings[id] = e
	}
	return e, err
}

func (r *run) judge(l *ledger, id graph.ID) (ending, error) {
	address, err := l.address(id)
	if err != nil {
		return ending{}, err
	}
	var best ending
	for _, label := range r.labels(address) {
		reason := reasonOf(label)
		if reason != "" && (best.reason == "" || label.Confidence > best.confidence) {
			best = ending{reason: reason, label: label, statement: graph.Attributed, rule: "label: " + label.Source, confidence: label.Confidence}
		}
	}
	if best.reason != "" || r.plan.ServiceTransfers < 0 {
		return best, nil
	}
	n, err := l.view.Entries(id, r.plan.ServiceTransfers)
	if err != nil {
		return ending{}, err
	}
	if n >= r.plan.ServiceTransfers {
		return ending{reason: StopService, statement: graph.Attributed, confidence: behaviourConfidence,
			rule: fmt.Sprintf("behaviour: %d transfers or more", r.plan.ServiceTransfers)}, nil
	}
	return ending{}, nil
}

// behaviourConfidence is the GraphSense level of a heuristic.
const behaviourConfidence = 10

var feeEnding = ending{reason: StopFee, statement: graph.Derived, rule: RuleFee, confidence: 100}

func derivedEnding(reason Reason, rule string) ending {
	return ending{reason: reason, statement: graph.Derived, rule: rule, confidence: 100}
}
