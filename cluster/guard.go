package cluster

// Guard says how large two entities must both be for evidence between them to
// be held back: one wrong merge of that kind costs more than many right ones
// gain (cluster collapse; Möser and Narayanan, arXiv 2107.05749). What is held
// back is listed, and can be looked at. Zero fields are the defaults, negative
// ones hold nothing back.
type Guard struct {
	CoSpend   int `json:"cospend"`   // addresses of each, for a co-spend; default 100,000
	Behaviour int `json:"behaviour"` // addresses of each, for any other rule; default 1,000
}

// DefaultGuard is what a zero Guard means. There is no measured optimum: the
// sizes are those that few persons and most services reach.
var DefaultGuard = Guard{CoSpend: 100_000, Behaviour: 1_000}

func (g Guard) withDefaults() Guard {
	if g.CoSpend == 0 {
		g.CoSpend = DefaultGuard.CoSpend
	}
	if g.Behaviour == 0 {
		g.Behaviour = DefaultGuard.Behaviour
	}
	return g
}

// least is the size from which two entities are not joined by a rule.
func (g Guard) least(r Rule) int {
	if r.behaviour() {
		return g.Behaviour
	}
	return g.CoSpend
}
